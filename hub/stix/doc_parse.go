package stix

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of what a Parser accepts.
const (
	// MaxDepth is how many lists and objects may be open at once.
	MaxDepth = 64
	// MaxNodes is how many values a text may have. At 28 bytes each they take
	// 56 MB.
	MaxNodes = 2_000_000
	// MaxSize is how many bytes a text may have.
	MaxSize = 1 << 30
)

const (
	keptNodes = 1 << 16 // a parser that has seen more gives the memory back
	fewNames  = 32      // up to so many names are compared each with each
)

// Parser parses JSON texts (RFC 8259, in UTF-8). It uses its memory again: the
// values of one text are Missing once the next is parsed. The zero Parser is
// ready. It is not for concurrent use.
type Parser struct {
	data       []byte
	text       string // of data: what Text returns points here, and stays when data changes
	pos        int
	valid      bool // the text is UTF-8
	nodes      []node
	generation uint32
	names      []string // to find one that is there twice
}

// Parse parses one JSON text. The values point into data, which must not change
// as long as they are used. Every error is a *SyntaxError. Beyond what RFC 8259
// refuses: a name twice in one object, surrogate escapes without their other half,
// invalid UTF-8, a byte order mark, and what goes beyond MaxDepth, MaxNodes and
// MaxSize.
func (p *Parser) Parse(data []byte) (Value, error) {
	p.generation++
	if cap(p.nodes) > keptNodes {
		p.nodes = nil
	}
	p.nodes, p.pos = p.nodes[:0], 0
	if len(data) > MaxSize {
		p.data, p.text = nil, ""
		return Value{}, &SyntaxError{Reason: fmt.Sprintf("%d bytes are more than the %d that are read", len(data), MaxSize)}
	}
	p.data, p.text = data, string(data)
	p.valid = utf8.ValidString(p.text)
	if strings.HasPrefix(p.text, "\uFEFF") {
		return Value{}, p.fail("a byte order mark is not part of JSON")
	}
	p.space()
	if err := p.value(node{}, 0); err != nil {
		return Value{}, err
	}
	p.space()
	if p.pos < len(p.text) {
		return Value{}, p.fail("text follows the value")
	}
	return Value{p, 0, p.generation}, nil
}

func (p *Parser) space() {
	for p.pos < len(p.text) {
		switch p.text[p.pos] {
		case ' ', '\n', '\t', '\r':
			p.pos++
		default:
			return
		}
	}
}

// next is the byte at the position, 0 at the end of the text. A byte of 0 itself
// is nowhere what is looked for.
func (p *Parser) next() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

// value reads the value at the position. n has its name, if it is a member.
func (p *Parser) value(n node, depth int) *SyntaxError {
	index := len(p.nodes)
	if index >= MaxNodes {
		return p.fail("more than %d values", MaxNodes)
	}
	n.start = uint32(p.pos)
	if index == cap(p.nodes) && index >= keptNodes {
		p.grow()
	}
	p.nodes = append(p.nodes, n)
	var err *SyntaxError
	switch c := p.next(); c {
	case '"':
		n.kind = String
		n.escaped, err = p.quoted()
	case '{', '[':
		if depth == MaxDepth {
			return p.fail("more than %d lists and objects are open", MaxDepth)
		}
		if c == '[' {
			n.kind = List
			n.count, err = p.list(depth + 1)
		} else {
			n.kind = Object
			n.count, n.anyNamesEscaped, err = p.object(depth + 1)
		}
	case 't':
		n.kind, err = Boolean, p.word("true")
	case 'f':
		n.kind, err = Boolean, p.word("false")
	case 'n':
		n.kind, err = Null, p.word("null")
	default:
		n.kind, err = Number, p.number()
	}
	if err != nil {
		return err
	}
	n.end, n.next = uint32(p.pos), uint32(len(p.nodes))
	p.nodes[index] = n
	if n.kind == Object && n.count > 1 {
		return p.repeated(index)
	}
	return nil
}

// grow makes room for as many values as the rest of the text can have, once:
// growing step by step would take several times the memory. A value is the first
// of a list or an object, or follows a comma.
func (p *Parser) grow() {
	rest := p.text[p.pos:]
	most := 1 + strings.Count(rest, ",") + strings.Count(rest, "[") + strings.Count(rest, "{")
	p.nodes = slices.Grow(p.nodes, min(most, MaxNodes-len(p.nodes)))
}

