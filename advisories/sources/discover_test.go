package sources_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/advisories/sources"
	"github.com/cybersec-infohub/infohub/internal/fetch"
)

const metadataPath = "/.well-known/csaf/provider-metadata.json"

// move puts the metadata of a provider elsewhere.
func (p *provider) move(t *testing.T, to string) {
	t.Helper()
	p.site.put(to, p.site.files[p.host+metadataPath])
	p.site.remove(p.host + metadataPath)
}

// TestDiscover: the places of CSAF 7.3.1, in its order.
func TestDiscover(t *testing.T) {
	tests := []struct {
		about string
		set   func(t *testing.T, p *provider)
		where string
		want  string // address of the metadata; "": not found
	}{
		{"well-known", func(*testing.T, *provider) {}, "cert.example", "https://cert.example" + metadataPath},
		{"in capitals", func(*testing.T, *provider) {}, "Cert.Example", "https://cert.example" + metadataPath},
		{"by its address", func(*testing.T, *provider) {}, "https://cert.example" + metadataPath, "https://cert.example" + metadataPath},
		{"before security.txt", func(t *testing.T, p *provider) {
			p.site.put("cert.example/.well-known/security.txt", "CSAF: https://data.example/provider-metadata.json\n")
			p.site.put("data.example/provider-metadata.json", p.site.files["cert.example"+metadataPath])
		}, "cert.example", "https://cert.example" + metadataPath},
		{"security.txt, signed, the second of its fields", func(t *testing.T, p *provider) {
			p.move(t, "data.example/provider-metadata.json")
			p.site.put("cert.example/.well-known/security.txt", "-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA512\r\n\r\n# CSAF: https://no.example/\r\ncsaf: http://data.example/provider-metadata.json\r\n"+
				"CSAF: https://data.example/none.json\r\n- CSAF:  https://data.example/provider-metadata.json \r\n")
		}, "cert.example", "https://data.example/provider-metadata.json"},
		{"security.txt of old", func(t *testing.T, p *provider) {
			p.move(t, "data.example/provider-metadata.json")
			p.site.put("cert.example/security.txt", "CSAF: https://data.example/provider-metadata.json")
		}, "cert.example", "https://data.example/provider-metadata.json"},
		{"the name in DNS", func(t *testing.T, p *provider) { p.move(t, "csaf.data.security.cert.example/") }, "cert.example", "https://csaf.data.security.cert.example/"},
		{"metadata that are none, then security.txt", func(t *testing.T, p *provider) {
			p.move(t, "data.example/provider-metadata.json")
			p.site.put("cert.example"+metadataPath, `{"role":"csaf_provider"}`)
			p.site.put("cert.example/.well-known/security.txt", "CSAF: https://data.example/provider-metadata.json")
		}, "cert.example", "https://data.example/provider-metadata.json"},
		{"nowhere", func(t *testing.T, p *provider) { p.site.remove("cert.example" + metadataPath) }, "cert.example", ""},
		{"by http alone", func(t *testing.T, p *provider) {}, "http://cert.example" + metadataPath, ""},
		{"a name twice", func(t *testing.T, p *provider) {
			p.site.put("cert.example"+metadataPath, `{"role":"csaf_publisher",`+p.site.files["cert.example"+metadataPath][1:])
		}, "cert.example", ""},
		{"not by the schema", func(t *testing.T, p *provider) {
			p.site.put("cert.example"+metadataPath, strings.Replace(p.site.files["cert.example"+metadataPath], `"feeds":`, `"services":[],"feeds":`, 1))
		}, "cert.example", ""},
		{"deep", func(t *testing.T, p *provider) {
			p.site.put("cert.example"+metadataPath, strings.Repeat(`{"a":`, 1000)+"1"+strings.Repeat("}", 1000))
		}, "cert.example", ""},
		{"too large", func(t *testing.T, p *provider) {
			p.site.put("cert.example"+metadataPath, p.site.files["cert.example"+metadataPath]+strings.Repeat(" ", 3<<20))
		}, "cert.example", ""},
		{"in a circle", func(t *testing.T, p *provider) {
			p.site.handle("cert.example"+metadataPath, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) })
		}, "cert.example", ""},
		{"led to http", func(t *testing.T, p *provider) {
			p.site.handle("cert.example"+metadataPath, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "http://cert.example/x", http.StatusFound)
			})
		}, "cert.example", ""},
		{"led inside", func(t *testing.T, p *provider) {
			p.site.handle("cert.example"+metadataPath, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "https://inside.example/x", http.StatusFound)
			})
		}, "cert.example", ""},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			s := newSite(t, "cert.example", "data.example", "csaf.data.security.cert.example")
			p := newProvider(t, s, "cert.example")
			p.add("GCERT-26-1")
			p.build(t)
			tt.set(t, p)
			found, err := s.puller().Discover(t.Context(), tt.where, nil)
			switch {
			case tt.want == "" && err == nil:
				t.Errorf("found %+v", found)
			case tt.want != "" && (err != nil || len(found.Providers) != 1 || found.Providers[0].URL != tt.want):
				t.Errorf("%+v, %v", found, err)
			case tt.want != "":
				one := found.Providers[0]
				if one.Publisher != "GovCERT example" || one.Role != "csaf_trusted_provider" || len(one.Keys) != 1 || len(one.Feeds) != 1 || one.Feeds[0].Label != "WHITE" {
					t.Errorf("%+v", one)
				}
				if one.URL != "https://cert.example"+metadataPath && len(found.Warnings) == 0 {
					t.Error("it is not where it says that it is, and nothing is said")
				}
			}
		})
	}
}

