package checks

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
)

// soundMail has no fault: two mail servers, every policy in force.
func soundMail() *scanner.Facts {
	mx := func(preference uint16, name string) scanner.MXHost {
		return scanner.MXHost{
			Preference: preference, Name: name, Exists: true, Alias: scanner.No, Addrs: []netip.Addr{ip("9.9.9.25")}, STARTTLS: scanner.Yes,
			TLS: &scanner.TLSHost{
				Name: name, NameMatch: true,
				Versions: map[string]scanner.Tristate{
					"SSLv3": scanner.No, "TLSv1.0": scanner.No, "TLSv1.1": scanner.No, "TLSv1.2": scanner.Yes, "TLSv1.3": scanner.Yes,
				},
				Chain: []scanner.Cert{{
					Subject: "CN=" + name, Issuer: "CN=Test CA", Names: []string{name}, KeyType: "ECDSA", KeyBits: 256, Signature: "SHA256-RSA",
					NotBefore: started.AddDate(0, -1, 0), NotAfter: started.AddDate(0, 1, 0),
				}},
				WeakTested: []string{"null", "export", "rc4", "des", "3des", "no-forward-secrecy"}, ForwardSecrecy: scanner.Yes,
				GroupsTested: true, Group: "x25519",
				Legacy: &scanner.TLSLegacy{Version: "TLSv1.2", Compression: scanner.No, SecureRenegotiation: scanner.Yes},
			},
			DANE: &scanner.MailDANE{
				At: "_25._tcp." + name, Records: []string{"3 1 1 ab"}, Security: scanner.Secure, Usable: 1, Match: scanner.Yes, By: "3 1 1 ab",
			},
		}
	}
	return &scanner.Facts{
		Target: scanner.Target{Domain: "example.hk", Unicode: "example.hk"}, Started: started,
		Mail: &scanner.MailFacts{
			MX:  []scanner.MXHost{mx(10, "mx1.example.hk"), mx(20, "mx2.example.hk")},
			SPF: scanner.SPF{Records: []string{"v=spf1 mx -all"}, Lookups: 1, All: "-"},
			DMARC: scanner.DMARC{
				At: "_dmarc.example.hk", Records: []string{"v=DMARC1; p=reject"}, Policy: "reject", Percent: 100, AtApex: scanner.No,
				RUA:     []string{"mailto:d@example.hk"},
				Reports: []scanner.ReportAddress{{Tag: "rua", URI: "mailto:d@example.hk", Domain: "example.hk", Receives: scanner.Yes}},
			},
			DKIM:   scanner.DKIM{Tried: 30, Keys: []scanner.DKIMKey{{Selector: "s1", Type: "rsa", Bits: 2048}}},
			MTASTS: scanner.MTASTS{Records: []string{"v=STSv1; id=1"}, URL: "https://mta-sts.example.hk/", Mode: "enforce", MX: []string{"*.example.hk"}, MaxAge: 604800},
			TLSRPT: scanner.TLSRPT{Records: []string{"v=TLSRPTv1; rua=mailto:t@example.hk"}, RUA: []string{"mailto:t@example.hk"}},
			BIMI:   &scanner.BIMI{At: "default._bimi.example.hk", Records: []string{"v=BIMI1; l=https://example.hk/l.svg"}, Logo: "https://example.hk/l.svg"},
			Names:  []scanner.SenderName{{Name: "mx1.example.hk", Address: scanner.Yes, SPF: scanner.Yes}, {Name: "www.example.hk", Address: scanner.Yes, SPF: scanner.Yes}},
		},
	}
}

func mail(edit func(*scanner.MailFacts)) func(*scanner.Facts) {
	return func(f *scanner.Facts) { edit(f.Mail) }
}

var (
	noMX    = mail(func(m *scanner.MailFacts) { m.MX, m.Implicit = nil, true })
	nullMX  = mail(func(m *scanner.MailFacts) { m.MX, m.NullMX = nil, true })
	mxLost  = mail(func(m *scanner.MailFacts) { m.MX, m.MXFailure = nil, failure(scanner.FailServer) })
	noDNSMX = mail(func(m *scanner.MailFacts) {
		for i := range m.MX {
			m.MX[i] = scanner.MXHost{Name: m.MX[i].Name, Preference: m.MX[i].Preference, Failure: failure(scanner.FailTimeout)}
		}
	})
)

