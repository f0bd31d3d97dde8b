package checks

import (
	"fmt"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// redirectChecks are the rules on how http leads to https.
func redirectChecks() []scanner.Check {
	web := []string{"web"}
	return []scanner.Check{
		{Rule: "web.redirect.other-host", Needs: web, Judge: onFirstRedirects(redirectOtherHost)},
		{Rule: "web.redirect.temporary", Needs: web, Judge: onFirstRedirects(redirectTemporary)},
	}
}

// onFirstRedirects judges the first answer of every http start that leads
// straight to https. What does not is web.https.no-redirect's.
func onFirstRedirects(judge func(v *votes, root *scanner.WebRoot, to string)) func(*scanner.Facts) scanner.Finding {
	return func(f *scanner.Facts) scanner.Finding {
		if len(answers(f, "https")) == 0 {
			return noPage(f, "https")
		}
		var v votes
		overHTTP(f, &v, func(root *scanner.WebRoot) {
			hop, to := &root.Hops[0], redirectOf(root)
			switch {
			case isBlockPage(root):
				v.unknown(root.Failure, root.Start, root.Failure.Error())
			case strings.HasPrefix(to, "https://"):
				judge(&v, root, to)
			case to == "" && (hop.Status == 403 || hop.Status == 429 || hop.Status >= 500):
				v.unknown(refusal(hop), root.Start, fmt.Sprint("status ", hop.Status))
			case to == "" && hop.Status >= 400:
				v.skip(scanner.NANotUsed)
			default:
				v.skip(scanner.NACovered)
			}
		})
		v.skip(scanner.NANotUsed) // no start over http
		return v.finding()
	}
}

// redirectOtherHost: a browser takes Strict-Transport-Security from the name
// that it visits over https (RFC 6797 section 8.1). One who is led elsewhere at
// once never visits this one.
func redirectOtherHost(v *votes, root *scanner.WebRoot, to string) {
	seen := fmt.Sprintf("status %d, Location: %s", root.Hops[0].Status, to)
	if host := hostOf(root.Start); hostOf(to) != host {
		v.fail(host, root.Start, seen)
	} else {
		v.pass(root.Start, seen)
	}
}

// redirectTemporary: 302, 303 and 307 are asked for again each time (RFC 9110
// section 15.4), over http.
func redirectTemporary(v *votes, root *scanner.WebRoot, to string) {
	status := root.Hops[0].Status
	seen := fmt.Sprintf("status %d, Location: %s", status, to)
	switch status {
	case 302, 303, 307:
		v.fail(hostOf(root.Start), root.Start, seen)
	default:
		v.pass(root.Start, seen)
	}
}
