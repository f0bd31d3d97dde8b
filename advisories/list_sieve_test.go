package advisories

import (
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// FuzzSieve: what a text holds is found, whatever its characters are.
func FuzzSieve(f *testing.F) {
	f.Add("Example Server runs foreign programs", uint(3), uint(9))
	f.Add("示例伺服器可被遙距執行 code 程式碼", uint(6), uint(30))
	f.Add("a\xff\u00e9\u4e2d\U0001f600b\x00\x00o", uint(1), uint(9))
	f.Fuzz(func(t *testing.T, text string, from, length uint) {
		from = min(from, uint(len(text)))
		needle := fold(text[from : from+min(length, uint(len(text))-from)])
		if !strings.Contains(fold(text), needle) {
			t.Skip("cut in the middle of a character")
		}
		a := Advisory{Title: Texts{i18n.English: text}}
		b := newCard(&a, Published, "", tlp.Audience{Markings: []tlp.Marking{tlp.Clear}}, nil).encode()
		v, err := readCard(b)
		if err != nil || !strings.Contains(string(v.text), needle) {
			t.Fatalf("a card of %q has the text %q, %v", text, v.text, err)
		}
		for part := range parts(needle) {
			if !v.sieve.hasHash(part) {
				t.Fatalf("%q is in %q, and a part of it is not in the sieve", needle, text)
			}
		}
	})
}

// FuzzReadCard: a damaged card is an error.
func FuzzReadCard(f *testing.F) {
	a := Advisory{Title: Texts{i18n.English: "Fault"}, TLP: tlp.Green}
	f.Add(newCard(&a, Published, "", tlp.Audience{Markings: []tlp.Marking{tlp.Green}}, nil).encode())
	f.Add([]byte{gateOpen, 0, 1, 0, 0, 0, 0, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		l := &listing{c: &Caller{}, text: "fault", may: func(c *Caller, f *facts) bool { return mayRead(c, f.Audience, nil) }}
		if fits, err := l.fits(b); fits && err != nil {
			t.Error("a card that cannot be read fits")
		}
	})
}
