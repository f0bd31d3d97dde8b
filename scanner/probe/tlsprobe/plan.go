package tlsprobe

import (
	"cmp"
	"context"
	"crypto/tls"
	"maps"
	"slices"
	"strings"

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

// versionQuestion offers all ordinary suites, strong ones first.
func versionQuestion(v uint16) question {
	groups := until2
	if v == vTLS13 {
		groups = only3
	}
	return question{version: v, suites: suitesFor(v, ordinary), groups: groupsFor(groups), deflate: true}
}

func (x *exam) askVersions(ctx context.Context, a *answers, versions ...uint16) {
	replies := make([]reply, len(versions))
	var asking []func()
	for i, v := range versions {
		asking = append(asking, func() { replies[i] = x.ask(ctx, versionQuestion(v)) })
	}
	parallel(atATime, asking...)
	for i, v := range versions {
		a.versions[v] = replies[i]
	}
}

// deep asks what its depth has. For Full that is beside the handshake five
// versions, SSL 2.0, the order, at most seven weak suites, forward secrecy,
// primes, curves, the mode CBC, a handshake in TLS 1.2, hybrid groups, the
// signal for fallbacks, and the question of believe: 23 connections.
func (x *exam) deep(ctx context.Context, a *answers) {
	a.deep = true
	versions := allVersions()
	if x.Depth == Starttls && a.state != nil {
		versions = versions[1:] // the handshake has told about TLS 1.3
	}
	x.askVersions(ctx, a, versions...)
	early, late := map[string]reply{}, map[string]reply{}
	asking := x.weakQuestions(ctx, a, early, late)
	if x.Depth >= Full {
		asking = append(x.fullQuestions(ctx, a), asking...)
	}
	parallel(atATime, asking...)
	maps.Copy(a.classes, early)
	maps.Copy(a.classes, late)
	if x.Depth < Full {
		return
	}
	for _, v := range []uint16{vTLS10, vSSL3} {
		if _, known := a.cbcIn(v); a.taken(v) && !known && a.oldCBC.verdict == notAsked {
			a.oldCBC = x.ask(ctx, cbcQuestion(v))
		}
	}
	if x.Depth == Every {
		x.every(ctx, a)
	}
}

// weakQuestions are about suites and groups that are too weak.
func (x *exam) weakQuestions(ctx context.Context, a *answers, early, late map[string]reply) (asking []func()) {
	low, high := a.legacy()
	if high == 0 {
		return nil
	}
	classes := []string{classNoFS, classAnon, classNull}
	if x.Depth == Starttls {
		classes = []string{classNoFS, classNull}
	}
	if !a.forwardSecret() {
		q := question{version: high, suites: suitesFor(high, suite.forwardSecret), groups: groupsFor(until2)}
		asking = append(asking, func() { a.forward = x.ask(ctx, q) })
	}
	asking = append(asking,
		// What belongs to old versions is asked for in the oldest: some
		// servers allow it there only.
		func() { x.weakSuites(ctx, low, early, classRC4, class3DES, classDES, classExport) },
		func() { x.weakSuites(ctx, high, late, classes...) },
		func() {
			a.primes = x.ask(ctx, question{version: high, suites: suitesFor(high, withPrefix("TLS_DHE_"))})
		},
	)
	if high > vSSL3 {
		// An ECDSA server may insist on the curve of its certificate.
		curves := append(groupsFor(weak), a.certCurves()...)
		q := question{version: high, suites: suitesFor(high, withPrefix("TLS_ECDHE_")), groups: curves}
		asking = append(asking, func() { a.curves = x.ask(ctx, q) })
	}
	return asking
}

// fullQuestions are those that only Full asks. SSL 2.0 is not the last of all:
// should we be turned away with it, others notice.
func (x *exam) fullQuestions(ctx context.Context, a *answers) []func() {
	asking := []func(){
		func() { a.ssl2 = x.askSSL2(ctx) },
		func() { x.order(ctx, a) },
	}
	if a.state != nil && a.state.Version == vTLS13 && a.taken(vTLS12) {
		asking = append(asking, func() { a.second = x.handshake(ctx, vTLS12) })
	}
	if _, known := a.cbcIn(vTLS12); a.taken(vTLS12) && !known {
		asking = append(asking, func() { a.cbc = x.ask(ctx, cbcQuestion(vTLS12)) })
	}
	if a.taken(vTLS13) && !a.isHybrid() {
		q := question{version: vTLS13, suites: suitesFor(vTLS13, ordinary), groups: hybrid()}
		asking = append(asking, func() { a.hybrid = x.ask(ctx, q) })
	}
	if v := a.fallbackVersion(); v != 0 {
		q := versionQuestion(v)
		q.fallback = true
		asking = append(asking, func() { a.fallback = x.ask(ctx, q) })
	}
	return asking
}

// fallbackVersion is the best version below TLS 1.2 that is spoken beside a
// higher one, 0 if there is none. From TLS 1.3 to TLS 1.2 no client falls back
// by itself, and TLS 1.3 guards against being led to (RFC 8446 section 4.1.3).
func (a *answers) fallbackVersion() uint16 {
	for _, v := range oldVersions() {
		if a.taken(v) && v != a.best() {
			return v
		}
	}
	return 0
}

// isHybrid: the whole handshake used a group that holds against a quantum
// computer.
func (a *answers) isHybrid() bool {
	return a.state != nil && slices.Contains(hybrid(), uint16(a.state.CurveID))
}

// cbcQuestion offers sound suites in the mode CBC only.
func cbcQuestion(v uint16) question {
	return question{version: v, suites: suitesFor(v, suite.cbc), groups: groupsFor(until2)}
}

// cbcIn returns a flight of version v with a suite in the mode CBC; in TLS 1.2
// with one that has no graver fault.
func (a *answers) cbcIn(v uint16) (flight, bool) {
	replies := []reply{a.cbc, a.oldCBC, a.again}
	for _, w := range allVersions() {
		replies = append(replies, a.versions[w])
	}
	for _, class := range []string{classNoFS, class3DES, classDES, classExport} {
		replies = append(replies, a.classes[class])
	}
	for _, r := range replies {
		chosen := suiteOf(r.flight.suite)
		if r.answered() && r.flight.version == v && (chosen.cbc() || v < vTLS12 && strings.Contains(chosen.name, "_CBC_")) {
			return r.flight, true
		}
	}
	return flight{}, false
}

// order asks again, with the chosen suite at the end. The list is not just
// reversed, since servers take ChaCha20 at its head for a sign of a client
// without AES.
func (x *exam) order(ctx context.Context, a *answers) {
	v := a.ordered()
	if a.versions[v].verdict != accepted {
		return
	}
	q, chosen := versionQuestion(v), a.versions[v].flight.suite
	q.suites = append(slices.DeleteFunc(q.suites, func(id uint16) bool { return id == chosen }), chosen)
	a.again = x.ask(ctx, q)
}

// weakSuites offers nothing but suites of classes, and goes on without the
// class that was accepted until the rest is declined: one connection for a good
// server, one for each class at worst.
func (x *exam) weakSuites(ctx context.Context, version uint16, replies map[string]reply, classes ...string) {
	for len(classes) > 0 {
		r := x.ask(ctx, question{version: version, suites: suitesFor(version, inClasses(classes)), groups: groupsFor(until2)})
		if !r.answered() {
			for _, c := range classes {
				replies[c] = r
			}
			return
		}
		class := suiteOf(r.flight.suite).class()
		replies[class] = r
		classes = slices.DeleteFunc(classes, func(c string) bool { return c == class })
	}
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
