package provider

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gocsaf/csaf/v3/csaf"
	"github.com/gocsaf/csaf/v3/util"

	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// get returns what a reader gets, which must be there.
func get(t *testing.T, p *Provider, path, who string) []byte {
	t.Helper()
	res := ask(p, http.MethodGet, path, who)
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s as %q: %d", path, who, res.StatusCode)
	}
	return []byte(res.Body)
}

func decoded(t *testing.T, data []byte) any {
	t.Helper()
	var doc any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return doc
}

// TestDocuments reads what describes the provider with gocsaf's model and
// schemas.
func TestDocuments(t *testing.T) {
	for _, signed := range []bool{true, false} {
		p, s := fixture(t, signed)
		metadata := get(t, p, metadataPath, "")
		problems, err := csaf.ValidateProviderMetadata(decoded(t, metadata))
		if err != nil || len(problems) > 0 {
			t.Errorf("metadata: %v, %v", problems, err)
		}
		m, err := csaf.LoadProviderMetadata(bytes.NewReader(metadata))
		if err != nil {
			t.Fatal(err)
		}
		role := csaf.MetadataRoleProvider
		if signed {
			role = csaf.MetadataRoleTrustedProvider
		}
		if *m.Role != role || string(*m.CanonicalURL) != "https://hub.example/.well-known/csaf/provider-metadata.json" || len(m.PGPKeys) > 1 || (len(m.PGPKeys) == 1) != signed {
			t.Errorf("signed %t: metadata %s", signed, metadata)
		}
		if got, want := time.Time(*m.LastUpdated), today.AddDate(0, 0, -3); !got.Equal(want) {
			t.Errorf("metadata of %s, and what everybody may read is of %s", got, want)
		}
		for _, key := range m.PGPKeys {
			file := get(t, p, strings.TrimPrefix(*key.URL, "https://hub.example"), "")
			public, err := ReadPublicKey(file)
			if err != nil || !strings.EqualFold(public.Fingerprint, string(key.Fingerprint)) {
				t.Errorf("key file: %v, fingerprint %s, not %s", err, public.Fingerprint, key.Fingerprint)
			}
		}

		service, err := csaf.LoadROLIEServiceDocument(bytes.NewReader(get(t, p, servicePath, "")))
		if err != nil {
			t.Fatal(err)
		}
		var listed, served []string
		for _, d := range m.Distributions {
			if d.Rolie != nil {
				for _, f := range d.Rolie.Feeds {
					listed = append(listed, string(*f.URL))
				}
			}
		}
		for _, c := range service.Service.Workspace[0].Collection {
			served = append(served, c.HRef)
		}
		if len(listed) != 4 || !slices.Equal(listed, served) {
			t.Errorf("feeds of the metadata %q, of the service document %q", listed, served)
		}

		for _, who := range []string{"bank", "ann", "other"} {
			for _, folder := range folders() {
				data := get(t, p, rootPath+folder+"/"+feedName(folder), who)
				if problems, err := csaf.ValidateROLIE(decoded(t, data)); err != nil || len(problems) > 0 {
					t.Errorf("feed %s of %s: %v, %v", folder, who, problems, err)
				}
				feed, err := csaf.LoadROLIEFeed(bytes.NewReader(data))
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range feed.Feed.Entry {
					checkEntry(t, p, s, who, e, signed)
				}
				category, err := csaf.LoadROLIECategoryDocument(bytes.NewReader(get(t, p, rootPath+folder+"/"+categoryName(folder), who)))
				if err != nil || (len(category.Categories.Category) == 2) != (len(feed.Feed.Entry) > 0) {
					t.Errorf("categories of %s for %s: %v, %v", folder, who, category, err)
				}
			}
		}
	}
}

// checkEntry follows the links of an entry of a feed.
func checkEntry(t *testing.T, p *Provider, s *shop, who string, e *csaf.Entry, signed bool) {
	t.Helper()
	it := s.items[e.ID]
	base := strings.TrimPrefix(e.Content.Src, "https://hub.example")
	data := get(t, p, base, who)
	if want := s.bytes[it.TrackingID+"/1"]; !bytes.Equal(data, want) {
		t.Errorf("%s: another document", e.ID)
	}
	if !time.Time(e.Updated).Equal(it.Current) || !time.Time(e.Published).Equal(it.Initial) || e.Titel != it.Title {
		t.Errorf("entry %+v of %+v", e, it)
	}
	if want := pathOf(it.Initial, it.TrackingID); !strings.HasSuffix(base, want) || !util.ConformingFileName(path.Base(base)) {
		t.Errorf("%s is at %s, not at %s", e.ID, base, want)
	}
	links := map[string]string{}
	for _, l := range e.Link {
		links[l.Rel+path.Ext(l.HRef)] = strings.TrimPrefix(l.HRef, "https://hub.example")
	}
	if want := map[bool]int{true: 4, false: 3}[signed]; links["self.json"] != base || len(links) != want {
		t.Errorf("%s: links %v", e.ID, links)
	}
	for ext, want := range map[string]string{"hash.sha256": it.SHA256, "hash.sha512": it.SHA512} {
		if got := string(get(t, p, links[ext], who)); got != want+"  "+path.Base(base)+"\n" {
			t.Errorf("%s: %q", links[ext], got)
		}
	}
	if signed {
		if err := Verify(data, get(t, p, links["signature.asc"], who), today, s.key.Public()); err != nil {
			t.Errorf("%s: %v", e.ID, err)
		}
	}
}

