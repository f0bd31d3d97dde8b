package sources_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/sources"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

const item20 = `<item><title>Flaws in &lt;b&gt;Shop&lt;/b&gt; &amp;amp; Cart</title><link>https://cert.example/b/1</link><guid isPermaLink="false">SA-1</guid>
	<pubDate>Fri, 20 Nov 2026 10:00:00 +0800</pubDate><description><![CDATA[<p>See <a href="https://vendor.example/fix">the fix</a> for CVE-2026-10002 and cve-2026-10001.</p>
	<script>steal()</script><ul><li>One</li><li>Two</li></ul>]]></description></item>`

func rss(language, items string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>CERT example</title><link>https://cert.example/</link><language>` +
		language + `</language>` + items + `</channel></rss>`
}

func TestParseBulletins(t *testing.T) {
	tests := map[string]string{
		"RSS 2.0": rss("en-hk", item20),
		"RSS 0.91": `<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd">` +
			strings.NewReplacer("2.0", "0.91", `<?xml version="1.0" encoding="UTF-8"?>`, "").Replace(rss("en", item20)),
		"RSS 1.0": `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
			<channel rdf:about="https://cert.example/"><title>CERT example</title><link>https://cert.example/</link><dc:language>en</dc:language></channel>
			<item rdf:about="SA-1"><title>Flaws in Shop &amp;amp; Cart</title><link>https://cert.example/b/1</link><dc:date>2026-11-20T10:00:00+08:00</dc:date><description>&lt;p&gt;See &lt;a href="https://vendor.example/fix"&gt;the fix&lt;/a&gt; for CVE-2026-10002 and cve-2026-10001.&lt;/p&gt;&lt;style&gt;x&lt;/style&gt;&lt;ul&gt;&lt;li&gt;One&lt;/li&gt;&lt;li&gt;Two&lt;/li&gt;&lt;/ul&gt;</description></item></rdf:RDF>`,
		"Atom": `<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>CERT example</title><link href="https://cert.example/"/><id>f</id><entry><title type="html">Flaws in Shop &amp;amp; Cart</title>
			<id>SA-1</id><link href="https://cert.example/b/1"/><published>2026-11-20T10:00:00+08:00</published><updated>2026-11-20T02:00:00Z</updated>
			<content type="html">&lt;div&gt;See &lt;a href="https://vendor.example/fix"&gt;the fix&lt;/a&gt; for CVE-2026-10002 and cve-2026-10001.&lt;/div&gt;&lt;!-- no --&gt;&lt;ol&gt;&lt;li&gt;One&lt;li&gt;Two&lt;/ol&gt;</content></entry></feed>`,
		"JSON Feed": `{"version":"https://jsonfeed.org/version/1.1","title":"CERT example","home_page_url":"https://cert.example/","language":"en","items":[{"id":"SA-1","url":"https://cert.example/b/1",
			"title":"Flaws in Shop &amp; Cart","date_published":"2026-11-20T10:00:00+08:00","content_html":"<p>See <a href='https://vendor.example/fix'>the fix</a> for CVE-2026-10002 and cve-2026-10001.</p><svg><script>x</script></svg><ul><li>One</li><li>Two</li></ul>"}]}`,
	}
	for about, data := range tests {
		all, warnings, err := sources.ParseBulletins([]byte(data), "", sources.BulletinOptions{Now: day})
		if err != nil || len(all) != 1 || len(warnings) > 0 {
			t.Errorf("%s: %d, %q, %v", about, len(all), warnings, err)
			continue
		}
		p := all[0]
		if about != "RSS 1.0" && p.Tracking.ID != "SA-1" || p.Tracking.Initial.Format("2006-01-02T15:04:05Z07:00") != "2026-11-20T02:00:00Z" || p.Tracking.URL != "https://cert.example/b/1" ||
			p.Publisher.Name != "CERT example" || p.Publisher.Namespace != "https://cert.example" || p.Advisory.TLP != tlp.Clear || p.Advisory.Risk != "" {
			t.Errorf("%s: %+v %+v", about, p.Tracking, p.Publisher)
		}
		if title := p.Advisory.Title[i18n.English]; title != "Flaws in Shop & Cart" {
			t.Errorf("%s: title %q", about, title)
		}
		if text := p.Advisory.Description[i18n.English]; text != "See the fix (https://vendor.example/fix) for CVE-2026-10002 and cve-2026-10001.\n\n- One\n- Two" {
			t.Errorf("%s: text %q", about, text)
		}
		var ids []string
		for _, v := range p.Advisory.Vulnerabilities {
			ids = append(ids, v.CVE)
		}
		if !slices.Equal(ids, []string{"CVE-2026-10001", "CVE-2026-10002"}) || len(p.Advisory.References) != 1 || !p.Advisory.References[0].Self {
			t.Errorf("%s: %v %+v", about, ids, p.Advisory.References)
		}
	}
}

