package stix

import "strings"

// link is a relationship that the standard defines: the name and the type of its
// source.
type link struct{ source, name string }

// definedLinks are the relationships of STIX 2.1, sections 4 and 6, with the types
// of their targets; "*" is every cyber-observable object. analysis-of is what the
// standard of 2021 has for av-analysis-of.
func definedLinks() map[link]string {
	const (
		network = "ipv4-addr ipv6-addr domain-name url"
		victims = "identity location vulnerability"
		means   = "attack-pattern infrastructure malware tool"
	)
	return map[link]string{
		{"attack-pattern", "delivers"}:              "malware",
		{"attack-pattern", "targets"}:               victims,
		{"attack-pattern", "uses"}:                  "malware tool",
		{"campaign", "attributed-to"}:               "intrusion-set threat-actor",
		{"campaign", "compromises"}:                 "infrastructure",
		{"campaign", "originates-from"}:             "location",
		{"campaign", "targets"}:                     victims,
		{"campaign", "uses"}:                        means,
		{"course-of-action", "investigates"}:        "indicator",
		{"course-of-action", "mitigates"}:           "attack-pattern indicator malware tool vulnerability",
		{"course-of-action", "remediates"}:          "malware vulnerability",
		{"domain-name", "resolves-to"}:              "domain-name ipv4-addr ipv6-addr",
		{"identity", "located-at"}:                  "location",
		{"indicator", "based-on"}:                   "observed-data",
		{"indicator", "indicates"}:                  "attack-pattern campaign infrastructure intrusion-set malware threat-actor tool",
		{"infrastructure", "communicates-with"}:     "infrastructure " + network,
		{"infrastructure", "consists-of"}:           "infrastructure observed-data *",
		{"infrastructure", "controls"}:              "infrastructure malware",
		{"infrastructure", "delivers"}:              "malware",
		{"infrastructure", "has"}:                   "vulnerability",
		{"infrastructure", "hosts"}:                 "tool malware",
		{"infrastructure", "located-at"}:            "location",
		{"infrastructure", "uses"}:                  "infrastructure",
		{"intrusion-set", "attributed-to"}:          "threat-actor",
		{"intrusion-set", "compromises"}:            "infrastructure",
		{"intrusion-set", "hosts"}:                  "infrastructure",
		{"intrusion-set", "originates-from"}:        "location",
		{"intrusion-set", "owns"}:                   "infrastructure",
		{"intrusion-set", "targets"}:                victims,
		{"intrusion-set", "uses"}:                   means,
		{"ipv4-addr", "belongs-to"}:                 "autonomous-system",
		{"ipv4-addr", "resolves-to"}:                "mac-addr",
		{"ipv6-addr", "belongs-to"}:                 "autonomous-system",
		{"ipv6-addr", "resolves-to"}:                "mac-addr",
		{"malware", "authored-by"}:                  "threat-actor intrusion-set",
		{"malware", "beacons-to"}:                   "infrastructure",
		{"malware", "communicates-with"}:            network,
		{"malware", "controls"}:                     "malware",
		{"malware", "downloads"}:                    "malware tool file",
		{"malware", "drops"}:                        "malware tool file",
		{"malware", "exfiltrates-to"}:               "infrastructure",
		{"malware", "exploits"}:                     "vulnerability",
		{"malware", "originates-from"}:              "location",
		{"malware", "targets"}:                      "infrastructure " + victims,
		{"malware", "uses"}:                         means,
		{"malware", "variant-of"}:                   "malware",
		{"malware-analysis", "analysis-of"}:         "malware",
		{"malware-analysis", "av-analysis-of"}:      "malware",
		{"malware-analysis", "characterizes"}:       "malware",
		{"malware-analysis", "dynamic-analysis-of"}: "malware",
		{"malware-analysis", "static-analysis-of"}:  "malware",
		{"threat-actor", "attributed-to"}:           "identity",
		{"threat-actor", "compromises"}:             "infrastructure",
		{"threat-actor", "hosts"}:                   "infrastructure",
		{"threat-actor", "impersonates"}:            "identity",
		{"threat-actor", "located-at"}:              "location",
		{"threat-actor", "owns"}:                    "infrastructure",
		{"threat-actor", "targets"}:                 victims,
		{"threat-actor", "uses"}:                    means,
		{"tool", "delivers"}:                        "malware",
		{"tool", "drops"}:                           "malware",
		{"tool", "has"}:                             "vulnerability",
		{"tool", "targets"}:                         "infrastructure " + victims,
		{"tool", "uses"}:                            "infrastructure",
	}
}

// isNode reports whether the standard has the type and relationships join it.
func isNode(typ string) bool { of := classOf(typ); return of == domain || of == observable }

// definedRelationship is the rule that a relationship should be one of the
// standard's for the types of its ends (5.1.2). Of types that it does not know it
// says nothing.
func definedRelationship(c *checker, m members) {
	source, _, _ := strings.Cut(m.Get("source_ref").Text(), "--")
	target, _, _ := strings.Cut(m.Get("target_ref").Text(), "--")
	name := m.Get("relationship_type").Text()
	if !isNode(source) || !isNode(target) || !only(name, isTypeCharacter) || name == "" {
		return
	}
	switch name {
	case "related-to":
		return
	case "derived-from", "duplicate-of":
		if source != target {
			c.warnAt("relationship_type", "3.7", "%s is for two objects of one type", name)
		}
		return
	}
	if targets, ok := c.tables.links[link{source, name}]; ok {
		for t := range strings.SplitSeq(targets, " ") {
			if t == target || t == "*" && classOf(target) == observable {
				return
			}
		}
	}
	c.warnAt("relationship_type", "5.1.2", "is %q, which the standard does not define from %s to %s", shorten(name), source, target)
}
