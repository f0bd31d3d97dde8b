package csaf

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
)

// filler puts a tree into structs. Names of members match exactly, as the schema
// has it: encoding/json would take "Title" for "title", past the schema. What is
// of another type than the struct's stays zero.
//
// On the way it finds what cannot fit the schema whatever it says: the validator
// of the schema takes a kilobyte and more for each of its errors, so a document
// that has too many is never given to it.
type filler struct {
	types map[reflect.Type][]member
	at    []string // the path, in parts: ".cve", "[0]"
	found []advisories.Problem
}

// member is a field of a struct, as JSON has it.
type member struct {
	name     string
	required bool
}

func (f *filler) full() bool { return len(f.found) > maxProblems }

// wrong adds a problem at the present path.
func (f *filler) wrong(remedy, message string, args ...any) {
	if f.full() {
		return
	}
	p := more(SchemaRule)
	if len(f.found) < maxProblems {
		path := strings.TrimPrefix(strings.Join(f.at, ""), ".")
		p = advisories.Problem{Rule: SchemaRule, Path: path, Message: fmt.Sprintf(message, args...), Remedy: remedy}
	}
	f.found = append(f.found, p)
}

func (f *filler) fill(into reflect.Value, from any) {
	switch into.Kind() {
	case reflect.Struct:
		object, ok := from.(map[string]any)
		if !ok {
			f.mistyped("an object")
			return
		}
		f.object(into, object)
	case reflect.Slice:
		list, ok := from.([]any)
		if !ok {
			f.mistyped("a list")
			return
		}
		if len(list) == 0 {
			f.wrong("name at least one, or leave the list out", "the list is empty")
		}
		into.Set(reflect.MakeSlice(into.Type(), len(list), len(list)))
		for i, value := range list {
			f.below(into.Index(i), value, fmt.Sprintf("[%d]", i))
		}
	case reflect.Pointer:
		switch from.(type) {
		case map[string]any, float64:
			into.Set(reflect.New(into.Type().Elem()))
			f.fill(into.Elem(), from)
		default:
			f.mistyped("an object or a number")
		}
	case reflect.String:
		s, ok := from.(string)
		if !ok {
			f.mistyped("a text")
		} else if s == "" {
			f.wrong("write a text, or leave the member out", "the text is empty")
		}
		into.SetString(s)
	case reflect.Float64:
		if n, ok := from.(float64); ok {
			into.SetFloat(n)
		} else {
			f.mistyped("a number")
		}
	}
}

func (f *filler) object(into reflect.Value, object map[string]any) {
	known := 0
	for i, m := range f.members(into.Type()) {
		value, ok := object[m.name]
		if ok {
			known++
			f.below(into.Field(i), value, "."+m.name)
		} else if m.required {
			f.wrong("add it: the schema requires it", "%s is missing", m.name)
		}
	}
	if known < len(object) && into.Type() != reflect.TypeFor[CVSS2]() && into.Type() != reflect.TypeFor[CVSS3]() {
		f.wrong("take out what CSAF 2.0 has not here", "the object has %d members that are not known", len(object)-known)
	}
}

func (f *filler) below(into reflect.Value, from any, part string) {
	f.at = append(f.at, part)
	f.fill(into, from)
	f.at = f.at[:len(f.at)-1]
}

func (f *filler) mistyped(want string) {
	f.wrong("use "+want, "the value is not %s", want)
}

func (f *filler) members(t reflect.Type) []member {
	members, ok := f.types[t]
	if !ok {
		for i := range t.NumField() {
			name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			members = append(members, member{name, options == ""})
		}
		f.types[t] = members
	}
	return members
}
