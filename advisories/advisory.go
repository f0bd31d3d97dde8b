package advisories

import (
	"time"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// Texts are one text in the product's languages. A language that is missing is
// missing: whoever shows the text says so, and never puts another in its place
// without a word. A text is plain: paragraphs with an empty line between them,
// list items that begin with "- ", addresses of web pages as they are.
type Texts map[i18n.Lang]string

// Class is how urgent an advisory is, in GovCERT.HK's words.
type Class string

// The classes.
const (
	Alert      Class = "alert"       // Security Alert
	HighThreat Class = "high-threat" // High Threat Security Alert: act at once
)

// Risk is how bad it is for those who are concerned.
type Risk string

// The levels of risk, as HKCERT's bulletins have them.
const (
	RiskLow     Risk = "low"
	RiskMedium  Risk = "medium"
	RiskHigh    Risk = "high"
	RiskExtreme Risk = "extreme"
)

// Advisory is what an analyst writes: all that is said, and nothing of when and
// by whom it was published. Its file is YAML (ReadYAML), described by
// docs/schema/advisory-1.json.
type Advisory struct {
	Class Class `json:"class" yaml:"class"`
	Risk  Risk  `json:"risk" yaml:"risk"`
	// TLP says who may read it. Organisations are the handles of those whom
	// TLP:AMBER and AMBER+STRICT name, People the mail addresses of those whom
	// TLP:RED names.
	TLP           tlp.Marking `json:"tlp" yaml:"tlp"`
	Organisations []string    `json:"organisations,omitempty" yaml:"organisations,omitempty"`
	People        []string    `json:"people,omitempty" yaml:"people,omitempty"`

	Title          Texts `json:"title" yaml:"title"` // up to 300 characters each
	Description    Texts `json:"description" yaml:"description"`
	Affected       Texts `json:"affected,omitempty" yaml:"affected,omitempty"` // systems, for people; Products is for programs
	Impact         Texts `json:"impact,omitempty" yaml:"impact,omitempty"`
	Recommendation Texts `json:"recommendation,omitempty" yaml:"recommendation,omitempty"`

	References []Reference `json:"references,omitempty" yaml:"references,omitempty"`
	Tags       []string    `json:"tags,omitempty" yaml:"tags,omitempty"`       // a-z, 0-9 and "-", such as "ransomware"
	Sectors    []string    `json:"sectors,omitempty" yaml:"sectors,omitempty"` // STIX 2.1's industry-sector-ov; none: everybody

	Products        []Product       `json:"products,omitempty" yaml:"products,omitempty"`
	Vulnerabilities []Vulnerability `json:"vulnerabilities,omitempty" yaml:"vulnerabilities,omitempty"`
	Remedies        []Remedy        `json:"remedies,omitempty" yaml:"remedies,omitempty"`

	Indicators []Indicator `json:"indicators,omitempty" yaml:"indicators,omitempty"`
	Techniques []string    `json:"techniques,omitempty" yaml:"techniques,omitempty"` // of MITRE ATT&CK: "T1190", "T1059.001"

	Acknowledgements []Acknowledgement `json:"acknowledgements,omitempty" yaml:"acknowledgements,omitempty"`

	// Embargo is when it may be published at the earliest.
	Embargo time.Time `json:"embargo,omitzero" yaml:"embargo,omitempty"`
	// Supersedes are the tracking ids of advisories that this one takes the place of.
	Supersedes []string `json:"supersedes,omitempty" yaml:"supersedes,omitempty"`
}

// Reference is where more is said.
type Reference struct {
	URL     string `json:"url" yaml:"url"` // http or https
	Summary Texts  `json:"summary,omitempty" yaml:"summary,omitempty"`
	// Self says that it is this very advisory elsewhere (CSAF 3.2.1.10.1).
	Self bool `json:"self,omitempty" yaml:"self,omitempty"`
}

// Product is a product in some of its versions. Vulnerabilities and remedies name
// it by its ID.
type Product struct {
	ID     string `json:"id" yaml:"id"` // unique in the advisory, 1 to 100 characters: "nginx-old"
	Vendor string `json:"vendor,omitempty" yaml:"vendor,omitempty"`
	Name   string `json:"name" yaml:"name"`
	// Versions is one version as its maker writes it ("6.4.2"), a range by the VERS
	// specification ("vers:generic/>=1.18.0|<1.25.4"), or "" for all and for what
	// has no versions.
	Versions string `json:"versions,omitempty" yaml:"versions,omitempty"`
	CPE      string `json:"cpe,omitempty" yaml:"cpe,omitempty"`   // CPE 2.3 (or 2.2) name; its version counts only where Versions is ""
	PURL     string `json:"purl,omitempty" yaml:"purl,omitempty"` // package URL; likewise
	// Hashes and the rest of CSAF's product_identification_helper are not carried.

	// On says that it is Product (an ID) as a part of, or installed on, To (CSAF
	// 3.2.2.4); Name is then that of both together.
	On *Relation `json:"on,omitempty" yaml:"on,omitempty"`
}

// Relation is one product on another (CSAF 3.2.2.4).
type Relation struct {
	Kind    string `json:"kind" yaml:"kind"`       // default_component_of, external_component_of, installed_on, installed_with, optional_component_of
	Product string `json:"product" yaml:"product"` // ID
	To      string `json:"to" yaml:"to"`           // ID
}

// Status is how a product stands to a vulnerability (CSAF 3.2.3.9).
type Status string

// The product states.
const (
	Affected           Status = "known_affected"
	FirstAffected      Status = "first_affected"
	LastAffected       Status = "last_affected"
	NotAffected        Status = "known_not_affected"
	Fixed              Status = "fixed"
	FirstFixed         Status = "first_fixed"
	Recommended        Status = "recommended"
	UnderInvestigation Status = "under_investigation"
)

// Statuses returns all of them, in the order of CSAF's schema.
func Statuses() []Status {
	return []Status{FirstAffected, FirstFixed, Fixed, Affected, NotAffected, LastAffected, Recommended, UnderInvestigation}
}

// Vulnerability is one fault and what it means for the products.
type Vulnerability struct {
	CVE   string   `json:"cve,omitempty" yaml:"cve,omitempty"`
	IDs   []Ident  `json:"ids,omitempty" yaml:"ids,omitempty"` // of other systems
	Title Texts    `json:"title,omitempty" yaml:"title,omitempty"`
	About Texts    `json:"about,omitempty" yaml:"about,omitempty"` // what it is, if the advisory's description does not say it
	CWE   []string `json:"cwe,omitempty" yaml:"cwe,omitempty"`     // "CWE-79"
	// Products by status: ids of Advisory.Products. Where it is empty, every product
	// of the advisory is Affected.
	Products map[Status][]string `json:"products,omitempty" yaml:"products,omitempty"`
	CVSS     []Score             `json:"cvss,omitempty" yaml:"cvss,omitempty"`
	// Exploited and EPSS are filled in from CISA's and FIRST's catalogues where the
	// analyst leaves them out.
	Exploited *Exploitation `json:"exploited,omitempty" yaml:"exploited,omitempty"`
	EPSS      *EPSS         `json:"epss,omitempty" yaml:"epss,omitempty"`
	// Flags say why products are not affected (CSAF 3.2.3.5).
	Flags      []Flag    `json:"flags,omitempty" yaml:"flags,omitempty"`
	Threats    []Threat  `json:"threats,omitempty" yaml:"threats,omitempty"`
	Discovered time.Time `json:"discovered,omitzero" yaml:"discovered,omitempty"`
	Released   time.Time `json:"released,omitzero" yaml:"released,omitempty"` // first made public by anybody

	References       []Reference       `json:"references,omitempty" yaml:"references,omitempty"`
	Acknowledgements []Acknowledgement `json:"acknowledgements,omitempty" yaml:"acknowledgements,omitempty"`
}

// Ident is the name of a vulnerability in a system other than CVE (CSAF 3.2.3.6).
type Ident struct {
	System string `json:"system" yaml:"system"` // "GitHub Security Advisory"
	ID     string `json:"id" yaml:"id"`
}

// Score is a CVSS vector of version 2.0, 3.0, 3.1 or 4.0, told by how it begins;
// score and severity follow from it.
type Score struct {
	Vector   string   `json:"vector" yaml:"vector"`
	Products []string `json:"products,omitempty" yaml:"products,omitempty"` // ids; none: all that are affected
}

// Exploitation says that attackers use a vulnerability.
type Exploitation struct {
	Known      bool      `json:"known" yaml:"known"` // false: said to be not exploited
	Since      time.Time `json:"since,omitzero" yaml:"since,omitempty"`
	Due        time.Time `json:"due,omitzero" yaml:"due,omitempty"` // by which CISA asks to have mended it
	Ransomware bool      `json:"ransomware,omitempty" yaml:"ransomware,omitempty"`
	Source     string    `json:"source,omitempty" yaml:"source,omitempty"` // "CISA KEV", a URL
}

// EPSS is FIRST's estimate of how likely exploitation is within 30 days.
type EPSS struct {
	Score      float64   `json:"score" yaml:"score"`           // 0 to 1
	Percentile float64   `json:"percentile" yaml:"percentile"` // 0 to 1
	Date       time.Time `json:"date,omitzero" yaml:"date,omitempty"`
}

// Flag is a reason by a machine-readable word: component_not_present,
// inline_mitigations_already_exist, vulnerable_code_not_present and so on.
type Flag struct {
	Label    string    `json:"label" yaml:"label"`
	Date     time.Time `json:"date,omitzero" yaml:"date,omitempty"`
	Products []string  `json:"products,omitempty" yaml:"products,omitempty"`
}

// Threat is what changes with time about a vulnerability (CSAF 3.2.3.14). What
// Exploited says is not said here again.
type Threat struct {
	Kind     string    `json:"kind" yaml:"kind"` // impact, exploit_status, target_set
	Details  Texts     `json:"details" yaml:"details"`
	Date     time.Time `json:"date,omitzero" yaml:"date,omitempty"`
	Products []string  `json:"products,omitempty" yaml:"products,omitempty"`
}

// Remedy is what helps (CSAF 3.2.3.12).
type Remedy struct {
	Kind    string    `json:"kind" yaml:"kind"` // vendor_fix, mitigation, workaround, no_fix_planned, none_available
	Details Texts     `json:"details" yaml:"details"`
	Date    time.Time `json:"date,omitzero" yaml:"date,omitempty"`
	URL     string    `json:"url,omitempty" yaml:"url,omitempty"`
	// Products are ids; none: all that are affected. Vulnerabilities are CVE ids or
	// those of Ident; none: all that have these products.
	Products        []string `json:"products,omitempty" yaml:"products,omitempty"`
	Vulnerabilities []string `json:"vulnerabilities,omitempty" yaml:"vulnerabilities,omitempty"`
	// Restart says what is to be started again: connected, dependencies, machine,
	// none, parent, service, system, vulnerable_component, zone; "" for unknown.
	Restart string `json:"restart,omitempty" yaml:"restart,omitempty"`
}

// Indicator is a sign of an attack.
type Indicator struct {
	Pattern string    `json:"pattern" yaml:"pattern"` // a STIX pattern: [domain-name:value = 'evil.example']
	Name    Texts     `json:"name,omitempty" yaml:"name,omitempty"`
	Types   []string  `json:"types,omitempty" yaml:"types,omitempty"` // STIX 2.1's indicator-type-ov
	From    time.Time `json:"from,omitzero" yaml:"from,omitempty"`    // valid_from; zero: the first publication
	Until   time.Time `json:"until,omitzero" yaml:"until,omitempty"`
}

// Acknowledgement thanks somebody (CSAF 3.1.1).
type Acknowledgement struct {
	Names        []string `json:"names,omitempty" yaml:"names,omitempty"`
	Organisation string   `json:"organisation,omitempty" yaml:"organisation,omitempty"`
	Summary      Texts    `json:"summary,omitempty" yaml:"summary,omitempty"`
	URLs         []string `json:"urls,omitempty" yaml:"urls,omitempty"`
}
