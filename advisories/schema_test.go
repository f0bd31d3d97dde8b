package advisories

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

const publishedSchema = "../docs/schema/advisory-1.json"

func TestThePublishedSchemaIsTheEmbeddedOne(t *testing.T) {
	published, err := os.ReadFile(publishedSchema)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(published, Schema()) {
		t.Errorf("%s is not advisories/schema.json: copy the one that is right", publishedSchema)
	}
}

// node is what a schema says of a value, as far as this test goes by it.
type node struct {
	Ref         string          `json:"$ref"`
	Description string          `json:"description"`
	Type        string          `json:"type"`
	Properties  map[string]node `json:"properties"`
	Required    []string        `json:"required"`
	Additional  *bool           `json:"additionalProperties"`
	Items       *node           `json:"items"`
	Enum        []string        `json:"enum"`
	Defs        map[string]node `json:"$defs"`
}

// TestSchemaAndTypesAgree walks both at once: a field, a type or a word that only
// one of them has is found.
func TestSchemaAndTypesAgree(t *testing.T) {
	var root node
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	var walk func(n node, typ reflect.Type, path, field string)
	walk = func(n node, typ reflect.Type, path, field string) {
		description := n.Description
		if name, ok := strings.CutPrefix(n.Ref, "#/$defs/"); ok {
			if n, ok = root.Defs[name]; !ok {
				t.Fatalf("%s: no %s", path, name)
			}
			used[name] = true
		}
		if description+n.Description == "" {
			t.Errorf("%s has no description", path)
		}
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		want := map[reflect.Kind]string{
			reflect.Struct: "object", reflect.Map: "object", reflect.Slice: "array", reflect.String: "string", reflect.Bool: "boolean", reflect.Float64: "number",
		}[typ.Kind()]
		if typ == reflect.TypeFor[time.Time]() {
			want = "string"
		}
		if n.Type != want {
			t.Errorf("%s is %q in the schema, and %s", path, n.Type, typ)
			return
		}
		words := slices.Sorted(slices.Values(vocabulary(field, typ)))
		if mayWait(field) {
			words = slices.Insert(words, 0, "")
		}
		if enum := slices.Sorted(slices.Values(n.Enum)); typ.Kind() == reflect.String && !slices.Equal(enum, words) {
			t.Errorf("%s has the words %q in the schema, and %q", path, enum, words)
		}
		names := map[string]bool{}
		switch {
		case typ == reflect.TypeFor[time.Time]():
			return
		case typ.Kind() == reflect.Slice:
			walk(*n.Items, typ.Elem(), path+"[]", field)
			return
		case typ.Kind() == reflect.Struct:
			for _, f := range fieldsOf(typ) {
				names[f.name] = true
				if slices.Contains(n.Required, f.name) != f.required {
					t.Errorf("%s.%s: the schema and the type differ in that it is required", path, f.name)
				}
				if vocabulary(f.full, typ.Field(f.index).Type) != nil && mayWait(f.full) != f.required {
					t.Errorf("%s.%s: a word that is always there may be empty, and no other", path, f.name)
				}
				if tag := typ.Field(f.index).Tag.Get("json"); strings.Contains(tag, "omit") == f.required || !strings.HasPrefix(tag+",", f.name+",") {
					t.Errorf("%s.%s is %q in JSON", path, f.name, tag)
				}
				p, ok := n.Properties[f.name]
				if !ok {
					t.Errorf("the schema has no %s.%s", path, f.name)
					continue
				}
				if len(path) < 60 {
					walk(p, typ.Field(f.index).Type, path+"."+f.name, f.full)
				}
			}
		case typ.Kind() == reflect.Map:
			for _, word := range vocabulary("", typ.Key()) {
				names[word] = true
				if p, ok := n.Properties[word]; !ok {
					t.Errorf("the schema has no %s.%s", path, word)
				} else {
					walk(p, typ.Elem(), path+"."+word, "")
				}
			}
		default:
			return
		}
		if n.Additional == nil || *n.Additional {
			t.Errorf("%s may have any other properties", path)
		}
		for name := range n.Properties {
			if !names[name] {
				t.Errorf("%s.%s is in the schema, and not in the record", path, name)
			}
		}
	}
	walk(root, reflect.TypeFor[Advisory](), "advisory", "")
	for name := range root.Defs {
		if !used[name] {
			t.Errorf("nothing in the schema refers to %s", name)
		}
	}
}

// TestSchemaAndReadYAMLAgree has both judge the same files: those in
// testdata/files, whose name begins with "good" or "bad".
func TestSchemaAndReadYAMLAgree(t *testing.T) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	schema, err := c.Compile(publishedSchema)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/files/*.yaml")
	examples, err2 := filepath.Glob("../docs/examples/*.yaml")
	if err != nil || err2 != nil || len(files) == 0 || len(examples) == 0 {
		t.Fatal(err, err2, files, examples)
	}
	samples := map[string][]byte{"good template": Template(time.Now())}
	for _, file := range append(files, examples...) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		// A file may hold many samples.
		for i, part := range bytes.Split(data, []byte("\n---\n")) {
			name := filepath.Base(file)
			if strings.Contains(file, "examples") {
				name = "good " + name
			}
			samples[name+" "+string(rune('a'+i))] = part
		}
	}
	for name, data := range samples {
		good := strings.HasPrefix(name, "good")
		_, _, err := ReadYAML(data)
		if (err == nil) != good {
			t.Errorf("%s: ReadYAML says %v:\n%s", name, err, data)
		}
		if err := schema.Validate(asJSON(t, data)); (err == nil) != good {
			t.Errorf("%s: the schema says %v:\n%s", name, err, data)
		}
	}
}

// asJSON is a file as a program reads it that knows nothing of the record.
func asJSON(t *testing.T, data []byte) any {
	t.Helper()
	if json.Valid(data) {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		t.Fatalf("%v:\n%s", err, data)
	}
	var plain func(n *yaml.Node)
	plain = func(n *yaml.Node) {
		if n.Tag == "!!timestamp" { // text, in YAML 1.2 and JSON
			n.Tag = "!!str"
		}
		for _, child := range n.Content {
			plain(child)
		}
	}
	plain(&root)
	var value any
	if err := root.Decode(&value); err != nil {
		t.Fatalf("%v:\n%s", err, data)
	}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}
