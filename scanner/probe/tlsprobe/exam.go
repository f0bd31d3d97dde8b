package tlsprobe

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Depth is how much of a server is examined, which is how many connections
// that may take.
type Depth int

// The depths.
const (
	CertOnly Depth = iota // the certificate: at most 2 connections
	Brief                 // and old versions, without ALPN, for mail servers: at most 6
	// Starttls is for mail servers too: also weak suites (but anonymous ones,
	// which are no fault where nobody checks the certificate), groups and the
	// mended extensions: at most 14, on a good server 8 or 9.
	Starttls
	// Full is everything but each single suite: at most 24, on a good server 15.
	Full
	// Every is Full and each suite and group: at most 120.
	Every
)

func (d Depth) connections() int {
	switch d {
	case Every:
		return 120
	case Full:
		return 24
	case Starttls:
		return 14
	case Brief:
		return 6
	}
	return 2
}

// Server is what to examine.
type Server struct {
	Name string // for the server name indication and the certificate
	Addr netip.Addr
	Port uint16
	// Dial makes a connection on which a ClientHello may be sent at once; it
	// bounds its own time. It is called from several goroutines.
	Dial func(ctx context.Context) (net.Conn, error)
	// Roots is the trust store; nil is the system's.
	Roots *x509.CertPool
	Now   time.Time // the time at which certificates are judged
	Depth Depth
	// TLSA are records that the chain is held against; whether DNSSEC proves
	// them is the caller's business.
	TLSA []*dns.TLSA
	// Revoked asks whether the leaf was revoked, unless a stapled response says
	// so; nil: nobody asks.
	Revoked *Revocations
	// Timeout bounds one conversation after Dial; 0 is 5 s.
	Timeout time.Duration
}

const (
	// atATime is how many connections to one server are open at a time.
	atATime = 3
	// maxSilent is how many questions may go unanswered for the whole timeout
	// before the rest is not asked any more.
	maxSilent = 5
)

// exam is one examination: it makes the connections and keeps count.
type exam struct {
	Server

	mu     sync.Mutex
	made   int              // connections
	silent int              // conversations that ran into the timeout
	cut    bool             // the server cut a conversation
	met    bool             // a connection was made
	shut   *scanner.Failure // why no further connection is made
	why    *scanner.Failure // why the first lost question was lost
}

// dial makes a connection, unless the limit is reached or an earlier one was
// turned away: a server that has closed its door is left alone.
func (x *exam) dial(ctx context.Context) (net.Conn, error) {
	x.mu.Lock()
	switch {
	case ctx.Err() != nil:
		x.shut = scanner.FailureOf(context.Cause(ctx))
	case x.shut == nil && x.made >= x.Depth.connections():
		x.shut = scanner.Failf(scanner.FailLimit, fmt.Sprintf("%d connections were made", x.made))
	}
	if x.shut != nil {
		defer x.mu.Unlock()
		return nil, x.shut
	}
	x.made++
	n := x.made
	x.mu.Unlock()

	conn, err := x.Dial(ctx)
	x.mu.Lock()
	defer x.mu.Unlock()
	if err == nil {
		x.met = true
		return conn, nil
	}
	why := scanner.FailureOf(err)
	switch {
	case ctx.Err() != nil:
		why = scanner.FailureOf(context.Cause(ctx))
	case x.met && (why.Kind == scanner.FailRefused || why.Kind == scanner.FailTimeout || why.Kind == scanner.FailReset):
		why = scanner.Failf(scanner.FailBlocked, fmt.Sprintf("connection %d to a server that had taken others: %s", n, why))
	}
	if x.shut == nil {
		x.shut = why
	}
	return nil, why
}

// begin puts the deadline of one conversation on conn; the returned function
// takes the watch on ctx off.
func (x *exam) begin(ctx context.Context, conn net.Conn) (stop func() bool) {
	// A connection that cannot have a deadline is cut by the watch at least.
	_ = conn.SetDeadline(time.Now().Add(x.timeout()))
	return context.AfterFunc(ctx, func() { _ = conn.Close() })
}

func (x *exam) timeout() time.Duration {
	if x.Timeout > 0 {
		return x.Timeout
	}
	return 5 * time.Second
}

// verdict is what became of a question.
type verdict int

const (
	notAsked verdict = iota
	accepted         // a ServerHello with the version that was asked for
	lower            // a ServerHello with a lower version
	declined         // an alert
	cut              // the connection was closed or reset: perhaps a no, perhaps a rate limit
	lost             // no answer: timeout, no connection, not TLS
)

type reply struct {
	verdict verdict
	flight  flight
}

// answered: there is a ServerHello.
func (r reply) answered() bool { return r.verdict == accepted || r.verdict == lower }

// ask puts one question on a connection of its own. It runs on a goroutine of
// its own, and what it reads is hostile: a panic costs this answer alone.
func (x *exam) ask(ctx context.Context, q question) (r reply) {
	defer func() {
		if p := recover(); p != nil {
			r = x.fail(ctx, panicked(p))
		}
	}()
	hello, err := q.marshal(x.Name)
	if err != nil {
		return x.fail(ctx, err)
	}
	conn, err := x.dial(ctx)
	if err != nil {
		return x.fail(ctx, err)
	}
	defer func() { _ = conn.Close() }()
	defer x.begin(ctx, conn)()
	if _, err := conn.Write(hello); err != nil {
		return x.fail(ctx, err)
	}
	f, err := readFlight(conn, q)
	if err != nil {
		return x.fail(ctx, err)
	}
	if f.version < q.version {
		return reply{lower, f}
	}
	return reply{accepted, f}
}

func panicked(p any) *scanner.Failure {
	return scanner.Failf(scanner.FailInternal, fmt.Sprint("reading the server's answer panicked: ", p))
}

// fail sorts an error into an answer or the lack of one.
func (x *exam) fail(ctx context.Context, err error) reply {
	x.mu.Lock()
	defer x.mu.Unlock()
	var alert alertError
	if errors.As(err, &alert) {
		return reply{verdict: declined}
	}
	why := scanner.FailureOf(err)
	if ctx.Err() != nil {
		why = scanner.FailureOf(context.Cause(ctx))
	}
	switch {
	case why == x.shut:
	case why.Kind == scanner.FailReset:
		x.cut = true
		return reply{verdict: cut}
	case why.Kind == scanner.FailTimeout:
		if x.silent++; x.silent >= maxSilent && x.shut == nil {
			x.shut = scanner.Failf(scanner.FailTimeout, fmt.Sprintf("%d questions got no answer", x.silent))
		}
	}
	if x.why == nil {
		x.why = why
	}
	return reply{verdict: lost}
}

// parallel runs fns, a few at a time, and waits for all.
func parallel(n int, fns ...func()) {
	var wg sync.WaitGroup
	sem := make(chan struct{}, n)
	for _, fn := range fns {
		sem <- struct{}{}
		wg.Go(func() {
			defer func() { <-sem }()
			fn()
		})
	}
	wg.Wait()
}
