package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/miekg/dns"
	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/rules/template"
	"github.com/cybersec-infohub/infohub/scanner"
)

type scanOptions struct {
	*global
	files        []string
	out          outputOptions
	timeout      time.Duration
	concurrency  int
	perAddr      int
	resolvers    []string
	rootHints    string
	trustAnchor  string
	connectTo    []string
	ca           string
	allowPrivate bool
	active       bool
	nuclei       string
	templates    []string
	selectors    []string
	contact      string
	facts        string
	tlsFull      bool
	stated       bool // --i-am-authorised
	watch        watchOptions
}

func newScan(g *global) *cobra.Command { return scanCommand(&scanOptions{global: g}) }

func scanCommand(o *scanOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:         "scan [DOMAIN...]",
		Annotations: map[string]string{settableKey: "yes"},
		Short:       "Scan sites and print what to mend",
		Long: `Scan looks at each domain's DNS, website, TLS and mail from outside, as
anybody on the internet can, grades them and says what to mend first.

Targets are domains ("example.hk", "例子.香港"), as arguments, one per line in a
file (-f), or on standard input. Active checks, which ask for files that should
not be public, run only with --active, on sites that 'infohub verify' proves to
be yours or that you say you may test (--i-am-authorised).

With --data the reports are kept, and what changed is told; --every goes on
scanning, and --notify-... tells others.

With --hub or --advisories the report also shows which advisories concern what the
site is made with. They are looked up for whoever scans, count for no grade, and are
kept with no report. With the key of an organisation that has the site among its
assets, the hub keeps that it is concerned, and by which scan a fix was seen.

Exit codes: 0 clean, 1 findings at or above --fail-on, 2 a wrong option or a
target that cannot be scanned, 3 a target that cannot be reached, 4 a scan that
is not complete or too little of which could be judged for a grade, or whose
report could not be written, 130 interrupted. With many targets the first that
is true of 130, 2, 4, 3, 1, 0 is given.`,
		Example: `  infohub scan example.hk
  infohub scan --lang zh-Hant --html report.html example.hk
  infohub scan -f sites.txt --format jsonl > results.jsonl
  infohub scan --hub https://hub.example.hk --key-file harbour.key example.hk
  infohub scan --connect-to example.hk:443:127.0.0.1:8443 --allow-private example.hk`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.active && !cmd.Flags().Changed("timeout") {
				o.timeout = activeTimeout
			}
			return o.run(cmd.Context(), args)
		},
	}
	f := cmd.Flags()
	f.StringArrayVarP(&o.files, "file", "f", nil, "read targets from `FILE`, one per line; - is standard input")
	o.out.addFlags(cmd)
	o.out.addJudgeFlags(cmd)
	o.out.related.record = true
	f.StringVar(&o.facts, "keep-facts", "", "also write what was seen to `FILE`, for infohub rejudge")
	f.DurationVar(&o.timeout, "timeout", time.Minute, "time for one target, for example 90s or 2m; with --active 5m unless set")
	f.IntVar(&o.concurrency, "concurrency", 16, "targets at a time")
	f.IntVar(&o.perAddr, "per-address", 8, "connections open to one address at a time")
	f.StringArrayVar(&o.resolvers, "resolver", nil, "ask this resolver (`ADDRESS[:PORT]`) instead of walking from the root servers")
	f.StringVar(&o.rootHints, "root-hints", "", "root servers, a `FILE` in the form of IANA's named.root")
	f.StringVar(&o.trustAnchor, "trust-anchor", "", "DNSSEC trust anchor, a `FILE` with DS or DNSKEY records of the root")
	f.StringArrayVar(&o.connectTo, "connect-to", nil, "`HOST:PORT:ADDRESS:PORT`, connect there instead, as curl's option does")
	f.StringVar(&o.ca, "ca", "", "trust the certificate authorities in this PEM `FILE` instead of the system's")
	f.BoolVar(&o.allowPrivate, "allow-private", false, "allow connections to private and special addresses")
	f.BoolVar(&o.active, "active", false, "also ask for files that should not be public; only on sites of your own (see infohub verify)")
	f.BoolVar(&o.stated, "i-am-authorised", false, "state that you may run active checks on these sites; the report records it")
	f.BoolVar(&o.tlsFull, "tls-full", false, "ask web servers for every cipher suite: profiles, and which programs can connect (up to 150 connections)")
	f.StringVar(&o.nuclei, "nuclei", "", "`PATH` of infohub-nuclei, which --active needs (default: beside this program, then PATH)")
	f.StringArrayVar(&o.templates, "templates", nil, "also run the nuclei templates in this `PATH` (a file or a folder) that only look; with --active")
	f.StringArrayVar(&o.selectors, "dkim-selector", nil, "a DKIM `SELECTOR` of yours, tried before the usual ones")
	f.StringVar(&o.contact, "contact", app.DefaultContact, "web or mail address in the User-Agent, where a server's operator can reach you")
	o.watch.addFlags(cmd)
	return cmd
}

