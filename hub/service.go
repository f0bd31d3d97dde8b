package hub

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// Room is the hub's prefix in the store.
const Room = "hub"

// defaultMaxContentLength is 10 MiB.
const defaultMaxContentLength = 10 << 20

// Config is what a Service is made of.
type Config struct {
	Store store.Store // the whole store: transactions span rooms
	Audit *audit.Log
	Now   func() time.Time // nil: time.Now
	Log   *slog.Logger     // nil: nothing is logged
	// MaxContentLength is how many bytes a submission may have; 0: 10 MiB.
	MaxContentLength int64
}

// Service is the hub. Its methods may be called concurrently. Every error that
// is an *Error may be shown to the caller.
type Service struct {
	store  store.Store
	audit  *audit.Log
	now    func() time.Time
	log    *slog.Logger
	max    int64
	cursor cipher.AEAD // seals cursors of the change feed

	used    lastUsed      // when keys were used, until it is written
	changed signal        // rings when the feed grew
	ending  chan struct{} // closed when nobody is to wait any more
	end     sync.Once
	swept   atomic.Uint64 // how far sweepFeed has come
	spare   spare
	large   chan struct{} // one for each large submission that is taken apart
}

// signal wakes those who wait for the change feed.
type signal struct {
	mu sync.Mutex
	ch chan struct{}
}

// New returns the hub that a store holds, set up or not. It writes to a store
// only the first time, the secret that seals cursors.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Audit == nil {
		return nil, errors.New("hub: a store and an audit log are needed")
	}
	s := &Service{store: c.Store, audit: c.Audit, now: c.Now, log: c.Log, max: c.MaxContentLength, ending: make(chan struct{}), large: make(chan struct{}, largeAtOnce)}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.max <= 0 {
		s.max = defaultMaxContentLength
	}
	secret, err := s.cursorSecret(context.Background())
	if err != nil {
		return nil, fmt.Errorf("hub: the secret of cursors: %w", err)
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, fmt.Errorf("hub: the secret of cursors: %w", err)
	}
	if s.cursor, err = cipher.NewGCM(block); err != nil {
		return nil, fmt.Errorf("hub: the secret of cursors: %w", err)
	}
	return s, nil
}

// cursorSecret is kept in the store, so that a cursor outlives the process.
func (s *Service) cursorSecret(ctx context.Context) ([]byte, error) {
	var secret []byte
	err := s.read(ctx, func(r store.Reader) error {
		b, err := r.Get([]byte(cursorKey))
		secret = append([]byte(nil), b...)
		return err
	})
	if !errors.Is(err, store.ErrNotFound) {
		return secret, err
	}
	fresh := make([]byte, 32)
	rand.Read(fresh) // never fails
	err = s.update(ctx, func(whole store.Tx) error {
		tx := store.SubTx(whole, Room)
		b, err := tx.Get([]byte(cursorKey))
		if err == nil {
			secret = append([]byte(nil), b...) // somebody was faster
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		secret = fresh
		return tx.Put([]byte(cursorKey), fresh)
	})
	return secret, err
}

// MaxContentLength is how many bytes a submission may have.
func (s *Service) MaxContentLength() int64 { return s.max }

// EndWaits ends every Wait, and those to come at once: the hub is about to stop,
// and whoever waits for changes would keep it.
func (s *Service) EndWaits() { s.end.Do(func() { close(s.ending) }) }

// Close writes what is only in memory: when keys were last used. The store stays
// open.
func (s *Service) Close(ctx context.Context) error { return s.writeLastUsed(ctx) }

// Restored is called in a transaction of the whole store when that comes from a
// backup. Cursors of the change feed that were handed out since would skip what
// comes now, so none that was handed out before is taken any more: whoever holds
// one begins again.
func Restored(tx store.Tx) error {
	return store.SubTx(tx, Room).Delete([]byte(cursorKey))
}
