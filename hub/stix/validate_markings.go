package stix

import (
	"strconv"
	"strings"
)

// maxLookups is how many values the selectors of one object may pass. Many
// selectors of places far behind in long lists would take time without end.
const maxLookups = 1_000_000

// isMarking is the check of a reference to a marking definition. One that is
// marked itself must not refer to itself (3.2).
func isMarking(c *checker, v Value) {
	switch typ, _, ok := c.identifier(v); {
	case !ok:
	case typ != "marking-definition":
		c.fail(c.clause, "must refer to a marking-definition, and refers to %s", shorten(typ))
	case v.Text() == c.root.Get("id").Text():
		c.fail("3.2", "must not refer to the object itself")
	}
}

func granularMarking() *shape {
	return newShape("granular marking", "7.2.3.1", nil, []property{
		may("lang", isLanguage),
		may("marking_ref", isMarking),
		must("selectors", listOf(isSelector)),
	}, anyOf("lang", "marking_ref"), notBoth("lang", "marking_ref"))
}

// isSelector is the check of a selector, which names a part of the object that is
// there (7.2.3.1).
func isSelector(c *checker, v Value) {
	if v.Kind() != String {
		isString(c, v)
		return
	}
	at := c.root
	for component := range strings.SplitSeq(v.Text(), ".") {
		var ok bool
		if at, ok = c.selected(at, component); !ok {
			c.fail("7.2.3.1", "must name a part of this object that is there, such as external_references.[0].source_name, and is %s", shown(v))
			return
		}
	}
}

// selected goes one step from a value.
func (c *checker) selected(v Value, component string) (Value, bool) {
	if c.lookups -= v.Len(); c.lookups < 0 {
		return Value{}, false
	}
	number, isIndex := strings.CutPrefix(component, "[")
	if !isIndex {
		found := v.Get(component)
		return found, found.Kind() != Missing
	}
	number, closed := strings.CutSuffix(number, "]")
	index, err := strconv.Atoi(number)
	if !closed || err != nil || strconv.Itoa(index) != number {
		return Value{}, false
	}
	for element := range v.Elements() {
		if index == 0 {
			return element, true
		}
		index--
	}
	return Value{}, false
}

// The labels of TLP 1, whose marking definitions are fixed (7.2.1.4), and those of
// TLP 2.0 by its extension.
const (
	tlp2Extension = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
	markingPrefix = "marking-definition--"
)

func tlp1ID(label string) string {
	switch label {
	case "white":
		return markingPrefix + "613f2e26-407d-48c7-9eca-b8e91df99dc9"
	case "green":
		return markingPrefix + "34098fce-860f-48ae-8e50-ebd3cc5e41da"
	case "amber":
		return markingPrefix + "f88d31f6-486f-44da-b317-01333bde0b82"
	case "red":
		return markingPrefix + "5e57c739-391a-4eb3-b6be-7d15ca92d5ed"
	}
	return ""
}

func tlp2ID(label string) string {
	switch label {
	case "clear":
		return markingPrefix + "94868c89-83c2-464b-929b-a1a8aa3c8487"
	case "green":
		return markingPrefix + "bab4a63c-aed9-4cf5-a766-dfca5abac2bb"
	case "amber":
		return markingPrefix + "55d920b0-5e8b-4f79-9ee9-91f868d9b421"
	case "amber+strict":
		return markingPrefix + "939a9414-2ddd-4d32-a0cd-375ea402b003"
	case "red":
		return markingPrefix + "e828b379-4e03-4974-9ac4-e53a884c97c1"
	}
	return ""
}

// definesMarking is the rule of what a marking definition says (7.2.1.1).
func definesMarking(c *checker, m members) {
	if !m.has("extensions") {
		for _, name := range []string{"definition_type", "definition"} {
			if !m.has(name) {
				c.failAt(name, "7.2.1.1", "is missing: a marking-definition without extensions has it")
			}
		}
	}
	id, definition := m.Get("id").Text(), m.Get("definition")
	if definition.Kind() != Object {
		definition = Value{} // told of by the property's check
	}
	switch m.Get("definition_type").Text() {
	case "statement":
		if definition.Kind() == Object && definition.Get("statement").Kind() != String {
			c.failAt("definition", "7.2.1.3", "must have the property statement, a string")
		}
	case "tlp":
		label := definition.Get("tlp").Text()
		switch fixed := tlp1ID(label); {
		case definition.Kind() != Object:
		case fixed == "":
			c.failAt("definition", "7.2.1.4", "must have the property tlp, which is one of white, green, amber, red")
		case fixed != id:
			c.failAt("id", "7.2.1.4", "must be %s: there is no other marking definition of TLP:%s", fixed, strings.ToUpper(label))
		}
		return
	}
	for _, label := range []string{"white", "green", "amber", "red"} {
		if tlp1ID(label) == id {
			c.fail("7.2.1.4", "the marking definition of this id must be the one of TLP:%s", strings.ToUpper(label))
		}
	}
	if label := m.Get("extensions").Get(tlp2Extension).Get("tlp_2_0"); label.Kind() != Missing && (tlp2ID(label.Text()) == "" || tlp2ID(label.Text()) != id) {
		c.warn("7.3", "the extension of TLP 2.0 is for its own five marking definitions only: this one marks nothing with %s", shown(label))
	}
}
