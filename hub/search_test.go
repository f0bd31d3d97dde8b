package hub_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// search returns the last digits of the ids that all pages of a search find.
func (f *fixture) search(t testing.TB, who string, q hub.Search) string {
	t.Helper()
	var ids []string
	for range 100 {
		page, err := f.hub.Search(t.Context(), f.as(t, who), q)
		must(t, err)
		for _, o := range page.Found {
			ids = append(ids, strings.TrimLeft(o.ID[len(o.ID)-12:], "0"))
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return strings.Join(ids, " ")
		}
	}
	t.Fatal("a search without an end")
	return ""
}

func pattern(n, version int, text string, more ...string) string {
	o := strings.Replace(stixText("indicator", n, version, more...), fmt.Sprintf("[ipv4-addr:value = '198.51.100.%d']", n%256), text, 1)
	if !strings.Contains(o, text) {
		panic("no pattern to replace")
	}
	return o
}

func TestSearchByValue(t *testing.T) {
	f := newFixture(t, nil)
	f.submit(t, "alpha", "indicators",
		pattern(1, 0, "[ipv4-addr:value = '203.0.113.7']"),
		pattern(2, 0, "[ipv4-addr:value ISSUBSET '203.0.113.0/24']"),
		pattern(3, 0, "[domain-name:value = 'Evil.example.com']"),
		pattern(4, 0, "[url:value = 'http://evil.example.com/a?b=c']"),
		pattern(5, 0, "[ipv4-addr:value != '203.0.113.9']"),
		pattern(6, 0, "[ipv4-addr:value = '203.0.113.8']", marked(tlp.AmberStrictID)),
	)
	f.submit(t, "alpha", "drop", pattern(7, 0, "[domain-name:value = 'example.com']"))
	// A later version names something else: the earlier one is no hit any more.
	f.submit(t, "alpha", "indicators", pattern(8, 0, "[ipv4-addr:value = '203.0.113.50']"), pattern(8, 5, "[ipv4-addr:value = '192.0.2.50']"))
	// The same in two collections is found once; for whoever reads one, there.
	f.submit(t, "alpha", "drop", pattern(1, 0, "[ipv4-addr:value = '203.0.113.7']"))
	tests := []struct{ who, value, want string }{
		{"alpha", "203.0.113.7", "1 2"},
		{"beta", "203[.]0[.]113[.]7", "2 1"},
		{"alpha", "203.0.113.9", "2"},
		{"alpha", "203.0.113.50", "2"},
		{"alpha", "192.0.2.50", "8"},
		{"alpha", "hxxp://evil[.]example[.]com/a?b=c", "7 4 3"},
		{"beta", "http://evil.example.com/a?b=c", "4 3"},
		{"gamma", "www.example.com", "7"},
		{"", "203.0.113.7", ""},
	}
	for _, tt := range tests {
		for _, limit := range []int{0, 1} {
			if got := f.search(t, tt.who, hub.Search{Value: tt.value, Limit: limit}); got != tt.want {
				t.Errorf("%s asks for %s, %d a page: %q, want %q", tt.who, tt.value, limit, got, tt.want)
			}
		}
	}
	page, err := f.hub.LookupValue(t.Context(), f.as(t, "beta"), "203.0.113.7")
	must(t, err)
	first := page.Found[0]
	if first.Matched != "203.0.113.0/24" || first.Organisation != f.org["alpha"].ID || first.Marking != tlp.Green || first.Type != "indicator" ||
		first.Collection != f.col["indicators"].ID || first.Version != "2026-11-01T10:00:00.000Z" || page.Next != "" {
		t.Errorf("%+v", first)
	}
}

// The last hit that is seen does not tell whether hidden ones follow.
func TestSearchDoesNotCountWhatIsHidden(t *testing.T) {
	f := newFixture(t, nil)
	for i := range 5 {
		_, err := f.hub.Submit(t.Context(), f.as(t, "alpha"), hub.Submission{
			Root: hub.Community, Collection: "indicators", Organisations: []string{f.org["alpha"].ID},
			Body: envelope(pattern(100+i, 0, "[domain-name:value = 'hidden.example']", marked(tlp.AmberStrictID))),
		})
		must(t, err)
	}
	f.submit(t, "alpha", "indicators", pattern(1, 0, "[domain-name:value = 'hidden.example']"))
	for _, q := range []hub.Search{{Value: "hidden.example", Limit: 1}, {Text: "hidden.example", Limit: 1}, {Limit: 1}, {Limit: 1, Collection: f.col["indicators"].ID}} {
		page, err := f.hub.Search(t.Context(), f.as(t, "gamma"), q)
		if must(t, err); len(page.Found) != 1 || page.Next != "" {
			t.Errorf("%+v: %d found, next %q", q, len(page.Found), page.Next)
		}
	}
}

