package webprobe

import (
	"encoding/base64"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// signatureOf looks at the shape of an OpenPGP cleartext signature (RFC 9580
// section 7), as RFC 9116 section 2.3 recommends for security.txt; nil when
// text does not begin as one. Whose it is and whether it is right needs a key,
// which the file itself cannot prove.
func signatureOf(text string) *scanner.Signature {
	lines := strings.Split(strings.TrimSpace(strings.TrimPrefix(text, "\ufeff")), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t\r")
	}
	if lines[0] != "-----BEGIN PGP SIGNED MESSAGE-----" {
		return nil
	}
	return &scanner.Signature{Fault: armourFault(lines[1:])}
}

// armourFault says what is wrong with the lines behind BEGIN PGP SIGNED
// MESSAGE, or "".
func armourFault(lines []string) string {
	for len(lines) > 0 && lines[0] != "" { // "Hash: SHA256"
		if !strings.Contains(lines[0], ": ") {
			return "no empty line in front of the text"
		}
		lines = lines[1:]
	}
	for len(lines) > 0 && lines[0] != "-----BEGIN PGP SIGNATURE-----" {
		if strings.HasPrefix(lines[0], "-") && !strings.HasPrefix(lines[0], "- ") {
			return "a line of the text begins with a dash that is not escaped"
		}
		lines = lines[1:]
	}
	if len(lines) == 0 {
		return "no BEGIN PGP SIGNATURE line"
	}
	lines = lines[1:]
	for len(lines) > 0 && strings.Contains(lines[0], ": ") { // "Version: GnuPG v2"
		lines = lines[1:]
	}
	var data strings.Builder
	for len(lines) > 0 && !strings.HasPrefix(lines[0], "-----END") {
		// A line with "=" in front is a checksum, which RFC 9580 section 6.1
		// wants to be passed over.
		if !strings.HasPrefix(lines[0], "=") {
			data.WriteString(lines[0])
		}
		lines = lines[1:]
	}
	if len(lines) == 0 || lines[0] != "-----END PGP SIGNATURE-----" {
		return "no END PGP SIGNATURE line"
	}
	packets, err := base64.StdEncoding.DecodeString(data.String())
	if err != nil {
		return "the signature is not base64"
	}
	return packetFault(packets)
}

// packetFault: there must be one or more whole signature packets (RFC 9580
// sections 4.2 and 5.2).
func packetFault(data []byte) string {
	if len(data) == 0 {
		return "the signature is empty"
	}
	for len(data) > 0 {
		length, rest, ok := packetLength(data)
		switch {
		case !ok:
			return "no OpenPGP signature packet"
		case length > len(rest):
			return "the signature is cut short"
		}
		data = rest[length:]
	}
	return ""
}

// packetLength reads the head of a signature packet (type 2) in either format.
func packetLength(data []byte) (length int, rest []byte, ok bool) {
	octets := 0
	switch head := data[0]; {
	case head == 0xc2 && len(data) > 1 && data[1] < 192:
		return int(data[1]), data[2:], true
	case head == 0xc2 && len(data) > 2 && data[1] < 224:
		return (int(data[1])-192)<<8 + int(data[2]) + 192, data[3:], true
	case head == 0xc2 && len(data) > 1 && data[1] == 255:
		octets = 4
		data = data[1:]
	case head == 0x88:
		octets = 1
	case head == 0x89:
		octets = 2
	case head == 0x8a:
		octets = 4
	}
	if octets == 0 || len(data) < 1+octets {
		return 0, nil, false
	}
	for _, b := range data[1 : 1+octets] {
		length = length<<8 | int(b)
	}
	return length, data[1+octets:], true
}
