//go:build unix

package lab

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// statusAddr is where nginx counts its connections, for benchmarks.
const (
	statusAddr   = "127.80.255.1:8080"
	statusServer = "server { listen " + statusAddr + "; location / { stub_status; } }"
)

// fewAddrs is how many web addresses the names in bulk share.
const fewAddrs = 20

// Crowd is a lab for measurements.
type Crowd struct {
	*Lab
	Anchors []string
	Sites   []string // good sites of their own: signed zone, address, certificate
	Names   []string // sites in bulk: unsigned zones of their own on a few addresses, without www
	Speed   string   // a zone that the resolver holds: every name in it has an A record
	// Counted is a good site whose connections Connections counts, by address.
	Counted string
	mu      sync.Mutex
	counts  map[string]int
}

// Many starts a lab of n good sites, s1.test to sn.test, and of names in bulk,
// x1.test and so on.
func Many(ctx context.Context, dir string, n, names int) (*Crowd, error) {
	c := &Crowd{Speed: "speed.test", Counted: "counted.test", counts: map[string]int{}}
	sites := []Site{{Domain: Good}}
	for i := range n {
		c.Sites = append(c.Sites, fmt.Sprintf("s%d.test", i+1))
		sites = append(sites, Site{Domain: c.Sites[i]})
	}
	sites = append(sites, Site{
		Domain: c.Counted, Beside: c.count,
		Web:  "listen {web}:8443 ssl http2;\n+listen [{web6}]:8443 ssl http2;",
		HTTP: "listen {web}:8080;\n+listen [{web6}]:8080;",
	})
	more := extra{shared: map[string]string{}, asked: map[string]string{c.Speed: "@ SOA ns hostmaster 1 14400 3600 1209600 3600\n@ NS ns\nns A " + ResolverAddr + "\n* A 127.80.1.1\n"}}
	for i := range names {
		c.Names = append(c.Names, fmt.Sprintf("x%d.test", i+1))
		p := place(Site{}, len(sites)+i%fewAddrs)
		more.records += c.Names[i] + ". NS ns1.good.test.\n" + c.Names[i] + ". NS ns2.good.test.\n"
		more.shared[c.Names[i]] = fmt.Sprintf(`@ SOA ns1.good.test. hostmaster.good.test. 1 14400 3600 1209600 3600
@ NS ns1.good.test.
@ NS ns2.good.test.
@ A %s
@ AAAA %s
@ CAA 0 issue "ca.test"
@ MX 10 mail.good.test.
@ TXT "v=spf1 mx -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@good.test"
`, p.Web, p.Web6)
	}
	for i := range min(names, fewAddrs) {
		sites = append(sites, Site{Domain: fmt.Sprintf("few%d.test", i+1), Cert: func(a *Authority, _ ...string) (string, string, error) {
			return Order{Edit: withOCSP}.Cert()(a, "*.test")
		}})
	}
	var err error
	c.Lab, c.Anchors, err = startWith(ctx, dir, sites, more)
	return c, err
}

// count takes a site's connections, counts them and leads them to nginx.
func (c *Crowd) count(ctx context.Context, l *Lab, p *Place) error {
	for _, addr := range []string{p.Web, p.Web6} {
		for _, port := range []string{"80", "443"} {
			err := l.Listen(ctx, net.JoinHostPort(addr, port), func(conn net.Conn) {
				c.mu.Lock()
				c.counts[addr]++
				c.mu.Unlock()
				relay(conn, net.JoinHostPort(addr, map[string]string{"80": "8080", "443": "8443"}[port]))
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Connections is the greatest number of connections that one address of the
// counted site has had since this was last asked.
func (c *Crowd) Connections() (most int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for addr, n := range c.counts {
		most = max(most, n)
		delete(c.counts, addr)
	}
	return most
}

// WebAddrOf is the web address of the i-th site of Many.
func WebAddrOf(i int) string { return place(Site{}, i+1).Web }

// Accepts is how many connections nginx has accepted since it started; 0 when
// it does not say.
func (l *Lab) Accepts() int {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+statusAddr+"/", nil)
	if err != nil {
		return 0
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	var active, accepts int
	// "Active connections: 1\nserver accepts handled requests\n 16 16 18\n..."
	if _, err := fmt.Fscanf(resp.Body, "Active connections: %d \nserver accepts handled requests\n %d", &active, &accepts); err != nil {
		return 0
	}
	return accepts
}
