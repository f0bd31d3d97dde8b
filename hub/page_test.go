package hub_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// page is a page of the collection "indicators".
func (f *fixture) page(t testing.TB, who string, q hub.Query) *hub.Page {
	t.Helper()
	q.Root, q.Collection = hub.Community, "indicators"
	p, err := f.hub.Page(t.Context(), f.as(t, who), q)
	must(t, err)
	return p
}

func TestPagesFollowEachOther(t *testing.T) {
	f := newFixture(t, nil)
	var want []string
	for n := range 7 {
		f.submit(t, "alpha", "indicators", stixText("indicator", n, 0), stixText("malware", n, 0))
		want = append(want, stixText("indicator", n, 0), stixText("malware", n, 0))
	}
	hidden, err := f.hub.Submit(t.Context(), f.as(t, "alpha"), hub.Submission{Root: hub.Community, Collection: "indicators",
		Organisations: []string{f.org["alpha"].ID}, Body: envelope(stixText("indicator", 100, 0, marked(tlp.AmberStrictID)))})
	must(t, err)
	if len(hidden.Successes) != 1 {
		t.Fatalf("%+v", hidden)
	}
	for _, limit := range []int{1, 2, 3, 14, 15, 0, 5000} {
		var got []string
		var after time.Time
		for pages, more := 0, true; more; pages++ {
			p := f.page(t, "gamma", hub.Query{AddedAfter: after, Limit: limit, Manifest: true})
			if limit > 0 && p.Len() > limit || p.Len() != len(p.Entries) || !p.Entries[0].DateAdded.Equal(p.First) || !p.Entries[p.Len()-1].DateAdded.Equal(p.Last) || !p.First.After(after) {
				t.Fatalf("limit %d: %+v", limit, p)
			}
			var b bytes.Buffer
			must(t, p.WriteObjects(t.Context(), &b))
			got = append(got, split(t, b.String())...)
			after, more = p.Last, p.More
			if pages > 14 {
				t.Fatal("no end")
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("limit %d: %d objects", limit, len(got))
		}
	}
	end := f.page(t, "gamma", hub.Query{}).Last
	if p := f.page(t, "gamma", hub.Query{AddedAfter: end}); p.Len() != 0 || p.More || !p.First.Equal(end) || !p.Last.Equal(end) {
		t.Errorf("nothing new: %+v", p)
	}
	// An empty page tells of no entry that is hidden.
	none := hub.Query{Types: []string{"x-none"}}
	if p := f.page(t, "gamma", none); !p.First.Equal(end) || !p.Last.Equal(end) {
		t.Errorf("nothing of the type: %v, want the last readable date %v", p.First, end)
	}
	if p := f.page(t, "alpha", none); !p.First.After(end) {
		t.Errorf("nothing of the type: %v", p.First)
	}
}

func TestAnEmptyCollectionDatesFromItsCreation(t *testing.T) {
	f := newFixture(t, nil)
	if p := f.page(t, "gamma", hub.Query{}); !p.First.Equal(f.col["indicators"].Created) {
		t.Errorf("%v, want %v", p.First, f.col["indicators"].Created)
	}
}

func TestQueriesChoose(t *testing.T) {
	f := newFixture(t, nil)
	i1, i1b, m2, o3, i4 := stixText("indicator", 1, 1), stixText("indicator", 1, 2), stixText("malware", 2, 1), observable(), stixText("indicator", 4, 1)
	f.submit(t, "alpha", "indicators", i1, m2, o3, i1b, i4)
	f.submit(t, "alpha", "drop", stixText("indicator", 4, 2), stixText("malware", 9, 0)) // elsewhere
	dates := f.page(t, "gamma", hub.Query{Versions: hub.VersionMatch{All: true}, Manifest: true}).Entries
	created := time.Date(2026, 11, 1, 10, 0, 0, 1e6, time.UTC)
	for _, tt := range []struct {
		name string
		q    hub.Query
		want []string
	}{
		{"nothing", hub.Query{}, []string{m2, o3, i1b, i4}},
		{"an id", hub.Query{IDs: []string{testID("indicator", 1)}}, []string{i1b}},
		{"ids, one twice", hub.Query{IDs: []string{testID("indicator", 4), testID("malware", 2), testID("malware", 2), "x", ""}}, []string{m2, i4}},
		{"an id of another collection", hub.Query{IDs: []string{testID("malware", 9)}}, nil},
		{"an id that is too long", hub.Query{IDs: []string{strings.Repeat("x", 5000)}}, nil},
		{"a type", hub.Query{Types: []string{"indicator"}}, []string{i1b, i4}},
		{"types", hub.Query{Types: []string{"malware", "indicator", "x-unheard-of", strings.Repeat("x", 5000)}}, []string{m2, i1b, i4}},
		{"a part of a type", hub.Query{Types: []string{"ind"}}, nil},
		{"id and type", hub.Query{IDs: []string{testID("indicator", 1), testID("malware", 2)}, Types: []string{"malware"}}, []string{m2}},
		{"all versions", all, []string{i1, m2, o3, i1b, i4}},
		{"the first", hub.Query{Versions: hub.VersionMatch{First: true}}, []string{i1, m2, o3, i4}},
		{"first and last", hub.Query{Versions: hub.VersionMatch{First: true, Last: true}, IDs: []string{testID("indicator", 1)}}, []string{i1, i1b}},
		{"exact", hub.Query{Versions: hub.VersionMatch{Exact: []time.Time{created}}}, []string{i1, m2, i4}},
		{"exact, by the date added", hub.Query{Versions: hub.VersionMatch{Exact: []time.Time{dates[2].DateAdded}}}, []string{o3}},
		{"after", hub.Query{AddedAfter: dates[2].DateAdded}, []string{i1b, i4}},
		{"after, within an id", hub.Query{AddedAfter: dates[0].DateAdded, IDs: []string{testID("indicator", 1)}, Versions: hub.VersionMatch{All: true}}, []string{i1b}},
		{"after, within types", hub.Query{AddedAfter: dates[1].DateAdded, Types: []string{"malware", "indicator"}}, []string{i1b, i4}},
		{"before all time", hub.Query{AddedAfter: time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC)}, []string{m2, o3, i1b, i4}},
		{"after all time", hub.Query{AddedAfter: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}, nil},
		{"STIX 2.1", hub.Query{AllSpecs: []string{"2.0", "2.1"}, Types: []string{"malware"}}, []string{m2}},
		{"STIX 2.0", hub.Query{AllSpecs: []string{"2.0"}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) { f.wantTexts(t, "gamma", "indicators", tt.q, tt.want...) })
	}
	if e := dates[2]; e.ID != observableID || e.Version != e.DateAdded.Format("2006-01-02T15:04:05.000000Z") {
		t.Errorf("an object without a version: %+v", e)
	}
	if e := dates[3]; e.Version != "2026-11-01T10:00:00.002Z" {
		t.Errorf("%+v", e)
	}
}

