package report

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
)

// ErrNothingToAsk is a letter that would have nothing in it.
var ErrNothingToAsk = errors.New("report: there is nothing to ask for")

// LetterOptions say to whom a letter goes.
type LetterOptions struct {
	// To are those who can make the changes; nil is one letter for all of it, to
	// a firm that looks after everything.
	To []rules.Owner
	// For are the platforms whose snippets the letter has; nil is those that the
	// scan saw, or all where it saw none.
	For []rules.Platform
}

// Letter writes a message that asks the web host or the IT company for exactly
// what is to be changed: each fault's change, what was seen, and the text to
// use. It is plain text, ready to be pasted into a mail; its first line is the
// subject. What costs nothing and what could not be tested is not in it; of
// Options.Related it has what everybody may read, since it goes to others. It
// returns ErrNothingToAsk, and writes nothing, where no fault is theirs.
func Letter(w io.Writer, r *scanner.Report, opts Options, letter LetterOptions) error {
	text := letterText(withRelated(newView(r, opts), opts), letter)
	if text == "" {
		return ErrNothingToAsk
	}
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// letterText is the letter, "" if there is nothing to ask for.
func letterText(v *view, letter LetterOptions) string {
	items, advisories := letterItems(v, letter.To), letterRelated(v, letter.To)
	n := len(items) + len(advisories)
	if n == 0 {
		return ""
	}
	platforms := letter.For
	if platforms == nil {
		platforms = platformsSeen(v.Report)
	}
	// Mail has lines of at most 78 characters (RFC 5322 section 2.1.1).
	p := &printer{w: v.Words, width: 76}
	p.line(0, v.T("letter.subject", "domain", v.Domain, "n", n), plain)
	p.blank()
	p.line(0, v.T("letter.greeting"), plain)
	p.blank()
	p.line(0, v.T("letter.about", "domain", v.Domain, "date", v.Checked, "n", n), plain)
	for i, it := range items {
		p.blank()
		p.letterItem(i+1, it, platforms)
	}
	if len(advisories) > 0 {
		p.blank()
		p.line(0, v.T("related.letter"), plain)
	}
	for i, it := range advisories {
		p.blank()
		p.letterAdvisory(fmt.Sprintf("%d.", len(items)+i+1), it)
	}
	p.blank()
	p.line(0, v.T("letter.answer"), plain)
	for _, key := range []string{"letter.answer.when", "letter.answer.other", "letter.answer.why-not"} {
		p.para(0, "-", plain, 2, v.T(key), plain)
	}
	p.blank()
	p.line(0, v.T("letter.check"), plain)
	p.line(4, "infohub scan "+clean(v.Report.Target.Domain), plain) // on a line of its own, to be copied
	p.blank()
	p.line(0, v.T("letter.end"), plain)
	p.line(0, v.T("letter.name"), plain)
	return p.out.String()
}

// letterItems are the faults and warnings that these owners can mend, the worst
// first.
func letterItems(v *view, to []rules.Owner) []*item {
	var items []*item
	for _, f := range v.Families {
		for _, it := range f.Faults {
			if !it.Advice() && it.Known() && (to == nil || slices.Contains(to, it.Rule.Owner)) {
				items = append(items, it)
			}
		}
	}
	slices.SortStableFunc(items, worstFirst)
	return items
}

func (p *printer) letterItem(n int, it *item, platforms []rules.Platform) {
	number := fmt.Sprintf("%d.", n)
	p.para(0, number, plain, 4, p.w.T("letter.item", "task", it.Task, "severity", it.Severity()), plain)
	p.letterSeen(it)
	for _, rem := range it.Remedies {
		if platforms != nil && isServer(rem.For) && !slices.Contains(platforms, rem.For) && it.offers(platforms) {
			continue
		}
		p.line(4, p.w.T("report.paste.for", "platform", rem.Platform()), plain)
		for line := range strings.SplitSeq(rem.Snippet, "\n") {
			p.out.WriteString(strings.TrimRight(strings.Repeat(" ", 8)+line, " ") + "\n")
		}
	}
	p.line(4, it.Rule.ID, plain)
	if len(it.Rule.References) > 0 {
		p.out.WriteString("    " + it.Rule.References[0].URL + "\n") // whole, so that it can be opened
	}
}

// letterSeen is what was seen: one thing behind the words, several in a list below.
func (p *printer) letterSeen(it *item) {
	shown, more := it.Evidence, it.More // all: each is a place to mend
	if len(shown) == 1 && more == 0 {
		p.line(4, p.w.T("letter.seen", "seen", shown[0].Subject+": "+shown[0].Observed), plain)
		return
	}
	if len(shown) > 0 {
		p.line(4, strings.TrimSpace(p.w.T("letter.seen", "seen", "")), plain)
	}
	for _, e := range shown {
		p.para(4, "-", plain, 6, e.Subject+": "+e.Observed, plain)
	}
	if more > 0 {
		p.para(4, "-", plain, 6, p.w.T("report.seen.more", "n", more), plain)
	}
}

// offers tells whether the item has a snippet for one of these.
func (it *item) offers(platforms []rules.Platform) bool {
	return slices.ContainsFunc(it.Remedies, func(rem remedy) bool { return slices.Contains(platforms, rem.For) })
}

// isServer tells whether a platform is one that a firm has instead of another.
func isServer(p rules.Platform) bool {
	return p == rules.Nginx || p == rules.Apache || p == rules.IIS || p == rules.Cloudflare
}
