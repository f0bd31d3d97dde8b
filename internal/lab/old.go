//go:build unix

package lab

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"time"
)

// Relic is a fault of TLS that no package can show any more. A server of our
// own stands before a good one and answers, by hand, the ClientHello that only
// a scanner sends; all others it hands on.
type Relic string

// The relics.
const (
	SSL2         Relic = "ssl2"        // answers SSL 2.0
	SSL3         Relic = "ssl3"        // answers SSL 3.0, with RC4
	Export       Relic = "export"      // takes a suite with 40 bits where nothing good is offered
	Compression  Relic = "compression" // compresses where the client can (RFC 3749)
	DeafFallback Relic = "deaf"        // does not know TLS_FALLBACK_SCSV (RFC 7507)
)

// Suites that the relics look at or choose.
const (
	suiteRC4     = 0x0005
	suiteExport  = 0x0003
	suiteUsual   = 0x002F // in every offer but one of weak suites
	scsvFallback = 0x5600
)

// Old has openssl's s_server serve a site, with further arguments, and a relic
// before it: the site is judged by Only, and its key is RSA.
func Old(kind Relic, more ...string) func(context.Context, *Lab, *Place) error {
	return func(ctx context.Context, l *Lab, p *Place) error {
		to, err := l.openssl(ctx, p, more...)
		if err != nil {
			return err
		}
		cert, err := tls.LoadX509KeyPair(p.Crt, p.Key)
		if err != nil {
			return err
		}
		for _, addr := range []string{p.Web, p.Web6} {
			err := l.Listen(ctx, net.JoinHostPort(addr, "443"), func(c net.Conn) { kind.serve(c, to, cert.Certificate) })
			if err != nil {
				return err
			}
		}
		return nil
	}
}

func (kind Relic) serve(c net.Conn, to string, chain [][]byte) {
	head := make([]byte, 5)
	if _, err := io.ReadFull(c, head); err != nil {
		return
	}
	if head[0] == 0x80 {
		if kind == SSL2 {
			// SERVER-HELLO: no session, X.509, version 2, an empty certificate, RC4.
			_, _ = c.Write(append([]byte{0x80, 14 + 16, 4, 0, 1, 0, 2, 0, 0, 0, 3, 0, 16, 1, 0, 0x80}, make([]byte, 16)...))
		}
		return
	}
	hello := append(head, make([]byte, binary.BigEndian.Uint16(head[3:]))...)
	if _, err := io.ReadFull(c, hello[5:]); err != nil {
		return
	}
	version, suites, deflate, ok := readHello(hello)
	if !ok {
		return
	}
	has := func(id uint16) bool { return slices.Contains(suites, id) }
	switch {
	case kind == SSL3 && version == 0x0300 && has(scsvFallback):
		_, _ = c.Write([]byte{21, 3, 0, 0, 2, 2, 86}) // alert: inappropriate fallback
		return
	case kind == SSL3 && version == 0x0300 && has(suiteRC4):
		_, _ = c.Write(oldFlight(version, suiteRC4, chain))
		return
	case kind == Export && has(suiteExport) && !has(suiteUsual):
		_, _ = c.Write(oldFlight(version, suiteExport, chain))
		return
	case kind == DeafFallback && has(scsvFallback):
		hello = bytes.Replace(hello, []byte{scsvFallback >> 8, 0}, []byte{scsvFallback >> 8, 1}, 1)
	}
	handOn(c, to, hello, kind == Compression && deflate)
}

// handOn hands a connection on, with a first flight that says that it will
// compress.
func handOn(c net.Conn, to string, hello []byte, compress bool) {
	server, err := net.DialTimeout("tcp", to, 10*time.Second)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	if _, err := server.Write(hello); err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(server, c)
		_ = server.Close()
	}()
	if compress {
		record, err := readRecord(server)
		if err != nil {
			return
		}
		// Head, message, version, random, session, suite, compression.
		if at := 5 + 4 + 2 + 32; record[0] == 22 && len(record) > at && len(record) > at+3+int(record[at]) {
			record[at+3+int(record[at])] = 1
		}
		if _, err := c.Write(record); err != nil {
			return
		}
	}
	_, _ = io.Copy(c, server)
}

func readRecord(r io.Reader) ([]byte, error) {
	head := make([]byte, 5)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	record := append(head, make([]byte, binary.BigEndian.Uint16(head[3:]))...)
	_, err := io.ReadFull(r, record[5:])
	return record, err
}

// readHello picks a ClientHello's version, suites and whether it can compress.
func readHello(b []byte) (version uint16, suites []uint16, deflate, ok bool) {
	const session = 5 + 4 + 2 + 32
	if len(b) < session+1 || b[0] != 22 || b[5] != 1 {
		return 0, nil, false, false
	}
	version = binary.BigEndian.Uint16(b[9:])
	rest := b[session:]
	if len(rest) < 1+int(rest[0])+2 {
		return 0, nil, false, false
	}
	rest = rest[1+int(rest[0]):]
	n := int(binary.BigEndian.Uint16(rest))
	if len(rest) < 2+n+1 {
		return 0, nil, false, false
	}
	for i := 2; i+1 < 2+n; i += 2 {
		suites = append(suites, binary.BigEndian.Uint16(rest[i:]))
	}
	rest = rest[2+n:]
	if len(rest) < 1+int(rest[0]) {
		return 0, nil, false, false
	}
	return version, suites, bytes.IndexByte(rest[1:1+int(rest[0])], 1) >= 0, true
}

// oldFlight is ServerHello, Certificate, ServerHelloDone.
func oldFlight(version, suite uint16, chain [][]byte) []byte {
	message := func(typ byte, body []byte) []byte {
		return append([]byte{typ, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body...)
	}
	hello := append(binary.BigEndian.AppendUint16(nil, version), make([]byte, 32+1)...)
	hello = append(binary.BigEndian.AppendUint16(hello, suite), 0)
	// The answer to the signal of secure renegotiation (RFC 5746).
	hello = append(hello, 0, 5, 0xFF, 1, 0, 1, 0)
	var list []byte
	for _, der := range chain {
		list = append(append(list, byte(len(der)>>16), byte(len(der)>>8), byte(len(der))), der...)
	}
	list = append([]byte{byte(len(list) >> 16), byte(len(list) >> 8), byte(len(list))}, list...)
	body := append(append(message(2, hello), message(11, list)...), message(14, nil)...)
	return append([]byte{22, byte(version >> 8), byte(version), byte(len(body) >> 8), byte(len(body))}, body...)
}
