package resolve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

const (
	ednsSize     = 1232 // bytes: fits every path without fragments (DNS flag day 2020)
	datagramSize = 4096 // bytes read of one datagram; a longer one is as good as truncated
	maxJunk      = 32   // datagrams that are no answer to what was asked

	defaultTimeout = 2 * time.Second
)

// errTruncated is an answer that does not fit into a datagram.
var errTruncated = errors.New("truncated answer")

// Question makes a query for name and type as this package sends it: EDNS with
// 1232 bytes, DO set, a random id, recursion not desired.
func Question(name string, qtype uint16) *dns.Msg {
	m := new(dns.Msg)
	m.SetQuestion(dns.Fqdn(name), qtype)
	m.RecursionDesired = false
	m.SetEdns0(ednsSize, true)
	return m
}

// Exchange sends m to one server over network, "udp" or "tcp", and returns the
// answer as it came: no other server, no fallback, no cache. A truncated
// answer is returned with its TC bit. An error is a *scanner.Failure.
func (r *Resolver) Exchange(ctx context.Context, network string, s Server, m *dns.Msg) (*dns.Msg, error) {
	answer, err := r.exchange(ctx, network, s.endpoint(), m)
	if errors.Is(err, errTruncated) && answer != nil {
		err = nil
	}
	if err != nil {
		return nil, scanner.FailureOf(err)
	}
	return answer, nil
}

func (r *Resolver) exchange(ctx context.Context, network string, ep endpoint, m *dns.Msg) (*dns.Msg, error) {
	if err := spendQuery(ctx); err != nil {
		return nil, err
	}
	if network == "tcp" {
		s, err := r.open(ctx, ep)
		if err != nil {
			return nil, err
		}
		defer s.Close()
		return s.ask(ctx, m)
	}
	if ep.ap.Addr().Is6() && r.noIPv6(ctx) {
		return nil, scanner.Failf(scanner.FailUnreachable, ep.String()+": nothing answers over IPv6 from here")
	}
	began := time.Now()
	answer, err := r.datagram(ctx, ep, m)
	switch {
	case answer != nil:
		r.health.answered(ep, time.Since(began))
	case ctx.Err() != nil:
		return nil, cause(ctx)
	case scanner.FailureOf(err).Kind == scanner.FailTimeout:
		r.health.silent(ep, began)
	}
	return answer, err
}

// datagram asks over UDP on a connected socket, so that the kernel drops what
// comes from elsewhere, and sends once more when nothing comes at first.
func (r *Resolver) datagram(ctx context.Context, ep endpoint, m *dns.Msg) (*dns.Msg, error) {
	wire, err := m.Pack()
	if err != nil {
		return nil, scanner.Failf(scanner.FailInternal, err.Error())
	}
	conn, err := r.dialer.Dial(ctx, "udp", ep.host, ep.ap)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := conn.Write(wire); err != nil {
		return nil, fmt.Errorf("%s: %w", ep, err)
	}
	buf := r.buffers.Get().(*[]byte)
	defer r.buffers.Put(buf)
	var (
		end    = time.Now().Add(r.timeout)
		resend = time.Now().Add(r.timeout / 3)
		resent bool
		lie    string
	)
	for range maxJunk {
		until := end
		if !resent {
			until = resend
		}
		if err := deadline(ctx, conn, until); err != nil {
			return nil, err
		}
		n, err := conn.Read(*buf)
		if err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				return nil, fmt.Errorf("%s: %w", ep, err)
			}
			if ctx.Err() == nil && !resent {
				resent = true
				if err := r.resend(ctx, conn, wire, end); err != nil {
					break
				}
				continue
			}
			break
		}
		answer := new(dns.Msg)
		err = answer.Unpack((*buf)[:n])
		if why := mismatch(m, answer, n); why != "" {
			lie = why
			continue
		}
		if answer.Truncated || (err != nil && n >= ednsSize) {
			answer.Truncated = true
			return answer, errTruncated
		}
		if err != nil {
			lie = "a malformed answer: " + err.Error()
			continue
		}
		return answer, nil
	}
	if ctx.Err() != nil {
		return nil, cause(ctx)
	}
	if lie != "" {
		return nil, scanner.Failf(scanner.FailProtocol, fmt.Sprintf("%s sent %s", ep, lie))
	}
	return nil, scanner.Failf(scanner.FailTimeout, fmt.Sprintf("%s did not answer over UDP within %s", ep, r.timeout))
}

// resend sends a question once more: it counts as another. The time to wait for
// the first answer has passed for writing, too.
func (r *Resolver) resend(ctx context.Context, conn net.Conn, wire []byte, end time.Time) error {
	if err := spendQuery(ctx); err != nil {
		return err
	}
	if err := deadline(ctx, conn, end); err != nil {
		return err
	}
	_, err := conn.Write(wire)
	return err
}

// deadline sets conn's deadline unless ctx has ended, which has set its own.
func deadline(ctx context.Context, conn net.Conn, t time.Time) error {
	if err := conn.SetDeadline(t); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return cause(ctx)
	}
	return nil
}

