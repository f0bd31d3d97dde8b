package techprobe

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/cybersec-infohub/infohub/rules/technologies"
	"github.com/cybersec-infohub/infohub/scanner"
)

// page reads a recorded answer: a file of header lines, an empty line and the
// body. Lines that begin with "#= " say what must be found.
func page(t testing.TB, name string) (s Seen, want []string) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for bytes.HasPrefix(data, []byte("#= ")) {
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		want = append(want, strings.TrimSpace(string(line[3:])))
		data = rest
	}
	head, body, ok := bytes.Cut(data, []byte("\n\n"))
	if !ok {
		t.Fatalf("%s: no empty line", name)
	}
	mime, err := textproto.NewReader(bufio.NewReader(strings.NewReader(string(head) + "\r\n\r\n"))).ReadMIMEHeader()
	if err != nil {
		t.Fatal(err)
	}
	return seen(http.Header(mime), body), want
}

// seen makes of an answer what webprobe would.
func seen(h http.Header, body []byte) Seen {
	const at = "https://www.example.hk"
	s := Seen{Hop: &scanner.Hop{URL: at + "/", Status: 200}, Page: &scanner.Page{}, Body: body}
	names := []string{}
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range h[name] {
			if name == "Set-Cookie" {
				key, _, _ := strings.Cut(v, "=")
				s.Hop.Cookies = append(s.Hop.Cookies, scanner.Cookie{Name: key})
				continue
			}
			s.Hop.Headers = append(s.Hop.Headers, scanner.Header{Name: name, Value: v})
		}
	}
	tokens := html.NewTokenizer(bytes.NewReader(body))
	for tokens.Next() != html.ErrorToken {
		tok := tokens.Token()
		attr := func(key string) string {
			for _, a := range tok.Attr {
				if a.Key == key {
					return a.Val
				}
			}
			return ""
		}
		res := func(ref string) []scanner.Resource {
			switch {
			case ref == "":
				return nil
			case strings.HasPrefix(ref, "//"):
				ref = "https:" + ref
			case strings.HasPrefix(ref, "/"):
				ref = at + ref
			}
			return []scanner.Resource{{URL: ref, Tag: tok.Data}}
		}
		switch tok.Data {
		case "script":
			s.Page.Scripts = append(s.Page.Scripts, res(attr("src"))...)
		case "link":
			if attr("rel") == "stylesheet" {
				s.Page.Styles = append(s.Page.Styles, res(attr("href"))...)
			}
		case "img", "iframe":
			s.Page.Media = append(s.Page.Media, res(attr("src"))...)
		}
	}
	return s
}

func detector(t testing.TB) *Detector {
	t.Helper()
	d, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// brief is an inventory as a test writes it: "wordpress 6.4.2".
func brief(list []scanner.Technology) []string {
	var out []string
	for _, x := range list {
		out = append(out, strings.TrimSpace(x.ID+" "+x.Version))
	}
	return out
}

// TestPages: each recorded page has exactly the inventory that it names; an
// article about a product has not that product.
func TestPages(t *testing.T) {
	names, err := filepath.Glob("testdata/pages/*.txt")
	if err != nil || len(names) < 20 {
		t.Fatalf("%d pages, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			s, want := page(t, name)
			slices.Sort(want)
			list := detector(t).Detect(s)
			if got := brief(list); !slices.Equal(got, want) {
				t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), strings.Join(want, ", "))
				for _, x := range list {
					t.Log(x.ID, x.Evidence)
				}
			}
			for _, x := range list {
				if len(x.Evidence) == 0 || len(x.Evidence) > scanner.MaxTechnologyEvidence {
					t.Errorf("%s: %d items of evidence", x.ID, len(x.Evidence))
				}
			}
		})
	}
}

