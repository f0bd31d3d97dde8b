package report_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

// TestCompare is what each pair of outcomes means. Nothing that was not tested
// is fixed.
func TestCompare(t *testing.T) {
	pass, fail, warn := scanner.Passed(), scanner.Failed(), scanner.Warned()
	unknown := scanner.CannotTell(scanner.Failf(scanner.FailTimeout, "10s"))
	na := scanner.DoesNotApply
	absent := scanner.Finding{}
	tests := []struct {
		was, is scanner.Finding
		want    string // "" is in no list
	}{
		{pass, pass, ""}, {pass, fail, "new"}, {pass, warn, "new"}, {pass, unknown, "untested"}, {pass, na(scanner.NANotUsed), ""}, {pass, absent, ""},
		{fail, pass, "fixed"}, {fail, fail, "unchanged"}, {fail, warn, "unchanged"}, {fail, unknown, "untested"}, {fail, absent, "untested"},
		{warn, pass, "fixed"}, {warn, fail, "new"}, {warn, warn, "unchanged"}, {warn, unknown, "untested"}, {warn, absent, "untested"},
		{unknown, pass, ""}, {unknown, fail, "new"}, {unknown, unknown, "untested"}, {unknown, absent, ""},
		{absent, fail, "new"}, {absent, pass, ""}, {absent, unknown, "untested"}, {na(scanner.NANotActive), fail, "new"},
		{fail, na(scanner.NANotUsed), "fixed"}, {fail, na(scanner.NANoRecord), "fixed"}, {fail, na(scanner.NANoMail), "fixed"}, {fail, na(scanner.NANotSigned), "fixed"},
		{fail, na(scanner.NANotActive), "untested"}, {fail, na(scanner.NACovered), "untested"}, {fail, na(scanner.NAHidden), "untested"},
		{fail, na(scanner.NAPrivate), "untested"}, {fail, na(scanner.NANoWeb), "untested"}, {fail, na(scanner.NANoHTTPS), "untested"},
		{fail, na(scanner.NAElsewhere), "untested"}, {fail, na(scanner.NANotInDNS), "untested"}, {fail, na("of-the-future"), "untested"},
	}
	one := func(f scanner.Finding) *scanner.Report {
		if f.Outcome == "" {
			return newReport(t, "a.example.hk")
		}
		return newReport(t, "a.example.hk", of("web.hsts.missing", f))
	}
	for _, tt := range tests {
		d := report.Compare(one(tt.was), one(tt.is))
		got := ""
		for name, list := range map[string][]scanner.Finding{"new": d.Faults, "fixed": d.Fixed, "unchanged": d.Unchanged, "untested": d.Untested} {
			for range list {
				got += name
			}
		}
		if got != tt.want {
			t.Errorf("%s %s then %s %s is %q, want %q", tt.was.Outcome, tt.was.Because, tt.is.Outcome, tt.is.Because, got, tt.want)
		}
		worst := d.Worst(catalogue(t))
		if want := tt.want == "new" && tt.is.Outcome == scanner.Fail; (worst == rules.High) != want {
			t.Errorf("%s then %s: the worst is %q", tt.was.Outcome, tt.is.Outcome, worst)
		}
	}
}

// week is two files with every kind of change.
func week(t *testing.T) (before, after []*scanner.Report) {
	t.Helper()
	later := func(r *scanner.Report) *scanner.Report {
		r.Started = r.Started.Add(7 * 24 * time.Hour)
		return r
	}
	gone := newReport(t, "gone.example.hk", of("web.hsts.missing", scanner.Failed()))
	before = []*scanner.Report{
		shop(t), gone, cleanSite(t),
		newReport(t, "down.example.hk", of("web.hsts.missing", scanner.Failed()), of("tls.version.old", scanner.Passed())),
		newReport(t, "again.example.hk", of("web.hsts.missing", scanner.Failed())),
		newReport(t, "again.example.hk", of("web.hsts.missing", scanner.Passed())), // the last counts
	}
	now := newReport(t, "中国.example.hk",
		of("web.frame-options.missing", scanner.Passed()), of("web.hsts.missing", scanner.Failed(seen("https://xn--fiqs8s.example.hk/", "no header"))),
		of("web.cookie.insecure", scanner.CannotTell(scanner.Failf(scanner.FailBlocked, "403"))),
		of("tls.stapling.missing", scanner.Failed()), of("mail.spf.missing", scanner.Failed()),
		of("mail.starttls.certificate", scanner.Passed()), of("dns.caa.missing", scanner.Warned()),
		of("exposure.git.config", scanner.DoesNotApply(scanner.NANotActive)))
	after = []*scanner.Report{
		later(now), later(cleanSite(t)), later(unreachable(t, "down.example.hk", scanner.Failf(scanner.FailTimeout, "10s"))),
		later(newReport(t, "again.example.hk", of("web.hsts.missing", scanner.Passed()))),
		later(newReport(t, "newcomer.example.hk", of("dns.caa.missing", scanner.Failed()))),
	}
	return before, after
}

func TestDiffIsGolden(t *testing.T) {
	for _, lang := range rules.Langs() {
		opts := options(t, lang)
		var b bytes.Buffer
		if err := report.DiffText(&b, report.CompareAll(week(t)), opts); err != nil {
			t.Fatal(err)
		}
		golden(t, "diff."+string(lang)+".txt", b.Bytes())
		b.Reset()
		if err := report.DiffJSON(&b, report.CompareAll(week(t)), opts); err != nil {
			t.Fatal(err)
		}
		golden(t, "diff."+string(lang)+".json", b.Bytes())
	}
}

func TestCompareAll(t *testing.T) {
	var told []string
	for _, d := range report.CompareAll(week(t)) {
		r := d.New
		if r == nil {
			r = d.Old
		}
		if d.Told() {
			told = append(told, r.Target.Domain)
		}
	}
	if want := []string{"again.example.hk", "good.example.hk", "newcomer.example.hk", "xn--fiqs8s.example.hk"}; !slices.Equal(told, want) {
		t.Errorf("told of %q, want %q", told, want)
	}
	if got := report.CompareAll(nil, nil); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

func TestHostileTextActsInNoDiff(t *testing.T) {
	for _, lang := range rules.Langs() {
		var b bytes.Buffer
		diffs := append(report.CompareAll([]*scanner.Report{hostile(t)}, nil), report.CompareAll(nil, []*scanner.Report{hostile(t), strange(t)})...)
		if err := report.DiffText(&b, diffs, options(t, lang)); err != nil {
			t.Fatal(err)
		}
		if bad := unsafe(b.String()); bad != "" || !strings.Contains(b.String(), "<script>") {
			t.Errorf("%s: the text has %+q:\n%s", lang, bad, b.String())
		}
	}
}