// mx makes an edit of the nth mail server.
func mx(n int, edit func(*scanner.MXHost)) func(*scanner.Facts) {
	return mail(func(m *scanner.MailFacts) { edit(&m.MX[n]) })
}

func TestSoundMailPasses(t *testing.T) {
	for _, check := range mailChecks() {
		f := check.Judge(soundMail())
		if withoutMail(check.Rule) {
			if f.Outcome != scanner.NotApplicable || f.Because != scanner.NANotUsed {
				t.Errorf("%s: %s %s", check.Rule, f.Outcome, f.Because)
			}
			continue
		}
		if f.Outcome != scanner.Pass || len(f.Evidence) == 0 {
			t.Errorf("%s: %s %q", check.Rule, f.Outcome, evidenceOf(f))
		}
	}
}

// withoutMail: the rule is about domains without mail only.
func withoutMail(rule string) bool {
	return rule == "mail.null-mx.missing" || rule == "mail.parked.unprotected"
}

// A domain that receives no mail is still used by forgers: SPF and DMARC
// concern it, nothing else does.
func TestDomainsWithoutMail(t *testing.T) {
	spoil := map[string]func(*scanner.Facts){"no MX": noMX, "null MX": nullMX}
	for _, check := range mailChecks() {
		for about, edit := range spoil {
			if withoutMail(check.Rule) {
				continue
			}
			facts := soundMail()
			edit(facts)
			want := scanner.NotApplicable
			if strings.HasPrefix(check.Rule, "mail.spf.") || strings.HasPrefix(check.Rule, "mail.dmarc.") {
				want = scanner.Pass
			}
			if f := check.Judge(facts); f.Outcome != want || (want == scanner.NotApplicable && f.Because != scanner.NANoMail) {
				t.Errorf("%s, %s: %s %s", check.Rule, about, f.Outcome, f.Because)
			}
		}
	}
}

func TestSPF(t *testing.T) {
	spf := func(edit func(*scanner.SPF)) func(*scanner.Facts) {
		return mail(func(m *scanner.MailFacts) { edit(&m.SPF) })
	}
	lost := spf(func(s *scanner.SPF) { *s = scanner.SPF{Failure: failure(scanner.FailTimeout)} })
	none := spf(func(s *scanner.SPF) { *s = scanner.SPF{} })
	two := spf(func(s *scanner.SPF) { *s = scanner.SPF{Records: []string{"v=spf1 mx -all", "v=spf1 a -all"}} })
	wrong := spf(func(s *scanner.SPF) { s.Error, s.All = `unknown mechanism "ip5"`, "" })
	away := spf(func(s *scanner.SPF) { s.Unresolved, s.All = failure(scanner.FailServer), "" })
	all := func(q string) func(*scanner.Facts) { return spf(func(s *scanner.SPF) { s.All = q }) }
	judgeSpoilt(t, "mail.spf.missing", soundMail, []spoilt{
		{"one", nil, passes("example.hk | TXT v=spf1 mx -all")},
		{"none", none, fails("no TXT record")},
		{"none, and no mail", func(f *scanner.Facts) { none(f); nullMX(f) }, fails("no TXT record")},
		{"two", two, passes("v=spf1 a -all")},
		{"no answer", lost, isUnknown(scanner.FailTimeout)},
	})
	judgeSpoilt(t, "mail.spf.multiple", soundMail, []spoilt{
		{"one", nil, passes("v=spf1")},
		{"two", two, fails("v=spf1 a -all")},
		{"none", none, notFor(scanner.NANoRecord)},
		{"no answer", lost, isUnknown(scanner.FailTimeout)},
	})
	judgeSpoilt(t, "mail.spf.invalid", soundMail, []spoilt{
		{"valid", nil, passes("v=spf1")},
		{"mistake", wrong, fails("ip5")},
		{"an include is out of reach", away, isUnknown(scanner.FailServer)},
		{"two", two, notFor(scanner.NACovered)},
		{"none", none, notFor(scanner.NANoRecord)},
		{"no answer", lost, isUnknown(scanner.FailTimeout)},
	})
	judgeSpoilt(t, "mail.spf.lookups", soundMail, []spoilt{
		{"one", nil, passes("1 DNS look-ups of 10 allowed")},
		{"ten", spf(func(s *scanner.SPF) { s.Lookups, s.Voids = 10, 2 }), passes("10 DNS look-ups")},
		{"eleven", spf(func(s *scanner.SPF) { s.Lookups, s.Includes = 11, []string{"spf.a.example"} }), fails("11 DNS look-ups of 10 allowed, 0 without an answer of 2 allowed; include: spf.a.example")},
		{"three without an answer", spf(func(s *scanner.SPF) { s.Voids = 3 }), fails("3 without an answer")},
		{"at least one", away, isUnknown(scanner.FailServer)},
		{"at least eleven", func(f *scanner.Facts) { away(f); f.Mail.SPF.Lookups = 11 }, fails("11 DNS")},
		{"mistake", wrong, notFor(scanner.NACovered)},
		{"none", none, notFor(scanner.NANoRecord)},
	})
	judgeSpoilt(t, "mail.spf.plus-all", soundMail, []spoilt{
		{"-all", nil, passes("effective: -all")},
		{"+all", all("+"), fails("effective: +all")},
		{"no all", all(""), passes(`no "all"`)},
		{"mistake", wrong, notFor(scanner.NACovered)},
		{"behind a redirect", away, isUnknown(scanner.FailServer)},
		{"two", two, notFor(scanner.NACovered)},
		{"none", none, notFor(scanner.NANoRecord)},
	})
	judgeSpoilt(t, "mail.spf.neutral-all", soundMail, []spoilt{
		{"-all", nil, passes("effective: -all")},
		{"~all", all("~"), passes("effective: ~all")},
		{"?all", all("?"), fails("effective: ?all")},
		{"no all", all(""), fails(`no "all"`)},
		{"+all", all("+"), notFor(scanner.NACovered)},
		{"behind a redirect", away, isUnknown(scanner.FailServer)},
		{"no answer", lost, isUnknown(scanner.FailTimeout)},
	})
}

