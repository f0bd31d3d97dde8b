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
		{Rule: "exposure.page.error-trace", Needs: web, Judge: errorTrace},
	}
	active := []string{"active"}
	for _, id := range templates() {
		checks = append(checks, scanner.Check{Rule: id, Needs: active, Judge: onTemplate(id, (*votes).fail)})
	}
	for _, id := range adviceTemplates() {
		checks = append(checks, scanner.Check{Rule: id, Needs: active, Judge: onTemplate(id, (*votes).warn)})
	}
	return append(checks, scanner.Check{Rule: "exposure.template.matched", Needs: active, Judge: onGiven})
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
		"exposure.private-key.file",
		"exposure.wp-config.backup",
		"exposure.config.backup",
		"exposure.tool.credentials",
		"exposure.ftp.credentials",
		"exposure.database.file",
		"exposure.svn.repository",
		"exposure.hg.repository",
		"exposure.actuator.open",
		"exposure.installer.open",
		"exposure.compose.file",
		"exposure.log.file",
		"exposure.listing.backup",
		"exposure.listing.uploads",
		"exposure.phpmyadmin.login",
		"exposure.adminer.login",
		"exposure.pprof.open",
		"exposure.metrics.open",
		"exposure.symfony.profiler",
		"exposure.laravel.telescope",
		"exposure.laravel.ignition",
		"exposure.django.debug",
		"exposure.rails.info",
		"exposure.aspnet.trace",
		"exposure.elmah.log",
		"exposure.server-info.public",
		"exposure.nginx-status.public",
		"exposure.php-fpm.status",
		"exposure.tomcat.manager",
		"exposure.crossdomain.wildcard",
		"exposure.bucket.listing",
		"exposure.wordpress.users",
		"exposure.cms.version",
		"exposure.dependency.list",
		"exposure.source-map.file",
	}
}

// adviceTemplates are those whose rule is advice: what they find may be meant.
func adviceTemplates() []string {
	return []string{"exposure.openapi.document", "exposure.graphql.introspection"}
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

// errorTrace looks at the error page too: that is where programs tell what they
// should not.
func errorTrace(f *scanner.Facts) scanner.Finding {
	finding := onBodies(func(b *scanner.Page) string {
		if b.Trace != "" {
			return "program error: " + b.Trace
		}
		return ""
	})(f)
	e := f.Web.ErrorPage
	if e == nil || finding.Outcome == scanner.Fail || !sameSite(hostOf(e.URL), f.Target.Domain) {
		return finding
	}
	var v votes
	switch {
	case e.Page != nil && e.Page.Trace != "":
		v.fail(hostOf(e.URL), e.URL, "program error: "+e.Page.Trace)
	case finding.Outcome == scanner.Pass && e.Failure != nil && e.Failure.Kind != scanner.FailBlocked:
		v.unknown(e.Failure, e.URL, e.Failure.Error())
	default:
		return finding
	}
	return v.finding()
}

// onTemplate reads what became of one of our templates at every target.
func onTemplate(id string, found func(v *votes, host, subject, observed string)) func(*scanner.Facts) scanner.Finding {
	return func(f *scanner.Facts) scanner.Finding {
		if f.Active == nil { // not asked for, or the engine is not installed
			return scanner.DoesNotApply(scanner.NANotActive)
		}
		var v votes
		for i := range f.Active.Templates {
			if r := &f.Active.Templates[i]; r.Template == id && !r.Given {
				v.active(r, found)
			}
		}
		return v.ofActive(f, "the engine said nothing about the template "+id)
	}
}

// onGiven reads what became of the templates that the user handed over.
func onGiven(f *scanner.Facts) scanner.Finding {
	if f.Active == nil {
		return scanner.DoesNotApply(scanner.NANotActive)
	}
	var v votes
	given := false
	for i := range f.Active.Templates {
		if r := &f.Active.Templates[i]; r.Given {
			given = true
			v.active(r, (*votes).fail)
		}
	}
	if !given {
		return scanner.DoesNotApply(scanner.NANotGiven)
	}
	return v.ofActive(f, "the engine said nothing about the templates")
}

// active takes how one template ended at one target.
func (v *votes) active(r *scanner.ActiveResult, found func(v *votes, host, subject, observed string)) {
	switch r.Status {
	case scanner.ActiveMatched:
		at := r.MatchedAt
		if at == "" {
			at = r.Target
		}
		found(v, hostOf(at), at, "the template "+r.Template+" matched")
	case scanner.ActiveClean:
		v.pass(r.Target, "the template "+r.Template+" did not match")
	default:
		why := r.Failure
		if why == nil {
			why = scanner.Failf(scanner.FailInternal, "no reason was recorded")
		}
		if isClosed(why) {
			v.skip(scanner.NANoWeb)
			return
		}
		v.unknown(why, r.Target, why.Error())
	}
}

// ofActive is the finding; nothing says why there may be no result at all.
func (v *votes) ofActive(f *scanner.Facts, nothing string) scanner.Finding {
	if len(v.fails)+len(v.warns)+len(v.passes)+len(v.unseen) > 0 || v.because != "" {
		return v.finding()
	}
	if f.Web != nil && len(pages(f)) == 0 {
		return noPage(f, "")
	}
	return scanner.CannotTell(scanner.Failf(scanner.FailInternal, nothing))
}
