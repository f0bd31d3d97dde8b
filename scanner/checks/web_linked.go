package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// linkedChecks are the rules on other hosts that the main page loads from.
func linkedChecks() []scanner.Check {
	web := []string{"web"}
	return []scanner.Check{
		{Rule: "web.linked-host.dangling", Needs: web, Judge: onLinkedHosts(linkedDangling)},
		{Rule: "web.linked-host.tls", Needs: web, Judge: onLinkedHosts(linkedTLS)},
	}
}

// onLinkedHosts judges each host that the main page loads from.
func onLinkedHosts(judge func(v *votes, p page, h scanner.LinkedHost)) func(*scanner.Facts) scanner.Finding {
	return func(f *scanner.Facts) scanner.Finding {
		main := f.Web.Main()
		if main == nil {
			return noPage(f, "")
		}
		p := page{url: main.Last().URL, host: hostOf(main.Last().URL), hop: main.Last()}
		if !sameSite(p.host, f.Target.Domain) {
			return scanner.DoesNotApply(scanner.NAElsewhere)
		}
		var v votes
		for _, h := range f.Web.LinkedHosts {
			judge(&v, p, h)
		}
		p.brokeOff(&v)
		v.skip(scanner.NANotUsed)
		return v.finding()
	}
}

// linkedDangling: whoever registers a name that a page loads from decides what
// the page loads.
func linkedDangling(v *votes, p page, h scanner.LinkedHost) {
	kinds := strings.Join(h.Kinds, ", ")
	switch {
	case h.Failure != nil:
		v.unknown(h.Failure, h.Name, h.Failure.Error())
	case h.Exists:
		v.pass(h.Name, "exists; "+kinds)
	default:
		v.fail(p.host, h.Name, "does not exist; "+kinds)
	}
}

// linkedTLS: a program that comes over a connection which anybody can answer is
// anybody's program. A host that does not exist is the other rule's.
func linkedTLS(v *votes, p page, h scanner.LinkedHost) {
	switch t := h.TLS; {
	case !slices.Contains(h.Kinds, "script") && !slices.Contains(h.Kinds, "style"):
	case h.Failure != nil:
		v.unknown(h.Failure, h.Name, h.Failure.Error())
	case !h.Exists:
		v.skip(scanner.NACovered)
	case t == nil:
		why := scanner.Failf(scanner.FailLimit, "no handshake was made with "+h.Name)
		v.unknown(why, h.Name, why.Error())
	case t.Failure == nil && t.Error == "":
		v.pass(h.Name, fmt.Sprintf("port %d: a valid certificate", t.Port))
	case t.Failure == nil:
		v.fail(p.host, h.Name, fmt.Sprintf("port %d: %s", t.Port, t.Error))
	case t.Failure.Kind == scanner.FailTLS, t.Failure.Kind == scanner.FailRefused:
		v.fail(p.host, h.Name, fmt.Sprintf("port %d: %s", t.Port, t.Failure.Error()))
	default:
		v.unknown(t.Failure, h.Name, t.Failure.Error())
	}
}
