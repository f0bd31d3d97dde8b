//go:build linux

package hublab_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/lab/csafpeer"
)

// TestTrustedProvider has gocsaf's csaf_checker judge a hub that was set up by its
// commands alone, whose advisories went through the workflow, and csaf_downloader
// fetch from it: as a stranger, as a member, and as one whom TLP:AMBER names. Each
// gets all that is theirs, with hashes and signatures that verify, and no other.
func TestTrustedProvider(t *testing.T) {
	if !proving() {
		t.Skip("not run: csaf_checker is asked by make proof")
	}
	d := newDesk(t)
	hospital := d.hospitals()
	cert, key, roots := certify(t, "hub.example", "csaf.data.security.hub.example", "localhost")
	d.serveTLS(cert, key)
	documents := map[string]string{} // label and tracking id, by file
	publish := func(folder, file string) string {
		id := d.publish(file)
		documents[folder+"/"+strings.ToLower(id)+".json"] = id
		return id
	}
	clear := publish("white", example(t, "high-threat.yaml"))
	publish("white", example(t, "high-threat.yaml", "CVE-2026-", "CVE-2025-"))
	publish("green", example(t, "bulletin.yaml"))
	publish("amber", example(t, "campaign.yaml"))
	publish("amber", example(t, "campaign.yaml", "tlp: amber", "tlp: amber+strict"))
	publish("amber", example(t, "campaign.yaml", "harbour-hospital, island-clinics", "island-clinics"))
	d.revise(clear, example(t, "high-threat.yaml", "risk: extreme", "risk: high", "risk: high", "risk: medium"))

	peers := csafpeer.Start(t, strings.TrimPrefix(d.url, "https://"), roots)
	for _, c := range []struct {
		who, key string
		want     []string
	}{
		{"a stranger", "", []string{"white/a26-11-01.json", "white/a26-11-02.json"}},
		{"a member", d.key, []string{"green/a26-11-g01.json", "white/a26-11-01.json", "white/a26-11-02.json"}},
		{"a hospital", hospital, []string{"amber/a26-11-a01.json", "amber/a26-11-s01.json", "green/a26-11-g01.json", "white/a26-11-01.json", "white/a26-11-02.json"}},
	} {
		t.Run(c.who, func(t *testing.T) {
			header := ""
			if c.key != "" {
				header = "Authorization: Bearer " + c.key
			}
			got := peers.Check(t, "hub.example", header)
			if !got.Passed || got.Role != "csaf_trusted_provider" {
				t.Errorf("passed %t as %q", got.Passed, got.Role)
			}
			for _, message := range got.Errors() {
				t.Error(message)
			}
			var names []string
			for at, data := range peers.Download(t, "hub.example", header) {
				if !strings.HasSuffix(at, ".json") {
					continue
				}
				label, _, _ := strings.Cut(at, "/")
				name := label + "/" + filepath.Base(at)
				names = append(names, month(name))
				if !bytes.Equal(data, d.document(documents[name])) {
					t.Errorf("%s is another document than the one that was published", at)
				}
			}
			slices.Sort(names)
			if !slices.Equal(names, c.want) {
				t.Errorf("downloaded %q, not %q", names, c.want)
			}
		})
	}
}

// month puts November 2026 in the place of when the test runs.
func month(name string) string {
	return strings.Replace(name, "/a"+time.Now().UTC().Format("06-01")+"-", "/a26-11-", 1)
}

// document is the one that was kept with the last revision, as the export gives it to
// the analyst of the hub itself.
func (d *desk) document(id string) []byte {
	d.t.Helper()
	out := run(d.t, "advisory", "show", id, "--as", "csaf", "--data", d.data, "--key-file", d.ada)
	var doc struct {
		Document struct {
			Tracking struct{ ID string }
		}
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil || doc.Document.Tracking.ID != id {
		d.t.Fatalf("%s: %v, a document of %q", id, err, doc.Document.Tracking.ID)
	}
	return []byte(out)
}

// serveTLS starts the hub with a certificate.
func (s *site) serveTLS(cert, key string) {
	s.t.Helper()
	s.serve(nil, "--tls-cert", cert, "--tls-key", key)
}

// certify makes a certificate for names, as files: it, its key and what to trust.
func certify(t testing.TB, names ...string) (cert, key, roots string) {
	t.Helper()
	made, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &made.PublicKey, made)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(made)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key, cert
}
