package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// protocolChecks are the rules on what TLS does beside encrypting.
func protocolChecks() []scanner.Check {
	needs := []string{"tls"}
	return []scanner.Check{
		{Rule: "tls.compression.enabled", Needs: needs, Judge: onLegacy("compression", compressionEnabled)},
		{Rule: "tls.renegotiation.insecure", Needs: needs, Judge: onLegacy("secure renegotiation", renegotiationInsecure)},
		{Rule: "tls.renegotiation.client", Needs: needs, Judge: onWhole(renegotiationClient)},
		{Rule: "tls.fallback.no-scsv", Needs: needs, Judge: onWhole(fallbackNoSCSV)},
		{Rule: "tls.extended-master-secret.missing", Needs: needs, Judge: onLegacy("the extended master secret", masterSecretMissing)},
		{Rule: "tls.signature.sha1", Needs: needs, Judge: onLegacy("the signature", signatureSHA1)},
		{Rule: "tls.early-data.accepted", Needs: needs, Judge: onWhole(earlyDataAccepted)},
		{Rule: "tls.ticket.long-lived", Needs: needs, Judge: onWhole(ticketLongLived)},
	}
}

// onLegacy is onWhole for what TLS 1.3 has mended for good: a server that
// speaks nothing else is left out.
func onLegacy(what string, judge func(v *votes, h tlsHost, l scanner.TLSLegacy)) func(*scanner.Facts) scanner.Finding {
	return onWhole(func(v *votes, h tlsHost) {
		switch {
		case h.Legacy != nil:
			judge(v, h, *h.Legacy)
		case h.onlyTLS13():
			v.skip(scanner.NANotUsed)
		default:
			h.unclear(v, what)
		}
	})
}

func (h tlsHost) onlyTLS13() bool {
	for _, version := range []string{"SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2"} {
		if h.Versions[version] != scanner.No {
			return false
		}
	}
	return true
}

func compressionEnabled(v *votes, h tlsHost, l scanner.TLSLegacy) {
	switch l.Compression {
	case scanner.Yes:
		v.fail(h.Name, h.at, "compresses in "+l.Version)
	case scanner.No:
		v.pass(h.at, "does not compress in "+l.Version)
	default:
		h.unclear(v, "compression")
	}
}

func renegotiationInsecure(v *votes, h tlsHost, l scanner.TLSLegacy) {
	switch l.SecureRenegotiation {
	case scanner.Yes:
		v.pass(h.at, "supports secure renegotiation (RFC 5746) in "+l.Version)
	case scanner.No:
		v.fail(h.Name, h.at, "no secure renegotiation (RFC 5746) in "+l.Version)
	default:
		h.unclear(v, "secure renegotiation")
	}
}

func masterSecretMissing(v *votes, h tlsHost, l scanner.TLSLegacy) {
	switch {
	case l.MasterSecret == scanner.Yes:
		v.pass(h.at, "extended master secret (RFC 7627) in "+l.Version)
	case l.MasterSecret == scanner.No:
		v.fail(h.Name, h.at, "no extended master secret (RFC 7627) in "+l.Version)
	case l.Version == "SSLv3": // which cannot have it; tls.version.ssl3 says so
		v.skip(scanner.NACovered)
	default:
		h.unclear(v, "the extended master secret")
	}
}

// signatureSHA1: the server was offered every scheme, the best first. Before
// TLS 1.2 there was no choice, which tls.version.old is about.
func signatureSHA1(v *votes, h tlsHost, l scanner.TLSLegacy) {
	switch {
	case l.Version != "TLSv1.2":
		v.skip(scanner.NACovered)
	case l.Signature == "":
		v.skip(scanner.NANotUsed) // the client encrypts to the certificate's key
	case strings.Contains(l.Signature, "sha1"), strings.Contains(l.Signature, "md5"):
		v.fail(h.Name, h.at, "signs with "+l.Signature+" though better was offered")
	default:
		v.pass(h.at, "signs with "+l.Signature)
	}
}

