package hub

import (
	"errors"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// claim gives a name in an index to an id, or returns taken where it is another's.
func claim(tx store.Tx, key, id string, taken error) error {
	old, err := tx.Get([]byte(key))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return tx.Put([]byte(key), []byte(id))
	case err != nil:
		return err
	case string(old) != id:
		return taken
	}
	return nil
}

// free returns taken where a key is there: organisations and groups are named in
// the same places, so that they share their handles.
func free(r store.Reader, key string, taken error) error {
	if is, err := exists(r, key); err != nil || !is {
		return err
	}
	return taken
}

// The functions add... write a record that was cleaned, with its index. Running
// again with the same id changes nothing.

func addOrganisation(tx store.Tx, o *Organisation) error {
	taken := fail(Conflict, "the handle %q is taken; choose another", o.Handle)
	if o.Handle == Community {
		return taken
	}
	if err := free(tx, groupKind+"@"+o.Handle, taken); err != nil {
		return err
	}
	if err := claim(tx, orgKind+"@"+o.Handle, o.ID, taken); err != nil {
		return err
	}
	return putRecord(tx, orgKind+"/"+o.ID, o)
}

func addPerson(tx store.Tx, p *Person) error {
	if err := claim(tx, personKind+"@"+p.Email, p.ID, fail(Conflict, "somebody at this hub has the mail address %s already", p.Email)); err != nil {
		return err
	}
	return putRecord(tx, personKind+"/"+p.ID, p)
}

func addGroup(tx store.Tx, g *Group) error {
	taken := fail(Conflict, "the handle %q is taken; choose another", g.Handle)
	if err := free(tx, orgKind+"@"+g.Handle, taken); err != nil {
		return err
	}
	if err := claim(tx, groupKind+"@"+g.Handle, g.ID, taken); err != nil {
		return err
	}
	return putGroup(tx, g)
}

// putGroup writes a group and, for Authenticate, which organisations are in it.
func putGroup(tx store.Tx, g *Group) error {
	old, err := groupMembers(tx, g.ID)
	if err != nil {
		return err
	}
	for _, id := range old {
		if !slices.Contains(g.Members, id) {
			err = errors.Join(err, tx.Delete([]byte(memberKey(id, g.ID))))
		}
	}
	for _, id := range g.Members {
		err = errors.Join(err, tx.Put([]byte(memberKey(id, g.ID)), []byte{}))
	}
	return errors.Join(err, putRecord(tx, groupKind+"/"+g.ID, g))
}

func memberKey(organisation, group string) string { return "member@" + organisation + "/" + group }

// groupsOf returns the ids of the groups that an organisation is in, but the
// community.
func groupsOf(r store.Reader, organisation string) ([]string, error) {
	prefix := memberKey(organisation, "")
	var ids []string
	for e, err := range r.Scan(store.Prefix([]byte(prefix))) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, strings.TrimPrefix(string(e.Key), prefix))
	}
	return ids, nil
}

// addCollection gives a new collection its number, from set, which the caller
// writes.
func addCollection(tx store.Tx, set *settings, col *Collection) error {
	if col.Alias != "" {
		taken := fail(Conflict, "another collection of this group has the alias %q; choose another", col.Alias)
		if err := claim(tx, aliasKey(col.Group, col.Alias), col.ID, taken); err != nil {
			return err
		}
	}
	set.Collections++
	col.Number = set.Collections
	return errors.Join(tx.Put(numberKey(col.Number), []byte(col.ID)), putRecord(tx, colKind+"/"+col.ID, col))
}
