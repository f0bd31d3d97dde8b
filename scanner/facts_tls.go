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
	// "ecdsa_secp256r1_sha256") when the client offers all, the best first; ""
	// where there is none.
	Signature string `json:"signature,omitempty"`
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
	Signature  string    `json:"signature"` // Go's name, "SHA256-RSA"
	SHA256     string    `json:"sha256"`    // fingerprint, hex
	OCSP       bool      `json:"ocsp"`      // it names an OCSP responder
	MustStaple bool      `json:"must_staple,omitempty"`
	SelfSigned bool      `json:"self_signed,omitempty"`
}
