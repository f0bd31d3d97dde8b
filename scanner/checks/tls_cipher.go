package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// cipherChecks are the rules on cipher suites and groups.
func cipherChecks() []scanner.Check {
	needs := []string{"tls"}
	return []scanner.Check{
		{Rule: "tls.cipher.weak", Needs: needs, Judge: onWhole(cipherOf("null", "anon", "des"))},
		{Rule: "tls.cipher.export", Needs: needs, Judge: onWhole(cipherOf("export"))},
		{Rule: "tls.cipher.rc4", Needs: needs, Judge: onWhole(cipherOf("rc4"))},
		{Rule: "tls.cipher.3des", Needs: needs, Judge: onWhole(cipherOf("3des"))},
		{Rule: "tls.cipher.no-forward-secrecy", Needs: needs, Judge: onWhole(cipherNoForwardSecrecy)},
		{Rule: "tls.cipher.beast", Needs: needs, Judge: onWhole(cipherBEAST)},
		{Rule: "tls.cipher.cbc", Needs: needs, Judge: onWhole(cipherCBC)},
		{Rule: "tls.cipher.order", Needs: needs, Judge: onWhole(cipherOrder)},
		{Rule: "tls.group.weak", Needs: needs, Judge: onWhole(groupWeak)},
		{Rule: "tls.group.no-post-quantum", Needs: needs, Judge: onWhole(groupNoPostQuantum)},
	}
}

// weakClasses are the classes of cipher suites that nobody should accept, by
// the names of TLSHost.WeakTested.
func weakClasses() []string { return []string{"null", "anon", "export", "rc4", "des", "3des"} }

// noForwardSecrecy is the class of suites that are sound but for their key
// exchange: who gets the server's key later can read what was recorded.
const noForwardSecrecy = "no-forward-secrecy"

// suiteClass returns the class of a cipher suite by its IANA name, "" for one
// that is fine. A suite with several faults is of the gravest class.
func suiteClass(suite string) string {
	exchange, cipher, _ := strings.Cut(suite, "_WITH_")
	has := func(part string) bool { return strings.Contains(cipher, part) }
	switch {
	case has("NULL"):
		return "null"
	case strings.Contains(exchange, "_anon"):
		return "anon"
	case strings.Contains(exchange, "_EXPORT"), has("DES40"), has("RC2_CBC_40"):
		return "export"
	case has("RC4"):
		return "rc4"
	case has("3DES"):
		return "3des"
	case has("DES"):
		return "des"
	case cipher != "" && !strings.Contains(exchange, "DHE"):
		return noForwardSecrecy // suites of TLS 1.3 have no "_WITH_"
	}
	return ""
}

// cipherOf judges whether a suite of these classes is accepted.
func cipherOf(classes ...string) func(v *votes, h tlsHost) {
	return func(v *votes, h tlsHost) {
		var weak, unclear []string
		for _, suite := range h.Weak {
			if slices.Contains(classes, suiteClass(suite)) {
				weak = append(weak, suite)
			}
		}
		for _, class := range classes {
			if !slices.Contains(h.WeakTested, class) {
				unclear = append(unclear, class)
			}
		}
		switch {
		case len(weak) > 0:
			v.fail(h.Name, h.at, "accepts "+strings.Join(weak, ", "))
		case len(unclear) > 0:
			h.unclear(v, strings.Join(unclear, ", "))
		default:
			v.pass(h.at, "accepts none of "+strings.Join(classes, ", "))
		}
	}
}

// cipherNoForwardSecrecy: without any suite of the good kind every talk can be
// read later; with both, only that of old visitors.
func cipherNoForwardSecrecy(v *votes, h tlsHost) {
	var without []string
	for _, suite := range h.Weak {
		if suiteClass(suite) == noForwardSecrecy {
			without = append(without, suite)
		}
	}
	tested := slices.Contains(h.WeakTested, noForwardSecrecy)
	switch {
	case h.ForwardSecrecy == scanner.No:
		v.fail(h.Name, h.at, "no suite with ephemeral keys is accepted")
	case len(without) > 0:
		v.warn(h.Name, h.at, "accepts "+strings.Join(without, ", "))
	case h.ForwardSecrecy == scanner.Yes && tested:
		v.pass(h.at, "accepts suites with ephemeral keys only")
	default:
		h.unclear(v, "forward secrecy")
	}
}

