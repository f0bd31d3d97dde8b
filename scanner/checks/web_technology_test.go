package checks

import (
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/rules/technologies"
	"github.com/cybersec-infohub/infohub/scanner"
)

// made is a site that is made with these: "php 7.4.33", with what showed it
// behind a bar.
func made(list ...string) *scanner.Facts {
	f := secured()
	for _, s := range list {
		s, shown, _ := strings.Cut(s, " | ")
		id, version, _ := strings.Cut(s, " ")
		f.Web.Technologies = append(f.Web.Technologies, scanner.Technology{
			ID: id, Name: id, Version: version, Evidence: []scanner.Evidence{{Subject: apexHTTPS, Observed: shown}},
		})
	}
	return f
}

func TestEndOfLife(t *testing.T) {
	judgeCases(t, "web.technology.end-of-life", []ruleCase{
		{"nothing seen", made(), notFor(scanner.NANotUsed)},
		{"no version seen", made("php", "nginx"), notFor(scanner.NANotUsed)},
		{"not in the catalogue", made("wix 1.0"), notFor(scanner.NANotUsed)},
		{"a cycle that it does not know", made("php 99.1"), notFor(scanner.NANotUsed)},
		{"alive", made("php 8.3.12"), passes("mended until 2027-12-31")},
		{"ended", made("php 5.6.40 | X-Powered-By: PHP/5.6.40"), fails("php 5.6.40 (X-Powered-By: PHP/5.6.40): no fixes since 2018-12-31; https://www.php.net/eol.php").on("example.hk")},
		{"ended, mended elsewhere", made("php 7.4.33"), warns("some distributions mend it until 2030-04-30")},
		{"ended everywhere", made("apache 2.2.15 | Server: Apache/2.2.15 (CentOS)"), fails("no fixes since 2017-07-11")},
		{"one of several", made("jquery 1.12.4", "php 8.3.12"), fails("jquery 1.12.4")},
		{"a script library that is alive, in no catalogue", made("jquery 3.7.1"), notFor(scanner.NANotUsed)},
	})
	f := checkOf(t, "web.technology.end-of-life").Judge(made("php 7.4.33", "jquery 1.12.4"))
	if f.Params["technology"] != "jquery 1.12.4" {
		t.Errorf("the words name %q, not the fault", f.Params["technology"])
	}
}

// TestTheLastDay: the day on which fixes end is still a good day.
func TestTheLastDay(t *testing.T) {
	check := checkOf(t, "web.technology.end-of-life")
	for day, want := range map[string]scanner.Outcome{"2018-12-31": scanner.Pass, "2019-01-01": scanner.Warn, "2020-06-30": scanner.Warn, "2020-07-01": scanner.Fail} {
		f := made("php 5.6.40")
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		f.Started = at.Add(23 * time.Hour)
		if got := check.Judge(f).Outcome; got != want {
			t.Errorf("on %s: %s, want %s", day, got, want)
		}
	}
}

func TestExploited(t *testing.T) {
	judgeCases(t, "web.technology.exploited", []ruleCase{
		{"no version seen", made("apache"), notFor(scanner.NANotUsed)},
		{"not in the catalogue", made("wix 1.0"), notFor(scanner.NANotUsed)},
		{"the hole", made("apache 2.4.49 | Server: Apache/2.4.49 (Unix)"), fails("apache 2.4.49 (Server: Apache/2.4.49 (Unix)): CVE-2021-41773, closed in 2.4.50").on("example.hk")},
		{"closed", made("apache 2.4.62"), passes("no hole in the catalogue of 2026")},
		{"of a distribution", made("apache 2.4.49 | Server: Apache/2.4.49 (Fedora)"), warns("the distribution may have patched it")},
		{"of a distribution, and it depends", made("apache 2.4.41 | Server: Apache/2.4.41 (Ubuntu)"), passes("no hole")},
		{"it depends", made("apache 2.4.41 | Server: Apache/2.4.41 (Unix)"), warns("CVE-2021-40438, closed in 2.4.49")},
		{"on another system", made("php 8.1.10", "apache"), passes("no hole")},
		{"on the system that it takes", made("php 8.1.10", "windows"), warns("CVE-2024-4577, closed in 8.1.29")},
		{"too short to tell", made("drupal 7"), passes("no hole")},
		{"a plugin", made("duplicator 1.3.20", "wordpress 6.4.2"), fails("CVE-2020-11738")},
	})
}

func TestAnotherCatalogue(t *testing.T) {
	c, err := technologies.ReadCatalogue(strings.NewReader("date: \"2030-01-01\"\ntechnologies:\n  - id: wix\n    source: https://example.com/\n    cycles: [{cycle: \"1\", ends: \"2020-01-01\"}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range With(c) {
		if check.Rule != "web.technology.end-of-life" {
			continue
		}
		if got := check.Judge(made("wix 1.0")).Outcome; got != scanner.Fail {
			t.Errorf("of the new catalogue: %s", got)
		}
		if got := check.Judge(made("php 5.6.40")).Outcome; got != scanner.NotApplicable {
			t.Errorf("of the old one, which is replaced as a whole: %s", got)
		}
	}
}

func TestTechnologiesOfSitesWithoutAPage(t *testing.T) {
	for _, rule := range []string{"web.technology.end-of-life", "web.technology.exploited"} {
		judgeCases(t, rule, []ruleCase{
			{"closed", site(failed(apexHTTP, scanner.FailRefused), failed(apexHTTPS, scanner.FailRefused)), notFor(scanner.NANoWeb)},
			{"timeout", site(failed(apexHTTPS, scanner.FailTimeout)), isUnknown(scanner.FailTimeout)},
			{"elsewhere", site(ended(apexHTTPS, answer(apexHTTPS, 301), answer("https://shop.example.com/", 200))), notFor(scanner.NAElsewhere)},
		})
	}
}
