package hub

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/hub/stix"
	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// What is behind an anonymous object:
//
//	sealed@<org>\0<uuid>\0<type>                  alias: an id that the organisation uses, and the one that stands for it in public
//	sealed/<public id>\0<org>\0<version>           Sealed: one version as it was sent
//
// Nothing but anonymise and Sealed reads them.

// Sealed is one version of an anonymous object, as whoever contributed it sent it.
type Sealed struct {
	PublicID      string    `json:"public_id"`
	PublicVersion string    `json:"public_version"`
	OriginalID    string    `json:"original_id"`
	Version       string    `json:"version"`
	Organisation  string    `json:"organisation"`     // id
	Person        string    `json:"person,omitempty"` // id
	Key           string    `json:"key,omitempty"`
	From          string    `json:"from,omitempty"` // the address
	Time          time.Time `json:"time"`
	Original      []byte    `json:"original"` // as received
}

// alias is the public id that stands for one that an organisation uses.
type alias struct {
	Public string `json:"public"`
	// The rest is set once the organisation has contributed the object itself.
	Version  string `json:"version,omitempty"`  // the last that was sent
	Created  string `json:"created,omitempty"`  // in public
	Modified string `json:"modified,omitempty"` // in public, of the last version
	Sent     bool   `json:"sent,omitempty"`
}

// aliasPrefix finds the ids of an organisation that share a UUID.
func aliasPrefix(org string, id uuid.UUID) string {
	return "sealed@" + org + "\x00" + id.String() + "\x00"
}

// getAlias returns nil where there is none, and for what is no id.
func getAlias(r store.Reader, org, id string) (*alias, error) {
	typ, u, err := stix.ParseID(id)
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // no id has no alias
	}
	a, err := getRecord[alias](r, aliasPrefix(org, u)+typ)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil //nolint:nilnil // documented
	}
	return a, err
}

// putAlias keeps an alias; one that changes nothing is none.
func putAlias(tx store.Tx, org, id string, a *alias) error {
	if a.Public == foldID(id) {
		return nil
	}
	typ, u, err := stix.ParseID(id)
	if err != nil {
		return fmt.Errorf("hub: alias: %w", err)
	}
	return putRecord(tx, aliasPrefix(org, u)+typ, a)
}

// isSealed reports whether an organisation has contributed the object of this id
// anonymously: then its versions and its revocation are published so, too. An
// observable whose id says nothing of who sent it may come under a name as well.
func (s *Service) isSealed(r store.Reader, org, id string) (bool, error) {
	a, err := getAlias(r, org, id)
	return err == nil && a != nil && a.Sent && a.Public != foldID(id), err
}

func sealedPrefix(public string) string { return "sealed/" + foldID(public) + "\x00" }

func sealedKey(public, org, version string) string {
	return sealedPrefix(public) + org + "\x00" + version
}

// MaxSealed is how many versions Sealed returns at most.
const MaxSealed = 1000

// Sealed returns who is behind an anonymous object, a version of it each, by
// organisation: an observable may have several contributors. Hub administrators
// may ask, and each time that one did stands in the audit log before they see it.
// The error is NotFound where the hub has no such anonymous object.
func (s *Service) Sealed(ctx context.Context, c *Caller, publicID string) ([]Sealed, error) {
	if !c.administers() {
		return nil, c.refuse()
	}
	var all []Sealed
	err := s.change(ctx, c, "sealed.read", func(tx store.Tx, e *audit.Entry) error {
		all = nil
		if !stix.IsID(publicID) {
			return fail(NotFound, "no anonymous object %q", cut(publicID, 100))
		}
		for rec, err := range records[Sealed](tx, sealedPrefix(publicID)) {
			if err != nil {
				return err
			}
			if len(all) == MaxSealed {
				break
			}
			all = append(all, *rec)
		}
		if len(all) == 0 {
			return fail(NotFound, "no anonymous object %q", publicID)
		}
		e.Object = publicID
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}
