package tlsprobe

import (
	"cmp"
	"context"
	"crypto/tls"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Examine learns what a server offers. It returns soon after ctx ends, with
// what it has by then. It does not panic, whatever the server sends.
func Examine(ctx context.Context, s Server) (h scanner.TLSHost) {
	x := &exam{Server: s}
	defer func() {
		if p := recover(); p != nil {
			h = scanner.TLSHost{Name: s.Name, Addr: s.Addr, Port: s.Port, Failure: panicked(p), Connections: x.made}
		}
	}()
	a := answers{versions: map[uint16]reply{}, classes: map[string]reply{}}
	first := x.handshake(ctx, 0)
	a.state, a.after = first.state, first.after
	if !first.final {
		switch {
		case s.Depth >= Starttls:
			x.deep(ctx, &a)
		case first.state == nil:
			// What crypto/tls cannot read, we can, up to TLS 1.2.
			x.askVersions(ctx, &a, vTLS12)
		}
		if s.Depth == Brief && (a.state != nil || a.best() != 0) {
			x.askVersions(ctx, &a, oldVersions()...)
		}
	}
	h = scanner.TLSHost{Name: s.Name, Addr: s.Addr, Port: s.Port}
	if a.state == nil && a.best() == 0 {
		h.Failure = first.err
	} else {
		a.write(&h, x.believe(ctx, &a))
		x.certificates(ctx, &h, &a)
		switch {
		case a.state == nil && len(h.Chain) == 0:
			x.blame(first.err)
		case a.deep && !h.GroupsTested:
			x.blame(scanner.Failf(scanner.FailProtocol, "the server's key exchange could not be read"))
		}
		h.Partial = x.why
	}
	h.Connections = x.made
	return h
}

// answers is what the questions of one examination brought.
type answers struct {
	deep     bool                 // more than versions was asked
	state    *tls.ConnectionState // nil: crypto/tls did not get there
	after    session              // of state
	second   handshake            // in TLS 1.2, where the first was in TLS 1.3
	versions map[uint16]reply
	again    reply            // the question of ordered again, with the chosen suite last
	classes  map[string]reply // what settled each class of weak suites
	forward  reply            // suites with forward secrecy only
	primes   reply            // DHE suites only
	curves   reply            // weak curves only
	cbc      reply            // sound suites in the mode CBC only, in TLS 1.2
	oldCBC   reply            // likewise in a version before TLS 1.1
	fallback reply            // an old version, with the signal of RFC 7507
	hybrid   reply            // hybrid groups only
	ssl2     reply
	every    *scanner.TLSEvery
}

// taken tells whether the server is known to speak a version.
func (a *answers) taken(v uint16) bool {
	if a.state != nil && a.state.Version == v || a.versions[v].verdict == accepted {
		return true
	}
	for _, r := range a.versions {
		if r.verdict == lower && r.flight.version == v {
			return true
		}
	}
	return false
}

// best is the best version that the server is known to speak, 0 if none.
func (a *answers) best() uint16 {
	for _, v := range allVersions() {
		if a.taken(v) {
			return v
		}
	}
	return 0
}

// legacy returns the lowest and the highest version up to TLS 1.2 that the
// server speaks, 0 if none. SSLv3 is the lowest only when it is the only one:
// its hello has no extensions.
func (a *answers) legacy() (low, high uint16) {
	for _, v := range allVersions() {
		if v == vTLS13 || !a.taken(v) {
			continue
		}
		high = max(high, v)
		if low == 0 || v > vSSL3 {
			low = v
		}
	}
	return low, high
}

// ordered is the version at which the order of suites is looked at.
func (a *answers) ordered() uint16 {
	_, high := a.legacy()
	return cmp.Or(high, a.best())
}

// forwardSecret: some suite that was chosen has ephemeral keys.
func (a *answers) forwardSecret() bool {
	if a.state != nil && suiteOf(a.state.CipherSuite).forwardSecret() {
		return true
	}
	for _, r := range a.versions {
		if r.answered() && suiteOf(r.flight.suite).forwardSecret() {
			return true
		}
	}
	return a.forward.answered() || a.primes.answered() || a.curves.answered()
}

// belief says which refusals count.
type belief struct {
	alerts bool // the server does answer our questions
	cuts   bool // it cuts conversations because of what was asked, not of how often
}

// believe guards against a server, or something before it, that turned us away
// in the middle: then what it refused is unknown. A version that the whole
// handshake has proven must not be refused when asked for, and if any
// conversation was cut, a good question must still be answered now.
func (x *exam) believe(ctx context.Context, a *answers) belief {
	if a.state != nil {
		v := a.state.Version
		switch a.versions[v].verdict {
		case declined:
			x.blame(scanner.Failf(scanner.FailBlocked, "the server refused a question in "+versionName(v)+", which it speaks"))
			return belief{}
		case cut:
			x.blame(scanner.Failf(scanner.FailBlocked, "the server cut a question in "+versionName(v)+", which it speaks"))
			return belief{alerts: true}
		}
	}
	if !x.cut {
		return belief{true, true}
	}
	if r := x.ask(ctx, versionQuestion(a.best())); !r.answered() {
		x.blame(scanner.Failf(scanner.FailBlocked, "the server cut even a question like one that it had answered"))
		return belief{alerts: true}
	}
	return belief{true, true}
}

func (x *exam) blame(why *scanner.Failure) {
	if x.why == nil {
		x.why = why
	}
}
