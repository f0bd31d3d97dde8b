package scanner

import "time"

// Authorisation is the ground on which the active checks of a site were run.
// Facts and report record it.
type Authorisation struct {
	How AuthorisedBy `json:"how"`
	// Where is the record's name or the file's address; "" for what was stated.
	Where string    `json:"where,omitempty"`
	At    time.Time `json:"at"` // UTC, whole seconds: when it was seen or stated
}

// AuthorisedBy is a kind of ground.
type AuthorisedBy string

// The grounds.
const (
	ByDNS       AuthorisedBy = "dns-txt" // the site's DNS has the proof of whoever scans
	ByFile      AuthorisedBy = "file"    // the site serves it
	ByStatement AuthorisedBy = "stated"  // whoever scans said so, and answers for it
)
