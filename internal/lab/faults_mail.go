//go:build unix

package lab

// mailFaults are the sites with a fault of the mail family.
func mailFaults() []Site {
	return []Site{
		{Domain: "no-spf.test", Fails: []string{"mail.spf.missing"}, Zone: "-@ TXT"},
		{Domain: "two-spf.test", Fails: []string{"mail.spf.multiple"}, Zone: "+@ TXT \"v=spf1 -all\""},
		{Domain: "dmarc-none.test", Fails: []string{"mail.dmarc.policy-none"}, Zone: `_dmarc TXT "v=DMARC1; p=none; rua=mailto:dmarc@{domain}"`},
		{Domain: "no-starttls.test", Fails: []string{"mail.starttls.missing"}, Mail: &Mail{Options: []string{"smtpd_tls_security_level = none"}}},
	}
}
