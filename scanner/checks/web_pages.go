package checks

import (
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/cybersec-infohub/infohub/scanner"
)

// page is an answer of the site's own that a rule judges.
type page struct {
	url, host string
	hop       *scanner.Hop
	body      *scanner.Page // nil: no HTML
}

// brokeOff makes a page whose end did not come unknown: the fault may have been
// there. A fault that was seen stays one.
func (p page) brokeOff(v *votes) {
	if why := p.hop.BodyFailure; why != nil {
		v.unknown(why, p.url, why.Error())
	}
}

// pages are the distinct pages that stand for the site: the ends of its https
// starts or, where https leads to none, of its http starts.
func pages(f *scanner.Facts) []page {
	if found := pagesOver(f, "https"); len(found) > 0 {
		return found
	}
	return pagesOver(f, "http")
}

// pagesOver are the distinct pages at which a visitor ends over this scheme,
// wherever that visitor began: good answers of the target's own site.
func pagesOver(f *scanner.Facts, scheme string) []page {
	var found []page
	seen := map[string]bool{}
	for i := range f.Web.Roots {
		root := &f.Web.Roots[i]
		last := root.Last()
		if root.Failure != nil || last == nil || last.Status >= 400 || seen[last.URL] {
			continue
		}
		p := page{url: last.URL, host: hostOf(last.URL), hop: last, body: root.Page}
		if !strings.HasPrefix(p.url, scheme+"://") || !sameSite(p.host, f.Target.Domain) {
			continue
		}
		seen[p.url] = true
		found = append(found, p)
	}
	return found
}

// answers are all answers of the target's own site over this scheme ("" for
// either), redirects and errors included. An address that was asked twice is
// there twice: the answers may differ.
func answers(f *scanner.Facts, scheme string) []page {
	var found []page
	for i := range f.Web.Roots {
		for j := range f.Web.Roots[i].Hops {
			hop := &f.Web.Roots[i].Hops[j]
			host := hostOf(hop.URL)
			if hop.Status == 0 || !sameSite(host, f.Target.Domain) || (scheme != "" && !strings.HasPrefix(hop.URL, scheme+"://")) {
				continue
			}
			found = append(found, page{url: hop.URL, host: host, hop: hop})
		}
	}
	return found
}

// onPages judges every page that stands for the site.
func onPages(judge func(v *votes, p page)) func(*scanner.Facts) scanner.Finding {
	return judgePages(pages, "", judge)
}

// onSecurePages judges every page over https.
func onSecurePages(judge func(v *votes, p page)) func(*scanner.Facts) scanner.Finding {
	return judgePages(func(f *scanner.Facts) []page { return pagesOver(f, "https") }, "https", judge)
}

func judgePages(of func(*scanner.Facts) []page, scheme string, judge func(v *votes, p page)) func(*scanner.Facts) scanner.Finding {
	return func(f *scanner.Facts) scanner.Finding {
		found := of(f)
		if len(found) == 0 {
			return noPage(f, scheme)
		}
		var v votes
		for _, p := range found {
			judge(&v, p)
		}
		return v.finding()
	}
}

// noPage says why there is no page to judge over the scheme ("" for either):
// unknown where something kept us from it, not applicable where there is none.
func noPage(f *scanner.Facts, scheme string) scanner.Finding {
	var v votes
	var elsewhere, closed bool
	for i := range f.Web.Roots {
		root := &f.Web.Roots[i]
		if !strings.HasPrefix(root.Start, scheme) {
			continue
		}
		last := root.Last()
		switch {
		case root.Failure != nil && isClosed(root.Failure):
			closed = true
		case root.Failure != nil && root.Failure.Kind == scanner.FailTLS && scheme == "https" && answersPlainly(f):
			closed = true
		case root.Failure != nil:
			v.unknown(root.Failure, root.Start, root.Failure.Error())
		case last != nil && !sameSite(hostOf(last.URL), f.Target.Domain):
			elsewhere = true
		case last != nil && last.Status >= 400:
			why := refusal(last)
			v.unknown(why, last.URL, fmt.Sprint("status ", last.Status))
		default:
			closed = true // it ended, but not over this scheme
		}
	}
	switch {
	case v.failure != nil:
		return v.finding()
	case elsewhere:
		return scanner.DoesNotApply(scanner.NAElsewhere)
	case !closed:
		return notTried(f)
	case scheme == "https" && answersPlainly(f):
		return scanner.DoesNotApply(scanner.NANoHTTPS)
	}
	return scanner.DoesNotApply(scanner.NANoWeb)
}

// notTried: there is no start to judge, either because no name has an address
// or because something kept the probes from learning it.
func notTried(f *scanner.Facts) scanner.Finding {
	if f.DNS != nil {
		for _, h := range f.DNS.Hosts {
			if h.Failure != nil {
				return scanner.CannotTell(h.Failure, scanner.Evidence{Subject: h.Name, Observed: h.Failure.Error()})
			}
		}
	}
	if run := f.RunOf("web"); run != nil && run.Failure != nil {
		return scanner.CannotTell(run.Failure)
	}
	return scanner.DoesNotApply(scanner.NANoWeb)
}

// isClosed: there is no server, and we know it.
func isClosed(why *scanner.Failure) bool {
	return why.Kind == scanner.FailRefused || why.Kind == scanner.FailUnresolved
}

// answersPlainly tells whether anything of the site answered over http.
func answersPlainly(f *scanner.Facts) bool { return len(answers(f, "http")) > 0 }

// refusal is why an error answer says nothing about the site: a stranger who
// is turned away (403, 429) has not seen the page.
func refusal(hop *scanner.Hop) *scanner.Failure {
	kind := scanner.FailServer
	if hop.Status == 403 || hop.Status == 429 {
		kind = scanner.FailBlocked
	}
	return scanner.Failf(kind, fmt.Sprintf("%s answered with status %d", hop.URL, hop.Status))
}

// isBlockPage: the first answer is a firewall's, not the site's.
func isBlockPage(root *scanner.WebRoot) bool {
	return len(root.Hops) == 1 && root.Failure != nil && root.Failure.Kind == scanner.FailBlocked
}

// hostOf returns the host name of an address, in lower case, "" if it has none.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
}

// sameSite tells whether two names belong to one registered domain, and so to
// one owner.
func sameSite(a, b string) bool {
	if a == b {
		return true
	}
	x, err := publicsuffix.EffectiveTLDPlusOne(a)
	if err != nil {
		return false
	}
	y, err := publicsuffix.EffectiveTLDPlusOne(b)
	return err == nil && x == y
}
