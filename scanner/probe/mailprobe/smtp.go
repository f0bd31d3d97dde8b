package mailprobe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Bounds on what a server may send in one session. RFC 5321 section 4.5.3.1.5
// allows 512 bytes a line; banners and EHLO answers have a dozen lines.
const (
	smtpBytes = 64 << 10
	smtpLines = 100
)

const smtpPort = 25

// maxGreeting is how much of a greeting is kept, in bytes.
const maxGreeting = 200

// session is one SMTP session with a server that has greeted and answered EHLO.
type session struct {
	conn     net.Conn
	in       *bufio.Reader
	limit    *io.LimitedReader // bytes left to read
	lines    int               // lines left to read
	unwatch  func() bool       // stops watching ctx
	timeout  time.Duration
	greeting string // its first line, code included
	starttls bool
}

// reply is a whole answer; the lines come without their codes.
type reply struct {
	code  int
	lines []string
}

func (r reply) String() string { return fmt.Sprintf("%d %s", r.code, strings.Join(r.lines, " ")) }

// dialFunc connects to a server's port 25.
type dialFunc func(context.Context) (net.Conn, error)

// open connects, reads the greeting and says EHLO. Errors are classified by
// scanner.FailureOf: a server that turned us away is "blocked" or "server".
func (p *Probe) open(ctx context.Context, dial dialFunc) (*session, error) {
	conn, err := dial(ctx)
	if err != nil {
		return nil, err
	}
	// Whatever is being read or written ends when ctx does.
	unwatch := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	limit := &io.LimitedReader{R: conn, N: smtpBytes}
	c := &session{conn: conn, in: bufio.NewReader(limit), limit: limit, lines: smtpLines, unwatch: unwatch, timeout: p.answer}
	if err := c.greet(ctx, p); err != nil {
		c.close()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	return c, nil
}

func (c *session) greet(ctx context.Context, p *Probe) error {
	greeting, err := c.read(ctx, p.greeting)
	if err != nil {
		return fmt.Errorf("waiting for the greeting: %w", err)
	}
	if greeting.code != 220 {
		return refusal(greeting)
	}
	c.greeting = scanner.Printable("220 "+greeting.lines[0], maxGreeting)
	hello := p.Hello
	if hello == "" {
		hello = addressLiteral(c.conn.LocalAddr())
	}
	answer, err := c.command(ctx, "EHLO "+hello)
	switch {
	case err != nil:
		return fmt.Errorf("EHLO: %w", err)
	case answer.code == 500 || answer.code == 502: // a server without extensions (RFC 5321 section 3.2)
		return nil
	case answer.code != 250:
		return refusal(answer)
	}
	for _, line := range answer.lines[1:] {
		keyword, _, _ := strings.Cut(line, " ")
		c.starttls = c.starttls || strings.EqualFold(keyword, "STARTTLS")
	}
	return nil
}

// addressLiteral is our end of the connection as RFC 5321 section 4.1.3 writes
// it.
func addressLiteral(a net.Addr) string {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return "[127.0.0.1]"
	}
	addr := ap.Addr().Unmap().WithZone("")
	if addr.Is4() {
		return "[" + addr.String() + "]"
	}
	return "[IPv6:" + addr.String() + "]"
}

// command sends one line and reads the answer.
func (c *session) command(ctx context.Context, line string) (reply, error) {
	if err := c.deadline(ctx, c.timeout); err != nil {
		return reply{}, err
	}
	if _, err := io.WriteString(c.conn, line+"\r\n"); err != nil {
		return reply{}, err
	}
	return c.read(ctx, c.timeout)
}

// deadline bounds the next step. It looks at ctx after setting the deadline:
// the watcher may have fired before.
func (c *session) deadline(ctx context.Context, d time.Duration) error {
	if err := c.conn.SetDeadline(time.Now().Add(d)); err != nil {
		return err
	}
	return ctx.Err()
}

