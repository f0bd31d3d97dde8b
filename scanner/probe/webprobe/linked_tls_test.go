package webprobe

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/scanner"
)

// TestHandshakesWithLinkedHosts: each host that gives a script or a style is
// tried once, as a browser would.
func TestHandshakesWithLinkedHosts(t *testing.T) {
	s := newSite(t, nil, page(`<script src="https://good.example.net/1.js"></script><script src="https://good.example.net/2.js"></script>
<script src="https://name.example.net/a.js"></script><link rel=stylesheet href="https://unknown.example.net:8443/a.css">
<script src="http://old.example.net/a.js"></script><script src="https://closed.example.net/a.js"></script>
<script src="https://silent.example.net/a.js"></script><script src="https://plain.example.net/a.js"></script>
<script src="https://gone.example.net/a.js"></script><img src="https://picture.example.net/a.png">`))
	local := []string{"127.0.0.1"}
	s.names.addrs = map[string][]string{"good.example.net": local, "name.example.net": local, "unknown.example.net": local, "old.example.net": local,
		"closed.example.net": local, "silent.example.net": local, "plain.example.net": local, "gone.example.net": nil, "picture.example.net": local}
	ca := newAuthority(t)
	s.roots.AddCert(ca.cert)
	served := map[string]int{}
	lead := func(host string, port uint16, l net.Listener) {
		s.dialer.ConnectTo = append([]netguard.Mapping{{Host: host, Port: port, ToPort: l.Addr().(*net.TCPAddr).AddrPort().Port()}}, s.dialer.ConnectTo...)
	}
	secure := func(host string, port uint16, cert tls.Certificate, version uint16) {
		l := s.listen()
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				s.mu.Lock()
				served[host]++
				s.mu.Unlock()
				_ = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: version}).HandshakeContext(t.Context())
				_ = conn.Close()
			}
		}()
		lead(host, port, l)
	}
	secure("good.example.net", 443, ca.issue(t, "good.example.net"), 0)
	secure("name.example.net", 443, ca.issue(t, "other.example.net"), 0)
	secure("unknown.example.net", 8443, newAuthority(t).issue(t, "unknown.example.net"), 0)
	secure("old.example.net", 443, ca.issue(t, "old.example.net"), tls.VersionTLS11)
	closed := s.listen()
	lead("closed.example.net", 443, closed)
	_ = closed.Close()
	silent := s.listen() // never accepts: the handshake waits
	lead("silent.example.net", 443, silent)
	speak := func(host, text string) {
		l := s.listen()
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = fmt.Fprint(conn, text)
				time.Sleep(50 * time.Millisecond)
				_ = conn.Close()
			}
		}()
		lead(host, 443, l)
	}
	speak("plain.example.net", "HTTP/1.1 400 Bad Request\r\n\r\n")

	c := newClient(s.network(), nil, s.started)
	c.patience = 500 * time.Millisecond
	w := &scanner.Page{}
	for _, u := range []string{"https://good.example.net/1.js", "https://good.example.net/2.js", "https://name.example.net/a.js", "http://old.example.net/a.js",
		"https://closed.example.net/a.js", "https://silent.example.net/a.js", "https://plain.example.net/a.js", "https://gone.example.net/a.js"} {
		w.Scripts = append(w.Scripts, scanner.Resource{URL: u, Tag: "script"})
	}
	w.Styles = []scanner.Resource{{URL: "https://unknown.example.net:8443/a.css", Tag: "link"}}
	w.Media = []scanner.Resource{{URL: "https://picture.example.net/a.png", Tag: "img"}}
	hosts := linkedHosts(t.Context(), s.names, scanner.Target{Domain: "example.hk"}, w)
	c.shakeHands(t.Context(), w, hosts)
	want := map[string]struct {
		port  uint16
		error string
		kind  scanner.FailureKind
	}{
		"good.example.net":    {443, "", ""},
		"name.example.net":    {443, "certificate is valid for other.example.net", ""},
		"unknown.example.net": {8443, "unknown authority", ""},
		"old.example.net":     {443, "", scanner.FailTLS},
		"closed.example.net":  {443, "", scanner.FailRefused},
		"silent.example.net":  {443, "", scanner.FailTimeout},
		"plain.example.net":   {443, "", scanner.FailTLS},
	}
	for _, h := range hosts {
		expected, tried := want[h.Name]
		if !tried {
			if h.TLS != nil {
				t.Errorf("%s was tried", h.Name)
			}
			continue
		}
		if h.TLS == nil {
			t.Errorf("%s was not tried", h.Name)
			continue
		}
		if h.TLS.Port != expected.port || kindOf(h.TLS.Failure) != expected.kind || !strings.Contains(h.TLS.Error, expected.error) || (expected.error == "") != (h.TLS.Error == "") {
			t.Errorf("%s: %+v, %v", h.Name, h.TLS, h.TLS.Failure)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if served["good.example.net"] != 1 {
		t.Errorf("%d connections to one host", served["good.example.net"])
	}
}

// TestManySlowLinkedHosts: twenty hosts at most are tried, and those that never
// answer are waited for together.
func TestManySlowLinkedHosts(t *testing.T) {
	s := bareSite(t)
	silent := s.listen() // never accepts
	s.dialer.ConnectTo = []netguard.Mapping{{Port: 443, ToPort: silent.Addr().(*net.TCPAddr).AddrPort().Port()}}
	s.names.addrs = map[string][]string{}
	p := &scanner.Page{}
	for i := range 28 {
		name := fmt.Sprintf("slow%02d.example.net", i)
		s.names.addrs[name] = []string{fmt.Sprintf("127.0.0.%d", 1+i)}
		p.Scripts = append(p.Scripts, scanner.Resource{URL: "https://" + name + "/a.js", Tag: "script"})
	}
	s.dialer.ConnectTo[0].To = silent.Addr().(*net.TCPAddr).AddrPort().Addr()
	c := newClient(s.network(), nil, s.started)
	c.patience, c.most = 300*time.Millisecond, maxShakenAt
	hosts := linkedHosts(t.Context(), s.names, scanner.Target{Domain: "example.hk"}, p)
	c.shakeHands(t.Context(), p, hosts)
	kinds := map[scanner.FailureKind]int{}
	for _, h := range hosts {
		if h.TLS != nil {
			kinds[kindOf(h.TLS.Failure)]++
		}
	}
	// All are led to one address, which is asked so often only.
	if kinds[scanner.FailTimeout] != maxShakenAt || kinds[scanner.FailLimit] != maxShaken-maxShakenAt {
		t.Errorf("%v", kinds)
	}
}
