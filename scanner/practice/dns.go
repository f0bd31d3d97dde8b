package practice

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// nameServer is one of the shop's name servers. The addresses are of the
// networks that RFC 5737 and RFC 3849 keep for examples; ConnectTo leads to the
// real ones.
type nameServer struct {
	name  string // without a final dot
	addr  string
	addr6 string
	zone  string
}

const rootName = "a.root.example"

func nameServers() []nameServer {
	return []nameServer{
		{rootName, "203.0.113.1", "2001:db8:53::1", "."},
		{"ns.example", "203.0.113.2", "2001:db8:53::2", "example."},
		{"ns1." + Domain, "192.0.2.53", "2001:db8:1::53", Domain + "."},
		{"ns2." + Domain, "198.51.100.53", "2001:db8:2::53", Domain + "."},
	}
}

func rootAddr() netip.Addr { return netip.MustParseAddr(nameServers()[0].addr) }

const (
	webAddr  = "192.0.2.80"
	webAddr6 = "2001:db8::80"
	mailAddr = "192.0.2.25"
)

// makeKeys makes the signing keys of all zones and the trust anchor.
func (s *Site) makeKeys() error {
	s.keys = map[string]*zoneKey{}
	for _, ns := range nameServers() {
		if s.keys[ns.zone] != nil {
			continue
		}
		k, err := newZoneKey(ns.zone)
		if err != nil {
			return err
		}
		s.keys[ns.zone] = k
	}
	s.Anchor = s.ds(".")
	pub, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	s.pki.dkim = base64.StdEncoding.EncodeToString(pub)
	return nil
}

func (s *Site) ds(zone string) string { return s.keys[zone].record.ToDS(dns.SHA256).String() }

// rebuild writes the zones as the faults have them.
func (s *Site) rebuild() error {
	soa := func(zone string) string {
		i := slices.IndexFunc(nameServers(), func(ns nameServer) bool { return ns.zone == zone })
		return fmt.Sprintf("@ SOA %s. hostmaster.%s. 1 14400 3600 1209600 300\n", nameServers()[i].name, Domain)
	}
	glue := func(zone string) string {
		var b strings.Builder
		for _, ns := range nameServers() {
			if ns.zone == zone {
				fmt.Fprintf(&b, "%[1]s NS %[2]s.\n%[2]s. A %[3]s\n%[2]s. AAAA %[4]s\n", zone, ns.name, ns.addr, ns.addr6)
			}
		}
		return b.String()
	}
	shop := Domain + "."
	texts := map[string]string{
		".":        soa(".") + glue(".") + glue("example.") + s.ds("example."),
		"example.": soa("example.") + glue("example.") + glue(shop) + s.ds(shop),
		shop:       soa(shop) + glue(shop) + s.shopRecords(),
	}
	zones := map[string]*zone{}
	for name, text := range texts {
		z, err := newZone(name, text, s.keys[name], time.Now())
		if err != nil {
			return fmt.Errorf("practice: zone %s: %w", name, err)
		}
		zones[name] = z
	}
	s.mu.Lock()
	s.zones = zones
	s.mu.Unlock()
	return nil
}

func (s *Site) shopRecords() string {
	spf, dmarc, caa := "v=spf1 mx -all", "reject", `@ CAA 0 issue "ca.example"`
	if s.has("mail.spf.plus-all") {
		spf = "v=spf1 mx +all"
	}
	// What hangs on another record goes with it: its absence would be another
	// rule's fault.
	bimi := `default._bimi TXT "v=BIMI1; l=https://mta-sts.` + Domain + `/logo.svg"`
	if s.has("mail.dmarc.policy-none") {
		dmarc, bimi = "none", ""
	}
	tlsa := "_25._tcp.mail TLSA 3 1 1 " + s.pki.mailKey
	if s.has("mail.starttls.missing") {
		tlsa = ""
	}
	if s.has("dns.caa.missing") {
		caa = ""
	}
	return fmt.Sprintf(`@ A %[1]s
www A %[1]s
@ AAAA `+webAddr6+`
www AAAA `+webAddr6+`
www TXT "v=spf1 -all"
mta-sts A %[1]s
mail A %[2]s
mail TXT "v=spf1 a -all"
@ MX 10 mail
@ TXT "%[3]s"
%[4]s
_dmarc TXT "v=DMARC1; p=%[5]s; rua=mailto:reports@%[6]s"
default._domainkey TXT "v=DKIM1; k=ed25519; p=%[7]s"
_mta-sts TXT "v=STSv1; id=1"
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:reports@%[6]s"
%[8]s
%[9]s
%[10]s
`, webAddr, mailAddr, spf, caa, dmarc, Domain, s.pki.dkim, tlsa, bimi, s.proofRecord())
}

