package stix

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCustomObjects holds what is asked of a type that the standard does not have.
func TestCustomObjects(t *testing.T) {
	const (
		id      = `"id": "x-example-thing--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"`
		version = `"spec_version": "2.1", "created": "2016-01-01T00:00:00.000Z", "modified": "2016-01-01T00:00:00.000Z"`
		defines = `"extensions": {"extension-definition--9c59fd79-4215-4ba2-920d-3e4f320e1e62": {"extension_type": `
	)
	tests := []struct{ name, text, want string }{
		{"an object by an extension", `"type": "x-example-thing", ` + id + `, ` + version + `, "score": {"a": []}, ` + defines + `"new-sdo"}}`, ""},
		{"a relationship by an extension", `"type": "x-example-thing", ` + id + `, ` + version + `, ` + defines + `"new-sro"}}`, ""},
		{"an observable by an extension", `"type": "x-example-thing", ` + id + `, "score": 1, ` + defines + `"new-sco"}}`, ""},
		{"an object without an extension", `"type": "x-example-thing", ` + id + `, ` + version,
			"warning: objects of a type of one's own (x-example-thing) should have an extension that defines it (STIX 2.1, 11.2)"},
		{"an observable without an extension", `"type": "x-example-thing", ` + id + `, "score": 1`,
			"warning: objects of a type of one's own (x-example-thing) should have an extension that defines it (STIX 2.1, 11.2)"},
		{"no version", `"type": "x-example-thing", ` + id + `, ` + defines + `"new-sdo"}}`,
			"error: created is missing: it is required in a custom object (STIX 2.1, 3.2)"},
		{"of STIX 2.0", `"type": "x-example-thing", ` + id + `, "created": "2016-01-01T00:00:00.000Z", "modified": "2016-01-01T00:00:00.000Z"`,
			`error: spec_version is missing: this is an object of STIX 2.0 or of none, and only STIX 2.1 ("spec_version": "2.1") is accepted (STIX 2.1, 3.2)`},
		{"a reserved name", `"type": "x-example-thing", ` + id + `, ` + version + `, "severity": 5, ` + defines + `"new-sdo"}}`,
			"warning: severity is a name that the standard reserves (STIX 2.1, 3.8)"},
		{"a name that is none", `"type": "x-example-thing", ` + id + `, ` + version + `, "Score": 5, ` + defines + `"new-sdo"}}`,
			"error: Score is no name of a property: they have 3 to 250 lower-case letters of ASCII, digits and underscores and begin with a letter (STIX 2.1, 11.1.1)"},
		{"an empty list", `"type": "x-example-thing", ` + id + `, ` + version + `, "scores": [], ` + defines + `"new-sdo"}}`,
			"warning: scores is empty: it should be left out (STIX 2.1, 2)"},
		{"null", `"type": "x-example-thing", ` + id + `, ` + version + `, "score": null, ` + defines + `"new-sdo"}}`,
			"warning: score has no value (null): it should be left out (STIX 2.1, 2)"},
		{"a type with two hyphens", `"type": "x--thing", "id": "x--thing--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"`, "error: id must be an identifier"},
		{"a type that is too short", `"type": "xx", "id": "xx--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"`, "error: type must be the name of a type"},
		{"a type that begins with a digit", `"type": "9-lives", "id": "9-lives--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"`, "error: type must be the name of a type"},
		{"common properties all the same", `"type": "x-example-thing", ` + id + `, ` + version + `, "labels": 5, ` + defines + `"new-sdo"}}`,
			"error: labels must be a list, and is 5 (STIX 2.1, 2.12)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			problems := Validate(parsed(t, decode(t, "{"+tt.text+"}")))
			switch {
			case tt.want == "" && len(problems) > 0:
				t.Errorf("%v", problems)
			case tt.want != "" && (len(problems) == 0 || !strings.HasPrefix(string(problems[0].Severity)+": "+problems[0].String(), tt.want)):
				t.Errorf("got %v, want %s", problems, tt.want)
			}
		})
	}
}

