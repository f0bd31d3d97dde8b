package tlsprobe

import (
	"crypto/x509"
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/ocsp"
)

// sctLogs counts the logs of Certificate Transparency that vouch for the leaf:
// by the certificate, by the handshake and by the stapled OCSP response (RFC
// 6962 section 3.3). Their signatures are not checked, since the list of logs
// changes from week to week.
func sctLogs(leaf *x509.Certificate, handshake [][]byte, staple []byte) int {
	seen := map[string]bool{}
	add := func(sct []byte) {
		if len(sct) >= 1+32+8 && sct[0] == 0 { // version 1, the log's number, the time
			seen[string(sct[1:33])] = true
		}
	}
	addList := func(value []byte) {
		var list []byte
		if rest, err := asn1.Unmarshal(value, &list); err != nil || len(rest) > 0 {
			return
		}
		s := cryptobyte.String(list)
		var all cryptobyte.String
		if !s.ReadUint16LengthPrefixed(&all) {
			return
		}
		for !all.Empty() {
			var sct cryptobyte.String
			if !all.ReadUint16LengthPrefixed(&sct) {
				return
			}
			add(sct)
		}
	}
	for _, e := range leaf.Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}) {
			addList(e.Value)
		}
	}
	for _, sct := range handshake {
		add(sct)
	}
	if checkableOCSP(staple) != nil {
		return len(seen)
	}
	if r, err := ocsp.ParseResponse(staple, nil); err == nil {
		for _, e := range r.Extensions {
			if e.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 5}) {
				addList(e.Value)
			}
		}
	}
	return len(seen)
}
