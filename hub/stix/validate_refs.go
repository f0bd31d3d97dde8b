package stix

import (
	"strings"

	"github.com/google/uuid"
)

// class is what an object of a type is (STIX 2.1, 1.2).
type class int

const (
	unheardOf    class = iota // a type that the standard does not have
	domain                    // SDO, section 4
	relationship              // SRO, section 5
	observable                // SCO, section 6
	meta                      // SMO, section 7
	container                 // bundle, section 8: no STIX object
)

// classOf tells a type's class by its name.
func classOf(typ string) class {
	switch typ {
	case "attack-pattern", "campaign", "course-of-action", "grouping", "identity", "incident", "indicator",
		"infrastructure", "intrusion-set", "location", "malware", "malware-analysis", "note", "observed-data",
		"opinion", "report", "threat-actor", "tool", "vulnerability":
		return domain
	case "relationship", "sighting":
		return relationship
	case "artifact", "autonomous-system", "directory", "domain-name", "email-addr", "email-message", "file",
		"ipv4-addr", "ipv6-addr", "mac-addr", "mutex", "network-traffic", "process", "software", "url",
		"user-account", "windows-registry-key", "x509-certificate":
		return observable
	case "extension-definition", "language-content", "marking-definition":
		return meta
	case "bundle":
		return container
	}
	return unheardOf
}

// refTo is the check of an identifier of an object of one of these types (3.3).
func refTo(types ...string) check {
	return reference("must refer to "+strings.Join(types, " or "), func(typ string) bool {
		for _, t := range types {
			if t == typ {
				return true
			}
		}
		return false
	})
}

// refToNode is the check of an identifier of what a relationship can join.
func refToNode() check {
	return refToClass("must refer to a domain object or a cyber-observable object", domain, observable)
}

func refToDomain() check { return refToClass("must refer to a domain object", domain) }

func refToObservable() check {
	return refToClass("must refer to a cyber-observable object", observable)
}

// refToObserved is the check of what observed data consist of.
func refToObserved() check {
	return refToClass("must refer to a cyber-observable object or a relationship", observable, relationship)
}

func refToAny() check {
	return refToClass("must refer to a STIX object", domain, relationship, observable, meta)
}

// refToClass is the check of an identifier of an object of one of these classes. A
// type that is not known may be of any.
func refToClass(wanted string, classes ...class) check {
	return reference(wanted, func(typ string) bool {
		of := classOf(typ)
		for _, c := range classes {
			if c == of {
				return true
			}
		}
		return of == unheardOf
	})
}

func reference(wanted string, fits func(typ string) bool) check {
	return func(c *checker, v Value) {
		if typ, _, ok := c.identifier(v); ok && !fits(typ) {
			c.fail(c.clause, "%s, and refers to %s", wanted, shorten(typ))
		}
	}
}

// identifier checks an identifier (2.9) and returns its parts.
func (c *checker) identifier(v Value) (typ string, id uuid.UUID, ok bool) {
	typ, id, err := ParseID(v.Text())
	if err != nil || id.Variant() != uuid.RFC4122 {
		c.fail("2.9", "must be an identifier, a type and a UUID of RFC 4122, such as indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f, and is %s", shown(v))
		return "", uuid.UUID{}, false
	}
	return typ, id, true
}

// ownID checks an object's own identifier: that it is of the object's type, and
// the UUID's version.
func (c *checker) ownID(v Value, typ string, of class) {
	c.enter("id")
	defer c.leave()
	named, id, ok := c.identifier(v.Get("id"))
	switch {
	case !ok:
	case named != typ:
		c.fail("2.9", "must begin with the object's type, %s, and is %s", shorten(typ), shown(v.Get("id")))
	case of == observable:
		c.observableID(v, id)
	case of != unheardOf && id.Version() != 4:
		c.warn("2.9", "should have a random UUID (version 4), and its version is %d", id.Version())
	}
}

// observableID checks the identifier of a cyber-observable object, which should
// follow from its content.
func (c *checker) observableID(v Value, id uuid.UUID) {
	right, ok := DeterministicID(v)
	switch text := v.Get("id").Text(); {
	case !ok && id.Version() != 4:
		c.warn("2.9", "should have a random UUID (version 4), since the object has none of the properties that an identifier follows from")
	case !ok:
	case text != right:
		c.warn("2.9", "should follow from the object's content, so that all who see the same thing give it the same identifier: %s", right)
	case v.Get("modified").Kind() != Missing || v.Get("revoked").Kind() != Missing:
		c.fail("3.6", "must not follow from the content where the object has versions (modified, revoked), since others would version the same object")
	}
}
