//go:build unix

package lab_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/lab"
)

// testsslSites are few: one takes it about twenty seconds.
func testsslSites() []string {
	return []string{lab.Good, lab.Bad, "tls10.test", "rc4.test", "3des.test", "incomplete.test", "self-signed.test", "no-fs.test", "sha1.test"}
}

func testsslProgram() string {
	for _, name := range []string{"testssl", "testssl.sh"} { // Debian's name, and its own
		if p, err := exec.LookPath(name); err == nil {
			return p
		}
	}
	return ""
}

func testssl() peer {
	return peer{
		name:  "testssl.sh",
		sites: func(s lab.Site) bool { return slices.Contains(testsslSites(), s.Domain) },
		missing: func() string {
			if testsslProgram() == "" {
				return "install testssl.sh"
			}
			return ""
		},
		pairs: []pair{
			{"tls.version.ssl2", []string{"SSLv2"}},
			{"tls.version.ssl3", []string{"SSLv3"}},
			{"tls.version.old", []string{"TLS1", "TLS1_1"}},
			{"tls.version.no-tls13", []string{"TLS1_3"}},
			{"tls.fallback.no-scsv", []string{"fallback_SCSV"}},
			{"tls.cipher.weak", []string{"cipherlist_NULL", "cipherlist_aNULL"}},
			{"tls.cipher.export", []string{"cipherlist_EXPORT", "FREAK"}},
			{"tls.cipher.rc4", []string{"RC4"}},
			{"tls.cipher.3des", []string{"cipherlist_3DES_IDEA", "SWEET32"}},
			{"tls.cipher.cbc", []string{"LUCKY13"}},
			{"tls.cipher.beast", []string{"BEAST"}},
			{"tls.cipher.order", []string{"cipher_order"}},
			{"tls.group.weak", []string{"LOGJAM", "LOGJAM-common_primes", "DH_groups"}},
			{"tls.chain.order", []string{"certs_list_ordering_problem"}},
			{"tls.chain.incomplete", []string{"cert_chain_of_trust"}},
			{"tls.certificate.untrusted", []string{"cert_chain_of_trust"}},
			{"tls.certificate.hostname", []string{"cert_trust"}},
			{"tls.certificate.expired", []string{"cert_expirationStatus"}},
			{"tls.certificate.weak-key", []string{"cert_keySize"}},
			{"tls.certificate.weak-signature", []string{"cert_signatureAlgorithm"}},
			{"tls.certificate.revoked", []string{"cert_ocspRevoked", "cert_crlRevoked"}},
			{"tls.certificate.lifetime", []string{"cert_validityPeriod"}},
			{"tls.stapling.missing", []string{"OCSP_stapling"}},
			{"tls.compression.enabled", []string{"CRIME_TLS"}},
			{"tls.renegotiation.insecure", []string{"secure_renego"}},
			{"tls.renegotiation.client", []string{"secure_client_renego"}},
		},
		run: runTestssl,
	}
}

func runTestssl(t *testing.T, ctx context.Context, l *lab.Lab, domains []string) map[string]map[string]bool {
	var (
		mu   sync.Mutex
		wg   sync.WaitGroup
		out  = map[string]map[string]bool{}
		slot = make(chan struct{}, 3)
	)
	for _, domain := range domains {
		wg.Go(func() {
			slot <- struct{}{}
			defer func() { <-slot }()
			ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
			defer cancel()
			file := filepath.Join(t.TempDir(), domain+".json")
			cmd := exec.CommandContext(ctx, testsslProgram(), "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none",
				"--add-ca", filepath.Join(l.Dir, "ca.pem"), "--ip", l.WebAddr(domain),
				"-p", "-S", "-s", "-P", "-R", "-C", "-Z", "-W", "-A", "-L", "-F", "-J", "-D", "-4", "-O", "-f", "--jsonfile", file, "https://"+domain+":443")
			cmd.WaitDelay = 15 * time.Second  // its output may be long, and the machine busy
			text, err := cmd.CombinedOutput() // its exit code counts findings
			data, readErr := os.ReadFile(file)
			var lines []struct{ ID, Severity, Finding string }
			if readErr != nil || json.Unmarshal(data, &lines) != nil {
				t.Errorf("%s: %v %v\n%s", domain, err, readErr, text)
				return
			}
			tests := map[string]bool{}
			for _, line := range lines {
				// A server with two certificates: "cert_keySize <cert#1>".
				id, _, _ := strings.Cut(line.ID, " ")
				switch {
				case id == "TLS1_3": // no fault in its eyes where TLS 1.2 is there
					tests[id] = strings.HasPrefix(line.Finding, "not offered")
					continue
				case id == "cert_expirationStatus": // it also warns of what has 60 days left
					tests[id] = strings.Contains(line.Finding, "expired")
					continue
				}
				switch line.Severity {
				case "LOW", "MEDIUM", "HIGH", "CRITICAL":
					tests[id] = true
				case "OK", "INFO":
					if _, ok := tests[id]; !ok { // another of the same id may have found a fault
						tests[id] = false
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
