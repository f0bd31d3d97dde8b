package csaf

import (
	"regexp"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// What CSAF 2.0 has no place for stands in notes whose titles Export and Import
// share. docs/advisory-csaf.md lists every field and where it is.
const (
	engine = "infohub" // document.tracking.generator.engine.name

	titleDescription    = "Description"
	titleAffected       = "Affected systems"
	titleImpact         = "Impact"
	titleRecommendation = "Recommendation"

	titleClass        = "Class"
	titleTags         = "Tags"
	titleSectors      = "Sectors"
	titleTechniques   = "ATT&CK techniques"
	titleIndicator    = "Indicator"
	titleRemedy       = "Remedy"
	titleSupersedes   = "Supersedes"
	titleSupersededBy = "Superseded by"
	titleWithdrawn    = "Reasoning for Withdrawal" // as CSAF 2.1 has it
	titleWeaknesses   = "Weaknesses"
	titleScore        = "CVSS"
	titleEPSS         = "EPSS"

	laterAdvisory   = "A later advisory" // where SupersededBy is not known
	withdrawnPrefix = "Withdrawn: "      // of the document's title
	// noEnglish stands where CSAF wants a text that the record does not have in English.
	noEnglish = "(Not available in English.)"
	// seeDescription is the note that CSAF wants of every vulnerability (6.1.27.5)
	// where the record says nothing of it.
	seeDescription = "See the description of this advisory."

	summaryCanonical = "Canonical URL of this document"
	summaryPage      = "This advisory for people"

	exploited    = "Known to be exploited."
	notExploited = "Not known to be exploited."
	ransomware   = "Known to be used in ransomware campaigns."

	strictText = "TLP:AMBER+STRICT: recipients can only spread this within their organization. CSAF 2.0 has no label for it, so the label here is AMBER; STRICT holds."
)

// classes are what the classes are called, and risks the levels of risk.
func classes() map[advisories.Class]string {
	return map[advisories.Class]string{advisories.Alert: "Security Alert", advisories.HighThreat: "High Threat Security Alert"}
}

func risks() map[advisories.Risk]string {
	return map[advisories.Risk]string{
		advisories.RiskLow: "Low", advisories.RiskMedium: "Medium", advisories.RiskHigh: "High", advisories.RiskExtreme: "Extreme",
	}
}

// field is a line of a note that programs read as well: "Vector: CVSS:4.0/...".
type field struct{ key, value string }

// writeRecord is the text of such a note: its fields, those without a value left
// out, and after an empty line the rest.
func writeRecord(fields []field, rest string) string {
	var lines []string
	for _, f := range fields {
		if f.value != "" {
			lines = append(lines, f.key+": "+advisories.PlainLine(f.value))
		}
	}
	if rest != "" {
		lines = append(lines, "", rest)
	}
	return strings.Join(lines, "\n")
}

// readRecord takes it apart again; a field may come more than once.
func readRecord(text string) (fields map[string][]string, rest string) {
	head, rest, _ := strings.Cut(text, "\n\n")
	fields = map[string][]string{}
	for line := range strings.SplitSeq(head, "\n") {
		if key, value, ok := strings.Cut(line, ": "); ok {
			fields[key] = append(fields[key], value)
		}
	}
	return fields, rest
}

// first is a field's first value.
func first(fields map[string][]string, key string) string {
	if len(fields[key]) == 0 {
		return ""
	}
	return fields[key][0]
}

func repeat(key string, values []string) []field {
	fields := make([]field, len(values))
	for i, value := range values {
		fields[i] = field{key, value}
	}
	return fields
}

// translations are texts in other languages than the document's: the field that
// the title of a note names, then the language.
type translations map[string]advisories.Texts

// translate is one note for each language but English.
func translate(name string, texts advisories.Texts) []Note {
	var notes []Note
	for lang, text := range texts {
		if lang != i18n.English && text != "" {
			notes = append(notes, Note{Category: "other", Title: name + " (" + string(lang) + ")", Text: text})
		}
	}
	slices.SortFunc(notes, func(a, b Note) int { return strings.Compare(a.Title, b.Title) })
	return notes
}

var translated = regexp.MustCompile(`^(.+) \(([A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*)\)$`)

// readTranslations are those among the notes.
func readTranslations(notes []Note) translations {
	t := translations{}
	for _, note := range notes {
		m := translated.FindStringSubmatch(note.Title)
		if note.Category != "other" || m == nil {
			continue
		}
		if t[m[1]] == nil {
			t[m[1]] = advisories.Texts{}
		}
		t[m[1]][i18n.Lang(m[2])] = advisories.PlainText(note.Text)
	}
	return t
}

// texts are a field's text in English, "" for none, and its translations.
func (t translations) texts(name, english string) advisories.Texts {
	texts := t[name]
	if english = advisories.PlainText(english); english != "" && english != noEnglish {
		if texts == nil {
			texts = advisories.Texts{}
		}
		texts[i18n.English] = english
	}
	return texts
}

// inEnglish is the text in English, or that there is none.
func inEnglish(texts advisories.Texts) string {
	if text := texts[i18n.English]; text != "" {
		return text
	}
	return noEnglish
}

// unique are the items, each once, in their order.
func unique(items []string) []string {
	seen := make(map[string]bool, len(items))
	var once []string
	for _, item := range items {
		if !seen[item] {
			seen[item] = true
			once = append(once, item)
		}
	}
	return once
}

// concerned are the ids of the products that v affects, or, where it affects none,
// of all that it knows: what is meant where a record names no products.
func concerned(a *advisories.Advisory, v *advisories.Vulnerability) []string {
	all := advisories.Advisory{Products: a.Products, Remedies: []advisories.Remedy{{}}}
	return all.RemediesOf(v)[0].Products
}

// unaffected are those of which a flag without products speaks.
func unaffected(a *advisories.Advisory, v *advisories.Vulnerability) []string {
	if ids := a.StatusesOf(v)[advisories.NotAffected]; len(ids) > 0 {
		return unique(ids)
	}
	return concerned(a, v)
}
