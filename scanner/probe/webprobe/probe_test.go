package webprobe

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/scanner"
)

const goodPage = `<!doctype html><html><head><title>The shop</title>
<link rel="stylesheet" href="/style.css"><script src="https://cdn.example.net/a.js" integrity="sha256-x"></script></head>
<body><h1>Welcome</h1><img src="https://gone.example.net/a.png"></body></html>`

// goodSite is a shop as it should be: www leads to the apex, http to https.
func goodSite(t testing.TB) *site {
	s := newSite(t, toHTTPS, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Host == "www.example.hk":
			http.Redirect(w, r, "https://example.hk"+r.URL.RequestURI(), http.StatusMovedPermanently)
		case r.URL.Path == "/.well-known/security.txt":
			w.Header().Set("Content-Type", "text/plain")
			fmt.Fprint(w, "Contact: mailto:security@example.hk\nExpires: 2027-01-01T00:00:00Z\n")
		case r.URL.Path == "/":
			w.Header().Set("Strict-Transport-Security", "max-age=31536000")
			w.Header().Add("Set-Cookie", "PHPSESSID=verysecret; path=/; secure; HttpOnly; SameSite=lax")
			page(goodPage)(w, r)
		default:
			http.NotFound(w, r)
		}
	})
	s.names.addrs = map[string][]string{"cdn.example.net": {"127.0.0.1"}, "example.hk": {"127.0.0.1"}, "gone.example.net": nil}
	return s
}

func TestGoodSite(t *testing.T) {
	s := goodSite(t)
	w, err := s.scan(time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	var chains []string
	for _, r := range w.Roots {
		var hops []string
		for _, h := range r.Hops {
			hops = append(hops, fmt.Sprintf("%d %s", h.Status, h.URL))
			if h.Addr != netip.MustParseAddr("127.0.0.1") || h.TLSName != "" {
				t.Errorf("%s: address %s, certificate %q", h.URL, h.Addr, h.TLSName)
			}
		}
		chains = append(chains, strings.Join(hops, " > "))
		if r.Failure != nil || r.Loop || r.Page == nil || r.Page.Title != "The shop" {
			t.Errorf("%s: failure %v, page %+v", r.Start, r.Failure, r.Page)
		}
	}
	want := []string{
		"301 http://example.hk/ > 200 https://example.hk/",
		"200 https://example.hk/",
		"301 http://www.example.hk/ > 301 https://www.example.hk/ > 200 https://example.hk/",
		"301 https://www.example.hk/ > 200 https://example.hk/",
	}
	if !slices.Equal(chains, want) {
		t.Errorf("chains\n%s\nwant\n%s", strings.Join(chains, "\n"), strings.Join(want, "\n"))
	}
	main := w.Main().Last()
	wantCookie := scanner.Cookie{Name: "PHPSESSID", Path: "/", Secure: true, HTTPOnly: true, SameSite: "Lax", Session: true}
	if len(main.Cookies) != 1 || main.Cookies[0] != wantCookie {
		t.Errorf("cookies %+v", main.Cookies)
	}
	if got := main.Get("Strict-Transport-Security"); !slices.Equal(got, []string{"max-age=31536000"}) {
		t.Errorf("HSTS %q", got)
	}
	if main.Bytes != int64(len(goodPage)) || main.Capped {
		t.Errorf("%d bytes, capped %v", main.Bytes, main.Capped)
	}
	if st := w.SecurityTxt; st == nil || !st.Found || st.URL != "https://example.hk/.well-known/security.txt" || !slices.Equal(st.Contact, []string{"mailto:security@example.hk"}) {
		t.Errorf("security.txt %+v", w.SecurityTxt)
	}
	if c := w.CORS; c == nil || c.Failure != nil || c.AllowOrigin != "" || c.Origin != ForeignOrigin {
		t.Errorf("CORS %+v", w.CORS)
	}
	wantLinked := `[{"name":"cdn.example.net","kinds":["script"],"exists":true,"tls":{"port":443,"error":"x509: certificate is valid for example.hk, www.example.hk, shop.example.net, not cdn.example.net"}},{"name":"gone.example.net","kinds":["media"],"exists":false}]`
	if got, _ := json.Marshal(w.LinkedHosts); string(got) != wantLinked {
		t.Errorf("linked hosts %s", got)
	}
	if e := w.ErrorPage; e == nil || e.Failure != nil || e.Status != 404 || e.URL != "https://example.hk"+noSuchPath {
		t.Errorf("error page %+v", w.ErrorPage)
	}
	wantIPv6 := `[{"name":"example.hk"},{"name":"www.example.hk","lookup":{"kind":"timeout","detail":"no answer for www.example.hk"}}]`
	if got, _ := json.Marshal(w.IPv6); string(got) != wantIPv6 {
		t.Errorf("IPv6 %s", got)
	}
	if all, _ := json.Marshal(w); strings.Contains(string(all), "verysecret") {
		t.Error("a cookie's value was kept")
	}
	conns, hits := s.count()
	wantHits := map[string]int{
		"http://example.hk/": 1, "http://www.example.hk/": 1, "https://www.example.hk/": 1,
		"https://example.hk/":                         2, // the page, and as a foreign site
		"https://example.hk/.well-known/security.txt": 1,
		"https://example.hk" + noSuchPath:             1,
	}
	if !maps.Equal(hits, wantHits) {
		t.Errorf("requests %v", hits)
	}
	if conns > 6 {
		t.Errorf("%d connections", conns)
	}
	if !s.spoke("HTTP/2.0") {
		t.Error("HTTP/2 was not used")
	}
}

func TestRequestsAreOrdinary(t *testing.T) {
	headers := make(chan http.Header, 20)
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			t.Errorf("method %s", r.Method)
		}
		headers <- r.Header.Clone()
		page("")(w, r)
	}, nil)
	if _, err := s.scan(time.Minute); err != nil {
		t.Fatal(err)
	}
	close(headers)
	foreign := 0
	for h := range headers {
		if h.Get("User-Agent") != "infohub-test (+https://example.org)" || !strings.HasPrefix(h.Get("Accept"), "text/html") || h.Get("Accept-Language") != "en" || h.Get("Cookie") != "" {
			t.Errorf("headers %v", h)
		}
		if h.Get("Origin") != "" {
			foreign++
		}
	}
	if foreign != 1 {
		t.Errorf("%d requests with an Origin", foreign)
	}
}

