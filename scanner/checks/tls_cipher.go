package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

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

func cipherWeak(v *votes, h tlsHost) {
	var weak []string
	for _, suite := range h.Weak {
		if class := suiteClass(suite); slices.Contains(weakClasses(), class) {
			weak = append(weak, suite)
		}
	}
	var unclear []string
	for _, class := range weakClasses() {
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
		v.pass(h.at, "accepts none of "+strings.Join(weakClasses(), ", "))
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
