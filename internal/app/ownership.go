package app

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/internal/ownership"
	"github.com/cybersec-infohub/infohub/scanner"
)

// NewOwnershipChecker looks for proofs over the network of a scanner. Proofs are
// as fresh as the scanner's resolver: make a new scanner for each occasion.
func NewOwnershipChecker(e *scanner.Engine) *ownership.Checker {
	net := e.Network(scanner.Options{})
	return &ownership.Checker{Resolver: siteNames{net}, Dialer: net.Dialer, UserAgent: net.UserAgent, Now: e.Now}
}

// Authorise looks for the proof of each target, at most n at a time. It returns
// the grounds by domain, and what was looked at in vain for the other targets,
// in their order.
func Authorise(ctx context.Context, e *scanner.Engine, targets []scanner.Target, secret []byte, n int) (map[string]*scanner.Authorisation, []ownership.Result) {
	checker := NewOwnershipChecker(e)
	results := make([]ownership.Result, len(targets))
	slots := make(chan struct{}, max(n, 1))
	var wg sync.WaitGroup
	for i, t := range targets {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			results[i] = checker.Check(ctx, t.Domain, ownership.Token(secret, "", t.Domain))
		})
	}
	wg.Wait()
	grounds := map[string]*scanner.Authorisation{}
	var without []ownership.Result
	for _, r := range results {
		if !r.Proved() {
			without = append(without, r)
			continue
		}
		how := scanner.ByFile
		if r.How == ownership.DNS {
			how = scanner.ByDNS
		}
		grounds[r.Domain] = &scanner.Authorisation{How: how, Where: r.Where, At: r.At}
	}
	return grounds, without
}

// siteNames is the DNS as a scan sees it.
type siteNames struct{ net *scanner.Network }

func (s siteNames) TXT(ctx context.Context, name string) ([]string, error) {
	answer, err := s.lookup(ctx, name, dns.TypeTXT)
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, rr := range answer.Records {
		if txt, ok := rr.(*dns.TXT); ok {
			texts = append(texts, strings.Join(txt.Txt, ""))
		}
	}
	return texts, nil
}

// lookup refuses what DNSSEC shows to be forged or broken, as a validating
// resolver does.
func (s siteNames) lookup(ctx context.Context, name string, qtype uint16) (scanner.Answer, error) {
	answer, err := s.net.Resolver.Lookup(ctx, name, qtype)
	r, ok := s.net.Resolver.(interface {
		Security(ctx context.Context, name string, qtype uint16) (scanner.DNSSECStatus, error)
	})
	if err != nil || !ok || len(answer.Records) == 0 {
		return answer, err
	}
	if status, err := r.Security(ctx, name, qtype); err != nil || status == scanner.Bogus {
		return scanner.Answer{}, errors.Join(err, scanner.Failf(scanner.FailProtocol, "the DNSSEC signatures of "+name+" do not fit"))
	}
	return answer, nil
}

// Addrs gives IPv6 before IPv4. A name that --connect-to leads somewhere needs
// no address of its own.
func (s siteNames) Addrs(ctx context.Context, host string) ([]netip.Addr, error) {
	if m, ok := s.net.Dialer.(interface {
		Maps(host string, port uint16) (netip.Addr, bool)
	}); ok {
		for _, port := range []uint16{443, 80} {
			if a, mapped := m.Maps(host, port); mapped {
				return []netip.Addr{a}, nil
			}
		}
	}
	var (
		addrs  []netip.Addr
		failed error
	)
	for _, qtype := range []uint16{dns.TypeAAAA, dns.TypeA} {
		answer, err := s.lookup(ctx, host, qtype)
		if err != nil {
			failed = err
		}
		for _, rr := range answer.Records {
			var raw []byte
			switch rr := rr.(type) {
			case *dns.AAAA:
				raw = rr.AAAA
			case *dns.A:
				raw = rr.A.To4()
			}
			if a, ok := netip.AddrFromSlice(raw); ok {
				addrs = append(addrs, a)
			}
		}
	}
	if len(addrs) > 0 {
		failed = nil
	}
	return addrs, failed
}
