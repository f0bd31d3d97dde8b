package sources_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/sources"
)

const catalogue = `{"title":"CISA Catalog of Known Exploited Vulnerabilities","catalogVersion":"2026.11.20","dateReleased":"2026-11-20T15:00:12.8123Z","count":%d,"vulnerabilities":[%s]}`

const exploited = `{"cveID":"CVE-2026-10001","vendorProject":"Example","product":"Shop","vulnerabilityName":"Example Shop Injection","dateAdded":"2026-11-19",
	"shortDescription":"A flaw.","requiredAction":"Apply updates.","dueDate":"2026-12-10","knownRansomwareCampaignUse":"Known","notes":"https://example.org","cwes":["CWE-89","CWE-20","CWE-89","nonsense"]}`

func TestParseKEV(t *testing.T) {
	second := strings.NewReplacer("10001", "10000", `"Known"`, `"Unknown"`, `"2026-12-10"`, `""`).Replace(exploited)
	list, warnings, err := sources.ParseKEV([]byte("\uFEFF" + fmt.Sprintf(catalogue, 2, exploited+","+second)))
	if err != nil || len(warnings) > 0 || len(list.Entries) != 2 || list.Version != "2026.11.20" || list.Released.Format(time.DateTime) != "2026-11-20 15:00:12" {
		t.Fatalf("%+v, %v, %v", list, warnings, err)
	}
	one, two := list.Entries[1], list.Entries[0]
	if one.CVE != "CVE-2026-10001" || one.Vendor != "Example" || one.Product != "Shop" || one.Name != "Example Shop Injection" || one.Added.Format(time.DateOnly) != "2026-11-19" ||
		one.Due.Format(time.DateOnly) != "2026-12-10" || !one.Ransomware || one.About != "A flaw." || one.Action != "Apply updates." || !slices.Equal(one.CWE, []string{"CWE-20", "CWE-89"}) {
		t.Errorf("%+v", one)
	}
	if two.Ransomware || !two.Due.IsZero() {
		t.Errorf("%+v", two)
	}
	if e := one.Exploitation(); !e.Known || !e.Ransomware || !e.Since.Equal(one.Added) || e.Source != "CISA KEV" {
		t.Errorf("%+v", e)
	}
	tests := []struct {
		about, data string
		good        int // entries; 0: an error
		warnings    int
	}{
		{"no id", fmt.Sprintf(catalogue, 2, exploited+`,{"cveID":"2026-1"}`), 1, 1},
		{"twice", fmt.Sprintf(catalogue, 2, exploited+","+exploited), 1, 1},
		{"no date", fmt.Sprintf(catalogue, 2, exploited+","+strings.NewReplacer("10001", "10002", "2026-11-19", "soon").Replace(exploited)), 1, 1},
		{"an entry of another kind", fmt.Sprintf(catalogue, 2, exploited+`,5`), 1, 1},
		{"the count is wrong", fmt.Sprintf(catalogue, 9, exploited), 1, 1},
		{"no date of its own", strings.Replace(fmt.Sprintf(catalogue, 1, exploited), "2026-11-20T", "T", 1), 1, 1},
		{"empty", fmt.Sprintf(catalogue, 0, ""), 0, 0},
		{"not one is good", fmt.Sprintf(catalogue, 1, "{}"), 0, 1},
		{"cut off", fmt.Sprintf(catalogue, 1, exploited)[:300], 0, 0},
		{"a page", "<html>", 0, 0},
		{"deep", strings.Repeat(`{"vulnerabilities":`, 100) + "1" + strings.Repeat("}", 100), 0, 0},
		{"a name twice", strings.Replace(fmt.Sprintf(catalogue, 1, exploited), `"count":1`, `"count":1,"count":1`, 1), 0, 0},
		{"more behind it", fmt.Sprintf(catalogue, 1, exploited) + "}", 0, 0},
		{"not UTF-8", fmt.Sprintf(catalogue, 1, strings.Replace(exploited, "Shop", "Sh\xffp", 1)), 0, 0},
	}
	for _, tt := range tests {
		list, warnings, err := sources.ParseKEV([]byte(tt.data))
		if len(list.Entries) != tt.good || len(warnings) != tt.warnings || (err == nil) != (tt.good > 0) {
			t.Errorf("%s: %+v, %q, %v", tt.about, list, warnings, err)
		}
	}
}

const table = "#model_version:v2025.03.14,score_date:2026-11-22T12:55:00Z\ncve,epss,percentile\nCVE-2026-2,0.5,0.99\nCVE-2026-10001,0.00043,0.0987\n"

