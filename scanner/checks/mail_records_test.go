package checks

import (
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
)

func TestSPFTerms(t *testing.T) {
	spf := func(record, all string) func(*scanner.Facts) {
		return mail(func(m *scanner.MailFacts) { m.SPF = scanner.SPF{Records: []string{record}, All: all} })
	}
	none := mail(func(m *scanner.MailFacts) { m.SPF = scanner.SPF{} })
	lost := mail(func(m *scanner.MailFacts) { m.SPF = scanner.SPF{Failure: failure(scanner.FailTimeout)} })
	ptr := func(f *scanner.Facts) {
		spf("v=spf1 PTR:example.hk mx -all", "-")(f)
		f.Mail.SPF.PTR = true
	}
	judgeSpoilt(t, "mail.spf.ptr", soundMail, []spoilt{
		{"none", nil, passes("v=spf1 mx -all")},
		{"ptr", ptr, fails("uses ptr")},
		{"behind a redirect", mail(func(m *scanner.MailFacts) { m.SPF.All, m.SPF.Unresolved = "", failure(scanner.FailServer) }), isUnknown(scanner.FailServer)},
		{"no record", none, notFor(scanner.NANoRecord)},
		{"no answer", lost, isUnknown(scanner.FailTimeout)},
	})
	facts := soundMail()
	ptr(facts)
	if got := spfPTR(facts).Params["spf"]; got != "v=spf1 mx -all" {
		t.Errorf("the record to paste is %q", got)
	}
	judgeSpoilt(t, "mail.spf.macro", soundMail, []spoilt{
		{"none", nil, passes("v=spf1 mx -all")},
		{"macro", spf("v=spf1 exists:%{ir}._spf.example.hk -all", "-"), warns("depends on each mail: exists:%{ir}._spf.example.hk")},
		{"of an explanation", spf("v=spf1 mx exp=%{d}.example.hk -all", "-"), passes("exp=")},
		{"no record", none, notFor(scanner.NANoRecord)},
		{"no answer", lost, isUnknown(scanner.FailTimeout)},
	})
}

func TestNamesBelow(t *testing.T) {
	names := func(all ...scanner.SenderName) func(*scanner.Facts) {
		return mail(func(m *scanner.MailFacts) { m.Names = all })
	}
	weak := mail(func(m *scanner.MailFacts) { m.DMARC.Policy = "none" })
	and := func(edits ...func(*scanner.Facts)) func(*scanner.Facts) {
		return func(f *scanner.Facts) {
			for _, edit := range edits {
				edit(f)
			}
		}
	}
	open := names(scanner.SenderName{Name: "www.example.hk", Address: scanner.Yes, SPF: scanner.No})
	judgeSpoilt(t, "mail.spf.subdomains", soundMail, []spoilt{
		{"a strict policy protects them all", open, passes("policy for names below: reject")},
		{"each has a record", weak, passes("www.example.hk | has an SPF record")},
		{"one has none", and(weak, open), fails("www.example.hk | an address and no SPF record").on("www.example.hk")},
		{"a weaker policy for them", and(open, mail(func(m *scanner.MailFacts) { m.DMARC.Subdomain = "none" })), fails("www.example.hk")},
		{"a stricter policy for them", and(weak, open, mail(func(m *scanner.MailFacts) { m.DMARC.Subdomain = "reject" })), passes("reject")},
		{"a strict policy, for a part", and(open, mail(func(m *scanner.MailFacts) { m.DMARC.Percent = 20 })), fails("www.example.hk")},
		{"no DMARC", and(open, mail(func(m *scanner.MailFacts) { m.DMARC = scanner.DMARC{Percent: 100} })), fails("www.example.hk")},
		{"DMARC not known", and(open, mail(func(m *scanner.MailFacts) { m.DMARC = scanner.DMARC{Failure: failure(scanner.FailServer)} })), isUnknown(scanner.FailServer)},
		{"not known", and(weak, names(scanner.SenderName{Name: "www.example.hk", Failure: failure(scanner.FailTimeout)})), isUnknown(scanner.FailTimeout)},
		{"no address", and(weak, names(scanner.SenderName{Name: "www.example.hk", Address: scanner.No})), notFor(scanner.NANotUsed)},
		{"facts of an older scan", and(weak, names()), isUnknown(scanner.FailUncertain)},
	})
}

