package stix

import "sync"

// typeTables is all that is known of STIX 2.1's types.
type typeTables struct {
	types            map[string]*shape // SDOs, SROs, SCOs and meta objects
	bundle           *shape
	customObject     *shape // of a type that is not known
	customObservable *shape
	predefined       map[string]predefined // extensions of cyber-observable objects by their names
	links            map[link]string
}

// predefined is an extension that the standard itself defines (3.10).
type predefined struct {
	of    string // the type that it is for
	shape *shape
}

// tables are made once and only read.
var tables = sync.OnceValue(func() *typeTables {
	t := &typeTables{
		types:            make(map[string]*shape),
		bundle:           bundleShape(),
		customObject:     newShape("custom object", "11.2.1", objectCommon(), nil, versionOrder),
		customObservable: newShape("custom object", "11.2.1", observableCommon(), nil, versionOrder),
		predefined:       predefinedExtensions(),
		links:            definedLinks(),
	}
	t.customObject.open, t.customObservable.open = true, true
	for _, shapes := range [][]*shape{domainShapes(), adversaryShapes(), relationshipShapes(), networkShapes(), hostShapes(), mailShapes(), metaShapes()} {
		for _, s := range shapes {
			t.types[s.name] = s
		}
	}
	return t
})

// versionOrder is a rule of all objects that have versions (3.2).
func versionOrder(c *checker, m members) { notBefore("modified", "created")(c, m) }

// commonProperties are those of 3.2, in the order of its table.
func commonProperties() []property {
	common := []property{
		{name: "type", check: isChecked, required: true},
		{name: "spec_version", check: isChecked},
		{name: "id", check: isChecked, required: true},
		{name: "created_by_ref", check: refTo("identity")},
		{name: "created", check: isVersionTime},
		{name: "modified", check: isVersionTime},
		{name: "revoked", check: isBoolean},
		{name: "labels", check: listOf(isString)},
		{name: "confidence", check: isInteger(0, 100)},
		{name: "lang", check: isLanguage},
		{name: "external_references", check: listOf(isA(externalReference()))},
		{name: "object_marking_refs", check: listOf(isMarking)},
		{name: "granular_markings", check: listOf(isA(granularMarking()))},
		{name: "defanged", check: isBoolean},
		{name: "extensions", check: isExtensions},
	}
	for i := range common {
		common[i].clause = "3.2"
	}
	return common
}

// common are the common properties as a type has them: those that it requires, and
// those that are not for it.
func common(required, unused string) []property {
	properties := commonProperties()
	needed, not := wordSet(required), wordSet(unused)
	for i := range properties {
		p := &properties[i]
		p.required = p.required || needed[p.name]
		p.unused = not[p.name]
		switch {
		case !p.unused:
		case p.name == "defanged":
			p.check = isNotDefanged
		case p.name == "created" || p.name == "modified":
			p.check = isTimestamp // not that of a version
		}
	}
	return properties
}

// isNotDefanged is the check of objects other than cyber-observable ones.
func isNotDefanged(c *checker, _ Value) {
	c.fail("3.2", "must not be used: it is for cyber-observable objects only")
}

func objectCommon() []property { return common("spec_version created modified", "defanged") }

func observableCommon() []property {
	return common("", "created_by_ref created modified revoked labels confidence lang external_references")
}

func externalReference() *shape {
	return newShape("external-reference", "2.5.1", nil, []property{
		must("source_name", isString),
		may("description", isString),
		may("url", isLink),
		may("hashes", isHashes),
		may("external_id", isString),
	}, func(c *checker, m members) {
		if !m.has("description") && !m.has("url") && !m.has("external_id") {
			c.fail("2.5.2", "must have a description, a url or an external_id beside its source_name")
		}
	})
}

func killChainPhases() check {
	return listOf(isA(newShape("kill-chain-phase", "2.11", nil, []property{
		must("kill_chain_name", isString),
		must("phase_name", isString),
	})))
}

func bundleShape() *shape {
	return newShape("bundle", "8.1", nil, []property{
		must("type", isType("bundle")),
		must("id", isChecked),
		may("objects", isAnyList),
	})
}
