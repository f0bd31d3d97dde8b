package netguard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/idna"
)

// ErrLimit is a connection that was not made because the caller's own limit on
// connections to one address was used up.
var ErrLimit = errors.New("limit on connections to one host reached")

// Mapping leads connections for Host and Port elsewhere, as curl's
// --connect-to does. An empty Host or a zero Port matches every one; an invalid
// To address or a zero To port leaves that part as it was.
type Mapping struct {
	Host   string
	Port   uint16
	To     netip.Addr
	ToPort uint16
}

// ParseMapping reads HOST:PORT:ADDR:PORT; IPv6 addresses stand in brackets.
// HOST may be a name, in either form of IDN, or an address; ADDR must be an
// address.
func ParseMapping(s string) (Mapping, error) {
	bad := func(what string) (Mapping, error) {
		return Mapping{}, fmt.Errorf("%q: %s; write HOST:PORT:ADDRESS:PORT, for example example.hk:443:127.0.0.1:8443", s, what)
	}
	parts := splitBrackets(s)
	if len(parts) != 4 {
		return bad("there are not four parts")
	}
	var (
		m   Mapping
		err error
	)
	if m.Host, err = mappedHost(parts[0]); err != nil {
		return bad("the first part is neither a name nor an address")
	}
	if m.Port, err = parsePort(parts[1]); err != nil {
		return bad("the first port is not a number from 1 to 65535")
	}
	if m.ToPort, err = parsePort(parts[3]); err != nil {
		return bad("the second port is not a number from 1 to 65535")
	}
	if parts[2] != "" {
		if m.To, err = netip.ParseAddr(parts[2]); err != nil {
			return bad("the third part is not an IP address")
		}
	}
	return m, nil
}

// mappedHost writes a host as connections name it. One that no connection could
// have is an error: a mapping without effect would scan the wrong machine.
func mappedHost(s string) (string, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Unmap().String(), nil
	}
	s = strings.ToLower(strings.TrimSuffix(s, "."))
	if strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 }) {
		return idna.Lookup.ToASCII(s)
	}
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
		return "", errors.New("not a host name")
	}
	return s, nil
}

func parsePort(s string) (uint16, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(s, 10, 16)
	if err == nil && n == 0 {
		err = strconv.ErrRange
	}
	return uint16(n), err
}

