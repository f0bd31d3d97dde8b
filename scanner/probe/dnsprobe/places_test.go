package dnsprobe_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/internal/lab/dnslab"
	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/probe/dnsprobe"
	"github.com/cybersec-infohub/infohub/scanner/probe/resolve"
)

// both runs test walking from the root and through a resolver.
func both(t *testing.T, test func(t *testing.T, through func(*dnslab.Lab) change)) {
	t.Helper()
	t.Run("walking", func(t *testing.T) {
		test(t, func(*dnslab.Lab) change { return func(*resolve.Config) {} })
	})
	t.Run("forwarding", func(t *testing.T) {
		test(t, func(l *dnslab.Lab) change {
			r := l.Server("127.10.0.9", func(s *dnslab.Server) { s.Recurse = true })
			return func(c *resolve.Config) { c.Forward = []netip.AddrPort{r.AddrPort()} }
		})
	})
}

func TestNamesOfServers(t *testing.T) {
	of := func(f *scanner.DNSFacts, name string) scanner.NSName {
		for _, n := range f.NSNames {
			if n.Name == name {
				return n
			}
		}
		return scanner.NSName{}
	}
	at := func(list ...string) (out []netip.Addr) {
		for _, a := range list {
			out = append(out, netip.MustParseAddr(a))
		}
		return out
	}
	tests := []struct {
		name, zone, hk string
		check          func(f *scanner.DNSFacts) bool
	}{
		{"sound", shop, delegation, func(f *scanner.DNSFacts) bool {
			n := of(f, "ns1.example.hk")
			return len(f.NSNames) == 2 && n.Delegated && slices.Equal(n.Glue, at(one)) && slices.Equal(n.Addrs, at(one)) && n.Gone == "" && n.Failure == nil
		}},
		{"old glue", strings.Replace(shop, "ns1 A "+one, "ns1 A 127.10.0.5", 1), delegation, func(f *scanner.DNSFacts) bool {
			n := of(f, "ns1.example.hk")
			return slices.Equal(n.Glue, at(one)) && slices.Equal(n.Addrs, at("127.10.0.5"))
		}},
		{"no glue", shop, "example NS ns1.example\nexample NS ns2.example\nns1.example A " + one + "\n", func(f *scanner.DNSFacts) bool {
			n := of(f, "ns2.example.hk")
			return n.Glue == nil && slices.Equal(n.Addrs, at(two))
		}},
		{"an alias", strings.Replace(shop, "ns1 A "+one, "ns1 CNAME real\nreal A "+one, 1), delegation, func(f *scanner.DNSFacts) bool {
			return slices.Equal(of(f, "ns1.example.hk").CNAMEs, []string{"real.example.hk"})
		}},
		{"a domain that has lapsed", shop, delegation + "example NS ns1.dns.lapsed.hk.\n", func(f *scanner.DNSFacts) bool {
			n := of(f, "ns1.dns.lapsed.hk")
			return n.Gone == "lapsed.hk" && n.Delegated && slices.Equal(f.UnresolvedNS, []string{"ns1.dns.lapsed.hk"})
		}},
		{"an alias to a domain that has lapsed", shop + "ns3 CNAME ns.lapsed.hk.\n", delegation + "example NS ns3.example\n", func(f *scanner.DNSFacts) bool {
			return of(f, "ns3.example.hk").Gone == "lapsed.hk"
		}},
		{"a name that is gone in a domain that is not", shop, delegation + "example NS gone.cdn.hk.\n", func(f *scanner.DNSFacts) bool {
			n := of(f, "gone.cdn.hk")
			return n.Gone == "" && n.Failure == nil && slices.Equal(f.UnresolvedNS, []string{"gone.cdn.hk"})
		}},
		{"a name in a network of its own", shop, delegation + "example NS ns1.dns.corp.\n", func(f *scanner.DNSFacts) bool {
			n := of(f, "ns1.dns.corp")
			return n.Gone == "" && n.Failure == nil && slices.Equal(f.UnresolvedNS, []string{"ns1.dns.corp"})
		}},
		{"only the zone names it", shop + "@ NS extra\nextra A 127.10.0.5\n", delegation, func(f *scanner.DNSFacts) bool {
			n := of(f, "extra.example.hk")
			return !n.Delegated && n.Glue == nil && slices.Equal(n.Addrs, at("127.10.0.5"))
		}},
	}
	both(t, func(t *testing.T, through func(*dnslab.Lab) change) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				l := dnslab.New(t)
				l.Zone("example.hk.", tt.zone, nil, l.Server(one), l.Server(two), l.Server("127.10.0.5"))
				l.Zone("cdn.hk.", "@ NS ns1.example.hk.\n", nil, l.Server(one))
				l.Top(tt.hk+"cdn NS ns1.example\n", nil, nil)
				way := through(l) // before the servers start
				got, err := collect(t, l, l.Dialer(), way)
				if err != nil || !tt.check(got) {
					t.Errorf("%s %v", asJSON(t, got), err)
				}
			})
		}
	})
}

