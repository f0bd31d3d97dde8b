package tlsprobe

import (
	"crypto/ecdh"
	"crypto/rand"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
)

// Types of records, messages and extensions (RFC 8446 sections 5.1, 4, 4.2).
const (
	recordChange    = 20
	recordAlert     = 21
	recordHandshake = 22

	msgClientHello       = 1
	msgServerHello       = 2
	msgCertificate       = 11
	msgServerKeyExchange = 12
	msgCertRequest       = 13
	msgServerHelloDone   = 14
	msgCertStatus        = 22

	extServerName        = 0
	extStatusRequest     = 5
	extGroups            = 10
	extPointFormats      = 11
	extSignatures        = 13
	extPadding           = 21
	extEncryptThenMAC    = 22
	extMasterSecret      = 23
	extSupportedVersions = 43
	extPSKModes          = 45
	extKeyShare          = 51
	extRenegotiation     = 0xFF01

	renegotiationSCSV = 0x00FF // RFC 5746 section 3.3
	fallbackSCSV      = 0x5600 // RFC 7507
)

// question is a ClientHello whose answer tells one thing. The version is the
// highest that is offered; up to TLS 1.2 a server may answer with a lower one.
type question struct {
	version uint16
	suites  []uint16
	groups  []uint16 // none: the server may use any
	// deflate offers compression, up to TLS 1.2 (RFC 3749).
	deflate bool
	// fallback says that we came down from a higher version.
	fallback bool
	// again is our Finished of the handshake that this one is to renew; nil for
	// a first one.
	again []byte
}

// marshal writes the ClientHello as one record. name goes into the server name
// indication unless it is an address (RFC 6066 section 3).
func (q question) marshal(name string) ([]byte, error) {
	random := make([]byte, 64)
	if _, err := rand.Read(random); err != nil {
		return nil, fmt.Errorf("client random: %w", err)
	}
	var session []byte
	if q.version == vTLS13 {
		session = random[32:] // middleboxes let TLS 1.3 pass when it looks like a resumption
	}
	extensions, err := q.extensions(name)
	if err != nil {
		return nil, err
	}
	body := func(padding []byte) ([]byte, error) {
		var b cryptobyte.Builder
		b.AddUint16(min(q.version, vTLS12))
		b.AddBytes(random[:32])
		b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(session) })
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			addAll(b, q.suites)
			if q.version < vTLS13 && q.again == nil {
				b.AddUint16(renegotiationSCSV)
			}
			if q.fallback {
				b.AddUint16(fallbackSCSV)
			}
		})
		b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) {
			if q.deflate && q.version < vTLS13 {
				b.AddUint8(1)
			}
			b.AddUint8(0)
		})
		if q.version > vSSL3 {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				b.AddBytes(extensions)
				b.AddBytes(padding)
			})
		}
		return b.Bytes()
	}
	hello, err := body(nil)
	// Some old appliances hang on a hello of 256 to 511 bytes (RFC 7685).
	if n := len(hello) + 4; err == nil && q.version > vSSL3 && n > 255 && n < 512 {
		hello, err = body(padding(512 - n))
	}
	if err != nil {
		return nil, fmt.Errorf("client hello: %w", err)
	}
	var b cryptobyte.Builder
	b.AddUint8(recordHandshake)
	b.AddUint16(min(q.version, vTLS10)) // what every server reads
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint8(msgClientHello)
		b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(hello) })
	})
	return b.Bytes()
}

func padding(n int) []byte {
	n = max(n-4, 1)
	return append([]byte{0, extPadding, byte(n >> 8), byte(n)}, make([]byte, n)...)
}

