package match

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
)

// The reasons of a match. internal/i18n has words for each: match.reason.*.
const (
	reasonInRange       = "version-in-range"
	reasonListed        = "version-listed"
	reasonAll           = "all-versions"
	reasonUnknown       = "version-unknown"
	reasonIncomparable  = "version-not-comparable"
	reasonBackport      = "backport"
	reasonRelease       = "distribution-release"
	reasonName          = "name-only"
	reasonInvestigation = "under-investigation"
	reasonOn            = "on-other"
	reasonBetween       = "between-fixes"
	reasonBefore        = "before-fix"
	reasonOutside       = "version-outside"
	reasonFixed         = "version-fixed"
	reasonDeclared      = "declared-not-affected"
)

// Reasons are the words of Match.Reason, sorted by what they say: affected,
// possible, not affected.
func Reasons() []string {
	return []string{
		reasonInRange, reasonListed, reasonAll,
		reasonUnknown, reasonIncomparable, reasonBackport, reasonRelease, reasonName, reasonInvestigation, reasonOn, reasonBetween, reasonBefore,
		reasonOutside, reasonFixed, reasonDeclared,
	}
}

// verdict is what one fault is to a component; the zero value is nothing.
type verdict struct {
	state  advisories.MatchState
	reason string
	of     *standing
	fixed  string
}

// judge says what entries are to components. It may be used again, by one
// goroutine, and then needs no new memory.
type judge struct {
	stands []standing
	said   said
}

// entry says what e is to a component. found are its products that the component
// is or may be. It is not ok where e says nothing of it, or, without clean, that it
// is not affected.
func (j *judge) entry(e *entry, c *component, found []candidate, clean bool) (advisories.Match, bool) {
	// A product that is surely meant leaves no room for one of the same name.
	kin := found[0].kin
	for _, f := range found[1:] {
		kin = max(kin, f.kin)
	}
	j.stands = j.stands[:0]
	for _, f := range found {
		if f.kin == kin {
			j.stands = append(j.stands, stand(c, &e.products[f.product], f.product))
		}
	}
	var best verdict
	var keys []string
	for i := range e.faults {
		v := j.fault(&e.faults[i])
		if kin == namesakes {
			if v.state == advisories.MatchNotAffected {
				v.state = "" // nobody knows whether it is that product
			} else if v.state != "" {
				v.state, v.reason = advisories.MatchPossible, reasonName
			}
		}
		if v.state == "" {
			continue
		}
		if best.state == "" || stateOrder(v.state) < stateOrder(best.state) {
			best = v
		}
		if key := e.faults[i].key; key != "" && v.state != advisories.MatchNotAffected {
			keys = append(keys, key)
		}
	}
	if best.state == "" || best.state == advisories.MatchNotAffected && !clean {
		return advisories.Match{}, false
	}
	slices.Sort(keys)
	return advisories.Match{
		Ref: e.ref, TrackingID: e.id, Component: c.given, Product: best.of.product.id, State: best.state,
		Vulnerabilities: slices.Compact(keys), Reason: best.reason, Params: best.params(c),
	}, true
}

// params are what the words of the reason tell.
func (v *verdict) params(c *component) map[string]string {
	p := make(map[string]string, 4)
	set := func(key, value string) {
		if value != "" {
			p[key] = value
		}
	}
	set("product", v.of.product.label)
	set("version", c.version)
	set("range", v.of.said())
	switch v.reason {
	case reasonName:
		set("name", c.given.Name)
	case reasonFixed:
		set("fixed", cmp.Or(v.fixed, v.of.said()))
	case reasonBefore:
		set("fixed", v.fixed)
	case reasonBetween:
		set("range", v.fixed)
	case reasonBackport:
		set("distribution", c.distribution)
	case reasonRelease:
		set("distribution", cmp.Or(v.of.product.identity.purl.distro, v.of.product.identity.purl.distribution()))
	case reasonOn:
		set("on", v.of.product.on)
	}
	return p
}

// said is what one fault says of the products that a component may be.
type said struct {
	affected, cleared, fixed, investigated []*standing
	firsts, lasts                          []*standing // single versions
}

