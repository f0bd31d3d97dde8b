package checks

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// webChecks are the checks of the family web.
func webChecks() []scanner.Check {
	web := []string{"web"}
	return slices.Concat([]scanner.Check{
		{Rule: "web.https.no-redirect", Needs: web, Judge: noRedirect},
		{Rule: "web.redirect.loop", Needs: web, Judge: redirectLoop},
		{Rule: "web.cors.reflected-origin", Needs: web, Judge: corsReflected},
	}, redirectChecks(), hstsChecks(), policyChecks(), headerChecks(), isolationChecks(), cookieChecks(), contentChecks(),
		securityTxtChecks(), linkedChecks(), leakChecks(), ipv6Checks())
}

// noRedirect: http has to lead to https in one step, so that as little as
// possible goes over the wire unprotected.
func noRedirect(f *scanner.Facts) scanner.Finding {
	if len(answers(f, "https")) == 0 {
		return noPage(f, "https")
	}
	var v votes
	overHTTP(f, &v, func(root *scanner.WebRoot) { firstHop(&v, root) })
	if v.because == "" {
		v.because = scanner.NANoWeb
	}
	return v.finding()
}

// overHTTP gives judge every http start that answered, and votes for the others.
func overHTTP(f *scanner.Facts, v *votes, judge func(*scanner.WebRoot)) {
	for i := range f.Web.Roots {
		root := &f.Web.Roots[i]
		if !strings.HasPrefix(root.Start, "http://") {
			continue
		}
		if len(root.Hops) == 0 || root.Hops[0].Status == 0 {
			if root.Failure == nil || isClosed(root.Failure) {
				v.skip(scanner.NANotUsed)
			} else {
				v.unknown(root.Failure, root.Start, root.Failure.Error())
			}
			continue
		}
		judge(root)
	}
}

// firstHop judges the first answer of one http start.
func firstHop(v *votes, root *scanner.WebRoot) {
	hop := &root.Hops[0]
	host, to := hostOf(root.Start), redirectOf(root)
	seen := fmt.Sprint("status ", hop.Status)
	switch {
	case isBlockPage(root):
		v.unknown(root.Failure, root.Start, root.Failure.Error())
	case strings.HasPrefix(to, "https://"):
		v.pass(root.Start, seen+", Location: "+to)
	case to != "" && strings.HasPrefix(root.Hops[len(root.Hops)-1].URL, "https://"):
		v.warn(host, root.Start, seen+", Location: "+to+", and to https only after that")
	case to != "":
		v.fail(host, root.Start, seen+", Location: "+to)
	case hop.Status == 403, hop.Status == 429, hop.Status >= 500:
		v.unknown(refusal(hop), root.Start, seen)
	case hop.Status >= 400 && hop.Status != 401:
		v.pass(root.Start, seen+": no page without https")
	default: // a page, or a request for a password (401)
		v.fail(host, root.Start, seen+", no redirect")
	}
}

// redirectOf returns where the first answer leads, as an absolute address, or "".
func redirectOf(root *scanner.WebRoot) string {
	hop := &root.Hops[0]
	if hop.Status < 300 || hop.Status > 399 {
		return ""
	}
	if len(root.Hops) > 1 {
		return root.Hops[1].URL
	}
	base, err := url.Parse(hop.URL)
	if err != nil {
		return ""
	}
	for _, location := range hop.Get("Location") {
		if to, err := base.Parse(location); err == nil {
			return to.String()
		}
	}
	return ""
}

// redirectLoop looks at every start. One that never answered has no loop that
// could be seen; one that broke in the middle may have.
func redirectLoop(f *scanner.Facts) scanner.Finding {
	var v votes
	for i := range f.Web.Roots {
		root := &f.Web.Roots[i]
		last := root.Last()
		switch {
		case root.Loop && len(root.Hops) > 0:
			v.fail(hostOf(root.Start), root.Start, fmt.Sprintf("%d redirects, the last to %s", len(root.Hops)-1, root.Hops[len(root.Hops)-1].URL))
		case root.Loop:
			v.fail(hostOf(root.Start), root.Start, "redirects in a circle")
		case last == nil:
		case root.Failure != nil && !isClosed(root.Failure):
			v.unknown(root.Failure, root.Start, root.Failure.Error())
		default:
			v.pass(root.Start, fmt.Sprintf("%d redirects, ends at %s with status %d", len(root.Hops)-1, last.URL, last.Status))
		}
	}
	if len(v.fails)+len(v.passes) == 0 && v.failure == nil {
		return noPage(f, "")
	}
	return v.finding()
}

// corsReflected: an answer that names whichever site asked opens the page to
// every site; with credentials, as the visitor who is signed in.
func corsReflected(f *scanner.Facts) scanner.Finding {
	c := f.Web.CORS
	switch {
	case c == nil:
		return notAsked(f, "")
	case !sameSite(hostOf(c.URL), f.Target.Domain):
		return scanner.DoesNotApply(scanner.NAElsewhere)
	case c.Failure != nil:
		return scanner.CannotTell(c.Failure, scanner.Evidence{Subject: c.URL, Observed: c.Failure.Error()})
	}
	seen := fmt.Sprintf("Origin: %s -> Access-Control-Allow-Origin: %s", c.Origin, c.AllowOrigin)
	if c.AllowOrigin == "" {
		seen = fmt.Sprintf("Origin: %s -> no Access-Control-Allow-Origin", c.Origin)
	}
	if c.Credentials {
		seen += ", Access-Control-Allow-Credentials: true"
	}
	var v votes
	switch reflected := c.AllowOrigin != "" && strings.EqualFold(c.AllowOrigin, c.Origin); {
	case reflected && c.Credentials:
		v.fail(hostOf(c.URL), c.URL, seen)
	case reflected, strings.EqualFold(c.AllowOrigin, "null"):
		v.warn(hostOf(c.URL), c.URL, seen)
	default: // "*" too: browsers send no cookies then
		v.pass(c.URL, seen)
	}
	return v.finding()
}

// notAsked: a question that is put to the main page was not put.
func notAsked(f *scanner.Facts, scheme string) scanner.Finding {
	var found []page
	if scheme == "" {
		found = pages(f)
	} else {
		found = pagesOver(f, scheme)
	}
	if len(found) == 0 {
		return noPage(f, scheme)
	}
	if run := f.RunOf("web"); run != nil && run.Failure != nil {
		return scanner.CannotTell(run.Failure)
	}
	return scanner.CannotTell(scanner.Failf(scanner.FailInternal, "the question was not put"))
}
