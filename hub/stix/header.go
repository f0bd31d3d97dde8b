package stix

import (
	"cmp"
	"slices"
	"strings"
)

// Header is what a store files an object by: some of the common properties (STIX
// 2.1, 3.2), those of an indicator (4.7.1) and what the object refers to. Texts
// are as received, "" where the property is absent or of another type. They may
// share memory with the whole text that was parsed.
type Header struct {
	Type, ID, SpecVersion string
	Created, Modified     string
	CreatedByRef          string
	Revoked               bool
	MarkingRefs           []string // object_marking_refs (7.2.2), in the object's order
	Granular              []GranularMarking
	// Pattern, PatternType, ValidFrom and ValidUntil are an indicator's.
	Pattern, PatternType, ValidFrom, ValidUntil string
	// References are the STIX identifiers below every property, at any depth,
	// whose name ends in _ref or _refs, markings included; sorted, each once,
	// without the object's own.
	References []string
	// Inside are the markings of what stands inside the object, such as those of an
	// observable in observed-data (4.14): object_marking_refs below the first level,
	// and marking_ref anywhere but in the object's own granular_markings.
	Inside []string
}

// GranularMarking is a marking of parts of an object (STIX 2.1, 7.2.3): it has a
// MarkingRef or a Lang.
type GranularMarking struct {
	MarkingRef, Lang string
	Selectors        []string
}

// ReadHeader reads an object's header. It never fails: Validate says what is
// wrong with an object.
func ReadHeader(v Value) Header {
	var h Header
	for name, member := range v.Members() {
		switch name {
		case "type":
			h.Type = member.Text()
		case "id":
			h.ID = member.Text()
		case "spec_version":
			h.SpecVersion = member.Text()
		case "created":
			h.Created = member.Text()
		case "modified":
			h.Modified = member.Text()
		case "created_by_ref":
			h.CreatedByRef = member.Text()
		case "revoked":
			h.Revoked = member.IsTrue()
		case "object_marking_refs":
			h.MarkingRefs = stringsIn(member)
		case "granular_markings":
			for marking := range member.Elements() {
				if marking.Kind() == Object {
					h.Granular = append(h.Granular, GranularMarking{
						MarkingRef: marking.Get("marking_ref").Text(),
						Lang:       marking.Get("lang").Text(),
						Selectors:  stringsIn(marking.Get("selectors")),
					})
				}
			}
		case "pattern":
			h.Pattern = member.Text()
		case "pattern_type":
			h.PatternType = member.Text()
		case "valid_from":
			h.ValidFrom = member.Text()
		case "valid_until":
			h.ValidUntil = member.Text()
		}
	}
	h.References, h.Inside = references(v, h.ID)
	return h
}

// Version is what tells the versions of an object apart (STIX 2.1, 3.6): Modified,
// else Created, else "", as of most SCOs.
func (h Header) Version() string { return cmp.Or(h.Modified, h.Created) }

// stringsIn are the strings of a list.
func stringsIn(v Value) []string {
	if v.Kind() != List || v.Len() == 0 {
		return nil
	}
	texts := make([]string, 0, v.Len())
	for e := range v.Elements() {
		if e.Kind() == String {
			texts = append(texts, e.Text())
		}
	}
	return texts
}

// references goes once through all values below v, which lie one behind the
// other, and takes what stands under a name that refers.
func references(v Value, own string) (ids, inside []string) {
	n := v.node()
	if n == nil {
		return nil, nil
	}
	p, end, until := v.p, n.next, uint32(0) // until: up to there something refers
	marked := uint32(0)                     // up to there something is marked
	member, ownMarkings := v.index+1, false // the next member of the object itself
	for i := v.index + 1; i < end; i++ {
		n := &p.nodes[i]
		top := i == member
		if top {
			member, ownMarkings = n.next, p.nameOf(n) == "granular_markings"
		}
		if n.nameEnd > n.name {
			if name := p.nameOf(n); refers(name) {
				until = max(until, n.next)
				if !top && (name == "object_marking_refs" || name == "marking_ref" && !ownMarkings) {
					marked = max(marked, n.next)
				}
			}
		}
		if i >= until || n.kind != String {
			continue
		}
		if id := (Value{p, i, v.generation}).Text(); id != own && IsID(id) {
			ids = append(ids, id)
			if i < marked {
				inside = append(inside, id)
			}
		}
	}
	slices.Sort(ids)
	slices.Sort(inside)
	return slices.Compact(ids), slices.Compact(inside)
}

// refers reports whether a property of this name holds identifiers (STIX 2.1, 3.1).
func refers(name string) bool {
	return strings.HasSuffix(name, "_ref") || strings.HasSuffix(name, "_refs")
}