func TestStartOfAuthority(t *testing.T) {
	tests := []struct {
		name, soa string
		primary   scanner.PrimaryName
		contact   scanner.Mailbox
	}{
		{"sound", "ns1 hostmaster", scanner.PrimaryName{Name: "ns1.example.hk", Exists: scanner.Yes, Authoritative: scanner.Yes}, scanner.Mailbox{Address: "hostmaster@example.hk", Valid: true, Receives: scanner.Yes}},
		{"a dot in the mailbox", `ns1 first\.last`, scanner.PrimaryName{Name: "ns1.example.hk", Exists: scanner.Yes, Authoritative: scanner.Yes}, scanner.Mailbox{Address: "first.last@example.hk", Valid: true, Receives: scanner.Yes}},
		{"no such primary", "ns9 hostmaster", scanner.PrimaryName{Name: "ns9.example.hk", Exists: scanner.No}, scanner.Mailbox{Address: "hostmaster@example.hk", Valid: true, Receives: scanner.Yes}},
		{"a primary in a network of its own", "ns0.corp. hostmaster", scanner.PrimaryName{Name: "ns0.corp"}, scanner.Mailbox{Address: "hostmaster@example.hk", Valid: true, Receives: scanner.Yes}},
		{"a primary that refuses strangers", "other hostmaster", scanner.PrimaryName{Name: "other.example.hk", Exists: scanner.Yes}, scanner.Mailbox{Address: "hostmaster@example.hk", Valid: true, Receives: scanner.Yes}},
		{"a primary that knows nothing", "ns.nic.hk. hostmaster", scanner.PrimaryName{Name: "ns.nic.hk", Exists: scanner.Yes, Authoritative: scanner.No}, scanner.Mailbox{Address: "hostmaster@example.hk", Valid: true, Receives: scanner.Yes}},
		{"an @ in the contact", `ns1 hostmaster\@example.hk.`, scanner.PrimaryName{Name: "ns1.example.hk", Exists: scanner.Yes, Authoritative: scanner.Yes}, scanner.Mailbox{Address: `hostmaster\@example.hk`}},
		{"a contact on this machine", "ns1 root.localhost.", scanner.PrimaryName{Name: "ns1.example.hk", Exists: scanner.Yes, Authoritative: scanner.Yes}, scanner.Mailbox{Address: "root.localhost"}},
		{"a contact whose domain is gone", "ns1 hostmaster.lapsed.hk.", scanner.PrimaryName{Name: "ns1.example.hk", Exists: scanner.Yes, Authoritative: scanner.Yes}, scanner.Mailbox{Address: "hostmaster@lapsed.hk", Valid: true, Receives: scanner.No}},
		{"a contact whose domain wants no mail", "ns1 hostmaster.quiet", scanner.PrimaryName{Name: "ns1.example.hk", Exists: scanner.Yes, Authoritative: scanner.Yes}, scanner.Mailbox{Address: "hostmaster@quiet.example.hk", Valid: true, Receives: scanner.No}},
		{"a contact whose domain has a mail server", "ns1 hostmaster.mail", scanner.PrimaryName{Name: "ns1.example.hk", Exists: scanner.Yes, Authoritative: scanner.Yes}, scanner.Mailbox{Address: "hostmaster@mail.example.hk", Valid: true, Receives: scanner.Yes}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := dnslab.New(t)
			l.Zone("example.hk.", "@ 300 SOA "+tt.soa+" 1 14400 3600 1209600 300\n"+shop+"other A 127.10.0.5\nquiet MX 0 .\nmail MX 10 ns1\n", nil, l.Server(one), l.Server(two))
			l.Server("127.10.0.5")
			l.Top(delegation, nil, nil)
			got, err := collect(t, l, l.Dialer())
			if err != nil || asJSON(t, got.Primary) != asJSON(t, []scanner.PrimaryName{tt.primary}) || asJSON(t, got.Contact) != asJSON(t, []scanner.Mailbox{tt.contact}) {
				t.Errorf("%s %s %v", asJSON(t, got.Primary), asJSON(t, got.Contact), err)
			}
		})
	}
}

