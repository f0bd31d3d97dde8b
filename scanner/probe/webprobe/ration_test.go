package webprobe

import (
	"context"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/scanner"
)

// Two scans of sites on one address that may have one connection at a time:
// neither may sit on a connection while it waits for another.
func TestRationedConnections(t *testing.T) {
	s := goodSite(t)
	s.names.addrs["example.hk"] = append(s.names.addrs["example.hk"], "2001:db8::80") // led to the same address
	s.dialer.ConnectTo = append([]netguard.Mapping{{Host: "2001:db8::80", Port: 443, To: s.https.Addr(), ToPort: s.https.Port()}}, s.dialer.ConnectTo...)
	s.dialer.PerAddr = 1
	done := make(chan *scanner.WebFacts, 2)
	for range 2 {
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			section, _ := New().Collect(ctx, scanner.Input{Facts: s.facts(), Net: s.network()})
			done <- section.(*scanner.WebFacts)
		}()
	}
	for range 2 {
		w := <-done
		for _, r := range w.Roots {
			if r.Failure != nil {
				t.Errorf("%s: %v", r.Start, r.Failure)
			}
		}
		if w.CORS.Failure != nil || !w.SecurityTxt.Found {
			t.Errorf("CORS %+v, security.txt %+v", w.CORS, w.SecurityTxt)
		}
		if six := w.IPv6[0].Answer; six == nil || six.Failure != nil || w.ErrorPage.Failure != nil || w.LinkedHosts[0].TLS.Failure != nil {
			t.Errorf("IPv6 %+v, error page %+v, handshake %+v", six, w.ErrorPage, w.LinkedHosts[0].TLS)
		}
	}
	if conns, _ := s.count(); conns > 2*maxConns {
		t.Errorf("%d connections", conns)
	}
}
