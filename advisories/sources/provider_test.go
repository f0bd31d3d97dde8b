package sources_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/gopenpgp/v3/crypto"

	"github.com/cybersec-infohub/infohub/advisories/sources"
)

// provider is a CSAF provider on a site, made anew from its documents by build.
type provider struct {
	site *site
	host string
	key  *crypto.Key
	docs []doc
	// What is said of it.
	folder bool // directory instead of ROLIE
	label  string
	pad    int                            // bytes that each document has more
	change func(path, body string) string // spoils a file before it is put
}

type doc struct {
	id, version string
	updated     time.Time
	tlp         string
	namespace   string
	plain       bool // neither checksum nor signature
	unsigned    bool
}

func newProvider(t *testing.T, s *site, host string) *provider {
	t.Helper()
	key, err := crypto.PGP().KeyGeneration().AddUserId("GovCERT example", "csirt@"+host).GenerationTime(day.Add(-time.Hour).Unix()).New().GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return &provider{site: s, host: host, key: key, label: "WHITE"}
}

func (p *provider) add(ids ...string) {
	for i, id := range ids {
		p.docs = append(p.docs, doc{id: id, version: "1", tlp: "WHITE", updated: day.Add(time.Duration(len(p.docs)+i-100) * time.Hour)})
	}
}

func (p *provider) source() sources.Source {
	return sources.Source{ID: "cert", Kind: sources.CSAF, URL: p.host}
}

func (p *provider) put(t *testing.T, path, body string) {
	t.Helper()
	if p.change != nil {
		body = p.change(path, body)
	}
	p.site.put(p.host+path, body)
}

// build puts all files of the provider onto its site.
func (p *provider) build(t *testing.T) {
	t.Helper()
	base := "https://" + p.host + "/.well-known/csaf/"
	public, err := p.key.GetArmoredPublicKey()
	if err != nil {
		t.Fatal(err)
	}
	p.put(t, "/.well-known/csaf/openpgp/key.asc", public)
	distribution := `{"rolie":{"feeds":[{"tlp_label":"` + p.label + `","url":"` + base + `white/feed.json"}]}}`
	if p.folder {
		distribution = `{"directory_url":"` + base + `white/"}`
	}
	p.put(t, "/.well-known/csaf/provider-metadata.json", fmt.Sprintf(`{"canonical_url":%q,"distributions":[%s],"last_updated":"2026-11-20T10:00:00Z",
		"list_on_CSAF_aggregators":true,"mirror_on_CSAF_aggregators":true,"metadata_version":"2.0","role":"csaf_trusted_provider",
		"public_openpgp_keys":[{"fingerprint":%q,"url":%q}],
		"publisher":{"category":"coordinator","name":"GovCERT example","namespace":"https://www.%s"}}`,
		base+"provider-metadata.json", distribution, p.key.GetFingerprint(), base+"openpgp/key.asc", p.host))
	var entries []string
	changes, index := "", ""
	for _, d := range p.docs {
		name := strings.ToLower(d.id) + ".json"
		path := "/.well-known/csaf/white/2026/" + name
		body := d.text(p.host) + strings.Repeat(" ", p.pad)
		p.put(t, path, body)
		at := "https://" + p.host + path
		links := []string{link("self", at)}
		if !d.plain {

			p.put(t, path+".sha512", hash512(body)+"  "+name+"\n")
			p.put(t, path+".sha256", hash256(body)+"  "+name+"\n")
			links = append(links, link("hash", at+".sha256"), link("hash", at+".sha512"))
		}
		if !d.plain && !d.unsigned {
			p.put(t, path+".asc", p.sign(t, body))
			links = append(links, link("signature", at+".asc"))
		}
		when := d.updated.Format(time.RFC3339)
		entries = append(entries, fmt.Sprintf(`{"id":%q,"title":"Test","published":%q,"updated":%q,"link":[%s],
			"content":{"type":"application/json","src":%q},"format":{"schema":"https://docs.oasis-open.org/csaf/csaf/v2.0/csaf_json_schema.json","version":"2.0"}}`,
			d.id, when, when, strings.Join(links, ","), at))
		changes = fmt.Sprintf("\"2026/%s\",%q\n", name, when) + changes
		index += "2026/" + name + "\n"
	}
	p.put(t, "/.well-known/csaf/white/feed.json", fmt.Sprintf(`{"feed":{"id":"feed","title":"Feed","link":[%s],
		"category":[{"scheme":"urn:ietf:params:rolie:category:information-type","term":"csaf"}],"updated":"2026-11-20T10:00:00Z","entry":[%s]}}`,
		link("self", base+"white/feed.json"), strings.Join(entries, ",")))
	p.put(t, "/.well-known/csaf/white/changes.csv", changes)
	p.put(t, "/.well-known/csaf/white/index.txt", index)
}

func link(rel, href string) string { return fmt.Sprintf(`{"rel":%q,"href":%q}`, rel, href) }

func (p *provider) sign(t *testing.T, body string) string {
	t.Helper()
	signer, err := crypto.PGP().Sign().SigningKey(p.key).Detached().SignTime(day.Add(-time.Minute).Unix()).New()
	if err != nil {
		t.Fatal(err)
	}
	signature, err := signer.Sign([]byte(body), crypto.Armor)
	if err != nil {
		t.Fatal(err)
	}
	return string(signature)
}

// text is a small CSAF document that passes every mandatory test.
func (d *doc) text(host string) string {
	namespace := d.namespace
	if namespace == "" {
		namespace = "https://www." + host
	}
	var history []map[string]string
	for i := range int(d.version[0] - '0') {
		history = append(history, map[string]string{"date": fmt.Sprintf("2026-11-%02dT10:00:00Z", 10+i), "number": fmt.Sprint(i + 1), "summary": "A step."})
	}
	properties := map[string]any{
		"category": "csaf_base", "csaf_version": "2.0", "lang": "en", "title": "Flaw in the shop, version " + d.version,
		"publisher": map[string]string{"category": "coordinator", "name": "GovCERT example", "namespace": namespace},
		"notes":     []map[string]string{{"category": "description", "text": "Attackers can read the list of orders."}},
		"tracking": map[string]any{
			"id": d.id, "status": "final", "version": d.version, "revision_history": history,
			"initial_release_date": history[0]["date"], "current_release_date": history[len(history)-1]["date"],
		},
	}
	if d.tlp != "" {
		properties["distribution"] = map[string]any{"tlp": map[string]string{"label": d.tlp}}
	}
	data, err := json.MarshalIndent(map[string]any{"document": properties}, "", "  ")
	if err != nil {
		panic(err)
	}
	return string(data)
}
