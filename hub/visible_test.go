package hub_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

func TestReferencesHide(t *testing.T) {
	strict, red := marked(tlp.AmberStrictID), marked(tlp.RedID)
	malware, indicator := testID("malware", 1), testID("indicator", 2)
	link := relationship(3, indicator, malware)
	t.Run("what refers to a hidden object", func(t *testing.T) {
		f := newFixture(t, nil)
		f.submit(t, "alpha", "indicators", stixText("indicator", 2, 0), link)
		f.wantTexts(t, "beta", "indicators", hub.Query{}, stixText("indicator", 2, 0), link) // of what the hub does not hold nothing is hidden
		f.submit(t, "alpha", "cases", stixText("malware", 1, 0, strict))
		f.wantTexts(t, "beta", "indicators", hub.Query{}, stixText("indicator", 2, 0))
		f.wantTexts(t, "gamma", "indicators", hub.Query{}, stixText("indicator", 2, 0), link)
		note := stixText("note", 4, 0, `"content":"about it"`, `"object_refs":["`+testID("relationship", 3)+`"]`)
		f.submit(t, "alpha", "indicators", note)
		f.wantTexts(t, "beta", "indicators", hub.Query{}, stixText("indicator", 2, 0))
		f.submit(t, "alpha", "indicators", stixText("malware", 1, 5)) // a version for all
		f.wantTexts(t, "beta", "indicators", hub.Query{}, stixText("indicator", 2, 0), link, note, stixText("malware", 1, 5))
	})
	t.Run("in a collection of another group", func(t *testing.T) {
		f := newFixture(t, nil)
		f.submit(t, "alpha", "cases", stixText("malware", 1, 0, marked(tlp.ClearID)))
		f.submit(t, "alpha", "indicators", link)
		f.wantTexts(t, "beta", "indicators", hub.Query{})
		f.wantTexts(t, "gamma", "indicators", hub.Query{}, link)
	})
	t.Run("the last version that is not hidden", func(t *testing.T) {
		f := newFixture(t, nil)
		old, newer := stixText("malware", 1, 1), stixText("malware", 1, 2, red)
		f.submit(t, "alpha", "cases", old, newer)
		f.wantTexts(t, "gamma", "cases", hub.Query{}, old)
		f.wantTexts(t, "alpha-member", "cases", hub.Query{}, newer)
		f.wantTexts(t, "gamma", "cases", hub.Query{Versions: hub.VersionMatch{Exact: []time.Time{time.Date(2026, 11, 1, 10, 0, 0, 2e6, time.UTC)}}})
		p, err := f.hub.Page(t.Context(), f.as(t, "gamma"), hub.Query{Root: "finance", Collection: "cases", Versions: hub.VersionMatch{All: true}, Manifest: true, Limit: 1})
		must(t, err)
		if len(p.Entries) != 1 || p.More {
			t.Errorf("%+v: a hidden version shows", p)
		}
	})
}

