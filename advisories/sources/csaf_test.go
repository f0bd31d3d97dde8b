package sources_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/gopenpgp/v3/crypto"

	"github.com/cybersec-infohub/infohub/advisories/sources"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// run runs a source that is to go well.
func run(t *testing.T, p *sources.Puller, src sources.Source, state sources.State, sink sources.Sink) (sources.Outcome, sources.State) {
	t.Helper()
	out, next, err := p.Run(t.Context(), src, state, sink)
	if err != nil {
		t.Fatal(err)
	}
	return out, next
}

// TestProvider: all documents come, with their signatures checked; the next time
// nothing but the metadata and the list is asked for, and of what changed only that.
func TestProvider(t *testing.T) {
	for _, folder := range []bool{false, true} {
		s := newSite(t, "cert.example")
		p := newProvider(t, s, "cert.example")
		p.folder = folder
		p.add("GCERT-26-1", "GCERT-26-2", "GCERT-26-3")
		p.docs[2].unsigned = true
		p.build(t)
		sink := &kept{}
		out, state := run(t, s.puller(), p.source(), sources.State{}, sink)
		if out.New != 3 || out.Fetched != 3 || len(out.Refused) > 0 || !slices.Equal(sink.order, []string{"GCERT-26-1", "GCERT-26-2", "GCERT-26-3"}) {
			t.Fatalf("%+v, %v", out, sink.order)
		}
		one := sink.items["GCERT-26-1"]
		if one.From.Verified != "signature" || !strings.EqualFold(one.From.Key, p.key.GetFingerprint()) || one.From.ID != "cert" || one.From.Kind != "csaf" || !one.From.Fetched.Equal(day) ||
			one.From.URL != "https://cert.example/.well-known/csaf/white/2026/gcert-26-1.json" || string(one.Raw) != p.docs[0].text("cert.example") {
			t.Errorf("%+v", one.From)
		}
		if got := sink.items["GCERT-26-3"].From.Verified; got != "hash" {
			t.Errorf("unsigned: verified by %s", got)
		}
		s.requests()
		out, state = run(t, s.puller(), p.source(), state, sink)
		if asked := s.requests(); len(asked) != 2 || !strings.HasSuffix(asked[1], " 304") || out.Unchanged != 3 || out.Fetched != 0 {
			t.Errorf("unchanged: asked %v, %+v", asked, out)
		}
		p.docs[1].version, p.docs[1].updated = "2", day.Add(-time.Hour)
		p.add("GCERT-26-4")
		p.build(t)
		out, state = run(t, s.puller(), p.source(), state, sink)
		asked := s.requests()
		if out.New != 1 || out.Changed != 1 || out.Unchanged != 2 || slices.ContainsFunc(asked, func(a string) bool { return strings.Contains(a, "26-1") }) {
			t.Errorf("changed: %+v, asked %v", out, asked)
		}
		if state.Health.LastError != "" || !state.Health.LastSuccess.Equal(day) || state.Health.New != 1 {
			t.Errorf("health %+v", state.Health)
		}
	}
}

// TestDateAlone: a document with a new date and the same bytes costs one answer
// without a body.
func TestDateAlone(t *testing.T) {
	s := newSite(t, "cert.example")
	p := newProvider(t, s, "cert.example")
	p.add("GCERT-26-1")
	p.build(t)
	sink := &kept{}
	_, state := run(t, s.puller(), p.source(), sources.State{}, sink)
	p.docs[0].updated = day
	p.build(t)
	s.requests()
	out, _ := run(t, s.puller(), p.source(), state, sink)
	if asked := s.requests(); out.Unchanged != 1 || len(sink.order) != 1 || !slices.Contains(asked, "cert.example/.well-known/csaf/white/2026/gcert-26-1.json 304") || len(asked) != 3 {
		t.Errorf("%+v, asked %v", out, asked)
	}
}

// TestIndexOnly: where there is no changes.csv, index.txt will do.
func TestIndexOnly(t *testing.T) {
	s := newSite(t, "cert.example")
	p := newProvider(t, s, "cert.example")
	p.folder = true
	p.add("GCERT-26-1", "GCERT-26-2")
	p.build(t)
	s.remove("cert.example/.well-known/csaf/white/changes.csv")
	sink := &kept{}
	_, state := run(t, s.puller(), p.source(), sources.State{}, sink)
	p.docs[1].version = "2" // and nobody says so
	p.build(t)
	s.remove("cert.example/.well-known/csaf/white/changes.csv")
	out, _ := run(t, s.puller(), p.source(), state, sink)
	if out.Changed != 1 || out.Unchanged != 1 || number(sink.items["GCERT-26-2"]) != 2 {
		t.Errorf("%+v", out)
	}
}

