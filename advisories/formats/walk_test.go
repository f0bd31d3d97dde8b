package formats_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
)

// walk visits every string and every Texts of a publication, in a fixed order.
// path has the names of fields and the numbers of items. What visit returns takes
// the place of the string.
func walk(p *advisories.Publication, text func(path string, t advisories.Texts), str func(path, s string) string) {
	var visit func(path string, v reflect.Value)
	visit = func(path string, v reflect.Value) {
		switch {
		case v.Type() == reflect.TypeFor[advisories.Texts]():
			if !v.IsNil() && text != nil {
				text(path, v.Interface().(advisories.Texts))
			}
		case v.Type() == reflect.TypeFor[time.Time]():
		case v.Kind() == reflect.String:
			if str != nil {
				v.SetString(str(path, v.String()))
			}
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				visit(path+"."+v.Type().Field(i).Name, v.Field(i))
			}
		case v.Kind() == reflect.Slice:
			for i := range v.Len() {
				visit(fmt.Sprintf("%s[%d]", path, i), v.Index(i))
			}
		case v.Kind() == reflect.Pointer && !v.IsNil():
			visit(path, v.Elem())
		case v.Kind() == reflect.Map:
			keys := v.MapKeys()
			slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
			for _, k := range keys {
				visit(path+"["+k.String()+"]", v.MapIndex(k))
			}
		}
	}
	visit("", reflect.ValueOf(p).Elem())
}
