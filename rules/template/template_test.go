package template_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/rules/template"
)

// good only looks; the cases below spoil one thing each.
const good = `id: staging-notes
info:
  name: Notes of the staging site
  author: shop
  severity: medium
  tags: exposure
http:
  - method: GET
    path:
      - "{{BaseURL}}/staging-notes.txt"
    redirects: false
    matchers-condition: and
    matchers:
      - type: word
        words: ["Notes of the staging site"]
      - type: status
        status: [200]
`

func TestOurOwnTemplatesOnlyLook(t *testing.T) {
	files, err := fs.Glob(rules.Templates(), "*.yaml")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d templates, %v; want at least 30", len(files), err)
	}
	asked := map[string]string{}
	for _, file := range files {
		data, err := fs.ReadFile(rules.Templates(), file)
		if err != nil {
			t.Fatal(err)
		}
		tpl, err := template.Check(file, data)
		if err != nil {
			t.Error(err)
		}
		if want := strings.ReplaceAll(strings.TrimSuffix(file, ".yaml"), ".", "-"); tpl.ID != want {
			t.Errorf("%s has the id %q; want %q", file, tpl.ID, want)
		}
		if !strings.Contains(tpl.Text, "max-size: ") {
			t.Errorf("%s says nothing about max-size", file)
		}
		for line := range strings.Lines(tpl.Text) { // a site is asked for each address once
			if path, ok := strings.CutPrefix(strings.TrimSpace(line), `- "{{BaseURL}}`); ok {
				if first := asked[path]; first != "" {
					t.Errorf("%s and %s ask for %s", first, file, path)
				}
				asked[path] = file
			}
		}
	}
}

func TestWhatOnlyLooksIsTaken(t *testing.T) {
	for name, text := range map[string]string{
		"good":        good,
		"HEAD":        strings.Replace(good, "GET", "HEAD", 1),
		"read only":   strings.Replace(good, "staging-notes.txt", "delete.txt?file=updates&page=2", 1),
		"one path":    strings.Replace(good, "path:\n      - ", "path: ", 1),
		"no slash":    strings.Replace(good, "{{BaseURL}}/staging-notes.txt", "{{BaseURL}}", 1),
		"old name":    strings.Replace(good, "http:", "requests:", 1),
		"list of tag": strings.Replace(good, "tags: exposure", "tags: [shop, panel]", 1),
		"a function":  strings.Replace(good, `["Notes of the staging site"]`, `['{{to_lower("NOTES")}}']`, 1),
		"dsl":         strings.Replace(good, `type: word`+"\n"+`        words: ["Notes of the staging site"]`, `type: dsl`+"\n"+`        dsl: ['contains(body, "resolve(x)") && len(body) > 3']`, 1),
		"size":        strings.Replace(good, "redirects: false", "max-size: 4096", 1),
		"redirects":   strings.Replace(good, "redirects: false", "host-redirects: true\n    max-redirects: 2", 1),
		"header":      strings.Replace(good, "redirects: false", "headers: {Accept: text/plain}", 1),
		"signed":      good + "# digest: 4a0a0047304502\n",
	} {
		tpl, err := template.Check("own.yaml", []byte(text))
		if err != nil || tpl.ID != "staging-notes" || tpl.Name != "Notes of the staging site" || tpl.Requests != 1 || tpl.Text != text {
			t.Errorf("%s: %+v, %v", name, tpl, err)
		}
	}
}

