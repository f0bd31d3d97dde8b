package mailprobe

import (
	"context"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Bounds on the evaluation of SPF. Receivers give up after 10 look-ups; past
// spfCounted the exact number teaches nothing.
const (
	spfCounted = 50 // look-ups after which counting stops
	spfLevels  = 10 // include and redirect within one another
	spfMXNames = 10 // RFC 7208 section 4.6.4: names of one mx mechanism
)

// spf evaluates the domain's SPF policy (RFC 7208) for counting: as a receiver
// would for a sender that no address matches, so that every term is reached.
// Terms with a macro are counted, not resolved.
func (s *scan) spf(ctx context.Context) scanner.SPF {
	texts, failure := s.txt(ctx, s.domain)
	if failure != nil {
		return scanner.SPF{Failure: failure}
	}
	records, nearly := spfRecords(texts)
	switch {
	case len(records) == 0 && len(nearly) > 0:
		return scanner.SPF{Records: kept(nearly), Error: "the record does not begin with exactly \"v=spf1\" and a space, so no receiver takes it for SPF"}
	case len(records) != 1:
		return scanner.SPF{Records: kept(records)}
	}
	w := spfWalk{scan: s, out: scanner.SPF{Records: kept(records)}}
	policy := parseSPF(records[0])
	first(&w.out.Error, policy.fault)
	if q := w.stranger(ctx, policy, s.domain, []string{s.domain}, true); q != 0 {
		w.out.All = string(q)
	}
	return w.out
}

// spfWalk is one evaluation, include and redirect followed.
type spfWalk struct {
	*scan
	out scanner.SPF
}

// stranger evaluates the policy of domain for a sender that matches no
// address, and returns the qualifier of what matches in the end, 0 for nothing.
// path is the names under evaluation; own tells that the record is the
// domain's own or the one that it redirects to.
func (w *spfWalk) stranger(ctx context.Context, p spfPolicy, domain string, path []string, own bool) byte {
	var result byte
	for _, t := range p.mechanisms {
		switch t.name {
		case "all":
			if result == 0 {
				result = t.qualifier
			}
			return result // what follows is never reached, redirect neither
		case "ip4":
			if t.everyone && result == 0 {
				result = t.qualifier
			}
		case "include":
			if !w.count() {
				return result
			}
			if child, name, ok := w.policyOf(ctx, t, path); ok && w.stranger(ctx, child, name, append(path, name), false) == '+' && result == 0 {
				return t.qualifier // the included policy lets everybody pass
			}
		case "a", "mx", "exists":
			if !w.count() {
				return result
			}
			w.resolve(ctx, t, domain)
		case "ptr":
			w.out.PTR = w.out.PTR || own
			if !w.count() {
				return result
			}
		}
	}
	if p.redirect == nil || !w.count() {
		return result
	}
	child, name, ok := w.policyOf(ctx, *p.redirect, path)
	if !ok {
		return result
	}
	if q := w.stranger(ctx, child, name, append(path, name), own); result == 0 {
		result = q
	}
	return result
}

// count adds one look-up and tells whether to go on.
func (w *spfWalk) count() bool {
	w.out.Lookups++
	return w.out.Lookups < spfCounted
}

// policyOf fetches the policy that include or redirect names.
func (w *spfWalk) policyOf(ctx context.Context, t spfTerm, path []string) (p spfPolicy, name string, ok bool) {
	if t.macro {
		if t.name == "redirect" { // the policy itself depends on each message
			w.unresolved(scanner.Failf(scanner.FailUncertain, t.String()+" depends on each message"))
		}
		return p, "", false
	}
	name = strings.ToLower(strings.TrimSuffix(t.domain, "."))
	switch {
	case !isHostName(name):
		first(&w.out.Error, faultf("%s is not a domain name", t))
		return p, "", false
	case slices.Contains(path, name):
		first(&w.out.Error, faultf("loop: %s", strings.Join(append(path, name), " -> ")))
		return p, "", false
	case len(path) > spfLevels:
		return p, "", false
	}
	if shown := scanner.Printable(name, maxFault); !slices.Contains(w.out.Includes, shown) {
		w.out.Includes = append(w.out.Includes, shown)
	}
	texts, failure := w.txt(ctx, name)
	if failure != nil {
		w.unresolved(failure)
		return p, "", false
	}
	records, _ := spfRecords(texts)
	switch len(records) {
	case 0:
		first(&w.out.Error, faultf("%s has no SPF record", t))
		return p, "", false
	case 1:
	default:
		first(&w.out.Error, faultf("%s has %d SPF records", t, len(records)))
		return p, "", false
	}
	p = parseSPF(records[0])
	if p.fault != "" {
		first(&w.out.Error, faultf("%s: %s", t, p.fault))
	}
	return p, name, true
}

// resolve asks what a, mx or exists ask and counts the answer if it is void
// (RFC 7208 section 4.6.4). The mail servers' own addresses are not asked for.
func (w *spfWalk) resolve(ctx context.Context, t spfTerm, domain string) {
	name := domain
	if t.domain != "" {
		name = strings.ToLower(strings.TrimSuffix(t.domain, "."))
	}
	if t.macro || !isHostName(name) {
		return
	}
	var (
		found   int
		failure *scanner.Failure
	)
	switch t.name {
	case "mx":
		var answer scanner.Answer
		answer, failure = w.lookup(ctx, name, dns.TypeMX)
		if found = len(answer.Records); found > spfMXNames {
			first(&w.out.Error, faultf("%s has more than %d mail servers", t, spfMXNames))
		}
	case "exists": // always A (RFC 7208 section 5.7)
		var answer scanner.Answer
		answer, failure = w.lookup(ctx, name, dns.TypeA)
		found = len(answer.Records)
	default:
		// A receiver asks for the family that the sender used; the look-up is
		// surely void only where there is neither.
		addrs := w.addresses(ctx, name)
		found, failure = len(addrs.list), addrs.failure
	}
	switch {
	case failure != nil:
		w.unresolved(failure)
	case found == 0:
		w.out.Voids++
	}
}

func (w *spfWalk) unresolved(why *scanner.Failure) {
	if w.out.Unresolved == nil {
		w.out.Unresolved = why
	}
}

// isHostName tells whether a name can be asked for at all.
func isHostName(name string) bool {
	if len(name) > 253 || strings.Contains(name, `\`) {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
	}
	return true
}
