package report

import (
	"errors"
	"fmt"
	"io"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Format is a form of reports; its value is what --format takes.
type Format string

// The formats.
const (
	FormatText     Format = "text"
	FormatJSON     Format = "json"  // one document
	FormatJSONL    Format = "jsonl" // one report a line
	FormatHTML     Format = "html"
	FormatSARIF    Format = "sarif"
	FormatCSV      Format = "csv"
	FormatMarkdown Format = "markdown"
	FormatJUnit    Format = "junit"
	FormatBadge    Format = "badge"
)

// Formats returns all formats, in the order in which help lists them.
func Formats() []Format {
	return []Format{FormatText, FormatJSON, FormatJSONL, FormatHTML, FormatSARIF, FormatCSV, FormatMarkdown, FormatJUnit, FormatBadge}
}

// Single tells whether a document of this format holds one report and no more.
func (f Format) Single() bool { return f == FormatHTML || f == FormatBadge }

// errSecond is a second report for a format that is Single.
var errSecond = errors.New("report: this format holds one report")

// Stream writes reports in one format as they come. None is kept, so that ten
// thousand take no more memory than one.
type Stream struct {
	w     io.Writer
	count int
	// open begins the document, add writes a report, close ends the document;
	// open and close may be nil. between stands before each report but the first.
	open    func() error
	add     func(*scanner.Report) error
	between string
	close   func() error
}

// NewStream begins a document for w. many says that there may be several
// reports: JSON is then written compactly, piece by piece. An error is a format
// that does not exist.
func NewStream(w io.Writer, f Format, many bool, opts Options) (*Stream, error) {
	s := &Stream{w: w}
	s.add = func(r *scanner.Report) error { return s.addTo(f, r, opts) }
	switch f {
	case FormatText:
		texts := NewTexts(w, opts)
		s.add, s.close = texts.Add, texts.Close
	case FormatJSON:
		if !many {
			s.add = func(r *scanner.Report) error { return JSON(w, []*scanner.Report{r}, opts) }
			break
		}
		s.around(fmt.Sprintf("{\"version\":%d,\"reports\":[\n", scanner.ReportVersion), ",", "]}\n")
		s.add = func(r *scanner.Report) error { return JSONLine(w, r, opts) }
	case FormatSARIF:
		s.around(sarifHead, ",\n", "]}\n")
	case FormatJUnit:
		s.around(junitHead, "", junitFoot)
	case FormatMarkdown:
		s.between = "\n"
	case FormatCSV:
		s.open = func() error { return csvHead(w) }
	case FormatJSONL, FormatHTML, FormatBadge:
	default:
		return nil, fmt.Errorf("report: there is no format %q", f)
	}
	return s, nil
}

func (s *Stream) around(head, between, foot string) {
	s.open, s.between = func() error { return s.print(head) }, between
	s.close = func() error { return s.print(foot) }
}

func (s *Stream) addTo(f Format, r *scanner.Report, opts Options) error {
	if f.Single() && s.count > 1 {
		return errSecond
	}
	switch f {
	case FormatJSONL:
		return JSONLine(s.w, r, opts)
	case FormatHTML:
		return HTML(s.w, r, opts)
	case FormatSARIF:
		return sarifRunOf(s.w, r, opts)
	case FormatCSV:
		return csvRows(s.w, r, opts)
	case FormatJUnit:
		return junitSuiteOf(s.w, r, opts)
	case FormatMarkdown:
		return Markdown(s.w, r, opts)
	}
	return Badge(s.w, r, opts)
}

func (s *Stream) print(text string) error {
	if _, err := io.WriteString(s.w, text); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// begin opens the document once.
func (s *Stream) begin() error {
	if s.open == nil {
		return nil
	}
	open := s.open
	s.open = nil
	return open()
}

// Add writes one report.
func (s *Stream) Add(r *scanner.Report) error {
	if err := s.begin(); err != nil {
		return err
	}
	if s.count++; s.count > 1 {
		if err := s.print(s.between); err != nil {
			return err
		}
	}
	return s.add(r)
}

// Close ends the document; one that nothing was added to is still a document
// of its format, where the format has empty ones.
func (s *Stream) Close() error {
	if err := s.begin(); err != nil {
		return err
	}
	if s.close == nil {
		return nil
	}
	return s.close()
}
