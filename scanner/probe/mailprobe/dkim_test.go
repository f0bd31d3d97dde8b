package mailprobe

import (
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
)

// publicKey is the shape of an RSA key of that size; nobody holds its other half.
func publicKey(bits int) *rsa.PublicKey {
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	return &rsa.PublicKey{N: n.SetBit(n, 0, 1), E: 65537}
}

func spki(t testing.TB, key any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func TestDKIMRecord(t *testing.T) {
	edwards := ed25519.PublicKey(make([]byte, ed25519.PublicKeySize))
	raw := base64.StdEncoding.EncodeToString(edwards)
	pkcs1 := base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(publicKey(2048)))
	spaced := spki(t, publicKey(2048))
	spaced = spaced[:60] + " \t" + spaced[60:]
	tests := []struct {
		about, record    string
		kind             string
		bits             int
		revoked, testing bool
		fault            string
	}{
		{about: "2048", record: "v=DKIM1; k=rsa; p=" + spki(t, publicKey(2048)), kind: "rsa", bits: 2048},
		{about: "512", record: "v=DKIM1; p=" + spki(t, publicKey(512)), kind: "rsa", bits: 512},
		{about: "1024 without version", record: "k=rsa;p=" + spki(t, publicKey(1024)) + ";", kind: "rsa", bits: 1024},
		{about: "4096 with blanks", record: "v=DKIM1; p=" + spki(t, publicKey(4096)), kind: "rsa", bits: 4096},
		{about: "blanks in the key", record: "v=DKIM1; p=" + spaced, kind: "rsa", bits: 2048},
		{about: "a bare RSA key", record: "v=DKIM1; p=" + pkcs1, kind: "rsa", bits: 2048},
		{about: "ed25519", record: "v=DKIM1; k=ed25519; p=" + raw, kind: "ed25519", bits: 256},
		{about: "ed25519 wrapped", record: "v=DKIM1; k=ed25519; p=" + spki(t, edwards), kind: "ed25519", fault: "no Ed25519 key"},
		{about: "ed25519 as rsa", record: "v=DKIM1; p=" + spki(t, edwards), kind: "rsa", fault: "another type"},
		{about: "another kind", record: "v=DKIM1; k=dsa; p=" + raw, kind: "dsa", fault: `unknown key type "dsa"`},
		{about: "revoked", record: "v=DKIM1; p=", kind: "rsa", revoked: true},
		{about: "revoked with blanks", record: "v=DKIM1; p= ;", kind: "rsa", revoked: true},
		{about: "test mode", record: "v=DKIM1; t=s:y; p=" + spki(t, publicKey(2048)), kind: "rsa", bits: 2048, testing: true},
		{about: "strict only", record: "v=DKIM1; t=s; h=sha256; s=email; n=note; p=" + spki(t, publicKey(2048)), kind: "rsa", bits: 2048},
		{about: "sha1", record: "v=DKIM1; h=sha1; p=" + spki(t, publicKey(2048)), kind: "rsa", bits: 2048, fault: "sha256"},
		{about: "not for mail", record: "v=DKIM1; s=tlsrpt; p=" + spki(t, publicKey(2048)), kind: "rsa", bits: 2048, fault: "leaves out mail"},
		{about: "no p", record: "v=DKIM1; k=rsa", kind: "rsa", fault: "no p"},
		{about: "not base64", record: "v=DKIM1; p=####", kind: "rsa", fault: "not base64"},
		{about: "cut short", record: "v=DKIM1; p=" + spki(t, publicKey(2048))[:80], kind: "rsa", fault: "no RSA key"},
		{about: "no key", record: "v=DKIM1; p=aGVsbG8=", kind: "rsa", fault: "no RSA key"},
		{about: "p twice", record: "v=DKIM1; p=; p=", kind: "rsa", revoked: true, fault: "appears twice"},
		{about: "v not first", record: "p=" + spki(t, publicKey(2048)) + "; v=DKIM1", kind: "rsa", bits: 2048, fault: "v is not the first"},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			if !isDKIM(tt.record) {
				t.Error("not taken for a key")
			}
			got := parseDKIM(tt.record)
			if got.Type != tt.kind || got.Bits != tt.bits || got.Revoked != tt.revoked || got.Testing != tt.testing ||
				!strings.Contains(got.Error, tt.fault) || (tt.fault == "") != (got.Error == "") {
				t.Errorf("got %+v", got)
			}
		})
	}
	for _, record := range []string{"", "hello", "v=spf1 -all", "v=DMARC1; p=none", "v=DKIM2; p=", "google-site-verification=x", "k=rsa"} {
		if isDKIM(record) {
			t.Errorf("%q is taken for a key", record)
		}
	}
}

