package client

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// StatusError is an answer with an error's status.
type StatusError struct {
	Method, URL string
	Code        int
	// Title and Description are what the server said of it (TAXII 2.1, 3.6.1), ""
	// where it said nothing; cut to 300 characters.
	Title, Description string
	// Key says which key was sent, "" if none.
	Key string
	// After is how long the server asks to be left alone, 0 if it does not.
	After time.Duration
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s %s: the server answered %s", e.Method, e.URL, e.answer())
}

// answer is the status and what the server said of it.
func (e *StatusError) answer() string {
	text := strings.TrimSpace(fmt.Sprintf("%d %s", e.Code, http.StatusText(e.Code)))
	for _, s := range []string{e.Title, e.Description} {
		if s != "" {
			text += ": " + s
		}
	}
	return text
}

// ProtocolError is an answer that is none of TAXII 2.1.
type ProtocolError struct {
	URL    string
	Reason string // what it is instead
}

func (e *ProtocolError) Error() string {
	return fmt.Sprintf("%s: the answer is not TAXII 2.1: %s", e.URL, e.Reason)
}

// NetworkError is a request whose answer did not come, or not whole.
type NetworkError struct {
	Method, URL string
	Err         error
}

func (e *NetworkError) Error() string { return fmt.Sprintf("%s %s: %v", e.Method, e.URL, e.Err) }

func (e *NetworkError) Unwrap() error { return e.Err }

// OriginError is an address of another server than the client's. Nothing was sent
// to it.
type OriginError struct{ From, To string }

func (e *OriginError) Error() string {
	return fmt.Sprintf("%s leads to another server, %s: if you trust that one, ask it itself", e.From, e.To)
}

var (
	// ErrTooLarge is an answer, an object or an input beyond its limit.
	ErrTooLarge = errors.New("too large")
	// ErrNoProgress is a server that says there is more and gives nothing new.
	ErrNoProgress = errors.New("the server goes in a circle: it says that there is more, and sends what it sent before")
	// ErrCursor is a cursor that belongs to something else than what is asked for.
	ErrCursor = errors.New("the cursor belongs to something else")
	// ErrBusy is a cursor that another run is using.
	ErrBusy = errors.New("another run is using this cursor: try again when it has ended")
	// ErrID is a text that is no identifier of STIX.
	ErrID = errors.New("it is no id of an object, such as indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f")
	// ErrInput is an input that holds no STIX objects.
	ErrInput = errors.New("it is no STIX")

	errRedirects = errors.New("the server redirects without end")
	errTwice     = errors.New("the connection broke before the answer")
	errTimeout   = errors.New("no complete answer in time")
)
