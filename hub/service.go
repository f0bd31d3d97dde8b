package hub

import (
	"crypto/cipher"
	"log/slog"
	"sync"
	"time"

	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// Room is the hub's prefix in the store.
const Room = "hub"

// Config is what a Service is made of.
type Config struct {
	Store store.Store // the whole store: transactions span rooms
	Audit *audit.Log
	Now   func() time.Time
	Log   *slog.Logger
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

	audiences interned // audiences and organisations by number: they never change
	used      lastUsed // when keys were used, until it is written
	changed   signal   // rings when the feed grew
}

// signal wakes those who wait for the change feed.
type signal struct {
	mu sync.Mutex
	ch chan struct{}
}
