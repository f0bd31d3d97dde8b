//go:build unix

package nucleiprobe

import (
	"cmp"
	"fmt"
	"html"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/internal/nucleiwire"
	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
)

// folder writes the files that show a fault, under dir/name.
func folder(t *testing.T, dir, name string, files map[string]string) string {
	t.Helper()
	root := filepath.Join(dir, name)
	for path, body := range files {
		if strings.HasSuffix(path, "/") {
			path += "index.html"
		}
		path = filepath.Join(root, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// filesOf are a faulty site's files.
func filesOf(f fault) map[string]string {
	files := map[string]string{"/.files/404.html": djangoPage, "/.files/orders.csv": "1,2\n", "/index.html": "<html><title>Shop</title></html>"}
	if f.body != "" {
		if f.path == "/" { // one file, not two of which the later written stays
			delete(files, "/index.html")
		}
		files[f.path] = f.body
	}
	return files
}

// siteName is the name of a rule's site.
func siteName(id, kind string) string {
	return strings.ReplaceAll(id, ".", "-") + "." + kind + ".example.hk"
}

// remedy is what the rule tells people to paste for a platform.
func remedy(t *testing.T, id string, platform rules.Platform) string {
	t.Helper()
	c, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	rule, ok := c.Rule(id)
	if !ok || !rule.Active {
		t.Fatalf("%s is no active rule", id)
	}
	for _, r := range rule.Remedies {
		if r.For == platform {
			return rules.Fill(r.Snippet, map[string]string{"host": "example.hk", "domain": "example.hk", "www": "www.example.hk"})
		}
	}
	return ""
}

// TestEveryTemplateOnRealServers: each template, on real servers, finds the
// site that has its fault, and no other; and the site that had the fault and
// took the rule's remedy is found no more. Every template is asked of every
// site.
func TestEveryTemplateOnRealServers(t *testing.T) {
	child := realChild(t)
	faults := exposed(t)
	templates, _, err := new(Probe).templates(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tpl := range templates {
		if _, ok := faults[tpl.ID]; !ok {
			t.Errorf("no fault is there for the template %s: add it to exposed", tpl.ID)
		}
	}
	dir := t.TempDir()
	for d := dir; len(d) > len(os.TempDir()); d = filepath.Dir(d) { // the servers' users read it
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	hosts := map[string]map[string]string{"nginx": {}, "apache": {}}
	want := map[string]string{} // what is to be found, by host: "rule at path"
	everything, near := "", map[string]string{}
	for id, f := range faults {
		root := folder(t, dir, id, filesOf(f))
		everything += f.body + "\n"
		if f.near != "" {
			near[f.path] = f.near
		}
		hosts["nginx"][siteName(id, "bad")] = "root " + root + ";\n" + strings.ReplaceAll(f.conf, "{dir}", root)
		want[siteName(id, "bad")] = id + " at " + f.path
		// "the server itself" is where this test is; the remedies let it in.
		if fix := strings.ReplaceAll(remedy(t, id, rules.Nginx), "allow 127.0.0.1;", ""); fix != "" && id != "exposure.server-status.public" {
			hosts["nginx"][siteName(id, "fixed")] = "root " + root + ";\n" + fix
		}
		if fix := strings.ReplaceAll(remedy(t, id, rules.Apache), "Require local", "Require ip 192.0.2.1"); f.body != "" {
			conf := "DocumentRoot " + root + "\n"
			hosts["apache"][siteName(id, "bad-apache")] = conf
			want[siteName(id, "bad-apache")] = want[siteName(id, "bad")]
			if strings.Contains(fix, "# .htaccess") {
				hosts["apache"][siteName(id, "fixed-apache")] = conf + "<Directory " + root + ">\n" + fix + "\n</Directory>"
			} else if fix != "" && !strings.Contains(fix, "<Directory") {
				hosts["apache"][siteName(id, "fixed-apache")] = conf + fix
			}
		}
	}
	// What is Apache's own.
	own := folder(t, dir, "own", map[string]string{"/backup/orders.csv": "1,2\n", "/uploads/form.pdf": "%PDF"})
	for id, place := range map[string]struct{ path, lines string }{
		"exposure.server-status.public": {"/server-status", "<Location /server-status>\nSetHandler server-status\n</Location>"},
		"exposure.server-info.public":   {"/server-info", "<Location /server-info>\nSetHandler server-info\n</Location>"},
		"exposure.listing.backup":       {"/backup/", "Alias /backup/ " + own + "/backup/\n<Directory " + own + "/backup>\nOptions +Indexes\n</Directory>"},
		"exposure.listing.uploads":      {"/uploads/", "Alias /uploads/ " + own + "/uploads/\n<Directory " + own + "/uploads>\nOptions +Indexes\n</Directory>"},
	} {
		hosts["apache"][siteName(id, "own-apache")] = "DocumentRoot " + dir + "/none\n" + place.lines
		want[siteName(id, "own-apache")] = id + " at " + place.path
	}
	// Sites that have none of the faults.
	page := "default_type text/html; location / { return 200 '<!DOCTYPE html><html><head><title>Shop</title></head><body>Sorry, not here.</body></html>'; }"
	folder(t, dir, "about", map[string]string{"/index.html": "<html><body><pre>" + html.EscapeString(everything) + "</pre></body></html>"})
	folder(t, dir, "near", near)
	for name, lines := range map[string]string{
		"plain":         "root " + dir + "/none; location / { return 404; }",
		"soft-404":      page,
		"app":           "root " + dir + "/exposure.env.file; location / { try_files /index.html =404; }",
		"text":          "default_type text/plain; location / { return 200 'Sorry, not here: ask the webmaster'; }",
		"json":          "default_type application/json; location / { return 200 '{\"status\":\"ok\",\"data\":{},\"message\":\"\"}'; }",
		"xml":           "default_type application/xml; location / { return 200 '<?xml version=\"1.0\"?><error/>'; }",
		"empty":         "location / { return 200 ''; }",
		"about":         "root " + dir + "/about; location / { try_files /index.html =404; }",
		"near":          "root " + dir + "/near;",
		"forbidden":     "location / { return 403 'no'; }",
		"login":         "location / { add_header WWW-Authenticate 'Basic realm=\"Staff\"' always; return 401; }",
		"redirect-home": "location / { return 302 /; }",
		"redirect-away": "location / { return 301 https://other.example$request_uri; }",
	} {
		hosts["nginx"][name+".example.hk"] = lines
	}

	leads := map[string][]netip.Addr{}
	var targets []string
	for _, server := range []struct {
		hosts map[string]string
		at    netip.AddrPort
	}{{hosts["nginx"], nginx(t, hosts["nginx"])}, {hosts["apache"], apache(t, hosts["apache"])}} {
		for host := range server.hosts {
			name := fmt.Sprintf("%s:%d", host, server.at.Port())
			targets = append(targets, "http://"+name)
			leads[name] = []netip.Addr{server.at.Addr()}
		}
	}
	slices.Sort(targets)
	via := proxied(t, &netguard.Dialer{Policy: netguard.Policy{AllowPrivate: true}}, leads)
	l := newLedger(templates, 0, targets)
	err = run(t.Context(), child, &nucleiwire.Request{
		Version: nucleiwire.Version, Templates: templates, Jobs: l.open(), Concurrency: 16, PerSecond: 5000,
		Timeout: 30, UserAgent: "infohub/test", Proxy: via.url(),
	}, l)
	if err != nil {
		t.Fatal(err)
	}
	facts, _ := l.facts(via, nil)
	found := map[string][]string{}
	for _, r := range facts.Templates {
		host, _, _ := strings.Cut(strings.TrimPrefix(r.Target, "http://"), ":")
		switch r.Status {
		case scanner.ActiveMatched:
			path, _, _ := strings.Cut(strings.TrimPrefix(r.MatchedAt, r.Target), "?")
			found[host] = append(found[host], r.Template+" at "+path)
		case scanner.ActiveClean:
		default:
			t.Errorf("%s at %s: %s, %v", r.Template, host, r.Status, r.Failure)
		}
	}
	t.Logf("%d templates at %d sites", len(templates), len(targets))
	for _, host := range slices.Sorted(maps.Keys(leads)) {
		host, _, _ = strings.Cut(host, ":")
		if got := strings.Join(found[host], ", "); got != want[host] {
			t.Errorf("%s: found %s; want %s", host, cmp.Or(got, "nothing"), cmp.Or(want[host], "nothing"))
		}
	}
}
