package report_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

func letter(t *testing.T, r *scanner.Report, lang rules.Lang, to report.LetterOptions) string {
	t.Helper()
	var b strings.Builder
	if err := report.Letter(&b, r, options(t, lang), to); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestLetterIsGolden(t *testing.T) {
	for _, lang := range rules.Langs() {
		golden(t, "letter."+string(lang)+".txt", []byte(letter(t, shop(t), lang, report.LetterOptions{})))
	}
}

// TestLetterAsksForWhatTheReaderCanChange: each owner gets its own faults, and
// all owners together get each fault once.
func TestLetterAsksForWhatTheReaderCanChange(t *testing.T) {
	r, c := shop(t), catalogue(t)
	for _, f := range r.Findings {
		rule, _ := c.Rule(f.Rule)
		fault := f.Outcome == scanner.Fail || f.Outcome == scanner.Warn
		n := 0
		for _, owner := range rules.Owners() {
			var b strings.Builder
			err := report.Letter(&b, r, options(t, rules.English), report.LetterOptions{To: []rules.Owner{owner}})
			if err != nil && !errors.Is(err, report.ErrNothingToAsk) {
				t.Fatal(err)
			}
			if !strings.Contains(b.String(), "\n    "+f.Rule+"\n") {
				continue
			}
			if n++; owner != rule.Owner {
				t.Errorf("%s is asked of %s, and is of %s", f.Rule, owner, rule.Owner)
			}
		}
		if want := map[bool]int{true: 1}[fault]; n != want {
			t.Errorf("%s (%s) is in %d letters, want %d", f.Rule, f.Outcome, n, want)
		}
	}
}

// TestLetterNamesEveryPlace: whoever mends a fault needs each place that the
// report has of it.
func TestLetterNamesEveryPlace(t *testing.T) {
	r := shop(t)
	text := strings.Join(strings.Fields(letter(t, r, rules.English, report.LetterOptions{})), "")
	for _, f := range r.Findings {
		if f.Outcome != scanner.Fail {
			continue
		}
		for _, e := range f.Evidence {
			if !strings.Contains(text, strings.Join(strings.Fields(e.Subject), "")) {
				t.Errorf("%s: %s is not in the letter", f.Rule, e.Subject)
			}
		}
	}
}

// TestLetterHasTheTextOfTheServer: the texts are for the server that was seen or
// chosen, and all are there where neither is known.
func TestLetterHasTheTextOfTheServer(t *testing.T) {
	c, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	r := newReport(t, "shop.example.hk", of("web.hsts.missing", scanner.Failed()))
	r.Technologies = []scanner.Technology{{ID: "nginx", Name: "nginx", Category: "server"}}
	write := func(to report.LetterOptions) string {
		var b strings.Builder
		if err := report.Letter(&b, r, report.Options{Catalogue: c}, to); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	has := func(s string) (all []string) {
		for _, name := range []string{"nginx", "Apache"} {
			if strings.Contains(s, "Text to use: "+name+"\n") {
				all = append(all, name)
			}
		}
		return all
	}
	if got := has(write(report.LetterOptions{})); strings.Join(got, " ") != "nginx" {
		t.Errorf("nginx was seen, texts are for %q", got)
	}
	if got := has(write(report.LetterOptions{For: []rules.Platform{rules.Apache}})); strings.Join(got, " ") != "Apache" {
		t.Errorf("Apache was chosen, texts are for %q", got)
	}
	r.Technologies = nil
	if got := has(write(report.LetterOptions{})); len(got) != 2 {
		t.Errorf("nothing was seen, texts are for %q", got)
	}
}

func TestLetterWithNothingToAsk(t *testing.T) {
	if err := report.Letter(io.Discard, cleanSite(t), options(t, rules.English), report.LetterOptions{}); !errors.Is(err, report.ErrNothingToAsk) {
		t.Errorf("a clean site: %v", err)
	}
}

// TestLetterIsSafeToPaste: nothing that a site sent adds a line or a control
// character, and no line but those of texts to use is longer than a mail allows.
func TestLetterIsSafeToPaste(t *testing.T) {
	r := newReport(t, "evil.example.hk", of("mail.spf.missing", scanner.Failed(seen("a\r\nSubject: x", "b\x1b[2J\u202ec\nBcc: y"))))
	for _, line := range strings.Split(letter(t, r, rules.English, report.LetterOptions{}), "\n") {
		if strings.HasPrefix(line, "Bcc") || strings.HasPrefix(line, "Subject: x") || strings.ContainsAny(line, "\r\x1b\u202e") {
			t.Errorf("the site wrote %q", line)
		}
		if len(line) > 78 && !strings.HasPrefix(line, "        ") && !strings.HasPrefix(line, "    https://") {
			t.Errorf("%d bytes: %q", len(line), line)
		}
	}
}
