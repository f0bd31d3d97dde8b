package nucleiprobe

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

const (
	// maxClients is how many connections of the child are served at a time.
	maxClients = 32
	// helloTime bounds the talk before the connection to the target.
	helloTime = 5 * time.Second
	// idleTime ends a connection on which nothing moves.
	idleTime = 30 * time.Second
)

// proxy is a SOCKS5 server on loopback (RFC 1928, with the password of RFC
// 1929). The child connects to nothing else, so that each of its connections
// is dialled here: through the address guard, and to the targets only.
type proxy struct {
	dialer scanner.Dialer
	// routes are the targets' hosts and ports, "example.hk:443", and the
	// addresses that stand for them.
	routes   map[string][]netip.Addr
	listener net.Listener
	password string
	stop     context.CancelFunc
	wg       sync.WaitGroup

	mu       sync.Mutex
	failures map[string]*scanner.Failure // by route: why a dial failed last
	refused  []string                    // what else the child wanted to reach
}

func listen(ctx context.Context, dialer scanner.Dialer, routes map[string][]netip.Addr) (*proxy, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("proxy for the engine: %w", err)
	}
	p := &proxy{dialer: dialer, routes: routes, listener: l, password: rand.Text(), failures: map[string]*scanner.Failure{}}
	ctx, p.stop = context.WithCancel(ctx)
	p.wg.Go(func() { p.serve(ctx) })
	return p, nil
}

// url is how the child finds the proxy.
func (p *proxy) url() string {
	u := url.URL{Scheme: "socks5", User: url.UserPassword("infohub", p.password), Host: p.listener.Addr().String()}
	return u.String()
}

// close ends every connection and waits until that is done.
func (p *proxy) close() {
	p.stop()
	_ = p.listener.Close()
	p.wg.Wait()
}

// failure says why a connection to a route failed the last time that one did;
// nil if none has.
func (p *proxy) failure(route string) *scanner.Failure {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failures[route]
}

func (p *proxy) serve(ctx context.Context) {
	sem := make(chan struct{}, maxClients)
	for {
		conn, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
			if err == nil {
				_ = conn.Close()
			}
			return
		}
		if err != nil { // such as too many open files: it passes
			time.Sleep(50 * time.Millisecond)
			continue
		}
		select {
		case sem <- struct{}{}:
		case <-ctx.Done():
			_ = conn.Close()
			return
		}
		p.wg.Go(func() {
			defer func() { <-sem }()
			p.client(ctx, conn)
		})
	}
}

func (p *proxy) client(ctx context.Context, conn net.Conn) {
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	_ = conn.SetDeadline(time.Now().Add(helloTime))
	route, code, err := p.greet(conn)
	if err != nil {
		if code != 0 {
			_, _ = conn.Write(reply(code))
		}
		return
	}
	_ = conn.SetDeadline(time.Time{})
	target, err := p.dial(ctx, route)
	if err != nil {
		_, _ = conn.Write(reply(codeOf(err)))
		return
	}
	defer func() { _ = target.Close() }()
	stopTarget := context.AfterFunc(ctx, func() { _ = target.Close() })
	defer stopTarget()
	if _, err := conn.Write(reply(succeeded)); err != nil {
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() { pipe(target, conn) })
	pipe(conn, target)
	wg.Wait()
}

// The replies of RFC 1928, section 6, that are given.
const (
	succeeded       = 0x00
	generalFailure  = 0x01
	notAllowed      = 0x02
	hostUnreachable = 0x04
	refusedByHost   = 0x05
	noSuchCommand   = 0x07
	noSuchAddress   = 0x08
)

func reply(code byte) []byte { return []byte{5, code, 0, 1, 0, 0, 0, 0, 0, 0} }

func codeOf(err error) byte {
	switch scanner.FailureOf(err).Kind {
	case scanner.FailRefused:
		return refusedByHost
	case scanner.FailForbidden, scanner.FailLimit:
		return notAllowed
	case scanner.FailTimeout, scanner.FailUnreachable, scanner.FailUnresolved:
		return hostUnreachable
	}
	return generalFailure
}

