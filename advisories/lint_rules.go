package advisories

// LintRule is one check of Lint, or of reading a file.
type LintRule struct {
	ID      string // "text.missing": stable
	Warning bool   // a warning is not in the way of publication
	About   string // what it wants, for docs/advisory-rules.md
}

// LintRules are the checks of Lint, by the alphabet.
func LintRules() []LintRule {
	return []LintRule{
		{"acknowledgement.empty", false, "An acknowledgement names somebody, or says something (CSAF 3.1.1)."},
		{"cpe.syntax", false, "A CPE is a CPE 2.3 or 2.2 name by the pattern of CSAF's schema."},
		{"cve.format", false, "A CVE is written as CVE-2026-12345."},
		{"cvss.csaf", true, "A CVSS 4.0 vector has one of another version beside it, since CSAF 2.0 cannot carry 4.0."},
		{"cvss.duplicate", false, "No product has two scores of one version of CVSS for one vulnerability (CSAF 6.1.7)."},
		{"cvss.missing", true, "A vulnerability has a CVSS vector."},
		{"cvss.vector", false, "A CVSS vector can be read, and has all metrics that its version asks for."},
		{"cwe.format", false, "A CWE is written as CWE-79."},
		{"date.future", false, "What has happened has a date that is not in the future."},
		{"date.order", false, "Dates are in their order: exploited and due, from and until."},
		{"date.released", true, "A vulnerability was discovered before it was released."},
		{"epss.range", false, "EPSS score and percentile are between 0 and 1."},
		{"exploited.contradiction", false, "What is not exploited has no date of exploitation and no ransomware."},
		{"exploited.recommendation", false, "What attackers use comes with a recommendation or a remedy."},
		{"exploited.source", true, "Who knows that a vulnerability is exploited is named."},
		{"flag.status", false, "A flag is for products that are known not to be affected (CSAF 3.2.3.5)."},
		{"indicator.expired", true, "An indicator is good still."},
		{"indicator.pattern", false, "A pattern is one of STIX 2.1 (section 9)."},
		{"indicator.private", true, "A pattern names no address that is inside of networks, such as 192.168.1.1."},
		{"indicator.type", true, "The type of an indicator is a term of STIX 2.1's indicator-type-ov."},
		{"list.duplicate", true, "No item is in a list twice."},
		{"list.length", false, "Lists have no more items than can be dealt with."},
		{"product.duplicate", false, "Every product has an id of its own (CSAF 6.1.2)."},
		{"product.id", true, "An id of a product has up to 100 characters and no spaces."},
		{"product.identifier", true, "A product has a CPE or a package URL, by which programs find it in an inventory."},
		{"product.undefined", false, "Ids of products are those of products of the advisory (CSAF 6.1.1)."},
		{"product.unused", true, "Every product is named by a vulnerability or a remedy."},
		{"product.vendor", true, "A product has a vendor."},
		{"purl.syntax", false, "A package URL is one (CSAF 6.1.13)."},
		{"purl.version", true, "Where a product has versions, its package URL has none."},
		{"reference.summary", true, "A reference says what it is."},
		{"relation.extra", true, "A product on another has its versions, CPE and package URL at the two that it is made of."},
		{"relation.loop", false, "No product is made of itself (CSAF 6.1.3)."},
		{"remedy.contradiction", true, "Remedies do not say both that there is a fix for a product and that there is none."},
		{"remedy.missing", true, "Every product that is affected has a remedy, if only to say that there is none."},
		{"remedy.unconcerned", true, "A remedy's products are those of the vulnerabilities that it is for."},
		{"remedy.url", true, "A vendor's fix has an address."},
		{"remedy.vulnerability", false, "The vulnerabilities that a remedy names are those of the advisory."},
		{"risk.class", true, "A High Threat alert is of high or extreme risk."},
		{"risk.low", true, "What attackers use, or CVSS rates high, is not said to be a low risk."},
		{"status.contradiction", false, "No product has two statuses of one vulnerability that cannot both be true (CSAF 6.1.6)."},
		{"status.parts", true, "Where products are made of others, statuses name those that are meant."},
		{"status.reason", true, "A product that is not affected has a flag or an impact that says why."},
		{"supersedes.format", false, "What is superseded is named by its tracking id."},
		{"tag.format", false, "A tag is made of a-z, 0-9 and \"-\"."},
		{"technique.format", false, "A technique of ATT&CK is written as T1190 or T1059.001."},
		{"text.absent", true, "The advisory says what is affected, what the impact is and what is recommended."},
		{"text.bidi", false, "No character changes the direction of writing."},
		{"text.control", false, "No control characters, and UTF-8 throughout."},
		{"text.english", false, "Title, description and the details of remedies and threats are there, and every text is there in English, since CSAF is in English."},
		{"text.invisible", true, "No character is invisible."},
		{"text.language", true, "A text is in the language that it is said to be in."},
		{"text.length", false, "Texts are no longer than readers and programs can take."},
		{"text.line", false, "Titles and names have one line."},
		{"text.markup", true, "Texts are plain, without HTML."},
		{"text.missing", true, "Every text is there in all three languages; one that is missing is shown as missing."},
		{"text.placeholder", false, "No TODO, TBC or the like is left over."},
		{"text.script", true, "Chinese is in the script of its language."},
		{"text.space", true, "No spaces at the end of lines, no empty lines at the ends and no two together."},
		{"text.term", true, "Chinese has the words of its readers: 網絡 and not 網路 in zh-Hant, 网络 and not 网路 in zh-Hans."},
		{"tlp.handle", false, "Organisations are named by handle."},
		{"tlp.person", false, "People are named by mail address."},
		{"tlp.recipients", false, "TLP:AMBER and AMBER+STRICT name organisations, TLP:RED names people, and wider labels name nobody."},
		{"url.http", true, "Addresses begin with https://."},
		{"url.private", true, "Addresses can be reached from outside."},
		{"url.syntax", false, "Addresses are whole: http or https, a host, no password."},
		{"value.missing", false, "What every advisory, product, reference and so on has to say is said."},
		{"value.unknown", false, "Words are those of their vocabulary."},
		{"versions.range", false, "A range is one by VERS, its versions are in their order, and no bound is idle or contradicts another."},
		{"versions.scheme", true, "The versions are ordered as those of the package URL."},
		{"versions.words", false, "A single version is one version, and not \"before 2.0\" (CSAF 6.1.31)."},
		{"vulnerability.duplicate", false, "No two vulnerabilities have one CVE."},
		{"vulnerability.unnamed", true, "A vulnerability has a CVE or another id."},
	}
}

// FileRules are the checks of ReadYAML: all are errors, and Lint runs where there
// are none.
func FileRules() []LintRule {
	return []LintRule{
		{"yaml.alias", false, "No anchors (&) and aliases (*)."},
		{"yaml.date", false, "Dates are days (2026-11-23) or times with an offset (RFC 3339)."},
		{"yaml.documents", false, "One document in a file."},
		{"yaml.empty", false, "The file is not empty."},
		{"yaml.encoding", false, "The file is UTF-8."},
		{"yaml.key.duplicate", false, "No key is there twice."},
		{"yaml.key.missing", false, "The keys that are always there are there."},
		{"yaml.key.unknown", false, "No other keys than the record's."},
		{"yaml.size", false, "The file has at most 1 MiB."},
		{"yaml.syntax", false, "The file is YAML, or JSON."},
		{"yaml.tag", false, "No tags (!)."},
		{"yaml.type", false, "Texts, numbers, lists and groups are where the record has them."},
		{"yaml.value", false, "Words are those of their vocabulary."},
	}
}
