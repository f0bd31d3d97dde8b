package hub

import (
	"errors"

	"github.com/cybersec-infohub/infohub/hub/stix"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// moderated reports whether what the caller sends waits for an analyst.
func (u *run) moderated() bool {
	switch {
	case u.c.Organisation.Operator, u.c.Role() == RoleAnalyst, u.c.Role() == RoleHubAdmin:
		return false
	case u.col.Moderation == ModerateAll:
		return true
	}
	return u.col.Moderation == ModerateNew && u.c.Organisation.Status == StatusNew
}

// mayPublish says why the caller may not send an object: nobody speaks in another
// member's name, nor describes its identity. The operator may, since it brings in
// what others publish elsewhere.
func (u *run) mayPublish(h *stix.Header) (reason string, err error) {
	if u.c.Organisation.Operator {
		return "", nil
	}
	ids := []string{h.CreatedByRef}
	if h.Type == "identity" {
		ids = append(ids, h.ID)
	}
	for _, id := range ids {
		id = foldID(id)
		if id == "" || id == u.c.Organisation.ID {
			continue
		}
		name, known := u.publisher[id]
		if !known {
			org, err := getRecord[Organisation](u.tx, orgKind+"/"+id)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return "", err
			}
			if err == nil {
				name = org.Name
			}
			u.publisher[id] = name
		}
		if name != "" {
			return "created_by_ref, or the identity itself, is that of " + name + ": only " + name + " may publish under it", nil
		}
	}
	return "", nil
}
