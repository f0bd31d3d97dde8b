package app_test

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/internal/lab/dnslab"
)

type tweak = func(ask, m *dns.Msg, tcp bool) *dns.Msg

// names is one name server's fault, beside records that a site may have.
type names struct {
	text  string // "": usual
	sign  *dnslab.Signing
	tweak tweak
	noTCP bool
	open  bool   // it transfers its zone
	top   string // instead of the usual delegation, or beside it
	busy  bool   // it has https and mail too
}

// hostileNames are domains whose fault is in the DNS.
func (y *yard) hostileNames() map[string]names {
	var half, turn atomic.Int64
	long := strings.TrimSpace(strings.Repeat(`"`+strings.Repeat("x", 250)+`" `, 200))
	each := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format+"\n", i, (i+1)%n)
		}
		return b.String()
	}
	rr := func(text string) dns.RR {
		r, err := dns.NewRR(text)
		if err != nil { // a name that grew too long; a server's goroutine must not end the test
			return &dns.NULL{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeNULL, Class: dns.ClassINET}}
		}
		return r
	}
	change := func(f func(ask, m *dns.Msg)) tweak {
		return func(ask, m *dns.Msg, _ bool) *dns.Msg { f(ask, m); return m }
	}
	rcode := func(code int) tweak {
		return change(func(_, m *dns.Msg) { m.Rcode, m.Answer, m.Ns = code, nil, nil })
	}
	fan := func(zone string) tweak { // refers every question below zone to new servers
		return change(func(ask, m *dns.Msg) {
			if !dns.IsSubDomain(zone, ask.Question[0].Name) {
				return
			}
			m.Rcode, m.Authoritative, m.Answer, m.Ns = 0, false, nil, nil
			for range 10 {
				m.Ns = append(m.Ns, rr(fmt.Sprintf("%s 300 NS n.x%d.%s", ask.Question[0].Name, turn.Add(1), zone)))
			}
		})
	}
	return map[string]names{
		"dns-silent":    {tweak: func(_, _ *dns.Msg, _ bool) *dns.Msg { return nil }},
		"dns-refuses":   {tweak: rcode(dns.RcodeRefused)},
		"dns-fails":     {tweak: rcode(dns.RcodeServerFailure)},
		"dns-truncates": {tweak: func(_, m *dns.Msg, tcp bool) *dns.Msg { m.Truncated = true; return m }},
		"dns-no-tcp":    {tweak: func(_, m *dns.Msg, tcp bool) *dns.Msg { m.Truncated = !tcp; return m }, noTCP: true},
		"dns-slow":      {tweak: func(_, m *dns.Msg, _ bool) *dns.Msg { y.wait(1500 * time.Millisecond); return m }},
		"dns-half": {tweak: func(_, m *dns.Msg, _ bool) *dns.Msg {
			if half.Add(1)%2 == 0 {
				return nil
			}
			return m
		}},
		"dns-lies": {tweak: change(func(ask, m *dns.Msg) {
			m.Answer = append(m.Answer, rr(". 300 NS ns1.dns-lies.hk."), rr("harbour-tea.example. 300 A 127.0.0.1"), rr("hk. 300 NS ns1.dns-lies.hk."))
			m.Extra = append(m.Extra, rr("a.root. 300 A 127.0.0.1"), rr("ns.nic.hk. 300 A 127.0.0.1"))
			if ask.Question[0].Qtype == dns.TypeMX {
				m.Question[0].Name = "other.hk."
			}
			if ask.Question[0].Qtype == dns.TypeTXT {
				m.Id++
			}
		})},
		"dns-wild": {text: usual + "* A $SITE\n* AAAA ::1\n* TXT \"v=spf1 include:x.dns-wild.hk -all\"\n* MX 10 x\n* CAA 0 issue \"x\"\n* NS ns1\n"},
		"dns-all": {tweak: change(func(ask, m *dns.Msg) {
			q := ask.Question[0]
			m.Rcode, m.Authoritative = 0, true
			m.Ns = nil
			m.Answer = []dns.RR{rr(q.Name + " 300 A " + y.sites["dns-all.hk"].addr.String()), rr(q.Name + " 300 TXT \"v=spf1 include:a." + q.Name + " include:b." + q.Name + " -all\""),
				rr(q.Name + " 300 MX 10 m." + q.Name), rr(q.Name + " 300 NS n." + q.Name), rr(q.Name + " 300 CNAME c." + q.Name)}
		})},
		"dns-cname":    {text: "@ MX 10 www\nwww CNAME b\nb CNAME c\nc CNAME www\n@ TXT \"v=spf1 a:www include:b -all\"\n"},
		"dns-chain":    {text: "@ MX 10 c0\nwww CNAME c0\n" + each(900, "c%d CNAME c%d")},
		"dns-txt":      {text: "@ A $SITE\nwww A $SITE\n@ MX 10 mail\nmail A $SITE\n@ TXT " + long + "\n_dmarc TXT " + long + "\n_mta-sts TXT " + long + "\n*._domainkey TXT " + long + "\n"},
		"dns-txts":     {text: usual + each(600, `@ TXT "v=spf1 include:a%d.dns-txts.hk include:b%d.dns-txts.hk -all"`)},
		"dns-mx":       {busy: true, open: true, text: "@ A $SITE\nwww A $SITE\n" + each(1200, "@ MX 10 m%d ; %d") + each(1200, "m%d A $SITE ; %d")},
		"dns-mx-alias": {busy: true, text: "@ A $SITE\nwww A $SITE\n@ MX 10 m\nm AAAA ::ffff:$SITE\nm A $SITE\nmta-sts AAAA ::ffff:$SITE\n_mta-sts TXT \"v=STSv1; id=1\"\n"},
		"dns-ns":       {text: usual + each(900, "@ NS n%d ; %d") + each(900, "n%d A $SERVER ; %d"), top: each(400, "dns-ns NS n%d.dns-ns ; %d") + each(400, "n%d.dns-ns A $SERVER ; %d")},
		"dns-ns-away":  {text: usual + each(14, "@ NS n%d ; %d") + each(14, "n%d A 127.60.0.%d")},
		"dns-nsec3":    {text: usual, sign: &dnslab.Signing{NSEC3: true, Iterations: 2500}},
		"dns-keytrap":  y.keytrap("dns-keytrap"),
		"dns-spf": {text: usual, tweak: change(func(ask, m *dns.Msg) { // a tree of includes, ten at each
			if q := ask.Question[0]; q.Qtype == dns.TypeTXT && !strings.HasPrefix(q.Name, "_") {
				var b strings.Builder
				for i := range 10 {
					fmt.Fprintf(&b, " include:i%d.%s", i, q.Name)
				}
				m.Rcode, m.Ns, m.Answer = 0, nil, []dns.RR{&dns.TXT{Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 0}, Txt: split("v=spf1" + b.String() + " -all")}}
			}
		})},
		"dns-spf-wide": {text: usual, tweak: change(func(ask, m *dns.Msg) { // one record of 60 KB
			if q := ask.Question[0]; q.Qtype == dns.TypeTXT && q.Name == "dns-spf-wide.hk." {
				m.Answer = []dns.RR{&dns.TXT{Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 0}, Txt: split("v=spf1" + strings.Repeat(" mx:m.dns-spf-wide.hk a:a.dns-spf-wide.hk", 1400) + " -all")}}
			}
		})},
		"dns-fan":  {tweak: fan("dns-fan.hk.")},
		"dns-tlsa": {busy: true, text: usual + each(900, "_443._tcp TLSA 3 1 1 %064x ; %d") + each(900, "_25._tcp.mail TLSA 2 0 2 %0128x ; %d")},
		"dns-cds":  {text: usual + each(600, "@ CDS %d 8 2 %064x") + each(300, "@ CDNSKEY 257 3 8 %08x ; %d"), sign: &dnslab.Signing{}},
		"dns-star": {text: "@ A $SITE\n* CNAME x.c0\n" + each(900, "*.c%d CNAME x.c%d")},
		// The fan among the report addresses is on this domain's own server: that of
		// dns-fan would be asked by two scans, each up to its bound.
		"dns-reports": {text: "@ A $SITE\nwww A $SITE\n_dmarc TXT " + reports() + "\n", top: "dns-reports-fan NS ns1.dns-reports", tweak: fan("dns-reports-fan.hk.")},
		"dns-six": {busy: true, text: usual + "@ AAAA ::1\n@ AAAA 64:ff9b::7f00:1\n@ AAAA 2002:7f00:1::\n@ AAAA fe80::1\nwww AAAA ::ffff:127.0.0.1\nwww AAAA ::127.0.0.1\n" +
			"default._bimi TXT \"v=BIMI1; l=https://127.0.0.1/a.svg; a=https://private.hk/a.pem\"\n"},
		"dns-loop":    {top: "dns-loop NS ns.dns-loop2\ndns-loop2 NS ns.dns-loop"},
		"dns-self":    {top: "dns-self NS ns.dns-self"},
		"dns-canary":  {top: "dns-canary NS ns.dns-canary\nns.dns-canary A 127.0.0.1\nns.dns-canary AAAA ::1\nns.dns-canary AAAA ::ffff:127.0.0.1"},
		"dns-private": {text: "@ A 127.0.0.1\nwww A 169.254.169.254\nwww AAAA ::ffff:127.0.0.1\n@ AAAA ::1\n@ MX 10 mail\nmail A 127.0.0.1\nmail AAAA ::1\nmta-sts A 127.0.0.1\n_mta-sts TXT \"v=STSv1; id=1\"\n"},
	}
}

