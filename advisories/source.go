package advisories

import "time"

// Source says where an advisory that others published comes from.
type Source struct {
	ID   string `json:"id"`   // of the source as the operator named it
	Kind string `json:"kind"` // csaf, kev, epss, osv, bulletin
	// URL is where this very document was taken from; the path of a file.
	URL     string    `json:"url"`
	Fetched time.Time `json:"fetched"`
	// Verified is how far it is known to be what its publisher published:
	// "signature" (OpenPGP), "hash" (it arrived whole) or "none".
	Verified string `json:"verified"`
	Key      string `json:"key,omitempty"` // fingerprint of the key that signed it, upper case hex
}
