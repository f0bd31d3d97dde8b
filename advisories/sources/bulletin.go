package sources

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/mmcdole/gofeed"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

const (
	maxBulletins = 1000
	maxCVEs      = 200 // of one bulletin
	maxTitle     = 300 // characters, as of an Advisory
	maxID        = 200 // bytes
)

// BulletinOptions are what a feed does not say of itself.
type BulletinOptions struct {
	Language i18n.Lang   // of the texts; "": what the feed says
	TLP      tlp.Marking // "": clear
	Now      time.Time   // the date of a bulletin without one
}

// ParseBulletins reads a feed of RSS 0.9 to 2.0, Atom or JSON Feed. Each item
// becomes a Publication with its title, date, id, link, text and the CVE ids in
// it, without risk: that is for an analyst to say. The texts are plain; no HTML of
// the feed survives.
func ParseBulletins(data []byte, contentType string, o BulletinOptions) ([]advisories.Publication, []string, error) {
	var warnings notes
	if len(data) > maxFeed {
		return nil, nil, fmt.Errorf("the feed is larger than %d bytes", maxFeed)
	}
	if start := bytes.TrimLeft(withoutMark(data), " \t\r\n"); bytes.HasPrefix(start, []byte("{")) {
		root, err := tree(bytes.ToValidUTF8(start, []byte("\uFFFD")))
		if err == nil {
			data, err = json.Marshal(withoutNull(root))
		}
		if err != nil {
			return nil, nil, fmt.Errorf("read the feed: %w", err)
		}
	} else {
		clean, sanitised, err := wellMeant(data, contentType)
		if err != nil {
			return nil, nil, fmt.Errorf("read the feed: %w", err)
		}
		if sanitised {
			warnings.add("the feed has bytes that are no text; they were replaced")
		}
		data = clean
	}
	feed, err := parseFeed(data)
	if errors.Is(err, gofeed.ErrFeedTypeNotDetected) {
		return nil, nil, errors.New("read the feed: it is neither RSS nor Atom nor JSON Feed")
	}
	if err != nil {
		return nil, nil, errors.New(clip(fmt.Sprintf("read the feed: %v", err), maxDetail))
	}
	if len(feed.Items) > maxBulletins {
		warnings.add("the feed has %d items; the first %d are taken", len(feed.Items), maxBulletins)
		feed.Items = feed.Items[:maxBulletins]
	}
	if o.Language == "" && feed.Language != "" && languageOf(feed.Language) == "" {
		warnings.add("the feed is in %.20q, which is none of our languages: its texts are kept as English", feed.Language)
	}
	var all []advisories.Publication
	seen := map[string]bool{}
	for i, item := range feed.Items {
		p, ok := publicationOf(feed, item, o)
		switch {
		case !ok:
			warnings.add("item %d has neither title nor text", i+1)
		case seen[p.Tracking.ID]:
			warnings.add("item %d has the id of one before it", i+1)
		default:
			seen[p.Tracking.ID] = true
			all = append(all, p)
		}
	}
	return all, warnings, nil
}

// parseFeed keeps a fault of the parser, which strangers feed, from ending more
// than this.
func parseFeed(data []byte) (feed *gofeed.Feed, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			feed, err = nil, fmt.Errorf("the feed cannot be understood: %v", fault)
		}
	}()
	return gofeed.NewParser().Parse(bytes.NewReader(data))
}

// withoutNull takes nulls out of lists: the parser takes an item of a feed for
// granted.
func withoutNull(v any) any {
	switch v := v.(type) {
	case []any:
		v = slices.DeleteFunc(v, func(e any) bool { return e == nil })
		for i := range v {
			v[i] = withoutNull(v[i])
		}
		return v
	case map[string]any:
		for name := range v {
			v[name] = withoutNull(v[name])
		}
	}
	return v
}

