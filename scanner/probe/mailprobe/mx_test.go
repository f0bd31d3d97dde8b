package mailprobe

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

func TestMXSet(t *testing.T) {
	timeout := scanner.Failf(scanner.FailTimeout, "")
	tests := []struct {
		about, zone    string
		down           string // name or "name TYPE"
		null, implicit bool
		hosts          string // preference, name, addresses or "gone", failure
		failure        scanner.FailureKind
	}{
		{about: "nothing", zone: `example.test. TXT "hello"`},
		{about: "implicit", zone: "example.test. A 192.0.2.1", implicit: true},
		{about: "implicit by IPv6", zone: "example.test. AAAA 2001:db8::1", implicit: true},
		{about: "null", zone: "example.test. MX 0 .\nexample.test. A 192.0.2.1", null: true},
		{about: "null beside others is ignored", zone: "example.test. MX 0 .\nexample.test. MX 10 mx1.example.test.", hosts: "10 mx1.example.test gone unresolved"},
		{about: "sorted", zone: "example.test. MX 20 a.example.test.\nexample.test. MX 10 B.example.test.\nexample.test. MX 10 c.example.test.\nexample.test. MX 30 c.example.test.",
			hosts: "10 b.example.test gone unresolved; 10 c.example.test gone unresolved; 20 a.example.test gone unresolved"},
		{about: "no address", zone: "example.test. MX 10 mx1.example.test.\nmx1.example.test. TXT \"x\"", hosts: "10 mx1.example.test  unresolved"},
		{about: "a name that leads nowhere", zone: "example.test. MX 10 mx1.example.test.\nmx1.example.test. CNAME gone.test.", hosts: "10 mx1.example.test gone unresolved"},
		{about: "both families, IPv4 first", zone: "example.test. MX 10 mx1.example.test.\nmx1.example.test. AAAA 2001:db8::1\nmx1.example.test. A 192.0.2.9\nmx1.example.test. A 192.0.2.1",
			hosts: "10 mx1.example.test 192.0.2.1,192.0.2.9,2001:db8::1 refused"},
		{about: "no answer", down: "example.test", failure: scanner.FailTimeout},
		{about: "no answer on whether it is implicit", down: "example.test A", failure: scanner.FailTimeout},
		{about: "no answer for a server", zone: "example.test. MX 10 mx1.example.test.", down: "mx1.example.test", hosts: "10 mx1.example.test gone timeout"},
		{about: "no answer for its IPv6", zone: "example.test. MX 10 mx1.example.test.\nmx1.example.test. TXT \"x\"", down: "mx1.example.test AAAA", hosts: "10 mx1.example.test  timeout"},
		{about: "IPv4 is enough", zone: "example.test. MX 10 mx1.example.test.\nmx1.example.test. A 192.0.2.1", down: "mx1.example.test AAAA", hosts: "10 mx1.example.test 192.0.2.1 refused"},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			l := newLab(t, tt.zone)
			l.lead("", 25, closedPort(t))
			l.zone.fails[tt.down] = timeout
			var got scanner.MailFacts
			l.scan(patient(), "example.test").mx(t.Context(), &got)
			var hosts []string
			for _, h := range got.MX {
				where := "gone"
				if h.Exists {
					var addrs []string
					for _, a := range h.Addrs {
						addrs = append(addrs, a.String())
					}
					where = strings.Join(addrs, ",")
				}
				hosts = append(hosts, fmt.Sprintf("%d %s %s %s", h.Preference, h.Name, where, kind(h.Failure)))
			}
			if s := strings.Join(hosts, "; "); s != tt.hosts || got.NullMX != tt.null || got.Implicit != tt.implicit || kind(got.MXFailure) != tt.failure {
				t.Errorf("got %s; %+v", s, got)
			}
		})
	}
}

