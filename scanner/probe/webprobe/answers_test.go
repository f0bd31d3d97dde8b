package webprobe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

func TestBlockedRoot(t *testing.T) {
	s := newSite(t, toHTTPS, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	w, err := s.scan(time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	r := root(t, w, "http://example.hk/")
	if kindOf(r.Failure) != scanner.FailBlocked || len(r.Hops) != 2 || r.Hops[1].Status != 429 || r.Page != nil {
		t.Errorf("%+v", r)
	}
	if w.Main() != nil || w.CORS != nil || kindOf(w.SecurityTxt.Failure) != scanner.FailBlocked {
		t.Errorf("main %v, CORS %v, security.txt %+v", w.Main(), w.CORS, w.SecurityTxt)
	}
	if _, hits := s.count(); hits["https://example.hk/"] != 1 || len(hits) != 4 {
		t.Errorf("requests %v", hits)
	}
}

func TestErrorPagesAreAnswers(t *testing.T) {
	for _, status := range []int{401, 403, 404, 500, 503} {
		s := newSite(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			fmt.Fprint(w, "<title>No</title>")
		}, nil)
		w, err := s.scan(time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if r := root(t, w, "http://example.hk/"); r.Failure != nil || r.Last().Status != status || r.Page.Title != "No" || w.Main() != nil {
			t.Errorf("%d: %+v", status, r)
		}
	}
}

func TestCORS(t *testing.T) {
	tests := []struct {
		about       string
		handler     http.HandlerFunc
		origin      string
		credentials bool
		kind        scanner.FailureKind
	}{
		{"none", page(""), "", false, ""},
		{"reflected", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
			w.Header().Set("Access-Control-Allow-Credentials", "true")
		}, ForeignOrigin, true, ""},
		{"for all", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", "*")
			w.Header().Set("Access-Control-Allow-Credentials", "TRUE")
		}, "*", false, ""},
		{"an error page counts", func(w http.ResponseWriter, r *http.Request) {
			if o := r.Header.Get("Origin"); o != "" {
				w.Header().Set("Access-Control-Allow-Origin", o)
				w.WriteHeader(http.StatusForbidden)
			}
		}, ForeignOrigin, false, ""},
		{"blocked", func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Origin") != "" {
				w.WriteHeader(http.StatusTooManyRequests)
			}
		}, "", false, scanner.FailBlocked},
		{"cut off", func(_ http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Origin") != "" {
				panic(http.ErrAbortHandler)
			}
		}, "", false, scanner.FailReset},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			s := newSite(t, tt.handler, nil)
			w, err := s.scan(time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			if c := w.CORS; c.AllowOrigin != tt.origin || c.Credentials != tt.credentials || kindOf(c.Failure) != tt.kind {
				t.Errorf("%+v", c)
			}
		})
	}
}

const textFile = "Contact: https://example.hk/report\r\nContact: mailto:a@example.hk\r\nEXPIRES : 2027-01-01T00:00:00Z\r\n"

