package scanner

import (
	"net/netip"
	"time"
)

// TLSFacts is what the web names' TLS servers offer.
type TLSFacts struct {
	Hosts []TLSHost `json:"hosts"` // one per web name that has an address
}

// TLSHost is one name at one address and port.
type TLSHost struct {
	Name string     `json:"name"`
	Addr netip.Addr `json:"addr"`
	Port uint16     `json:"port"`
	// Failure is set when no TLS handshake could be made at all; Refused ports
	// mean that there is no https.
	Failure *Failure `json:"failure,omitempty"`
	// Partial is set when there was a handshake, but some question below got no
	// answer (an unknown version, an empty Chain, a class that is not in
	// WeakTested): why the first of them did not.
	Partial *Failure `json:"partial,omitempty"`
	// Versions says for each version that was tried whether it was accepted:
	// keys "SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3".
	Versions map[string]Tristate `json:"versions,omitempty"`
	// Preferred is the cipher suite (IANA name) chosen per version when the
	// client offers all of them, strong ones first.
	Preferred map[string]string `json:"preferred,omitempty"`
	// Order is yes when the server insists on its own order, no when it
	// follows the client's.
	Order Tristate `json:"order"`
	// Weak are weak suites (IANA names) that were accepted when only weak ones
	// of their class were offered; WeakTested lists the classes that got a
	// clear answer: "null", "anon", "export", "rc4", "des", "3des",
	// "no-forward-secrecy".
	Weak       []string `json:"weak,omitempty"`
	WeakTested []string `json:"weak_tested,omitempty"`
	// ForwardSecrecy: a suite with ephemeral keys is accepted.
	ForwardSecrecy Tristate `json:"forward_secrecy"`
	// CBC is for each version the suite that was accepted in the mode CBC, when
	// only such or also others were offered; CBCTested lists the versions of
	// which that is known. EncryptThenMAC: with that of TLS 1.2 the server
	// agreed to RFC 7366, which takes the edge off it.
	CBC            map[string]string `json:"cbc,omitempty"`
	CBCTested      []string          `json:"cbc_tested,omitempty"`
	EncryptThenMAC Tristate          `json:"encrypt_then_mac,omitempty"`
	// Fallback: the server ends a conversation whose client says that it came
	// back with a lower version than it has (RFC 7507). Asked only where a
	// version below TLS 1.2 is spoken beside a higher one.
	Fallback Tristate `json:"fallback_scsv,omitempty"`
	// PostQuantum: a hybrid group is accepted in TLS 1.3; Hybrid is which.
	PostQuantum Tristate `json:"post_quantum,omitempty"`
	Hybrid      string   `json:"hybrid,omitempty"`
	// Renegotiation: the server begins a new handshake in TLS 1.2 because the
	// client would like one.
	Renegotiation Tristate `json:"client_renegotiation,omitempty"`
	// Tickets are the session tickets that came, at most a few; TicketsTested
	// lists the versions in which it is known whether any come.
	Tickets       []TLSTicket `json:"tickets,omitempty"`
	TicketsTested []string    `json:"tickets_tested,omitempty"`
	// Group is the preferred key-exchange group ("X25519MLKEM768", "x25519",
	// "secp256r1", ...); WeakGroups are those accepted below 112 bits of
	// strength ("secp192r1", "ffdhe1024" as "DHE 1024 bits", ...).
	Group        string   `json:"group,omitempty"`
	WeakGroups   []string `json:"weak_groups,omitempty"`
	GroupsTested bool     `json:"groups_tested"`
	DHEBits      int      `json:"dhe_bits,omitempty"` // size of the DHE prime, 0: no DHE seen
	Chain        []Cert   `json:"chain,omitempty"`    // leaf first, as sent
	// Verify is the verdict on the chain against the trust store: "" trusted.
	Verify ChainVerdict `json:"verify,omitempty"`
	// VerifyDetail is the library's technical message.
	VerifyDetail string `json:"verify_detail,omitempty"`
	NameMatch    bool   `json:"name_match"`             // the leaf is for Name
	Stapled      bool   `json:"stapled"`                // an OCSP response came with the handshake
	StapleError  string `json:"staple_error,omitempty"` // it came, but cannot be used: why
	ALPN         string `json:"alpn,omitempty"`
	// Legacy is what the conversation in the best version up to TLS 1.2 showed;
	// nil: none was looked at.
	Legacy *TLSLegacy `json:"legacy,omitempty"`
	// SCTs is how many logs of Certificate Transparency vouch for the leaf (RFC
	// 6962), by the certificate, the handshake or the stapled response; nil: not
	// known. PrivateRoots: the trust store was the user's own, not the public's.
	SCTs         *int `json:"scts,omitempty"`
	PrivateRoots bool `json:"private_roots,omitempty"`
	// Revocation is whether the leaf was cancelled; nil: nobody asked, or the
	// certificate does not say where to.
	Revocation *Revocation `json:"revocation,omitempty"`
	// Every is nil unless each suite and group was asked for (Options.TLSFull).
	Every *TLSEvery `json:"every,omitempty"`
	// DANE is what the DNS says of the key of the name (RFC 6698); nil: nobody asked.
	DANE *TLSDANE `json:"dane,omitempty"`
	// TLSA is yes where one of the TLSA records that the probe was given fits
	// the chain, and TLSABy that record; no where none does.
	TLSA        Tristate `json:"tlsa,omitempty"`
	TLSABy      string   `json:"tlsa_by,omitempty"`
	Connections int      `json:"connections"` // how many this took
}

