package tlsprobe

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

// handshake is one whole handshake by crypto/tls. state is nil when it did not
// get as far as the certificate; final says that asking more is no use.
type handshake struct {
	state *tls.ConnectionState
	err   *scanner.Failure
	final bool
	after session
}

// session is what followed on a handshake.
type session struct {
	tickets []scanner.TLSTicket
	tested  bool // tickets is all that came
	again   scanner.Tristate
}

// recorded is a connection that keeps what was read.
type recorded struct {
	net.Conn
	in []byte
}

func (r *recorded) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	if len(r.in) < maxFlight {
		r.in = append(r.in, b[:n]...)
	}
	return n, err
}

// noSessions has crypto/tls ask for tickets and forget them.
type noSessions struct{}

func (noSessions) Get(string) (*tls.ClientSessionState, bool) { return nil, false }
func (noSessions) Put(string, *tls.ClientSessionState)        {}

// handshake talks as an ordinary client does that accepts everything up to a
// version: the chain is judged by us, later.
func (x *exam) handshake(ctx context.Context, highest uint16) (h handshake) {
	conn, err := x.dial(ctx)
	if err != nil {
		return handshake{err: scanner.FailureOf(err), final: true}
	}
	defer func() { _ = conn.Close() }()
	defer x.begin(ctx, conn)()
	var state *tls.ConnectionState
	// Suites that are off by default (RSA key transport, 3DES, RC4) are on
	// when they are named.
	var suites []uint16
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		suites = append(suites, s.ID)
	}
	var keys bytes.Buffer
	wire := &recorded{Conn: conn}
	cfg := &tls.Config{
		ServerName:         x.Name,
		MinVersion:         tls.VersionTLS10, // #nosec G402 -- a scanner talks to old servers too
		MaxVersion:         highest,
		CipherSuites:       suites,
		InsecureSkipVerify: true, // #nosec G402 -- judged in verify.go, with reasons
		ClientSessionCache: noSessions{},
		KeyLogWriter:       &keys, // to read the server's tickets, and forgotten with this call
		// A server that wants a certificate of ours ends the handshake later
		// than this: what it showed until then counts.
		VerifyConnection: func(s tls.ConnectionState) error { state = &s; return nil },
	}
	if x.Depth != Brief && x.Depth != Starttls {
		cfg.NextProtos = []string{"h2", "http/1.1"}
	}
	client := tls.Client(wire, cfg)
	err = client.HandshakeContext(ctx)
	if err == nil {
		s := client.ConnectionState()
		state = &s
		var after session
		if x.Depth >= Full {
			after = x.observe(client, wire, readSecrets(keys.Bytes()))
		}
		_ = client.Close() // says goodbye
		return handshake{state: state, after: after}
	}
	if state != nil {
		return handshake{state: state}
	}
	var plain tls.RecordHeaderError
	why := scanner.FailureOf(err)
	switch {
	case ctx.Err() != nil:
		return handshake{err: scanner.FailureOf(context.Cause(ctx)), final: true}
	case why.Kind == scanner.FailTimeout, errors.As(err, &plain):
		return handshake{err: why, final: true}
	case why.Kind == scanner.FailProtocol:
		why = scanner.Failf(scanner.FailTLS, why.Detail) // an alert, or a handshake that makes no sense
	}
	return handshake{err: why}
}

// farewellTime bounds the wait for a server to say goodbye. Its tickets come
// before that, in the moment after the handshake.
const farewellTime = 2 * time.Second

// observe looks at what a server does after the handshake: the tickets that it
// sends and, in TLS 1.2, whether it lets us begin anew.
func (x *exam) observe(client *tls.Conn, wire *recorded, keys secrets) (s session) {
	state := client.ConnectionState()
	switch state.Version {
	case tls.VersionTLS13:
		if client.CloseWrite() != nil || wire.SetReadDeadline(time.Now().Add(min(farewellTime, x.timeout()))) != nil {
			return s
		}
		_, err := io.Copy(io.Discard, io.LimitReader(client, 1<<16))
		s.tickets = tickets13(wire.in, keys[serverTraffic], state.CipherSuite)
		s.tested = len(s.tickets) > 0 || err == nil || errors.Is(err, io.ErrUnexpectedEOF)
	case tls.VersionTLS12:
		s.tickets = tickets12(wire.in)
		s.tested = true
		s.again = x.renegotiate(wire, keys, state)
	}
	return s
}

// renegotiate asks for a new handshake inside the old one (RFC 5746 section
// 3.5), and looks at the type of what comes back: a handshake message is the
// beginning of it; an alert or the end of the talk, a no.
func (x *exam) renegotiate(wire *recorded, keys secrets, state tls.ConnectionState) scanner.Tristate {
	seal, ok := sealer(keys, wire.in, state.CipherSuite)
	if !ok || len(state.TLSUnique) == 0 {
		return scanner.Unknown
	}
	q := versionQuestion(vTLS12)
	q.deflate, q.again = false, state.TLSUnique
	hello, err := q.marshal(x.Name)
	if err != nil {
		return scanner.Unknown
	}
	sealed, err := seal(recordHandshake, hello[recordHead:])
	if err != nil {
		return scanner.Unknown
	}
	if _, err := wire.Write(sealed); err != nil {
		return scanner.Unknown
	}
	var head [recordHead]byte
	for range maxMessages { // data, such as a greeting, may be on its way
		if _, err := io.ReadFull(wire, head[:]); err != nil {
			if scanner.FailureOf(err).Kind == scanner.FailReset {
				return scanner.No
			}
			return scanner.Unknown
		}
		switch head[0] {
		case recordHandshake:
			return scanner.Yes
		case recordAlert:
			return scanner.No
		}
		if _, err := io.CopyN(io.Discard, wire, int64(head[3])<<8|int64(head[4])); err != nil {
			return scanner.Unknown
		}
	}
	return scanner.Unknown
}
