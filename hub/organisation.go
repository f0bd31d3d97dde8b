package hub

import "time"

// OrganisationStatus is how far an organisation is admitted.
type OrganisationStatus string

// The states of an organisation.
const (
	StatusNew       OrganisationStatus = "new"       // a member whose contributions are moderated where the collection says so
	StatusActive    OrganisationStatus = "active"    // a member
	StatusSuspended OrganisationStatus = "suspended" // no member: its people and keys are shut out, what it shared stays
)

// Organisation is a member of the hub, or its operator.
type Organisation struct {
	ID       string             `json:"id"`                // its STIX identity, identity--UUIDv4: what created_by_ref names
	Handle   string             `json:"handle"`            // short name for commands: a-z, 0-9 and "-", 2 to 40 characters, unique
	Name     string             `json:"name"`              // 1 to 200 characters
	Sector   string             `json:"sector,omitempty"`  // by STIX 2.1's industry-sector-ov where it fits
	Contact  string             `json:"contact,omitempty"` // a mail address
	Status   OrganisationStatus `json:"status"`
	ClientOf []string           `json:"client_of,omitempty"` // ids of the organisations that it is a client of: TLP:AMBER reaches it through them
	Operator bool               `json:"operator,omitempty"`  // runs the hub: exactly one
	Created  time.Time          `json:"created"`
}

// Role is what a person does at the hub. A role gives rights to act, never to
// read: that is hub/tlp's.
type Role string

// The roles. Each organisation has administrators, members and readers; hub
// administrators and analysts are people of the operator.
const (
	RoleHubAdmin          Role = "hub-admin"          // organisations, groups, collections, everybody's people and keys, sealed records, audit
	RoleAnalyst           Role = "analyst"            // moderation; all that a member may
	RoleOrganisationAdmin Role = "organisation-admin" // people, keys and assets of the own organisation; all that a member may
	RoleMember            Role = "member"             // reads and contributes
	RoleReader            Role = "reader"             // reads
)

// Roles returns all roles, from the one with the most rights on.
func Roles() []Role {
	return []Role{RoleHubAdmin, RoleAnalyst, RoleOrganisationAdmin, RoleMember, RoleReader}
}

// Person belongs to one organisation.
type Person struct {
	ID           string    `json:"id"` // person--UUIDv4
	Name         string    `json:"name"`
	Email        string    `json:"email"` // unique, compared without case
	Organisation string    `json:"organisation"`
	Role         Role      `json:"role"`
	Disabled     bool      `json:"disabled,omitempty"`
	Created      time.Time `json:"created"`
}

// Verb is what a key may do in a collection. Deleting takes both.
type Verb string

// The verbs of a key's scope.
const (
	VerbRead  Verb = "read"
	VerbWrite Verb = "write"
)

// Scope bounds a key to verbs in a collection.
type Scope struct {
	Collection string `json:"collection"` // id, or "*" for all
	Verbs      []Verb `json:"verbs"`
}

// Key is an API key, of an organisation or of a person. A person's key is that
// person: it reads what is TLP:RED for them, and may act where two people are
// needed. The secret is shown once, when the key is made; only its hash is kept.
type Key struct {
	ID           string    `json:"id"` // 12 characters of a-z and 2-7, the part of the key that may be shown
	Name         string    `json:"name"`
	Organisation string    `json:"organisation"`
	Person       string    `json:"person,omitempty"`    // "" for a key of the organisation
	Scopes       []Scope   `json:"scopes,omitempty"`    // none: all that its owner may
	Anonymous    bool      `json:"anonymous,omitempty"` // what it submits is published in the hub's name
	Created      time.Time `json:"created"`
	Expires      time.Time `json:"expires,omitzero"`   // zero: never
	LastUsed     time.Time `json:"last_used,omitzero"` // within a minute; of an anonymous one the day
	Revoked      time.Time `json:"revoked,omitzero"`
	Hash         []byte    `json:"hash,omitempty"` // SHA-256 of the secret, in the store only
}

// Group is a trust group: organisations that share an API root and its
// collections. The group "community" has every member, without naming them.
type Group struct {
	ID          string    `json:"id"`     // group--UUIDv4
	Handle      string    `json:"handle"` // as of an organisation, unique; the API root is /taxii2/HANDLE/
	Title       string    `json:"title"`
	Description string    `json:"description,omitempty"`
	Members     []string  `json:"members,omitempty"` // ids of organisations, sorted
	Created     time.Time `json:"created"`
}

// Community is the handle of the group that every member is in. Its API root is
// the default one, and the only one that strangers are shown.
const Community = "community"

// communityID is the id of that group, at every hub.
const communityID = "group--3c8ea9a4-6c0e-4e4b-9d27-1a8ad0e1b5c1"
