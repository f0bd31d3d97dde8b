package checks

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

// started is the clock of the facts in these tests.
var started = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// verdict is what a test expects of a finding. detail is part of the evidence
// of a pass, a warning or a fault, the kind of failure of an unknown, and the
// reason of one that does not apply.
type verdict struct {
	outcome scanner.Outcome
	detail  string
	host    string // of a fault or a warning; "" is not looked at
}

func passes(seen string) verdict                { return verdict{scanner.Pass, seen, ""} }
func warns(seen string) verdict                 { return verdict{scanner.Warn, seen, ""} }
func fails(seen string) verdict                 { return verdict{scanner.Fail, seen, ""} }
func isUnknown(k scanner.FailureKind) verdict   { return verdict{scanner.UnknownResult, string(k), ""} }
func notFor(why scanner.NAReason) verdict       { return verdict{scanner.NotApplicable, string(why), ""} }
func (v verdict) on(host string) verdict        { v.host = host; return v }
func (v verdict) String() string                { return string(v.outcome) + " " + v.detail + " " + v.host }
func shows(f scanner.Finding, part string) bool { return strings.Contains(evidenceOf(f), part) }

func evidenceOf(f scanner.Finding) string {
	var b strings.Builder
	for _, e := range f.Evidence {
		b.WriteString(e.Subject + " | " + e.Observed + "\n")
	}
	return b.String()
}

// ruleCase is one row: what the rule says of the facts.
type ruleCase struct {
	about string
	facts *scanner.Facts
	want  verdict
}

// judgeCases runs the rule's check on each row.
func judgeCases(t *testing.T, rule string, cases []ruleCase) {
	t.Helper()
	check := checkOf(t, rule)
	for _, c := range cases {
		t.Run(c.about, func(t *testing.T) {
			got := check.Judge(c.facts)
			wrong := got.Outcome != c.want.outcome
			switch got.Outcome {
			case scanner.UnknownResult:
				wrong = wrong || string(got.Failure.Kind) != c.want.detail
			case scanner.NotApplicable:
				wrong = wrong || string(got.Because) != c.want.detail
			default:
				wrong = wrong || len(got.Evidence) == 0 || !shows(got, c.want.detail)
			}
			if c.want.host != "" && got.Params["host"] != c.want.host {
				wrong = true
			}
			if wrong {
				t.Errorf("%s: want %s, got %s %s %v %v\n%s", rule, c.want, got.Outcome, got.Because, got.Failure, got.Params, evidenceOf(got))
			}
		})
	}
}

func checkOf(t *testing.T, rule string) scanner.Check {
	t.Helper()
	for _, c := range All() {
		if c.Rule == rule {
			return c
		}
	}
	t.Fatalf("no check judges %s", rule)
	return scanner.Check{}
}

// site is the facts of example.hk with these starts.
func site(roots ...scanner.WebRoot) *scanner.Facts {
	return &scanner.Facts{
		Target:  scanner.Target{Domain: "example.hk", Unicode: "example.hk"},
		Started: started,
		Web:     &scanner.WebFacts{Roots: roots},
	}
}

// ended is a start that was followed to its end.
func ended(start string, hops ...scanner.Hop) scanner.WebRoot {
	return scanner.WebRoot{Start: start, Hops: hops}
}

// failed is a start that broke behind these hops.
func failed(start string, kind scanner.FailureKind, hops ...scanner.Hop) scanner.WebRoot {
	return scanner.WebRoot{Start: start, Hops: append(hops, scanner.Hop{URL: start}), Failure: scanner.Failf(kind, "test")}
}

func answer(url string, status int, headers ...string) scanner.Hop {
	h := scanner.Hop{URL: url, Status: status, Addr: netip.MustParseAddr("192.0.2.1")}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		h.Headers = append(h.Headers, scanner.Header{Name: name, Value: value})
	}
	return h
}

const (
	apexHTTPS = "https://example.hk/"
	apexHTTP  = "http://example.hk/"
	wwwHTTPS  = "https://www.example.hk/"
	wwwHTTP   = "http://www.example.hk/"
)

// secured is a site with one https page that has these headers, to which http
// leads.
func secured(headers ...string) *scanner.Facts {
	return site(
		ended(apexHTTP, answer(apexHTTP, 301, "Location: "+apexHTTPS), answer(apexHTTPS, 200, headers...)),
		ended(apexHTTPS, answer(apexHTTPS, 200, headers...)),
	)
}

// secureBody is a site with one https page that holds this.
func secureBody(body scanner.Page, headers ...string) *scanner.Facts {
	f := secured(headers...)
	f.Web.Roots[0].Page, f.Web.Roots[1].Page = &body, &body
	return f
}

// plainOnly is a site whose https port is closed.
func plainOnly(headers ...string) *scanner.Facts {
	return site(ended(apexHTTP, answer(apexHTTP, 200, headers...)), failed(apexHTTPS, scanner.FailRefused))
}

// withBody puts a page behind every start of the facts.
func withBody(f *scanner.Facts, body scanner.Page) *scanner.Facts {
	for i := range f.Web.Roots {
		f.Web.Roots[i].Page = &body
	}
	return f
}

// brokenOff cuts every page of the facts short.
func brokenOff(f *scanner.Facts) *scanner.Facts {
	for i := range f.Web.Roots {
		hops := f.Web.Roots[i].Hops
		hops[len(hops)-1].BodyFailure = scanner.Failf(scanner.FailReset, "cut")
	}
	return f
}

