package pattern

import "strings"

// comparisons reads the two levels of comparison operators (9.6).
func (p *parser) comparisons() (Comparison, error) {
	level := p.comparison
	for _, by := range []Connective{And, Or} {
		tighter := level
		level = func() (Comparison, error) {
			terms, err := list(p, by, tighter)
			if err != nil || len(terms) == 1 {
				return first(terms), err
			}
			l := &Logic{By: by}
			for _, t := range terms {
				if in, ok := t.(*Logic); ok && in.By == by {
					l.Terms = append(l.Terms, in.Terms...)
					continue
				}
				l.Terms = append(l.Terms, t)
			}
			return l, nil
		}
	}
	return level()
}

// comparison reads parentheses or one test.
func (p *parser) comparison() (Comparison, error) {
	switch {
	case p.tok.is(tokSign, "("):
		if err := p.open(); err != nil {
			return nil, err
		}
		in, err := p.comparisons()
		if err != nil {
			return nil, err
		}
		return in, p.shut("AND", "OR")
	case p.tok.is(tokKeyword, "NOT"), p.tok.is(tokKeyword, "EXISTS"):
		return p.exists()
	case p.tok.kind == tokName, p.tok.kind == tokHyphen:
		return p.test()
	}
	return nil, p.expected("an object path such as ipv4-addr:value", "EXISTS", "NOT EXISTS", `"("`)
}

// exists reads a test that begins with its operator.
func (p *parser) exists() (Comparison, error) {
	t := &Test{Op: Exists}
	var err error
	if t.Not, err = p.take(tokKeyword, "NOT"); err != nil {
		return nil, err
	}
	if ok, err := p.take(tokKeyword, "EXISTS"); err != nil {
		return nil, err
	} else if !ok {
		return nil, p.expectedHint("in other tests NOT comes after the path", "EXISTS")
	}
	t.Path, err = p.path()
	return t, err
}

// test reads a path, an operator and what it is compared with.
func (p *parser) test() (Comparison, error) {
	t := &Test{}
	var err error
	if t.Path, err = p.path(); err != nil {
		return nil, err
	}
	if t.Not, err = p.take(tokKeyword, "NOT"); err != nil {
		return nil, err
	}
	op := Operator(p.tok.text)
	if p.tok.kind != tokSign && p.tok.kind != tokKeyword {
		op = ""
	}
	switch op {
	case Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual, In, Like, Matches, IsSubset, IsSuperset:
		t.Op = op
	default:
		what := []string{"=", "!=", "<", "<=", ">", ">=", "IN", "LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"}
		if !t.Not {
			what = append([]string{`"."`, `"["`, "NOT"}, what...)
		}
		return nil, p.expected(what...)
	}
	if err = p.advance(); err != nil {
		return nil, err
	}
	switch op {
	case In:
		t.Values, err = p.set()
	case Equal, NotEqual:
		t.Values, err = p.one(p.constant)
	case Less, LessOrEqual, Greater, GreaterOrEqual:
		if p.boolean() {
			return nil, p.expectedHint("true and false have no order", "a value")
		}
		t.Values, err = p.one(p.constant)
	default:
		if p.tok.lit.Kind != String {
			return nil, p.expected("a string in single quotes")
		}
		t.Values, err = p.one(p.literal)
	}
	return t, err
}

func (p *parser) one(read func() (Literal, error)) ([]Literal, error) {
	lit, err := read()
	if err != nil {
		return nil, err
	}
	return []Literal{lit}, nil
}

// set reads constants in parentheses (9.2); the grammar allows none as well.
func (p *parser) set() ([]Literal, error) {
	if err := p.need(tokSign, "("); err != nil {
		return nil, err
	}
	if empty, err := p.take(tokSign, ")"); err != nil || empty {
		return nil, err
	}
	var out []Literal
	for {
		lit, err := p.constant()
		if err != nil {
			return nil, err
		}
		out = append(out, lit)
		if more, err := p.take(tokSign, ","); err != nil {
			return nil, err
		} else if !more {
			return out, p.need(tokSign, ")", `","`)
		}
	}
}

func (p *parser) boolean() bool {
	return p.tok.is(tokKeyword, "true") || p.tok.is(tokKeyword, "false")
}

func (p *parser) constant() (Literal, error) {
	if p.boolean() {
		lit := Literal{Boolean, p.tok.text}
		return lit, p.advance()
	}
	if p.tok.kind != tokLiteral {
		hint := ""
		if (p.tok.kind == tokName || p.tok.kind == tokHyphen) && !strings.EqualFold(p.tok.text, "true") && !strings.EqualFold(p.tok.text, "false") {
			hint = "strings stand in single quotes"
		}
		return Literal{}, p.expectedHint(hint, "a value")
	}
	return p.literal()
}

// path reads an object path (9.7).
func (p *parser) path() (Path, error) {
	if p.tok.kind != tokName && p.tok.kind != tokHyphen {
		return Path{}, p.expected("an object type such as ipv4-addr")
	}
	path := Path{Type: p.tok.text}
	if err := p.advance(); err != nil {
		return Path{}, err
	}
	if err := p.need(tokSign, ":"); err != nil {
		return Path{}, err
	}
	step, err := p.key()
	for {
		if err != nil {
			return Path{}, err
		}
		path.Steps = append(path.Steps, step)
		switch {
		case p.tok.is(tokSign, "."):
			if err := p.advance(); err != nil {
				return Path{}, err
			}
			step, err = p.key()
		case p.tok.is(tokSign, "["):
			if err := p.advance(); err != nil {
				return Path{}, err
			}
			step, err = p.index()
		default:
			return path, nil
		}
	}
}

// key reads the name of a property; one that is not made of letters, digits and
// underscores, or is reserved, stands in quotes.
func (p *parser) key() (Step, error) {
	step := Step{Kind: Key, Key: p.tok.text}
	switch {
	case p.tok.lit.Kind == String:
		step.Key = p.tok.lit.Text
	case p.tok.kind != tokName:
		hint := ""
		if p.tok.kind == tokHyphen || p.tok.kind == tokKeyword {
			hint = "a name with a hyphen, or a reserved one, stands in single quotes"
		}
		return Step{}, p.expectedHint(hint, "a property name")
	}
	return step, p.advance()
}

func (p *parser) index() (Step, error) {
	step := Step{Kind: AnyIndex}
	if star, err := p.take(tokSign, "*"); err != nil {
		return Step{}, err
	} else if !star {
		if p.tok.lit.Kind != Integer {
			return Step{}, p.expected("an integer", `"*"`)
		}
		step = Step{Kind: Index, Index: p.tok.lit.integer()}
		if err := p.advance(); err != nil {
			return Step{}, err
		}
	}
	return step, p.need(tokSign, "]")
}
