package match

import (
	"cmp"
	"slices"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// MaxMatches is how many matches Match gives at most. Of more, those that say "not
// affected" are left out first.
const MaxMatches = 50_000

// Match looks components up, the first MaxComponents of them. Only advisories
// whose audience may allows are looked at; nil allows all. There is one match for
// each advisory and component, in the order of the components, then of the states
// (affected, possible, not affected) and of the tracking ids. An advisory that a
// component has nothing but the name in common with is possible at most.
func (x *Index) Match(components []advisories.Component, may func(tlp.Audience) bool) []advisories.Match {
	type placed struct {
		place int
		match advisories.Match
	}
	var all []placed
	clean := 0 // how many of them say "not affected"
	seen := make(map[advisories.Component]bool, len(components))
	var found []candidate
	for place, given := range components[:min(len(components), MaxComponents)] {
		if seen[given] {
			continue
		}
		seen[given] = true
		if len(all)-clean >= MaxMatches {
			break
		}
		c := read(given)
		found = x.find(found[:0], &c, may)
		for len(found) > 0 {
			of := found[0].entry
			n := 1
			for n < len(found) && found[n].entry == of {
				n++
			}
			m, ok := of.judge(&c, found[:n])
			found = found[n:]
			if !ok || m.State == advisories.MatchNotAffected && clean >= MaxMatches {
				continue
			}
			if m.State == advisories.MatchNotAffected {
				clean++
			}
			all = append(all, placed{place, m})
		}
	}
	slices.SortStableFunc(all, func(a, b placed) int {
		return cmp.Or(
			cmp.Compare(a.place, b.place), cmp.Compare(stateOrder(a.match.State), stateOrder(b.match.State)),
			cmp.Compare(a.match.TrackingID, b.match.TrackingID), cmp.Compare(a.match.Ref, b.match.Ref),
		)
	})
	matches := make([]advisories.Match, 0, min(len(all), MaxMatches))
	spare := max(0, MaxMatches-(len(all)-clean)) // for those that are not affected
	for _, p := range all {
		if p.match.State == advisories.MatchNotAffected {
			if spare == 0 {
				continue
			}
			spare--
		}
		if len(matches) < MaxMatches {
			matches = append(matches, p.match)
		}
	}
	return matches
}

func stateOrder(s advisories.MatchState) int {
	return slices.Index([]advisories.MatchState{advisories.MatchAffected, advisories.MatchPossible, advisories.MatchNotAffected}, s)
}

// candidate is a product that a component may be.
type candidate struct {
	entry   *entry
	product int32
	kin     kinship
}

// find adds the products that a component is or may be, by entry and place.
func (x *Index) find(found []candidate, c *component, may func(tlp.Audience) bool) []candidate {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, key := range c.id.keys() {
		for _, p := range x.places[key] {
			kin := c.id.kin(&p.entry.products[p.product].identity)
			if kin != strangers && (may == nil || may(p.entry.audience)) {
				found = append(found, candidate{p.entry, p.product, kin})
			}
		}
	}
	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.entry.seq, b.entry.seq), cmp.Compare(a.product, b.product))
	})
	return slices.Compact(found)
}
