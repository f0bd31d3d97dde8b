package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/scanner"
)

const (
	defaultWidth = 80
	leastWidth   = 40
	// fewEvidence is how many items of evidence stand under a fault unless all
	// are asked for.
	fewEvidence = 3
)

// Text writes reports for a terminal: the grade, what to mend first, then the
// families. No line is longer than Options.Width but those of snippets, which
// are left whole so that they can be copied. Every state is a word as well as a
// colour.
func Text(w io.Writer, reports []*scanner.Report, opts Options) error {
	t := NewTexts(w, opts)
	for _, r := range reports {
		if err := t.Add(r); err != nil {
			return err
		}
	}
	return t.Close()
}

// Texts is Text for reports that come one by one and are not kept.
type Texts struct {
	w    io.Writer
	opts Options
	// What the end needs of each report: its line of the overview, and the first
	// rule that there is more to read about.
	overview []func(*printer)
	more     string
	scanned  bool // at least one site could be reached
}

// NewTexts begins; Close ends with an overview of all.
func NewTexts(w io.Writer, opts Options) *Texts { return &Texts{w: w, opts: opts} }

// Add writes one report.
func (t *Texts) Add(r *scanner.Report) error {
	p, v := newPrinter(t.opts), withRelated(newView(r, t.opts), t.opts)
	if len(t.overview) > 0 {
		p.blank()
		p.blank()
	}
	p.head(v)
	p.firstFixes(v)
	p.related(v.Related)
	for _, f := range v.Families {
		p.family(f)
		if f.ID == "web" && v.MDN != "" {
			p.line(2, v.MDN, faint)
		}
	}
	p.servers(v)
	p.inventory(v)
	p.tail(v)
	t.overview = append(t.overview, overviewLine(v))
	t.scanned = t.scanned || r.Status != scanner.Unreachable
	for _, id := range r.First {
		if rule, ok := t.opts.Catalogue.Rule(id); ok && t.more == "" {
			t.more = rule.ID
		}
	}
	return p.flush(t.w)
}

// Close writes the end: an overview of several reports, and what a reader can
// ask next. Without a report it writes nothing.
func (t *Texts) Close() error {
	p := newPrinter(t.opts)
	if len(t.overview) == 0 {
		return nil
	}
	if len(t.overview) > 1 {
		p.blank()
		p.blank()
		p.line(0, p.w.T("report.sites", "n", len(t.overview)), strong)
		for _, line := range t.overview {
			line(p)
		}
	}
	switch {
	case t.more != "":
		p.blank()
		p.line(0, p.w.T("report.more.rule", "rule", t.more), faint)
	case t.scanned:
		p.blank()
		p.line(0, p.w.T("report.more.rules"), faint)
	}
	return p.flush(t.w)
}

func newPrinter(opts Options) *printer {
	width := opts.Width
	if width == 0 {
		width = defaultWidth
	}
	return &printer{w: opts.words(), width: max(width, leastWidth), colour: opts.Colour, verbose: opts.Verbose}
}

