package provider

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocsaf/csaf/v3/csaf"
	"github.com/gocsaf/csaf/v3/util"

	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// files reads a folder.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		at, err := filepath.Rel(dir, name)
		all[filepath.ToSlash(at)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func everything() Export { return Export{Labels: tlp.Labels()} }

// TestWrite holds the files to what is served: the public ones to what a stranger
// gets, the restricted ones to what a member gets who may read them all.
func TestWrite(t *testing.T) {
	p, s := fixture(t, true)
	dir := filepath.Join(t.TempDir(), "site")
	done, err := p.Write(t.Context(), dir, everything())
	if err != nil {
		t.Fatal(err)
	}
	got := files(t, dir)
	delete(got, manifestName)
	if done.Written != len(got) || len(done.Files) != len(got) || done.Removed+done.Kept != 0 {
		t.Errorf("%+v of %d files", done, len(got))
	}
	p.c.Reader = func(r *http.Request) (tlp.Reader, error) {
		if r.Header.Get("Authorization") == "" {
			return tlp.Reader{}, nil
		}
		return tlp.Reader{Member: true, Organisation: "bank", ClientOf: []string{"port"}, Person: "ann"}, nil
	}
	// AMBER+STRICT is not for clients, so this member misses one; it is taken away below.
	p.Remove("A25-11-S01")
	if _, err := p.Write(t.Context(), dir, everything()); err != nil {
		t.Fatal(err)
	}
	got = files(t, dir)
	delete(got, manifestName)
	documents := 0
	for at, data := range got {
		url, public := strings.CutPrefix(at, publicFolder)
		who := ""
		if !public {
			url, who = rootPath+strings.TrimPrefix(at, restrictedFolder+"/"), "all"
		}
		url = strings.TrimSuffix(url, "index.html")
		if served := string(get(t, p, url, who)); served != data {
			t.Errorf("%s is not what %s serves: %s, %s", at, url, data, served)
		}
		if strings.Contains(at, "/20") && strings.HasSuffix(at, ".json") {
			documents++
		}
	}
	if documents != len(s.items)-1 {
		t.Errorf("%d documents of %d", documents, len(s.items)-1)
	}

	// Nothing that is not CLEAR is in the public folder, in name or in content.
	for at, data := range files(t, filepath.Join(dir, publicFolder)) {
		for _, id := range []string{"a26-11-g01", "a26-11-a01", "a26-11-r01"} {
			if strings.Contains(strings.ToLower(at+data), id) {
				t.Errorf("%s tells of %s", at, id)
			}
		}
	}
	for at, want := range map[string]fs.FileMode{
		"public/csaf/white/2026/a26-11-01.json": 0o644, "public/csaf": 0o755,
		"restricted": 0o750, "restricted/red/2026": 0o750, "restricted/red/2026/a26-11-r01.json": 0o640, manifestName: 0o600,
	} {
		if info, err := os.Stat(filepath.Join(dir, at)); err != nil || info.Mode().Perm()&^want != 0 {
			t.Errorf("%s: %v, %v", at, info.Mode(), err)
		}
	}
}

// TestWriteChanges: one change rewrites only what depends on it.
func TestWriteChanges(t *testing.T) {
	p, s := fixture(t, true)
	dir := t.TempDir()
	write := func(e Export) Written {
		t.Helper()
		done, err := p.Write(t.Context(), dir, e)
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	publish := func(id string, a tlp.Audience) {
		t.Helper()
		if err := p.Put(s.publish(t, id, a, today)); err != nil {
			t.Fatal(err)
		}
	}
	document := func(at string) []string { return []string{at, at + ".asc", at + ".sha256", at + ".sha512"} }
	white := "public/csaf/white/"
	total := write(everything()).Written

	for _, c := range []struct {
		name   string
		change func()
		want   []string
	}{
		{"nothing", func() {}, nil},
		{"a revision", func() { publish("A25-12-01", audience(tlp.Clear)) }, slices.Concat(document(white+"2025/a25-12-01.json"), []string{
			"public/.well-known/csaf/provider-metadata.json", "public/csaf/changes.csv", white + "changes.csv", white + "csaf-feed-tlp-white.json",
		})},
		{"a new one", func() { publish("A27-01-01", audience(tlp.Clear)) }, slices.Concat(document(white+"2026/a27-01-01.json"), []string{
			"public/csaf/changes.csv", "public/csaf/index.txt", white + "2026/index.html", white + "changes.csv", white + "csaf-feed-tlp-white.json", white + "index.txt",
		})},
		{"an AMBER one", func() { publish("A26-11-A02", audience(tlp.Amber, "port")) }, slices.Concat(document("restricted/amber/2026/a26-11-a02.json"), []string{
			"restricted/amber/2026/index.html", "restricted/amber/changes.csv", "restricted/amber/csaf-feed-tlp-amber.json", "restricted/amber/index.txt",
		})},
		{"one is gone", func() { p.Remove("A25-11-S01") }, slices.Concat(document("restricted/amber/2025/a25-11-s01.json"), []string{
			"restricted/amber/2025/index.html", "restricted/amber/index.html", "restricted/amber/changes.csv", "restricted/amber/csaf-feed-tlp-amber.json", "restricted/amber/index.txt",
		})},
		{"somebody emptied a file", func() {
			if err := os.Truncate(filepath.Join(dir, white, "2026/a26-11-01.json.sha256"), 0); err != nil {
				t.Fatal(err)
			}
		}, []string{white + "2026/a26-11-01.json.sha256"}},
		{"somebody took one away", func() {
			if err := os.Remove(filepath.Join(dir, white, "2026/a26-11-01.json")); err != nil {
				t.Fatal(err)
			}
		}, []string{white + "2026/a26-11-01.json"}},
	} {
		c.change()
		done := write(everything())
		slices.Sort(c.want)
		if !slices.Equal(done.Files, c.want) {
			t.Errorf("%s: rewrote %q, not %q", c.name, done.Files, c.want)
		}
		if c.want == nil && done.Kept != total {
			t.Errorf("%s: kept %d of %d", c.name, done.Kept, total)
		}
		if !sameAs(t, p, dir, everything()) {
			t.Errorf("%s: not what a new export is", c.name)
		}
	}

	// For another choice of labels, or another reader, what they do not get goes.
	mine := Export{Labels: tlp.Labels(), May: func(a tlp.Audience) bool { return tlp.May(readers()["bank"], a) }}
	write(mine)
	all := files(t, dir)
	if _, ok := all["restricted/amber/2026/a26-11-a01.json"]; !ok || !sameAs(t, p, dir, mine) {
		t.Error("the bank's copy is another")
	}
	for _, at := range []string{"restricted/amber/2026/a26-11-a02.json", "restricted/red/2026/a26-11-r01.json"} {
		if _, ok := all[at]; ok {
			t.Errorf("the bank's copy has %s", at)
		}
	}
	// A label that is not named is not taken away by a slip.
	for _, slip := range []Export{{}, {Labels: []tlp.Marking{tlp.Green}}} {
		_, err := p.Write(t.Context(), dir, slip)
		if e, ok := errors.AsType[*LabelsError](err); !ok || len(e.Folders) == 0 {
			t.Errorf("%v: %v", slip.Labels, err)
		}
	}
	if len(files(t, dir)) != len(all) {
		t.Error("files are gone")
	}
	write(Export{Drop: true})
	for at := range files(t, dir) {
		if strings.HasPrefix(at, restrictedFolder) {
			t.Errorf("CLEAR alone, and %s is there", at)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, restrictedFolder)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty folder stays: %v", err)
	}
	if _, err := p.Write(t.Context(), dir, Export{Labels: []tlp.Marking{"blue"}}); err == nil {
		t.Error("an unknown label was written")
	}
}

// sameAs compares a folder with a new export.
func sameAs(t *testing.T, p *Provider, dir string, e Export) bool {
	t.Helper()
	anew := t.TempDir()
	if _, err := p.Write(t.Context(), anew, e); err != nil {
		t.Fatal(err)
	}
	a, b := files(t, dir), files(t, anew)
	same := len(a) == len(b)
	for at := range b {
		if a[at] != b[at] {
			t.Logf("%s: %q, not %q", at, a[at], b[at])
			same = false
		}
	}
	return same
}

// TestWriteCut ends a Write before each of its steps: what is there is valid all
// the same, and the next Write makes it whole.
func TestWriteCut(t *testing.T) {
	p, s := fixture(t, true)
	first, second := t.TempDir(), t.TempDir()
	if _, err := p.Write(t.Context(), first, everything()); err != nil {
		t.Fatal(err)
	}
	before := files(t, first)
	for _, id := range []string{"A26-11-01", "A26-11-02"} {
		if err := p.Put(s.publish(t, id, audience(tlp.Clear), today)); err != nil {
			t.Fatal(err)
		}
	}
	p.Remove("A26-11-R01")
	if _, err := p.Write(t.Context(), second, everything()); err != nil {
		t.Fatal(err)
	}
	after := files(t, second)

	errCut := errors.New("cut")
	for cut := 0; ; cut++ {
		dir := t.TempDir()
		for at, data := range before {
			at = filepath.Join(dir, at)
			if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o700), os.WriteFile(at, []byte(data), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		steps := 0
		_, err = p.write(t.Context(), &tree{root: root, folders: map[string]bool{}, step: func() error {
			if steps++; steps > cut {
				return errCut
			}
			return nil
		}}, everything())
		_ = root.Close()
		if err != nil && !errors.Is(err, errCut) {
			t.Fatal(err)
		}
		for _, at := range []string{"public/csaf/white", "restricted/green", "restricted/amber", "restricted/red"} {
			valid(t, fmt.Sprint("cut at ", cut), dir, at)
		}
		if err == nil {
			if cut < 15 {
				t.Errorf("a Write of %d steps", cut)
			}
			return
		}
		if _, err := p.Write(t.Context(), dir, everything()); err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(files(t, dir), after) {
			t.Errorf("cut at %d: not mended", cut)
		}
	}
}

// valid follows the lists of a label's folder: what they name is there, with the
// hashes that it has.
func valid(t *testing.T, about, dir, at string) {
	t.Helper()
	base := filepath.Join(dir, filepath.FromSlash(at))
	check := func(place string) {
		document := filepath.Join(base, filepath.FromSlash(place))
		data, err := os.ReadFile(document)
		if err != nil {
			t.Errorf("%s: %v", about, err)
			return
		}
		want, err := util.HashFromFile(document + ".sha256")
		if err != nil || fmt.Sprintf("%x", want) != hashOf(data) {
			t.Errorf("%s: %s does not have its hash: %v", about, place, err)
		}
		if _, err := os.Stat(document + ".asc"); err != nil {
			t.Errorf("%s: %v", about, err)
		}
	}
	list, err := os.ReadFile(filepath.Join(base, indexName))
	if err != nil {
		t.Fatalf("%s: %v", about, err)
	}
	for _, place := range strings.Fields(string(list)) {
		check(place)
	}
	f, err := os.Open(filepath.Join(base, changesName))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Errorf("%s: %v", about, err)
	}
	for _, line := range lines {
		check(line[0])
	}
	text, err := os.Open(filepath.Join(base, feedName(path.Base(at))))
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	feed, err := csaf.LoadROLIEFeed(text)
	if err != nil {
		t.Fatalf("%s: %v", about, err)
	}
	for _, e := range feed.Feed.Entry {
		_, place, _ := strings.Cut(e.Content.Src, "/csaf/"+path.Base(at)+"/")
		check(place)
	}
}

// TestWriteElsewhere: a folder that is not Write's own is left as it is.
func TestWriteElsewhere(t *testing.T) {
	p, _ := fixture(t, false)
	for name, content := range map[string]string{
		"public/site.html":               "mine",
		manifestName:                     "mine",
		restrictedFolder + "/notes.text": "mine",
	} {
		dir := t.TempDir()
		at := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o700), os.WriteFile(at, []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Write(t.Context(), dir, Export{}); err == nil || len(files(t, dir)) != 1 {
			t.Errorf("%s: %v, %v", name, err, files(t, dir))
		}
	}
	// A link that leads out of the folder is not followed.
	dir, out := t.TempDir(), t.TempDir()
	if _, err := p.Write(t.Context(), dir, Export{}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.RemoveAll(filepath.Join(dir, "public/csaf")), os.Symlink(out, filepath.Join(dir, "public/csaf"))); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write(t.Context(), dir, Export{}); err == nil || len(files(t, out)) != 0 {
		t.Errorf("through a link: %v, %v", err, files(t, out))
	}
}

// FuzzManifest: what is read as a manifest is written the same, and names nothing
// outside the two folders.
func FuzzManifest(f *testing.F) {
	f.Add([]byte(manifestTitle + "\nab 12 public/csaf/index.txt\n- 0 restricted/amber/2026/a b.json\n"))
	f.Add([]byte(manifestTitle + "\nab 12 public/../../etc/passwd\n"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseManifest(data)
		if err != nil {
			return
		}
		for at := range m {
			if !filepath.IsLocal(at) || !ours(at) {
				t.Errorf("%q", at)
			}
		}
		again, err := parseManifest(m.encode())
		if err != nil || len(again) != len(m) {
			t.Errorf("%v: %v, %v", err, m, again)
		}
	})
}
