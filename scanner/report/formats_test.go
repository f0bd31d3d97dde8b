package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/net/html"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

// stream writes reports in a format.
func stream(t *testing.T, f report.Format, opts report.Options, reports ...*scanner.Report) string {
	t.Helper()
	var b bytes.Buffer
	s, err := report.NewStream(&b, f, len(reports) != 1, opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reports {
		if err := s.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestFormatsAreGolden holds the formats for other programs, in each language.
func TestFormatsAreGolden(t *testing.T) {
	for _, lang := range rules.Langs() {
		opts := options(t, lang)
		for f, ext := range map[report.Format]string{
			report.FormatSARIF: "sarif", report.FormatCSV: "csv", report.FormatMarkdown: "md", report.FormatJUnit: "junit.xml", report.FormatBadge: "svg",
		} {
			golden(t, "shop."+string(lang)+"."+ext, []byte(stream(t, f, opts, shop(t))))
			if !f.Single() && lang == rules.English {
				golden(t, "states."+string(lang)+"."+ext, []byte(stream(t, f, opts, states(t)...)))
			}
		}
	}
	for name, r := range map[string]*scanner.Report{"clean": cleanSite(t), "blocked": blocked(t), "capped": capped(t)} {
		golden(t, name+".en.svg", []byte(stream(t, report.FormatBadge, options(t, rules.English), r)))
	}
}

// TestStreamsAreWhatWasThere: the formats that people have read until now are
// those of their own functions.
func TestStreamsAreWhatWasThere(t *testing.T) {
	opts := options(t, rules.English)
	r := shop(t)
	var one, line bytes.Buffer
	if err := errors.Join(report.JSON(&one, []*scanner.Report{r}, opts), report.JSONLine(&line, r, opts)); err != nil {
		t.Fatal(err)
	}
	for f, want := range map[report.Format]string{
		report.FormatText: text(t, opts, r), report.FormatHTML: page(t, r, opts), report.FormatJSON: one.String(), report.FormatJSONL: line.String(),
	} {
		if got := stream(t, f, opts, r); got != want {
			t.Errorf("%s differs: %s", f, firstDifference([]byte(got), []byte(want)))
		}
	}
	for _, reports := range [][]*scanner.Report{nil, states(t)} {
		if err := validate(t, schema(t, ""), []byte(stream(t, report.FormatJSON, opts, reports...))); err != nil {
			t.Errorf("%d reports: %v", len(reports), err)
		}
	}
}

func TestStreamRefuses(t *testing.T) {
	if _, err := report.NewStream(io.Discard, "pdf", false, options(t, rules.English)); err == nil || !strings.Contains(err.Error(), `"pdf"`) {
		t.Errorf("an unknown format: %v", err)
	}
	for _, f := range report.Formats() {
		s, err := report.NewStream(io.Discard, f, true, options(t, rules.English))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Add(shop(t)); err != nil {
			t.Errorf("%s: %v", f, err)
		}
		if err := s.Add(shop(t)); (err != nil) != f.Single() {
			t.Errorf("a second report as %s: %v", f, err)
		}
		full, err := report.NewStream(fullDisk{}, f, true, options(t, rules.English))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(full.Add(shop(t)), full.Close()); !errors.Is(err, errFull) {
			t.Errorf("%s on a full disk: %v", f, err)
		}
	}
}

var errFull = errors.New("no space left")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

// sarifSchema is OASIS's own (testdata; errata 01).
func sarifSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile("testdata/sarif-schema-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSARIFFitsTheStandardsSchema(t *testing.T) {
	s := sarifSchema(t)
	for _, lang := range append(rules.Langs(), "", "fr") {
		opts := options(t, lang)
		if err := validate(t, s, []byte(stream(t, report.FormatSARIF, opts, all(t)...))); err != nil {
			t.Errorf("lang %q: %v", lang, err)
		}
		for _, r := range all(t) {
			if err := validate(t, s, []byte(stream(t, report.FormatSARIF, opts, r))); err != nil {
				t.Errorf("%s: %v", r.Target.Domain, err)
			}
		}
		if err := validate(t, s, []byte(stream(t, report.FormatSARIF, opts))); err != nil {
			t.Errorf("no reports: %v", err)
		}
	}
	// The schema says something.
	good := stream(t, report.FormatSARIF, options(t, rules.English), shop(t))
	for _, change := range [][2]string{{`"version":"2.1.0"`, `"version":"2.0.0"`}, {`"level": "error"`, `"level": "high"`}, {`"driver"`, `"motor"`}} {
		if bad := strings.Replace(good, change[0], change[1], 1); bad == good || validate(t, s, []byte(bad)) == nil {
			t.Errorf("with %s it is valid", change[1])
		}
	}
}

// TestSARIFIsHonest: results are the faults and warnings, each with its rule; a
// scan that did not end well was not successful.
func TestSARIFIsHonest(t *testing.T) {
	type log struct {
		Runs []struct {
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Invocations []struct {
				ExecutionSuccessful        bool
				ToolExecutionNotifications []any
			}
			Results []struct {
				RuleID    string
				RuleIndex int
				Level     string
			}
		}
	}
	for _, r := range all(t) {
		got := decode[log](t, stream(t, report.FormatSARIF, options(t, rules.English), r))
		run := got.Runs[0]
		var want, have []string
		unknown := 0
		for _, f := range r.Findings {
			switch f.Outcome {
			case scanner.Fail, scanner.Warn:
				want = append(want, f.Rule)
			case scanner.UnknownResult:
				unknown++
			}
		}
		for _, res := range run.Results {
			have = append(have, res.RuleID)
			if run.Tool.Driver.Rules[res.RuleIndex].ID != res.RuleID {
				t.Errorf("%s: %s leads to the rule %s", r.Target.Domain, res.RuleID, run.Tool.Driver.Rules[res.RuleIndex].ID)
			}
		}
		if !slices.Equal(want, have) {
			t.Errorf("%s has the results %q, want %q", r.Target.Domain, have, want)
		}
		if r.Status != scanner.Complete {
			unknown++ // and the notice
		}
		if inv := run.Invocations[0]; len(inv.ToolExecutionNotifications) != unknown || inv.ExecutionSuccessful != (r.Status == scanner.Complete && r.Grade.Letter != "") {
			t.Errorf("%s: %d notifications, want %d; successful %v", r.Target.Domain, len(inv.ToolExecutionNotifications), unknown, inv.ExecutionSuccessful)
		}
	}
}

// TestCSV: every row has every column, one row a finding, and no cell is a
// formula.
func TestCSV(t *testing.T) {
	for _, lang := range rules.Langs() {
		out := stream(t, report.FormatCSV, options(t, lang), append(all(t), formulas(t))...)
		if bad := unsafe(strings.ReplaceAll(out, "\r\n", "\n")); bad != "" || strings.Count(out, "\n") != strings.Count(out, "\r\n") {
			t.Errorf("%s: the file has %+q, or a line that does not end in CRLF", lang, bad)
		}
		rows, err := csv.NewReader(strings.NewReader(out)).ReadAll() // also holds that all rows are as long
		if err != nil {
			t.Fatal(err)
		}
		want := 1
		for _, r := range append(all(t), formulas(t)) {
			want += max(1, len(r.Findings))
		}
		if len(rows) != want {
			t.Errorf("%d rows, want %d", len(rows), want)
		}
		for _, row := range rows {
			for _, c := range row {
				if strings.ContainsAny(c[:min(1, len(c))], "=+-@|%\t") || len(c) > 32_767 {
					t.Errorf("%s: the cell %.60q of %d bytes", lang, c, len(c))
				}
			}
			if row[2] == "unreachable" && row[13] == "" {
				t.Errorf("a site that was not reached has no reason: %q", row)
			}
		}
		if !strings.Contains(out, "'=HYPERLINK") || !strings.Contains(out, "'＝") {
			t.Errorf("the formulas are not shown")
		}
	}
}

// formulas has evidence that a spreadsheet would compute.
func formulas(t *testing.T) *scanner.Report {
	t.Helper()
	r := newReport(t, "formula.example.hk",
		of("dns.caa.missing", scanner.Failed(seen(`=HYPERLINK("https://evil.example";"x")`, "=1+1"))),
		of("tls.version.old", scanner.Failed(seen("＝1+1", "@SUM(A1)"))),
		of("dns.dnssec.missing", scanner.CannotTell(scanner.Failf(scanner.FailProtocol, "-2+3"))))
	r.Target.Domain = "@formula"
	return r
}

func TestJUnit(t *testing.T) {
	type suite struct {
		Name                             string     `xml:"name,attr"`
		Tests, Failures, Errors, Skipped int        `xml:"-"`
		Attrs                            []xml.Attr `xml:",any,attr"`
		Cases                            []struct {
			Name    string    `xml:"name,attr"`
			Failure *struct{} `xml:"failure"`
			Error   *struct{} `xml:"error"`
			Skipped *struct{} `xml:"skipped"`
		} `xml:"testcase"`
	}
	for _, lang := range rules.Langs() {
		reports := all(t)
		out := stream(t, report.FormatJUnit, options(t, lang), reports...)
		if bad := unsafe(out); bad != "" {
			t.Errorf("%s: the file has %+q", lang, bad)
		}
		var got struct {
			XMLName xml.Name `xml:"testsuites"`
			Suites  []suite  `xml:"testsuite"`
		}
		if err := xml.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Suites) != len(reports) {
			t.Fatalf("%d suites of %d reports", len(got.Suites), len(reports))
		}
		for i, s := range got.Suites {
			r := reports[i]
			n := map[string]int{"tests": len(s.Cases)}
			for _, c := range s.Cases {
				for kind, is := range map[string]bool{"failures": c.Failure != nil, "errors": c.Error != nil, "skipped": c.Skipped != nil} {
					if is {
						n[kind]++
					}
				}
			}
			for _, a := range s.Attrs {
				if a.Name.Local == "tests" || a.Name.Local == "failures" || a.Name.Local == "errors" || a.Name.Local == "skipped" {
					if a.Value != strconv.Itoa(n[a.Name.Local]) {
						t.Errorf("%s says %s=%s, has %d", s.Name, a.Name.Local, a.Value, n[a.Name.Local])
					}
				}
			}
			if len(s.Cases) != len(r.Findings)+1 {
				t.Errorf("%s has %d cases of %d findings", s.Name, len(s.Cases), len(r.Findings))
			}
			// Not scanned is not clean.
			if good := r.Status == scanner.Complete && r.Grade.Letter != ""; good != (s.Cases[0].Error == nil) {
				t.Errorf("%s: status %s, grade %q, error %v", s.Name, r.Status, r.Grade.Letter, s.Cases[0].Error)
			}
		}
	}
}

// TestHostileTextActsInNoMarkdown: outside of code, no stranger's character is
// left that means something.
func TestHostileTextActsInNoMarkdown(t *testing.T) {
	r := hostile(t)
	evil := "![x](https://evil.example/p.png) [a](javascript:b) <img src=x> `code` ``` ~~~ | @everyone #1 **b** $x$ &lt;"
	r.Target.Unicode = evil
	r.Findings[0].Params["mx"] = evil
	for i := range r.Findings {
		for j := range r.Findings[i].Evidence {
			r.Findings[i].Evidence[j].Observed = "`` " + evil + " ```"
		}
	}
	for _, lang := range rules.Langs() {
		out := stream(t, report.FormatMarkdown, options(t, lang), r)
		if bad := unsafe(out); bad != "" {
			t.Errorf("%s: the file has %+q", lang, bad)
		}
		for line := range strings.SplitSeq(withoutBlocks(out), "\n") {
			bare := withoutCode(line)
			bare = regexp.MustCompile(`\\[!-/:-@\[-`+"`"+`{-~]`).ReplaceAllString(bare, "")
			bare = strings.ReplaceAll(bare, "@<!-- -->", "")
			if strings.ContainsAny(bare, "`<@[]") || strings.Contains(bare, "~~") {
				t.Errorf("%s: %s\nof the line %s", lang, bare, line)
			}
		}
	}
}

// withoutBlocks leaves fenced code out.
func withoutBlocks(s string) string {
	var out []string
	fence := ""
	for line := range strings.SplitSeq(s, "\n") {
		switch {
		case fence != "":
			if line == fence {
				fence = ""
			}
		case strings.HasPrefix(line, "```"):
			fence = line
		default:
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

// withoutCode leaves code spans out, by CommonMark 6.1: a row of backticks ends
// at the next row of the same length.
func withoutCode(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			out.WriteString(s[i : i+2])
			i += 2
			continue
		case s[i] != '`':
			out.WriteByte(s[i])
			i++
			continue
		}
		n := len(s[i:]) - len(strings.TrimLeft(s[i:], "`"))
		end := -1
		for j := i + n; j < len(s); {
			m := len(s[j:]) - len(strings.TrimLeft(s[j:], "`"))
			if m == n {
				end = j + m
				break
			}
			j += max(m, 1)
		}
		if end < 0 {
			return out.String() + s[i:]
		}
		i = end
	}
	return out.String()
}

func TestBadge(t *testing.T) {
	css, err := os.ReadFile("page.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range rules.Langs() {
		for _, r := range all(t) {
			out := stream(t, report.FormatBadge, options(t, lang), r)
			if bad := unsafe(out); bad != "" {
				t.Errorf("%s: the badge has %+q", lang, bad)
			}
			dec := xml.NewDecoder(strings.NewReader(out))
			dec.Strict = true
			var names, words []string
			for {
				tok, err := dec.Token()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				switch x := tok.(type) {
				case xml.StartElement:
					names = append(names, x.Name.Local)
				case xml.CharData:
					words = append(words, strings.TrimSpace(string(x)))
				}
			}
			if !slices.Equal(names, []string{"svg", "title", "desc", "rect", "rect", "g", "text", "text"}) {
				t.Errorf("%s has the elements %q", r.Target.Domain, names)
			}
			if r.Grade.Letter != "" && !slices.Contains(words, r.Grade.Letter) {
				t.Errorf("%s: the grade %s is no text: %q", r.Target.Domain, r.Grade.Letter, words)
			}
			for _, m := range regexp.MustCompile(`<rect[^>]* fill="(#[0-9a-f]{6})"`).FindAllStringSubmatch(out, -1) {
				if c := contrast(t, "#ffffff", m[1]); c < 4.5 {
					t.Errorf("%s: white on %s has a contrast of %.2f", r.Target.Domain, m[1], c)
				}
				if m[1] != "#3b434a" && !strings.Contains(string(css), m[1]) {
					t.Errorf("%s: the page has no colour %s", r.Target.Domain, m[1])
				}
			}
		}
	}
	// It also reads as HTML, where a page holds it.
	doc := parse(t, stream(t, report.FormatBadge, options(t, rules.English), hostile(t)))
	for _, n := range find(doc, "") {
		if slices.ContainsFunc(n.Attr, func(a html.Attribute) bool {
			return strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "href"
		}) || n.Data == "script" {
			t.Errorf("the badge has <%s %v>", n.Data, n.Attr)
		}
	}
}
