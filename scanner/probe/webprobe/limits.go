package webprobe

import "time"

// What a server can make us do and keep. None of it depends on what it says
// about itself.
const (
	// requestTime bounds one request, from the TLS handshake to the last byte
	// of the body. Connecting is bounded by the dialer.
	requestTime = 10 * time.Second
	// handshakeTime bounds a TLS handshake with a host that the page loads from.
	handshakeTime = 5 * time.Second
	// starveAfter is how long a dial may take before idle connections are given
	// up for it. Longer than connecting takes, shorter than anybody waits.
	starveAfter = 250 * time.Millisecond
	// maxConns is how many TCP connections are made to one address in a scan.
	maxConns = 10
	// maxShakenAt is how many of the handshakes with other hosts go to one
	// address: it may be the site's own, which the other probes visit as well.
	maxShakenAt = 5
	// maxAttempts is how many addresses of each family of a host are tried.
	maxAttempts = 2

	maxHeaderBytes = 256 << 10 // of one answer's head
	maxBody        = 1 << 20   // of a page, decoded; and as much on the wire
	maxErrorPage   = 256 << 10 // programs' errors come first, and long
	maxStray       = 64 << 10  // of the body of a redirect, which nobody reads
	maxText        = 64 << 10  // of security.txt; RFC 9116 files are a few hundred bytes

	maxHeaders     = 100     // header lines kept of one hop
	maxHeaderValue = 4 << 10 // bytes kept of a header's value
	maxPolicyValue = 32 << 10
	maxCookies     = 50
	maxURL         = 8 << 10 // a longer redirect is not followed

	maxLinked    = 30 // other hosts that are looked up
	maxShaken    = 20 // of these, those that a TLS handshake is made with
	maxIPv6Addrs = 16 // AAAA records kept of one name
	linkedAtOnce = 6
)

// ForeignOrigin is the Origin that the CORS probe claims to come from. The
// name is reserved by RFC 2606 and belongs to nobody, so a site that allows it
// allows everybody.
const ForeignOrigin = "https://cors-check.example"
