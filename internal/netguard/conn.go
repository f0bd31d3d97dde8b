package netguard

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// Bounds of how our own slowness is made up for.
const (
	// lateness is how long after a deadline a read must end to show that this
	// program did not get to run; timers are late by a few milliseconds.
	lateness = 100 * time.Millisecond
	// makeUp is how much longer than its deadline a read may take for that, in all.
	makeUp = 2 * time.Second
)

// guardedConn gives its place back when it is closed.
//
// A read whose deadline passes ends with that error even if the answer has been
// in the socket for long: on a machine that is busy or was asleep, it tells of
// us and not of the other side. So one that ends late goes on for as long as it
// was late, within makeUp.
type guardedConn struct {
	net.Conn
	release func()

	mu   sync.Mutex
	read time.Time // the deadline
	left time.Duration
}

func (c *guardedConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}

func (c *guardedConn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read, c.left = t, makeUp
	return c.Conn.SetDeadline(t)
}

func (c *guardedConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read, c.left = t, makeUp
	return c.Conn.SetReadDeadline(t)
}

func (c *guardedConn) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) || !c.prolong(time.Now()) {
			return n, err
		}
	}
}

// prolong gives a read that ended now a new deadline if it ended late.
// A deadline that was long over when it was set is a stop, and no deadline.
func (c *guardedConn) prolong(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	late := now.Sub(c.read)
	if late < lateness || c.left <= 0 || c.read.Unix() <= 1 {
		return false
	}
	more := min(late, c.left)
	c.left -= more
	c.read = now.Add(more)
	return c.Conn.SetReadDeadline(c.read) == nil
}
