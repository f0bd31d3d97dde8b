package resolve

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// ask puts one question, without following aliases: to the given resolvers, or
// to a server of the zone that holds the name, found by walking down. A DS
// record is asked for on the parent's side of the cut (RFC 4035 section
// 3.1.4.1).
func (r *Resolver) ask(ctx context.Context, name string, qtype uint16) (*reply, error) {
	q := question{name, qtype}
	if r.Forwarding() {
		return r.askZone(ctx, nil, q)
	}
	var (
		z    = r.deepest(name, qtype)
		full = false // the whole question, though z is the root or a top-level domain
	)
	for range maxReferrals {
		put := q
		next := name
		// The root and the top-level domains are asked for the next zone cut
		// rather than for the whole name: thousands of names share that answer
		// (and they learn less, RFC 9156).
		if !full && name != z.name && dns.CountLabel(z.name) <= 1 {
			next = childToward(z.name, name)
			if next != name || qtype != dns.TypeDS {
				put = question{next, dns.TypeNS}
			}
		}
		rep, err := r.askZone(ctx, z, put)
		switch {
		case err != nil:
			return nil, err
		case rep.kind == referral && (qtype != dns.TypeDS || rep.child.name != name):
			z, full = r.keep(rep.child), false
		case put == q || rep.kind == referral || rep.msg.Rcode == dns.RcodeNameError:
			return rep, nil // nothing exists below a name that does not (RFC 8020)
		default:
			if child := r.ownCut(rep, z, next); child != nil && (qtype != dns.TypeDS || next != name) {
				z = child
			} else {
				full = true
			}
		}
	}
	return nil, scanner.Failf(scanner.FailProtocol, fmt.Sprintf("more than %d delegations on the way to %s", maxReferrals, bare(name)))
}

// deepest is the lowest known zone that holds name; for DS, above name.
func (r *Resolver) deepest(name string, qtype uint16) *zone {
	if qtype == dns.TypeDS && name != "." {
		name = parentOf(name)
	}
	for ; name != "."; name = parentOf(name) {
		if z, ok := r.zones.of(name).get(name); ok {
			return z
		}
	}
	return r.root
}

// keep caches a zone cut and returns it, or the one that was there already.
func (r *Resolver) keep(z *zone) *zone {
	part := r.zones.of(z.name)
	if old, ok := part.get(z.name); ok {
		return old
	}
	part.put(z.name, z, 1, maxTTL)
	return z
}

// ownCut is the zone at name where a server holds both the zone above and that
// one and so answers for it instead of referring to it; nil where there is no
// cut.
func (r *Resolver) ownCut(rep *reply, above *zone, name string) *zone {
	set := rep.records(name, dns.TypeNS)
	if len(set) == 0 {
		return nil
	}
	child := readServers(set, rep.glue, above.name, name, false)
	child.via = &rep.from
	return r.keep(child)
}

// askZone puts a question to the servers of z, or to the given resolvers where
// z is nil; each question once, whoever asks.
func (r *Resolver) askZone(ctx context.Context, z *zone, q question) (*reply, error) {
	if err := spendStep(ctx); err != nil {
		return nil, err
	}
	if z == nil {
		return r.once(ctx, "", q, func(ctx context.Context) (*reply, error) {
			return r.askServers(ctx, "", r.forward, q)
		})
	}
	if o, ok := r.answers.of(q.name).get(cacheKey(z.name, q)); ok {
		return o.reply, o.err
	}
	// Looking up servers stays outside of the shared work: zones whose servers
	// lie in each other would make it wait for itself.
	eps, without := z.endpoints()
	if len(eps) == 0 {
		if err := r.findServers(ctx, z, without); err != nil {
			return nil, err
		}
		eps, without = z.endpoints()
	}
	rep, err := r.once(ctx, z.name, q, func(ctx context.Context) (*reply, error) {
		return r.askServers(ctx, z.name, eps, q)
	})
	if err == nil || len(without) == 0 || ctx.Err() != nil || errors.Is(err, errSpent) {
		return rep, err
	}
	// The glue led to no answer; perhaps the servers without glue do.
	if r.findServers(ctx, z, without) != nil {
		return nil, err
	}
	all, _ := z.endpoints()
	return r.once(ctx, z.name+" again", q, func(ctx context.Context) (*reply, error) {
		return r.askServers(ctx, z.name, all[min(len(eps), len(all)):], q)
	})
}

