package formats

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"time"
)

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr,omitempty"`
	Href string `xml:"href,attr"`
}

type atomText struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

type atomName struct {
	Name string `xml:"name"`
}

type atomCategory struct {
	Term string `xml:"term,attr"`
}

type atomEntry struct {
	ID         string         `xml:"id"`
	Title      atomText       `xml:"title"`
	Published  string         `xml:"published"`
	Updated    string         `xml:"updated"`
	Author     atomName       `xml:"author"`
	Link       *atomLink      `xml:"link"`
	Categories []atomCategory `xml:"category"`
	Summary    atomText       `xml:"summary"`
	Content    atomText       `xml:"content"`
}

type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"xml:lang,attr"`
	ID      string      `xml:"id"`
	Title   atomText    `xml:"title"`
	Updated string      `xml:"updated"`
	Author  atomName    `xml:"author"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

// atom writes RFC 4287. Its 4.1.1 wants an id, a title and a date of the feed and
// of each entry, and an author.
func atom(h head, entries []entry) ([]byte, error) {
	feed := atomFeed{Lang: h.lang, ID: h.id, Title: atomText{"text", h.title}, Updated: rfc3339(h.updated), Author: atomName{h.author}}
	if h.self != "" {
		feed.Links = append(feed.Links, atomLink{"self", "application/atom+xml", h.self})
	}
	if h.home != "" {
		feed.Links = append(feed.Links, atomLink{"alternate", "text/html", h.home})
	}
	for _, e := range entries {
		x := atomEntry{
			ID: e.id, Title: atomText{"text", e.title}, Published: rfc3339(e.published), Updated: rfc3339(e.updated), Author: atomName{e.author},
			Summary: atomText{"text", e.summary}, Content: atomText{"html", e.html},
		}
		if e.url != "" {
			x.Link = &atomLink{"alternate", "text/html", e.url}
		}
		for _, c := range e.categories {
			x.Categories = append(x.Categories, atomCategory{c})
		}
		feed.Entries = append(feed.Entries, x)
	}
	return encodeXML(feed)
}

type rssItem struct {
	Title       string   `xml:"title"`
	Link        string   `xml:"link,omitempty"`
	GUID        rssGUID  `xml:"guid"`
	PubDate     string   `xml:"pubDate"`
	Updated     string   `xml:"atom:updated"`
	Categories  []string `xml:"category"`
	Description string   `xml:"description"`
	Content     string   `xml:"content:encoded"`
}

type rssGUID struct {
	Permanent bool   `xml:"isPermaLink,attr"`
	ID        string `xml:",chardata"`
}

type rssChannel struct {
	Title       string    `xml:"title"`
	Link        string    `xml:"link"`
	Self        *atomLink `xml:"atom:link"`
	Description string    `xml:"description"`
	Language    string    `xml:"language"`
	Built       string    `xml:"lastBuildDate"`
	Items       []rssItem `xml:"item"`
}

type rssFeed struct {
	XMLName xml.Name   `xml:"rss"`
	Version string     `xml:"version,attr"`
	Atom    string     `xml:"xmlns:atom,attr"`
	Content string     `xml:"xmlns:content,attr"`
	Channel rssChannel `xml:"channel"`
}

// rss writes RSS 2.0. Its pubDate is the first publication; the date of the
// revision is atom:updated, since RSS has none.
func rss(h head, entries []entry) ([]byte, error) {
	feed := rssFeed{Version: "2.0", Atom: "http://www.w3.org/2005/Atom", Content: "http://purl.org/rss/1.0/modules/content/"}
	feed.Channel = rssChannel{Title: h.title, Link: cmp.Or(h.home, h.self), Description: h.title, Language: h.lang, Built: h.updated.Format(time.RFC1123Z)}
	if h.self != "" {
		feed.Channel.Self = &atomLink{"self", "application/rss+xml", h.self}
	}
	for _, e := range entries {
		feed.Channel.Items = append(feed.Channel.Items, rssItem{
			Title: e.title, Link: e.url, GUID: rssGUID{ID: e.id}, PubDate: e.published.Format(time.RFC1123Z), Updated: rfc3339(e.updated),
			// RSS takes a description for HTML.
			Categories: e.categories, Description: html.EscapeString(e.summary), Content: e.html,
		})
	}
	return encodeXML(feed)
}

func encodeXML(feed any) ([]byte, error) {
	out, err := xml.MarshalIndent(feed, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write XML: %w", err)
	}
	return append([]byte(xml.Header), append(out, '\n')...), nil
}

func rfc3339(t time.Time) string { return t.Format(time.RFC3339) }

type jsonAuthor struct {
	Name string `json:"name"`
}

type jsonItem struct {
	ID        string       `json:"id"`
	URL       string       `json:"url,omitempty"`
	Title     string       `json:"title"`
	HTML      string       `json:"content_html"`
	Summary   string       `json:"summary,omitempty"`
	Published string       `json:"date_published"`
	Modified  string       `json:"date_modified"`
	Authors   []jsonAuthor `json:"authors,omitempty"`
	Tags      []string     `json:"tags,omitempty"`
	Language  string       `json:"language"`
}

type jsonDocument struct {
	Version  string       `json:"version"`
	Title    string       `json:"title"`
	Home     string       `json:"home_page_url,omitempty"`
	Self     string       `json:"feed_url,omitempty"`
	Language string       `json:"language"`
	Authors  []jsonAuthor `json:"authors,omitempty"`
	Items    []jsonItem   `json:"items"`
}

// jsonFeed writes JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/).
func jsonFeed(h head, entries []entry) ([]byte, error) {
	authors := func(name string) []jsonAuthor {
		if name == "" {
			return nil
		}
		return []jsonAuthor{{name}}
	}
	feed := jsonDocument{
		Version: "https://jsonfeed.org/version/1.1", Title: h.title, Home: h.home, Self: h.self, Language: h.lang, Authors: authors(h.author),
		Items: []jsonItem{},
	}
	for _, e := range entries {
		feed.Items = append(feed.Items, jsonItem{
			ID: e.id, URL: e.url, Title: e.title, HTML: e.html, Summary: e.summary, Published: rfc3339(e.published), Modified: rfc3339(e.updated),
			Authors: authors(e.author), Tags: e.categories, Language: h.lang,
		})
	}
	return encodeJSON(feed)
}

// encodeJSON indents; <, > and & are escaped, so that it is safe inside a page too.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	return b.Bytes(), nil
}
