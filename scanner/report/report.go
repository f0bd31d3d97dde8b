// Package report renders a scanner.Report with the words of rules and of
// internal/i18n: as terminal text, as JSON (docs/schema/report-1.json), as a
// single HTML file that loads nothing from anywhere, and for other programs as
// SARIF, CSV, Markdown, JUnit and a badge. It reads stored JSON back.
//
// Whatever a site sent is untrusted: it stands in evidence, in a failure's
// detail and in the values of placeholders, and passes clean before it is shown.
//
// Commands, the portal and the API may import it; it imports scanner and leaves.
package report

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
)

// Options are how a report is to look. Only the catalogue is needed.
type Options struct {
	Lang      rules.Lang       // "" and whatever has no words is English
	Catalogue *rules.Catalogue // the rules that judged the reports
	Zone      *time.Location   // in which Text and HTML give times; nil is UTC
	// Related finds the advisories that concern a site, for whoever reads the report.
	// It is asked each time that Text, HTML, Markdown, JSON or Letter renders one; nil,
	// or an answer of nil: nobody asked, and nothing is said of them.
	Related func(*scanner.Report) *Related

	// The rest is for Text.
	Colour  bool
	Width   int  // in columns, two for a Chinese character; 0 is 80, the least is 40
	Verbose bool // also what passed and what does not apply, all evidence and every remedy
}

func (o Options) words() *i18n.Words { return i18n.For(i18n.Lang(o.Lang)) }

// TargetProblem says in a language what is wrong with a target and what to type
// instead. err is one of scanner.ParseTarget; any other is given as it is.
func TargetProblem(lang rules.Lang, err error) string {
	var bad *scanner.TargetError
	if !errors.As(err, &bad) {
		return err.Error()
	}
	return i18n.For(i18n.Lang(lang)).T("target."+string(bad.Kind), "input", clean(scanner.Printable(bad.Input, 60)))
}

// maxShown bounds one string of a site in a report, in bytes. Probes and checks
// cut earlier; this holds for reports that were stored elsewhere.
const maxShown = 2000

// clean makes a stranger's text safe to show: control characters (a terminal's
// escape sequences begin with one), characters that turn the direction of text
// or that nobody sees, and broken UTF-8 become "?".
func clean(s string) string { return cleanTo(s, maxShown) }

// cleanTo is clean for texts of at most limit bytes.
func cleanTo(s string, limit int) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\u061c', // Arabic letter mark
			r >= '\u200b' && r <= '\u200f', // zero width, direction marks
			r >= '\u2028' && r <= '\u202e', // line separators, direction overrides
			r >= '\u2060' && r <= '\u206f', // invisible operators, direction isolates
			r == '\ufeff',
			r >= 0xe0000 && r <= 0xe0fff: // tags, variation selectors beyond the usual
			return '?'
		}
		return r
	}, scanner.Printable(s, limit))
}

// when writes a time with its zone, which is never left to be guessed.
func when(t time.Time, zone *time.Location, lang i18n.Lang) string {
	if zone == nil {
		zone = time.UTC
	}
	t = t.In(zone)
	layout := "2 January 2006, 15:04"
	if lang != i18n.English {
		layout = "2006年1月2日 15:04"
	}
	name := "UTC"
	if _, offset := t.Zone(); offset != 0 {
		name += t.Format("-07:00")
	}
	return t.Format(layout) + " " + name
}

// seconds writes a duration for people: "0.4", "12".
func seconds(millis int64) string {
	switch {
	case millis < 1000:
		return fmt.Sprintf("%.2f", float64(millis)/1000)
	case millis < 10_000:
		return fmt.Sprintf("%.1f", float64(millis)/1000)
	}
	return fmt.Sprint((millis + 500) / 1000)
}

// effort writes the minutes that a change takes.
func effort(w *i18n.Words, minutes int) string {
	if minutes > 0 && minutes%60 == 0 {
		return w.T("effort.hours", "n", minutes/60)
	}
	return w.T("effort.minutes", "n", minutes)
}