// read reads one answer of one or more lines (RFC 5321 section 4.2).
func (c *session) read(ctx context.Context, timeout time.Duration) (reply, error) {
	if err := c.deadline(ctx, timeout); err != nil {
		return reply{}, err
	}
	var r reply
	for {
		if c.lines--; c.lines < 0 {
			return r, scanner.Failf(scanner.FailProtocol, fmt.Sprintf("the server sent more than %d lines", smtpLines))
		}
		line, err := c.in.ReadString('\n')
		if err != nil {
			if errors.Is(err, io.EOF) && c.limit.N <= 0 {
				err = scanner.Failf(scanner.FailProtocol, fmt.Sprintf("the server sent more than %d bytes", smtpBytes))
			}
			return r, err
		}
		code, text, more, ok := parseReplyLine(line)
		if !ok || (r.code != 0 && r.code != code) {
			return r, scanner.Failf(scanner.FailProtocol, "no SMTP answer: "+strings.TrimRight(line, "\r\n"))
		}
		r.code = code
		r.lines = append(r.lines, text)
		if !more {
			return r, nil
		}
	}
}

// parseReplyLine reads "250-text", "250 text" or "250"; more tells that another
// line follows.
func parseReplyLine(line string) (code int, text string, more, ok bool) {
	line = strings.TrimRight(line, "\r\n")
	if len(line) < 3 || !isDigits(line[:3]) || line[0] < '2' || line[0] > '5' {
		return 0, "", false, false
	}
	code = int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
	if len(line) == 3 {
		return code, "", false, true
	}
	if line[3] != ' ' && line[3] != '-' {
		return 0, "", false, false
	}
	return code, line[4:], line[3] == '-', true
}

// refusal classifies an answer that ends the session. 554 and 421 are how
// servers turn a stranger away (RFC 5321 section 3.1); other codes are a block
// where the text speaks of reputation.
func refusal(r reply) *scanner.Failure {
	kind := scanner.FailServer
	if r.code == 554 || r.code == 421 || speaksOfReputation(r.String()) {
		kind = scanner.FailBlocked
	}
	return scanner.Failf(kind, r.String())
}

func speaksOfReputation(text string) bool {
	text = strings.ToLower(text)
	for _, word := range []string{
		"block", "blacklist", "denylist", "spamhaus", "spamcop", "barracuda", "dnsbl", "rbl", "reputation", "banned",
		"denied", "listed", "policy", "poor", "too many", "rate limit", "throttl", "dynamic", "residential", "reverse dns", "ptr", "greylist", "graylist",
	} {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// quit says goodbye and closes. The server's answer is waited for only so that
// it does not log a broken connection.
func (c *session) quit(ctx context.Context) {
	c.timeout = min(c.timeout, 2*time.Second)
	_, _ = c.command(ctx, "QUIT")
	c.close()
}

func (c *session) close() {
	c.unwatch()
	_ = c.conn.Close()
}

// handOver asks for TLS (RFC 3207) and gives up the connection, on which the
// client's hello may be sent at once.
func (c *session) handOver(ctx context.Context) (net.Conn, error) {
	conn, err := c.startTLS(ctx)
	if err != nil {
		c.close()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	return conn, nil
}

func (c *session) startTLS(ctx context.Context) (net.Conn, error) {
	if !c.starttls {
		return nil, scanner.Failf(scanner.FailServer, "STARTTLS was offered before, and not on this connection")
	}
	answer, err := c.command(ctx, "STARTTLS")
	if err != nil {
		return nil, fmt.Errorf("STARTTLS: %w", err)
	}
	if answer.code != 220 {
		return nil, refusal(answer)
	}
	// What follows the answer in the clear would be taken for part of the
	// protected talk (CVE-2011-0411 and its kin).
	if c.in.Buffered() > 0 {
		return nil, scanner.Failf(scanner.FailProtocol, "the server sent plain text after it agreed to STARTTLS")
	}
	if !c.unwatch() {
		return nil, ctx.Err()
	}
	return c.conn, c.conn.SetDeadline(time.Time{})
}
