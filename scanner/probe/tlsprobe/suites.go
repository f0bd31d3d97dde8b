package tlsprobe

import (
	"fmt"
	"slices"
	"strings"
)

// Classes of weak suites, by their worst property; the names are those of
// scanner.TLSHost.WeakTested.
const (
	classNull   = "null"   // no encryption
	classAnon   = "anon"   // no certificate
	classExport = "export" // 40 or 56 bits, by the law of the 1990s
	classRC4    = "rc4"    // RFC 7465
	classDES    = "des"
	class3DES   = "3des"               // 64-bit blocks: SWEET32
	classNoFS   = "no-forward-secrecy" // the server's lasting key opens recordings
)

// suite is a cipher suite of the IANA registry. PSK, SRP and Kerberos are left
// out: a public web or mail server has no secret shared with us.
type suite struct {
	id   uint16
	name string
}

// class returns the suite's class, "" for one that is not weak.
func (s suite) class() string {
	has := func(part string) bool { return strings.Contains(s.name, part) }
	switch {
	case has("_NULL_"):
		return classNull
	case has("_EXPORT"):
		return classExport
	case has("_anon_"):
		return classAnon
	case has("_RC4_"):
		return classRC4
	case has("_3DES_"):
		return class3DES
	case has("_DES_"):
		return classDES
	case !s.ephemeral():
		return classNoFS
	}
	return ""
}

// ephemeral: both sides make new keys for a session.
func (s suite) ephemeral() bool {
	return s.tls13() || strings.HasPrefix(s.name, "TLS_ECDHE_") || strings.HasPrefix(s.name, "TLS_DHE_") || strings.Contains(s.name, "_anon_")
}

// forwardSecret: ephemeral, and not so weak that it does not matter.
func (s suite) forwardSecret() bool {
	return s.ephemeral() && !slices.Contains([]string{classNull, classAnon, classExport}, s.class())
}

func (s suite) tls13() bool { return s.id>>8 == 0x13 }

// fits tells whether the suite may be negotiated in version: those with a hash
// of their own or with authenticated encryption came with TLS 1.2.
func (s suite) fits(version uint16) bool {
	if s.tls13() != (version == vTLS13) {
		return false
	}
	return version >= vTLS12 || strings.HasSuffix(s.name, "_SHA") || strings.HasSuffix(s.name, "_MD5")
}

// suitesFor lists, strongest first, what fits version and the filter.
func suitesFor(version uint16, keep func(suite) bool) []uint16 {
	var ids []uint16
	for _, s := range allSuites() {
		if s.fits(version) && keep(s) {
			ids = append(ids, s.id)
		}
	}
	return ids
}

// ordinary are the suites of a question about a version. Without those that
// do not encrypt or authenticate there are fewer than 128, which is all that
// some old appliances can read.
func ordinary(s suite) bool { return s.class() != classNull && s.class() != classAnon }

// cbc: in the mode that LUCKY13 and BEAST are about, and else without fault.
func (s suite) cbc() bool {
	return strings.Contains(s.name, "_CBC_") && (s.class() == "" || s.class() == classNoFS)
}

func withPrefix(kex string) func(suite) bool {
	return func(s suite) bool { return ordinary(s) && strings.HasPrefix(s.name, kex) }
}

func inClasses(classes []string) func(suite) bool {
	return func(s suite) bool { return slices.Contains(classes, s.class()) }
}

// suiteOf returns a suite by its number, with an invented name if it is not
// known here.
func suiteOf(id uint16) suite {
	for _, s := range allSuites() {
		if s.id == id {
			return s
		}
	}
	return suite{id, fmt.Sprintf("0x%04X", id)}
}

