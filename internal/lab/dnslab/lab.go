// Package dnslab runs authoritative and recursive name servers in this process,
// on loopback addresses and free ports, over signed and unsigned zones, with
// whatever fault a test wants. netguard's mappings lead port 53 of each address
// to its server.
//
// Tests import it, and nothing else.
package dnslab

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/internal/netguard"
)

// Lab is a set of servers and the zones they hold.
type Lab struct {
	tb      testing.TB
	Servers map[netip.Addr]*Server
	Zones   map[string]*Zone // by name with trailing dot
}

// Now is the time at which the lab's signatures are valid.
func Now() time.Time { return time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC) }

// New returns an empty lab. Its servers stop when the test ends.
func New(tb testing.TB) *Lab {
	return &Lab{tb: tb, Servers: map[netip.Addr]*Server{}, Zones: map[string]*Zone{}}
}

// Server is one address that answers over UDP and TCP.
type Server struct {
	Addr  netip.Addr
	Port  uint16
	Zones []*Zone
	// Asked counts questions.
	Asked atomic.Int64

	// What may be wrong with it. It is set before Lab.Dialer starts the server.

	// Tweak may change an answer; nil drops it. tcp tells over what it goes.
	Tweak   func(ask, answer *dns.Msg, tcp bool) *dns.Msg
	Recurse bool // it answers for names outside its zones, from the whole lab
	OpenAll bool // it transfers its zones to everyone
	NoTCP   bool
	Version string

	lab  *Lab
	idle []*dns.Server // listening, not yet started
}

// Server returns the server at an address; it listens from the first call on.
func (l *Lab) Server(addr string, options ...func(*Server)) *Server {
	l.tb.Helper()
	a := netip.MustParseAddr(addr)
	if s := l.Servers[a]; s != nil {
		return s
	}
	s := &Server{Addr: a, lab: l}
	for _, o := range options {
		o(s)
	}
	l.Servers[a] = s
	s.listen()
	return s
}

// listen takes one port number for both; the kernel chooses it for TCP.
func (s *Server) listen() {
	tb := s.lab.tb
	for range 50 {
		tcp, err := net.Listen("tcp", netip.AddrPortFrom(s.Addr, 0).String())
		if err != nil {
			tb.Fatal(err)
		}
		s.Port = tcp.Addr().(*net.TCPAddr).AddrPort().Port()
		udp, err := net.ListenPacket("udp", netip.AddrPortFrom(s.Addr, s.Port).String())
		if err != nil {
			_ = tcp.Close()
			continue
		}
		tb.Cleanup(func() { _ = tcp.Close(); _ = udp.Close() })
		s.idle = []*dns.Server{{PacketConn: udp}, {Listener: tcp, IdleTimeout: func() time.Duration { return 5 * time.Second }}}
		return
	}
	tb.Fatal("no port that is free over both UDP and TCP")
}

func (s *Server) start() {
	for _, d := range s.idle {
		if s.NoTCP && d.Listener != nil {
			_ = d.Listener.Close()
			continue
		}
		d.Handler = dns.HandlerFunc(s.handle)
		ready := make(chan struct{})
		d.NotifyStartedFunc = func() { close(ready) }
		go func() { _ = d.ActivateAndServe() }()
		<-ready
		s.lab.tb.Cleanup(func() { _ = d.Shutdown() })
	}
	s.idle = nil
}

func (s *Server) handle(w dns.ResponseWriter, ask *dns.Msg) {
	s.Asked.Add(1)
	_, tcp := w.RemoteAddr().(*net.TCPAddr)
	if len(ask.Question) != 1 {
		return
	}
	if ask.Question[0].Qtype == dns.TypeAXFR && s.transfer(w, ask) {
		return
	}
	answer := s.answer(ask)
	if s.Tweak != nil {
		answer = s.Tweak(ask, answer, tcp)
	}
	if answer == nil {
		return
	}
	if !tcp {
		size := dns.MinMsgSize
		if o := ask.IsEdns0(); o != nil {
			size = max(size, int(o.UDPSize()))
		}
		answer.Truncate(size)
	}
	_ = w.WriteMsg(answer)
}

