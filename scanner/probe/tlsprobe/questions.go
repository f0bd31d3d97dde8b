package tlsprobe

import (
	"context"
	"maps"
	"slices"
	"strings"
)

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
// primes, curves, the mode CBC in new and old versions, a handshake in TLS 1.2,
// hybrid groups, the signal for fallbacks, and the question of believe: 24
// connections.
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
