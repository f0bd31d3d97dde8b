package hub

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// statusLife is how long a status is kept; TAXII 2.1, 4.3.1, asks for a day.
const statusLife = 48 * time.Hour

// keptStatus is a status as the store holds it, with who may read it.
type keptStatus struct {
	Status
	Organisation string `json:"organisation"`
	Person       string `json:"person,omitempty"` // "" for a key of the organisation
}

func statusKey(id string) []byte { return []byte("status/" + id) }

// statusEndKey is under which an expired status is found: they are in the order of
// when they were made.
func statusEndKey(made time.Time, id string) []byte {
	b := binary.BigEndian.AppendUint64([]byte("status@"), uint64(made.UnixMicro())) // #nosec G115 -- after 1970
	return append(b, id...)
}

// Status returns what became of a submission, for two days and to whoever sent it:
// the person, or any key of the organisation where it came with such a one. The
// error is NotFound.
func (s *Service) Status(ctx context.Context, c *Caller, id string) (Status, error) {
	missing := fail(NotFound, "no status %q: each is kept for two days, for whoever submitted", cut(id, maxDetail))
	if _, err := uuid.Parse(id); err != nil || len(id) != len(uuid.Nil.String()) {
		return Status{}, missing
	}
	var kept keptStatus
	err := s.read(ctx, func(r store.Reader) (err error) {
		kept, err = readStatus(r, id)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Status{}, missing
	case err != nil:
		return Status{}, err
	case !kept.of(c) || s.now().Sub(kept.RequestTimestamp) >= statusLife:
		return Status{}, missing
	}
	return kept.Status, nil
}

// of reports whether the caller sent what the status is of.
func (k *keptStatus) of(c *Caller) bool {
	switch c.Kind {
	case CallerPerson:
		return k.Person == c.Person.ID
	case CallerOrganisation:
		return k.Person == "" && k.Organisation == c.Organisation.ID
	}
	return false
}

// putStatus keeps the status of what the caller sent. tx is the hub's room.
func (s *Service) putStatus(tx store.Tx, c *Caller, status *Status) error {
	kept := keptStatus{Status: *status, Organisation: c.Organisation.ID}
	if c.Kind == CallerPerson {
		kept.Person = c.Person.ID
	}
	if err := tx.Put(statusEndKey(status.RequestTimestamp, status.ID), nil); err != nil {
		return fmt.Errorf("status: %w", err)
	}
	return s.writeStatus(tx, &kept)
}

// changeStatus changes a status that is still kept. tx is the hub's room.
func (s *Service) changeStatus(tx store.Tx, id string, change func(*Status)) error {
	kept, err := readStatus(tx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	change(&kept.Status)
	return s.writeStatus(tx, &kept)
}

// writeStatus compresses it: the ids of an envelope's objects are much the same.
func (s *Service) writeStatus(tx store.Tx, kept *keptStatus) error {
	text, err := json.Marshal(kept)
	if err != nil {
		return fmt.Errorf("status: %w", err)
	}
	var packed bytes.Buffer
	w := s.spare.deflater(&packed)
	defer s.spare.deflaters.Put(w)
	if _, err := w.Write(text); err != nil {
		return fmt.Errorf("status: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("status: %w", err)
	}
	return tx.Put(statusKey(kept.ID), packed.Bytes())
}

// maxStatus bounds a status in the store: that of 50,000 bad objects.
const maxStatus = 256 << 20

// readStatus reads a status; store.ErrNotFound where there is none.
func readStatus(r store.Reader, id string) (kept keptStatus, err error) {
	packed, err := r.Get(statusKey(id))
	if err != nil {
		return kept, err
	}
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxStatus))
	if err != nil {
		return kept, fmt.Errorf("status: %w", err)
	}
	if err := json.Unmarshal(text, &kept); err != nil {
		return kept, fmt.Errorf("status: %w", err)
	}
	return kept, nil
}