func TestSigning(t *testing.T) {
	tests := []struct {
		name  string
		sign  *dnslab.Signing
		check func(f *scanner.DNSFacts, s *scanner.ZoneSigning) bool
	}{
		{"unsigned", nil, func(f *scanner.DNSFacts, s *scanner.ZoneSigning) bool {
			return s.Keys == nil && s.DS == nil && s.Failure == nil && f.Servers[0].Child == nil
		}},
		{"ECDSA with NSEC", &dnslab.Signing{}, func(f *scanner.DNSFacts, s *scanner.ZoneSigning) bool {
			var of []string
			for _, sig := range s.Signatures {
				of = append(of, sig.Of)
			}
			slices.Sort(of)
			want := []string{"example.hk A", "example.hk AAAA", "example.hk DNSKEY", "example.hk SOA"}
			return len(s.Keys) == 2 && s.Keys[0].Algorithm == 13 && s.Keys[0].Bits == 0 && len(s.DS) == 1 && s.DS[0].Digest == 2 && s.NSEC3 == nil &&
				slices.Equal(slices.Compact(of), want) && s.Signatures[0].Expiration.Equal(dnslab.Now().AddDate(0, 0, 10)) && asJSON(t, f.Servers[0].Child) == "{}"
		}},
		{"RSA of 1024 bits", &dnslab.Signing{Algorithm: dns.RSASHA256, Bits: 1024}, func(_ *scanner.DNSFacts, s *scanner.ZoneSigning) bool {
			return s.Keys[0].Bits == 1024 && s.Keys[1].Bits == 1024 && s.Keys[0].Name == "RSASHA256"
		}},
		{"RSA with SHA-1", &dnslab.Signing{Algorithm: dns.RSASHA1, Bits: 2048}, func(f *scanner.DNSFacts, s *scanner.ZoneSigning) bool {
			return s.Keys[0].Algorithm == 5 && s.Keys[0].Bits == 2048 && len(s.Signatures) > 0 && f.DNSSEC.Status == scanner.Insecure
		}},
		{"DS with SHA-1", &dnslab.Signing{Digest: dns.SHA1}, func(f *scanner.DNSFacts, s *scanner.ZoneSigning) bool {
			return len(s.DS) == 1 && s.DS[0].Digest == 1 && f.DNSSEC.Status == scanner.Secure
		}},
		{"no DS", &dnslab.Signing{NoDS: true}, func(f *scanner.DNSFacts, s *scanner.ZoneSigning) bool {
			return len(s.Keys) == 2 && s.DS == nil && s.Signatures == nil && f.DNSSEC.Status == scanner.Insecure
		}},
		{"NSEC3 with iterations", &dnslab.Signing{NSEC3: true, Iterations: 10}, func(_ *scanner.DNSFacts, s *scanner.ZoneSigning) bool {
			return *s.NSEC3 == scanner.NSEC3{Iterations: 10, Salt: 1}
		}},
		{"CDS", &dnslab.Signing{CDS: true}, func(f *scanner.DNSFacts, _ *scanner.ZoneSigning) bool {
			c := f.Servers[1].Child
			return len(c.Records) == 1 && strings.HasPrefix(c.Records[0], "CDS ") && c.Strange == nil && c.Signed == scanner.Yes && !c.Delete
		}},
		{"CDS of another key", &dnslab.Signing{StrangeCDS: true}, func(f *scanner.DNSFacts, _ *scanner.ZoneSigning) bool {
			c := f.Servers[0].Child
			return slices.Equal(c.Records, c.Strange) && len(c.Strange) == 1
		}},
		{"CDS signed by another key", &dnslab.Signing{CDS: true, CDSByOther: true}, func(f *scanner.DNSFacts, _ *scanner.ZoneSigning) bool {
			return f.Servers[0].Child.Signed == scanner.No
		}},
		{"CDS with a broken signature", &dnslab.Signing{CDS: true, Break: []uint16{dns.TypeCDS}}, func(f *scanner.DNSFacts, _ *scanner.ZoneSigning) bool {
			return f.Servers[0].Child.Signed == scanner.No
		}},
	}
	both(t, func(t *testing.T, through func(*dnslab.Lab) change) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				l := dnslab.New(t)
				var sign *dnslab.Signing
				if tt.sign != nil {
					own := *tt.sign
					sign = &own
				}
				l.Zone("example.hk.", shop, sign, l.Server(one), l.Server(two))
				l.Top(delegation, &dnslab.Signing{NSEC3: true}, &dnslab.Signing{})
				way := through(l) // before the servers start
				got, err := collect(t, l, l.Dialer(), way)
				if err != nil || got.DNSSEC.Signing == nil || !tt.check(got, got.DNSSEC.Signing) {
					t.Errorf("%s %v", asJSON(t, got), err)
				}
			})
		}
	})
}