// An id whose object somebody may not see is free for them, and nobody learns from
// what comes back that it is not.
func TestWhatAWriterMayNotSeeIsNotThere(t *testing.T) {
	secret := stixText("malware", 1, 5, marked(tlp.RedID))
	theirs, later := stixText("malware", 1, 3, `"description":"ours"`), stixText("malware", 1, 7, `"description":"ours, again"`)
	f := newFixture(t, nil)
	f.submit(t, "alpha", "cases", secret)
	for _, object := range []string{theirs, stixText("malware", 1, 5, `"description":"of the same moment"`), later} {
		f.submit(t, "gamma", "cases", object)
	}
	again := f.submit(t, "gamma", "cases", theirs)
	if again.Successes[0].Message == "" {
		t.Errorf("%+v: their own object is known to them", again)
	}
	f.refuse(t, "gamma", "cases", "other content", stixText("malware", 1, 3))
	f.wantTexts(t, "gamma", "cases", hub.Query{}, later)
	// Whoever may read the first never gets the later ones.
	f.wantTexts(t, "alpha-member", "cases", all, secret)
	f.wantTexts(t, "alpha", "cases", hub.Query{}, later)
	// The first organisation goes on with its own.
	next := stixText("malware", 1, 9, marked(tlp.RedID), `"revoked":true`)
	f.submit(t, "alpha-member", "cases", next)
	f.wantTexts(t, "alpha-member", "cases", hub.Query{}, next)
	f.submit(t, "gamma", "cases", stixText("malware", 1, 10))
	f.wantTexts(t, "gamma", "cases", hub.Query{}, stixText("malware", 1, 10))
	// Deleting theirs leaves the other.
	must(t, f.hub.Delete(t.Context(), f.as(t, "gamma"), "finance", "cases", testID("malware", 1), hub.VersionMatch{All: true}))
	f.wantTexts(t, "gamma", "cases", all)
	f.wantTexts(t, "alpha-member", "cases", all, secret, next)
	wantCode(t, f.hub.Delete(t.Context(), f.as(t, "gamma"), "finance", "cases", testID("malware", 1), hub.VersionMatch{All: true}), hub.NotFound)
}

// A collection that one may only write to answers as one's own organisation knows
// it.
func TestOwnObjectsInACollectionOneMayNotRead(t *testing.T) {
	f := newFixture(t, nil)
	f.submit(t, "beta", "drop", stixText("indicator", 1, 1))
	if s := f.submit(t, "beta", "drop", stixText("indicator", 1, 1)); s.Successes[0].Message == "" {
		t.Errorf("%+v", s)
	}
	f.submit(t, "beta", "drop", stixText("indicator", 1, 2))
	f.wantTexts(t, "gamma", "drop", hub.Query{}, stixText("indicator", 1, 2))
	_, err := f.hub.Page(t.Context(), f.as(t, "beta"), hub.Query{Root: hub.Community, Collection: "drop"})
	wantCode(t, err, hub.Forbidden)
	wantCode(t, f.hub.Delete(t.Context(), f.as(t, "beta"), hub.Community, "drop", testID("indicator", 1), hub.VersionMatch{All: true}), hub.Forbidden)
}

func TestNobodyPassesOnWhatIsForFewer(t *testing.T) {
	f := newFixture(t, nil)
	amber, green, clear := stixText("malware", 1, 0, marked(tlp.AmberID)), stixText("malware", 2, 0, marked(tlp.GreenID)), stixText("malware", 3, 0, marked(tlp.ClearID))
	f.submit(t, "alpha", "cases", amber, green, clear)
	f.refuse(t, "gamma", "indicators", "fewer readers", amber)
	f.submit(t, "gamma", "indicators", green, clear)
	f.submit(t, "gov", "public", clear)
	f.wantTexts(t, "", "public", hub.Query{}, clear)
	f.wantTexts(t, "beta", "indicators", hub.Query{}, green, clear)
	f.submit(t, "alpha", "indicators", amber) // its source may
	f.refuse(t, "gamma", "indicators", "another organisation", stixText("malware", 2, 1, marked(tlp.GreenID)))
	unmarked := stixText("malware", 4, 0)
	f.submit(t, "alpha", "cases", unmarked) // there AMBER, in the other collection GREEN
	f.refuse(t, "gamma", "indicators", "fewer readers", unmarked)
}

func TestKeysAreBoundToTheirCollections(t *testing.T) {
	f := newFixture(t, nil)
	f.giveKey(t, f.as(t, "gov-admin"), "alpha-reads-drop", hub.Key{Organisation: "alpha", Scopes: []hub.Scope{{Collection: f.col["drop"].ID, Verbs: []hub.Verb{hub.VerbRead}}}})
	f.submit(t, "alpha", "drop", stixText("indicator", 1, 0))
	f.wantTexts(t, "alpha-reads-drop", "drop", hub.Query{}, stixText("indicator", 1, 0))
	_, err := f.trySubmit(t, "alpha-reads-drop", "drop", stixText("indicator", 2, 0))
	wantCode(t, err, hub.Forbidden)
	_, err = f.hub.Page(t.Context(), f.as(t, "alpha-reads-drop"), hub.Query{Root: hub.Community, Collection: "indicators"})
	wantCode(t, err, hub.NotFound)
}

