package advisories

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// Room is the advisories' prefix in the store.
const Room = "advisories"

// Config is what a Service is made of. What turns a publication into something
// else is passed in, since this package imports none of the packages below it.
//
// The functions that get a transaction or a reader get the whole store's, run
// inside that transaction, and run again when it does: they write idempotently
// and call nothing that opens another. An *Error of theirs goes to the caller.
type Config struct {
	Store store.Store // the whole store: transactions span rooms
	Audit *audit.Log
	Now   func() time.Time // nil: time.Now
	Log   *slog.Logger     // nil: nothing is logged

	// Publish puts a publication into the hub as STIX; nil: nobody does. by has the
	// fields of an audit entry that say who publishes, id is a UUID of this revision
	// of this advisory and the same when the transaction runs again, and earlier are
	// the revisions before it, oldest first. Its error keeps the advisory from being
	// published.
	Publish func(whole store.Tx, by audit.Entry, id string, p Publication, earlier []*Publication) error
	// Published is called after a commit that readers see something of: publications,
	// imports; may be nil.
	Published func()
	// Render makes the document that is kept with a revision: its CSAF form. Only
	// Name, MediaType, Bytes and Signature are looked at. nil: no documents are kept.
	Render func(p Publication) (File, error)
	// CheckDocument are the mandatory tests on the CSAF form; may be nil.
	CheckDocument func(p Publication) []Problem

	// Organisations returns the ids of organisations by handle, in the same order.
	// One that is not there is an *Error. nil: nobody can be named.
	Organisations func(whole store.Reader, handles []string) (ids []string, err error)
	// People returns the ids of people by mail address, likewise.
	People func(whole store.Reader, emails []string) (ids []string, err error)
	// Operator returns the id of the organisation that runs the hub: whom the TLP:AMBER
	// of an imported advisory names. nil, or "": nobody.
	Operator func(whole store.Reader) (id string, err error)
}

// Service is the advisories' workflow and library. Its methods may be called
// concurrently. Every error that is an *Error may be shown to the caller. What a
// caller may not read is NotFound in every answer, as what is not there.
type Service struct {
	store store.Store
	audit *audit.Log
	now   func() time.Time
	log   *slog.Logger
	with  Config

	changed signal        // rings when the log of events grew
	ending  chan struct{} // closed when nobody is to wait any more
	ended   sync.Once
	cursor  cipher.AEAD // seals cursors of lists
}

// New returns the advisories that a store holds. It writes to a store only the
// first time, the secret that seals cursors.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Audit == nil {
		return nil, errors.New("advisories: a store and an audit log are needed")
	}
	s := &Service{store: c.Store, audit: c.Audit, now: c.Now, log: c.Log, with: c, ending: make(chan struct{})}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if s.cursor, err = s.openCursors(context.Background()); err != nil {
		return nil, fmt.Errorf("advisories: the secret of cursors: %w", err)
	}
	return s, nil
}

// EndWaits ends every Wait, and those to come at once: the hub is about to stop.
func (s *Service) EndWaits() { s.ended.Do(func() { close(s.ending) }) }

// signal wakes those who wait for events.
type signal struct {
	mu sync.Mutex
	ch chan struct{}
}

// ring wakes all who wait. It is called when an Update that wrote events is on disk.
func (s *signal) ring() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}

// next is closed when the signal rings the next time.
func (s *signal) next() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}
