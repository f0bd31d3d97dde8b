package stix

import "strings"

// The vocabularies and enumerations of STIX 2.1, section 10. A value that is not in
// a vocabulary is warned of, one that is not in an enumeration is an error.

// fromVocabulary is the check of a value that should be one of a vocabulary's
// (2.14). The terms are separated by spaces, in the standard's order.
func fromVocabulary(clause, name, terms string) check {
	known := wordSet(terms)
	list := shorten(strings.ReplaceAll(terms, " ", ", "))
	return func(c *checker, v Value) {
		switch {
		case v.Kind() != String:
			c.fail("2.14", "must be a string, and is %s", shown(v))
		case !known[v.Text()]:
			c.warn(clause, "is %s, which is no term of %s (%s)", shown(v), name, list)
		}
	}
}

// oneOf is the check of a value of an enumeration (2.4).
func oneOf(clause, terms string) check {
	known := wordSet(terms)
	list := strings.ReplaceAll(terms, " ", ", ")
	return func(c *checker, v Value) {
		switch {
		case v.Kind() != String:
			c.fail("2.4", "must be a string, and is %s", shown(v))
		case !known[v.Text()]:
			c.fail(clause, "must be one of %s, and is %s", list, shown(v))
		}
	}
}

func wordSet(words string) map[string]bool {
	set := make(map[string]bool)
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

const hashAlgorithms = "MD5 SHA-1 SHA-256 SHA-512 SHA3-256 SHA3-512 SSDEEP TLSH"

func accountType() check {
	return fromVocabulary("10.1", "account-type-ov",
		"facebook ldap nis openid radius skype tacacs twitter unix windows-local windows-domain")
}

func attackMotivation() check {
	return fromVocabulary("10.2", "attack-motivation-ov",
		"accidental coercion dominance ideology notoriety organizational-gain personal-gain personal-satisfaction revenge unpredictable")
}

func attackResourceLevel() check {
	return fromVocabulary("10.3", "attack-resource-level-ov", "individual club contest team organization government")
}

func encryptionAlgorithm() check {
	return oneOf("10.4", "AES-256-GCM ChaCha20-Poly1305 mime-type-indicated")
}

func extensionType() check {
	return oneOf("10.5", "new-sdo new-sco new-sro property-extension toplevel-property-extension")
}

func groupingContext() check {
	return fromVocabulary("10.6", "grouping-context-ov", "suspicious-activity malware-analysis unspecified")
}

func identityClass() check {
	return fromVocabulary("10.8", "identity-class-ov", "individual group system organization class unknown")
}

func implementationLanguage() check {
	return fromVocabulary("10.9", "implementation-language-ov",
		"applescript bash c c++ c# go java javascript lua objective-c perl php powershell python ruby rust scala swift typescript visual-basic x86-32 x86-64")
}

func indicatorType() check {
	return fromVocabulary("10.10", "indicator-type-ov",
		"anomalous-activity anonymization benign compromised malicious-activity attribution unknown")
}

func industrySector() check {
	return fromVocabulary("10.11", "industry-sector-ov",
		"agriculture aerospace automotive chemical commercial communications construction defense education energy entertainment financial-services government emergency-services government-local government-national government-public-services government-regional healthcare hospitality-leisure infrastructure dams nuclear water insurance legal manufacturing mining non-profit pharmaceuticals retail technology telecommunications transportation utilities")
}

func infrastructureType() check {
	return fromVocabulary("10.12", "infrastructure-type-ov",
		"amplification anonymization botnet command-and-control control-system exfiltration firewall hosting-malware hosting-target-lists phishing reconnaissance routers-switches staging workstation unknown")
}

func malwareCapability() check {
	return fromVocabulary("10.13", "malware-capabilities-ov",
		"accesses-remote-machines anti-debugging anti-disassembly anti-emulation anti-memory-forensics anti-sandbox anti-vm captures-input-peripherals captures-output-peripherals captures-system-state-data cleans-traces-of-infection commits-fraud communicates-with-c2 compromises-data-availability compromises-data-integrity compromises-system-availability controls-local-machine degrades-security-software degrades-system-updates determines-c2-server emails-spam escalates-privileges evades-av exfiltrates-data fingerprints-host hides-artifacts hides-executing-code infects-files infects-remote-machines installs-other-components persists-after-system-reboot prevents-artifact-access prevents-artifact-deletion probes-network-environment self-modifies steals-authentication-credentials violates-system-operational-integrity")
}

func malwareResult() check {
	return fromVocabulary("10.14", "malware-result-ov", "malicious suspicious benign unknown")
}

func malwareType() check {
	return fromVocabulary("10.15", "malware-type-ov",
		"adware backdoor bot bootkit ddos downloader dropper exploit-kit keylogger ransomware remote-access-trojan resource-exploitation rogue-security-software rootkit screen-capture spyware trojan unknown virus webshell wiper worm")
}

func socketAddressFamily() check {
	return oneOf("10.16", "AF_UNSPEC AF_INET AF_IPX AF_APPLETALK AF_NETBIOS AF_INET6 AF_IRDA AF_BTH")
}

// socketType leaves out a misprint in the standard's summary (AF_ISOCK_DGRAMNET for
// SOCK_DGRAM), which its table does not have.
func socketType() check {
	return oneOf("10.17", "SOCK_STREAM SOCK_DGRAM SOCK_RAW SOCK_RDM SOCK_SEQPACKET")
}

func opinionScale() check {
	return oneOf("10.18", "strongly-disagree disagree neutral agree strongly-agree")
}

func patternType() check {
	return fromVocabulary("10.19", "pattern-type-ov", "stix pcre sigma snort suricata yara")
}

func processorArchitecture() check {
	return fromVocabulary("10.20", "processor-architecture-ov", "alpha arm ia-64 mips powerpc sparc x86 x86-64")
}

func region() check {
	return fromVocabulary("10.21", "region-ov",
		"africa eastern-africa middle-africa northern-africa southern-africa western-africa americas caribbean central-america latin-america-caribbean northern-america south-america asia central-asia eastern-asia southern-asia south-eastern-asia western-asia europe eastern-europe northern-europe southern-europe western-europe oceania antarctica australia-new-zealand melanesia micronesia polynesia")
}

func reportType() check {
	return fromVocabulary("10.22", "report-type-ov",
		"attack-pattern campaign identity incident indicator intrusion-set malware observed-data threat-actor threat-report tool vulnerability")
}

func threatActorType() check {
	return fromVocabulary("10.23", "threat-actor-type-ov",
		"activist competitor crime-syndicate criminal hacker insider-accidental insider-disgruntled nation-state private-sector sensationalist spy terrorist unknown")
}

func threatActorRole() check {
	return fromVocabulary("10.24", "threat-actor-role-ov",
		"agent director independent infrastructure-architect infrastructure-operator malware-author sponsor")
}

func threatActorSophistication() check {
	return fromVocabulary("10.25", "threat-actor-sophistication-ov",
		"none minimal intermediate advanced expert innovator strategic")
}

func toolType() check {
	return fromVocabulary("10.26", "tool-type-ov",
		"denial-of-service exploitation information-gathering network-capture credential-exploitation remote-access vulnerability-scanning unknown")
}

func windowsIntegrityLevel() check { return oneOf("10.27", "low medium high system") }

func windowsPEType() check {
	return fromVocabulary("10.28", "windows-pebinary-type-ov", "dll exe sys")
}

func windowsRegistryDatatype() check {
	return oneOf("10.29", "REG_NONE REG_SZ REG_EXPAND_SZ REG_BINARY REG_DWORD REG_DWORD_BIG_ENDIAN REG_DWORD_LITTLE_ENDIAN REG_LINK REG_MULTI_SZ REG_RESOURCE_LIST REG_FULL_RESOURCE_DESCRIPTION REG_RESOURCE_REQUIREMENTS_LIST REG_QWORD REG_INVALID_TYPE")
}

func windowsServiceStartType() check {
	return oneOf("10.30", "SERVICE_AUTO_START SERVICE_BOOT_START SERVICE_DEMAND_START SERVICE_DISABLED SERVICE_SYSTEM_ALERT")
}

func windowsServiceType() check {
	return oneOf("10.31", "SERVICE_KERNEL_DRIVER SERVICE_FILE_SYSTEM_DRIVER SERVICE_WIN32_OWN_PROCESS SERVICE_WIN32_SHARE_PROCESS")
}

func windowsServiceStatus() check {
	return oneOf("10.32", "SERVICE_CONTINUE_PENDING SERVICE_PAUSE_PENDING SERVICE_PAUSED SERVICE_RUNNING SERVICE_START_PENDING SERVICE_STOP_PENDING SERVICE_STOPPED")
}
