package report

import "github.com/cybersec-infohub/infohub/scanner"

// Merge is what is known of a site after a scan: the scan's report, in which the
// older verdict stands wherever the scan did not settle a fault. before may be
// nil: nothing was known.
//
// The next report is compared with it and not with the last one. Otherwise a
// fault of a mail server that was silent for one scan would be told as new when
// the server is back.
func Merge(before, r *scanner.Report) *scanner.Report {
	if before == nil {
		return r
	}
	was := map[string]scanner.Finding{}
	for _, f := range before.Findings {
		was[f.Rule] = f
	}
	merged := *r
	merged.Findings = make([]scanner.Finding, 0, len(r.Findings))
	seen := map[string]bool{}
	for _, f := range r.Findings {
		seen[f.Rule] = true
		o, ok := was[f.Rule]
		if ok && (f.Outcome == scanner.UnknownResult || isFault(o) && !isFault(f) && !settled(f)) {
			f = o
		}
		merged.Findings = append(merged.Findings, f)
	}
	if r.Status != scanner.Complete { // what is not in it was not judged
		for _, f := range before.Findings {
			if !seen[f.Rule] {
				merged.Findings = append(merged.Findings, f)
			}
		}
	}
	return &merged
}
