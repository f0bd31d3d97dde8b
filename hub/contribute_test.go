package hub_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/internal/store/storetest"
)

const contributed = `{"type":"bundle","id":"bundle--0b2f6f3c-8a5c-4f7e-9d53-0c6c2b6a1f10","objects":[
{"type":"vulnerability","spec_version":"2.1","id":"OBJECT","created":"2026-11-23T08:00:00.000Z","modified":"2026-11-23T08:00:00.000Z","name":"CVE-2026-99901",
"object_marking_refs":["MARKING"]}]}`

// underMarking is contributed under a marking, which each have an object of their own.
func underMarking(id string) []byte {
	return []byte(strings.NewReplacer("MARKING", id, "OBJECT", objectUnder(id)).Replace(contributed))
}

func objectUnder(marking string) string {
	return "vulnerability--" + strings.TrimPrefix(marking, "marking-definition--")
}

// What the operator publishes is one commit with what else its transaction
// writes, once however often the transaction runs, and for those that it names.
func TestContribute(t *testing.T) {
	f := newFixture(t, func(s store.Store) store.Store { return storetest.NewChaos(s, 5) })
	by := audit.Entry{Actor: audit.Actor{Kind: audit.System}}
	tests := []struct {
		name, id, collection string
		marking              string
		organisations        []string
		readers, others      []string
	}{
		{"for everybody", "4a0be3f6-7f0c-4e44-8a0c-7d3a8f1c2e01", hub.PublicCollection, tlp.ClearID, nil, []string{"", "alpha", "delta"}, nil},
		{"for named organisations", "4a0be3f6-7f0c-4e44-8a0c-7d3a8f1c2e02", hub.AdvisoriesCollection, tlp.AmberID,
			[]string{"alpha"}, []string{"alpha", "beta"}, []string{"", "gamma", "delta"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sub := hub.Submission{Collection: tt.collection, Body: underMarking(tt.marking)}
			for _, name := range tt.organisations {
				sub.Organisations = append(sub.Organisations, f.org[name].ID)
			}
			err := errors.New("not run")
			for range 10 { // an outcome that is unknown is found out by running it again
				err = f.store.Update(t.Context(), func(tx store.Tx) error {
					if err := tx.Put([]byte("elsewhere/"+tt.id), []byte("with it")); err != nil {
						return err
					}
					return f.hub.Contribute(tx, by, tt.id, sub)
				})
				if err == nil {
					break
				}
			}
			must(t, err)
			f.hub.Contributed()
			id := objectUnder(tt.marking)
			found := func(name string) bool {
				got, err := f.hub.FetchObject(t.Context(), f.as(t, name), id, true)
				return err == nil && slices.ContainsFunc(got, func(x hub.Found) bool {
					col, err := f.hub.Collection(t.Context(), f.as(t, name), "", tt.collection)
					return err == nil && x.Collection == col.ID
				})
			}
			for _, name := range tt.readers {
				if !found(name) {
					t.Errorf("%q does not get it", name)
				}
			}
			for _, name := range tt.others {
				if found(name) {
					t.Errorf("%q gets it", name)
				}
			}
		})
	}
	if got := len(f.audited(t, "object.submit")); got != len(tests) {
		t.Errorf("the audit log tells of %d contributions, want %d", got, len(tests))
	}
}

// An object that is refused takes the whole transaction with it.
func TestContributeWholeOrNothing(t *testing.T) {
	f := newFixture(t, nil)
	bad := []byte(strings.Replace(string(underMarking(tlp.ClearID)), `"name"`, `"nam"`, 1))
	err := f.store.Update(t.Context(), func(tx store.Tx) error {
		if err := tx.Put([]byte("elsewhere"), []byte("with it")); err != nil {
			return err
		}
		return f.hub.Contribute(tx, audit.Entry{Actor: audit.Actor{Kind: audit.System}}, "4a0be3f6-7f0c-4e44-8a0c-7d3a8f1c2e03",
			hub.Submission{Collection: hub.AdvisoriesCollection, Body: bad})
	})
	if hub.CodeOf(err) != hub.Conflict || !strings.Contains(err.Error(), "name") {
		t.Fatalf("%v, want a conflict that names the property", err)
	}
	err = f.store.View(t.Context(), func(r store.Reader) error { _, err := r.Get([]byte("elsewhere")); return err })
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("what the transaction wrote besides is there: %v", err)
	}
	if _, err := f.hub.Collection(t.Context(), f.as(t, "alpha"), "", hub.AdvisoriesCollection); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("the collection was made: %v", err)
	}
}