func TestDMARCPlaces(t *testing.T) {
	dmarc := func(edit func(*scanner.DMARC)) func(*scanner.Facts) {
		return mail(func(m *scanner.MailFacts) { edit(&m.DMARC) })
	}
	atApex := func(d *scanner.DMARC) { d.AtApex, d.ApexRecords = scanner.Yes, []string{"v=DMARC1; p=reject"} }
	lost := dmarc(func(d *scanner.DMARC) { *d = scanner.DMARC{Failure: failure(scanner.FailTimeout)} })
	none := dmarc(func(d *scanner.DMARC) { *d = scanner.DMARC{} })
	wrong := dmarc(func(d *scanner.DMARC) { d.Error, d.Policy = `p="all" is not valid`, "" })
	judgeSpoilt(t, "mail.dmarc.misplaced", soundMail, []spoilt{
		{"in its place", nil, passes("example.hk | no TXT record that starts with v=DMARC1")},
		{"at the domain", dmarc(func(d *scanner.DMARC) { *d = scanner.DMARC{}; atApex(d) }), fails("example.hk | TXT v=DMARC1; p=reject")},
		{"at the domain, and one above counts", dmarc(func(d *scanner.DMARC) { atApex(d); d.At = "_dmarc.hk" }), fails("_dmarc.example.hk | no TXT")},
		{"at the domain as well", dmarc(atApex), passes("_dmarc.example.hk | TXT v=DMARC1; p=reject")},
		{"no answer", lost, isUnknown(scanner.FailTimeout)},
		{"the domain gave no answer", mail(func(m *scanner.MailFacts) { m.DMARC.AtApex, m.SPF.Failure = "", failure(scanner.FailServer) }), isUnknown(scanner.FailServer)},
		{"facts of an older scan", dmarc(func(d *scanner.DMARC) { d.AtApex = "" }), isUnknown(scanner.FailUncertain)},
	})
	below := func(p, sp, np string) func(*scanner.Facts) {
		return dmarc(func(d *scanner.DMARC) { d.Policy, d.Subdomain, d.NonExistent = p, sp, np })
	}
	judgeSpoilt(t, "mail.dmarc.subdomain-policy", soundMail, []spoilt{
		{"none of its own", nil, passes("policy: reject; for names below: reject")},
		{"the same", below("quarantine", "quarantine", ""), passes("for names below: quarantine")},
		{"stricter", below("none", "reject", ""), passes("for names below: reject")},
		{"weaker", below("reject", "none", ""), fails("for names below: none")},
		{"a little weaker", below("reject", "quarantine", ""), fails("for names below: quarantine")},
		{"weaker for names that do not exist", below("reject", "", "none"), fails("for names that do not exist: none")},
		{"of the domain above", dmarc(func(d *scanner.DMARC) { d.At, d.Policy, d.Subdomain = "_dmarc.hk", "none", "none" }), notFor(scanner.NANotUsed)},
		{"mistake", wrong, notFor(scanner.NACovered)},
		{"no record", none, notFor(scanner.NANoRecord)},
		{"no answer", lost, isUnknown(scanner.FailTimeout)},
	})
}

