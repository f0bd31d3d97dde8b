package advisories

import (
	"errors"
	"fmt"
)

// Code says what kind of error it is; the values are those of the hub's errors.
type Code string

// The kinds of error.
const (
	Invalid         Code = "invalid"
	Unauthenticated Code = "unauthenticated"
	Forbidden       Code = "forbidden"
	NotFound        Code = "not-found" // not there, or not to be known to this caller
	Conflict        Code = "conflict"
	TooLarge        Code = "too-large"
	Unavailable     Code = "unavailable" // the store takes no writes
)

// Error is an error whose message may be shown to whoever asked. Any other
// error's text is for operators only.
type Error struct {
	Code    Code
	Message string // plain English: what is wrong and what to do
	Err     error  // the cause, for operators; may be nil
	// Problems are what lint found, of Invalid.
	Problems []Problem
	// Yours and Theirs are the two texts of a conflict between editors, as YAML.
	Yours, Theirs string
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
// is none.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

func fail(code Code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Problem is something that lint found.
type Problem struct {
	// Rule names the check: "text.missing", or "csaf.6.1.8" for a mandatory test.
	Rule string `json:"rule"`
	// Path is where, as keys and numbers from 0: "vulnerabilities[0].cve".
	Path string `json:"path"`
	// Line is that of the file, from 1; 0 where it is not known.
	Line    int    `json:"line,omitempty"`
	Warning bool   `json:"warning,omitempty"` // it may be published all the same
	Message string `json:"message"`           // what is wrong
	Remedy  string `json:"remedy"`            // what to do
}