// TestRefused: what is wrong with one document refuses that one, by a code that
// says why, and the others come.
func TestRefused(t *testing.T) {
	in := func(part string, f func(string) string) func(string, string) string {
		return func(path, body string) string {
			if strings.HasSuffix(path, part) {
				return f(body)
			}
			return body
		}
	}
	replace := func(old, by string) func(string) string {
		return func(body string) string { return strings.Replace(body, old, by, 1) }
	}
	const bad = "gcert-26-2.json"
	tests := []struct {
		about  string
		change func(path, body string) string
		spoil  func(*doc)
		strict bool
		folder bool // what no feed says
		want   sources.Code
	}{
		{about: "wrong checksum", change: in(bad+".sha512", func(string) string { return strings.Repeat("0", 128) }), want: sources.RefusedHash},
		{about: "no checksum in its file", change: in(bad+".sha512", func(string) string { return "<html>" }), want: sources.RefusedHash},
		{about: "changed after it was signed", change: func(path, body string) string {
			if strings.HasSuffix(path, bad) {
				return strings.Replace(body, "read", "fake", 1)
			}
			if strings.HasSuffix(path, bad+".sha512") { // whoever changed it can count
				return hash512(strings.Replace((&doc{id: "GCERT-26-2", version: "1", tlp: "WHITE"}).text("cert.example"), "read", "fake", 1))
			}
			return body
		}, want: sources.RefusedSignature},
		{about: "no signature in its file", change: in(bad+".asc", func(string) string { return "<html>" }), want: sources.RefusedSignature},
		{about: "signature too large", change: in(bad+".asc", func(s string) string { return s + strings.Repeat(" ", 100_000) }), want: sources.RefusedSignature},
		{about: "none, and one is wanted", spoil: func(d *doc) { d.unsigned = true }, strict: true, want: sources.RefusedUnsigned},
		{about: "not JSON", spoil: func(d *doc) { d.plain = true }, change: in(bad, func(s string) string { return s[:200] }), want: sources.RefusedFormat},
		{about: "deep", spoil: func(d *doc) { d.plain = true }, change: in(bad, func(string) string {
			return `{"document":` + strings.Repeat(`[`, 100_000) + strings.Repeat(`]`, 100_000) + `}`
		}), want: sources.RefusedFormat},
		{about: "too large", spoil: func(d *doc) { d.plain = true }, change: in(bad, func(s string) string { return s + strings.Repeat(" ", 16<<20) }), want: sources.RefusedSize},
		{about: "not by the schema", spoil: func(d *doc) { d.plain = true }, change: in(bad, replace(`"final"`, `"finished"`)), want: sources.RefusedFormat},
		{about: "fails a test", spoil: func(d *doc) { d.plain = true }, change: in(bad, replace(`"version": "1"`, `"version": "2"`)), want: sources.RefusedTest},
		{about: "another id than its name", spoil: func(d *doc) { d.plain = true }, change: in(bad, replace(`"GCERT-26-2"`, `"GCERT-26-22"`)), want: sources.RefusedName},
		{about: "another id than its name, in a directory", folder: true, spoil: func(d *doc) { d.plain = true }, change: in(bad, replace(`"GCERT-26-2"`, `"GCERT-26-22"`)), want: sources.RefusedName},
		{about: "another id than in the feed", spoil: func(d *doc) { d.plain = true }, change: in(bad, replace(`"GCERT-26-2"`, `"Gcert-26-2"`)), want: sources.RefusedName},
		{about: "by somebody else", spoil: func(d *doc) { d.namespace = "https://other.example" }, want: sources.RefusedPublisher},
		{about: "stricter than its feed", spoil: func(d *doc) { d.tlp = "AMBER" }, want: sources.RefusedTLP},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			s := newSite(t, "cert.example")
			p := newProvider(t, s, "cert.example")
			p.change, p.folder = tt.change, tt.folder
			p.add("GCERT-26-1", "GCERT-26-2", "GCERT-26-3")
			if tt.spoil != nil {
				tt.spoil(&p.docs[1])
			}
			p.build(t)
			src := p.source()
			src.RequireSignature = tt.strict
			sink := &kept{}
			out, state := run(t, s.puller(), src, sources.State{}, sink)
			if out.New != 2 || !slices.Equal(codes(out.Refused), []sources.Code{tt.want}) || !slices.Equal(sink.order, []string{"GCERT-26-1", "GCERT-26-3"}) {
				t.Fatalf("%+v", out)
			}
			refused := state.Refusals()
			if len(refused) != 1 || refused[0].Detail == "" || !strings.HasSuffix(refused[0].URL, bad) || len(refused[0].Detail) > 600 {
				t.Errorf("%+v", refused)
			}
			// Mended without a new date, it is taken a day later and not before.
			p.change, p.docs[1] = nil, doc{id: "GCERT-26-2", version: "1", tlp: "WHITE", updated: p.docs[1].updated}
			p.build(t)
			puller := s.puller()
			puller.Now = func() time.Time { return day.Add(25 * time.Hour) }
			out, state = run(t, puller, src, state, sink)
			if out.New != 1 || len(state.Refusals()) != 0 {
				t.Errorf("mended: %+v", out)
			}
		})
	}
}