func TestDMARC(t *testing.T) {
	dmarc := func(edit func(*scanner.DMARC)) func(*scanner.Facts) {
		return mail(func(m *scanner.MailFacts) { edit(&m.DMARC) })
	}
	lost := dmarc(func(d *scanner.DMARC) { *d = scanner.DMARC{Failure: failure(scanner.FailTimeout)} })
	none := dmarc(func(d *scanner.DMARC) { *d = scanner.DMARC{} })
	two := dmarc(func(d *scanner.DMARC) { d.Records = append(d.Records, "v=DMARC1; p=none") })
	wrong := dmarc(func(d *scanner.DMARC) { d.Error, d.Policy = `p="all" is not valid`, "" })
	judgeSpoilt(t, "mail.dmarc.missing", soundMail, []spoilt{
		{"one", nil, passes("_dmarc.example.hk | TXT v=DMARC1; p=reject")},
		{"at the parent", dmarc(func(d *scanner.DMARC) { d.At = "_dmarc.hk" }), passes("_dmarc.hk |")},
		{"none", none, fails("_dmarc.example.hk | no TXT record")},
		{"no answer", lost, isUnknown(scanner.FailTimeout)},
	})
	judgeSpoilt(t, "mail.dmarc.invalid", soundMail, []spoilt{
		{"valid", nil, passes("p=reject")},
		{"mistake", wrong, fails(`p="all" is not valid`)},
		{"two", two, fails("several records")},
		{"none", none, notFor(scanner.NANoRecord)},
		{"no answer", lost, isUnknown(scanner.FailTimeout)},
	})
	policy := func(p string, percent int) func(*scanner.Facts) {
		return dmarc(func(d *scanner.DMARC) { d.Policy, d.Percent = p, percent })
	}
	judgeSpoilt(t, "mail.dmarc.policy-none", soundMail, []spoilt{
		{"reject", nil, passes("policy for example.hk: reject, for 100 %")},
		{"quarantine", policy("quarantine", 100), passes("quarantine")},
		{"quarantine in part", policy("quarantine", 20), warns("for 20 %")},
		{"none", policy("none", 100), fails("policy for example.hk: none")},
		{"none by omission", policy("", 100), fails("policy for example.hk: none")},
		{"mistake", wrong, notFor(scanner.NACovered)},
		{"no record", none, notFor(scanner.NANoRecord)},
		{"no answer", lost, isUnknown(scanner.FailTimeout)},
	})
	judgeSpoilt(t, "mail.dmarc.no-reports", soundMail, []spoilt{
		{"reports", nil, passes("rua=mailto:d@example.hk")},
		{"no reports", dmarc(func(d *scanner.DMARC) { d.RUA = nil }), fails("no rua")},
		{"two", two, notFor(scanner.NACovered)},
		{"no record", none, notFor(scanner.NANoRecord)},
	})
}