func renegotiationClient(v *votes, h tlsHost) {
	switch {
	case h.Renegotiation == scanner.Yes:
		v.fail(h.Name, h.at, "begins a new handshake in TLSv1.2 when the client asks for it")
	case h.Renegotiation == scanner.No:
		v.pass(h.at, "refuses to begin a new handshake in TLSv1.2")
	case h.Versions["TLSv1.2"] == scanner.No:
		v.skip(scanner.NANotUsed)
	default:
		h.unclear(v, "renegotiation")
	}
}

// fallbackNoSCSV is asked where a client may fall back to what is below TLS 1.2
// from something higher. From TLS 1.3 to TLS 1.2 the handshake itself guards
// (RFC 8446 section 4.1.3).
func fallbackNoSCSV(v *votes, h tlsHost) {
	spoken, unclear := 0, false
	for _, version := range []string{"SSLv3", "TLSv1.0", "TLSv1.1"} {
		switch h.Versions[version] {
		case scanner.Yes:
			spoken++
		case scanner.Unknown:
			unclear = true
		}
	}
	higher := h.Versions["TLSv1.2"] == scanner.Yes || h.Versions["TLSv1.3"] == scanner.Yes
	switch {
	case h.Fallback == scanner.Yes:
		v.pass(h.at, "heeds TLS_FALLBACK_SCSV")
	case h.Fallback == scanner.No:
		v.fail(h.Name, h.at, "ignores TLS_FALLBACK_SCSV (RFC 7507)")
	case unclear || spoken > 1 || spoken == 1 && higher:
		h.unclear(v, "TLS_FALLBACK_SCSV")
	default:
		v.skip(scanner.NANotUsed)
	}
}

func earlyDataAccepted(v *votes, h tlsHost) {
	most := uint32(0)
	for _, t := range h.Tickets {
		most = max(most, t.EarlyData)
	}
	switch {
	case most > 0:
		v.warn(h.Name, h.at, fmt.Sprintf("takes up to %d bytes before the handshake (0-RTT)", most))
	case h.Versions["TLSv1.3"] == scanner.No:
		v.skip(scanner.NANotUsed)
	case slices.Contains(h.TicketsTested, "TLSv1.3"):
		v.pass(h.at, "takes no data before the handshake (0-RTT)")
	default:
		h.unclear(v, "data before the handshake")
	}
}

// Longest lives of tickets, in seconds: TLS 1.3 allows seven days (RFC 8446
// section 4.6.1); in TLS 1.2, where the key of the tickets opens what was said,
// a day is the usual advice.
const (
	ticketLife12 = 24 * 60 * 60
	ticketLife13 = 7 * ticketLife12
)

func ticketLongLived(v *votes, h tlsHost) {
	longest := map[string]uint32{}
	for _, t := range h.Tickets {
		longest[t.Version] = max(longest[t.Version], t.Lifetime)
	}
	var unclear []string
	clean, spoken := true, false
	for _, version := range []string{"TLSv1.2", "TLSv1.3"} {
		most := uint32(ticketLife12)
		if version == "TLSv1.3" {
			most = ticketLife13
		}
		if longest[version] > most {
			clean = false
			v.fail(h.Name, h.at, fmt.Sprintf("a ticket of %s lives for %d seconds, of %d at most", version, longest[version], most))
		}
		if h.Versions[version] != scanner.No {
			spoken = true
			if !slices.Contains(h.TicketsTested, version) {
				unclear = append(unclear, version)
			}
		}
	}
	switch {
	case !clean:
	case len(unclear) > 0:
		h.unclear(v, "tickets of "+strings.Join(unclear, ", "))
	case !spoken:
		v.skip(scanner.NANotUsed)
	default:
		v.pass(h.at, "no ticket lives for long") // how many came in time is chance
	}
}