func TestSecurityText(t *testing.T) {
	p, s := fixture(t, true)
	for _, path := range []string{securityPath, legacyPath} {
		text := get(t, p, path, "")
		urls, err := csaf.ExtractProviderURL(bytes.NewReader(text), true)
		if err != nil || !slices.Equal(urls, []string{p.MetadataURL()}) {
			t.Errorf("%s: CSAF %q, %v", path, urls, err)
		}
		for _, want := range []string{
			"Contact: mailto:cert@hub.example\n", "Expires: 2027-11-01T00:00:00Z\n",
			"Preferred-Languages: en, zh-Hant, zh-Hans\n", "Canonical: https://hub.example/.well-known/security.txt\n",
		} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s: no %q in %s", path, want, text)
			}
		}
	}
	c := config()
	c.Contacts = nil
	p, err := New(c, s)
	if err != nil {
		t.Fatal(err)
	}
	if res := ask(p, http.MethodGet, securityPath, ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("security.txt without a contact: %d", res.StatusCode)
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Config)
		good   bool
	}{
		{"as it is", func(*Config) {}, true},
		{"a port", func(c *Config) { c.BaseURL = "https://hub.example:8443/" }, true},
		{"http on loopback", func(c *Config) { c.BaseURL = "http://127.0.0.1:8080" }, true},
		{"http", func(c *Config) { c.BaseURL = "http://hub.example" }, false},
		{"a path", func(c *Config) { c.BaseURL = "https://hub.example/csaf" }, false},
		{"a password", func(c *Config) { c.BaseURL = "https://a:b@hub.example" }, false},
		{"no host", func(c *Config) { c.BaseURL = "hub.example" }, false},
		{"nobody publishes", func(c *Config) { c.Publisher.Name = "" }, false},
		{"a contact of two lines", func(c *Config) { c.Contacts = []string{"mailto:a@hub.example\nCSAF: https://evil.example/"} }, false},
		{"a contact without a scheme", func(c *Config) { c.Contacts = []string{"cert@hub.example"} }, false},
		{"a policy over http", func(c *Config) { c.Policy = "http://hub.example/policy" }, false},
	} {
		config := config()
		c.change(&config)
		if _, err := New(config, &shop{}); (err == nil) != c.good {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestPut(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Item)
		good   bool
	}{
		{"as it is", func(*Item) {}, true},
		{"no title", func(it *Item) { it.Title = "" }, true},
		{"no id", func(it *Item) { it.TrackingID = "" }, false},
		{"a very long id", func(it *Item) { it.TrackingID = strings.Repeat("a", 201) }, false},
		{"no label", func(it *Item) { it.Marking = tlp.Statement }, false},
		{"CLEAR for one organisation", func(it *Item) { it.Audience = audience(tlp.Amber, "bank") }, false},
		{"CLEAR for nobody", func(it *Item) { it.Audience = tlp.Audience{} }, false},
		{"no date", func(it *Item) { it.Current = time.Time{} }, false},
		{"a hash in capitals", func(it *Item) { it.SHA256 = strings.ToUpper(it.SHA256) }, false},
		{"a short hash", func(it *Item) { it.SHA512 = it.SHA256 }, false},
		{"the file of another", func(it *Item) { it.TrackingID = "A26/11-01" }, true},
		{"the very file of another", func(it *Item) { it.TrackingID = "a26-11-01" }, false},
	} {
		p, s := fixture(t, false)
		it := s.items["A26-11-01"]
		c.change(&it)
		err := p.Put(it)
		if (err == nil) != c.good {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := len(p.shelf(white).newest); got < 2 || err != nil && got != 2 {
			t.Errorf("%s: %d documents for everybody", c.name, got)
		}
	}
}

// TestDocumentURL holds it to where a document is.
func TestDocumentURL(t *testing.T) {
	p, s := fixture(t, false)
	for id, it := range s.items {
		e := p.byID[id]
		if got, want := DocumentURL("https://hub.example/", it.Marking, it.Initial, id), "https://hub.example/csaf/"+e.folder+"/"+e.path; got != want {
			t.Errorf("%s: %s, not %s", id, got, want)
		}
	}
	if got := DocumentURL("https://hub.example", tlp.Clear, today, "A26 (中) 01/B"); got != "https://hub.example/csaf/white/2026/a26_01_b.json" {
		t.Error(got)
	}
}
