package stix_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/hub/stix"
)

// indicator is 630 bytes, as most objects of a feed are.
const indicator = `{"type":"indicator","spec_version":"2.1","id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",` +
	`"created_by_ref":"identity--f431f809-377b-45e0-aa1c-6a4751cae5ff","created":"2016-04-06T20:03:48.000Z","modified":"2016-04-06T20:03:48.000Z",` +
	`"indicator_types":["malicious-activity"],"name":"Poison Ivy Malware","description":"This file is part of Poison Ivy, seen on a host of a member",` +
	`"pattern":"[ file:hashes.'SHA-256' = '4bac27393bdd9777ce02453256c5577cd02275510b2227f473d03f533924f877' ]",` +
	`"pattern_type":"stix","valid_from":"2016-01-01T00:00:00Z","object_marking_refs":["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"]}`

func parse(t testing.TB, text string) stix.Value {
	t.Helper()
	v, err := new(stix.Parser).Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v: %.200s", err, text)
	}
	return v
}

func TestParse(t *testing.T) {
	v := parse(t, ` { "a" : "x\n\u00e9\ud83d\ude00\/" , "b":[1, -0.5e+3 ,true,false,null,{},[]], "\u0063":{"d":"é"} } `)
	if v.Kind() != stix.Object || v.Len() != 3 || v.Raw()[0] != '{' {
		t.Errorf("root is %v with %d members: %s", v.Kind(), v.Len(), v.Raw())
	}
	if got, want := v.Get("a").Text(), "x\né😀/"; got != want {
		t.Errorf("a is %q, want %q", got, want)
	}
	var got []string
	for e := range v.Get("b").Elements() {
		got = append(got, e.Kind().String()+" "+string(e.Raw()))
	}
	want := []string{"number 1", "number -0.5e+3", "boolean true", "boolean false", "null null", "object {}", "list []"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("b is %q, want %q", got, want)
	}
	got = nil
	for name, member := range v.Members() {
		got = append(got, name+" "+member.Kind().String())
	}
	if want := []string{"a string", "b list", "c object"}; !reflect.DeepEqual(got, want) {
		t.Errorf("members are %q, want %q", got, want)
	}
	if got := v.Get("c").Get("d").Text(); got != "é" {
		t.Errorf("c.d is %q", got)
	}
}

func TestMissing(t *testing.T) {
	v := parse(t, `{"a":"b","l":[1]}`)
	for name, v := range map[string]stix.Value{
		"zero value": {}, "no such member": v.Get("x"), "member of a string": v.Get("a").Get("b"), "member of a list": v.Get("l").Get("0"),
	} {
		if v.Kind() != stix.Missing || v.Raw() != nil || v.Text() != "" || v.Len() != 0 || v.IsTrue() {
			t.Errorf("%s: %v %q", name, v.Kind(), v.Raw())
		}
		for range v.Members() {
			t.Errorf("%s has members", name)
		}
		for range v.Elements() {
			t.Errorf("%s has elements", name)
		}
	}
}

// A value that outlives its text must not show another member's object.
func TestStaleValues(t *testing.T) {
	var p stix.Parser
	data := []byte(`{"a":"first","b":"esc\n"}`)
	old, err := p.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	a, text := old.Get("a"), old.Get("a").Text()
	copy(data, strings.Repeat("#", len(data)))
	if text != "first" || a.Text() != "first" {
		t.Errorf("text is %q and %q after its bytes changed", text, a.Text())
	}
	if _, err := p.Parse([]byte(`{"a":"secret"}`)); err != nil {
		t.Fatal(err)
	}
	if a.Kind() != stix.Missing || a.Text() != "" || old.Raw() != nil || text != "first" {
		t.Errorf("a value of the first text reads %q, %q of the second", a.Text(), old.Raw())
	}
}