// read fills in what a fault says.
func (s *said) read(f *fault, stands []standing) {
	s.affected, s.cleared, s.fixed, s.investigated = s.affected[:0], s.cleared[:0], s.fixed[:0], s.investigated[:0]
	s.firsts, s.lasts = s.firsts[:0], s.lasts[:0]
	for i := range stands {
		it := &stands[i]
		if it.where == elsewhere {
			continue
		}
		for _, st := range f.statuses {
			if _, has := slices.BinarySearch(st.places, it.place); !has {
				continue
			}
			lone := it.product.versions.kind == single
			switch st.status {
			case advisories.Affected:
				s.affected = append(s.affected, it)
			case advisories.FirstAffected:
				if lone {
					s.firsts = append(s.firsts, it)
				} else {
					s.affected = append(s.affected, it)
				}
			case advisories.LastAffected:
				if lone {
					s.lasts = append(s.lasts, it)
				} else {
					s.affected = append(s.affected, it)
				}
			case advisories.NotAffected:
				s.cleared = append(s.cleared, it)
			case advisories.Fixed, advisories.FirstFixed, advisories.Recommended:
				s.fixed = append(s.fixed, it)
			case advisories.UnderInvestigation:
				s.investigated = append(s.investigated, it)
			}
		}
	}
}

// nearest is the standing of that kind whose versions say the most: one version
// more than a range, a range more than all.
func nearest(all []*standing, w where) *standing {
	var best *standing
	for _, s := range all {
		if s.where == w && (best == nil || s.rank > best.rank) {
			best = s
		}
	}
	return best
}

// fault says what f is to the component whose stands are known. Where the advisory
// says two things of one version, the narrower one counts, and of equals the graver.
func (j *judge) fault(f *fault) verdict {
	s := &j.said
	s.read(f, j.stands)
	if stretch := s.stretch(); stretch != nil {
		s.affected = append(s.affected, stretch)
	}
	hit := nearest(s.affected, inside)
	narrower := func(than *standing) bool { return than != nil && (hit == nil || than.rank > hit.rank) }
	if fixed := nearest(s.fixed, inside); narrower(fixed) {
		return verdict{state: advisories.MatchNotAffected, reason: reasonFixed, of: fixed}
	}
	if cleared := nearest(s.cleared, inside); narrower(cleared) {
		return verdict{state: advisories.MatchNotAffected, reason: reasonDeclared, of: cleared}
	}
	if hit != nil {
		if hit.rank == allVersions && len(s.fixed) > 0 {
			if v := s.byFixes(hit); v.state != "" && v.reason != reasonBefore {
				return v
			}
		}
		if hit.reason == reasonBackport {
			return verdict{state: advisories.MatchPossible, reason: reasonBackport, of: hit}
		}
		return verdict{state: advisories.MatchAffected, reason: hit.reason, of: hit}
	}
	if doubt := nearest(s.affected, unclear); doubt != nil {
		return verdict{state: advisories.MatchPossible, reason: doubt.reason, of: doubt}
	}
	for _, w := range []where{inside, unclear} {
		if it := nearest(s.investigated, w); it != nil {
			return verdict{state: advisories.MatchPossible, reason: reasonInvestigation, of: it}
		}
	}
	if len(s.affected) > 0 {
		return verdict{state: advisories.MatchNotAffected, reason: reasonOutside, of: s.affected[0]}
	}
	if len(s.fixed) > 0 {
		return s.byFixes(s.fixed[0])
	}
	return verdict{}
}

// byFixes judges by the versions in which a fault is mended: those of several
// branches, of which nobody knows which is whose.
func (s *said) byFixes(of *standing) verdict {
	texts := make([]string, 0, len(s.fixed))
	before, behind := 0, 0
	for _, it := range s.fixed {
		texts = append(texts, it.said())
		switch {
		case it.where == inside:
			behind++
			continue
		case it.version == "":
			return verdict{state: advisories.MatchPossible, reason: reasonUnknown, of: it}
		case it.rank != single:
			if it.where == unclear {
				return verdict{state: advisories.MatchPossible, reason: it.reason, of: it}
			}
			before++
			continue
		}
		order, ok := it.product.versions.order(it.version)
		switch {
		case !ok:
			return verdict{state: advisories.MatchPossible, reason: reasonIncomparable, of: it}
		case order < 0:
			before++
		default:
			behind++
		}
	}
	fixed := strings.Join(slices.Compact(texts), ", ")
	switch {
	case before == 0:
		return verdict{state: advisories.MatchNotAffected, reason: reasonFixed, of: of, fixed: fixed}
	case behind == 0:
		return verdict{state: advisories.MatchPossible, reason: reasonBefore, of: of, fixed: fixed}
	}
	return verdict{state: advisories.MatchPossible, reason: reasonBetween, of: of, fixed: fixed}
}