func publicationOf(feed *gofeed.Feed, item *gofeed.Item, o BulletinOptions) (advisories.Publication, bool) {
	if item == nil {
		return advisories.Publication{}, false
	}
	title := short(oneLine(PlainText(item.Title)), maxTitle)
	text := PlainText(cmp.Or(item.Content, item.Description))
	if title == "" {
		title = short(oneLine(text), 120)
	}
	if title == "" {
		return advisories.Publication{}, false
	}
	link := webAddress(item.Link)
	published := date(item.PublishedParsed, item.UpdatedParsed, o.Now)
	updated := date(item.UpdatedParsed, nil, published)
	if updated.Before(published) {
		updated = published
	}
	lang := cmp.Or(o.Language, languageOf(feed.Language), guess(title+text))
	p := advisories.Publication{
		Tracking: advisories.Tracking{
			ID: identity(item, link, title), Initial: published, Current: updated, State: advisories.Published, URL: link,
			Revisions: []advisories.Revision{{Number: 1, Date: updated, Summary: advisories.Texts{}}},
		},
		Publisher: publisherOf(feed, link),
		Advisory: advisories.Advisory{
			Class: advisories.Alert, TLP: cmp.Or(o.TLP, tlp.Clear),
			Title: advisories.Texts{lang: title}, Description: advisories.Texts{lang: cmp.Or(text, title)},
		},
	}
	if link != "" {
		p.Advisory.References = []advisories.Reference{{URL: link, Self: true}}
	}
	for _, cve := range cves(title + "\n" + text) {
		p.Advisory.Vulnerabilities = append(p.Advisory.Vulnerabilities, advisories.Vulnerability{CVE: cve})
	}
	return p, true
}

// identity is what a bulletin is told from others by: the id that the feed gives,
// its address, or its title.
func identity(item *gofeed.Item, link, title string) string {
	id := strings.TrimSpace(clip(item.GUID, maxID))
	switch {
	case len(item.GUID) > maxID:
		sum := sha256.Sum256([]byte(item.GUID))
		return "sha256:" + hex.EncodeToString(sum[:16])
	case id != "":
		return id
	case link != "" && len(link) <= maxID:
		return link
	}
	sum := sha256.Sum256([]byte(link + "\n" + title))
	return "sha256:" + hex.EncodeToString(sum[:16])
}

func publisherOf(feed *gofeed.Feed, link string) advisories.Publisher {
	p := advisories.Publisher{Category: "other"}
	for _, address := range []string{feed.Link, link, feed.FeedLink} {
		if u, err := url.Parse(webAddress(address)); err == nil && u.Host != "" {
			p.Namespace = u.Scheme + "://" + strings.ToLower(u.Host)
			p.Name = u.Hostname()
			break
		}
	}
	if name := short(oneLine(PlainText(feed.Title)), 200); name != "" {
		p.Name = name
	}
	return p
}

// date is the first that is a date of our time, in UTC and whole seconds.
func date(first, second *time.Time, otherwise time.Time) time.Time {
	for _, t := range []*time.Time{first, second} {
		if t != nil && t.Year() >= 1990 && t.Year() < 2100 {
			return t.UTC().Truncate(time.Second)
		}
	}
	return otherwise.UTC().Truncate(time.Second)
}

// cves are the ids that a text names, sorted.
func cves(text string) []string {
	found := regexp.MustCompile(`(?i)\bCVE-[12][0-9]{3}-[0-9]{4,19}\b`).FindAllString(text, 10*maxCVEs)
	for i := range found {
		found[i] = strings.ToUpper(found[i])
	}
	slices.Sort(found)
	found = slices.Compact(found)
	return found[:min(len(found), maxCVEs)]
}

// languageOf is that of a tag such as "zh-HK", "" for one that is none of ours.
func languageOf(tag string) i18n.Lang {
	tag = strings.ToLower(strings.ReplaceAll(strings.TrimSpace(tag), "_", "-"))
	if tag != "en" && !strings.HasPrefix(tag, "en-") && tag != "zh" && !strings.HasPrefix(tag, "zh-") {
		return ""
	}
	return i18n.Match(tag)
}

// guess is the language of a text whose feed does not say: Chinese is taken for
// the Traditional of Hong Kong unless it has many of the simplified characters
// that all texts have.
func guess(text string) i18n.Lang {
	han, letters, simplified := 0, 0, 0
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Han, r):
			han++
			if strings.ContainsRune("个们来说对时会发过还这为统网络户码问题软数据应该击务员护组织让认证执设备请级", r) {
				simplified++
			}
		case unicode.IsLetter(r):
			letters++
		}
	}
	switch {
	case han == 0 || han*4 < letters:
		return i18n.English
	case simplified*50 > han:
		return i18n.Simplified
	}
	return i18n.Traditional
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// short cuts a text after so many characters.
func short(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return s
}
