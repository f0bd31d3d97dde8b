package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// tlsChecks are the checks of the family tls. All but the first judge every
// web name at every address where a handshake could be made.
func tlsChecks() []scanner.Check {
	needs := []string{"tls"}
	return slices.Concat([]scanner.Check{
		{Rule: "tls.https.missing", Needs: []string{"web"}, Judge: httpsMissing},
	}, certificateChecks(), []scanner.Check{
		{Rule: "tls.version.ssl2", Needs: needs, Judge: onWhole(versions("SSLv2"))},
		{Rule: "tls.version.ssl3", Needs: needs, Judge: onWhole(versions("SSLv3"))},
		{Rule: "tls.version.old", Needs: needs, Judge: onWhole(versions("TLSv1.0", "TLSv1.1"))},
		{Rule: "tls.version.no-tls13", Needs: needs, Judge: onWhole(versionNoTLS13)},
		{Rule: "tls.stapling.missing", Needs: needs, Judge: onChains(staplingMissing)},
		{Rule: "tls.dane.mismatch", Needs: needs, Judge: withTLSA(onTLS(daneMismatch))},
	}, cipherChecks(), protocolChecks(), profileChecks())
}

// tlsHost is one host that made a handshake, as a rule sees it.
type tlsHost struct {
	scanner.TLSHost
	at    string // for the evidence: "example.hk (192.0.2.1)"
	facts *scanner.Facts
}

// onTLS judges every host; those without TLS are left out, those that we could
// not reach are unknown.
func onTLS(judge func(v *votes, h tlsHost)) func(*scanner.Facts) scanner.Finding {
	return func(f *scanner.Facts) scanner.Finding {
		if len(f.TLS.Hosts) == 0 {
			return noTLSHost(f)
		}
		var v votes
		for _, h := range f.TLS.Hosts {
			at := fmt.Sprintf("%s (%s)", h.Name, h.Addr)
			switch {
			case h.Failure == nil:
				judge(&v, tlsHost{TLSHost: h, at: at, facts: f})
			case noTLS(h.Failure), outOfReach(h.Failure) && examined(f, h.Name):
				v.skip(scanner.NANoHTTPS)
			default:
				v.unknown(h.Failure, at, h.Failure.Error())
			}
		}
		return v.finding()
	}
}

// onWhole is onTLS for what is only asked at one address of a name, which
// stands for the others. Where that one has no TLS, nothing was asked at all.
func onWhole(judge func(v *votes, h tlsHost)) func(*scanner.Facts) scanner.Finding {
	some := onTLS(func(v *votes, h tlsHost) {
		if h.whole() {
			judge(v, h)
		}
	})
	return func(f *scanner.Facts) scanner.Finding {
		got := some(f)
		met, asked := false, false
		for _, h := range f.TLS.Hosts {
			met = met || h.Failure == nil
			asked = asked || h.Failure == nil && tlsHost{TLSHost: h}.whole()
		}
		if got.Outcome == scanner.NotApplicable && met && !asked {
			return scanner.CannotTell(scanner.Failf(scanner.FailLimit, "only the certificate was looked at"))
		}
		return got
	}
}

// whole: more was asked than for the certificate, beginning with old versions.
func (h tlsHost) whole() bool { _, asked := h.Versions["TLSv1.0"]; return asked }

// unclear says that the server gave no clear answer to a question.
func (h tlsHost) unclear(v *votes, question string) {
	why := h.Partial
	if why == nil {
		why = scanner.Failf(scanner.FailUncertain, "no clear answer about "+question)
	}
	v.unknown(why, h.at, "no clear answer: "+question)
}

// noTLSHost: the probe had nothing to connect to, or was kept from it.
func noTLSHost(f *scanner.Facts) scanner.Finding {
	if f.DNS != nil {
		for _, h := range f.DNS.Hosts {
			if h.Failure != nil {
				return scanner.CannotTell(h.Failure, scanner.Evidence{Subject: h.Name, Observed: h.Failure.Error()})
			}
		}
	}
	if run := f.RunOf("tls"); run != nil && run.Failure != nil {
		return scanner.CannotTell(run.Failure)
	}
	return scanner.DoesNotApply(scanner.NANoWeb)
}

// noTLS: the server is there and speaks no TLS; tls.https.missing says whether
// that is a fault.
func noTLS(why *scanner.Failure) bool { return isClosed(why) || why.Kind == scanner.FailTLS }