func TestRedirects(t *testing.T) {
	to := func(where string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", where)
			w.WriteHeader(http.StatusFound)
		}
	}
	tests := []struct {
		about  string
		plain  http.HandlerFunc
		hops   int // of http://example.hk/
		status int // of its last
		kind   scanner.FailureKind
		loop   bool
	}{
		{"none", page("hello"), 1, 200, "", false},
		{"relative", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" {
				to("en/?q=a b#top")(w, r)
			}
		}, 2, 200, "", false},
		{"a lone percent sign", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" {
				to("/100%")(w, r)
			}
		}, 2, 200, "", false},
		{"raw Chinese", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" {
				to("/首頁?q=香港")(w, r)
			}
		}, 2, 200, "", false},
		{"no Location", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusFound) }, 1, 302, "", false},
		{"to itself", to("/"), 1, 302, scanner.FailProtocol, true},
		{"two in a ring", func(w http.ResponseWriter, r *http.Request) {
			to(map[string]string{"/": "/a", "/a": "/"}[r.URL.Path])(w, r)
		}, 2, 302, scanner.FailProtocol, true},
		{"no end", func(w http.ResponseWriter, r *http.Request) { to(r.URL.Path+"x")(w, r) }, 11, 302, scanner.FailProtocol, true},
		{"exactly the limit", func(w http.ResponseWriter, r *http.Request) {
			if len(r.URL.Path) <= scanner.MaxHops {
				to(r.URL.Path+"x")(w, r)
			}
		}, 11, 200, "", false},
		{"a cookie must come back", func(w http.ResponseWriter, r *http.Request) {
			if _, err := r.Cookie("seen"); err != nil {
				w.Header().Set("Set-Cookie", "seen=1")
				to("/")(w, r)
			}
		}, 2, 200, "", false},
		{"cookies do not help", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Set-Cookie", "seen=1")
			to("/")(w, r)
		}, 2, 302, scanner.FailProtocol, true},
		{"a new cookie each time", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Set-Cookie", fmt.Sprintf("n=%d", time.Now().UnixNano()))
			to("/")(w, r)
		}, 11, 302, scanner.FailProtocol, true},
		{"another scheme", to("javascript:alert(1)"), 1, 302, scanner.FailProtocol, false},
		{"nonsense", to("http://[::1"), 1, 302, scanner.FailProtocol, false},
		{"endless address", to("/" + strings.Repeat("a", maxURL)), 1, 302, scanner.FailProtocol, false},
		{"a mail server", to("http://example.hk:25/"), 2, 0, scanner.FailForbidden, false},
		{"unknown name", to("http://gone.example.net/"), 2, 0, scanner.FailUnresolved, false},
		{"name service silent", to("http://slow.example.net/"), 2, 0, scanner.FailTimeout, false},
		{"closed port", to("https://example.hk/"), 2, 0, scanner.FailRefused, false},
		{"Refresh is not followed", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Refresh", "0; url=/a") }, 1, 200, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			s := newSite(t, tt.plain, nil)
			s.names.addrs = map[string][]string{"gone.example.net": nil}
			w, err := s.scan(time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			r := root(t, w, "http://example.hk/")
			last := r.Hops[len(r.Hops)-1]
			if len(r.Hops) != tt.hops || last.Status != tt.status || kindOf(r.Failure) != tt.kind || r.Loop != tt.loop {
				t.Errorf("%d hops, status %d, failure %v, loop %v; want %+v", len(r.Hops), last.Status, r.Failure, r.Loop, tt)
			}
			if conns, _ := s.count(); conns > maxConns {
				t.Errorf("%d connections", conns)
			}
		})
	}
}

