package tlp

import (
	"bytes"
	"encoding/json"
)

// Of returns what the marking definition of this id says: the ids in
// object_marking_refs (STIX 2.1, 7.2.2) and in the marking_ref of granular
// markings (7.2.3; one with lang instead marks a language and no reader).
//
// definition is the marking definition as the hub holds it, nil where it holds
// none. A label is told by its fixed id alone, so that no definition sent under
// that id changes it; for the same reason one that claims a label under another
// id is Unknown. So is all else but a plain statement marking, and so is a
// definition whose names or repeats two parsers could read differently.
func Of(id string, definition []byte) Marking {
	switch id {
	case ClearID, WhiteTLP1ID:
		return Clear
	case GreenID, GreenTLP1ID:
		return Green
	case AmberID, AmberTLP1ID:
		return Amber
	case AmberStrictID:
		return AmberStrict
	case RedID, RedTLP1ID:
		return Red
	}
	if id != "" && isStatement(id, definition) {
		return Statement
	}
	return Unknown
}

// isStatement reports whether raw is the statement marking (STIX 2.1, 7.2.1.3) of
// this id. One with extensions is not: an extension may bring restrictions of its
// own (7.2.1.1, 7.3).
func isStatement(id string, raw []byte) bool {
	all, ok := properties(raw)
	if !ok {
		return false
	}
	if _, extended := all["extensions"]; extended {
		return false
	}
	definition, ok := properties(all["definition"])
	if !ok || len(definition) != 1 {
		return false
	}
	_, said := text(definition["statement"])
	return said && is(all["type"], "marking-definition") && is(all["id"], id) && is(all["definition_type"], "statement")
}

// properties takes a JSON object apart. It is false for what is none, and for one
// that has a name twice. Names are told apart by case, unlike in a struct's tags.
func properties(raw []byte) (map[string]json.RawMessage, bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	all := map[string]json.RawMessage{}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, false
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil, false
		}
		if _, twice := all[name]; twice {
			return nil, false
		}
		all[name] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, false
	}
	return all, len(bytes.TrimSpace(raw[d.InputOffset():])) == 0
}

func is(raw json.RawMessage, want string) bool {
	s, ok := text(raw)
	return ok && s == want
}

// text returns a JSON string; it is false for null and for all else.
func text(raw json.RawMessage) (string, bool) {
	var s *string
	if json.Unmarshal(raw, &s) != nil || s == nil {
		return "", false
	}
	return *s, true
}

// Fits reports whether a marking definition under the fixed id of a label says
// what that label is: STIX 2.1, 7.2.1.4, forbids any other, and whoever got one
// would take an object for one of another label. What else the definition holds,
// such as the properties that some programs add, does not matter. It is true for
// all other ids.
func Fits(id string, definition []byte) bool {
	label := Of(id, nil)
	if label.ID() == "" {
		return true
	}
	all, ok := properties(definition)
	if !ok || !is(all["type"], "marking-definition") || !is(all["id"], id) {
		return false
	}
	names := func(raw json.RawMessage) bool {
		name, ok := text(raw)
		said, err := Parse(name)
		return ok && err == nil && said == label
	}
	if name, named := all["name"]; named && !names(name) {
		return false
	}
	said := false
	if kind, typed := all["definition_type"]; typed || all["definition"] != nil {
		inner, ok := properties(all["definition"])
		if !ok || !is(kind, "tlp") || len(inner) != 1 || !names(inner["tlp"]) {
			return false
		}
		said = true
	}
	if raw, extended := all["extensions"]; extended {
		extensions, ok := properties(raw)
		if !ok {
			return false
		}
		if raw, mine := extensions[Extension]; mine {
			inner, ok := properties(raw)
			if !ok || !names(inner["tlp_2_0"]) {
				return false
			}
			said = true
		}
	}
	return said
}