func TestDelete(t *testing.T) {
	v1, v2, v3 := stixText("indicator", 1, 1), stixText("indicator", 1, 2), stixText("indicator", 1, 3)
	for _, tt := range []struct {
		name, who, id string
		match         hub.VersionMatch
		code          hub.Code
		left          string // the milliseconds of the versions left
	}{
		{"all", "alpha", "", hub.VersionMatch{All: true}, "", ""},
		{"the last", "alpha", "", hub.VersionMatch{}, "", "12"},
		{"the first", "alpha-member", "", hub.VersionMatch{First: true}, "", "23"},
		{"one", "alpha", "", hub.VersionMatch{Exact: []time.Time{time.Date(2026, 11, 1, 10, 0, 0, 2e6, time.UTC)}}, "", "13"},
		{"none of these", "alpha", "", hub.VersionMatch{Exact: []time.Time{time.Date(2026, 11, 1, 10, 0, 0, 4e6, time.UTC)}}, hub.NotFound, "123"},
		{"an analyst", "gov-analyst", "", hub.VersionMatch{All: true}, "", ""},
		{"another organisation", "gamma", "", hub.VersionMatch{All: true}, hub.Forbidden, "123"},
		{"the operator without a role", "gov", "", hub.VersionMatch{All: true}, hub.Forbidden, "123"},
		{"a reader's role", "alpha-reader", "", hub.VersionMatch{All: true}, hub.Forbidden, "123"},
		{"a stranger", "", "", hub.VersionMatch{All: true}, hub.Unauthenticated, "123"},
		{"unknown", "alpha", testID("indicator", 2), hub.VersionMatch{All: true}, hub.NotFound, "123"},
		{"no id", "alpha", strings.Repeat("x", 2000), hub.VersionMatch{All: true}, hub.NotFound, "123"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t, nil)
			f.submit(t, "alpha", "indicators", v1, v2, v3)
			if tt.id == "" {
				tt.id = testID("indicator", 1)
			}
			err := f.hub.Delete(t.Context(), f.as(t, tt.who), hub.Community, "indicators", tt.id, tt.match)
			wantCode(t, err, tt.code)
			var left []string
			for _, n := range tt.left {
				left = append(left, []string{v1, v2, v3}[n-'1'])
			}
			f.wantTexts(t, "beta", "indicators", all, left...)
			if len(left) > 0 {
				f.wantTexts(t, "beta", "indicators", hub.Query{}, left[len(left)-1])
			}
			if told := f.audited(t, "object.delete"); (len(told) == 1) != (tt.code == "") {
				t.Errorf("%d audit entries", len(told))
			}
		})
	}
}

// A date is never given twice, so that whoever polls misses nothing.
func TestDatesAreNotUsedAgain(t *testing.T) {
	f := newFixture(t, nil)
	f.submit(t, "alpha", "drop", stixText("indicator", 1, 0), stixText("indicator", 2, 0))
	p, err := f.hub.Page(t.Context(), f.as(t, "gamma"), hub.Query{Root: hub.Community, Collection: "drop"})
	must(t, err)
	must(t, f.hub.Delete(t.Context(), f.as(t, "alpha"), hub.Community, "drop", testID("indicator", 2), hub.VersionMatch{All: true}))
	f.clock.pass(-time.Hour)
	f.submit(t, "alpha", "drop", stixText("indicator", 3, 0))
	f.wantTexts(t, "gamma", "drop", hub.Query{AddedAfter: p.Last}, stixText("indicator", 3, 0))
}
