package hub

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// OrganisationPatch changes what is not nil. Hub administrators change all of it,
// an organisation's administrators its contact.
type OrganisationPatch struct {
	Name, Sector, Contact *string
	Status                *OrganisationStatus // the operator is never suspended
	ClientOf              *[]string           // ids or handles, at most 100
}

const maxClientOf = 100

// manages reports whether the caller may act as an administrator of an
// organisation. A key that is bound to collections never does.
func (c *Caller) manages(organisation string) bool {
	return c.administers() || c.Role() == RoleOrganisationAdmin && c.Organisation.ID == organisation && len(c.Scopes) == 0
}

// shown is an organisation as the caller sees it: its members and hub
// administrators see all of it, others what a directory says.
func (c *Caller) shown(o *Organisation) Organisation {
	if c.administers() || c.Member() && c.Organisation.ID == o.ID {
		return *o
	}
	public := *o
	public.Contact, public.ClientOf = "", nil
	return public
}

// Organisations returns the directory in the order of handles. Members may read
// it; contact and clients are their own organisation's only.
func (s *Service) Organisations(ctx context.Context, c *Caller) ([]Organisation, error) {
	if !c.Member() {
		return nil, c.refuse()
	}
	var all []Organisation
	err := s.read(ctx, func(r store.Reader) error {
		all = nil
		for o, err := range records[Organisation](r, orgKind+"/") {
			if err != nil {
				return err
			}
			all = append(all, c.shown(o))
		}
		return nil
	})
	slices.SortFunc(all, func(a, b Organisation) int { return strings.Compare(a.Handle, b.Handle) })
	return all, err
}

// Organisation finds one by id or handle. The error is NotFound.
func (s *Service) Organisation(ctx context.Context, c *Caller, idOrHandle string) (Organisation, error) {
	var found Organisation
	err := s.read(ctx, func(r store.Reader) error {
		o, err := findOrganisation(r, c, idOrHandle)
		if err == nil {
			found = c.shown(o)
		}
		return err
	})
	return found, err
}

// findOrganisation finds one for a member by id or handle. The error is NotFound
// and says which there are.
func findOrganisation(r store.Reader, c *Caller, idOrHandle string) (*Organisation, error) {
	if !c.Member() {
		return nil, c.refuse()
	}
	o, err := lookUp[Organisation](r, orgKind, idOrHandle)
	if !errors.Is(err, store.ErrNotFound) {
		return o, err
	}
	known, err := names(r, orgKind)
	if err != nil {
		return nil, err
	}
	return nil, unknown("organisation", idOrHandle, known)
}

// names returns the names in an index, in order.
func names(r store.Reader, kind string) ([]string, error) {
	prefix := kind + "@"
	var all []string
	for e, err := range r.Scan(store.Prefix([]byte(prefix))) {
		if err != nil {
			return nil, err
		}
		all = append(all, strings.TrimPrefix(string(e.Key), prefix))
	}
	return all, nil
}

// CreateOrganisation admits an organisation: Handle, Name, Sector, Contact,
// Status ("": new) and ClientOf (ids or handles) count. Hub administrators may.
// The errors are Invalid, and Conflict for a handle that is taken.
func (s *Service) CreateOrganisation(ctx context.Context, c *Caller, o Organisation) (Organisation, error) {
	if !c.administers() {
		return Organisation{}, c.refuse()
	}
	o.ID, o.Created, o.Operator = newID(organisationType), s.time(), false
	o.Status = cmp.Or(o.Status, StatusNew)
	if err := o.clean(); err != nil {
		return Organisation{}, err
	}
	clients := o.ClientOf
	err := s.change(ctx, c, "organisation.create", func(tx store.Tx, e *audit.Entry) error {
		var err error
		if o.ClientOf, err = organisationIDs(tx, c, clients, maxClientOf); err != nil {
			return err
		}
		e.Object = o.ID
		e.Detail = map[string]string{"handle": o.Handle, "name": o.Name, "status": string(o.Status)}
		return addOrganisation(tx, &o)
	})
	if err != nil {
		return Organisation{}, err
	}
	return o, nil
}

// organisationIDs turns ids and handles into ids, sorted, each once.
func organisationIDs(r store.Reader, c *Caller, named []string, most int) ([]string, error) {
	if len(named) > most {
		return nil, fail(Invalid, "%d organisations are named; at most %d are allowed", len(named), most)
	}
	var ids []string
	for _, name := range named {
		o, err := findOrganisation(r, c, name)
		if err != nil {
			return nil, err
		}
		ids = append(ids, o.ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// UpdateOrganisation changes an organisation and returns it as it is then. One
// that is suspended is shut out at once: its keys and its people's.
func (s *Service) UpdateOrganisation(ctx context.Context, c *Caller, idOrHandle string, p OrganisationPatch) (Organisation, error) {
	var changed Organisation
	err := s.change(ctx, c, "organisation.update", func(tx store.Tx, e *audit.Entry) error {
		o, err := findOrganisation(tx, c, idOrHandle)
		if err != nil {
			return err
		}
		d, err := p.apply(tx, c, o)
		if err != nil {
			return err
		}
		changed = c.shown(o)
		if len(d) == 0 {
			return errUnchanged
		}
		e.Object, e.Detail = o.ID, d
		return putRecord(tx, orgKind+"/"+o.ID, o)
	})
	if err != nil {
		return Organisation{}, err
	}
	return changed, nil
}

func (p *OrganisationPatch) apply(r store.Reader, c *Caller, o *Organisation) (differences, error) {
	if !c.manages(o.ID) {
		return nil, c.refuse()
	}
	if !c.administers() && (p.Name != nil || p.Sector != nil || p.Status != nil || p.ClientOf != nil) {
		return nil, fail(Forbidden, "an organisation's administrator changes its contact; the rest is for the hub's administrators")
	}
	d := differences{}
	before := *o
	d.set("name", &o.Name, p.Name)
	d.set("sector", &o.Sector, p.Sector)
	d.set("contact", &o.Contact, p.Contact)
	if p.Status != nil && *p.Status != o.Status {
		if o.Operator && *p.Status == StatusSuspended {
			return nil, fail(Conflict, "%s runs this hub and cannot be suspended", o.Handle)
		}
		o.Status = *p.Status
		d.put("status", string(before.Status)+" to "+string(o.Status))
	}
	if p.ClientOf != nil {
		ids, err := organisationIDs(r, c, *p.ClientOf, maxClientOf)
		if err != nil {
			return nil, err
		}
		if slices.Contains(ids, o.ID) {
			return nil, fail(Invalid, "%s cannot be a client of itself", o.Handle)
		}
		if !slices.Equal(ids, o.ClientOf) {
			o.ClientOf = ids
			d.put("client_of", strings.Join(ids, " "))
		}
	}
	return d, o.clean()
}