func TestDMARCReports(t *testing.T) {
	reports := func(all ...scanner.ReportAddress) func(*scanner.Facts) {
		return mail(func(m *scanner.MailFacts) {
			m.DMARC.RUA, m.DMARC.Reports = nil, all
			for _, r := range all {
				m.DMARC.RUA = append(m.DMARC.RUA, r.URI)
			}
		})
	}
	own := scanner.ReportAddress{Tag: "rua", URI: "mailto:d@example.hk", Domain: "example.hk", Receives: scanner.Yes}
	outside := func(agrees, receives scanner.Tristate) scanner.ReportAddress {
		r := scanner.ReportAddress{
			Tag: "ruf", URI: "mailto:a@reports.example", Domain: "reports.example", Outside: true,
			AgreesAt: "example.hk._report._dmarc.reports.example", Agrees: agrees, Receives: receives,
		}
		if agrees == "" {
			r.AgreesFailure = failure(scanner.FailTimeout)
		}
		if receives == "" {
			r.ReceivesFailure = failure(scanner.FailTimeout)
		}
		return r
	}
	noRUA := reports()
	older := mail(func(m *scanner.MailFacts) { m.DMARC.Reports = nil })
	web := mail(func(m *scanner.MailFacts) { m.DMARC.RUA, m.DMARC.Reports = []string{"https://example.hk/r"}, nil })
	wrong := mail(func(m *scanner.MailFacts) { m.DMARC.Error = "x" })
	judgeSpoilt(t, "mail.dmarc.report-unauthorised", soundMail, []spoilt{
		{"own domain", nil, passes("rua=mailto:d@example.hk | of the same organisation")},
		{"the other side agrees", reports(own, outside(scanner.Yes, scanner.Yes)), passes("example.hk._report._dmarc.reports.example: TXT v=DMARC1")},
		{"it does not", reports(own, outside(scanner.No, scanner.Yes)), fails("ruf=mailto:a@reports.example | example.hk._report._dmarc.reports.example: no TXT")},
		{"no answer", reports(own, outside("", scanner.Yes)), isUnknown(scanner.FailTimeout)},
		{"no reports", noRUA, notFor(scanner.NANotUsed)},
		{"to a web address", web, notFor(scanner.NANotUsed)},
		{"facts of an older scan", older, isUnknown(scanner.FailUncertain)},
		{"mistake", wrong, notFor(scanner.NACovered)},
	})
	judgeSpoilt(t, "mail.dmarc.report-unreachable", soundMail, []spoilt{
		{"takes mail", nil, passes("example.hk takes mail")},
		{"takes none", reports(own, outside(scanner.Yes, scanner.No)), fails("reports.example has neither a mail server nor an address")},
		{"no answer", reports(own, outside(scanner.Yes, "")), isUnknown(scanner.FailTimeout)},
		{"no reports", noRUA, notFor(scanner.NANotUsed)},
		{"facts of an older scan", older, isUnknown(scanner.FailUncertain)},
	})
}

func TestDKIMKeys(t *testing.T) {
	keys := func(keys ...scanner.DKIMKey) func(*scanner.Facts) {
		return mail(func(m *scanner.MailFacts) { m.DKIM.Keys = keys })
	}
	good := scanner.DKIMKey{Selector: "s1", Type: "rsa", Bits: 2048}
	tested := scanner.DKIMKey{Selector: "s2", Type: "rsa", Bits: 2048, Testing: true}
	broken := scanner.DKIMKey{Selector: "s3", Error: "p is not base64"}
	revoked := scanner.DKIMKey{Selector: "s4", Type: "rsa", Revoked: true}
	lost := mail(func(m *scanner.MailFacts) { m.DKIM = scanner.DKIM{Failure: failure(scanner.FailTimeout)} })
	judgeSpoilt(t, "mail.dkim.testing", soundMail, []spoilt{
		{"in force", nil, passes("s1._domainkey.example.hk | rsa key of 2048 bits")},
		{"one is a test", keys(good, tested), fails("s2._domainkey.example.hk | rsa key of 2048 bits, in test mode")},
		{"broken only", keys(broken), notFor(scanner.NANoRecord)},
		{"no answer", lost, isUnknown(scanner.FailTimeout)},
	})
	judgeSpoilt(t, "mail.dkim.invalid", soundMail, []spoilt{
		{"good", keys(good, revoked), passes("s4._domainkey.example.hk | revoked")},
		{"one is broken", keys(good, broken), fails("s3._domainkey.example.hk | cannot be used: p is not base64")},
		{"none", keys(), notFor(scanner.NANoRecord)},
		{"no answer", lost, isUnknown(scanner.FailTimeout)},
		{"MX not known", mxLost, isUnknown(scanner.FailServer)},
	})
	judgeSpoilt(t, "mail.dkim.revoked", soundMail, []spoilt{
		{"none", nil, passes("2048 bits")},
		{"one", keys(good, revoked), warns("s4._domainkey.example.hk | revoked")},
		{"broken only", keys(broken), notFor(scanner.NANoRecord)},
		{"no answer", lost, isUnknown(scanner.FailTimeout)},
	})
}