func cacheKey(zone string, q question) string {
	return zone + "|" + q.name + "|" + typeName(q.qtype)
}

// once answers from the cache, or does the work for all who ask at the time.
func (r *Resolver) once(ctx context.Context, zone string, q question, work func(context.Context) (*reply, error)) (*reply, error) {
	key := cacheKey(zone, q)
	part := r.answers.of(q.name)
	if o, ok := part.get(key); ok {
		return o.reply, o.err
	}
	return r.asking.do(ctx, key, func(ctx context.Context) (*reply, error) {
		if o, ok := part.get(key); ok { // it ended while we got here
			return o.reply, o.err
		}
		rep, err := work(ctx)
		switch {
		case err == nil:
			part.put(key, outcome{reply: rep}, rep.msg.Len(), lifetime(rep.msg))
		case ctx.Err() == nil && !errors.Is(err, errSpent):
			part.put(key, outcome{err: err}, 1, failureTTL)
		}
		return rep, err
	})
}

// askServers asks the servers of a zone until one answers with authority. One
// that takes its time is not waited for: the next is asked beside it. zone is ""
// for given resolvers.
func (r *Resolver) askServers(ctx context.Context, zone string, eps []endpoint, q question) (*reply, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var (
		second  *reply // an answer without authority, if there is none better
		failure error
		waiting = r.health.order(eps)
		replies = make(chan outcome, len(waiting))
		running int
		tries   int
		hurry   = time.NewTimer(r.timeout / 3)
		askNext = func() {
			if len(waiting) == 0 || tries == maxTries {
				return
			}
			ep := waiting[0]
			waiting = waiting[1:]
			running++
			tries++
			go func() { replies <- r.askOne(ctx, zone, ep, q) }()
		}
	)
	defer hurry.Stop()
	if len(waiting) == 0 && len(eps) > 0 {
		failure = scanner.Failf(scanner.FailTimeout, fmt.Sprintf("%s did not answer a moment ago", eps[0]))
	}
	askNext()
	for running > 0 {
		select {
		case <-hurry.C:
			hurry.Reset(r.timeout / 3)
			askNext()
			continue
		case one := <-replies:
			running--
			switch {
			case one.err != nil && (ctx.Err() != nil || errors.Is(one.err, errSpent)):
				return nil, one.err
			case one.err != nil:
				failure = worse(failure, one.err)
				if fromHere(one.err) {
					tries-- // it cost no time
				}
			case one.reply.kind == hearsay:
				second = one.reply
			default:
				return one.reply, nil
			}
			askNext()
		}
	}
	if second != nil {
		return second, nil
	}
	if failure == nil {
		failure = scanner.Failf(scanner.FailServer, "no server to ask for "+q.String())
	}
	return nil, failure
}

// askOne asks one server; what is no answer is an error.
func (r *Resolver) askOne(ctx context.Context, zone string, ep endpoint, q question) (o outcome) {
	defer func() {
		if p := recover(); p != nil { // an answer that breaks the parser ends one question
			o = outcome{err: scanner.Failf(scanner.FailInternal, fmt.Sprintf("answer of %s: panic: %v\n%s", ep, p, debug.Stack()))}
		}
	}()
	msg, err := r.query(ctx, ep, q)
	if err != nil {
		return outcome{err: err}
	}
	bailiwick := zone
	if zone == "" {
		bailiwick = "."
	}
	rep := readReply(msg, bailiwick, q, zone == "")
	rep.from = ep
	if rep.kind == useless {
		return outcome{err: scanner.Failf(scanner.FailServer, fmt.Sprintf("%s answered %s to %s", ep, rcodeName(msg), q))}
	}
	return outcome{reply: rep}
}

// worse keeps the failure that says more: that a network cannot be reached from
// here says nothing about the zone.
func worse(a, b error) error {
	if a == nil || fromHere(a) {
		return b
	}
	return a
}

// fromHere: the question was not put at all, at no cost in time.
func fromHere(err error) bool { return scanner.FailureOf(err).Kind == scanner.FailUnreachable }

func rcodeName(m *dns.Msg) string {
	if m.Rcode == dns.RcodeSuccess {
		return "without authority"
	}
	if s := dns.RcodeToString[m.Rcode]; s != "" {
		return s
	}
	return fmt.Sprintf("code %d", m.Rcode)
}
