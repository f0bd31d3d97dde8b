//go:build unix

package lab

import "slices"

// Faults are the sites with one fault each, at least one for every rule that
// this lab can show. A row says what is wrong with the site and what a scan
// must find; TestFaults scans them all, and fails for a rule of the catalogue
// that is in no row and not in Elsewhere.
func Faults() []Site {
	return slices.Concat(webFaults(), tlsFaults(), mailFaults(), dnsFaults())
}

// Elsewhere are the rules that no real server can show here, each with the
// test that shows it on a server of our own: the package, then the name.
func Elsewhere() map[string]string {
	return map[string]string{
		// It is about authorities that the whole world trusts.
		"tls.certificate.no-sct": "scanner/checks TestIssuedCertificates",
		// Whether the good site has it hangs on the age of the machine's OpenSSL.
		"tls.group.no-post-quantum": "scanner/probe/tlsprobe TestDetails",
		// The lab's addresses are all private, so its scans must allow them.
		"dns.address.private":     "scanner/checks TestWebNames",
		"mail.mx.private-address": "scanner/checks TestMailServerNames",
	}
}