func TestParseEPSS(t *testing.T) {
	table := strings.Replace(table, "CVE-2026-2,", "CVE-2026-20002,", 1)
	list, warnings, err := sources.ParseEPSS(strings.NewReader(strings.ReplaceAll(table, "\n", "\r\n")))
	if err != nil || len(warnings) > 0 || len(list.Rows) != 2 || list.Model != "v2025.03.14" || list.Date.Format(time.DateOnly) != "2026-11-22" {
		t.Fatalf("%+v, %v, %v", list, warnings, err)
	}
	if want := (advisories.EPSSRow{CVE: "CVE-2026-10001", EPSS: advisories.EPSS{Score: 0.00043, Percentile: 0.0987, Date: list.Date}}); list.Rows[0] != want {
		t.Errorf("%+v", list.Rows[0])
	}
	tests := []struct {
		about, data string
		good        int
		warnings    int
	}{
		{"of old", strings.Replace(table, "T12:55:00Z", "T00:00:00+0000", 1), 2, 0},
		{"above 1", table + "CVE-2026-30003,1.5,0\n", 2, 1},
		{"not a number", table + "CVE-2026-30003,NaN,0\n", 2, 1},
		{"endless", table + "CVE-2026-30003,+Inf,0\n", 2, 1},
		{"no id", table + "GHSA-1,0.5,0\n", 2, 1},
		{"short", table + "CVE-2026-30003,0.5\n", 2, 1},
		{"twice", table + "CVE-2026-20002,0.1,0.1\n", 2, 1},
		{"cut off", table[:len(table)-3], 0, 0},
		{"no columns", strings.Replace(table, "cve,epss,percentile\n", "", 1), 0, 0},
		{"no date", strings.Replace(table, "score_date", "day", 1), 0, 0},
		{"no rows", table[:strings.Index(table, "CVE")], 0, 0},
		{"a long line", table + strings.Repeat("x", 10_000) + "\n", 0, 0},
		{"empty", "", 0, 0},
	}
	for _, tt := range tests {
		list, warnings, err := sources.ParseEPSS(strings.NewReader(tt.data))
		if len(list.Rows) != tt.good || len(warnings) != tt.warnings || (err == nil) != (tt.good > 0) {
			t.Errorf("%s: %+v, %q, %v", tt.about, list, warnings, err)
		}
	}
}

// TestTables: KEV and EPSS from a server, packed too; what did not change is not
// handed on again, and what is no good takes the place of nothing.
func TestTables(t *testing.T) {
	s := newSite(t, "data.example")
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(strings.Replace(table, "CVE-2026-2,", "CVE-2026-20002,", 1)))
	_ = z.Close()
	s.put("data.example/kev.json", fmt.Sprintf(catalogue, 1, exploited))
	s.put("data.example/epss.csv.gz", packed.String())
	for _, tt := range []struct {
		kind sources.Kind
		name string
		rows int
		got  func(*kept) int
	}{
		{sources.KEV, "kev.json", 1, func(k *kept) int { return len(k.kev.Entries) }},
		{sources.EPSS, "epss.csv.gz", 2, func(k *kept) int { return len(k.epss.Rows) }},
	} {
		src := sources.Source{ID: string(tt.kind), Kind: tt.kind, URL: "https://data.example/" + tt.name}
		sink := &kept{}
		out, state := run(t, s.puller(), src, sources.State{}, sink)
		if out.Fetched != tt.rows || tt.got(sink) != tt.rows {
			t.Errorf("%s: %+v", tt.kind, out)
		}
		again := &kept{}
		if out, _ := run(t, s.puller(), src, state, again); out.Fetched != 0 || tt.got(again) != 0 {
			t.Errorf("%s, unchanged: %+v", tt.kind, out)
		}
		s.put("data.example/"+tt.name, "<html>sorry</html>")
		_, state, err := s.puller().Run(t.Context(), src, state, again)
		if err == nil || tt.got(again) != 0 || state.Health.Failures != 1 || !state.Health.LastSuccess.Equal(day) {
			t.Errorf("%s, a page: %v, %+v", tt.kind, err, state.Health)
		}
	}
}

