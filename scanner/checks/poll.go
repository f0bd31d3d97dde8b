package checks

import (
	"cmp"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// poll gathers what a set of servers that stand in for each other said (name
// servers, mail servers). Unlike with votes, one that could not be asked does
// not hide what the others showed: it is named in the evidence.
type poll struct {
	fails, warns, rest []scanner.Evidence // rest: passes and the unasked
	failed, warned     string             // the first server of each
	passed             int
	why                *scanner.Failure // of the first that could not be asked
}

func (p *poll) fail(server, subject, observed string) {
	p.failed = cmp.Or(p.failed, server)
	p.fails = append(p.fails, saw(subject, observed))
}

func (p *poll) warn(server, subject, observed string) {
	p.warned = cmp.Or(p.warned, server)
	p.warns = append(p.warns, saw(subject, observed))
}

func (p *poll) pass(subject, observed string) {
	p.passed++
	p.rest = append(p.rest, saw(subject, observed))
}

// unknown: this one could not be asked. A nil why is an internal failure.
func (p *poll) unknown(subject string, why *scanner.Failure) {
	if why == nil {
		why = scanner.Failf(scanner.FailInternal, "no reason was recorded")
	}
	p.why = cmp.Or(p.why, why)
	p.rest = append(p.rest, saw(subject, "not tested: "+why.Error()))
}

// finding counts; ok is false where nobody was asked. param is filled with the
// server at fault.
func (p *poll) finding(param string) (f scanner.Finding, ok bool) {
	seen := append(append(p.fails, p.warns...), p.rest...)
	switch {
	case len(p.fails) > 0:
		return scanner.Failed(seen...).With(param, plainName(p.failed)), true
	case len(p.warns) > 0:
		return scanner.Warned(seen...).With(param, plainName(p.warned)), true
	case p.passed > 0:
		return scanner.Passed(seen...), true
	case p.why != nil:
		return scanner.CannotTell(p.why, seen...), true
	}
	return scanner.Finding{}, false
}

// plainName is a name that a site chose, as a text to paste may carry it. A DNS
// label may hold any byte, and a remedy may be a line for a shell: what no host
// name needs becomes "_". The evidence has the name as it is.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._", r) {
			return r
		}
		return '_'
	}, scanner.Printable(name, 253))
}

// saw makes evidence.
func saw(subject, observed string) scanner.Evidence {
	return scanner.Evidence{Subject: subject, Observed: observed}
}
