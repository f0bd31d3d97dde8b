package tlp

import "slices"

// Reader is who asks. The zero value is a stranger: somebody who has not signed
// in. All of it comes from the hub's own records, never from the request.
type Reader struct {
	// Member is true for a key or a sign-in of the community: an organisation, or a
	// person, that is admitted and not suspended. Without it all but Clear is shut.
	Member bool
	// Organisation is the id of the one that the reader belongs to; "" for none.
	Organisation string
	// ClientOf are the ids of the organisations that this one is a client of: the
	// direct ones, since a client's clients are not the organisation's.
	ClientOf []string
	// Person is the id of whoever signed in or whose own key it is; "" for a key of
	// an organisation, whoever holds it.
	Person string
}

// May reports whether the reader may read what has this audience. It is the whole
// policy; a marking that it does not know is one of named people.
func May(r Reader, a Audience) bool {
	for _, m := range a.Markings {
		if !satisfies(r, m, a) {
			return false
		}
	}
	return len(a.Markings) > 0
}

func satisfies(r Reader, m Marking, a Audience) bool {
	switch m {
	case Clear:
		return true
	case Green:
		return r.Member
	case Amber:
		return r.Member && (isNamed(r.Organisation, a.Organisations) ||
			slices.ContainsFunc(r.ClientOf, func(id string) bool { return isNamed(id, a.Organisations) }))
	case AmberStrict:
		return r.Member && isNamed(r.Organisation, a.Organisations)
	default: // Red, Unknown, and what a newer version may have stored
		return r.Member && isNamed(r.Person, a.People)
	}
}

func isNamed(id string, list []string) bool {
	return id != "" && slices.Contains(list, id)
}
