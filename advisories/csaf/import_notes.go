package csaf

import (
	"slices"
	"strconv"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
)

// ownNotes reads what Export put into the document's title and notes.
func (in *importer) ownNotes(p *advisories.Publication) {
	a, words := &p.Advisory, in.said
	title := in.d.Document.Title
	notes := map[string]string{}
	for _, n := range in.d.Document.Notes {
		if _, ok := notes[n.Title]; !ok {
			notes[n.Title] = n.Text
		}
	}
	if _, ok := notes[titleWithdrawn]; ok {
		p.Tracking.State = advisories.Withdrawn
		title = strings.TrimPrefix(title, withdrawnPrefix)
	}
	if by, ok := notes[titleSupersededBy]; ok {
		if p.Tracking.State != advisories.Withdrawn {
			p.Tracking.State = advisories.Superseded
		}
		if by != laterAdvisory {
			p.Tracking.SupersededBy = advisories.PlainLine(by)
		}
	}
	a.Title = words.texts("Title", title)
	a.Description = words.texts(titleDescription, notes[titleDescription])
	a.Affected = words.texts(titleAffected, notes[titleAffected])
	a.Impact = words.texts(titleImpact, notes[titleImpact])
	a.Recommendation = words.texts(titleRecommendation, notes[titleRecommendation])
	a.Class = ""
	for class, word := range classes() {
		if notes[titleClass] == word {
			a.Class = class
		}
	}
	a.Tags = listed(notes[titleTags])
	a.Sectors = listed(notes[titleSectors])
	a.Techniques = listed(notes[titleTechniques])
	a.Supersedes = listed(notes[titleSupersedes])
	for i := 0; ; i++ {
		text, ok := notes[numbered(titleIndicator, i)]
		if !ok {
			break
		}
		fields, pattern := readRecord(text)
		a.Indicators = append(a.Indicators, advisories.Indicator{
			Pattern: advisories.PlainText(pattern), Name: words.texts(numbered(titleIndicator, i), first(fields, "Name")), Types: oneLines(fields["Type"]),
			From: when(first(fields, "Valid from")), Until: when(first(fields, "Valid until")),
		})
	}
	in.ownRemedies(a, notes)
}

// ownRemedies are those of notes. Their number is their place in the record.
func (in *importer) ownRemedies(a *advisories.Advisory, notes map[string]string) {
	var numbers []int
	for title := range notes {
		if rest, ok := strings.CutPrefix(title, titleRemedy+" "); ok {
			if n, err := strconv.Atoi(rest); err == nil && title == numbered(titleRemedy, n-1) {
				numbers = append(numbers, n-1)
			}
		}
	}
	slices.Sort(numbers)
	var list []advisories.Remedy
	others := a.Remedies
	for _, n := range numbers {
		for len(list) < n && len(others) > 0 {
			list, others = append(list, others[0]), others[1:]
		}
		fields, details := readRecord(notes[numbered(titleRemedy, n)])
		list = append(list, advisories.Remedy{
			Kind: advisories.PlainLine(first(fields, "Kind")), Details: in.said.texts(numbered(titleRemedy, n), details), Date: when(first(fields, "Date")),
			URL: advisories.WebAddress(first(fields, "URL")), Products: oneLines(fields["Product"]), Vulnerabilities: oneLines(fields["Vulnerability"]),
			Restart: advisories.PlainLine(first(fields, "Restart")),
		})
	}
	a.Remedies = append(list, others...)
}

// listed are the lines of a note.
func listed(text string) []string {
	if text == "" {
		return nil
	}
	return oneLines(strings.Split(text, "\n"))
}

func oneLines(texts []string) []string {
	var lines []string
	for _, text := range texts {
		if text = advisories.PlainLine(text); text != "" {
			lines = append(lines, text)
		}
	}
	return lines
}

// foreignNotes puts the notes of another publisher's document where they fit best,
// by title, then by category; all others are a part of the description, with their
// title. Legal notices are left out: the document itself is kept beside the record.
func (in *importer) foreignNotes(a *advisories.Advisory) {
	var description, affected, impact, recommendation []string
	for _, n := range in.d.Document.Notes {
		title, text := advisories.PlainLine(n.Title), strings.TrimSpace(advisories.PlainText(n.Text))
		lower := strings.ToLower(title)
		has := func(words ...string) bool {
			return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(lower, w) })
		}
		switch {
		case text == "" || n.Category == "legal_disclaimer" || has("disclaimer"):
		case has("recommend", "mitigation", "solution", "workaround", "fixed software", "remediation"):
			recommendation = append(recommendation, text)
		case has("impact", "risk evaluation"):
			impact = append(impact, text)
		case has("affected", "vulnerable products"):
			affected = append(affected, text)
		case n.Category == "description" || n.Category == "summary":
			description = append(description, text)
		default:
			description = append(description, titled(title, text))
		}
	}
	join := func(texts []string) advisories.Texts { return in.texts(strings.Join(texts, "\n\n")) }
	a.Description, a.Affected, a.Impact, a.Recommendation = join(description), join(affected), join(impact), join(recommendation)
}

// titled is the text of a note that means little without its title.
func titled(title, text string) string {
	if title == "" {
		return text
	}
	return title + "\n\n" + text
}

// foreignAbout is what the notes of a vulnerability say of it.
func foreignAbout(notes []Note) string {
	var about []string
	for _, n := range notes {
		title, text := advisories.PlainLine(n.Title), strings.TrimSpace(n.Text)
		switch {
		case text == "" || n.Category == "legal_disclaimer" || strings.Contains(strings.ToLower(title), "disclaimer"):
		case n.Category == "description" || n.Category == "summary":
			about = append(about, text)
		default:
			about = append(about, titled(title, text))
		}
	}
	return strings.Join(about, "\n\n")
}
