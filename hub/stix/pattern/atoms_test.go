package pattern_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/hub/stix/pattern"
)

func TestAtoms(t *testing.T) {
	tests := []struct {
		src  string
		want []string // type:property op value, then what is set
	}{
		{"[ipv4-addr:value = '198.51.100.1']", []string{"ipv4-addr:value = '198.51.100.1' alone"}},
		{"[file:hashes.'SHA-256' = 'ab' OR file:hashes.MD5 = 'cd']", []string{"file:hashes.'SHA-256' = 'ab' alone", "file:hashes.MD5 = 'cd' alone"}},
		{"[domain-name:value IN ('b.example', 'a.example')]", []string{"domain-name:value IN 'a.example' alone", "domain-name:value IN 'b.example' alone"}},
		{"[url:value = 'http://a.example/' AND email-addr:value = 'a@example.com']", []string{"email-addr:value = 'a@example.com'", "url:value = 'http://a.example/'"}},
		{"[ipv4-addr:value != '198.51.100.1']", []string{"ipv4-addr:value = '198.51.100.1' negated"}},
		{"[ipv4-addr:value NOT = '198.51.100.1']", []string{"ipv4-addr:value = '198.51.100.1' negated"}},
		{"[ipv4-addr:value NOT != '198.51.100.1']", []string{"ipv4-addr:value = '198.51.100.1' alone"}},
		{"[a:b NOT IN (1, 2)]", []string{"a:b IN 1 negated", "a:b IN 2 negated"}},
		{"[ipv4-addr:value ISSUBSET '198.51.100.0/24']", []string{"ipv4-addr:value ISSUBSET '198.51.100.0/24' alone"}},
		{"[ipv4-addr:value NOT ISSUPERSET '198.51.100.0/24']", []string{"ipv4-addr:value ISSUPERSET '198.51.100.0/24' negated"}},
		{"[network-traffic:dst_ref.value = '198.51.100.1']", []string{"network-traffic:dst_ref.value = '198.51.100.1' alone"}},
		{"[a:b LIKE '%' OR a:b MATCHES '.' OR a:b > 1 OR EXISTS a:b OR a:b IN ()]", nil},
		{"[a:b = 1] OR [a:b = 2] AND [a:b = 3]", []string{"a:b = 1 alone", "a:b = 2", "a:b = 3"}},
		{"[a:b = 1] FOLLOWEDBY [a:b = 2]", []string{"a:b = 1", "a:b = 2"}},
		{"[a:b = 1] REPEATS 2 TIMES OR [a:b = 2] REPEATS 1 TIMES OR [a:b = 3] WITHIN 5 SECONDS", []string{"a:b = 1", "a:b = 2 alone", "a:b = 3 alone"}},
		{"[a:b = 1] START t'2016-06-01T00:00:00Z' STOP t'2017-06-01T00:00:00Z'", []string{"a:b = 1"}},
		{"[a:b = 1 AND a:c = 1] OR [a:b = 1] OR [a:b = 1]", []string{"a:b = 1 alone", "a:c = 1"}},
		{"[a:b = 1] OR [a:b != 1]", []string{"a:b = 1 alone", "a:b = 1 negated"}},
		{"[a:b = '1' OR a:b = 1]", []string{"a:b = '1' alone", "a:b = 1 alone"}},
	}
	for _, tt := range tests {
		t.Run(tt.src, func(t *testing.T) {
			p, err := pattern.Parse(tt.src)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, a := range p.Atoms() {
				s := fmt.Sprintf("%s:%s %s %s", a.Type, a.Property, a.Op, a.Value)
				if a.Negated {
					s += " negated"
				}
				if a.Alone {
					s += " alone"
				}
				got = append(got, s)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// TestPublishedPatterns reads what others have published.
func TestPublishedPatterns(t *testing.T) {
	dir := os.Getenv("INFOHUB_TESTDATA")
	if dir == "" {
		t.Skip("not run: set INFOHUB_TESTDATA to a folder with stix/*.json")
	}
	files, err := filepath.Glob(filepath.Join(dir, "stix", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no STIX files in %s: %v", dir, err)
	}
	var all []string
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var doc any
		if err := json.Unmarshal(data, &doc); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, patternsIn(doc)...)
	}
	if len(all) == 0 {
		t.Fatal("no indicator has a pattern")
	}
	for _, src := range all {
		text := canonical(t, src)
		p, err := pattern.Parse(src)
		if err != nil {
			t.Fatal(err)
		}
		// All of them name whole values, and name them as they are.
		atoms := p.Atoms()
		if len(atoms) == 0 {
			t.Errorf("%s has no atoms", src)
		}
		for _, a := range atoms {
			if a.Negated || !strings.Contains(text, a.Property) || !strings.Contains(text, a.Value.String()) {
				t.Errorf("%s gave %+v", src, a)
			}
		}
	}
	t.Logf("%d patterns of %d files", len(all), len(files))
}

func patternsIn(v any) []string {
	var out []string
	switch v := v.(type) {
	case map[string]any:
		if src, ok := v["pattern"].(string); ok && v["type"] == "indicator" && v["pattern_type"] == "stix" {
			out = append(out, src)
		}
		for _, in := range v {
			out = append(out, patternsIn(in)...)
		}
	case []any:
		for _, in := range v {
			out = append(out, patternsIn(in)...)
		}
	}
	return out
}
