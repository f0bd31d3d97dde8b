// Package csafpeer runs gocsaf's csaf_checker and csaf_downloader against a CSAF
// provider on loopback. Both ask for names on port 443; they are led to the
// provider by a proxy of this process, so that no name has to be resolved, no port
// below 1024 opened, and nothing of the machine changed. What they say to the
// provider is TLS from end to end.
//
// Tests import it.
package csafpeer

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Version is that of the peers, without a "v".
const Version = "3.7.0"

// The kinds of message of a report.
const (
	Info = iota
	Warning
	Error
)

// Report is what csaf_checker says of a provider.
type Report struct {
	Domains []Domain `json:"domains"`
	Version string   `json:"version"`
}

// Domain is what it says of one domain.
type Domain struct {
	Name         string        `json:"name"`
	Role         string        `json:"role"`
	Passed       bool          `json:"passed"`
	Requirements []Requirement `json:"requirements"`
}

// Requirement is one of CSAF 2.0, 7.1, by its number.
type Requirement struct {
	Number      int       `json:"num"`
	Description string    `json:"description"`
	Messages    []Message `json:"messages"`
}

// Message is what is said of a requirement.
type Message struct {
	Type int    `json:"type"`
	Text string `json:"text"`
}

// Peers are the programs, led to one provider.
type Peers struct {
	dir, home, proxy, roots string
}

// Start finds the programs in $INFOHUB_PEERS or in bin/peers of this module and
// leads them to the server at address (host and port), for whatever name they
// ask. roots is a PEM file with the certificates that they trust. The test is
// left out where they are not installed, and fails if CI is true.
func Start(t testing.TB, address, roots string) *Peers {
	t.Helper()
	dir := os.Getenv("INFOHUB_PEERS")
	if dir == "" {
		dir = filepath.Join(module(t), "bin", "peers")
	}
	for _, name := range []string{"csaf_checker", "csaf_downloader"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			why := "not run: " + name + " is not installed; scripts/install-peers.sh installs it"
			if os.Getenv("CI") == "true" {
				t.Fatal(why)
			}
			t.Skip(why)
		}
	}
	proxy := httptest.NewServer(tunnel(address))
	t.Cleanup(proxy.Close)
	return &Peers{dir: dir, home: t.TempDir(), proxy: proxy.URL, roots: roots}
}

// module returns the folder of this module's go.mod.
func module(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		above := filepath.Dir(dir)
		if above == dir {
			t.Fatal("no go.mod above the test's folder")
		}
		dir = above
	}
}

// tunnel is a proxy whose every way leads to one address.
func tunnel(address string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(w, "only CONNECT", http.StatusMethodNotAllowed)
			return
		}
		there, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(r.Context(), "tcp", address)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer there.Close()
		here, rest, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer here.Close()
		if _, err := io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
			return
		}
		done := make(chan struct{}, 2)
		go func() { _, _ = io.Copy(there, rest); done <- struct{}{} }()
		go func() { _, _ = io.Copy(here, there); done <- struct{}{} }()
		<-done
	}
}

// run runs one of the programs; header is "Name: value" or "".
func (p *Peers) run(t testing.TB, name, header string, args ...string) (stdout []byte) {
	t.Helper()
	if header != "" {
		args = append([]string{"--header", header}, args...)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(p.dir, name), args...) //nolint:gosec // the peers, for tests
	cmd.Dir = p.home
	cmd.Env = []string{"HOME=" + p.home, "HTTPS_PROXY=" + p.proxy, "SSL_CERT_FILE=" + p.roots, "SSL_CERT_DIR=" + p.home}
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%s: %v\n%s", name, err, exit.Stderr)
		}
		t.Fatalf("%s: %v", name, err)
	}
	return out
}

// Check runs csaf_checker on a domain. The program succeeds whatever it finds:
// what counts is in the report.
func (p *Peers) Check(t testing.TB, domain, header string) Domain {
	t.Helper()
	out := p.run(t, "csaf_checker", header, domain)
	var r Report
	if err := json.Unmarshal(out, &r); err != nil || len(r.Domains) != 1 {
		t.Fatalf("csaf_checker: %v: %s", err, out)
	}
	if r.Version != Version {
		t.Fatalf("csaf_checker is of version %s, not %s", r.Version, Version)
	}
	return r.Domains[0]
}

// Errors are the messages that say that something is wrong.
func (d Domain) Errors() []string {
	var list []string
	for _, r := range d.Requirements {
		for _, m := range r.Messages {
			if m.Type == Error {
				list = append(list, r.Description+": "+m.Text)
			}
		}
	}
	return list
}

// Download runs csaf_downloader on a domain, with all its checks, and returns the
// files that it kept: by "<label>/<year>/<file>".
func (p *Peers) Download(t testing.TB, domain, header string) map[string][]byte {
	t.Helper()
	dir := t.TempDir()
	p.run(t, "csaf_downloader", header, "--directory", dir, "--log_file", filepath.Join(p.home, "log"), domain)
	all := map[string][]byte{}
	folder := os.DirFS(dir)
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		all[name], err = fs.ReadFile(folder, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
