package advisories

// Component is a piece of software that somebody has, as an inventory, an SBOM or
// a scan names it. What is not known is "".
type Component struct {
	Name    string `json:"name"`
	Vendor  string `json:"vendor,omitempty"`
	Version string `json:"version,omitempty"`
	CPE     string `json:"cpe,omitempty"`  // CPE 2.3 or 2.2 name
	PURL    string `json:"purl,omitempty"` // package URL
	// Distribution is the operating system that ships it, which may mend it without
	// changing the version that it shows: "debian", "ubuntu", "rhel".
	Distribution string `json:"distribution,omitempty"`
}

// MatchState is what an advisory is to a component.
type MatchState string

// The states of a match.
const (
	MatchAffected    MatchState = "affected"
	MatchPossible    MatchState = "possible"     // it may be: the reason says what is not known
	MatchNotAffected MatchState = "not-affected" // the product is named, and not in this version
)

// Match is an advisory that names a component's product.
type Match struct {
	Ref        string     `json:"ref"` // Item.Ref or Entry.Ref
	TrackingID string     `json:"id"`
	Component  Component  `json:"component"`
	Product    string     `json:"product"` // Product.ID
	State      MatchState `json:"state"`
	// Vulnerabilities are the keys (Vulnerability.Key) that it is affected, or possibly
	// affected, by; sorted.
	Vulnerabilities []string `json:"vulnerabilities,omitempty"`
	// Reason is a word, such as "version-in-range", of which the interface has texts
	// (match.reason.*) that Params fill in.
	Reason string            `json:"reason"`
	Params map[string]string `json:"params,omitempty"`
}
