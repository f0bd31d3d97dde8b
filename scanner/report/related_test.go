package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

func related() *report.Related {
	three := func(en, hant, hans string) map[string]string {
		return map[string]string{"en": en, "zh-Hant": hant, "zh-Hans": hans}
	}
	return &report.Related{Source: "https://hub.example.hk", Advisories: []report.RelatedAdvisory{
		{ID: "A26-11-02", Title: map[string]string{"zh-Hant": "WordPress 外掛程式漏洞"}, Risk: "medium", TLP: "clear", Date: time.Date(2026, 11, 3, 2, 0, 0, 0, time.UTC), Component: "WordPress", State: "possible", Reason: "version-unknown"},
		{ID: "A26-11-G03", Title: three("A fault of nginx in the package", "nginx 套件漏洞", "nginx 软件包漏洞"), Risk: "high", TLP: "green", URL: "https://hub.example.hk/a/A26-11-G03", Date: time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC),
			Component: "nginx", Version: "1.18.0", State: "possible", Reason: "backport", Params: map[string]string{"distribution": "Ubuntu", "version": "1.18.0"}, CVEs: []string{"CVE-2026-1002"}, Remedies: map[string]string{"en": "Install the updates of your distribution.", "zh-Hans": "安装发行版的更新。"}},
		{ID: "A26-11-04", Title: three("Attackers take over nginx 1.18 to 1.25.3", "攻擊者可控制 nginx 1.18 至 1.25.3", "攻击者可控制 nginx 1.18 至 1.25.3"), Risk: "extreme", TLP: "clear", URL: "https://hub.example.hk/a/A26-11-04", Date: time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC),
			Component: "nginx", Version: "1.18.0", State: "affected", Reason: "version-in-range", Params: map[string]string{"range": ">= 1.18.0, < 1.25.4", "version": "1.18.0"}, CVEs: []string{"CVE-2026-1000", "CVE-2026-1001"}, Exploited: true,
			Remedies: three("Update nginx to 1.25.4.\n\nUntil then, turn the module off.", "把 nginx 更新至 1.25.4。\n\n在此之前，請停用該模組。", "把 nginx 更新到 1.25.4。\n\n在此之前，请停用该模块。")},
	}}
}

func with(opts report.Options, x *report.Related) report.Options {
	opts.Related = func(*scanner.Report) *report.Related { return x }
	return opts
}

func TestRelatedIsGolden(t *testing.T) {
	for _, lang := range rules.Langs() {
		opts := with(options(t, lang), related())
		r := capped(t)
		golden(t, "related."+string(lang)+".txt", []byte(text(t, opts, r)))
		golden(t, "related."+string(lang)+".html", []byte(page(t, r, opts)))
		golden(t, "related."+string(lang)+".md", []byte(stream(t, report.FormatMarkdown, opts, r)))
		golden(t, "related."+string(lang)+".letter.txt", []byte(asked(t, r, opts)))
		var b bytes.Buffer
		if err := report.JSON(&b, []*scanner.Report{r}, opts); err != nil {
			t.Fatal(err)
		}
		golden(t, "related."+string(lang)+".json", b.Bytes())
		if err := validate(t, schema(t, ""), b.Bytes()); err != nil {
			t.Error(err)
		}
	}
}