func TestWrongOrderOfRedirects(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "example.hk" {
			http.Redirect(w, r, "http://WWW.example.hk.:80/", http.StatusFound)
			return
		}
		toHTTPS(w, r)
	}, page("hello"))
	w, err := s.scan(time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	var urls []string
	for _, h := range root(t, w, "http://example.hk/").Hops {
		urls = append(urls, h.URL)
	}
	if want := []string{"http://example.hk/", "http://www.example.hk/", "https://www.example.hk/"}; !slices.Equal(urls, want) {
		t.Errorf("hops %v, want %v", urls, want)
	}
	_, hits := s.count()
	if hits["http://www.example.hk/"] != 1 || hits["https://www.example.hk/"] != 1 {
		t.Errorf("requests %v", hits)
	}
}

// Nothing but the listeners of the site itself may be connected to.
func TestRedirectsToForbiddenAddresses(t *testing.T) {
	for _, where := range []string{
		"http://127.0.0.1/", "http://127.0.0.1:8080/", "https://127.1.2.3/", "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/",
		"http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[fe80::1]/", "http://[64:ff9b::7f00:1]/", "http://0.0.0.0/",
		"http://inside.example.net/", "http://inside6.example.net/",
		"http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/", "http://127.1/", // names, to us: they are asked of the resolver
	} {
		t.Run(where, func(t *testing.T) {
			s := newSite(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, where, http.StatusFound) }, nil)
			secret := s.raw(func(net.Conn) { t.Error("a forbidden listener was reached") })
			s.dialer.Policy = netguard.Policy{Listeners: []netip.AddrPort{s.http}}
			s.dialer.ConnectTo = []netguard.Mapping{
				{Host: "example.hk", Port: 80, ToPort: s.http.Port()},
				{Host: "www.example.hk", Port: 80, ToPort: s.http.Port()},
				{Port: 80, ToPort: secret.Port()}, {Port: 8080, ToPort: secret.Port()}, {Port: 443, ToPort: secret.Port()},
			}
			s.names.addrs = map[string][]string{"inside.example.net": {"127.0.0.1"}, "inside6.example.net": {"::1"},
				"2130706433": nil, "0x7f000001": nil, "0177.0.0.1": nil, "127.1": nil}
			w, err := s.scan(time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			r := root(t, w, "http://example.hk/")
			want := scanner.FailForbidden
			if strings.Contains(where, "2130706433") || strings.Contains(where, "0x7f") || strings.Contains(where, "0177") || strings.Contains(where, "127.1/") {
				want = scanner.FailUnresolved
			}
			if len(r.Hops) != 2 || r.Hops[0].Status != 302 || kindOf(r.Failure) != want {
				t.Errorf("%d hops, failure %v", len(r.Hops), r.Failure)
			}
		})
	}
}

func TestCertificateIsAFact(t *testing.T) {
	tests := []struct {
		about string
		hosts []string
		after time.Duration // of the scan
		trust bool
		want  string
	}{
		{"good", []string{"example.hk"}, 0, true, ""},
		{"another name", []string{"other.hk"}, 0, true, "not example.hk"},
		{"expired", []string{"example.hk"}, 2 * time.Hour, true, "expired"},
		{"unknown authority", []string{"example.hk"}, 0, false, "unknown authority"},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			s := bareSite(t)
			ca := newAuthority(t)
			s.roots = newAuthority(t).pool()
			if tt.trust {
				s.roots = ca.pool()
			}
			s.https = s.serve("https", s.listen(), page(goodPage), ca.issue(t, tt.hosts...))
			s.started = s.started.Add(tt.after)
			s.connect()
			w, err := s.scan(time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			r := root(t, w, "https://example.hk/")
			if r.Failure != nil || r.Page == nil || r.Page.Title != "The shop" {
				t.Errorf("failure %v, page %+v", r.Failure, r.Page)
			}
			if got := r.Hops[0].TLSName; (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("certificate %q, want %q", got, tt.want)
			}
		})
	}
}

