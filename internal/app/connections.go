package app

import (
	"net"
	"net/netip"
	"sync"
)

// shares is a listener that gives one address an eighth of all connections at
// most, so that nobody takes them all by keeping them open. A proxy on this
// machine may have all of them.
type shares struct {
	net.Listener
	most int // connections of one address

	mu   sync.Mutex
	open map[string]int
}

// newShares divides all connections of a listener.
func newShares(l net.Listener, all int) *shares {
	return &shares{Listener: l, most: max(all/8, min(all, 16)), open: map[string]int{}}
}

// Accept closes what is too much at once.
func (s *shares) Accept() (net.Conn, error) {
	for {
		c, err := s.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from, err := netip.ParseAddrPort(c.RemoteAddr().String())
		if err != nil || from.Addr().Unmap().IsLoopback() {
			return c, nil
		}
		who := subscriber(from.Addr().Unmap().String())
		if s.enter(who) {
			return &shared{Conn: c, leave: sync.OnceFunc(func() { s.leave(who) })}, nil
		}
		_ = c.Close() // nobody is left to tell
	}
}

func (s *shares) enter(who string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[who] >= s.most {
		return false
	}
	s.open[who]++
	return true
}

func (s *shares) leave(who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[who]--; s.open[who] <= 0 {
		delete(s.open, who)
	}
}

// shared is a connection that counts.
type shared struct {
	net.Conn
	leave func()
}

func (c *shared) Close() error {
	c.leave()
	return c.Conn.Close()
}
