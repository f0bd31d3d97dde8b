package advisories_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/match"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/internal/notify"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// watch is a desk with the organisations that it warns.
type watch struct {
	*desk
	*advisories.Exposures
	shut    map[string]bool // organisations and people who are shut out
	readers map[string]bool // people who may not see assets
	full    map[string]bool // organisations whose inventories cannot be matched
	silent  bool            // nothing is sent
	parted  bool            // client is no longer a client of alpha
}

func openWatch(t testing.TB, wrap func(store.Store) store.Store) *watch {
	t.Helper()
	w := &watch{desk: openDesk(t, wrap), shut: map[string]bool{}, readers: map[string]bool{}}
	w.open(t)
	return w
}

// open is as after a restart.
func (w *watch) open(t testing.TB) {
	t.Helper()
	w.reopen(t)
	lookUp := func(items []advisories.Item) func(tlp.Reader, []advisories.Component) []advisories.Match {
		index := match.New()
		for _, it := range items {
			index.Put(it.Ref, it.Publication)
		}
		return func(r tlp.Reader, components []advisories.Component) []advisories.Match {
			return index.Match(components, func(a tlp.Audience) bool { return tlp.May(r, a) })
		}
	}
	x, err := advisories.NewExposures(w.Service, advisories.ExposureConfig{
		Match: func(ctx context.Context, r tlp.Reader, components []advisories.Component) ([]advisories.Match, error) {
			if w.full[r.Organisation] {
				return nil, &advisories.Error{Code: advisories.TooLarge, Message: "too much concerns this inventory"}
			}
			var items []advisories.Item
			err := w.All(ctx, func(it advisories.Item) error { items = append(items, it); return nil })
			if err == nil {
				err = w.LibraryAll(ctx, func(e advisories.Entry) error {
					items = append(items, advisories.Item{Ref: e.Ref, Publication: e.Publication})
					return nil
				})
			}
			return lookUp(items)(r, components), err
		},
		Few: lookUp,
		Organisation: func(_ store.Reader, id string) (advisories.Party, bool, error) {
			return advisories.Party{Organisation: id, Reader: w.reader(id, ""), Address: "soc@" + id + ".example", Assets: true}, !w.shut[id], nil
		},
		Person: func(_ store.Reader, id string) (advisories.Party, bool, error) {
			_, org, _ := strings.Cut(id, "-of-")
			return advisories.Party{Organisation: org, Reader: w.reader(org, id), Address: id + "@" + org + ".example", Assets: !w.readers[id]},
				!w.shut[id] && !w.shut[org], nil
		},
		Sends: func(notify.Channel) bool { return !w.silent },
		Mail: func(p *advisories.Publication, lang i18n.Lang, concerned []advisories.Exposure) (string, string) {
			return p.Tracking.ID + " " + string(lang), fmt.Sprintf("%s %s revision %d, %d concerned, named %v\n", p.Tracking.ID, p.Tracking.State, p.Tracking.Number(), len(concerned), p.Advisory.Organisations)
		},
		Digest: func(list []advisories.Publication, sub *advisories.Subscription, concerned []advisories.Exposure) (string, string) {
			var ids []string
			for i := range list {
				ids = append(ids, list[i].Tracking.ID)
			}
			return "digest " + string(sub.Every), fmt.Sprintf("%s, %d concerned\n", strings.Join(ids, " "), len(concerned))
		},
		Event: func(p *advisories.Publication, concerned []advisories.Exposure) (string, json.RawMessage, error) {
			b, err := json.Marshal(map[string]any{"id": p.Tracking.ID, "concerned": len(concerned)})
			return "advisory.published", b, err
		},
	})
	must(t, err)
	w.Exposures = x
}

// reader is somebody of an organisation as the policy sees them.
func reader(organisation, person string) tlp.Reader {
	r := tlp.Reader{Member: true, Organisation: organisation, Person: person}
	if organisation == "client" {
		r.ClientOf = []string{"alpha"}
	}
	return r
}

// reader is somebody of an organisation as they are now.
func (w *watch) reader(organisation, person string) tlp.Reader {
	r := reader(organisation, person)
	if w.parted {
		r.ClientOf = nil
	}
	return r
}

// of is a person of an organisation, such as "mia-of-alpha".
func of(person string) *advisories.Caller {
	_, org, _ := strings.Cut(person, "-of-")
	c := member(org, person)
	c.Reader = reader(org, person)
	c.Assets = true
	c.Manages = strings.HasPrefix(person, "boss")
	return c
}

func software(organisation, asset, scan string, versions ...string) advisories.Inventory {
	inv := advisories.Inventory{Organisation: organisation, Asset: asset, Name: asset + ".example", How: advisories.ByScan, Source: scan}
	for _, v := range versions {
		name, version, _ := strings.Cut(v, " ")
		inv.Components = append(inv.Components, advisories.Component{Name: name, Vendor: "Example", Version: version})
	}
	return inv
}

// about is an advisory about a product of Example, below a version.
func about(product, below string, label tlp.Marking, names ...string) advisories.Advisory {
	a := advisory("Fault in "+product, label, names...)
	a.Products = []advisories.Product{{ID: "old", Vendor: "Example", Name: product, Versions: "vers:generic/<" + below}}
	a.Vulnerabilities = []advisories.Vulnerability{{CVE: "CVE-2026-99901", Products: map[advisories.Status][]string{advisories.Affected: {"old"}}}}
	return a
}

// round does what the hub does by itself.
func (w *watch) round(t testing.TB) {
	t.Helper()
	must(t, w.Follow(t.Context()))
	must(t, w.Tell(t.Context()))
}

// messages are what waits in the outbox, as "channel to: text", sorted.
func (w *watch) messages(t testing.TB) []string {
	t.Helper()
	list, err := (&notify.Outbox{Store: w.store}).List(t.Context())
	must(t, err)
	var all []string
	for _, m := range list {
		all = append(all, fmt.Sprintf("%s %s: %s%s", m.Channel, m.To, strings.TrimSpace(m.Text), m.Payload))
	}
	slices.Sort(all)
	return all
}

// sent empties the outbox, as if all was sent.
func (w *watch) sent(t testing.TB) []string {
	t.Helper()
	all := w.messages(t)
	for { // the store may not know whether it did
		err := w.store.Update(t.Context(), func(tx store.Tx) error {
			room := store.SubTx(store.SubTx(tx, notify.Prefix), "pending")
			for e, err := range room.Scan(store.Range{}) {
				if err == nil {
					err = room.Delete(slices.Clone(e.Key))
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if !errors.Is(err, store.ErrUnknown) {
			must(t, err)
			return all
		}
	}
}

// exposed are an organisation's exposures, as "asset component version id state how".
func (w *watch) exposed(t testing.TB, c *advisories.Caller, all bool) []string {
	t.Helper()
	var out []string
	for cursor := ""; ; {
		page, err := w.Exposures.Exposures(t.Context(), c, advisories.ExposureFilter{All: all, Limit: 2, Cursor: cursor})
		must(t, err)
		for _, e := range page.Items {
			out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s %s %s %s %s", e.Asset, e.Component.Name, e.Component.Version, e.TrackingID, e.State, e.Resolved.How, e.Resolved.By)))
		}
		if cursor = page.Next; cursor == "" {
			slices.Sort(out)
			return out
		}
	}
}

func same(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}
