package tlsprobe

import (
	"fmt"
	"slices"

	"github.com/cybersec-infohub/infohub/scanner"
)

// tri turns a reply into an answer, as far as refusals are to be believed.
func (b belief) tri(r reply) scanner.Tristate {
	switch {
	case r.verdict == accepted:
		return scanner.Yes
	case r.verdict == lower, r.verdict == declined && b.alerts, r.verdict == cut && b.alerts && b.cuts:
		return scanner.No
	}
	return scanner.Unknown
}

// write fills in all but the certificates.
func (a *answers) write(h *scanner.TLSHost, b belief) {
	a.writeVersions(h, b)
	if a.state != nil {
		h.ALPN = scanner.Printable(a.state.NegotiatedProtocol, 40)
	}
	h.Group = a.group()
	h.Order = a.order()
	if a.deep {
		a.writeWeak(h, b)
		h.Legacy = a.legacyFacts()
		a.writeFull(h, b)
	}
	switch {
	case a.forwardSecret():
		h.ForwardSecrecy = scanner.Yes
	case b.tri(a.forward) == scanner.No:
		h.ForwardSecrecy = scanner.No
	}
}

func (a *answers) writeVersions(h *scanner.TLSHost, b belief) {
	h.Versions, h.Preferred = map[string]scanner.Tristate{}, map[string]string{}
	if a.state != nil {
		h.Preferred[versionName(a.state.Version)] = suiteOf(a.state.CipherSuite).name
	}
	for v, r := range a.versions {
		h.Versions[versionName(v)] = b.tri(r)
		if r.verdict == accepted {
			h.Preferred[versionName(v)] = suiteOf(r.flight.suite).name
		}
	}
	for _, v := range allVersions() {
		if a.taken(v) {
			h.Versions[versionName(v)] = scanner.Yes
		}
	}
	if _, asked := a.versions[vTLS13]; a.deep && !asked && h.Versions["TLSv1.3"] != scanner.Yes {
		h.Versions["TLSv1.3"] = scanner.No // crypto/tls offered it
	}
}

// legacyFacts reads the ServerHello of the best version up to TLS 1.2; nil
// without one. In SSLv3 there are no extensions but the answer to the signal
// for RFC 5746.
func (a *answers) legacyFacts() *scanner.TLSLegacy {
	for _, v := range allVersions()[1:] {
		r := a.versions[v]
		if !r.answered() {
			continue
		}
		f := r.flight
		l := &scanner.TLSLegacy{Version: versionName(f.version), Compression: yesNo(f.compressed), SecureRenegotiation: yesNo(f.renegotiates)}
		if f.version > vSSL3 {
			l.MasterSecret = yesNo(f.masterSecret)
		}
		if f.scheme != 0 {
			l.Signature = signatureName(f.scheme)
		}
		return l
	}
	return nil
}

func yesNo(b bool) scanner.Tristate {
	if b {
		return scanner.Yes
	}
	return scanner.No
}

// group is what an ordinary client gets, or else what we got.
func (a *answers) group() string {
	if a.state != nil && a.state.CurveID != 0 {
		return groupOf(uint16(a.state.CurveID)).name
	}
	for _, v := range allVersions() {
		if r := a.versions[v]; r.answered() && r.flight.group != 0 {
			return groupOf(r.flight.group).name
		}
	}
	return ""
}

func (a *answers) order() scanner.Tristate {
	switch first := a.versions[a.ordered()]; {
	case a.again.verdict != accepted || first.verdict != accepted:
		return scanner.Unknown
	case a.again.flight.suite == first.flight.suite:
		return scanner.Yes
	}
	return scanner.No
}

// writeWeak fills in weak suites and groups. Where no version up to TLS 1.2 is
// spoken, there are none: TLS 1.3 has no weak ones.
func (a *answers) writeWeak(h *scanner.TLSHost, b belief) {
	none := true
	for _, v := range allVersions()[1:] {
		none = none && h.Versions[versionName(v)] == scanner.No
	}
	for _, class := range []string{classNull, classAnon, classExport, classRC4, classDES, class3DES, classNoFS} {
		r := a.classes[class]
		if r.answered() {
			h.Weak = append(h.Weak, suiteOf(r.flight.suite).name)
		}
		if none || r.answered() || b.tri(r) == scanner.No {
			h.WeakTested = append(h.WeakTested, class)
		}
	}
	slices.Sort(h.Weak)

	bits, curve := a.primes.flight.dheBits, groupOf(a.curves.flight.group)
	h.DHEBits = bits
	if bits > 0 && bits < 2048 {
		h.WeakGroups = append(h.WeakGroups, fmt.Sprintf("DHE %d bits", bits))
	}
	if curve.use == weak {
		h.WeakGroups = append(h.WeakGroups, curve.name)
	}
	primesKnown := bits > 0 || b.tri(a.primes) == scanner.No && !a.primes.answered()
	// A server that takes another curve than those offered breaks RFC 8422, but
	// does not take a weak one.
	curvesKnown := curve.id != 0 || b.tri(a.curves) == scanner.No && !a.curves.answered() || a.curves.verdict == notAsked && !none
	h.GroupsTested = none || primesKnown && curvesKnown
}