// TestEveryTechnologyIsFoundByItsPlainPatterns: what the table says shows a
// technology, shows it, on a page that is made of that alone.
func TestEveryTechnologyIsFoundByItsPlainPatterns(t *testing.T) {
	table, err := technologies.Load()
	if err != nil {
		t.Fatal(err)
	}
	d := detector(t)
	for _, tech := range table {
		for i, p := range tech.Seen {
			if p.In == technologies.InHeader && textproto.CanonicalMIMEHeaderKey(p.Name) != p.Name {
				t.Errorf("%s: header %s is not in canonical form", tech.ID, p.Name)
			}
			if p.Match != "" {
				continue // those are what the recorded pages are for
			}
			h, body := http.Header{}, ""
			switch p.In {
			case technologies.InHeader:
				h.Set(p.Name, "1")
			case technologies.InCookie:
				h.Set("Set-Cookie", strings.ReplaceAll(p.Name, "*", "x")+"=1")
			case technologies.InURL:
				address := p.Has
				switch {
				case strings.HasPrefix(address, "//"):
					address = "https:" + address
				case strings.HasPrefix(address, "/"):
					address = "https://www.example.hk" + address
				default:
					address = "https://x" + address
				}
				body = fmt.Sprintf("<script src=%q></script>", address+"x.js")
			case technologies.InTag:
				body = "<div " + strings.TrimPrefix(p.Has, "<") + ">"
				if strings.HasPrefix(p.Has, "<") {
					body = p.Has + ">"
				}
			case technologies.InComment:
				body = "<!-- " + p.Has + " -->"
			case technologies.InInline:
				body = "<script>" + p.Has + "</script>"
			}
			list := d.Detect(seen(h, []byte(body)))
			if !slices.ContainsFunc(list, func(x scanner.Technology) bool { return x.ID == tech.ID }) {
				t.Errorf("%s: pattern %d (%s %s%s) does not show it in %v %s", tech.ID, i+1, p.In, p.Name, p.Has, h, body)
			}
		}
	}
}

func TestOfTwoVersionsTheLowerCounts(t *testing.T) {
	body := `<script src="https://code.jquery.com/jquery-3.7.1.min.js"></script><script src="/js/jquery-1.12.4.min.js"></script><script src="/js/jquery.min.js"></script>`
	got := detector(t).Detect(seen(http.Header{"X-Powered-By": {"PHP/7"}, "Server": {"Apache/2.4.6 (CentOS) OpenSSL/1.0.2k-fips PHP/7.4.33"}}, []byte(body)))
	want := []string{"apache 2.4.6", "jquery 1.12.4", "openssl 1.0.2k", "php 7.4.33"}
	if !slices.Equal(brief(got), want) {
		t.Errorf("%v, want %v", brief(got), want)
	}
	if e := got[1].Evidence[0].Observed; !strings.Contains(e, "jquery-1.12.4") {
		t.Errorf("the version's evidence is %q", e)
	}
	if got[1].CPE != "cpe:2.3:a:jquery:jquery:1.12.4:*:*:*:*:*:*:*" || got[1].PURL != "pkg:npm/jquery@1.12.4" {
		t.Errorf("%+v", got[1])
	}
}

// TestHostilePages end soon, and what they leave is bounded.
func TestHostilePages(t *testing.T) {
	d := detector(t)
	for name, body := range map[string]string{
		"tags that never end":     strings.Repeat("<a ", 400_000),
		"quotes that never end":   strings.Repeat(`<a b="`, 200_000),
		"comments that never end": strings.Repeat("<!--", 300_000),
		"scripts that never end":  strings.Repeat("<script>", 150_000),
		"end tags of others":      "<script>" + strings.Repeat("</style", 150_000),
		"one literal many times":  "<script>" + strings.Repeat("connect.facebook.net/", 50_000),
		"many generators":         strings.Repeat(`<meta name=generator content="WordPress 1.0">`, 20_000),
		"a long version":          `<meta name=generator content="WordPress ` + strings.Repeat("1.", 100_000) + `">`,
		"broken text":             strings.Repeat("<\xff\xfe!--\x00", 100_000),
	} {
		list := d.Detect(seen(http.Header{}, []byte(body)))
		for _, x := range list {
			if len(x.Version) > 40 || len(x.Evidence) > scanner.MaxTechnologyEvidence {
				t.Errorf("%s: %+v", name, x)
			}
		}
	}
	every := http.Header{}
	table, err := technologies.Load()
	if err != nil {
		t.Fatal(err)
	}
	var body strings.Builder
	for _, tech := range table {
		for _, p := range tech.Seen {
			switch p.In {
			case technologies.InCookie:
				every.Add("Set-Cookie", p.Name+"=1")
			case technologies.InURL:
				fmt.Fprintf(&body, "<script src=%q></script>", "https:"+p.Has)
			}
		}
	}
	if list := d.Detect(seen(every, []byte(body.String()))); len(list) != scanner.MaxTechnologies {
		t.Errorf("%d technologies", len(list))
	}
}

