package app_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/internal/lab/dnslab"
)

// hostileServers are web and mail servers that do their worst.
func (y *yard) hostileServers() map[string]acts {
	alerts := bytes.Repeat([]byte{21, 3, 3, 0, 2, 1, 112}, 1000)
	handshakes := append([]byte{22, 3, 3, 0x40, 0, 11, 0xff, 0xff, 0xff}, make([]byte, 0x4000-4)...)
	packed := bomb()
	var jar strings.Builder
	for i := range 10000 {
		fmt.Fprintf(&jar, "Set-Cookie: a%d=b; Path=/\r\n", i)
	}
	chain := func(y *yard, c net.Conn) {
		cert := y.cert
		cert.Certificate = slices.Repeat(cert.Certificate, 150)
		t := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}}) // #nosec G402
		if t.HandshakeContext(y.t.Context()) == nil {
			tame()(y, t)
		}
	}
	names := make([]string, 900)
	for i := range names {
		names[i] = fmt.Sprintf("n%d.names.hk", i)
	}
	wide := anyCertificate(y.t, names...)
	return map[string]acts{
		"silent":  every(hold),
		"deaf":    every(deaf),
		"slam":    every(slam),
		"reset":   every(reset),
		"dawdle":  every(dawdle),
		"garbage": every(pour("", noise())),
		"zeros":   every(pour("", make([]byte, 32<<10))),
		"lines":   every(pour("", []byte(strings.Repeat("\r\n", 8<<10)))),
		"echo":    every(echo),
		"closed":  {},
		"drip": {
			80: drip("HTTP/1.1 200 OK\r\nA: "), 443: drip("\x16\x03\x03\x40\x00"), 25: drip("220-"),
		},

		"bomb":       both(says(ok + fmt.Sprintf("Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(packed), packed))),
		"headers":    both(streams(ok, "A-Header: with a value\r\n")),
		"header":     both(streams(ok+"A: ", "x")),
		"informs":    both(streams("", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")),
		"body":       both(streams(ok+"\r\n", "<script src=//a.example/x></script>")),
		"chunks":     both(streams(ok+"Transfer-Encoding: chunked\r\n\r\n", "1;a=b\r\nx\r\n")),
		"extension":  both(streams(ok+"Transfer-Encoding: chunked\r\n\r\n1;", "a")),
		"trailers":   both(streams(ok+"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n", "A: b\r\n")),
		"slow-body":  both(func(y *yard, c net.Conn) { drip(ok+"Content-Length: 100000\r\n\r\n")(y, c) }),
		"short-body": both(says(ok + "Content-Length: 100000\r\n\r\nhi")),
		"cookies":    both(says(ok + jar.String() + "Content-Length: 2\r\n\r\nhi")),
		"tags":       both(says(ok + "Content-Length: 1000000\r\n\r\n" + strings.Repeat("<a href=b><b><table>", 50000))),
		"links":      both(says(ok + "Connection: close\r\n\r\n" + manyLinks())),
		"switches":   both(says("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")),
		"maze":       both(maze(func(n int) string { return fmt.Sprintf("/%d", n) })),
		"maze-names": both(maze(func(n int) string { return fmt.Sprintf("http://w%d.maze-names.hk/", n) })),
		"maze-ports": both(maze(func(n int) string { return fmt.Sprintf("http://maze-ports.hk:%d/", 20000+n) })),
		"maze-schemes": both(maze(func(n int) string {
			return fmt.Sprintf("%s://www.maze-schemes.hk/%d", []string{"http", "https"}[n%2], n)
		})),
		"ping":        {80: tame(), 443: secure(pings(false, false), "h2"), 25: post()},
		"ping-answer": {80: tame(), 443: secure(pings(true, false), "h2"), 25: post()},
		"ping-idle":   {80: tame(), 443: secure(pings(true, true), "h2"), 25: post()},
		"continued":   {80: tame(), 443: secure(continues, "h2"), 25: post()},

		"tls-half":      {80: tame(), 443: choke(80, secure(tame())), 25: mail("220 hi\r\n", "250-a\r\n250 STARTTLS\r\n", choke(80, secure(tame())))},
		"tls-quiet":     {80: tame(), 443: secure(hold), 25: post()},
		"tls-alerts":    {80: tame(), 443: pour("", alerts), 25: mail("220 hi\r\n", "250-a\r\n250 STARTTLS\r\n", pour("", alerts))},
		"tls-endless":   {80: tame(), 443: pour("", handshakes), 25: mail("220 hi\r\n", "250-a\r\n250 STARTTLS\r\n", pour("", handshakes))},
		"tls-chain":     {80: tame(), 443: chain, 25: mail("220 hi\r\n", "250-a\r\n250 STARTTLS\r\n", chain)},
		"tls-names":     {80: tame(), 443: y.with(wide, tame()), 25: post()},
		"tls-drip":      {80: tame(), 443: drip("\x16\x03\x03"), 25: mail("220 hi\r\n", "250-a\r\n250 STARTTLS\r\n", drip("\x16\x03\x03"))},
		"mail-banner":   {80: tame(), 443: secure(tame()), 25: pour("", []byte(strings.Repeat("220-welcome\r\n", 1000)))},
		"mail-line":     {80: tame(), 443: secure(tame()), 25: pour("220 ", bytes.Repeat([]byte("x"), 1<<15))},
		"mail-tarpit":   {80: tame(), 443: secure(tame()), 25: drip("220-")},
		"mail-ehlo":     {80: tame(), 443: secure(tame()), 25: mail("220 hi\r\n", strings.Repeat("250-MORE\r\n", 100000), hold)},
		"mail-starttls": {80: tame(), 443: secure(tame()), 25: mail("220 hi\r\n", "250-a\r\n250 STARTTLS\r\n", hold)},
		"mail-inject":   {80: tame(), 443: secure(tame()), 25: mail("220 hi\r\n", "250-a\r\n250 STARTTLS\r\n", pour("250 ok\r\n", noise()))},
	}
}

// with is secure with another certificate.
func (y *yard) with(cert tls.Certificate, inner act) act {
	return func(y *yard, c net.Conn) {
		t := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}}) // #nosec G402
		if t.HandshakeContext(y.t.Context()) == nil {
			inner(y, t)
		}
	}
}

func manyLinks() string {
	var b strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&b, "<script src=https://l%d.links.hk/></script>", i)
	}
	return b.String()
}

