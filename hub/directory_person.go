package hub

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// PersonPatch changes what is not nil. Hub administrators change all of it, an
// organisation's administrators that of their people who are no more than they,
// and people their own name. Nobody changes organisation.
type PersonPatch struct {
	Name, Email *string
	Role        *Role
	Disabled    *bool // shuts the person's keys at once
}

// above reports whether a role is for the hub's administrators alone to give, and
// for the operator's people to have.
func above(r Role) bool { return r == RoleHubAdmin || r == RoleAnalyst }

// managesPerson reports whether the caller may change a person and make keys for
// them. Else an organisation's administrator could act as a hub administrator who
// belongs to it.
func (c *Caller) managesPerson(p *Person) bool {
	return c.administers() || c.manages(p.Organisation) && !above(p.Role)
}

// knows reports whether the caller may see a person: a colleague, or anybody for
// a hub administrator. An organisation's key sees nobody.
func (c *Caller) knows(p *Person) bool {
	return c.administers() || c.Kind == CallerPerson && c.Person.Organisation == p.Organisation
}

// People returns the people that the caller may see, of one organisation (id or
// handle) or of all (""), in the order of their mail addresses. People see their
// colleagues.
func (s *Service) People(ctx context.Context, c *Caller, organisation string) ([]Person, error) {
	if !c.Member() || c.Kind == CallerOrganisation {
		return nil, c.refuse()
	}
	var all []Person
	err := s.read(ctx, func(r store.Reader) error {
		all = nil
		of := ""
		if organisation != "" {
			o, err := findOrganisation(r, c, organisation)
			if err != nil {
				return err
			}
			if of = o.ID; !c.administers() && of != c.Organisation.ID {
				return fail(Forbidden, "only the people of your own organisation are shown to you")
			}
		}
		for p, err := range records[Person](r, personKind+"/") {
			if err != nil {
				return err
			}
			if c.knows(p) && (of == "" || p.Organisation == of) {
				all = append(all, *p)
			}
		}
		return nil
	})
	slices.SortFunc(all, func(a, b Person) int { return strings.Compare(a.Email, b.Email) })
	return all, err
}

// Person finds one by id or mail address. The error is NotFound.
func (s *Service) Person(ctx context.Context, c *Caller, idOrEmail string) (Person, error) {
	var found Person
	err := s.read(ctx, func(r store.Reader) error {
		p, err := findPerson(r, c, idOrEmail)
		if err == nil {
			found = *p
		}
		return err
	})
	return found, err
}