// allSuites is the table, strongest first.
func allSuites() []suite {
	return []suite{
		{0x1302, "TLS_AES_256_GCM_SHA384"},
		{0x1301, "TLS_AES_128_GCM_SHA256"},
		{0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
		{0x1304, "TLS_AES_128_CCM_SHA256"},
		{0x1305, "TLS_AES_128_CCM_8_SHA256"},

		// Ephemeral curves, authenticated encryption.
		{0xC02C, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
		{0xC030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
		{0xC02B, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
		{0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
		{0xCCA9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
		{0xCCA8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
		{0xC0AD, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM"},
		{0xC0AC, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"},
		{0xC0AF, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8"},
		{0xC0AE, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"},
		{0xC087, "TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_GCM_SHA384"},
		{0xC08B, "TLS_ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384"},
		{0xC086, "TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_GCM_SHA256"},
		{0xC08A, "TLS_ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256"},
		{0xC05D, "TLS_ECDHE_ECDSA_WITH_ARIA_256_GCM_SHA384"},
		{0xC061, "TLS_ECDHE_RSA_WITH_ARIA_256_GCM_SHA384"},
		{0xC05C, "TLS_ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256"},
		{0xC060, "TLS_ECDHE_RSA_WITH_ARIA_128_GCM_SHA256"},

		// Ephemeral primes, authenticated encryption.
		{0x009F, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"},
		{0x00A3, "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384"},
		{0x009E, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"},
		{0x00A2, "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256"},
		{0xCCAA, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
		{0xC09F, "TLS_DHE_RSA_WITH_AES_256_CCM"},
		{0xC09E, "TLS_DHE_RSA_WITH_AES_128_CCM"},
		{0xC0A3, "TLS_DHE_RSA_WITH_AES_256_CCM_8"},
		{0xC0A2, "TLS_DHE_RSA_WITH_AES_128_CCM_8"},
		{0xC07D, "TLS_DHE_RSA_WITH_CAMELLIA_256_GCM_SHA384"},
		{0xC07C, "TLS_DHE_RSA_WITH_CAMELLIA_128_GCM_SHA256"},
		{0xC053, "TLS_DHE_RSA_WITH_ARIA_256_GCM_SHA384"},
		{0xC052, "TLS_DHE_RSA_WITH_ARIA_128_GCM_SHA256"},

		// Ephemeral, CBC.
		{0xC024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"},
		{0xC028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"},
		{0xC023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"},
		{0xC027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"},
		{0xC073, "TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384"},
		{0xC077, "TLS_ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384"},
		{0xC072, "TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256"},
		{0xC076, "TLS_ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256"},
		{0xC00A, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"},
		{0xC014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"},
		{0xC009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"},
		{0xC013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"},
		{0x006B, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"},
		{0x006A, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA256"},
		{0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"},
		{0x0040, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA256"},
		{0x00C4, "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256"},
		{0x00BE, "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA256"},
		{0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"},
		{0x0038, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA"},
		{0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"},
		{0x0032, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA"},
		{0x0088, "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA"},
		{0x0045, "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA"},
		{0x009A, "TLS_DHE_RSA_WITH_SEED_CBC_SHA"},

		// Without forward secrecy.
		{0x009D, "TLS_RSA_WITH_AES_256_GCM_SHA384"},
		{0x009C, "TLS_RSA_WITH_AES_128_GCM_SHA256"},
		{0xC09D, "TLS_RSA_WITH_AES_256_CCM"},
		{0xC09C, "TLS_RSA_WITH_AES_128_CCM"},
		{0xC0A1, "TLS_RSA_WITH_AES_256_CCM_8"},
		{0xC0A0, "TLS_RSA_WITH_AES_128_CCM_8"},
		{0xC07B, "TLS_RSA_WITH_CAMELLIA_256_GCM_SHA384"},
		{0xC07A, "TLS_RSA_WITH_CAMELLIA_128_GCM_SHA256"},
		{0xC051, "TLS_RSA_WITH_ARIA_256_GCM_SHA384"},
		{0xC050, "TLS_RSA_WITH_ARIA_128_GCM_SHA256"},
		{0xC02E, "TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384"},
		{0xC032, "TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384"},
		{0xC02D, "TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256"},
		{0xC031, "TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256"},
		{0xC026, "TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA384"},
		{0xC02A, "TLS_ECDH_RSA_WITH_AES_256_CBC_SHA384"},
		{0xC025, "TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA256"},
		{0xC029, "TLS_ECDH_RSA_WITH_AES_128_CBC_SHA256"},
		{0x003D, "TLS_RSA_WITH_AES_256_CBC_SHA256"},
		{0x003C, "TLS_RSA_WITH_AES_128_CBC_SHA256"},
		{0x00C0, "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA256"},
		{0x00BA, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA256"},
		{0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"},
		{0x002F, "TLS_RSA_WITH_AES_128_CBC_SHA"},
		{0x0084, "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA"},
		{0x0041, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA"},
		{0x004C, "TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA"},
		{0xC00F, "TLS_ECDH_RSA_WITH_AES_256_CBC_SHA"},
		{0x004B, "TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA"},
		{0xC00E, "TLS_ECDH_RSA_WITH_AES_128_CBC_SHA"},
		{0x0037, "TLS_DH_RSA_WITH_AES_256_CBC_SHA"},
		{0x0031, "TLS_DH_RSA_WITH_AES_128_CBC_SHA"},
		{0x0096, "TLS_RSA_WITH_SEED_CBC_SHA"},
		{0x0007, "TLS_RSA_WITH_IDEA_CBC_SHA"},

		// 3DES.
		{0xC008, "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA"},
		{0xC012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"},
		{0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"},
		{0x0013, "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA"},
		{0x000A, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"},
		{0x004A, "TLS_ECDH_ECDSA_WITH_3DES_EDE_CBC_SHA"},
		{0xC00D, "TLS_ECDH_RSA_WITH_3DES_EDE_CBC_SHA"},
		{0x0010, "TLS_DH_RSA_WITH_3DES_EDE_CBC_SHA"},

		// RC4.
		{0xC007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA"},
		{0xC011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA"},
		{0x0066, "TLS_DHE_DSS_WITH_RC4_128_SHA"},
		{0x0005, "TLS_RSA_WITH_RC4_128_SHA"},
		{0x0048, "TLS_ECDH_ECDSA_WITH_RC4_128_SHA"},
		{0xC00C, "TLS_ECDH_RSA_WITH_RC4_128_SHA"},
		{0x0004, "TLS_RSA_WITH_RC4_128_MD5"},

		// DES.
		{0x0015, "TLS_DHE_RSA_WITH_DES_CBC_SHA"},
		{0x0012, "TLS_DHE_DSS_WITH_DES_CBC_SHA"},
		{0x0009, "TLS_RSA_WITH_DES_CBC_SHA"},
		{0x000F, "TLS_DH_RSA_WITH_DES_CBC_SHA"},

		// Export; 0x0060 to 0x0065 were never registered, but were in use.
		{0x0063, "TLS_DHE_DSS_EXPORT1024_WITH_DES_CBC_SHA"},
		{0x0062, "TLS_RSA_EXPORT1024_WITH_DES_CBC_SHA"},
		{0x0065, "TLS_DHE_DSS_EXPORT1024_WITH_RC4_56_SHA"},
		{0x0064, "TLS_RSA_EXPORT1024_WITH_RC4_56_SHA"},
		{0x0061, "TLS_RSA_EXPORT1024_WITH_RC2_CBC_56_MD5"},
		{0x0060, "TLS_RSA_EXPORT1024_WITH_RC4_56_MD5"},
		{0x0014, "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA"},
		{0x0011, "TLS_DHE_DSS_EXPORT_WITH_DES40_CBC_SHA"},
		{0x0008, "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA"},
		{0x000E, "TLS_DH_RSA_EXPORT_WITH_DES40_CBC_SHA"},
		{0x0006, "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5"},
		{0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5"},
		{0x0019, "TLS_DH_anon_EXPORT_WITH_DES40_CBC_SHA"},
		{0x0017, "TLS_DH_anon_EXPORT_WITH_RC4_40_MD5"},

		// Without a certificate.
		{0x00A7, "TLS_DH_anon_WITH_AES_256_GCM_SHA384"},
		{0x00A6, "TLS_DH_anon_WITH_AES_128_GCM_SHA256"},
		{0x006D, "TLS_DH_anon_WITH_AES_256_CBC_SHA256"},
		{0x006C, "TLS_DH_anon_WITH_AES_128_CBC_SHA256"},
		{0xC019, "TLS_ECDH_anon_WITH_AES_256_CBC_SHA"},
		{0xC018, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA"},
		{0x003A, "TLS_DH_anon_WITH_AES_256_CBC_SHA"},
		{0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA"},
		{0x0089, "TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA"},
		{0x0046, "TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA"},
		{0xC017, "TLS_ECDH_anon_WITH_3DES_EDE_CBC_SHA"},
		{0x001B, "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA"},
		{0xC016, "TLS_ECDH_anon_WITH_RC4_128_SHA"},
		{0x0018, "TLS_DH_anon_WITH_RC4_128_MD5"},
		{0x001A, "TLS_DH_anon_WITH_DES_CBC_SHA"},

		// Without encryption.
		{0xC006, "TLS_ECDHE_ECDSA_WITH_NULL_SHA"},
		{0xC010, "TLS_ECDHE_RSA_WITH_NULL_SHA"},
		{0x003B, "TLS_RSA_WITH_NULL_SHA256"},
		{0x0002, "TLS_RSA_WITH_NULL_SHA"},
		{0x0047, "TLS_ECDH_ECDSA_WITH_NULL_SHA"},
		{0xC00B, "TLS_ECDH_RSA_WITH_NULL_SHA"},
		{0xC015, "TLS_ECDH_anon_WITH_NULL_SHA"},
		{0x0001, "TLS_RSA_WITH_NULL_MD5"},
	}
}
