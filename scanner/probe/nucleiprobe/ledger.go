package nucleiprobe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/internal/nucleiwire"
	"github.com/cybersec-infohub/infohub/scanner"
)

// ledger knows what became of every job. Nothing that the child leaves out is
// taken for "not matched".
type ledger struct {
	engine string
	jobs   []nucleiwire.Job // in the order of the report
	given  map[string]bool  // the ids of the user's templates
	ends   map[nucleiwire.Job]nucleiwire.Result
	// blocked are the targets that turn everything away, and why.
	blocked map[string]*scanner.Failure
}

// newLedger orders every template for every target; the last given templates
// are the user's.
func newLedger(templates []nucleiwire.Template, given int, targets []string) *ledger {
	l := &ledger{given: map[string]bool{}, ends: map[nucleiwire.Job]nucleiwire.Result{}, blocked: map[string]*scanner.Failure{}}
	for i, t := range templates {
		if i >= len(templates)-given {
			l.given[t.ID] = true
		}
		for _, target := range targets {
			l.jobs = append(l.jobs, nucleiwire.Job{Template: t.ID, Target: target})
		}
	}
	return l
}

// block notes targets that turn everything away; the first reason stays.
func (l *ledger) block(all ...map[string]*scanner.Failure) {
	for _, blocked := range all {
		for target, why := range blocked {
			if l.blocked[target] == nil {
				l.blocked[target] = why
			}
		}
	}
}

// open are the jobs that have not ended.
func (l *ledger) open() []nucleiwire.Job {
	var out []nucleiwire.Job
	for _, job := range l.jobs {
		if end, ok := l.ends[job]; !ok || end.Status == nucleiwire.Silent {
			out = append(out, job)
		}
	}
	return out
}

// enter takes a result. One for a job that nobody ordered is an error, as is a
// status that does not exist.
func (l *ledger) enter(asked map[nucleiwire.Job]bool, r nucleiwire.Result) error {
	if !asked[r.Job] {
		return fmt.Errorf("a result for %q at %q, which was not ordered", r.Template, r.Target)
	}
	switch r.Status {
	case nucleiwire.Matched, nucleiwire.Clean, nucleiwire.Failed, nucleiwire.Silent:
		l.ends[r.Job] = r
		return nil
	}
	return fmt.Errorf("the unknown status %q", r.Status)
}

// facts turns the ledger into facts. why is what stopped the child, if
// anything did; whole tells that it did no harm.
func (l *ledger) facts(via *proxy, why error) (facts *scanner.ActiveFacts, whole bool) {
	facts = &scanner.ActiveFacts{Engine: l.engine, Templates: make([]scanner.ActiveResult, 0, len(l.jobs))}
	whole = true
	for _, job := range l.jobs {
		out := scanner.ActiveResult{Template: job.Template, Given: l.given[job.Template], Target: job.Target}
		end, ok := l.ends[job]
		switch {
		case !ok && why != nil:
			whole = false
			out.Status, out.Failure = scanner.ActiveLost, scanner.FailureOf(why)
		case !ok:
			out.Status, out.Failure = scanner.ActiveLost, scanner.Failf(scanner.FailInternal, "the engine said nothing about it, twice")
		case end.Status == nucleiwire.Matched:
			out.Status, out.MatchedAt = scanner.ActiveMatched, job.Target
			if strings.HasPrefix(end.At, job.Target+"/") {
				out.MatchedAt = scanner.Printable(end.At, 500)
			}
		case l.blocked[job.Target] != nil: // only a match proves that the site itself has answered
			out.Status, out.Failure = scanner.ActiveFailed, l.blocked[job.Target]
		case end.Status == nucleiwire.Clean:
			out.Status = scanner.ActiveClean
		case end.Status == nucleiwire.Failed:
			out.Status, out.Failure = scanner.ActiveFailed, reason(via, end)
		default:
			out.Status, out.Failure = scanner.ActiveLost, scanner.Failf(scanner.FailInternal, "the engine gave no reason, twice: "+end.Error)
		}
		facts.Templates = append(facts.Templates, out)
	}
	return facts, whole
}

// reason says why a job failed. The proxy knows best why a connection was not
// made; the engine only has words.
func reason(via *proxy, r nucleiwire.Result) *scanner.Failure {
	switch {
	case r.HTTP == 429:
		return scanner.Failf(scanner.FailBlocked, "the server answered 429, too many requests")
	case r.HTTP != 0:
		return scanner.Failf(scanner.FailServer, fmt.Sprintf("the server answered %d", r.HTTP))
	}
	words := strings.ToLower(r.Error)
	_, _, name := route(r.Target)
	if f := via.failure(name); f != nil && slices.ContainsFunc(ofProxy(), func(w string) bool { return strings.Contains(words, w) }) {
		return f
	}
	for _, k := range []struct {
		kind  scanner.FailureKind
		words []string
	}{
		{scanner.FailInternal, []string{"template: ", "panicked"}},

		{scanner.FailTimeout, []string{"deadline", "timeout", "timed out"}},
		{scanner.FailTLS, []string{"tls: ", "x509: "}},
		{scanner.FailReset, []string{"eof", "reset by peer", "broken pipe", "broke off"}},
	} {
		for _, w := range k.words {
			if strings.Contains(words, w) {
				return scanner.Failf(k.kind, r.Error)
			}
		}
	}
	return scanner.Failf(scanner.FailProtocol, r.Error)
}

// ofProxy are the words of the engine's SOCKS client for the replies that the
// proxy gives.
func ofProxy() []string {
	return []string{"general socks server failure", "connection not allowed by ruleset", "host unreachable", "connection refused"}
}
