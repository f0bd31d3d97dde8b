package webprobe

import (
	"bytes"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"

	"github.com/cybersec-infohub/infohub/scanner"
)

// What is kept of one page; a page has no more, or is not worth more.
const (
	maxScripts  = 200
	maxStyles   = 100
	maxMedia    = 300
	maxForms    = 30
	maxPolicies = 10      // <meta> Content-Security-Policy
	maxTokens   = 400_000 // 1 MiB of "<b>" has 350,000
	maxLink     = 2 << 10 // bytes of a resource's URL; a longer one is left out
	maxTitle    = 200
)

// readPage reads a body that was sent as contentType from u. It never fails:
// what is not HTML has an empty page, apart from a program error in plain text.
func readPage(u *url.URL, status int, contentType string, body []byte) *scanner.Page {
	page := &scanner.Page{Token: scanner.No}
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil || kind == "" {
		contentType = http.DetectContentType(body)
		kind, _, _ = mime.ParseMediaType(contentType)
	}
	isHTML := kind == "text/html" || kind == "application/xhtml+xml"
	if !isHTML && kind != "text/plain" {
		return page
	}
	body = toUTF8(body, contentType)
	look := seen{status: status, plain: !isHTML, body: string(body)}
	if isHTML {
		r := &pageReader{page: page, base: u, self: u.String(), tokens: html.NewTokenizer(bytes.NewReader(body)), known: map[scanner.Resource]bool{}}
		r.read()
		page.Title = r.title.String()
		look.title, look.heading = page.Title, r.heading.String()
		page.Listing = isListing(look)
		page.Default = defaultPage(look)
	}
	page.Trace = errorTrace(look)
	return page
}

// toUTF8 decodes as a browser would: byte order mark, header, <meta>, guess.
func toUTF8(body []byte, contentType string) []byte {
	encoding, name, _ := charset.DetermineEncoding(body, contentType)
	if name != "utf-8" {
		if decoded, err := encoding.NewDecoder().Bytes(body); err == nil {
			return decoded
		}
	}
	return bytes.TrimPrefix(body, []byte("\ufeff"))
}

// pageReader goes through the tags of one page in order.
type pageReader struct {
	page   *scanner.Page
	base   *url.URL // of relative references
	self   string   // the page's own URL
	tokens *html.Tokenizer
	known  map[scanner.Resource]bool

	based    bool // a <base> was seen; later ones do not count
	absolute bool // ... and is absolute, so that every address is
	inBody   bool
	inForm   bool
	form     scanner.Form
	naked    bool // a password field outside any form was seen

	title, heading capture
	open           *capture // the one that text goes to now
}

// capture is the text of the first element of its kind.
type capture struct {
	tag  string
	text []byte
	done bool
}

func (c *capture) String() string {
	return scanner.Printable(strings.Join(strings.Fields(string(c.text)), " "), maxTitle)
}

