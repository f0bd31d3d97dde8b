//go:build linux

package hublab_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// desk is a CERT's: a site with two analysts, each with a key in a file.
type desk struct {
	*site
	ada, mei string // files
	second   string // Mei's key
}

const deskAddress = "https://hub.example"

func newDesk(t testing.TB) *desk {
	t.Helper()
	dir := t.TempDir()
	d := &desk{site: newSite(t, dir), ada: filepath.Join(dir, "ada.key"), mei: filepath.Join(dir, "mei.key")}
	run(t, "person", "add", "mei@gov.example", "--name", "Mei Ho", "--role", "analyst", "--data", d.data)
	d.second = strings.TrimSpace(run(t, "key", "add", "--person", "mei@gov.example", "--name", "laptop", "--data", d.data))
	for file, key := range map[string]string{d.ada: d.admin, d.mei: d.second} {
		if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run(t, "advisory", "settings", "--url", deskAddress, "--publisher", "GovCERT example", "--namespace", deskAddress, "--contact", "cert@hub.example", "--data", d.data)
	return d
}

// advisory runs a command of the workflow with somebody's key.
func (d *desk) advisory(keyFile string, args ...string) apiclient.Draft {
	d.t.Helper()
	out := run(d.t, append(append([]string{"advisory"}, args...), "--format", "json", "--data", d.data, "--key-file", keyFile)...)
	var draft apiclient.Draft
	if err := json.Unmarshal([]byte(out), &draft); err != nil {
		d.t.Fatalf("infohub advisory %s: %v in %s", strings.Join(args, " "), err, out)
	}
	return draft
}

// publish takes a file through the workflow and returns the tracking id.
func (d *desk) publish(file string) string {
	d.t.Helper()
	id := d.advisory(d.ada, "new", file).Record
	d.advisory(d.ada, "submit", id)
	d.advisory(d.mei, "approve", id)
	return d.advisory(d.mei, "publish", id).ID
}

// revise publishes another text.
func (d *desk) revise(id, file string) {
	d.t.Helper()
	d.advisory(d.ada, "revise", id, file)
	d.advisory(d.ada, "submit", id, "--summary", "More is known")
	d.advisory(d.mei, "approve", id)
	d.advisory(d.mei, "publish", id)
}

// example is one of docs/examples, with another label perhaps.
func example(t testing.TB, name string, replace ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../../docs/examples", name))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(strings.NewReplacer(replace...).Replace(string(b))), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// hospitals admits those whom the example for some names.
func (d *desk) hospitals() (key string) {
	d.t.Helper()
	d.local(func(c *apiclient.Client) error {
		admit(d.t, c, "Island Clinics", "island-clinics")
		_, key = admit(d.t, c, "Harbour Hospital", "harbour-hospital")
		return nil
	})
	return key
}
