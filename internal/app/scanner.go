// Package app wires the rooms together: it is the only place that knows them
// all. Commands and tests build their scanner here, so that a test runs what a
// user runs.
//
// Only cmd/ and tests import it.
package app

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/rules/technologies"
	"github.com/cybersec-infohub/infohub/rules/template"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/checks"
	"github.com/cybersec-infohub/infohub/scanner/mdn"
	"github.com/cybersec-infohub/infohub/scanner/probe/dnsprobe"
	"github.com/cybersec-infohub/infohub/scanner/probe/mailprobe"
	"github.com/cybersec-infohub/infohub/scanner/probe/nucleiprobe"
	"github.com/cybersec-infohub/infohub/scanner/probe/resolve"
	"github.com/cybersec-infohub/infohub/scanner/probe/tlsprobe"
	"github.com/cybersec-infohub/infohub/scanner/probe/webprobe"
)

// HostLimit is how many TCP connections one scan makes to one address, and
// FullHostLimit how many where every cipher suite is asked for.
const (
	HostLimit     = 40
	FullHostLimit = 150
)

// DefaultContact is where the operator of a scanned server learns who scans.
const DefaultContact = "https://github.com/cybersec-infohub/infohub"

// ScannerConfig is how scans are run. The zero value scans the public
// internet: it walks the DNS from the root, validates by IANA's trust anchor,
// trusts the system's certificate authorities and connects to public addresses
// only.
type ScannerConfig struct {
	Version   string             // of the program
	Contact   string             // URL or mail address in the User-Agent; "" is DefaultContact
	Resolvers []netip.AddrPort   // asked instead of walking from the root
	Hints     []resolve.Hint     // root servers; nil: IANA's
	Anchors   []dns.RR           // DS or DNSKEY of the root; nil: IANA's
	Roots     *x509.CertPool     // trusted certificate authorities; nil: the system's
	ConnectTo []netguard.Mapping // as curl's --connect-to
	// Policy is the address guard's.
	Policy netguard.Policy
	// Timeout bounds one target; 0: 60 s.
	Timeout time.Duration
	// PerAddr bounds the connections open to one address at a time over all
	// targets; 0: 8.
	PerAddr int
	// Nuclei is the path of infohub-nuclei; "" means that it is looked for
	// beside this program and on the PATH.
	Nuclei string
	// Technologies says which versions are out of support or exploited; nil: the
	// catalogue that came with the program.
	Technologies *technologies.Catalogue
	// Templates are the user's own, run with --active beside infohub's.
	Templates []template.Template
}

// NewScanner builds the engine with every probe and check.
func NewScanner(cfg ScannerConfig) (*scanner.Engine, error) {
	catalogue, err := rules.Load()
	if err != nil {
		return nil, err
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = time.Minute
	}
	if cfg.PerAddr <= 0 {
		cfg.PerAddr = 8
	}
	if cfg.Contact == "" {
		cfg.Contact = DefaultContact
	}
	dialer := &netguard.Dialer{Policy: cfg.Policy, ConnectTo: cfg.ConnectTo, PerAddr: cfg.PerAddr}
	// A resolver that the user names by its address is often on this machine or
	// in the office; it alone may be reached there, and by DNS questions alone.
	asking := &netguard.Dialer{Policy: cfg.Policy, ConnectTo: cfg.ConnectTo, PerAddr: cfg.PerAddr}
	asking.Policy.Listeners = slices.Concat(cfg.Policy.Listeners, cfg.Resolvers)
	resolver := resolve.New(resolve.Config{
		Dialer: asking, Forward: cfg.Resolvers, RootHints: cfg.Hints, Anchors: cfg.Anchors, Now: time.Now,
	})
	agent := fmt.Sprintf("Mozilla/5.0 (compatible; infohub/%s; +%s)", cfg.Version, cfg.Contact)
	return &scanner.Engine{
		Program:   "infohub " + cfg.Version,
		Catalogue: catalogue,
		Probes: []scanner.Probe{
			dnsprobe.New(resolver), webprobe.New(), tlsprobe.New(), mailprobe.New(), nucleiprobe.New(cfg.Nuclei, cfg.Templates...),
		},
		Checks:  judges(cfg.Technologies),
		MDN:     mdn.Score,
		Now:     time.Now,
		Timeout: cfg.Timeout,
		Network: func(opts scanner.Options) *scanner.Network {
			limit := HostLimit
			if opts.TLSFull {
				limit = FullHostLimit
			}
			return &scanner.Network{
				Dialer:    &netguard.Scope{Dialer: dialer, Limit: limit},
				Resolver:  resolver,
				Roots:     cfg.Roots,
				UserAgent: agent,
			}
		},
	}, nil
}

func judges(known *technologies.Catalogue) []scanner.Check {
	if known == nil {
		return checks.All()
	}
	return checks.With(known)
}

// ReadTechnologies reads a catalogue of technologies, which replaces the one
// that came with the program (docs/technology-catalogue.md).
func ReadTechnologies(path string) (*technologies.Catalogue, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	c, err := technologies.ReadCatalogue(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// maxRoots bounds a file of certificate authorities, in bytes; the usual bundle
// of all has 250 KB.
const maxRoots = 8 << 20

// ReadRoots reads a PEM file of certificate authorities to trust instead of
// the system's.
func ReadRoots(path string) (*x509.CertPool, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxRoots))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s holds no certificate: give a file in PEM form, that begins with -----BEGIN CERTIFICATE-----", path)
	}
	return pool, nil
}

// ReadHints reads root servers in the form of IANA's named.root.
func ReadHints(path string) ([]resolve.Hint, error) {
	return readWith(path, resolve.ParseHints)
}

// ReadAnchors reads the root's DS or DNSKEY records in zone-file form.
func ReadAnchors(path string) ([]dns.RR, error) {
	return readWith(path, resolve.ParseAnchors)
}

func readWith[T any](path string, parse func(io.Reader) ([]T, error)) ([]T, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	out, err := parse(io.LimitReader(f, 1<<20))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}
