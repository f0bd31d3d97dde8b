package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// bundleObjects are the texts of a bundle's objects, byte for byte; or of what is
// one object itself.
func bundleObjects(t *testing.T, text []byte) (objects []string) {
	t.Helper()
	var bundle struct {
		ID      string
		Objects []json.RawMessage
	}
	if err := json.Unmarshal(text, &bundle); err != nil {
		t.Fatal(err)
	}
	for _, o := range bundle.Objects {
		objects = append(objects, string(o))
	}
	if len(objects) == 0 && bundle.ID != "" {
		return []string{strings.TrimSpace(string(text))}
	}
	return objects
}

// allOf gets all versions of what a collection holds, in pages.
func (w *world) allOf(a *asker, s *shelf) (objects []string) {
	w.t.Helper()
	w.walk(a, s.path()+"objects/?limit=500&match[version]=all", func(body string) {
		objects = append(objects, bundleObjects(w.t, []byte(body))...)
	})
	return objects
}

// TestRealData: what others published goes in by TAXII and comes out the same, byte
// for byte; what is refused is what STIX 2.1 forbids.
func TestRealData(t *testing.T) {
	dir := os.Getenv("INFOHUB_TESTDATA")
	if dir == "" {
		t.Skip("not run: set INFOHUB_TESTDATA to a folder with stix/*.json")
	}
	files, err := filepath.Glob(filepath.Join(dir, "stix", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no bundles: %v", err)
	}
	w := newWorld(t)
	gov := w.asker("gov-key")
	for i, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			w.t = t
			alias := fmt.Sprintf("data%d", i)
			s := &shelf{alias: alias, root: "community"}
			w.must(http.MethodPost, "/collections", apiclient.CollectionEdit{Alias: &alias, Title: ptr("Data"), Unmarked: ptr("clear"),
				Grants: &[]apiclient.Grant{{Subject: "gov", Read: true, Write: true}}}, nil)
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			objects := bundleObjects(t, text)
			// Those that define markings come before what they mark, as our client sends them.
			slices.SortStableFunc(objects, func(a, b string) int {
				return strings.Count(b, `"definition_type"`) - strings.Count(a, `"definition_type"`)
			})
			refused := map[string]string{}
			for chunk := range slices.Chunk(objects, 400) {
				for range 2 { // the second time all of it is there
					st := w.taxiiPost(gov, s, chunk...)
					if st.SuccessCount+st.FailureCount != len(chunk) {
						t.Errorf("%d sent: %+v", len(chunk), st)
					}
					for _, f := range st.Failures {
						refused[f.ID] = f.Message
					}
				}
			}
			// The file of the interoperability tests is TLP:RED, and marked by what nobody
			// knows: it has no readers here.
			if name == "oasis-interop-objectmarking-test.json" {
				if len(refused) != 1 || !strings.Contains(refused["campaign--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061"], "for named people") {
					t.Errorf("refused: %v", refused)
				}
				objects = nil
			} else if len(refused) > 0 {
				t.Errorf("refused: %v", refused)
			}
			w.wantBytes(gov, s, objects)
		})
	}
}

// wantBytes fails unless a collection holds exactly these texts.
func (w *world) wantBytes(a *asker, s *shelf, want []string) {
	w.t.Helper()
	got := w.allOf(a, s)
	left := map[string]bool{}
	for _, o := range want {
		left[o] = true
	}
	for _, o := range got {
		if !left[o] {
			w.t.Errorf("this is not as it was sent: %s", o)
		}
		delete(left, o)
	}
	for o := range left {
		w.t.Errorf("this does not come out: %s", o)
	}
}

