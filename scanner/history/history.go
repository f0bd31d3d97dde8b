// Package history keeps the reports of scans, so that the next one can tell what
// changed. It owns the scanner's prefix of the store.
//
// Beside the reports it keeps, for each site, what is known of it (report.Merge),
// which the next report is compared with.
//
// The portal, internal/app and commands may import it; it imports scanner and
// leaves. Only internal/app opens a store.
package history

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/scanner"
)

// Prefix is the part of a store that is the scanner's.
const Prefix = "scanner"

// Version is that of the stored form.
const Version = 1

// maxStored bounds a report or facts when they are unpacked, in bytes; ours are
// under 1 MiB.
const maxStored = 64 << 20

// ErrNotFound says that there is no such report.
var ErrNotFound = errors.New("history: no such report")

// The rooms within the prefix. Their keys are a domain, a zero byte and, but for
// what is known, the start of the scan in Unix seconds, big-endian: in order of
// domains and, of one domain, of time. A second write of a scan is the same.
const (
	entries = "entry"  // Entry as JSON
	reports = "report" // scanner.Report as packed JSON
	facts   = "facts"  // scanner.Record as packed JSON
	known   = "known"  // scanner.Report as packed JSON
)

// History is the reports in a store. It is safe for concurrent use.
type History struct{ whole, room store.Store }

// Entry is one report in a list.
type Entry struct {
	Domain  string         `json:"domain"`
	Unicode string         `json:"unicode"`
	Started time.Time      `json:"started"` // UTC, whole seconds
	Status  scanner.Status `json:"status"`
	Grade   scanner.Grade  `json:"grade"`
	Failed  int            `json:"failed"`
	Warned  int            `json:"warned"`
	Unknown int            `json:"unknown"`
	Facts   bool           `json:"facts,omitempty"` // they are kept, too
}

// Open returns the history in s, which is the whole store. It fails if a newer
// program wrote it.
func Open(ctx context.Context, s store.Store) (*History, error) {
	h := &History{s, store.Sub(s, Prefix)}
	err := h.room.View(ctx, func(r store.Reader) error {
		value, err := r.Get([]byte("version"))
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if string(value) != strconv.Itoa(Version) {
			return fmt.Errorf("its version is %.20q, and this program reads version %d: use the program that wrote it, or a newer one", value, Version)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	return h, nil
}

// Addition is a report that is ready to be written: everything that writing
// needs was computed before, so that it can be repeated and be part of a
// transaction of others.
type Addition struct {
	key, site                    []byte
	entry, report, facts, merged []byte
}

// Prepare packs a report, what is known of the site with it (report.Merge), and
// the facts if they are to be kept (nil: not).
func Prepare(r, merged *scanner.Report, rec *scanner.Record) (*Addition, error) {
	e := Entry{
		Domain: r.Target.Domain, Unicode: r.Target.Unicode, Started: r.Started.UTC().Truncate(time.Second),
		Status: r.Status, Grade: r.Grade, Facts: rec != nil,
	}
	for _, f := range r.Findings {
		switch f.Outcome {
		case scanner.Fail:
			e.Failed++
		case scanner.Warn:
			e.Warned++
		case scanner.UnknownResult:
			e.Unknown++
		}
	}
	a := &Addition{key: timeKey(e.Domain, e.Started), site: siteKey(e.Domain)}
	var err error
	if a.entry, err = json.Marshal(e); err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	if a.report, err = pack(r); err != nil {
		return nil, err
	}
	if rec != nil {
		if a.facts, err = pack(rec); err != nil {
			return nil, err
		}
	}
	a.merged, err = pack(merged)
	return a, err
}

// Write puts an addition into a transaction of the whole store.
func (a *Addition) Write(tx store.Tx) error {
	room := store.SubTx(tx, Prefix)
	if err := room.Put([]byte("version"), []byte(strconv.Itoa(Version))); err != nil {
		return err
	}
	err := errors.Join(
		store.SubTx(room, entries).Put(a.key, a.entry),
		store.SubTx(room, reports).Put(a.key, a.report),
		store.SubTx(room, known).Put(a.site, a.merged),
	)
	if a.facts != nil {
		err = errors.Join(err, store.SubTx(room, facts).Put(a.key, a.facts))
	}
	return err
}

// siteKey is before all keys of the domain, and no domain's key begins another's.
func siteKey(domain string) []byte { return append([]byte(domain), 0) }

func timeKey(domain string, t time.Time) []byte {
	return binary.BigEndian.AppendUint64(siteKey(domain), uint64(max(t.Unix(), 0)))
}

// pack writes JSON and compresses it: a report shrinks to about a tenth.
func pack(v any) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := errors.Join(json.NewEncoder(z).Encode(v), z.Close()); err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	return b.Bytes(), nil
}

func unpack(data []byte, v any) error {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("history: damaged entry: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(z, maxStored+1))
	if err == nil && len(text) > maxStored {
		err = fmt.Errorf("it is over %d MiB", maxStored>>20)
	}
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		return fmt.Errorf("history: damaged entry: %w", err)
	}
	return nil
}
