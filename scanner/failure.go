package scanner

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/cybersec-infohub/infohub/internal/netguard"
)

// FailureKind says why something could not be learned. Reports have words for
// every kind, so a new one needs them in three languages.
type FailureKind string

// The kinds of failure.
const (
	FailTimeout     FailureKind = "timeout"     // no answer within the deadline
	FailRefused     FailureKind = "refused"     // the port is closed (RST on connect)
	FailBlocked     FailureKind = "blocked"     // a firewall or a rate limit turned us away
	FailReset       FailureKind = "reset"       // the connection was cut in mid-talk
	FailUnreachable FailureKind = "unreachable" // no route to the network or host
	FailUnresolved  FailureKind = "unresolved"  // the name has no address
	FailServer      FailureKind = "server"      // the server answered with an error of its own (SERVFAIL, 5xx, 4xx SMTP)
	FailTLS         FailureKind = "tls"         // the TLS handshake failed
	FailProtocol    FailureKind = "protocol"    // the answer broke the protocol, or was too large
	FailForbidden   FailureKind = "forbidden"   // the address guard refused to connect
	FailLimit       FailureKind = "limit"       // our own limit on connections to one host was reached
	FailCancelled   FailureKind = "cancelled"   // the scan was stopped
	FailMissing     FailureKind = "missing"     // a program that this needs is not installed
	FailUncertain   FailureKind = "uncertain"   // what was seen does not prove either way (DKIM selectors)
	FailInternal    FailureKind = "internal"    // a fault of this program
)

// Failure is why a fact is missing. It is an error, and it is stored with the
// facts; Detail is technical, in English, and holds no secret.
type Failure struct {
	Kind   FailureKind `json:"kind"`
	Detail string      `json:"detail,omitempty"`
}

func (f *Failure) Error() string {
	if f.Detail == "" {
		return string(f.Kind)
	}
	return string(f.Kind) + ": " + f.Detail
}

// maxDetail bounds what a peer can make us store in a Failure, in bytes.
const maxDetail = 300

// Failf makes a Failure; the detail is cut to 300 bytes of printable text.
func Failf(kind FailureKind, detail string) *Failure {
	return &Failure{Kind: kind, Detail: Printable(detail, maxDetail)}
}

// FailureOf classifies err; nil for nil. An err that is or wraps a *Failure is
// that Failure.
func FailureOf(err error) *Failure {
	if err == nil {
		return nil
	}
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	return Failf(kindOf(err), err.Error())
}

func kindOf(err error) FailureKind {
	var (
		forbidden *netguard.ForbiddenError
		netErr    net.Error
		record    tls.RecordHeaderError
		verify    *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &forbidden):
		return FailForbidden
	case errors.Is(err, netguard.ErrLimit):
		return FailLimit
	case errors.Is(err, context.Canceled):
		return FailCancelled
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return FailTimeout
	case errors.Is(err, syscall.ECONNREFUSED):
		return FailRefused
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return FailBlocked
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return FailReset
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL),
		errors.Is(err, syscall.EAFNOSUPPORT): // a machine without IPv6
		return FailUnreachable
	case errors.As(err, &record), errors.As(err, &verify), strings.Contains(err.Error(), "tls: "):
		return FailTLS // an alert of the other side has no exported type
	case errors.As(err, &netErr) && netErr.Timeout():
		return FailTimeout
	}
	return FailProtocol
}

// Printable returns s with control characters and broken UTF-8 replaced by
// "?", cut to at most n bytes: whatever a peer sent can then be shown on a
// terminal.
func Printable(s string, n int) string {
	out := make([]rune, 0, min(len(s), n))
	size := 0
	for _, r := range s {
		if r < 0x20 || r == 0x7f || (r >= 0x80 && r < 0xa0) || r == '\uFFFD' || isBidi(r) {
			r = '?'
		}
		if size += len(string(r)); size > n {
			return string(out) + "…"
		}
		out = append(out, r)
	}
	return string(out)
}

// isBidi: characters that reorder what a reader sees.
func isBidi(r rune) bool {
	return (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069)
}
