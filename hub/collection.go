package hub

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// Public is the subject of a grant to everybody, signed in or not. It can only
// read, and reads what is TLP:CLEAR.
const Public = "public"

// Grant gives a right to a collection.
type Grant struct {
	Subject string `json:"subject"` // id of an organisation or a group, or Public
	Read    bool   `json:"read,omitempty"`
	Write   bool   `json:"write,omitempty"`
}

// Moderation says whose contributions wait for an analyst.
type Moderation string

// The kinds of moderation.
const (
	ModerateNone Moderation = "off"
	ModerateNew  Moderation = "new" // of organisations that are StatusNew
	ModerateAll  Moderation = "all"
)

// Collection is a set of objects with rights of its own (TAXII 2.1, 5).
type Collection struct {
	ID          string      `json:"id"`              // UUIDv4
	Alias       string      `json:"alias,omitempty"` // as a handle; unique in its group
	Title       string      `json:"title"`
	Description string      `json:"description,omitempty"`
	Group       string      `json:"group"`            // id: whose API root it is in
	Grants      []Grant     `json:"grants,omitempty"` // sorted by subject, each once
	People      []string    `json:"people,omitempty"` // ids: the readers of what TAXII brings in as TLP:RED
	Unmarked    tlp.Marking `json:"unmarked"`         // the label of objects without one
	Moderation  Moderation  `json:"moderation"`
	Anonymous   bool        `json:"anonymous,omitempty"` // takes anonymous contributions
	Retention   int         `json:"retention,omitempty"` // days that an object stays after it was added; 0: for ever
	Created     time.Time   `json:"created"`

	Number uint32 `json:"number,omitempty"` // of its keys in the store; never shown
}

// Access is a collection with what the caller may do in it.
type Access struct {
	Collection
	CanRead, CanWrite bool
}

// collection finds a collection in the hub's room by its id or, within an API
// root, by its alias; "" as root with an id finds it in any, an alias in the
// community's, and GROUP/ALIAS in that group's. It looks at no rights. The error
// is NotFound.
func collection(r store.Reader, root, idOrAlias string) (*Collection, error) {
	missing := fail(NotFound, "no collection %q", cut(idOrAlias, 100))
	if group, alias, ok := strings.Cut(idOrAlias, "/"); ok && root == "" {
		if root, idOrAlias = group, alias; group == "" {
			return nil, missing
		}
	}
	if idOrAlias == "" || len(idOrAlias) > maxEmail {
		return nil, missing
	}
	group := ""
	if root != "" {
		g, err := lookUp[Group](r, groupKind, root)
		if errors.Is(err, store.ErrNotFound) {
			return nil, missing
		}
		if err != nil {
			return nil, err
		}
		group = g.ID
	}
	name := strings.ToLower(idOrAlias)
	col, err := getRecord[Collection](r, colKind+"/"+name)
	if errors.Is(err, store.ErrNotFound) {
		alias := aliasKey(cmp.Or(group, communityID), name)
		var id []byte
		if id, err = r.Get([]byte(alias)); err == nil {
			col, err = getRecord[Collection](r, colKind+"/"+string(id))
		}
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, missing
	case err != nil:
		return nil, err
	case group != "" && col.Group != group:
		return nil, missing
	}
	return col, nil
}

func aliasKey(group, alias string) string { return colKind + "@" + group + "/" + alias }

// numberKey holds the id of the collection that has a number.
func numberKey(n uint32) []byte { return binary.BigEndian.AppendUint32([]byte(colKind+"#"), n) }

// collectionByNumber finds the collection of a key in the log. The error is
// store.ErrNotFound.
func collectionByNumber(r store.Reader, n uint32) (*Collection, error) {
	id, err := r.Get(numberKey(n))
	if err != nil {
		return nil, err
	}
	return getRecord[Collection](r, colKind+"/"+string(id))
}

// reach finds a collection for a caller: NotFound without a right to read or
// write in it, but hub administrators see all there are. The error names those
// that the caller may know of.
func reach(r store.Reader, c *Caller, root, idOrAlias string) (col *Collection, read, write bool, err error) {
	col, err = collection(r, root, idOrAlias)
	if err == nil {
		if read, write = c.may(col); read || write || c.administers() {
			return col, read, write, nil
		}
	} else if CodeOf(err) != NotFound {
		return nil, false, false, err
	}
	var known []string
	for col, err := range records[Collection](r, colKind+"/") {
		if err != nil {
			return nil, false, false, err
		}
		if read, write := c.may(col); !read && !write && !c.administers() {
			continue
		}
		name := cmp.Or(col.Alias, col.ID)
		if col.Alias != "" && col.Group != communityID {
			group, err := lookUp[Group](r, groupKind, col.Group)
			if err != nil {
				return nil, false, false, err
			}
			name = group.Handle + "/" + name
		}
		known = append(known, name)
	}
	slices.Sort(known)
	return nil, false, false, unknown("collection", idOrAlias, known)
}

// readingOrganisations returns the ids, sorted, of the organisations that may
// read a collection: those that TLP:AMBER names for what TAXII brings in. A grant
// to the public names none, and a suspended organisation is no reader.
func readingOrganisations(r store.Reader, col *Collection) ([]string, error) {
	community := false
	named := map[string]bool{}
	members, err := groupMembers(r, col.Group)
	if err != nil {
		return nil, err
	}
	for _, g := range col.Grants {
		switch {
		case !g.Read || g.Subject == Public:
		case g.Subject == communityID:
			community = true
		case strings.HasPrefix(g.Subject, groupKind+"--"):
			in, err := groupMembers(r, g.Subject)
			if err != nil {
				return nil, err
			}
			for _, id := range in {
				named[id] = true
			}
		default:
			named[g.Subject] = true
		}
	}
	var ids []string
	if community {
		for org, err := range records[Organisation](r, orgKind+"/") {
			if err != nil {
				return nil, err
			}
			named[org.ID] = true
		}
	}
	for id := range named {
		if col.Group != communityID && !slices.Contains(members, id) {
			continue
		}
		org, err := getRecord[Organisation](r, orgKind+"/"+id)
		if err != nil {
			return nil, err
		}
		if org.Status != StatusSuspended {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// groupMembers returns the ids of a group's members, none for the community and
// for a group that is gone.
func groupMembers(r store.Reader, id string) ([]string, error) {
	g, err := getRecord[Group](r, groupKind+"/"+id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return g.Members, nil
}
