package pattern

import (
	"strconv"
	"strings"
)

// String is the pattern's canonical form: one space between words, the fewest
// parentheses, quotes only where a name needs them. Parsed again it gives an
// equal pattern, and printed again the same text.
func (p *Pattern) String() string {
	w := &writer{}
	w.observation(p.Root)
	return w.String()
}

// String is the path as it stands in a pattern, such as file:hashes.'SHA-256'.
func (p Path) String() string { return p.Type + ":" + p.Property() }

// Property is the path without the object's type, such as hashes.'SHA-256'.
func (p Path) Property() string {
	w := &writer{}
	for i, s := range p.Steps {
		switch s.Kind {
		case Key:
			if i > 0 {
				w.WriteByte('.')
			}
			w.key(s.Key)
		case Index:
			w.WriteByte('[')
			w.WriteString(strconv.FormatInt(s.Index, 10))
			w.WriteByte(']')
		case AnyIndex:
			w.WriteString("[*]")
		}
	}
	return w.String()
}

// String is the constant as it stands in a pattern, with its quotes.
func (l Literal) String() string {
	w := &writer{}
	w.literal(l)
	return w.String()
}

// integer is the value of an Integer; Parse has seen that it fits.
func (l Literal) integer() int64 {
	n, _ := strconv.ParseInt(l.Text, 10, 64)
	return n
}

type writer struct{ strings.Builder }

func (w *writer) observation(o Observation) {
	switch o := o.(type) {
	case *Bracket:
		w.WriteByte('[')
		w.comparison(o.Test)
		w.WriteByte(']')
	case *Joined:
		for i, t := range o.Terms {
			if i > 0 {
				w.word(string(o.By))
			}
			in, joined := t.(*Joined)
			w.grouped(joined && looser(in.By, o.By), func() { w.observation(t) })
		}
	case *Qualified:
		_, plain := o.Of.(*Bracket)
		w.grouped(!plain, func() { w.observation(o.Of) })
		for _, q := range o.Qualifiers {
			w.qualifier(q)
		}
	}
}

// looser is whether an expression joined by in needs parentheses between words out.
func looser(in, out Connective) bool {
	return in == FollowedBy && out != FollowedBy || in == Or && out == And
}

func (w *writer) grouped(needed bool, write func()) {
	if needed {
		w.WriteByte('(')
		defer w.WriteByte(')')
	}
	write()
}

func (w *writer) word(s string) {
	w.WriteByte(' ')
	w.WriteString(s)
	w.WriteByte(' ')
}

func (w *writer) qualifier(q Qualifier) {
	w.word(string(q.Kind))
	switch q.Kind {
	case StartStop:
		w.literal(q.Start)
		w.word("STOP")
		w.literal(q.Stop)
	case Within:
		w.literal(q.Amount)
		w.WriteString(" SECONDS")
	case Repeats:
		w.literal(q.Amount)
		w.WriteString(" TIMES")
	}
}

func (w *writer) comparison(c Comparison) {
	switch c := c.(type) {
	case *Logic:
		for i, t := range c.Terms {
			if i > 0 {
				w.word(string(c.By))
			}
			in, logic := t.(*Logic)
			w.grouped(logic && looser(in.By, c.By), func() { w.comparison(t) })
		}
	case *Test:
		w.test(c)
	}
}

func (w *writer) test(t *Test) {
	if t.Op == Exists {
		if t.Not {
			w.WriteString("NOT ")
		}
		w.WriteString("EXISTS ")
		w.WriteString(t.Path.String())
		return
	}
	w.WriteString(t.Path.String())
	if t.Not {
		w.WriteString(" NOT")
	}
	w.word(string(t.Op))
	w.grouped(t.Op == In, func() {
		for i, v := range t.Values {
			if i > 0 {
				w.WriteString(", ")
			}
			w.literal(v)
		}
	})
}

func (w *writer) literal(l Literal) {
	switch l.Kind {
	case String:
		w.quoted(l.Text)
	case Binary:
		w.WriteString("b'" + l.Text + "'")
	case Hex:
		w.WriteString("h'" + l.Text + "'")
	case Timestamp:
		w.WriteString("t'" + l.Text + "'")
	case Integer, Float, Boolean:
		w.WriteString(l.Text)
	}
}

func (w *writer) quoted(s string) {
	w.WriteByte('\'')
	for i := range len(s) {
		if s[i] == '\'' || s[i] == '\\' {
			w.WriteByte('\\')
		}
		w.WriteByte(s[i])
	}
	w.WriteByte('\'')
}

// key writes a property's name, in quotes where the grammar wants them.
func (w *writer) key(s string) {
	plain := s != "" && isLetter(s[0]) && !keyword(s)
	for i := range len(s) {
		plain = plain && (isLetter(s[i]) || isDigit(s[i]))
	}
	if plain {
		w.WriteString(s)
		return
	}
	w.quoted(s)
}
