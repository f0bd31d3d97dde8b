package stix

import (
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Bounds of a path: deep objects with long names would otherwise cost far more
// than their size.
const (
	maxPath   = 1000 // bytes, after which no step is added
	shownName = 64   // bytes of a name
)

// Strings are the texts of a value at any depth, in the order of the text: every
// string with its path, such as "external_references[0].url", and every member's
// name with the path of the member, ahead of what stands in the member. A name
// that holds what separates the steps of a path stands there in quotes and
// brackets, such as ["a.b"]; long ones are cut.
func Strings(v Value) iter.Seq2[string, string] {
	return func(yield func(path, text string) bool) {
		if n := v.node(); n != nil {
			w := walker{v: v, names: yield, strings: func(path string, at Value) bool { return yield(path, at.Text()) }}
			w.walk(v.index, "")
		}
	}
}

// walker goes through a value.
type walker struct {
	v       Value
	names   func(path, name string) bool // may be nil
	strings func(path string, at Value) bool
}

// walk is false once one of the functions was.
func (w *walker) walk(index uint32, path string) bool {
	p, n := w.v.p, w.v.p.nodes[index]
	switch n.kind {
	case String:
		return w.strings(path, Value{p, index, w.v.generation})
	case List, Object:
		position := 0
		for i := index + 1; i < n.next; i = p.nodes[i].next {
			var below string
			if n.kind == List {
				below = join(path, "["+strconv.Itoa(position)+"]")
				position++
			} else {
				name := p.nameOf(&p.nodes[i])
				below = join(path, step(name))
				if w.names != nil && !w.names(below, name) {
					return false
				}
			}
			if !w.walk(i, below) {
				return false
			}
		}
	case Missing, Null, Boolean, Number:
	}
	return true
}

// step is how a path shows a member's name.
func step(name string) string {
	if len(name) > shownName {
		name = strings.ToValidUTF8(name[:shownName], "") + "..."
	}
	if name == "" {
		return `[""]`
	}
	for _, c := range []byte(name) {
		if c < ' ' || c == '.' || c == '[' || c == ']' || c == '"' {
			return "[" + strconv.Quote(name) + "]"
		}
	}
	return name
}

func join(path, step string) string {
	switch {
	case path == "":
		return step
	case len(path) > maxPath:
		return path
	case step != "" && step[0] == '[':
		return path + step
	}
	return path + "." + step
}

// Edit writes v with some of its strings changed and some members of the object
// itself set; all other bytes stay. texts, if not nil, is asked for every string at
// any depth, with its path as in Strings and unescaped, and returns the string that
// takes its place, or false. set has JSON texts, which must be valid, by members'
// names: "" removes the member, others replace it where it stands, or follow the
// last, sorted by name, if it was not there. What is set is not asked for. The
// names of members stay. For Missing it returns nil.
func Edit(v Value, texts func(path, text string) (string, bool), set map[string]string) []byte {
	n := v.node()
	if n == nil {
		return nil
	}
	e := editor{p: v.p, out: make([]byte, 0, int(n.end-n.start)+256), copied: n.start}
	w := walker{v: v, strings: func(path string, at Value) bool {
		if text := at.Text(); texts != nil {
			if other, ok := texts(path, text); ok && other != text {
				n := v.p.nodes[at.index]
				e.replace(n.start, n.end, appendString(nil, other))
			}
		}
		return true
	}}
	if n.kind != Object || len(set) == 0 {
		w.walk(v.index, "")
	} else {
		e.members(v, &w, set)
	}
	return append(e.out, v.p.text[e.copied:n.end]...)
}

type editor struct {
	p      *Parser
	out    []byte
	copied uint32 // the text up to here is in out, or left out
}

// replace puts other in the place of the text from start to end.
func (e *editor) replace(start, end uint32, other []byte) {
	if start > e.copied {
		e.out = append(e.out, e.p.text[e.copied:start]...)
	}
	e.out = append(e.out, other...)
	e.copied = end
}

// members edits an object some of whose members are set.
func (e *editor) members(v Value, w *walker, set map[string]string) {
	object := v.p.nodes[v.index]
	added := maps.Clone(set)
	kept, last := 0, object.start+1 // last is the end of the member before
	for i := v.index + 1; i < object.next; {
		n := v.p.nodes[i]
		name := v.p.nameOf(&n)
		text, isSet := set[name]
		delete(added, name)
		switch {
		case !isSet:
			w.walk(i, step(name))
			kept++
		case text != "":
			e.replace(n.start, n.end, []byte(text))
			kept++
		case kept > 0: // with the comma before it
			e.replace(last, n.end, nil)
		case n.next < object.next: // with the comma behind it
			e.replace(n.name-1, v.p.nodes[n.next].name-1, nil)
		default:
			e.replace(n.name-1, n.end, nil)
		}
		last, i = n.end, n.next
	}
	for _, name := range slices.Sorted(maps.Keys(added)) {
		if added[name] == "" {
			continue
		}
		member := appendString(nil, name)
		if kept > 0 {
			member = append([]byte{','}, member...)
		}
		e.replace(last, max(last, e.copied), append(append(member, ':'), added[name]...))
		kept++
	}
}

// appendString appends s as a JSON string, with no escape that is not needed (RFC
// 8785, 3.2.2.2).
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	s = strings.ToValidUTF8(s, "\uFFFD")
	dst = append(dst, '"')
	for _, c := range []byte(s) {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c >= ' ':
			dst = append(dst, c)
		case c == '\b':
			dst = append(dst, '\\', 'b')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\f':
			dst = append(dst, '\\', 'f')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(dst, '"')
}
