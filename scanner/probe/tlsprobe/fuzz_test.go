package tlsprobe

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
)

// FuzzSSL2: whatever is sent in answer to SSL 2.0, only a whole SERVER-HELLO
// counts.
func FuzzSSL2(f *testing.F) {
	f.Add(ssl2Answer())
	f.Add([]byte{recordAlert, 3, 1, 0, 2, 2, 70})
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := readSSL2(bytes.NewReader(data)); err == nil && (len(data) < 13 || data[0]&0x80 == 0 || data[2] != 4 || data[6] != 2) {
			t.Errorf("% x is taken for a SERVER-HELLO", data)
		}
	})
}

// FuzzTickets: whatever comes after a handshake, in the clear or decrypted.
func FuzzTickets(f *testing.F) {
	ticket13 := message(msgNewTicket, bytes.Join([][]byte{
		{0, 0, 0x1c, 0x20}, {1, 2, 3, 4}, {1, 0}, {0, 1, 9}, {0, 8, 0, extEarlyData, 0, 4, 0, 0, 0x40, 0},
	}, nil))
	ticket12 := message(msgNewTicket, []byte{0, 0, 0x1c, 0x20, 0, 1, 9})
	if got := ticketsIn(append(bytes.Clone(ticket13), ticket13...), "TLSv1.3"); len(got) != 2 || got[1] != (scanner.TLSTicket{Version: "TLSv1.3", Lifetime: 7200, EarlyData: 16384}) {
		f.Fatalf("%+v", got)
	}
	f.Add(ticket13, make([]byte, 32))
	f.Add(ticket12, []byte{})
	f.Add(record(recordHandshake, vTLS12, bytes.Join([][]byte{serverHello(vTLS12, 0xC02F), ticket12}, nil)), make([]byte, 32))
	f.Add(record(recordHandshake+1, vTLS12, make([]byte, 40)), make([]byte, 48))
	f.Fuzz(func(t *testing.T, data, secret []byte) {
		for _, got := range [][]scanner.TLSTicket{
			ticketsIn(data, "TLSv1.3"), ticketsIn(data, "TLSv1.2"), tickets12(data),
			tickets13(data, secret, 0x1301), tickets13(data, secret, 0x1303),
		} {
			if len(got) > maxTickets {
				t.Errorf("%d tickets", len(got))
			}
		}
		// The same bytes as our own secrets: a handshake gone wrong.
		for _, id := range []uint16{0xC02F, 0xCCA8, 0xC013, 0x003C, 0x0005} {
			if seal, ok := sealer(secrets{clientRandom: secret, "random": data}, data, id); ok {
				if _, err := seal(recordHandshake, data); err != nil {
					t.Error(err)
				}
			}
		}
		_ = readSecrets(data)
	})
}

// FuzzRevocation: whatever an authority says, only what its key signed counts.
func FuzzRevocation(f *testing.F) {
	p := newPKI(f)
	leaf := p.leaf(f, ecKey(f))
	f.Add(leaf.staple(f, p.middle), revocationList(f, p.middle, now.Add(day), big.NewInt(1)))
	f.Add([]byte("<html>"), []byte("<html>"))
	f.Fuzz(func(t *testing.T, response, list []byte) {
		if status, _, text := readOCSP(response, leaf.cert, p.middle.cert, now); status == scanner.RevocationUnknown && text == "" {
			t.Error("no reason")
		}
		status, _, why := readList(list, leaf.cert, p.middle.cert, now)
		if (status == scanner.RevocationUnknown) != (why != nil) {
			t.Errorf("%q, %v", status, why)
		}
		_ = sctLogs(leaf.cert, [][]byte{response, list}, response)
	})
}
