//go:build unix

package lab_test

// differences are those that are understood. Each names the clause that
// decides; docs/agreement.md shows them.
func differences() []difference {
	return []difference{
		{
			"MDN HTTP Observatory", "web.cookie.insecure", "cookie-insecure.test",
			"It forgives a cookie without Secure where HSTS is set. RFC 6797 section 14.6 says why that is not enough: before the first visit, " +
				"and after max-age, a browser does not know of HSTS, and the cookie goes out in the clear (RFC 6265 section 8.3).",
		},
		{
			"MDN HTTP Observatory", "web.csp.unsafe-inline", "csp-unsafe-inline.test",
			"It reads script-src alone. By Content Security Policy Level 3, script-src-elem governs script elements where it is there, " +
				"so that 'unsafe-inline' in it lets every inline script run.",
		},
		{
			"Zonemaster", "dns.ns.lame", "bad.test",
			"It asks the servers that the zone itself names, and reports the one that only the delegation names as EXTRA_NAME_PARENT. " +
				"Resolvers are sent to every server of the delegation (RFC 1034 section 4.2.2), and this one refuses.",
		},
	}
}
