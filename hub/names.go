package hub

import (
	"errors"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// OrganisationIDs are the ids of organisations by handle or id, within a reader of
// the whole store. The error is Invalid and names the first that is not there.
func OrganisationIDs(whole store.Reader, names []string) ([]string, error) {
	return namedIDs(whole, "organisation", names, func(r store.Reader, name string) (string, error) {
		o, err := lookUp[Organisation](r, orgKind, name)
		if err != nil {
			return "", err
		}
		return o.ID, nil
	})
}

// PersonIDs are the ids of people by mail address or id, likewise.
func PersonIDs(whole store.Reader, names []string) ([]string, error) {
	return namedIDs(whole, "person", names, func(r store.Reader, name string) (string, error) {
		p, err := lookUp[Person](r, personKind, name)
		if err != nil {
			return "", err
		}
		return p.ID, nil
	})
}

func namedIDs(whole store.Reader, what string, names []string, find func(store.Reader, string) (string, error)) ([]string, error) {
	r := store.SubReader(whole, Room)
	var ids []string
	for _, name := range names {
		id, err := find(r, name)
		if errors.Is(err, store.ErrNotFound) {
			return nil, fail(Invalid, "there is no %s %q", what, cut(name, 100))
		}
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}
