//go:build unix

package lab_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/lab"
)

// observatoryFolder is where scripts/install-peers.sh puts the MDN HTTP
// Observatory.
func observatoryFolder() string {
	return filepath.Join(cmp.Or(os.Getenv("INFOHUB_PEERS"), filepath.Join("..", "..", "bin", "peers")), "node_modules", "@mdn", "mdn-http-observatory")
}

func observatory() peer {
	return peer{
		name: "MDN HTTP Observatory",
		sites: func(s lab.Site) bool {
			for _, rule := range append(s.Fails, s.Warns...) {
				if strings.HasPrefix(rule, "web.") {
					return true
				}
			}
			return s.Domain == lab.Bad
		},
		missing: func() string {
			if _, err := os.Stat(filepath.Join(observatoryFolder(), "package.json")); err != nil {
				return "run scripts/install-peers.sh, for @mdn/mdn-http-observatory"
			}
			if _, err := exec.LookPath("node"); err != nil {
				return "install nodejs"
			}
			return ""
		},
		pairs: []pair{
			{"web.https.no-redirect", []string{"redirection"}},
			{"web.hsts.missing", []string{"hsts-not-implemented", "hsts-not-implemented-no-https"}},
			{"web.hsts.short", []string{"hsts-implemented-max-age-less-than-six-months"}},
			{"web.hsts.invalid", []string{"hsts-header-invalid"}},
			{"web.csp.missing", []string{"csp-not-implemented"}},
			{"web.csp.unsafe-inline", []string{"csp-implemented-with-unsafe-inline"}},
			{"web.csp.unsafe-eval", []string{"csp-implemented-with-unsafe-eval"}},
			{"web.cookie.insecure", []string{"cookies-session-without-secure-flag", "cookies-without-secure-flag"}},
			{"web.cookie.samesite", []string{"cookies-samesite-flag-invalid"}},
			{"web.cookie.httponly", []string{"cookies-session-without-httponly-flag"}},
			{"web.frame-options.missing", []string{"x-frame-options"}},
			{"web.content-type-options.missing", []string{"x-content-type-options"}},
			{"web.referrer-policy.unsafe", []string{"referrer-policy"}},
			{"web.sri.missing", []string{"subresource-integrity"}},
			{"web.cors.reflected-origin", []string{"cross-origin-resource-sharing"}},
			{"web.corp.missing", []string{"corp-not-implemented"}},
		},
		run: runObservatory,
	}
}

// runObservatory returns the tests by name and, where one has several results,
// the results.
func runObservatory(t *testing.T, ctx context.Context, l *lab.Lab, domains []string) map[string]map[string]bool {
	folder, err := filepath.Abs(observatoryFolder())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	//nolint:gosec // G204: the peer
	cmd := exec.CommandContext(ctx, "node", append([]string{filepath.Join("testdata", "mdn.mjs"), folder, lab.ResolverAddr}, domains...)...)
	cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+filepath.Join(l.Dir, "ca.pem"))
	cmd.WaitDelay = time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	out := map[string]map[string]bool{}
	for line := range bytes.Lines(text) {
		var site struct {
			Site, Error, Grade string
			Score              int
			Tests              map[string]struct {
				Pass     bool
				Result   string
				Modifier int
			}
		}
		if err := json.Unmarshal(line, &site); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if site.Error != "" {
			t.Logf("%s is not judged: %s", site.Site, site.Error)
			continue
		}
		tests := map[string]bool{}
		for name, test := range site.Tests {
			tests[name] = !test.Pass
			prefix := map[string]string{
				"content-security-policy": "csp-", "cookies": "cookies-", "cross-origin-resource-policy": "corp-", "strict-transport-security": "hsts-",
			}[name]
			if prefix == "" {
				continue
			}
			for _, p := range observatory().pairs { // it names one result, the worst, so others are judged only by a pass
				for _, result := range p.tests {
					if strings.HasPrefix(result, prefix) && (test.Pass || result == test.Result) {
						tests[result] = result == test.Result
					}
				}
			}
		}
		out[site.Site] = tests
	}
	return out
}
