package app_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/internal/lab/dnslab"
	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/practice"
	"github.com/cybersec-infohub/infohub/scanner/probe/resolve"
)

// yard is an internet on loopback: a signed root, hk, hostile sites below it,
// each at an address of its own, and the practice shop as the one good site.
// The scanner's guard allows these listeners and nothing else; what must never
// be reached listens too, and counts.
type yard struct {
	t         *testing.T
	lab       *dnslab.Lab
	shop      *practice.Site
	ports     map[uint16]uint16 // the published port -> the real one, the same at every address
	allowed   []netip.AddrPort
	hk        strings.Builder // the delegations
	sites     map[string]*site
	order     []string // of sites
	canary    *site
	config    app.ScannerConfig // of a scanner that sees the yard
	cert      tls.Certificate
	authority *authority    // that the scanner trusts
	end       chan struct{} // closed when the yard is torn down
	closers   []func() error
	wg        sync.WaitGroup
}

// act is what a server does with a connection; it returns at the latest when
// the connection is closed.
type act func(y *yard, c net.Conn)

// acts are a site's servers by published port; a port without one is closed.
type acts map[uint16]act

// site is one target.
type site struct {
	domain string
	addr   netip.Addr
	conns  atomic.Int64 // TCP connections that were made to it, DNS apart
	mu     sync.Mutex
	open   map[net.Conn]bool
}

const tameServer = "127.30.0.1" // the name server of sites whose fault is not in the DNS

func newYard(t *testing.T) *yard {
	t.Helper()
	y := &yard{t: t, lab: dnslab.New(t), ports: map[uint16]uint16{}, sites: map[string]*site{}, end: make(chan struct{})}
	var err error
	if y.shop, err = practice.Start(t.Context(), practice.Options{Faults: []string{}, Addr: netip.MustParseAddr("127.50.0.1")}); err != nil {
		t.Fatal(err)
	}
	y.allowed = append(y.allowed, y.shop.Listeners...)
	y.cert = anyCertificate(t)
	y.authority = y.newAuthority()
	// The canary's listeners choose the port numbers.
	y.canary = &site{domain: "canary", addr: netip.MustParseAddr("127.0.0.1"), open: map[net.Conn]bool{}}
	for _, port := range []uint16{22, 25, 53, 80, 443} {
		y.ports[port] = y.listen(y.canary, netip.AddrPortFrom(y.canary.addr, 0), hold)
		y.listen(y.canary, netip.AddrPortFrom(netip.IPv6Loopback(), y.ports[port]), hold)
	}
	y.datagrams(netip.AddrPortFrom(y.canary.addr, y.ports[53]))
	t.Cleanup(y.close)
	return y
}

// datagrams counts what comes to the canary's name server over UDP.
func (y *yard) datagrams(ap netip.AddrPort) {
	y.t.Helper()
	var lc net.ListenConfig
	c, err := lc.ListenPacket(y.t.Context(), "udp", ap.String())
	if err != nil {
		y.t.Fatal(err)
	}
	y.closers = append(y.closers, c.Close)
	y.wg.Go(func() {
		for b := make([]byte, 512); ; y.canary.conns.Add(1) {
			if _, _, err := c.ReadFrom(b); err != nil {
				return
			}
		}
	})
}

func (y *yard) close() {
	close(y.end)
	y.shop.Close()
	for _, f := range y.closers {
		_ = f()
	}
	for _, s := range append([]*site{y.canary}, y.all()...) {
		s.mu.Lock()
		for c := range s.open {
			_ = c.Close()
		}
		s.mu.Unlock()
	}
	y.wg.Wait()
}

func (y *yard) all() []*site {
	var list []*site
	for _, d := range y.order {
		list = append(list, y.sites[d])
	}
	return list
}

// listen serves one port of s with do until the test ends.
func (y *yard) listen(s *site, ap netip.AddrPort, do act) uint16 {
	y.t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(y.t.Context(), "tcp", ap.String())
	if err != nil {
		if ap.Addr().Is6() {
			return 0 // a machine without IPv6
		}
		y.t.Fatal(err)
	}
	y.closers = append(y.closers, l.Close)
	y.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.conns.Add(1)
			s.mu.Lock()
			s.open[c] = true
			s.mu.Unlock()
			y.wg.Go(func() {
				do(y, c)
				_ = c.Close()
				s.mu.Lock()
				delete(s.open, c)
				s.mu.Unlock()
			})
		}
	})
	return l.Addr().(*net.TCPAddr).AddrPort().Port()
}