// TestAggregator: every provider of the list, from itself or from a mirror; what
// cannot be had is named and stops no other.
func TestAggregator(t *testing.T) {
	s := newSite(t, "list.example", "one.example", "two.example", "three.example")
	for _, host := range []string{"one.example", "two.example", "three.example"} {
		p := newProvider(t, s, host)
		p.add(strings.ToUpper(host[:3]) + "-1")
		p.build(t)
		if host == "two.example" {
			p.move(t, "list.example/two/provider-metadata.json")
		}
		if host == "three.example" {
			s.remove(host + metadataPath)
		}
	}
	member := func(host, more string) string {
		return fmt.Sprintf(`{"metadata":{"last_updated":"2026-11-20T10:00:00Z","publisher":{"category":"vendor","name":"x","namespace":"https://%s"},"url":"https://%s%s"}%s}`, host, host, metadataPath, more)
	}
	s.put("list.example/aggregator.json", `{"aggregator":{"category":"aggregator","name":"List","namespace":"https://list.example"},"aggregator_version":"2.0",
		"canonical_url":"https://list.example/aggregator.json","last_updated":"2026-11-20T10:00:00Z","csaf_providers":[`+
		member("one.example", "")+","+member("two.example", `,"mirrors":["https://list.example/two/provider-metadata.json"]`)+","+member("three.example", "")+`]}`)
	sink := &kept{}
	src := sources.Source{ID: "list", Kind: sources.CSAF, URL: "https://list.example/aggregator.json"}
	out, state := run(t, s.puller(), src, sources.State{}, sink)
	if !slices.Equal(sink.order, []string{"ONE-1", "TWO-1"}) || !slices.Equal(codes(out.Refused), []sources.Code{sources.RefusedFetch}) || len(state.Refusals()) != 1 || state.Health.Refused != 1 {
		t.Errorf("%v, %+v", sink.order, out)
	}
	s.put("list.example/aggregator.json", `{"aggregator_version":"2.0"}`)
	if _, _, err := s.puller().Run(t.Context(), src, state, sink); err == nil {
		t.Error("a list that is none")
	}
}

// TestSecrets: they go to the origin that they are for, and nowhere else.
func TestSecrets(t *testing.T) {
	s := newSite(t, "cert.example", "data.example")
	p := newProvider(t, s, "cert.example")
	p.add("GCERT-26-1")
	p.change = func(path, body string) string {
		if strings.HasSuffix(path, "feed.json") {
			return strings.ReplaceAll(body, "https://cert.example/.well-known/csaf/white/2026/gcert-26-1.json.asc", "https://data.example/gcert-26-1.json.asc")
		}
		return body
	}
	p.build(t)
	s.put("data.example/gcert-26-1.json.asc", s.files["cert.example/.well-known/csaf/white/2026/gcert-26-1.json.asc"])
	src := p.source()
	src.Header = http.Header{"Authorization": {"Bearer secret"}}
	out, state := run(t, s.puller(), src, sources.State{}, &kept{})
	if out.New != 1 || s.secret["cert.example"] != "Bearer secret" || s.secret["data.example"] != "" {
		t.Errorf("%+v, %v", out, s.secret)
	}
	if said := fmt.Sprintf("%+v %+v", state, out); strings.Contains(said, "secret") {
		t.Errorf("kept: %s", said)
	}
}

