package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"time"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
)

// Bounds of stored reports. A report of our own is under 200 KiB.
const (
	maxDocument = 256 << 20 // bytes; it is read as a whole
	maxReport   = 16 << 20  // bytes; one line
)

// ReadError is a stored report that cannot be read.
type ReadError struct {
	Line   int   // from 1
	Offset int64 // in bytes, from 0
	Reason string
}

func (e *ReadError) Error() string {
	return fmt.Sprintf("line %d, byte %d: %s", e.Line, e.Offset, e.Reason)
}

// documentStart tells JSON's document from JSONLine's lines.
var documentStart = regexp.MustCompile(`^\s*\{\s*("version"\s*:\s*[0-9]+\s*,\s*)?"reports"\s*:`)

// Read gives each the reports that JSON or JSONLine wrote, in their order, and
// ends at the first error: a *ReadError, one of the reader or one of each. A
// document may have 256 MiB; lines, which are read one by one, 16 MiB each.
// Properties that it does not know are left out. What it gives is well formed,
// but is as untrusted as whoever kept the file.
func Read(r io.Reader, each func(*scanner.Report) error) error {
	in := bufio.NewReaderSize(r, 64<<10)
	if bom, err := in.Peek(3); err == nil && string(bom) == "\uFEFF" {
		_, _ = in.Discard(3) // what was peeked at is there
	}
	start, err := in.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("report: %w", err)
	}
	if len(bytes.TrimSpace(start)) == 0 && len(start) < 512 {
		return &ReadError{Line: 1, Reason: "it is empty"}
	}
	if documentStart.Match(start) {
		return readDocument(in, each)
	}
	return readLines(in, each)
}

func readDocument(in io.Reader, each func(*scanner.Report) error) error {
	data, err := io.ReadAll(io.LimitReader(in, maxDocument+1))
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	at := func(offset int, reason string) error {
		offset = min(offset, len(data))
		return &ReadError{Line: 1 + bytes.Count(data[:offset], []byte("\n")), Offset: int64(offset), Reason: reason}
	}
	if len(data) > maxDocument {
		return at(0, fmt.Sprintf("it is over %d MiB: keep many reports as --format jsonl, which is read line by line", maxDocument>>20))
	}
	var doc struct {
		Version int
		Reports []json.RawMessage
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return at(faultOf(err))
	}
	if doc.Version != scanner.ReportVersion {
		return at(0, versionReason(doc.Version))
	}
	pos := 0
	for _, raw := range doc.Reports {
		pos += max(bytes.Index(data[pos:], raw), 0)
		report, offset, reason := decode(raw)
		if reason != "" {
			return at(pos+offset, reason)
		}
		if err := each(report); err != nil {
			return err
		}
		pos += len(raw)
	}
	return nil
}

func readLines(in io.Reader, each func(*scanner.Report) error) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxReport)
	lines.Split(wholeLines)
	var pos int64
	n := 0
	for lines.Scan() {
		n++
		line := lines.Bytes()
		if len(bytes.TrimSpace(line)) > 0 {
			report, offset, reason := decode(line)
			if reason != "" {
				return &ReadError{Line: n, Offset: pos + int64(offset), Reason: reason}
			}
			if err := each(report); err != nil {
				return err
			}
		}
		pos += int64(len(line))
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return &ReadError{Line: n + 1, Offset: pos, Reason: fmt.Sprintf("the line is over %d MiB", maxReport>>20)}
	}
	if lines.Err() != nil {
		return fmt.Errorf("report: %w", lines.Err())
	}
	return nil
}

// wholeLines splits at line ends and keeps them, so that offsets add up.
func wholeLines(data []byte, atEOF bool) (int, []byte, error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i+1], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// decode reads one report; reason says what is wrong with it, at an offset.
func decode(data []byte) (r *scanner.Report, offset int, reason string) {
	r = &scanner.Report{}
	if err := json.Unmarshal(data, r); err != nil {
		offset, reason = faultOf(err)
		var day *time.ParseError
		if errors.As(err, &day) {
			offset = find(data, day.Value)
		}
		return nil, offset, reason
	}
	reason, value := implausible(r)
	if r.Version == 0 && bytes.Contains(data, []byte(`"facts_version"`)) {
		reason = "these are facts, not a report: 'infohub rejudge' judges them"
	}
	return r, find(data, value), reason
}

