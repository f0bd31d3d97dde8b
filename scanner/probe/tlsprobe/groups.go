package tlsprobe

import "fmt"

// Versions as they are written on the wire.
const (
	vSSL2  = 0x0002
	vSSL3  = 0x0300
	vTLS10 = 0x0301
	vTLS11 = 0x0302
	vTLS12 = 0x0303
	vTLS13 = 0x0304
)

// allVersions lists those that are asked for, the newest first, so that what
// matters most is known should the server turn us away.
func allVersions() []uint16 { return []uint16{vTLS13, vTLS12, vTLS11, vTLS10, vSSL3} }

// oldVersions are those that nobody should offer (RFC 7568, RFC 8996).
func oldVersions() []uint16 { return []uint16{vTLS11, vTLS10, vSSL3} }

// versionName is the key of scanner.TLSHost.Versions.
func versionName(v uint16) string {
	switch v {
	case vSSL2:
		return "SSLv2"
	case vSSL3:
		return "SSLv3"
	}
	return fmt.Sprintf("TLSv1.%d", v-vTLS10)
}

const groupX25519 = 29

// hybrid are the groups that hold against a quantum computer too.
func hybrid() []uint16 { return []uint16{4588, 4587, 4589} }

// use says in which questions a group is offered.
type use uint8

const (
	never  use = 0
	until2 use = 1 // up to TLS 1.2
	only3  use = 2 // TLS 1.3
	always use = until2 | only3
	weak   use = 4 // below 112 bits of strength (NIST SP 800-57): in a question of its own
)

// group is a key-exchange group of the IANA registry.
type group struct {
	id   uint16
	name string
	use  use
}

// allGroups is the table, in our order of preference. The primes of RFC 7919
// are not offered up to TLS 1.2: a server that knows them would hide its own.
func allGroups() []group {
	return []group{
		{4588, "X25519MLKEM768", only3},
		{4587, "SecP256r1MLKEM768", only3},
		{4589, "SecP384r1MLKEM1024", only3},
		{groupX25519, "x25519", always},
		{23, "secp256r1", always},
		{30, "x448", always},
		{24, "secp384r1", always},
		{25, "secp521r1", always},
		{256, "ffdhe2048", only3},
		{257, "ffdhe3072", only3},
		{258, "ffdhe4096", only3},
		{259, "ffdhe6144", never},
		{260, "ffdhe8192", never},
		{28, "brainpoolP512r1", until2},
		{27, "brainpoolP384r1", until2},
		{26, "brainpoolP256r1", until2},
		{33, "brainpoolP512r1tls13", never},
		{32, "brainpoolP384r1tls13", never},
		{31, "brainpoolP256r1tls13", never},
		{22, "secp256k1", until2},
		{21, "secp224r1", until2},
		{20, "secp224k1", never},
		{14, "sect571r1", until2},
		{13, "sect571k1", until2},
		{12, "sect409r1", until2},
		{11, "sect409k1", until2},
		{10, "sect283r1", until2},
		{9, "sect283k1", until2},
		{8, "sect239k1", never},
		{7, "sect233r1", until2},
		{6, "sect233k1", until2},
		{5, "sect193r2", weak},
		{4, "sect193r1", weak},
		{3, "sect163r2", weak},
		{2, "sect163r1", weak},
		{1, "sect163k1", weak},
		{19, "secp192r1", weak},
		{18, "secp192k1", weak},
		{17, "secp160r2", weak},
		{16, "secp160r1", weak},
		{15, "secp160k1", weak},
	}
}

// groupsFor lists the groups of a use.
func groupsFor(u use) []uint16 {
	var ids []uint16
	for _, g := range allGroups() {
		if g.use&u != 0 {
			ids = append(ids, g.id)
		}
	}
	return ids
}

// groupOf returns a group by its number, with an invented name if it is not
// known here.
func groupOf(id uint16) group {
	for _, g := range allGroups() {
		if g.id == id {
			return g
		}
	}
	return group{id: id, name: fmt.Sprintf("0x%04X", id)}
}