// TestNoPageIsNoVerdict: what keeps us from a page is told apart, by every rule
// of the families that look at pages, and is never a fault or a pass.
func TestNoPageIsNoVerdict(t *testing.T) {
	lost := site()
	lost.DNS = &scanner.DNSFacts{Exists: true, Hosts: []scanner.HostAddrs{{Name: "example.hk", Failure: scanner.Failf(scanner.FailServer, "SERVFAIL")}}}
	stopped := site()
	stopped.Probes = []scanner.ProbeRun{{Name: "web", Failure: scanner.Failf(scanner.FailCancelled, "stopped")}}
	cases := []ruleCase{
		{"no address", site(), notFor(scanner.NANoWeb)},
		{"both ports closed", site(failed(apexHTTP, scanner.FailRefused), failed(apexHTTPS, scanner.FailRefused)), notFor(scanner.NANoWeb)},
		{"no name server answers", lost, isUnknown(scanner.FailServer)},
		{"stopped", stopped, isUnknown(scanner.FailCancelled)},
		{"timeout", site(failed(apexHTTP, scanner.FailTimeout), failed(apexHTTPS, scanner.FailTimeout)), isUnknown(scanner.FailTimeout)},
		{"blocked", site(failed(apexHTTP, scanner.FailBlocked), failed(apexHTTPS, scanner.FailBlocked)), isUnknown(scanner.FailBlocked)},
		{"reset", site(failed(apexHTTP, scanner.FailRefused), failed(apexHTTPS, scanner.FailReset)), isUnknown(scanner.FailReset)},
		{"https alone, without a handshake", site(failed(apexHTTP, scanner.FailRefused), failed(apexHTTPS, scanner.FailTLS)), isUnknown(scanner.FailTLS)},
		{"guarded", site(failed(apexHTTP, scanner.FailForbidden), failed(apexHTTPS, scanner.FailForbidden)), isUnknown(scanner.FailForbidden)},
	}
	errors := []ruleCase{
		{"turned away", site(failed(apexHTTP, scanner.FailRefused), ended(apexHTTPS, answer(apexHTTPS, 403))), isUnknown(scanner.FailBlocked)},
		{"too many", site(failed(apexHTTP, scanner.FailRefused), ended(apexHTTPS, answer(apexHTTPS, 429))), isUnknown(scanner.FailBlocked)},
		{"server error", site(failed(apexHTTP, scanner.FailRefused), ended(apexHTTPS, answer(apexHTTPS, 503))), isUnknown(scanner.FailServer)},
	}
	elsewhere := ruleCase{
		"leads to another domain",
		site(ended(apexHTTPS, answer(apexHTTPS, 301), answer("https://shop.example.com/", 200, "Server: x/1.0"))),
		notFor(scanner.NAElsewhere),
	}
	for _, check := range append(webChecks(), exposureChecks()...) {
		if check.Needs[0] != "web" {
			continue
		}
		t.Run(check.Rule, func(t *testing.T) {
			judgeCases(t, check.Rule, cases)
			switch check.Rule {
			case "web.https.no-redirect", "web.redirect.loop", "web.redirect.other-host", "web.redirect.temporary": // they judge error answers too
			case "web.hsts.missing", "web.hsts.short", "web.hsts.no-subdomains", "web.hsts.invalid", "web.hsts.not-preloadable":
				judgeCases(t, check.Rule, errors)
			default:
				judgeCases(t, check.Rule, append(errors, elsewhere))
			}
		})
	}
}

// TestWithoutHTTPS: rules about https have nothing to say of a site that has
// none, and no verdict where https could not be reached.
func TestWithoutHTTPS(t *testing.T) {
	cut := site(ended(apexHTTP, answer(apexHTTP, 200)))
	cut.Probes = []scanner.ProbeRun{{Name: "web", Failure: scanner.Failf(scanner.FailTimeout, "late")}}
	cases := []ruleCase{
		{"closed", plainOnly(), notFor(scanner.NANoHTTPS)},
		{"no handshake", site(ended(apexHTTP, answer(apexHTTP, 200)), failed(apexHTTPS, scanner.FailTLS)), notFor(scanner.NANoHTTPS)},
		{"timeout", site(ended(apexHTTP, answer(apexHTTP, 200)), failed(apexHTTPS, scanner.FailTimeout)), isUnknown(scanner.FailTimeout)},
		{"not tried", cut, isUnknown(scanner.FailTimeout)},
	}
	for _, rule := range []string{
		"web.https.no-redirect", "web.hsts.missing", "web.hsts.short", "web.cookie.insecure", "web.cookie.httponly",
		"web.cookie.samesite", "web.mixed-content.active", "web.security-txt.missing", "web.security-txt.expired",
		"web.redirect.other-host", "web.redirect.temporary", "web.hsts.no-subdomains", "web.hsts.invalid", "web.hsts.not-preloadable",
		"web.cookie.prefix", "web.coop.missing", "web.coep.invalid", "web.compression.secrets",
		"web.security-txt.no-contact", "web.security-txt.canonical", "web.security-txt.signature",
	} {
		t.Run(rule, func(t *testing.T) { judgeCases(t, rule, cases) })
	}
}
