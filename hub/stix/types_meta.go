package stix

// relationshipShapes are the tables of the SROs (STIX 2.1, 5).
func relationshipShapes() []*shape {
	return []*shape{
		domainShape("relationship", "5.1.2", []property{
			must("relationship_type", isRelationshipType),
			may("description", isString),
			must("source_ref", refToNode()),
			must("target_ref", refToNode()),
			may("start_time", isTimestamp),
			may("stop_time", isTimestamp),
		}, after("stop_time", "start_time"), definedRelationship),
		domainShape("sighting", "5.2.1", []property{
			may("description", isString),
			may("first_seen", isTimestamp),
			may("last_seen", isTimestamp),
			may("count", isInteger(0, 999_999_999)),
			must("sighting_of_ref", refToDomain()),
			may("observed_data_refs", listOf(refTo("observed-data"))),
			may("where_sighted_refs", listOf(refTo("identity", "location"))),
			may("summary", isBoolean),
		}, notBefore("last_seen", "first_seen")),
	}
}

func isRelationshipType(c *checker, v Value) {
	isString(c, v)
	if text := v.Text(); v.Kind() == String && (text == "" || !only(text, isTypeCharacter)) {
		c.fail(c.clause, "must have lower-case letters of ASCII, digits and hyphens only, and is %s", shown(v))
	}
}

// metaShapes are the tables of the meta objects (STIX 2.1, 7).
func metaShapes() []*shape {
	return []*shape{
		newShape("language-content", "7.1.1", common("spec_version created modified", "lang defanged"), []property{
			must("object_ref", refToAny()),
			may("object_modified", isTimestamp),
			must("contents", isContents),
		}, versionOrder),
		newShape("marking-definition", "7.2.1.1", common("spec_version created", "modified revoked labels confidence lang defanged"), []property{
			may("name", isString),
			may("definition_type", isString),
			may("definition", isDefinition),
		}, definesMarking),
		newShape("extension-definition", "7.3.1", common("spec_version created modified created_by_ref", "confidence lang defanged extensions"), []property{
			must("name", isString),
			may("description", isString),
			must("schema", isString),
			must("version", isString),
			must("extension_types", listOf(extensionType())),
			may("extension_properties", listOf(isExtensionProperty)),
		}, versionOrder, extensionProperties),
	}
}

// isContents is the check of translations: for each language the properties.
func isContents(c *checker, v Value) {
	dictionaryOf(func(c *checker, v Value) {
		if v.Kind() != Object || v.Len() == 0 {
			c.fail("7.1.1", "must be an object with translated properties, and is %s", shown(v))
		}
	})(c, v)
	for code := range v.Members() {
		if !language(code) {
			c.failAt(code, "7.1.1", "must be a language code of RFC 5646 such as en or zh-TW")
		}
	}
}

func isDefinition(c *checker, v Value) {
	if v.Kind() != Object {
		c.fail("7.2.1.1", "must be an object, and is %s", shown(v))
	}
}

func isExtensionProperty(c *checker, v Value) {
	isString(c, v)
	if name := v.Text(); v.Kind() == String && (len(name) < 3 || len(name) > 250 || !only(name, isPropertyCharacter)) {
		c.fail("7.3.2.1", "must be the name of a property, which has 3 to 250 lower-case letters of ASCII, digits and underscores, and is %s", shown(v))
	}
}

// extensionProperties is the rule of when a definition names properties (7.3.1).
func extensionProperties(c *checker, m members) {
	topLevel := false
	for kind := range m.Get("extension_types").Elements() {
		topLevel = topLevel || kind.Text() == "toplevel-property-extension"
	}
	switch {
	case m.has("extension_properties") && !topLevel:
		c.failAt("extension_properties", "7.3.1", "must only be there where extension_types has toplevel-property-extension")
	case topLevel && !m.has("extension_properties"):
		c.warnAt("extension_properties", "7.3.1", "should name the properties that the extension adds")
	}
}
