package rules

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// snippetValues fill the placeholders of every snippet.
func snippetValues() map[string]string {
	return map[string]string{
		"domain": "example.hk", "www": "www.example.hk", "host": "www.example.hk", "unicode": "example.hk",
		"expires": "2027-01-01T00:00:00Z", "mx": "mx.example.hk", "mx_lines": "mx: mx.example.hk", "selector": "s1",
		"tlsa": strings.Repeat("ab", 32),
	}
}

// remediesFor calls test for each rule that has a snippet for the platform.
func remediesFor(t *testing.T, p Platform, test func(t *testing.T, snippet string)) {
	t.Helper()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range c.All() {
		for _, remedy := range r.Remedies {
			if remedy.For == p {
				t.Run(r.ID, func(t *testing.T) { test(t, Fill(remedy.Snippet, snippetValues())) })
			}
		}
	}
}

// program returns the path of a program, or leaves the test out.
func program(t *testing.T, name, debian string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/" + name)
	}
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("not run: install %s", debian)
	default:
		t.Skipf("not run: install %s", debian)
	}
	return path
}

// isCommand: the snippet is typed into a shell, not written into a file.
var isCommand = regexp.MustCompile(`(?m)^(apt |certbot |a2dissite )`)

// TestNginxTakesEverySnippet asks a real nginx.
func TestNginxTakesEverySnippet(t *testing.T) {
	nginx := program(t, "nginx", "nginx")
	dir := t.TempDir()
	key, cert := filepath.Join(dir, "key.pem"), filepath.Join(dir, "cert.pem")
	out, err := exec.CommandContext(t.Context(), program(t, "openssl", "openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
		"-nodes", "-subj", "/CN=example.hk", "-days", "2", "-keyout", key, "-out", cert).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl: %v\n%s", err, out)
	}
	live := regexp.MustCompile(`/etc/letsencrypt/live/[a-z.]+/(\w+)\.pem`)
	remediesFor(t, Nginx, func(t *testing.T, snippet string) {
		if isCommand.MatchString(snippet) {
			return
		}
		snippet = live.ReplaceAllStringFunc(snippet, func(path string) string {
			if strings.HasSuffix(path, "privkey.pem") {
				return key
			}
			return cert
		})
		// A line for location { } stands behind what belongs elsewhere.
		outside, inside, split := strings.Cut(snippet, "# in location { }")
		http, server := "", snippet
		switch {
		case split:
			http, server = outside, "location / { "+inside+" }"
		case regexp.MustCompile(`(?m)^(server|map) `).MatchString(snippet):
			http, server = snippet, ""
		}
		own := ""
		if !strings.Contains(snippet, "ssl_certificate ") {
			own = "ssl_certificate " + cert + "; ssl_certificate_key " + key + ";"
		}
		conf := filepath.Join(t.TempDir(), "nginx.conf")
		text := "events {}\nerror_log stderr;\npid " + filepath.Join(dir, "pid") + ";\nhttp {\naccess_log off;\n" + http +
			"\nserver {\nlisten 127.0.0.1:1443 ssl;\n" + own + "\n" + server + "\n}\n}\n"
		if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), nginx, "-t", "-q", "-p", dir, "-c", conf).CombinedOutput(); err != nil {
			t.Errorf("%v\n%s\n%s", err, out, text)
		}
	})
}

// TestIISSnippetsAreXML: web.config is XML; commands are for PowerShell or cmd.
func TestIISSnippetsAreXML(t *testing.T) {
	remediesFor(t, IIS, func(t *testing.T, snippet string) {
		if !strings.HasPrefix(snippet, "<") {
			return
		}
		dec := xml.NewDecoder(strings.NewReader("<configuration>" + snippet + "</configuration>"))
		for {
			_, err := dec.Token()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatalf("%v\n%s", err, snippet)
			}
		}
	})
}
