package stix

import "strings"

const extensionPrefix = "extension-definition--"

// isExtensions is the check of the property extensions (3.2).
func isExtensions(c *checker, v Value) {
	switch {
	case v.Kind() != Object:
		c.fail("3.2", "must be an object with the extensions, and is %s", shown(v))
		return
	case v.Len() == 0:
		c.fail("2.3", "must not be empty: leave the property out")
		return
	}
	for name, extension := range v.Members() {
		c.enter(name)
		if extension.Kind() != Object {
			c.fail("3.2", "must be an object, and is %s", shown(extension))
		} else {
			c.extension(name, extension)
		}
		c.leave()
	}
}

func (c *checker) extension(name string, v Value) {
	typ := c.root.Get("type").Text()
	if p, ok := c.tables.predefined[name]; ok {
		if p.of != typ {
			c.warn(p.shape.clause, "is an extension for objects of type %s", p.of)
			return
		}
		isA(p.shape)(c, v)
		return
	}
	if strings.HasPrefix(name, extensionPrefix) {
		c.definedExtension(name, v)
		return
	}
	if classOf(typ) != observable {
		c.warn("3.2", "should be the id of an extension-definition: names of one's own are for cyber-observable objects")
		return
	}
	switch {
	case len(name) < 3 || len(name) > 250 || !only(name, isTypeCharacter):
		c.fail("11.3.1", "is no name of an extension: they have 3 to 250 lower-case letters of ASCII, digits and hyphens")
	case !strings.HasSuffix(name, "-ext"):
		c.fail("11.3.1", "must end with -ext, or be the id of an extension-definition")
	case v.Len() == 0:
		c.fail("11.3.1", "must have at least one property")
	default:
		c.warn("11.3", "is a custom extension: an extension-definition should be used")
	}
	for property := range v.Members() {
		c.propertyName(property, "11.3.1")
	}
}

// definedExtension checks an extension that an extension-definition describes
// (7.3), whose schema is not known here.
func (c *checker) definedExtension(name string, v Value) {
	if _, _, err := ParseID(name); err != nil {
		c.fail("2.9", "must be the identifier of an extension-definition, which ends with a UUID")
	}
	c.enter("extension_type")
	kind := v.Get("extension_type")
	if kind.Kind() == Missing {
		c.fail("3.2", "is missing: an extension with an extension-definition has it")
	} else {
		extensionType()(c, kind)
	}
	c.leave()
	switch kind.Text() {
	case "new-sdo", "new-sco", "new-sro", "toplevel-property-extension":
		c.extended = true
	}
}

// propertyName checks the name of a property that the standard does not have (3.1,
// 11.1.1).
func (c *checker) propertyName(name, clause string) {
	if len(name) < 3 || len(name) > 250 || !only(name, isPropertyCharacter) || !isLower(name[0]) {
		c.failAt(name, clause, "is no name of a property: they have 3 to 250 lower-case letters of ASCII, digits and underscores and begin with a letter")
	}
}

func isTypeCharacter(b byte) bool { return isLower(b) || isDigit(b) || b == '-' }

// typeName checks the name of a type that the standard does not have (3.1, 11.2.1).
func (c *checker) typeName(typ string) {
	if len(typ) < 3 || len(typ) > 250 || !only(typ, isTypeCharacter) || !isLower(typ[0]) || strings.Contains(typ, "--") {
		c.failAt("type", "11.2.1", "must be the name of a type, which has 3 to 250 lower-case letters of ASCII, digits and single hyphens and begins with a letter, and is %q", shorten(typ))
	}
}

func isPropertyCharacter(b byte) bool { return isLower(b) || isDigit(b) || b == '_' }