func TestSearchChooses(t *testing.T) {
	f := newFixture(t, nil)
	f.submit(t, "alpha", "indicators", stixText("indicator", 1, 0, `"description":"Gr\u00fc\u00dfe from \"Mallory\""`))
	f.clock.pass(time.Hour)
	after := f.clock.Now()
	f.submit(t, "gamma", "indicators", stixText("malware", 2, 0, `"description":"GRÜSSE and Emotet"`), stixText("indicator", 3, 0, marked(tlp.ClearID)))
	f.submit(t, "gov", "public", stixText("malware", 4, 0))
	f.submit(t, "alpha", "indicators", stixText("indicator", 1, 4, `"description":"changed"`))
	tests := []struct {
		name, who, want string
		q               hub.Search
	}{
		{"all", "beta", "1 4 3 2", hub.Search{}},
		{"a stranger", "", "4", hub.Search{}},
		{"type", "beta", "4 2", hub.Search{Types: []string{"malware"}}},
		{"text, any case", "beta", "2", hub.Search{Text: "emotet"}},
		{"text of an older version", "beta", "", hub.Search{Text: "mallory"}},
		{"text with umlauts", "beta", "2", hub.Search{Text: "grüsse"}},
		{"marking", "beta", "4 3", hub.Search{Marking: tlp.Clear}},
		{"organisation", "beta", "3 2", hub.Search{Organisation: f.org["gamma"].ID}},
		{"collection", "beta", "1 3 2", hub.Search{Collection: f.col["indicators"].ID}},
		{"collection and type", "beta", "1 3", hub.Search{Collection: f.col["indicators"].ID, Types: []string{"indicator"}}},
		{"since", "beta", "1 4 3 2", hub.Search{Since: after}},
		{"until", "beta", "", hub.Search{Until: after}},
		{"until, a collection", "beta", "", hub.Search{Until: after, Collection: f.col["indicators"].ID}},
		{"value and type", "beta", "", hub.Search{Value: "198.51.100.3", Types: []string{"malware"}}},
		{"value", "beta", "3", hub.Search{Value: "198.51.100.3", Types: []string{"indicator"}}},
	}
	for _, tt := range tests {
		for _, limit := range []int{0, 1, 2} {
			tt.q.Limit = limit
			if got := f.search(t, tt.who, tt.q); got != tt.want {
				t.Errorf("%s, %d a page: %q, want %q", tt.name, limit, got, tt.want)
			}
		}
	}
	// JSON's escapes are read before texts are compared.
	f.submit(t, "alpha", "indicators", stixText("malware", 9, 0, `"description":"S\u00fc\u00df \"quoted\""`))
	for _, text := range []string{"süß", `"QUOTED"`} {
		if got := f.search(t, "beta", hub.Search{Text: text}); got != "9" {
			t.Errorf("%s: %q", text, got)
		}
	}
}

func TestSearchIsRefused(t *testing.T) {
	f := newFixture(t, nil)
	f.submit(t, "alpha", "indicators", stixText("malware", 1, 0), stixText("malware", 2, 0))
	page, err := f.hub.Search(t.Context(), f.as(t, "beta"), hub.Search{Limit: 1})
	must(t, err)
	changes, err := f.hub.Changes(t.Context(), f.as(t, "beta"), "", "", 1)
	must(t, err)
	tests := []struct {
		name, who string
		code      hub.Code
		q         hub.Search
	}{
		{"limit", "beta", hub.Invalid, hub.Search{Limit: 1001}},
		{"no value", "beta", hub.Invalid, hub.Search{Value: "  "}},
		{"a cursor of nobody", "beta", hub.Invalid, hub.Search{Cursor: "AAAA"}},
		{"a cursor with other conditions", "beta", hub.Invalid, hub.Search{Cursor: page.Next, Text: "x"}},
		{"a cursor of the feed", "beta", hub.Invalid, hub.Search{Cursor: changes.Next}},
		{"organisation, by a stranger", "", hub.Unauthenticated, hub.Search{Organisation: f.org["alpha"].ID}},
		{"no such collection", "beta", hub.NotFound, hub.Search{Collection: "cases"}},
		{"a hidden collection", "beta", hub.NotFound, hub.Search{Collection: f.col["cases"].ID}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := f.hub.Search(t.Context(), f.as(t, tt.who), tt.q)
			wantCode(t, err, tt.code)
		})
	}
}