func TestBulletinLanguages(t *testing.T) {
	hant := `<item><title>網上商店的保安漏洞</title><link>https://cert.example/b/2</link></item>`
	hans := `<item><title>网上商店的安全漏洞，请应用软件更新</title><link>https://cert.example/b/2</link></item>`
	big5, err := traditionalchinese.Big5.NewEncoder().String(strings.Replace(rss("zh-TW", hant), "UTF-8", "Big5", 1))
	if err != nil {
		t.Fatal(err)
	}
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(strings.Replace(rss("zh-HK", hant), "UTF-8", "UTF-16", 1))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		about, data, contentType string
		set, want                i18n.Lang
		warnings                 int
	}{
		{"of the feed", rss("zh-hk", hant), "", "", i18n.Traditional, 0},
		{"of the mainland", rss("zh-cn", hans), "", "", i18n.Simplified, 0},
		{"not said", rss("", hant), "", "", i18n.Traditional, 0},
		{"not said, simplified", rss("", hans), "", "", i18n.Simplified, 0},
		{"said by the operator", rss("en", hant), "", i18n.Traditional, i18n.Traditional, 0},
		{"none of ours", rss("fr", item20), "", "", i18n.English, 1},
		{"Big5 by its declaration", big5, "", "", i18n.Traditional, 0},
		{"Big5 by its header", strings.Replace(big5, `encoding="Big5"`, "", 1), "text/xml; charset=big5", "", i18n.Traditional, 0},
		{"UTF-16", utf16, "", "", i18n.Traditional, 0},
	}
	for _, tt := range tests {
		all, warnings, err := sources.ParseBulletins([]byte(tt.data), tt.contentType, sources.BulletinOptions{Now: day, Language: tt.set})
		if err != nil || len(all) != 1 || len(warnings) != tt.warnings || all[0].Advisory.Title[tt.want] == "" {
			t.Errorf("%s: %+v, %q, %v", tt.about, all, warnings, err)
			continue
		}
		if title := all[0].Advisory.Title[tt.want]; tt.want == i18n.Traditional && title != "網上商店的保安漏洞" {
			t.Errorf("%s: %q", tt.about, title)
		}
	}
}

// TestHostileBulletins: refused with a reason, or made harmless.
func TestHostileBulletins(t *testing.T) {
	bomb := `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">`
	for i := range 10 {
		bomb += fmt.Sprintf(`<!ENTITY a%d "%s">`, i, strings.Repeat("&a;", 10))
	}
	tests := []struct {
		about, data string
		want        string // part of the error; "": it is taken
	}{
		{"billion laughs", bomb + "]>" + rss("en", item20)[38:], "entities"},
		{"an entity from a file", `<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + rss("en", item20)[38:], "entities"},
		{"deep", rss("en", "<item>"+strings.Repeat("<a>", 10_000)), "deep"},
		{"deep JSON", `{"version":"https://jsonfeed.org/version/1.1","items":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + "}", "deep"},
		{"a huge attribute", rss("en", `<item><title x="`+strings.Repeat("a", 100_000)+`">t</title></item>`), "attribute"},
		{"elements without number", rss("en", strings.Repeat("<item/>", 600_000)), "too many"},
		{"too large", rss("en", "<item><title>"+strings.Repeat("a", 17<<20)), "larger"},
		{"a page", "<html><head><title>Sorry</title></head></html>", "neither RSS"},
		{"nothing", "", "neither RSS"},
		{"an encoding not known", strings.Replace(rss("en", item20), "UTF-8", "x-secret", 1), "encoding"},
		{"not UTF-8", rss("en", "<item><title>Sh\xffop\x00 \x08is down</title></item>"), ""},
		{"an entity not known", rss("en", "<item><title>Shop &unknown; is down</title></item>"), ""},
		{"scripts in every place", rss("en", `<item><title>&lt;script&gt;a&lt;/script&gt;Shop&lt;img src=x onerror=a alt="down"&gt;</title><guid>&lt;b&gt;</guid><link>javascript:alert(1)</link>
			<description>&lt;iframe srcdoc="x"&gt;x&lt;/iframe&gt;&lt;a href="javascript:x"&gt;fix&lt;/a&gt;&lt;style&gt;x&lt;/style&gt;&lt;svg onload=x&gt;&lt;text&gt;x&lt;/text&gt;&lt;/svg&gt;</description></item>`), ""},
	}
	for _, tt := range tests {
		all, warnings, err := sources.ParseBulletins([]byte(tt.data), "", sources.BulletinOptions{Now: day})
		switch {
		case tt.want != "":
			if err == nil || !strings.Contains(err.Error(), tt.want) || len(err.Error()) > 600 {
				t.Errorf("%s: %v", tt.about, err)
			}
		case err != nil || len(all) != 1:
			t.Errorf("%s: %+v, %q, %v", tt.about, all, warnings, err)
		default:
			said := fmt.Sprint(all[0].Advisory.Title, all[0].Advisory.Description, all[0].Tracking.URL, all[0].Advisory.References)
			for _, never := range []string{"<", "javascript", "onerror", "alert", "x</", "\x00", "\x08", "\xff"} {
				if strings.Contains(said, never) {
					t.Errorf("%s: %q is in %q", tt.about, never, said)
				}
			}
			if !strings.Contains(said, "Shop") && !strings.Contains(said, "Sh\uFFFDop") {
				t.Errorf("%s: %q", tt.about, said)
			}
		}
	}
}

// TestBulletins: what is new and what changed is handed on, once each.
func TestBulletins(t *testing.T) {
	s := newSite(t, "cert.example")
	const feed = "cert.example/rss"
	second := strings.NewReplacer("SA-1", "SA-2", "/b/1", "/b/2", "Flaws", "More flaws").Replace(item20)
	s.put(feed, rss("en", item20+second))
	src := sources.Source{ID: "b", Kind: sources.Bulletin, URL: "https://" + feed, Mode: sources.ModeDraft}
	sink := &kept{}
	out, state := run(t, s.puller(), src, sources.State{}, sink)
	if out.New != 2 || sink.items["SA-1"].Mode != sources.ModeDraft || number(sink.items["SA-1"]) != 1 || sink.items["SA-1"].From.Verified != "none" {
		t.Fatalf("%+v", out)
	}
	if out, state = run(t, s.puller(), src, state, sink); out.Fetched != 0 || out.Unchanged != 2 {
		t.Errorf("unchanged: %+v", out)
	}
	third := strings.NewReplacer("SA-1", "SA-3").Replace(item20)
	s.put(feed, rss("en", third+strings.Replace(item20, "Two", "Three", 1)+strings.Replace(second, "10:00:00", "11:00:00", 1)))
	if out, _ = run(t, s.puller(), src, stored(t, state), sink); out.New != 1 || out.Changed != 1 || out.Unchanged != 1 || number(sink.items["SA-1"]) != 2 || !sink.items["SA-1"].Publication.Tracking.Current.Equal(day) {
		t.Errorf("changed: %+v", out)
	}
	// What is read with a secret is not for everybody, unless the operator says so.
	s.handle(feed, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, rss("en", item20)) })
	src.Header = http.Header{"Authorization": {"x"}}
	for set, want := range map[tlp.Marking]tlp.Marking{"": tlp.AmberStrict, tlp.Green: tlp.Green} {
		src.TLP = set
		sink := &kept{}
		run(t, s.puller(), src, sources.State{}, sink)
		p := sink.items["SA-1"].Publication
		if p.Advisory.TLP != want || tlp.May(tlp.Reader{}, p.Audience) {
			t.Errorf("with a secret and %q: %s for %+v", set, p.Advisory.TLP, p.Audience)
		}
	}
	src.Header, src.TLP = nil, ""
	sink = &kept{refuse: func(sources.Item) error { return refusedBy(advisories.Invalid) }}
	if out, state = run(t, s.puller(), src, sources.State{}, sink); len(out.Refused) != 1 || len(state.Refusals()) != 1 {
		t.Errorf("refused: %+v", out)
	}
}

