package mdn

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
)

// facts of example.hk: each root is "https://example.hk/ 200" or
// "https://example.hk/ timeout".
func facts(roots ...string) *scanner.Facts {
	f := &scanner.Facts{Target: scanner.Target{Domain: "example.hk", Unicode: "example.hk"}, Web: &scanner.WebFacts{}}
	for _, s := range roots {
		start, how, _ := strings.Cut(s, " ")
		root := scanner.WebRoot{Start: start, Hops: []scanner.Hop{{URL: start}}}
		switch how {
		case "200":
			root.Hops[0].Status = 200
		case "403":
			root.Hops[0].Status = 403
		case "503":
			root.Hops[0].Status = 503
		default:
			root.Failure = scanner.Failf(scanner.FailureKind(how), "test")
		}
		f.Web.Roots = append(f.Web.Roots, root)
	}
	if main := f.Web.Main(); main != nil {
		f.Web.CORS = &scanner.CORSAnswer{URL: main.Last().URL}
	}
	return f
}

// TestWithoutTheFacts: what is not known gives no score, and says why; a site
// without a web server has nothing to score.
func TestWithoutTheFacts(t *testing.T) {
	const plain, secure, www = "http://example.hk/", "https://example.hk/", "https://www.example.hk/"
	for _, tt := range []struct {
		about string
		facts *scanner.Facts
		want  string // host and grade, or host and kind of failure; "" nil
	}{
		{"the probe did not run", &scanner.Facts{}, ""},
		{"nobody", facts(), ""},
		{"closed", facts(plain+" refused", secure+" refused"), ""},
		{"both", facts(plain+" 200", secure+" 200"), "example.hk F"},
		{"no https", facts(plain+" 200", secure+" tls"), "example.hk F"},
		{"www only", facts(www + " 200"), "www.example.hk D"},
		{"apex closed", facts(secure+" refused", www+" 200"), "www.example.hk D"},
		{"https unknown", facts(plain+" 200", secure+" timeout"), "example.hk timeout"},
		{"http unknown", facts(plain+" blocked", secure+" 200"), "example.hk blocked"},
		{"http speaks no protocol", facts(plain+" tls", secure+" 200"), "example.hk tls"},
		{"stopped", facts(secure + " cancelled"), "example.hk cancelled"},
		{"turned away", facts(secure + " 403"), "example.hk blocked"},
		{"broken", facts(secure + " 503"), "example.hk server"},
	} {
		got, said := Score(tt.facts), ""
		switch {
		case got == nil:
		case got.Failure != nil:
			said = got.Host + " " + string(got.Failure.Kind)
			if got.Grade != "" || got.Score != 0 || len(got.Tests) > 0 {
				t.Errorf("%s: %+v beside a failure", tt.about, got)
			}
		default:
			said = got.Host + " " + got.Grade
			if len(got.Tests) != 10 {
				t.Errorf("%s: %d tests", tt.about, len(got.Tests))
			}
		}
		if said != tt.want {
			t.Errorf("%s: %q, want %q", tt.about, said, tt.want)
		}
	}

	for about, change := range map[string]func(*scanner.Facts){
		"the body broke off":           func(f *scanner.Facts) { f.Web.Roots[0].Hops[0].BodyFailure = scanner.Failf(scanner.FailReset, "") },
		"sharing was not asked about":  func(f *scanner.Facts) { f.Web.CORS = nil },
		"sharing was asked elsewhere":  func(f *scanner.Facts) { f.Web.CORS.URL = "https://other.example/" },
		"sharing got no answer":        func(f *scanner.Facts) { f.Web.CORS.Failure = scanner.Failf(scanner.FailTimeout, "") },
		"facts from before the score":  func(f *scanner.Facts) { f.Web.Roots[0].Page = &scanner.Page{Scripts: make([]scanner.Resource, 1)} },
		"the redirects come to no end": func(f *scanner.Facts) { f.Web.Roots[0].Failure = scanner.Failf(scanner.FailProtocol, "loop") },
	} {
		f := facts(secure + " 200")
		change(f)
		if got := Score(f); got == nil || got.Failure == nil {
			t.Errorf("%s: %+v", about, got)
		}
	}
}

func TestGrades(t *testing.T) {
	var letters []string
	for score := 135; score >= 0; score -= 5 {
		if g := grade(score); len(letters) == 0 || letters[len(letters)-1] != g {
			letters = append(letters, g)
		}
	}
	if got := strings.Join(letters, " "); got != "A+ A A- B+ B B- C+ C C- D+ D D- F" {
		t.Error(got)
	}
	for score, want := range map[int]string{130: "A+", 100: "A+", 99: "A", 90: "A", 89: "A-", 70: "B", 20: "F", 24: "F", 25: "D-", 0: "F"} {
		if got := grade(score); got != want {
			t.Errorf("%d is %s, want %s", score, got, want)
		}
	}
}

// FuzzScore: any header gives a verdict, the same twice, and the facts stay as
// they are.
func FuzzScore(f *testing.F) {
	f.Add("default-src 'self'; script-src 'nonce-x' 'strict-dynamic'", "default-src 'none'", "max-age=1; preload", "a", "lax")
	f.Add("default-src https://a/%zz", ";;", "max-age=-1x", "__Host-sess", "")
	f.Fuzz(func(t *testing.T, policy, meta, hsts, cookie, value string) {
		in := facts("https://example.hk/ 200")
		hop := &in.Web.Roots[0].Hops[0]
		for _, h := range []string{"Content-Security-Policy", "Strict-Transport-Security", "Referrer-Policy", "X-Frame-Options", "Cross-Origin-Resource-Policy"} {
			hop.Headers = append(hop.Headers, scanner.Header{Name: h, Value: map[string]string{"Content-Security-Policy": policy, "Strict-Transport-Security": hsts}[h] + value})
		}
		hop.Headers = append(hop.Headers, scanner.Header{Name: "Content-Type", Value: "text/html"})
		hop.Cookies = []scanner.Cookie{{Name: cookie, Domain: value, Path: meta, Secure: len(value)%2 == 0}}
		in.Web.Roots[0].Page = &scanner.Page{MetaCSP: []string{meta}, ScriptTags: 1, Scripts: []scanner.Resource{{URL: "https://" + value, Tag: "script"}}}
		before, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		got := Score(in)
		if got == nil || got.Failure != nil || got.Grade == "" || got.Score < 0 || slices.ContainsFunc(got.Tests, func(x scanner.MDNTest) bool { return x.Result == "" }) {
			t.Fatalf("%+v", got)
		}
		if after, _ := json.Marshal(in); string(after) != string(before) {
			t.Fatalf("the facts were %s\nand are %s", before, after)
		}
		if again := Score(in); !slices.Equal(again.Tests, got.Tests) {
			t.Fatalf("%v, then %v", got.Tests, again.Tests)
		}
	})
}
