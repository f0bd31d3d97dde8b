package dnsprobe

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/probe/resolve"
)

// maxSOAs is how many different primaries and contacts are looked at.
const maxSOAs = 3

// startOfAuthority looks up what the servers' SOA records name: the primary
// server and the contact.
func (p *Probe) startOfAuthority(ctx context.Context, facts *scanner.DNSFacts) {
	var primaries, contacts []string
	for i := range facts.Servers { // not copied: somebody else fills in other fields
		s := &facts.Servers[i]
		if s.SOA == nil || !s.Authoritative {
			continue
		}
		if !slices.Contains(primaries, s.SOA.MName) && len(primaries) < maxSOAs {
			primaries = append(primaries, s.SOA.MName)
		}
		if !slices.Contains(contacts, s.SOA.RName) && len(contacts) < maxSOAs {
			contacts = append(contacts, s.SOA.RName)
		}
	}
	facts.Primary, facts.Contact = make([]scanner.PrimaryName, len(primaries)), make([]scanner.Mailbox, len(contacts))
	var tasks group
	for i, name := range primaries {
		tasks.run(&facts.Primary[i].Failure, func() { facts.Primary[i] = p.primary(ctx, facts, name) })
	}
	for i, name := range contacts {
		tasks.run(&facts.Contact[i].Failure, func() { facts.Contact[i] = p.mailbox(ctx, name) })
	}
	tasks.Wait()
}

// primary looks at the server that an SOA record names. One of the zone's own
// servers has been asked already.
func (p *Probe) primary(ctx context.Context, facts *scanner.DNSFacts, name string) scanner.PrimaryName {
	out := scanner.PrimaryName{Name: name}
	for i := range facts.Servers {
		s := &facts.Servers[i]
		if s.Name == name && s.Failure == nil {
			out.Exists = scanner.Yes
			if s.Authoritative || out.Authoritative == "" {
				out.Authoritative = yesNo(s.Authoritative)
			}
		}
	}
	if out.Exists == scanner.Yes || name == "" { // "" is the root: nobody is named
		return out
	}
	h := p.host(ctx, name)
	switch {
	case h.Failure != nil:
		out.Failure = h.Failure
	case h.Exists && h.Dangling == "":
		out.Exists = scanner.Yes
	default:
		top := name[strings.LastIndexByte(name, '.')+1:]
		answer, err := p.resolver.Lookup(ctx, top, dns.TypeNS)
		if err != nil {
			out.Failure = scanner.FailureOf(err)
		} else if answer.Exists {
			out.Exists = scanner.No
		}
	}
	if len(h.Addrs) > 0 {
		m := resolve.Question(facts.Zone, dns.TypeSOA)
		got, err := p.resolver.Exchange(ctx, "udp", resolve.Server{Name: name, Addr: h.Addrs[0]}, m)
		if err == nil && got.Rcode == dns.RcodeSuccess {
			out.Authoritative = yesNo(got.Authoritative)
		}
	}
	return out
}

// mailbox reads a contact and looks whether its domain can receive mail.
func (p *Probe) mailbox(ctx context.Context, rname string) scanner.Mailbox {
	box, domain := readMailbox(rname)
	if !box.Valid {
		return box
	}
	answer, err := p.resolver.Lookup(ctx, domain, dns.TypeMX)
	switch {
	case err != nil:
		box.Failure = scanner.FailureOf(err)
	case len(answer.Records) > 0:
		mx, _ := answer.Records[0].(*dns.MX)
		box.Receives = yesNo(mx == nil || mx.Mx != "." || len(answer.Records) > 1) // a null MX says no (RFC 7505)
	default:
		h := p.host(ctx, domain)
		if box.Failure = h.Failure; h.Failure == nil {
			box.Receives = yesNo(len(h.Addrs) > 0)
		}
	}
	return box
}

// readMailbox turns a contact's name into a mail address: its first label is
// the part before the @, in which dots are escaped (RFC 1035 section 8).
func readMailbox(rname string) (box scanner.Mailbox, domain string) {
	labels := dns.SplitDomainName(rname)
	if len(labels) < 3 { // the domain of a mailbox has a dot
		return scanner.Mailbox{Address: rname}, ""
	}
	local, ok := unescape(labels[0])
	domain = strings.Join(labels[1:], ".")
	if !ok || strings.ContainsAny(domain, `\@`) {
		return scanner.Mailbox{Address: rname}, ""
	}
	return scanner.Mailbox{Address: scanner.Printable(local+"@"+domain, 320), Valid: true}, domain
}

// unescape reads a label in the form of a zone file; ok is false for what no
// mail address has before its @.
func unescape(label string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(label); i++ {
		c := label[i]
		if c == '\\' && i+3 < len(label) && label[i+1] >= '0' && label[i+1] <= '9' {
			n, err := strconv.Atoi(label[i+1 : i+4])
			if err != nil || n > 255 {
				return "", false
			}
			c = byte(n)
			i += 3
		} else if c == '\\' && i+1 < len(label) {
			i++
			c = label[i]
		}
		if c <= ' ' || c >= 0x7f || c == '@' || c == '\\' {
			return "", false
		}
		b.WriteByte(c)
	}
	return b.String(), b.Len() > 0 && b.Len() <= 64
}
