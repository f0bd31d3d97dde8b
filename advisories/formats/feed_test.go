package formats_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"
	"github.com/mmcdole/gofeed/atom"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/formats"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

func TestFeedsAreRead(t *testing.T) {
	for _, lang := range i18n.Langs() {
		for _, kind := range formats.FeedKinds() {
			data := feed(t, kind, three(), feedInfo(lang))
			parsed, err := gofeed.NewParser().Parse(bytes.NewReader(data))
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			if len(parsed.Items) != 3 || parsed.Title == "" || parsed.FeedLink != feedInfo(lang).Self || parsed.Link != feedInfo(lang).Home {
				t.Errorf("%s %s: %d items, %q, %q, %q", lang, kind, len(parsed.Items), parsed.Title, parsed.FeedLink, parsed.Link)
			}
			if want := map[i18n.Lang]string{i18n.English: "en", i18n.Traditional: "zh-Hant-HK", i18n.Simplified: "zh-Hans-CN"}[lang]; parsed.Language != want {
				t.Errorf("%s %s: the language is %q", lang, kind, parsed.Language)
			}
			// Newest first; of two at one time by the id.
			for i, id := range []string{"A26-11-A02", "A26-11-04", "A26-11-05"} {
				item := parsed.Items[i]
				if !strings.Contains(item.Title, id) {
					t.Errorf("%s %s: item %d is %q, want %s", lang, kind, i, item.Title, id)
				}
				p := map[string]*advisories.Publication{"A26-11-A02": withdrawn(), "A26-11-04": rich(), "A26-11-05": superseded()}[id]
				if item.PublishedParsed == nil || !item.PublishedParsed.Equal(p.Tracking.Initial) {
					t.Errorf("%s %s: %s was published at %s", lang, kind, id, item.Published)
				}
				if kind != formats.RSS && (item.UpdatedParsed == nil || !item.UpdatedParsed.Equal(p.Tracking.Current)) {
					t.Errorf("%s %s: %s was updated at %s", lang, kind, id, item.Updated)
				}
				if want := fmt.Sprintf("tag:govcert.example,%s:advisory/%s/%s", p.Tracking.Initial.Format(time.DateOnly), id, lang); item.GUID != want {
					t.Errorf("%s %s: the id is %q, want %q", lang, kind, item.GUID, want)
				}
				if item.Link != p.Tracking.URL {
					t.Errorf("%s %s: %s leads to %q", lang, kind, id, item.Link)
				}
				if !strings.Contains(item.Content, "<article") {
					t.Errorf("%s %s: %s has no text", lang, kind, id)
				}
				if all := strings.Join(item.Categories, " "); !strings.Contains(all, p.Advisory.TLP.String()) || !strings.Contains(all, "risk:"+string(p.Advisory.Risk)) {
					t.Errorf("%s %s: %s has the categories %s", lang, kind, id, all)
				}
			}
		}
	}
}