func (o *scanOptions) run(ctx context.Context, args []string) error {
	if err := o.out.check(); err != nil {
		return usageError{err}
	}
	engine, err := o.engine()
	if err == nil {
		err = o.checkWatch()
	}
	if err != nil {
		return usageError{err}
	}
	files := o.files
	if tty, _ := o.terminal(o.in); len(args) == 0 && len(files) == 0 && !tty {
		files = []string{"-"}
	}
	if len(args) == 0 && len(files) == 0 {
		return usageError{errors.New("name a domain to scan, for example: infohub scan example.hk")}
	}
	list, err := readTargets(ctx, o.global, args, files)
	if err != nil {
		return usageError{err}
	}
	for _, n := range list.notices {
		o.say(n)
	}
	for _, p := range list.problems {
		o.say(p)
	}
	if n := len(list.problems); n > 0 && len(list.targets) > 0 {
		o.say(o.words().T("notice.skipped", "n", n))
	}
	if len(list.targets) == 0 {
		o.say(o.words().T("notice.none"))
		return outcome{exitUsage}
	}
	opts := scanner.Options{Active: o.active, AllowPrivate: o.allowPrivate, TLSFull: o.tlsFull, DKIM: o.selectors}
	if err := o.authorise(ctx, engine, list.targets); err != nil {
		return err
	}
	if o.watch.every > 0 {
		return o.repeat(ctx, list, opts)
	}
	keep, err := keepFacts(o.facts)
	if err != nil {
		return usageError{err}
	}
	if keep != nil {
		engine.Keep = keep.add
	}
	recording, err := o.record(ctx, engine.Catalogue, len(list.targets) > 1)
	if err != nil {
		if keep != nil {
			err = keep.f.finish(err) // what was in the file stays
		}
		return err
	}
	return recording.end(keep.end(o.out.scan(ctx, o.global, engine, list, opts, o.concurrency)))
}

// activeTimeout is how long one target may take with active checks: they ask for
// some 160 addresses of each web address, politely.
const activeTimeout = 5 * time.Minute

// maxConcurrency bounds the targets at a time: each takes sockets and memory.
const maxConcurrency = 1000

// engine builds the scanner that the options ask for.
func (o *scanOptions) engine() (*scanner.Engine, error) {
	if o.timeout <= 0 {
		return nil, fmt.Errorf("--timeout %s: give a time above zero, for example 90s or 2m", o.timeout)
	}
	if o.concurrency < 1 || o.concurrency > maxConcurrency {
		return nil, fmt.Errorf("--concurrency %d: give a number from 1 to %d", o.concurrency, maxConcurrency)
	}
	if o.perAddr < 1 {
		return nil, fmt.Errorf("--per-address %d: give a number above zero", o.perAddr)
	}
	cfg := app.ScannerConfig{
		Version: version, Contact: o.contact, Timeout: o.timeout, PerAddr: o.perAddr, Nuclei: o.nuclei,
		Policy: netguard.Policy{AllowPrivate: o.allowPrivate},
	}
	if o.contact == "" || strings.ContainsFunc(o.contact, func(r rune) bool { return r < 0x21 || r > 0x7e || r == '(' || r == ')' }) {
		return nil, fmt.Errorf("--contact %q: give a web or mail address without spaces", o.contact)
	}
	for _, s := range o.selectors {
		if _, ok := dns.IsDomainName(s); !ok || len(s) > 100 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return nil, fmt.Errorf("--dkim-selector %q: give the name before ._domainkey, for example selector1", scanner.Printable(s, 60))
		}
	}
	if o.nuclei != "" {
		if info, err := os.Stat(o.nuclei); err != nil || info.IsDir() {
			return nil, fmt.Errorf("--nuclei %s: there is no such program: 'make nuclei' builds bin/infohub-nuclei", o.nuclei)
		}
	}
	if len(o.templates) > 0 {
		if !o.active {
			return nil, fmt.Errorf("--templates %s: templates are active checks: add --active", o.templates[0])
		}
		found, refused, err := template.Load(o.templates)
		if err != nil {
			return nil, fmt.Errorf("--templates: %w", err)
		}
		o.tellRefused(len(found), refused)
		cfg.Templates = found
	}
	var err error
	if cfg.Technologies, err = o.out.catalogue(); err != nil {
		return nil, err
	}
	for _, r := range o.resolvers {
		ap, err := parseResolver(r)
		if err != nil {
			return nil, err
		}
		cfg.Resolvers = append(cfg.Resolvers, ap)
	}
	for _, c := range o.connectTo {
		m, err := netguard.ParseMapping(c)
		if err != nil {
			return nil, fmt.Errorf("--connect-to %w", err)
		}
		cfg.ConnectTo = append(cfg.ConnectTo, m)
	}
	if o.ca != "" {
		if cfg.Roots, err = app.ReadRoots(o.ca); err != nil {
			return nil, fmt.Errorf("--ca: %w", err)
		}
	}
	if o.rootHints != "" {
		if cfg.Hints, err = app.ReadHints(o.rootHints); err != nil {
			return nil, fmt.Errorf("--root-hints: %w", err)
		}
	}
	if o.trustAnchor != "" {
		if cfg.Anchors, err = app.ReadAnchors(o.trustAnchor); err != nil {
			return nil, fmt.Errorf("--trust-anchor: %w", err)
		}
	}
	return app.NewScanner(cfg)
}

// maxRefusedTold is how many templates of a folder are named that are not run;
// a copy of the community's has thousands.
const maxRefusedTold = 5

func (o *scanOptions) tellRefused(found int, refused []error) {
	if len(refused) == 0 {
		return
	}
	for _, err := range refused[:min(len(refused), maxRefusedTold)] {
		o.say(err.Error())
	}
	o.say(o.words().T("templates.refused", "n", len(refused), "found", found))
}

func parseResolver(s string) (netip.AddrPort, error) {
	if ap, err := netip.ParseAddrPort(s); err == nil && ap.Port() != 0 {
		return ap, nil
	}
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return netip.AddrPortFrom(a, 53), nil
	}
	return netip.AddrPort{}, fmt.Errorf("--resolver %q: give an IP address, for example 192.0.2.53 or [2001:db8::53]:5353", s)
}