func TestManyMailServers(t *testing.T) {
	var zone strings.Builder
	for i := range 60 {
		fmt.Fprintf(&zone, "example.test. MX %d mx%02d.example.test.\nmx%02d.example.test. A 192.0.2.%d\n", i, i, i, i+1)
	}
	l := newLab(t, zone.String())
	l.lead("", 25, closedPort(t))
	var got scanner.MailFacts
	l.scan(patient(), "example.test").mx(t.Context(), &got)
	if len(got.MX) != mxKept {
		t.Fatalf("%d servers", len(got.MX))
	}
	for i, h := range got.MX {
		want := scanner.FailLimit
		if i < mxTalked {
			want = scanner.FailRefused
		}
		if kind(h.Failure) != want || (len(h.Addrs) > 0) != (i < mxResolved) {
			t.Errorf("%d: %+v", i, h)
		}
	}
}

// The addresses of one name are tried in turn, two at most.
func TestAddressesAreTried(t *testing.T) {
	server := postOffice(nil)
	good := listen(t, server.serve)
	blocks := listen(t, func(conn net.Conn) { _, _ = conn.Write([]byte("554 go away\r\n")) })
	closed := closedPort(t)
	tests := []struct {
		about    string
		leads    map[string]netip.AddrPort
		failure  scanner.FailureKind
		greeting string
	}{
		{"the first answers", map[string]netip.AddrPort{"192.0.2.1": good, "2001:db8::1": closed}, "", "220 mx.example.test ESMTP"},
		{"the other family answers", map[string]netip.AddrPort{"192.0.2.1": closed, "192.0.2.2": closed, "2001:db8::1": good}, "", "220 mx.example.test ESMTP"},
		{"blocked, then good", map[string]netip.AddrPort{"192.0.2.1": blocks, "2001:db8::1": good}, "", "220 mx.example.test ESMTP"},
		{"none answers: the first failure counts", map[string]netip.AddrPort{"192.0.2.1": blocks, "2001:db8::1": closed}, scanner.FailBlocked, ""},
		{"a third address is not tried", map[string]netip.AddrPort{"192.0.2.1": closed, "192.0.2.2": good, "2001:db8::1": closed}, scanner.FailRefused, ""},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			l := newLab(t, "example.test. MX 10 mx1.example.test.\nmx1.example.test. A 192.0.2.1\nmx1.example.test. A 192.0.2.2\nmx1.example.test. AAAA 2001:db8::1")
			for addr, to := range tt.leads {
				l.lead(addr, 25, to)
			}
			var facts scanner.MailFacts
			l.scan(patient(), "example.test").mx(t.Context(), &facts)
			if got := facts.MX[0]; kind(got.Failure) != tt.failure || got.Greeting != tt.greeting {
				t.Errorf("got %+v, failure %v", got, got.Failure)
			}
		})
	}
}

// Slow servers end with the time that all of them have, and the scan goes on.
func TestSlowServersEnd(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("", func(t *testing.T) {
		l := newLab(t, "example.test. MX 10 mx1.example.test.\nexample.test. MX 10 mx2.example.test.\nmx1.example.test. A 192.0.2.1\nmx2.example.test. A 192.0.2.1\nmx2.example.test. A 192.0.2.2")
		l.lead("", 25, listen(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }))
		p := patient()
		p.servers = 100 * time.Millisecond
		facts, err := l.collect(t.Context(), p, "example.test")
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range facts.MX {
			if kind(h.Failure) != scanner.FailTimeout || !strings.Contains(h.Failure.Detail, "took longer") {
				t.Errorf("%+v, failure %v", h, h.Failure)
			}
		}
	})
	settles(t, before)
}

func TestAddressGuard(t *testing.T) {
	l := newLab(t, "example.test. MX 10 mx1.example.test.\nmx1.example.test. A 127.0.0.1")
	l.dialer.Policy.AllowPrivate = false
	var facts scanner.MailFacts
	l.scan(patient(), "example.test").mx(t.Context(), &facts)
	if got := facts.MX[0]; kind(got.Failure) != scanner.FailForbidden || len(got.Addrs) != 1 {
		t.Errorf("got %+v", got)
	}
}