func TestParseRefuses(t *testing.T) {
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"n%d":0,`, i)
		}
		return b.String()
	}
	tests := []struct {
		name, text string
		offset     int
		path, says string
	}{
		{"empty", "", 0, "", "the text ends where a value"},
		{"space only", " \n", 2, "", "the text ends"},
		{"trailing text", "{} x", 3, "", "text follows"},
		{"two values", "{}{}", 2, "", "text follows"},
		{"byte order mark", "\uFEFF{}", 0, "", "byte order mark"},
		{"bare word", "{\"a\":nul}", 5, "a", "a value was expected, not 'n'"},
		{"single quotes", "{'a':1}", 1, "", "a name in double quotes was expected"},
		{"no colon", `{"a" 1}`, 5, "a", "a colon was expected"},
		{"no comma", `{"a":1 "b":2}`, 7, "", "a comma or the object's end"},
		{"comma before the end", `{"a":1,}`, 7, "", "a name in double quotes"},
		{"comma before a list's end", `{"a":[1,]}`, 8, "a[1]", "a value was expected"},
		{"open list", `{"a":[{"b":[1`, 13, "a[0].b", "the text ends"},
		{"comment", "/**/{}", 0, "", "a value was expected, not '/'"},
		{"leading zero", `[01]`, 2, "", "a comma or the list's end"},
		{"plus", `[+1]`, 1, "[0]", "a value"},
		{"no fraction", `[1.]`, 3, "[0]", "a digit"},
		{"no exponent", `[1e]`, 3, "[0]", "a digit"},
		{"minus alone", `[-]`, 2, "[0]", "a digit"},
		{"NaN", `[NaN]`, 1, "[0]", "a value"},
		{"zero byte", "[\x00]", 1, "[0]", "0x00"},
		{"control character", "[\"a\tb\"]", 3, "[0]", "0x09"},
		{"bad escape", `["a\x"]`, 3, "[0]", "escape"},
		{"bad hex", `["\u12G4"]`, 2, "[0]", "escape"},
		{"high surrogate alone", `["\ud83d"]`, 2, "[0]", "surrogate"},
		{"low surrogate alone", `["\ude00"]`, 2, "[0]", "surrogate"},
		{"two high surrogates", `["\ud83d\ud83d"]`, 2, "[0]", "surrogate"},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", 5, "a", "UTF-8"},
		{"surrogate in UTF-8", "{\"a\":\"\xed\xa0\x80\"}", 5, "a", "UTF-8"},
		{"invalid UTF-8 in a name", "{\"\xff\":1}", 1, "", "UTF-8"},
		{"invalid UTF-8 outside", "\xff", 0, "", "0xFF"},
		{"open string", `"abc`, 4, "", "ends in a string"},
		{"name twice", `{"o":[{"a":1,"b":2,"a":3}]}`, 20, "o[0].a", "twice"},
		{"name twice by escape", `{"a":1,"\u0061":3}`, 0, "a", "twice"},
		{"name twice among many", "{" + many(100) + `"n7":1}`, 0, "n7", "twice"},
		{"too deep", strings.Repeat("[", 65), 64, strings.Repeat("[0]", 64), "more than 64"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := new(stix.Parser).Parse([]byte(tt.text))
			var syntax *stix.SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("error is %v", err)
			}
			if syntax.Offset != tt.offset || syntax.Path != tt.path || !strings.Contains(syntax.Reason, tt.says) {
				t.Errorf("got %v, want byte %d, %s: %s", err, tt.offset, tt.path, tt.says)
			}
			if v.Kind() != stix.Missing {
				t.Errorf("there is a value: %v", v.Kind())
			}
		})
	}
}

func TestParseBounds(t *testing.T) {
	var p stix.Parser
	for name, tt := range map[string]struct {
		text string
		ok   bool
	}{
		"deepest":              {strings.Repeat("[", 64) + strings.Repeat("]", 64), true},
		"many values":          {"[" + strings.Repeat("0,", stix.MaxNodes-2) + "0]", true},
		"a value too many":     {"[" + strings.Repeat("0,", stix.MaxNodes-1) + "0]", false},
		"100 million brackets": {strings.Repeat("[", 100<<20), false},
	} {
		if _, err := p.Parse([]byte(tt.text)); (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	long := `{"` + strings.Repeat("n", 1<<20) + `":[}`
	if _, err := p.Parse([]byte(long)); err == nil || len(err.Error()) > 300 {
		t.Errorf("the message of a long name has %d bytes", len(err.Error()))
	}
}

// realBundles are the published bundles by name.
func realBundles(t *testing.T) map[string][]byte {
	t.Helper()
	dir := os.Getenv("INFOHUB_TESTDATA")
	if dir == "" {
		t.Skip("not run: set INFOHUB_TESTDATA to a folder with stix/*.json")
	}
	files, err := filepath.Glob(filepath.Join(dir, "stix", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no STIX files in %s: %v", dir, err)
	}
	bundles := map[string][]byte{}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		bundles[filepath.Base(name)] = data
	}
	return bundles
}

func TestPublishedBundlesAreReadAsTheyAre(t *testing.T) {
	var p stix.Parser
	for name, data := range realBundles(t) {
		root, err := p.Parse(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		objects := root.Get("objects")
		if !bytes.Equal(root.Raw(), bytes.TrimSpace(data)) {
			t.Errorf("%s: the whole has other bytes", name)
		}
		var theirs struct{ Objects []json.RawMessage }
		if err := json.Unmarshal(data, &theirs); err != nil {
			t.Fatal(err)
		}
		i := 0
		for v := range objects.Elements() {
			if i < len(theirs.Objects) && !bytes.Equal(v.Raw(), theirs.Objects[i]) {
				t.Errorf("%s: object %d has other bytes", name, i)
			}
			if edited := stix.Edit(v, nil, map[string]string{"x_none": ""}); !bytes.Equal(edited, v.Raw()) {
				t.Errorf("%s: object %d is edited where nothing changes", name, i)
			}
			i++
		}
		if i != len(theirs.Objects) {
			t.Errorf("%s has %d objects, want %d", name, i, len(theirs.Objects))
		}
	}
}

// decoded is what encoding/json would have made of the value.
func decoded(v stix.Value) any {
	switch v.Kind() {
	case stix.Boolean:
		return v.IsTrue()
	case stix.Number:
		return json.Number(v.Raw())
	case stix.String:
		return v.Text()
	case stix.List:
		list := []any{}
		for e := range v.Elements() {
			list = append(list, decoded(e))
		}
		return list
	case stix.Object:
		object := map[string]any{}
		for name, member := range v.Members() {
			object[name] = decoded(member)
		}
		return object
	case stix.Missing, stix.Null:
	}
	return nil
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{indicator, ` [1,-2.5E+7,0] `, `{"a":{"a":{"b":[]}},"\u0061b":"\ud83d\ude00"}`, `{"a":1,"a":2}`, "\"\xff\"", `"\ud800"`, `nul`, strings.Repeat("[", 70)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var p stix.Parser
		v, err := p.Parse(data)
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		var theirs any
		if err != nil {
			if v.Kind() != stix.Missing {
				t.Error("an error and a value")
			}
			return
		}
		if err := d.Decode(&theirs); err != nil {
			t.Fatalf("accepted what encoding/json refuses: %v", err)
		}
		if ours := decoded(v); !reflect.DeepEqual(ours, theirs) {
			t.Errorf("read %#v, encoding/json reads %#v", ours, theirs)
		}
		if !bytes.Equal(v.Raw(), bytes.Trim(data, " \t\r\n")) {
			t.Errorf("the whole is %q", v.Raw())
		}
	})
}

func BenchmarkParse(b *testing.B) {
	data := []byte(indicator)
	var p stix.Parser
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}