// answer is what a sane server would say.
func (s *Server) answer(ask *dns.Msg) *dns.Msg {
	m := new(dns.Msg)
	m.SetReply(ask)
	do := false
	if o := ask.IsEdns0(); o != nil {
		m.SetEdns0(1232, o.Do())
		do = o.Do()
	}
	q := ask.Question[0]
	name := dns.CanonicalName(q.Name)
	if q.Qclass == dns.ClassCHAOS {
		if s.Version == "" {
			m.Rcode = dns.RcodeRefused
			return m
		}
		m.Answer = []dns.RR{&dns.TXT{Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeTXT, Class: dns.ClassCHAOS}, Txt: []string{s.Version}}}
		return m
	}
	if z := holder(s.Zones, name, q.Qtype); z != nil {
		z.answer(m, name, q.Qtype, do)
		return m
	}
	m.RecursionAvailable = s.Recurse
	if !s.Recurse || !ask.RecursionDesired {
		m.Rcode = dns.RcodeRefused
		return m
	}
	s.lab.recurse(m, name, q.Qtype, do)
	return m
}

// recurse answers from all zones of the lab as a resolver would.
func (l *Lab) recurse(m *dns.Msg, name string, qtype uint16, do bool) {
	var all []*Zone
	for _, z := range l.Zones {
		all = append(all, z)
	}
	var chain []dns.RR
	for range 20 {
		z := holder(all, name, qtype)
		if z == nil {
			m.Rcode = dns.RcodeServerFailure
			return
		}
		m.Answer, m.Ns, m.Extra, m.Rcode = nil, nil, m.Extra[:min(len(m.Extra), 1)], dns.RcodeSuccess
		z.answer(m, name, qtype, do)
		m.Authoritative = false
		chain = append(chain, m.Answer...)
		var alias string
		for _, rr := range m.Answer {
			if c, ok := rr.(*dns.CNAME); ok && qtype != dns.TypeCNAME {
				alias = dns.CanonicalName(c.Target)
			} else if rr.Header().Rrtype == qtype {
				alias = ""
			}
		}
		if alias == "" || m.Rcode != dns.RcodeSuccess {
			break
		}
		name = alias
	}
	m.Answer = chain
}

// holder is the zone among zones that has the word about name: the lowest, and
// for DS the one above the cut.
func holder(zones []*Zone, name string, qtype uint16) *Zone {
	var best *Zone
	for _, z := range zones {
		if !dns.IsSubDomain(z.Name, name) || (qtype == dns.TypeDS && z.Name == name && name != ".") {
			continue
		}
		if best == nil || dns.CountLabel(z.Name) > dns.CountLabel(best.Name) {
			best = z
		}
	}
	return best
}

func (s *Server) transfer(w dns.ResponseWriter, ask *dns.Msg) bool {
	i := slices.IndexFunc(s.Zones, func(z *Zone) bool { return z.Name == dns.CanonicalName(ask.Question[0].Name) })
	if i < 0 || !s.OpenAll {
		m := new(dns.Msg)
		_ = w.WriteMsg(m.SetRcode(ask, dns.RcodeRefused))
		return true
	}
	records := s.Zones[i].transferred()
	for part := range slices.Chunk(records, 1) { // one by one, so that the first message is not enough
		m := new(dns.Msg)
		m.SetReply(ask)
		m.Authoritative, m.Answer = true, part
		if w.WriteMsg(m) != nil {
			break
		}
	}
	return true
}

// Dialer starts the servers and leads port 53 of each to where it listens;
// private addresses are allowed.
func (l *Lab) Dialer() *netguard.Dialer {
	d := &netguard.Dialer{Policy: netguard.Policy{AllowPrivate: true}, Timeout: 2 * time.Second}
	for _, s := range l.Servers {
		s.start()
		d.ConnectTo = append(d.ConnectTo, netguard.Mapping{Host: s.Addr.String(), Port: 53, ToPort: s.Port})
	}
	slices.SortFunc(d.ConnectTo, func(a, b netguard.Mapping) int { return int(a.ToPort) - int(b.ToPort) })
	return d
}

// AddrPort is where the server listens.
func (s *Server) AddrPort() netip.AddrPort { return netip.AddrPortFrom(s.Addr, s.Port) }

func (s *Server) String() string { return s.Addr.String() + ":" + strconv.Itoa(int(s.Port)) }

// Addresses of the servers that Top makes.
const (
	RootAddr = "127.10.0.1"
	HKAddr   = "127.10.0.2"
)

// Top makes the zone hk of text and the root above it, each on a server of its
// own; the zones below hk are there already. Unsigned where sign is nil.
func (l *Lab) Top(text string, hk, root *Signing) {
	l.tb.Helper()
	l.Zone("hk.", "@ NS ns.nic.hk.\nns.nic A "+HKAddr+"\n"+text, hk, l.Server(HKAddr))
	l.Zone(".", "@ NS a.root.\na.root. A "+RootAddr+"\nhk. NS ns.nic.hk.\nns.nic.hk. A "+HKAddr+"\n", root, l.Server(RootAddr))
}
