package stix_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/hub/stix"
)

// TestGetEscaped: a member is found by its name however that is written, and by no
// other.
func TestGetEscaped(t *testing.T) {
	names := []string{"", "a", "ab", "\u00e9", "\U0001F600", "\uFFFD", "a\\b", `a"b`, "\u0000", "ab\u00e9", "abc", "\u00e9b"}
	spell := []func(r rune) string{
		func(r rune) string {
			b, err := json.Marshal(string(r))
			if err != nil {
				t.Fatal(err)
			}
			return string(b[1 : len(b)-1])
		},
		func(r rune) string {
			if r > 0xFFFF {
				r -= 0x10000
				return fmt.Sprintf(`\u%04x\u%04X`, 0xD800+r>>10, 0xDC00+r&0x3FF)
			}
			return fmt.Sprintf(`\u%04X`, r)
		},
	}
	for _, written := range names {
		for _, how := range spell {
			var b strings.Builder
			for _, r := range written {
				b.WriteString(how(r))
			}
			var p stix.Parser
			v, err := p.Parse([]byte(`{"` + b.String() + `":1}`))
			if err != nil {
				t.Fatal(err)
			}
			for _, asked := range append(names, "\xff", "ab\xe9") {
				if found := v.Get(asked).Kind() == stix.Number; found != (asked == written) {
					t.Errorf("%q for %q: %v", asked, b.String(), found)
				}
			}
		}
	}
}

// TestSelectorsPastLongNames: many selectors go past a name that is long and has an
// escape without reading it each time. A gigabyte of memory would be moved for
// every thousand of them.
func TestSelectorsPastLongNames(t *testing.T) {
	text := `{"type":"campaign","\u0061` + strings.Repeat("b", 1<<20) + `":1,"granular_markings":[{"lang":"en","selectors":["zz"` + strings.Repeat(`,"zz"`, 20_000) + `]}]}`
	var p stix.Parser
	v, err := p.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	moved := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			stix.Validate(v)
		}
	}).AllocedBytesPerOp()
	if moved > 64<<20 {
		t.Errorf("%d bytes for a text of %d", moved, len(text))
	}
}
