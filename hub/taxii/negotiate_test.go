package taxii

import (
	"net/http"
	"strings"
	"testing"
)

func TestAccepts(t *testing.T) {
	tests := []struct {
		about  string
		accept []string
		want   bool
	}{
		{"none", nil, true},
		{"empty", []string{""}, true},
		{"the type", []string{"application/taxii+json;version=2.1"}, true},
		{"with a space", []string{"application/taxii+json; version=2.1"}, true},
		{"without a version", []string{"application/taxii+json"}, true},
		{"quoted", []string{`application/taxii+json;version="2.1"`}, true},
		{"in capitals", []string{"APPLICATION/TAXII+JSON;VERSION=2.1"}, true},
		{"two versions, the older first", []string{"application/taxii+json;version=2.0, application/taxii+json;version=2.1"}, true},
		{"two versions in two headers", []string{"application/taxii+json;version=2.0", "application/taxii+json;version=2.1"}, true},
		{"two versions in one type", []string{"application/taxii+json;version=2.0;version=2.1"}, true},
		{"the older preferred", []string{"application/taxii+json;version=2.0, application/taxii+json;version=2.1;q=0.1"}, true},
		{"anything", []string{"*/*"}, true},
		{"any application", []string{"application/*"}, true},
		{"JSON", []string{"application/json"}, true},
		{"a browser", []string{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, true},
		{"a comma in quotes", []string{`text/html;a=",*/*,", application/taxii+json`}, true},
		{"unknown parameters", []string{"application/taxii+json;version=2.1;charset=utf-8"}, true},
		{"2.0 and anything", []string{"application/vnd.oasis.taxii+json;version=2.0, */*;q=0.1"}, true},

		{"TAXII 2.0", []string{"application/vnd.oasis.taxii+json;version=2.0"}, false},
		{"STIX 2.0", []string{"application/vnd.oasis.stix+json; version=2.0"}, false},
		{"another version", []string{"application/taxii+json;version=2.0"}, false},
		{"a version that begins so", []string{"application/taxii+json;version=2.10"}, false},
		{"HTML", []string{"text/html"}, false},
		{"refused by q", []string{"application/taxii+json;version=2.1;q=0"}, false},
		{"refused in particular", []string{"*/*, application/taxii+json;q=0.0"}, false},
		{"a q that is none", []string{"application/taxii+json;q=much"}, false},
		{"within quotes", []string{`text/html;a="application/taxii+json"`}, false},
		{"garbage", []string{",,;;,"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			err := accepts(tt.accept)
			if got := err == nil; got != tt.want {
				t.Errorf("accepted: %v, want %v", got, tt.want)
			}
			if err != nil && (toRefusal(err).status != http.StatusNotAcceptable || !strings.Contains(err.Error(), "STIX 2.1")) {
				t.Errorf("error %d %v", toRefusal(err).status, err)
			}
		})
	}
}

func TestSubmits(t *testing.T) {
	tests := []struct {
		about    string
		types    []string
		encoding string
		want     bool
	}{
		{"the type", []string{"application/taxii+json;version=2.1"}, "", true},
		{"without a version", []string{"application/taxii+json"}, "", true},
		{"with a charset", []string{"application/taxii+json;version=2.1;charset=utf-8"}, "", true},
		{"quoted, in capitals", []string{`Application/TAXII+json; Version="2.1"`}, "identity", true},
		{"none", nil, "", false},
		{"two", []string{"application/taxii+json", "application/taxii+json"}, "", false},
		{"JSON", []string{"application/json"}, "", false},
		{"STIX 2.0", []string{"application/vnd.oasis.stix+json; version=2.0"}, "", false},
		{"TAXII 2.0", []string{"application/taxii+json;version=2.0"}, "", false},
		{"anything", []string{"*/*"}, "", false},
		{"compressed", []string{"application/taxii+json;version=2.1"}, "gzip", false},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			h := http.Header{"Content-Type": tt.types}
			if tt.encoding != "" {
				h.Set("Content-Encoding", tt.encoding)
			}
			if got := submits(h) == nil; got != tt.want {
				t.Errorf("taken: %v, want %v", got, tt.want)
			}
		})
	}
}

func TestToken(t *testing.T) {
	tests := []struct {
		about string
		sent  []string
		want  string
		fails bool
	}{
		{"a stranger", nil, "", false},
		{"Bearer", []string{"Bearer k_1"}, "k_1", false},
		{"in another case", []string{"bEARER  k_1 "}, "k_1", false},
		{"Basic, any name", []string{"Basic YW55Ym9keTprXzE="}, "k_1", false}, // anybody:k_1
		{"Basic, colons", []string{"Basic YW55Ym9keTprOjE="}, "k:1", false},   // anybody:k:1
		{"as OASIS's client sends one", []string{"Token k_1"}, "k_1", false},
		{"Basic without a password", []string{"Basic YW55Ym9keTo="}, "", true},
		{"Basic that is no base64", []string{"Basic %%%"}, "", true},
		{"Bearer without a key", []string{"Bearer "}, "", true},
		{"another scheme", []string{"Digest username=x"}, "", true},
		{"empty", []string{""}, "", true},
		{"two", []string{"Bearer a", "Bearer b"}, "", true},
		{"very long", []string{"Bearer " + strings.Repeat("a", maxToken+1)}, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			got, err := Token(&http.Request{Header: http.Header{"Authorization": tt.sent}})
			if got != tt.want || (err != nil) != tt.fails {
				t.Errorf("token %q, error %v", got, err)
			}
		})
	}
}

func FuzzAccept(f *testing.F) {
	for _, seed := range []string{"", "*/*", `application/taxii+json;version="2.1";q=0.5, text/html`, `a;b="\`, ",;="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		err := accepts([]string{header})
		if err != nil && toRefusal(err).status != http.StatusNotAcceptable {
			t.Errorf("%v", err)
		}
		// What is added to a list takes nothing away, unless it is the same type.
		if err == nil && strings.TrimSpace(header) != "" && !strings.Contains(header, `"`) && accepts([]string{header + ",text/html"}) != nil {
			t.Error("a further type made it unacceptable")
		}
	})
}

func FuzzContentType(f *testing.F) {
	for _, seed := range []string{"", "application/taxii+json", `application/taxii+json;version="2.1";charset=utf-8`, ";;;"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		err := submits(http.Header{"Content-Type": {header}})
		if err == nil && !strings.HasPrefix(strings.ToLower(strings.TrimSpace(header)), "application/taxii+json") {
			t.Errorf("%q was taken", header)
		}
	})
}
