package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/internal/store/bolt"
)

// storeFile is the store in a data directory.
const storeFile = "infohub.db"

// lockWait is how long a command waits for another one that has the store open:
// a scan that repeats itself has it only while it scans.
const lockWait = 5 * time.Second

// ascending are the prefixes of keys that the rooms put in ascending order: the
// hub's log, its index by type and its change feed, and the audit log.
func ascending() []string { return []string{"hub/l", "hub/t", "hub/f", "audit/entry/"} }

// ErrNoData says that a folder is no data directory.
var ErrNoData = errors.New("it holds no data of infohub")

// OpenStore opens the store in a data directory, which is made if create is set
// and must exist otherwise. The caller closes it.
func OpenStore(dir string, create bool) (store.Store, error) {
	if create {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("data folder: %w", err)
		}
	}
	path := filepath.Join(dir, storeFile)
	if _, err := os.Stat(path); !create && err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%s: %w: 'infohub scan --data %s' keeps reports there, and 'infohub setup' makes a hub", dir, ErrNoData, dir)
		}
		return nil, fmt.Errorf("data folder: %w", err)
	}
	s, err := bolt.Open(path, bolt.Options{LockWait: lockWait, Ascending: ascending()})
	switch {
	case errors.Is(err, store.ErrLocked):
		return nil, fmt.Errorf("another infohub is using the folder %s, a hub that runs there or a scan: try again when it has ended (%w)", dir, err)
	case err != nil:
		return nil, err
	}
	return s, nil
}

// CheckStore reads the whole store of a data directory and returns
// store.ErrCorrupt, with what is wrong, if it is damaged.
func CheckStore(ctx context.Context, dir string) error {
	s, err := OpenStore(dir, false)
	if err != nil {
		return err
	}
	checker, ok := s.(interface{ Check(context.Context) error })
	if !ok {
		return errors.Join(errors.New("this kind of store checks itself"), s.Close())
	}
	return errors.Join(checker.Check(ctx), s.Close())
}

// CompactStore rewrites the store of a data directory without the space that
// deletions have left, and returns its size in bytes before and after.
func CompactStore(ctx context.Context, dir string) (before, after int64, err error) {
	s, err := OpenStore(dir, false) // says what is wrong with the folder, and waits for others
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		return 0, 0, err
	}
	return bolt.Compact(ctx, filepath.Join(dir, storeFile))
}

// RoomStats is what one room of a store holds.
type RoomStats struct {
	Room    string `json:"room"`
	Entries int    `json:"entries"`
	Bytes   int64  `json:"bytes"` // of keys and values
}

// StoreStats counts what the rooms of a data directory hold, in their order.
func StoreStats(ctx context.Context, dir string) (rooms []RoomStats, err error) {
	s, err := OpenStore(dir, false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	err = s.View(ctx, func(r store.Reader) error {
		for e, err := range r.Scan(store.Range{}) {
			if err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			room := roomOf(string(e.Key))
			if n := len(rooms); n == 0 || rooms[n-1].Room != room {
				rooms = append(rooms, RoomStats{Room: room})
			}
			last := &rooms[len(rooms)-1]
			last.Entries++
			last.Bytes += int64(len(e.Key) + len(e.Value))
		}
		return nil
	})
	return rooms, err
}

// roomOf is the part of a key that names its room: "history/reports". What follows
// may be anything, slashes too.
func roomOf(key string) string {
	room, rest, _ := strings.Cut(key, "/")
	inner, _, ok := strings.Cut(rest, "/")
	if ok && inner != "" && strings.Trim(inner, "abcdefghijklmnopqrstuvwxyz-") == "" {
		return room + "/" + inner
	}
	return room
}
