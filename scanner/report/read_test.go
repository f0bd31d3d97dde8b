package report_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

func read(s string) (reports []*scanner.Report, err error) {
	err = report.Read(strings.NewReader(s), func(r *scanner.Report) error {
		reports = append(reports, r)
		return nil
	})
	return reports, err
}

// TestReadGivesBackWhatWasWritten: in every form that we write, and as an
// editor of Windows would save it.
func TestReadGivesBackWhatWasWritten(t *testing.T) {
	want := append(states(t), shop(t))
	for _, r := range want {
		if r.Findings == nil {
			r.Findings = []scanner.Finding{}
		}
	}
	opts := options(t, rules.Traditional)
	var document bytes.Buffer
	if err := report.JSON(&document, want, opts); err != nil {
		t.Fatal(err)
	}
	lines := stream(t, report.FormatJSONL, opts, want...)
	for name, s := range map[string]string{
		"document": document.String(), "stream": stream(t, report.FormatJSON, opts, want...), "lines": lines,
		"bom": "\ufeff" + document.String(), "crlf": strings.ReplaceAll(lines, "\n", "\r\n"), "no last line end": strings.TrimSpace(lines),
		"empty lines": "\n" + strings.ReplaceAll(lines, "\n", "\n\n"), "sorted keys": `{"reports":[` + strings.ReplaceAll(strings.TrimSpace(lines), "\n", ",") + `],"version":1}`,
	} {
		got, err := read(s)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %d reports differ from %d", name, len(got), len(want))
		}
	}
}

func TestDamagedReportsAreNamed(t *testing.T) {
	opts := options(t, rules.English)
	good := stream(t, report.FormatJSONL, opts, cleanSite(t))
	one := stream(t, report.FormatJSON, opts, shop(t))
	swap := func(s, old, replacement string) string {
		t.Helper()
		if !strings.Contains(s, old) {
			t.Fatalf("there is no %s", old)
		}
		return strings.Replace(s, old, replacement, 1)
	}
	lineOf := func(s, part string) int { return 1 + strings.Count(s[:strings.Index(s, part)], "\n") }
	tests := []struct {
		about, in string
		line      int
		reason    string
	}{
		{"nothing", "", 1, "empty"},
		{"white space", " \n\n", 1, "empty"},
		{"no JSON", "hello\n", 1, "no good JSON"},
		{"other JSON", "[1,2]\n", 1, "a report has a value of the wrong kind"},
		{"kept facts", `{"facts_version":1,"program":"infohub 1","facts":{}}` + "\n", 1, "infohub rejudge"},
		{"an HTML report", "<!doctype html>\n", 1, "invalid character '<'"},
		{"a second line cut short", good + good[:100], 2, "unexpected end"},
		{"a third line of another kind", good + good + "{}\n", 3, "version is 0"},
		{"a later version", swap(good, `"version":1`, `"version":2`), 1, "version is 2, and this program reads version 1"},
		{"a document of a later version", `{"version":2,"reports":[]}`, 1, "version is 2"},
		{"a document cut short", one[:len(one)/2], 1 + strings.Count(one[:len(one)/2], "\n"), "unexpected end"},
		{"a document with a broken byte", swap(one, `"millis": 3240`, `"millis": x`), lineOf(one, `"millis": 3240`), "invalid character 'x'"},
		{"a number in words", swap(one, `"millis": 3240`, `"millis": "long"`), lineOf(one, `"millis": 3240`), "millis has a value of the wrong kind (string)"},
		{"a time of no standard", good + swap(good, `2026-11-23T06:05:00Z`, `yesterday`), 2, "yesterday"},
		{"no domain", swap(good, `"domain":"good.example.hk"`, `"domain":""`), 1, "no domain"},
		{"a domain that is none", swap(good, `"domain":"good.example.hk"`, `"domain":"../../etc"`), 1, "../../etc"},
		{"an outcome of its own", swap(good, `"outcome":"pass"`, `"outcome":"splendid"`), 1, `no outcome "splendid"`},
		{"an outcome of its own in a document", swap(one, `"outcome": "fail"`, `"outcome": "splendid"`), lineOf(one, `"outcome": "fail"`), `no outcome "splendid"`},
		{"a time of no standard in a document", swap(one, `"started": "2026-11-23T06:05:00Z"`, `"started": "soon"`), lineOf(one, `"started": "2026-11-23T06:05:00Z"`), "soon"},
		{"a status of its own", swap(good, `"status":"complete"`, `"status":"fine"`), 1, `no status "fine"`},
		{"a grade of its own", swap(good, `"letter":"A+"`, `"letter":"Z"`), 1, `no grade "Z"`},
		{"a rule without a name", swap(good, `"rule":"web.hsts.missing"`, `"rule":""`), 1, "no rule"},
		{"a kind that acts on a terminal", swap(stream(t, report.FormatJSONL, opts, blocked(t)), `"kind":"blocked"`, `"kind":"\u001b[2J"`), 1, `"?[2J" is no code`},
		{"no reports but null", `{"version":1,"reports":[null]}`, 1, "version is 0"},
		{"two documents", one + one, 1 + strings.Count(one, "\n"), "after top-level value"},
		{"a line without end", strings.Repeat("x", 17<<20), 1, "over 16 MiB"},
	}
	for _, tt := range tests {
		_, err := read(tt.in)
		var bad *report.ReadError
		if !errors.As(err, &bad) {
			t.Errorf("%s: %v", tt.about, err)
			continue
		}
		if bad.Line != tt.line || !strings.Contains(bad.Error(), tt.reason) {
			t.Errorf("%s: %v; want line %d and %q", tt.about, err, tt.line, tt.reason)
		}
		if bad.Offset < 0 || bad.Offset > int64(len(tt.in)) || 1+strings.Count(tt.in[:bad.Offset], "\n") != bad.Line {
			t.Errorf("%s: byte %d is not in line %d", tt.about, bad.Offset, bad.Line)
		}
	}
}