var errProxy = errors.New("the engine's words to its proxy are not understood")

// greet reads up to the request and returns the route. A code that is not 0 is
// to be sent back.
func (p *proxy) greet(conn net.Conn) (route string, code byte, err error) {
	buf := make([]byte, 513)
	if err := read(conn, buf[:2]); err != nil || buf[0] != 5 {
		return "", 0, errProxy
	}
	if err := read(conn, buf[:buf[1]]); err != nil { // the methods; ours is asked for below
		return "", 0, err
	}
	if _, err := conn.Write([]byte{5, 2}); err != nil {
		return "", 0, err
	}
	user, err := field(conn, buf, true)
	if err != nil {
		return "", 0, err
	}
	password, err := field(conn, buf, false)
	if err != nil {
		return "", 0, err
	}
	if user != "infohub" || subtle.ConstantTimeCompare([]byte(password), []byte(p.password)) != 1 {
		_, _ = conn.Write([]byte{1, 1})
		return "", 0, errProxy
	}
	if _, err := conn.Write([]byte{1, 0}); err != nil {
		return "", 0, err
	}
	if err := read(conn, buf[:4]); err != nil || buf[0] != 5 {
		return "", generalFailure, errProxy
	}
	if buf[1] != 1 { // CONNECT
		return "", noSuchCommand, errProxy
	}
	if buf[3] != 3 { // a name: the targets have names, and an address would get around their resolution
		p.note(fmt.Sprintf("an address of type %d", buf[3]))
		return "", noSuchAddress, errProxy
	}
	host, err := field(conn, buf, false)
	if err != nil {
		return "", generalFailure, err
	}
	if err := read(conn, buf[:2]); err != nil {
		return "", generalFailure, err
	}
	route = net.JoinHostPort(strings.ToLower(host), strconv.Itoa(int(binary.BigEndian.Uint16(buf))))
	if _, ok := p.routes[route]; !ok {
		p.note(route)
		return "", notAllowed, errProxy
	}
	return route, 0, nil
}

func read(conn net.Conn, b []byte) error {
	_, err := io.ReadFull(conn, b)
	return err
}

// field reads a string behind one byte of length, and behind a version byte
// before that.
func field(conn net.Conn, buf []byte, version bool) (string, error) {
	n := 1
	if version {
		n = 2
	}
	if err := read(conn, buf[:n]); err != nil {
		return "", err
	}
	length := int(buf[n-1])
	if err := read(conn, buf[:length]); err != nil {
		return "", err
	}
	return string(buf[:length]), nil
}

// note keeps the first few places that the child had no business with.
func (p *proxy) note(place string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.refused) < 5 {
		p.refused = append(p.refused, scanner.Printable(place, 100))
	}
}

// dial tries the addresses of a route in turn.
func (p *proxy) dial(ctx context.Context, route string) (net.Conn, error) {
	host, portText, _ := net.SplitHostPort(route)
	port, _ := strconv.ParseUint(portText, 10, 16) // a route's port is a number
	var err error = scanner.Failf(scanner.FailUnresolved, host+" has no address")
	var conn net.Conn
	for _, addr := range p.routes[route] {
		if conn, err = p.dialer.Dial(ctx, "tcp", host, netip.AddrPortFrom(addr, uint16(port))); err == nil {
			break
		}
	}
	if err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.failures[route] = scanner.FailureOf(err)
		return nil, err
	}
	return conn, nil
}

// pipe copies until one side ends or nothing moves, and then ends both: HTTP
// needs no half-open connection.
func pipe(dst, src net.Conn) {
	buf := make([]byte, 16<<10)
	for {
		_ = src.SetReadDeadline(time.Now().Add(idleTime))
		n, err := src.Read(buf)
		if n > 0 {
			_ = dst.SetWriteDeadline(time.Now().Add(idleTime))
			if _, werr := dst.Write(buf[:n]); werr != nil {
				err = werr
			}
		}
		if err != nil {
			_ = dst.Close()
			_ = src.Close()
			return
		}
	}
}