// elsewhere are addresses that a redirect must not lead us to. $CANARY is the
// port of the canary at 127.0.0.1.
func (y *yard) elsewhere() []string {
	list := []string{
		"http://127.0.0.1/", "https://127.0.0.1/", "http://127.0.0.1:22/", "http://127.0.0.1:$CANARY/", "http://0.0.0.0:$CANARY/",
		"http://169.254.169.254/latest/meta-data/", "http://[::1]:$CANARY/", "http://[::]:$CANARY/",
		"http://[::ffff:127.0.0.1]:$CANARY/", "http://[::ffff:7f00:1]:$CANARY/", "http://[::127.0.0.1]:$CANARY/", "http://[64:ff9b::7f00:1]:$CANARY/", "http://[2002:7f00:1::]:$CANARY/",
		"http://[::1%25lo]:$CANARY/", "http://2130706433:$CANARY/", "http://0177.0.0.1:$CANARY/", "http://0x7f.0.0.1:$CANARY/", "http://0x7f000001:$CANARY/", "http://127.1:$CANARY/",
		"http://127.0.0.1.:$CANARY/", "http://１２７.0.0.1:$CANARY/", "http://127。0。0。1:$CANARY/", "http://localhost:$CANARY/", "http://private.hk:$CANARY/", "http://alias.private.hk/",
		"http://six.private.hk/", "http://turns.hk:$CANARY/", "//127.0.0.1:$CANARY/", "http://user@127.0.0.1:$CANARY/", "http://private.hk:$CANARY@127.0.0.1:$CANARY/",
		"http:\\\\127.0.0.1:$CANARY\\", "file:///etc/passwd", "gopher://127.0.0.1:$CANARY/", "ftp://127.0.0.1/", "http://127.0.0.1:25/", "http://127.0.0.1:53/",
	}
	for i := range list {
		list[i] = strings.ReplaceAll(list[i], "$CANARY", fmt.Sprint(y.ports[80]))
	}
	return list
}

// hostileServices are domains that lead to a service where names can be taken,
// and whose page is asked for that reason.
func (y *yard) hostileServices() map[string]act {
	return map[string]act{
		"tarpit": hold, "deaf": deaf, "drip": drip(ok + "Content-Length: 1000\r\n\r\n"), "garbage": pour("", noise()),
		"endless": streams(ok+"\r\n", "There is no such company."), "headers": streams(ok, "A: b\r\n"), "header": streams(ok+"A: ", "x"),
		"informs": streams("", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), "chunks": streams(ok+"Transfer-Encoding: chunked\r\n\r\n", "1;a=b\r\nx\r\n"),
		"turned": to(fmt.Sprintf("https://127.0.0.1:%d/", y.ports[443])), "loops": maze(func(n int) string { return fmt.Sprintf("https://www.taken-loops.hk/?%d", n) }),
	}
}

// addServices puts them in, all of their names led to the service.
func (y *yard) addServices() {
	var service strings.Builder
	services := y.hostileServices()
	for _, name := range slices.Sorted(maps.Keys(services)) {
		label := "taken-" + name
		s := y.site(label, acts{80: services[name], 443: services[name], 25: post()})
		y.zone(label, tameServer, usual[strings.Index(usual, "mail A"):]+"@ A $SITE\n"+strings.Join([]string{"www", "api", "app", "blog", "cdn", "dev", "docs", "help", "shop", "test", "m"}, " CNAME x."+label+".canny.io.\n")+" CNAME x."+label+".canny.io.\n", nil)
		fmt.Fprintf(&service, "x.%s.canny A %s\n", label, s.addr)
	}
	y.lab.Zone("io.", "@ NS ns.nic.hk.\n"+service.String(), nil, y.lab.Server(dnslab.HKAddr))
}