func TestSecurityTxt(t *testing.T) {
	file := func(contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			fmt.Fprint(w, body)
		}
	}
	to := func(where string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, where, http.StatusFound) }
	}
	const wellKnown, old = "/.well-known/security.txt", "/security.txt"
	tests := []struct {
		about  string
		paths  map[string]http.HandlerFunc
		path   string
		status int
		found  bool
		kind   scanner.FailureKind
	}{
		{"none", nil, wellKnown, 404, false, ""},
		{"where it belongs", map[string]http.HandlerFunc{wellKnown: file("text/plain; charset=utf-8", textFile)}, wellKnown, 200, true, ""},
		{"at the old place", map[string]http.HandlerFunc{old: file("text/plain", textFile)}, old, 200, true, ""},
		{"redirected to the old place", map[string]http.HandlerFunc{wellKnown: to(old), old: file("text/plain", textFile)}, wellKnown, 200, true, ""},
		{"redirected to http", map[string]http.HandlerFunc{wellKnown: to("http://example.hk/x")}, wellKnown, 200, false, ""},
		{"to another site", map[string]http.HandlerFunc{wellKnown: to("https://shop.example.net/s"), "/s": file("text/plain", textFile)}, wellKnown, 200, true, ""},
		{"a ring", map[string]http.HandlerFunc{wellKnown: to(wellKnown)}, wellKnown, 302, false, ""},
		{"every path is the home page", map[string]http.HandlerFunc{wellKnown: page(goodPage), old: page(goodPage)}, wellKnown, 200, false, ""},
		{"html type", map[string]http.HandlerFunc{wellKnown: file("text/html", textFile)}, wellKnown, 200, false, ""},
		{"no fields", map[string]http.HandlerFunc{wellKnown: file("text/plain", "hello: you\n")}, wellKnown, 200, false, ""},
		{"too long", map[string]http.HandlerFunc{wellKnown: file("text/plain", textFile+strings.Repeat("#\n", maxText))}, wellKnown, 200, false, ""},
		{"blocked", map[string]http.HandlerFunc{wellKnown: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }}, wellKnown, 429, false, scanner.FailBlocked},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			s := newSite(t, file("text/plain", textFile), func(w http.ResponseWriter, r *http.Request) {
				if h := tt.paths[r.URL.Path]; h != nil {
					h(w, r)
				} else if r.URL.Path == "/" {
					page(goodPage)(w, r)
				} else {
					http.NotFound(w, r)
				}
			})
			s.names.addrs = map[string][]string{"shop.example.net": {"127.0.0.1"}}
			w, err := s.scan(time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			f := w.SecurityTxt
			if f.URL != "https://example.hk"+tt.path || f.Status != tt.status || f.Found != tt.found || kindOf(f.Failure) != tt.kind {
				t.Errorf("%+v, want %+v", f, tt)
			}
			if f.Found && (len(f.Contact) != 2 || !slices.Equal(f.Expires, []string{"2027-01-01T00:00:00Z"})) {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestSecurityTxtOfTheMainHost(t *testing.T) {
	s := newSite(t, nil, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Host == "example.hk":
			http.Redirect(w, r, "https://www.example.hk"+r.URL.Path, http.StatusFound)
		case r.URL.Path == "/":
			http.Redirect(w, r, "https://shop.example.net/", http.StatusFound)
		}
	})
	s.names.addrs = map[string][]string{"shop.example.net": nil}
	w, err := s.scan(time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	// The main page is elsewhere, and gone: nothing stands for the site.
	if w.Main() != nil || kindOf(w.SecurityTxt.Failure) != scanner.FailUnresolved {
		t.Errorf("main %v, security.txt %+v", w.Main(), w.SecurityTxt)
	}

	s = newSite(t, nil, func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "example.hk" {
			http.Redirect(w, r, "https://www.example.hk"+r.URL.Path, http.StatusFound)
		}
	})
	if w, err = s.scan(time.Minute); err != nil {
		t.Fatal(err)
	}
	if w.SecurityTxt.URL != "https://www.example.hk/.well-known/security.txt" {
		t.Errorf("%+v", w.SecurityTxt)
	}
}