// extensions of TLS 1.0 and later. The last one is never empty: some old
// servers cannot read such a hello.
func (q question) extensions(name string) ([]byte, error) {
	var b cryptobyte.Builder
	if _, err := netip.ParseAddr(name); err != nil && name != "" {
		extension(&b, extServerName, func(b *cryptobyte.Builder) {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				b.AddUint8(0)
				b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(strings.TrimSuffix(name, "."))) })
			})
		})
	}
	extension(&b, extMasterSecret, func(*cryptobyte.Builder) {})
	extension(&b, extStatusRequest, func(b *cryptobyte.Builder) { b.AddBytes([]byte{1, 0, 0, 0, 0}) }) // an OCSP response, please
	if len(q.groups) > 0 {
		extension(&b, extGroups, func(b *cryptobyte.Builder) {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { addAll(b, q.groups) })
		})
	}
	if q.again != nil {
		extension(&b, extRenegotiation, func(b *cryptobyte.Builder) {
			b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(q.again) })
		})
	}
	if q.version < vTLS13 {
		extension(&b, extEncryptThenMAC, func(*cryptobyte.Builder) {})
		extension(&b, extPointFormats, func(b *cryptobyte.Builder) { b.AddBytes([]byte{1, 0}) }) // uncompressed
	}
	if q.version >= vTLS12 {
		extension(&b, extSignatures, func(b *cryptobyte.Builder) {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { addAll(b, signatureSchemes()) })
		})
	}
	if q.version == vTLS13 {
		key, err := ecdh.X25519().GenerateKey(rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("key share: %w", err)
		}
		extension(&b, extSupportedVersions, func(b *cryptobyte.Builder) { b.AddBytes([]byte{2, vTLS13 >> 8, vTLS13 & 0xff}) })
		extension(&b, extPSKModes, func(b *cryptobyte.Builder) { b.AddBytes([]byte{1, 1}) })
		// One share at most: a server that would rather have another group says
		// which in a HelloRetryRequest, and that is all we want to know.
		extension(&b, extKeyShare, func(b *cryptobyte.Builder) {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				if !slices.Contains(q.groups, groupX25519) {
					return
				}
				b.AddUint16(groupX25519)
				b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(key.PublicKey().Bytes()) })
			})
		})
	}
	return b.Bytes()
}

func extension(b *cryptobyte.Builder, id uint16, data func(*cryptobyte.Builder)) {
	b.AddUint16(id)
	b.AddUint16LengthPrefixed(data)
}

func addAll(b *cryptobyte.Builder, values []uint16) {
	for _, v := range values {
		b.AddUint16(v)
	}
}

// signatureSchemes are all that a server may still have (RFC 8446 section
// 4.2.3, RFC 5246 section 7.4.1.4.1), old ones last.
func signatureSchemes() []uint16 {
	return []uint16{
		0x0403, 0x0503, 0x0603, // ECDSA with SHA-2
		0x0807, 0x0808, // Ed25519, Ed448
		0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, // RSA-PSS
		0x0401, 0x0501, 0x0601, // RSA with SHA-2
		0x0303, 0x0301, 0x0402, // SHA-224, and DSA with SHA-256
		0x0203, 0x0201, 0x0202, // SHA-1: ECDSA, RSA, DSA
		0x0101, // RSA with MD5
	}
}

// signatureName is the name of a scheme in the IANA registry; those of TLS 1.2
// that the registry names no more are written in the same manner.
func signatureName(scheme uint16) string {
	switch scheme {
	case 0x0807:
		return "ed25519"
	case 0x0808:
		return "ed448"
	case 0x0804, 0x0805, 0x0806:
		return [...]string{"rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512"}[scheme-0x0804]
	case 0x0809, 0x080a, 0x080b:
		return [...]string{"rsa_pss_pss_sha256", "rsa_pss_pss_sha384", "rsa_pss_pss_sha512"}[scheme-0x0809]
	}
	hash, key := scheme>>8, scheme&0xff
	if hash == 0 || hash > 6 || key == 0 || key > 3 {
		return fmt.Sprintf("0x%04X", scheme)
	}
	return [...]string{"rsa_pkcs1_", "dsa_", "ecdsa_"}[key-1] + [...]string{"md5", "sha1", "sha224", "sha256", "sha384", "sha512"}[hash-1]
}
