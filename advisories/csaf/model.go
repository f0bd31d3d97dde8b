package csaf

import (
	"regexp"
	"strings"
)

// Document is a CSAF 2.0 document (clause 3.2). A member that is absent is the
// zero value, which Encode leaves out; an empty list, which the schema forbids, is
// kept apart from an absent one.
type Document struct {
	Document        Properties      `json:"document"`
	ProductTree     ProductTree     `json:"product_tree,omitzero"`
	Vulnerabilities []Vulnerability `json:"vulnerabilities,omitempty"`
}

// Properties is what is said of the document as a whole (3.2.1). Dates are kept as
// they are written, by RFC 3339; ReadDate reads one.
type Properties struct {
	Acknowledgments   []Acknowledgment  `json:"acknowledgments,omitempty"`
	AggregateSeverity AggregateSeverity `json:"aggregate_severity,omitzero"`
	Category          string            `json:"category"`     // profile (3.2.1.3): csaf_base, csaf_security_advisory, csaf_vex, or a name of one's own
	CSAFVersion       string            `json:"csaf_version"` // "2.0"
	Distribution      Distribution      `json:"distribution,omitzero"`
	Lang              string            `json:"lang,omitempty"` // BCP 47 (3.1.4)
	Notes             []Note            `json:"notes,omitempty"`
	Publisher         Publisher         `json:"publisher"`
	References        []Reference       `json:"references,omitempty"`
	SourceLang        string            `json:"source_lang,omitempty"` // of a translation (3.2.1.10)
	Title             string            `json:"title"`
	Tracking          Tracking          `json:"tracking"`
}

// Acknowledgment thanks somebody (3.1.1).
type Acknowledgment struct {
	Names        []string `json:"names,omitempty"`
	Organization string   `json:"organization,omitempty"`
	Summary      string   `json:"summary,omitempty"`
	URLs         []string `json:"urls,omitempty"`
}

// AggregateSeverity is the publisher's own word for how bad it all is (3.2.1.2).
type AggregateSeverity struct {
	Namespace string `json:"namespace,omitempty"` // URL of what Text's scale is
	Text      string `json:"text"`
}

// Distribution says who may read the document (3.2.1.5).
type Distribution struct {
	Text string `json:"text,omitempty"`
	TLP  TLP    `json:"tlp,omitzero"`
}

// TLP is a label of TLP 1, the one that CSAF 2.0 knows (3.2.1.5.2).
type TLP struct {
	Label string `json:"label"`         // AMBER, GREEN, RED, WHITE
	URL   string `json:"url,omitempty"` // of the definition; the default is FIRST's
}

// Note is a text of some kind (3.1.5).
type Note struct {
	Audience string `json:"audience,omitempty"`
	Category string `json:"category"` // description, details, faq, general, legal_disclaimer, other, summary
	Text     string `json:"text"`
	Title    string `json:"title,omitempty"`
}

// Publisher is who publishes the document (3.2.1.8).
type Publisher struct {
	Category         string `json:"category"` // coordinator, discoverer, other, translator, user, vendor
	ContactDetails   string `json:"contact_details,omitempty"`
	IssuingAuthority string `json:"issuing_authority,omitempty"`
	Name             string `json:"name"`
	Namespace        string `json:"namespace"` // URL
}

// Reference is where more is said (3.1.10).
type Reference struct {
	Category string `json:"category,omitempty"` // external (the default) or self
	Summary  string `json:"summary"`
	URL      string `json:"url"`
}

// Tracking is the document's name and history (3.2.1.12).
type Tracking struct {
	Aliases            []string   `json:"aliases,omitempty"`
	CurrentReleaseDate string     `json:"current_release_date"`
	Generator          Generator  `json:"generator,omitzero"`
	ID                 string     `json:"id"`
	InitialReleaseDate string     `json:"initial_release_date"`
	RevisionHistory    []Revision `json:"revision_history"`
	Status             string     `json:"status"`  // draft, final, interim
	Version            string     `json:"version"` // integer or semantic version (3.1.11)
}

// Generator is what made the document (3.2.1.12.3).
type Generator struct {
	Date   string `json:"date,omitempty"`
	Engine Engine `json:"engine"`
}

// Engine is the program of a Generator (3.2.1.12.3.2).
type Engine struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

// Revision is one step of the history (3.2.1.12.6).
type Revision struct {
	Date          string `json:"date"`
	LegacyVersion string `json:"legacy_version,omitempty"`
	Number        string `json:"number"` // 3.1.11
	Summary       string `json:"summary"`
}

// notOfFileName is what clause 5.1 has no place for in the name of a file.
const notOfFileName = `[^+\-a-z0-9]+`

// FileName returns the name of the file of the document with a tracking id (5.1):
// "ICSA-23/1" is in "icsa-23_1.json". Names that differ in other characters only
// fall together.
func FileName(trackingID string) string {
	return regexp.MustCompile(notOfFileName).ReplaceAllString(strings.ToLower(trackingID), "_") + ".json"
}
