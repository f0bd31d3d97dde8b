package rules

import (
	"strings"
	"testing"
)

func TestTakeoverTable(t *testing.T) {
	table, err := LoadTakeovers()
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, s := range table {
		count[s.Status]++
		for _, p := range s.Page {
			if got := s.Unclaimed(max(s.HTTP, 1), "<p>"+strings.ReplaceAll(strings.ToUpper(p), "*", "shop.example.hk")+"</p>"); got != p {
				t.Errorf("%s does not know its own words %q", s.Service, p)
			}
		}
		for _, suffix := range append(s.CNAME, s.NS...) {
			name := "shop." + strings.ReplaceAll(suffix, "*", "x")
			if !s.Leads(name) && !s.Serves(name) {
				t.Errorf("%s is not found at %s", s.Service, name)
			}
		}
		if s.Leads("example.hk") || s.Serves("ns1.example.hk") || s.Unclaimed(200, "<p>Welcome to our shop</p>") != "" {
			t.Errorf("%s claims a name that is none of its own", s.Service)
		}
	}
	if count["vulnerable"] != 36 || count["edge"] != 14 {
		t.Errorf("services by status: %v", count)
	}
}

func TestTakeoverVerdict(t *testing.T) {
	s := Takeover{Service: "X", Status: "vulnerable", CNAME: []string{"s3-*.x.example"}, Page: []string{"Tunnel * isn't here"}, HTTP: 404}
	tests := []struct {
		about, body string
		code        int
		want        bool
	}{
		{"its words", "Tunnel a.x.example isn't here", 404, true},
		{"another apostrophe, case and space", "TUNNEL  a.x.example\nISN&rsquo;T here", 404, true},
		{"another code", "Tunnel a.x.example isn't here", 200, false},
		{"far apart", "Tunnel " + strings.Repeat("x", 500) + " isn't here", 404, false},
		{"the second try", "A tunnel " + strings.Repeat("x", 500) + " tunnel a isn't here", 404, true},
		{"half of it", "Tunnel a", 404, false},
		{"nothing", "", 404, false},
	}
	for _, tt := range tests {
		if got := s.Unclaimed(tt.code, tt.body) != ""; got != tt.want {
			t.Errorf("%s: %v", tt.about, got)
		}
	}
	for name, want := range map[string]bool{
		"a.s3-eu.x.example": true, "S3-EU.X.example.": true, "s3.x.example": false, "x.example": false, "s3-a.b.x.example": false,
	} {
		if s.Leads(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
	hint := Takeover{Status: "vulnerable", HTTP: 301}
	if hint.Sure() || hint.Unclaimed(301, "") == "" || hint.Unclaimed(200, "") != "" {
		t.Error("a code alone is taken for proof")
	}
}

func TestTakeoverErrors(t *testing.T) {
	for text, want := range map[string]string{
		"services:\n- {status: edge}":                                                      "no name",
		"services:\n- {service: A, status: maybe}":                                         "neither vulnerable nor edge",
		"services:\n- {service: A, status: edge}":                                          "what leads there",
		"services:\n- {service: A, status: edge, cname: [a.b]}":                            "how an unclaimed name",
		"services:\n- {service: A, status: edge, cname: [a.b], nxdomain: true, http: 404}": "has no page",
		"services:\n- {service: A, status: edge, cname: [B], nxdomain: true}":              "no domain name",
		"services:\n- {service: A, status: edge, cname: ['[.b'], nxdomain: true}":          "no domain name",
		"services:\n- {service: A, status: edge, cname: [a.b], page: [oops]}":              "too short",
		"services:\n- {service: A, status: edge, cname: [a.b], colour: red}":               "colour",
		"services:\n- &a {service: A, status: edge, cname: [a.b], nxdomain: true}\n- *a":   "twice",
	} {
		if _, err := ParseTakeovers([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func FuzzParseTakeovers(f *testing.F) {
	data, err := files.ReadFile("takeover.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data, "a.s3.eu.amazonaws.com", 404, "There isn't a GitHub Pages site here.")
	f.Fuzz(func(t *testing.T, data []byte, name string, code int, body string) {
		table, err := ParseTakeovers(data)
		if err != nil {
			return
		}
		for _, s := range table {
			_ = s.Leads(name)
			_ = s.Unclaimed(code, body)
		}
	})
}