// TestKeys: a key that is not the one that the metadata name verifies nothing.
func TestKeys(t *testing.T) {
	tests := []struct {
		about  string
		change func(path, body string) string
		want   []sources.Code
		by     string
	}{
		{"another fingerprint", func(path, body string) string {
			return strings.Replace(body, `"fingerprint":"`, `"fingerprint":"0000000000`, 1)
		}, []sources.Code{sources.RefusedKey}, ""},
		{"no fingerprint", func(path, body string) string {
			if i := strings.Index(body, `"fingerprint":`); i >= 0 {
				return body[:i] + body[strings.Index(body, `"url":"https://cert.example/.well-known/csaf/openpgp`):]
			}
			return body
		}, []sources.Code{sources.RefusedKey}, ""},
		{"no key there", func(path, body string) string {
			if strings.HasSuffix(path, "key.asc") {
				return "nothing"
			}
			return body
		}, []sources.Code{sources.RefusedKey}, ""},
		{"none named", func(path, body string) string {
			if i := strings.Index(body, `"public_openpgp_keys":`); i >= 0 {
				return body[:i] + body[strings.Index(body, `"publisher":`):]
			}
			return body
		}, nil, "hash"},
	}
	for _, tt := range tests {
		s := newSite(t, "cert.example")
		p := newProvider(t, s, "cert.example")
		p.change = tt.change
		p.add("GCERT-26-1")
		p.build(t)
		sink := &kept{}
		out, _ := run(t, s.puller(), p.source(), sources.State{}, sink)
		if !slices.Equal(codes(out.Refused), tt.want) || sink.items["GCERT-26-1"].From.Verified != tt.by {
			t.Errorf("%s: %+v", tt.about, out)
		}
	}
	// A key of somebody else, under the right address and its own fingerprint.
	s := newSite(t, "cert.example")
	p, other := newProvider(t, s, "cert.example"), newProvider(t, s, "cert.example")
	p.add("GCERT-26-1")
	p.build(t)
	own := p.key
	p.key = other.key
	p.change = func(path, body string) string {
		if strings.HasSuffix(path, "26-1.json.asc") {
			p.key = own
			defer func() { p.key = other.key }()
			return p.sign(t, p.docs[0].text(p.host))
		}
		return body
	}
	p.build(t)
	if out, _ := run(t, s.puller(), p.source(), sources.State{}, &kept{}); !slices.Equal(codes(out.Refused), []sources.Code{sources.RefusedSignature}) {
		t.Errorf("another key: %+v", out)
	}
}

// TestLabels: a document without a label has that of its feed, and where that has
// none, the source's.
func TestLabels(t *testing.T) {
	for _, tt := range []struct {
		feed, doc string
		want      tlp.Marking
	}{
		{"WHITE", "WHITE", tlp.Clear}, {"UNLABELED", "", tlp.Clear}, {"UNLABELED", "WHITE", tlp.Clear}, {"GREEN", "", tlp.Green}, {"AMBER", "", tlp.AmberStrict},
		{"AMBER", "AMBER", tlp.Amber}, {"AMBER", "WHITE", tlp.Clear}, {"RED", "", tlp.Red}, {"RED", "RED", tlp.Red},
	} {
		s := newSite(t, "cert.example")
		p := newProvider(t, s, "cert.example")
		p.label = tt.feed
		p.add("GCERT-26-1")
		p.docs[0].tlp = tt.doc
		p.build(t)
		sink := &kept{}
		out, _ := run(t, s.puller(), p.source(), sources.State{}, sink)
		if got := sink.items["GCERT-26-1"].Publication.Advisory.TLP; out.New != 1 || got != tt.want {
			t.Errorf("%s in %s: %q, %+v", tt.doc, tt.feed, got, out)
		}
	}
}

// TestExpiredKey: a signature outlives its key.
func TestExpiredKey(t *testing.T) {
	s := newSite(t, "cert.example")
	p := newProvider(t, s, "cert.example")
	var err error
	p.key, err = crypto.PGP().KeyGeneration().AddUserId("GovCERT example", "csirt@cert.example").GenerationTime(day.Add(-time.Hour).Unix()).Lifetime(7200).New().GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	p.add("GCERT-26-1")
	p.build(t)
	puller := s.puller()
	puller.Now = func() time.Time { return day.Add(1000 * time.Hour) }
	sink := &kept{}
	if out, _ := run(t, puller, p.source(), sources.State{}, sink); sink.items["GCERT-26-1"].From.Verified != "signature" {
		t.Errorf("%+v", out)
	}
}

// TestLarge: a large document comes like others; the largest that there may be,
// several at a time, do not fail for want of memory.
func TestLarge(t *testing.T) {
	s := newSite(t, "cert.example")
	p := newProvider(t, s, "cert.example")
	p.add("GCERT-26-1", "GCERT-26-2", "GCERT-26-3", "GCERT-26-4")
	p.pad = 14 << 20
	p.build(t)
	sink := &kept{}
	out, _ := run(t, s.puller(), p.source(), sources.State{}, sink)
	if out.New != 4 || len(sink.items["GCERT-26-1"].Raw) < 14<<20 {
		t.Errorf("%d new, %+v", out.New, out.Refused)
	}
}
