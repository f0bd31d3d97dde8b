package match

import (
	"cmp"
	"slices"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// Bounds of one search, which a stranger's inventory may ask for.
const (
	// MaxMatches is how many matches there are at most. Of more, those that say "not
	// affected" are left out first.
	MaxMatches = 50_000
	// maxJudged is how many pairs of a component and an advisory are compared; it takes
	// about two seconds.
	maxJudged = 2_000_000
)

// Match looks components up, as Search does, with those that are not affected.
func (x *Index) Match(components []advisories.Component, may func(tlp.Audience) bool) []advisories.Match {
	matches, _ := x.Search(components, may, true)
	return matches
}

// Concerns looks components up, as Search does, without those that are not affected,
// which are most: it takes a fraction of the time.
func (x *Index) Concerns(components []advisories.Component, may func(tlp.Audience) bool) []advisories.Match {
	matches, _ := x.Search(components, may, false)
	return matches
}

// Search looks components up. Only advisories whose audience may allows are looked
// at; nil allows all; it must not use the index. There is one match for each advisory
// and component, in the order of the components, then of the states (affected,
// possible and, with everything, not affected) and of the tracking ids. An advisory
// that a component has nothing but the name in common with is possible at most.
//
// left is how many components, the last ones, were not looked up since the search
// would have become too large.
func (x *Index) Search(components []advisories.Component, may func(tlp.Audience) bool, everything bool) (matches []advisories.Match, left int) {
	var (
		found  []candidate
		j      judge
		clean  int // how many of matches say "not affected"
		judged int
	)
	allowed := remembered(may)
	seen := make(map[advisories.Component]bool, min(len(components), MaxComponents))
	for i, given := range components {
		if i == MaxComponents || len(matches)-clean >= MaxMatches || judged >= maxJudged {
			left = len(components) - i
			break
		}
		if seen[given] {
			continue
		}
		seen[given] = true
		c := read(given)
		wanted := everything && clean < MaxMatches
		found = x.find(found[:0], &c, allowed, wanted)
		begin := len(matches)
		for rest := found; len(rest) > 0; {
			n := 1
			for n < len(rest) && rest[n].seq == rest[0].seq {
				n++
			}
			group := rest[:n]
			rest = rest[n:]
			if !wanted && outsideAll(group) {
				continue
			}
			judged++
			m, ok := j.entry(group[0].entry, &c, group, wanted)
			if !ok {
				continue
			}
			if m.State == advisories.MatchNotAffected {
				clean++
			}
			matches = append(matches, m)
		}
		slices.SortFunc(matches[begin:], compareMatches)
	}
	return bounded(matches, clean), left
}

// bounded leaves out what is too much, clean of which say "not affected".
func bounded(matches []advisories.Match, clean int) []advisories.Match {
	spare := max(0, MaxMatches-(len(matches)-clean)) // for those that are not affected
	if clean > spare {
		matches = slices.DeleteFunc(matches, func(m advisories.Match) bool {
			if m.State == advisories.MatchNotAffected {
				spare--
			}
			return spare < 0 && m.State == advisories.MatchNotAffected
		})
	}
	return matches[:min(len(matches), MaxMatches)]
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

// find adds the products that a component is or may be, by entry and place. Without
// everything, it may leave out those that are surely not affected.
func (x *Index) find(found []candidate, c *component, may func(*tlp.Audience) bool, everything bool) []candidate {
	version, packed := uint64(0), false
	if c.distribution == "" { // else the makers' version counts, or the packager's
		version, packed = pack(c.version)
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	var subjects []*subject
	var kins []kinship
	alike := false // some have nothing but the name in common
	for _, key := range c.id.keys() {
		for _, s := range x.places[key] {
			if slices.Contains(subjects, s) {
				continue
			}
			if kin := c.id.kin(&s.identity); kin != strangers {
				subjects, kins = append(subjects, s), append(kins, kin)
				alike = alike || kin == namesakes
			}
		}
	}
	for i, s := range subjects {
		for _, p := range s.postings {
			outside := packed && p.hull.excludes(version)
			// A product of the same name is left out where the product itself is named.
			if outside && !everything && !alike || !may(p.audience) {
				continue
			}
			found = append(found, candidate{p.entry, p.seq, p.product, kins[i], outside})
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
