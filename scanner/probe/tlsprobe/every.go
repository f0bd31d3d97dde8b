package tlsprobe

import (
	"context"
	"slices"

	"github.com/cybersec-infohub/infohub/scanner"
)

// every lists all suites of each version that the server speaks, and all
// groups: what is chosen is offered no more, until nothing is chosen.
func (x *exam) every(ctx context.Context, a *answers) {
	type list struct {
		version uint16
		found   []string
		failure *scanner.Failure
	}
	var (
		lists  []*list
		asking []func()
	)
	for _, v := range allVersions() {
		if !a.taken(v) {
			continue
		}
		l := &list{version: v}
		lists = append(lists, l)
		asking = append(asking, func() {
			// In two parts, since old servers cannot read a long list.
			for _, keep := range []func(suite) bool{ordinary, func(s suite) bool { return !ordinary(s) }} {
				found, why := x.everySuite(ctx, versionQuestion(v), suitesFor(v, keep))
				l.found = append(l.found, found...)
				if l.failure == nil {
					l.failure = why
				}
			}
		})
	}
	e := &scanner.TLSEvery{Suites: map[string][]string{}}
	var whyGroups, whyGroups13 *scanner.Failure
	if _, high := a.legacy(); high > vSSL3 {
		q := question{version: high, suites: suitesFor(high, withPrefix("TLS_ECDHE_"))}
		asking = append(asking, func() { e.Groups, whyGroups = x.everyGroup(ctx, q, groupsFor(until2|weak), a.certCurves()) })
	}
	if a.taken(vTLS13) {
		q := question{version: vTLS13, suites: suitesFor(vTLS13, ordinary)}
		asking = append(asking, func() { e.Groups13, whyGroups13 = x.everyGroup(ctx, q, groupsFor(only3), nil) })
	}
	parallel(atATime, asking...)
	for _, l := range lists {
		e.Suites[versionName(l.version)] = l.found
		if e.Failure == nil {
			e.Failure = l.failure
		}
	}
	for _, why := range []*scanner.Failure{whyGroups, whyGroups13} {
		if e.Failure == nil {
			e.Failure = why
		}
	}
	a.every = e
}

func (x *exam) everySuite(ctx context.Context, q question, suites []uint16) (found []string, why *scanner.Failure) {
	for len(suites) > 0 { // each turn takes one away
		q.suites = suites
		r := x.ask(ctx, q)
		if r.verdict != accepted {
			return found, x.unanswered(r)
		}
		chosen := r.flight.suite
		found = append(found, suiteOf(chosen).name)
		suites = slices.DeleteFunc(slices.Clone(suites), func(id uint16) bool { return id == chosen })
	}
	return found, nil
}

// everyGroup keeps the groups of always in the offer: without the curve of its
// certificate a server may refuse all others.
func (x *exam) everyGroup(ctx context.Context, q question, groups, always []uint16) (found []string, why *scanner.Failure) {
	seen := map[uint16]bool{}
	for len(groups) > 0 {
		q.groups = groups
		for _, id := range always {
			if !slices.Contains(groups, id) {
				q.groups = append(slices.Clone(q.groups), id)
			}
		}
		r := x.ask(ctx, q)
		chosen := r.flight.group
		if r.verdict != accepted || chosen == 0 || seen[chosen] {
			return found, x.unanswered(r)
		}
		seen[chosen] = true
		found = append(found, groupOf(chosen).name)
		groups = slices.DeleteFunc(slices.Clone(groups), func(id uint16) bool { return id == chosen })
	}
	return found, nil
}

// unanswered is why a reply says nothing; nil if it is an answer.
func (x *exam) unanswered(r reply) *scanner.Failure {
	if r.verdict != lost {
		return nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.why
}
