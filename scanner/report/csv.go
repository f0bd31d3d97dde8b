package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

// csvColumns are the names of the columns, which stay the same in every
// language; a later program may add some at the end.
var csvColumns = [...]string{
	"domain", "scanned", "status", "grade", "score", "family", "rule", "outcome", "severity", "title",
	"owner", "effort_minutes", "evidence", "reason", "fix",
}

// maxCell bounds one cell in bytes: spreadsheets cut at 32,767 characters.
const maxCell = 32_000

func csvHead(w io.Writer) error { return csvLine(w, csvColumns[:]) }

// csvRows writes one row for each finding (RFC 4180, UTF-8 without a byte order
// mark). A report without findings, of a site that was not reached, is one row
// with the reason, so that it is not mistaken for a clean one.
func csvRows(w io.Writer, r *scanner.Report, opts Options) error {
	words := opts.words()
	score := ""
	if r.Grade.Letter != "" {
		score = strconv.Itoa(r.Grade.Score)
	}
	site := []string{r.Target.Domain, r.Started.UTC().Format(time.RFC3339), string(r.Status), r.Grade.Letter, score}
	if len(r.Findings) == 0 {
		row := make([]string, len(csvColumns))
		copy(row, site)
		if r.Reason != nil {
			row[13] = r.Reason.Error()
		}
		return csvLine(w, row)
	}
	for _, f := range r.Findings {
		it := newItem(r, f, opts, words)
		row := append(site[:len(site):len(site)], it.Rule.Family, it.Rule.ID, string(f.Outcome), string(it.Rule.Severity), it.Title)
		reason := string(f.Because)
		if f.Failure != nil {
			reason = f.Failure.Error()
		}
		if f.Outcome == scanner.Fail || f.Outcome == scanner.Warn {
			row = append(row, string(it.Rule.Owner), strconv.Itoa(it.Rule.Effort), it.seen(), reason, it.Fix)
		} else {
			row = append(row, "", "", it.seen(), reason, "")
		}
		if err := csvLine(w, row); err != nil {
			return err
		}
	}
	return nil
}

// seen is the evidence in one line.
func (it *item) seen() string {
	var all []string
	for _, e := range it.Evidence {
		all = append(all, e.Subject+": "+e.Observed)
	}
	if it.More > 0 {
		all = append(all, it.T("report.seen.more", "n", it.More))
	}
	return strings.Join(all, " | ")
}

func csvLine(w io.Writer, row []string) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true // RFC 4180, 2
	cells := make([]string, len(row))
	for i, s := range row {
		cells[i] = cell(s)
	}
	if err := out.Write(cells); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// cell makes a text that a spreadsheet takes for text: one that begins like a
// formula (also in full-width characters, which some read alike) gets an
// apostrophe before it.
func cell(s string) string {
	s = cleanTo(strings.Join(strings.Fields(s), " "), maxCell)
	if s != "" && strings.ContainsRune("=+-@＝＋－＠|%", []rune(s)[0]) {
		return "'" + s
	}
	return s
}
