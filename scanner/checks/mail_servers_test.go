package checks

import (
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
)

func TestMailServerNames(t *testing.T) {
	alias := func(h *scanner.MXHost) { h.Alias, h.CNAMEs = scanner.Yes, []string{"mail.host.example"} }
	older := func(h *scanner.MXHost) { h.Alias = "" }
	both := func(edit func(*scanner.MXHost)) func(*scanner.Facts) {
		return mail(func(m *scanner.MailFacts) { edit(&m.MX[0]); edit(&m.MX[1]) })
	}
	judgeSpoilt(t, "mail.mx.cname", soundMail, []spoilt{
		{"names of their own", nil, passes("MX 10 mx1.example.hk | no CNAME")},
		{"an alias", mx(1, alias), fails("MX 20 mx2.example.hk | CNAME mail.host.example")},
		{"not looked up", noDNSMX, isUnknown(scanner.FailTimeout)},
		{"facts of an older scan", both(older), isUnknown(scanner.FailUncertain)},
		{"MX not known", mxLost, isUnknown(scanner.FailServer)},
	})
	private := mx(0, func(h *scanner.MXHost) { h.Addrs = append(h.Addrs, ip("192.168.1.5")) })
	judgeSpoilt(t, "mail.mx.private-address", soundMail, []spoilt{
		{"public", nil, passes("9.9.9.25")},
		{"one is private", private, fails("192.168.1.5: private network")},
		{"allowed", func(f *scanner.Facts) { private(f); f.Options.AllowPrivate = true }, notFor(scanner.NAPrivate)},
		{"not looked up", noDNSMX, isUnknown(scanner.FailTimeout)},
		{"all dangle", both(func(h *scanner.MXHost) { h.Addrs = nil }), notFor(scanner.NACovered)},
		{"MX not known", mxLost, isUnknown(scanner.FailServer)},
	})
}

func TestWithoutMail(t *testing.T) {
	nothing := mail(func(m *scanner.MailFacts) { m.MX = nil })
	judgeSpoilt(t, "mail.null-mx.missing", soundMail, []spoilt{
		{"has servers", nil, notFor(scanner.NANotUsed)},
		{"says so", nullMX, passes("example.hk | MX 0 .")},
		{"an address in its place", noMX, warns("no MX record")},
		{"nothing at all", nothing, notFor(scanner.NANoMail)},
		{"MX not known", mxLost, isUnknown(scanner.FailServer)},
	})
	parked := func(spf, all, policy string) func(*scanner.Facts) {
		return func(f *scanner.Facts) {
			nullMX(f)
			f.Mail.SPF = scanner.SPF{Records: []string{spf}, All: all}
			f.Mail.DMARC.Policy = policy
		}
	}
	judgeSpoilt(t, "mail.parked.unprotected", soundMail, []spoilt{
		{"has servers", nil, notFor(scanner.NANotUsed)},
		{"protected", parked("v=spf1 -all", "-", "reject"), passes("v=spf1 -all")},
		{"soft", parked("v=spf1 ~all", "~", "reject"), fails("SPF is not exactly v=spf1 -all")},
		{"names senders", parked("v=spf1 mx -all", "-", "reject"), fails("SPF is not exactly")},
		{"quarantine", parked("v=spf1 -all", "-", "quarantine"), fails("DMARC is not p=reject")},
		{"in part", func(f *scanner.Facts) { parked("v=spf1 -all", "-", "reject")(f); f.Mail.DMARC.Percent = 50 }, fails("DMARC is not")},
		{"no records", func(f *scanner.Facts) { nullMX(f); f.Mail.SPF, f.Mail.DMARC = scanner.SPF{}, scanner.DMARC{} }, fails("SPF is not")},
		{"sends and does not receive", noMX, notFor(scanner.NANotUsed)},
		{"SPF not known", func(f *scanner.Facts) { nullMX(f); f.Mail.SPF = scanner.SPF{Failure: failure(scanner.FailServer)} }, isUnknown(scanner.FailServer)},
		{"DMARC not known", func(f *scanner.Facts) {
			parked("v=spf1 -all", "-", "")(f)
			f.Mail.DMARC = scanner.DMARC{Failure: failure(scanner.FailServer)}
		}, isUnknown(scanner.FailServer)},
		{"MX not known", mxLost, isUnknown(scanner.FailServer)},
	})
}

// host makes an edit of the encryption of the first mail server.
func host(edit func(*scanner.TLSHost)) func(*scanner.Facts) {
	return mx(0, func(h *scanner.MXHost) { edit(h.TLS) })
}