func asked(t *testing.T, r *scanner.Report, opts report.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Letter(&b, r, opts, report.LetterOptions{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Nobody asked, nothing found, and could not be asked are three different things.
func TestRelatedSaysWhatIsNotKnown(t *testing.T) {
	for _, f := range []report.Format{report.FormatText, report.FormatHTML, report.FormatMarkdown, report.FormatJSON} {
		plain := stream(t, f, options(t, rules.English), cleanSite(t))
		if got := stream(t, f, with(options(t, rules.English), nil), cleanSite(t)); got != plain {
			t.Errorf("%s: an answer of nil changes the report", f)
		}
		none := stream(t, f, with(options(t, rules.English), &report.Related{Source: "a.json"}), cleanSite(t))
		trouble := stream(t, f, with(options(t, rules.English), &report.Related{Trouble: "connection refused"}), cleanSite(t))
		if f == report.FormatJSON {
			if !strings.Contains(none, `"advisories": []`) || !strings.Contains(trouble, `"trouble": "connection refused"`) {
				t.Errorf("%s\n%s", none, trouble)
			}
			continue
		}
		none, trouble = strings.Join(strings.Fields(none), " "), strings.Join(strings.Fields(trouble), " ")
		if !strings.Contains(none, "None of the known advisories concern what was seen") || strings.Contains(none, "could not be looked up") {
			t.Errorf("%s, none: %s", f, none)
		}
		if !strings.Contains(trouble, "could not be looked up") || !strings.Contains(trouble, "connection refused") || strings.Contains(trouble, "None of the known") {
			t.Errorf("%s, trouble: %s", f, trouble)
		}
	}
}

// A letter goes to others: it has nothing that not everybody may read.
func TestLetterHasPublicAdvisoriesOnly(t *testing.T) {
	opts := with(options(t, rules.English), related())
	out := asked(t, capped(t), opts)
	if !strings.Contains(out, "A26-11-04") || strings.Contains(out, "A26-11-G03") || !strings.Contains(out, "https://hub.example.hk/a/A26-11-04") {
		t.Error(out)
	}
	// Without a fault, an advisory is still something to ask for; to those who can.
	out = asked(t, cleanSite(t), opts)
	if !strings.Contains(out, "1.  [Affected] A26-11-04") {
		t.Error(out)
	}
	err := report.Letter(&bytes.Buffer{}, cleanSite(t), opts, report.LetterOptions{To: []rules.Owner{rules.OwnerDNS}})
	if !errors.Is(err, report.ErrNothingToAsk) {
		t.Errorf("to who keeps the DNS: %v", err)
	}
}

// What is related is asked for once a rendering, with the report, and not for those
// forms that do not show it.
func TestRelatedIsAskedWhenAReportIsRendered(t *testing.T) {
	for f, want := range map[report.Format]int{report.FormatText: 1, report.FormatHTML: 1, report.FormatMarkdown: 1, report.FormatJSON: 1, report.FormatJSONL: 1, report.FormatCSV: 0, report.FormatSARIF: 0, report.FormatJUnit: 0, report.FormatBadge: 0} {
		opts, n := options(t, rules.English), 0
		opts.Related = func(r *scanner.Report) *report.Related {
			if r.Target.Domain != "good.example.hk" {
				t.Errorf("asked with %s", r.Target.Domain)
			}
			n++
			return related()
		}
		stream(t, f, opts, cleanSite(t))
		if n != want {
			t.Errorf("%s asks %d times", f, n)
		}
	}
}

// A report that is read back has no advisories: they are for one reader and one day.
func TestRelatedIsNotReadBack(t *testing.T) {
	opts := with(options(t, rules.English), related())
	before := capped(t)
	out := stream(t, report.FormatJSON, opts, before)
	var back *scanner.Report
	if err := report.Read(strings.NewReader(out), func(r *scanner.Report) error { back = r; return nil }); err != nil {
		t.Fatal(err)
	}
	stored, err := json.Marshal(back)
	if err != nil || strings.Contains(string(stored), "A26-11") {
		t.Errorf("%v: %s", err, stored)
	}
	if back.Grade != before.Grade {
		t.Errorf("the grade became %+v", back.Grade)
	}
}

func TestHostileAdvisoriesActNowhere(t *testing.T) {
	everything := strings.Join(attacks, " | ")
	x := &report.Related{Source: everything, Trouble: everything}
	for _, a := range attacks {
		for _, link := range []string{a, "javascript:alert(1)", "https://evil.example/\" onclick=\"x", "https://user:secret@evil.example/", "https://ok.example/" + a, "//evil.example"} {
			texts := map[string]string{"en": a + everything, "zh-Hant": a, a: a}
			x.Advisories = append(x.Advisories, report.RelatedAdvisory{
				ID: a, Title: texts, Risk: a, TLP: a, URL: link, Component: a, Version: a, State: a, Reason: a, Params: texts, CVEs: []string{a, everything}, Remedies: texts,
			}, report.RelatedAdvisory{ID: a, State: "affected", Reason: "version-in-range", Params: map[string]string{"version": a, "range": "{version}"}, URL: link})
		}
	}
	for _, lang := range rules.Langs() {
		opts := with(options(t, lang), x)
		if bad := unsafe(text(t, opts, cleanSite(t))); bad != "" {
			t.Errorf("%s: the text has %+q", lang, bad)
		}
		out := page(t, cleanSite(t), opts)
		if bad := unsafe(out); bad != "" {
			t.Errorf("%s: the page has %+q", lang, bad)
		}
		doc := parse(t, out)
		if n := len(find(doc, "script")); n != 1 {
			t.Errorf("%s: %d scripts", lang, n)
		}
		checkLoadsNothing(t, doc)
		for _, a := range find(doc, "a") {
			for _, attr := range a.Attr {
				if attr.Key == "href" && (!strings.HasPrefix(attr.Val, "#") && !strings.HasPrefix(attr.Val, "https://") || strings.Contains(attr.Val, "secret")) || strings.HasPrefix(attr.Key, "on") {
					t.Errorf("%s: a link to %s (%s)", lang, attr.Val, attr.Key)
				}
			}
		}
		if bad := unsafe(stream(t, report.FormatMarkdown, opts, cleanSite(t))); bad != "" {
			t.Errorf("%s: Markdown has %+q", lang, bad)
		}
		js := stream(t, report.FormatJSON, opts, cleanSite(t))
		if err := validate(t, schema(t, ""), []byte(js)); err != nil {
			t.Errorf("%s: %v", lang, err)
		}
	}
}
