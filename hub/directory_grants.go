package hub

import (
	"errors"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// told is a collection as the audit log tells of it.
func (col *Collection) told() differences {
	d := differences{}
	d.put("group", col.Group)
	d.put("title", col.Title)
	d.put("alias", col.Alias)
	d.put("grants", grantsText(col.Grants))
	d.put("people", strings.Join(col.People, " "))
	d.put("unmarked", col.Unmarked)
	d.put("moderation", col.Moderation)
	d.put("anonymous", col.Anonymous)
	d.put("retention", col.Retention)
	return d
}

func grantsText(grants []Grant) string {
	var b strings.Builder
	for _, g := range grants {
		b.WriteString(g.Subject)
		if g.Read {
			b.WriteString(" r")
		}
		if g.Write {
			b.WriteString(" w")
		}
		b.WriteString("; ")
	}
	return strings.TrimSuffix(b.String(), "; ")
}

// name takes over who has rights, named by ids, handles and mail addresses. In a
// group of its own nobody else has any: they would reach nothing (Caller.in).
func (col *Collection) name(r store.Reader, c *Caller, group *Group, grants []Grant, people []string) error {
	if len(grants) > maxGrants || len(people) > maxListed {
		return fail(Invalid, "a collection takes %d grants and %d people at most", maxGrants, maxListed)
	}
	inside := func(organisation string) bool {
		return group.ID == communityID || slices.Contains(group.Members, organisation)
	}
	bySubject := map[string]Grant{}
	for _, g := range grants {
		if !g.Read && !g.Write {
			return fail(Invalid, "the grant to %q gives nothing: read, write or both", cut(g.Subject, 100))
		}
		id, err := subject(r, c, g.Subject)
		if err != nil {
			return err
		}
		if id == Public && g.Write {
			return fail(Invalid, "a grant to %s is to read only", Public)
		}
		if group.ID != communityID && id != group.ID && !inside(id) {
			return fail(Invalid, "%q is no member of the group %s; grant it to the group, or to a member", cut(g.Subject, 100), group.Handle)
		}
		old := bySubject[id]
		bySubject[id] = Grant{Subject: id, Read: g.Read || old.Read, Write: g.Write || old.Write}
	}
	col.Grants = nil
	for _, g := range bySubject {
		col.Grants = append(col.Grants, g)
	}
	slices.SortFunc(col.Grants, func(a, b Grant) int { return strings.Compare(a.Subject, b.Subject) })
	col.People = nil
	for _, name := range people {
		p, err := findPerson(r, c, name)
		if err != nil {
			return err
		}
		if !inside(p.Organisation) {
			return fail(Invalid, "the organisation of %s is no member of the group %s", p.Email, group.Handle)
		}
		col.People = append(col.People, p.ID)
	}
	slices.Sort(col.People)
	col.People = slices.Compact(col.People)
	return nil
}

// subject finds the id of whom a grant names: handles of organisations and groups
// are told apart (free).
func subject(r store.Reader, c *Caller, name string) (string, error) {
	if name == Public {
		return Public, nil
	}
	g, err := lookUp[Group](r, groupKind, name)
	if err == nil {
		return g.ID, nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	o, err := findOrganisation(r, c, name)
	if CodeOf(err) != NotFound {
		if err != nil {
			return "", err
		}
		return o.ID, nil
	}
	known, err := names(r, groupKind)
	if err != nil {
		return "", err
	}
	organisations, err := names(r, orgKind)
	if err != nil {
		return "", err
	}
	return "", unknown("group or organisation", name, slices.Concat([]string{Public}, known, organisations))
}