// TestLinks: an entry leads to another host by https and by the rules for
// addresses, or it is refused.
func TestLinks(t *testing.T) {
	for _, tt := range []struct {
		to   string
		want sources.Code
	}{
		{"https://data.example/gcert-26-1.json", ""},
		{"https://inside.example/gcert-26-1.json", sources.RefusedLink},
		{"https://user@data.example/gcert-26-1.json", sources.RefusedLink},
		{"https://data.example/none/gcert-26-1.json", sources.RefusedFetch},
	} {
		s := newSite(t, "cert.example", "data.example")
		p := newProvider(t, s, "cert.example")
		p.add("GCERT-26-1")
		p.docs[0].plain = true
		p.change = func(path, body string) string {
			if strings.HasSuffix(path, "feed.json") {
				return strings.ReplaceAll(body, "https://cert.example/.well-known/csaf/white/2026/gcert-26-1.json", tt.to)
			}
			return body
		}
		p.build(t)
		s.put("data.example/gcert-26-1.json", p.docs[0].text("cert.example"))
		sink := &kept{}
		out, _ := run(t, s.puller(), p.source(), sources.State{}, sink)
		if tt.want == "" && (out.New != 1 || sink.items["GCERT-26-1"].From.Verified != "none") || tt.want != "" && !slices.Equal(codes(out.Refused), []sources.Code{tt.want}) {
			t.Errorf("%s: %+v", tt.to, out)
		}
	}
}

// TestBadLists: a list that is none is an error with its reason kept, and what was
// taken in before stays known.
func TestBadLists(t *testing.T) {
	for _, folder := range []bool{false, true} {
		s := newSite(t, "cert.example")
		p := newProvider(t, s, "cert.example")
		p.folder = folder
		p.add("GCERT-26-1")
		p.build(t)
		_, state := run(t, s.puller(), p.source(), sources.State{}, &kept{})
		good := p.change
		p.change = func(path, body string) string {
			switch {
			case strings.HasSuffix(path, "feed.json"):
				return strings.Replace(body, `"updated"`, `"changed"`, 1)
			case strings.HasSuffix(path, "changes.csv"):
				return body + "\"../../secret.json\",\"2026-11-01T10:00:00Z\"\nno date,\n"
			}
			return body
		}
		p.build(t)
		out, state, err := s.puller().Run(t.Context(), p.source(), state, &kept{})
		if folder && (err != nil || !slices.Equal(codes(out.Refused), []sources.Code{sources.RefusedLink, sources.RefusedFormat})) ||
			!folder && (err == nil || !slices.Equal(codes(out.Refused), []sources.Code{sources.RefusedFormat}) || state.Health.Failures != 1) {
			t.Errorf("%+v, %v", out, err)
		}
		if len(state.Refusals()) != len(out.Refused) {
			t.Errorf("kept %+v", state.Refusals())
		}
		if folder { // the list did not change, and neither did what is wrong with it
			if _, state = run(t, s.puller(), p.source(), state, &kept{}); len(state.Refusals()) != 2 {
				t.Errorf("forgotten: %+v", state.Refusals())
			}
		}
		p.change = good
		p.build(t)
		if out, _ := run(t, s.puller(), p.source(), state, &kept{}); out.Unchanged != 1 || out.Fetched != 0 {
			t.Errorf("good again: %+v", out)
		}
	}
	s := newSite(t, "cert.example")
	if _, _, err := s.puller().Run(t.Context(), sources.Source{ID: "x", Kind: sources.CSAF, URL: "cert.example"}, sources.State{}, &kept{}); !errors.Is(err, fetch.ErrStatus) {
		t.Errorf("nothing there: %v", err)
	}
}
