package webprobe

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html/charset"

	"github.com/cybersec-infohub/infohub/scanner"
)

func pageOf(t testing.TB, at, contentType, body string) *scanner.Page {
	t.Helper()
	u, err := resolveURL(nil, at)
	if err != nil {
		t.Fatal(err)
	}
	return readPage(u, 200, contentType, []byte(body))
}

func TestReadPage(t *testing.T) {
	tests := []struct{ about, body, want string }{
		{"nothing", "", `{}`},
		{"text only", "hello", `{}`},
		{"title", "<TITLE>\n The &amp; shop\t</TITLE><title>second</title><svg><title>no</title></svg>", `{"title":"The \u0026 shop"}`},
		{"title with control characters", "<title>a\x1b[31m\u202eb</title>", `{"title":"a?[31m?b"}`},
		{"generator", `<meta content="WordPress 6.1" NAME=Generator><meta name=generator content=second>`, `{"generator":"WordPress 6.1"}`},
		{"policy", `<head><meta http-equiv="content-security-policy" content="default-src 'self'"><body><meta http-equiv="Content-Security-Policy" content="too late">`, `{"meta_csp":["default-src 'self'"]}`},
		{"referrer", `<meta name="referrer" content="No-Referrer"><meta name="referrer" content="">`, `{"meta_referrer":"no-referrer"}`},
		{"scripts", `<script src=a.js></script><script src="//cdn.example.net/b.js" integrity="sha384-x"></script><script>document.write("<script src=no.js>")</script><script type="application/json" src=no.json></script><script type=module src=/c.mjs>`,
			`{"scripts":[{"url":"https://example.hk/shop/a.js","tag":"script","ref":"relative"},{"url":"https://cdn.example.net/b.js","tag":"script","integrity":true,"ref":"scheme-relative"},{"url":"https://example.hk/c.mjs","tag":"script","ref":"relative"}],"script_tags":5}`},
		{"the same twice", `<script src=a.js></script><script src=a.js></script><script src=a.js integrity=x></script>`,
			`{"scripts":[{"url":"https://example.hk/shop/a.js","tag":"script","ref":"relative"},{"url":"https://example.hk/shop/a.js","tag":"script","integrity":true,"ref":"relative"}],"script_tags":3}`},
		{"styles", `<link rel="Alternate StyleSheet" href="http://old.example.hk/s.css"><link rel=icon href=no.ico><link rel=stylesheet><style>@import "no.css"</style>`,
			`{"styles":[{"url":"http://old.example.hk/s.css","tag":"link"}]}`},
		{"media", `<img src="a b.png"><img src="data:image/png;base64,aaaa"><img src=""><video poster=p.jpg src=blob:x><source src=v.mp4></video><iframe src="http://www.example.net">text</iframe><object data=o.swf></object><embed src="about:blank"><input type=image src=go.gif>`,
			`{"media":[{"url":"https://example.hk/shop/a%20b.png","tag":"img"},{"url":"https://example.hk/shop/p.jpg","tag":"video"},{"url":"https://example.hk/shop/v.mp4","tag":"source"},{"url":"http://www.example.net/","tag":"iframe"},{"url":"https://example.hk/shop/o.swf","tag":"object"},{"url":"https://example.hk/shop/go.gif","tag":"input"}]}`},
		{"comments and text", `<!-- <script src=no.js></script> --><textarea><script src=no.js></script></textarea><title><img src=no.png></title><!--[if IE]><script src=no.js></script><![endif]-->`,
			`{"title":"\u003cimg src=no.png\u003e"}`},
		{"base", `<base target=_top><base href="http://static.example.hk/x/"><base href="http://no.example.hk/"><img src=a.png><form action=go></form>`,
			`{"media":[{"url":"http://static.example.hk/x/a.png","tag":"img"}],"forms":[{"action":"http://static.example.hk/x/go","method":"GET"}]}`},
		{"base that is no address", `<base href="javascript:x"><img src=a.png>`, `{"media":[{"url":"https://example.hk/shop/a.png","tag":"img"}]}`},
		{"forms", `<form method=Post action="http://pay.example.net/"><input type=PASSWORD></form><form><input></form><form action="javascript:void(0)"></form><form action="mailto:a@example.hk" method=post>`,
			`{"forms":[{"action":"http://pay.example.net/","method":"POST","password":true},{"action":"https://example.hk/shop/?q=1","method":"GET"},{"action":"javascript:","method":"GET"},{"action":"mailto:","method":"POST"}]}`},
		{"a form in a form", `<form action=a><form action=http://no.example.net/><input type=password></form></form>`, `{"forms":[{"action":"https://example.hk/shop/a","method":"GET","password":true}]}`},
		{"password without form", `<input type=password>`, `{"forms":[{"action":"https://example.hk/shop/?q=1","method":"GET","password":true}]}`},
		{"attribute twice", `<img src=first.png src=second.png>`, `{"media":[{"url":"https://example.hk/shop/first.png","tag":"img"}]}`},
		{"entities and line breaks in an address", "<img src='/a?x=1&amp;y=2\n3'>", `{"media":[{"url":"https://example.hk/a?x=1\u0026y=23","tag":"img"}]}`},
		{"idn and user", `<script src="https://me:secret@公司.香港:443/a.js#x"></script>`, `{"scripts":[{"url":"https://xn--55qx5d.xn--j6w193g/a.js","tag":"script"}],"script_tags":1}`},
		{"token", `<form method=post><input type=hidden name=csrf_token value=x></form>`, `{"forms":[{"action":"https://example.hk/shop/?q=1","method":"POST"}],"token":"yes"}`},
		{"token in a meta element", `<meta name="csrf-token" content="x">`, `{"token":"yes"}`},
		{"no token", `<form><input name=csrf_token><input type=hidden name=lang></form>`, `{"forms":[{"action":"https://example.hk/shop/?q=1","method":"GET"}]}`},
		{"cut in a tag", `<title>x</title><img src="a.png" alt="`, `{"title":"x"}`},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			page := pageOf(t, "https://example.hk/shop/?q=1", "text/html; charset=utf-8", tt.body)
			if page.Token == scanner.No { // of nearly every row
				page.Token = ""
			}
			got, err := json.Marshal(page)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestPageCharsets(t *testing.T) {
	const title = "香港茶餐廳"
	encode := func(name string) string {
		e, _ := charset.Lookup(name)
		b, err := e.NewEncoder().String("<title>" + title + "</title>")
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	tests := []struct{ about, contentType, body string }{
		{"utf-8", "text/html", encode("utf-8")},
		{"utf-8 after a mark", "text/html", "\ufeff" + encode("utf-8")},
		{"big5 by header", "text/html; charset=Big5", encode("big5")},
		{"gb18030 by meta", "text/html", "<meta charset=gb2312>" + encode("gb18030")},
		{"big5 by old meta", "text/html", `<meta http-equiv="Content-Type" content="text/html; charset=big5">` + encode("big5")},
		{"utf-16", "text/html", "\xfe\xff" + encode("utf-16be")},
		{"no type", "", "<!doctype html>" + encode("utf-8")},
		{"broken type", "text/html; charset=utf-8; charset=utf-8", "<html>" + encode("utf-8")},
		{"xhtml", "application/xhtml+xml", encode("utf-8")},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			if got := pageOf(t, "https://example.hk/", tt.contentType, tt.body).Title; got != title {
				t.Errorf("title %q", got)
			}
		})
	}
	for _, kind := range []string{"application/json", "image/png", "text/css", "text/plain"} {
		if got := pageOf(t, "https://example.hk/", kind, "<title>no</title>").Title; got != "" {
			t.Errorf("%s has the title %q", kind, got)
		}
	}
}

func TestPageIsBounded(t *testing.T) {
	many := func(tag string) string {
		var b strings.Builder
		for i := range 2000 {
			b.WriteString(strings.ReplaceAll(tag, "N", string(rune('0'+i%10))+strings.Repeat("x", i/10)))
		}
		return b.String()
	}
	p := pageOf(t, "https://example.hk/", "text/html", many("<script src=/N></script><link rel=stylesheet href=/N><img src=/N><form action=/N></form>")+
		"<title>"+strings.Repeat("a", 1<<20))
	if len(p.Scripts) != maxScripts || len(p.Styles) != maxStyles || len(p.Media) != maxMedia || len(p.Forms) != maxForms || len(p.Title) > maxTitle+3 {
		t.Errorf("%d scripts, %d styles, %d media, %d forms, title of %d", len(p.Scripts), len(p.Styles), len(p.Media), len(p.Forms), len(p.Title))
	}
	if p := pageOf(t, "https://example.hk/", "text/html", "<img src=/"+strings.Repeat("a", maxLink)+"><img src=/b>"); len(p.Media) != 1 {
		t.Errorf("%d media", len(p.Media))
	}
}

func TestResolveURL(t *testing.T) {
	base, _ := url.Parse("https://example.hk/shop/index.html?x=1")
	tests := []struct{ ref, want string }{
		{"", "https://example.hk/shop/index.html?x=1"},
		{"a", "https://example.hk/shop/a"},
		{"?y", "https://example.hk/shop/index.html?y"},
		{"?", "https://example.hk/shop/index.html"},
		{"//CDN.example.net", "https://cdn.example.net/"},
		{" HTTP://Example.HK.:80/a#b ", "http://example.hk/a"},
		{"http://example.hk:443/", "http://example.hk:443/"},
		{"https://[2001:DB8::1]:443/", "https://[2001:db8::1]/"},
		{"https://[fe80::1%25eth0]/", "https://[fe80::1]/"},
		{"/100%", "https://example.hk/100%25"},
		{"/a b?c d\"", "https://example.hk/a%20b?c%20d%22"},
		{"/\u9999\u6e2f?\u9999", "https://example.hk/%E9%A6%99%E6%B8%AF?%E9%A6%99"},
		{"ftp://example.hk/", ""},
		{"javascript:alert(1)", ""},
		{"http://", ""},
		{"http://exa mple.hk/", ""},
		{"http://example.hk:0/", ""},
		{"http://example.hk:99999/", ""},
		{"http://a_b.example.hk/", "http://a_b.example.hk/"},
		{"http://%00/", ""},
		{"http://[::1/", ""},
	}
	for _, tt := range tests {
		u, err := resolveURL(base, tt.ref)
		if got := ""; err == nil {
			got = u.String()
			if got != tt.want {
				t.Errorf("%q: got %q, want %q", tt.ref, got, tt.want)
			}
		} else if tt.want != "" {
			t.Errorf("%q: %v, want %q", tt.ref, err, tt.want)
		}
	}
}

func FuzzReadPage(f *testing.F) {
	for _, seed := range []string{goodPage, "<base href=//x><form><input type=password>", "\xfe\xff\x00<", "<title>", "<br />\n<b>Warning</b>:  x in <b>/a</b> on line <b>1</b>"} {
		f.Add("text/html", []byte(seed))
		f.Add("", []byte(seed))
	}
	f.Add("text/html; charset=iso-2022-jp", []byte("\x1b$B<title>"))
	u, _ := url.Parse("https://example.hk/a")
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		p := readPage(u, 200, contentType, body)
		if len(p.Scripts) > maxScripts || len(p.Styles) > maxStyles || len(p.Media) > maxMedia || len(p.Forms) > maxForms+1 || len(p.Title) > maxTitle+3 || len(p.MetaCSP) > maxPolicies {
			t.Fatal("unbounded page")
		}
		for _, list := range [][]scanner.Resource{p.Scripts, p.Styles, p.Media} {
			for _, r := range list {
				v, err := url.Parse(r.URL)
				if err != nil || (v.Scheme != "http" && v.Scheme != "https") || v.Host == "" || v.User != nil {
					t.Fatalf("resource %q: %v", r.URL, err)
				}
				again, err := resolveURL(nil, r.URL)
				if err != nil || again.String() != r.URL {
					t.Fatalf("%q becomes %v, %v", r.URL, again, err)
				}
			}
		}
		if _, err := json.Marshal(p); err != nil {
			t.Fatal(err)
		}
	})
}
