package scanner

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Record is the facts of one scan as they are kept in a file, one line of JSON
// each, to be judged again by newer rules.
type Record struct {
	Version int    `json:"facts_version"` // RecordVersion
	Program string `json:"program"`       // that collected them, "infohub 0.1.0"
	Millis  int64  `json:"millis"`        // how long the scan took
	Facts   *Facts `json:"facts"`
}

// RecordVersion is the version of Record's JSON form. A new field of Facts
// needs no new version: the checks take facts without it for not known.
const RecordVersion = 1

// maxRecord bounds a line, in bytes; facts are usually under 100 KiB.
const maxRecord = 16 << 20

// Write writes the record as one line.
func (r Record) Write(w io.Writer) error {
	if err := json.NewEncoder(w).Encode(r); err != nil {
		return fmt.Errorf("facts: %w", err)
	}
	return nil
}

// RecordError is a line of kept facts that cannot be read.
type RecordError struct {
	Line   int // from 1
	Reason string
}

func (e *RecordError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// ReadRecords gives each the records of r with their lines (from 1), in their
// order, and ends at the first error: a *RecordError, one of the reader or one of each. What it gives
// is well formed, but as untrusted as whoever kept the file.
func ReadRecords(r io.Reader, each func(line int, rec Record) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxRecord)
	n, records := 0, 0
	for lines.Scan() {
		n++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		rec, reason := readRecord(lines.Bytes())
		if reason != "" {
			return &RecordError{n, reason}
		}
		records++
		if err := each(n, rec); err != nil {
			return err
		}
	}
	switch {
	case errors.Is(lines.Err(), bufio.ErrTooLong):
		return &RecordError{n + 1, fmt.Sprintf("the line is over %d MiB", maxRecord>>20)}
	case lines.Err() != nil:
		return fmt.Errorf("facts: %w", lines.Err())
	case records == 0:
		return &RecordError{1, "there are no facts in it: 'infohub scan --keep-facts FILE' writes some"}
	}
	return nil
}

func readRecord(line []byte) (rec Record, reason string) {
	if err := json.Unmarshal(line, &rec); err != nil {
		var typ *json.UnmarshalTypeError
		if errors.As(err, &typ) {
			return rec, fmt.Sprintf("%s has a value of the wrong kind (%s)", Printable(typ.Field, 80), typ.Value)
		}
		return rec, "it is no good JSON: " + Printable(err.Error(), 200)
	}
	f := rec.Facts
	switch {
	case rec.Version == 0 && bytes.Contains(line, []byte(`"findings"`)):
		return rec, "it is a report, not facts: 'infohub report render' shows it"
	case rec.Version != RecordVersion:
		return rec, fmt.Sprintf("its facts_version is %d, and this program reads %d", rec.Version, RecordVersion)
	case f == nil:
		return rec, "facts are missing"
	case f.Started.IsZero():
		return rec, "facts.started is missing"
	}
	if t, err := ParseTarget(f.Target.Domain); err != nil || t.Domain != f.Target.Domain {
		return rec, fmt.Sprintf("facts.target.domain %q is no domain", Printable(f.Target.Domain, 60))
	}
	for _, p := range f.Probes {
		if strings.TrimSpace(p.Name) == "" {
			return rec, "a probe of facts.probes has no name"
		}
	}
	return rec, ""
}
