package tlsprobe

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
)

// Bounds of what is read from one server on one connection.
const (
	maxRecord   = 16384 + 2048 // RFC 5246 section 6.2.3
	maxMessage  = 128 << 10    // a chain of certificates
	maxFlight   = 256 << 10    // all records together
	maxMessages = 8            // of a first flight: six kinds exist
	maxWarnings = 4
)

var errNotTLS = errors.New("the answer is not TLS")

// alertError is the fatal alert that a server answered with.
type alertError uint8

func (e alertError) Error() string {
	name := map[alertError]string{
		0: "close notify", 10: "unexpected message", 20: "bad record MAC", 22: "record overflow", 40: "handshake failure",
		47: "illegal parameter", 50: "decode error", 51: "decrypt error", 70: "protocol version",
		71: "insufficient security", 80: "internal error", 86: "inappropriate fallback", 90: "user cancelled",
		109: "missing extension", 110: "unsupported extension", 112: "unrecognized name", 116: "certificate required",
		120: "no application protocol",
	}[e]
	if name == "" {
		name = fmt.Sprint(uint8(e))
	}
	return "the server sent the alert: " + name
}

// flight is a server's first flight, as far as it is in the clear.
type flight struct {
	version uint16
	suite   uint16
	group   uint16   // chosen group; 0: none, or of the server's own making
	dheBits int      // size of the prime, with a DHE suite
	certs   [][]byte // as sent, up to TLS 1.2
	staple  []byte   // the OCSP response, up to TLS 1.2
	scheme  uint16   // of the signature over the key exchange, in TLS 1.2

	compressed   bool // the server will compress
	renegotiates bool // securely (RFC 5746)
	masterSecret bool // the extended one (RFC 7627)
	macLast      bool // encrypt-then-MAC (RFC 7366)
	// rest is how reading failed after the ServerHello; the hello stands.
	rest error
}

// readFlight reads a server's answer to q. An error means that there was no
// usable ServerHello.
func readFlight(r io.Reader, q question) (flight, error) {
	rec := &records{r: r}
	typ, body, err := rec.next()
	if err != nil {
		return flight{}, err
	}
	if typ != msgServerHello {
		return flight{}, fmt.Errorf("%w: message %d instead of ServerHello", errNotTLS, typ)
	}
	var f flight
	if err := f.parseServerHello(body); err != nil {
		return flight{}, err
	}
	if q.version == vTLS13 && f.version < vTLS13 {
		return flight{}, alertError(70) // it does not know the version, and said so with a hello of its own
	}
	if f.version > q.version || f.version < vSSL3 {
		return flight{}, fmt.Errorf("ServerHello of version %#04x, which was not offered", f.version)
	}
	if !slices.Contains(q.suites, f.suite) {
		return flight{}, fmt.Errorf("ServerHello with the suite %s, which was not offered", suiteOf(f.suite).name)
	}
	if f.version < vTLS13 {
		f.rest = f.readRest(rec)
	}
	return f, nil
}

// readRest reads up to the key exchange or, with RSA key transport, to the end.
func (f *flight) readRest(rec *records) error {
	for range maxMessages {
		typ, body, err := rec.next()
		if err != nil {
			return err
		}
		switch typ {
		case msgCertificate:
			err = f.parseCertificate(body)
		case msgCertStatus:
			err = f.parseStatus(body)
		case msgServerKeyExchange:
			return f.parseKeyExchange(body)
		case msgCertRequest, msgServerHelloDone:
			return nil
		default:
			return fmt.Errorf("unexpected message %d", typ)
		}
		if err != nil {
			return err
		}
	}
	return errors.New("too many messages")
}

// parseServerHello reads a ServerHello or a HelloRetryRequest (RFC 8446
// sections 4.1.3 and 4.1.4): the latter names version, suite and group too.
func (f *flight) parseServerHello(body []byte) error {
	var (
		s                   = cryptobyte.String(body)
		random              []byte
		session, extensions cryptobyte.String
		compression         uint8
	)
	if !s.ReadUint16(&f.version) || !s.ReadBytes(&random, 32) || !s.ReadUint8LengthPrefixed(&session) ||
		!s.ReadUint16(&f.suite) || !s.ReadUint8(&compression) {
		return errors.New("ServerHello: too short")
	}
	f.compressed = compression != 0
	if s.Empty() {
		return nil
	}
	if !s.ReadUint16LengthPrefixed(&extensions) {
		return errors.New("ServerHello: broken extensions")
	}
	for !extensions.Empty() { // each turn takes four bytes or more
		var (
			id   uint16
			data cryptobyte.String
		)
		if !extensions.ReadUint16(&id) || !extensions.ReadUint16LengthPrefixed(&data) {
			return errors.New("ServerHello: broken extensions")
		}
		ok := true
		switch id {
		case extSupportedVersions:
			ok = data.ReadUint16(&f.version) && f.version >= vTLS13
		case extKeyShare:
			ok = data.ReadUint16(&f.group)
		case extRenegotiation:
			f.renegotiates = true
		case extMasterSecret:
			f.masterSecret = true
		case extEncryptThenMAC:
			f.macLast = true
		}
		if !ok {
			return fmt.Errorf("ServerHello: broken extension %d", id)
		}
	}
	return nil
}

