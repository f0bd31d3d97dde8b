package scanner

import "time"

// DNSSEC is the verdict of our own validation (RFC 4035 section 4.3).
type DNSSEC struct {
	Status DNSSECStatus `json:"status"`
	// Reason is a technical sentence in English for the evidence, such as
	// "RRSIG of example.hk DNSKEY by 12345 expired 2026-01-02".
	Reason  string       `json:"reason,omitempty"`
	Failure *Failure     `json:"failure,omitempty"` // set when Status is indeterminate
	Links   []DNSSECLink `json:"links,omitempty"`   // from the trust anchor down
	// Signing is how the zone itself is signed; nil: facts of a program that did
	// not look.
	Signing *ZoneSigning `json:"signing,omitempty"`
}

// DNSSECStatus is a security status of RFC 4033 section 5.
type DNSSECStatus string

// The four states.
const (
	Secure        DNSSECStatus = "secure"
	Insecure      DNSSECStatus = "insecure"
	Bogus         DNSSECStatus = "bogus"
	Indeterminate DNSSECStatus = "indeterminate"
)

// DNSSECLink is one zone of the chain.
type DNSSECLink struct {
	Zone       string       `json:"zone"`
	Status     DNSSECStatus `json:"status"`
	Algorithms []string     `json:"algorithms,omitempty"` // of its DNSKEYs, "ECDSAP256SHA256"
	KeyTags    []uint16     `json:"key_tags,omitempty"`
}

// ZoneSigning is how a zone is signed, whether or not that holds.
type ZoneSigning struct {
	Failure *Failure   `json:"failure,omitempty"` // DS or DNSKEY could not be asked for
	Keys    []ZoneKey  `json:"keys,omitempty"`    // those that may sign, by tag
	DS      []DSRecord `json:"ds,omitempty"`      // at the parent, by tag and digest type
	// Signatures are those of SOA, DNSKEY and the addresses of the web names.
	Signatures []RRSIG `json:"signatures,omitempty"`
	// NSEC3 is how the zone's proofs of absence are hashed (RFC 5155); nil where
	// they are not, or none was seen.
	NSEC3 *NSEC3 `json:"nsec3,omitempty"`
}

// ZoneKey is a DNSKEY record.
type ZoneKey struct {
	Tag       uint16 `json:"tag"`
	Algorithm uint8  `json:"algorithm"`      // IANA's number
	Name      string `json:"name"`           // "RSASHA256"
	Bits      int    `json:"bits,omitempty"` // of an RSA modulus; 0: another algorithm
	SEP       bool   `json:"sep,omitempty"`  // meant as the one that the parent names
}

// DSRecord is what the parent says of a key.
type DSRecord struct {
	Tag       uint16 `json:"tag"`
	Algorithm uint8  `json:"algorithm"`
	Digest    uint8  `json:"digest"` // 1: SHA-1, 2: SHA-256, 4: SHA-384
}

// RRSIG is a signature of a record set.
type RRSIG struct {
	Of         string    `json:"of"` // "example.hk SOA"
	Tag        uint16    `json:"tag"`
	Inception  time.Time `json:"inception"`
	Expiration time.Time `json:"expiration"`
}

// NSEC3 are the parameters of RFC 5155 that RFC 9276 has a word on.
type NSEC3 struct {
	Iterations uint16 `json:"iterations"`
	Salt       int    `json:"salt"` // its length in bytes
}

// ChildKeys is what a zone wants its parent to have as DS (CDS and CDNSKEY
// records, RFC 7344 and RFC 8078).
type ChildKeys struct {
	Failure *Failure `json:"failure,omitempty"`
	// Records are "CDS 12345 13 2" and "CDNSKEY 12345 13", sorted.
	Records []string `json:"records,omitempty"`
	// Delete: they ask for the DS records to be taken away (algorithm 0).
	Delete bool `json:"delete,omitempty"`
	// Strange are those of Records that fit no DNSKEY of the zone.
	Strange []string `json:"strange,omitempty"`
	// Signed: signatures that hold, by a key that a DS record names (RFC 7344
	// section 4.1); "" where that could not be told.
	Signed Tristate `json:"signed,omitempty"`
}