func groupWeak(v *votes, h tlsHost) {
	weak := slices.Clone(h.WeakGroups)
	if dhe := fmt.Sprintf("DHE %d bits", h.DHEBits); h.DHEBits > 0 && h.DHEBits < 2048 && !slices.Contains(weak, dhe) {
		weak = append(weak, dhe)
	}
	switch {
	case len(weak) > 0:
		v.fail(h.Name, h.at, "accepts "+strings.Join(weak, ", "))
	case h.GroupsTested:
		v.pass(h.at, "accepts no weak group; prefers "+h.Group)
	default:
		h.unclear(v, "key exchange groups")
	}
}

// cipherBEAST: CBC in TLS 1.0 and before, whose first block can be foreseen.
func cipherBEAST(v *votes, h tlsHost) {
	old := []string{"TLSv1.0", "SSLv3"}
	var accepted, unclear []string
	spoken := false
	for _, version := range old {
		spoken = spoken || h.Versions[version] != scanner.No
		switch suite := h.CBC[version]; {
		case suite != "":
			accepted = append(accepted, suite+" in "+version)
		case h.Versions[version] != scanner.No && !slices.Contains(h.CBCTested, version):
			unclear = append(unclear, version)
		}
	}
	switch {
	case len(accepted) > 0:
		v.fail(h.Name, h.at, "accepts "+strings.Join(accepted, ", "))
	case len(unclear) > 0:
		h.unclear(v, "CBC in "+strings.Join(unclear, ", "))
	case !spoken:
		v.skip(scanner.NANotUsed)
	default:
		v.pass(h.at, "accepts no CBC in "+strings.Join(old, ", "))
	}
}

// cipherCBC: since LUCKY13 no implementation of CBC is sound for long, unless
// both sides do the MAC last (RFC 7366), as servers do that know how.
func cipherCBC(v *votes, h tlsHost) {
	const version = "TLSv1.2"
	suite := h.CBC[version]
	switch {
	case suite != "" && h.EncryptThenMAC == scanner.Yes:
		v.warn(h.Name, h.at, "accepts "+suite+", with encrypt-then-MAC for clients that know it")
	case suite != "":
		v.warn(h.Name, h.at, "accepts "+suite+", without encrypt-then-MAC")
	case slices.Contains(h.CBCTested, version):
		v.pass(h.at, "accepts no CBC in "+version)
	default:
		h.unclear(v, "CBC in "+version)
	}
}

// cipherOrder: that the client chooses is no fault among good suites only.
func cipherOrder(v *votes, h tlsHost) {
	weaker := slices.Clone(h.Weak)
	if suite := h.CBC["TLSv1.2"]; suite != "" && !slices.Contains(weaker, suite) {
		weaker = append(weaker, suite)
	}
	all := len(h.WeakTested) > len(weakClasses()) && slices.Contains(h.CBCTested, "TLSv1.2")
	switch {
	case h.Order == scanner.Yes:
		v.pass(h.at, "the server's own order counts")
	case h.Order == scanner.No && len(weaker) > 0:
		v.fail(h.Name, h.at, "the client's order counts, and "+strings.Join(weaker, ", ")+" is accepted")
	case h.Order == scanner.No && all:
		v.pass(h.at, "the client's order counts, among good suites only")
	default:
		h.unclear(v, "the order of suites")
	}
}

// groupNoPostQuantum is about TLS 1.3, which alone has such groups.
func groupNoPostQuantum(v *votes, h tlsHost) {
	switch {
	case h.Versions["TLSv1.3"] == scanner.No: // tls.version.no-tls13 says so
		v.skip(scanner.NACovered)
	case h.PostQuantum == scanner.Yes:
		v.pass(h.at, "accepts "+h.Hybrid)
	case h.PostQuantum == scanner.No:
		v.warn(h.Name, h.at, "accepts no hybrid group; prefers "+h.Group)
	default:
		h.unclear(v, "hybrid groups")
	}
}