func (p *printer) flush(w io.Writer) error {
	if _, err := io.WriteString(w, p.out.String()); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// ink is an ANSI style; plain is none.
type ink string

const (
	plain  ink = ""
	strong ink = "1"
	faint  ink = "2"
	red    ink = "1;31"
	green  ink = "32"
	yellow ink = "33"
	blue   ink = "36"
)

func inkOf(o scanner.Outcome) ink {
	switch o {
	case scanner.Fail:
		return red
	case scanner.Warn:
		return yellow
	case scanner.Pass:
		return green
	case scanner.UnknownResult:
		return blue
	}
	return faint
}

func inkOfGrade(letter string) ink {
	switch letter {
	case "A+", "A", "B":
		return green
	case "C", "D":
		return yellow
	case "E", "F":
		return red
	}
	return blue
}

type printer struct {
	w       *i18n.Words
	out     strings.Builder
	width   int
	colour  bool
	verbose bool
}

func (p *printer) ink(style ink, s string) string {
	if !p.colour || style == plain || s == "" {
		return s
	}
	return "\x1b[" + string(style) + "m" + s + "\x1b[0m"
}

func (p *printer) blank() { p.out.WriteByte('\n') }

// para writes s, wrapped, behind a label: the label begins at column indent,
// the text stands at column at on every line.
func (p *printer) para(indent int, label string, labelInk ink, at int, s string, style ink) {
	for i, line := range wrap(s, p.width-at) {
		lead := strings.Repeat(" ", at)
		if i == 0 && label != "" {
			gap := at - indent - columns(label)
			lead = strings.Repeat(" ", indent) + p.ink(labelInk, label) + strings.Repeat(" ", max(gap, 1))
		}
		p.out.WriteString(strings.TrimRight(lead+p.ink(style, line), " ") + "\n")
	}
}

func (p *printer) line(at int, s string, style ink) { p.para(at, "", plain, at, s, style) }

func (p *printer) head(v *view) {
	p.line(0, v.T("report.title", "domain", v.Domain), strong)
	if v.ASCII != "" {
		p.line(0, v.ASCII, faint)
	}
	if n := v.Notice; n != nil {
		p.blank()
		p.line(2, sentences(v.Words, append([]string{n.Title}, n.Say...)...), yellow)
		p.advice(2, n.Next)
		p.detail(2, n.Detail)
	}
	p.blank()
	p.line(2, v.Verdict.Spoken, inkOfGrade(v.Verdict.Letter))
	p.line(2, sentences(v.Words, v.Verdict.Say...), plain)
	p.advice(2, sentences(v.Words, v.Verdict.Next...))
	if v.Counts.Judged() > 0 {
		p.line(2, counted(v.Words, v.Counts), plain)
	}
	p.line(2, v.T("report.date.sentence", "date", v.Checked, "seconds", v.Seconds), faint)
}

func (p *printer) advice(at int, next string) {
	if next != "" {
		p.line(at, p.w.T("report.next-step", "next", next), plain)
	}
}

func (p *printer) detail(at int, detail string) {
	if detail != "" {
		p.line(at, p.w.T("report.detail", "detail", detail), faint)
	}
}

func (p *printer) firstFixes(v *view) {
	if len(v.First) == 0 {
		return
	}
	p.blank()
	p.line(0, v.T(fmt.Sprint("report.first.", len(v.First))), strong)
	for i, it := range v.First {
		p.blank()
		p.para(2, fmt.Sprint(i+1), strong, 5, it.Title, strong)
		p.line(5, p.about(it), faint)
		if p.verbose {
			p.line(5, it.Why, plain)
		}
		p.line(5, it.Fix, plain)
		p.remedies(5, it)
	}
}

// about is a rule's severity, time and owner.
func (p *printer) about(it *item) string {
	if it.Severity() == "" {
		return it.Rule.ID
	}
	return list(p.w, it.Severity(), it.Effort(), it.Owner()) + " (" + it.Rule.ID + ")"
}

// remedies shows the first snippet, since a terminal has no folds, or all.
func (p *printer) remedies(at int, it *item) {
	var others []string
	for i, rem := range it.Remedies {
		if i > 0 && !p.verbose {
			others = append(others, rem.Platform())
			continue
		}
		p.line(at, p.w.T("report.paste.for", "platform", rem.Platform()), faint)
		for line := range strings.SplitSeq(rem.Snippet, "\n") {
			p.out.WriteString(strings.TrimRight(strings.Repeat(" ", at+4)+line, " ") + "\n")
		}
	}
	if len(others) > 0 {
		p.line(at, p.w.T("report.paste.others", "platforms", list(p.w, others...)), faint)
	}
}

func (p *printer) family(f *family) {
	p.blank()
	head := f.Title
	if f.Letter != "" {
		head = p.w.T("report.family.head", "family", f.Title, "letter", f.Letter, "score", f.Score)
	}
	p.line(0, head, strong)
	if f.WhyNone != "" {
		p.line(2, f.WhyNone, plain)
	}
	at := 4
	for _, it := range f.Faults {
		at = max(at, columns(it.Label())+4)
	}
	if len(f.Unknown) > 0 {
		at = max(at, columns(f.Unknown[0].Items[0].Label())+4)
	}
	for _, it := range f.Faults {
		p.para(2, it.Label(), inkOf(it.Outcome), at, it.Title, strong)
		p.line(at, p.about(it), faint)
		p.evidence(at, it)
		if p.verbose && it.Fixed == 0 {
			p.line(at, it.Why, plain)
			p.line(at, it.Fix, plain)
			p.remedies(at, it)
		}
		if p.verbose {
			for _, ref := range it.Rule.References {
				p.line(at, ref.Title+": "+ref.URL, faint)
			}
		}
	}
	for _, g := range f.Unknown {
		p.para(2, g.Items[0].Label(), inkOf(scanner.UnknownResult), at, g.Reason, plain)
		for _, it := range g.Items {
			p.para(at, "-", plain, at+2, it.Title, plain)
		}
		p.advice(at, g.Next)
		p.detail(at, g.Detail)
	}
	p.rest(f)
}

func (p *printer) evidence(at int, it *item) {
	shown, more := it.Evidence, it.More
	if !p.verbose && len(shown) > fewEvidence {
		more += len(shown) - fewEvidence
		shown = shown[:fewEvidence]
	}
	for _, e := range shown {
		p.line(at, e.Subject+": "+e.Observed, plain)
	}
	if more > 0 {
		p.line(at, p.w.T("report.seen.more", "n", more), faint)
	}
}

// rest is what needs nobody's work: counts, or all of it.
func (p *printer) rest(f *family) {
	if s := f.Counts.in(p.w, "passed", "na"); s != "" {
		p.line(2, s, faint)
	}
	if !p.verbose {
		if !f.Concerns() { // a server that is down must not look like a family that passed
			for _, g := range f.NA {
				p.line(2, g.Reason, plain)
			}
		}
		return
	}
	if len(f.Passed) > 0 {
		p.line(2, p.w.T("report.passed"), green)
	}
	for _, it := range f.Passed {
		p.para(4, "-", plain, 6, it.Title, plain)
	}
	for _, g := range f.NA {
		p.line(2, g.Reason, faint)
		for _, it := range g.Items {
			p.para(4, "-", plain, 6, it.Title, plain)
		}
	}
}

func (p *printer) tail(v *view) {
	if v.Report.Status == scanner.Unreachable {
		return
	}
	p.blank()
	p.line(0, v.T("active.title"), strong)
	p.line(2, v.Active, plain)
}

// overviewLine is a site's line among several.
func overviewLine(v *view) func(*printer) {
	w := v.Words
	label, say := v.Verdict.Letter, v.Counts.in(w, "faults", "warnings", "unknown")
	if label == "" {
		label = "-"
		say = joined(w, v.Verdict.Spoken, say)
	} else {
		say = joined(w, v.Verdict.Score, say)
	}
	if v.Notice != nil {
		say = v.Notice.Title
	}
	letter, text := v.Verdict.Letter, v.Domain+": "+say
	return func(p *printer) { p.para(2, label, inkOfGrade(letter), 6, text, plain) }
}