// outOfReach: the scanning machine could not or may not go there (often it has
// no IPv6), which says nothing about the site.
func outOfReach(why *scanner.Failure) bool {
	switch why.Kind {
	case scanner.FailUnreachable, scanner.FailForbidden, scanner.FailLimit:
		return true
	}
	return false
}

// examined tells whether a handshake was made with the name at any address.
func examined(f *scanner.Facts, name string) bool {
	return f.TLS != nil && slices.ContainsFunc(f.TLS.Hosts, func(h scanner.TLSHost) bool { return h.Name == name && h.Failure == nil })
}

// httpsMissing judges each web name: what answers over http has to answer over
// https too. It reads what visitors meet (the web facts) and takes a handshake
// of the TLS probe as proof that https is there.
func httpsMissing(f *scanner.Facts) scanner.Finding {
	var v votes
	tried := false
	for i := range f.Web.Roots {
		secure := &f.Web.Roots[i]
		name, ok := strings.CutPrefix(secure.Start, "https://")
		if !ok {
			continue
		}
		tried = true
		name = strings.TrimSuffix(name, "/")
		if examined(f, name) || (len(secure.Hops) > 0 && secure.Hops[0].Status != 0) {
			v.pass(secure.Start, "https answers")
			continue
		}
		why := secure.Failure
		if why == nil {
			why = scanner.Failf(scanner.FailInternal, "no answer was recorded")
		}
		if !noTLS(why) {
			v.unknown(why, secure.Start, why.Error())
			continue
		}
		plainWithout(&v, rootOf(f, "http://"+name+"/"), secure.Start, why)
	}
	if !tried {
		return notTried(f)
	}
	if len(v.passes) == 0 {
		v.skip(scanner.NANoWeb)
	}
	return v.finding()
}

// plainWithout judges the http start of a name that has no https.
func plainWithout(v *votes, plain *scanner.WebRoot, secure string, why *scanner.Failure) {
	if plain == nil || len(plain.Hops) == 0 || plain.Hops[0].Status == 0 {
		switch {
		case plain != nil && plain.Failure != nil && !isClosed(plain.Failure):
			v.unknown(plain.Failure, plain.Start, plain.Failure.Error())
		case why.Kind == scanner.FailTLS:
			// Something listens for https alone and turns strangers away, perhaps
			// for want of a client certificate.
			v.unknown(why, secure, why.Error())
		}
		return
	}
	first, last := &plain.Hops[0], plain.Last()
	if isBlockPage(plain) {
		v.unknown(plain.Failure, plain.Start, plain.Failure.Error())
		return
	}
	seen := fmt.Sprintf("status %d; %s: %s", first.Status, secure, why.Error())
	switch {
	case first.Status >= 400 && first.Status != 401: // no page without https either
		v.unknown(refusal(first), plain.Start, seen)
	case plain.Failure == nil && strings.HasPrefix(last.URL, "https://"):
		v.warn(hostOf(plain.Start), plain.Start, seen+"; leads to "+last.URL)
	default:
		v.fail(hostOf(plain.Start), plain.Start, seen)
	}
}

func rootOf(f *scanner.Facts, start string) *scanner.WebRoot {
	for i := range f.Web.Roots {
		if f.Web.Roots[i].Start == start {
			return &f.Web.Roots[i]
		}
	}
	return nil
}

// versions judges whether any of these is accepted, which nobody needs.
func versions(names ...string) func(v *votes, h tlsHost) {
	return func(v *votes, h tlsHost) {
		var accepted, unclear []string
		for _, version := range names {
			switch h.Versions[version] {
			case scanner.Yes:
				accepted = append(accepted, version)
			case scanner.Unknown:
				unclear = append(unclear, version)
			}
		}
		switch {
		case len(accepted) > 0:
			v.fail(h.Name, h.at, "accepts "+strings.Join(accepted, ", "))
		case len(unclear) > 0:
			h.unclear(v, strings.Join(unclear, ", "))
		default:
			v.pass(h.at, "accepts only "+strings.Join(acceptedVersions(h), ", "))
		}
	}
}

func acceptedVersions(h tlsHost) []string {
	var out []string
	for version, answer := range h.Versions {
		if answer == scanner.Yes {
			out = append(out, version)
		}
	}
	slices.Sort(out)
	return out
}

func versionNoTLS13(v *votes, h tlsHost) {
	switch h.Versions["TLSv1.3"] {
	case scanner.Yes:
		v.pass(h.at, "accepts TLSv1.3")
	case scanner.No:
		v.fail(h.Name, h.at, "accepts "+strings.Join(acceptedVersions(h), ", "))
	default:
		h.unclear(v, "TLSv1.3")
	}
}
