package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What a fetch can fail of, for errors.Is.
var (
	// ErrTemporary is any failure that may go away by itself: the network, the
	// server, our own disk. The others stay until somebody changes something.
	ErrTemporary = errors.New("temporary failure")
	ErrTimeout   = errors.New("it took too long")                         // temporary
	ErrDamaged   = errors.New("the document is damaged")                  // temporary: cut off, or its encoding broken
	ErrStatus    = errors.New("the server did not give the document")     // temporary by its status
	ErrRequest   = errors.New("this cannot be asked for")                 // the address or a header
	ErrForbidden = errors.New("its address is not allowed")               // wraps *netguard.ForbiddenError
	ErrRedirect  = errors.New("the redirect is not followed")             // too many, or to where it may not lead
	ErrTooLarge  = errors.New("the document is too large")                // past Limits.Bytes
	ErrEncoding  = errors.New("the document is in an encoding not known") // Content-Encoding
	ErrFile      = errors.New("the file cannot be read")                  // wraps fs.ErrNotExist and the like
)

// Error is a fetch that failed. It names the origin and no path, query or
// header: those may be secret.
type Error struct {
	Origin     string        // "https://example.org", the one that failed; the path of a file; "" when the address is no address
	Status     int           // of the answer; 0: there was none, or it was good
	RetryAfter time.Duration // as in Result
	Err        error
}

// maxMessage bounds a message: some errors of net/http quote the server.
const maxMessage = 400

func (e *Error) Error() string {
	s := e.Err.Error()
	if e.Origin != "" {
		s = e.Origin + ": " + s
	}
	if len(s) > maxMessage {
		s = strings.ToValidUTF8(s[:maxMessage], "") + "…"
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is tells errors.Is whether the failure is temporary.
func (e *Error) Is(target error) bool { return target == ErrTemporary && e.Temporary() }

// Temporary tells whether the same request may well succeed later.
func (e *Error) Temporary() bool {
	if e.Status != 0 {
		switch e.Status {
		case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
			return true
		case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
			return false
		}
		return e.Status >= 500
	}
	for _, final := range []error{ErrRequest, ErrForbidden, ErrRedirect, ErrTooLarge, ErrEncoding, ErrFile} {
		if errors.Is(e.Err, final) {
			return false
		}
	}
	return true
}

// failure explains err, which ended a fetch whose own context, within the
// caller's, is own.
func failure(caller, own context.Context, origin string, err error) error {
	if caller.Err() != nil {
		return fmt.Errorf("fetch from %s: %w", origin, context.Cause(caller))
	}
	var timeout net.Error
	switch {
	case own.Err() != nil:
		err = context.Cause(own)
	case errors.As(err, &timeout) && timeout.Timeout():
		err = fmt.Errorf("%w: %w", ErrTimeout, err)
	}
	return &Error{Origin: origin, Err: err}
}

// maxAfter is the longest that a server can make us wait.
const maxAfter = 24 * time.Hour

// RetryAfter reads the header of RFC 9110 section 10.2.3, seconds or a date, as
// a time from 0 to 24 hours. 0: it says nothing of use.
func RetryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	n, err := strconv.ParseUint(value, 10, 64)
	if err == nil || errors.Is(err, strconv.ErrRange) { // out of range n is the largest
		return time.Duration(min(n, uint64(maxAfter/time.Second))) * time.Second
	}
	if t, err := http.ParseTime(value); err == nil {
		return min(max(t.Sub(now), 0), maxAfter)
	}
	return 0
}
