package tlsprobe

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/cybersec-infohub/infohub/scanner"
)

// ssl2Hello is a CLIENT-HELLO of SSL 2.0 with all of its ciphers (section 2.5
// of the draft of 1995).
func ssl2Hello() ([]byte, error) {
	ciphers := []byte{
		1, 0, 0x80, 2, 0, 0x80, 3, 0, 0x80, 4, 0, 0x80, // RC4 and RC2 with 128 bits, and for export
		5, 0, 0x80, 6, 0, 0x40, 7, 0, 0xC0, // IDEA, DES, 3DES
	}
	challenge := make([]byte, 16)
	if _, err := rand.Read(challenge); err != nil {
		return nil, fmt.Errorf("challenge: %w", err)
	}
	hello := []byte{1, 0, 2, 0, byte(len(ciphers)), 0, 0, 0, byte(len(challenge))}
	hello = append(append(hello, ciphers...), challenge...)
	return append([]byte{0x80, byte(len(hello))}, hello...), nil
}

// readSSL2 reads a SERVER-HELLO of SSL 2.0. An alert of TLS is an alertError.
func readSSL2(r io.Reader) error {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := int(head[0]&0x7f)<<8 | int(head[1])
	var hello [11]byte
	switch {
	case head[0] == recordAlert && head[1] == 3:
		return alertError(70) // whichever it is: it does not know the version
	case head[0]&0x80 == 0 || n < len(hello):
		return errNotTLS
	}
	if _, err := io.ReadFull(r, hello[:]); err != nil {
		return err
	}
	// Type, session hit, certificate type, version, three lengths.
	rest := 0
	for _, at := range []int{5, 7, 9} {
		rest += int(binary.BigEndian.Uint16(hello[at:]))
	}
	if hello[0] != 4 || hello[3] != 0 || hello[4] != 2 || len(hello)+rest > n {
		return errNotTLS
	}
	return nil
}

// askSSL2 asks for SSL 2.0. Most servers just hang up on it: that is a no and,
// unlike a cut of a question in TLS, no sign of being turned away.
func (x *exam) askSSL2(ctx context.Context) (r reply) {
	defer func() {
		if p := recover(); p != nil {
			r = x.fail(ctx, panicked(p))
		}
	}()
	hello, err := ssl2Hello()
	if err != nil {
		return x.fail(ctx, err)
	}
	conn, err := x.dial(ctx)
	if err != nil {
		return x.fail(ctx, err)
	}
	defer func() { _ = conn.Close() }()
	defer x.begin(ctx, conn)()
	if _, err = conn.Write(hello); err == nil {
		err = readSSL2(conn)
	}
	switch {
	case err == nil:
		return reply{verdict: accepted}
	case ctx.Err() == nil && scanner.FailureOf(err).Kind == scanner.FailReset:
		return reply{verdict: cut}
	}
	return x.fail(ctx, err)
}