func TestReadStopsWhereItIsTold(t *testing.T) {
	opts := options(t, rules.English)
	enough := errors.New("enough")
	for _, f := range []report.Format{report.FormatJSON, report.FormatJSONL} {
		n := 0
		err := report.Read(strings.NewReader(stream(t, f, opts, states(t)...)), func(*scanner.Report) error { n++; return enough })
		if n != 1 || !errors.Is(err, enough) {
			t.Errorf("%s: %d reports, %v", f, n, err)
		}
	}
}

// FuzzRead: whatever a file holds, reading ends, and what it gives can be shown
// in every form without acting on anything.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"version":1,"reports":[{"version":1,"target":{"domain":"a.hk"},"status":"complete","active":"ran","grade":{"letter":"A"}}]}`))
	f.Add([]byte(`{"version":1,"target":{"domain":"a.hk","unicode":"\u001b[2J"},"status":"unreachable","active":"ran","reason":{"kind":"timeout","detail":"\u202e"}}` + "\n"))
	f.Add([]byte(`{"version":1,"target":{"domain":"a.hk"},"status":"complete","active":"x","findings":[{"rule":"web.hsts.missing","outcome":"fail","evidence":[{"subject":"=1","observed":"\u0000"}]},{"rule":"\u001b","outcome":"unknown"},{"rule":"x","outcome":"not-applicable"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		opts := options(t, rules.English)
		opts.Verbose = true
		err := report.Read(bytes.NewReader(data), func(r *scanner.Report) error {
			for _, form := range report.Formats() {
				out := stream(t, form, opts, r)
				if bad := unsafe(strings.ReplaceAll(out, "\r\n", "\n")); bad != "" && form != report.FormatJSON && form != report.FormatJSONL {
					t.Errorf("%s has %+q", form, bad)
				}
			}
			return nil
		})
		var bad *report.ReadError
		if err != nil && (!errors.As(err, &bad) || bad.Line < 1 || bad.Offset < 0 || bad.Offset > int64(len(data))) {
			t.Errorf("%v", err)
		}
	})
}