// find is where a value stands first in data, 0 if it is not to be found.
func find(data []byte, value string) int {
	quoted, err := json.Marshal(value)
	if err != nil || value == "" {
		return 0
	}
	return max(bytes.Index(data, quoted), 0)
}

func faultOf(err error) (offset int, reason string) {
	var (
		syntax *json.SyntaxError
		typ    *json.UnmarshalTypeError
	)
	switch {
	case errors.As(err, &syntax):
		return int(syntax.Offset), "it is no good JSON: " + syntax.Error()
	case errors.As(err, &typ):
		field := scanner.Printable(typ.Field, 60)
		if field == "" {
			field = "a report"
		}
		return int(typ.Offset), fmt.Sprintf("%s has a value of the wrong kind (%s)", field, typ.Value)
	}
	return 0, scanner.Printable(err.Error(), 200)
}

func versionReason(v int) string {
	return fmt.Sprintf("its version is %d, and this program reads version %d", v, scanner.ReportVersion)
}

// code is the form of every word that machines use; words are looked up by it,
// and one that there are no words for is shown as it is.
var code = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// Check tells whether a report that was not made by a scan of this process is
// well formed: its codes are codes and its grades are grades.
func Check(r *scanner.Report) error {
	if reason, _ := implausible(r); reason != "" {
		return errors.New(reason)
	}
	return nil
}

// implausible says why a report is none of ours, "" if nothing speaks against
// it, and the value that does.
func implausible(r *scanner.Report) (reason, value string) {
	if r.Version != scanner.ReportVersion {
		return versionReason(r.Version), ""
	}
	if t, err := scanner.ParseTarget(r.Target.Domain); err != nil || t.Domain != r.Target.Domain {
		return fmt.Sprintf("target.domain %q is no domain", scanner.Printable(r.Target.Domain, 60)), r.Target.Domain
	}
	if !slices.Contains([]scanner.Status{scanner.Complete, scanner.Incomplete, scanner.Unreachable}, r.Status) {
		return fmt.Sprintf("there is no status %q", scanner.Printable(string(r.Status), 60)), string(r.Status)
	}
	codes := []string{string(r.Active)}
	if r.Authorisation != nil {
		codes = append(codes, string(r.Authorisation.How))
	}
	grades := []scanner.Grade{r.Grade}
	failures := []*scanner.Failure{r.Reason}
	for _, f := range r.Families {
		codes, grades = append(codes, f.Family), append(grades, f.Grade)
	}
	for _, p := range r.Probes {
		failures = append(failures, p.Failure)
	}
	for _, f := range r.Findings {
		if !slices.Contains([]scanner.Outcome{scanner.Pass, scanner.Fail, scanner.Warn, scanner.NotApplicable, scanner.UnknownResult}, f.Outcome) {
			return fmt.Sprintf("there is no outcome %q", scanner.Printable(string(f.Outcome), 60)), string(f.Outcome)
		}
		if f.Rule == "" {
			return "a finding has no rule", ""
		}
		if f.Because != "" {
			codes = append(codes, string(f.Because))
		}
		failures = append(failures, f.Failure)
	}
	for _, f := range failures {
		if f != nil {
			codes = append(codes, string(f.Kind))
		}
	}
	for _, c := range codes {
		if !code.MatchString(c) {
			return fmt.Sprintf("%q is no code", scanner.Printable(c, 60)), c
		}
	}
	for _, g := range grades {
		if !slices.Contains([]string{"", "A+", "A", "B", "C", "D", "E", "F"}, g.Letter) || g.Score < 0 || g.Score > 100 ||
			g.Cap != "" && !slices.Contains(rules.Severities(), g.Cap) {
			return fmt.Sprintf("there is no grade %q of %d points", scanner.Printable(g.Letter, 20), g.Score), g.Letter
		}
	}
	return "", ""
}
