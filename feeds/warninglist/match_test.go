package warninglist

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/hub/stix"
)

func newSet(t testing.TB, lists ...*List) *Set {
	t.Helper()
	s, err := NewSet(lists...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMatch(t *testing.T) {
	ip := []string{"ip-src", "ip-dst", "domain|ip"}
	names := []string{"domain", "hostname", "domain|ip", "url", "email-src"}
	for _, test := range []struct {
		typ        Type
		attributes []string
		entry      string
		kind       stix.ObservableKind
		key        string
		want       bool
	}{
		{CIDR, ip, "192.0.2.0/24", stix.IPv4, "192.0.2.7", true},
		{CIDR, ip, "192.0.2.0/24", stix.IPv4, "192.0.3.0", false},
		{CIDR, ip, "192.0.2.9/24", stix.IPv4, "192.0.2.7", true}, // bits behind the mask
		{CIDR, ip, "192.0.2.7", stix.IPv4, "192.0.2.7", true},
		{CIDR, ip, "192.0.2.7", stix.IPv4, "192.0.2.6", false},
		{CIDR, ip, "192.0.2.0/24", stix.CIDR4, "192.0.2.128/25", true},
		{CIDR, ip, "192.0.2.0/24", stix.CIDR4, "192.0.2.0/24", true},
		{CIDR, ip, "192.0.2.0/24", stix.CIDR4, "192.0.0.0/16", false},
		{CIDR, ip, "2001:DB8::/32", stix.IPv6, "2001:db8:1::1", true},
		{CIDR, ip, "2001:DB8::/32", stix.CIDR6, "2001:db8:1::/48", true},
		{CIDR, ip, "2001:DB8::/32", stix.CIDR6, "2001::/16", false},
		{CIDR, ip, "::ffff:192.0.2.0/120", stix.IPv4, "192.0.2.7", true},
		{CIDR, ip, "192.0.2.0/24", stix.Domain, "192.0.2.7.example", false},
		{CIDR, []string{"md5"}, "192.0.2.0/24", stix.IPv4, "192.0.2.7", false},

		{Hostname, names, ".Example.com", stix.Domain, "example.com", true},
		{Hostname, names, "example.com.", stix.Domain, "a.b.example.com", true},
		{Hostname, names, "example.com", stix.Domain, "badexample.com", false},
		{Hostname, names, "a.example.com", stix.Domain, "example.com", false},
		{Hostname, names, "bücher.example", stix.Domain, "shop.xn--bcher-kva.example", true},
		{Hostname, names, "example.com", stix.URL, "https://me:it@www.example.com:8443/a?b=http://x/", true},
		{Hostname, names, "example.com", stix.URL, "https://evil.example/example.com", false},
		{Hostname, names, "example.com", stix.URL, "https://example.com@evil.example/", false},
		{Hostname, names, "192.0.2.7", stix.URL, "http://192.0.2.7/x", true},
		{Hostname, names, "2", stix.URL, "http://192.0.2.2/x", false},
		{Hostname, names, "2001:DB8::1", stix.URL, "http://[2001:db8::1]:81/", true},
		{Hostname, names, "192.0.2.7", stix.IPv4, "192.0.2.7", true},
		{Hostname, names, "7", stix.IPv4, "192.0.2.7", false},
		{Hostname, names, "example.com", stix.Email, "a@mail.example.com", true},
		{Hostname, nil, "example.com", stix.FileName, "example.com", false},

		{String, names, "COM", stix.Domain, "com", true},
		{String, names, "example.com", stix.Domain, "www.example.com", false},
		{String, names, ".example.com", stix.Domain, "example.com", false},
		{String, names, "example.com", stix.URL, "http://example.com/", true},
		{String, names, "example.com", stix.URL, "http://example.com/x", false},
		{String, names, "https://Example.com", stix.URL, "https://example.com/", true},
		{String, names, "HTTP://Example.com:80/Path#top", stix.URL, "http://example.com/Path", true},
		{String, names, "http://example.com/Path", stix.URL, "http://example.com/path", false},
		{String, names, "Example.com/Path", stix.URL, "http://example.com/Path", true},
		{String, names, "http://example.com/x", stix.Domain, "example.com", false},
		{String, names, "A@Example.com", stix.Email, "a@example.com", true},
		{String, names, "BÜCHER.example", stix.Domain, "xn--bcher-kva.example", true},
		{String, ip, "2001:DB8:0::1", stix.IPv6, "2001:db8::1", true},
		{String, ip, "10.0.0.1/8", stix.CIDR4, "10.0.0.0/8", true},
		{String, ip, "10.0.0.0/8", stix.IPv4, "10.0.0.1", false},
		{String, []string{"filename|md5"}, "D41D8CD98F00B204E9800998ECF8427E", stix.Hash, "d41d8cd98f00b204e9800998ecf8427e", true},
		{String, []string{"ssdeep"}, "3:AbCd/:AbC", stix.Hash, "3:AbCd/:AbC", true},
		{String, []string{"ssdeep"}, "3:AbCd/:AbC", stix.Hash, "3:abcd/:abc", false},
		{String, []string{"x509-fingerprint-sha1"}, "3::", stix.Hash, "3::", true},
		{String, []string{"filename"}, "Setup.exe", stix.FileName, "Setup.exe", true},
		{String, []string{"filename"}, "Setup.exe", stix.FileName, "setup.exe", false},
		{String, []string{"regkey|value"}, `HKLM\Software\Run`, stix.RegistryKey, `hkey_local_machine\software\run`, true},
		{String, []string{"mac-address"}, "00-00-5E-00-53-01", stix.MAC, "00:00:5e:00:53:01", true},
		{String, []string{"AS"}, "AS64496", stix.ASN, "64496", true},
		{String, []string{"AS"}, "64496", stix.ASN, "64496", true},
		{String, []string{"vulnerability"}, "CVE-2021-44228", stix.CVE, "CVE-2021-44228", true},
		{String, nil, "hello", stix.Other, "email-message:subject=hello", true},
		{String, nil, "hello", "planet", "hello", false},
		{String, nil, ".", stix.URL, "http:///", false},

		{Substring, names, "@Mail.example", stix.Email, "joe@mail.example", true},
		{Substring, names, "mail.example", stix.Email, "joe@mail.example.org", true},
		{Substring, names, "mail.example", stix.Email, "joe@mail.exampl", false},
		{Substring, names, "/Path/", stix.URL, "http://a.example/x/Path/y", true},
		{Substring, names, "EXAMPLE/", stix.URL, "http://a.example/", true},
		{Substring, names, "xy", stix.Domain, "wxyz.example", true},
		{Substring, names, "xy", stix.Domain, "wyxz.example", false},
		{Substring, []string{"filename"}, "Ⱥ" + strings.Repeat("a", 250), stix.FileName, "Ⱥ" + strings.Repeat("a", 251), true},

		{Regex, names, `/^(noc|abuse)\@.*\..*$/i`, stix.Email, "noc@example.com", true},
		{Regex, names, `/^(noc|abuse)\@.*\..*$/i`, stix.Email, "joe@example.com", false},
		{Regex, names, `~^HTTPS?://[^/]+/a\~b$~i`, stix.URL, "http://x.example/a~b", true},
		{Regex, names, "{^ab{2}$}", stix.Domain, "abb", true},
		{Regex, names, "(b+)A", stix.Domain, "abb", false},
		{Regex, names, "#b+#", stix.Domain, "abb", true},
		{Regex, ip, "/./", stix.Domain, "b", true}, // domain|ip
		{Regex, []string{"md5"}, "/./", stix.Domain, "b", false},
	} {
		s := newSet(t, parse(t, listJSON("ours", test.typ, test.attributes, test.entry)))
		want := []Hit{{List: "ours", Version: 20261101, Entry: test.entry, Category: FalsePositive}}
		if !test.want {
			want = nil
		}
		if got := s.Match(test.kind, test.key); !slices.Equal(got, want) {
			t.Errorf("%s list with %q, %s %q: %v", test.typ, test.entry, test.kind, test.key, got)
		}
	}
}

// TestHits holds that each list is told once, in order, with its widest entry.
func TestHits(t *testing.T) {
	s := newSet(t,
		parse(t, listJSON("z", Hostname, nil, "www.example.com", "example.com", ".EXAMPLE.com")),
		parse(t, strings.Replace(listJSON("m", String, nil, "WWW.example.com", "www.example.com"), `"name"`, `"category": "known", "name"`, 1)),
		parse(t, listJSON("a", Regex, nil, "/example/", "/www/")),
		parse(t, listJSON("k", CIDR, nil, "192.0.2.7", "192.0.2.0/24", "192.0.0.0/16")),
		parse(t, listJSON("b", Substring, nil, "ample", "www.")),
		parse(t, strings.Replace(listJSON("b", Substring, nil, "www.", "nothing"), "20261101", "20261102", 1)),
	)
	dst := []Hit{{List: "z"}}
	want := []Hit{
		{List: "z"},
		{"a", 20261101, "/example/", FalsePositive}, {"b", 20261102, "www.", FalsePositive},
		{"m", 20261101, "WWW.example.com", Known}, {"z", 20261101, "example.com", FalsePositive},
	}
	if got := s.AppendMatch(dst, stix.Domain, "www.example.com"); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if got := s.Match(stix.IPv4, "192.0.2.7"); len(got) != 1 || got[0].Entry != "192.0.0.0/16" {
		t.Errorf("%v", got)
	}
	if got := newSet(t).Match(stix.IPv4, "192.0.2.7"); got != nil {
		t.Errorf("%v in no list", got)
	}
	room := make([]Hit, 0, 10)
	s = newSet(t, parse(t, listJSON("z", Hostname, nil, "example.com")), parse(t, listJSON("m", String, nil, "www.example.com")),
		parse(t, listJSON("b", Substring, nil, "ample", "www.")), parse(t, listJSON("k", CIDR, nil, "192.0.2.0/24", "2001:db8::/32")))
	if n := testing.AllocsPerRun(100, func() {
		room = s.AppendMatch(room[:0], stix.Domain, "www.example.com")
		room = s.AppendMatch(room, stix.URL, "http://www.example.com/a")
		room = s.AppendMatch(room, stix.IPv6, "2001:db8::1")
	}); n != 0 || len(room) != 6 {
		t.Errorf("%v allocations, %v", n, room)
	}
}

func TestSetBounds(t *testing.T) {
	var lists []*List
	for i := range MaxLists + 1 {
		lists = append(lists, parse(t, listJSON(fmt.Sprint(i), String, nil, "same.example")))
	}
	if _, err := NewSet(lists...); !errors.Is(err, ErrTooLarge) {
		t.Errorf("%d lists: %v", len(lists), err)
	}
	if got := newSet(t, lists[1:]...).Match(stix.Domain, "same.example"); len(got) != MaxLists {
		t.Errorf("on %d lists", len(got))
	}
	costly := slices.Repeat([]string{"/" + strings.Repeat("a", 1500) + "/"}, 20)
	if _, err := NewSet(parse(t, listJSON("a", Regex, nil, costly...)), parse(t, listJSON("b", Regex, nil, costly...))); !errors.Is(err, ErrTooLarge) {
		t.Errorf("regular expressions that cost too much together: %v", err)
	}
}
