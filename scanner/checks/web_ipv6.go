package checks

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// ipv6Checks are the rules on the site over IPv6.
func ipv6Checks() []scanner.Check {
	web := []string{"web"}
	return []scanner.Check{
		{Rule: "web.ipv6.missing", Needs: web, Judge: onIPv6(ipv6Missing)},
		{Rule: "web.ipv6.unreachable", Needs: web, Judge: onIPv6(ipv6Unreachable)},
		{Rule: "web.ipv6.different", Needs: web, Judge: onIPv6(ipv6Different)},
	}
}

// onIPv6 judges each web name that answers at all.
func onIPv6(judge func(v *votes, f *scanner.Facts, h *scanner.IPv6Host)) func(*scanner.Facts) scanner.Finding {
	return func(f *scanner.Facts) scanner.Finding {
		if len(f.Web.IPv6) == 0 {
			if f.DNS != nil && f.DNS.Failure != nil && f.DNS.Failure.Kind == scanner.FailUnresolved {
				return scanner.DoesNotApply(scanner.NANotInDNS)
			}
			return notAsked(f, "")
		}
		var v votes
		for i := range f.Web.IPv6 {
			h := &f.Web.IPv6[i]
			switch {
			case !answersAtAll(f, h.Name):
			case h.Lookup != nil:
				v.unknown(h.Lookup, h.Name, h.Lookup.Error())
			default:
				judge(&v, f, h)
			}
		}
		if len(v.fails)+len(v.warns)+len(v.passes)+len(v.unseen) == 0 && v.because == "" {
			return noPage(f, "")
		}
		return v.finding()
	}
}

func answersAtAll(f *scanner.Facts, name string) bool {
	for i := range f.Web.Roots {
		root := &f.Web.Roots[i]
		if hostOf(root.Start) == name && len(root.Hops) > 0 && root.Hops[0].Status != 0 {
			return true
		}
	}
	return false
}

func ipv6Missing(v *votes, _ *scanner.Facts, h *scanner.IPv6Host) {
	if len(h.Addrs) == 0 {
		v.fail(h.Name, h.Name, "no AAAA")
	} else {
		v.pass(h.Name, "AAAA "+h.Addrs[0].String())
	}
}

// ipv6Unreachable: a refusal or a broken handshake is an answer over IPv6.
// Silence may be our own network's, unless something else of this scan was
// reached over IPv6.
func ipv6Unreachable(v *votes, f *scanner.Facts, h *scanner.IPv6Host) {
	a := h.Answer
	if a == nil {
		v.skip(scanner.NANoRecord)
		return
	}
	where := fmt.Sprintf("%s (%s)", a.URL, a.Addr)
	if a.Failure == nil {
		v.pass(where, fmt.Sprint("status ", a.Status))
		return
	}
	if deadOverIPv6(f, a.Failure) {
		v.fail(h.Name, where, a.Failure.Error())
	} else {
		v.unknown(a.Failure, where, a.Failure.Error())
	}
}

func deadOverIPv6(f *scanner.Facts, why *scanner.Failure) bool {
	switch why.Kind {
	case scanner.FailRefused, scanner.FailTLS:
		return true
	case scanner.FailTimeout, scanner.FailReset, scanner.FailUnreachable:
		return sawIPv6(f)
	}
	return false
}

// sawIPv6: something answered over IPv6, so that the machine that scans has it.
func sawIPv6(f *scanner.Facts) bool {
	for i := range f.Web.IPv6 {
		if a := f.Web.IPv6[i].Answer; a != nil && a.Status != 0 {
			return true
		}
	}
	if f.DNS != nil {
		for _, s := range f.DNS.Servers {
			if s.Addr.Is6() && !s.Addr.Is4In6() && s.Failure == nil {
				return true
			}
		}
	}
	return false
}

// ipv6Different compares with the answer over IPv4 to the same address. A
// redirect may carry a number of this visit behind the question mark, and a
// title may count something.
func ipv6Different(v *votes, f *scanner.Facts, h *scanner.IPv6Host) {
	a := h.Answer
	if a == nil {
		v.skip(scanner.NANoRecord)
		return
	}
	where := fmt.Sprintf("%s (%s)", a.URL, a.Addr)
	root := rootAt(f, a.URL)
	switch {
	case a.Failure != nil && deadOverIPv6(f, a.Failure):
		v.skip(scanner.NACovered) // web.ipv6.unreachable says so
		return
	case a.Failure != nil:
		v.unknown(a.Failure, where, a.Failure.Error())
		return
	case root == nil, !root.Hops[0].Addr.Unmap().Is4():
		v.skip(scanner.NANotUsed) // nothing answered over IPv4
		return
	}
	four := &root.Hops[0]
	to, expected := withoutQuery(a.Location), withoutQuery(redirectOf(root))
	seen := fmt.Sprintf("status %d", a.Status)
	switch {
	case a.TLSName != "" && four.TLSName == "":
		v.fail(h.Name, where, "another certificate: "+a.TLSName)
	case four.Status < 400 && (a.Status == 403 || a.Status == 429):
		why := refusal(&scanner.Hop{URL: a.URL, Status: a.Status})
		v.unknown(why, where, seen)
	case to != expected:
		v.fail(h.Name, where, fmt.Sprintf("%s to %q, over IPv4 status %d to %q", seen, to, four.Status, expected))
	case a.Status != four.Status && to == "":
		v.fail(h.Name, where, fmt.Sprintf("%s, over IPv4 status %d", seen, four.Status))
	case len(root.Hops) == 1 && root.Page != nil && root.Page.Title != a.Title:
		v.warn(h.Name, where, fmt.Sprintf("title %q, over IPv4 %q", a.Title, root.Page.Title))
	default:
		v.pass(where, seen+", as over IPv4")
	}
}

func rootAt(f *scanner.Facts, start string) *scanner.WebRoot {
	for i := range f.Web.Roots {
		if root := &f.Web.Roots[i]; root.Start == start && len(root.Hops) > 0 {
			return root
		}
	}
	return nil
}

func withoutQuery(address string) string {
	if u, err := url.Parse(address); err == nil {
		u.RawQuery, u.Fragment = "", ""
		address = u.String()
	}
	return strings.TrimSuffix(address, "/")
}
