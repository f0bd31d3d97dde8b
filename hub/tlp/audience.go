package tlp

import (
	"errors"
	"slices"
)

// An object whose readers would be nobody is refused with one of these.
var (
	// ErrNoOrganisations: TLP:AMBER or TLP:AMBER+STRICT, and no organisation is named.
	ErrNoOrganisations = errors.New("the marking is for named organisations, and none is named here")
	// ErrNoPeople: TLP:RED or an unknown marking, and no person is named.
	ErrNoPeople = errors.New("the marking is for named people, and none is named here")
)

// Audience is who may read one version of an object: plain data, stored as JSON
// beside it when it comes in, so that no later definition, list or default widens
// it. Two with the same readers named have the same JSON. The zero value, and
// what a damaged record decodes to, is an audience of nobody.
type Audience struct {
	// Markings that a reader has to satisfy, every one: at most one of the labels
	// up to Amber+Strict, which go by organisation, then at most one of Red and
	// Unknown, which go by person.
	Markings []Marking `json:"markings"`
	// Organisations are the ids of those that Amber and Amber+Strict name; sorted.
	Organisations []string `json:"organisations,omitempty"`
	// People are the ids of those that Red and Unknown name; sorted.
	People []string `json:"people,omitempty"`
}

// Terms are what the markings of an object leave open. For what TAXII brings in
// they are the collection's: its reading organisations and the people listed on
// it. A form or an API call names its own. Whoever sends an object in is among
// its readers only if named here.
type Terms struct {
	// Unmarked is the label of an object that has none. Where this is no label
	// either, the object counts as one with an unknown marking.
	Unmarked Marking
	// Organisations and People are ids; empty ones are dropped.
	Organisations, People []string
}

// For returns the audience of an object with these markings: those of the object
// (object_marking_refs) and those of parts of it (granular_markings). A reader
// gets the object whole or not at all, so the markings of the parts bind as those
// of the object do: the strictest wins, never, as for a single property, the
// most specific one (STIX 2.1, 7.2). A label on a part alone leaves the rest
// unmarked, so Terms.Unmarked binds with it.
//
// Adding a marking to a marked object never widens its audience. The error is
// ErrNoOrganisations or ErrNoPeople, and the audience then that of nobody.
func For(object, granular []Marking, terms Terms) (Audience, error) {
	if !slices.ContainsFunc(object, restricts) {
		unmarked := terms.Unmarked
		if unmarked.ID() == "" {
			unmarked = Unknown
		}
		object = []Marking{unmarked}
	}
	var byOrganisation, byPerson Marking
	for _, m := range slices.Concat(object, granular) {
		switch {
		case !restricts(m):
		case m.ID() == "":
			byPerson = Unknown
		case m == Red:
			if byPerson == "" {
				byPerson = Red
			}
		case slices.Index(Labels(), m) > slices.Index(Labels(), byOrganisation):
			byOrganisation = m
		}
	}
	var a Audience
	// Clear and Green add nothing to Red, which already asks for members.
	if named := byOrganisation == Amber || byOrganisation == AmberStrict; named || byPerson == "" {
		a.Markings = append(a.Markings, byOrganisation)
		if named {
			a.Organisations = ids(terms.Organisations)
			if len(a.Organisations) == 0 {
				return Audience{}, ErrNoOrganisations
			}
		}
	}
	if byPerson != "" {
		a.Markings = append(a.Markings, byPerson)
		a.People = ids(terms.People)
		if len(a.People) == 0 {
			return Audience{}, ErrNoPeople
		}
	}
	return a, nil
}

func restricts(m Marking) bool { return m != Statement }

// ids returns a sorted copy without empty and repeated ids.
func ids(list []string) []string {
	sorted := slices.Clone(list)
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	if len(sorted) > 0 && sorted[0] == "" {
		sorted = sorted[1:]
	}
	return sorted
}

// Equal reports whether both name the same readers by the same markings.
func (a Audience) Equal(b Audience) bool {
	return slices.Equal(a.Markings, b.Markings) && slices.Equal(a.Organisations, b.Organisations) && slices.Equal(a.People, b.People)
}
