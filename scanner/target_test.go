package scanner_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
)

func TestParseTarget(t *testing.T) {
	for _, tc := range []struct{ in, domain, unicode string }{
		{"example.hk", "example.hk", "example.hk"},
		{"  Example.HK. ", "example.hk", "example.hk"},
		{"www.example.hk", "example.hk", "example.hk"},
		{"www.hk", "www.hk", "www.hk"},
		{"https://www.example.hk/", "example.hk", "example.hk"},
		{"http://shop.example.hk", "shop.example.hk", "shop.example.hk"},
		{"a1--b.example.hk", "a1--b.example.hk", "a1--b.example.hk"},
		{"例子.香港", "xn--fsqu00a.xn--j6w193g", "例子.香港"},
		{"例子。香港", "xn--fsqu00a.xn--j6w193g", "例子.香港"},
		{"xn--fsqu00a.xn--j6w193g", "xn--fsqu00a.xn--j6w193g", "例子.香港"},
		{"XN--FSQU00A.xn--j6w193g", "xn--fsqu00a.xn--j6w193g", "例子.香港"},
	} {
		got, err := scanner.ParseTarget(tc.in)
		if err != nil || got.Domain != tc.domain || got.Unicode != tc.unicode {
			t.Errorf("ParseTarget(%q) = %+v, %v; want %s (%s)", tc.in, got, err, tc.domain, tc.unicode)
		}
		if got.Input != strings.TrimSpace(tc.in) {
			t.Errorf("ParseTarget(%q).Input = %q", tc.in, got.Input)
		}
	}
}

func TestParseTargetPageAddress(t *testing.T) {
	for _, in := range []string{"https://example.hk/shop?x=1", "example.hk/shop", "example.hk#top"} {
		got, err := scanner.ParseTarget(in)
		if !errors.Is(err, scanner.ErrPath) || got.Domain != "example.hk" {
			t.Errorf("ParseTarget(%q) = %+v, %v; want example.hk and ErrPath", in, got, err)
		}
	}
}

func TestParseTargetFaults(t *testing.T) {
	for _, tc := range []struct {
		in   string
		kind scanner.TargetFault
	}{
		{"", scanner.TargetEmpty},
		{"  \t", scanner.TargetEmpty},
		{"192.0.2.1", scanner.TargetAddress},
		{"192.0.2.1:443", scanner.TargetAddress},
		{"https://192.0.2.1/x", scanner.TargetAddress},
		{"192.0.2.0/24", scanner.TargetAddress},
		{"2001:db8::1", scanner.TargetAddress},
		{"https://[2001:db8::1]/", scanner.TargetAddress},
		{"*.example.hk", scanner.TargetWildcard},
		{strings.Repeat("a", 300) + ".hk", scanner.TargetLong},
		{strings.Repeat("a", 64) + ".hk", scanner.TargetLong},
		{strings.Repeat("abcdefghi.", 30) + "hk", scanner.TargetLong},
		{"localhost", scanner.TargetSingle},
		{"ftp://example.hk", scanner.TargetScheme},
		{"example.hk:8443", scanner.TargetPort},
		{"example..hk", scanner.TargetName},
		{"exa mple.hk", scanner.TargetName},
		{"-example.hk", scanner.TargetName},
		{"user@example.hk", scanner.TargetName},
		{"_dmarc.example.hk", scanner.TargetName},
		{"example.hk:x", scanner.TargetName},
		{"exa%6dple.hk", scanner.TargetName},
		{"1.2.3", scanner.TargetName},
		{"例子\u202e.hk", scanner.TargetName},
		{"\x1b[31mred.hk", scanner.TargetName},
	} {
		_, err := scanner.ParseTarget(tc.in)
		var te *scanner.TargetError
		if !errors.As(err, &te) || te.Kind != tc.kind {
			t.Errorf("ParseTarget(%.40q) = %v; want fault %q", tc.in, err, tc.kind)
		} else if strings.ContainsAny(te.Error(), "\x1b\u202e") {
			t.Errorf("ParseTarget(%q): the message carries control characters: %q", tc.in, te)
		}
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{"example.hk", "https://例子.香港/x", "*.a.hk", "[::1]:80", "a..b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := scanner.ParseTarget(s)
		var te *scanner.TargetError
		if err != nil && !errors.Is(err, scanner.ErrPath) {
			if !errors.As(err, &te) {
				t.Fatalf("%q: error %T is not a TargetError", s, err)
			}
			return
		}
		again, err := scanner.ParseTarget(got.Domain)
		if err != nil || again.Domain != got.Domain && again.Domain != strings.TrimPrefix(got.Domain, "www.") {
			t.Fatalf("%q gave %q, which gives %q, %v", s, got.Domain, again.Domain, err)
		}
	})
}
