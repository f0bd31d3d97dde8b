package stix

import (
	"strings"

	"github.com/cybersec-infohub/infohub/hub/stix/pattern"
)

// domainShape is the table of an SDO (STIX 2.1, 4).
func domainShape(name, clause string, own []property, rules ...rule) *shape {
	return newShape(name, clause, objectCommon(), own, append(rules, versionOrder)...)
}

// domainShapes are the tables of the SDOs but those of who attacks and with what.
func domainShapes() []*shape {
	return []*shape{
		domainShape("course-of-action", "4.3.1", []property{
			must("name", isString),
			may("description", isString),
			{name: "action", check: isReserved},
		}),
		domainShape("grouping", "4.4.1", []property{
			may("name", isString), // required by the errata of 2025 only
			may("description", isString),
			must("context", groupingContext()),
			must("object_refs", listOf(refToAny())),
		}),
		domainShape("identity", "4.5.1", []property{
			must("name", isString),
			may("description", isString),
			may("roles", listOf(isString)),
			may("identity_class", identityClass()),
			may("sectors", listOf(industrySector())),
			may("contact_information", isString),
		}),
		domainShape("incident", "4.6.1", []property{
			must("name", isString),
			may("description", isString),
		}),
		domainShape("indicator", "4.7.1", []property{
			may("name", isString),
			may("description", isString),
			may("indicator_types", listOf(indicatorType())),
			must("pattern", isString),
			must("pattern_type", patternType()),
			may("pattern_version", isString),
			must("valid_from", isTimestamp),
			may("valid_until", isTimestamp),
			may("kill_chain_phases", killChainPhases()),
		}, after("valid_until", "valid_from"), stixPattern, namedIndicator),
		domainShape("location", "4.10.1", []property{
			may("name", isString),
			may("description", isString),
			may("latitude", isFloat(-90, 90)),
			may("longitude", isFloat(-180, 180)),
			may("precision", anyFloat()),
			may("region", region()),
			may("country", isCountry),
			may("administrative_area", isString),
			may("city", isString),
			may("street_address", isString),
			may("postal_code", isString),
		}, somewhere, needs("latitude", "longitude"), needs("longitude", "latitude"), needs("precision", "latitude")),
		domainShape("note", "4.13.1", []property{
			may("abstract", isString),
			must("content", isString),
			may("authors", listOf(isString)),
			must("object_refs", listOf(refToAny())),
		}),
		domainShape("observed-data", "4.14.1", []property{
			must("first_observed", isTimestamp),
			must("last_observed", isTimestamp),
			must("number_observed", isInteger(1, 999_999_999)),
			may("objects", isObservableContainer),
			may("object_refs", listOf(refToObserved())),
		}, notBefore("last_observed", "first_observed"), observedObjects),
		domainShape("opinion", "4.15.1", []property{
			may("explanation", isString),
			may("authors", listOf(isString)),
			must("opinion", opinionScale()),
			must("object_refs", listOf(refToAny())),
		}),
		domainShape("report", "4.16.1", []property{
			must("name", isString),
			may("description", isString),
			may("report_types", listOf(reportType())),
			must("published", isTimestamp),
			must("object_refs", listOf(refToAny())),
		}),
		domainShape("vulnerability", "4.19.1", []property{
			must("name", isString),
			may("description", isString),
		}, externalIDs("cve", "CVE-2016-1234", isCVE)),
	}
}

// stixPattern is the rule that a pattern is of the language that it says it is of,
// where this package can tell.
func stixPattern(c *checker, m members) {
	text := m.Get("pattern")
	if m.Get("pattern_type").Text() != "stix" || text.Kind() != String {
		return
	}
	if _, err := pattern.Parse(text.Text()); err != nil {
		c.failAt("pattern", "9", "must be a STIX pattern: %v", err)
	}
}

// namedIndicator is the advice that an indicator says what it is.
func namedIndicator(c *checker, m members) {
	if !m.has("name") && !m.has("description") {
		c.warnAt("name", "4.7.1", "should be there, or a description, to say what the indicator finds")
	}
}

// somewhere is the rule of what a location must say (4.10).
func somewhere(c *checker, m members) {
	if !m.has("region") && !m.has("country") && (!m.has("latitude") || !m.has("longitude")) {
		c.fail("4.10", "a location has a region, a country, or a latitude and a longitude")
	}
}

// isCountry is the check of a country's code. Whether there is such a country is
// not looked up.
func isCountry(c *checker, v Value) {
	isString(c, v)
	if text := v.Text(); v.Kind() == String && (len(text) != 2 || !only(text, isLetter)) {
		c.warn(c.clause, "should be a country's code of two letters (ISO 3166-1 alpha-2), and is %s", shown(v))
	}
}

// isObservableContainer is the check of the deprecated container (2.13), which may
// hold objects of STIX 2.0: only that they are objects of a type is asked.
func isObservableContainer(c *checker, v Value) {
	switch {
	case v.Kind() != Object:
		c.fail("2.13", "must be an object with the observables, and is %s", shown(v))
		return
	case v.Len() == 0:
		c.fail("4.14.1", "must have at least one object")
		return
	}
	for key, object := range v.Members() {
		if object.Get("type").Kind() != String {
			c.failAt(key, "2.13", "must be a cyber-observable object with its type")
		}
	}
	c.warn("2.13", "is deprecated: object_refs should be used")
}

// observedObjects is the rule that observed data have objects in one way (4.14).
func observedObjects(c *checker, m members) {
	switch {
	case m.has("objects") == m.has("object_refs"):
		c.fail("4.14", "observed-data has either object_refs or objects (deprecated), and not both")
	case m.has("object_refs"):
		for ref := range m.Get("object_refs").Elements() {
			typ, _, _ := strings.Cut(ref.Text(), "--")
			if of := classOf(typ); of == observable || of == unheardOf {
				return
			}
		}
		c.failAt("object_refs", "4.14.1", "must refer to at least one cyber-observable object")
	}
}

// externalIDs is the rule that external references of this source have its
// identifiers.
func externalIDs(source, example string, is func(string) bool) rule {
	return func(c *checker, m members) {
		c.enter("external_references")
		i := 0
		for ref := range m.Get("external_references").Elements() {
			if id := ref.Get("external_id"); ref.Get("source_name").Text() == source && id.Kind() == String && !is(id.Text()) {
				c.enterIndex(i)
				c.failAt("external_id", m.shape.clause, "must be an identifier such as %s where source_name is %s, and is %s", example, source, shown(id))
				c.leave()
			}
			i++
		}
		c.leave()
	}
}

func isCVE(text string) bool {
	year, number, _ := strings.Cut(strings.TrimPrefix(text, "CVE-"), "-")
	return strings.HasPrefix(text, "CVE-") && len(year) == 4 && only(year, isDigit) && len(number) >= 4 && only(number, isDigit)
}

func isCAPEC(text string) bool {
	number, ok := strings.CutPrefix(text, "CAPEC-")
	return ok && number != "" && only(number, isDigit)
}