func (r *pageReader) read() {
	for range maxTokens {
		switch r.tokens.Next() {
		case html.ErrorToken:
			r.endForm()
			return
		case html.TextToken:
			if r.open != nil && len(r.open.text) < 2*maxTitle {
				text := r.tokens.Text()
				r.open.text = append(r.open.text, text[:min(len(text), 2*maxTitle)]...)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, hasAttr := r.tokens.TagName()
			r.start(string(name), hasAttr)
		case html.EndTagToken:
			name, _ := r.tokens.TagName()
			r.end(string(name))
		}
	}
	r.endForm()
}

// attrs are the attributes of a tag that matter here; the first of a name
// counts.
type attrs map[string]string

func (r *pageReader) attrs(has bool) attrs {
	a := attrs{}
	for has {
		var key, value []byte
		key, value, has = r.tokens.TagAttr()
		switch string(key) {
		case "href", "src", "data", "poster", "rel", "type", "integrity", "name", "http-equiv", "content", "action", "method":
			if _, twice := a[string(key)]; !twice {
				a[string(key)] = string(value)
			}
		}
	}
	return a
}

func (r *pageReader) start(tag string, hasAttr bool) {
	switch tag {
	case "title":
		r.capture(&r.title, tag)
	case "h1", "h2":
		r.capture(&r.heading, tag)
	case "body":
		r.inBody = true
	case "base":
		r.setBase(r.attrs(hasAttr)["href"])
	case "meta":
		r.meta(r.attrs(hasAttr))
	case "script":
		r.page.ScriptTags++
		a := r.attrs(hasAttr)
		if isScript(a["type"]) {
			r.page.Scripts = r.load(r.page.Scripts, maxScripts, tag, a["src"], a["integrity"])
		}
	case "link":
		a := r.attrs(hasAttr)
		for rel := range strings.FieldsSeq(strings.ToLower(a["rel"])) {
			if rel == "stylesheet" {
				r.page.Styles = r.load(r.page.Styles, maxStyles, tag, a["href"], a["integrity"])
			}
		}
	case "img", "audio", "video", "source", "track", "iframe", "frame", "embed":
		a := r.attrs(hasAttr)
		r.media(tag, a["src"])
		r.media(tag, a["poster"])
	case "object":
		r.media(tag, r.attrs(hasAttr)["data"])
	case "form":
		if !r.inForm { // a form in a form is ignored (HTML 13.2.6.4.7)
			r.startForm(r.attrs(hasAttr))
		}
	case "input":
		a := r.attrs(hasAttr)
		switch kind := strings.ToLower(strings.TrimSpace(a["type"])); {
		case kind == "image":
			r.media(tag, a["src"])
		case kind == "hidden" && isToken(a["name"]):
			r.page.Token = scanner.Yes
		case kind == "password" && r.inForm:
			r.form.Password = true
		case kind == "password":
			r.naked = true
		}
	}
}

func (r *pageReader) end(tag string) {
	if r.open != nil && r.open.tag == tag {
		r.open.done = true
		r.open = nil
	}
	if tag == "form" && r.inForm {
		r.keepForm()
	}
}

func (r *pageReader) capture(c *capture, tag string) {
	if !c.done && r.open == nil && c.tag == "" {
		c.tag = tag
		r.open = c
	}
}

func (r *pageReader) setBase(href string) {
	if r.based || href == "" {
		return
	}
	r.based, r.absolute = true, refKind(href) == scanner.RefAbsolute
	if u, err := resolveURL(r.base, href); err == nil {
		r.base = u
	}
}

func (r *pageReader) meta(a attrs) {
	content := strings.TrimSpace(a["content"])
	if content == "" {
		return
	}
	if isToken(a["name"]) {
		r.page.Token = scanner.Yes
	}
	switch strings.ToLower(strings.TrimSpace(a["name"])) {
	case "generator":
		if r.page.Generator == "" {
			r.page.Generator = scanner.Printable(content, 200)
		}
	case "referrer":
		r.page.MetaReferrer = scanner.Printable(strings.ToLower(content), 100) // the last counts
	}
	// A policy outside the head is ignored (CSP3 section 3.3).
	if strings.EqualFold(strings.TrimSpace(a["http-equiv"]), "Content-Security-Policy") && !r.inBody && len(r.page.MetaCSP) < maxPolicies {
		r.page.MetaCSP = append(r.page.MetaCSP, cut(content, maxPolicyValue))
	}
}

func (r *pageReader) media(tag, ref string) {
	r.page.Media = r.load(r.page.Media, maxMedia, tag, ref, "")
}

// load adds what a tag loads over the network, once.
func (r *pageReader) load(list []scanner.Resource, limit int, tag, ref, integrity string) []scanner.Resource {
	if strings.TrimSpace(ref) == "" || len(list) >= limit {
		return list
	}
	u, err := resolveURL(r.base, ref)
	if err != nil { // "data:" and the like, or no address
		return list
	}
	res := scanner.Resource{URL: u.String(), Tag: tag, Integrity: strings.TrimSpace(integrity) != ""}
	if tag == "script" && !r.absolute {
		res.Ref = refKind(ref)
	}
	if len(res.URL) > maxLink || r.known[res] {
		return list
	}
	r.known[res] = true
	return append(list, res)
}

// refKind tells how an address that resolves is written.
func refKind(ref string) scanner.RefKind {
	ref = strings.ToLower(strings.TrimSpace(ref))
	switch {
	case strings.HasPrefix(ref, "//"):
		return scanner.RefSchemeRelative
	case strings.HasPrefix(ref, "http://"), strings.HasPrefix(ref, "https://"):
		return scanner.RefAbsolute
	}
	return scanner.RefRelative
}

// isScript: a script of another type is data, and is not loaded.
func isScript(kind string) bool {
	kind = strings.ToLower(strings.TrimSpace(kind))
	return kind == "" || kind == "module" || strings.Contains(kind, "javascript") || strings.Contains(kind, "ecmascript")
}
