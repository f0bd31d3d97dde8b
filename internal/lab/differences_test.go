//go:build unix

package lab_test

// differences are those that are understood. Each names the clause that
// decides; docs/agreement.md shows them.
func differences() []difference {
	const (
		mdn  = "MDN HTTP Observatory"
		tls  = "testssl.sh"
		zone = "Zonemaster"
	)
	return []difference{
		{
			tls, "tls.cipher.order", "",
			"It wants an order wherever there are two suites. By RFC 9325 section 4.2.1 a server must prefer the recommended suites " +
				"over weaker ones; where only recommended ones are accepted, the client may choose, and knows what its hardware does best.",
		},
		{
			tls, "tls.cipher.cbc", "3des.test",
			"It counts every block cipher. Here 3DES alone is one, and what is wrong with it (RFC 9325 section 4.1, SWEET32) is our `tls.cipher.3des`, which fails; " +
				"advice on its mode would say nothing more.",
		},
		{
			mdn, "web.csp.unsafe-inline", "csp-unsafe-inline.test",
			"It reads script-src alone. By Content Security Policy Level 3, script-src-elem governs script elements where it is there, " +
				"so that 'unsafe-inline' in it lets every inline script run.",
		},
		{
			mdn, "web.csp.unsafe-inline", "csp-objects.test",
			"It files a policy with neither object-src nor default-src under unsafe-inline. No inline script runs under this one (Content Security Policy " +
				"Level 3, script-src); that plugins are not covered is our `web.csp.no-fallback`, which fails here.",
		},
		{
			mdn, "web.cors.reflected-origin", "",
			"Its own rules say that an answer which repeats the Origin and allows credentials is universal access, and fails. Version 1.4.8 looks for the Origin " +
				"that it sent in `response.request.headers`, which its HTTP client does not fill on Node, and so takes it for restricted access. " +
				"By the Fetch standard (CORS check) every site may read these pages with the visitor's cookies.",
		},
		{
			mdn, "its cross-origin-resource-sharing, computed by us", "",
			"As above: our score goes by its published rules.",
		},
		{
			mdn, "its score, computed by us", "cors.test",
			"As above: the 50 points are those of that test.",
		},
		{
			mdn, "web.frame-options.missing", "frame-allow-from.test",
			"It takes ALLOW-FROM for protection. The HTML standard (X-Frame-Options) has no such value, and browsers ignore the header.",
		},
		{
			mdn, "web.frame-options.missing", "frame-twice.test",
			"Two headers that differ are there, but contradict each other (HTML standard, X-Frame-Options): that is our `web.frame-options.invalid`, which fails here.",
		},
		{
			mdn, "web.hsts.missing", "hsts-broken.test",
			"It reads the number and no further. Without the semicolon the header does not follow the grammar of RFC 6797 section 6.1, and browsers must ignore it (section 8.1).",
		},
		{
			mdn, "web.hsts.invalid", "hsts-broken.test",
			"As above: the header does not follow the grammar of RFC 6797 section 6.1.",
		},
		{
			mdn, "web.hsts.invalid", "hsts-typo.test",
			"It ignores directives that it does not know, as browsers must (RFC 6797 section 6.1, item 5). We warn, because whoever wrote \"preloaded\" meant something that now has no effect.",
		},
		{
			zone, "dns.dnssec.missing", "sha1-signed.test",
			"The zone is signed by RSASHA1 alone, which it calls deprecated (and so do we, `dns.dnssec.weak-algorithm`). RFC 9905 section 2 lets resolvers " +
				"take such a zone for an unsigned one, many do, and so it is not protected.",
		},
		{
			zone, "dns.dnssec.nsec3-iterations", "iterations.test",
			"This version goes by the limits of RFC 5155 section 10.3. RFC 9276 section 3.1 has replaced them: iterations must be 0.",
		},
		{
			zone, "dns.dnssec.signature-expiring", "expiring-seal.test",
			"It warns twelve hours before a signature ends, we two days before: a signer that has stood still over a weekend is to be noticed in time (RFC 6781 section 4.4.2 asks for a refresh period of days).",
		},
		{
			zone, "dns.ns.lame", "bad.test",
			"It asks the servers that the zone itself names, and reports the one that only the delegation names as EXTRA_NAME_PARENT. " +
				"Resolvers are sent to every server of the delegation (RFC 1034 section 4.2.2), and this one refuses.",
		},
	}
}
