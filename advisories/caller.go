package advisories

import (
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/audit"
)

// Caller is who asks, as the hub knows them. The zero value is a stranger, who
// reads what is TLP:CLEAR.
type Caller struct {
	// Reader is the caller as the policy sees one.
	Reader tlp.Reader
	// Analyst may write: an analyst or a hub administrator of the operator, by a key
	// that is not bound to collections, or whoever may open the data directory.
	Analyst bool
	// Person is the id of a person, "" for an organisation's key and for the local
	// administrator: where two people are needed, those are nobody.
	Person string
	// Admin may change settings: a hub administrator.
	Admin bool
	// Manages says that the caller may change what belongs to their organisation.
	Manages bool
	// Assets says that the caller may see what concerns their organisation's assets:
	// its readers may not, and no key that is bound to collections.
	Assets bool
	// Entry has the fields of an audit entry that name the caller.
	Entry audit.Entry
}

// Member reports whether the caller belongs to the community. Whoever has a key that
// is bound to other collections does, though they read as a stranger.
func (c *Caller) Member() bool { return c.Reader.Member || c.Entry.Key != "" }