// Several names of one server are one server: few connections, and a
// certificate that is judged for each name.
func TestOneServerUnderManyNames(t *testing.T) {
	var zone strings.Builder
	for i := range 5 {
		fmt.Fprintf(&zone, "example.test. MX %d mx%d.example.test.\nmx%d.example.test. A 192.0.2.1\n", i, i, i)
	}
	l := newLab(t, zone.String())
	server := postOffice(&tls.Config{Certificates: []tls.Certificate{l.certificate(t, "mx0.example.test")}, MinVersion: tls.VersionTLS12})
	l.lead("", 25, listen(t, server.serve))
	var facts scanner.MailFacts
	l.scan(patient(), "example.test").mx(t.Context(), &facts)
	examined := 0
	for i, h := range facts.MX {
		if h.Failure != nil || h.STARTTLS != scanner.Yes || h.Greeting == "" || h.TLS == nil {
			t.Errorf("%s: %+v, failure %v", h.Name, h, h.Failure)
			continue
		}
		if h.TLS.Failure != nil {
			if kind(h.TLS.Failure) != scanner.FailLimit {
				t.Errorf("%s: TLS failure %v", h.Name, h.TLS.Failure)
			}
			continue
		}
		examined++
		if len(h.TLS.Chain) > 0 && h.TLS.NameMatch != (i == 0) {
			t.Errorf("%s: the certificate is for mx0, name match %v", h.Name, h.TLS.NameMatch)
		}
		if h.TLS.Versions["TLSv1.3"] != scanner.Yes {
			t.Errorf("%s: versions %v", h.Name, h.TLS.Versions)
		}
	}
	if examined == 0 {
		t.Error("no name's TLS was examined")
	}
	if _, conns := server.commands(); conns > mxConns {
		t.Errorf("%d connections to one address", conns)
	}
}