func TestDKIMKeys(t *testing.T) {
	key := func(name string, bits int) string {
		p := spki(t, publicKey(bits))
		return fmt.Sprintf("%s._domainkey.example.test. TXT \"v=DKIM1; k=rsa; p=%s\" \"%s\"\n", name, p[:100], p[100:])
	}
	usual := len(usualSelectors())
	down := scanner.Failf(scanner.FailServer, "SERVFAIL")
	tests := []struct {
		about     string
		zone      string
		selectors []string
		down      []string
		want      string // selector/bits/flaw
		tried     int
		failure   scanner.FailureKind
	}{
		{about: "none", tried: usual},
		{about: "two", zone: key("selector2", 1024) + key("google", 2048), want: "selector2/1024 google/2048", tried: usual},
		{about: "behind a CNAME", zone: "k1._domainkey.example.test. CNAME k1.esp.test.\nk1.esp.test. TXT \"v=DKIM1; p=\"", want: "k1/0/revoked", tried: usual},
		{about: "the user's come first", zone: key("mine.2026", 2048) + key("google", 2048), selectors: []string{"MINE.2026", "google", "no such", "", strings.Repeat("x", 64)}, want: "mine.2026/2048 google/2048", tried: usual + 1},
		{about: "two records", zone: "s1._domainkey.example.test. TXT \"v=DKIM1; p=\"\n" + key("s1", 2048), want: "s1/0/there are 2 records", tried: usual},
		{about: "another TXT beside it", zone: "s1._domainkey.example.test. TXT \"hello\"\n" + key("s1", 2048), want: "s1/2048", tried: usual},
		{about: "a wildcard of text", zone: `*.example.test. TXT "v=spf1 -all"`, tried: usual},
		{about: "a wildcard that looks like a key", zone: `*._domainkey.example.test. TXT "v=DKIM1; p="`, tried: usual},
		{about: "a key beside a wildcard", zone: "*._domainkey.example.test. TXT \"v=DKIM1; p=\"\n" + key("mail", 2048), want: "mail/2048", tried: usual},
		{about: "one does not answer", zone: key("google", 2048), down: []string{"k1._domainkey.example.test"}, want: "google/2048", tried: usual - 1, failure: scanner.FailServer},
		{about: "the first does not answer", zone: key("google", 2048), down: []string{wildcardSelector + "._domainkey.example.test"}, failure: scanner.FailServer},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			l := newLab(t, tt.zone)
			for _, name := range tt.down {
				l.zone.fails[name] = down
			}
			got := l.scan(New(), "example.test", tt.selectors...).dkimKeys(t.Context())
			var keys []string
			for _, k := range got.Keys {
				s := fmt.Sprintf("%s/%d", k.Selector, k.Bits)
				if k.Revoked && k.Error == "" {
					s += "/revoked"
				}
				if k.Error != "" {
					s += "/" + k.Error
				}
				keys = append(keys, s)
			}
			if s := strings.Join(keys, " "); s != tt.want || got.Tried != tt.tried || kind(got.Failure) != tt.failure {
				t.Errorf("got %s, tried %d, failure %v", s, got.Tried, got.Failure)
			}
		})
	}

	t.Run("a dead server is not asked for each", func(t *testing.T) {
		l := newLab(t, wildcardSelector+"._domainkey.example.test. TXT \"x\"")
		for _, name := range usualSelectors() {
			l.zone.fails[name+"._domainkey.example.test"] = down
		}
		got := l.scan(New(), "example.test").dkimKeys(t.Context())
		if got.Tried != 0 || kind(got.Failure) != scanner.FailServer || len(l.zone.asked) > 1+dkimGiveUp+dkimAtOnce {
			t.Errorf("got %+v after %d questions", got, len(l.zone.asked))
		}
	})
}

func TestUsualSelectors(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range usualSelectors() {
		if seen[s] || !isSelector(s) {
			t.Errorf("%q", s)
		}
		seen[s] = true
	}
}
