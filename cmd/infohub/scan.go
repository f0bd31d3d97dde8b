package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/miekg/dns"
	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
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
	selectors    []string
	contact      string
}

func newScan(g *global) *cobra.Command {
	o := &scanOptions{global: g}
	cmd := &cobra.Command{
		Use:         "scan [DOMAIN...]",
		Annotations: map[string]string{settableKey: "yes"},
		Short:       "Scan sites and print what to mend",
		Long: `Scan looks at each domain's DNS, website, TLS and mail from outside, as
anybody on the internet can, grades them and says what to mend first.

Targets are domains ("example.hk", "例子.香港"), as arguments, one per line in a
file (-f), or on standard input. Active checks, which ask for files that should
not be public, run only with --active: use it on your own sites alone.

Exit codes: 0 clean, 1 findings at or above --fail-on, 2 a wrong option or a
target that cannot be scanned, 3 a target that cannot be reached, 4 a scan that
is not complete or too little of which could be judged for a grade, or whose
report could not be written, 130 interrupted. With many targets the first that
is true of 130, 2, 4, 3, 1, 0 is given.`,
		Example: `  infohub scan example.hk
  infohub scan --lang zh-Hant --html report.html example.hk
  infohub scan -f sites.txt --format jsonl > results.jsonl
  infohub scan --connect-to example.hk:443:127.0.0.1:8443 --allow-private example.hk`,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args) },
	}
	f := cmd.Flags()
	f.StringArrayVarP(&o.files, "file", "f", nil, "read targets from `FILE`, one per line; - is standard input")
	o.out.addFlags(cmd)
	f.StringVar(&o.out.failOn, "fail-on", string(rules.High), "exit with 1 when a finding is this severe or worse: critical, high, medium, low or none")
	f.DurationVar(&o.timeout, "timeout", time.Minute, "time for one target, for example 90s or 2m")
	f.IntVar(&o.concurrency, "concurrency", 16, "targets at a time")
	f.IntVar(&o.perAddr, "per-address", 8, "connections open to one address at a time")
	f.StringArrayVar(&o.resolvers, "resolver", nil, "ask this resolver (`ADDRESS[:PORT]`) instead of walking from the root servers")
	f.StringVar(&o.rootHints, "root-hints", "", "root servers, a `FILE` in the form of IANA's named.root")
	f.StringVar(&o.trustAnchor, "trust-anchor", "", "DNSSEC trust anchor, a `FILE` with DS or DNSKEY records of the root")
	f.StringArrayVar(&o.connectTo, "connect-to", nil, "`HOST:PORT:ADDRESS:PORT`, connect there instead, as curl's option does")
	f.StringVar(&o.ca, "ca", "", "trust the certificate authorities in this PEM `FILE` instead of the system's")
	f.BoolVar(&o.allowPrivate, "allow-private", false, "allow connections to private and special addresses")
	f.BoolVar(&o.active, "active", false, "also ask for files that should not be public; only on sites of your own")
	f.StringVar(&o.nuclei, "nuclei", "", "`PATH` of infohub-nuclei, which --active needs (default: beside this program, then PATH)")
	f.StringArrayVar(&o.selectors, "dkim-selector", nil, "a DKIM `SELECTOR` of yours, tried before the usual ones")
	f.StringVar(&o.contact, "contact", app.DefaultContact, "web or mail address in the User-Agent, where a server's operator can reach you")
	return cmd
}

func (o *scanOptions) run(ctx context.Context, args []string) error {
	if err := o.out.check(); err != nil {
		return usageError{err}
	}
	engine, err := o.engine()
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
	opts := scanner.Options{Active: o.active, AllowPrivate: o.allowPrivate, DKIM: o.selectors}
	return o.out.scan(ctx, o.global, engine, list, opts, o.concurrency)
}

// engine builds the scanner that the options ask for.
func (o *scanOptions) engine() (*scanner.Engine, error) {
	if o.timeout <= 0 || o.concurrency < 1 || o.perAddr < 1 {
		return nil, errors.New("--timeout, --concurrency and --per-address must be above zero")
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
	var err error
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

func parseResolver(s string) (netip.AddrPort, error) {
	if ap, err := netip.ParseAddrPort(s); err == nil && ap.Port() != 0 {
		return ap, nil
	}
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return netip.AddrPortFrom(a, 53), nil
	}
	return netip.AddrPort{}, fmt.Errorf("--resolver %q: give an IP address, for example 192.0.2.53 or [2001:db8::53]:5353", s)
}

// outputOptions are how reports are written; scan and demo share them.
type outputOptions struct {
	format  string
	html    string
	json    string
	failOn  string
	verbose bool
	quiet   bool
}

func (o *outputOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "text", "what is printed: "+formatList())
	f.StringVar(&o.html, "html", "", "also write the HTML report to `PATH` (a folder when there are several targets)")
	f.StringVar(&o.json, "json", "", "also write the JSON report to `PATH` (a folder when there are several targets)")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "list in text also what passed and what does not apply")
	complete(cmd, "format", formatNames())
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no progress line")
}