func TestCollect(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("a whole domain", func(t *testing.T) {
		l := newLab(t, `
example.test.            MX  10 mx1.example.test.
example.test.            TXT "v=spf1 mx -all"
mx1.example.test.        A   192.0.2.1
_dmarc.example.test.     TXT "v=DMARC1; p=reject; rua=mailto:d@example.test"
_mta-sts.example.test.   TXT "v=STSv1; id=1"
mta-sts.example.test.    A   192.0.2.80
_smtp._tls.example.test. TXT "v=TLSRPTv1; rua=mailto:t@example.test"
google._domainkey.example.test. TXT "v=DKIM1; p="
`)
		server := postOffice(&tls.Config{Certificates: []tls.Certificate{l.certificate(t, "mx1.example.test")}, MinVersion: tls.VersionTLS12})
		l.lead("mx1.example.test", 25, listen(t, server.serve))
		l.lead("mta-sts.example.test", 443, closedPort(t))
		facts, err := l.collect(t.Context(), patient(), "example.test")
		if err != nil {
			t.Fatal(err)
		}
		if len(facts.MX) != 1 || facts.MX[0].STARTTLS != scanner.Yes || facts.SPF.All != "-" || facts.SPF.Lookups != 1 || facts.DMARC.Policy != "reject" ||
			len(facts.DKIM.Keys) != 1 || kind(facts.MTASTS.PolicyFailure) != scanner.FailRefused || len(facts.TLSRPT.RUA) != 1 {
			t.Errorf("got %+v", facts)
		}
	})
	t.Run("no domain at all", func(t *testing.T) {
		facts, err := newLab(t, "").collect(t.Context(), patient(), "example.test")
		if err != nil || len(facts.MX) > 0 || facts.Implicit || len(facts.SPF.Records) > 0 || facts.SPF.Failure != nil || facts.DMARC.Failure != nil {
			t.Errorf("got %+v, %v", facts, err)
		}
	})
	t.Run("no resolver: every part says so", func(t *testing.T) {
		l := newLab(t, "")
		for _, name := range []string{"example.test", "_dmarc.example.test", "_mta-sts.example.test", "_smtp._tls.example.test", wildcardSelector + "._domainkey.example.test"} {
			l.zone.fails[name] = scanner.Failf(scanner.FailServer, "SERVFAIL")
		}
		facts, err := l.collect(t.Context(), patient(), "example.test")
		if err != nil {
			t.Fatal(err)
		}
		for part, failure := range failuresOf(facts) {
			if kind(failure) != scanner.FailServer {
				t.Errorf("%s: failure %v", part, failure)
			}
		}
	})
	t.Run("a resolver that never answers", func(t *testing.T) {
		l := newLab(t, "")
		for _, name := range []string{"example.test", "_dmarc.example.test", "_mta-sts.example.test", "_smtp._tls.example.test", wildcardSelector + "._domainkey.example.test"} {
			l.zone.block[name] = true
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(scanner.Failf(scanner.FailTimeout, "the scan's time was over"))
		facts, err := l.collect(ctx, patient(), "example.test")
		if kind(scanner.FailureOf(err)) != scanner.FailTimeout || facts == nil {
			t.Fatalf("got %+v, %v", facts, err)
		}
		for part, failure := range failuresOf(facts) {
			if kind(failure) != scanner.FailTimeout {
				t.Errorf("%s: failure %v", part, failure)
			}
		}
	})
	t.Run("a fault of our own is an error, not a crash", func(t *testing.T) {
		l := newLab(t, "")
		l.zone.records = nil
		s := l.scan(patient(), "example.test")
		s.net = nil
		section, err := s.Collect(t.Context(), scanner.Input{Facts: &scanner.Facts{Target: scanner.Target{Domain: "example.test"}}})
		if kind(scanner.FailureOf(err)) != scanner.FailInternal || section != nil {
			t.Errorf("got %+v, %v", section, err)
		}
	})
	settles(t, before)
}

func failuresOf(f *scanner.MailFacts) map[string]*scanner.Failure {
	return map[string]*scanner.Failure{
		"MX": f.MXFailure, "SPF": f.SPF.Failure, "DMARC": f.DMARC.Failure, "DKIM": f.DKIM.Failure, "MTA-STS": f.MTASTS.Failure, "TLS-RPT": f.TLSRPT.Failure,
	}
}

func TestName(t *testing.T) {
	var p scanner.Probe = New()
	if p.Name() != "mail" || !slices.Equal(p.After(), []string{"dns"}) {
		t.Errorf("%s after %q", p.Name(), p.After())
	}
}

// Of many mail servers few are talked to, and which of them are examined whole
// does not hang on who answers first.
func TestFewServersAreExaminedWhole(t *testing.T) {
	var zone strings.Builder
	for i := range 25 {
		fmt.Fprintf(&zone, "example.test. MX %d mx%02d.example.test.\nmx%02d.example.test. A 192.0.2.%d\n", i, i, i, i+1)
	}
	zone.WriteString("example.test. MX 99 mx00.example.test.\n")
	l := newLab(t, zone.String())
	server := postOffice(&tls.Config{Certificates: []tls.Certificate{l.certificate(t, "mx00.example.test")}, MinVersion: tls.VersionTLS12})
	l.lead("", 25, listen(t, server.serve))
	for range 3 {
		var facts scanner.MailFacts
		l.scan(patient(), "example.test").mx(t.Context(), &facts)
		for i, h := range facts.MX {
			whole := h.TLS != nil && len(h.TLS.WeakTested) > 0
			brief := h.TLS != nil && !whole && kind(h.TLS.Partial) == scanner.FailLimit
			if whole != (i < mxWhole) || brief != (i == mxWhole) || (h.TLS == nil) != (kind(h.Failure) == scanner.FailLimit) || (h.DANE == nil) != (i >= mxResolved) {
				t.Errorf("%s: %+v, failure %v", h.Name, h, h.Failure)
			}
		}
	}
}
