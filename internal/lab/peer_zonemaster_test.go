//go:build unix

package lab_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/lab"
)

// zonemaster's tests are its message tags, each with the test case that gives
// it: "DELEGATION01 NOT_ENOUGH_NS_DEL". A test case that ran without the tag
// found no fault.
func zonemaster() peer {
	return peer{
		name: "Zonemaster",
		sites: func(s lab.Site) bool {
			for _, rule := range append(s.Fails, s.Warns...) {
				if strings.HasPrefix(rule, "dns.") {
					return true
				}
			}
			return s.Domain == lab.Bad
		},
		missing: func() string {
			if _, err := exec.LookPath("zonemaster-cli"); err != nil {
				return "install zonemaster-cli"
			}
			return ""
		},
		pairs: []pair{
			{"dns.ns.single", []string{"DELEGATION01 NOT_ENOUGH_NS_DEL"}},
			{"dns.ns.lame", []string{"DELEGATION04 IS_NOT_AUTHORITATIVE"}},
			{"dns.ns.inconsistent", []string{"CONSISTENCY04 MULTIPLE_NS_SET", "DELEGATION07 EXTRA_NAME_CHILD", "DELEGATION07 EXTRA_NAME_PARENT"}},
			{"dns.soa.serial-mismatch", []string{"CONSISTENCY01 MULTIPLE_SOA_SERIALS"}},
			{"dns.ns.no-tcp", []string{"CONNECTIVITY02 CN02_NO_RESPONSE_TCP"}},
			{"dns.ns.open-recursion", []string{"NAMESERVER01 IS_A_RECURSOR"}},
			{"dns.ns.axfr", []string{"NAMESERVER03 AXFR_AVAILABLE"}},
			{"dns.ns.no-edns", []string{"NAMESERVER02 NO_EDNS_SUPPORT"}},
			{"dns.ns.case", []string{"NAMESERVER08 QNAME_CASE_INSENSITIVE"}},
			{"dns.ns.glue", []string{"CONSISTENCY05 IN_BAILIWICK_ADDR_MISMATCH"}},
			{"dns.ns.cname", []string{"DELEGATION05 NS_IS_CNAME"}},
			{"dns.ns.no-ipv6", []string{"DELEGATION01 NO_IPV6_NS_DEL"}},
			{"dns.dnssec.missing", []string{"DNSSEC07 NEITHER_DNSKEY_NOR_DS"}},
			{"dns.dnssec.bogus", []string{"DNSSEC02 DS02_NO_MATCH_DS_DNSKEY", "DNSSEC08 DS08_RRSIG_NOT_VALID_BY_DNSKEY", "DNSSEC02 DS02_NO_VALID_DNSKEY_FOR_ANY_DS"}},
			{"dns.dnssec.weak-algorithm", []string{"DNSSEC05 ALGORITHM_DEPRECATED", "DNSSEC05 ALGORITHM_NOT_RECOMMENDED"}},
			{"dns.dnssec.weak-key", []string{"DNSSEC14 DNSKEY_SMALLER_THAN_REC", "DNSSEC14 DNSKEY_TOO_SMALL_FOR_ALGO"}},
			{"dns.dnssec.ds-digest", []string{"DNSSEC01 DS01_DS_ALGO_DEPRECATED"}},
			{"dns.dnssec.signature-expiring", []string{"DNSSEC04 REMAINING_SHORT", "DNSSEC04 RRSIG_EXPIRED"}},
			{"dns.dnssec.signature-long", []string{"DNSSEC04 REMAINING_LONG", "DNSSEC04 DURATION_LONG"}},
			{"dns.dnssec.nsec3-iterations", []string{"DNSSEC03 MANY_ITERATIONS", "DNSSEC03 TOO_MANY_ITERATIONS"}},
			{"dns.dnssec.cds-mismatch", []string{"DNSSEC15 DS15_INCONSISTENT_CDS", "DNSSEC16 DS16_CDS_MATCHES_NO_DNSKEY", "DNSSEC18 DS18_NO_MATCH_CDS_RRSIG_DS"}},
			{"dns.soa.timers", []string{
				"ZONE02 REFRESH_MINIMUM_VALUE_LOWER", "ZONE03 REFRESH_LOWER_THAN_RETRY", "ZONE04 RETRY_MINIMUM_VALUE_LOWER",
				"ZONE05 EXPIRE_MINIMUM_VALUE_LOWER", "ZONE05 EXPIRE_LOWER_THAN_REFRESH", "ZONE06 SOA_DEFAULT_TTL_MAXIMUM_VALUE_HIGHER", "ZONE06 SOA_DEFAULT_TTL_MAXIMUM_VALUE_LOWER",
			}},
			{"dns.soa.mname", []string{"ZONE01 Z01_MNAME_NOT_AUTHORITATIVE", "ZONE01 Z01_MNAME_NOT_RESOLVE", "ZONE07 MNAME_IS_CNAME"}},
		},
		run: runZonemaster,
	}
}

func runZonemaster(t *testing.T, ctx context.Context, _ *lab.Lab, domains []string) map[string]map[string]bool {
	hints := filepath.Join(t.TempDir(), "root.hints")
	if err := os.WriteFile(hints, []byte(". 3600 NS a.root.test.\na.root.test. 3600 A "+lab.RootAddr+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var (
		mu   sync.Mutex
		wg   sync.WaitGroup
		out  = map[string]map[string]bool{}
		slot = make(chan struct{}, 2)
	)
	for _, domain := range domains {
		wg.Go(func() {
			slot <- struct{}{}
			defer func() { <-slot }()
			ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, "zonemaster-cli", "--hints", hints, "--level", "DEBUG", "--json", "--no-progress", domain)
			cmd.WaitDelay = 15 * time.Second // its output may be long, and the machine busy
			text, err := cmd.Output()
			var lines []struct{ Testcase, Tag string }
			if err != nil || json.Unmarshal(text, &lines) != nil {
				t.Errorf("%s: %v\n%.500s", domain, err, text)
				return
			}
			found, ran := map[string]bool{}, map[string]bool{}
			for _, line := range lines {
				found[line.Testcase+" "+line.Tag] = true
				ran[line.Testcase] = true
			}
			tests := map[string]bool{}
			for _, p := range zonemaster().pairs {
				for _, test := range p.tests {
					if name, _, _ := strings.Cut(test, " "); ran[name] {
						tests[test] = found[test]
					}
				}
			}
			mu.Lock()
			defer mu.Unlock()
			out[domain] = tests
		})
	}
	wg.Wait()
	return out
}
