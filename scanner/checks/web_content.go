package checks

import (
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// contentChecks are the rules on what a page loads and where its forms go.
func contentChecks() []scanner.Check {
	web := []string{"web"}
	return []scanner.Check{
		{Rule: "web.mixed-content.active", Needs: web, Judge: onSecurePages(mixedContent)},
		{Rule: "web.sri.missing", Needs: web, Judge: onPages(sriMissing)},
		{Rule: "web.form.insecure", Needs: web, Judge: formInsecure},
	}
}

// mixedContent: scripts, styles and frames over http let anybody on the way
// rewrite the page; pictures only themselves.
func mixedContent(v *votes, p page) {
	if policiesOf(p).has("upgrade-insecure-requests") {
		v.pass(p.url, "Content-Security-Policy: upgrade-insecure-requests")
		return
	}
	p.brokeOff(v)
	if p.body == nil {
		v.skip(scanner.NANotUsed)
		return
	}
	clean := true
	look := func(list []scanner.Resource, active func(tag string) bool) {
		for _, r := range list {
			switch {
			case !isPlain(r.URL):
				continue
			case active(r.Tag):
				v.fail(p.host, p.url, r.Tag+" "+r.URL)
			default:
				v.warn(p.host, p.url, r.Tag+" "+r.URL)
			}
			clean = false
		}
	}
	always := func(string) bool { return true }
	look(p.body.Scripts, always)
	look(p.body.Styles, always)
	look(p.body.Media, func(tag string) bool {
		switch tag {
		case "iframe", "frame", "object", "embed":
			return true
		}
		return false
	})
	if clean {
		v.pass(p.url, "nothing is loaded over http")
	}
}

// sriMissing: a script of another owner is only as safe as that owner's server,
// unless the page says what it must contain.
func sriMissing(v *votes, p page) {
	p.brokeOff(v)
	if p.body == nil {
		v.skip(scanner.NANotUsed)
		return
	}
	for _, s := range p.body.Scripts {
		host := hostOf(s.URL)
		switch {
		case host == "" || sameSite(host, p.host):
		case s.Integrity:
			v.pass(p.url, s.URL+" (integrity)")
		default:
			v.fail(p.host, p.url, s.URL)
		}
	}
	v.skip(scanner.NANotUsed)
}

// formInsecure looks at pages over either scheme: a password form on an http
// page can be rewritten before it is filled in, wherever it sends to.
func formInsecure(f *scanner.Facts) scanner.Finding {
	var v votes
	secure, plain := pagesOver(f, "https"), pagesOver(f, "http")
	if len(secure)+len(plain) == 0 {
		return noPage(f, "")
	}
	for _, p := range secure {
		p.brokeOff(&v)
		for _, form := range formsOf(p) {
			seen := form.Method + " " + form.Action
			switch {
			case !isPlain(form.Action):
				v.pass(p.url, seen)
			case form.Password || form.Method == "POST":
				v.fail(p.host, p.url, seen)
			default: // a search: what is asked for can be read, but nothing secret is sent
				v.warn(p.host, p.url, seen)
			}
		}
	}
	for _, p := range plain {
		p.brokeOff(&v)
		for _, form := range formsOf(p) {
			if form.Password {
				v.fail(p.host, p.url, form.Method+" "+form.Action+" with a password")
			} else {
				v.pass(p.url, form.Method+" "+form.Action)
			}
		}
	}
	v.skip(scanner.NANotUsed)
	return v.finding()
}

func formsOf(p page) []scanner.Form {
	if p.body == nil {
		return nil
	}
	return p.body.Forms
}

// isPlain tells whether an absolute address is http's.
func isPlain(address string) bool {
	return len(address) >= 7 && strings.EqualFold(address[:7], "http://")
}