func TestDKIM(t *testing.T) {
	keys := func(keys ...scanner.DKIMKey) func(*scanner.Facts) {
		return mail(func(m *scanner.MailFacts) { m.DKIM.Keys = keys })
	}
	key := func(bits int) scanner.DKIMKey { return scanner.DKIMKey{Selector: "s1", Type: "rsa", Bits: bits} }
	lost := mail(func(m *scanner.MailFacts) { m.DKIM = scanner.DKIM{Failure: failure(scanner.FailTimeout)} })
	judgeSpoilt(t, "mail.dkim.missing", soundMail, []spoilt{
		{"found", nil, passes("s1._domainkey.example.hk | rsa key of 2048 bits")},
		{"weak is found too", keys(key(512)), passes("512 bits")},
		{"none proves nothing", keys(), isUnknown(scanner.FailUncertain)},
		{"revoked", keys(scanner.DKIMKey{Selector: "s1", Revoked: true}), isUnknown(scanner.FailUncertain)},
		{"broken", keys(scanner.DKIMKey{Selector: "s1", Error: "no p"}), isUnknown(scanner.FailUncertain)},
		{"no answer", lost, isUnknown(scanner.FailTimeout)},
		{"found in part", mail(func(m *scanner.MailFacts) { m.DKIM.Failure = failure(scanner.FailTimeout) }), passes("s1.")},
		{"MX not known", mxLost, isUnknown(scanner.FailServer)},
	})
	judgeSpoilt(t, "mail.dkim.weak-key", soundMail, []spoilt{
		{"2048", nil, passes("2048 bits")},
		{"1024", keys(key(1024)), warns("1024 bits")},
		{"768", keys(key(2048), key(768)), fails("768 bits")},
		{"ed25519", keys(scanner.DKIMKey{Selector: "e", Type: "ed25519", Bits: 256}), passes("ed25519 key of 256 bits")},
		{"revoked", keys(scanner.DKIMKey{Selector: "s1", Type: "rsa", Bits: 512, Revoked: true}), notFor(scanner.NANoRecord)},
		{"none", keys(), notFor(scanner.NANoRecord)},
		{"no answer", lost, isUnknown(scanner.FailTimeout)},
	})
}

