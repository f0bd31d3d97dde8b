package hub

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// CollectionPatch changes what is not nil. Hub administrators may. Who may read
// an object was settled when it came in: a new Unmarked or new People are for
// what comes later.
type CollectionPatch struct {
	Title, Description *string
	Grants             *[]Grant  // all of them; subjects by id or handle
	People             *[]string // all of them, by id or mail address
	Unmarked           *tlp.Marking
	Moderation         *Moderation
	Anonymous          *bool
	Retention          *int // days
}

// Limits of a collection.
const (
	maxGrants    = 1000
	maxListed    = 1000   // people
	maxRetention = 36_500 // days
)

// shownCollection leaves out what is for hub administrators: who else has rights.
func (c *Caller) shownCollection(col *Collection, read, write bool) Access {
	a := Access{Collection: *col, CanRead: read, CanWrite: write}
	a.Number = 0
	if !c.administers() {
		a.Grants, a.People = nil, nil
	}
	return a
}

// Collections returns those of an API root (a group's handle; "": of all) that
// the caller may read or write, and to hub administrators all, in the order in
// which they were made (TAXII 2.1, 5.1). Grants and People are for hub
// administrators only. The error is NotFound for a root that the caller is not
// shown.
func (s *Service) Collections(ctx context.Context, c *Caller, root string) ([]Access, error) {
	var all []Access
	err := s.read(ctx, func(r store.Reader) error {
		all = nil
		group := ""
		if root != "" {
			g, err := findGroup(r, c, root)
			if err != nil {
				return err
			}
			group = g.ID
		}
		for col, err := range records[Collection](r, colKind+"/") {
			if err != nil {
				return err
			}
			if group != "" && col.Group != group {
				continue
			}
			if read, write := c.may(col); read || write || c.administers() {
				all = append(all, c.shownCollection(col, read, write))
			}
		}
		return nil
	})
	slices.SortFunc(all, func(a, b Access) int {
		return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID))
	})
	return all, err
}

// Collection finds one by id or alias within an API root; root may be "" (TAXII
// 2.1, 5.2). The error is NotFound, also without a right to read or write.
func (s *Service) Collection(ctx context.Context, c *Caller, root, idOrAlias string) (Access, error) {
	var found Access
	err := s.read(ctx, func(r store.Reader) error {
		col, read, write, err := reach(r, c, root, idOrAlias)
		if err == nil {
			found = c.shownCollection(col, read, write)
		}
		return err
	})
	return found, err
}

// CreateCollection makes a collection in a group (id or handle; "": the
// community). ID, Number and Created do not count. Unmarked is TLP:GREEN by
// default in the community and TLP:AMBER in another group, Moderation off. Hub
// administrators may. The errors are Invalid, and Conflict for an alias that is
// taken.
func (s *Service) CreateCollection(ctx context.Context, c *Caller, col Collection) (Access, error) {
	if !c.administers() {
		return Access{}, c.refuse()
	}
	col.ID, col.Created = uuid.NewString(), s.time()
	group, grants, people := cmp.Or(col.Group, Community), col.Grants, col.People
	var made Access
	err := s.change(ctx, c, "collection.create", func(tx store.Tx, e *audit.Entry) error {
		col := col
		g, err := findGroup(tx, c, group)
		if err != nil {
			return err
		}
		col.Group = g.ID
		col.Moderation = cmp.Or(col.Moderation, ModerateNone)
		if col.Unmarked == "" {
			col.Unmarked = tlp.Amber
			if g.ID == communityID {
				col.Unmarked = tlp.Green
			}
		}
		if err := col.clean(); err != nil {
			return err
		}
		if err := col.name(tx, c, g, grants, people); err != nil {
			return err
		}
		e.Object = col.ID
		e.Detail = col.told()
		read, write := c.may(&col)
		made = c.shownCollection(&col, read, write)
		switch known, err := exists(tx, colKind+"/"+col.ID); {
		case err != nil:
			return err
		case known:
			return nil // by a run before, of which the outcome was unknown
		}
		set, err := getRecord[settings](tx, metaKey)
		if err != nil {
			return err
		}
		return errors.Join(addCollection(tx, set, &col), putRecord(tx, metaKey, set))
	})
	if err != nil {
		return Access{}, err
	}
	return made, nil
}

