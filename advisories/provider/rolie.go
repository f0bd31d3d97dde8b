package provider

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// The ROLIE feed (CSAF 2.0, 7.1.15; RFC 8322 in JSON).
type (
	rolieLink struct {
		Rel  string `json:"rel"`
		HRef string `json:"href"`
	}
	rolieCategory struct {
		Scheme string `json:"scheme,omitempty"`
		Term   string `json:"term"`
	}
	rolieCategories struct {
		Category []rolieCategory `json:"category"`
	}
	rolieText struct {
		Content string `json:"content"`
	}
	rolieContent struct {
		Type string `json:"type"`
		Src  string `json:"src"`
	}
	rolieFormat struct {
		Schema  string `json:"schema"`
		Version string `json:"version"`
	}
	rolieEntry struct {
		ID        string          `json:"id"`
		Title     string          `json:"title"`
		Link      []rolieLink     `json:"link"`
		Published time.Time       `json:"published"`
		Updated   time.Time       `json:"updated"`
		Summary   *rolieText      `json:"summary,omitempty"`
		Category  []rolieCategory `json:"category,omitempty"`
		Content   rolieContent    `json:"content"`
		Format    rolieFormat     `json:"format"`
	}
	rolieHead struct {
		ID       string          `json:"id"`
		Title    string          `json:"title"`
		Link     []rolieLink     `json:"link"`
		Category []rolieCategory `json:"category"`
		Updated  time.Time       `json:"updated"`
	}
)

// csafCategory is what tells a feed of CSAF from others (CSAF 2.0, 7.1.15).
func csafCategory() rolieCategory {
	return rolieCategory{Scheme: "urn:ietf:params:rolie:category:information-type", Term: "csaf"}
}

func rolieEntryOf(base string, e *entry) rolieEntry {
	at := base + rootPath + e.folder + "/" + e.path
	r := rolieEntry{
		ID: e.TrackingID, Title: e.Title, Published: e.Initial, Updated: e.Current,
		Content: rolieContent{Type: jsonType, Src: at},
		Format:  rolieFormat{Schema: "https://docs.oasis-open.org/csaf/csaf/v2.0/csaf_json_schema.json", Version: "2.0"},
	}
	for _, f := range e.files() {
		r.Link = append(r.Link, rolieLink{Rel: f.rel, HRef: at + f.suffix})
	}
	if e.Summary != "" {
		r.Summary = &rolieText{e.Summary}
	}
	for _, tag := range e.Tags {
		r.Category = append(r.Category, rolieCategory{Term: tag})
	}
	return r
}

func (p *Provider) feedURL(folder string) string {
	return p.base + rootPath + folder + "/" + feedName(folder)
}

// feed writes the ROLIE feed of a folder, of the entries' own JSON.
func (p *Provider) feed(w *bufio.Writer, v view) error {
	head := rolieHead{
		ID:       "csaf-feed-tlp-" + v.folder,
		Title:    feedTitle(p.c.Publisher.Name, v.folder),
		Link:     []rolieLink{{Rel: "self", HRef: p.feedURL(v.folder)}, {Rel: "service", HRef: p.base + servicePath}},
		Category: []rolieCategory{csafCategory()},
		Updated:  p.updated(v.entries),
	}
	text, err := json.Marshal(head)
	if err != nil {
		return fmt.Errorf("provider: ROLIE feed: %w", err)
	}
	_, _ = w.WriteString(`{"feed":`)
	_, _ = w.Write(bytes.TrimSuffix(text, []byte("}")))
	_, _ = w.WriteString(`,"entry":[`)
	for i, e := range v.entries {
		if i > 0 {
			_ = w.WriteByte(',')
		}
		_ = w.WriteByte('\n')
		_, _ = w.Write(e.rolie)
	}
	_, _ = w.WriteString("]}}\n")
	return nil
}

// category writes the category document of a folder: what the entries are
// tagged with (CSAF 2.0, 7.1.17).
func category(w *bufio.Writer, v view) error {
	terms := map[string]bool{}
	for _, e := range v.entries {
		for _, tag := range e.Tags {
			terms[tag] = true
		}
	}
	list := []rolieCategory{}
	for _, term := range slices.Sorted(maps.Keys(terms)) {
		list = append(list, rolieCategory{Term: term})
	}
	return writeJSON(w, struct {
		Categories rolieCategories `json:"categories"`
	}{rolieCategories{list}})
}

func writeJSON(w *bufio.Writer, document any) error {
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return fmt.Errorf("provider: %T: %w", document, err)
	}
	_, _ = w.Write(text)
	_ = w.WriteByte('\n')
	return nil
}
