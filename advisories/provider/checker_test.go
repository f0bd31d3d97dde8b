package provider_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"iter"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/csaf"
	"github.com/cybersec-infohub/infohub/advisories/provider"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/internal/lab/csafpeer"
)

const domain = "hub.example"

// published is a Source of documents that were made as those of the hub are.
type published struct {
	items []provider.Item
	bytes map[string][]byte
}

func (p *published) Items(context.Context) iter.Seq2[provider.Item, error] {
	return func(yield func(provider.Item, error) bool) {
		for _, it := range p.items {
			if !yield(it, nil) {
				return
			}
		}
	}
}

func (p *published) Document(_ context.Context, it provider.Item) ([]byte, error) {
	data, ok := p.bytes[it.TrackingID]
	if !ok {
		return nil, errors.New("no such document")
	}
	return data, nil
}

// publish exports, hashes and signs an advisory.
func (p *published) publish(t *testing.T, key *provider.Key, id string, m tlp.Marking, at time.Time, names ...string) {
	t.Helper()
	a, err := tlp.For([]tlp.Marking{m}, nil, tlp.Terms{Organisations: names, People: names})
	if err != nil {
		t.Fatal(err)
	}
	text := func(s string) advisories.Texts {
		return advisories.Texts{i18n.English: s, i18n.Traditional: s, i18n.Simplified: s}
	}
	d, err := csaf.Export(advisories.Publication{
		Tracking: advisories.Tracking{
			ID: id, Initial: at, Current: at.Add(time.Hour), State: advisories.Revised,
			Revisions: []advisories.Revision{{Number: 1, Date: at, Summary: text("First published.")}, {Number: 2, Date: at.Add(time.Hour), Summary: text("More is known.")}},
		},
		Publisher: publisher(),
		Audience:  a,
		Advisory: advisories.Advisory{
			Class: advisories.Alert, Risk: advisories.RiskHigh, TLP: m,
			Title: text("Flaws in the example web server"), Description: text("What it is about."),
			Affected: text("Example web server."), Impact: text("Somebody else runs programs."), Recommendation: text("Install the new version."),
			References: []advisories.Reference{{URL: "https://vendor.example/1", Summary: text("The maker says")}},
			Products:   []advisories.Product{{ID: "old", Vendor: "Example", Name: "Web server", Versions: "vers:generic/<2.0"}},
			Vulnerabilities: []advisories.Vulnerability{{
				CVE: "CVE-2026-11111", Title: text("A flaw"), About: text("It reads too far."), CWE: []string{"CWE-125"},
				CVSS: []advisories.Score{{Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}},
			}},
			Remedies: []advisories.Remedy{{Kind: "vendor_fix", Details: text("Install 2.0.")}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	data, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	signature, err := key.Sign(data, at.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	sum, sum512 := sha256.Sum256(data), sha512.Sum512(data)
	p.bytes[id] = data
	p.items = append(p.items, provider.Item{
		TrackingID: id, Revision: 2, Title: "Flaws in the example web server", Marking: m, Audience: a, Initial: at, Current: at.Add(time.Hour),
		Tags: []string{"web-server"}, SHA256: hex.EncodeToString(sum[:]), SHA512: hex.EncodeToString(sum512[:]), Signature: signature,
	})
}

func publisher() advisories.Publisher {
	return advisories.Publisher{Name: "GovCERT example", Namespace: "https://" + domain, Category: "coordinator", Contact: "cert@hub.example"}
}

// provide makes a provider of one document or more of each label.
func provide(t *testing.T) (*provider.Provider, *published) {
	t.Helper()
	start := time.Now().UTC().Truncate(time.Second).AddDate(0, 0, -400)
	key, err := provider.NewKey("GovCERT example", "cert@hub.example", start)
	if err != nil {
		t.Fatal(err)
	}
	s := &published{bytes: map[string][]byte{}}
	for i, d := range []struct {
		id      string
		marking tlp.Marking
		name    string
	}{
		{"A25-10-01", tlp.Clear, ""}, {"A26-11-01", tlp.Clear, ""}, {"A26-11-02", tlp.Clear, ""},
		{"A26-11-G01", tlp.Green, ""},
		{"A26-11-A01", tlp.Amber, "bank"}, {"A26-11-A02", tlp.Amber, "port"}, {"A26-11-S01", tlp.AmberStrict, "bank"},
		{"A26-11-R01", tlp.Red, "ann"},
	} {
		s.publish(t, key, d.id, d.marking, start.AddDate(0, 0, 1+30*i), d.name)
	}
	p, err := provider.New(provider.Config{
		BaseURL: "https://" + domain, Publisher: publisher(), Keys: []provider.PublicKey{key.Public()}, List: true, Mirror: true,
		Contacts: []string{"mailto:cert@hub.example"}, Updated: start,
		Reader: func(r *http.Request) (tlp.Reader, error) {
			switch r.Header.Get("Authorization") {
			case "":
				return tlp.Reader{}, nil
			case "Bearer bank":
				return tlp.Reader{Member: true, Organisation: "bank"}, nil
			case "Bearer ann":
				return tlp.Reader{Member: true, Organisation: "other", Person: "ann"}, nil
			}
			return tlp.Reader{}, &advisories.Error{Code: advisories.Unauthenticated, Message: "unknown key"}
		},
	}, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p, s
}

// serve starts a TLS server that the peers are led to.
func serve(t *testing.T, h http.Handler) *csafpeer.Peers {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	certificate, roots := certify(t, domain, "csaf.data.security."+domain)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return csafpeer.Start(t, server.Listener.Addr().String(), roots)
}

func needs(t *testing.T) {
	t.Helper()
	if os.Getenv("INFOHUB_PROOF") == "" {
		t.Skip("not run: csaf_checker is asked by make proof")
	}
}

// TestChecker has gocsaf's checker judge the provider, and its downloader fetch
// from it, as a stranger and as members.
func TestChecker(t *testing.T) {
	needs(t)
	p, s := provide(t)
	mux := http.NewServeMux()
	for _, pattern := range p.Patterns() {
		mux.Handle(pattern, p)
	}
	peers := serve(t, mux)
	for _, c := range []struct {
		who, header string
		want        []string // by label, the downloader's folders
	}{
		{"a stranger", "", []string{"white A25-10-01", "white A26-11-01", "white A26-11-02"}},
		{"the bank", "Authorization: Bearer bank", []string{
			"amber A26-11-A01", "amber A26-11-S01", "green A26-11-G01", "white A25-10-01", "white A26-11-01", "white A26-11-02",
		}},
		{"Ann", "Authorization: Bearer ann", []string{"green A26-11-G01", "red A26-11-R01", "white A25-10-01", "white A26-11-01", "white A26-11-02"}},
	} {
		t.Run(c.who, func(t *testing.T) {
			check(t, peers, c.header)
			download(t, peers, s, c.header, c.want)
		})
	}
}

// TestCheckerOfFiles has them judge what is written, behind a web server that
// knows nothing of it.
func TestCheckerOfFiles(t *testing.T) {
	needs(t)
	p, s := provide(t)
	dir := t.TempDir()
	if _, err := p.Write(t.Context(), dir, provider.Export{}); err != nil {
		t.Fatal(err)
	}
	public := filepath.Join(dir, "public")
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(public)))
	mux.HandleFunc("csaf.data.security."+domain+"/", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(public, ".well-known", "csaf", "provider-metadata.json"))
	})
	peers := serve(t, mux)
	check(t, peers, "")
	download(t, peers, s, "", []string{"white A25-10-01", "white A26-11-01", "white A26-11-02"})
}

func check(t *testing.T, peers *csafpeer.Peers, header string) {
	t.Helper()
	report := peers.Check(t, domain, header)
	if !report.Passed || report.Role != "csaf_trusted_provider" {
		t.Errorf("passed %t as %q", report.Passed, report.Role)
	}
	for _, message := range report.Errors() {
		t.Error(message)
	}
	for n := 1; n <= 20; n++ {
		if !slices.ContainsFunc(report.Requirements, func(r csafpeer.Requirement) bool { return r.Number == n }) {
			t.Errorf("requirement %d was not checked", n)
		}
	}
}

func download(t *testing.T, peers *csafpeer.Peers, s *published, header string, want []string) {
	t.Helper()
	var got []string
	for at, data := range peers.Download(t, domain, header) {
		label, _, _ := strings.Cut(at, "/")
		id := strings.ToUpper(strings.TrimSuffix(filepath.Base(at), ".json"))
		switch {
		case !strings.HasSuffix(at, ".json"):
		case !bytes.Equal(data, s.bytes[id]):
			t.Errorf("%s is another document", at)
		default:
			got = append(got, label+" "+id)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("downloaded %q, not %q", got, want)
	}
}

// certify makes a certificate for names, and a file with what to trust.
func certify(t *testing.T, names ...string) (certificate tls.Certificate, roots string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	roots = filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}
