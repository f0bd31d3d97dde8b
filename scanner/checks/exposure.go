package checks

import (
	"github.com/cybersec-infohub/infohub/scanner"
)

// exposureChecks are the checks of the family exposure: what an ordinary visit
// shows, and what the active templates found.
func exposureChecks() []scanner.Check {
	web := []string{"web"}
	checks := []scanner.Check{
		{Rule: "exposure.listing.home", Needs: web, Judge: onBodies(func(b *scanner.Page) string {
			if b.Listing {
				return "a list of files: " + b.Title
			}
			return ""
		})},
		{Rule: "exposure.page.default", Needs: web, Judge: onBodies(func(b *scanner.Page) string {
			if b.Default != "" {
				return "welcome page: " + b.Default
			}
			return ""
		})},
		{Rule: "exposure.page.error-trace", Needs: web, Judge: onBodies(func(b *scanner.Page) string {
			if b.Trace != "" {
				return "program error: " + b.Trace
			}
			return ""
		})},
	}
	for _, id := range templates() {
		checks = append(checks, scanner.Check{Rule: id, Needs: []string{"active"}, Judge: onTemplate(id)})
	}
	return checks
}

// templates are the active rules; each has a template with the same id.
func templates() []string {
	return []string{
		"exposure.git.config",
		"exposure.env.file",
		"exposure.backup.archive",
		"exposure.sql.dump",
		"exposure.phpinfo.page",
		"exposure.server-status.public",
		"exposure.ds-store.file",
		"exposure.htpasswd.file",
	}
}

// onBodies looks at the page at the end of every start. Error answers count
// too, since that is where traces and welcome pages are; but only a good
// answer clears the site.
func onBodies(fault func(*scanner.Page) string) func(*scanner.Facts) scanner.Finding {
	return func(f *scanner.Facts) scanner.Finding {
		var v votes
		seen := map[string]bool{}
		for i := range f.Web.Roots {
			root := &f.Web.Roots[i]
			last := root.Last()
			if root.Page == nil || last == nil || seen[last.URL] || !sameSite(hostOf(last.URL), f.Target.Domain) {
				continue
			}
			seen[last.URL] = true
			if what := fault(root.Page); what != "" {
				v.fail(hostOf(last.URL), last.URL, what)
			}
		}
		if len(v.fails) == 0 {
			found := pages(f)
			if len(found) == 0 {
				return noPage(f, "")
			}
			for _, p := range found {
				v.pass(p.url, "no sign of it")
				p.brokeOff(&v)
			}
		}
		return v.finding()
	}
}

// onTemplate reads what became of one active template at every target.
func onTemplate(id string) func(*scanner.Facts) scanner.Finding {
	return func(f *scanner.Facts) scanner.Finding {
		if f.Active == nil { // not asked for, or the engine is not installed
			return scanner.DoesNotApply(scanner.NANotActive)
		}
		var v votes
		for _, r := range f.Active.Templates {
			if r.Template != id {
				continue
			}
			switch r.Status {
			case scanner.ActiveMatched:
				at := r.MatchedAt
				if at == "" {
					at = r.Target
				}
				v.fail(hostOf(at), at, "the template "+id+" matched")
			case scanner.ActiveClean:
				v.pass(r.Target, "the template "+id+" did not match")
			default:
				why := r.Failure
				if why == nil {
					why = scanner.Failf(scanner.FailInternal, "no reason was recorded")
				}
				if isClosed(why) {
					v.skip(scanner.NANoWeb)
					continue
				}
				v.unknown(why, r.Target, why.Error())
			}
		}
		if len(v.fails)+len(v.passes)+len(v.unseen) > 0 || v.because != "" {
			return v.finding()
		}
		if f.Web != nil && len(pages(f)) == 0 {
			return noPage(f, "")
		}
		return scanner.CannotTell(scanner.Failf(scanner.FailInternal, "the engine said nothing about the template "+id))
	}
}
