package mailprobe

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/scanner"
)

// zone answers from zone text as a resolver would: CNAMEs are followed,
// wildcards apply, names without records but with names below them exist.
type zone struct {
	records map[string][]dns.RR
	fails   map[string]error // by "name TYPE" or name
	block   map[string]bool  // names that are never answered
	state   scanner.DNSSECStatus

	mu    sync.Mutex
	asked map[string]int
}

func newZone(t testing.TB, text string) *zone {
	t.Helper()
	z := &zone{records: map[string][]dns.RR{}, fails: map[string]error{}, block: map[string]bool{}, asked: map[string]int{}}
	p := dns.NewZoneParser(strings.NewReader("$TTL 60\n"+text+"\n"), "example.test.", "zone")
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		name := strings.ToLower(rr.Header().Name)
		z.records[name] = append(z.records[name], rr)
	}
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	return z
}

func (z *zone) find(name string) ([]dns.RR, bool) {
	if rrs, ok := z.records[name]; ok {
		return rrs, true
	}
	for owner := range z.records {
		if strings.HasSuffix(owner, "."+name) {
			return nil, true
		}
	}
	for labels := dns.SplitDomainName(name); len(labels) > 1; labels = labels[1:] {
		if rrs, ok := z.records["*."+dns.Fqdn(strings.Join(labels[1:], "."))]; ok {
			return rrs, true
		}
	}
	return nil, false
}

func (z *zone) Lookup(ctx context.Context, name string, qtype uint16) (scanner.Answer, error) {
	if ctx.Err() != nil {
		return scanner.Answer{}, context.Cause(ctx)
	}
	name = strings.ToLower(dns.Fqdn(name))
	key := strings.TrimSuffix(name, ".")
	z.mu.Lock()
	z.asked[key+" "+dns.TypeToString[qtype]]++
	z.mu.Unlock()
	if z.block[key] {
		<-ctx.Done()
		return scanner.Answer{}, context.Cause(ctx)
	}
	for _, k := range []string{key, key + " " + dns.TypeToString[qtype]} {
		if err := z.fails[k]; err != nil {
			return scanner.Answer{}, err
		}
	}
	var answer scanner.Answer
	for range 8 {
		rrs, exists := z.find(name)
		answer.Exists = exists
		var next string
		for _, rr := range rrs {
			if rr.Header().Rrtype == qtype {
				answer.Records = append(answer.Records, rr)
			} else if c, ok := rr.(*dns.CNAME); ok {
				next = c.Target
			}
		}
		if next == "" || len(answer.Records) > 0 {
			if qtype == dns.TypeTLSA && len(answer.Records) > 0 {
				answer.Security = z.state
			}
			return answer, nil
		}
		name = strings.ToLower(next)
		answer.CNAMEs = append(answer.CNAMEs, strings.TrimSuffix(name, "."))
	}
	return answer, scanner.Failf(scanner.FailProtocol, "CNAME loop")
}

// lab is a network in which port 25 of names or addresses leads to listeners.
type lab struct {
	zone   *zone
	dialer *netguard.Dialer
	roots  *x509.CertPool
}

func newLab(t testing.TB, text string) *lab {
	return &lab{zone: newZone(t, text), dialer: &netguard.Dialer{Policy: netguard.Policy{AllowPrivate: true}}, roots: x509.NewCertPool()}
}

// lead leads port of host, a name or an address, to a listener.
func (l *lab) lead(host string, port uint16, to netip.AddrPort) {
	l.dialer.ConnectTo = append(l.dialer.ConnectTo, netguard.Mapping{Host: host, Port: port, To: to.Addr(), ToPort: to.Port()})
}

func (l *lab) scan(p *Probe, domain string, selectors ...string) *scan {
	return &scan{
		Probe: p, domain: domain, started: time.Now(), dkim: selectors,
		net: &scanner.Network{Dialer: l.dialer, Resolver: l.zone, Roots: l.roots, UserAgent: "test"},
	}
}

func (l *lab) collect(ctx context.Context, p *Probe, domain string) (*scanner.MailFacts, error) {
	s := l.scan(p, domain)
	section, err := p.Collect(ctx, scanner.Input{
		Net:   s.net,
		Facts: &scanner.Facts{Target: scanner.Target{Domain: domain}, Started: s.started},
	})
	facts, _ := section.(*scanner.MailFacts)
	return facts, err
}

// listen serves every connection with handle and ends with the test.
func listen(t testing.TB, handle func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		open = map[net.Conn]bool{}
		over bool
	)
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			if over {
				mu.Unlock()
				_ = conn.Close()
				return
			}
			open[conn] = true
			mu.Unlock()
			wg.Go(func() {
				handle(conn)
				_ = conn.Close()
				mu.Lock()
				delete(open, conn)
				mu.Unlock()
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		over = true
		for conn := range open {
			_ = conn.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return netip.MustParseAddrPort(l.Addr().String())
}

// certificate makes a leaf for names; the lab trusts it.
func (l *lab) certificate(t testing.TB, names ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	l.roots.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: cert}
}

// quick is a probe with short patience.
func quick() *Probe {
	p := New()
	p.greeting, p.answer = 500*time.Millisecond, 500*time.Millisecond
	return p
}

// patient is a probe whose patience outlasts a slow machine.
func patient() *Probe {
	p := New()
	p.greeting, p.answer, p.servers, p.prompt = time.Minute, time.Minute, time.Minute, time.Minute
	return p
}

// settles fails the test unless the goroutines come back down to n.
func settles(t testing.TB, n int) {
	t.Helper()
	for range 1000 {
		if runtime.NumGoroutine() <= n {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	buf := make([]byte, 1<<20)
	t.Errorf("goroutines are left over:\n%s", buf[:runtime.Stack(buf, true)])
}

func kind(f *scanner.Failure) scanner.FailureKind {
	if f == nil {
		return ""
	}
	return f.Kind
}
