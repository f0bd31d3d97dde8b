// Package webprobe asks the web servers of a target and fills
// scanner.WebFacts: the four starts (http and https of the apex and of www)
// followed hop by hop, their headers and cookies, the HTML of the page that
// each ends at, the answers to a foreign Origin and to an address that does not
// exist, security.txt, the other hosts that the page loads from, with a TLS
// handshake each, and the same starts over IPv6 alone.
//
// It sends GET only, to the home page, to security.txt and to that address,
// over at most ten TCP connections to one address; the same URL is asked once. Certificates are
// judged but not enforced, so that a site with a broken one still shows its
// headers. Whatever a server sends is read under a limit of size and of time.
//
// internal/app hands it to the engine. scanner/probe/mailprobe uses Get for
// the policy of MTA-STS; nothing else imports it.
package webprobe
