// Package store is the contract of Infohub's one database: an ordered map from
// keys to values, changed by transactions and read in snapshots. It is a leaf;
// every room may import it. Each room owns one prefix (Sub, SubTx, SubReader)
// and the encoding below it; one transaction may span rooms.
//
// Implementations are packages below this one (bolt), opened by internal/app
// alone, and each passes the suite in storetest.
//
// # Order
//
// Keys are byte strings, ordered as bytes.Compare orders them. Scan follows this
// order, or its reverse.
//
// # Isolation
//
// Updates are serialisable, in the order of their commits: a function sees all
// that was committed before it and nothing of those after it. A View sees one
// state throughout: every Update that was acknowledged before the View began,
// and of any other Update all or nothing.
//
// # Failure
//
// Update returns nil only after the change is on disk. A function that returns
// an error changes nothing, whatever it wrote, and Update returns that error.
// When the commit itself fails, Update returns an error that is ErrUnknown: the
// change may be on disk, whole, or it may not, and a reader may already see it.
// So writes are idempotent: a key is derived from what is stored, a second run
// puts the same again, and counters are not incremented blindly. Then the answer
// to ErrUnknown is to run the same Update again, or to look.
//
// # Cursors
//
// What a room hands out for the next page (of a search, of a change feed) is
// opaque to whoever holds it: it encodes a key to scan on from, not an offset,
// and it stays valid when that key is deleted. A feed's keys are assigned inside
// the Update that writes the entry, from the last key that it finds there, so
// that they follow the order of commit and no reader skips one.
package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// Limits of every implementation, in bytes. A key's length includes the prefixes
// of its rooms. They fit the index of PostgreSQL (2,704 bytes) as well as bbolt.
const (
	MaxKeySize   = 1024
	MaxValueSize = 16 << 20
)

// Errors that callers branch on with errors.Is. Update and View return the error
// of the function as it is, so a function may return its own.
var (
	ErrNotFound = errors.New("store: not found")
	ErrKey      = errors.New("store: bad key")
	ErrValue    = errors.New("store: value is too large")
	ErrClosed   = errors.New("store: closed")
	ErrOver     = errors.New("store: used after its function returned")

	// ErrUnknown says that a commit failed and may or may not have happened.
	ErrUnknown = errors.New("store: the outcome of the commit is unknown")
	// ErrReadOnly says that the disk has failed, so that nothing more is
	// written until the store is opened again. Reads go on.
	ErrReadOnly = errors.New("store: read-only since the disk failed")
	// ErrLocked says that another process has the store open.
	ErrLocked = errors.New("store: another process has it open")
	// ErrCorrupt says that what is on disk is no store, or a damaged one.
	ErrCorrupt = errors.New("store: damaged")
)

// Store is an ordered map on disk. Its methods may be called concurrently.
type Store interface {
	// View runs fn once on a snapshot. An open View does not stop Updates, but
	// keeps the space that they free from being used again: keep it short. If
	// ctx has ended, View returns its error without running fn.
	View(ctx context.Context, fn func(Reader) error) error

	// Update runs fn in a transaction and commits it. Concurrent Updates may
	// share one commit. The function may run several times, on a fresh
	// transaction each time, and only the last run counts: it touches nothing
	// but its Tx and variables that it sets anew on each run. It always runs in
	// the goroutine of the caller, one function at a time, and keeps all other
	// Updates waiting: no network, no sleep.
	//
	// A ctx that ends before fn first runs ends Update with its error, and
	// nothing is written. After that Update waits for the outcome.
	//
	// Neither Update, View nor Close may be called from inside the function of
	// an Update or a View: it can wait for itself.
	Update(ctx context.Context, fn func(Tx) error) error

	// Close waits for the Views and Updates that have begun. All later calls,
	// and Updates that still wait for their turn, return ErrClosed. Closing
	// twice does nothing.
	Close() error
}

// Reader reads one state of the store. It is for one goroutine, and only until
// the function that got it returns; after that its methods return ErrOver.
//
// The bytes that it returns belong to the store: they may be read until the
// function returns and must never be changed. Clone what is kept.
type Reader interface {
	// Get returns the value of a key, or ErrNotFound. An empty value is not nil.
	Get(key []byte) ([]byte, error)

	// Scan yields the entries of a range in order. An error ends it and comes
	// last, with a zero Entry.
	//
	// In an Update the loop's body may write. Each step takes the next key after
	// the last one yielded, as the transaction is at that moment, so what was
	// put ahead is seen, what was deleted ahead is not, and no key comes twice.
	Scan(r Range) iter.Seq2[Entry, error]
}

// Tx is a Reader that also sees and makes changes.
type Tx interface {
	Reader

	// Put sets the value of a key. Both are copied. It returns ErrKey for a key
	// that is empty or longer than MaxKeySize, and ErrValue.
	Put(key, value []byte) error

	// Delete removes a key. That there is none is no error. It returns ErrKey
	// as Put does.
	Delete(key []byte) error
}

// Entry is a key and its value, as Reader's bytes are: not to be kept or changed.
type Entry struct {
	Key, Value []byte
}

// CheckKey returns ErrKey, with the reason, for a key that Put must refuse.
func CheckKey(key []byte) error {
	if len(key) == 0 {
		return fmt.Errorf("%w: it is empty", ErrKey)
	}
	if len(key) > MaxKeySize {
		return fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrKey, len(key), MaxKeySize)
	}
	return nil
}

// CheckValue returns ErrValue for a value that Put must refuse.
func CheckValue(value []byte) error {
	if len(value) > MaxValueSize {
		return fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrValue, len(value), MaxValueSize)
	}
	return nil
}
