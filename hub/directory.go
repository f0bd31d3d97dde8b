package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// Keys of the directory's records; see keys.go.
const (
	metaKey   = "meta"       // settings
	cursorKey = "cursor-key" // 32 bytes
	setupKey  = "setup"      // setupLink, until the hub is set up

	orgKind    = "org"
	personKind = "person"
	keyKind    = "key"
	groupKind  = "group"
	colKind    = "col"
)

// attempts bounds how often an Update runs whose outcome stays unknown. A store
// whose disk has failed says so at the second one.
const attempts = 5

// errUnchanged ends a change that would change nothing, so that nothing is told
// of it either.
var errUnchanged = errors.New("hub: unchanged")

// time is now, as the hub keeps times.
func (s *Service) time() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// read runs fn on a snapshot of the hub's room.
func (s *Service) read(ctx context.Context, fn func(r store.Reader) error) error {
	return unavailable(s.store.View(ctx, func(r store.Reader) error { return fn(store.SubReader(r, Room)) }))
}

// update runs fn in a transaction of the whole store, again where the outcome is
// unknown. The function may run several times (store.Store).
func (s *Service) update(ctx context.Context, fn func(whole store.Tx) error) error {
	var err error
	for range attempts {
		if err = s.store.Update(ctx, fn); !errors.Is(err, store.ErrUnknown) {
			break
		}
	}
	return unavailable(err)
}

func unavailable(err error) error {
	if errors.Is(err, store.ErrUnknown) || errors.Is(err, store.ErrReadOnly) || errors.Is(err, store.ErrClosed) {
		return &Error{Code: Unavailable, Message: "the hub cannot write at the moment; try again later", Err: err, RetryAfter: 30 * time.Second}
	}
	return err
}

// change runs fn in the hub's room and tells of it in the audit log, in one
// transaction. fn sets the entry's Object and Detail, and returns errUnchanged
// where there is nothing to do.
func (s *Service) change(ctx context.Context, c *Caller, action string, fn func(tx store.Tx, e *audit.Entry) error) error {
	stamped := s.audit.Stamp(c.entry(action))
	return s.update(ctx, func(whole store.Tx) error {
		e := stamped
		switch err := fn(store.SubTx(whole, Room), &e); {
		case errors.Is(err, errUnchanged):
			return nil
		case err != nil:
			return err
		}
		_, err := s.audit.Append(whole, e)
		return err
	})
}

// AuditEntry has the fields of an entry of the audit log that name the caller, for
// what other rooms write there.
func (c *Caller) AuditEntry() audit.Entry { return c.entry("") }

// entry is an entry of the audit log that names the caller; still to be stamped.
func (c *Caller) entry(action string) audit.Entry {
	e := audit.Entry{Action: action, Key: c.Key, From: c.From, Request: c.Request}
	switch c.Kind {
	case CallerLocal:
		e.Actor = audit.Actor{Kind: audit.Local, ID: "local"}
	case CallerPerson:
		e.Actor = audit.Actor{Kind: audit.Person, ID: c.Person.ID, Name: cut(c.Person.Name, 500)}
	case CallerOrganisation:
		e.Actor = audit.Actor{Kind: audit.Organisation, ID: c.Organisation.ID, Name: cut(c.Organisation.Name, 500)}
	default:
		e.Actor = audit.Actor{Kind: audit.Anonymous}
	}
	return e
}

// cut shortens a text to at most n bytes, for places that bound theirs.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "")
}

// getRecord reads a JSON record; store.ErrNotFound where there is none.
func getRecord[T any](r store.Reader, key string) (*T, error) {
	b, err := r.Get([]byte(key))
	if err != nil {
		return nil, err
	}
	v := new(T)
	if err := json.Unmarshal(b, v); err != nil {
		return nil, fmt.Errorf("hub: record %q: %w", key, err)
	}
	return v, nil
}

func putRecord(tx store.Tx, key string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("hub: record %q: %w", key, err)
	}
	return tx.Put([]byte(key), b)
}

// records yields the JSON records below a prefix.
func records[T any](r store.Reader, prefix string) iter.Seq2[*T, error] {
	return recordsIn[T](r, store.Prefix([]byte(prefix)))
}

// recordsIn yields the JSON records of a range.
func recordsIn[T any](r store.Reader, in store.Range) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for e, err := range r.Scan(in) {
			v := new(T)
			if err == nil {
				if err = json.Unmarshal(e.Value, v); err != nil {
					err = fmt.Errorf("hub: record %q: %w", e.Key, err)
				}
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// lookUp reads a record by its id or by the name of it that an index holds;
// store.ErrNotFound where there is neither.
func lookUp[T any](r store.Reader, kind, name string) (*T, error) {
	name = strings.ToLower(name)
	if name == "" || len(name) > maxEmail {
		return nil, store.ErrNotFound
	}
	v, err := getRecord[T](r, kind+"/"+name)
	if !errors.Is(err, store.ErrNotFound) {
		return v, err
	}
	id, err := r.Get([]byte(kind + "@" + name))
	if err != nil {
		return nil, err
	}
	return getRecord[T](r, kind+"/"+string(id))
}

// exists reports whether the store has a key.
func exists(r store.Reader, key string) (bool, error) {
	_, err := r.Get([]byte(key))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// unknown is the answer to a name that is not there, or not to be known to this
// caller. It names what they may know of.
func unknown(what, name string, known []string) error {
	const most = 20
	switch {
	case len(known) == 0:
		return fail(NotFound, "no %s %q", what, cut(name, 100))
	case len(known) > most:
		return fail(NotFound, "no %s %q; there are %s and %d more", what, cut(name, 100), strings.Join(known[:most], ", "), len(known)-most)
	}
	return fail(NotFound, "no %s %q; there are: %s", what, cut(name, 100), strings.Join(known, ", "))
}
