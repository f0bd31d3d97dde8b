package advisories

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Change is one difference between two advisories.
type Change struct {
	// Path is where: keys as in the file, items of lists by what they are known by:
	// "products[nginx-old].versions", "vulnerabilities[CVE-2026-99901].cwe[CWE-79]".
	Path string `json:"path"`
	// Old and New are the two values, "" where there was or is none. Of a list whose
	// items are in another order they are what the items are known by, with ", "
	// between them.
	Old string `json:"old,omitempty"`
	New string `json:"new,omitempty"`
}

// Diff tells what is different, in the order of the record. Items of lists are
// compared with those that they are (a product with that of its id, a reference
// with that of its address), wherever they are. There is no Change exactly where
// WriteYAML writes both the same.
func Diff(old, new Advisory) []Change {
	var d differ
	d.compare("", reflect.ValueOf(old), reflect.ValueOf(new))
	return d.changes
}

type differ struct{ changes []Change }

func (d *differ) change(path, old, new string) {
	if old != new {
		d.changes = append(d.changes, Change{Path: path, Old: old, New: new})
	}
}

// compare tells what is different between two values of one type. One of them may
// be invalid: it is not there at all.
func (d *differ) compare(path string, old, new reflect.Value) {
	old, new = pointed(old), pointed(new)
	one := old
	if !old.IsValid() {
		one = new
	}
	if !one.IsValid() {
		return
	}
	before := len(d.changes)
	_, isTime := one.Interface().(time.Time)
	switch {
	case isTime:
		d.change(path, shownValue(old), shownValue(new))
	case one.Kind() == reflect.Struct:
		for _, f := range fieldsOf(one.Type()) {
			d.compare(join(path, f.name), fieldOf(old, f), fieldOf(new, f))
		}
	case one.Kind() == reflect.Map:
		for _, key := range orderedKeys(union(old, new)) {
			d.compare(join(path, key.String()), mapped(old, key), mapped(new, key))
		}
	case one.Kind() == reflect.Slice:
		d.list(path, old, new)
	default:
		d.change(path, shownValue(old), shownValue(new))
	}
	// What says nothing else than that it is there, such as an item without values.
	if len(d.changes) == before && old.IsValid() != new.IsValid() && one.Kind() != reflect.Map && one.Kind() != reflect.Slice {
		d.changes = append(d.changes, Change{Path: path, Old: empty(old), New: empty(new)})
	}
}

func empty(v reflect.Value) string {
	if v.IsValid() {
		return "(empty)"
	}
	return ""
}

func pointed(v reflect.Value) reflect.Value {
	if v.IsValid() && v.Kind() == reflect.Pointer {
		return v.Elem() // invalid where it is nil
	}
	return v
}

// fieldOf is a field's value, invalid where a file would leave it out.
func fieldOf(v reflect.Value, f yamlField) reflect.Value {
	if !v.IsValid() {
		return v
	}
	if value := v.Field(f.index); f.required || !isEmpty(value) {
		return value
	}
	return reflect.Value{}
}

func union(old, new reflect.Value) reflect.Value {
	var all reflect.Value
	for _, v := range []reflect.Value{old, new} {
		if !v.IsValid() {
			continue
		}
		if !all.IsValid() {
			all = reflect.MakeMap(v.Type())
		}
		for _, key := range v.MapKeys() {
			all.SetMapIndex(key, v.MapIndex(key))
		}
	}
	return all
}

func mapped(v, key reflect.Value) reflect.Value {
	if !v.IsValid() {
		return v
	}
	if value := v.MapIndex(key); value.IsValid() && !isEmpty(value) {
		return value
	}
	return reflect.Value{}
}

func (d *differ) list(path string, old, new reflect.Value) {
	a, atOld := identities(old)
	b, atNew := identities(new)
	var both, ordered []string
	for i, name := range a {
		var other reflect.Value
		if k, ok := atNew[name]; ok {
			other = new.Index(k)
			both = append(both, name)
		}
		d.compare(fmt.Sprintf("%s[%s]", path, name), old.Index(i), other)
	}
	for i, name := range b {
		if _, ok := atOld[name]; ok {
			ordered = append(ordered, name)
			continue
		}
		d.compare(fmt.Sprintf("%s[%s]", path, name), reflect.Value{}, new.Index(i))
	}
	if !slices.Equal(both, ordered) {
		d.change(path, strings.Join(both, ", "), strings.Join(ordered, ", "))
	}
}

// identities are what the items of a list are known by, in order and with their
// places, each once: a second item of one name is "name (2)".
func identities(list reflect.Value) (names []string, places map[string]int) {
	if !list.IsValid() {
		return nil, nil
	}
	places = map[string]int{}
	times := map[string]int{}
	for i := range list.Len() {
		plain := identity(list.Index(i))
		name := plain
		for _, taken := places[name]; taken; _, taken = places[name] {
			times[plain] = max(2, times[plain]+1)
			name = fmt.Sprintf("%s (%d)", plain, times[plain])
		}
		places[name] = i
		names = append(names, name)
	}
	return names, places
}

// identity is what an item is known by among its like.
func identity(item reflect.Value) string {
	switch x := item.Interface().(type) {
	case string:
		return x
	case Product:
		return x.ID
	case Vulnerability:
		return x.Key()
	case Ident:
		return x.ID
	case Reference:
		return x.URL
	case Score:
		r, _ := ParseScore(x.Vector)
		return strings.Trim(r.Version+" "+strings.Join(x.Products, " "), " ")
	case Flag:
		return x.Label
	case Threat:
		return strings.Trim(x.Kind+" "+strings.Join(x.Products, " "), " ")
	case Remedy:
		return strings.Trim(x.Kind+" "+strings.Join(append(slices.Clone(x.Vulnerabilities), x.Products...), " "), " ")
	case Indicator:
		return x.Pattern
	case Acknowledgement:
		return strings.Trim(x.Organisation+" "+strings.Join(x.Names, ", "), " ")
	}
	return ""
}

// shownValue is a value as the file has it, "" where it is not there.
func shownValue(v reflect.Value) string {
	if !v.IsValid() {
		return ""
	}
	if when, ok := v.Interface().(time.Time); ok {
		if when.IsZero() {
			return ""
		}
		return strings.TrimSuffix(when.UTC().Format(time.RFC3339Nano), "T00:00:00Z")
	}
	switch v.Kind() {
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'f', -1, 64)
	}
	return v.String()
}
