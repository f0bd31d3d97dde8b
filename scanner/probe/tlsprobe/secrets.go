package tlsprobe

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" // #nosec G505 -- the MAC of old suites
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/crypto/cryptobyte"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Lines of a key log that are used here, in the format of SSLKEYLOGFILE.
const (
	clientRandom  = "CLIENT_RANDOM" // with the master secret, up to TLS 1.2
	serverTraffic = "SERVER_TRAFFIC_SECRET_0"
)

// recordHead is the length of a record's head.
const recordHead = 5

// secrets are those of one connection of ours; the random that each line begins
// with stands under "random".
type secrets map[string][]byte

func readSecrets(log []byte) secrets {
	out := secrets{}
	for line := range strings.Lines(string(log)) {
		f := strings.Fields(line)
		if len(f) != 3 {
			continue
		}
		random, err1 := hex.DecodeString(f[1])
		secret, err2 := hex.DecodeString(f[2])
		if err1 == nil && err2 == nil {
			out["random"], out[f[0]] = random, secret
		}
	}
	return out
}

// hashOf is the hash of a suite's key derivation.
func hashOf(id uint16) func() hash.Hash {
	if strings.HasSuffix(suiteOf(id).name, "_SHA384") {
		return sha512.New384
	}
	return sha256.New
}

// aead returns the suite's authenticated encryption; nil if it has none.
func aead(name string, key []byte) (cipher.AEAD, error) {
	switch {
	case strings.Contains(name, "_CHACHA20_POLY1305"):
		return chacha20poly1305.New(key)
	case strings.Contains(name, "_GCM_"):
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		return cipher.NewGCM(block)
	}
	return nil, nil
}

// keyBytes is the length of the key of a suite's cipher.
func keyBytes(name string) int {
	if strings.Contains(name, "_AES_128_") {
		return 16
	}
	return 32 // AES-256 and ChaCha20
}

// tickets13 decrypts the records that a server sent after the handshake (RFC
// 8446 section 5.2) and reads the tickets among them.
func tickets13(in, secret []byte, suite uint16) []scanner.TLSTicket {
	name := suiteOf(suite).name
	if len(secret) == 0 {
		return nil
	}
	expand := func(label string, n int) ([]byte, error) { // RFC 8446 section 7.1
		info := append([]byte{byte(n >> 8), byte(n), byte(len("tls13 " + label))}, "tls13 "+label...)
		return hkdf.Expand(hashOf(suite), secret, string(append(info, 0)), n)
	}
	key, err1 := expand("key", keyBytes(name))
	iv, err2 := expand("iv", 12)
	if err1 != nil || err2 != nil {
		return nil
	}
	open, err := aead(name, key)
	if open == nil || err != nil {
		return nil
	}
	var (
		messages bytes.Buffer
		seq      uint64
	)
	for len(in) >= recordHead { // each turn takes a record
		n := recordHead + int(binary.BigEndian.Uint16(in[3:]))
		if n > len(in) {
			break
		}
		nonce := binary.BigEndian.AppendUint64(make([]byte, 4, 12), seq)
		subtle.XORBytes(nonce, nonce, iv)
		// Those of the handshake have other keys, and do not open.
		if plain, err := open.Open(nil, nonce, in[recordHead:n], in[:recordHead]); err == nil {
			seq++
			plain = bytes.TrimRight(plain, "\x00")
			if len(plain) > 0 && plain[len(plain)-1] == recordHandshake {
				messages.Write(plain[:len(plain)-1])
			}
		}
		in = in[n:]
	}
	return ticketsIn(messages.Bytes(), "TLSv1.3")
}

// tickets12 reads the tickets of a TLS 1.2 handshake, which come in the clear
// (RFC 5077 section 3.3).
func tickets12(in []byte) []scanner.TLSTicket {
	rec := &records{r: bytes.NewReader(in)}
	var messages []byte
	for range 2 * maxMessages {
		typ, body, err := rec.next()
		if err != nil {
			break // from here on it is encrypted
		}
		messages = append(messages, typ, byte(len(body)>>16), byte(len(body)>>8), byte(len(body)))
		messages = append(messages, body...)
	}
	return ticketsIn(messages, "TLSv1.2")
}

const (
	maxTickets   = 8
	msgNewTicket = 4
	extEarlyData = 42
)

// ticketsIn picks the tickets out of handshake messages.
func ticketsIn(messages []byte, version string) []scanner.TLSTicket {
	var out []scanner.TLSTicket
	s := cryptobyte.String(messages)
	for !s.Empty() && len(out) < maxTickets {
		var (
			typ  uint8
			body cryptobyte.String
		)
		if !s.ReadUint8(&typ) || !s.ReadUint24LengthPrefixed(&body) {
			break
		}
		t := scanner.TLSTicket{Version: version}
		if typ == msgNewTicket && body.ReadUint32(&t.Lifetime) {
			if version == "TLSv1.3" {
				t.EarlyData = earlyData(body)
			}
			out = append(out, t)
		}
	}
	return out
}

