package advisories

import (
	"reflect"
	"testing"
)

func TestRangeString(t *testing.T) {
	for _, text := range []string{"vers:generic/*", "vers:npm/1.0.0|>=2.0.0|<2.3.0|!=2.5.0", "vers:deb/<1%3A2.0%2Fa%25"} {
		r, err := ParseRange(text)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseRange(r.String())
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("%s became %s, %+v, %v", text, r.String(), again, err)
		}
	}
}
