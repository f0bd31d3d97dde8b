package checks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/rules/technologies"
	"github.com/cybersec-infohub/infohub/scanner"
)

// technologyChecks are the rules on what the site is made with; known is the
// catalogue that they judge by.
func technologyChecks(known func() (*technologies.Catalogue, error)) []scanner.Check {
	web := []string{"web"}
	return []scanner.Check{
		{Rule: "web.technology.end-of-life", Needs: web, Judge: onTechnologies(known, endOfLife)},
		{Rule: "web.technology.exploited", Needs: web, Judge: onTechnologies(known, exploited)},
	}
}

// inventory is what a judge of technologies reads, and where its verdicts go.
type inventory struct {
	votes
	catalogue     *technologies.Catalogue
	facts         *scanner.Facts
	host          string
	faulty, shaky string // the first technology at fault, and the first warned of
}

// onTechnologies judges each technology that shows its version. Without one
// there is nothing to judge, and facts from before there were any have none.
func onTechnologies(known func() (*technologies.Catalogue, error), judge func(*inventory, scanner.Technology)) func(*scanner.Facts) scanner.Finding {
	return func(f *scanner.Facts) scanner.Finding {
		main := f.Web.Main()
		if main == nil {
			return noPage(f, "")
		}
		p := page{url: main.Last().URL, host: hostOf(main.Last().URL), hop: main.Last()}
		if !sameSite(p.host, f.Target.Domain) {
			return scanner.DoesNotApply(scanner.NAElsewhere)
		}
		catalogue, err := known()
		if err != nil {
			return scanner.CannotTell(scanner.Failf(scanner.FailInternal, err.Error()))
		}
		v := inventory{catalogue: catalogue, facts: f, host: p.host}
		for _, t := range f.Web.Technologies {
			if t.Version != "" {
				judge(&v, t)
			}
		}
		p.brokeOff(&v.votes)
		v.skip(scanner.NANotUsed)
		finding := v.finding()
		switch finding.Outcome {
		case scanner.Fail:
			finding = finding.With("technology", v.faulty)
		case scanner.Warn:
			finding = finding.With("technology", v.shaky)
		}
		return finding
	}
}

// subject is where a technology was seen, and what showed it.
func shownBy(t scanner.Technology) (where, how string) {
	if len(t.Evidence) == 0 {
		return t.Name, ""
	}
	return t.Evidence[0].Subject, " (" + t.Evidence[0].Observed + ")"
}

func (v *inventory) bad(t scanner.Technology, verdict string) {
	where, how := shownBy(t)
	if v.faulty == "" {
		v.faulty = t.Name + " " + t.Version
	}
	v.fail(v.host, where, t.Name+" "+t.Version+how+": "+verdict)
}

func (v *inventory) doubtful(t scanner.Technology, verdict string) {
	where, how := shownBy(t)
	if v.shaky == "" {
		v.shaky = t.Name + " " + t.Version
	}
	v.warn(v.host, where, t.Name+" "+t.Version+how+": "+verdict)
}

// endOfLife: a version that its makers mend no more is a fault, unless somebody
// who ships it still may.
func endOfLife(v *inventory, t scanner.Technology) {
	cycle, ok := v.catalogue.Lifetime(t.ID, t.Version)
	if !ok {
		return
	}
	today := v.facts.Started.UTC().Truncate(24 * time.Hour)
	ends := cycle.Ends.Format(time.DateOnly)
	switch {
	case !today.After(cycle.Ends):
		where, _ := shownBy(t)
		v.pass(where, t.Name+" "+t.Version+": mended until "+ends)
	case !cycle.Elsewhere.IsZero() && !today.After(cycle.Elsewhere):
		v.doubtful(t, "its makers' last fixes came on "+ends+"; some distributions mend it until "+cycle.Elsewhere.Format(time.DateOnly)+"; "+cycle.Source)
	default:
		v.bad(t, "no fixes since "+ends+"; "+cycle.Source)
	}
}

// exploited: a distribution closes holes without changing the version that a
// server shows, so where one is named the hole may be closed. A hole that
// takes a certain set-up as well is then left out: that would be two guesses.
func exploited(v *inventory, t scanner.Technology) {
	shipped := fromDistribution(t)
	clean := v.catalogue.Knows(t.ID)
	for _, x := range v.catalogue.Exploited(t.ID, t.Version) {
		if !v.has(x.With) {
			continue
		}
		verdict := fmt.Sprintf("%s, closed in %s; %s", x.CVE, x.FixedIn(t.Version), x.Source)
		switch {
		case shipped && x.Depends:
			continue
		case shipped:
			v.doubtful(t, verdict+"; the distribution may have patched it")
		case x.Depends:
			v.doubtful(t, verdict+"; depends on the set-up")
		default:
			v.bad(t, verdict)
		}
		clean = false
	}
	if clean {
		where, _ := shownBy(t)
		v.pass(where, t.Name+" "+t.Version+": no hole in the catalogue of "+v.catalogue.Date.Format(time.DateOnly))
	}
}

// has tells whether the site is made with one of these, or none is asked for.
func (v *inventory) has(ids []string) bool {
	return len(ids) == 0 || slices.ContainsFunc(v.facts.Web.Technologies, func(t scanner.Technology) bool { return slices.Contains(ids, t.ID) })
}

// distribution finds the names that packages of Linux distributions put beside
// a version.
var distribution = regexp.MustCompile(`(?i)\b(?:debian|ubuntu|red hat|rhel|centos|almalinux|rocky|fedora|oracle linux|amazon(?: linux)?|suse|alpine|raspbian|gentoo)\b|[-+~.](?:deb\d|el\d|ubuntu|amzn)|\bfips\b|[-+~]\d+ubuntu`)

func fromDistribution(t scanner.Technology) bool {
	return slices.ContainsFunc(t.Evidence, func(e scanner.Evidence) bool {
		return distribution.MatchString(e.Observed) && strings.Contains(e.Observed, t.Version)
	})
}
