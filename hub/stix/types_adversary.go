package stix

// adversaryShapes are the tables of the SDOs of who attacks and with what.
func adversaryShapes() []*shape {
	seen := notBefore("last_seen", "first_seen")
	return []*shape{
		domainShape("attack-pattern", "4.1.1", []property{
			must("name", isString),
			may("description", isString),
			may("aliases", listOf(isString)),
			may("kill_chain_phases", killChainPhases()),
		}, externalIDs("capec", "CAPEC-163", isCAPEC)),
		domainShape("campaign", "4.2.1", []property{
			must("name", isString),
			may("description", isString),
			may("aliases", listOf(isString)),
			may("first_seen", isTimestamp),
			may("last_seen", isTimestamp),
			may("objective", isString),
		}, seen),
		domainShape("infrastructure", "4.8.1", []property{
			must("name", isString),
			may("description", isString),
			may("infrastructure_types", listOf(infrastructureType())),
			may("aliases", listOf(isString)),
			may("kill_chain_phases", killChainPhases()),
			may("first_seen", isTimestamp),
			may("last_seen", isTimestamp),
		}, seen),
		domainShape("intrusion-set", "4.9.1", []property{
			must("name", isString),
			may("description", isString),
			may("aliases", listOf(isString)),
			may("first_seen", isTimestamp),
			may("last_seen", isTimestamp),
			may("goals", listOf(isString)),
			may("resource_level", attackResourceLevel()),
			may("primary_motivation", attackMotivation()),
			may("secondary_motivations", listOf(attackMotivation())),
		}, seen),
		domainShape("malware", "4.11.1", []property{
			may("name", isString),
			may("description", isString),
			may("malware_types", listOf(malwareType())),
			must("is_family", isBoolean),
			may("aliases", listOf(isString)),
			may("kill_chain_phases", killChainPhases()),
			may("first_seen", isTimestamp),
			may("last_seen", isTimestamp),
			may("operating_system_refs", listOf(refTo("software"))),
			may("architecture_execution_envs", listOf(processorArchitecture())),
			may("implementation_languages", listOf(implementationLanguage())),
			may("capabilities", listOf(malwareCapability())),
			may("sample_refs", listOf(refTo("file", "artifact"))),
		}, seen, func(c *checker, m members) {
			if m.Get("is_family").IsTrue() && !m.has("name") {
				c.failAt("name", "4.11.1", "is missing: a family of malware has a name")
			}
		}),
		domainShape("malware-analysis", "4.12.1", []property{
			must("product", isString),
			may("version", isString),
			may("host_vm_ref", refTo("software")),
			may("operating_system_ref", refTo("software")),
			may("installed_software_refs", listOf(refTo("software"))),
			may("configuration_version", isString),
			may("modules", listOf(isString)),
			may("analysis_engine_version", isString),
			may("analysis_definition_version", isString),
			may("submitted", isTimestamp),
			may("analysis_started", isTimestamp),
			may("analysis_ended", isTimestamp),
			may("result_name", isString),
			may("result", malwareResult()),
			may("analysis_sco_refs", listOf(refToAny())),
			may("sample_ref", refTo("file", "network-traffic", "artifact")),
		}, func(c *checker, m members) {
			if !m.has("result") && !m.has("analysis_sco_refs") {
				c.fail("4.12", "a malware-analysis has a result or analysis_sco_refs")
			}
			if order, ok := m.times("analysis_ended", "analysis_started"); ok && order < 0 {
				c.warnAt("analysis_ended", "4.12.1", "is earlier than analysis_started")
			}
		}),
		domainShape("threat-actor", "4.17.1", []property{
			must("name", isString),
			may("description", isString),
			may("threat_actor_types", listOf(threatActorType())),
			may("aliases", listOf(isString)),
			may("first_seen", isTimestamp),
			may("last_seen", isTimestamp),
			may("roles", listOf(threatActorRole())),
			may("goals", listOf(isString)),
			may("sophistication", threatActorSophistication()),
			may("resource_level", attackResourceLevel()),
			may("primary_motivation", attackMotivation()),
			may("secondary_motivations", listOf(attackMotivation())),
			may("personal_motivations", listOf(attackMotivation())),
		}, seen),
		domainShape("tool", "4.18.1", []property{
			must("name", isString),
			may("description", isString),
			may("tool_types", listOf(toolType())),
			may("aliases", listOf(isString)),
			may("kill_chain_phases", killChainPhases()),
			may("tool_version", isString),
		}),
	}
}