func TestEncryptionOfMailServers(t *testing.T) {
	brief := host(func(h *scanner.TLSHost) {
		h.WeakTested, h.ForwardSecrecy, h.GroupsTested, h.Legacy, h.Partial = nil, "", false, nil, failure(scanner.FailLimit)
	})
	plain := mx(0, func(h *scanner.MXHost) { h.STARTTLS, h.TLS = scanner.No, nil })
	weak := func(suites ...string) func(*scanner.Facts) {
		return host(func(h *scanner.TLSHost) { h.Weak = suites })
	}
	common := func(rows ...spoilt) []spoilt {
		return append(rows, spoilt{"looked at briefly", brief, isUnknown(scanner.FailLimit)},
			spoilt{"the first is plain", plain, passes("MX 20")}, spoilt{"MX not known", mxLost, isUnknown(scanner.FailServer)})
	}
	judgeSpoilt(t, "mail.starttls.weak-cipher", soundMail, common(
		spoilt{"none", nil, passes("accepts none of null, export, rc4, des, 3des")},
		spoilt{"RC4", weak("TLS_RSA_WITH_RC4_128_SHA"), fails("accepts TLS_RSA_WITH_RC4_128_SHA")},
		spoilt{"anonymous suites are no fault", weak("TLS_ECDH_anon_WITH_AES_128_CBC_SHA"), passes("accepts none")},
		spoilt{"no forward secrecy is another rule's", weak("TLS_RSA_WITH_AES_128_GCM_SHA256"), passes("accepts none")},
	))
	judgeSpoilt(t, "mail.starttls.no-forward-secrecy", soundMail, common(
		spoilt{"all", nil, passes("ephemeral keys only")},
		spoilt{"some without", weak("TLS_RSA_WITH_AES_128_GCM_SHA256"), warns("accepts TLS_RSA_WITH_AES_128_GCM_SHA256")},
		spoilt{"none with", host(func(h *scanner.TLSHost) { h.ForwardSecrecy = scanner.No }), fails("no suite with ephemeral keys")},
	))
	judgeSpoilt(t, "mail.starttls.weak-group", soundMail, common(
		spoilt{"none", nil, passes("prefers x25519")},
		spoilt{"DHE", host(func(h *scanner.TLSHost) { h.WeakGroups = []string{"DHE 1024 bits"} }), fails("accepts DHE 1024 bits")},
	))
	legacy := func(l scanner.TLSLegacy) func(*scanner.Facts) {
		return host(func(h *scanner.TLSHost) { h.Legacy = &l })
	}
	only13 := host(func(h *scanner.TLSHost) {
		h.Legacy = nil
		h.Versions = map[string]scanner.Tristate{"TLSv1.0": scanner.No, "TLSv1.1": scanner.No, "TLSv1.2": scanner.No, "TLSv1.3": scanner.Yes}
	})
	judgeSpoilt(t, "mail.starttls.compression", soundMail, common(
		spoilt{"off", nil, passes("does not compress in TLSv1.2")},
		spoilt{"on", legacy(scanner.TLSLegacy{Version: "TLSv1.0", Compression: scanner.Yes}), fails("compresses in TLSv1.0")},
		spoilt{"not possible", only13, passes("TLSv1.3 only")},
		spoilt{"no clear answer", legacy(scanner.TLSLegacy{Version: "TLSv1.0"}), isUnknown(scanner.FailUncertain)},
	))
	judgeSpoilt(t, "mail.starttls.renegotiation", soundMail, common(
		spoilt{"safe", nil, passes("renegotiates safely in TLSv1.2")},
		spoilt{"not safe", legacy(scanner.TLSLegacy{Version: "TLSv1.0", SecureRenegotiation: scanner.No}), fails("no renegotiation_info in TLSv1.0")},
		spoilt{"not possible", only13, passes("TLSv1.3 only")},
	))
	version13 := func(v scanner.Tristate) func(*scanner.Facts) {
		return host(func(h *scanner.TLSHost) { h.Versions["TLSv1.3"] = v })
	}
	judgeSpoilt(t, "mail.starttls.no-tls13", soundMail, []spoilt{
		{"accepted", nil, passes("accepts TLSv1.3")},
		{"refused", version13(scanner.No), fails("accepts TLSv1.2")},
		{"no clear answer", version13(""), isUnknown(scanner.FailUncertain)},
		{"MX not known", mxLost, isUnknown(scanner.FailServer)},
	})
	cert := func(edit func(*scanner.Cert)) func(*scanner.Facts) {
		return host(func(h *scanner.TLSHost) { edit(&h.Chain[0]) })
	}
	judgeSpoilt(t, "mail.starttls.weak-certificate", soundMail, []spoilt{
		{"sound", nil, passes("ECDSA 256 bits, SHA256-RSA")},
		{"short key", cert(func(c *scanner.Cert) { c.KeyType, c.KeyBits = "RSA", 1024 }), fails("RSA 1024 bits")},
		{"SHA-1", cert(func(c *scanner.Cert) { c.Signature = "SHA1-RSA" }), fails("SHA1-RSA")},
		{"none sent", host(func(h *scanner.TLSHost) { h.Chain = nil }), isUnknown(scanner.FailProtocol)},
		{"MX not known", mxLost, isUnknown(scanner.FailServer)},
	})
}

