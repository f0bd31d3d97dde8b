package hub

import (
	"errors"
	"fmt"
	"time"
)

// Code says what kind of error it is, for the one function of each edge that
// maps errors to its protocol.
type Code string

// The kinds of error.
const (
	Invalid         Code = "invalid"         // the request is wrong; the message says what would be right
	Unauthenticated Code = "unauthenticated" // no key, or one that is unknown, expired or revoked
	Forbidden       Code = "forbidden"       // known, and not allowed to
	NotFound        Code = "not-found"       // not there, or not to be known to this caller: the two look the same
	Conflict        Code = "conflict"        // it exists already, or was changed meanwhile
	TooLarge        Code = "too-large"
	Unavailable     Code = "unavailable" // the store takes no writes
	Limited         Code = "limited"     // asked too often; RetryAfter says when again
)

// Error is an error whose message may be shown to whoever asked. Any other
// error's text is for operators only.
type Error struct {
	Code    Code
	Message string // plain English: what is wrong and what to do
	Err     error  // the cause, for operators; may be nil
	// RetryAfter is how long to wait, of Limited and Unavailable.
	RetryAfter time.Duration
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code of the first Error in err's chain, or "" where there
// is none: an error inside the hub.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

func fail(code Code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}