// TLSLegacy is what became of the extensions with which TLS 1.2 and older were
// mended. Each is unknown where no version up to TLS 1.2 is spoken.
type TLSLegacy struct {
	Version             string   `json:"version"`                // that this was seen in, "TLSv1.2"
	Compression         Tristate `json:"compression"`            // the server compresses when it may: CRIME
	SecureRenegotiation Tristate `json:"secure_renegotiation"`   // RFC 5746
	MasterSecret        Tristate `json:"extended_master_secret"` // RFC 7627; unknown in SSLv3, which has no extensions
	// Signature is the scheme of the ServerKeyExchange in TLS 1.2 ("rsa_pkcs1_sha1",
	// "ecdsa_sha256") when the client offers all, the best first; ""
	// where there is none.
	Signature string `json:"signature,omitempty"`
}

// TLSTicket is one session ticket (RFC 5077, RFC 8446 section 4.6.1).
type TLSTicket struct {
	Version   string `json:"version"`
	Lifetime  uint32 `json:"lifetime"`   // seconds; in TLS 1.2 a hint, 0: none given
	EarlyData uint32 `json:"early_data"` // bytes that may come before the handshake (0-RTT)
}

// Revocation is what the authority says of a certificate.
type Revocation struct {
	Status RevocationStatus `json:"status"`
	By     string           `json:"by,omitempty"` // "stapled", "ocsp", "crl"
	Source string           `json:"source,omitempty"`
	// At is since when it is revoked.
	At      *time.Time `json:"at,omitempty"`
	Failure *Failure   `json:"failure,omitempty"` // why Status is not known
}

// RevocationStatus is good, revoked or, where it could not be learned, "".
type RevocationStatus string

// The states. An OCSP responder that does not know the certificate is no proof
// of either.
const (
	RevocationUnknown RevocationStatus = ""
	RevocationGood    RevocationStatus = "good"
	RevocationRevoked RevocationStatus = "revoked"
)

// TLSEvery is all that a server accepts.
type TLSEvery struct {
	// Suites are, by version, the IANA names in the order in which the server
	// chose them.
	Suites map[string][]string `json:"suites"`
	// Groups are those of TLS 1.2 and older, Groups13 those of TLS 1.3, likewise.
	Groups   []string `json:"groups,omitempty"`
	Groups13 []string `json:"groups13,omitempty"`
	// Failure is why the lists may not be complete.
	Failure *Failure `json:"failure,omitempty"`
}

// TLSDANE is the TLSA record set of a web name.
type TLSDANE struct {
	At       string       `json:"at"` // "_443._tcp.example.hk"
	Failure  *Failure     `json:"failure,omitempty"`
	Records  []string     `json:"records,omitempty"` // "3 1 1 ab12...", sorted
	Security DNSSECStatus `json:"security,omitempty"`
}

// ChainVerdict says why a chain is not trusted.
type ChainVerdict string

// The verdicts; the empty one is a chain that leads to a trusted root (dates
// and name are facts of their own).
const (
	ChainTrusted    ChainVerdict = ""
	ChainSelfSigned ChainVerdict = "self-signed" // the leaf signed itself
	ChainUnknownCA  ChainVerdict = "unknown-ca"  // ends in an issuer that nobody trusts
	ChainIncomplete ChainVerdict = "incomplete"  // an intermediate was not sent
	ChainInvalid    ChainVerdict = "invalid"     // another error; VerifyDetail says which
	ChainUnverified ChainVerdict = "unverified"  // this machine has no trust store: nothing can be said
)

// Cert is one certificate of a chain.
type Cert struct {
	Subject    string    `json:"subject"`
	Issuer     string    `json:"issuer"`
	Names      []string  `json:"names,omitempty"` // DNS names
	NotBefore  time.Time `json:"not_before"`
	NotAfter   time.Time `json:"not_after"`
	KeyType    string    `json:"key_type"` // "RSA", "ECDSA", "Ed25519"
	KeyBits    int       `json:"key_bits"`
	Signature  string    `json:"signature"`            // Go's name, "SHA256-RSA"
	SHA256     string    `json:"sha256"`               // fingerprint, hex
	KeySHA256  string    `json:"key_sha256,omitempty"` // of its public key (SubjectPublicKeyInfo), hex
	OCSP       bool      `json:"ocsp"`                 // it names an OCSP responder
	CRL        bool      `json:"crl,omitempty"`        // it names a revocation list
	MustStaple bool      `json:"must_staple,omitempty"`
	SelfSigned bool      `json:"self_signed,omitempty"`
}