func TestFetchAndCount(t *testing.T) {
	f := newFixture(t, nil)
	ctx := t.Context()
	indicator := testID("indicator", 1)
	f.submit(t, "alpha", "indicators", stixText("indicator", 1, 0), stixText("indicator", 1, 3))
	f.submit(t, "alpha", "drop", stixText("indicator", 1, 3))
	found, err := f.hub.FetchObject(ctx, f.as(t, "gamma"), indicator, true)
	must(t, err)
	versions := []string{}
	for _, o := range found {
		versions = append(versions, o.Version)
	}
	if !slices.Equal(versions, []string{"2026-11-01T10:00:00.003Z", "2026-11-01T10:00:00.000Z"}) || found[0].Collection != f.col["drop"].ID {
		t.Errorf("%+v", found)
	}
	sighting := func(n, version int, more string) string {
		return stixText("sighting", n, version, `"sighting_of_ref":"`+indicator+`"`, more)
	}
	f.submit(t, "beta", "indicators", sighting(10, 0, `"count":5`), sighting(11, 0, `"x_any":1`))
	f.submit(t, "gamma", "indicators", sighting(12, 0, `"count":7`), sighting(12, 4, `"count":8`), sighting(13, 0, `"count":100`), sighting(13, 4, `"revoked":true`),
		stixText("opinion", 14, 0, `"opinion":"agree","object_refs":["`+indicator+`"]`),
		stixText("opinion", 15, 0, `"opinion":"disagree","object_refs":["`+indicator+`"]`),
		stixText("note", 16, 0, `"content":"x","object_refs":["`+indicator+`"]`))
	_, err = f.hub.Submit(ctx, f.as(t, "alpha"), hub.Submission{
		Root: hub.Community, Collection: "indicators", Organisations: []string{f.org["alpha"].ID},
		Body: envelope(stixText("sighting", 20, 0, `"sighting_of_ref":"`+indicator+`","count":1000`, marked(tlp.AmberStrictID))),
	})
	must(t, err)
	for who, want := range map[string]string{"delta": "{14 map[agree:1 disagree:1] 1}", "alpha": "{1014 map[agree:1 disagree:1] 1}"} {
		n, err := f.hub.Counts(ctx, f.as(t, who), indicator)
		if must(t, err); fmt.Sprint(n) != want {
			t.Errorf("%s: %v, want %s", who, n, want)
		}
		page, err := f.hub.Search(ctx, f.as(t, who), hub.Search{Value: "198.51.100.1", Counts: true})
		if must(t, err); len(page.Found) != 1 || fmt.Sprint(*page.Found[0].Counts) != want {
			t.Errorf("%s: %+v", who, page)
		}
	}
	for _, id := range []string{indicator, testID("indicator", 2), "", "\x00", strings.Repeat("x", 5000)} {
		_, err := f.hub.Counts(ctx, f.as(t, ""), id)
		wantCode(t, err, hub.NotFound)
		_, err = f.hub.FetchObject(ctx, f.as(t, ""), id, false)
		wantCode(t, err, hub.NotFound)
	}
}

// BenchmarkAround are the reads that clients make all day: a look-up by value, a
// poll of the change feed with nothing new, and all of the feed.
func BenchmarkAround(b *testing.B) {
	f := newFixture(b, filled(b))
	envelopes, _ := indicators(benchObjects, 500, f.org["alpha"].ID)
	submitAll(b, f, f.as(b, "alpha"), envelopes)
	c, ctx := f.as(b, "gamma"), b.Context()
	page, err := f.hub.Search(ctx, c, hub.Search{Limit: 1})
	must(b, err)
	_, value, _ := strings.Cut(string(page.Found[0].Object), "server ")
	value, _, _ = strings.Cut(value, `"`)
	last, err := f.hub.Changes(ctx, c, hub.CursorNow, "", 0)
	must(b, err)
	b.Run("look-up", func(b *testing.B) {
		for b.Loop() {
			page, err := f.hub.LookupValue(ctx, c, value)
			if must(b, err); len(page.Found) == 0 {
				b.Fatal("not found")
			}
		}
	})
	b.Run("look-up of nothing, IPv6", func(b *testing.B) {
		for b.Loop() {
			_, err := f.hub.LookupValue(ctx, c, "2001:db8::1")
			must(b, err)
		}
	})
	b.Run("poll", func(b *testing.B) {
		for b.Loop() {
			_, err := f.hub.Changes(ctx, c, last.Next, "", 0)
			must(b, err)
		}
	})
	b.Run("text", func(b *testing.B) {
		for b.Loop() {
			_, err := f.hub.Search(ctx, c, hub.Search{Text: "no such text"})
			must(b, err)
		}
	})
	b.Run("feed", func(b *testing.B) {
		for b.Loop() {
			cursor, got := "", 0
			for more := true; more; {
				page, err := f.hub.Changes(ctx, c, cursor, "", 1000)
				must(b, err)
				got, cursor, more = got+len(page.Changes), page.Next, page.More
			}
			if got != benchObjects {
				b.Fatal(got)
			}
		}
	})
}