func TestBIMI(t *testing.T) {
	bimi := func(edit func(*scanner.BIMI)) func(*scanner.Facts) {
		return mail(func(m *scanner.MailFacts) { edit(m.BIMI) })
	}
	none := bimi(func(b *scanner.BIMI) { *b = scanner.BIMI{} })
	lost := bimi(func(b *scanner.BIMI) { *b = scanner.BIMI{Failure: failure(scanner.FailServer)} })
	older := mail(func(m *scanner.MailFacts) { m.BIMI = nil })
	weak := func(f *scanner.Facts) { f.Mail.DMARC.Policy = "none" }
	judgeSpoilt(t, "mail.bimi.missing", soundMail, []spoilt{
		{"there", nil, passes("default._bimi.example.hk | TXT v=BIMI1")},
		{"none", none, warns("default._bimi.example.hk | no TXT record")},
		{"none, and a weak policy", func(f *scanner.Facts) { none(f); weak(f) }, notFor(scanner.NACovered)},
		{"none, policy not known", func(f *scanner.Facts) { none(f); f.Mail.DMARC = scanner.DMARC{Failure: failure(scanner.FailTimeout)} }, isUnknown(scanner.FailTimeout)},
		{"no answer", lost, isUnknown(scanner.FailServer)},
		{"facts of an older scan", older, isUnknown(scanner.FailUncertain)},
		{"no mail", nullMX, notFor(scanner.NANoMail)},
	})
	judgeSpoilt(t, "mail.bimi.invalid", soundMail, []spoilt{
		{"in order", nil, passes("https://example.hk/l.svg | in order")},
		{"none", none, notFor(scanner.NANotUsed)},
		{"declined", bimi(func(b *scanner.BIMI) { b.Declined, b.Logo = true, "" }), passes("no logo is wanted")},
		{"record", bimi(func(b *scanner.BIMI) { b.Error = "the record has no l" }), fails("the record has no l")},
		{"picture", bimi(func(b *scanner.BIMI) { b.LogoError = "the picture has no <title>" }), fails("has no <title>")},
		{"certificate", bimi(func(b *scanner.BIMI) { b.Mark, b.MarkError = "https://example.hk/l.pem", "expired" }), fails("https://example.hk/l.pem | expired")},
		{"no such host", bimi(func(b *scanner.BIMI) { b.LogoFailure = failure(scanner.FailUnresolved) }), fails("unresolved")},
		{"turned away", bimi(func(b *scanner.BIMI) { b.LogoFailure = failure(scanner.FailBlocked) }), isUnknown(scanner.FailBlocked)},
		{"too slow", bimi(func(b *scanner.BIMI) { b.LogoFailure = failure(scanner.FailTimeout) }), isUnknown(scanner.FailTimeout)},
		{"weak policy", weak, fails("here it is none")},
		{"policy for a part", func(f *scanner.Facts) { f.Mail.DMARC.Percent = 50 }, fails("reject for 50 %")},
		{"policy not known", func(f *scanner.Facts) { f.Mail.DMARC = scanner.DMARC{Failure: failure(scanner.FailTimeout)} }, isUnknown(scanner.FailTimeout)},
		{"no answer", lost, isUnknown(scanner.FailServer)},
		{"facts of an older scan", older, isUnknown(scanner.FailUncertain)},
	})
}