func TestMailServers(t *testing.T) {
	gone := func(h *scanner.MXHost) { *h = scanner.MXHost{Preference: h.Preference, Name: h.Name} }
	lookup := func(h *scanner.MXHost) { gone(h); h.Failure = failure(scanner.FailServer) }
	silent := func(h *scanner.MXHost) { h.STARTTLS, h.TLS, h.Failure = "", nil, failure(scanner.FailTimeout) }
	plain := func(h *scanner.MXHost) { h.STARTTLS, h.TLS = scanner.No, nil }
	both := func(edit func(*scanner.MXHost)) func(*scanner.Facts) {
		return mail(func(m *scanner.MailFacts) { edit(&m.MX[0]); edit(&m.MX[1]) })
	}
	handshake := func(h *scanner.MXHost) { h.TLS = &scanner.TLSHost{Failure: failure(scanner.FailTLS)} }
	judgeSpoilt(t, "mail.mx.dangling", soundMail, []spoilt{
		{"both there", nil, passes("MX 10 mx1.example.hk | 9.9.9.25")},
		{"not in the DNS", mx(1, gone), fails("MX 20 mx2.example.hk | no such name")},
		{"no address", mx(0, func(h *scanner.MXHost) { gone(h); h.Exists, h.Failure = true, failure(scanner.FailUnresolved) }), fails("MX 10 mx1.example.hk | no address")},
		{"a reserve not looked up", mx(1, lookup), passes("MX 20 mx2.example.hk | not tested: server")},
		{"the first not looked up", mx(0, lookup), isUnknown(scanner.FailServer)},
		{"silent servers are there", both(silent), passes("9.9.9.25")},
		{"none looked up", noDNSMX, isUnknown(scanner.FailTimeout)},
		{"MX not known", mxLost, isUnknown(scanner.FailServer)},
	})
	judgeSpoilt(t, "mail.starttls.missing", soundMail, []spoilt{
		{"both", nil, passes("MX 20 mx2.example.hk | STARTTLS is offered")},
		{"one without", mx(1, plain), fails("MX 20 mx2.example.hk | EHLO answer without STARTTLS")},
		{"a reserve is silent", mx(1, silent), passes("MX 20 mx2.example.hk | not tested: timeout")},
		{"the first is silent", mx(0, silent), isUnknown(scanner.FailTimeout)},
		{"one of two firsts is silent", func(f *scanner.Facts) { mx(0, silent)(f); f.Mail.MX[1].Preference = 10 }, passes("not tested")},
		{"the first is silent, the reserve plain", func(f *scanner.Facts) { mx(0, silent)(f); mx(1, plain)(f) }, fails("without STARTTLS")},
		{"all silent", both(silent), isUnknown(scanner.FailTimeout)},
		{"handshake", mx(0, handshake), warns("the handshake failed")},
		{"the first dangles", mx(0, gone), passes("MX 20")},
		{"all dangle", both(gone), notFor(scanner.NACovered)},
		{"MX not known", mxLost, isUnknown(scanner.FailServer)},
	})
	cert := func(edit func(*scanner.TLSHost)) func(*scanner.Facts) {
		return mx(0, func(h *scanner.MXHost) { edit(h.TLS) })
	}
	judgeSpoilt(t, "mail.starttls.certificate", soundMail, []spoilt{
		{"good", nil, passes("issued by CN=Test CA, valid until 2026-12-23")},
		{"expired", cert(func(h *scanner.TLSHost) { h.Chain[0].NotAfter = started.AddDate(0, 0, -1) }), fails("expired 2026-11-22")},
		{"not yet valid", cert(func(h *scanner.TLSHost) { h.Chain[0].NotBefore = started.AddDate(0, 0, 1) }), fails("not valid before 2026-11-24")},
		{"self-signed", cert(func(h *scanner.TLSHost) { h.Verify = scanner.ChainSelfSigned }), fails("not trusted: self-signed")},
		{"another name", cert(func(h *scanner.TLSHost) { h.NameMatch = false }), fails("for other names: mx1.example.hk")},
		{"none sent", cert(func(h *scanner.TLSHost) { h.Chain = nil }), isUnknown(scanner.FailProtocol)},
		{"handshake", mx(0, handshake), isUnknown(scanner.FailTLS)},
		{"the first is plain", mx(0, plain), passes("MX 20")},
		{"none has TLS", both(plain), notFor(scanner.NACovered)},
		{"all silent", both(silent), isUnknown(scanner.FailTimeout)},
	})
	versions := func(v map[string]scanner.Tristate) func(*scanner.Facts) {
		return cert(func(h *scanner.TLSHost) { h.Versions = v })
	}
	judgeSpoilt(t, "mail.starttls.old-version", soundMail, []spoilt{
		{"none", nil, passes("refuses SSLv3, TLSv1.0, TLSv1.1")},
		{"TLS 1.0", versions(map[string]scanner.Tristate{"TLSv1.0": scanner.Yes, "TLSv1.1": scanner.No}), fails("accepts TLSv1.0")},
		{"no clear answer", versions(map[string]scanner.Tristate{"TLSv1.0": scanner.No}), isUnknown(scanner.FailUncertain)},
		{"none has TLS", both(plain), notFor(scanner.NACovered)},
		{"the first is silent", mx(0, silent), isUnknown(scanner.FailTimeout)},
	})
}

