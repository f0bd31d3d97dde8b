//go:build unix

package lab

import "strings"

// mailFaults are the sites with a fault of the mail family.
func mailFaults() []Site {
	return []Site{
		{Domain: "no-spf.test", Fails: []string{"mail.spf.missing"}, Zone: "-@ TXT"},
		{Domain: "two-spf.test", Fails: []string{"mail.spf.multiple"}, Zone: `+@ TXT "v=spf1 -all"`},
		{Domain: "spf-typo.test", Fails: []string{"mail.spf.invalid"}, Zone: `@ TXT "v=spf1 mx ip5:192.0.2.1 -all"`},
		{
			Domain: "spf-lookups.test", Fails: []string{"mail.spf.lookups"},
			Zone: `@ TXT "v=spf1 mx` + strings.Repeat(" a:{domain}", 11) + ` -all"`,
		},
		{Domain: "spf-all.test", Fails: []string{"mail.spf.plus-all"}, Zone: `@ TXT "v=spf1 +all"`},
		{Domain: "spf-neutral.test", Fails: []string{"mail.spf.neutral-all"}, Zone: `@ TXT "v=spf1 mx ?all"`},
		{Domain: "no-dmarc.test", Fails: []string{"mail.dmarc.missing"}, Zone: "-_dmarc TXT"},
		{Domain: "dmarc-typo.test", Fails: []string{"mail.dmarc.invalid"}, Zone: `_dmarc TXT "v=DMARC1; p=rejekt; rua=mailto:dmarc@{domain}"`},
		{Domain: "dmarc-none.test", Fails: []string{"mail.dmarc.policy-none"}, Zone: `_dmarc TXT "v=DMARC1; p=none; rua=mailto:dmarc@{domain}"`},
		{Domain: "dmarc-no-reports.test", Fails: []string{"mail.dmarc.no-reports"}, Zone: `_dmarc TXT "v=DMARC1; p=reject"`},
		{Domain: "no-dkim.test", Unknown: []string{"mail.dkim.missing"}, Zone: "-default._domainkey TXT"},
		{Domain: "dkim-1024.test", Warns: []string{"mail.dkim.weak-key"}, Zone: "default._domainkey TXT " + weakDKIM},
		{Domain: "mx-gone.test", Fails: []string{"mail.mx.dangling"}, Zone: "@ MX 10 mail.gone.{domain}.", Files: stsFor("mail.gone.{domain}")},
		{Domain: "no-starttls.test", Fails: []string{"mail.starttls.missing"}, Mail: &Mail{Options: []string{"smtpd_tls_security_level = none"}}},
		{
			Domain: "mx-name.test", Fails: []string{"mail.starttls.certificate"},
			Mail: &Mail{Cert: func(a *Authority, _ ...string) (string, string, error) { return a.Issue("mx.shop.example") }},
		},
		{Domain: "mx-tls10.test", Fails: []string{"mail.starttls.old-version"}, Mail: &Mail{Options: []string{
			"smtpd_tls_protocols = >=TLSv1", "tls_medium_cipherlist = ALL:@SECLEVEL=0",
		}}},
		{Domain: "no-sts.test", Fails: []string{"mail.mta-sts.missing"}, Zone: "-_mta-sts TXT\n-mta-sts A\n-mta-sts AAAA"},
		{Domain: "sts-gone.test", Fails: []string{"mail.mta-sts.invalid"}, Files: map[string]string{".well-known/mta-sts.txt": "-"}},
		{Domain: "no-tls-rpt.test", Fails: []string{"mail.tls-rpt.missing"}, Zone: "-_smtp._tls TXT"},
	}
}

// stsFor is a document root whose MTA-STS policy allows another mail server.
func stsFor(mx string) map[string]string {
	return map[string]string{".well-known/mta-sts.txt": "version: STSv1\r\nmode: enforce\r\nmx: " + mx + "\r\nmax_age: 604800\r\n"}
}
