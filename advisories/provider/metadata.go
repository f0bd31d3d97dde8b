package provider

import (
	"bufio"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// The provider's metadata (CSAF 2.0, 7.1.7 and its schema).
type (
	metadataDocument struct {
		CanonicalURL  string            `json:"canonical_url"`
		Distributions []distribution    `json:"distributions"`
		LastUpdated   time.Time         `json:"last_updated"`
		List          bool              `json:"list_on_CSAF_aggregators"`
		Version       string            `json:"metadata_version"`
		Mirror        bool              `json:"mirror_on_CSAF_aggregators"`
		Keys          []metadataKey     `json:"public_openpgp_keys,omitempty"`
		Publisher     metadataPublisher `json:"publisher"`
		Role          string            `json:"role"`
	}
	distribution struct {
		DirectoryURL string         `json:"directory_url,omitempty"`
		ROLIE        *rolieFeedList `json:"rolie,omitempty"`
	}
	rolieFeedList struct {
		Categories []string       `json:"categories"`
		Feeds      []metadataFeed `json:"feeds"`
		Services   []string       `json:"services"`
	}
	metadataFeed struct {
		Summary string `json:"summary"`
		Label   string `json:"tlp_label"`
		URL     string `json:"url"`
	}
	metadataKey struct {
		Fingerprint string `json:"fingerprint"`
		URL         string `json:"url"`
	}
	metadataPublisher struct {
		Category  string `json:"category"`
		Contact   string `json:"contact_details,omitempty"`
		Authority string `json:"issuing_authority,omitempty"`
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	}
)

// MetadataURL is where the provider begins: its canonical_url.
func (p *Provider) MetadataURL() string { return p.base + metadataPath }

func keyPath(k PublicKey) string { return keysFolder + strings.ToUpper(k.Fingerprint) + ".asc" }

func feedTitle(publisher, folder string) string {
	return "CSAF documents of " + publisher + " (TLP:" + strings.ToUpper(folder) + ")"
}

// updated is the date of a list of these entries, newest first: it tells of
// nothing that is not among them.
func (p *Provider) updated(entries []*entry) time.Time {
	return laterOf(newestOf(entries), p.c.Updated)
}

func laterOf(a, b time.Time) time.Time {
	if b.After(a) {
		a = b
	}
	return a.UTC().Truncate(time.Second)
}

// metadata writes provider-metadata.json with the feeds of these folders. It is
// the same for everybody, and its date that of what everybody may read.
func (p *Provider) metadata(w *bufio.Writer, folders []string) error {
	d := metadataDocument{
		CanonicalURL: p.MetadataURL(),
		LastUpdated:  p.updated(p.shelf(white).newest),
		List:         p.c.List, Mirror: p.c.Mirror,
		Version: "2.0",
		Role:    "csaf_provider",
		Publisher: metadataPublisher{
			Category: p.c.Publisher.Category, Name: p.c.Publisher.Name, Namespace: p.c.Publisher.Namespace,
			Contact: p.c.Publisher.Contact, Authority: p.c.Publisher.Authority,
		},
	}
	feeds := &rolieFeedList{Services: []string{p.base + servicePath}}
	for _, folder := range folders {
		feeds.Feeds = append(feeds.Feeds, metadataFeed{
			Summary: feedTitle(p.c.Publisher.Name, folder), Label: strings.ToUpper(folder), URL: p.feedURL(folder),
		})
		feeds.Categories = append(feeds.Categories, p.base+rootPath+folder+"/"+categoryName(folder))
	}
	d.Distributions = []distribution{{DirectoryURL: p.base + rootPath}, {ROLIE: feeds}}
	for _, k := range p.c.Keys {
		d.Role = "csaf_trusted_provider"
		d.Keys = append(d.Keys, metadataKey{Fingerprint: strings.ToUpper(k.Fingerprint), URL: p.base + rootPath + keyPath(k)})
	}
	return writeJSON(w, d)
}

// service writes the ROLIE service document (CSAF 2.0, 7.1.16): the feeds that
// the metadata has, and no others.
func (p *Provider) service(w *bufio.Writer, folders []string) error {
	type collection struct {
		Title      string          `json:"title"`
		HRef       string          `json:"href"`
		Categories rolieCategories `json:"categories"`
	}
	type workspace struct {
		Title      string       `json:"title"`
		Collection []collection `json:"collection"`
	}
	ws := workspace{Title: p.c.Publisher.Name}
	for _, folder := range folders {
		ws.Collection = append(ws.Collection, collection{
			Title: feedTitle(p.c.Publisher.Name, folder), HRef: p.feedURL(folder), Categories: rolieCategories{[]rolieCategory{csafCategory()}},
		})
	}
	return writeJSON(w, struct {
		Service struct {
			Workspace []workspace `json:"workspace"`
		} `json:"service"`
	}{struct {
		Workspace []workspace `json:"workspace"`
	}{[]workspace{ws}}})
}

// security writes security.txt (RFC 9116; CSAF 2.0, 7.1.8). It expires a year
// after the month began, so that it changes once a month and never says more
// than a year.
func (p *Provider) security(w *bufio.Writer) error {
	line := func(field, value string) {
		_, _ = w.WriteString(field + ": " + value + "\n")
	}
	for _, contact := range p.c.Contacts {
		line("Contact", contact)
	}
	now := p.c.Now().UTC()
	line("Expires", time.Date(now.Year()+1, now.Month(), 1, 0, 0, 0, 0, time.UTC).Format(time.RFC3339))
	var languages []string
	for _, lang := range i18n.Langs() {
		languages = append(languages, string(lang))
	}
	line("Preferred-Languages", strings.Join(languages, ", "))
	line("Canonical", p.base+securityPath)
	if p.c.Policy != "" {
		line("Policy", p.c.Policy)
	}
	line("CSAF", p.MetadataURL())
	return nil
}

// openTo returns the folders that a reader may open. What they find there is
// another matter.
func openTo(r tlp.Reader) []string {
	if r.Member {
		return folders()
	}
	return []string{white}
}
