package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/formats"
	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/api"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// advisoryPages serves advisories to browsers and feed readers:
//
//	/advisories/ID, /LANG/advisories/ID           a page, in the reader's language or in that one
//	/LANG/advisories/ID.txt, .md                  plain text, Markdown
//	/advisories/ID.json, .stix.json, .osv.json    CSAF as it was published, STIX, OSV
//	/LANG/advisories/feed.atom, feed.rss, feed.json      ?sector=, ?product=
//	/advisories/catalogue.csv, catalogue.json, catalogue-dictionary.json; /LANG/advisories/catalogue-dictionary
//
// Whoever sends a key gets what they may read, everybody else what is TLP:CLEAR.
type advisoryPages struct {
	h            *Hub
	forms        *forms
	authenticate func(*http.Request) (hub.Caller, error)

	mu        sync.Mutex // of what follows
	seq       uint64
	catalogue map[string]document

	feedMu  sync.Mutex // of what follows
	feedSeq uint64
	feedSet int                 // version of the settings
	feeds   map[string]document // of everybody, by language and kind
}

// document is an answer.
type document struct {
	mediaType string
	data      []byte
	modified  time.Time
	open      bool // everybody may read it
	list      bool // of several: what left it since a date leaves no later date
	lang      i18n.Lang
}

// ServeHTTP serves /advisories/... and /LANG/advisories/....
func (a *advisoryPages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	c, err := a.authenticate(r)
	var d document
	if err == nil {
		d, err = a.find(r, api.AdvisoryCaller(&c))
	}
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	h := w.Header()
	sum := sha256.Sum256(d.data)
	h.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	h.Set("Content-Type", d.mediaType)
	h.Set("Vary", "Authorization, Accept-Language")
	if d.lang != "" {
		h.Set("Content-Language", string(d.lang))
	}
	if strings.HasPrefix(d.mediaType, "text/html") {
		h.Set("Content-Security-Policy", formats.Policy())
		h.Set("Referrer-Policy", "no-referrer")
	}
	if d.open && c.Kind == hub.Stranger {
		h.Set("Cache-Control", "public, max-age=60")
	} else {
		h.Set("Cache-Control", "private, no-store")
	}
	if d.list && !d.modified.IsZero() { // not to be asked for by date, but by ETag
		h.Set("Last-Modified", d.modified.UTC().Format(http.TimeFormat))
		d.modified = time.Time{}
	}
	http.ServeContent(w, r, "", d.modified, bytes.NewReader(d.data))
}

func (a *advisoryPages) refuse(w http.ResponseWriter, r *http.Request, err error) {
	w.Header().Set("Cache-Control", "no-store")
	switch code := codeOf(err); {
	case code == hub.Unauthenticated:
		w.Header().Set("WWW-Authenticate", `Bearer realm="infohub"`)
		http.Error(w, "the key is not valid", http.StatusUnauthorized)
	case code == hub.Limited:
		http.Error(w, "too many requests: wait", http.StatusTooManyRequests)
	case code == hub.NotFound, code == hub.Invalid:
		http.Error(w, "there is no such advisory, or not for you: with a key you may see more", http.StatusNotFound)
	default:
		if r.Context().Err() == nil {
			a.h.opts.Log.Error("an advisory's page failed", "error", err)
		}
		http.Error(w, "the advisories cannot be read at the moment", http.StatusServiceUnavailable)
	}
}

// codeOf is the code of an error of the hub or the advisories.
func codeOf(err error) hub.Code {
	if code := hub.CodeOf(err); code != "" {
		return code
	}
	return hub.Code(advisories.CodeOf(err))
}

func notHere() error { return &hub.Error{Code: hub.NotFound, Message: "nothing is there"} }

func (a *advisoryPages) find(r *http.Request, c *advisories.Caller) (document, error) {
	lang, name, ok := splitPath(r.URL.Path)
	if !ok {
		return document{}, notHere()
	}
	ctx := r.Context()
	switch {
	case strings.HasPrefix(name, "catalogue"):
		return a.openData(ctx, lang, name)
	case strings.HasPrefix(name, "feed.") && lang != "":
		return a.feed(ctx, c, lang, strings.TrimPrefix(name, "feed."), r.URL.Query().Get("sector"), r.URL.Query().Get("product"))
	}
	format := "html"
	for _, f := range []struct {
		ending, format string
		spoken         bool // it is in a language
	}{{".stix.json", "stix", false}, {".osv.json", "osv", false}, {".json", "csaf", false}, {".txt", "text", true}, {".md", "markdown", true}} {
		if rest, ok := strings.CutSuffix(name, f.ending); ok {
			if f.spoken != (lang != "") {
				return document{}, notHere()
			}
			name, format = rest, f.format
			break
		}
	}
	p, err := a.h.Advisories.Show(ctx, c, name, 0)
	if err != nil {
		return document{}, err
	}
	d := document{modified: p.Tracking.Current, open: p.Advisory.TLP == "clear"}
	if format == "csaf" {
		file, err := a.h.Advisories.Document(ctx, c, name, 0)
		d.data, d.mediaType = file.Bytes, file.MediaType
		return d, err
	}
	if format == "html" && lang == "" {
		lang = i18n.Match(r.Header.Get("Accept-Language"))
	}
	d.lang = lang
	d.data, d.mediaType, err = a.forms.Render(&p, format, lang)
	return d, err
}

