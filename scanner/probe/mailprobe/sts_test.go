package mailprobe

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
)

func TestMTASTSPolicy(t *testing.T) {
	const good = "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.test\r\nmx: *.example.test\r\nmax_age: 604800\r\n"
	tests := []struct {
		about, body string
		mode        string
		mx          string
		age         int64
		fault       string
	}{
		{"good", good, "enforce", "mx1.example.test *.example.test", 604800, ""},
		{"line feeds, blanks, no end", "version:STSv1\nmode:   testing \n\nmx : MX.Example.Test.\nmax_age: 0", "testing", "mx.example.test", 0, ""},
		{"unknown keys", good + "color: blue\n", "enforce", "mx1.example.test *.example.test", 604800, ""},
		{"the first counts", good + "mode: none\nmax_age: 5\n", "enforce", "mx1.example.test *.example.test", 604800, ""},
		{"none needs no mx", "version: STSv1\nmode: none\nmax_age: 86400", "none", "", 86400, ""},
		{"empty", "", "", "", 0, "no version"},
		{"no mode", "version: STSv1\nmx: a.test\nmax_age: 1", "", "a.test", 1, "no mode"},
		{"no max_age", "version: STSv1\nmode: enforce\nmx: a.test", "enforce", "a.test", 0, "no max_age"},
		{"no mx", "version: STSv1\nmode: enforce\nmax_age: 1", "enforce", "", 1, "names no mx"},
		{"another version", "version: STSv2\nmode: enforce\nmx: a.test\nmax_age: 1", "enforce", "a.test", 1, `version "STSv2"`},
		{"unknown mode", "version: STSv1\nmode: report\nmx: a.test\nmax_age: 1", "", "a.test", 1, `unknown mode "report"`},
		{"too long", "version: STSv1\nmode: enforce\nmx: a.test\nmax_age: 31557601", "enforce", "a.test", 0, "max_age"},
		{"negative", "version: STSv1\nmode: enforce\nmx: a.test\nmax_age: -1", "enforce", "a.test", 0, "max_age"},
		{"no number", "version: STSv1\nmode: enforce\nmx: a.test\nmax_age: 99999999999999999999", "enforce", "a.test", 0, "max_age"},
		{"no pattern", "version: STSv1\nmode: enforce\nmx: a.*.test\nmx: *\nmx: b.test\nmax_age: 1", "enforce", "b.test", 1, "no pattern"},
		{"a web page", "<!doctype html>\n<html>", "", "", 0, "has no \":\""},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			var got scanner.MTASTS
			parsePolicy(tt.body, &got)
			if got.Mode != tt.mode || strings.Join(got.MX, " ") != tt.mx || got.MaxAge != tt.age ||
				!strings.Contains(got.PolicyError, tt.fault) || (tt.fault == "") != (got.PolicyError == "") {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestMTASTSCover(t *testing.T) {
	tests := []struct {
		pattern, name string
		want          bool
	}{
		{"mx.example.test", "mx.example.test", true},
		{"mx.example.test", "mx2.example.test", false},
		{"*.example.test", "mx.example.test", true},
		{"*.example.test", "example.test", false},
		{"*.example.test", "a.mx.example.test", false},
		{"*.example.test", ".example.test", false},
	}
	for _, tt := range tests {
		if covers(tt.pattern, tt.name) != tt.want {
			t.Errorf("%s covers %s: %v", tt.pattern, tt.name, !tt.want)
		}
	}
}

func TestMTASTS(t *testing.T) {
	const policy = "version: STSv1\nmode: enforce\nmx: mx1.example.test\nmax_age: 604800\n"
	const record = `_mta-sts.example.test. TXT "v=STSv1; id=20261123T1;"`
	serve := func(status int, body string, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/.well-known/mta-sts.txt" || r.Host != "mta-sts.example.test" {
				status = http.StatusTeapot
			}
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	tests := []struct {
		about, zone string
		down        bool
		handler     http.HandlerFunc // nil: the port is closed
		name        string           // of the certificate
		records     int
		mode        string
		fault       string
		policyFails scanner.FailureKind
		failure     scanner.FailureKind
		unmatched   string
	}{
		{about: "none", zone: `_mta-sts.example.test. TXT "hello"`},
		{about: "none fetched without a record", handler: serve(200, policy), name: "mta-sts.example.test"},
		{about: "another version", zone: `_mta-sts.example.test. TXT "v=STSv2; id=1"`},
		{about: "no answer", down: true, failure: scanner.FailServer},
		{about: "good, and one server left out", zone: record, handler: serve(200, policy, "Content-Type", "text/plain"), name: "mta-sts.example.test", records: 1, mode: "enforce", unmatched: "mx2.example.test"},
		{about: "two records", zone: record + "\n_mta-sts.example.test. TXT \"v=STSv1; id=2\"", handler: serve(200, policy), name: "mta-sts.example.test", records: 2, fault: "2 records"},
		{about: "no id", zone: `_mta-sts.example.test. TXT "v=STSv1;"`, handler: serve(200, policy), name: "mta-sts.example.test", records: 1, mode: "enforce", fault: "no id", unmatched: "mx2.example.test"},
		{about: "odd id", zone: `_mta-sts.example.test. TXT "v=STSv1; id=2026-11-23"`, handler: serve(200, policy), name: "mta-sts.example.test", records: 1, mode: "enforce", fault: "letters and digits", unmatched: "mx2.example.test"},
		{about: "not found", zone: record, handler: serve(404, "no"), name: "mta-sts.example.test", records: 1, fault: "HTTP status 404"},
		{about: "redirect", zone: record, handler: serve(301, "", "Location", "https://mta-sts.example.test/other"), name: "mta-sts.example.test", records: 1, fault: "redirects are not followed"},
		{about: "another name's certificate", zone: record, handler: serve(200, policy), name: "www.example.test", records: 1, policyFails: scanner.FailTLS},
		{about: "no server", zone: record, records: 1, policyFails: scanner.FailRefused},
		{about: "endless", zone: record, handler: serve(200, strings.Repeat("mx: a.test\n", 10000)), name: "mta-sts.example.test", records: 1, policyFails: scanner.FailProtocol},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			l := newLab(t, tt.zone+"\nmta-sts.example.test. A 192.0.2.80")
			if tt.down {
				l.zone.fails["_mta-sts.example.test"] = scanner.Failf(scanner.FailServer, "SERVFAIL")
			}
			if tt.handler != nil {
				server := httptest.NewUnstartedServer(tt.handler)
				server.TLS = &tls.Config{Certificates: []tls.Certificate{l.certificate(t, tt.name)}, MinVersion: tls.VersionTLS12}
				server.StartTLS()
				t.Cleanup(server.Close)
				l.lead("mta-sts.example.test", 443, netip.MustParseAddrPort(server.Listener.Addr().String()))
			} else {
				l.lead("mta-sts.example.test", 443, closedPort(t))
			}
			got := l.scan(New(), "example.test").mtaSTS(t.Context())
			left := unmatched(got, []scanner.MXHost{{Name: "mx1.example.test"}, {Name: "mx2.example.test"}})
			if len(got.Records) != tt.records || got.Mode != tt.mode || kind(got.Failure) != tt.failure || kind(got.PolicyFailure) != tt.policyFails ||
				!strings.Contains(got.PolicyError, tt.fault) || (tt.fault == "") != (got.PolicyError == "") || strings.Join(left, " ") != tt.unmatched {
				t.Errorf("got %+v, unmatched %q", got, left)
			}
		})
	}
}

// closedPort is a port of this machine on which nothing listens.
func closedPort(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return netip.MustParseAddrPort(l.Addr().String())
}

func TestTLSRPT(t *testing.T) {
	tests := []struct {
		about   string
		records []string
		rua     []string
		fault   string
	}{
		{"none", nil, nil, ""},
		{"good", []string{"v=TLSRPTv1; rua=mailto:tls@example.test,https://report.test/v1"}, []string{"mailto:tls@example.test", "https://report.test/v1"}, ""},
		{"unknown tags", []string{"v=TLSRPTv1;rua=mailto:tls@example.test;x=y;"}, []string{"mailto:tls@example.test"}, ""},
		{"no rua", []string{"v=TLSRPTv1;"}, nil, "no rua"},
		{"empty rua", []string{"v=TLSRPTv1; rua="}, nil, "no report address"},
		{"no scheme", []string{"v=TLSRPTv1; rua=tls@example.test"}, nil, "no report address"},
		{"http", []string{"v=TLSRPTv1; rua=http://report.test"}, nil, "no report address"},
		{"two", []string{"v=TLSRPTv1; rua=mailto:a@x.test", "v=TLSRPTv1; rua=mailto:b@x.test"}, nil, "2 records"},
	}
	for _, tt := range tests {
		got := tlsRPTFacts(tt.records)
		if len(got.Records) != len(tt.records) || !slices.Equal(got.RUA, tt.rua) || !strings.Contains(got.Error, tt.fault) || (tt.fault == "") != (got.Error == "") {
			t.Errorf("%s: got %+v", tt.about, got)
		}
	}
	l := newLab(t, `_smtp._tls.example.test. TXT "v=TLSRPTv1; rua=mailto:tls@example.test"`)
	if got := l.scan(New(), "example.test").tlsRPT(t.Context()); len(got.Records) != 1 || got.Error != "" {
		t.Errorf("got %+v", got)
	}
	l.zone.fails["_smtp._tls.example.test"] = scanner.Failf(scanner.FailTimeout, "")
	if got := l.scan(New(), "example.test").tlsRPT(t.Context()); kind(got.Failure) != scanner.FailTimeout {
		t.Errorf("got %+v", got)
	}
}