func TestValidateBundle(t *testing.T) {
	const (
		id   = `"id": "bundle--44af6c39-c09b-49c5-9de2-394224b04982"`
		tool = `{"type": "tool", "spec_version": "2.1", "id": "tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "created": "2016-01-01T00:00:00.000Z", "modified": "2016-01-01T00:00:00.000Z", "name": NAME, "tool_types": ["TYPE"]}`
	)
	object := func(name, kind string) string {
		return strings.ReplaceAll(strings.ReplaceAll(tool, "NAME", name), "TYPE", kind)
	}
	good := object(`"n"`, "unknown")
	tests := []struct{ name, text, want string }{
		{"good", `{"type": "bundle", ` + id + `, "objects": [` + good + `]}`, ""},
		{"without objects", `{"type": "bundle", ` + id + `}`, ""},
		{"no object", `[]`, "error: must be a bundle, an object, and is a list (STIX 2.1, 8.1)"},
		{"another type", `{"type": "envelope", ` + id + `}`, `error: type must be bundle, and is "envelope" (STIX 2.1, 8.1)`},
		{"no id", `{"type": "bundle"}`, "error: id is missing: it is required in a bundle (STIX 2.1, 8.1)"},
		{"an id of something else", `{"type": "bundle", "id": "tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"}`, "error: id must begin with the object's type, bundle"},
		{"an id with another UUID", `{"type": "bundle", "id": "bundle--ff26c055-6336-5bc5-b98d-13d6226742dd"}`, "warning: id should have a random UUID"},
		{"of STIX 2.0", `{"type": "bundle", ` + id + `, "spec_version": "2.0"}`, "warning: spec_version is no property of a bundle of STIX 2.1"},
		{"no list", `{"type": "bundle", ` + id + `, "objects": {}}`, "error: objects must be a list, and is an object (STIX 2.1, 2.12)"},
		{"an empty list", `{"type": "bundle", ` + id + `, "objects": []}`, "error: objects must not be an empty list"},
		{"no STIX object", `{"type": "bundle", ` + id + `, "objects": [5]}`, "error: objects[0] must be a STIX object, and is 5 (STIX 2.1, 3.2)"},
		{"a bundle in it", `{"type": "bundle", ` + id + `, "objects": [{"type": "bundle", ` + id + `}]}`, "error: objects[0].type must not be bundle here: a bundle is no STIX object (STIX 2.1, 8)"},
		{"errors before warnings", `{"type": "bundle", ` + id + `, "objects": [` + object(`"n"`, "x") + `,` + good + `,` + object(`5`, "x") + `]}`,
			"error: objects[2].name must be a string, and is 5 (STIX 2.1, 2.15)\n" +
				`warning: objects[0].tool_types[0] is "x", which is no term of tool-type-ov`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := new(Parser).Parse([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			problems := ValidateBundle(v)
			if tt.want == "" && len(problems) > 0 {
				t.Errorf("%v", problems)
			}
			for i, want := range strings.Split(tt.want, "\n") {
				if tt.want != "" && (len(problems) <= i || !strings.HasPrefix(string(problems[i].Severity)+": "+problems[i].String(), want)) {
					t.Errorf("got %v, want %s", problems, want)
				}
			}
		})
	}
}

// TestPublishedObjectsAreValid reads what others have published. MITRE's custom
// properties and types are warned of and are no errors.
func TestPublishedObjectsAreValid(t *testing.T) {
	dir := os.Getenv("INFOHUB_TESTDATA")
	if dir == "" {
		t.Skip("not run: set INFOHUB_TESTDATA to a folder with stix/*.json")
	}
	files, err := filepath.Glob(filepath.Join(dir, "stix", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no STIX files in %s: %v", dir, err)
	}
	expected := map[string]bool{"STIX 2.1, 11.1": true, "STIX 2.1, 11.2": true, "STIX 2.1, 5.1.2": true, "STIX 2.1, 2.9": true}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		v, err := new(Parser).Parse(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		problems := Validate(v)
		if v.Get("type").Text() == "bundle" {
			problems = ValidateBundle(v)
		}
		for _, p := range problems {
			if p.Severity == SeverityError || !expected[p.Clause] {
				t.Errorf("%s: %s: %s", filepath.Base(name), p.Severity, p)
			}
		}
	}
}