// hosted is a lab whose example.hk leads names to hosted services, all of which
// are one web server here, and the facts about it.
func hosted(t *testing.T, zone, others string, page http.HandlerFunc, through func(*dnslab.Lab) change) *scanner.DNSFacts {
	t.Helper()
	web := httptest.NewServer(page)
	t.Cleanup(web.Close)
	l := dnslab.New(t)
	l.Zone("example.hk.", shop+zone, nil, l.Server(one), l.Server(two))
	l.Zone("io.", "@ NS ns1.example.hk.\n"+others, nil, l.Server(one))
	l.Zone("net.", "@ NS ns1.example.hk.\n", nil, l.Server(one))
	l.Zone("hk.", "@ NS ns.nic.hk.\nns.nic A "+dnslab.HKAddr+"\n"+delegation, nil, l.Server(dnslab.HKAddr))
	root := "@ NS a.root.\na.root. A " + dnslab.RootAddr + "\nhk. NS ns.nic.hk.\nns.nic.hk. A " + dnslab.HKAddr + "\n"
	for _, top := range []string{"io.", "net."} {
		root += top + " NS ns1.example.hk.\nns1.example.hk. A " + one + "\n"
	}
	l.Zone(".", root, nil, l.Server(dnslab.RootAddr))
	way := through(l)
	d := l.Dialer()
	ap := web.Listener.Addr().(*net.TCPAddr).AddrPort()
	d.ConnectTo = append(d.ConnectTo, netguard.Mapping{Port: 80, To: ap.Addr(), ToPort: ap.Port()})
	got, err := collect(t, l, d, way)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestHostedNames(t *testing.T) {
	var asked atomic.Int64
	page := func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		switch r.Host {
		case "blog.example.hk", "www.example.hk":
			w.WriteHeader(http.StatusNotFound)
			_, _ = fmt.Fprint(w, "<p><strong>There isn&#39;t a GitHub Pages site here.</strong></p>")
		case "docs.example.hk":
			w.WriteHeader(http.StatusNotFound)
			_, _ = fmt.Fprint(w, "<h1>Repository not found</h1>")
		case "m.example.hk":
			panic(http.ErrAbortHandler)
		default:
			_, _ = fmt.Fprint(w, "<h1>Welcome</h1>")
		}
	}
	zone := `blog CNAME shop.github.io.
docs CNAME old.bitbucket.io.
status CNAME claimed.github.io.
m CNAME shut.github.io.
app CNAME old.azurewebsites.net.
dev CNAME gone.lapsed.hk.
ftp A 192.0.2.5
`
	others := "*.github A 192.0.2.9\n*.bitbucket A 192.0.2.9\n"
	both(t, func(t *testing.T, through func(*dnslab.Lab) change) {
		f := hosted(t, zone, others, page, through)
		var got []string
		for _, h := range f.Names {
			line := strings.TrimSuffix(h.Name, ".example.hk")
			if h.Dangling != "" {
				line += " dangling"
			}
			if s := h.Service; s != nil {
				line += fmt.Sprintf(" %s sure=%v unclaimed=%q %q", s.Service, s.Sure, s.Unclaimed, s.Seen)
				if s.Failure != nil {
					line += " " + string(s.Failure.Kind)
				}
			}
			got = append(got, line)
		}
		want := []string{
			`app dangling Microsoft Azure sure=true unclaimed="yes" "NXDOMAIN"`,
			`blog GitHub Pages sure=false unclaimed="yes" "There isn't a GitHub Pages site here."`,
			`dev dangling`,
			`docs Bitbucket sure=true unclaimed="yes" "Repository not found"`,
			`ftp`,
			`m GitHub Pages sure=false unclaimed="" "" reset`,
			`status GitHub Pages sure=false unclaimed="no" ""`,
		}
		if !slices.Equal(got, want) {
			t.Errorf("names:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if f.Wildcard == nil || f.Wildcard.Exists || f.Wildcard.Name != "*.example.hk" {
			t.Errorf("wildcard %+v", f.Wildcard)
		}
	})
	if n := asked.Load(); n > 10 {
		t.Errorf("%d pages were asked for", n)
	}
}

// A wildcard is one fault, not one for each usual name; a name of its own beside
// it is looked at.
func TestWildcard(t *testing.T) {
	empty := func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "Repository not found") }
	both(t, func(t *testing.T, through func(*dnslab.Lab) change) {
		f := hosted(t, "* CNAME gone.lapsed.hk.\nblog A 192.0.2.1\n", "", empty, through)
		if !f.Wildcard.Exists || f.Wildcard.Dangling != "gone.lapsed.hk" || len(f.Names) != 1 || f.Names[0].Name != "blog.example.hk" {
			t.Errorf("dangling: %s", asJSON(t, f))
		}
		f = hosted(t, "* CNAME old.bitbucket.io.\n", "*.bitbucket A 192.0.2.9\n", empty, through)
		if s := f.Wildcard.Service; len(f.Names) != 0 || s == nil || s.Unclaimed != scanner.Yes {
			t.Errorf("unclaimed: %s", asJSON(t, f))
		}
		f = hosted(t, "* A 192.0.2.1\nblog A 192.0.2.1\nshop A 192.0.2.2\n", "", empty, through)
		if !f.Wildcard.Exists || len(f.Names) != 1 || f.Names[0].Name != "shop.example.hk" {
			t.Errorf("addresses: %s", asJSON(t, f))
		}
	})
}

