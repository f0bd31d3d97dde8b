package hub

import (
	"slices"

	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// CallerKind is how somebody is known.
type CallerKind string

// The kinds of caller. The zero value is a stranger.
const (
	Stranger           CallerKind = ""
	CallerLocal        CallerKind = "local"        // on the socket or in the process: whoever may read the data directory
	CallerOrganisation CallerKind = "organisation" // by a key of the organisation
	CallerPerson       CallerKind = "person"       // by a sign-in or a key of the person
)

// Caller is who asks, as Service.Authenticate found them. The zero value is a
// stranger. All of it comes from the hub's records but From and Request.
type Caller struct {
	Kind         CallerKind
	Organisation Organisation // of CallerLocal: the operator
	Person       Person       // of CallerPerson
	Key          string       // id of the key, "" without one
	Scopes       []Scope      // of the key
	Anonymous    bool         // of the key
	From         string       // the address, or "socket", or "process"
	Request      string       // id of the request
	groups       []string     // ids of the groups that the organisation is in, but the community
	advised      bool         // a key with Scopes reads the collection of advisories
}

// Role is what the caller may do at most: the local administrator is a hub
// administrator, and a key of an organisation a member.
func (c *Caller) Role() Role {
	switch c.Kind {
	case CallerLocal:
		return RoleHubAdmin
	case CallerPerson:
		return c.Person.Role
	case CallerOrganisation:
		return RoleMember
	}
	return ""
}

// Member reports whether the caller belongs to the community.
func (c *Caller) Member() bool { return c.Kind != Stranger }

// Reader is the caller as the policy sees one. The local administrator reads as
// the operator does, and what is for named people not at all.
func (c *Caller) Reader() tlp.Reader {
	if !c.Member() {
		return tlp.Reader{}
	}
	r := tlp.Reader{Member: true, Organisation: c.Organisation.ID, ClientOf: c.Organisation.ClientOf}
	if c.Kind == CallerPerson {
		r.Person = c.Person.ID
	}
	return r
}

// AdvisoryReader is the caller as a reader of advisories, wherever they are: by a
// key that is bound to other collections a stranger.
func (c *Caller) AdvisoryReader() tlp.Reader {
	if len(c.Scopes) > 0 && !c.advised {
		return tlp.Reader{}
	}
	return c.Reader()
}

// scope reports whether the caller's key, if there is one, is for this verb.
func (c *Caller) scope(collection string, v Verb) bool {
	if len(c.Scopes) == 0 {
		return true
	}
	return slices.ContainsFunc(c.Scopes, func(s Scope) bool {
		return (s.Collection == "*" || s.Collection == collection) && slices.Contains(s.Verbs, v)
	})
}

// administers reports whether the caller may act as a hub administrator. A key
// that is bound to collections never does.
func (c *Caller) administers() bool { return c.Role() == RoleHubAdmin && len(c.Scopes) == 0 }

// in reports whether the caller is in a group, and so is shown its API root.
// Everybody is shown the community's; whoever is not in another group reaches
// nothing in it, whatever a collection grants.
func (c *Caller) in(group string) bool {
	return group == communityID || c.Member() && slices.Contains(c.groups, group)
}

// may reports what the caller may do with a collection. The operator's hub
// administrators administer collections without a right to read what is in them.
func (c *Caller) may(col *Collection) (read, write bool) {
	if !c.in(col.Group) {
		return false, false
	}
	for _, g := range col.Grants {
		switch {
		case g.Subject == Public:
			read = read || g.Read
		case !c.Member():
		case g.Subject == c.Organisation.ID || c.in(g.Subject):
			read, write = read || g.Read, write || g.Write
		}
	}
	if c.Kind == CallerPerson && slices.Contains(col.People, c.Person.ID) {
		read = true
	}
	write = write && c.Role() != RoleReader && c.Role() != ""
	return read && c.scope(col.ID, VerbRead), write && c.scope(col.ID, VerbWrite)
}