func TestMailDANE(t *testing.T) {
	dane := func(edit func(*scanner.MailDANE)) func(*scanner.Facts) {
		return mx(0, func(h *scanner.MXHost) { edit(h.DANE) })
	}
	state := func(s scanner.DNSSECStatus) func(*scanner.Facts) {
		return dane(func(d *scanner.MailDANE) { d.Security = s })
	}
	all := func(edit func(h *scanner.MXHost)) func(*scanner.Facts) {
		return mail(func(m *scanner.MailFacts) { edit(&m.MX[0]); edit(&m.MX[1]) })
	}
	none := all(func(h *scanner.MXHost) { h.DANE = &scanner.MailDANE{At: h.DANE.At} })
	older := all(func(h *scanner.MXHost) { h.DANE = nil })
	lost := all(func(h *scanner.MXHost) { h.DANE = &scanner.MailDANE{Failure: failure(scanner.FailServer)} })
	unsigned := all(func(h *scanner.MXHost) { h.DANE.Security = scanner.Insecure })
	plain := all(func(h *scanner.MXHost) { h.STARTTLS, h.TLS, h.DANE.Match = scanner.No, nil, "" })
	judgeSpoilt(t, "mail.dane.mismatch", soundMail, []spoilt{
		{"fits", nil, passes("MX 10 mx1.example.hk | TLSA 3 1 1 ab fits")},
		{"fits nothing", dane(func(d *scanner.MailDANE) { d.Match = scanner.No }), fails("_25._tcp.mx1.example.hk TLSA 3 1 1 ab: 1 records, none of which fits")},
		{"forged", state(scanner.Bogus), fails("its signature in the DNS is false")},
		{"without STARTTLS", plain, fails("the server offers no STARTTLS")},
		{"of another kind", dane(func(d *scanner.MailDANE) { d.Usable, d.Match = 0, "" }), warns("no record of a kind that mail servers use")},
		{"unsigned", unsigned, notFor(scanner.NACovered)},
		{"not validated", all(func(h *scanner.MXHost) { h.DANE.Security = scanner.Indeterminate }), isUnknown(scanner.FailUncertain)},
		{"the certificate was not seen", dane(func(d *scanner.MailDANE) { d.Match, d.MatchFailure = "", failure(scanner.FailBlocked) }), isUnknown(scanner.FailBlocked)},
		{"none", none, notFor(scanner.NANotUsed)},
		{"no answer", lost, isUnknown(scanner.FailServer)},
		{"facts of an older scan", older, isUnknown(scanner.FailUncertain)},
		{"MX not known", mxLost, isUnknown(scanner.FailServer)},
	})
	judgeSpoilt(t, "mail.dane.unsigned", soundMail, []spoilt{
		{"signed", nil, passes("its zone is signed")},
		{"unsigned", unsigned, fails("its zone is not signed")},
		{"not validated", all(func(h *scanner.MXHost) { h.DANE.Security = scanner.Indeterminate }), isUnknown(scanner.FailUncertain)},
		{"none", none, notFor(scanner.NANotUsed)},
		{"no answer", lost, isUnknown(scanner.FailServer)},
	})
	judgeSpoilt(t, "mail.dane.missing", soundMail, []spoilt{
		{"there", nil, passes("_25._tcp.mx1.example.hk TLSA 3 1 1 ab")},
		{"none", none, warns("_25._tcp.mx1.example.hk: no TLSA record")},
		{"no STARTTLS comes first", func(f *scanner.Facts) { none(f); plain(f) }, notFor(scanner.NACovered)},
		{"no answer", lost, isUnknown(scanner.FailServer)},
		{"facts of an older scan", older, isUnknown(scanner.FailUncertain)},
	})
	// A key that the DNS proves needs no authority, unless MTA-STS asks for one.
	selfSigned := mail(func(m *scanner.MailFacts) {
		m.MX = m.MX[:1]
		m.MX[0].TLS.Verify, m.MX[0].TLS.NameMatch = scanner.ChainSelfSigned, false
		m.MTASTS = scanner.MTASTS{}
	})
	judgeSpoilt(t, "mail.starttls.certificate", soundMail, []spoilt{
		{"pinned", selfSigned, passes("its key is in the DNS (TLSA 3 1 1 ab)")},
		{"pinned, and an MTA-STS policy", func(f *scanner.Facts) { selfSigned(f); f.Mail.MTASTS.Mode = "enforce" }, fails("not trusted: self-signed")},
		{"pinned by nothing", func(f *scanner.Facts) { selfSigned(f); f.Mail.MX[0].DANE.Match = scanner.No }, fails("self-signed")},
		{"pinned in an unsigned zone", func(f *scanner.Facts) { selfSigned(f); f.Mail.MX[0].DANE.Security = scanner.Insecure }, fails("self-signed")},
	})
}