// typeMembers are the types of STIX 2.1 with the members that they need.
func typeMembers() map[string]string {
	const ref = `"indicator--00000000-1111-4bad-8bad-000000000001"`
	return map[string]string{
		"attack-pattern": `"name":"a"`, "campaign": `"name":"a"`, "course-of-action": `"name":"a"`, "grouping": `"context":"suspicious-activity","object_refs":[` + ref + `]`,
		"identity": `"name":"a"`, "incident": `"name":"a"`, "infrastructure": `"name":"a"`, "intrusion-set": `"name":"a"`, "location": `"latitude":1.50,"longitude":-0.0`,
		"indicator": `"pattern":"[file:name = 'a\u002e\\\\b']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00.000000Z"`,
		"malware":   `"is_family":false`, "malware-analysis": `"product":"x","result":"unknown"`, "note": `"content":"a","object_refs":[` + ref + `]`,
		"observed-data": `"first_observed":"2026-01-01T00:00:00.1Z","last_observed":"2026-01-01T00:00:00.123456Z","number_observed":999999999,"object_refs":["ipv4-addr--00000000-1111-4bad-8bad-000000000001"]`,
		"opinion":       `"opinion":"neutral","object_refs":[` + ref + `]`, "report": `"name":"a","published":"2026-01-01T00:00:00Z","object_refs":[` + ref + `]`,
		"threat-actor": `"name":"a"`, "tool": `"name":"a"`, "vulnerability": `"name":"CVE-2026-0001"`,
		"relationship": `"relationship_type":"related-to","source_ref":` + ref + `,"target_ref":` + ref, "sighting": `"sighting_of_ref":` + ref + `,"count":0`,
		"marking-definition": `"definition_type":"statement","definition":{"statement":"a"}`, "language-content": `"object_ref":` + ref + `,"contents":{"de":{"name":"\u00fc"}}`,
		"extension-definition": `"created_by_ref":"identity--00000000-1111-4bad-8bad-000000000009","name":"a","schema":"https://a.example","version":"1.0","extension_types":["property-extension"]`,
		"artifact":             `"payload_bin":"YQ=="`, "autonomous-system": `"number":4294967295`, "directory": `"path":"C:\\\\a"`, "domain-name": `"value":"a.example"`,
		"email-addr": `"value":"a@a.example"`, "email-message": `"is_multipart":false`, "file": `"name":"\ud83d\ude00","size":0`, "ipv4-addr": `"value":"198.51.100.0/24"`,
		"ipv6-addr": `"value":"2001:db8::1"`, "mac-addr": `"value":"d2:fb:49:24:37:18"`, "mutex": `"name":"\/"`, "network-traffic": `"protocols":["tcp"],"src_ref":"ipv4-addr--00000000-1111-4bad-8bad-000000000001"`,
		"process": `"pid":1`, "software": `"name":"a"`, "url": `"value":"https:\/\/a.example\/"`, "user-account": `"user_id":"a"`, "windows-registry-key": `"key":"HKEY_LOCAL_MACHINE\\\\a"`,
		"x509-certificate": `"serial_number":"00:01"`, "x-acme-thing": `"name":"a"`,
	}
}

// TestEveryType: objects of each type come out as they were sent, whatever they
// hold that is their own: numbers in all forms, escapes, spaces, order, extensions.
func TestEveryType(t *testing.T) {
	w := newWorld(t)
	s, gov := w.shelves["public"], w.asker("gov-key")
	odd := []string{
		`"x_numbers" : [1.0,1e3 , 1E+3, 1.50, -0, -0.0, 0.10, 12345678901234567890123, 9007199254740993, 1e-7]`,
		`"x_texts":["\u00e9é\/\uD83D\uDE00 😀\t","\u003cscript\u003e&<>",""," ","\u2028"]`,
		"\"x_deep\" :\t{ \"b\" :1,\r\n\"a\": {\"c\":[ [ ] ,{ } , null,true ]}}",
		`"extensions":{"extension-definition--00000000-1111-4bad-8bad-00000000abcd":{"extension_type":"property-extension","z":1.0,"a":[{}]}}`,
		`"extensions":{"extension-definition--00000000-1111-4bad-8bad-00000000abcd":{"extension_type":"toplevel-property-extension"}},"toy_rank":5.00`,
	}
	var all []string
	n := 0
	for kind, members := range typeMembers() {
		for _, more := range odd {
			n++
			id := fmt.Sprintf("%s--%08x-1111-4bad-8bad-%012x", kind, n, n)
			common := fmt.Sprintf(`"id":%q,"spec_version" : "2.1"`, id)
			if !slices.Contains(observables(), kind) {
				common += `,"created":"2026-01-01T00:00:00.000001Z"`
				if kind != "marking-definition" {
					common += `,"modified":"2026-01-01T00:00:00.100200Z"`
				}
			}
			parts := []string{more, members, common, fmt.Sprintf(`"type":%q`, kind)}
			if n%2 == 0 {
				slices.Reverse(parts)
			}
			all = append(all, "{ "+strings.Join(parts, " ,\n")+"\t}")
		}
	}
	st := w.taxiiPost(gov, s, all...)
	if st.FailureCount > 0 {
		t.Errorf("refused: %+v", st.Failures)
	}
	w.wantBytes(gov, s, all)
	// The API gives the object of each as JSON, with the same numbers and texts.
	got := w.ask(gov, http.MethodGet, "/api/v1/changes?limit=1000", "")
	for _, want := range []string{"12345678901234567890123", "1.50", "9007199254740993", "1E+3"} {
		if strings.Count(got.body, want) < len(typeMembers()) {
			t.Errorf("the feed changes %s", want)
		}
	}
}

// observables are the types that have no versions.
func observables() []string {
	return []string{"artifact", "autonomous-system", "directory", "domain-name", "email-addr", "email-message", "file", "ipv4-addr", "ipv6-addr", "mac-addr", "mutex",
		"network-traffic", "process", "software", "url", "user-account", "windows-registry-key", "x509-certificate"}
}
