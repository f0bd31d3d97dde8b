package netguard

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"
)

// pair is a connection as Dial gives it, and its other end.
func pair(t *testing.T) (*guardedConn, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	ours, err := (&Dialer{Policy: Policy{AllowPrivate: true}}).Dial(t.Context(), "tcp", "", l.Addr().(*net.TCPAddr).AddrPort())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	return ours.(*guardedConn), theirs
}

// TestWhatCameWhileWeSlept: an answer that lies in the socket is read although
// its deadline passed while this program did not run.
func TestWhatCameWhileWeSlept(t *testing.T) {
	ours, theirs := pair(t)
	if _, err := theirs.Write([]byte("here")); err != nil {
		t.Fatal(err)
	}
	// As if the machine had slept: the deadline lies well behind us.
	if err := ours.SetDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 10)
	if n, err := ours.Read(b); err != nil || string(b[:n]) != "here" {
		t.Errorf("%q, %v", b[:n], err)
	}
}

// TestDeadlinesHold: without an answer a late read ends all the same, and a
// stop, which is a deadline at the beginning of time, is never prolonged.
func TestDeadlinesHold(t *testing.T) {
	ours, theirs := pair(t)
	if err := ours.SetReadDeadline(time.Now().Add(-150 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := ours.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("nothing came: %v", err)
	}
	if _, err := theirs.Write([]byte("here")); err != nil {
		t.Fatal(err)
	}
	if err := ours.SetDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if n, err := ours.Read(make([]byte, 10)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after a stop: %d bytes, %v", n, err)
	}
	for c, left := ours, makeUp; left > 0; left -= time.Second { // however late, no more than makeUp in all
		c.read, c.left = time.Now().Add(-time.Second), left
		if !c.prolong(time.Now()) {
			t.Fatalf("not prolonged with %s left", left)
		}
		if c.left > left-time.Second/2 {
			t.Errorf("%s left of %s", c.left, left)
		}
	}
	ours.read, ours.left = time.Now().Add(-time.Second), 0
	if ours.prolong(time.Now()) {
		t.Error("prolonged beyond its bound")
	}
}