func (p *Parser) list(depth int) (count uint32, err *SyntaxError) {
	p.pos++
	p.space()
	if p.next() == ']' {
		p.pos++
		return 0, nil
	}
	for {
		p.space()
		if err := p.value(node{}, depth); err != nil {
			return 0, err.within("[" + strconv.Itoa(int(count)) + "]")
		}
		count++
		p.space()
		switch p.next() {
		case ',':
			p.pos++
		case ']':
			p.pos++
			return count, nil
		default:
			return 0, p.unexpected("a comma or the list's end")
		}
	}
}

func (p *Parser) object(depth int) (count uint32, escaped bool, err *SyntaxError) {
	p.pos++
	p.space()
	if p.next() == '}' {
		p.pos++
		return 0, false, nil
	}
	for {
		p.space()
		if p.next() != '"' {
			return 0, false, p.unexpected("a name in double quotes")
		}
		n := node{name: uint32(p.pos + 1)}
		if n.nameEscaped, err = p.quoted(); err != nil {
			return 0, false, err
		}
		n.nameEnd = uint32(p.pos - 1)
		escaped = escaped || n.nameEscaped
		p.space()
		if p.next() != ':' {
			return 0, false, p.unexpected("a colon").within(step(p.nameOf(&n)))
		}
		p.pos++
		p.space()
		if err := p.value(n, depth); err != nil {
			return 0, false, err.within(step(p.nameOf(&n)))
		}
		count++
		p.space()
		switch p.next() {
		case ',':
			p.pos++
		case '}':
			p.pos++
			return count, escaped, nil
		default:
			return 0, false, p.unexpected("a comma or the object's end")
		}
	}
}

func (p *Parser) word(word string) *SyntaxError {
	if !strings.HasPrefix(p.text[p.pos:], word) {
		return p.unexpected("a value")
	}
	p.pos += len(word)
	return nil
}

func (p *Parser) digits() bool {
	from := p.pos
	for c := p.next(); c >= '0' && c <= '9'; c = p.next() {
		p.pos++
	}
	return p.pos > from
}

func (p *Parser) number() *SyntaxError {
	if c := p.next(); c != '-' && (c < '0' || c > '9') {
		return p.unexpected("a value")
	}
	if p.next() == '-' {
		p.pos++
	}
	if p.next() == '0' {
		p.pos++ // what digits follow is told by whoever expects a comma
	} else if !p.digits() {
		return p.unexpected("a digit")
	}
	if p.next() == '.' {
		p.pos++
		if !p.digits() {
			return p.unexpected("a digit")
		}
	}
	if c := p.next(); c == 'e' || c == 'E' {
		p.pos++
		if c := p.next(); c == '+' || c == '-' {
			p.pos++
		}
		if !p.digits() {
			return p.unexpected("a digit")
		}
	}
	return nil
}

// repeated refuses an object that has a name twice: one reader would take the
// first and another the last.
func (p *Parser) repeated(index int) *SyntaxError {
	object := &p.nodes[index]
	if object.count <= fewNames && !object.anyNamesEscaped {
		for i := uint32(index) + 1; i < object.next; i = p.nodes[i].next {
			a := &p.nodes[i]
			name := p.text[a.name:a.nameEnd]
			for j := a.next; j < object.next; j = p.nodes[j].next {
				if b := &p.nodes[j]; p.text[b.name:b.nameEnd] == name {
					return p.twice(name, b.name)
				}
			}
		}
		return nil
	}
	p.names = slices.Grow(p.names[:0], int(object.count))
	for i := uint32(index) + 1; i < object.next; i = p.nodes[i].next {
		p.names = append(p.names, p.nameOf(&p.nodes[i]))
	}
	slices.Sort(p.names)
	for i := 1; i < len(p.names); i++ {
		if p.names[i] == p.names[i-1] {
			return p.twice(p.names[i], object.start)
		}
	}
	clear(p.names)
	if cap(p.names) > keptNodes {
		p.names = nil
	}
	return nil
}
