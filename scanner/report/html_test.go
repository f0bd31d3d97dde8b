package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

func page(t *testing.T, r *scanner.Report, opts report.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.HTML(&b, r, opts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestHTMLIsGolden(t *testing.T) {
	for _, lang := range rules.Langs() {
		opts := options(t, lang)
		golden(t, "shop."+string(lang)+".html", []byte(page(t, shop(t), opts)))
	}
	opts := options(t, rules.English)
	golden(t, "clean.en.html", []byte(page(t, cleanSite(t), opts)))
	golden(t, "blocked.en.html", []byte(page(t, blocked(t), opts)))
	golden(t, "incomplete.en.html", []byte(page(t, states(t)[3], opts)))
	golden(t, "unreachable.en.html", []byte(page(t, states(t)[7], opts)))
}

func parse(t *testing.T, page string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// find returns the elements of a name, "" being all.
func find(n *html.Node, name string) []*html.Node {
	var found []*html.Node
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && (name == "" || d.Data == name) {
			found = append(found, d)
		}
	}
	return found
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// checkLoadsNothing holds that no element fetches anything by itself, submits
// anything, or runs a script of its own.
func checkLoadsNothing(t *testing.T, doc *html.Node) {
	t.Helper()
	allowed := strings.Fields(`html head meta title style body a header div main section nav ul ol li p h1 h2 h3 dl dt dd
		span strong details summary button pre code table thead tbody tr th td bdi time article footer script br svg rect`)
	for _, n := range find(doc, "") {
		if !slices.Contains(allowed, n.Data) {
			t.Errorf("the page has <%s>", n.Data)
		}
		for _, a := range n.Attr {
			switch a.Key {
			case "src", "srcset", "style", "action", "formaction", "data", "poster", "background", "ping", "target", "srcdoc":
				t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
			case "href":
				if n.Data != "a" || (!strings.HasPrefix(a.Val, "#") && !strings.HasPrefix(a.Val, "https://")) {
					t.Errorf("<%s> has href=%q", n.Data, a.Val)
				}
			case "http-equiv":
				if a.Val != "Content-Security-Policy" {
					t.Errorf("<meta http-equiv=%q>", a.Val)
				}
			}
			if strings.HasPrefix(a.Key, "on") {
				t.Errorf("<%s> has %s", n.Data, a.Key)
			}
		}
	}
	for _, style := range find(doc, "style") {
		if css := textOf(style); strings.Contains(css, "url(") || strings.Contains(css, "@import") || strings.Contains(css, "image(") {
			t.Error("the style loads something")
		}
	}
}

func TestHTMLLoadsNothing(t *testing.T) {
	for _, lang := range rules.Langs() {
		for _, r := range all(t) {
			checkLoadsNothing(t, parse(t, page(t, r, options(t, lang))))
		}
	}
}

// TestPolicyAllowsWhatIsThereAndNothingElse computes the hashes from the page.
func TestPolicyAllowsWhatIsThereAndNothingElse(t *testing.T) {
	doc := parse(t, page(t, shop(t), options(t, rules.Simplified)))
	var policy string
	for _, m := range find(doc, "meta") {
		if attr(m, "http-equiv") == "Content-Security-Policy" {
			policy = attr(m, "content")
		}
	}
	hash := func(name string) string {
		found := find(doc, name)
		if len(found) != 1 {
			t.Fatalf("%d <%s>", len(found), name)
		}
		sum := sha256.Sum256([]byte(textOf(found[0])))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	want := "default-src 'none'; style-src " + hash("style") + "; script-src " + hash("script") + "; base-uri 'none'; form-action 'none'"
	if policy != want {
		t.Errorf("the policy is\n%s, want\n%s", policy, want)
	}
}

// TestHTMLIsAccessible holds what a reader with a keyboard or a screen reader
// needs of the structure; docs of the design say the rest.
func TestHTMLIsAccessible(t *testing.T) {
	langs := map[rules.Lang]string{rules.English: "en", rules.Traditional: "zh-Hant-HK", rules.Simplified: "zh-Hans-CN"}
	for _, lang := range rules.Langs() {
		for _, r := range all(t) {
			doc := parse(t, page(t, r, options(t, lang)))
			name := r.Target.Domain + " " + string(lang)
			if got := attr(find(doc, "html")[0], "lang"); got != langs[lang] {
				t.Errorf("%s: lang=%q", name, got)
			}
			if len(find(doc, "main")) != 1 || len(find(doc, "h1")) != 1 || len(find(doc, "footer")) != 1 {
				t.Errorf("%s: landmarks or the heading are not there once", name)
			}
			ids := map[string]bool{}
			level := 0
			for _, n := range find(doc, "") {
				if id := attr(n, "id"); id != "" && ids[id] {
					t.Errorf("%s: id %q stands twice", name, id)
				} else if id != "" {
					ids[id] = true
				}
				if len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6' {
					if now := int(n.Data[1] - '0'); now > level+1 {
						t.Errorf("%s: a heading skips to %s", name, n.Data)
					} else {
						level = now
					}
					if strings.TrimSpace(textOf(n)) == "" {
						t.Errorf("%s: an empty heading", name)
					}
				}
			}
			for _, n := range find(doc, "") {
				if to, inside := strings.CutPrefix(attr(n, "href"), "#"); inside && !ids[to] {
					t.Errorf("%s: a link leads to #%s, which is not there", name, to)
				}
				if by := attr(n, "aria-labelledby"); by != "" && !ids[by] {
					t.Errorf("%s: the label #%s is not there", name, by)
				}
			}
		}
	}
}

func TestEverySnippetNamesTheHost(t *testing.T) {
	for _, lang := range rules.Langs() {
		out := page(t, shop(t), options(t, lang))
		snippets := 0
		for _, pre := range find(parse(t, out), "pre") {
			snippets++
			if s := textOf(pre); !strings.Contains(s, "xn--fiqs8s.example.hk") && !strings.Contains(s, "mx1.example.net") && !strings.Contains(s, "<httpProtocol>") {
				t.Errorf("%s: the snippet names no host: %s", lang, s)
			}
		}
		if snippets < 9 {
			t.Errorf("%s: only %d snippets", lang, snippets)
		}
		opts := options(t, lang)
		opts.Verbose = true
		for _, s := range []string{out, text(t, opts, shop(t))} {
			for _, name := range append(rules.Placeholders(), "mx", "n", "passed", "total", "input", "reason", "date") {
				if strings.Contains(s, "{"+name+"}") {
					t.Errorf("%s: {%s} is left", lang, name)
				}
			}
			for _, key := range []string{"report.", "grade.", "status.", "failure.", "owner.", "platform.", "family.", "outcome.", "na."} {
				if regexp.MustCompile(`[>\s]` + regexp.QuoteMeta(key) + `[a-z-]+[<.\s]`).MatchString(s) {
					t.Errorf("%s: a key of %s* was shown instead of its words", lang, key)
				}
			}
		}
	}
}