func (col *Collection) clean() error {
	if col.Alias != "" {
		if err := cleanHandle("the alias", &col.Alias); err != nil {
			return err
		}
	}
	if col.Title == "" {
		col.Title = col.Alias
	}
	if err := cleanName("the collection's title", &col.Title); err != nil {
		return err
	}
	if err := cleanDescription(&col.Description); err != nil {
		return err
	}
	if !slices.Contains(tlp.Labels(), col.Unmarked) {
		return fail(Invalid, "no label %q; there are: %s", cut(string(col.Unmarked), 100), joinAny(tlp.Labels()))
	}
	if all := []Moderation{ModerateNone, ModerateNew, ModerateAll}; !slices.Contains(all, col.Moderation) {
		return fail(Invalid, "no moderation %q; there are: %s", cut(string(col.Moderation), 100), joinAny(all))
	}
	if col.Retention < 0 || col.Retention > maxRetention {
		return fail(Invalid, "a retention of %d days; it is from 1 to %d, or 0 for ever", col.Retention, maxRetention)
	}
	return nil
}

// UpdateCollection changes a collection and returns it as it is then.
func (s *Service) UpdateCollection(ctx context.Context, c *Caller, root, idOrAlias string, p CollectionPatch) (Access, error) {
	if !c.administers() {
		return Access{}, c.refuse()
	}
	var changed Access
	err := s.change(ctx, c, "collection.update", func(tx store.Tx, e *audit.Entry) error {
		col, _, _, err := reach(tx, c, root, idOrAlias)
		if err != nil {
			return err
		}
		before := col.told()
		before.put("description", col.Description)
		if err := p.apply(tx, c, col); err != nil {
			return err
		}
		after := col.told()
		after.put("description", col.Description)
		d := differences{}
		for name, value := range after {
			d.note(name, before[name], value)
		}
		read, write := c.may(col)
		changed = c.shownCollection(col, read, write)
		e.Object, e.Detail = col.ID, d
		return putRecord(tx, colKind+"/"+col.ID, col)
	})
	if err != nil {
		return Access{}, err
	}
	return changed, nil
}

func (p *CollectionPatch) apply(r store.Reader, c *Caller, col *Collection) error {
	take(&col.Title, p.Title)
	take(&col.Description, p.Description)
	take(&col.Unmarked, p.Unmarked)
	take(&col.Moderation, p.Moderation)
	take(&col.Anonymous, p.Anonymous)
	take(&col.Retention, p.Retention)
	grants, people := col.Grants, col.People
	take(&grants, p.Grants)
	take(&people, p.People)
	if err := col.clean(); err != nil {
		return err
	}
	if p.Grants == nil && p.People == nil {
		return nil
	}
	group, err := getRecord[Group](r, groupKind+"/"+col.Group)
	if err != nil {
		return err
	}
	return col.name(r, c, group, grants, people)
}

func take[T any](old, new *T) {
	if new != nil {
		*old = *new
	}
}

// DeleteCollection takes an empty collection away. The error is Conflict where
// it holds an object or one waits for moderation; it does not say how many, since
// an administrator may not be a reader.
func (s *Service) DeleteCollection(ctx context.Context, c *Caller, root, idOrAlias string) error {
	if !c.administers() {
		return c.refuse()
	}
	seen := false // by a run before, of which the outcome was unknown
	return s.change(ctx, c, "collection.delete", func(tx store.Tx, e *audit.Entry) error {
		col, _, _, err := reach(tx, c, root, idOrAlias)
		if seen && CodeOf(err) == NotFound {
			return errUnchanged
		}
		if err != nil {
			return err
		}
		full, err := holds(tx, logPrefix(col.Number))
		if err != nil {
			return err
		}
		if full {
			return fail(Conflict, "the collection %q holds objects; delete them first, or set a retention and let them expire", col.Title)
		}
		if full, err = holds(tx, queuePrefix(col.Number)); err != nil {
			return err
		}
		if full {
			return fail(Conflict, "objects wait for moderation in the collection %q; decide on them first", col.Title)
		}
		seen = true
		e.Object, e.Detail = col.ID, map[string]string{"title": col.Title, "number": strconv.FormatUint(uint64(col.Number), 10)}
		if col.Alias != "" {
			err = tx.Delete([]byte(aliasKey(col.Group, col.Alias)))
		}
		return errors.Join(err, tx.Delete(numberKey(col.Number)), tx.Delete([]byte(colKind+"/"+col.ID)))
	})
}

// holds reports whether there is a key below a prefix.
func holds(r store.Reader, prefix []byte) (bool, error) {
	for _, err := range r.Scan(store.Prefix(prefix)) {
		return err == nil, err
	}
	return false, nil
}