func TestParseSecurityText(t *testing.T) {
	signed := "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nContact: mailto:a@example.hk\n- Expires: 2027-01-01T00:00:00Z\n-----BEGIN PGP SIGNATURE-----\n\nContact: mailto:forged@example.net\n-----END PGP SIGNATURE-----\n"
	tests := []struct {
		about, text string
		want        securityText
	}{
		{"nothing", "", securityText{}},
		{"comments and unknown fields", "# Contact: a\nFoo: bar\nContact\n\nContact:\n", securityText{}},
		{"mark and odd spaces", "\ufeffcontact:mailto:a@example.hk\n\tExpires : x \n", securityText{fields: 2, contact: []string{"mailto:a@example.hk"}, expires: []string{"x"}}},
		{"twice", "Expires: a\nExpires: b\n", securityText{fields: 2, expires: []string{"a", "b"}}},
		{"other fields", "Policy: x\nPreferred-Languages: en\nCanonical: y\nCSAF: z\n", securityText{fields: 4, canonical: []string{"y"}}},
		{"signed", signed, securityText{fields: 2, contact: []string{"mailto:a@example.hk"}, expires: []string{"2027-01-01T00:00:00Z"}, signed: true}},
		{"a signature of nothing", "Contact: a\n-----BEGIN PGP SIGNATURE-----\n", securityText{fields: 1, contact: []string{"a"}}},
		{"never signed", "-----BEGIN PGP SIGNED MESSAGE-----\n\nContact: a\n", securityText{fields: 1, contact: []string{"a"}}},
		{"control characters", "Contact: a\x1b[2Jb\n", securityText{fields: 1, contact: []string{"a?[2Jb"}}},
	}
	for _, tt := range tests {
		got := parseSecurityText(tt.text)
		if got.fields != tt.want.fields || !slices.Equal(got.contact, tt.want.contact) || !slices.Equal(got.expires, tt.want.expires) || got.signed != tt.want.signed || !slices.Equal(got.canonical, tt.want.canonical) {
			t.Errorf("%s: %+v, want %+v", tt.about, got, tt.want)
		}
	}
	if got := parseSecurityText(strings.Repeat("Contact: a\n", 1000)); len(got.contact) != 20 {
		t.Errorf("%d contacts", len(got.contact))
	}
}

func FuzzParseSecurityText(f *testing.F) {
	f.Add(textFile)
	f.Add("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n- Contact: a\n-----BEGIN PGP SIGNATURE-----\n")
	f.Fuzz(func(t *testing.T, text string) {
		s := parseSecurityText(text)
		if len(s.contact) > 20 || len(s.expires) > 20 || s.fields < len(s.contact)+len(s.expires) {
			t.Fatalf("%+v", s)
		}
		for _, v := range append(s.contact, s.expires...) {
			if v == "" || len(v) > 303 || strings.ContainsAny(v, "\r\n\x1b") {
				t.Fatalf("%q", v)
			}
		}
	})
}

// resolverFunc is a resolver for tests of what one does.
type resolverFunc func(ctx context.Context, name string, qtype uint16) (scanner.Answer, error)

func (f resolverFunc) Lookup(ctx context.Context, name string, qtype uint16) (scanner.Answer, error) {
	return f(ctx, name, qtype)
}

func TestLinkedHosts(t *testing.T) {
	resource := func(urls ...string) (list []scanner.Resource) {
		for _, u := range urls {
			list = append(list, scanner.Resource{URL: u})
		}
		return list
	}
	target := scanner.Target{Domain: "example.hk"}
	r := &names{addrs: map[string][]string{"b.example.net": {"192.0.2.1"}, "gone.example.net": nil, "empty.example.net": {}}}
	got := linkedHosts(context.Background(), r, target, &scanner.Page{
		Scripts: resource("https://b.example.net/1.js", "https://example.hk/2.js", "http://192.0.2.9/3.js", "https://[2001:db8::1]/4.js", "http://localhost/5.js"),
		Styles:  resource("https://gone.example.net/1.css", "https://www.example.hk/2.css", "https://b.example.net:8443/3.css"),
		Media:   resource("https://slow.example.net/1.png", "https://empty.example.net/2.png"),
	})
	want := []string{"b.example.net [script style] true ", "empty.example.net [media] true ", "gone.example.net [style] false ", "slow.example.net [media] true timeout"}
	var text []string
	for _, h := range got {
		text = append(text, fmt.Sprintf("%s %v %v %s", h.Name, h.Kinds, h.Exists, kindOf(h.Failure)))
	}
	if !slices.Equal(text, want) {
		t.Errorf("got  %q\nwant %q", text, want)
	}
	slices.Sort(r.asked)
	if wantAsked := []string{"b.example.net A", "empty.example.net A", "gone.example.net A", "slow.example.net A", "slow.example.net AAAA"}; !slices.Equal(r.asked, wantAsked) {
		t.Errorf("asked %q", r.asked)
	}

	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprintf("https://h%d.example.net/", i))
	}
	if got := linkedHosts(context.Background(), r, target, &scanner.Page{Media: resource(many...)}); len(got) != maxLinked {
		t.Errorf("%d hosts", len(got))
	}
	broken := resolverFunc(func(context.Context, string, uint16) (scanner.Answer, error) { panic("broken") })
	if got := linkedHosts(context.Background(), broken, target, &scanner.Page{Media: resource(many[0])}); len(got) != 1 || !got[0].Exists || kindOf(got[0].Failure) != scanner.FailInternal {
		t.Errorf("%+v", got)
	}
}

