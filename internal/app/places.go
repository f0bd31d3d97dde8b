package app

import (
	"container/list"
	"net"
	"net/http"
	"sync"
	"time"
)

// places is a listener with so many places for connections. Whoever comes when
// all are taken gets the place of the connection that has been idle longest, so
// that connections that do nothing keep nobody out. Where none is idle, they are
// told to come again.
type places struct {
	net.Listener
	limit   int
	refusal string        // sent to whoever finds no place; "" where they speak TLS
	refused func()        // counts them
	away    chan struct{} // one for each that is being told

	mu   sync.Mutex
	open int
	idle *list.List // of *seat, the one that has been idle longest first
}

// busyAnswer is what a client of HTTP without a place is told.
const busyAnswer = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 49\r\n\r\n" +
	"too many connections at once: come again shortly\n"

func newPlaces(l net.Listener, limit int, refusal string, refused func()) *places {
	return &places{Listener: l, limit: limit, refusal: refusal, refused: refused, away: make(chan struct{}, 64), idle: list.New()}
}

// seat is a connection that has a place.
type seat struct {
	net.Conn
	of   *places
	wait *list.Element // in idle; nil while a request is under way
	gone bool
}

// Accept implements net.Listener.
func (p *places) Accept() (net.Conn, error) {
	for {
		conn, err := p.Listener.Accept()
		if err != nil {
			return nil, err
		}
		s, evicted := p.seat(conn)
		if evicted != nil {
			_ = evicted.Close() // nobody uses it
		}
		if s != nil {
			return s, nil
		}
		p.refused()
		select {
		case p.away <- struct{}{}:
			go p.turnAway(conn)
		default:
			_ = conn.Close() // so many that there is no time for words
		}
	}
}

// turnAway tells a connection that there is no place: after it has asked, since
// clients take no answer before.
func (p *places) turnAway(conn net.Conn) {
	defer func() { <-p.away }()
	if p.refusal != "" {
		_ = conn.SetDeadline(time.Now().Add(time.Second))
		if _, err := conn.Read(make([]byte, 4096)); err == nil {
			_, _ = conn.Write([]byte(p.refusal)) // they are gone where it fails
		}
	}
	_ = conn.Close()
}

// seat gives a connection a place, nil if there is none, and says whose it was.
func (p *places) seat(conn net.Conn) (s, evicted *seat) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open >= p.limit {
		first := p.idle.Front()
		if first == nil {
			return nil, nil
		}
		evicted, _ = first.Value.(*seat)
		p.leave(evicted)
	}
	s = &seat{Conn: conn, of: p}
	p.open++
	s.wait = p.idle.PushBack(s)
	return s, evicted
}

// leave frees a place. The lock is held.
func (p *places) leave(s *seat) {
	if s.gone {
		return
	}
	s.gone = true
	p.open--
	if s.wait != nil {
		p.idle.Remove(s.wait)
		s.wait = nil
	}
}

// Close implements net.Conn.
func (s *seat) Close() error {
	s.of.mu.Lock()
	s.of.leave(s)
	s.of.mu.Unlock()
	return s.Conn.Close()
}

// state is http.Server's ConnState: it tells idle connections from others.
func (p *places) state(conn net.Conn, state http.ConnState) {
	if t, ok := conn.(interface{ NetConn() net.Conn }); ok { // of TLS
		conn = t.NetConn()
	}
	s, ok := conn.(*seat)
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case s.gone:
	case state == http.StateIdle && s.wait == nil:
		s.wait = p.idle.PushBack(s)
	case state == http.StateActive && s.wait != nil:
		p.idle.Remove(s.wait)
		s.wait = nil
	}
}