// findPerson finds one whom the caller may see. The error is NotFound and says
// who there is.
func findPerson(r store.Reader, c *Caller, idOrEmail string) (*Person, error) {
	if !c.Member() {
		return nil, c.refuse()
	}
	p, err := lookUp[Person](r, personKind, idOrEmail)
	if err == nil && c.knows(p) {
		return p, nil
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	var known []string
	for p, err := range records[Person](r, personKind+"/") {
		if err != nil {
			return nil, err
		}
		if c.knows(p) {
			known = append(known, p.Email)
		}
	}
	slices.Sort(known)
	return nil, unknown("person", idOrEmail, known)
}

// CreatePerson adds a person: Name, Email, Organisation (id or handle; "": the
// caller's) and Role ("": member) count. The errors are Invalid, and Conflict for
// a mail address that somebody has.
func (s *Service) CreatePerson(ctx context.Context, c *Caller, p Person) (Person, error) {
	if !c.manages(c.Organisation.ID) {
		return Person{}, c.refuse()
	}
	p.ID, p.Created, p.Disabled = newID(personKind), s.time(), false
	if p.Role == "" {
		p.Role = RoleMember
	}
	if p.Organisation == "" {
		p.Organisation = c.Organisation.ID
	}
	if err := p.clean(); err != nil {
		return Person{}, err
	}
	organisation := p.Organisation
	err := s.change(ctx, c, "person.create", func(tx store.Tx, e *audit.Entry) error {
		o, err := findOrganisation(tx, c, organisation)
		if err != nil {
			return err
		}
		p.Organisation = o.ID
		if !c.managesPerson(&p) {
			return fail(Forbidden, "you add people to your own organisation, up to the role %s", RoleOrganisationAdmin)
		}
		if err := p.fits(o); err != nil {
			return err
		}
		e.Object = p.ID
		e.Detail = map[string]string{"organisation": o.ID, "role": string(p.Role), "email": p.Email}
		return addPerson(tx, &p)
	})
	if err != nil {
		return Person{}, err
	}
	return p, nil
}

// fits refuses the operator's roles to people of other organisations.
func (p *Person) fits(o *Organisation) error {
	if above(p.Role) && !o.Operator {
		return fail(Invalid, "the role %s is for people of the hub's operator; %s has %s, %s and %s", p.Role, o.Handle, RoleOrganisationAdmin, RoleMember, RoleReader)
	}
	return nil
}

// UpdatePerson changes a person and returns them as they are then. The error is
// Conflict where no hub administrator would be left.
func (s *Service) UpdatePerson(ctx context.Context, c *Caller, idOrEmail string, patch PersonPatch) (Person, error) {
	var changed Person
	err := s.change(ctx, c, "person.update", func(tx store.Tx, e *audit.Entry) error {
		// A run before, of which the outcome was unknown, may have changed the address.
		p, err := findPerson(tx, c, cmp.Or(changed.ID, idOrEmail))
		if err != nil {
			return err
		}
		before := *p
		d, err := patch.apply(tx, c, p)
		if err != nil {
			return err
		}
		changed = *p
		if len(d) == 0 {
			return errUnchanged
		}
		if err := keepAnAdministrator(tx, &before, p); err != nil {
			return err
		}
		e.Object, e.Detail = p.ID, d
		if before.Email != p.Email {
			if err := tx.Delete([]byte(personKind + "@" + before.Email)); err != nil {
				return err
			}
		}
		return addPerson(tx, p)
	})
	if err != nil {
		return Person{}, err
	}
	return changed, nil
}

func (patch *PersonPatch) apply(r store.Reader, c *Caller, p *Person) (differences, error) {
	self := c.Kind == CallerPerson && c.Person.ID == p.ID && len(c.Scopes) == 0
	if !c.managesPerson(p) && (!self || patch.Email != nil || patch.Role != nil || patch.Disabled != nil) {
		return nil, c.refuse()
	}
	before := *p
	d := differences{}
	if patch.Name != nil {
		p.Name = *patch.Name
	}
	if patch.Email != nil {
		p.Email = *patch.Email
	}
	if patch.Role != nil {
		p.Role = *patch.Role
	}
	if patch.Disabled != nil {
		p.Disabled = *patch.Disabled
	}
	if err := p.clean(); err != nil {
		return nil, err
	}
	d.note("name", before.Name, p.Name)
	d.note("email", before.Email, p.Email)
	d.note("role", string(before.Role), string(p.Role))
	d.note("disabled", strconv.FormatBool(before.Disabled), strconv.FormatBool(p.Disabled))
	if before.Role != p.Role && !c.managesPerson(p) {
		return nil, fail(Forbidden, "you give roles up to %s", RoleOrganisationAdmin)
	}
	o, err := getRecord[Organisation](r, orgKind+"/"+p.Organisation)
	if err != nil {
		return nil, err
	}
	return d, p.fits(o)
}

// keepAnAdministrator is Conflict where a change takes away the last hub
// administrator who may sign in.
func keepAnAdministrator(r store.Reader, before, after *Person) error {
	is := func(p *Person) bool { return p.Role == RoleHubAdmin && !p.Disabled }
	if !is(before) || is(after) {
		return nil
	}
	for p, err := range records[Person](r, personKind+"/") {
		if err != nil {
			return err
		}
		if p.ID != after.ID && is(p) {
			return nil
		}
	}
	return fail(Conflict, "%s is the last hub administrator; make somebody else one first", before.Email)
}
