package resolve_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner/probe/resolve"
)

func TestParseHints(t *testing.T) {
	const good = ". 3600000 NS A.ROOT-SERVERS.NET.\nA.ROOT-SERVERS.NET. 3600000 A 198.41.0.4\nA.ROOT-SERVERS.NET. 3600000 AAAA 2001:503:ba3e::2:30\n"
	tests := []struct {
		name, text string
		want       string // name and address of each, or a part of the error
	}{
		{"the usual file", "; comment\n" + good, "a.root-servers.net 198.41.0.4 a.root-servers.net 2001:503:ba3e::2:30"},
		{"addresses alone", "lab 60 IN A 127.0.0.1", "lab 127.0.0.1"},
		{"no ttl", "lab. A 127.0.0.1", "lab 127.0.0.1"},
		{"an address of no root server", good + "other. A 192.0.2.1\n", "a.root-servers.net 198.41.0.4 a.root-servers.net 2001:503:ba3e::2:30"},
		{"empty", "", "no address of a root server"},
		{"names without address", ". NS a.root.", "no address of a root server"},
		{"no zone file", "<html>", "root hints: "},
		{"include", "$INCLUDE /etc/passwd\n", "root hints: "},
		{"generate", "$GENERATE 1-60000 host$ A 127.0.0.1\n", "more than"},
		{"too many", many("s%d. A 127.0.0.1\n", 65), "more than 64 addresses"},
		{"too long", strings.Repeat("; filler\n", 20000) + good, "no address"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			hints, err := resolve.ParseHints(strings.NewReader(tt.text))
			var got []string
			for _, h := range hints {
				got = append(got, h.Name+" "+h.Addr.String())
			}
			if err != nil {
				got = []string{err.Error()}
			}
			if s := strings.Join(got, " "); s != tt.want && (err == nil || !strings.Contains(s, tt.want)) {
				t.Errorf("got %q, want %q", s, tt.want)
			}
		})
	}
}

func many(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func TestParseAnchors(t *testing.T) {
	const (
		ds  = ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n"
		key = ". 172800 IN DNSKEY 257 3 8 AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq7HrxRixHlFlExOLAJr5emLvN7SWXgnLh4+B5xQlNVz8Og8kvArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWezF0jLHwVN8efS3rCj/EWgvIWgb9tarpVUDK/b58Da+sqqls3eNbuv7pr+eoZG+SrDK6nWeL3c6H5Apxz7LjVc1uTIdsIXxuOLYA4/ilBmSVIzuDWfdRUfhHdY6+cn8HFRm+2hM8AnXGXws9555KrUB5qihylGa8subX2Nn6UwNR1AkUTV74bU=\n"
	)
	tests := []struct {
		name, text string
		n          int
		fails      string
	}{
		{"DS", ds, 1, ""},
		{"DNSKEY", "; comment\n" + key, 1, ""},
		{"both", ds + key, 2, ""},
		{"empty", "; nothing\n", 0, "no record"},
		{"of another zone", "hk. IN DS 1 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n", 0, `a record of "hk"`},
		{"of another type", ". NS a.root.\n", 0, "a NS record"},
		{"no zone file", `<?xml version="1.0"?>`, 0, "trust anchor: "},
		{"too many", strings.Repeat(ds, 17), 0, "more than 16"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			anchors, err := resolve.ParseAnchors(strings.NewReader(tt.text))
			if len(anchors) != tt.n || (err == nil) != (tt.fails == "") || (err != nil && !strings.Contains(err.Error(), tt.fails)) {
				t.Errorf("got %v, %v", anchors, err)
			}
		})
	}
}

// The built-in anchors and hints are those that Debian's package dns-root-data
// ships, where that is installed.
func TestDefaultsAreThoseOfIANA(t *testing.T) {
	if n := len(resolve.DefaultHints()); n != 26 {
		t.Errorf("%d hints, want 13 over IPv4 and 13 over IPv6", n)
	}
	f, err := os.Open("/usr/share/dns/root.ds")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("not run: install dns-root-data")
		}
		t.Skip("not run: install dns-root-data")
	}
	defer f.Close()
	anchors, err := resolve.ParseAnchors(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range resolve.DefaultAnchors() {
		found := false
		for _, b := range anchors {
			found = found || dns.IsDuplicate(a, b)
		}
		if !found {
			t.Errorf("%v is not in the package", a)
		}
	}
	hints, err := os.Open("/usr/share/dns/root.hints")
	if err != nil {
		t.Fatal(err)
	}
	defer hints.Close()
	shipped, err := resolve.ParseHints(hints)
	if err != nil {
		t.Fatal(err)
	}
	have := map[resolve.Hint]bool{}
	for _, h := range resolve.DefaultHints() {
		have[h] = true
	}
	for _, h := range shipped {
		if !have[h] {
			t.Errorf("%v is missing", h)
		}
	}
}

func FuzzParseHints(f *testing.F) {
	f.Add(". NS a.\na. A 192.0.2.1\n")
	f.Add("$ORIGIN example.\n$TTL 1h\n@ IN AAAA ::1")
	f.Add("$GENERATE 1-9 h$ A 192.0.2.$")
	f.Fuzz(func(t *testing.T, text string) {
		hints, err := resolve.ParseHints(strings.NewReader(text))
		if (err == nil) != (len(hints) > 0) || len(hints) > 64 {
			t.Errorf("%d hints, %v", len(hints), err)
		}
	})
}

func FuzzParseAnchors(f *testing.F) {
	f.Add(". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D")
	f.Add(". IN DNSKEY 257 3 8 AwEAAaz/tAm8")
	f.Fuzz(func(t *testing.T, text string) {
		anchors, err := resolve.ParseAnchors(strings.NewReader(text))
		if (err == nil) != (len(anchors) > 0) || len(anchors) > 16 {
			t.Errorf("%d anchors, %v", len(anchors), err)
		}
	})
}
