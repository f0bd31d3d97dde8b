package checks

import "github.com/cybersec-infohub/infohub/scanner"

// votes gathers what was seen at each place that a rule looks at (a page, a
// host at one address, a cookie) into one finding: a fault anywhere is a fault,
// and a place that could not be looked at is never a pass.
type votes struct {
	fails, warns, passes []scanner.Evidence
	host                 string // the web name of the first fault, or else of the first warning
	failure              *scanner.Failure
	unseen               []scanner.Evidence // beside failure
	because              scanner.NAReason
}

func (v *votes) fail(host, subject, observed string) {
	if len(v.fails) == 0 {
		v.host = host
	}
	v.fails = append(v.fails, saw(subject, observed))
}

func (v *votes) warn(host, subject, observed string) {
	if len(v.fails)+len(v.warns) == 0 {
		v.host = host
	}
	v.warns = append(v.warns, saw(subject, observed))
}

func (v *votes) pass(subject, observed string) {
	v.passes = append(v.passes, saw(subject, observed))
}

// unknown: this place could not be looked at. The first reason is the finding's.
func (v *votes) unknown(why *scanner.Failure, subject, observed string) {
	if v.failure == nil {
		v.failure = why
	}
	v.unseen = append(v.unseen, saw(subject, observed))
}

// skip: the rule has nothing to say about this place.
func (v *votes) skip(why scanner.NAReason) {
	if v.because == "" {
		v.because = why
	}
}

// finding counts: a fault outweighs a warning, that an unknown, that a pass.
func (v *votes) finding() scanner.Finding {
	var f scanner.Finding
	switch {
	case len(v.fails) > 0:
		f = scanner.Failed(append(v.fails, v.warns...)...)
	case len(v.warns) > 0:
		f = scanner.Warned(v.warns...)
	case v.failure != nil:
		return scanner.CannotTell(v.failure, v.unseen...)
	case len(v.passes) > 0:
		return scanner.Passed(v.passes...)
	default:
		return scanner.DoesNotApply(v.because)
	}
	if v.host != "" {
		f = f.With("host", plainName(v.host))
	}
	return f
}
