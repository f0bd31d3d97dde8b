// Package template decides which nuclei templates infohub runs: those that only
// look. It knows the part of the language that is safe and refuses the rest,
// word by word, with the line; it does not link the engine, whose own reading
// of a template is checked again by infohub-nuclei.
//
// A leaf: scanner/probe/nucleiprobe, internal/app and cmd/infohub import it.
package template

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	// MaxFile bounds the text of one template, in bytes.
	MaxFile = 256 << 10
	// MaxPaths bounds the requests of one template.
	MaxPaths = 50
	// MaxBody bounds what a template may have read of one answer, in bytes.
	MaxBody = 1 << 20
	// maxProblems is how many problems of one file are told.
	maxProblems = 10
)

// Template is a template that may run.
type Template struct {
	ID       string // the template's own, "exposed-env-file"
	Name     string // info.name
	File     string // where it came from
	Text     string
	Requests int // how many requests it makes of one site
}

// Problem is one reason why a template does not run.
type Problem struct {
	File   string
	Line   int // from 1; 0 where no line is to blame
	Reason string
}

// Error is "file:line: reason".
func (p *Problem) Error() string {
	if p.Line == 0 {
		return p.File + ": " + p.Reason
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Reason)
}

// Check reads a template and returns it if it only looks: one block of plain
// GET or HEAD requests below the address of the site, with matchers, and with
// tags that promise no attack. The error joins up to ten *Problem values. file
// stands in them and is not opened.
func Check(file string, data []byte) (Template, error) {
	c := &checker{file: file}
	tpl := Template{File: file, Text: string(data)}
	if root := c.parse(data); root != nil {
		c.template(root, &tpl)
	}
	if len(c.problems) > 0 {
		slices.SortStableFunc(c.problems, func(a, b *Problem) int { return a.Line - b.Line })
		var all []error
		for _, p := range c.problems[:min(len(c.problems), maxProblems)] {
			all = append(all, p)
		}
		return Template{}, errors.Join(all...)
	}
	return tpl, nil
}

type checker struct {
	file     string
	problems []*Problem
}

func (c *checker) complain(n *yaml.Node, format string, args ...any) {
	p := &Problem{File: c.file, Reason: fmt.Sprintf(format, args...)}
	if n != nil {
		p.Line = n.Line
	}
	c.problems = append(c.problems, p)
}

// parse reads the text into nodes without any of the things that two readers
// of YAML could understand differently. It is nil where that fails.
func (c *checker) parse(data []byte) *yaml.Node {
	if len(data) > MaxFile {
		c.complain(nil, "it is larger than %d bytes", MaxFile)
		return nil
	}
	if i := bytes.Index(data, []byte("!include")); i >= 0 { // the engine reads files for it, even in a comment
		c.complain(&yaml.Node{Line: 1 + bytes.Count(data[:i], []byte("\n"))}, "it includes another file")
		return nil
	}
	var doc, more yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		c.complain(nil, "it is empty")
		return nil
	case err != nil:
		reason := strings.TrimPrefix(err.Error(), "yaml: ")
		p := &Problem{File: c.file, Reason: "it is no YAML: " + reason}
		if m := regexp.MustCompile(`^line (\d+): `).FindStringSubmatch(reason); m != nil {
			p.Line, _ = strconv.Atoi(m[1]) // digits
			p.Reason = "it is no YAML: " + reason[len(m[0]):]
		}
		c.problems = append(c.problems, p)
		return nil
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		c.complain(nil, "it holds more than one document")
		return nil
	}
	before := len(c.problems)
	c.plain(&doc)
	if len(c.problems) > before {
		return nil
	}
	if root := doc.Content[0]; root.Kind == yaml.MappingNode {
		return root
	}
	c.complain(doc.Content[0], "it is no template: a template has id, info and http")
	return nil
}

// plain refuses aliases, tags and keys that stand twice.
func (c *checker) plain(n *yaml.Node) {
	switch {
	case n.Kind == yaml.AliasNode, n.Anchor != "":
		c.complain(n, "anchors and aliases of YAML are not allowed")
		return
	case n.Style&yaml.TaggedStyle != 0:
		c.complain(n, "the YAML tag %s is not allowed", n.Tag)
		return
	case n.Kind == yaml.MappingNode:
		seen := map[string]bool{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if key.Kind != yaml.ScalarNode {
				c.complain(key, "a key must be a word")
			} else if seen[key.Value] {
				c.complain(key, "%s stands twice", printable(key.Value))
			}
			seen[key.Value] = true
		}
	}
	for _, child := range n.Content {
		c.plain(child)
	}
}

// fields are the values of a mapping by their keys; keys that are not in known
// are refused, with the reason where why has one.
func (c *checker) fields(n *yaml.Node, where string, known []string, why map[string]string) map[string]*yaml.Node {
	out := map[string]*yaml.Node{}
	if n.Kind != yaml.MappingNode {
		c.complain(n, "%s must have keys and values", where)
		return out
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch reason := why[key.Value]; {
		case slices.Contains(known, key.Value):
			out[key.Value] = n.Content[i+1]
		case reason != "":
			c.complain(key, "%s", reason)
		default:
			c.complain(key, "%s of %s is not among what infohub runs", printable(key.Value), where)
		}
	}
	return out
}

// list are the items of a list, or of a single value in place of one.
func (c *checker) list(n *yaml.Node, what string) []*yaml.Node {
	switch {
	case n == nil:
		return nil
	case n.Kind == yaml.SequenceNode:
		return n.Content
	case n.Kind == yaml.ScalarNode && n.Tag != "!!null":
		return []*yaml.Node{n}
	}
	c.complain(n, "%s must be a list", what)
	return nil
}

// printable keeps what a stranger wrote to one short line.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if strconv.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
	if r := []rune(s); len(r) > 60 {
		s = string(r[:60]) + "..."
	}
	return strconv.Quote(s)
}
