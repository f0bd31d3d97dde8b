package tlsprobe

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/cybersec-infohub/infohub/scanner"
)

// readList looks the leaf up in a revocation list that the issuer signed.
func readList(der []byte, leaf, issuer *x509.Certificate, now time.Time) (scanner.RevocationStatus, *time.Time, *scanner.Failure) {
	list, entries, err := openList(der)
	if err == nil {
		err = list.CheckSignatureFrom(issuer)
	}
	var since *time.Time
	if err == nil {
		since, err = listed(entries, leaf.SerialNumber)
	}
	switch {
	case err != nil:
		return scanner.RevocationUnknown, nil, scanner.Failf(scanner.FailProtocol, "revocation list: "+err.Error())
	case since != nil:
		return scanner.RevocationRevoked, since, nil
	case !list.NextUpdate.IsZero() && now.After(list.NextUpdate):
		return scanner.RevocationUnknown, nil, scanner.Failf(scanner.FailProtocol, "revocation list: expired at "+list.NextUpdate.UTC().Format(time.RFC3339))
	}
	return scanner.RevocationGood, nil, nil
}

var errList = errors.New("malformed")

// openList reads a list without its entries: crypto/x509 makes fifty times
// their size of them. What is signed is still the whole.
func openList(der []byte) (list *x509.RevocationList, entries cryptobyte.String, err error) {
	var outer, whole, body cryptobyte.String // RFC 5280 section 5.1
	s := cryptobyte.String(der)
	if !s.ReadASN1(&outer, tag.SEQUENCE) || !s.Empty() || !outer.ReadASN1Element(&whole, tag.SEQUENCE) {
		return nil, nil, errList
	}
	rest := whole
	if !rest.ReadASN1(&body, tag.SEQUENCE) {
		return nil, nil, errList
	}
	var short cryptobyte.Builder
	short.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			// The list of entries is the SEQUENCE that stands behind a time;
			// those before it are the algorithm and the issuer.
			for timed := false; !body.Empty(); { // each turn takes an element
				var (
					element cryptobyte.String
					kind    tag.Tag
				)
				if !body.ReadAnyASN1Element(&element, &kind) {
					b.SetError(errList)
					return
				}
				if timed && kind == tag.SEQUENCE {
					if entries != nil || !element.ReadASN1(&entries, tag.SEQUENCE) {
						b.SetError(errList)
						return
					}
					continue
				}
				timed = timed || kind == tag.UTCTime || kind == tag.GeneralizedTime
				b.AddBytes(element)
			}
		})
		b.AddBytes(outer) // the algorithm and the signature
	})
	stripped, err := short.Bytes()
	if err != nil {
		return nil, nil, err
	}
	if list, err = x509.ParseRevocationList(stripped); err != nil {
		return nil, nil, err
	}
	list.RawTBSRevocationList = whole
	return list, entries, nil
}

// listed is when the certificate with a serial number was revoked, nil if it is
// not among the entries.
func listed(entries cryptobyte.String, serial *big.Int) (*time.Time, error) {
	number := new(big.Int)
	for !entries.Empty() { // each turn takes an element
		var entry cryptobyte.String
		if !entries.ReadASN1(&entry, tag.SEQUENCE) || !entry.ReadASN1Integer(number) {
			return nil, errList
		}
		if number.Cmp(serial) != 0 {
			continue
		}
		var since time.Time
		if _, err := asn1.Unmarshal(entry, &since); err != nil {
			return nil, errList
		}
		since = since.UTC()
		return &since, nil
	}
	return nil, nil
}
