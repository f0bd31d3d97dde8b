// Package stix reads, checks and writes STIX 2.1 (OASIS Standard, 10 June 2021)
// without changing what it does not mean to change: a Parser turns a JSON text
// into a tree whose values know their bytes as received. On the tree stand the
// Header that a store files an object by, Validate, which names the clause that
// an object breaks, the Observables that an object is found by, and Edit, which
// writes an object with parts replaced and all other bytes kept. What a program
// writes itself begins with Author.
//
// Nothing here trusts its input: depth, number of values and lengths are bounded,
// and what two parsers could read in different ways is refused.
//
// It is a leaf: any package, and any other program, may import it; of this module
// it imports only its own pattern language.
package stix

import (
	"iter"
)

// Kind says what a Value is.
type Kind uint8

// The kinds of RFC 8259, and Missing for what is not there.
const (
	Missing Kind = iota
	Null
	Boolean
	Number
	String
	List
	Object
)

// String is the kind's name as a message says it.
func (k Kind) String() string {
	switch k {
	case Null:
		return "null"
	case Boolean:
		return "boolean"
	case Number:
		return "number"
	case String:
		return "string"
	case List:
		return "list"
	case Object:
		return "object"
	case Missing:
	}
	return "missing"
}

// Value is one value of a parsed JSON text. It is small and copied. The zero Value
// is of kind Missing, and so is every value of a Parser that has parsed another
// text since: a value kept too long is empty, never a part of somebody else's
// object. All methods are safe on every value.
type Value struct {
	p          *Parser
	index      uint32 // of p.nodes
	generation uint32
}

// node is a value in the order of the text: a container's children follow it.
type node struct {
	start, end      uint32 // of the value's text
	name, nameEnd   uint32 // of the member's name, without quotes; equal where there is none or it is empty
	next            uint32 // the node behind this one and all its children
	count           uint32 // of members or elements
	kind            Kind
	escaped         bool // the string has escapes
	nameEscaped     bool
	anyNamesEscaped bool // of an object: one of its members' names has escapes
}

// node returns the value's node, nil where it is missing.
func (v Value) node() *node {
	if v.p == nil || v.generation != v.p.generation {
		return nil
	}
	return &v.p.nodes[v.index]
}

// Kind says what the value is.
func (v Value) Kind() Kind {
	n := v.node()
	if n == nil {
		return Missing
	}
	return n.kind
}

// Raw is the value's text exactly as received, nil for Missing. It is a part of
// the bytes that were parsed.
func (v Value) Raw() []byte {
	n := v.node()
	if n == nil {
		return nil
	}
	return v.p.data[n.start:n.end:n.end]
}

// Text is a string's characters, unescaped; "" for all other kinds. It stays as it
// is when the parser goes on. It may share memory with the whole text that was
// parsed: whoever keeps it for long keeps strings.Clone of it.
func (v Value) Text() string {
	n := v.node()
	if n == nil || n.kind != String {
		return ""
	}
	return v.p.unquoted(n.start+1, n.end-1, n.escaped)
}

// IsTrue reports whether the value is the boolean true.
func (v Value) IsTrue() bool {
	n := v.node()
	return n != nil && n.kind == Boolean && v.p.text[n.start] == 't'
}

// Len is the number of a list's elements or an object's members, 0 for all other
// kinds.
func (v Value) Len() int {
	n := v.node()
	if n == nil {
		return 0
	}
	return int(n.count)
}

// Get is the object's member of this name; Missing where there is none, and for
// all other kinds.
func (v Value) Get(name string) Value {
	n := v.node()
	if n == nil || n.kind != Object {
		return Value{}
	}
	for i := v.index + 1; i < n.next; {
		member := &v.p.nodes[i]
		if v.p.isNamed(member, name) {
			return Value{v.p, i, v.generation}
		}
		i = member.next
	}
	return Value{}
}

// Members are an object's members in the order of the text, with their names
// unescaped; none for all other kinds.
func (v Value) Members() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		n := v.node()
		if n == nil || n.kind != Object {
			return
		}
		p, end := v.p, n.next
		for i := v.index + 1; i < end; {
			member := &p.nodes[i]
			next := member.next
			if !yield(p.nameOf(member), Value{p, i, v.generation}) || v.generation != p.generation {
				return
			}
			i = next
		}
	}
}

// Elements are a list's elements in order; none for all other kinds.
func (v Value) Elements() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		n := v.node()
		if n == nil || n.kind != List {
			return
		}
		p, end := v.p, n.next
		for i := v.index + 1; i < end; {
			next := p.nodes[i].next
			if !yield(Value{p, i, v.generation}) || v.generation != p.generation {
				return
			}
			i = next
		}
	}
}
