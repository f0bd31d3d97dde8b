package report_test

import (
	"bytes"
	"testing"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

func page(t *testing.T, r *scanner.Report, opts report.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.HTML(&b, r, opts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestHTMLIsGolden(t *testing.T) {
	for _, lang := range rules.Langs() {
		opts := options(t, lang)
		golden(t, "shop."+string(lang)+".html", []byte(page(t, shop(t), opts)))
	}
	opts := options(t, rules.English)
	golden(t, "clean.en.html", []byte(page(t, cleanSite(t), opts)))
	golden(t, "blocked.en.html", []byte(page(t, blocked(t), opts)))
	golden(t, "incomplete.en.html", []byte(page(t, states(t)[3], opts)))
	golden(t, "unreachable.en.html", []byte(page(t, states(t)[7], opts)))
}
