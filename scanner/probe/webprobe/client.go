package webprobe

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/scanner"
)

// client makes the requests of one scan. Those to one origin go one after
// another over one kept-alive connection.
//
// Connections to an address may be rationed over all scans (netguard), so a
// client that waits for one gives up those that it keeps alive: scans of many
// sites on one address would wait for each other.
type client struct {
	net   *scanner.Network
	known map[string]scanner.HostAddrs // addresses that the DNS probe found
	now   time.Time                    // the time that certificates are judged by
	// strict ends a request at a certificate that does not verify.
	strict bool
	// patience is requestTime, but in tests.
	patience time.Duration
	// most is maxConns, or less.
	most int
	// beside is another client of the same scan, which gives up its idle
	// connections too when this one waits; or nil.
	beside *client

	mu      sync.Mutex
	origins map[string]*origin
	dialled map[netip.Addr]int
	starved int // dials that have taken so long that nothing is kept alive
}

// origin is one scheme, host and port.
type origin struct {
	scheme, host string
	port         uint16
	turn         chan struct{} // holds one token: whose request is on
	idle         *wire         // guarded by client.mu
}

// wire is one connection with what is known about it.
type wire struct {
	conn     *http.ClientConn
	raw      net.Conn // below conn
	addr     netip.Addr
	tlsError string
}

func newClient(n *scanner.Network, known []scanner.HostAddrs, now time.Time) *client {
	c := &client{net: n, now: now, patience: requestTime, most: maxConns, known: map[string]scanner.HostAddrs{},
		origins: map[string]*origin{}, dialled: map[netip.Addr]int{}}
	for _, h := range known {
		c.known[h.Name] = h
	}
	return c
}

// close ends the idle connections. Requests must be over.
func (c *client) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.origins {
		if o.idle != nil {
			_ = o.idle.conn.Close()
			o.idle = nil
		}
	}
}

// request is one GET.
type request struct {
	url    *url.URL // from resolveURL
	origin string   // the Origin header, or ""
	cookie string   // the Cookie header, or ""
	limit  int64    // of the body, decoded
}

// response is what came back. failure is set when no answer did; then only
// addr may be known.
type response struct {
	addr     netip.Addr
	tlsError string
	status   int
	header   http.Header
	body     []byte // decoded
	capped   bool   // there was more
	// bodyFailure: the body did not come to its end; body is what did come.
	bodyFailure *scanner.Failure
	failure     *scanner.Failure
}

// get makes one request. A connection that was kept alive may have died of
// age, so one failure on such a one is tried again on a new one.
func (c *client) get(ctx context.Context, r request) *response {
	o, err := c.origin(r.url)
	if err != nil {
		return &response{failure: scanner.FailureOf(err)}
	}
	select {
	case <-o.turn:
		defer func() { o.turn <- struct{}{} }()
	case <-ctx.Done():
		return &response{failure: classify(ctx, ctx.Err())}
	}
	if w := c.take(o); w != nil {
		if res := c.attempt(ctx, o, w, nil, r); res.failure == nil || ctx.Err() != nil || res.failure.Kind == scanner.FailTimeout {
			return res
		}
	}
	conn, addr, err := c.dial(ctx, o)
	if err != nil {
		return &response{addr: addr, failure: classify(ctx, err)}
	}
	return c.attempt(ctx, o, &wire{addr: addr}, conn, r)
}

// attempt makes the request over w, which is opened over conn first when conn
// is not nil.
func (c *client) attempt(ctx context.Context, o *origin, w *wire, conn net.Conn, r request) *response {
	ctx, cancel := context.WithTimeoutCause(ctx, c.patience,
		scanner.Failf(scanner.FailTimeout, fmt.Sprintf("no whole answer within %s", c.patience)))
	defer cancel()
	res := &response{addr: w.addr}
	if conn != nil {
		w.raw = conn
	}
	// net/http's HTTP/2 answers a ping under a lock that reading and closing a
	// body wait for. A peer that does not read can hold it for ever, and only
	// the end of the connection frees it.
	defer context.AfterFunc(ctx, func() { _ = w.raw.Close() })()
	if conn != nil {
		if err := c.open(ctx, o, w, conn); err != nil {
			_ = conn.Close()
			res.failure = classify(ctx, err)
			return res
		}
	}
	res.tlsError = w.tlsError
	keep, err := c.exchange(ctx, w, r, res)
	if err != nil {
		res.failure = classify(ctx, err)
	}
	c.put(o, w, keep)
	return res
}