func TestWhatDoesMoreIsRefused(t *testing.T) {
	for _, tc := range []struct {
		name, old, now string
		want           string // in the error, with the line
	}{
		{"POST", "method: GET", "method: POST", `own.yaml:8: its method is "POST", which can change the site`},
		{"PUT", "method: GET", "method: PUT", `:8: its method is "PUT"`},
		{"DELETE", "method: GET", "method: DELETE", `:8: its method is "DELETE"`},
		{"PATCH", "method: GET", "method: PATCH", `:8: its method is "PATCH"`},
		{"a method made of an expression", "method: GET", `method: "{{x}}"`, `:8: its method is "{{x}}"`},
		{"no method", "method: GET", "name: x", `:8: it names no method`},
		{"raw", "redirects: false", `raw: ["DELETE / HTTP/1.1"]`, ":11: it writes raw requests"},
		{"body", "redirects: false", "body: a=b", ":11: it sends a body"},
		{"payloads", "redirects: false", "payloads: {a: [b]}", ":11: it has payloads"},
		{"attack", "redirects: false", "attack: clusterbomb", ":11: it has an attack type"},
		{"fuzzing", "redirects: false", "fuzzing: []", ":11: it is for fuzzing"},
		{"unsafe", "redirects: false", "unsafe: true", ":11: it sends malformed requests"},
		{"race", "redirects: false", "race: true", ":11: it races requests"},
		{"redirects", "redirects: false", "redirects: true", ":11: it follows redirects"},
		{"redirects without end", "redirects: false", "max-redirects: 99", ":11: max-redirects must be"},
		{"redirects from two paths", "    redirects: false", "      - \"{{BaseURL}}/b\"\n    host-redirects: true", ":12: with host-redirects it must have one path"},
		{"redirects, in other letters", "redirects: false", "redirects: True", ":11: it follows redirects"},
		{"a key of tomorrow", "redirects: false", "teleport: true", `:11: "teleport" of http is not among`},
		{"global matchers", "redirects: false", "global-matchers: true", `:11: "global-matchers"`},
		{"self-contained", "http:", "self-contained: true\nhttp:", ":7: it is self-contained"},
		{"flow", "http:", "flow: http(1)\nhttp:", ":7: a flow is a program"},
		{"code", "http:", "code:\n  - engine: [sh]\nhttp:", ":7: code templates are not run"},
		{"javascript", "http:", "javascript: []\nhttp:", ":7: javascript templates"},
		{"headless", "http:", "headless: []\nhttp:", ":7: headless templates"},
		{"file", "http:", "file: []\nhttp:", ":7: file templates"},
		{"network", "http:", "tcp: []\nhttp:", ":7: tcp templates"},
		{"dns", "http:", "dns: []\nhttp:", ":7: dns requests are not run"},
		{"workflow", "http:", "workflows: []\nhttp:", ":7: workflows"},
		{"variables", "http:", "variables: {a: b}\nhttp:", ":7: variables"},
		{"nothing to ask", "http:", "x-http:", `:7: "x-http" of the template`},
		{"two blocks", "http:\n", "http:\n  - method: GET\n", ":8: it must have exactly one block"},
		{"another host", "{{BaseURL}}/", "https://other.example/", `:10: its path "https://other.example/staging-notes.txt" must begin`},
		{"another port", "{{BaseURL}}/", "{{BaseURL}}:8080/", ":10: its path"},
		{"another user", "{{BaseURL}}/", "{{BaseURL}}@other.example/", ":10: its path"},
		{"an action in the query", "staging-notes.txt", "?action=delete&id=1", "do something (delete)"},
		{"an action as a parameter", "staging-notes.txt", "?cmd=id", "do something (cmd)"},
		{"an action in the path", "staging-notes.txt", "user/Logout", "do something (logout)"},
		{"an action of PHP", "staging-notes.txt", "reset.php", "do something (reset)"},
		{"another method in disguise", "staging-notes.txt", "?_METHOD=delete", ":10: its path"},
		{"a line break", `staging-notes.txt"`, `a\r\nHost: other"`, ":10: its path"},
		{"a header of methods", "redirects: false", "headers: {X-HTTP-Method-Override: DELETE}", `:11: the header "X-HTTP-Method-Override" is not sent`},
		{"a password", "redirects: false", "headers: {Authorization: Basic YWRtaW46YWRtaW4=}", `:11: the header "Authorization" is not sent`},
		{"a host", "redirects: false", "headers: {Host: other.example}", `:11: the header "Host"`},
		{"two headers in one", "redirects: false", `headers: {Accept: "a\r\nX: y"}`, ":11: the value of a header"},
		{"a server of somebody else", "staging-notes.txt", "?u={{interactsh-url}}", ":10: it makes the site call a server of somebody else"},
		{"a look-up", "staging-notes.txt", `{{resolve('other.example')}}`, `:10: the function "resolve" is not among`},
		{"a look-up in a matcher", `["Notes of the staging site"]`, `["{{resolve('other.example')}}"]`, `:15: the function "resolve"`},
		{"a wait", "type: word\n        words: [\"Notes of the staging site\"]", "type: dsl\n        dsl: ['wait_for(9)']", `:15: the function "wait_for"`},
		{"a wait in an extractor", "    matchers:", "    extractors: [{type: dsl, dsl: ['wait_for(9)']}]\n    matchers:", `the function "wait_for"`},
		{"extractors that are none", "    matchers:", "    extractors: [x]\n    matchers:", "extractors must have keys and values"},
		{"a severity of its own", "severity: medium", "severity: awful", `its severity is "awful"; it must be one of`},
		{"a call in a string", "type: word\n        words: [\"Notes of the staging site\"]", "type: dsl\n        dsl: ['contains(body, \"{{public_ip()}}\")']", `the function "public_ip"`},
		{"markers", "staging-notes.txt", "§x§", ":10: the marker"},
		{"an attack", "tags: exposure", "tags: exposure,sqli", `:6: its tag "sqli" says that it attacks`},
		{"an attack, in a list", "tags: exposure", "tags: [exposure, RCE]", `:6: its tag "rce"`},
		{"no tags", "tags: exposure", "reference: none", ":3: its tags must include one of exposure"},
		{"too much to read", "redirects: false", "max-size: 10000000", ":11: max-size must be"},
		{"no matchers", good[strings.Index(good, "    matchers:"):], "", ":8: it has no matchers"},
		{"a wrong expression", "type: word\n        words: [\"Notes of the staging site\"]", "type: regex\n        regex: ['(a']", ":15: its regular expression is wrong"},
		{"a matcher of tomorrow", "type: word", "type: mind", ":14: a matcher's type must be"},
		{"no id", "id: staging-notes", "id: ../../etc", ":1: its id must be"},
		{"no name", "  name: Notes of the staging site\n", "", ":3: info must have a name"},
		{"an include", "http:", "# !include:/etc/passwd.yaml\nhttp:", ":7: it includes another file"},
		{"an alias", "tags: exposure", "tags: &a exposure", ":6: anchors and aliases"},
		{"a tag of YAML", "tags: exposure", "tags: !!binary ZXhwb3N1cmU=", ":6: the YAML tag !!binary"},
		{"a key twice", "method: GET", "method: GET\n    method: POST", `:9: "method" stands twice`},
		{"a merge", "method: GET", "<<: {method: GET}", `"<<"`},
		{"two documents", "http:", "---\nhttp:", "more than one document"},
	} {
		text := strings.Replace(good, tc.old, tc.now, 1)
		if text == good {
			t.Errorf("%s: spoils nothing", tc.name)
		}
		if _, err := template.Check("own.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v; want %q", tc.name, err, tc.want)
		}
	}
	for name, tc := range map[string]struct{ text, want string }{
		"nothing":      {"", "own.yaml: it is empty"},
		"a list":       {"- a\n", "own.yaml:1: it is no template"},
		"damaged":      {strings.Replace(good, "author: shop", "author: 'shop: x: [", 1), "own.yaml:"},
		"bytes":        {"id: \x00\xff", "it is no YAML"},
		"too large":    {good + strings.Repeat("# \n", template.MaxFile), "larger than"},
		"many reasons": {"id: 1\na: 1\nb: 1\nc: 1\nd: 1\ne: 1\nf: 1\ng: 1\nh: 1\ni: 1\nj: 1\nk: 1\n", "own.yaml:2:"},
	} {
		_, err := template.Check("own.yaml", []byte(tc.text))
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Count(err.Error(), "own.yaml") > 10 {
			t.Errorf("%s: %v; want %q", name, err, tc.want)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	other := strings.Replace(good, "id: staging-notes", "id: another", 1)
	post := strings.Replace(strings.Replace(good, "GET", "POST", 1), "id: staging-notes", "id: post", 1)
	one := write("one.yaml", good)
	bad := write("bad.yaml", post)
	mixed := filepath.Dir(write("mixed/deep/z.yml", other))
	write("mixed/deep/a.yaml", post)
	write("mixed/.git/config.yaml", post)
	write("mixed/readme.md", "# no template")
	empty := filepath.Dir(write("empty/a.yaml", post))
	many := filepath.Join(dir, "many")
	for i := range template.MaxTemplates + 1 {
		id := strings.Repeat("a", i/26%26+1) + string(rune('a'+i%26))
		write("many/"+id+string(rune('0'+i/676))+".yaml", strings.Replace(good, "id: staging-notes", "id: "+id+string(rune('0'+i/676)), 1))
	}
	for _, tc := range []struct {
		name    string
		paths   []string
		ids     string
		refused string // in the one refusal; "": none
		want    string // in the error; "": none
	}{
		{"a file", []string{one}, "staging-notes", "", ""},
		{"a file and a folder", []string{one, filepath.Join(dir, "mixed")}, "another staging-notes", "mixed/deep/a.yaml:8: its method", ""},
		{"nothing", nil, "", "", ""},
		{"a bad file", []string{one, bad}, "", "", "bad.yaml:8: its method"},
		{"a bad file beside a folder", []string{bad, mixed}, "", "a.yaml:8: its method", "bad.yaml:8: its method"},
		{"no such file", []string{one, filepath.Join(dir, "none")}, "", "", "none: no such file"},
		{"nothing good", []string{empty}, "", "a.yaml:8: its method", "none of its 1 templates is run"},
		{"the same twice", []string{one, one}, "", "", "its id staging-notes is also that of"},
		{"too many", []string{many}, "", "", "501 templates with 501 requests and "},
	} {
		found, refused, err := template.Load(tc.paths)
		var ids []string
		for _, tpl := range found {
			ids = append(ids, tpl.ID)
		}
		if strings.Join(ids, " ") != tc.ids {
			t.Errorf("%s: %q; want %q", tc.name, ids, tc.ids)
		}
		if (tc.refused == "") != (len(refused) == 0) || (len(refused) > 0 && !strings.Contains(refused[0].Error(), tc.refused)) {
			t.Errorf("%s: refused %v; want %q", tc.name, refused, tc.refused)
		}
		if (tc.want == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %v; want %q", tc.name, err, tc.want)
		}
	}
}

// FuzzCheck: what is taken only looks, whatever else it says.
func FuzzCheck(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("id: a\ninfo: {name: a, author: b, tags: [exposure]}\nhttp: [{method: GET, path: ['{{BaseURL}}/'], matchers: [{type: status, status: [200]}]}]"))
	f.Add([]byte("? {a: b}\n: &x [*x]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		tpl, err := template.Check("f.yaml", data)
		if err != nil {
			if text := err.Error(); !strings.HasPrefix(text, "f.yaml:") || strings.ContainsAny(text, "\x00\x1b") {
				t.Errorf("the error %q", text)
			}
			return
		}
		if tpl.ID == "" || tpl.Requests < 1 || tpl.Requests > template.MaxPaths {
			t.Errorf("%+v", tpl)
		}
		var doc struct {
			HTTP, Requests []struct {
				Method             string
				Path               yaml.Node
				Raw, Body          any
				Redirects, Payload any
			}
		}
		if err := yaml.Unmarshal(data, &doc); err != nil {
			return // a value of another kind than the engine reads, which refuses it
		}
		blocks := append(doc.HTTP, doc.Requests...)
		if len(blocks) != 1 || (blocks[0].Method != "GET" && blocks[0].Method != "HEAD") || blocks[0].Raw != nil && blocks[0].Raw != false {
			t.Errorf("%+v of %q", blocks, data)
		}
	})
}
