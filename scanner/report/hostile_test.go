package report_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/net/html"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
)

// attacks are what a site may send to harm whoever reads the report.
var attacks = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'"--></style></script><iframe src=//evil.example>`,
	`{{.Script}}`, `javascript:alert(1)`, "\x1b]0;owned\x07\x1b[2J\x1b[31mred", "\u202egnp.exe\u202c", "a\u2066b\u2069c\u200e\u200f\u061c",
	"line one\nline two\r\n\tline three\x00\x08", "\u2028\u2029\ufeff\u200b", "broken \xff\xfe utf-8", "{domain} {mx} {host}",
	"\x9b31m", "\U000e0041\U000e0001", strings.Repeat("W", 5000), strings.Repeat("水", 3000),
}

// hostile is a report whose every string of a site's is an attack. It was not
// made by the scanner, which cleans what it stores.
func hostile(t *testing.T) *scanner.Report {
	t.Helper()
	everything := strings.ToValidUTF8(strings.Join(attacks, " | "), "?")
	var evidence []scanner.Evidence
	for _, a := range attacks[:12] {
		evidence = append(evidence, scanner.Evidence{Subject: a, Observed: everything})
	}
	r := newReport(t, "hostile.example.hk",
		of("mail.starttls.certificate", scanner.Finding{Outcome: scanner.Fail, Evidence: evidence, Params: map[string]string{"mx": everything, "host": everything}}),
		of("web.frame-options.missing", scanner.Finding{Outcome: scanner.Warn, Evidence: evidence, Params: map[string]string{"host": everything}}),
		of("dns.dnssec.missing", scanner.Finding{Outcome: scanner.UnknownResult, Failure: &scanner.Failure{Kind: scanner.FailProtocol, Detail: everything}, Evidence: evidence}),
	)
	r.Target.Unicode, r.Target.Input, r.Program = everything, everything, everything
	r.Status, r.Reason = scanner.Incomplete, &scanner.Failure{Kind: scanner.FailInternal, Detail: everything}
	r.First = []string{"mail.starttls.certificate"}
	return r
}

// unsafe finds characters that act on a terminal or turn text around.
func unsafe(s string) string {
	for _, r := range s {
		switch {
		case r == '\n':
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029', r == '\ufeff', r == '\u200b', r == '\ufffd', r >= 0xe0000 && r <= 0xe0fff:
			return strings.ToUpper(string(r)) + " " + regexp.QuoteMeta(string(r))
		}
	}
	return ""
}

func TestHostileTextActsOnNoTerminal(t *testing.T) {
	for _, lang := range rules.Langs() {
		for _, verbose := range []bool{false, true} {
			opts := options(t, lang)
			opts.Verbose = verbose
			out := text(t, opts, hostile(t), hostile(t))
			if bad := unsafe(out); bad != "" {
				t.Errorf("%s: the text has %+q", lang, bad)
			}
			opts.Colour = true
			coloured := text(t, opts, hostile(t), hostile(t))
			// Without our own colours it is the same.
			if plain := regexp.MustCompile(`\x1b\[[0-9;]+m`).ReplaceAllString(coloured, ""); plain != out {
				t.Errorf("%s: the colours change more than colours", lang)
			}
		}
	}
}

func TestHostileTextActsInNoPage(t *testing.T) {
	for _, lang := range rules.Langs() {
		out := page(t, hostile(t), options(t, lang))
		if bad := unsafe(out); bad != "" {
			t.Errorf("%s: the page has %+q", lang, bad)
		}
		doc := parse(t, out)
		if n := len(find(doc, "script")); n != 1 {
			t.Errorf("%s: %d scripts", lang, n)
		}
		checkLoadsNothing(t, doc)
		// It is there, as text.
		if !strings.Contains(textOf(doc), `<script>alert(1)</script>`) || !strings.Contains(textOf(doc), `onerror=alert(1)`) {
			t.Errorf("%s: the evidence is not shown", lang)
		}
		if strings.Contains(out, "<!--") && strings.Count(out, "<!--") != strings.Count(pageWithoutSite(t, lang), "<!--") {
			t.Errorf("%s: a comment was opened", lang)
		}
	}
}

func pageWithoutSite(t *testing.T, lang rules.Lang) string {
	t.Helper()
	return page(t, cleanSite(t), options(t, lang))
}

// TestValuesAreFilledInOnce: a value that looks like a placeholder stays text.
func TestValuesAreFilledInOnce(t *testing.T) {
	r := newReport(t, "example.hk", of("mail.starttls.certificate", scanner.Failed().With("mx", "{domain}")))
	out := text(t, options(t, rules.English), r)
	opts := options(t, rules.English)
	opts.Verbose = true
	out += text(t, opts, r)
	if !strings.Contains(out, "/etc/letsencrypt/live/{domain}/privkey.pem") {
		t.Errorf("the value was filled in again:\n%s", out)
	}
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}
