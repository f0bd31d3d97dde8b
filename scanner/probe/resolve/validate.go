package resolve

import (
	"context"
	"fmt"
	"sync"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Validate follows the chain of trust from the anchor to zone and then
// validates the zone's SOA and the addresses of names in it, or the proof that
// there are none (RFC 4035). Names without trailing dots. A zone that is secure
// by its chain is bogus when any of those answers is, and indeterminate when
// one could not be had.
func (r *Resolver) Validate(ctx context.Context, zone string, names []string) scanner.DNSSEC {
	apex, err := canonical(zone)
	if err != nil {
		return scanner.DNSSEC{Status: scanner.Indeterminate, Failure: scanner.FailureOf(err)}
	}
	ctx, cancel := context.WithCancel(withBudget(ctx))
	defer cancel()
	questions := []question{{apex, dns.TypeSOA}}
	for _, name := range names {
		if name, err := canonical(name); err == nil && dns.IsSubDomain(apex, name) {
			questions = append(questions, question{name, dns.TypeA}, question{name, dns.TypeAAAA})
		}
	}
	fetched := make(chan []outcome, 1)
	go func() { fetched <- r.fetch(ctx, questions, question{apex, dns.TypeDNSKEY}) }()
	t := r.trustOf(ctx, apex)
	if t.status == scanner.Secure && t.zone != apex {
		t = &trust{zone: apex, parent: t}
		t.fails(scanner.Bogus, fmt.Sprintf("%s proves that no zone begins at %s", bare(t.parent.zone), zone))
	}
	verdict := scanner.DNSSEC{Status: t.status, Reason: t.reason, Failure: scanner.FailureOf(t.err), Links: t.links()}
	if t.status != scanner.Secure {
		return verdict
	}
	replies := <-fetched
	for i, q := range questions {
		status, reason, failure := scanner.Indeterminate, "", scanner.FailureOf(replies[i].err)
		if failure == nil {
			status, reason, failure = r.judge(ctx, t, replies[i].reply, q)
		}
		if status == scanner.Bogus || (status == scanner.Indeterminate && verdict.Status == scanner.Secure) {
			verdict.Status, verdict.Reason, verdict.Failure = status, reason, failure
		}
		if status == scanner.Insecure && q.qtype == dns.TypeSOA { // algorithms that do not count
			verdict.Status, verdict.Reason = status, reason
		}
		if verdict.Status == scanner.Bogus || verdict.Status == scanner.Insecure {
			break
		}
	}
	verdict.Links[len(verdict.Links)-1].Status = verdict.Status
	return verdict
}

// ValidateAnswer judges one server's own answer about zone, which Validate
// found secure. The status is secure, insecure, bogus or indeterminate, with
// the reason.
func (r *Resolver) ValidateAnswer(ctx context.Context, zone string, answer *dns.Msg) (scanner.DNSSECStatus, string) {
	apex, err := canonical(zone)
	if err != nil || len(answer.Question) != 1 {
		return scanner.Indeterminate, ""
	}
	ctx = withBudget(ctx)
	q := question{dns.CanonicalName(answer.Question[0].Name), answer.Question[0].Qtype}
	t := r.trustOf(ctx, apex)
	if t.status != scanner.Secure || t.zone != apex {
		return t.status, t.reason
	}
	status, reason, _ := r.judge(ctx, t, readReply(answer.Copy(), apex, q, false), q)
	return status, reason
}

// fetch asks questions at the same time and returns what they led to; those in
// ahead are asked so that they are in the cache when they are needed.
func (r *Resolver) fetch(ctx context.Context, questions []question, ahead ...question) []outcome {
	replies := make([]outcome, len(questions))
	var wg sync.WaitGroup
	for i, q := range questions {
		wg.Go(func() { replies[i] = r.askSafely(ctx, q) })
	}
	for _, q := range ahead {
		wg.Go(func() { _ = r.askSafely(ctx, q) })
	}
	wg.Wait()
	return replies
}

// askSafely is ask on a goroutine of its own, which nobody else recovers.
func (r *Resolver) askSafely(ctx context.Context, q question) (o outcome) {
	defer func() {
		if p := recover(); p != nil {
			o = outcome{err: scanner.Failf(scanner.FailInternal, fmt.Sprintf("look-up of %s panicked: %v", q, p))}
		}
	}()
	o.reply, o.err = r.ask(ctx, q.name, q.qtype)
	return o
}

// judge validates one answer by the keys of t, or of a zone below it that the
// answer turns out to come from.
func (r *Resolver) judge(ctx context.Context, t *trust, rep *reply, q question) (scanner.DNSSECStatus, string, *scanner.Failure) {
	if signer := signerOf(rep, q); signer != t.zone && dns.IsSubDomain(t.zone, signer) {
		if below := r.trustOf(ctx, signer); below.status != scanner.Secure {
			return below.status, below.reason, scanner.FailureOf(below.err)
		} else if below.zone == signer {
			t = below
		}
	}
	f := r.holds(t, rep, q)
	if f == nil {
		return scanner.Secure, "", nil
	}
	if f.absent && q.name != t.zone {
		// No signature: that is right where an unsigned zone begins in between.
		if below := r.trustOf(ctx, q.name); below.status == scanner.Insecure {
			return below.status, below.reason, nil
		}
	}
	x := r.blame(ctx, &trust{zone: t.zone}, f)
	return x.status, x.reason, scanner.FailureOf(x.err)
}

// signerOf is the zone that says it signed the answer, "" if none does.
func signerOf(rep *reply, q question) string {
	sections := [][]dns.RR{rep.msg.Answer}
	if !rep.owns(q.name) {
		sections = [][]dns.RR{rep.msg.Ns}
	}
	for _, section := range sections {
		for _, rr := range section {
			if sig, ok := rr.(*dns.RRSIG); ok {
				return dns.CanonicalName(sig.SignerName)
			}
		}
	}
	return ""
}

// holds validates the records at the name of the question, or the proof that
// there are none.
func (r *Resolver) holds(t *trust, rep *reply, q question) *fault {
	set := rep.records(q.name, q.qtype)
	if len(set) == 0 {
		set = rep.records(q.name, dns.TypeCNAME)
		if len(set) > 0 && len(signatures(rep.msg.Answer, q.name, dns.TypeCNAME)) == 0 {
			if above := rep.treeAlias(q.name); len(above) > 0 {
				set = above // a CNAME that a DNAME stands for is not signed itself (RFC 6672 section 5.3.1)
			}
		}
	}
	if len(set) == 0 {
		d, f := r.denialOf(t, rep.msg.Ns)
		if f != nil {
			return f
		}
		if !d.denies(q.name, q.qtype, rep.msg.Rcode == dns.RcodeNameError) {
			return &fault{status: scanner.Bogus, reason: fmt.Sprintf("%s does not prove that there is no %s", bare(t.zone), q)}
		}
		return nil
	}
	sig, f := r.verify(t, rep.msg.Answer, set)
	if f != nil {
		return f
	}
	owner := set[0].Header().Name
	if int(sig.Labels) >= dns.CountLabel(owner) || owner[0] == '*' {
		return nil
	}
	d, f := r.denialOf(t, rep.msg.Ns)
	if f != nil {
		return f
	}
	if !d.deniesCloser(owner, int(sig.Labels)) {
		return &fault{status: scanner.Bogus, reason: fmt.Sprintf("%s was answered from a wildcard without proof that there is nothing closer", q)}
	}
	return nil
}

// treeAlias is the DNAME record above name.
func (r *reply) treeAlias(name string) []dns.RR {
	for _, rr := range r.msg.Answer {
		if h := rr.Header(); h.Rrtype == dns.TypeDNAME && h.Name != name && dns.IsSubDomain(h.Name, name) {
			return []dns.RR{rr}
		}
	}
	return nil
}
