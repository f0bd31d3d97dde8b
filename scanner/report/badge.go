package report

import (
	"fmt"
	"html"
	"io"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Badge writes a report's grade as a small SVG image, 20 pixels high. The grade
// is a letter as well as a colour; title and description say whose it is and of
// when. It holds no script and loads nothing.
func Badge(w io.Writer, r *scanner.Report, opts Options) error {
	v := newView(r, opts)
	label, value := v.T("product"), v.Verdict.Letter
	if value == "" {
		value = v.Verdict.Spoken
	}
	left, right := 6*columns(label)+badgePad, 7*columns(value)+badgePad // bold is wider
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="20" role="img" aria-labelledby="t d" lang="%s">
<title id="t">%s</title>
<desc id="d">%s</desc>
<rect width="%d" height="20" fill="%s"/>
<rect x="%d" width="%d" height="20" fill="%s"/>
<g fill="%s" text-anchor="middle" font-family="Verdana, 'Noto Sans', 'Noto Sans CJK HK', sans-serif" font-size="11">
<text x="%d" y="14" textLength="%d">%s</text>
<text x="%d" y="14" textLength="%d" font-weight="bold">%s</text>
</g>
</svg>
`,
		left+right, htmlLang(v.Lang), html.EscapeString(v.T("report.head", "domain", v.Domain, "grade", v.Verdict.Spoken)),
		html.EscapeString(v.T("report.date.sentence", "date", v.Checked, "seconds", v.Seconds)),
		left, badgeLabel, left, right, badgeColour(v.Verdict.Letter), badgeInk,
		left/2, left-badgePad, html.EscapeString(label), left+right/2, right-badgePad, html.EscapeString(value))
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

const (
	badgePad   = 12 // pixels beside a text, both sides together
	badgeInk   = "#ffffff"
	badgeLabel = "#3b434a"
)

// badgeColour is the colour that page.css has for the grade.
func badgeColour(letter string) string {
	switch letter {
	case "A+", "A":
		return "#00653a"
	case "B":
		return "#4a6a00"
	case "C":
		return "#8a5700"
	case "D":
		return "#a84300"
	case "E":
		return "#b3251b"
	case "F":
		return "#84123a"
	}
	return "#505a63"
}