func TestMTASTS(t *testing.T) {
	sts := func(edit func(*scanner.MTASTS)) func(*scanner.Facts) {
		return mail(func(m *scanner.MailFacts) { edit(&m.MTASTS) })
	}
	lost := sts(func(s *scanner.MTASTS) { *s = scanner.MTASTS{Failure: failure(scanner.FailTimeout)} })
	none := sts(func(s *scanner.MTASTS) { *s = scanner.MTASTS{} })
	unread := func(kind scanner.FailureKind) func(*scanner.Facts) {
		return sts(func(s *scanner.MTASTS) { s.PolicyFailure, s.Mode = failure(kind), "" })
	}
	mode := func(m string) func(*scanner.Facts) { return sts(func(s *scanner.MTASTS) { s.Mode = m }) }
	leftOut := sts(func(s *scanner.MTASTS) { s.Unmatched = []string{"mx2.example.hk"} })
	judgeSpoilt(t, "mail.mta-sts.missing", soundMail, []spoilt{
		{"there", nil, passes("_mta-sts.example.hk | TXT v=STSv1; id=1")},
		{"none", none, fails("no TXT record")},
		{"no answer", lost, isUnknown(scanner.FailTimeout)},
		{"MX not known", mxLost, isUnknown(scanner.FailServer)},
	})
	judgeSpoilt(t, "mail.mta-sts.invalid", soundMail, []spoilt{
		{"in force", nil, passes("mode: enforce; mx: *.example.hk; max_age: 604800")},
		{"several records", sts(func(s *scanner.MTASTS) { s.Records = append(s.Records, "v=STSv1; id=2") }), fails("several records")},
		{"faulty", sts(func(s *scanner.MTASTS) { s.PolicyError = "HTTP status 404" }), fails("HTTP status 404")},
		{"bad certificate", unread(scanner.FailTLS), fails("tls")},
		{"no such host", unread(scanner.FailUnresolved), fails("unresolved")},
		{"timeout", unread(scanner.FailTimeout), isUnknown(scanner.FailTimeout)},
		{"our limit", unread(scanner.FailLimit), isUnknown(scanner.FailLimit)},
		{"a server left out", leftOut, passes("mode: enforce")},
		{"testing", mode("testing"), passes("mode: testing")},
		{"no record", none, notFor(scanner.NANoRecord)},
		{"no answer", lost, isUnknown(scanner.FailTimeout)},
	})
	faulty := sts(func(s *scanner.MTASTS) { s.PolicyError = "HTTP status 404" })
	judgeSpoilt(t, "mail.mta-sts.mx-mismatch", soundMail, []spoilt{
		{"all covered", nil, passes("mode: enforce; mx: *.example.hk")},
		{"a server left out", leftOut, fails("MX mx2.example.hk | not covered")},
		{"only tested", func(f *scanner.Facts) { leftOut(f); mode("testing")(f) }, warns("MX mx2.example.hk | not covered")},
		{"switched off", mode("none"), notFor(scanner.NANotUsed)},
		{"faulty", faulty, notFor(scanner.NACovered)},
		{"not fetched", unread(scanner.FailTimeout), isUnknown(scanner.FailTimeout)},
		{"no record", none, notFor(scanner.NANoRecord)},
		{"no answer", lost, isUnknown(scanner.FailTimeout)},
	})
	judgeSpoilt(t, "mail.mta-sts.mode", soundMail, []spoilt{
		{"in force", nil, passes("mode: enforce")},
		{"testing", mode("testing"), warns("mode: testing")},
		{"none", mode("none"), fails("mode: none")},
		{"faulty", faulty, notFor(scanner.NACovered)},
		{"not fetched", unread(scanner.FailTimeout), isUnknown(scanner.FailTimeout)},
		{"no record", none, notFor(scanner.NANoRecord)},
		{"MX not known", mxLost, isUnknown(scanner.FailServer)},
	})
	rpt := func(r scanner.TLSRPT) func(*scanner.Facts) {
		return mail(func(m *scanner.MailFacts) { m.TLSRPT = r })
	}
	judgeSpoilt(t, "mail.tls-rpt.missing", soundMail, []spoilt{
		{"there", nil, passes("_smtp._tls.example.hk | TXT v=TLSRPTv1")},
		{"none", rpt(scanner.TLSRPT{}), fails("no TXT record")},
		{"faulty", rpt(scanner.TLSRPT{Records: []string{"v=TLSRPTv1"}, Error: "no rua"}), passes("v=TLSRPTv1")},
		{"no answer", rpt(scanner.TLSRPT{Failure: failure(scanner.FailServer)}), isUnknown(scanner.FailServer)},
	})
	judgeSpoilt(t, "mail.tls-rpt.invalid", soundMail, []spoilt{
		{"in order", nil, passes("v=TLSRPTv1; rua=mailto:t@example.hk")},
		{"none", rpt(scanner.TLSRPT{}), notFor(scanner.NANoRecord)},
		{"faulty", rpt(scanner.TLSRPT{Records: []string{"v=TLSRPTv1"}, Error: "no rua"}), fails("no rua")},
		{"several", rpt(scanner.TLSRPT{Records: []string{"v=TLSRPTv1; rua=a", "v=TLSRPTv1; rua=b"}}), fails("several records")},
		{"no answer", rpt(scanner.TLSRPT{Failure: failure(scanner.FailServer)}), isUnknown(scanner.FailServer)},
		{"MX not known", mxLost, isUnknown(scanner.FailServer)},
	})
}