func TestPlainText(t *testing.T) {
	tests := []struct{ html, want string }{
		{"", ""},
		{"plain", "plain"},
		{" a \n b\t c ", "a b c"},
		{"<p>a</p><p>b</p>", "a\n\nb"},
		{"a<br>b<br/>c", "a\nb\nc"},
		{"<h1>a</h1>b<div>c<div>d</div></div>e", "a\n\nb\n\nc\n\nd\n\ne"},
		{"<ul><li>a</li><li> b <b>c</b></li></ul>d", "- a\n- b c\n\nd"},
		{"<ul><li><p>a</p></li><li></li></ul>", "- a"},
		{"<table><tr><th>a</th><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"},
		{"<pre>a\n  b\n</pre>c", "a\nb\n\nc"},
		{`<a href="https://x.example/a?b&amp;c">x</a>.`, "x (https://x.example/a?b&c)."},
		{`<a href="https://x.example/">https://x.example/</a>`, "https://x.example/"},
		{`<a href="javascript:x">x</a><a href="/y">y</a><a href=" https://u:p@z.example/">z</a>`, "xyz"},
		{"<script>a</script>b<script>c", "b"},
		{"<style>a</style><!-- b --><svg><g>c</g><svg>d</svg>e</svg>f<iframe>g</iframe><title>h</title>", "f"},
		{"a<script/>b</script>c", "ac"},
		{"&lt;script&gt;", "<script>"},
		{"a&nbsp;b&#0;c&#x202e;d\u200be\u2066", "a b\uFFFDcde"},
		{`<img src=x alt="a picture">`, "a picture"},
		{"</p></li></a></svg>a", "a"},
		{"<plaintext><b>a</b>", "<b>a</b>"},
		{"\xffa", "\uFFFDa"},
	}
	for _, tt := range tests {
		if got := sources.PlainText(tt.html); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.html, got, tt.want)
		}
	}
	if got := sources.PlainText(strings.Repeat("<p>ab", 1_000_000)); len(got) > 200_010 {
		t.Errorf("%d bytes", len(got))
	}
}