// earlyData is max_early_data_size of a ticket (RFC 8446 section 4.6.1), what
// stands behind its lifetime being given; 0: none.
func earlyData(body cryptobyte.String) uint32 {
	var nonce, ticket, extensions cryptobyte.String
	if !body.Skip(4) || !body.ReadUint8LengthPrefixed(&nonce) || !body.ReadUint16LengthPrefixed(&ticket) || !body.ReadUint16LengthPrefixed(&extensions) {
		return 0
	}
	for !extensions.Empty() {
		var (
			id   uint16
			data cryptobyte.String
			size uint32
		)
		if !extensions.ReadUint16(&id) || !extensions.ReadUint16LengthPrefixed(&data) {
			break
		}
		if id == extEarlyData && data.ReadUint32(&size) {
			return size
		}
	}
	return 0
}

// seal encrypts one record of ours.
type seal func(typ byte, data []byte) ([]byte, error)

// sealer makes the second record of a TLS 1.2 client (the first was Finished)
// from the master secret: with AEAD (RFC 5288, RFC 7905) or with AES-CBC and a
// MAC (RFC 5246 section 6.2.3.2), which crypto/tls puts inside.
func sealer(keys secrets, in []byte, suite uint16) (seal, bool) {
	name := suiteOf(suite).name
	// The server's random stands in its hello, the first message.
	const at = recordHead + 4 + 2
	if len(in) < at+32 || in[0] != recordHandshake || in[recordHead] != msgServerHello || len(keys[clientRandom]) == 0 {
		return nil, false
	}
	seed := append(append([]byte("key expansion"), in[at:at+32]...), keys["random"]...)
	block := pHash(hashOf(suite), keys[clientRandom], seed, 2*(32+32+12))
	n := keyBytes(name)
	head := func(typ byte, n int) []byte {
		return append(binary.BigEndian.AppendUint64(nil, 1), typ, vTLS12>>8, vTLS12&0xff, byte(n>>8), byte(n))
	}
	record := func(typ byte, body []byte) []byte {
		return append([]byte{typ, vTLS12 >> 8, vTLS12 & 0xff, byte(len(body) >> 8), byte(len(body))}, body...)
	}
	switch {
	case strings.Contains(name, "_CHACHA20_POLY1305"), strings.Contains(name, "_GCM_"):
		box, err := aead(name, block[:n])
		if err != nil {
			return nil, false
		}
		return func(typ byte, data []byte) ([]byte, error) {
			seq := binary.BigEndian.AppendUint64(nil, 1)
			if strings.Contains(name, "_GCM_") {
				nonce := append(bytes.Clone(block[2*n:2*n+4]), seq...)
				return record(typ, box.Seal(seq, nonce, data, head(typ, len(data)))), nil
			}
			nonce := append(make([]byte, 4), seq...)
			subtle.XORBytes(nonce, nonce, block[2*n:2*n+12])
			return record(typ, box.Seal(nil, nonce, data, head(typ, len(data)))), nil
		}, true
	case strings.Contains(name, "_AES_") && strings.Contains(name, "_CBC_") && !strings.HasSuffix(name, "_SHA384"):
		sum, m := sha256.New, sha256.Size
		if strings.HasSuffix(name, "_SHA") {
			sum, m = sha1.New, sha1.Size
		}
		aesKey, err := aes.NewCipher(block[2*m : 2*m+n])
		if err != nil {
			return nil, false
		}
		return func(typ byte, data []byte) ([]byte, error) {
			mac := hmac.New(sum, block[:m])
			mac.Write(append(head(typ, len(data)), data...))
			plain := mac.Sum(bytes.Clone(data))
			pad := aes.BlockSize - len(plain)%aes.BlockSize
			plain = append(plain, bytes.Repeat([]byte{byte(pad - 1)}, pad)...)
			iv := make([]byte, aes.BlockSize)
			if _, err := rand.Read(iv); err != nil {
				return nil, err
			}
			cipher.NewCBCEncrypter(aesKey, iv).CryptBlocks(plain, plain)
			return record(typ, append(iv, plain...)), nil
		}, true
	}
	return nil, false
}

// pHash is the pseudo-random function of TLS 1.2 (RFC 5246 section 5).
func pHash(h func() hash.Hash, secret, seed []byte, n int) []byte {
	sum := func(parts ...[]byte) []byte {
		m := hmac.New(h, secret)
		for _, p := range parts {
			m.Write(p)
		}
		return m.Sum(nil)
	}
	var out []byte
	for a := sum(seed); len(out) < n; a = sum(a) {
		out = append(out, sum(a, seed)...)
	}
	return out[:n]
}