// The policy file that a remedy shows names the domain's own mail servers.
func TestMTASTSRemedyNamesTheMailServers(t *testing.T) {
	facts := soundMail()
	facts.Mail.MTASTS = scanner.MTASTS{}
	found := checkOf(t, "mail.mta-sts.missing").Judge(facts)
	catalogue, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	rule, _ := catalogue.Rule("mail.mta-sts.missing")
	const want = "version: STSv1\nmode: testing\nmx: mx1.example.hk\nmx: mx2.example.hk\nmax_age: 604800\n"
	got := ""
	for _, r := range rule.Remedies {
		if r.For == rules.File {
			got = rules.Fill(r.Snippet, (&scanner.Report{Target: facts.Target}).Values(found))
		}
	}
	if got != "# https://mta-sts.example.hk/.well-known/mta-sts.txt, without this line\n"+want {
		t.Errorf("the policy reads\n%s", got)
	}
}

// TestNamesInRemediesAreInert: a label of a name may hold any byte, and a remedy
// may be a line for a shell.
func TestNamesInRemediesAreInert(t *testing.T) {
	f := soundMail()
	f.Mail.MX = f.Mail.MX[:1]
	f.Mail.MX[0].Name, f.Mail.MX[0].STARTTLS = "`id>x`.$(id) --hook.例.example.hk", scanner.No
	got := starttlsMissing(f)
	if want := "_id_x_.__id__--hook._.example.hk"; got.Outcome != scanner.Fail || got.Params["mx"] != want {
		t.Errorf("%s with %q; want %q", got.Outcome, got.Params["mx"], want)
	}
	if len(got.Evidence) == 0 || !strings.Contains(got.Evidence[0].Subject, "`id>x`") {
		t.Errorf("the evidence hides the name: %v", got.Evidence)
	}
	f = soundMail()
	f.Mail.MTASTS = scanner.MTASTS{}
	f.Mail.MX[0].Name = "a;b.example.hk"
	if got := mtaSTSMissing(f); got.Params["mx_lines"] != "mx: a_b.example.hk\nmx: mx2.example.hk" {
		t.Errorf("%s with %q", got.Outcome, got.Params["mx_lines"])
	}
}

// Facts of a scan before these rules were there hold no fault of theirs.
func TestOlderMailFacts(t *testing.T) {
	facts := soundMail()
	m := facts.Mail
	m.BIMI, m.Names = nil, nil
	m.DMARC.AtApex, m.DMARC.Reports, m.DMARC.Policy = "", nil, "quarantine"
	for i := range m.MX {
		h := &m.MX[i]
		h.Alias, h.DANE = "", nil
		h.TLS.WeakTested, h.TLS.ForwardSecrecy, h.TLS.GroupsTested, h.TLS.Legacy = nil, "", false, nil
	}
	unknown := 0
	for _, check := range mailChecks() {
		f := check.Judge(facts)
		switch f.Outcome {
		case scanner.Fail, scanner.Warn:
			t.Errorf("%s: %s %q", check.Rule, f.Outcome, evidenceOf(f))
		case scanner.UnknownResult:
			unknown++
			if f.Failure.Kind != scanner.FailUncertain {
				t.Errorf("%s: %v", check.Rule, f.Failure)
			}
		}
	}
	if unknown < 10 {
		t.Errorf("only %d rules are unknown", unknown)
	}
}
