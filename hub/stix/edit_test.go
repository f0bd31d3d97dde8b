package stix_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/hub/stix"
)

func TestStrings(t *testing.T) {
	v := parse(t, `{"type":"x","n":1,"external_references":[{"url":"a\u0062"},"c"],"a.b":{"":"d","l[0]":[["e"]]}}`)
	var got []string
	for path, text := range stix.Strings(v) {
		got = append(got, path+" "+text)
	}
	want := []string{
		"type type", "type x", "n n", "external_references external_references",
		"external_references[0].url url", "external_references[0].url ab", "external_references[1] c",
		`["a.b"] a.b`, `["a.b"][""] `, `["a.b"][""] d`, `["a.b"]["l[0]"] l[0]`, `["a.b"]["l[0]"][0][0] e`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	for path, text := range stix.Strings(v) {
		if path != "type" || text != "type" {
			t.Errorf("went on after a break: %q %q", path, text)
		}
		break
	}
	for path, text := range stix.Strings(stix.Value{}) {
		t.Errorf("nothing has %q %q", path, text)
	}
	for path, text := range stix.Strings(parse(t, `"x"`)) {
		if path != "" || text != "x" {
			t.Errorf("a string alone: %q %q", path, text)
		}
	}
}

// Long names at every depth must not cost their length for each string below.
func TestPathsAreBounded(t *testing.T) {
	name := strings.Repeat("n", 10_000)
	text := strings.Repeat(`{"`+name+`":`, 60) + `["x"]` + strings.Repeat("}", 60)
	for path := range stix.Strings(parse(t, text)) {
		if len(path) > 1100 {
			t.Fatalf("a path has %d bytes", len(path))
		}
	}
}

func TestEdit(t *testing.T) {
	upper := func(path, text string) (string, bool) {
		if path == "name" || strings.HasPrefix(path, "refs[") || path == "o.deep[0].s" {
			return strings.ToUpper(text), true
		}
		return "never", false
	}
	tests := []struct {
		name, text string
		texts      func(path, text string) (string, bool)
		set        map[string]string
		want       string
	}{
		{"nothing", ` { "a" : "\u0041" , "b":1.0 } `, nil, nil, `{ "a" : "\u0041" , "b":1.0 }`},
		{"same text keeps its escapes", `{"name":"\u0041"}`, upper, nil, `{"name":"\u0041"}`},
		{"strings", `{ "name":"a\"b\u0001é" , "refs":["x", 1, "y"], "o":{"deep":[{"s":"q"}],"name":"n"}}`, upper, nil,
			`{ "name":"A\"B\u0001É" , "refs":["X", 1, "Y"], "o":{"deep":[{"s":"Q"}],"name":"n"}}`},
		{"replaced", `{"a": 1 ,"b":[2],"c":3}`, nil, map[string]string{"b": `"x"`}, `{"a": 1 ,"b":"x","c":3}`},
		{"added, sorted", `{"a":1 }`, nil, map[string]string{"z": "1", "b": `{"c":[]}`}, `{"a":1,"b":{"c":[]},"z":1 }`},
		{"added to nothing", `{ }`, nil, map[string]string{"z": "1", "b": "2"}, `{"b":2,"z":1 }`},
		{"name escaped", `{}`, nil, map[string]string{"a\"\n": "1"}, `{"a\"\n":1}`},
		{"first removed", `{ "a":1, "b":2, "c":3 }`, nil, map[string]string{"a": ""}, `{ "b":2, "c":3 }`},
		{"middle removed", `{ "a":1, "b":2, "c":3 }`, nil, map[string]string{"b": ""}, `{ "a":1, "c":3 }`},
		{"last removed", `{ "a":1, "b":2, "c":3 }`, nil, map[string]string{"c": ""}, `{ "a":1, "b":2 }`},
		{"two at the start removed", `{ "a":1, "b":2, "c":3 }`, nil, map[string]string{"a": "", "b": ""}, `{ "c":3 }`},
		{"two at the end removed", `{ "a":1, "b":2, "c":3 }`, nil, map[string]string{"c": "", "b": ""}, `{ "a":1 }`},
		{"outer two removed", `{ "a":1, "b":2, "c":3 }`, nil, map[string]string{"c": "", "a": ""}, `{ "b":2 }`},
		{"all removed", `{ "a":1, "b":2 }`, nil, map[string]string{"a": "", "b": ""}, `{  }`},
		{"all removed, one added", `{ "a":1, "b":2 }`, nil, map[string]string{"a": "", "b": "", "c": "3"}, `{ "c":3 }`},
		{"last removed, one added", `{ "a":1, "b":2 }`, nil, map[string]string{"b": "", "c": "3"}, `{ "a":1,"c":3 }`},
		{"absent removed", `{"a":1}`, nil, map[string]string{"b": ""}, `{"a":1}`},
		{"set by its escaped name", `{"\u0061":1}`, nil, map[string]string{"a": "2"}, `{"\u0061":2}`},
		{"what is set is not asked for", `{"name":"a","refs":["b"]}`, upper, map[string]string{"name": `"c"`}, `{"name":"c","refs":["B"]}`},
		{"all at once", `{"x":"1","name":"a","refs":["b"],"y":[]}`, upper, map[string]string{"x": "", "y": "{}", "w": "0"}, `{"name":"A","refs":["B"],"y":{},"w":0}`},
		{"a list has no members to set", `["a"]`, nil, map[string]string{"a": "1"}, `["a"]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(stix.Edit(parse(t, tt.text), tt.texts, tt.set)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	if got := stix.Edit(stix.Value{}, nil, map[string]string{"a": "1"}); got != nil {
		t.Errorf("of nothing: %s", got)
	}
	inner := parse(t, `{"objects":[{"name":"a"}, 2]}`)
	for o := range inner.Get("objects").Elements() {
		if got := string(stix.Edit(o, upper, map[string]string{"id": "7"})); got != `{"name":"A","id":7}` && got != "2" {
			t.Errorf("an object inside another text: %s", got)
		}
	}
}

func FuzzEdit(f *testing.F) {
	f.Add([]byte(indicator), "name", "x", uint8(0))
	f.Add([]byte(`{"a":"1", "b":["2",{"c":"3"}]}`), "b", "\"\x00", uint8(1))
	f.Add([]byte(`{ "a":1, "b":2 }`), "a", "", uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, name, text string, how uint8) {
		v, err := new(stix.Parser).Parse(data)
		if err != nil {
			return
		}
		if got := stix.Edit(v, func(string, string) (string, bool) { return "", false }, map[string]string{}); !bytes.Equal(got, v.Raw()) {
			t.Fatalf("nothing edited: %q became %q", v.Raw(), got)
		}
		set := map[string]string{name: "", "zz": "[1]"}
		if how&1 != 0 {
			quoted, _ := json.Marshal(text)
			set[name] = string(quoted)
		}
		got := stix.Edit(v, func(_, old string) (string, bool) {
			return old + text, how&2 != 0
		}, set)
		edited, err := new(stix.Parser).Parse(got)
		if err != nil {
			t.Fatalf("%q became %q: %v", data, got, err)
		}
		if v.Kind() != stix.Object {
			return
		}
		for n, old := range v.Members() {
			_, isSet := set[n]
			if now := edited.Get(n); !isSet && how&2 == 0 && !bytes.Equal(now.Raw(), old.Raw()) {
				t.Errorf("member %q was %s and is %s", n, old.Raw(), now.Raw())
			}
		}
		if set[name] == "" && name != "zz" && edited.Get(name).Kind() != stix.Missing {
			t.Errorf("%q is there still: %s", name, got)
		}
		if name != "zz" && string(edited.Get("zz").Raw()) != "[1]" {
			t.Errorf("zz is not set: %s", got)
		}
	})
}

func TestEqual(t *testing.T) {
	many := func(from, to, by int) string {
		var b strings.Builder
		b.WriteByte('{')
		for i := from; i != to; i += by {
			fmt.Fprintf(&b, `"m%d":%d,`, i, i)
		}
		return b.String() + `"x":[]}`
	}
	tests := []struct {
		a, b string
		want bool
	}{
		{`{"a":1,"b":[true,null,"x"]}`, ` { "b" : [ true , null , "\u0078" ] , "\u0061" : 1.0 } `, true},
		{many(0, 200, 1), many(199, -1, -1), true},
		{`{"a":1}`, `{"a":1,"b":null}`, false},
		{`{"a":1}`, `{"b":1}`, false},
		{`[1,2]`, `[2,1]`, false},
		{`[1]`, `[1,1]`, false},
		{`[]`, `{}`, false},
		{`true`, `false`, false},
		{`null`, `false`, false},
		{`"1"`, `1`, false},
		{`"a/b"`, `"a\/b"`, true},
		{`"é"`, `"e\u0301"`, false},
		{`1`, `10e-1`, true},
		{`1`, `0.1E+1`, true},
		{`-0.0`, `0`, true},
		{`0e99`, `0`, true},
		{`1`, `-1`, false},
		{`100`, `1e2`, true},
		{`1200.0300e5`, `12000030.0e1`, false},
		{`1200.0300e5`, `120003000`, true},
		{`0.00012`, `12e-5`, true},
		{`9007199254740992`, `9007199254740993`, false},
		{`0.1`, `0.10000000000000000001`, false},
		{`1e400`, `1e401`, false},
		{`1e400`, `10e399`, true},
		{`1e99999999999999999999`, `1e99999999999999999999`, true},
		{`1e99999999999999999999`, `1e99999999999999999998`, false},
		{`1e00000000000000000000001`, `10`, true},
	}
	for _, tt := range tests {
		a, b := parse(t, tt.a), parse(t, tt.b)
		if stix.Equal(a, b) != tt.want || stix.Equal(b, a) != tt.want {
			t.Errorf("%.80s and %.80s: want %v", tt.a, tt.b, tt.want)
		}
		if !stix.Equal(a, a) {
			t.Errorf("%s is not itself", tt.a)
		}
	}
	if !stix.Equal(stix.Value{}, stix.Value{}) || stix.Equal(stix.Value{}, parse(t, "null")) {
		t.Error("nothing is nothing, and not null")
	}
}