func TestMatcherAgreesWithTheSimpleWay(t *testing.T) {
	literals := []string{"he", "she", "his", "hers", "he", "//x/", "e//"}
	m := newMatcher(literals)
	for _, text := range []string{"", "usHErs", "sheshishe//x//x/", "ahishers", "é-he\x00she"} {
		var got, want []string
		m.find(text, func(n, end int) { got = append(got, fmt.Sprint(n, "@", end)) })
		lower := strings.ToLower(text)
		for n, s := range literals {
			for i := 0; i+len(s) <= len(lower); i++ {
				if lower[i:i+len(s)] == s {
					want = append(want, fmt.Sprint(n, "@", i+len(s)))
				}
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// FuzzDetect: whatever a page holds, the inventory is bounded and sorted, and
// the same a second time.
func FuzzDetect(f *testing.F) {
	d := detector(f)
	f.Add("nginx/1.18.0 (Ubuntu)", "PHPSESSID", `<meta name="generator" content="WordPress 6.4"><script src="//code.jquery.com/jquery-3.6.0.min.js"></script><!-- Yoast SEO --><script>googletagmanager.com/gtm.js</script>`)
	f.Add("", "", "<a b='<script>' c=\"\"><!--><textarea></title></textarea>")
	f.Fuzz(func(t *testing.T, server, cookie, body string) {
		s := seen(http.Header{"Server": {server}, "Set-Cookie": {cookie}}, []byte(body))
		got := d.Detect(s)
		if len(got) > scanner.MaxTechnologies || !slices.IsSortedFunc(got, func(a, b scanner.Technology) int { return strings.Compare(a.ID, b.ID) }) {
			t.Fatalf("%v", brief(got))
		}
		for _, x := range got {
			for _, e := range x.Evidence {
				if len(e.Observed) > 210 || scanner.Printable(e.Observed, 210) != e.Observed {
					t.Fatalf("evidence %q", e.Observed)
				}
			}
			if strings.ContainsAny(x.CPE+x.PURL, " \n<>\"") {
				t.Fatalf("%s %s", x.CPE, x.PURL)
			}
		}
		if again := d.Detect(s); !slices.Equal(brief(again), brief(got)) {
			t.Fatalf("%v, then %v", brief(got), brief(again))
		}
	})
}

// BenchmarkDetect reads a shop's page, padded to 200 KB.
func BenchmarkDetect(b *testing.B) {
	d := detector(b)
	s, _ := page(b, "testdata/pages/woocommerce.txt")
	for len(s.Body) < 200_000 {
		s.Body = append(s.Body, fmt.Sprintf("<div class=\"product-%d\"><a href=\"/shop/item-%d\"><img src=\"/wp-content/uploads/i%d.jpg\" alt=\"a thing to buy\"></a><p>Some words about it, and the price.</p><script>var item%d = {\"id\": %d};</script></div>\n",
			len(s.Body), len(s.Body), len(s.Body), len(s.Body), len(s.Body))...)
	}
	b.SetBytes(int64(len(s.Body)))
	for b.Loop() {
		d.Detect(s)
	}
}
