package pattern

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Parse reads a pattern by the grammar of STIX 2.1, section 9. Every error is a
// *SyntaxError. Patterns of STIX 2.0 whose START and STOP are strings are refused,
// as 2.1 does.
func Parse(src string) (*Pattern, error) {
	if len(src) > MaxLength {
		return nil, errorAt("", 0, SyntaxError{Detail: fmt.Sprintf("the pattern is longer than %d bytes", MaxLength)})
	}
	if !utf8.ValidString(src) {
		return nil, errorAt("", 0, SyntaxError{Detail: "the pattern is not valid UTF-8"})
	}
	p := &parser{lex: lexer{src: src, signs: signs()}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	root, err := p.observations()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokEnd {
		return nil, p.expected("AND", "OR", "FOLLOWEDBY", "START", "WITHIN", "REPEATS", "the end")
	}
	out := &Pattern{Root: root}
	// Only the spaces that printing adds make a pattern longer, at most two a token.
	if len(src) > MaxLength/3 && len(out.String()) > MaxLength {
		return nil, errorAt("", 0, SyntaxError{Detail: fmt.Sprintf("the pattern's canonical form is longer than %d bytes", MaxLength)})
	}
	return out, nil
}

type parser struct {
	lex   lexer
	tok   token // the one that is looked at
	depth int   // parentheses open
}

func (p *parser) advance() error {
	t, err := p.lex.next()
	if err != nil {
		return err
	}
	p.tok = t
	return nil
}

// expected is the error that the current token is none of what could stand there.
func (p *parser) expected(what ...string) error {
	return p.expectedHint("", what...)
}

func (p *parser) expectedHint(hint string, what ...string) error {
	found := "the end"
	if p.tok.kind != tokEnd {
		found = quote(p.lex.src[p.tok.start:p.tok.end])
	}
	if upper := strings.ToUpper(p.tok.text); hint == "" && p.tok.kind == tokName && (keyword(upper) || upper == "TRUE" || upper == "FALSE") {
		hint = "keywords are written in capitals, true and false in small letters"
	}
	return errorAt(p.lex.src, p.tok.start, SyntaxError{Expected: what, Found: found, Detail: hint})
}

// take passes over a token if it is the next one.
func (p *parser) take(kind tokenKind, text string) (bool, error) {
	if !p.tok.is(kind, text) {
		return false, nil
	}
	return true, p.advance()
}

// need passes over a token that must be the next one; what could have stood there
// besides it is for the error.
func (p *parser) need(kind tokenKind, text string, besides ...string) error {
	ok, err := p.take(kind, text)
	if err == nil && !ok {
		return p.expected(append([]string{`"` + text + `"`}, besides...)...)
	}
	return err
}

// open and shut count parentheses.
func (p *parser) open() error {
	if p.depth++; p.depth > MaxDepth {
		return p.lex.fail(p.tok.start, fmt.Sprintf("more than %d parentheses are open", MaxDepth))
	}
	return p.advance()
}

func (p *parser) shut(besides ...string) error {
	p.depth--
	return p.need(tokSign, ")", besides...)
}

// list reads operands with one connective between them.
func list[T any](p *parser, by Connective, operand func() (T, error)) ([]T, error) {
	var terms []T
	for {
		t, err := operand()
		if err != nil {
			return nil, err
		}
		terms = append(terms, t)
		if more, err := p.take(tokKeyword, string(by)); err != nil || !more {
			return terms, err
		}
	}
}

// observations reads the three levels of observation operators (9.5.2).
func (p *parser) observations() (Observation, error) {
	level := p.observation
	for _, by := range []Connective{And, Or, FollowedBy} {
		tighter := level
		level = func() (Observation, error) {
			terms, err := list(p, by, tighter)
			if err != nil || len(terms) == 1 {
				return first(terms), err
			}
			j := &Joined{By: by}
			for _, t := range terms {
				if in, ok := t.(*Joined); ok && in.By == by {
					j.Terms = append(j.Terms, in.Terms...)
					continue
				}
				j.Terms = append(j.Terms, t)
			}
			return j, nil
		}
	}
	return level()
}

func first[T any](terms []T) T {
	var none T
	if len(terms) == 0 {
		return none
	}
	return terms[0]
}

// observation reads brackets or parentheses, and the qualifiers after them (9.5).
func (p *parser) observation() (Observation, error) {
	var of Observation
	switch {
	case p.tok.is(tokSign, "["):
		if err := p.advance(); err != nil {
			return nil, err
		}
		test, err := p.comparisons()
		if err != nil {
			return nil, err
		}
		if err := p.need(tokSign, "]", "AND", "OR"); err != nil {
			return nil, err
		}
		of = &Bracket{Test: test}
	case p.tok.is(tokSign, "("):
		if err := p.open(); err != nil {
			return nil, err
		}
		in, err := p.observations()
		if err != nil {
			return nil, err
		}
		if err := p.shut("AND", "OR", "FOLLOWEDBY", "START", "WITHIN", "REPEATS"); err != nil {
			return nil, err
		}
		of = in
	default:
		return nil, p.expected(`"["`, `"("`)
	}
	qualifiers, err := p.qualifiers()
	if err != nil || len(qualifiers) == 0 {
		return of, err
	}
	return &Qualified{Of: of, Qualifiers: qualifiers}, nil
}

// qualifiers reads what may follow an observation expression, each kind once (9.5.1).
func (p *parser) qualifiers() ([]Qualifier, error) {
	var out []Qualifier
	for p.tok.kind == tokKeyword {
		kind := QualifierKind(p.tok.text)
		if kind != StartStop && kind != Within && kind != Repeats {
			break
		}
		if slices.ContainsFunc(out, func(q Qualifier) bool { return q.Kind == kind }) {
			return nil, p.lex.fail(p.tok.start, fmt.Sprintf("an observation expression has only one %s", kind))
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
		q := Qualifier{Kind: kind}
		var err error
		switch kind {
		case StartStop:
			if q.Start, err = p.timestamp(); err == nil {
				if err = p.need(tokKeyword, "STOP"); err == nil {
					q.Stop, err = p.timestamp()
				}
			}
		case Within:
			if q.Amount, err = p.amount("a number above 0", Integer, Float); err == nil {
				err = p.need(tokKeyword, "SECONDS")
			}
		case Repeats:
			if q.Amount, err = p.amount("an integer above 0", Integer); err == nil {
				err = p.need(tokKeyword, "TIMES")
			}
		}
		if err != nil {
			return nil, err
		}
		out = append(out, q)
	}
	return out, nil
}

func (p *parser) timestamp() (Literal, error) {
	if p.tok.lit.Kind != Timestamp {
		return Literal{}, p.expected("a timestamp such as t'2016-06-01T00:00:00Z'")
	}
	return p.literal()
}

func (p *parser) amount(what string, kinds ...LiteralKind) (Literal, error) {
	lit := p.tok.lit
	if !slices.Contains(kinds, lit.Kind) || lit.Text[0] == '-' || strings.Trim(lit.Text, "0.") == "" {
		return Literal{}, p.expected(what)
	}
	return p.literal()
}

// literal passes over the constant that is the next token.
func (p *parser) literal() (Literal, error) {
	lit := p.tok.lit
	return lit, p.advance()
}
