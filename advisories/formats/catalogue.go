package formats

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

const (
	// listBreak stands between the values of a list in a cell. One inside a value
	// becomes the full-width "；".
	listBreak = ";"
	// maxCell bounds one cell in bytes: spreadsheets cut at 32,767 characters.
	maxCell = 32_000
	// byteOrderMark: the catalogue holds Chinese, and is opened in Excel, which
	// takes a CSV without the mark for the code page of its Windows and shows
	// rubbish. Programs that mind it have the JSON.
	byteOrderMark = "\ufeff"
)

// public are the publications that a stranger may read and that say so, oldest
// first: what is passed in by mistake does not go out.
func public(list []advisories.Publication) []*advisories.Publication {
	var all []*advisories.Publication
	for i := range list {
		if p := &list[i]; p.Advisory.TLP == tlp.Clear && tlp.May(tlp.Reader{}, p.Audience) {
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b *advisories.Publication) int {
		return cmp.Or(a.Tracking.Initial.Compare(b.Tracking.Initial), strings.Compare(a.Tracking.ID, b.Tracking.ID))
	})
	return all
}

// CatalogueCSV is the open-data catalogue: a row for each publication that is
// TLP:CLEAR, with the columns of Dictionary, as RFC 4180 has it (CRLF, quotes)
// in UTF-8 with a byte order mark. A cell that a spreadsheet would run as a
// formula has an apostrophe before it. A text that is missing in a language is an
// empty cell.
func CatalogueCSV(list []advisories.Publication) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(byteOrderMark)
	out := csv.NewWriter(&b)
	out.UseCRLF = true // RFC 4180, 2
	columns := catalogueColumns()
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = c.name
	}
	err := out.Write(row)
	for _, p := range public(list) {
		for i, c := range columns {
			row[i] = tableCell(joined(c.value(p)))
		}
		if err == nil {
			err = out.Write(row)
		}
	}
	if out.Flush(); err == nil {
		err = out.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("formats: catalogue: %w", err)
	}
	return b.Bytes(), nil
}

// tableCell makes a text that a spreadsheet takes for text: one that begins like
// a formula (also in full-width characters, which some read alike) gets an
// apostrophe before it.
func tableCell(s string) string {
	if len(s) > maxCell {
		s = strings.ToValidUTF8(s[:maxCell], "") + "…"
	}
	if s != "" && strings.ContainsRune("=+-@＝＋－＠|%", []rune(s[:min(len(s), 4)])[0]) {
		return "'" + s
	}
	return s
}

// CatalogueJSON is the same catalogue as an object: "count", and "advisories"
// with an object for each, whose keys are the columns in their order. Lists are
// arrays, and what is not there is null.
func CatalogueJSON(list []advisories.Publication) ([]byte, error) {
	var b bytes.Buffer
	columns, all := catalogueColumns(), public(list)
	fmt.Fprintf(&b, "{\n  \"count\": %d,\n  \"advisories\": [", len(all))
	for i, p := range all {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n    {")
		for j, c := range columns {
			value, err := json.Marshal(c.value(p))
			if err != nil {
				return nil, fmt.Errorf("formats: catalogue: %s: %w", c.name, err)
			}
			if j > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "\n      %q: %s", c.name, value)
		}
		b.WriteString("\n    }")
	}
	if len(all) > 0 {
		b.WriteString("\n  ")
	}
	b.WriteString("]\n}\n")
	return b.Bytes(), nil
}
