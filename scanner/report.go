package scanner

import (
	"cmp"
	"slices"
	"time"

	"github.com/cybersec-infohub/infohub/rules"
)

// Report is the outcome of one scan. Its JSON form is described by
// docs/schema/report-1.json; ReportVersion changes when a reader would have to.
type Report struct {
	Version  int            `json:"version"`
	Program  string         `json:"program"` // "infohub 0.1.0"
	Target   Target         `json:"target"`
	Started  time.Time      `json:"started"` // UTC, whole seconds
	Millis   int64          `json:"millis"`
	Status   Status         `json:"status"`
	Reason   *Failure       `json:"reason,omitempty"` // of an incomplete or unreachable scan
	Grade    Grade          `json:"grade"`
	Families []FamilyResult `json:"families"`
	// Findings has every rule that was judged, in the catalogue's order.
	Findings []Finding `json:"findings"`
	// First are the ids of at most three faults to mend first: the most points
	// for the least work among the worst.
	First  []string   `json:"first"`
	Probes []ProbeRun `json:"probes"`
	// Active says whether active checks were asked for and what became of them.
	Active ActiveState `json:"active"`
	// Authorisation is the ground on which they were run; nil: they were not, or
	// nobody recorded it.
	Authorisation *Authorisation `json:"authorisation,omitempty"`
	// Technologies are the inventory of what the site is made with.
	Technologies []Technology `json:"technologies,omitempty"`
	// TLSServers are the web servers of which every cipher suite was asked for.
	TLSServers []TLSServer `json:"tls_servers,omitempty"`
	// MDN is the score of another scanner's rules for the web family; nil where
	// the site has no web server.
	MDN *MDNScore `json:"mdn,omitempty"`
}

// ReportVersion is the version of Report's JSON form.
const ReportVersion = 1

// Status is how a scan ended.
type Status string

// The ends of a scan. Not scanned differs from clean.
const (
	Complete    Status = "complete"
	Incomplete  Status = "incomplete"  // stopped, or out of time: what is there is good
	Unreachable Status = "unreachable" // the name does not exist, or has no server that answers
)

// ActiveState is what became of the active checks.
type ActiveState string

// The states; reports have words for each.
const (
	ActiveNotAsked ActiveState = "not-asked"
	ActiveNoEngine ActiveState = "no-engine" // infohub-nuclei is not installed
	ActiveRan      ActiveState = "ran"
	ActiveBroken   ActiveState = "failed"
)

// Finding returns the finding of a rule.
func (r *Report) Finding(rule string) (Finding, bool) {
	for _, f := range r.Findings {
		if f.Rule == rule {
			return f, true
		}
	}
	return Finding{}, false
}

// Worst returns the worst severity among failed rules, "" if none failed.
func (r *Report) Worst(c *rules.Catalogue) rules.Severity {
	var worst rules.Severity
	for _, f := range r.Findings {
		if rule, ok := c.Rule(f.Rule); ok && f.Outcome == Fail {
			worst = worse(worst, rule.Severity)
		}
	}
	return worst
}

// Values are the placeholders of a finding's words.
func (r *Report) Values(f Finding) map[string]string {
	v := map[string]string{
		"domain": r.Target.Domain, "www": "www." + r.Target.Domain,
		"unicode": r.Target.Unicode, "host": r.Target.Domain,
	}
	for k, x := range f.Params {
		v[k] = x
	}
	return v
}

// firstFixes picks up to three faults: worst severity first, then most points
// per minute, then the catalogue's order. Warnings come after every fault.
func firstFixes(c *rules.Catalogue, findings []Finding) []string {
	type candidate struct {
		rule rules.Rule
		warn bool
	}
	var all []candidate
	for _, f := range findings {
		if r, ok := c.Rule(f.Rule); ok && (f.Outcome == Fail || f.Outcome == Warn) && r.Severity != rules.Info {
			all = append(all, candidate{r, f.Outcome == Warn})
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		if a.warn != b.warn {
			if a.warn {
				return 1
			}
			return -1
		}
		order := rules.Severities()
		if s := cmp.Compare(slices.Index(order, a.rule.Severity), slices.Index(order, b.rule.Severity)); s != 0 {
			return s
		}
		// a.Weight/a.Effort against b.Weight/b.Effort, without division.
		return cmp.Compare(b.rule.Weight*a.rule.Effort, a.rule.Weight*b.rule.Effort)
	})
	ids := []string{}
	for _, x := range all[:min(3, len(all))] {
		ids = append(ids, x.rule.ID)
	}
	return ids
}
