package csaf

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/advisories"
)

// testCase is a document of ours: testdata/base.json with some values set. What
// sets null takes away; what sets one more item of a list appends it.
type testCase struct {
	Test   string         `json:"test"`
	Name   string         `json:"name"`
	Set    map[string]any `json:"set"`
	Fails  []string       `json:"fails"`  // paths that the test complains of, sorted; none: the document passes all tests
	Also   []string       `json:"also"`   // other tests that such a document cannot but fail
	Schema bool           `json:"schema"` // that it does not fit the schema either
}

func (c testCase) String() string { return c.Test + " " + c.Name }

func testCases(t testing.TB) []testCase {
	t.Helper()
	data, err := os.ReadFile("testdata/mandatory.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []testCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

// document makes the document of a case.
func (c testCase) document(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/base.json")
	if err != nil {
		t.Fatal(err)
	}
	var root any
	if err := json.Unmarshal(data, &root); err != nil {
		t.Fatal(err)
	}
	for path, value := range c.Set {
		if root, err = set(root, strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune(".[]", r) }), value); err != nil {
			t.Fatalf("%s: %s: %v", c, path, err)
		}
	}
	if data, err = json.Marshal(root); err != nil {
		t.Fatal(err)
	}
	return data
}

func set(node any, path []string, value any) (any, error) {
	if len(path) == 0 {
		return value, nil
	}
	switch node := node.(type) {
	case map[string]any:
		below, err := set(node[path[0]], path[1:], value)
		if err != nil {
			return nil, err
		}
		if node[path[0]] = below; below == nil {
			delete(node, path[0])
		}
		return node, nil
	case []any:
		i, err := strconv.Atoi(path[0])
		if err != nil || i > len(node) {
			return nil, fmt.Errorf("no item %s", path[0])
		}
		if i == len(node) {
			node = append(node, nil)
		}
		node[i], err = set(node[i], path[1:], value)
		return node, err
	default:
		return nil, fmt.Errorf("nothing holds %s", path[0])
	}
}

func TestMandatory(t *testing.T) {
	passing, failing := map[string]int{}, map[string]int{}
	for _, c := range testCases(t) {
		t.Run(c.String(), func(t *testing.T) {
			d, schema, err := Parse(c.document(t))
			if err != nil {
				t.Fatal(err)
			}
			if (len(schema) > 0) != c.Schema {
				t.Errorf("schema: %v", schema)
			}
			var paths []string
			others := map[string]bool{}
			for _, p := range Test(d) {
				if p.Message == "" || p.Remedy == "" {
					t.Errorf("%+v: a problem without words", p)
				}
				if p.Rule == "csaf."+c.Test {
					paths = append(paths, p.Path)
				} else {
					others[strings.TrimPrefix(p.Rule, "csaf.")] = true
				}
			}
			slices.Sort(paths)
			if !slices.Equal(paths, c.Fails) {
				t.Errorf("complains of %q, want %q", paths, c.Fails)
			}
			for _, other := range c.Also {
				if !others[other] {
					t.Errorf("%s does not fail", other)
				}
				delete(others, other)
			}
			if len(others) > 0 {
				t.Errorf("fails %v too", others)
			}
		})
		if len(c.Fails) > 0 {
			failing[c.Test]++
		} else {
			passing[c.Test]++
		}
	}
	tests := Tests()
	if len(tests) != 43 {
		t.Errorf("%d tests, want 43", len(tests))
	}
	for _, test := range tests {
		if passing[test.Number] == 0 || failing[test.Number] == 0 {
			t.Errorf("%s has %d passing and %d failing documents, want some of both", test.Number, passing[test.Number], failing[test.Number])
		}
	}
}

func TestBasePasses(t *testing.T) {
	_, problems, err := Check(testCase{}.document(t))
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v, want none", problems, err)
	}
}

// faulty are the real documents that fail, with the tests they fail and why that
// is their own fault.
func faulty() map[string][]string {
	return map[string][]string{}
}

// realDocuments returns the documents of INFOHUB_TESTDATA by name.
func realDocuments(t *testing.T) map[string][]byte {
	t.Helper()
	dir := os.Getenv("INFOHUB_TESTDATA")
	if dir == "" {
		t.Skip("not run: set INFOHUB_TESTDATA to a folder with csaf/*.json")
	}
	files, err := filepath.Glob(filepath.Join(dir, "csaf", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no csaf/*.json in INFOHUB_TESTDATA: %v", err)
	}
	documents := map[string][]byte{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		documents[filepath.Base(file)] = data
	}
	return documents
}

func TestRealDocuments(t *testing.T) {
	for name, data := range realDocuments(t) {
		d, problems, err := Check(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d.Document.Tracking.ID == "" || d.Document.Title == "" {
			t.Errorf("%s: no id or title", name)
		}
		if got, want := rules(problems), faulty()[name]; !slices.Equal(got, want) {
			t.Errorf("%s fails %q, want %q: %+v", name, got, want, problems)
		}
	}
}

// rules returns the rules of problems, each once, sorted.
func rules(problems []advisories.Problem) []string {
	var list []string
	for _, p := range problems {
		list = append(list, p.Rule)
	}
	slices.Sort(list)
	return slices.Compact(list)
}