func (f *flight) parseCertificate(body []byte) error {
	s := cryptobyte.String(body)
	var list cryptobyte.String
	if !s.ReadUint24LengthPrefixed(&list) {
		return errors.New("broken list of certificates")
	}
	f.certs = nil
	for !list.Empty() && len(f.certs) < maxCerts {
		var der cryptobyte.String
		if !list.ReadUint24LengthPrefixed(&der) {
			return errors.New("broken entry in the list of certificates")
		}
		f.certs = append(f.certs, der)
	}
	return nil
}

func (f *flight) parseStatus(body []byte) error {
	s := cryptobyte.String(body)
	var (
		kind     uint8
		response cryptobyte.String
	)
	if !s.ReadUint8(&kind) || kind != 1 || !s.ReadUint24LengthPrefixed(&response) {
		return errors.New("CertificateStatus: broken")
	}
	f.staple = response
	return nil
}

// parseKeyExchange reads the parameters of ECDHE (RFC 8422 section 5.4) and
// DHE (RFC 5246 section 7.4.3), and in TLS 1.2 how they are signed.
func (f *flight) parseKeyExchange(body []byte) error {
	s := cryptobyte.String(body)
	name := suiteOf(f.suite).name
	switch {
	case strings.HasPrefix(name, "TLS_ECDHE_"), strings.HasPrefix(name, "TLS_ECDH_anon_"):
		var kind uint8
		if !s.ReadUint8(&kind) {
			return errors.New("ServerKeyExchange: empty")
		}
		if kind != 3 {
			return nil // a curve of the server's own, for which there is no name
		}
		var point cryptobyte.String
		if !s.ReadUint16(&f.group) {
			return errors.New("ServerKeyExchange: no curve")
		}
		if !s.ReadUint8LengthPrefixed(&point) {
			return nil
		}
	case strings.HasPrefix(name, "TLS_DHE_"), strings.HasPrefix(name, "TLS_DH_anon_"):
		var prime cryptobyte.String
		if !s.ReadUint16LengthPrefixed(&prime) {
			return errors.New("ServerKeyExchange: no prime")
		}
		f.dheBits = new(big.Int).SetBytes(prime).BitLen()
		var base, public cryptobyte.String
		if !s.ReadUint16LengthPrefixed(&base) || !s.ReadUint16LengthPrefixed(&public) {
			return nil
		}
	}
	if f.version == vTLS12 && !strings.Contains(name, "_anon_") {
		s.ReadUint16(&f.scheme)
	}
	return nil
}

// records puts handshake messages together from the records of a connection.
type records struct {
	r        io.Reader
	buf      bytes.Buffer
	taken    int // bytes
	warnings int
}

// next returns the next handshake message. A fatal alert is an alertError.
func (r *records) next() (typ byte, body []byte, err error) {
	for {
		if b := r.buf.Bytes(); len(b) >= 4 {
			n := int(b[1])<<16 | int(b[2])<<8 | int(b[3])
			if n > maxMessage {
				return 0, nil, fmt.Errorf("message of %d bytes", n)
			}
			if len(b) >= 4+n {
				b = bytes.Clone(r.buf.Next(4 + n))
				return b[0], b[4:], nil
			}
		}
		if err := r.read(); err != nil {
			return 0, nil, err
		}
	}
}

// read takes in one record.
func (r *records) read() error {
	var head [5]byte
	if _, err := io.ReadFull(r.r, head[:]); err != nil {
		return err
	}
	n := int(head[3])<<8 | int(head[4])
	if head[0] < recordChange || head[0] > recordHandshake+1 || head[1] != 3 {
		return errNotTLS
	}
	if n == 0 || n > maxRecord {
		return fmt.Errorf("record of %d bytes", n)
	}
	if r.taken += n; r.taken > maxFlight {
		return fmt.Errorf("more than %d bytes", maxFlight)
	}
	data := make([]byte, n)
	if _, err := io.ReadFull(r.r, data); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	switch {
	case head[0] == recordHandshake:
		r.buf.Write(data)
		return nil
	case head[0] == recordAlert && n == 2:
		// A warning (such as "unrecognized name") may precede the answer.
		if r.warnings++; data[0] == 1 && data[1] != 0 && r.warnings <= maxWarnings {
			return nil
		}
		return alertError(data[1])
	}
	return fmt.Errorf("unexpected record of type %d", head[0])
}
