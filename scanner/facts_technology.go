package scanner

// Technology is one product that a site shows itself to be made with.
type Technology struct {
	ID       string `json:"id"`       // of rules/technologies: "wordpress"
	Name     string `json:"name"`     // "WordPress"
	Category string `json:"category"` // "server", "language", "cms", "shop", ...
	// Version is as the site gave it, or "": "6.4.2".
	Version string `json:"version,omitempty"`
	// CPE is a CPE 2.3 name (NISTIR 7695), PURL a package URL; each with the
	// version where that is known, each "" where the product has none.
	CPE  string `json:"cpe,omitempty"`
	PURL string `json:"purl,omitempty"`
	// Evidence is what showed it, MaxTechnologyEvidence items at most.
	Evidence []Evidence `json:"evidence"`
}

// MaxTechnologies is how many technologies are kept of one site, and
// MaxTechnologyEvidence how many items of evidence of each.
const (
	MaxTechnologies       = 60
	MaxTechnologyEvidence = 3
)

// MDNScore is what MDN's HTTP Observatory would say of the site's web family,
// by its published rules (algorithm version 4). It stands beside the grade for
// comparison, and is no part of it.
type MDNScore struct {
	// Host is the name that was scored: the apex, or www where the apex has no
	// web server.
	Host string `json:"host"`
	// Score starts at 100; bonuses may lead beyond.
	Score int       `json:"score"`
	Grade string    `json:"grade"` // "A+", "A", "A-", ... "F"; "" with a Failure
	Tests []MDNTest `json:"tests,omitempty"`
	// Failure says why there is no score: a fact it needs is missing.
	Failure *Failure `json:"failure,omitempty"`
}

// MDNTest is one test of MDNScore, with the names of the Observatory.
type MDNTest struct {
	Name     string `json:"name"`     // "content-security-policy"
	Result   string `json:"result"`   // "csp-not-implemented"
	Modifier int    `json:"modifier"` // points
}
