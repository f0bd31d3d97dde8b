package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"html"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares got with a file of testdata, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test ./scanner/report -update writes it)", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (go test ./scanner/report -update, then read the difference):\n%s", name, firstDifference(got, want))
	}
}

func firstDifference(got, want []byte) string {
	g, w := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range min(len(g), len(w)) {
		if !bytes.Equal(g[i], w[i]) {
			return "got  " + string(g[i]) + "\nwant " + string(w[i])
		}
	}
	return "one is longer"
}

func text(t *testing.T, opts report.Options, reports ...*scanner.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Text(&b, reports, opts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTextIsGolden(t *testing.T) {
	for _, lang := range rules.Langs() {
		opts := options(t, lang)
		golden(t, "shop."+string(lang)+".txt", []byte(text(t, opts, shop(t))))
		golden(t, "states."+string(lang)+".txt", []byte(text(t, opts, states(t)...)))
		opts.Verbose, opts.Colour, opts.Width = true, true, 100
		golden(t, "verbose."+string(lang)+".txt", []byte(text(t, opts, shop(t))))
	}
}

// TestTextKeepsItsWidth: only the lines of snippets, which are for copying, may
// be longer.
func TestTextKeepsItsWidth(t *testing.T) {
	for _, lang := range rules.Langs() {
		for _, width := range []int{0, 1, 40, 41, 57, 80, 100, 133} {
			for _, verbose := range []bool{false, true} {
				opts := options(t, lang)
				opts.Width, opts.Verbose = width, verbose
				limit := max(width, 40)
				if width == 0 {
					limit = 80
				}
				out := text(t, opts, all(t)...)
				snippets := snippetLines(t, lang)
				for line := range strings.SplitSeq(out, "\n") {
					if got := columnsOf(line); got > limit && !snippets[strings.TrimSpace(line)] {
						t.Errorf("%s at %d: %d columns: %s", lang, width, got, line)
					}
					if strings.TrimRight(line, " ") != line {
						t.Errorf("%s at %d: space at the end of %q", lang, width, line)
					}
				}
			}
		}
	}
}

// snippetLines are the lines of every remedy in the fixtures, by JSON, which
// does not wrap.
func snippetLines(t *testing.T, lang rules.Lang) map[string]bool {
	t.Helper()
	lines := map[string]bool{}
	for _, r := range all(t) {
		var b bytes.Buffer
		if err := report.JSONLine(&b, r, options(t, lang)); err != nil {
			t.Fatal(err)
		}
		var got struct {
			Findings []struct{ Remedies []rules.Remedy }
		}
		if err := json.Unmarshal(b.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		for _, f := range got.Findings {
			for _, rem := range f.Remedies {
				for line := range strings.SplitSeq(rem.Snippet, "\n") {
					lines[strings.TrimSpace(line)] = true
				}
			}
		}
	}
	return lines
}

// columnsOf counts as terminals do, by another table than the code's.
func columnsOf(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul),
			r >= 0x3000 && r <= 0x303f, r >= 0xff01 && r <= 0xff60, r >= 0x1f300 && r <= 0x1faff:
			n += 2
		default:
			n++
		}
	}
	return n
}

