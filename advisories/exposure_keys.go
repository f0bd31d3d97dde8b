package advisories

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// Keys of exposures in the advisories' room. <org>, <asset> and <ref> are ids as
// text.
//
//	x/<org>\0<asset>                     Inventory, JSON: the software that was last seen
//	k/<org>\0<asset>                     Inventory.Stamp; there is one for each inventory
//	y/<org>\0<asset>\0<exposure>         Exposure, JSON
//	z/<ref>\0<org>\0<asset>\0<exposure>  the exposures by advisory
//	u/<org>                              changes with the organisation's exposures, 8 bytes
//	m/<org>\0<asset>                     inventories that were not matched with all there is
//	s/<org>\0<subscription>              Subscription, JSON
//	followed                             position, JSON
const (
	inventoryKind    = "x/"
	stampKind        = "k/"
	exposureKind     = "y/"
	exposedKind      = "z/"
	movedKind        = "u/"
	missedKind       = "m/"
	subscriptionKind = "s/"
	followedKey      = "followed"
)

// partsKey joins the parts of a key. Ids have no zero byte: one that did would be
// another key.
func partsKey(kind string, parts ...string) []byte {
	k := []byte(kind)
	for i, p := range parts {
		if i > 0 {
			k = append(k, 0)
		}
		k = append(k, strings.ReplaceAll(p, "\x00", "")...)
	}
	return k
}

// partsPrefix are the keys that go on after these parts.
func partsPrefix(kind string, parts ...string) []byte { return append(partsKey(kind, parts...), 0) }

func partsOf(kind string, k []byte) []string {
	return strings.Split(strings.TrimPrefix(string(k), kind), "\x00")
}

func exposureKey(e *Exposure) []byte { return partsKey(exposureKind, e.Organisation, e.Asset, e.ID) }

func exposedKey(e *Exposure) []byte {
	return partsKey(exposedKind, e.Ref, e.Organisation, e.Asset, e.ID)
}

// exposureSpace names exposures (UUID version 5).
const exposureSpace = "6c1c3e0e-64f8-4c5b-9a55-8a3ec1e8a6e5"

// exposureID is the same for a component whatever its version.
func exposureID(organisation, asset, ref string, c *Component) string {
	name := strings.Join([]string{organisation, asset, ref, componentKey(c)}, "\x00")
	return "exposure--" + uuid.NewSHA1(uuid.MustParse(exposureSpace), []byte(name)).String()
}

// componentKey is what a component is called whatever its version.
func componentKey(c *Component) string {
	purl, _, _ := strings.Cut(c.PURL, "#")
	purl, _, _ = strings.Cut(purl, "?")
	if at := strings.LastIndexByte(purl, '@'); at > strings.LastIndexByte(purl, '/') {
		purl = purl[:at]
	}
	cpe := ""
	if c.Name == "" && purl == "" { // "cpe:2.3:a:vendor:product:version", "cpe:/a:vendor:product:version"
		n := 5
		if strings.HasPrefix(strings.ToLower(c.CPE), "cpe:/") {
			n = 4
		}
		fields := strings.Split(c.CPE, ":")
		cpe = strings.Join(fields[:min(n, len(fields))], ":")
	}
	return strings.ToLower(strings.Join([]string{c.Vendor, c.Name, purl, cpe, c.Distribution}, "\x00"))
}

// exposuresBelow reads the exposures of a prefix, at most so many.
func exposuresBelow(r store.Reader, prefix []byte, most int) ([]Exposure, error) {
	var all []Exposure
	for e, err := range r.Scan(store.Prefix(prefix)) {
		if err != nil {
			return nil, err
		}
		var x Exposure
		if err := json.Unmarshal(e.Value, &x); err != nil {
			return nil, fmt.Errorf("advisories: exposure %q: %w", e.Key, err)
		}
		if all = append(all, x); len(all) == most {
			break
		}
	}
	return all, nil
}

func putExposure(tx store.Tx, e *Exposure) error {
	return errors.Join(putRecord(tx, exposureKey(e), e), tx.Put(exposedKey(e), nil))
}

func deleteExposure(tx store.Tx, e *Exposure) error {
	return errors.Join(tx.Delete(exposureKey(e)), tx.Delete(exposedKey(e)))
}

// moved notes that something changed about an organisation's exposures, for those
// who are to be told.
func moved(tx store.Tx, organisation string, now time.Time) error {
	return tx.Put(partsKey(movedKind, organisation), binary.BigEndian.AppendUint64(nil, uint64(now.UnixMicro())))
}

// position is how far the exposures follow the events: all up to Done are followed,
// and those up to Doing may be.
type position struct {
	Done  uint64 `json:"done"`
	Doing uint64 `json:"doing"`
}

func followed(r store.Reader) (position, error) {
	p, err := getRecord[position](r, []byte(followedKey))
	if errors.Is(err, store.ErrNotFound) {
		return position{}, nil
	}
	if err != nil {
		return position{}, err
	}
	return *p, nil
}
