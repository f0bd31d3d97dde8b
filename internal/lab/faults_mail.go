//go:build unix

package lab

import (
	"context"
	"io"
	"net"
	"strings"
	"time"
)

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
		{Domain: "spf-ptr.test", Fails: []string{"mail.spf.ptr"}, Zone: `@ TXT "v=spf1 mx ptr -all"`},
		{Domain: "spf-macro.test", Warns: []string{"mail.spf.macro"}, Zone: `@ TXT "v=spf1 mx exists:%{i}.spf.{domain} -all"`},
		{
			Domain: "www-no-spf.test", Fails: []string{"mail.dmarc.policy-none", "mail.spf.subdomains"},
			Zone: "-default._bimi TXT\n" + `_dmarc TXT "v=DMARC1; p=none; rua=mailto:dmarc@{domain}"`,
		},
		{Domain: "no-dmarc.test", Fails: []string{"mail.dmarc.missing"}, Zone: "-_dmarc TXT" + apart},
		{Domain: "dmarc-apex.test", Fails: []string{"mail.dmarc.misplaced", "mail.dmarc.missing"}, Zone: "-_dmarc TXT\n" + `+@ TXT "v=DMARC1; p=reject"` + apart},
		{Domain: "dmarc-typo.test", Fails: []string{"mail.dmarc.invalid"}, Zone: `_dmarc TXT "v=DMARC1; p=rejekt; rua=mailto:dmarc@{domain}"` + apart},
		{Domain: "dmarc-none.test", Fails: []string{"mail.dmarc.policy-none"}, Zone: `_dmarc TXT "v=DMARC1; p=none; rua=mailto:dmarc@{domain}"` + apart},
		{
			Domain: "dmarc-sp.test", Fails: []string{"mail.dmarc.subdomain-policy"},
			Zone: `_dmarc TXT "v=DMARC1; p=reject; sp=none; rua=mailto:dmarc@{domain}"` + "\n" + `www TXT "v=spf1 -all"`,
		},
		{
			Domain: "dmarc-np.test", Fails: []string{"mail.dmarc.subdomain-policy"},
			Zone: `_dmarc TXT "v=DMARC1; p=reject; np=none; rua=mailto:dmarc@{domain}"`,
		},
		{
			Domain: "reports-refused.test", Fails: []string{"mail.dmarc.report-unauthorised"},
			Zone: `_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@good.test"`,
		},
		{
			Domain: "reports-lost.test", Fails: []string{"mail.dmarc.report-unreachable"},
			Zone: `_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@reports.{domain}"`,
		},
		{Domain: "dmarc-no-reports.test", Fails: []string{"mail.dmarc.no-reports"}, Zone: `_dmarc TXT "v=DMARC1; p=reject"`},
		{Domain: "no-dkim.test", Unknown: []string{"mail.dkim.missing"}, Zone: "-default._domainkey TXT"},
		{Domain: "dkim-1024.test", Warns: []string{"mail.dkim.weak-key"}, Zone: "default._domainkey TXT " + weakDKIM},
		{Domain: "dkim-test.test", Fails: []string{"mail.dkim.testing"}, Zone: "default._domainkey TXT " + `"v=DKIM1; t=y; k=ed25519; p=` + ed25519DKIM + `"`},
		{Domain: "dkim-broken.test", Fails: []string{"mail.dkim.invalid"}, Zone: `+s1._domainkey TXT "v=DKIM1; k=rsa; p=MIIB-IjANBgk"`},
		{Domain: "dkim-revoked.test", Warns: []string{"mail.dkim.revoked"}, Zone: `+s1._domainkey TXT "v=DKIM1; p="`},
		{Domain: "mx-gone.test", Fails: []string{"mail.mx.dangling"}, Zone: "@ MX 10 mail.gone.{domain}.", Files: stsFor("mail.gone.{domain}")},
		{Domain: "mx-alias.test", Fails: []string{"mail.mx.cname"}, Zone: "-mail A\nmail CNAME smtp\nsmtp A {mx}", Mail: &Mail{}},
		{Domain: "no-null-mx.test", Warns: []string{"mail.null-mx.missing"}, Zone: noMail + `@ TXT "v=spf1 ip4:192.0.2.1 -all"`},
		{Domain: "parked.test", Fails: []string{"mail.parked.unprotected"}, Zone: noMail + "+@ MX 0 .\nreports MX 10 mail.good.test.\n" + `_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@reports.{domain}"` + "\n" + `@ TXT "v=spf1 ~all"`},
		{
			Domain: "no-starttls.test", Fails: []string{"mail.starttls.missing"},
			Zone: "-_25._tcp.mail TLSA", Mail: &Mail{Options: []string{"smtpd_tls_security_level = none"}},
		},
		{
			Domain: "mx-name.test", Fails: []string{"mail.starttls.certificate"},
			Mail: &Mail{Cert: func(a *Authority, _ ...string) (string, string, error) { return a.Issue("mx.shop.example") }},
		},
		// DANE proves the key of a certificate that nobody issued.
		{Domain: "mx-pinned.test", Fails: []string{"mail.mta-sts.missing"}, Zone: "-_mta-sts TXT\n-mta-sts A\n-mta-sts AAAA", Mail: &Mail{
			Cert: func(_ *Authority, names ...string) (string, string, error) {
				key, err := rsaKey(2048)()
				if err != nil {
					return "", "", err
				}
				return SelfSigned(key, time.Now().AddDate(0, 0, 60), names...)
			},
		}},
		// A server that puts strangers off has no fault that could be seen.
		{
			Domain: "mx-greylist.test", Mail: &Mail{Serve: func(ctx context.Context, l *Lab, p *Place) error {
				return l.Listen(ctx, p.MX+":25", func(c net.Conn) { _, _ = io.WriteString(c, "450 4.2.0 greylisted, try again later\r\n") })
			}},
			Unknown: []string{
				"mail.starttls.missing", "mail.starttls.certificate", "mail.starttls.weak-certificate", "mail.starttls.old-version",
				"mail.starttls.no-tls13", "mail.starttls.weak-cipher", "mail.starttls.no-forward-secrecy", "mail.starttls.weak-group",
				"mail.starttls.compression", "mail.starttls.renegotiation", "mail.dane.mismatch",
			},
		},
		{Domain: "mx-tls10.test", Fails: []string{"mail.starttls.old-version"}, Mail: &Mail{Options: []string{
			"smtpd_tls_protocols = >=TLSv1", "tls_medium_cipherlist = ALL:@SECLEVEL=0",
		}}},
		{Domain: "mx-no-tls13.test", Fails: []string{"mail.starttls.no-tls13"}, Mail: &Mail{Options: []string{"smtpd_tls_protocols = TLSv1.2"}}},
		{Domain: "mx-short-key.test", Fails: []string{"mail.starttls.weak-certificate"}, Mail: &Mail{
			Cert: Order{Key: rsaKey(1024)}.Cert(), Options: []string{
				"tls_medium_cipherlist = ALL:@SECLEVEL=0", "smtpd_tls_exclude_ciphers = aNULL, kRSA, kDHE, 3DES, RC4", // DHE would take after the key
			},
		}},
		{Domain: "mx-null.test", Fails: []string{"mail.starttls.weak-cipher"}, Mail: &Mail{Options: []string{"tls_medium_cipherlist = ALL:ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0"}}},
		{
			Domain: "mx-rc4.test", Fails: []string{"mail.starttls.weak-cipher"}, Needs: []string{"gnutls-serv"},
			Mail: &Mail{Serve: GnuTLSMail("NORMAL:-VERS-TLS1.0:-VERS-TLS1.1:-RSA:+ARCFOUR-128")},
		},
		{
			Domain: "mx-3des.test", Fails: []string{"mail.starttls.weak-cipher"}, Needs: []string{"gnutls-serv"},
			Mail: &Mail{Serve: GnuTLSMail("NORMAL:-VERS-TLS1.0:-VERS-TLS1.1:-RSA:+3DES-CBC")},
		},
		{Domain: "mx-no-fs.test", Warns: []string{"mail.starttls.no-forward-secrecy"}, Mail: &Mail{
			Cert: Order{Key: rsaKey(2048)}.Cert(), Options: []string{"smtpd_tls_exclude_ciphers = aNULL, 3DES, RC4"},
		}},
		{Domain: "mx-dh1024.test", Fails: []string{"mail.starttls.weak-group"}, Files: map[string]string{"dh.pem": dh1024}, Mail: &Mail{
			Cert:    Order{Key: rsaKey(2048)}.Cert(),
			Options: []string{"smtpd_tls_dh1024_param_file = {dir}/dh.pem", "tls_medium_cipherlist = ALL:@SECLEVEL=0"},
		}},
		{Domain: "mx-deflate.test", Fails: []string{"mail.starttls.compression"}, Mail: &Mail{Serve: compressingMail}},
		{
			Domain: "mx-renegotiation.test", Fails: []string{"mail.starttls.renegotiation"}, Needs: []string{"gnutls-serv"},
			Mail: &Mail{Serve: GnuTLSMail("NORMAL:-VERS-TLS1.0:-VERS-TLS1.1:-RSA:%DISABLE_SAFE_RENEGOTIATION")},
		},
		{Domain: "mx-other-key.test", Fails: []string{"mail.dane.mismatch"}, Zone: "_25._tcp.mail TLSA 3 1 1 " + strings.Repeat("ab", 32), Mail: &Mail{}},
		{Domain: "mx-unsigned.test", Only: "mail", Fails: []string{"mail.dane.unsigned"}, Sign: Signing{Off: true}, Mail: &Mail{}},
		{Domain: "mx-no-dane.test", Warns: []string{"mail.dane.missing"}, Zone: "-_25._tcp.mail TLSA", Mail: &Mail{}},
		{Domain: "no-sts.test", Fails: []string{"mail.mta-sts.missing"}, Zone: "-_mta-sts TXT\n-mta-sts A\n-mta-sts AAAA"},
		{Domain: "sts-gone.test", Fails: []string{"mail.mta-sts.invalid"}, Files: map[string]string{".well-known/mta-sts.txt": "-"}},
		{Domain: "sts-testing.test", Warns: []string{"mail.mta-sts.mode"}, Files: stsPolicy("testing", "{mxname}")},
		{Domain: "sts-off.test", Fails: []string{"mail.mta-sts.mode"}, Files: stsPolicy("none", "{mxname}")},
		{Domain: "sts-other-mx.test", Fails: []string{"mail.mta-sts.mx-mismatch"}, Files: stsFor("mail.{domain}")},
		{Domain: "tls-rpt-typo.test", Fails: []string{"mail.tls-rpt.invalid"}, Zone: `_smtp._tls TXT "v=TLSRPTv1; rua=tls@{domain}"`},
		{Domain: "no-bimi.test", Warns: []string{"mail.bimi.missing"}, Zone: "-default._bimi TXT"},
		{Domain: "bimi-gone.test", Fails: []string{"mail.bimi.invalid"}, Zone: `default._bimi TXT "v=BIMI1; l=https://good.test/gone.svg"`},
		{Domain: "bimi-html.test", Fails: []string{"mail.bimi.invalid"}, Zone: `default._bimi TXT "v=BIMI1; l=https://good.test/"`},
		{Domain: "no-tls-rpt.test", Fails: []string{"mail.tls-rpt.missing"}, Zone: "-_smtp._tls TXT"},
	}
}

// apart takes away what hangs on a strict DMARC policy: its absence would show
// elsewhere as well.
const apart = "\n-default._bimi TXT\n" + `www TXT "v=spf1 -all"` + "\n" + `mail TXT "v=spf1 a -all"`

// noMail takes away what only a domain with mail servers has.
const noMail = "-@ MX\n"

// ed25519DKIM is the key of RFC 8463 appendix A.2.
const ed25519DKIM = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

// goodLogo is a picture that mail programs can show, for all sites.
const goodLogo = `<svg xmlns="http://www.w3.org/2000/svg" version="1.2" baseProfile="tiny-ps" viewBox="0 0 64 64"><title>Good shop</title>` +
	`<rect width="64" height="64" fill="#fff"/><circle cx="32" cy="32" r="24" fill="#0b6e4f"/></svg>`

// stsFor is a document root whose MTA-STS policy allows another mail server.
func stsFor(mx string) map[string]string { return stsPolicy("enforce", mx) }

func stsPolicy(mode, mx string) map[string]string {
	return map[string]string{".well-known/mta-sts.txt": "version: STSv1\r\nmode: " + mode + "\r\nmx: " + mx + "\r\nmax_age: 604800\r\n"}
}
