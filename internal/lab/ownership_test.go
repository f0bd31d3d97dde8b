//go:build unix

package lab_test

import (
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/internal/lab"
	"github.com/cybersec-infohub/infohub/internal/ownership"
	"github.com/cybersec-infohub/infohub/scanner"
)

// TestOwnership: proofs in real zones, signed and not, and on real web servers;
// and what looks like one and is none.
func TestOwnership(t *testing.T) {
	secret, thief := []byte(strings.Repeat("s", 32)), []byte(strings.Repeat("t", 32))
	text := func(secret []byte, domain string) string {
		return ownership.Text(ownership.Token(secret, "", domain))
	}
	file := func(secret []byte, domain string) map[string]string {
		return map[string]string{strings.TrimPrefix(ownership.FilePath, "/"): text(secret, domain) + "\n"}
	}
	record := func(text string) string { return `_infohub-challenge TXT "` + text + `"` }
	tests := []struct {
		site lab.Site
		how  scanner.AuthorisedBy // "": not proved
	}{
		{lab.Site{Domain: "own-record.test", Zone: record(text(secret, "own-record.test"))}, scanner.ByDNS},
		{lab.Site{Domain: "own-unsigned.test", Zone: record(text(secret, "own-unsigned.test")), Sign: lab.Signing{Off: true}}, scanner.ByDNS},
		{lab.Site{Domain: "own-alias.test", Zone: "_infohub-challenge CNAME proof\nproof TXT \"" + text(secret, "own-alias.test") + `"`}, scanner.ByDNS},
		{lab.Site{Domain: "own-file.test", Files: file(secret, "own-file.test")}, scanner.ByFile},
		{lab.Site{Domain: "own-apache.test", Apache: true, Files: file(secret, "own-apache.test")}, scanner.ByFile},
		{lab.Site{Domain: "own-nothing.test"}, ""},
		{lab.Site{Domain: "own-stolen.test", Zone: record(text(thief, "own-stolen.test")), Files: file(thief, "own-stolen.test")}, ""},
		{lab.Site{Domain: "own-moved.test", Zone: record(text(secret, "own-record.test"))}, ""},
		// Only the forger's own signature stands behind it.
		{lab.Site{Domain: "own-forged.test", Zone: record(text(secret, "own-forged.test")), Sign: lab.Signing{DS: func([]string) []string {
			return []string{"own-forged.test. DS 1 13 2 " + strings.Repeat("ab", 32)}
		}}}, ""},
		{lab.Site{Domain: "own-elsewhere.test", Web: "return 302 https://own-file.test$request_uri;"}, ""},
	}
	sites := []lab.Site{{Domain: lab.Good}}
	var targets []scanner.Target
	for _, tt := range tests {
		sites = append(sites, tt.site)
		target, err := scanner.ParseTarget(tt.site.Domain)
		if err != nil {
			t.Fatal(err)
		}
		targets = append(targets, target)
	}
	_, walking, asking := start(t, sites)
	for name, e := range map[string]*scanner.Engine{"walking from the root": walking, "asking a resolver": asking} {
		grounds, without := app.Authorise(t.Context(), e, targets, secret, 4)
		if len(grounds)+len(without) != len(tests) {
			t.Errorf("%s: %d proved, %d not, of %d", name, len(grounds), len(without), len(tests))
		}
		for _, tt := range tests {
			var how scanner.AuthorisedBy
			if g := grounds[tt.site.Domain]; g != nil {
				how = g.How
			}
			if how != tt.how {
				t.Errorf("%s: %s is proved by %q; want %q", name, tt.site.Domain, how, tt.how)
				for _, r := range without {
					if r.Domain == tt.site.Domain {
						t.Logf("%+v", r.Tries)
					}
				}
			}
		}
	}
}
