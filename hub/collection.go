package hub

import (
	"time"

	"github.com/cybersec-infohub/infohub/hub/tlp"
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
