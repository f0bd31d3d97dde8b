package advisories

import "time"

// KEVEntry is one vulnerability of CISA's catalogue of known exploited
// vulnerabilities: attackers are known to use it.
type KEVEntry struct {
	CVE        string    `json:"cve"` // "CVE-2026-12345"
	Vendor     string    `json:"vendor,omitempty"`
	Product    string    `json:"product,omitempty"`
	Name       string    `json:"name,omitempty"`
	Added      time.Time `json:"added"`        // the day, UTC
	Due        time.Time `json:"due,omitzero"` // the day by which CISA asks to have mended it
	About      string    `json:"about,omitempty"`
	Action     string    `json:"action,omitempty"` // what CISA asks to do
	Ransomware bool      `json:"ransomware,omitempty"`
	Notes      string    `json:"notes,omitempty"`
	CWE        []string  `json:"cwe,omitempty"` // sorted
}

// Exploitation is what the entry says of its vulnerability.
func (e *KEVEntry) Exploitation() *Exploitation {
	return &Exploitation{Known: true, Since: e.Added, Due: e.Due, Ransomware: e.Ransomware, Source: "CISA KEV"}
}

// EPSSRow is FIRST's estimate for one vulnerability.
type EPSSRow struct {
	CVE  string `json:"cve"`
	EPSS `json:"epss"`
}