// However many names lead to services, few pages are fetched.
func TestFewPagesAreFetched(t *testing.T) {
	var asked atomic.Int64
	var zone strings.Builder
	for _, label := range []string{"api", "app", "assets", "beta", "blog", "cdn", "dev", "docs", "events", "ftp", "help", "m", "mail", "media", "portal", "shop", "staging", "static", "status", "support", "test"} {
		fmt.Fprintf(&zone, "%s CNAME %s.github.io.\n", label, label)
	}
	f := hosted(t, strings.Replace(zone.String(), "www CNAME @\n", "", 1), "*.github A 192.0.2.9\n", func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.Redirect(w, r, "https://"+r.Host+"/", http.StatusMovedPermanently)
	}, func(*dnslab.Lab) change { return func(*resolve.Config) {} })
	if n := asked.Load(); n > 20 {
		t.Errorf("%d pages", n)
	}
	limited := 0
	for _, h := range f.Names {
		if h.Service.Failure != nil && h.Service.Failure.Kind == scanner.FailLimit {
			limited++
		}
	}
	if limited == 0 {
		t.Error("nobody was told of the bound")
	}
}

// A scan's questions are bounded over all look-ups, and what could not be asked
// any more says so.
func TestQuestionsOfAScan(t *testing.T) {
	l := dnslab.New(t)
	l.Zone("example.hk.", shop, nil, l.Server(one), l.Server(two))
	l.Top(delegation, nil, nil)
	d := l.Dialer()
	target, err := scanner.ParseTarget("example.hk")
	if err != nil {
		t.Fatal(err)
	}
	shared := resolver(l, d)
	run := func(n int32) (*scanner.DNSFacts, int64) {
		var before, after int64
		for _, s := range l.Servers {
			before += s.Asked.Load()
		}
		section, err := dnsprobe.New(shared).Collect(scanner.WithQuestions(t.Context(), n), scanner.Input{Facts: &scanner.Facts{Target: target}, Net: &scanner.Network{Dialer: d}})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range l.Servers {
			after += s.Asked.Load()
		}
		return section.(*scanner.DNSFacts), after - before
	}
	f, asked := run(20)
	if asked > 20 {
		t.Errorf("%d questions, 20 allowed", asked)
	}
	limited := strings.Count(asJSON(t, f), `"kind":"limit"`)
	if limited == 0 {
		t.Errorf("nothing says so: %s", asJSON(t, f))
	}
	// It was that scan's bound: the next one over the same resolver is whole.
	f, asked = run(scanner.MaxQuestions)
	if strings.Contains(asJSON(t, f), `"kind":"limit"`) {
		t.Errorf("the bound was remembered: %s", asJSON(t, f))
	}
	t.Logf("%d questions for a whole scan's DNS", asked)
}
