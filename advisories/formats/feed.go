package formats

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// FeedKind is a format of feeds.
type FeedKind string

// The kinds of feed.
const (
	Atom     FeedKind = "atom" // RFC 4287
	RSS      FeedKind = "rss"  // RSS 2.0.11
	JSONFeed FeedKind = "json" // JSON Feed 1.1
)

// FeedKinds returns all of them.
func FeedKinds() []FeedKind { return []FeedKind{Atom, RSS, JSONFeed} }

// MediaType is that of a feed's answer, "" for an unknown kind.
func (k FeedKind) MediaType() string {
	switch k {
	case Atom:
		return "application/atom+xml; charset=utf-8"
	case RSS:
		return "application/rss+xml; charset=utf-8"
	case JSONFeed:
		return "application/feed+json; charset=utf-8"
	}
	return ""
}

// MaxItems is how many publications a feed has: the newest.
const MaxItems = 100

// FeedInfo is what a feed says of itself.
type FeedInfo struct {
	Lang i18n.Lang
	Zone *time.Location // in which texts give times; nil is UTC
	// Self is the feed's own URL; Home is that of the list of advisories for people.
	Self, Home string
	// Sector and Product are what the caller chose the items by; "": everything.
	Sector, Product string
	Title           string // "": made of the publisher's name, Sector and Product
	// Publisher is whose feed it is. Its namespace's host is the authority of the
	// feed's id.
	Publisher advisories.Publisher
	Updated   time.Time // zero: that of the newest item
	// Page is the page of an item in the feed's language; nil: Tracking.URL.
	Page func(p *advisories.Publication) string
}

// entry is an item of a feed.
type entry struct {
	id, title, url, summary, html, author string
	published, updated                    time.Time
	categories                            []string
}

// head is a feed without its items.
type head struct {
	id, title, self, home, lang, author string
	updated                             time.Time
}

// Feed writes a feed of items in one language, newest first. The same items and
// info give the same bytes. Ids are tag URIs (RFC 4151) of the publisher's
// namespace, of which the language is a part; they stay the same in every feed,
// through every revision and when the hub moves. Items are not filtered: all of
// them must be for whoever reads the feed.
func Feed(kind FeedKind, items []advisories.Publication, info FeedInfo) (data []byte, mediaType string, err error) {
	w := i18n.For(info.Lang)
	sorted := make([]*advisories.Publication, 0, len(items))
	for i := range items {
		sorted = append(sorted, &items[i])
	}
	slices.SortStableFunc(sorted, func(a, b *advisories.Publication) int {
		return cmp.Or(-a.Tracking.Current.Compare(b.Tracking.Current), strings.Compare(a.Tracking.ID, b.Tracking.ID))
	})
	sorted = sorted[:min(len(sorted), MaxItems)]
	entries := make([]entry, 0, len(sorted))
	for _, p := range sorted {
		e, err := newEntry(p, info, w)
		if err != nil {
			return nil, "", err
		}
		entries = append(entries, e)
	}
	h := newHead(info, w)
	if h.updated.IsZero() && len(entries) > 0 {
		h.updated = entries[0].updated
	}
	if h.updated.IsZero() {
		h.updated = time.Unix(0, 0).UTC() // a feed that never had an item
	}
	switch kind {
	case Atom:
		data, err = atom(h, entries)
	case RSS:
		data, err = rss(h, entries)
	case JSONFeed:
		data, err = jsonFeed(h, entries)
	default:
		err = errors.New("no such kind of feed")
	}
	if err != nil {
		return nil, "", fmt.Errorf("formats: feed %q: %w", kind, err)
	}
	return data, kind.MediaType(), nil
}

func newHead(info FeedInfo, w *i18n.Words) head {
	h := head{
		title: clean(info.Title), self: webURL(info.Self), home: webURL(info.Home), lang: tagOf(w.Lang),
		author: clean(info.Publisher.Name), updated: info.Updated.UTC().Truncate(time.Second),
	}
	if h.title == "" {
		h.title = w.T("advisory.feed.title", "publisher", h.author)
		if info.Sector != "" {
			h.title += bracketed(w, wordOf(w, "advisory.sector.", info.Sector))
		}
		if info.Product != "" {
			h.title += bracketed(w, clean(info.Product))
		}
	}
	path := []string{"advisories", string(w.Lang)}
	if info.Sector != "" {
		path = append(path, "sector", info.Sector)
	}
	if info.Product != "" {
		path = append(path, "product", info.Product)
	}
	// RFC 4151 wants a date on which the authority held its name. The feed has no
	// first day of its own; that of the year is one on which TLP 2.0 was in force.
	h.id = tagURI(info.Publisher.Namespace, "2022-08-01", path...)
	return h
}

func newEntry(p *advisories.Publication, info FeedInfo, w *i18n.Words) (entry, error) {
	t := &p.Tracking
	html, err := article(p, w.Lang, Options{Zone: info.Zone})
	if err != nil {
		return entry{}, err
	}
	e := entry{
		id:    tagURI(p.Publisher.Namespace, t.Initial.UTC().Format(time.DateOnly), "advisory", t.ID, string(w.Lang)),
		title: Title(p, w.Lang), html: html, author: clean(p.Publisher.Name),
		published: t.Initial.UTC().Truncate(time.Second), updated: t.Current.UTC().Truncate(time.Second), categories: categories(p),
	}
	if id := clean(t.ID); id != "" {
		e.title = id + colon(w) + e.title
	}
	switch state := stateOf(t); state {
	case advisories.Withdrawn, advisories.Superseded:
		e.title = w.T("advisory.state."+string(state)) + colon(w) + e.title
	}
	link := t.URL
	if info.Page != nil {
		link = info.Page(p)
	}
	e.url = webURL(link)
	if e.summary = cleanTo(p.Advisory.Description[w.Lang], 600); e.summary == "" {
		e.summary = missing(p.Advisory.Description, w)
	}
	return e, nil
}

// categories are machine words, the same in every language.
func categories(p *advisories.Publication) []string {
	a := &p.Advisory
	all := []string{label(a.TLP).String()}
	for _, pair := range [][2]string{{"class:", string(a.Class)}, {"risk:", string(a.Risk)}} {
		if pair[1] != "" {
			all = append(all, pair[0]+pair[1])
		}
	}
	for _, s := range a.Sectors {
		all = append(all, "sector:"+s)
	}
	return cleanList(append(append(all, a.Tags...), cves(a)...))
}

// tagURI is a name that stays (RFC 4151): "tag:host,2026-11-04:advisory/A26-11-04/en".
// A namespace without a host gives a UUID of its parts instead.
func tagURI(namespace, date string, path ...string) string {
	escaped := make([]string, len(path))
	for i, s := range path {
		// Of what PathEscape leaves as it is, RFC 4151 allows all.
		escaped[i] = url.PathEscape(clean(s))
	}
	specific := strings.Join(escaped, "/")
	if u, err := url.Parse(namespace); err == nil && hostName(u.Hostname()) {
		return "tag:" + strings.ToLower(u.Hostname()) + "," + date + ":" + specific
	}
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(namespace+","+date+":"+specific)).URN()
}

// hostName tells whether a name is one that a tag URI may be of.
func hostName(s string) bool {
	return s != "" && len(s) <= 253 && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-.") == "" && strings.Trim(s, "-.") == s
}
