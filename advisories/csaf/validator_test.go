package csaf

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// askValidator asks the reference implementation, @secvisogram/csaf-validator-lib,
// what it has against documents: the names of rules, as ours, by name of the
// document. It skips the test where INFOHUB_PROOF is not 1 or where the program is
// not installed, in INFOHUB_CSAF_VALIDATOR or with the other peers.
func askValidator(t *testing.T, documents map[string][]byte) map[string][]string {
	t.Helper()
	if os.Getenv("INFOHUB_PROOF") != "1" {
		t.Skip("not run: set INFOHUB_PROOF=1")
	}
	peers := cmp.Or(os.Getenv("INFOHUB_CSAF_VALIDATOR"), os.Getenv("INFOHUB_PEERS"), filepath.Join("..", "..", "bin", "peers"))
	folder, err := filepath.Abs(filepath.Join(peers, "node_modules", "@secvisogram", "csaf-validator-lib"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(folder, "package.json")); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("not run: run scripts/install-peers.sh")
		}
		t.Skip("not run: run scripts/install-peers.sh")
	}

	var in bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		if err := json.NewEncoder(&in).Encode(map[string]any{"name": name, "document": json.RawMessage(documents[name])}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", filepath.Join("testdata", "validator.mjs"), folder)
	cmd.Stdin = &in
	cmd.WaitDelay = time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	verdicts := map[string][]string{}
	for line := range bytes.Lines(out) {
		var v struct {
			Name   string   `json:"name"`
			Failed []string `json:"failed"`
		}
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		verdicts[v.Name] = slices.Compact(v.Failed)
	}
	if len(verdicts) != len(documents) {
		t.Fatalf("%d of %d documents were judged", len(verdicts), len(documents))
	}
	return verdicts
}

// difference is where the reference implementation and the standard part.
type difference struct {
	ours, theirs []string // the rules that only one of us finds broken
	why          string
}

// differences are those that are known, by document.
func differences() map[string]difference {
	// It does a test only where every vulnerability has the list that the test is of.
	const everywhere = "the standard tests each vulnerability; the implementation none, if one of them has no such list"
	return map[string]difference{
		"6.1.8 a metric twice":              {ours: []string{"csaf.6.1.8"}, why: "FIRST's JSON schema cannot say it, and its specifications forbid it"},
		"6.1.9 a base metric is missing":    {ours: []string{"csaf.6.1.9"}, why: "the standard wants computed values; the implementation is silent where it cannot compute"},
		"6.1.24 in two time zones":          {ours: []string{"csaf.6.1.24"}, why: "the standard says date; the implementation compares how it is written"},
		"6.1.24 one of two vulnerabilities": {ours: []string{"csaf.6.1.24"}, why: everywhere},
		"6.1.26 the value of a profile":     {ours: []string{"csaf.6.1.26"}, why: "the standard removes dashes from names and from values; the implementation compares names only"},
		"6.1.27.2 external by default":      {theirs: []string{"csaf.6.1.27.2"}, why: "a reference without a category is external (3.1.10.1)"},
		"6.1.28 the same in small letters":  {ours: []string{"csaf.6.1.28"}, why: "language tags are the same in small and in capital letters (RFC 5646, 2.1.1)"},
		"6.1.29 one of two vulnerabilities": {ours: []string{"csaf.6.1.29"}, why: everywhere},
		"6.1.32 one of two vulnerabilities": {ours: []string{"csaf.6.1.32"}, why: everywhere},
		"6.1.33 one of two vulnerabilities": {ours: []string{"csaf.6.1.33"}, why: everywhere},
		"6.1.33 twice in one flag":          {theirs: []string{"csaf.6.1.33"}, why: "a product is in one flag: the standard forbids more than one"},
	}
}

// TestValidatorAgrees: of every document, ours and real ones, the reference
// implementation says what we say.
func TestValidatorAgrees(t *testing.T) {
	documents := map[string][]byte{"base": testCase{}.document(t)}
	for _, c := range testCases(t) {
		documents[c.String()] = c.document(t)
	}
	if os.Getenv("INFOHUB_TESTDATA") != "" {
		maps.Copy(documents, realDocuments(t))
	}
	known := differences()
	for name, theirs := range askValidator(t, documents) {
		_, problems, err := Check(documents[name])
		if err != nil {
			t.Fatal(err)
		}
		ours := rules(problems)
		without := func(list, of []string) []string {
			return slices.DeleteFunc(slices.Clone(list), func(r string) bool { return slices.Contains(of, r) })
		}
		want := known[name]
		if o, th := without(ours, theirs), without(theirs, ours); !slices.Equal(o, want.ours) || !slices.Equal(th, want.theirs) {
			t.Errorf("%s: only we complain of %q, only they of %q; known are %q and %q", name, o, th, want.ours, want.theirs)
		}
		delete(known, name)
	}
	for name := range known {
		t.Errorf("%s is a known difference, and no document", name)
	}
}
