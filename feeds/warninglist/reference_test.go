package warninglist

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/hub/stix"
)

// TestReference compares the index with going through all entries, on random lists
// of few letters, so that much is found.
func TestReference(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	text := func(letters string, most int) string {
		b := make([]byte, 1+r.IntN(most))
		for i := range b {
			b[i] = letters[r.IntN(len(letters))]
		}
		return string(b)
	}
	block := func() netip.Prefix {
		if r.IntN(2) == 0 {
			a := netip.AddrFrom4([4]byte{10, byte(r.IntN(2)), byte(r.IntN(4)), byte(r.IntN(256))})
			return netip.PrefixFrom(a, 1+r.IntN(32)).Masked()
		}
		a := netip.AddrFrom16([16]byte{0x20, 1, byte(r.IntN(2)), byte(r.IntN(4)), 15: byte(r.IntN(256))})
		return netip.PrefixFrom(a, 1+r.IntN(128)).Masked()
	}
	key := func(b netip.Prefix) stix.Observable { return stix.Lookup(b.String())[0] }
	for range 30 {
		var names, parts, blocks []string
		var nets []netip.Prefix
		for range 1 + r.IntN(60) {
			names = append(names, strings.Trim("a"+text("ab.", 7), ".")+".example")
			parts = append(parts, text("ab", 9))
			b := block()
			nets, blocks = append(nets, b), append(blocks, b.String())
		}
		s := newSet(t, parse(t, listJSON("n", Hostname, nil, names...)), parse(t, listJSON("s", Substring, nil, parts...)), parse(t, listJSON("c", CIDR, nil, blocks...)),
			parse(t, listJSON("x", String, nil, names...)))
		for range 200 {
			name := "a" + strings.ReplaceAll(text("ab.", 12), "..", "a") + ".example"
			want := map[string]bool{}
			for i := range names {
				want["n"] = want["n"] || name == names[i] || strings.HasSuffix(name, "."+names[i])
				want["x"] = want["x"] || name == names[i]
				want["s"] = want["s"] || strings.Contains(name, parts[i])
			}
			compare(t, s.Match(stix.Domain, name), want, name)

			value := block()
			want = map[string]bool{}
			for _, n := range nets {
				want["c"] = want["c"] || n.Bits() <= value.Bits() && n.Contains(value.Addr())
			}
			o := key(value)
			hits := s.Match(o.Kind, o.Key)
			for i := len(hits) - 1; i >= 0; i-- { // names and parts may be there, too
				if hits[i].List != "c" {
					hits = append(hits[:i], hits[i+1:]...)
				}
			}
			compare(t, hits, want, value.String())
		}
	}
}

func compare(t *testing.T, hits []Hit, want map[string]bool, value string) {
	t.Helper()
	got := map[string]bool{}
	for _, hit := range hits {
		got[hit.List] = true
	}
	for list, on := range want {
		if got[list] != on {
			t.Fatalf("%s on list %s: %v, want %v", value, list, got[list], on)
		}
	}
}

// published reads the lists of the project itself.
func published(t testing.TB) []*List {
	dir := os.Getenv("INFOHUB_TESTDATA")
	if dir == "" {
		t.Skip("not run: set INFOHUB_TESTDATA to a folder with warninglists/*.json")
	}
	paths, err := filepath.Glob(filepath.Join(dir, "warninglists", "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no lists in %s: %v", dir, err)
	}
	var lists []*List
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		l, err := Parse(f)
		f.Close()
		if err != nil {
			t.Fatalf("%s: %v", filepath.Base(path), err)
		}
		if l.Left != 0 || len(l.Unmapped) != 0 || l.Len() == 0 {
			t.Errorf("%s: %d entries, left out %v, unmapped %q", l.Name, l.Len(), l.Problems, l.Unmapped)
		}
		lists = append(lists, l)
	}
	return lists
}

