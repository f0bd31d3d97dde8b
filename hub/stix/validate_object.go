package stix

import (
	"slices"
	"strings"
)

// object checks a STIX object, at the current path.
func (c *checker) object(v Value) {
	c.root = v
	if v.Kind() != Object {
		c.fail("3.2", "must be a STIX object, and is %s", shown(v))
		return
	}
	typ := v.Get("type")
	switch {
	case typ.Kind() == Missing:
		c.failAt("type", "3.2", "is missing: every STIX object has it")
		return
	case typ.Kind() != String:
		c.failAt("type", "2.15", "must be a string, and is %s", shown(typ))
		return
	case typ.Text() == "bundle":
		c.failAt("type", "8", "must not be bundle here: a bundle is no STIX object")
		return
	}
	s, of := c.tables.types[typ.Text()], classOf(typ.Text())
	if s == nil {
		c.typeName(typ.Text())
		s, of = c.customShape(v)
	}
	if v.Get("id").Kind() != Missing {
		c.ownID(v, typ.Text(), of)
	}
	c.specVersion(v, s)
	c.members(v, s, func(name string, member Value) { c.unknown(s, name, member) })
	c.customs(s)
}

// customShape chooses the common properties for an object of a type that the
// standard does not have: those of an SCO if its extension says so, or if nothing
// says otherwise.
func (c *checker) customShape(v Value) (*shape, class) {
	for _, extension := range v.Get("extensions").Members() {
		switch extension.Get("extension_type").Text() {
		case "new-sco":
			return c.tables.customObservable, observable
		case "new-sdo", "new-sro":
			return c.tables.customObject, domain
		}
	}
	if v.Get("created").Kind() == Missing && v.Get("modified").Kind() == Missing {
		return c.tables.customObservable, unheardOf
	}
	return c.tables.customObject, domain
}

// specVersion tells an object of STIX 2.0 from one that lacks its version: only
// cyber-observable objects may (3.2).
func (c *checker) specVersion(v Value, s *shape) {
	version := v.Get("spec_version")
	i, known := s.index["spec_version"]
	switch {
	case version.Kind() == Missing && known && s.required&(1<<i) != 0:
		c.failAt("spec_version", "3.2", `is missing: this is an object of STIX 2.0 or of none, and only STIX 2.1 ("spec_version": "2.1") is accepted`)
	case version.Text() == "2.0":
		c.failAt("spec_version", "3.2", "must be 2.1: objects of STIX 2.0 are not accepted")
	case version.Kind() != Missing && version.Text() != "2.1":
		c.failAt("spec_version", "3.2", `must be "2.1", and is %s`, shown(version))
	}
}

// unknown notes a top-level property that the standard does not have.
func (c *checker) unknown(s *shape, name string, v Value) {
	switch name {
	case "severity", "username", "phone_number", "action":
		if s.open {
			// The extension that defines the type may have chosen it before.
			c.warnAt(name, "3.8", "is a name that the standard reserves")
		} else {
			c.failAt(name, "3.8", "is a name that the standard reserves: it must not be used")
		}
		return
	}
	c.propertyName(name, "11.1.1")
	switch kind := v.Kind(); {
	case kind == Null:
		c.warnAt(name, "2", "has no value (null): it should be left out")
	case (kind == List || kind == Object) && v.Len() == 0:
		c.warnAt(name, "2", "is empty: it should be left out")
	}
	if len(c.custom) < MaxProblems {
		c.custom = append(c.custom, name)
	}
}

// customs warns of a type or of properties that no extension brings.
func (c *checker) customs(s *shape) {
	switch {
	case c.extended:
	case s.open:
		c.warn("11.2", "objects of a type of one's own (%s) should have an extension that defines it", shorten(c.root.Get("type").Text()))
	case len(c.custom) > 0:
		slices.Sort(c.custom)
		names := c.custom[:min(len(c.custom), 5)]
		for i := range names {
			names[i] = shorten(names[i])
		}
		more := ""
		if len(c.custom) > len(names) {
			more = " and others"
		}
		c.warn("11.1", "custom properties (%s%s) should be in an extension", strings.Join(names, ", "), more)
	}
}

// bundle checks a bundle without its objects (8.1).
func (c *checker) bundle(v Value) {
	c.root = v
	if v.Kind() != Object {
		c.fail("8.1", "must be a bundle, an object, and is %s", shown(v))
		return
	}
	if v.Get("spec_version").Kind() != Missing {
		c.warnAt("spec_version", "8.1", "is no property of a bundle of STIX 2.1: its objects have it")
	}
	c.members(v, c.tables.bundle, func(string, Value) {})
	if v.Get("id").Kind() != Missing {
		c.ownID(v, "bundle", container)
	}
}

// isType is the check of a type that has only one name here.
func isType(name string) check {
	return func(c *checker, v Value) {
		if v.Text() != name {
			c.fail(c.clause, "must be %s, and is %s", name, shown(v))
		}
	}
}

// isChecked is the check of properties that object and ownID look at.
func isChecked(*checker, Value) {}

// isAnyList is the check of a list whose elements are looked at elsewhere.
func isAnyList(c *checker, v Value) {
	switch {
	case v.Kind() != List:
		c.fail("2.12", "must be a list, and is %s", shown(v))
	case v.Len() == 0:
		c.fail("2.12", "must not be an empty list: leave the property out")
	}
}