// TestAtomIDs checks what RFC 4287 wants of ids and dates, and that ids stay when
// an advisory is revised, when the hub moves and in whichever feed it stands.
func TestAtomIDs(t *testing.T) {
	read := func(items []advisories.Publication, info formats.FeedInfo) *atom.Feed {
		t.Helper()
		f, err := (&atom.Parser{}).Parse(bytes.NewReader(feed(t, formats.Atom, items, info)))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	info := feedInfo(i18n.English)
	before := read([]advisories.Publication{*rich()}, info)
	moved := rich()
	moved.Tracking.URL, moved.Tracking.Current = "https://other.example/x", at("2027-01-01T00:00:00Z")
	moved.Advisory.Title = texts("Another title", "", "")
	info.Self, info.Home, info.Sector, info.Product = "https://other.example/f", "", "", "Example Gateway"
	after := read([]advisories.Publication{*moved}, info)
	if before.Entries[0].ID != after.Entries[0].ID || after.Entries[0].Updated != "2027-01-01T00:00:00Z" || after.Updated != "2027-01-01T00:00:00Z" {
		t.Errorf("%s became %s, updated %s (feed %s)", before.Entries[0].ID, after.Entries[0].ID, after.Entries[0].Updated, after.Updated)
	}
	if before.ID == after.ID || before.ID != "tag:govcert.example,2022-08-01:advisories/en/sector/healthcare" {
		t.Errorf("the feeds are %s and %s", before.ID, after.ID)
	}
	// RFC 4287, 4.1.1 and 4.1.2, and RFC 3339.
	for _, f := range []*atom.Feed{before, after, read(nil, formats.FeedInfo{Publisher: govcert()}), read(three(), feedInfo(i18n.Traditional))} {
		seen := map[string]bool{f.ID: true}
		stamps := []string{f.Updated}
		if f.ID == "" || f.Title == "" || len(f.Authors) == 0 || f.Authors[0].Name == "" {
			t.Errorf("the feed %q has no title or author", f.ID)
		}
		for _, e := range f.Entries {
			if seen[e.ID] || e.ID == "" || e.Title == "" || e.Content == nil || e.Content.Type != "html" {
				t.Errorf("the entry %q comes twice or lacks something", e.ID)
			}
			seen[e.ID] = true
			stamps = append(stamps, e.Updated, e.Published)
		}
		for _, s := range stamps {
			if _, err := time.Parse(time.RFC3339, s); err != nil || !strings.HasSuffix(s, "Z") {
				t.Errorf("%s: the date %q", f.ID, s)
			}
		}
	}
}

func TestIDsWithoutANamespace(t *testing.T) {
	for _, namespace := range []string{"", "govcert", "https://[::1]/", "https://例子.香港/", "https://a b/", "mailto:x@y.example"} {
		p := rich()
		p.Publisher.Namespace, p.Tracking.ID = namespace, "A 26/1 é<>"
		for _, kind := range formats.FeedKinds() {
			parsed, err := gofeed.NewParser().Parse(bytes.NewReader(feed(t, kind, []advisories.Publication{*p}, formats.FeedInfo{Publisher: p.Publisher})))
			if err != nil {
				t.Fatal(err)
			}
			if !regexp.MustCompile(`^urn:uuid:[0-9a-f-]{36}$`).MatchString(parsed.Items[0].GUID) {
				t.Errorf("%s of %q: the id is %q", kind, namespace, parsed.Items[0].GUID)
			}
		}
	}
	p := rich()
	p.Tracking.ID = "A 26/1 é<>"
	parsed, err := gofeed.NewParser().Parse(bytes.NewReader(feed(t, formats.JSONFeed, []advisories.Publication{*p}, formats.FeedInfo{})))
	if err != nil {
		t.Fatal(err)
	}
	if want := "tag:govcert.example,2026-11-04:advisory/A%2026%2F1%20%C3%A9%3C%3E/en"; parsed.Items[0].GUID != want {
		t.Errorf("the id is %q, want %q", parsed.Items[0].GUID, want)
	}
}

func TestFeedsAreBounded(t *testing.T) {
	var items []advisories.Publication
	for i := range formats.MaxItems + 50 {
		p := withdrawn()
		p.Tracking.ID, p.Tracking.Current = fmt.Sprintf("A26-11-%03d", i), p.Tracking.Current.Add(time.Duration(i)*time.Minute)
		items = append(items, *p)
	}
	var got struct {
		Items []struct {
			Title string `json:"title"`
		} `json:"items"`
	}
	if err := json.Unmarshal(feed(t, formats.JSONFeed, items, formats.FeedInfo{}), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Items) != formats.MaxItems || !strings.Contains(got.Items[0].Title, "A26-11-149") {
		t.Errorf("%d items, the first %v", len(got.Items), got.Items[:1])
	}
	if _, _, err := formats.Feed("gopher", nil, formats.FeedInfo{}); err == nil {
		t.Error("an unknown kind of feed was made")
	}
}
