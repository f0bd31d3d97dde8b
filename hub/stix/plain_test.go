package stix_test

import (
	"testing"

	"github.com/cybersec-infohub/infohub/hub/stix"
)

func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		"{ \"b\" : [ 1.0 , 1e400,\t[ ] , [[\"x\"], {}] ] , \"a\":\"\\u00fc\\/\\n\\\"\" }": `{"a":"ü/\n\"","b":[1.0,1e400,[],[["x"],{}]]}`,
		`{"type":"x","id":null,"é":true,"Z":{"y":-0,"x":false}}`:                          `{"Z":{"x":false,"y":-0},"id":null,"type":"x","é":true}`,
		` "a" `: `"a"`,
	} {
		var p, q stix.Parser
		v, err := p.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		got := stix.Plain(v)
		if string(got) != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
		if again, err := q.Parse(got); err != nil || !stix.Equal(v, again) {
			t.Errorf("%s: %s is not the same (%v)", text, got, err)
		}
	}
	if got := stix.Plain(stix.Value{}); got != nil {
		t.Errorf("nothing: %q", got)
	}
}
