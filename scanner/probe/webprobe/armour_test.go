package webprobe

import (
	"strings"
	"testing"
)

// signedText is a security.txt that GnuPG 2.2 signed with a key made for it.
const signedText = `-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

Contact: mailto:security@example.hk
Expires: 2027-06-30T00:00:00Z
Canonical: https://example.hk/.well-known/security.txt
- -- signed
-----BEGIN PGP SIGNATURE-----

iHUEARYIAB0WIQTpRZTMZMRjkIOg4JynpGK4Vak7bwUCawRjjAAKCRCnpGK4Vak7
b+aoAP9lAwLYQLwQUiwvYK2GuuM7SK4EBEurSBctxDw7Z9RlVQD7B/F3aymbez55
JUs8jLrAEj2/KatMnGNb4Q+eNAhrpwk=
=VqLL
-----END PGP SIGNATURE-----
`

func TestSignatureOf(t *testing.T) {
	change := func(old, with string) string {
		if !strings.Contains(signedText, old) {
			t.Fatalf("no %q", old)
		}
		return strings.Replace(signedText, old, with, 1)
	}
	tests := []struct {
		about, text string
		signed      bool
		fault       string
	}{
		{"whole", signedText, true, ""},
		{"line ends of the internet", strings.ReplaceAll(signedText, "\n", "\r\n"), true, ""},
		{"with a version line", change("SIGNATURE-----\n\n", "SIGNATURE-----\nVersion: GnuPG v2\n\n"), true, ""},
		{"without a checksum", change("=VqLL\n", ""), true, ""},
		{"another checksum, which does not matter", change("=VqLL", "=AAAA"), true, ""},
		{"not signed", "Contact: mailto:security@example.hk\n", false, ""},
		{"empty", "", false, ""},
		{"no signature", signedText[:strings.Index(signedText, "-----BEGIN PGP SIGNATURE")], true, "no BEGIN PGP SIGNATURE line"},
		{"cut off", signedText[:len(signedText)-60], true, "no END PGP SIGNATURE line"},
		{"no empty line", change("Hash: SHA256\n\n", "Hash: SHA256\nhello\n"), true, "no empty line"},
		{"a dash that is not escaped", change("- -- signed", "-- signed"), true, "a dash"},
		{"damaged", change("iHUEARY", "iHUE@RY"), true, "not base64"},
		{"a line lost", change("b+aoAP9lAwLYQLwQUiwvYK2GuuM7SK4EBEurSBctxDw7Z9RlVQD7B/F3aymbez55\n", ""), true, "cut short"},
		{"empty armour", signedText[:strings.Index(signedText, "iHUE")] + "-----END PGP SIGNATURE-----\n", true, "is empty"},
		{"something else", change("iHUEARY", "AAAAARY"), true, "no OpenPGP signature packet"},
	}
	for _, tt := range tests {
		got := signatureOf(tt.text)
		if (got != nil) != tt.signed || (got != nil && (!strings.Contains(got.Fault, tt.fault) || (tt.fault == "") != (got.Fault == ""))) {
			t.Errorf("%s: %+v, want %v %q", tt.about, got, tt.signed, tt.fault)
		}
	}
}

// TestPacketLength: each way to write a length (RFC 9580 section 4.2).
func TestPacketLength(t *testing.T) {
	body := func(n int) string { return strings.Repeat("x", n) }
	for about, data := range map[string]string{
		"old, one octet":   "\x88\x05" + body(5),
		"old, two octets":  "\x89\x01\x00" + body(256),
		"old, four octets": "\x8a\x00\x00\x00\x05" + body(5),
		"new, one octet":   "\xc2\xbf" + body(191),
		"new, two octets":  "\xc2\xc0\x01" + body(193),
		"new, five octets": "\xc2\xff\x00\x00\x00\x05" + body(5),
		"two signatures":   "\xc2\x05" + body(5) + "\x88\x05" + body(5),
	} {
		if got := packetFault([]byte(data)); got != "" {
			t.Errorf("%s: %s", about, got)
		}
		if got := packetFault([]byte(data[:len(data)-1])); got != "the signature is cut short" {
			t.Errorf("%s, cut: %q", about, got)
		}
	}
	for _, data := range []string{"\x8b\x00", "\xc2", "\x88", "\x8a\x00\x00\x00", "\xc2\xc0", "\xc2\xe0\x00", "\xc2\xff\x00\x00", "\x99\x01\x00"} {
		if got := packetFault([]byte(data)); got != "no OpenPGP signature packet" {
			t.Errorf("%x: %q", data, got)
		}
	}
}

// FuzzSignature: what is whole is no longer so without its end.
func FuzzSignature(f *testing.F) {
	f.Add(signedText)
	f.Add("-----BEGIN PGP SIGNED MESSAGE-----\n\n-----BEGIN PGP SIGNATURE-----\n\nwv8AAAAA\n-----END PGP SIGNATURE-----")
	f.Fuzz(func(t *testing.T, text string) {
		got := signatureOf(text)
		if got == nil || got.Fault != "" {
			return
		}
		before, _, ok := strings.Cut(text, "-----END PGP SIGNATURE-----")
		if again := signatureOf(before); !ok || again == nil || again.Fault == "" {
			t.Errorf("%q is whole, and without its end %+v", text, again)
		}
		if s := parseSecurityText(text); !s.signed {
			t.Errorf("%q is whole, and not signed", text)
		}
	})
}

// TestSignedSecurityTxt: the file as a server gives it.
func TestSignedSecurityTxt(t *testing.T) {
	s := parseSecurityText(signedText)
	if !s.signed || len(s.canonical) != 1 || s.canonical[0] != "https://example.hk/.well-known/security.txt" {
		t.Errorf("%+v", s)
	}
}
