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
	return x.match(components, may, true)
}

// Concerns is Match without those that say "not affected", which are most of them:
// it takes a fraction of the time.
func (x *Index) Concerns(components []advisories.Component, may func(tlp.Audience) bool) []advisories.Match {
	return x.match(components, may, false)
}

func (x *Index) match(components []advisories.Component, may func(tlp.Audience) bool, everything bool) []advisories.Match {
	components = components[:min(len(components), MaxComponents)]
	allowed := remembered(may)
	var (
		all   []advisories.Match
		found []candidate
		j     judge
		clean int // how many of them say "not affected"
	)
	seen := make(map[advisories.Component]bool, len(components))
	for _, given := range components {
		if seen[given] {
			continue
		}
		seen[given] = true
		if len(all)-clean >= MaxMatches {
			break
		}
		c := read(given)
		found = x.find(found[:0], &c, allowed)
		begin := len(all)
		for rest := found; len(rest) > 0; {
			n := 1
			for n < len(rest) && rest[n].seq == rest[0].seq {
				n++
			}
			group := rest[:n]
			rest = rest[n:]
			wanted := everything && clean < MaxMatches
			if !wanted && outsideAll(group) {
				continue
			}
			m, ok := j.entry(group[0].entry, &c, group, wanted)
			if !ok {
				continue
			}
			if m.State == advisories.MatchNotAffected {
				clean++
			}
			all = append(all, m)
		}
		slices.SortFunc(all[begin:], compareMatches)
	}
	spare := max(0, MaxMatches-(len(all)-clean)) // for those that are not affected
	if clean > spare {
		all = slices.DeleteFunc(all, func(m advisories.Match) bool {
			if m.State == advisories.MatchNotAffected {
				spare--
			}
			return spare < 0 && m.State == advisories.MatchNotAffected
		})
	}
	return all[:min(len(all), MaxMatches)]
}

func compareMatches(a, b advisories.Match) int {
	return cmp.Or(cmp.Compare(stateOrder(a.State), stateOrder(b.State)), cmp.Compare(a.TrackingID, b.TrackingID), cmp.Compare(a.Ref, b.Ref))
}

func stateOrder(s advisories.MatchState) int {
	switch s {
	case advisories.MatchAffected:
		return 0
	case advisories.MatchPossible:
		return 1
	}
	return 2
}

// candidate is a product that a component may be.
type candidate struct {
	entry   *entry
	seq     uint64 // of the entry
	product int32
	kin     kinship
	outside bool // its version is, and that is nothing to the entry
}

// outsideAll reports whether nothing in a group of candidates of one entry can
// concern the component.
func outsideAll(group []candidate) bool {
	return !slices.ContainsFunc(group, func(c candidate) bool { return !c.outside })
}

// find adds the products that a component is or may be, by entry and place. may is
// asked once for each audience.
func (x *Index) find(found []candidate, c *component, may func(*tlp.Audience) bool) []candidate {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var seen []*subject
	version, packed := uint64(0), false
	if c.distribution == "" { // else the makers' version counts, or the packager's
		version, packed = pack(c.version)
	}
	for _, key := range c.id.keys() {
		for _, s := range x.places[key] {
			if slices.Contains(seen, s) {
				continue
			}
			seen = append(seen, s)
			kin := c.id.kin(&s.identity)
			if kin == strangers {
				continue
			}
			for _, p := range s.postings {
				if may(p.audience) {
					found = append(found, candidate{p.entry, p.seq, p.product, kin, packed && p.hull.excludes(version)})
				}
			}
		}
	}
	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.seq, b.seq), cmp.Compare(a.product, b.product))
	})
	return found
}

// remembered asks may once for each audience.
func remembered(may func(tlp.Audience) bool) func(*tlp.Audience) bool {
	answers := map[*tlp.Audience]bool{}
	return func(a *tlp.Audience) bool {
		if may == nil {
			return true
		}
		answer, known := answers[a]
		if !known {
			answer = may(*a)
			answers[a] = answer
		}
		return answer
	}
}