func TestStarts(t *testing.T) {
	local := []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	tests := []struct {
		about string
		hosts []scanner.HostAddrs // nil: the DNS probe delivered nothing
		names map[string][]string
		want  string // start and kind of failure
	}{
		{"both", []scanner.HostAddrs{{Name: "example.hk", Addrs: local}, {Name: "www.example.hk", Addrs: local}}, nil,
			"http://example.hk/ , https://example.hk/ refused, http://www.example.hk/ , https://www.example.hk/ refused"},
		{"www has no address", []scanner.HostAddrs{{Name: "example.hk", Addrs: local}, {Name: "www.example.hk", Exists: false}}, nil,
			"http://example.hk/ , https://example.hk/ refused"},
		{"look-up of www failed", []scanner.HostAddrs{{Name: "example.hk", Addrs: local}, {Name: "www.example.hk", Failure: scanner.Failf(scanner.FailServer, "SERVFAIL")}}, nil,
			"http://example.hk/ , https://example.hk/ refused, http://www.example.hk/ server, https://www.example.hk/ server"},
		{"no DNS facts", nil, map[string][]string{"example.hk": {"127.0.0.1"}, "www.example.hk": nil},
			"http://example.hk/ , https://example.hk/ refused"},
		{"nothing", []scanner.HostAddrs{{Name: "example.hk"}, {Name: "www.example.hk"}}, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			s := newSite(t, page("hello"), nil)
			s.names.addrs = tt.names
			facts := s.facts()
			facts.DNS.Hosts = tt.hosts
			if tt.hosts == nil {
				facts.DNS = nil
			}
			w, err := s.collect(context.Background(), facts)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range w.Roots {
				got = append(got, r.Start+" "+string(kindOf(r.Failure)))
			}
			if strings.Join(got, ", ") != tt.want {
				t.Errorf("roots %q, want %q", strings.Join(got, ", "), tt.want)
			}
		})
	}
}

// The first address is dead, the IPv6 one lives.
func TestNextAddressIsTried(t *testing.T) {
	s := newSite(t, page("hello"), nil)
	closed := s.dialer.ConnectTo[1].ToPort
	local := netip.MustParseAddr("127.0.0.1")
	s.dialer.ConnectTo = []netguard.Mapping{
		{Host: "192.0.2.1", To: local, ToPort: closed},
		{Host: "2001:db8::1", Port: 80, To: local, ToPort: s.http.Port()},
		{Host: "2001:db8::1", To: local, ToPort: closed},
	}
	facts := s.facts()
	facts.DNS.Hosts = []scanner.HostAddrs{{Name: "example.hk", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}}, {Name: "www.example.hk"}}
	w, err := s.collect(context.Background(), facts)
	if err != nil {
		t.Fatal(err)
	}
	if r := root(t, w, "http://example.hk/"); r.Failure != nil || r.Hops[0].Status != 200 {
		t.Errorf("%+v", r)
	}
	if r := root(t, w, "https://example.hk/"); kindOf(r.Failure) != scanner.FailRefused {
		t.Errorf("%+v", r)
	}
}

// A name that --connect-to leads somewhere needs no address of its own.
func TestConnectTo(t *testing.T) {
	s := newSite(t, page("hello"), nil)
	s.dialer.ConnectTo = []netguard.Mapping{{Host: "www.example.hk", Port: 80, To: netip.MustParseAddr("127.0.0.1"), ToPort: s.http.Port()}}
	facts := s.facts()
	facts.DNS.Hosts = []scanner.HostAddrs{{Name: "example.hk"}, {Name: "www.example.hk"}}
	w, err := s.collect(context.Background(), facts)
	if err != nil {
		t.Fatal(err)
	}
	if len(w.Roots) != 1 || w.Roots[0].Start != "http://www.example.hk/" || w.Roots[0].Failure != nil {
		t.Errorf("%+v", w.Roots)
	}
}

func TestConnectionsAreLimited(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		if len(r.URL.Path) < 8 {
			http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
		}
	}, nil)
	w, err := s.scan(time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	limited := 0
	for _, r := range w.Roots {
		if kindOf(r.Failure) == scanner.FailLimit {
			limited++
		}
	}
	conns, _ := s.count()
	if limited == 0 || conns > maxConns {
		t.Errorf("%d roots limited, %d connections", limited, conns)
	}
}

func TestStopped(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	s := newSite(t, func(_ http.ResponseWriter, r *http.Request) { stop(); <-r.Context().Done() }, nil)
	w, err := s.collect(ctx, s.facts())
	if err == nil || kindOf(scanner.FailureOf(err)) != scanner.FailCancelled {
		t.Errorf("error %v", err)
	}
	for _, r := range w.Roots {
		if k := kindOf(r.Failure); k != scanner.FailCancelled && k != scanner.FailRefused {
			t.Errorf("%s: %v", r.Start, r.Failure)
		}
	}
}

func BenchmarkGoodSite(b *testing.B) {
	s := goodSite(b)
	for b.Loop() {
		if _, err := s.scan(time.Minute); err != nil {
			b.Fatal(err)
		}
	}
}