// TestFiles: a file and a folder of this machine, and neither where they are not
// allowed.
func TestFiles(t *testing.T) {
	s := newSite(t, "cert.example")
	dir := t.TempDir()
	write := func(name, body string) {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	one, two := &doc{id: "GCERT-26-1", version: "1", tlp: "WHITE"}, &doc{id: "GCERT-26-2", version: "1"}
	write("csaf/any name.json", one.text("cert.example"))
	write("csaf/2026/gcert-26-2.json", two.text("cert.example"))
	write("csaf/2026/gcert-26-2.json.sha256", hash256(two.text("cert.example")))
	write("csaf/bad.json", `{"document":{}}`)
	write("csaf/hash.json", one.text("cert.example"))
	write("csaf/hash.json.sha512", hash512("another"))
	write("csaf/provider-metadata.json", "{}")
	write("csaf/readme.txt", "x")
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "csaf", "link.json")); err != nil {
		t.Fatal(err)
	}
	src := sources.Source{ID: "here", Kind: sources.CSAF, URL: filepath.Join(dir, "csaf")}
	sink := &kept{}
	out, state := run(t, s.puller(), src, sources.State{}, sink)
	if len(sink.items) != 2 || !slices.Equal(codes(out.Refused), []sources.Code{sources.RefusedFormat, sources.RefusedHash}) {
		t.Fatalf("%+v", out)
	}
	if sink.items["GCERT-26-2"].From.Verified != "hash" || sink.items["GCERT-26-1"].From.Verified != "none" ||
		sink.items["GCERT-26-2"].Publication.Advisory.TLP != "amber+strict" || sink.items["GCERT-26-1"].Publication.Advisory.TLP != "clear" {
		t.Errorf("%+v", sink.items)
	}
	one.version = "2"
	write("csaf/any name.json", one.text("cert.example"))
	if out, _ = run(t, s.puller(), src, state, sink); out.Changed != 1 || out.Unchanged != 1 {
		t.Errorf("changed: %+v", out)
	}
	src.URL = filepath.Join(dir, "csaf/any name.json")
	if out, _ = run(t, s.puller(), src, sources.State{}, &kept{}); out.New != 1 {
		t.Errorf("a file: %+v", out)
	}
	src.RequireSignature = true
	if _, _, err := s.puller().Run(t.Context(), src, sources.State{}, sink); err == nil {
		t.Error("signatures cannot be checked here")
	}
	src.RequireSignature = false
	s.fetch.Files = false
	for _, where := range []string{src.URL, dir, "file://" + dir, "file:///etc/passwd"} {
		src.URL = where
		if _, _, err := s.puller().Run(t.Context(), src, sources.State{}, sink); err == nil {
			t.Errorf("%s was read", where)
		}
	}
}

// TestRealDocuments: what vendors and authorities publish comes in.
func TestRealDocuments(t *testing.T) {
	data := os.Getenv("INFOHUB_TESTDATA")
	if data == "" {
		t.Skip("not run: INFOHUB_TESTDATA does not name the folder of real data")
	}
	s := newSite(t, "cert.example")
	sink := &kept{}
	out, state := run(t, s.puller(), sources.Source{ID: "real", Kind: sources.CSAF, URL: filepath.Join(data, "csaf")}, sources.State{}, sink)
	for _, r := range out.Refused {
		t.Errorf("%s: %s: %s", filepath.Base(r.URL), r.Code, r.Detail)
	}
	if out.Fetched < 50 || len(sink.items) < 50 {
		t.Errorf("%+v, %d", out, len(sink.items))
	}
	if again, _ := run(t, s.puller(), sources.Source{ID: "real", Kind: sources.CSAF, URL: filepath.Join(data, "csaf")}, state, sink); again.Fetched != 0 {
		t.Errorf("again: %+v", again)
	}
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		src sources.Source
		ok  bool
	}{
		{sources.Source{ID: "a", Kind: sources.CSAF, URL: "cert.example"}, true},
		{sources.Source{ID: "a", Kind: sources.CSAF, URL: "cert.example:8443"}, true},
		{sources.Source{ID: "a", Kind: sources.CSAF, URL: "https://cert.example/provider-metadata.json", Mode: sources.ModeDraft, Every: time.Hour}, true},
		{sources.Source{ID: "a", Kind: sources.KEV, URL: "cert.example"}, false},
		{sources.Source{ID: "a", Kind: sources.CSAF, URL: "/etc"}, false},
		{sources.Source{ID: "a", Kind: sources.CSAF, URL: "../etc"}, false},
		{sources.Source{ID: "a", Kind: sources.CSAF, URL: "user@cert.example"}, false},
		{sources.Source{ID: "a", Kind: sources.CSAF, URL: "cert.example/path"}, false},
		{sources.Source{ID: "a", Kind: sources.CSAF, URL: ""}, false},
		{sources.Source{ID: "", Kind: sources.CSAF, URL: "cert.example"}, false},
		{sources.Source{ID: "a", Kind: "rss", URL: "https://cert.example/"}, false},
		{sources.Source{ID: "a", Kind: sources.KEV, URL: "https://cert.example/", Every: time.Second}, false},
		{sources.Source{ID: "a", Kind: sources.KEV, URL: "https://cert.example/", Mode: "both"}, false},
	} {
		if err := tt.src.Check(false); (err == nil) != tt.ok {
			t.Errorf("%+v: %v", tt.src, err)
		}
	}
}

func TestNext(t *testing.T) {
	half := func() float64 { return 0.5 }
	src := &sources.Source{Kind: sources.Bulletin, Every: 2 * time.Hour}
	never := sources.State{}
	if next := never.Next(src, half); !next.IsZero() {
		t.Errorf("never run: %s", next)
	}
	good := sources.State{Health: sources.Health{LastRun: day}}
	bad := sources.State{Health: sources.Health{LastRun: day, Failures: 1}}
	if g, b := good.Next(src, half), bad.Next(src, half); !g.After(day.Add(time.Hour)) || !b.Before(g) || !b.After(day) {
		t.Errorf("after a success %s, after a failure %s", g, b)
	}
}
