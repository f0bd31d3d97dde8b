package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/practice"
	"github.com/cybersec-infohub/infohub/scanner/probe/resolve"
)

type demoOptions struct {
	*global
	out   outputOptions
	scan  bool
	fix   []string
	only  []string
	clean bool
	list  bool
	// active runs active checks, too: the shop is in this process, so no proof is
	// asked for.
	active bool
}

func newDemo(g *global) *cobra.Command {
	o := &demoOptions{global: g, out: outputOptions{failOn: "none"}}
	cmd := &cobra.Command{
		Use:         "demo",
		Annotations: map[string]string{settableKey: "yes"},
		Short:       "Run the practice site: a fictional shop with faults to find",
		Long: `Demo runs a fictional shop on this machine alone: its own DNS with a signed
zone, web server, TLS and mail server, in this process, on loopback. It has
faults that can be switched off one by one. Nothing in it can be broken into.

With --scan it is scanned once, the report is printed and demo ends. Without,
it runs until Ctrl-C and prints the command that scans it from another window.`,
		Example: `  infohub demo --scan
  infohub demo --scan --fix web.hsts.missing --fix mail.spf.plus-all
  infohub demo --list`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	o.out.addFlags(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.scan, "scan", false, "scan the practice site once and end; exits with 0 whatever is found")
	f.StringArrayVar(&o.fix, "fix", nil, "switch the fault of this rule `ID` off")
	f.StringArrayVar(&o.only, "only", nil, "switch on the fault of this rule `ID` and no other")
	f.BoolVar(&o.clean, "clean", false, "switch all faults off")
	f.BoolVar(&o.active, "active", false, "with --scan: also run active checks, which ask for files that should not be public")
	f.BoolVar(&o.list, "list", false, "list the faults and end")
	complete(cmd, "fix", practice.Faults())
	complete(cmd, "only", practice.Faults())
	return cmd
}

func (o *demoOptions) run(ctx context.Context) error {
	if err := o.out.check(); err != nil {
		return usageError{err}
	}
	if o.list {
		return o.printFaults()
	}
	faults, err := o.faults()
	if err != nil {
		return usageError{err}
	}
	site, err := practice.Start(ctx, practice.Options{Faults: faults})
	if err != nil {
		return fmt.Errorf("the practice site did not start: %w", err)
	}
	defer site.Close()
	if !o.scan {
		return o.serve(ctx, site)
	}
	hints, anchors, err := practiceDNS(site)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AddCert(site.CA)
	engine, err := app.NewScanner(app.ScannerConfig{
		Version: version, Hints: hints, Anchors: anchors, Roots: roots, ConnectTo: site.ConnectTo,
		Policy: netguard.Policy{Listeners: site.Listeners}, // these and no other private address
	})
	if err != nil {
		return err
	}
	engine.Authorised = func(scanner.Target) *scanner.Authorisation {
		return &scanner.Authorisation{How: scanner.ByStatement, At: time.Now().UTC().Truncate(time.Second)}
	}
	t, err := scanner.ParseTarget(site.Domain)
	if err != nil {
		return err
	}
	err = o.out.scan(ctx, o.global, engine, &targetList{targets: []scanner.Target{t}}, scanner.Options{AllowPrivate: true, Active: o.active}, 1)
	var out outcome
	if ctx.Err() == nil && errors.As(err, &out) {
		return nil // whatever it found
	}
	return err
}

// practiceDNS is the shop's root server and trust anchor as the resolver takes
// them.
func practiceDNS(site *practice.Site) ([]resolve.Hint, []dns.RR, error) {
	anchors, err := resolve.ParseAnchors(strings.NewReader(site.Anchor))
	return []resolve.Hint{{Name: site.RootName, Addr: site.Root}}, anchors, err
}

// faults are those that are to be on.
func (o *demoOptions) faults() ([]string, error) {
	if (o.clean && len(o.fix)+len(o.only) > 0) || (len(o.fix) > 0 && len(o.only) > 0) {
		return nil, errors.New("choose one of --fix, --only and --clean")
	}
	for _, id := range slices.Concat(o.fix, o.only) {
		if !slices.Contains(practice.Faults(), id) {
			return nil, fmt.Errorf("the practice site has no fault %q: 'infohub demo --list' names them all", id)
		}
	}
	switch {
	case o.clean:
		return []string{}, nil
	case len(o.only) > 0:
		return o.only, nil
	}
	return slices.DeleteFunc(practice.Faults(), func(id string) bool { return slices.Contains(o.fix, id) }), nil
}

func (o *demoOptions) printFaults() error {
	c, err := rules.Load()
	if err != nil {
		return err
	}
	for _, id := range practice.Faults() {
		r, _ := c.Rule(id)
		title := rules.Fill(r.Title[o.language()], map[string]string{"host": practice.Domain, "domain": practice.Domain})
		if _, err := fmt.Fprintf(o.global.out, "%-32s %s\n", id, title); err != nil {
			return err
		}
	}
	return nil
}

// serve keeps the shop up until ctx ends. What a scan from another window needs
// is written to a folder that goes away with the shop.
func (o *demoOptions) serve(ctx context.Context, site *practice.Site) error {
	dir, err := os.MkdirTemp("", "infohub-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	config, err := site.WriteConfig(dir)
	if err != nil {
		return err
	}
	fmt.Fprintln(o.global.out, o.words().T("demo.running", "domain", site.Domain, "command",
		fmt.Sprintf("%s scan --config %s %s", os.Args[0], config, site.Domain))) // as it was called: bin/infohub may not be on PATH
	<-ctx.Done()
	return nil
}
