package advisories

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// texts checks a text in its languages.
func (l *linter) texts(t Texts, path, field string) {
	if isEmptyText(t) {
		switch field {
		case "Advisory.Title", "Advisory.Description", "Remedy.Details", "Threat.Details":
			l.problem("text.english", path, path+" has no text.", "Write it in English at least: CSAF, which programs read, is in English and cannot be without it.")
		}
		return
	}
	for lang := range t {
		if !slices.Contains(i18n.Langs(), lang) {
			l.problem("value.unknown", path, fmt.Sprintf("%s has the language %.40q.", path, lang), "The languages are en, zh-Hant and zh-Hans.")
		}
	}
	var missing []string
	for _, lang := range i18n.Langs() {
		s := t[lang]
		if strings.TrimSpace(s) == "" {
			missing = append(missing, string(lang))
			continue
		}
		l.text(s, join(path, string(lang)), field, lang)
	}
	l.missing(missing, path)
}

func (l *linter) missing(langs []string, path string) {
	switch {
	case slices.Contains(langs, string(i18n.English)):
		l.problem("text.english", path, fmt.Sprintf("%s is missing in %s.", path, strings.Join(langs, " and ")), "Write the English text: CSAF, which programs read, is in English. What is missing in other languages is shown as missing.")
	case len(langs) > 0:
		l.problem("text.missing", path, fmt.Sprintf("%s is missing in %s.", path, strings.Join(langs, " and ")), "Translate it: until then readers of that language see that it is missing.")
	}
}

func isEmptyText(t Texts) bool {
	for _, s := range t {
		if strings.TrimSpace(s) != "" {
			return false
		}
	}
	return true
}

// longestText is how many characters a text in a language may have.
func longestText(field string) int {
	switch field {
	case "Advisory.Title", "Vulnerability.Title", "Indicator.Name":
		return 300
	case "Reference.Summary", "Acknowledgement.Summary":
		return 1000
	}
	return 30_000
}

var (
	markup = regexp.MustCompile(`(?i)</?(a|b|i|p|br|hr|div|span|ul|ol|li|table|tr|td|th|strong|em|h[1-6]|code|pre|img|script|style|iframe|object|embed|svg|form|input|font|center)(\s[^<>]*)?/?>`)
	stray  = regexp.MustCompile(`[ \t]\n|\n{3}`)
	todo   = regexp.MustCompile(`\b(TODO|FIXME|TBD|TBC|XXX)\b|(?i)lorem ipsum|待補|待补|待定|待翻譯|待翻译`)
)

func (l *linter) text(s, path, field string, lang i18n.Lang) {
	l.characters(s, path, "\n")
	l.placeholder(s, path)
	l.language(s, path, lang)
	if n, most := utf8.RuneCountInString(s), longestText(field); n > most {
		l.problem("text.length", path, fmt.Sprintf("%s has %d characters.", path, n), fmt.Sprintf("It may have %d: shorten it.", most))
	}
	if longestText(field) == 300 && strings.Contains(s, "\n") {
		l.problem("text.line", path, path+" has more than one line.", "Make it one line.")
	}
	if tag := markup.FindString(s); tag != "" {
		l.problem("text.markup", path, fmt.Sprintf("%s has the HTML tag %.40q.", path, tag), `Take it out: texts are plain, and readers see the tag itself. Begin items of a list with "- ", and write addresses as they are.`)
	}
	if s != strings.TrimSpace(s) || stray.MatchString(s) {
		l.problem("text.space", path, path+" has spaces at the end of a line, empty lines at an end, or two of them together.", "Take them out.")
	}
}

func (l *linter) placeholder(s, path string) {
	if word := todo.FindString(s); word != "" {
		l.problem("text.placeholder", path, fmt.Sprintf("%s says %q still.", path, word), "Write what is meant.")
	}
}

// characters finds what readers do not see, and what turns their eyes: CVE-2021-42574
// is what bidirectional overrides are good for.
func (l *linter) characters(s, path, allowed string) {
	if !utf8.ValidString(s) {
		l.problem("text.control", path, path+" is not UTF-8.", "Write it anew.")
		return
	}
	told := map[string]bool{}
	for _, r := range s {
		rule, what := "", ""
		switch {
		case strings.ContainsRune(allowed, r) || !hiddenRune(r):
			continue
		case r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x061c || r == 0x200e || r == 0x200f:
			rule, what = "text.bidi", "a character that changes the direction of writing"
		case unicode.IsControl(r):
			rule, what = "text.control", "a control character"
		default:
			rule, what = "text.invisible", "a character that nobody sees"
		}
		if !told[rule] {
			told[rule] = true
			l.problem(rule, path, fmt.Sprintf("%s has %s (U+%04X).", path, what, r), "Take it out: type the text anew where it was pasted.")
		}
	}
}

// hiddenRune reports whether a character leaves no ink, and is neither a space of
// Unicode's class Zs nor what joins emoji.
func hiddenRune(r rune) bool {
	return !unicode.IsGraphic(r) && r != 0x200d && r != 0xfe0f
}

// content wants what the form of an advisory has a place for.
func (l *linter) content() {
	for _, part := range []struct {
		name string
		text Texts
	}{{"affected", l.a.Affected}, {"impact", l.a.Impact}, {"recommendation", l.a.Recommendation}} {
		if isEmptyText(part.text) {
			l.problem("text.absent", part.name, fmt.Sprintf("The advisory has no %q.", part.name), "Write it: readers look for it, and the page has a place for it.")
		}
	}
}
