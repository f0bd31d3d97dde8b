package report_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

// kinds and reasons are written out, so that the golden files are of a fixed
// report; TestEveryConstantHasWords finds one that is new.
var (
	kinds = []scanner.FailureKind{
		scanner.FailTimeout, scanner.FailRefused, scanner.FailBlocked, scanner.FailReset, scanner.FailUnreachable,
		scanner.FailUnresolved, scanner.FailServer, scanner.FailTLS, scanner.FailProtocol, scanner.FailForbidden,
		scanner.FailLimit, scanner.FailCancelled, scanner.FailMissing, scanner.FailUncertain, scanner.FailInternal,
	}
	reasons = []scanner.NAReason{
		scanner.NANoWeb, scanner.NANoHTTPS, scanner.NANoMail, scanner.NANoRecord, scanner.NANotUsed, scanner.NANotSigned,
		scanner.NANotActive, scanner.NAPrivate, scanner.NAHidden, scanner.NAElsewhere, scanner.NACovered,
	}
)

// catalogue is testdata/rules and, in the families dns and mail, one plain rule
// for each reason of not knowing and of not applying.
func catalogue(t *testing.T) *rules.Catalogue {
	t.Helper()
	c, err := parseCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var parseCatalogue = sync.OnceValues(func() (*rules.Catalogue, error) {
	files := fstest.MapFS{}
	for _, family := range rules.Families() {
		data, err := os.ReadFile("testdata/rules/" + family + ".yaml")
		if err != nil {
			return nil, err
		}
		files[family+".yaml"] = &fstest.MapFile{Data: data}
	}
	for _, k := range kinds {
		files["dns.yaml"].Data = append(files["dns.yaml"].Data, plainRule("dns.unknown."+string(k))...)
	}
	for _, r := range reasons {
		files["mail.yaml"].Data = append(files["mail.yaml"].Data, plainRule("mail.elsewhere."+string(r))...)
	}
	return rules.Parse(files)
})

func plainRule(id string) string {
	return strings.ReplaceAll(`
  - id: ID
    severity: low
    weight: 1
    effort: 60
    owner: dns-provider
    references: []
    title: {en: "Example of a fault, ID", zh-Hant: "問題的例子，ID", zh-Hans: "问题的例子，ID"}
    why: {en: It is an example., zh-Hant: 這是例子。, zh-Hans: 这是例子。}
    fix: {en: "Nothing to do on {domain}.", zh-Hant: "{domain} 不用處理。", zh-Hans: "{domain} 无需处理。"}
    remedies: []
`, "ID", id)
}

func domain(t *testing.T, name string) scanner.Target {
	t.Helper()
	target, err := scanner.ParseTarget(name)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// newReport grades findings as the engine does.
func newReport(t *testing.T, name string, findings ...scanner.Finding) *scanner.Report {
	t.Helper()
	c := catalogue(t)
	r := &scanner.Report{
		Version: scanner.ReportVersion, Program: "infohub 0.1.0", Target: domain(t, name),
		Started: time.Date(2026, 11, 23, 6, 5, 0, 0, time.UTC), Millis: 3240, Status: scanner.Complete,
		Findings: findings, First: []string{}, Active: scanner.ActiveNotAsked,
		Probes: []scanner.ProbeRun{{Name: "dns", Millis: 420}, {Name: "web", Millis: 1310}, {Name: "tls", Millis: 2100}, {Name: "mail", Millis: 900}},
	}
	order := map[string]int{}
	for i, rule := range c.All() {
		order[rule.ID] = i
	}
	slices.SortStableFunc(r.Findings, func(a, b scanner.Finding) int { return order[a.Rule] - order[b.Rule] })
	r.Grade, r.Families = scanner.GradeFindings(c, r.Findings)
	if r.Families == nil {
		r.Families = []scanner.FamilyResult{}
	}
	return r
}

func of(rule string, f scanner.Finding) scanner.Finding {
	f.Rule = rule
	return f
}

func seen(subject, observed string) scanner.Evidence {
	return scanner.Evidence{Subject: subject, Observed: observed}
}

// shop has every outcome, every reason of not knowing, and every reason of not
// applying.
func shop(t *testing.T) *scanner.Report {
	t.Helper()
	var many []scanner.Evidence
	for i := range 14 {
		many = append(many, seen(fmt.Sprintf("https://www.xn--fiqs8s.example.hk/page/%d?q=%s", i, strings.Repeat("long", 20)), fmt.Sprintf("Set-Cookie: session%d=…; path=/; HttpOnly", i)))
	}
	findings := []scanner.Finding{
		of("web.frame-options.missing", scanner.Failed(seen("https://中国.example.hk/", "no X-Frame-Options, no frame-ancestors")).With("host", "www.xn--fiqs8s.example.hk")),
		of("web.hsts.missing", scanner.Passed(seen("https://xn--fiqs8s.example.hk/", "Strict-Transport-Security: max-age=63072000"))),
		of("web.cookie.insecure", scanner.Failed(many...)),
		of("web.content-type-options.missing", scanner.Warned(seen("https://xn--fiqs8s.example.hk/", "X-Content-Type-Options: nosnif"))),
		of("tls.version.old", scanner.Passed()),
		of("tls.stapling.missing", scanner.Warned(seen("xn--fiqs8s.example.hk (192.0.2.1:443)", "no OCSP response"))),
		of("tls.certificate.expired", scanner.Passed()),
		of("mail.spf.missing", scanner.Failed(seen("xn--fiqs8s.example.hk TXT", "no v=spf1 record"))),
		of("mail.dkim.missing", scanner.CannotTell(scanner.Failf(scanner.FailUncertain, "no key found among 24 selectors"))),
		of("mail.starttls.certificate", scanner.Failed(seen("mx1.example.net:25", "certificate expired 2026-10-01T00:00:00Z")).With("mx", "mx1.example.net")),
		of("dns.dnssec.missing", scanner.Passed()),
		of("dns.caa.missing", scanner.Failed(seen("xn--fiqs8s.example.hk CAA", "no record"))),
		of("exposure.page.default", scanner.Passed()),
		of("exposure.git.config", scanner.DoesNotApply(scanner.NANotActive)),
	}
	for _, k := range kinds {
		findings = append(findings, of("dns.unknown."+string(k), scanner.CannotTell(scanner.Failf(k, "detail of "+string(k)))))
	}
	for _, why := range reasons {
		findings = append(findings, of("mail.elsewhere."+string(why), scanner.DoesNotApply(why)))
	}
	r := newReport(t, "中国.example.hk", findings...)
	r.First = []string{"mail.spf.missing", "web.cookie.insecure", "web.frame-options.missing"}
	r.Technologies = []scanner.Technology{
		{ID: "nginx", Name: "nginx", Category: "server", Version: "1.18.0", Evidence: []scanner.Evidence{seen("Server", "nginx/1.18.0")}},
		{ID: "of-tomorrow", Name: "New thing", Category: "of-tomorrow", Evidence: []scanner.Evidence{seen("X-Powered-By", "New \x1b[31mthing")}},
	}
	r.TLSServers = []scanner.TLSServer{{
		Name: "xn--fiqs8s.example.hk", Addr: "192.0.2.1:443", Failure: scanner.Failf(scanner.FailTimeout, "5s"),
		Profiles: []scanner.TLSProfile{{Name: "Mozilla old"}, {Name: "Mozilla modern", Against: []string{"TLSv1.2", "TLS_RSA_WITH_AES_128_CBC_SHA"}}},
		Clients:  []scanner.TLSClient{{Name: "Android 7"}, {Name: "Chrome", Version: "TLSv1.3", Suite: "TLS_AES_128_GCM_SHA256", Group: "x25519"}},
	}}
	r.MDN = &scanner.MDNScore{Host: "xn--fiqs8s.example.hk", Score: 55, Grade: "C"}
	return r
}

// clean has no fault, blocked no grade, and so on: one report per state.
func cleanSite(t *testing.T) *scanner.Report {
	t.Helper()
	r := newReport(t, "good.example.hk",
		of("web.hsts.missing", scanner.Passed()), of("tls.version.old", scanner.Passed()), of("mail.spf.missing", scanner.Passed()),
		of("dns.dnssec.missing", scanner.Passed()), of("exposure.git.config", scanner.Passed()))
	r.Active = scanner.ActiveRan
	return r
}

func capped(t *testing.T) *scanner.Report {
	t.Helper()
	r := newReport(t, "expired.example.hk",
		of("web.hsts.missing", scanner.Passed()), of("tls.certificate.expired", scanner.Failed(seen("expired.example.hk:443", "expired 2026-11-01T00:00:00Z"))))
	r.First, r.Active = []string{"tls.certificate.expired"}, scanner.ActiveBroken
	return r
}

func blocked(t *testing.T) *scanner.Report {
	t.Helper()
	why := scanner.Failf(scanner.FailBlocked, "https://blocked.example.hk/: 403 with a challenge page")
	r := newReport(t, "blocked.example.hk",
		of("web.hsts.missing", scanner.CannotTell(why)), of("web.frame-options.missing", scanner.CannotTell(why)),
		of("web.cookie.insecure", scanner.CannotTell(scanner.Failf(scanner.FailTimeout, "10s"))),
		of("tls.version.old", scanner.Passed()), of("dns.dnssec.missing", scanner.Passed()))
	r.Active = scanner.ActiveNoEngine
	return r
}

func stopped(t *testing.T, name string, why *scanner.Failure) *scanner.Report {
	t.Helper()
	r := newReport(t, name, of("dns.dnssec.missing", scanner.Passed()), of("web.hsts.missing", scanner.CannotTell(why)))
	r.Status, r.Reason = scanner.Incomplete, why
	r.Probes = []scanner.ProbeRun{{Name: "dns", Millis: 400}, {Name: "web", Failure: why}}
	return r
}

func noEngine(t *testing.T) *scanner.Report {
	t.Helper()
	why := scanner.Failf(scanner.FailMissing, "infohub-nuclei was not found")
	r := newReport(t, "active.example.hk", of("dns.dnssec.missing", scanner.Passed()), of("exposure.git.config", scanner.CannotTell(why)))
	r.Status, r.Reason, r.Active = scanner.Incomplete, why, scanner.ActiveNoEngine
	r.Probes = []scanner.ProbeRun{{Name: "dns", Millis: 400}, {Name: "active", Failure: why}}
	return r
}

func unreachable(t *testing.T, name string, why *scanner.Failure) *scanner.Report {
	t.Helper()
	r := newReport(t, name)
	r.Status, r.Reason = scanner.Unreachable, why
	return r
}

// states is one report for every way in which a scan can end.
func states(t *testing.T) []*scanner.Report {
	t.Helper()
	return []*scanner.Report{
		cleanSite(t), capped(t), blocked(t),
		stopped(t, "stopped.example.hk", scanner.Failf(scanner.FailCancelled, "interrupt")),
		stopped(t, "slow.example.hk", scanner.Failf(scanner.FailTimeout, "the scan's time of 1m0s was over")),
		stopped(t, "broken.example.hk", scanner.Failf(scanner.FailInternal, "the web probe panicked")),
		noEngine(t),
		unreachable(t, "nosuch.example.hk", scanner.Failf(scanner.FailUnresolved, "the name does not exist")),
		unreachable(t, "silent.example.hk", scanner.Failf(scanner.FailTimeout, "no server of the root answered")),
		newReport(t, "empty.example.hk"),
	}
}

func options(t *testing.T, lang rules.Lang) report.Options {
	t.Helper()
	return report.Options{Lang: lang, Catalogue: catalogue(t)}
}
