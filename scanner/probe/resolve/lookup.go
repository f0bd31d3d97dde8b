package resolve

import (
	"context"
	"fmt"
	"slices"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Lookup implements scanner.Resolver. It follows at most 12 CNAMEs; where it
// fails on the way, the answer holds the aliases followed so far. Records are
// shared with other callers: read only.
func (r *Resolver) Lookup(ctx context.Context, name string, qtype uint16) (scanner.Answer, error) {
	var answer scanner.Answer
	current, err := canonical(name)
	if err != nil {
		return answer, err
	}
	ctx = withBudget(ctx)
	seen := []string{current}
	for len(answer.CNAMEs) <= maxChain {
		rep, err := r.ask(ctx, current, qtype)
		if err != nil {
			return answer, scanner.FailureOf(err)
		}
		t := rep.trace(current, qtype)
		for _, alias := range t.aliases {
			if slices.Contains(seen, alias) {
				return answer, scanner.Failf(scanner.FailProtocol, "CNAME loop at "+bare(alias))
			}
			seen = append(seen, alias)
			answer.CNAMEs = append(answer.CNAMEs, bare(alias))
		}
		if t.done {
			answer.Records, answer.Exists = t.records, t.exists
			if qtype == dns.TypeTLSA && len(t.records) > 0 {
				answer.Security = r.securityOf(ctx, seen, qtype)
			}
			return answer, nil
		}
		current = seen[len(seen)-1]
	}
	return answer, scanner.Failf(scanner.FailProtocol, fmt.Sprintf("more than %d CNAMEs in a row from %s", maxChain, bare(seen[0])))
}

// securityOf is the DNSSEC state of a chain of aliases and the records at its
// end: that of its weakest link.
func (r *Resolver) securityOf(ctx context.Context, names []string, qtype uint16) scanner.DNSSECStatus {
	order := []scanner.DNSSECStatus{scanner.Secure, scanner.Insecure, scanner.Indeterminate, scanner.Bogus}
	worst := 0
	for _, name := range names {
		worst = max(worst, slices.Index(order, r.linkSecurity(ctx, question{name, qtype})))
	}
	return order[worst]
}

func (r *Resolver) linkSecurity(ctx context.Context, q question) scanner.DNSSECStatus {
	rep, err := r.ask(ctx, q.name, q.qtype) // a moment ago: it is in the cache
	if err != nil {
		return scanner.Indeterminate
	}
	// Beginning at the signer saves a question for each label below it.
	from := signerOf(rep, q)
	if from == "" || !dns.IsSubDomain(from, q.name) {
		from = q.name
	}
	t := r.trustOf(ctx, from)
	if t.status != scanner.Secure {
		return t.status
	}
	status, _, _ := r.judge(ctx, t, rep, q)
	return status
}

// Sections asks for name and type as Lookup does, without following aliases,
// and returns the records of the answer and of the authority sections with the
// signatures beside them, as far as the server has a say in them. They are
// shared with other callers: read only. An error is a *scanner.Failure.
func (r *Resolver) Sections(ctx context.Context, name string, qtype uint16) (answer, authority []dns.RR, err error) {
	name, err = canonical(name)
	if err != nil {
		return nil, nil, err
	}
	rep, err := r.ask(withBudget(ctx), name, qtype)
	if err != nil {
		return nil, nil, scanner.FailureOf(err)
	}
	return rep.msg.Answer, rep.msg.Ns, nil
}

// trace is what one reply says about a name and its aliases.
type trace struct {
	aliases []string
	records []dns.RR
	done    bool // nothing more is to be asked
	exists  bool
}

// trace follows the aliases within a reply as far as its server's word counts.
func (r *reply) trace(name string, qtype uint16) trace {
	var t trace
	for len(t.aliases) <= maxChain {
		if t.records = r.records(name, qtype); len(t.records) > 0 {
			t.done, t.exists = true, true
			return t
		}
		alias := r.records(name, dns.TypeCNAME)
		if len(alias) == 0 {
			break
		}
		name = dns.CanonicalName(alias[0].(*dns.CNAME).Target)
		t.aliases = append(t.aliases, name)
		if !dns.IsSubDomain(r.zone, name) {
			return t // another zone's server has to say
		}
	}
	switch {
	case len(t.aliases) > maxChain:
	case r.msg.Rcode == dns.RcodeNameError: // of the last name in the chain (RFC 6604)
		t.done = true
	case len(t.aliases) == 0 || r.soaFor(name) != nil:
		t.done, t.exists = true, true
	}
	return t
}
