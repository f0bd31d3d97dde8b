package tlsprobe

import (
	"github.com/cybersec-infohub/infohub/scanner"
)

// writeFull fills in what only Full asks; of what was not asked nothing is said.
func (a *answers) writeFull(h *scanner.TLSHost, b belief) {
	if a.ssl2.verdict != notAsked {
		h.Versions[versionName(vSSL2)] = b.tri(a.ssl2)
	}
	a.writeCBC(h, b)
	switch {
	case a.fallback.verdict == notAsked:
	case a.fallback.answered():
		h.Fallback = scanner.No
	case b.tri(a.fallback) == scanner.No:
		h.Fallback = scanner.Yes
	}
	switch {
	case a.isHybrid():
		h.PostQuantum, h.Hybrid = scanner.Yes, groupOf(uint16(a.state.CurveID)).name
	case a.hybrid.verdict != notAsked:
		if h.PostQuantum = b.tri(a.hybrid); h.PostQuantum == scanner.Yes {
			h.Hybrid = groupOf(a.hybrid.flight.group).name
		}
	}
	if a.state != nil {
		a.writeSession(h, a.state.Version, a.after)
	}
	if a.second.state != nil {
		a.writeSession(h, a.second.state.Version, a.second.after)
	}
	if h.Every = a.every; h.Every != nil && h.Every.Failure == nil && !b.cuts {
		h.Every.Failure = scanner.Failf(scanner.FailBlocked, "the server turned us away")
	}
}

func (a *answers) writeSession(h *scanner.TLSHost, version uint16, s session) {
	h.Tickets = append(h.Tickets, s.tickets...)
	if s.tested {
		h.TicketsTested = append(h.TicketsTested, versionName(version))
	}
	if version == vTLS12 {
		h.Renegotiation = s.again
	}
}

// writeCBC fills in which versions use the mode CBC. A version that is not
// spoken does not.
func (a *answers) writeCBC(h *scanner.TLSHost, b belief) {
	h.CBC = map[string]string{}
	for _, v := range []uint16{vTLS12, vTLS10, vSSL3} {
		asked := a.oldCBC
		if v == vTLS12 {
			asked = a.cbc
		}
		f, used := a.cbcIn(v)
		switch {
		case used:
			h.CBC[versionName(v)] = suiteOf(f.suite).name
			if v == vTLS12 {
				h.EncryptThenMAC = yesNo(f.macLast)
			}
		case h.Versions[versionName(v)] == scanner.No:
		case asked.verdict == notAsked || b.tri(asked) != scanner.No:
			continue
		}
		h.CBCTested = append(h.CBCTested, versionName(v))
	}
}