func (c *client) origin(u *url.URL) (*origin, error) {
	port, err := portOf(u)
	if err != nil {
		return nil, err
	}
	key := u.Scheme + "://" + u.Host
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.origins[key]
	if o == nil {
		o = &origin{scheme: u.Scheme, host: u.Hostname(), port: port, turn: make(chan struct{}, 1)}
		o.turn <- struct{}{}
		c.origins[key] = o
	}
	return o, nil
}

// take returns the origin's kept-alive connection, or nil.
func (c *client) take(o *origin) *wire {
	c.mu.Lock()
	w := o.idle
	o.idle = nil
	c.mu.Unlock()
	if w != nil && w.conn.Err() != nil {
		_ = w.conn.Close()
		return nil
	}
	return w
}

func (c *client) put(o *origin, w *wire, keep bool) {
	c.mu.Lock()
	keep = keep && c.starved == 0
	if keep {
		o.idle = w
	}
	c.mu.Unlock()
	if !keep {
		_ = w.conn.Close()
	}
}

// dial connects to the first address of o that answers and returns the address
// it reached or, with the error, the one it tried first.
func (c *client) dial(ctx context.Context, o *origin) (net.Conn, netip.Addr, error) {
	addrs, err := c.addresses(ctx, o.host, o.port)
	if err != nil {
		return nil, netip.Addr{}, err
	}
	defer c.starve()()
	if c.beside != nil {
		defer c.beside.starve()()
	}
	var first error
	for _, a := range addrs {
		conn, err := c.dialOne(ctx, o, a)
		if err == nil {
			if got, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
				a = got.Addr().Unmap() // --connect-to may have led elsewhere
			}
			return conn, a, nil
		}
		// No route for IPv6 from here says nothing about the site.
		if first == nil || scanner.FailureOf(first).Kind == scanner.FailUnreachable {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, addrs[0], first
}

// starve gives up the idle connections, and keeps none, from starveAfter until
// the returned function is called.
func (c *client) starve() (end func()) {
	var begun, ended bool // guarded by mu
	timer := time.AfterFunc(starveAfter, func() {
		c.mu.Lock()
		if begun = !ended; begun {
			c.starved++
		}
		c.mu.Unlock()
		if begun {
			c.close()
		}
	})
	return func() {
		timer.Stop()
		c.mu.Lock()
		defer c.mu.Unlock()
		if ended = true; begun {
			c.starved--
		}
	}
}

func (c *client) dialOne(ctx context.Context, o *origin, a netip.Addr) (net.Conn, error) {
	c.mu.Lock()
	c.dialled[a]++
	n := c.dialled[a]
	c.mu.Unlock()
	if n > c.most {
		return nil, fmt.Errorf("%s: %w", a, netguard.ErrLimit)
	}
	return c.net.Dialer.Dial(ctx, "tcp", o.host, netip.AddrPortFrom(a, o.port))
}

// classify makes a Failure of err; when ctx is over, of the reason for that.
func classify(ctx context.Context, err error) *scanner.Failure {
	if ctx.Err() != nil {
		return scanner.FailureOf(context.Cause(ctx))
	}
	f := scanner.FailureOf(err)
	// net/http has no exported error for a server that closes without a word.
	if f.Kind == scanner.FailProtocol && strings.HasSuffix(err.Error(), "server closed idle connection") {
		return scanner.Failf(scanner.FailReset, "the server closed the connection without an answer")
	}
	return f
}
