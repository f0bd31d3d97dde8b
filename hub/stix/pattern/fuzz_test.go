package pattern_test

import (
	"errors"
	"testing"

	"github.com/cybersec-infohub/infohub/hub/stix/pattern"
)

// FuzzParse holds that every pattern that is accepted is printed in a form that
// means the same and stays as it is, and that every error has a place in the input.
func FuzzParse(f *testing.F) {
	for _, src := range specExamples {
		f.Add(src)
	}
	for _, src := range []string{
		"[a:b NOT IN (+1, -.5, true, b'YQ==', h'0F', t'2016-12-31T23:59:60.1Z')]",
		"([a:'b-c'[0][*][-1] <> 'x\\'\\\\'] REPEATS 2 TIMES) START t'2016-06-01T00:00:00Z' STOP t'2017-06-01T00:00:00Z'",
		"[(a:b == 1 OR NOT EXISTS a:c) AND a:d ISSUPERSET ''] /* c */ // d",
		"(([a:b=1] FOLLOWEDBY [a:b=2]) OR [a:b=3]) AND [a:b=4]WITHIN 0.5 SECONDS",
		"[a:b = 'x", "[a:b =", "(((", "[a:b = 1]]", "\xff", "'\\", "b'", "+", "a-",
	} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		p, err := pattern.Parse(src)
		if err != nil {
			var e *pattern.SyntaxError
			if !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(src) || e.Line < 1 || e.Column < 1 || e.Error() == "" {
				t.Fatalf("%q: %#v", src, err)
			}
			return
		}
		canonical(t, src)
		again, err := pattern.Parse(p.String())
		if err != nil {
			t.Fatal(err)
		}
		a, b := p.Atoms(), again.Atoms()
		if len(a) != len(b) {
			t.Fatalf("%q: %d atoms, then %d", src, len(a), len(b))
		}
		for i := range a {
			if a[i] != b[i] || a[i].Alone && a[i].Negated {
				t.Fatalf("%q: %+v, then %+v", src, a[i], b[i])
			}
		}
	})
}
