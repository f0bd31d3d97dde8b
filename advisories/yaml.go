package advisories

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// MaxFile is how many bytes an advisory may have as a file.
const MaxFile = 1 << 20

// maxFileProblems is how many problems of one file are told.
const maxFileProblems = 100

// ReadYAML reads an advisory from its file: one YAML document, or JSON, which is
// YAML too. It is strict about the shape and leaves the contents to Lint: unknown,
// missing and repeated keys, other types, words that a field does not have, dates
// that are none, anchors, tags and a second document are problems, sorted by line.
// Where there is one, err is an Error of code Invalid (TooLarge above MaxFile) that
// has the problems too, and the record holds what could be read.
//
// Of a text in block form ("|") the line end after it is no part. Times are UTC.
func ReadYAML(data []byte) (Advisory, []Problem, error) {
	a, r := readYAML(data)
	return a, r.problems, r.err()
}

// LintYAML reads an advisory's file and, where that finds no problem, lints it,
// with the lines of the file.
func LintYAML(data []byte) (Advisory, []Problem) {
	a, r := readYAML(data)
	if len(r.problems) > 0 {
		return a, r.problems
	}
	problems := Lint(a)
	for i := range problems {
		problems[i].Line = r.line(problems[i].Path)
	}
	return a, problems
}

// yamlReader puts the nodes of a file into a record.
type yamlReader struct {
	problems []Problem
	lines    map[string]int // of each path
	tooLarge bool
}

func readYAML(data []byte) (Advisory, *yamlReader) {
	var a Advisory
	r := &yamlReader{lines: map[string]int{}}
	if root := r.parse(data); root != nil {
		r.value(root, "", "", reflect.ValueOf(&a).Elem())
	}
	slices.SortStableFunc(r.problems, func(x, y Problem) int { return x.Line - y.Line })
	return a, r
}

func (r *yamlReader) err() error {
	switch {
	case len(r.problems) == 0:
		return nil
	case r.tooLarge:
		return &Error{Code: TooLarge, Message: r.problems[0].Message + " " + r.problems[0].Remedy, Problems: r.problems}
	}
	p := r.problems[0]
	message := p.Message + " " + p.Remedy
	if p.Line > 0 {
		message = fmt.Sprintf("Line %d: %s", p.Line, message)
	}
	if more := len(r.problems) - 1; more > 0 {
		message += fmt.Sprintf(" (and %d more)", more)
	}
	return &Error{Code: Invalid, Message: message, Problems: r.problems}
}

// line is that of a path, or of what is nearest above it.
func (r *yamlReader) line(path string) int {
	for {
		if line, ok := r.lines[path]; ok || path == "" {
			return line
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
}

// full says that enough is wrong: the rest of the file is not read.
func (r *yamlReader) full() bool { return len(r.problems) >= maxFileProblems }

func (r *yamlReader) problem(rule, path string, line int, message, remedy string) {
	if !r.full() {
		r.problems = append(r.problems, Problem{Rule: rule, Path: path, Line: line, Message: message, Remedy: remedy})
	}
}

// parse makes nodes of a file; nil says that it is none.
func (r *yamlReader) parse(data []byte) *yaml.Node {
	switch {
	case len(data) > MaxFile:
		r.tooLarge = true
		r.problem("yaml.size", "", 0, fmt.Sprintf("The file has more than %d bytes.", MaxFile), "Shorten it, or make more than one advisory of it.")
		return nil
	case !utf8.Valid(data):
		r.problem("yaml.encoding", "", 0, "The file is not UTF-8.", "Save it as UTF-8.")
		return nil
	}
	if json.Valid(data) {
		data = plainJSON(data)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var doc, next yaml.Node
	err := decoder.Decode(&doc)
	if errors.Is(err, io.EOF) {
		r.problem("yaml.empty", "", 0, "The file is empty.", `Begin with "infohub advisory new".`)
		return nil
	}
	if err == nil {
		if err = decoder.Decode(&next); errors.Is(err, io.EOF) {
			return doc.Content[0]
		} else if err == nil {
			r.problem("yaml.documents", "", next.Line, "The file has a second document.", "Put every advisory into a file of its own.")
			return nil
		}
	}
	r.syntax(err)
	return nil
}

var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

func (r *yamlReader) syntax(err error) {
	message, line := err.Error(), 1 // the first line is not named
	if m := yamlError.FindStringSubmatch(message); m != nil {
		message = m[2]
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
		}
	}
	remedy := "Correct the line, or the one before it."
	switch {
	case strings.Contains(message, "cannot start any token"):
		remedy = `Indent by spaces, never by tabs, and put a text that begins with @, %, & or * in quotes.`
	case strings.Contains(message, "mapping values are not allowed"):
		remedy = `Put a text that has ": " in it in quotes, or in a block that begins with "|".`
	case strings.Contains(message, "did not find expected key"):
		remedy = "Indent the keys of one item equally."
	}
	r.problem("yaml.syntax", "", line, "This is not YAML: "+message+".", remedy)
}

// plainJSON writes valid JSON so that the reader of YAML takes it: it knows neither
// tabs between values, nor \/, nor pairs of escapes that make one character.
func plainJSON(data []byte) []byte {
	out := make([]byte, 0, len(data))
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == '\t': // in a string it would be escaped
			out = append(out, ' ')
		case c == '\\' && data[i+1] == 'u' && i+12 <= len(data) && data[i+6] == '\\' && data[i+7] == 'u':
			var pair string
			if err := json.Unmarshal([]byte(`"`+string(data[i:i+12])+`"`), &pair); err == nil && utf8.RuneCountInString(pair) == 1 {
				out = append(out, pair...)
				i += 11
				continue
			}
			out = append(out, c, 'u')
			i++
		case c == '\\' && data[i+1] == '/':
			out = append(out, '/')
			i++
		case c == '\\':
			out = append(out, c, data[i+1])
			i++
		default:
			out = append(out, c)
		}
	}
	return out
}
