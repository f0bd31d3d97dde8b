//go:build unix

package lab_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/lab"
	"github.com/cybersec-infohub/infohub/scanner"
)

// observatoryFolder is where scripts/install-peers.sh puts the MDN HTTP
// Observatory.
func observatoryFolder() string {
	return filepath.Join(cmp.Or(os.Getenv("INFOHUB_PEERS"), filepath.Join("..", "..", "bin", "peers")), "node_modules", "@mdn", "mdn-http-observatory")
}

func observatory() peer {
	var answers []answer
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
		pairs: observatoryPairs(),
		run: func(t *testing.T, ctx context.Context, l *lab.Lab, domains []string) map[string]map[string]bool {
			answers = askObservatory(t, ctx, l, domains)
			return verdictsOf(answers)
		},
		score: func(reports map[string]*scanner.Report) []compared { return scores(answers, reports) },
	}
}

func observatoryPairs() []pair {
	return []pair{
		{"web.https.no-redirect", []string{"redirection-missing", "redirection-not-to-https"}},
		{"web.redirect.other-host", []string{"redirection-off-host-from-http", "redirection-not-to-https-on-initial-redirection"}},
		{"web.hsts.missing", []string{"hsts-not-implemented", "hsts-not-implemented-no-https"}},
		{"web.hsts.short", []string{"hsts-implemented-max-age-less-than-six-months"}},
		{"web.hsts.invalid", []string{"hsts-header-invalid"}},
		{"web.csp.missing", []string{"csp-not-implemented"}},
		{"web.csp.unsafe-inline", []string{"csp-implemented-with-unsafe-inline"}},
		{"web.csp.unsafe-eval", []string{"csp-implemented-with-unsafe-eval"}},
		{"web.cookie.insecure", []string{"cookies-session-without-secure-flag", "cookies-without-secure-flag", "cookies-session-without-secure-flag-but-protected-by-hsts"}},
		{"web.cookie.httponly", []string{"cookies-session-without-httponly-flag"}},
		{"web.frame-options.missing", []string{"x-frame-options"}},
		{"web.content-type-options.missing", []string{"x-content-type-options"}},
		{"web.referrer-policy.unsafe", []string{"referrer-policy"}},
		{"web.sri.missing", []string{"subresource-integrity"}},
		{"web.cors.reflected-origin", []string{"cross-origin-resource-sharing"}},
		{"web.corp.missing", []string{"corp-not-implemented"}},
	}
}

// answer is what it says of one site.
type answer struct {
	Site, Error, Grade string
	Score              int
	Tests              map[string]struct {
		Pass     bool
		Result   string
		Modifier int
	}
}

func askObservatory(t *testing.T, ctx context.Context, l *lab.Lab, domains []string) (out []answer) {
	folder, err := filepath.Abs(observatoryFolder())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", append([]string{filepath.Join("testdata", "mdn.mjs"), folder, lab.ResolverAddr}, domains...)...)
	cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+filepath.Join(l.Dir, "ca.pem"))
	cmd.WaitDelay = 15 * time.Second // its output may be long, and the machine busy
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	for line := range bytes.Lines(text) {
		var a answer
		if err := json.Unmarshal(line, &a); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if a.Error != "" {
			t.Logf("%s is not judged: %s", a.Site, a.Error)
			continue
		}
		out = append(out, a)
	}
	return out
}

// verdictsOf returns the tests by name and, where one has several results, the
// results. It names one result, the worst, so others are judged only by a pass.
func verdictsOf(answers []answer) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for _, a := range answers {
		tests := map[string]bool{}
		for name, test := range a.Tests {
			tests[name] = !test.Pass
			prefix := map[string]string{
				"content-security-policy": "csp-", "cookies": "cookies-", "cross-origin-resource-policy": "corp-", "strict-transport-security": "hsts-", "redirection": "redirection-",
			}[name]
			if prefix == "" {
				continue
			}
			for _, p := range observatoryPairs() {
				for _, result := range p.tests {
					if strings.HasPrefix(result, prefix) && (test.Pass || result == test.Result) {
						tests[result] = result == test.Result
					}
				}
			}
		}
		out[a.Site] = tests
	}
	return out
}

// scores compares the score that we compute by its rules with its own, whole
// and test by test.
func scores(answers []answer, reports map[string]*scanner.Report) (out []compared) {
	for _, a := range answers {
		ours := reports[a.Site].MDN
		if ours == nil || ours.Failure != nil {
			continue
		}
		out = append(out, compared{
			pair: pair{"its score, computed by us", []string{"score and grade"}}, site: a.Site,
			ours: fmt.Sprint(ours.Score, " ", ours.Grade), theirs: fmt.Sprint(a.Score, " ", a.Grade),
		})
		for _, test := range ours.Tests {
			out = append(out, compared{
				pair: pair{"its " + test.Name + ", computed by us", []string{test.Name}}, site: a.Site,
				ours:   fmt.Sprint(test.Result, " ", test.Modifier),
				theirs: fmt.Sprint(a.Tests[test.Name].Result, " ", a.Tests[test.Name].Modifier),
			})
		}
	}
	return out
}