func TestAPageOfOneObject(t *testing.T) {
	f := newFixture(t, nil)
	f.submit(t, "alpha", "cases", stixText("malware", 1, 0, marked(tlp.RedID)), stixText("malware", 2, 0))
	for _, tt := range []struct {
		who  string
		n    int
		code hub.Code
	}{{"alpha-member", 1, ""}, {"gamma", 1, hub.NotFound}, {"gamma", 2, ""}, {"gamma", 3, hub.NotFound}} {
		_, err := f.hub.Page(t.Context(), f.as(t, tt.who), hub.Query{Root: "finance", Collection: "cases", One: true, IDs: []string{testID("malware", tt.n)},
			AddedAfter: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)})
		wantCode(t, err, tt.code)
	}
}

var errFull = errors.New("no more")

// slow takes so many writes and calls between before each.
type slow struct {
	bytes.Buffer
	left    int
	between func()
}

func (s *slow) Write(b []byte) (int, error) {
	if s.left--; s.left < 0 {
		return 0, errFull
	}
	s.between()
	return s.Buffer.Write(b)
}

// A reader that takes its time holds nothing of the store up, and gets what is
// still there.
func TestWritingGoesOnWhileAPageIsSent(t *testing.T) {
	f := newFixture(t, nil)
	var want []string
	for n := range 12 {
		want = append(want, stixText("malware", n, 0, `"description":"`+strings.Repeat("x", 30_000)+`"`))
	}
	want = append(want, stixText("malware", 100, 0, `"description":"`+strings.Repeat("y", 500_000)+`"`), stixText("malware", 101, 0))
	f.submit(t, "alpha", "indicators", want...)
	p := f.page(t, "gamma", hub.Query{})
	w := &slow{left: 1 << 20}
	deleted := false
	w.between = func() {
		if !deleted {
			deleted = true
			for _, n := range []int{3, 4, 101} {
				must(t, f.hub.Delete(t.Context(), f.as(t, "alpha"), hub.Community, "indicators", testID("malware", n), hub.VersionMatch{All: true}))
			}
		}
	}
	must(t, p.WriteObjects(t.Context(), w))
	want = slices.Concat(want[:3], want[5:13])
	if got := split(t, w.String()); !slices.Equal(got, want) {
		t.Errorf("%d objects, want %d", len(got), len(want))
	}
	w = &slow{left: 1, between: func() {}}
	if err := p.WriteObjects(t.Context(), w); !errors.Is(err, errFull) {
		t.Errorf("error %v", err)
	}
}
