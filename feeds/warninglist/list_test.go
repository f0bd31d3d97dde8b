package warninglist

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/hub/stix"
)

// listJSON is a list in the published form.
func listJSON(name string, typ Type, attributes []string, entries ...string) string {
	quoted := func(texts []string) string {
		var b strings.Builder
		for i, text := range texts {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "%q", text)
		}
		return b.String()
	}
	return fmt.Sprintf(`{"description": "Values that are ours", "list": [%s], "matching_attributes": [%s], "name": %q, "type": %q, "version": 20261101}`,
		quoted(entries), quoted(attributes), name, typ)
}

func parse(t testing.TB, text string) *List {
	t.Helper()
	l, err := Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestParse(t *testing.T) {
	l := parse(t, listJSON("Office", CIDR, []string{"ip-src", "domain|ip", "ip-dst|port", "bic"}, "192.0.2.0/24", "2001:DB8::1"))
	if l.Name != "Office" || l.Description != "Values that are ours" || l.Version != 20261101 || l.Type != CIDR || l.Category != FalsePositive || l.Len() != 2 || l.Left != 0 {
		t.Fatalf("%+v", l)
	}
	if !slices.Equal(l.Unmapped, []string{"bic"}) || !slices.Equal(l.Attributes, []string{"ip-src", "domain|ip", "ip-dst|port", "bic"}) {
		t.Fatalf("%q of %q", l.Unmapped, l.Attributes)
	}
	for kind, want := range map[stix.ObservableKind]bool{stix.IPv4: true, stix.CIDR6: true, stix.Domain: true, stix.URL: false, stix.Hash: false, "planet": false} {
		if l.Concerns(kind) != want {
			t.Errorf("%s: %v", kind, !want)
		}
	}

	// What MISP takes as well: no type, a type in an array, comments, a known category.
	l = parse(t, `{"name": "a\nb", "list": {"AS64496": "ours", "": null}, "version": "7", "category": "known", "more": {"x": [1]}}`)
	if l.Type != String || l.Category != Known || l.Version != 7 || l.Name != "a b" || l.Len() != 1 || l.Left != 1 || !l.Concerns(stix.Mutex) {
		t.Fatalf("%+v", l)
	}
	if l = parse(t, `{"name": "a", "type": ["hostname"], "list": []}`); l.Type != Hostname || l.Version != 1 || l.Len() != 0 {
		t.Fatalf("%+v", l)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":        ``,
		"HTML":           `<html><title>Moved</title></html>`,
		"an array":       `["192.0.2.1"]`,
		"cut":            `{"name": "a", "list": ["192.0.2.1", "192.0`,
		"cut at the end": `{"name": "a", "list": []`,
		"two texts":      `{"name": "a", "list": []} {}`,
		"no name":        `{"list": []}`,
		"no list":        `{"name": "a"}`,
		"list of text":   `{"name": "a", "list": "192.0.2.1"}`,
		"nested":         `{"name": "a", "list": [["192.0.2.1"]]}`,
		"list twice":     `{"name": "a", "list": [], "list": ["a"]}`,
		"another type":   `{"name": "a", "list": [], "type": "glob"}`,
		"type of number": `{"name": "a", "list": [], "type": 1}`,
		"category":       `{"name": "a", "list": [], "category": "good"}`,
		"version":        `{"name": "a", "list": [], "version": 1.5}`,
		"long name":      `{"name": "` + strings.Repeat("a", MaxText+1) + `", "list": []}`,
		"many members":   `{"name": "a"` + manyMembers(200) + `, "list": []}`,
		"deep":           `{"name": "a", "list": [], "x": ` + strings.Repeat("[", 100_000) + `}`,
	} {
		if l, err := Parse(strings.NewReader(text)); err == nil {
			t.Errorf("%s: %+v", name, l)
		}
	}
}

func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `, "m%d": 1`, i)
	}
	return b.String()
}

// endless is a list that does not end.
type endless struct{ head string }

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.head)
	e.head = e.head[n:]
	for ; n < len(p); n++ {
		p[n] = ' '
	}
	return n, nil
}

func TestParseBounds(t *testing.T) {
	if _, err := Parse(&endless{head: `{"name": "a", "list": [`}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a list without end: %v", err)
	}
	many := `{"name": "a", "list": [` + strings.Repeat(`"a",`, MaxEntries) + `"a"]}`
	if _, err := Parse(strings.NewReader(many)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too many entries: %v", err)
	}
	cheap := listJSON("r", Regex, nil, slices.Repeat([]string{"/" + strings.Repeat("a", 1500) + "/"}, 50)...)
	if _, err := Parse(strings.NewReader(cheap)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("regular expressions that cost too much together: %v", err)
	}
	if _, err := Parse(strings.NewReader(listJSON("r", Regex, nil, slices.Repeat([]string{"(a)\\1"}, MaxRegexes+1)...))); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too many regular expressions: %v", err)
	}
	bad := parse(t, `{"name": "a", "list": [`+strings.Repeat(`1,`, 5000)+`true]}`)
	if bad.Left != 5001 || len(bad.Problems) != MaxProblems {
		t.Errorf("%d left, %d told", bad.Left, len(bad.Problems))
	}
}

func TestEntriesLeftOut(t *testing.T) {
	for typ, entries := range map[Type][]string{
		String:    {"", " ", strings.Repeat("a", MaxEntry+1)},
		Hostname:  {"", ".", "..."},
		Substring: {"", strings.Repeat("a", MaxSubstring+1)},
		CIDR:      {"", "example.com", "192.0.2.0/33", "0.0.0.0/0", "::/0", "::ffff:0.0.0.0/96", "fe80::1%eth0", "192.0.2"},
		Regex: {"", "abc", "^abc", "/abc", "//", "/a/x", "/a/é", `\a\`, "/a(?=b)/", `/(a)\1/`, "/a++/", "/(/", "/[b-a]/",
			"/(((a{1,100}){1,100}){1,100})/", "/(x{900}){900}/", `/(\pL{99}){99}/`, "/" + strings.Repeat("a", MaxRegex) + "/"},
	} {
		fine := map[Type]string{CIDR: "192.0.2.1", Regex: "/fine/", String: "fine", Hostname: "fine", Substring: "fine"}[typ]
		l := parse(t, listJSON("bad", typ, nil, append(entries, fine)...))
		if l.Len() != 1 || l.Left != len(entries) || len(l.Problems) != len(entries) {
			t.Errorf("%s: %d taken, %d left out of %d: %v", typ, l.Len(), l.Left, len(entries), l.Problems)
		}
		for _, p := range l.Problems {
			if p.Reason == "" || len(p.Entry) > 103 {
				t.Errorf("%+v", p)
			}
		}
	}
}