// splitBrackets splits at colons outside [brackets], which are taken off.
func splitBrackets(s string) []string {
	var parts []string
	depth, start := 0, 0
	for i, c := range s {
		switch {
		case c == '[':
			depth++
		case c == ']':
			depth--
		case c == ':' && depth == 0:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	parts = append(parts, s[start:])
	for i, p := range parts {
		parts[i] = strings.TrimSuffix(strings.TrimPrefix(p, "["), "]")
	}
	return parts
}

func (m Mapping) matches(host string, ap netip.AddrPort) bool {
	if m.Port != 0 && m.Port != ap.Port() {
		return false
	}
	return m.Host == "" || m.Host == host || m.Host == ap.Addr().Unmap().String()
}

// Dialer makes every outgoing connection of the program. It is safe for
// concurrent use and is shared by all scans of a run; Scope gives one scan its
// own count.
type Dialer struct {
	Policy    Policy
	ConnectTo []Mapping
	// Timeout bounds one connection attempt; 0 is 5 s.
	Timeout time.Duration
	// PerAddr is how many TCP connections may be open to one address at a time
	// over all scans; 0 is no bound. A dial beyond it waits.
	PerAddr int

	mu    sync.Mutex
	slots map[netip.Addr]*slot
}

// slot is the open connections of one address; users counts those that hold or
// wait for it, so that the map does not grow with every address ever seen.
type slot struct {
	sem   chan struct{}
	users int
}

// Map returns where a connection for host and ap really goes.
func (d *Dialer) Map(host string, ap netip.AddrPort) netip.AddrPort {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for _, m := range d.ConnectTo {
		if !m.matches(host, ap) {
			continue
		}
		if m.To.IsValid() {
			ap = netip.AddrPortFrom(m.To, ap.Port())
		}
		if m.ToPort != 0 {
			ap = netip.AddrPortFrom(ap.Addr(), m.ToPort)
		}
		return ap
	}
	return ap
}

// Maps tells whether connections for host and port are led to a fixed address,
// and to which: such a name needs no address of its own.
func (d *Dialer) Maps(host string, port uint16) (netip.Addr, bool) {
	ap := d.Map(host, netip.AddrPortFrom(netip.IPv4Unspecified(), port))
	return ap.Addr(), ap.Addr() != netip.IPv4Unspecified()
}

// Dial connects to ap, or to where ConnectTo leads host and ap. The error of a
// refusal wraps *ForbiddenError.
func (d *Dialer) Dial(ctx context.Context, network, host string, ap netip.AddrPort) (net.Conn, error) {
	ap = d.Map(host, ap)
	if err := d.Policy.Check(ap); err != nil {
		return nil, err
	}
	release := func() {}
	if d.PerAddr > 0 && strings.HasPrefix(network, "tcp") {
		var err error
		if release, err = d.acquire(ctx, server(ap.Addr())); err != nil {
			return nil, err
		}
	}
	timeout := d.Timeout
	if timeout <= 0 {
		timeout = 5 * time.Second
	}
	nd := net.Dialer{Timeout: timeout, Control: d.control, FallbackDelay: -1, KeepAlive: -1}
	conn, err := nd.DialContext(ctx, network, ap.String())
	if err != nil {
		release()
		if ctx.Err() != nil { // say which it was: the deadline or a stop
			return nil, fmt.Errorf("dial %s: %w", ap, context.Cause(ctx))
		}
		return nil, err
	}
	return &guardedConn{Conn: conn, release: sync.OnceFunc(release)}, nil
}

// control is the check that cannot be gone around: it sees the very address
// that connect(2) will be given.
func (d *Dialer) control(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	return d.Policy.Check(ap)
}

func (d *Dialer) acquire(ctx context.Context, a netip.Addr) (func(), error) {
	d.mu.Lock()
	if d.slots == nil {
		d.slots = map[netip.Addr]*slot{}
	}
	s := d.slots[a]
	if s == nil {
		s = &slot{sem: make(chan struct{}, d.PerAddr)}
		d.slots[a] = s
	}
	s.users++
	d.mu.Unlock()
	leave := func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if s.users--; s.users == 0 {
			delete(d.slots, a)
		}
	}
	select {
	case s.sem <- struct{}{}:
		return func() { <-s.sem; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, context.Cause(ctx)
	}
}

// Scope is one scan's view of a Dialer: it lets at most Limit TCP connections
// through to one address, DNS (port 53) not counted.
type Scope struct {
	Dialer *Dialer
	Limit  int

	mu    sync.Mutex
	count map[netip.Addr]int
}

// Dial is Dialer.Dial within the limit; beyond it the error is ErrLimit.
func (s *Scope) Dial(ctx context.Context, network, host string, ap netip.AddrPort) (net.Conn, error) {
	if s.Limit > 0 && strings.HasPrefix(network, "tcp") && ap.Port() != 53 {
		to := server(s.Dialer.Map(host, ap).Addr())
		s.mu.Lock()
		if s.count == nil {
			s.count = map[netip.Addr]int{}
		}
		n := s.count[to] + 1
		if n <= s.Limit {
			s.count[to] = n
		}
		s.mu.Unlock()
		if n > s.Limit {
			return nil, fmt.Errorf("%s: %w", to, ErrLimit)
		}
	}
	return s.Dialer.Dial(ctx, network, host, ap)
}

// Maps is Dialer.Maps.
func (s *Scope) Maps(host string, port uint16) (netip.Addr, bool) { return s.Dialer.Maps(host, port) }

// Fresh returns a Scope of the same Dialer with a limit and a count of its own,
// for a part of a scan that its owner asked for beyond the ordinary visit.
func (s *Scope) Fresh(limit int) *Scope { return &Scope{Dialer: s.Dialer, Limit: limit} }