// reports is a DMARC record with report addresses below domains whose DNS is
// hostile.
func reports() string {
	text := "v=DMARC1; p=reject"
	for _, tag := range []string{"rua", "ruf"} {
		text += "; " + tag + "=mailto:a@dns-private.hk"
		for i, label := range strings.Fields("silent slow all reports-fan loop self canary lies wild cname mx chain txt ns spf half truncates fails star") {
			text += fmt.Sprintf(",mailto:a@%s%d.dns-%s.hk", tag, i, label)
		}
	}
	return `"` + strings.Join(split(text), `" "`) + `"`
}

func split(s string) []string {
	var parts []string
	for c := range slices.Chunk([]byte(s), 255) {
		parts = append(parts, string(c))
	}
	return parts
}

// addNames puts a domain with a fault in its DNS in, on a server of its own.
func (y *yard) addNames(label string, n names) {
	y.t.Helper()
	servers := acts{80: tame()}
	if n.busy {
		servers = both(tame())
	}
	s := y.site(label, servers)
	if n.top != "" && n.text == "" { // nobody serves it
		y.hk.WriteString(n.top + "\n")
		return
	}
	server := netip.AddrFrom4([4]byte{127, 31, s.addr.As4()[2], s.addr.As4()[3]}).String()
	if n.text == "" {
		n.text = usual
	}
	if n.sign != nil {
		n.sign.Begin, n.sign.Expire = fresh().Begin, fresh().Expire
	}
	ns := y.lab.Server(server)
	ns.Tweak, ns.NoTCP, ns.OpenAll = n.tweak, n.noTCP, n.open
	y.hk.WriteString(strings.ReplaceAll(n.top, "$SERVER", server) + "\n")
	y.zone(label, server, strings.ReplaceAll(n.text, "$SERVER", server), n.sign)
}

