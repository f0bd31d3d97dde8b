package report_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/rules/technologies"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

// constants reads the values of the string constants of a type from a package's
// source: a new one needs words.
func constants(t *testing.T, dir, typ string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), dir+"/"+e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			name, ok := spec.Type.(*ast.Ident)
			if !ok || name.Name != typ {
				return true
			}
			for _, v := range spec.Values {
				if lit, ok := v.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					s, err := strconv.Unquote(lit.Value)
					if err != nil {
						t.Fatal(err)
					}
					values = append(values, s)
				}
			}
			return true
		})
	}
	if len(values) == 0 {
		t.Fatalf("no constants of type %s in %s", typ, dir)
	}
	slices.Sort(values)
	return slices.Compact(values)
}

func TestEveryConstantHasWords(t *testing.T) {
	const scan, catalogue = "..", "../../rules"
	tests := []struct {
		dir, typ, prefix string
		also             []string // suffixes of further words
	}{
		{scan, "Outcome", "outcome.", nil},
		{scan, "FailureKind", "failure.", []string{".next"}},
		{scan, "NAReason", "na.", nil},
		{scan, "Status", "status.", nil},
		{scan, "ActiveState", "active.", nil},
		{scan, "TargetFault", "target.", nil},
		{catalogue, "Severity", "severity.", []string{".about"}},
		{catalogue, "Owner", "owner.", []string{".about"}},
		{catalogue, "Platform", "platform.", nil},
	}
	w := i18n.For(i18n.English) // the other languages have the same keys
	for _, tt := range tests {
		for _, c := range constants(t, tt.dir, tt.typ) {
			for _, suffix := range append([]string{""}, tt.also...) {
				if key := tt.prefix + c + suffix; !w.Has(key) {
					t.Errorf("%s %q has no words: add %s to internal/i18n", tt.typ, c, key)
				}
			}
		}
	}
	for _, f := range rules.Families() {
		if !w.Has("family."+f) || !w.Has("family."+f+".about") {
			t.Errorf("family %s has no words", f)
		}
	}
	for _, letter := range []string{"A+", "A", "B", "C", "D", "E", "F"} {
		if !w.Has("grade." + letter) {
			t.Errorf("grade %s has no words", letter)
		}
	}
	for _, category := range technologies.Categories() {
		if !w.Has("technology." + category) {
			t.Errorf("the category %s has no words", category)
		}
	}
	for _, s := range rules.Severities() {
		if s != rules.Info && !w.Has("grade.cap."+string(s)) {
			t.Errorf("the cap of %s has no words", s)
		}
	}
	if got := constants(t, "../../rules", "Lang"); len(got) != len(i18n.Langs()) {
		t.Errorf("rules has the languages %q, i18n has %q", got, i18n.Langs())
	}
	for i, l := range rules.Langs() {
		if string(l) != string(i18n.Langs()[i]) {
			t.Errorf("rules has %s where i18n has %s", l, i18n.Langs()[i])
		}
	}
}

// TestSchemaKnowsEveryConstant: a value that the schema does not list would make
// a good report invalid.
func TestSchemaKnowsEveryConstant(t *testing.T) {
	data, err := os.ReadFile("../../docs/schema/report-1.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	for path, from := range map[string][2]string{
		"$defs/report/properties/status/enum":   {"..", "Status"},
		"$defs/report/properties/active/enum":   {"..", "ActiveState"},
		"$defs/report/properties/lang/enum":     {"../../rules", "Lang"},
		"$defs/finding/properties/outcome/enum": {"..", "Outcome"},
		"$defs/finding/properties/because/enum": {"..", "NAReason"},
		"$defs/finding/properties/owner/enum":   {"../../rules", "Owner"},
		"$defs/failure/properties/kind/enum":    {"..", "FailureKind"},
		"$defs/remedy/properties/for/enum":      {"../../rules", "Platform"},
		"$defs/severity/enum":                   {"../../rules", "Severity"},
	} {
		var at any = doc
		for step := range strings.SplitSeq(path, "/") {
			node, ok := at.(map[string]any)
			if !ok {
				t.Fatalf("the schema has no %s", path)
			}
			at = node[step]
		}
		var listed []string
		values, _ := at.([]any)
		for _, v := range values {
			s, _ := v.(string)
			listed = append(listed, s)
		}
		slices.Sort(listed)
		if want := constants(t, from[0], from[1]); !slices.Equal(listed, want) {
			t.Errorf("the schema's %s is %q, the code's %s is %q", path, listed, from[1], want)
		}
	}
}

func TestTargetProblem(t *testing.T) {
	tests := []struct {
		input string
		kind  scanner.TargetFault
		shown string // "": the input is not shown
	}{
		{"", scanner.TargetEmpty, ""},
		{"192.0.2.1", scanner.TargetAddress, "192.0.2.1"},
		{"*.example.hk", scanner.TargetWildcard, "*.example.hk"},
		{strings.Repeat("a", 300) + ".hk", scanner.TargetLong, "aaa"},
		{"localhost", scanner.TargetSingle, "localhost"},
		{"ftp://example.hk", scanner.TargetScheme, "ftp://example.hk"},
		{"example.hk:8443", scanner.TargetPort, "example.hk:8443"},
		{"exa mple.hk", scanner.TargetName, "exa mple.hk"},
		{"\x1b[31m{input}\u202e.hk", scanner.TargetName, "?[31m{input}?.hk"},
	}
	for _, tt := range tests {
		_, err := scanner.ParseTarget(tt.input)
		var bad *scanner.TargetError
		if !errors.As(err, &bad) || bad.Kind != tt.kind {
			t.Errorf("%.40q: %v, want the fault %s", tt.input, err, tt.kind)
			continue
		}
		said := map[string]bool{}
		for _, lang := range rules.Langs() {
			got := report.TargetProblem(lang, err)
			if !strings.Contains(got, tt.shown) || strings.HasPrefix(got, "target.") || strings.ContainsAny(got, "\x1b\u202e") {
				t.Errorf("%.40q in %s: %q", tt.input, lang, got)
			}
			said[got] = true
		}
		if len(said) != 3 {
			t.Errorf("%.40q has only %d texts", tt.input, len(said))
		}
	}
	if got := report.TargetProblem(rules.English, scanner.ErrPath); got != scanner.ErrPath.Error() {
		t.Errorf("another error became %q", got)
	}
}
