package osv

import "encoding/json"

// Version is that of the format which Export writes (schema_version).
const Version = "1.6.7"

// Record is one vulnerability. Times are of RFC 3339, in UTC.
type Record struct {
	SchemaVersion string      `json:"schema_version,omitempty"`
	ID            string      `json:"id"`
	Modified      string      `json:"modified"`
	Published     string      `json:"published,omitempty"`
	Withdrawn     string      `json:"withdrawn,omitempty"`
	Aliases       []string    `json:"aliases,omitempty"`
	Upstream      []string    `json:"upstream,omitempty"` // since 1.7; read only
	Summary       string      `json:"summary,omitempty"`
	Details       string      `json:"details,omitempty"` // CommonMark
	Severity      []Severity  `json:"severity,omitempty"`
	Affected      []Affected  `json:"affected,omitempty"`
	References    []Reference `json:"references,omitempty"`
	Credits       []Credit    `json:"credits,omitempty"`
	// Database is what its publisher adds (database_specific): of Export, a Database.
	Database json.RawMessage `json:"database_specific,omitempty"`
}

// Database is what Export writes into database_specific of a record.
type Database struct {
	Advisory  string   `json:"advisory"` // tracking id
	Revision  int      `json:"revision"`
	Publisher string   `json:"publisher"`
	TLP       string   `json:"tlp"` // "TLP:CLEAR"
	CWE       []string `json:"cwe_ids,omitempty"`
	Exploited bool     `json:"known_exploited,omitempty"`
}

// Severity is a CVSS vector.
type Severity struct {
	Type  string `json:"type"`  // CVSS_V2, CVSS_V3, CVSS_V4
	Score string `json:"score"` // the vector
}

// Affected is a package in some of its versions.
type Affected struct {
	Package  Package    `json:"package,omitzero"`
	Severity []Severity `json:"severity,omitempty"` // where it is not that of the record
	Ranges   []Range    `json:"ranges,omitempty"`
	Versions []string   `json:"versions,omitempty"`
	// Specific has the range as the advisory says it, where it does (database_specific).
	Specific *Specific `json:"database_specific,omitempty"`
}

// Specific is the range of an Affected by the VERS specification.
type Specific struct {
	Versions string `json:"vers,omitempty"`
}

// Package is one of an ecosystem.
type Package struct {
	Ecosystem string `json:"ecosystem"`
	Name      string `json:"name"`
	PURL      string `json:"purl,omitempty"`
}

// Range is a stretch of versions.
type Range struct {
	Type   string  `json:"type"` // SEMVER, ECOSYSTEM, GIT
	Repo   string  `json:"repo,omitempty"`
	Events []Event `json:"events"`
}

// Event is one end of a Range: one of the members is there.
type Event struct {
	Introduced   string `json:"introduced,omitempty"` // "0" is before all versions
	Fixed        string `json:"fixed,omitempty"`
	LastAffected string `json:"last_affected,omitempty"`
	Limit        string `json:"limit,omitempty"`
}

// Reference is where more is said.
type Reference struct {
	Type string `json:"type"` // ADVISORY, FIX, WEB and others
	URL  string `json:"url"`
}

// Credit thanks somebody.
type Credit struct {
	Name    string   `json:"name"`
	Contact []string `json:"contact,omitempty"` // URLs
}
