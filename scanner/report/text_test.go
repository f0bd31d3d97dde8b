package report_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares got with a file of testdata, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test ./scanner/report -update writes it)", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (go test ./scanner/report -update, then read the difference):\n%s", name, firstDifference(got, want))
	}
}

func firstDifference(got, want []byte) string {
	g, w := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range min(len(g), len(w)) {
		if !bytes.Equal(g[i], w[i]) {
			return "got  " + string(g[i]) + "\nwant " + string(w[i])
		}
	}
	return "one is longer"
}

func text(t *testing.T, opts report.Options, reports ...*scanner.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Text(&b, reports, opts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTextIsGolden(t *testing.T) {
	for _, lang := range rules.Langs() {
		opts := options(t, lang)
		golden(t, "shop."+string(lang)+".txt", []byte(text(t, opts, shop(t))))
		golden(t, "states."+string(lang)+".txt", []byte(text(t, opts, states(t)...)))
		opts.Verbose, opts.Colour, opts.Width = true, true, 100
		golden(t, "verbose."+string(lang)+".txt", []byte(text(t, opts, shop(t))))
	}
}
