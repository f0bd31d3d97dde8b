package checks

import (
	"errors"
	"math"
	"strconv"
	"testing"
)

func TestParseHSTS(t *testing.T) {
	tests := []struct {
		value string
		want  hsts
		err   error
	}{
		{"max-age=31536000", hsts{maxAge: 31536000}, nil},
		{"MAX-AGE=1; includeSubDomains; preload", hsts{1, true, true}, nil},
		{` max-age = "31536000" ; `, hsts{maxAge: 31536000}, nil},
		{`max-age="3\1"`, hsts{maxAge: 31}, nil},
		{";;max-age=5;;", hsts{maxAge: 5}, nil},
		{"max-age=5;later=\"a;b=c\"", hsts{maxAge: 5}, nil},
		{"max-age=0", hsts{}, nil},
		{"max-age=99999999999999999999", hsts{maxAge: math.MaxInt64}, nil},
		{"", hsts{}, errHSTSNoMaxAge},
		{"includeSubDomains", hsts{}, errHSTSNoMaxAge},
		{"max-age", hsts{}, errHSTSGrammar},
		{"max-age=", hsts{}, errHSTSGrammar},
		{"max-age=-1", hsts{}, errHSTSGrammar},
		{"max-age=1.5", hsts{}, errHSTSGrammar},
		{"max-age=1 2", hsts{}, errHSTSGrammar},
		{`max-age="1`, hsts{}, errHSTSGrammar},
		{`max-age="1\`, hsts{}, errHSTSGrammar},
		{"max-age=1, max-age=2", hsts{}, errHSTSGrammar},
		{"includeSubDomains=1; max-age=1", hsts{}, errHSTSGrammar},
		{"=1; max-age=1", hsts{}, errHSTSGrammar},
		{"max-age=1; Max-Age=1", hsts{}, errHSTSTwice},
		{"max-age：1", hsts{}, errHSTSGrammar},
	}
	for _, tt := range tests {
		got, err := parseHSTS(tt.value)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%q: %+v, %v; want %+v, %v", tt.value, got, err, tt.want, tt.err)
		}
	}
}

// FuzzHSTS: what is understood can be written down plainly and read again.
func FuzzHSTS(f *testing.F) {
	for _, seed := range []string{"max-age=1; includeSubDomains", `max-age="1"; x="\""`, ";", "max-age=99999999999999999999", "a=b=c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		h, err := parseHSTS(value)
		if err != nil {
			if h != (hsts{}) {
				t.Errorf("%q: %v, and yet %+v", value, err, h)
			}
			return
		}
		plain := "max-age=" + strconv.FormatInt(h.maxAge, 10)
		if h.subDomains {
			plain += ";includeSubDomains"
		}
		if h.preload {
			plain += ";preload"
		}
		if again, err := parseHSTS(plain); err != nil || again != h {
			t.Errorf("%q means %+v; %q means %+v, %v", value, h, plain, again, err)
		}
	})
}

func TestParseFrameOptions(t *testing.T) {
	tests := []struct {
		lines []string
		want  framing
	}{
		{nil, framingNone},
		{[]string{"DENY"}, framingGuarded},
		{[]string{" sameorigin "}, framingGuarded},
		{[]string{"SAMEORIGIN, SAMEORIGIN"}, framingGuarded},
		{[]string{"SAMEORIGIN", "DENY"}, framingGuarded},
		{[]string{"SAMEORIGIN", "ALLOWALL"}, framingGuarded},
		{[]string{"nonsense, allowall"}, framingGuarded},
		{[]string{"ALLOWALL"}, framingIgnored},
		{[]string{"ALLOW-FROM https://example.com"}, framingIgnored},
		{[]string{""}, framingIgnored},
		{[]string{"no", "idea"}, framingIgnored},
	}
	for _, tt := range tests {
		if got := parseFrameOptions(tt.lines); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.lines, got, tt.want)
		}
	}
}

// FuzzFrameOptions: one known value always guards.
func FuzzFrameOptions(f *testing.F) {
	f.Add("DENY")
	f.Add("ALLOW-FROM x, allowall")
	f.Fuzz(func(t *testing.T, value string) {
		if got := parseFrameOptions([]string{value, "DENY"}); got != framingGuarded {
			t.Errorf("%q and DENY: %q", value, got)
		}
		if got := parseFrameOptions([]string{value}); got == framingNone {
			t.Errorf("%q: as if there were no header", value)
		}
	})
}

func TestParseReferrerPolicy(t *testing.T) {
	tests := []struct {
		lines []string
		want  string
	}{
		{nil, ""},
		{[]string{""}, ""},
		{[]string{"STRICT-ORIGIN"}, "strict-origin"},
		{[]string{"no-referrer, strict-origin-when-cross-origin"}, "strict-origin-when-cross-origin"},
		{[]string{"no-referrer", "origin", "future"}, "origin"},
		{[]string{"future"}, ""},
		{[]string{"no-referrer strict-origin"}, ""},
		{[]string{"always"}, "unsafe-url"},
		{[]string{"never", "default", "origin-when-crossorigin"}, "origin-when-cross-origin"},
	}
	for _, tt := range tests {
		if got := parseReferrerPolicy(tt.lines); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.lines, got, tt.want)
		}
	}
}

// FuzzReferrerPolicy: the last known name counts, whatever stands before it or,
// unknown, behind it.
func FuzzReferrerPolicy(f *testing.F) {
	f.Add("unsafe-url")
	f.Add("a,b , no-referrer")
	f.Fuzz(func(t *testing.T, value string) {
		if got := parseReferrerPolicy([]string{value, "same-origin, future"}); got != "same-origin" {
			t.Errorf("%q, same-origin, future: %q", value, got)
		}
	})
}
