// Package practice is a fictional shop on loopback with faults that can be
// switched on and off one by one: its own name servers with a signed zone, web
// server, TLS and mail server, in one process, on unprivileged ports. It is a
// teaching prop: its faults match rules, and nothing in it can be broken into.
//
// Imported by cmd/infohub, by hub/portal later, and by tests.
package practice

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"

	"github.com/cybersec-infohub/infohub/internal/netguard"
)

// Domain is the shop's name. The top-level domain is one that RFC 2606 keeps
// for examples, so it can never be anybody's.
const Domain = "harbour-tea.example"

// Options choose how the shop starts.
type Options struct {
	// Faults are the rule ids whose faults are on; nil is all of them, an empty
	// list none.
	Faults []string
	// Addr is the loopback address that is listened on; the zero Addr is
	// 127.0.0.1.
	Addr netip.Addr
}

// Site is a running shop. Its fields are what a scanner needs to see it as if
// it were on the internet.
type Site struct {
	Domain    string
	Root      netip.Addr         // address of its root server, RootName
	RootName  string             // for root hints
	Anchor    string             // the root's DS record in zone-file form
	ConnectTo []netguard.Mapping // from the published addresses and ports to the real ones
	Listeners []netip.AddrPort   // everything that it listens on, and nothing else
	CA        *x509.Certificate  // who issued its certificates

	pki   *pki
	keys  map[string]*zoneKey
	mu    sync.RWMutex
	on    map[string]bool
	zones map[string]*zone // by zone name, with a final dot
	proof proof

	stops []func()
	wg    sync.WaitGroup
}

// Start runs the shop until Close, or until ctx ends.
func Start(ctx context.Context, opts Options) (*Site, error) {
	if !opts.Addr.IsValid() {
		opts.Addr = netip.MustParseAddr("127.0.0.1")
	}
	if !opts.Addr.IsLoopback() {
		return nil, fmt.Errorf("practice: %s is not a loopback address", opts.Addr)
	}
	s := &Site{Domain: Domain, RootName: rootName, Root: rootAddr(), on: map[string]bool{}}
	if opts.Faults == nil {
		opts.Faults = Faults()
	}
	for _, id := range opts.Faults {
		if !slices.Contains(Faults(), id) {
			return nil, fmt.Errorf("the practice site has no fault %q", id)
		}
		s.on[id] = true
	}
	var err error
	if s.pki, err = newPKI(); err != nil {
		return nil, err
	}
	s.CA = s.pki.root
	if err := s.makeKeys(); err != nil {
		return nil, err
	}
	if err := s.rebuild(); err != nil {
		return nil, err
	}
	if err := s.listen(ctx, opts.Addr); err != nil {
		s.Close()
		return nil, err
	}
	context.AfterFunc(ctx, s.stop)
	return s, nil
}

// Faults returns the rule ids of the faults that can be switched, sorted.
func Faults() []string {
	return []string{
		"dns.caa.missing",
		"dns.ns.axfr",
		"mail.dmarc.policy-none",
		"mail.spf.plus-all",
		"mail.starttls.missing",
		"tls.certificate.expired",
		"tls.version.old",
		"web.cookie.httponly",
		"web.csp.missing",
		"web.frame-options.missing",
		"web.hsts.missing",
		"web.https.no-redirect",
		"web.mixed-content.active",
		"web.server.version-disclosed",
	}
}

// SetFault switches one fault. The next visit sees it.
func (s *Site) SetFault(id string, on bool) error {
	if !slices.Contains(Faults(), id) {
		return fmt.Errorf("the practice site has no fault %q", id)
	}
	s.mu.Lock()
	s.on[id] = on
	s.mu.Unlock()
	return s.rebuild()
}

func (s *Site) has(id string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.on[id]
}

// Close stops the shop and waits until its servers have ended.
func (s *Site) Close() {
	s.stop()
	s.wg.Wait()
}

func (s *Site) stop() {
	s.mu.Lock()
	stops := s.stops
	s.stops = nil
	s.mu.Unlock()
	for _, f := range stops {
		f()
	}
}

// serve runs f until the site stops; stop ends it.
func (s *Site) serve(f, stop func()) {
	s.mu.Lock()
	s.stops = append(s.stops, stop)
	s.mu.Unlock()
	s.wg.Go(f)
}

// listen starts every server and fills ConnectTo and Listeners.
func (s *Site) listen(ctx context.Context, addr netip.Addr) error {
	var lc net.ListenConfig
	tcp := func() (net.Listener, netip.AddrPort, error) {
		l, err := lc.Listen(ctx, "tcp", netip.AddrPortFrom(addr, 0).String())
		if err != nil {
			return nil, netip.AddrPort{}, err
		}
		return l, l.Addr().(*net.TCPAddr).AddrPort(), nil
	}
	lead := func(ap netip.AddrPort, port uint16, hosts ...string) {
		s.Listeners = append(s.Listeners, ap)
		for _, h := range hosts {
			s.ConnectTo = append(s.ConnectTo, netguard.Mapping{Host: h, Port: port, To: ap.Addr(), ToPort: ap.Port()})
		}
	}
	for _, server := range nameServers() {
		// UDP and TCP must share a port; another program may hold one of them.
		var err error
		for range 20 {
			l, ap, lerr := tcp()
			if lerr != nil {
				return lerr
			}
			var pc net.PacketConn
			if pc, err = lc.ListenPacket(ctx, "udp", ap.String()); err != nil {
				_ = l.Close()
				continue
			}
			s.serveDNS(server, l, pc)
			lead(ap, 53, server.name)
			break
		}
		if err != nil {
			return err
		}
	}
	plain, plainAP, err := tcp()
	if err != nil {
		return err
	}
	secure, secureAP, err := tcp()
	if err != nil {
		return errors.Join(err, plain.Close())
	}
	s.serveWeb(plain, secure)
	lead(plainAP, 80, Domain, "www."+Domain)
	lead(secureAP, 443, Domain, "www."+Domain, "mta-sts."+Domain)
	smtp, smtpAP, err := tcp()
	if err != nil {
		return err
	}
	s.serveSMTP(ctx, smtp)
	lead(smtpAP, 25, "mail."+Domain)
	return nil
}