// TestNobodyMistakesNotTestedForGood: each way in which a scan can end badly
// says what happened and what to do, in text and on the page.
func TestNobodyMistakesNotTestedForGood(t *testing.T) {
	s := states(t)
	tests := []struct {
		about  string
		report *scanner.Report
		want   []string
		not    []string
	}{
		{"clean", s[0], []string{"Grade A+", "No fault was found."}, []string{"stopped", "No grade"}},
		{"capped", s[1], []string{"Grade F: 29 of 100", "A critical fault holds the grade at F", "First: one fix"}, nil},
		{"blocked", s[2], []string{"No grade", "Too little could be tested in: Web pages.", "firewall turned us away", "Scan from another network", "make nuclei", "403 with a challenge page"}, []string{"Grade A+:", "No fault was found in what"}},
		{"stopped", s[3], []string{"This scan stopped before the end.", "let it run to the end"}, []string{"Grade A+:"}},
		{"slow", s[4], []string{"This scan stopped before the end.", "--timeout"}, nil},
		{"broken", s[5], []string{"This scan stopped before the end.", "report it to us", "the web probe panicked"}, nil},
		{"no engine", s[6], []string{"The active checks did not run to the end", "make nuclei"}, nil},
		{"no such name", s[7], []string{"This site could not be reached.", "There is no site of this name.", "spelling of the name", "nothing to grade"}, []string{"Active checks", "passed"}},
		{"silent", s[8], []string{"This site could not be reached.", "No answer came in time"}, []string{"passed"}},
		{"nothing judged", s[9], []string{"No grade", "Nothing could be tested."}, []string{"No fault"}},
	}
	for _, tt := range tests {
		opts := options(t, rules.English)
		opts.Width = 1000
		for kind, out := range map[string]string{"text": text(t, opts, tt.report), "page": bodyOf(t, page(t, tt.report, opts))} {
			for _, want := range tt.want {
				if !strings.Contains(out, want) {
					t.Errorf("%s: the %s does not say %q", tt.about, kind, want)
				}
			}
			for _, not := range tt.not {
				if strings.Contains(out, not) {
					t.Errorf("%s: the %s says %q", tt.about, kind, not)
				}
			}
		}
	}
}

func bodyOf(t *testing.T, page string) string {
	t.Helper()
	return textOf(find(parse(t, page), "main")[0])
}

func TestTextListsWhatIsAskedFor(t *testing.T) {
	opts := options(t, rules.English)
	short := text(t, opts, shop(t))
	opts.Verbose = true
	long := text(t, opts, shop(t))
	for _, tt := range []struct {
		about, s    string
		short, long bool
	}{
		{"a passed rule by name", "Browsers are not told to insist on https", false, true},
		{"a rule that does not apply", "Strangers can fetch your site's source code", false, true},
		{"an unknown one with its reason", "Your mail carries no signature", true, true},
		{"a fault", "Any authority may issue certificates for your name", true, true},
		{"its remedy", `CAA 0 issue "letsencrypt.org"`, false, true},
		{"a second platform", "Header always set X-Frame-Options", false, true},
		{"the fourth piece of evidence", "session3=", false, true},
		{"active checks", "Active checks", true, true},
		{"where to look further", "infohub rules show mail.spf.missing", true, true},
	} {
		if strings.Contains(short, tt.s) != tt.short || strings.Contains(long, tt.s) != tt.long {
			t.Errorf("%s: short %v, verbose %v", tt.about, strings.Contains(short, tt.s), strings.Contains(long, tt.s))
		}
	}
	if strings.Contains(short, "\x1b") {
		t.Error("there is colour without Colour")
	}
}

// TestTimesHaveAZone: a report is read elsewhere and later.
func TestTimesHaveAZone(t *testing.T) {
	opts := options(t, rules.English)
	opts.Zone = time.FixedZone("HKT", 8*3600)
	if out := text(t, opts, shop(t)); !strings.Contains(out, "23 November 2026, 14:05 UTC+08:00") {
		t.Errorf("no local time in:\n%.600s", out)
	}
	opts.Lang = rules.Traditional
	if out := page(t, shop(t), opts); !strings.Contains(html.UnescapeString(out), "2026年11月23日 14:05 UTC+08:00") {
		t.Error("no local time on the page")
	}
}

// failing is a full disk.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestWriteErrorsAreReported(t *testing.T) {
	opts, r := options(t, rules.English), shop(t)
	for name, err := range map[string]error{
		"Text": report.Text(failing{}, []*scanner.Report{r}, opts), "HTML": report.HTML(failing{}, r, opts),
		"JSON": report.JSON(failing{}, []*scanner.Report{r}, opts), "JSONLine": report.JSONLine(failing{}, r, opts),
	} {
		if !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A probe that ended without an answer, as mail often does, cut nothing short: a
// missing engine is then not told as a scan that stopped.
func TestMissingEngineBesideASilentMailServer(t *testing.T) {
	r := noEngine(t)
	r.Probes = append(r.Probes, scanner.ProbeRun{Name: "mail", Failure: scanner.Failf(scanner.FailTimeout, "port 25")})
	out := text(t, options(t, rules.English), r)
	if !strings.Contains(out, "The active checks did not run to the end") || strings.Contains(out, "This scan stopped") {
		t.Errorf("the notice is wrong:\n%s", out)
	}
}