// keytrap is a zone with many keys of one tag and forged signatures by that tag
// on every answer (CVE-2023-50387): each pair costs a validator a verification.
func (y *yard) keytrap(label string) names {
	var fakes []*dns.DNSKEY
	text := usual
	for i := range 60 {
		modulus := make([]byte, 256)
		_, _ = rand.Read(modulus)
		modulus[0] |= 0x80
		modulus[255] |= 1
		k := &dns.DNSKEY{Hdr: dns.RR_Header{Name: label + ".hk.", Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: 300}, Flags: 256, Protocol: 3, Algorithm: dns.RSASHA256}
		bend := func(word uint16) uint16 { // the tag is a sum of 16-bit words (RFC 4034, appendix B)
			modulus[100], modulus[101] = byte(word>>8), byte(word)
			k.PublicKey = base64.StdEncoding.EncodeToString(append([]byte{3, 1, 0, 1}, modulus...))
			return k.KeyTag()
		}
		if i > 0 {
			want := fakes[0].KeyTag()
			for missing, d := want-bend(0), uint16(0); d < 4 && bend(missing+d-2) != want; d++ {
			}
		}
		bend(uint16(modulus[100])<<8 | uint16(modulus[101]))
		fakes = append(fakes, k)
		text += k.String() + "\n"
	}
	tag := fakes[0].KeyTag()
	signature := base64.StdEncoding.EncodeToString(make([]byte, 256))
	forge := func(section []dns.RR) []dns.RR {
		var forged []dns.RR
		for _, r := range section {
			if sig, is := r.(*dns.RRSIG); is && sig.TypeCovered != dns.TypeDNSKEY {
				for i := range 20 {
					f := *sig
					f.KeyTag, f.Algorithm, f.Signature, f.OrigTtl = tag, dns.RSASHA256, signature, sig.OrigTtl+uint32(i)
					forged = append(forged, &f)
				}
			}
		}
		return append(forged, section...)
	}
	return names{text: text, sign: &dnslab.Signing{}, tweak: func(ask, m *dns.Msg, _ bool) *dns.Msg {
		m.Answer, m.Ns = forge(m.Answer), forge(m.Ns)
		slices.SortStableFunc(m.Answer, func(a, b dns.RR) int { return fakeLast(a, tag) - fakeLast(b, tag) })
		return m
	}}
}

func fakeLast(r dns.RR, tag uint16) int {
	if k, is := r.(*dns.DNSKEY); is && k.KeyTag() == tag {
		return 1
	}
	return 0
}
