package advisories

import (
	"slices"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/internal/notify"
)

// Every is how often a subscription tells.
type Every string

// How often a subscription tells. Digests come at 08:00 in Hong Kong.
const (
	AtOnce Every = "at-once"
	Daily  Every = "daily"
	Weekly Every = "weekly" // on Mondays
)

// Subscription asks to be told of advisories. What is sent is what its owner may
// read when it is sent.
type Subscription struct {
	ID           string         `json:"id"`               // "subscription--<UUID>"
	Organisation string         `json:"organisation"`     // id
	Person       string         `json:"person,omitempty"` // id of its owner, "" where that is the organisation
	Channel      notify.Channel `json:"channel"`
	// To is the URL of a webhook. A mail goes to its owner's address, or the
	// organisation's contact, as it is when it is sent; Subscriptions fills it in.
	To    string    `json:"to,omitempty"`
	Lang  i18n.Lang `json:"lang"`
	Every Every     `json:"every"`

	// What it is about: all of these that are set. Product is in the vendor's and
	// product's name. What is for no Sector is for all. Risk is the least.
	Product string `json:"product,omitempty"`
	Sector  string `json:"sector,omitempty"`
	Risk    Risk   `json:"risk,omitempty"`
	// Own asks for what concerns the organisation's assets, of imported advisories
	// too; without it it is told of all that the hub publishes.
	Own bool `json:"own,omitempty"`

	Created time.Time `json:"created"`

	Seq    uint64    `json:"seq"`              // the last event that it was told of
	Looked uint64    `json:"looked,omitempty"` // what "u/" was when it last looked
	Due    time.Time `json:"due,omitzero"`     // of the next digest
}

// riskOrder is 1 to 4, 0 for what is no risk.
func riskOrder(r Risk) int {
	return slices.Index([]Risk{RiskLow, RiskMedium, RiskHigh, RiskExtreme}, r) + 1
}

// fits reports whether a publication is what a subscription asks for.
func (sub *Subscription) fits(p *Publication) bool {
	a := &p.Advisory
	if sub.Sector != "" && len(a.Sectors) > 0 && !slices.Contains(a.Sectors, sub.Sector) {
		return false
	}
	// One of which nobody has said how bad it is passes.
	if least, is := riskOrder(sub.Risk), riskOf(a); is > 0 && is < least {
		return false
	}
	product := fold(sub.Product)
	return product == "" || slices.ContainsFunc(a.Products, func(x Product) bool { return strings.Contains(fold(x.Vendor+" "+x.Name), product) })
}

// riskOf is an advisory's risk in the order of riskOrder; of one that says none, by
// its severity.
func riskOf(a *Advisory) int {
	if n := riskOrder(a.Risk); n > 0 {
		return n
	}
	return slices.Index([]string{"LOW", "MEDIUM", "HIGH", "CRITICAL"}, strings.ToUpper(a.Severity().Severity)) + 1
}

// Digests come at 08:00 in Hong Kong, which has no summer time.
const (
	digestHour = 8
	hongKong   = 8 * 60 * 60 // seconds east of UTC
)

// next is when a digest comes after a time; zero for what is told at once.
func (every Every) next(after time.Time) time.Time {
	if every == AtOnce {
		return time.Time{}
	}
	local := after.In(time.FixedZone("HKT", hongKong))
	due := time.Date(local.Year(), local.Month(), local.Day(), digestHour, 0, 0, 0, local.Location())
	for !due.After(after) || every == Weekly && due.Weekday() != time.Monday {
		due = due.AddDate(0, 0, 1)
	}
	return due.UTC()
}
