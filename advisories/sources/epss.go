package sources

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
)

// EPSSList is FIRST's table of estimates.
type EPSSList struct {
	Model string    // "v2025.03.14"
	Date  time.Time // of the scores; that of every row
	Rows  []advisories.EPSSRow
}

const (
	maxEPSS = 128 << 20 // bytes, unpacked; the table of 2026 has 10 MB
	maxRows = 1_000_000
)

// ParseEPSS reads the table line by line: a line "#model_version:v,score_date:d",
// one with the names of the columns, then "CVE-2026-1,0.00043,0.0987". A row that
// is no good is left out, with a warning; a table without any, or cut off in the
// middle of a line, is an error, because it would take the place of a good one.
func ParseEPSS(r io.Reader) (EPSSList, []string, error) {
	var (
		list     EPSSList
		warnings notes
		header   bool
		line     int
	)
	whole := &whole{r: r}
	sc := bufio.NewScanner(whole)
	sc.Buffer(nil, 4096)
	for sc.Scan() {
		line++
		text := strings.TrimSpace(sc.Text())
		if line == 1 {
			text = strings.TrimPrefix(text, "\uFEFF")
		}
		switch {
		case text == "":
		case strings.HasPrefix(text, "#"):
			if list.Date.IsZero() {
				list.Model, list.Date = model(text)
			}
		case !header:
			if text != "cve,epss,percentile" {
				return EPSSList{}, nil, fmt.Errorf("line %d of the table should name the columns cve,epss,percentile", line)
			}
			header = true
		case len(list.Rows) == maxRows:
			return EPSSList{}, nil, fmt.Errorf("the table has more than %d rows", maxRows)
		default:
			row, err := rowOf(text)
			if err != nil {
				warnings.add("line %d: %v", line, err)
				continue
			}
			row.Date = list.Date
			list.Rows = append(list.Rows, row)
		}
	}
	switch err := sc.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return EPSSList{}, nil, fmt.Errorf("line %d of the table is too long", line+1)
	case err != nil:
		return EPSSList{}, nil, fmt.Errorf("read the table: %w", err)
	case len(list.Rows) == 0:
		return EPSSList{}, warnings, errors.New("there is not one good row in the table")
	case whole.last != '\n':
		return EPSSList{}, warnings, errors.New("the table is cut off: its last line has no end")
	}
	if list.Date.IsZero() {
		return EPSSList{}, warnings, errors.New("the table does not say of what day its scores are")
	}
	slices.SortStableFunc(list.Rows, func(a, b advisories.EPSSRow) int { return strings.Compare(a.CVE, b.CVE) })
	before := len(list.Rows)
	list.Rows = slices.CompactFunc(list.Rows, func(a, b advisories.EPSSRow) bool { return a.CVE == b.CVE })
	if twice := before - len(list.Rows); twice > 0 {
		warnings.add("%d rows are about a CVE that has one already", twice)
	}
	return list, warnings, nil
}

// model reads "#model_version:v2025.03.14,score_date:2026-11-22T12:55:00Z".
func model(line string) (version string, date time.Time) {
	for field := range strings.SplitSeq(strings.TrimPrefix(line, "#"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), ":")
		switch name {
		case "model_version":
			version = clip(value, 100)
		case "score_date":
			for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05-0700", time.DateOnly} {
				if t, err := time.Parse(layout, value); err == nil {
					date = t.UTC()
					break
				}
			}
		}
	}
	return version, date
}

func rowOf(text string) (advisories.EPSSRow, error) {
	fields := strings.Split(text, ",")
	if len(fields) != 3 || !isCVE(fields[0]) {
		return advisories.EPSSRow{}, errors.New("it is not a CVE id and two numbers")
	}
	var numbers [2]float64
	for i, f := range fields[1:] {
		n, err := strconv.ParseFloat(f, 64)
		if err != nil || !(n >= 0 && n <= 1) {
			return advisories.EPSSRow{}, fmt.Errorf("%s: %.20q is not a number from 0 to 1", fields[0], f)
		}
		numbers[i] = n
	}
	return advisories.EPSSRow{CVE: strings.Clone(fields[0]), EPSS: advisories.EPSS{Score: numbers[0], Percentile: numbers[1]}}, nil
}

// whole remembers the last byte read.
type whole struct {
	r    io.Reader
	last byte
}

func (w *whole) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if n > 0 {
		w.last = p[n-1]
	}
	return n, err
}

// withoutMark leaves out a byte order mark.
func withoutMark(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\uFEFF")) }