func TestPublished(t *testing.T) {
	lists := published(t)
	s := newSet(t, lists...)
	for _, test := range []struct {
		kind stix.ObservableKind
		key  string
		want string // the lists' names
	}{
		{stix.IPv4, "10.1.2.3", "List of RFC 1918 CIDR blocks; List of RFC 5735 CIDR blocks"},
		{stix.CIDR4, "192.168.0.0/15", ""},
		{stix.IPv4, "1.0.0.1", "List of known IPv4 public DNS resolvers"},
		{stix.IPv4, "224.0.0.1", "List of RFC 5735 CIDR blocks; List of RFC 5771 multicast CIDR blocks"},
		{stix.IPv6, "2001:db8::5", "List of RFC 3849 CIDR blocks"},
		{stix.IPv6, "2620:0:860::1", "List of known Wikimedia address ranges"},
		{stix.Domain, "evil.zzux.com", "List of known dynamic DNS domains"},
		{stix.Domain, "com", "TLDs as known by IANA"},
		{stix.Domain, "youtu.be", "List of known URL Shorteners domains; List of known google domains"},
		{stix.URL, "https://bit.ly/3xyz", "List of known URL Shorteners domains"},
		{stix.Email, "abuse@shop.example", "Common contact e-mail addresses"},
		{stix.Email, "joe@0-mail.com", "List of disposable email domains"},
		{stix.Hash, "d41d8cd98f00b204e9800998ecf8427e", "List of known hashes for empty files"},
		{stix.Domain, "shop.example", ""},
		{stix.IPv4, "198.41.0.4", ""},
	} {
		var names []string
		for _, hit := range s.Match(test.kind, test.key) {
			names = append(names, hit.List)
		}
		if got := strings.Join(names, "; "); got != test.want {
			t.Errorf("%s %s: %q, want %q", test.kind, test.key, got, test.want)
		}
	}
	// Every entry finds its own list, for some kind that the list is for.
	for _, l := range lists {
		if l.Type == Regex {
			continue
		}
		missed := 0
		for _, entry := range l.entries {
			found := false
			for _, key := range append(stix.Lookup(strings.TrimLeft(entry, ".")), stix.Observable{Kind: stix.Hash, Key: entry}, stix.Observable{Kind: stix.Email, Key: "a@" + entry}) {
				for _, hit := range s.Match(key.Kind, key.Key) {
					found = found || hit.List == l.Name
				}
			}
			if !found && !(l.Type == String && entry[0] == '.') {
				if missed++; missed < 4 {
					t.Errorf("%s: %q is not found", l.Name, entry)
				}
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, typ := range []Type{String, Hostname, CIDR, Substring, Regex} {
		f.Add([]byte(listJSON("ours", typ, nil, "/a.*b/i", ".Example.com", "192.0.2.0/24", "a", "2001:DB8::1", `HKLM\a`)), "http://www.example.com/a")
		f.Add([]byte(listJSON("ours", typ, []string{"ip-src", "filename|md5"}, "10.0.0.0/8", "bücher.example", "Ⱥ@é", "...", "(a)s")), "10.0.0.0/9")
	}
	f.Add([]byte(`{"name": "a", "list": {"x": 1, "y": {"z": [null]}}, "type": ["string"], "category": "known"}`), "x")
	f.Fuzz(func(t *testing.T, data []byte, key string) {
		l, err := Parse(strings.NewReader(string(data)))
		if err != nil {
			return
		}
		if len(l.Problems) > MaxProblems || len(l.Problems) > l.Left {
			t.Fatalf("%d problems of %d", len(l.Problems), l.Left)
		}
		s, err := NewSet(l, l)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range []stix.ObservableKind{stix.IPv4, stix.IPv6, stix.CIDR4, stix.CIDR6, stix.Domain, stix.URL, stix.Email, stix.Hash, stix.MAC,
			stix.ASN, stix.FileName, stix.Mutex, stix.RegistryKey, stix.UserAgent, stix.Certificate, stix.CVE, stix.Other, ""} {
			hits := s.Match(kind, key)
			if len(hits) > 1 || len(hits) == 1 && (!l.Concerns(kind) || hits[0].List != l.Name) {
				t.Fatalf("%s %q: %v", kind, key, hits)
			}
			if again := s.Match(kind, key); fmt.Sprint(again) != fmt.Sprint(hits) {
				t.Fatalf("%v, then %v", hits, again)
			}
		}
		for _, entry := range l.entries { // a name stands for itself
			if l.Type == String && l.Concerns(stix.FileName) && len(s.Match(stix.FileName, entry)) != 1 {
				t.Fatalf("%q is not on its list", entry)
			}
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	const size = 500_000
	var names, nets []string
	for i := range size {
		names = append(names, fmt.Sprintf("h%d.site%d.example", i, i%1000))
		nets = append(nets, fmt.Sprintf("10.%d.%d.%d/%d", i>>16, i>>8&255, i&255, 20+i%13))
	}
	s := newSet(b, parse(b, listJSON("n", Hostname, nil, names...)), parse(b, listJSON("s", String, nil, names...)),
		parse(b, listJSON("c", CIDR, []string{"ip-src"}, nets...)), parse(b, listJSON("p", Substring, []string{"email-src", "url"}, names[:20_000]...)))
	for _, o := range []stix.Observable{
		{Kind: stix.Domain, Key: "www.h77.site77.example"}, {Kind: stix.Domain, Key: "nothing.shop.test"}, {Kind: stix.IPv4, Key: "10.3.9.9"},
		{Kind: stix.IPv6, Key: "2001:db8::1"}, {Kind: stix.Email, Key: "joe@h77.site77.example"}, {Kind: stix.URL, Key: "https://www.shop.test/some/path/index.html?id=1234567"},
		{Kind: stix.Hash, Key: "d41d8cd98f00b204e9800998ecf8427e"},
	} {
		b.Run(string(o.Kind)+"="+o.Key[:8], func(b *testing.B) {
			room := make([]Hit, 0, 16)
			b.ReportAllocs()
			for b.Loop() {
				room = s.AppendMatch(room[:0], o.Kind, o.Key)
			}
		})
	}
}

// BenchmarkHostile is a substring list that is made to cost as much as it can.
func BenchmarkHostile(b *testing.B) {
	var parts []string
	for n := range MaxSubstring - 4 {
		parts = append(parts, strings.Repeat("a", 4+n)+"b")
	}
	s := newSet(b, parse(b, listJSON("p", Substring, nil, parts...)))
	key := strings.Repeat("a", stix.MaxKey)
	for b.Loop() {
		s.Match(stix.URL, key)
	}
}

func BenchmarkNewSet(b *testing.B) {
	lists := published(b)
	b.ReportAllocs()
	for b.Loop() {
		newSet(b, lists...)
	}
}
