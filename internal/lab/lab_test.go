//go:build unix

package lab_test

import (
	"context"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/internal/lab"
	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/probe/resolve"
)

var (
	update = flag.Bool("update", false, "write the golden files")
	output = flag.Bool("output", false, "print what the servers said when a test fails")
)

// needs skips, or fails where nothing may be left out, unless real servers can
// be started here.
func needs(t testing.TB) {
	t.Helper()
	if os.Getenv("INFOHUB_PROOF") == "" {
		t.Skip("not run: real servers are started by make proof and make bench")
	}
	if why := lab.Missing(); why != "" {
		notRun(t, why)
	}
}

// notRun leaves a test out, or fails it where nothing may be left out.
func notRun(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("not run: %s", why)
	}
	t.Skipf("not run: %s", why)
}

// start starts a lab and returns two scanners that see it as the internet: one
// walks from its root servers, one asks its resolver.
func start(t testing.TB, sites []lab.Site) (l *lab.Lab, walking, asking *scanner.Engine) {
	t.Helper()
	needs(t)
	dir, err := os.MkdirTemp("", "infohub-lab")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	l, ds, err := lab.Start(context.Background(), dir, sites)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	t.Cleanup(func() {
		if t.Failed() && *output {
			t.Log(l.Output())
		}
	})
	anchors, err := resolve.ParseAnchors(strings.NewReader(strings.Join(ds, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	cfg := app.ScannerConfig{
		Version: "test", Hints: []resolve.Hint{{Name: "a.root.test", Addr: netip.MustParseAddr(lab.RootAddr)}}, Anchors: anchors,
		Roots: l.CA.Pool(), Policy: netguard.Policy{AllowPrivate: true},
	}
	if walking, err = app.NewScanner(cfg); err != nil {
		t.Fatal(err)
	}
	cfg.Resolvers = []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr(lab.ResolverAddr), 53)}
	if asking, err = app.NewScanner(cfg); err != nil {
		t.Fatal(err)
	}
	return l, walking, asking
}

func scan(t testing.TB, e *scanner.Engine, domain string, opts scanner.Options) *scanner.Report {
	t.Helper()
	target, err := scanner.ParseTarget(domain)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	opts.AllowPrivate = true
	return e.Scan(ctx, target, opts)
}

// verdicts is a report as the golden files have it: what a reader of the
// report would act on, without evidence that changes from run to run.
func verdicts(r *scanner.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s, grade %s\n", r.Target.Domain, r.Status, r.Grade.Letter)
	for _, o := range []scanner.Outcome{scanner.Fail, scanner.Warn, scanner.UnknownResult, scanner.NotApplicable, scanner.Pass} {
		for _, f := range r.Findings {
			if f.Outcome != o || f.Because == scanner.NANotActive {
				continue
			}
			fmt.Fprintf(&b, "%-15s %s", o, f.Rule)
			if f.Failure != nil {
				fmt.Fprintf(&b, " (%s)", f.Failure.Kind)
			}
			if f.Because != "" {
				fmt.Fprintf(&b, " (%s)", f.Because)
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// TestRealServers scans the two sites on real servers: the good one has the
// best grade and no finding but advice, the bad one each planted fault and
// nothing else.
func TestRealServers(t *testing.T) {
	needs(t)
	if why := lab.CannotRun(lab.BadSite()); why != "" {
		notRun(t, why)
	}
	_, e, asking := start(t, []lab.Site{{Domain: lab.Good}, lab.BadSite()})
	for _, domain := range []string{lab.Good, lab.Bad} {
		t.Run(domain, func(t *testing.T) {
			r := scan(t, e, domain, scanner.Options{})
			got := verdicts(r)
			golden := filepath.Join("testdata", domain+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("verdicts differ from %s:\n%s", golden, got)
				explain(t, r)
			}
			if domain == lab.Good && r.Grade.Letter != "A+" {
				t.Errorf("the good site has grade %q", r.Grade.Letter)
			}
			if again := verdicts(scan(t, e, domain, scanner.Options{})); again != got {
				t.Errorf("a second scan says otherwise:\n%s", again)
			}
			// Through a resolver the same faults are found, but for what it hides.
			asked := scan(t, asking, domain, scanner.Options{})
			for i, f := range asked.Findings {
				if want := r.Findings[i]; f.Outcome != want.Outcome && f.Because != scanner.NAHidden {
					t.Errorf("through a resolver: %s is %s (%v, %s); walking it is %s", f.Rule, f.Outcome, f.Failure, f.Because, want.Outcome)
				}
			}
			if asked.Grade != r.Grade {
				t.Errorf("through a resolver: grade %+v; walking %+v", asked.Grade, r.Grade)
			}
		})
	}
}

// explain logs what a report says beyond passes.
func explain(t testing.TB, r *scanner.Report) {
	t.Helper()
	for _, f := range r.Findings {
		if f.Outcome != scanner.Pass && f.Outcome != scanner.NotApplicable {
			t.Logf("%s: %s %s %v %v", r.Target.Domain, f.Outcome, f.Rule, f.Failure, f.Evidence)
		}
	}
}