// splitPath takes /LANG/advisories/NAME and /advisories/NAME apart.
func splitPath(path string) (lang i18n.Lang, name string, ok bool) {
	rest, ok := strings.CutPrefix(path, "/advisories/")
	if !ok {
		for _, l := range i18n.Langs() {
			if rest, ok = strings.CutPrefix(path, "/"+string(l)+"/advisories/"); ok {
				lang = l
				break
			}
		}
	}
	return lang, rest, ok && rest != "" && !strings.Contains(rest, "/")
}

// maxPages bounds how far a feed looks for advisories that fit.
const maxPages = 50

func (a *advisoryPages) feed(ctx context.Context, c *advisories.Caller, lang i18n.Lang, kind, sector, product string) (document, error) {
	k := formats.FeedKind(kind)
	known := false
	for _, x := range formats.FeedKinds() {
		known = known || x == k
	}
	if !known {
		return document{}, notHere()
	}
	set, err := a.h.Advisories.Settings(ctx)
	if err != nil {
		return document{}, err
	}
	if c.Member() || sector != "" || product != "" {
		return a.makeFeed(ctx, c, lang, k, sector, product, set)
	}
	// What most readers ask for again and again is made once for each publication.
	a.feedMu.Lock()
	defer a.feedMu.Unlock()
	seq, err := a.h.Advisories.Last(ctx)
	if err != nil {
		return document{}, err
	}
	if a.feeds == nil || a.feedSeq != seq || a.feedSet != set.Version {
		a.feeds, a.feedSeq, a.feedSet = map[string]document{}, seq, set.Version
	}
	key := string(lang) + " " + kind
	d, ok := a.feeds[key]
	if !ok {
		if d, err = a.makeFeed(ctx, c, lang, k, "", "", set); err == nil {
			a.feeds[key] = d
		}
	}
	return d, err
}

func (a *advisoryPages) makeFeed(ctx context.Context, c *advisories.Caller, lang i18n.Lang, kind formats.FeedKind, sector, product string, set advisories.Settings) (document, error) {
	filter := advisories.Filter{Sector: sector, Product: product, Limit: formats.MaxItems}
	var items []advisories.Publication
	for range maxPages {
		page, err := a.h.Advisories.List(ctx, c, filter)
		if err != nil {
			return document{}, err
		}
		items = append(items, page.Items...)
		if filter.Cursor = page.Next; page.Next == "" || len(items) >= formats.MaxItems {
			break
		}
	}
	d := document{open: true, list: true, lang: lang}
	for _, p := range items {
		d.open = d.open && p.Advisory.TLP == "clear"
		if p.Tracking.Current.After(d.modified) {
			d.modified = p.Tracking.Current
		}
	}
	base := set.CanonicalURL + "/" + string(lang) + "/advisories/"
	self := base + "feed." + string(kind)
	if query := feedQuery(sector, product); query != "" {
		self += "?" + query
	}
	var err error
	d.data, d.mediaType, err = formats.Feed(kind, items, formats.FeedInfo{
		Lang: lang, Self: self, Home: set.CanonicalURL + "/", Sector: sector, Product: product, Publisher: set.Publisher, Updated: d.modified,
		Page: func(p *advisories.Publication) string { return base + p.Tracking.ID },
	})
	return d, err
}

// openData is the catalogue of what everybody may read, made anew when something
// was published.
func (a *advisoryPages) openData(ctx context.Context, lang i18n.Lang, name string) (document, error) {
	if lang != "" {
		if name != "catalogue-dictionary" {
			return document{}, notHere()
		}
		var b bytes.Buffer
		err := formats.DictionaryHTML(&b, formats.Options{Lang: lang})
		return document{mediaType: "text/html; charset=utf-8", data: b.Bytes(), open: true, lang: lang}, err
	}
	if name == "catalogue-dictionary.json" {
		data, err := formats.DictionaryJSON()
		return document{mediaType: "application/json", data: data, open: true}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	seq, err := a.h.Advisories.Last(ctx)
	if err != nil {
		return document{}, err
	}
	if a.catalogue == nil || seq != a.seq {
		fresh, err := a.makeCatalogue(ctx)
		if err != nil {
			return document{}, err
		}
		a.catalogue, a.seq = fresh, seq
	}
	d, ok := a.catalogue[name]
	if !ok {
		return document{}, notHere()
	}
	return d, nil
}

func (a *advisoryPages) makeCatalogue(ctx context.Context) (map[string]document, error) {
	var all []advisories.Publication
	var modified time.Time
	err := a.h.Advisories.All(ctx, func(it advisories.Item) error {
		if p := it.Publication; a.h.Advisories.May(&advisories.Caller{}, &p) {
			all = append(all, p)
			if p.Tracking.Current.After(modified) {
				modified = p.Tracking.Current
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := map[string]document{}
	for name, make := range map[string]func([]advisories.Publication) ([]byte, error){"catalogue.csv": formats.CatalogueCSV, "catalogue.json": formats.CatalogueJSON} {
		data, err := make(all)
		if err != nil {
			return nil, err
		}
		out[name] = document{data: data, mediaType: "application/json", modified: modified, open: true, list: true}
	}
	csv := out["catalogue.csv"]
	csv.mediaType = "text/csv; charset=utf-8"
	out["catalogue.csv"] = csv
	return out, nil
}
