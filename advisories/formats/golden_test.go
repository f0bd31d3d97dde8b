package formats_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/formats"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test ./advisories/formats -update writes it)", err)
	}
	if !bytes.Equal(got, want) {
		a, b := strings.Split(string(want), "\n"), strings.Split(string(got), "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Errorf("%s differs in line %d (go test ./advisories/formats -update, then read the difference):\n-%s\n+%s", name, i+1, a[i], b[i])
				return
			}
		}
		t.Errorf("%s differs in length: %d lines, want %d", name, len(b), len(a))
	}
}

func page(t *testing.T, p *advisories.Publication, o formats.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := formats.HTML(&b, p, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func feed(t *testing.T, kind formats.FeedKind, items []advisories.Publication, info formats.FeedInfo) []byte {
	t.Helper()
	data, mediaType, err := formats.Feed(kind, items, info)
	if err != nil {
		t.Fatal(err)
	}
	if mediaType == "" || mediaType != kind.MediaType() {
		t.Errorf("the media type is %q", mediaType)
	}
	return data
}

func feedInfo(lang i18n.Lang) formats.FeedInfo {
	return formats.FeedInfo{
		Lang: lang, Zone: hongKong(), Publisher: govcert(), Home: "https://hub.example/advisories",
		Self: "https://hub.example/feeds/" + string(lang) + ".atom", Sector: "healthcare",
	}
}

func three() []advisories.Publication {
	return []advisories.Publication{*rich(), *withdrawn(), *superseded()}
}

// TestGolden is for reading: what changes here, readers see.
func TestGolden(t *testing.T) {
	for _, lang := range i18n.Langs() {
		o := options(lang)
		for name, p := range map[string]*advisories.Publication{"rich": rich(), "withdrawn": withdrawn(), "superseded": superseded()} {
			base := name + "." + string(lang)
			golden(t, base+".txt", formats.Text(p, o))
			if name == "superseded" { // the rest is as in rich
				continue
			}
			// The style is read in page.css.
			golden(t, base+".html", []byte(strings.Replace(page(t, p, o), formats.Style(), "", 1)))
			golden(t, base+".md", formats.Markdown(p, o))
			subject, body := formats.Mail(p, o, "")
			golden(t, base+".mail", []byte("Subject: "+subject+"\n\n"+body))
			event, err := json.MarshalIndent(formats.NewEvent(p), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".event.json", append(event, '\n'))
		}
		subject, body := formats.Digest(three(), o, formats.DigestInfo{Home: "https://hub.example/advisories", Manage: "https://hub.example/me", Product: "Example Gateway", Sector: "healthcare"})
		golden(t, "digest."+string(lang)+".mail", []byte("Subject: "+subject+"\n\n"+body))
		for _, kind := range formats.FeedKinds() {
			golden(t, "feed."+string(lang)+"."+string(kind), feed(t, kind, three(), feedInfo(lang)))
		}
		golden(t, "dictionary."+string(lang)+".md", formats.DictionaryMarkdown(lang))
		var b bytes.Buffer
		if err := formats.DictionaryHTML(&b, o); err != nil {
			t.Fatal(err)
		}
		golden(t, "dictionary."+string(lang)+".html", []byte(strings.Replace(b.String(), formats.Style(), "", 1)))
	}
	for name, write := range map[string]func() ([]byte, error){
		"catalogue.csv":   func() ([]byte, error) { return formats.CatalogueCSV(three()) },
		"catalogue.json":  func() ([]byte, error) { return formats.CatalogueJSON(three()) },
		"dictionary.json": formats.DictionaryJSON,
	} {
		data, err := write()
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, data)
	}
}