// mismatch says in what way got, of n bytes, is no answer to asked, or "". The
// question is compared without regard to case (RFC 4343). Servers that refuse
// may leave it out.
func mismatch(asked, got *dns.Msg, n int) string {
	q := asked.Question[0]
	switch {
	case n < 12:
		return "less than a DNS header"
	case got.Id != asked.Id:
		return "an answer with another id"
	case !got.Response:
		return "a question instead of an answer"
	case got.Opcode != asked.Opcode:
		return "an answer to another kind of request"
	case len(got.Question) == 0 && got.Rcode != dns.RcodeSuccess && got.Rcode != dns.RcodeNameError:
		return ""
	case len(got.Question) != 1:
		return "an answer without the question"
	case !strings.EqualFold(got.Question[0].Name, q.Name) || got.Question[0].Qtype != q.Qtype || got.Question[0].Qclass != q.Qclass:
		return "an answer to another question"
	}
	return ""
}

// Session is one TCP connection to a server (RFC 7766).
type Session struct {
	ep      endpoint
	conn    *dns.Conn
	timeout time.Duration
	id      uint16
}

// Open connects to a server over TCP. An error is a *scanner.Failure.
func (r *Resolver) Open(ctx context.Context, s Server) (*Session, error) {
	session, err := r.open(ctx, s.endpoint())
	if err != nil {
		return nil, scanner.FailureOf(err)
	}
	return session, nil
}

func (r *Resolver) open(ctx context.Context, ep endpoint) (*Session, error) {
	if ep.ap.Addr().Is6() && r.noIPv6(ctx) {
		return nil, scanner.Failf(scanner.FailUnreachable, ep.String()+": nothing answers over IPv6 from here")
	}
	// No deadline of our own here: the dialer has one for the connection, and
	// may first wait for a free slot at this address.
	conn, err := r.dialer.Dial(ctx, "tcp", ep.host, ep.ap)
	if err != nil {
		return nil, err
	}
	return &Session{ep: ep, conn: &dns.Conn{Conn: conn}, timeout: r.timeout}, nil
}

// Close ends the session.
func (s *Session) Close() { _ = s.conn.Close() }

// Ask sends m and reads one message. An error is a *scanner.Failure.
func (s *Session) Ask(ctx context.Context, m *dns.Msg) (*dns.Msg, error) {
	if err := spendQuery(ctx); err != nil {
		return nil, scanner.FailureOf(err)
	}
	return s.ask(ctx, m)
}

func (s *Session) ask(ctx context.Context, m *dns.Msg) (*dns.Msg, error) {
	if err := deadline(ctx, s.conn, time.Now().Add(s.timeout)); err != nil {
		return nil, scanner.FailureOf(err)
	}
	s.id = m.Id
	if err := s.conn.WriteMsg(m); err != nil {
		return nil, s.failure(ctx, err)
	}
	got, err := s.Next(ctx)
	if err != nil {
		return nil, err
	}
	if why := mismatch(m, got, dns.MinMsgSize); why != "" {
		return nil, scanner.Failf(scanner.FailProtocol, fmt.Sprintf("%s sent %s over TCP", s.ep, why))
	}
	return got, nil
}

// Next reads one more message of the last answer: of a zone transfer.
func (s *Session) Next(ctx context.Context) (*dns.Msg, error) {
	stop := context.AfterFunc(ctx, func() { _ = s.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := deadline(ctx, s.conn, time.Now().Add(s.timeout)); err != nil {
		return nil, scanner.FailureOf(err)
	}
	wire, err := s.conn.ReadMsgHeader(nil)
	if err != nil {
		return nil, s.failure(ctx, err)
	}
	got := new(dns.Msg)
	if err := got.Unpack(wire); err != nil {
		return nil, scanner.Failf(scanner.FailProtocol, fmt.Sprintf("%s sent a malformed answer over TCP: %s", s.ep, err))
	}
	if got.Id != s.id {
		return nil, scanner.Failf(scanner.FailProtocol, fmt.Sprintf("%s sent an answer with another id over TCP", s.ep))
	}
	return got, nil
}

func (s *Session) failure(ctx context.Context, err error) *scanner.Failure {
	if ctx.Err() != nil {
		return scanner.FailureOf(context.Cause(ctx))
	}
	return scanner.FailureOf(fmt.Errorf("%s over TCP: %w", s.ep, err))
}

// query asks one server one question: over UDP, over TCP when the answer does
// not fit, and without EDNS when the server does not understand it (RFC 6891
// section 6.2.2). That is not remembered: one odd answer of a busy server must
// not cost all others their signatures.
func (r *Resolver) query(ctx context.Context, ep endpoint, q question) (*dns.Msg, error) {
	m := Question(q.name, q.qtype)
	if slices.Contains(r.forward, ep) {
		m.RecursionDesired, m.CheckingDisabled = true, true
	}
	answer, err := r.overUDPThenTCP(ctx, ep, m)
	if err != nil || !refusesEDNS(answer) {
		return answer, err
	}
	m.Id, m.Extra = dns.Id(), nil
	return r.overUDPThenTCP(ctx, ep, m)
}

func (r *Resolver) overUDPThenTCP(ctx context.Context, ep endpoint, m *dns.Msg) (*dns.Msg, error) {
	answer, err := r.exchange(ctx, "udp", ep, m)
	if errors.Is(err, errTruncated) {
		return r.exchange(ctx, "tcp", ep, m)
	}
	return answer, err
}

func refusesEDNS(m *dns.Msg) bool {
	return m.Rcode == dns.RcodeFormatError || m.Rcode == dns.RcodeNotImplemented || m.Rcode == dns.RcodeBadVers
}
