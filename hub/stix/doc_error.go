package stix

import (
	"fmt"
	"unicode/utf8"
)

// SyntaxError says where a text is no JSON that is accepted here.
type SyntaxError struct {
	Offset int    // in bytes, from 0
	Path   string // of the value, such as "objects[3].name"; "" for the whole
	Reason string
}

// Error is one line, such as
//
//	byte 17, objects[3].name: the name "name" is there twice
func (e *SyntaxError) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("byte %d: %s", e.Offset, e.Reason)
	}
	return fmt.Sprintf("byte %d, %s: %s", e.Offset, e.Path, e.Reason)
}

func (p *Parser) fail(format string, args ...any) *SyntaxError {
	return &SyntaxError{Offset: p.pos, Reason: fmt.Sprintf(format, args...)}
}

// within puts a step before the error's path.
func (e *SyntaxError) within(step string) *SyntaxError {
	if e.Path == "" {
		e.Path = step
	} else {
		e.Path = join(step, e.Path)
	}
	return e
}

// unexpected says what was expected and what is there.
func (p *Parser) unexpected(wanted string) *SyntaxError {
	if p.pos >= len(p.text) {
		return p.fail("the text ends where %s was expected", wanted)
	}
	c := p.text[p.pos]
	if c < ' ' || c >= utf8.RuneSelf {
		return p.fail("%s was expected, not byte 0x%02X", wanted, c)
	}
	return p.fail("%s was expected, not %q", wanted, rune(c))
}

func (p *Parser) twice(name string, offset uint32) *SyntaxError {
	err := p.fail("the name is there twice in one object")
	err.Offset = int(offset)
	return err.within(step(name))
}