func (s *Site) serveDNS(server nameServer, l net.Listener, pc net.PacketConn) {
	handler := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) { s.answer(server, w, q) })
	for _, srv := range []*dns.Server{{Listener: l, Handler: handler}, {PacketConn: pc, Handler: handler}} {
		started := make(chan struct{})
		srv.NotifyStartedFunc = func() { close(started) }
		s.serve(func() { _ = srv.ActivateAndServe() }, func() { _ = srv.Shutdown() })
		<-started // Shutdown before this would leave it running
	}
}

// answer is an authoritative server for one zone: it refuses everything else.
func (s *Site) answer(server nameServer, w dns.ResponseWriter, q *dns.Msg) {
	m := new(dns.Msg)
	m.SetReply(q)
	s.mu.RLock()
	z := s.zones[server.zone]
	s.mu.RUnlock()
	sigs := false
	if opt := q.IsEdns0(); opt != nil {
		sigs = opt.Do()
		m.SetEdns0(1232, sigs)
	}
	name := ""
	if len(q.Question) == 1 {
		name = strings.ToLower(q.Question[0].Name)
	}
	_, isTCP := w.RemoteAddr().(*net.TCPAddr)
	switch {
	case name == "" || q.Opcode != dns.OpcodeQuery || q.Question[0].Qclass != dns.ClassINET || !dns.IsSubDomain(z.name, name):
		m.Rcode = dns.RcodeRefused
	case q.Question[0].Qtype == dns.TypeAXFR:
		if !isTCP || !s.has("dns.ns.axfr") || name != z.name {
			m.Rcode = dns.RcodeRefused
			break
		}
		m.Authoritative = true
		soa := z.set(z.name, dns.TypeSOA, false)
		m.Answer = append(m.Answer, soa...)
		for _, owner := range z.names {
			for t := range z.sets[owner] {
				if t != dns.TypeSOA {
					m.Answer = append(m.Answer, z.sets[owner][t]...)
				}
			}
		}
		m.Answer = append(m.Answer, soa...)
	default:
		z.reply(m, name, q.Question[0].Qtype, sigs)
	}
	if !isTCP {
		size := dns.MinMsgSize
		if opt := q.IsEdns0(); opt != nil {
			size = int(min(max(opt.UDPSize(), dns.MinMsgSize), 1232))
		}
		m.Truncate(size)
	}
	_ = w.WriteMsg(m) // the asker may be gone
}

// reply fills in answer, referral or denial.
func (z *zone) reply(m *dns.Msg, name string, qtype uint16, sigs bool) {
	if cut := z.cutAbove(name); cut != "" && !(name == cut && qtype == dns.TypeDS) {
		m.Ns = z.set(cut, dns.TypeNS, false)
		if sigs {
			m.Ns = append(m.Ns, z.set(cut, dns.TypeDS, true)...)
		}
		for _, rr := range z.set(cut, dns.TypeNS, false) {
			host := rr.(*dns.NS).Ns
			m.Extra = append(append(m.Extra, z.set(host, dns.TypeA, false)...), z.set(host, dns.TypeAAAA, false)...)
		}
		return
	}
	m.Authoritative = true
	if m.Answer = z.set(name, qtype, sigs); len(m.Answer) > 0 {
		return
	}
	m.Ns = z.set(z.name, dns.TypeSOA, sigs)
	proofs := []string{z.covering(name)}
	if !z.exists(name) {
		m.Rcode = dns.RcodeNameError
		if wild := z.covering("*." + z.name); wild != proofs[0] {
			proofs = append(proofs, wild)
		}
	}
	if sigs {
		for _, owner := range proofs {
			m.Ns = append(m.Ns, z.set(owner, dns.TypeNSEC, true)...)
		}
	}
}