func TestGet(t *testing.T) {
	s := newSite(t, page(""), func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/.well-known/mta-sts.txt":
			w.Header().Set("Content-Type", "text/plain")
			fmt.Fprint(w, "version: STSv1\n")
		case "/moved":
			http.Redirect(w, r, "/.well-known/mta-sts.txt", http.StatusFound)
		case "/long":
			fmt.Fprint(w, strings.Repeat("a", 101))
		case "/cut":
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "a")
		default:
			http.NotFound(w, r)
		}
	})
	s.names.addrs = map[string][]string{"example.hk": {"127.0.0.1"}, "other.hk": {"127.0.0.1"}, "gone.hk": nil}
	tests := []struct {
		url    string
		status int
		body   string
		kind   scanner.FailureKind
	}{
		{"https://example.hk/.well-known/mta-sts.txt", 200, "version: STSv1\n", ""},
		{"https://example.hk/missing", 404, "404 page not found\n", ""},
		{"https://example.hk/moved", 302, "<a href=\"/.well-known/mta-sts.txt\">Found</a>.\n\n", ""},
		{"https://example.hk/long", 0, "", scanner.FailProtocol},
		{"https://example.hk/cut", 0, "", scanner.FailReset},
		{"https://other.hk/", 0, "", scanner.FailTLS},
		{"https://gone.hk/", 0, "", scanner.FailUnresolved},
		{"https://slow.hk/", 0, "", scanner.FailTimeout},
		{"http://example.hk/", 0, "", scanner.FailProtocol},
		{"rubbish", 0, "", scanner.FailProtocol},
	}
	for _, tt := range tests {
		t.Run(tt.url, func(t *testing.T) {
			res, err := Get(context.Background(), s.network(), tt.url, 100)
			if err != nil {
				var f *scanner.Failure
				if !errors.As(err, &f) || f.Kind != tt.kind {
					t.Errorf("error %v, want %q", err, tt.kind)
				}
				return
			}
			if tt.kind != "" || res.Status != tt.status || string(res.Body) != tt.body {
				t.Errorf("%d %q", res.Status, res.Body)
			}
		})
	}
	if _, hits := s.count(); len(hits) != 5 {
		t.Errorf("requests %v", hits)
	}
	if res, err := GetSigned(context.Background(), s.network(), "http://example.hk/list.crl", 100); err != nil || res.Status != 200 {
		t.Errorf("over http: %v, %v", res, err)
	}
	if _, err := GetSigned(context.Background(), s.network(), "ldap://example.hk/", 100); kindOf(scanner.FailureOf(err)) != scanner.FailProtocol {
		t.Errorf("over ldap: %v", err)
	}
	s.roots = newAuthority(t).pool()
	if _, err := Get(context.Background(), s.network(), "https://example.hk/", 100); kindOf(scanner.FailureOf(err)) != scanner.FailTLS {
		t.Errorf("untrusted: %v", err)
	}
}