// site adds the domain label.hk with servers at an address of its own.
func (y *yard) site(label string, servers acts) *site {
	y.t.Helper()
	n := len(y.order) + 1
	s := &site{domain: label + ".hk", addr: netip.AddrFrom4([4]byte{127, 40, byte(n / 250), byte(n%250 + 1)}), open: map[net.Conn]bool{}}
	for port, do := range servers {
		ap := netip.AddrPortFrom(s.addr, y.ports[port])
		y.listen(s, ap, do)
		y.allowed = append(y.allowed, ap)
	}
	y.sites[s.domain] = s
	y.order = append(y.order, s.domain)
	return s
}

// zone serves text as the zone of label.hk from server; $SITE stands for the
// site's address.
func (y *yard) zone(label, server, text string, sign *dnslab.Signing) {
	y.t.Helper()
	fmt.Fprintf(&y.hk, "%[1]s NS ns1.%[1]s\nns1.%[1]s A %[2]s\n", label, server)
	text = strings.ReplaceAll(text, "$SITE", y.sites[label+".hk"].addr.String())
	y.lab.Zone(label+".hk.", "@ NS ns1\nns1 A "+server+"\n"+text, sign, y.lab.Server(server))
}

// usual are the records of a domain that has everything.
const usual = `@ A $SITE
www A $SITE
mail A $SITE
mta-sts A $SITE
@ MX 10 mail
@ TXT "v=spf1 mx -all"
_dmarc TXT "v=DMARC1; p=reject"
_mta-sts TXT "v=STSv1; id=1"
`

// open finishes the DNS and starts its servers.
func (y *yard) open() {
	y.t.Helper()
	y.lab.Zone("hk.", "@ NS ns.nic.hk.\nns.nic A "+dnslab.HKAddr+"\n"+y.hk.String(), fresh(), y.lab.Server(dnslab.HKAddr))
	y.lab.Zone(".", "@ NS a.root.\na.root. A "+dnslab.RootAddr+"\nhk. NS ns.nic.hk.\nns.nic.hk. A "+dnslab.HKAddr+"\nio. NS ns.nic.hk.\n"+y.shopDelegation(), fresh(), y.lab.Server(dnslab.RootAddr))
	dialer := y.lab.Dialer()
	for _, s := range y.lab.Servers {
		y.allowed = append(y.allowed, s.AddrPort())
	}
	connect := append(append([]netguard.Mapping{}, y.shop.ConnectTo...), dialer.ConnectTo...)
	for port, to := range y.ports {
		connect = append(connect, netguard.Mapping{Port: port, ToPort: to})
	}
	y.config.ConnectTo, y.config.Policy = connect, netguard.Policy{Listeners: y.allowed}
	y.config.Hints, y.config.Anchors = []resolve.Hint{{Name: "a.root", Addr: netip.MustParseAddr(dnslab.RootAddr)}}, y.lab.Anchors()
	y.config.Roots = x509.NewCertPool()
	y.config.Roots.AddCert(y.shop.CA)
	y.config.Roots.AddCert(y.authority.cert)
}

// scanner returns a new scanner of the yard, which knows nothing yet.
func (y *yard) scanner(timeout time.Duration) *scanner.Engine {
	y.t.Helper()
	c := y.config
	c.Version, c.Timeout = "test", timeout
	e, err := app.NewScanner(c)
	if err != nil {
		y.t.Fatal(err)
	}
	return e
}

// fresh signs with keys that are valid today.
func fresh() *dnslab.Signing {
	return &dnslab.Signing{Begin: time.Now().Add(-time.Hour), Expire: time.Now().Add(24 * time.Hour)}
}

// shopDelegation is what the shop's own root says about the zone above it.
func (y *yard) shopDelegation() string {
	var root netip.AddrPort
	for _, m := range y.shop.ConnectTo {
		if m.Host == y.shop.RootName {
			root = netip.AddrPortFrom(m.To, m.ToPort)
		}
	}
	var b strings.Builder
	for _, qtype := range []uint16{dns.TypeNS, dns.TypeDS} {
		m := new(dns.Msg)
		m.SetQuestion("example.", qtype)
		m.SetEdns0(4096, true)
		got, err := dns.ExchangeContext(y.t.Context(), m, root.String())
		if err != nil {
			y.t.Fatal(err)
		}
		for _, rr := range append(append(got.Answer, got.Ns...), got.Extra...) {
			switch rr.(type) {
			case *dns.NS, *dns.DS, *dns.A:
				if !strings.Contains(b.String(), rr.String()) {
					b.WriteString(rr.String() + "\n")
				}
			}
		}
	}
	return b.String()
}

// anyCertificate is a self-signed certificate for every name below hk.
func anyCertificate(t *testing.T, extra ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "any.hk"}, DNSNames: append([]string{"*.hk"}, extra...),
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 2, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
