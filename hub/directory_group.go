package hub

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// GroupPatch changes what is not nil. Hub administrators may.
type GroupPatch struct {
	Title, Description *string
	Members            *[]string // ids or handles, all of them; the community's are not listed
}

const maxMembers = 10_000

// Roots returns the groups whose API roots the caller is shown (TAXII 2.1, 4.2):
// the community's first, to strangers too, then those that the caller's
// organisation is in, and to hub administrators all, in the order of handles.
func (s *Service) Roots(ctx context.Context, c *Caller) ([]Group, error) {
	var all []Group
	err := s.read(ctx, func(r store.Reader) (err error) {
		all, err = roots(r, c)
		return err
	})
	return all, err
}

func roots(r store.Reader, c *Caller) ([]Group, error) {
	var all []Group
	if c.administers() {
		for g, err := range records[Group](r, groupKind+"/") {
			if err != nil {
				return nil, err
			}
			all = append(all, *g)
		}
	} else {
		// By id: what a stranger asks costs nothing that grows with the hub.
		for _, id := range append([]string{communityID}, c.groups...) {
			g, err := getRecord[Group](r, groupKind+"/"+id)
			if errors.Is(err, store.ErrNotFound) {
				continue // not set up, or deleted since the caller was found
			}
			if err != nil {
				return nil, err
			}
			all = append(all, *g)
		}
	}
	slices.SortFunc(all, func(a, b Group) int {
		if (a.ID == communityID) != (b.ID == communityID) {
			if a.ID == communityID {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Handle, b.Handle)
	})
	return all, nil
}

// Root finds an API root by its group's handle. The error is NotFound, also for
// a group that the caller is not in.
func (s *Service) Root(ctx context.Context, c *Caller, handle string) (Group, error) {
	var found Group
	err := s.read(ctx, func(r store.Reader) error {
		g, err := findGroup(r, c, handle)
		if err == nil {
			found = *g
		}
		return err
	})
	return found, err
}

// findGroup finds a group that the caller is shown by id or handle. The error is
// NotFound and says which there are.
func findGroup(r store.Reader, c *Caller, idOrHandle string) (*Group, error) {
	g, err := lookUp[Group](r, groupKind, idOrHandle)
	if err == nil && (c.in(g.ID) || c.administers()) {
		return g, nil
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	all, err := roots(r, c)
	if err != nil {
		return nil, err
	}
	var known []string
	for _, g := range all {
		known = append(known, g.Handle)
	}
	return nil, unknown("group", idOrHandle, known)
}

// Groups is Roots for members.
func (s *Service) Groups(ctx context.Context, c *Caller) ([]Group, error) {
	if !c.Member() {
		return nil, c.refuse()
	}
	return s.Roots(ctx, c)
}

// Group finds a group that the caller is in by id or handle. The error is
// NotFound.
func (s *Service) Group(ctx context.Context, c *Caller, idOrHandle string) (Group, error) {
	if !c.Member() {
		return Group{}, c.refuse()
	}
	return s.Root(ctx, c, idOrHandle)
}

func (g *Group) clean() error {
	if err := cleanHandle("the group's handle", &g.Handle); err != nil {
		return err
	}
	if err := cleanName("the group's title", &g.Title); err != nil {
		return err
	}
	return cleanDescription(&g.Description)
}

// CreateGroup makes a trust group: Handle, Title ("": the handle), Description
// and Members (ids or handles) count. Hub administrators may. The errors are
// Invalid, and Conflict for a handle that is taken.
func (s *Service) CreateGroup(ctx context.Context, c *Caller, g Group) (Group, error) {
	if !c.administers() {
		return Group{}, c.refuse()
	}
	g.ID, g.Created = newID(groupKind), s.time()
	if g.Title == "" {
		g.Title = g.Handle
	}
	if err := g.clean(); err != nil {
		return Group{}, err
	}
	members := g.Members
	err := s.change(ctx, c, "group.create", func(tx store.Tx, e *audit.Entry) error {
		var err error
		if g.Members, err = organisationIDs(tx, c, members, maxMembers); err != nil {
			return err
		}
		d := differences{}
		d.put("handle", g.Handle)
		d.put("members", strings.Join(g.Members, " "))
		e.Object, e.Detail = g.ID, d
		return addGroup(tx, &g)
	})
	if err != nil {
		return Group{}, err
	}
	return g, nil
}

// UpdateGroup changes a group and returns it as it is then. Whoever leaves it
// reaches nothing in it from then on, whatever its collections grant.
func (s *Service) UpdateGroup(ctx context.Context, c *Caller, idOrHandle string, p GroupPatch) (Group, error) {
	if !c.administers() {
		return Group{}, c.refuse()
	}
	var changed Group
	err := s.change(ctx, c, "group.update", func(tx store.Tx, e *audit.Entry) error {
		g, err := findGroup(tx, c, idOrHandle)
		if err != nil {
			return err
		}
		d := differences{}
		d.set("title", &g.Title, p.Title)
		d.set("description", &g.Description, p.Description)
		if err := g.clean(); err != nil {
			return err
		}
		if p.Members != nil {
			if g.ID == communityID {
				return fail(Invalid, "every member is in the group %s; suspend an organisation to shut it out", Community)
			}
			ids, err := organisationIDs(tx, c, *p.Members, maxMembers)
			if err != nil {
				return err
			}
			for _, id := range g.Members {
				if !slices.Contains(ids, id) {
					d["left"] = cut(d["left"]+" "+id, 2000)
				}
			}
			for _, id := range ids {
				if !slices.Contains(g.Members, id) {
					d["joined"] = cut(d["joined"]+" "+id, 2000)
				}
			}
			g.Members = ids
		}
		changed = *g
		if len(d) == 0 {
			return errUnchanged
		}
		e.Object, e.Detail = g.ID, d
		return putGroup(tx, g)
	})
	if err != nil {
		return Group{}, err
	}
	return changed, nil
}

// DeleteGroup takes a group away that has no collections and that none grants
// anything to. The error is Conflict otherwise.
func (s *Service) DeleteGroup(ctx context.Context, c *Caller, idOrHandle string) error {
	if !c.administers() {
		return c.refuse()
	}
	seen := false // by a run before, of which the outcome was unknown
	return s.change(ctx, c, "group.delete", func(tx store.Tx, e *audit.Entry) error {
		g, err := findGroup(tx, c, idOrHandle)
		if seen && CodeOf(err) == NotFound {
			return errUnchanged
		}
		if err != nil {
			return err
		}
		if g.ID == communityID {
			return fail(Conflict, "the group %s stays", Community)
		}
		for col, err := range records[Collection](tx, colKind+"/") {
			if err != nil {
				return err
			}
			granted := slices.ContainsFunc(col.Grants, func(x Grant) bool { return x.Subject == g.ID })
			switch {
			case col.Group == g.ID:
				return fail(Conflict, "the group %s has the collection %q; delete that first", g.Handle, col.Title)
			case granted:
				return fail(Conflict, "the collection %q grants something to the group %s; take that away first", col.Title, g.Handle)
			}
		}
		seen = true
		e.Object, e.Detail = g.ID, map[string]string{"handle": g.Handle}
		members := g.Members
		g.Members = nil
		if err := putGroup(tx, g); err != nil { // takes the members' index away
			return err
		}
		e.Detail["members"] = cut(strings.Join(members, " "), 2000)
		return errors.Join(tx.Delete([]byte(groupKind+"/"+g.ID)), tx.Delete([]byte(groupKind+"@"+g.Handle)))
	})
}
