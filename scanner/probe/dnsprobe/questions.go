package dnsprobe

import (
	"context"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/probe/resolve"
)

type answer struct {
	msg     *dns.Msg
	failure *scanner.Failure
}

type tcpAnswer struct {
	answer
	transfer scanner.Tristate
	version  string
	told     scanner.Tristate
}

// soaByUDP asks for the zone's SOA with EDNS, and once more without when that
// is refused or not answered: some servers and firewalls drop what they do not
// know. ednsFault is what came of EDNS where the plain question was answered.
func (p *Probe) soaByUDP(ctx context.Context, s resolve.Server, zone string) (a answer, ednsFault string) {
	m := resolve.Question(zone, dns.TypeSOA)
	got, err := p.resolver.Exchange(ctx, "udp", s, m)
	refused := err == nil && got.IsEdns0() == nil && (got.Rcode == dns.RcodeFormatError || got.Rcode == dns.RcodeNotImplemented)
	silent := err != nil && scanner.FailureOf(err).Kind == scanner.FailTimeout && ctx.Err() == nil
	if refused || silent {
		bare := m.Copy()
		bare.Id, bare.Extra = dns.Id(), nil
		plain, again := p.resolver.Exchange(ctx, "udp", s, bare)
		switch {
		case again == nil && refused:
			ednsFault = dns.RcodeToString[got.Rcode]
			got = plain
		case again == nil && silent:
			// A lost datagram is no fault of the server.
			m.Id = dns.Id()
			if got, err = p.resolver.Exchange(ctx, "udp", s, m); err != nil {
				got, err, ednsFault = plain, nil, "silent"
			}
		case silent:
			err = again
		}
	}
	if err != nil {
		return answer{failure: scanner.FailureOf(err)}, ""
	}
	if ednsFault == "" && got.IsEdns0() == nil {
		ednsFault = "ignored"
	}
	return answer{msg: got}, ednsFault
}

// nsOf asks for the zone's NS set, over TCP where it does not fit. The question
// is spelt with capitals here and there; kept tells whether it came back so.
func (p *Probe) nsOf(ctx context.Context, s resolve.Server, zone string) (set *dns.Msg, kept scanner.Tristate) {
	m := resolve.Question(mixedCase(zone), dns.TypeNS)
	got, err := p.resolver.Exchange(ctx, "udp", s, m)
	if err == nil && len(got.Question) == 1 {
		kept = yesNo(got.Question[0].Name == m.Question[0].Name)
	}
	if err == nil && (got.Truncated || got.Rcode == dns.RcodeFormatError) {
		got, err = p.resolver.Exchange(ctx, "tcp", s, m)
	}
	if err != nil || !got.Authoritative {
		return nil, kept
	}
	return got, kept
}

// mixedCase is name with about half of its letters as capitals, the first at
// least.
func mixedCase(name string) string {
	out := []byte(name)
	first := true
	for i, c := range out {
		if c >= 'a' && c <= 'z' && (first || dns.Id()&1 == 0) {
			out[i], first = c-'a'+'A', false
		}
	}
	return string(out)
}

func yesNo(b bool) scanner.Tristate {
	if b {
		return scanner.Yes
	}
	return scanner.No
}

// recursion asks for something that the server has no authority over: the
// root's servers. Yes: it offers recursion (RA) and answers.
func (p *Probe) recursion(ctx context.Context, s resolve.Server) scanner.Tristate {
	m := resolve.Question(".", dns.TypeNS)
	m.RecursionDesired = true
	got, err := p.resolver.Exchange(ctx, "udp", s, m)
	switch {
	case err != nil:
		return scanner.Unknown
	case got.RecursionAvailable && got.Rcode == dns.RcodeServerFailure:
		return scanner.Unknown // it tried
	case got.RecursionAvailable && !got.Authoritative && got.Rcode == dns.RcodeSuccess && len(got.Answer) > 0:
		return scanner.Yes
	}
	return scanner.No
}

// version asks for version.bind, which many servers tell, and then for
// version.server. It goes over the TCP connection: over UDP, BIND answers it
// three times a second and then drops it, which would cost a time-out of every
// other scan.
func version(ctx context.Context, session *resolve.Session) (text string, told scanner.Tristate) {
	for _, name := range []string{"version.bind", "version.server"} {
		m := resolve.Question(name, dns.TypeTXT)
		m.Question[0].Qclass = dns.ClassCHAOS
		got, err := session.Ask(ctx, m)
		if err != nil {
			return "", told
		}
		told = scanner.No
		for _, rr := range got.Answer {
			if txt, ok := rr.(*dns.TXT); ok && len(txt.Txt) > 0 {
				return scanner.Printable(txt.Txt[0], versionLength), scanner.Yes
			}
		}
	}
	return "", told
}

// byTCP asks for the SOA over TCP and then, on the same connection, for the
// whole zone and the server's version. A transfer is stopped at its second
// record: that it begins is all we want to know.
func (p *Probe) byTCP(ctx context.Context, s resolve.Server, zone string) tcpAnswer {
	session, err := p.resolver.Open(ctx, s)
	if err != nil {
		failure := scanner.FailureOf(err)
		out := tcpAnswer{answer: answer{failure: failure}}
		if failure.Kind == scanner.FailRefused {
			out.transfer = scanner.No // there is no transfer without TCP
		}
		return out
	}
	defer session.Close()
	soa, err := session.Ask(ctx, resolve.Question(zone, dns.TypeSOA))
	if err != nil {
		return tcpAnswer{answer: answer{failure: scanner.FailureOf(err)}}
	}
	out := tcpAnswer{answer: answer{msg: soa}, transfer: transfer(ctx, session, zone)}
	if out.transfer == scanner.Yes { // the connection is full of the zone
		if session, err = p.resolver.Open(ctx, s); err != nil {
			return out
		}
		defer session.Close()
	}
	out.version, out.told = version(ctx, session)
	return out
}

func transfer(ctx context.Context, session *resolve.Session, zone string) scanner.Tristate {
	m := new(dns.Msg)
	m.SetAxfr(dns.Fqdn(zone))
	records := 0
	got, err := session.Ask(ctx, m)
	for range 3 {
		if err != nil {
			if k := scanner.FailureOf(err).Kind; k == scanner.FailReset || k == scanner.FailProtocol {
				return scanner.No // it hung up, or will not
			}
			return scanner.Unknown
		}
		if got.Rcode != dns.RcodeSuccess || len(got.Answer) == 0 || (records == 0 && got.Answer[0].Header().Rrtype != dns.TypeSOA) {
			return scanner.No
		}
		if records += len(got.Answer); records >= 2 {
			return scanner.Yes
		}
		got, err = session.Next(ctx)
	}
	return scanner.Unknown
}
