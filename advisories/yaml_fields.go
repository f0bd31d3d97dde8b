package advisories

import (
	"reflect"
	"strings"
	"time"
)

// yamlField is a field of one of the record's structs as its file has it.
type yamlField struct {
	index    int
	name     string // of the key
	full     string // "Remedy.Kind", by which vocabulary knows it
	required bool   // without omitempty: the key is always there
}

// fieldsOf are the fields of one of the record's structs, in their order.
func fieldsOf(t reflect.Type) []yamlField {
	fields := make([]yamlField, 0, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		fields = append(fields, yamlField{index: i, name: name, full: t.Name() + "." + f.Name, required: options != "omitempty"})
	}
	return fields
}

// isEmpty reports whether a value says nothing: a file leaves it out, and where it
// has to be there, what is read is the zero value.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Map:
		for _, key := range v.MapKeys() {
			if !isEmpty(v.MapIndex(key)) {
				return false
			}
		}
		return true
	case reflect.Slice:
		return v.Len() == 0
	}
	if t, ok := v.Interface().(time.Time); ok {
		return t.IsZero()
	}
	return v.IsZero()
}