func (o *outputOptions) check() error {
	if err := checkFormat(o.format); err != nil {
		return err
	}
	return checkFailOn(o.failOn)
}

// scan scans the list, prints each report as it ends, and returns the outcome.
func (o *outputOptions) scan(ctx context.Context, g *global, e *scanner.Engine, list *targetList, opts scanner.Options, n int) error {
	many := len(list.targets) > 1
	if report.Format(o.format).Single() && many {
		return usageError{fmt.Errorf("--format %s prints one report: for several targets use --html FOLDER or --format jsonl", o.format)}
	}
	for _, dir := range []string{o.html, o.json} {
		if dir != "" && many {
			if err := os.MkdirAll(dir, 0o750); err != nil {
				return usageError{fmt.Errorf("several targets need a folder: %w", err)}
			}
		}
	}
	w := &reportWriter{outputOptions: o, g: g, many: many, catalogue: e.Catalogue}
	var err error
	if w.stream, err = report.NewStream(g.out, report.Format(o.format), many, w.options()); err != nil {
		return err
	}
	p := newProgress(g, o.quiet, len(list.targets))
	e.Watch = p.watch
	p.start()
	e.ScanAll(ctx, list.targets, opts, n, func(r *scanner.Report) {
		p.pause(func() { w.write(r) })
	})
	p.end()
	w.note(w.stream.Close())
	if w.err != nil {
		return fmt.Errorf("writing the report: %w", w.err)
	}
	if ctx.Err() != nil {
		g.say(g.words().T("notice.stopped", "n", w.count, "total", len(list.targets)))
	}
	return w.outcome(ctx, len(list.problems) > 0)
}

// reportWriter prints reports and remembers what the exit code needs.
type reportWriter struct {
	*outputOptions
	g         *global
	many      bool
	catalogue *rules.Catalogue
	stream    *report.Stream
	count     int
	codes     [5]bool // exit codes below 5 that came up
	err       error   // the first
}

func (w *reportWriter) note(err error) {
	if err != nil && w.err == nil {
		w.err = err
	}
}

func (w *reportWriter) options() report.Options {
	opts := w.g.reportOptions(w.catalogue)
	opts.Verbose = w.verbose
	return opts
}

func (w *reportWriter) write(r *scanner.Report) {
	w.count++
	w.codes[w.codeOf(r)] = true
	w.note(w.stream.Add(r))
	if w.html != "" {
		w.note(w.toFile(w.html, ".html", r, func(f io.Writer) error { return report.HTML(f, r, w.options()) }))
	}
	if w.json != "" {
		w.note(w.toFile(w.json, ".json", r, func(f io.Writer) error { return report.JSON(f, []*scanner.Report{r}, w.options()) }))
	}
}

// codeOf is the exit code that this report alone asks for.
func (w *reportWriter) codeOf(r *scanner.Report) int {
	switch {
	case r.Status == scanner.Unreachable:
		return exitUnreachable
	case r.Status == scanner.Incomplete || r.Grade.Letter == "":
		return exitIncomplete // not scanned is not clean
	case w.failOn != "none" && r.Worst(w.catalogue) != "" && r.Worst(w.catalogue).AtLeast(rules.Severity(w.failOn)):
		return exitFindings
	}
	return exitClean
}

// outcome gives the exit code: the first that is true of 130, 2, 4, 3, 1, 0.
func (w *reportWriter) outcome(ctx context.Context, wrongTargets bool) error {
	if ctx.Err() != nil {
		return outcome{exitInterrupted}
	}
	if wrongTargets {
		return outcome{exitUsage}
	}
	for _, code := range []int{exitIncomplete, exitUnreachable, exitFindings} {
		if w.codes[code] {
			return outcome{code}
		}
	}
	return nil
}

// toFile writes one report to path, or into the folder path.
func (w *reportWriter) toFile(path, ext string, r *scanner.Report, render func(io.Writer) error) error {
	if w.many {
		path = filepath.Join(path, r.Target.Domain+ext)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := errors.Join(render(f), f.Close()); err != nil {
		return err
	}
	if !w.many {
		w.g.say(w.g.words().T("notice.written", "path", path))
	}
	return nil
}
