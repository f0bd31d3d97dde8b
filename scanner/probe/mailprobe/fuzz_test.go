package mailprobe

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/cybersec-infohub/infohub/scanner"
)

// storable fails the test if a text that goes into the facts is too long or no
// text.
func storable(t *testing.T, texts ...string) {
	t.Helper()
	for _, s := range texts {
		if len(s) > maxText+8 || !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\x1b\r\n") {
			t.Errorf("%q would be stored", s)
		}
	}
}

func FuzzSPF(f *testing.F) {
	for _, s := range []string{
		"v=spf1 -all", "v=spf1 a/24//64 mx:x.test ptr ip4:192.0.2.0/24 ip6:2001:db8::/32 exists:%{ir}.%{d2}.x.test include:example.test redirect=y.test exp=z.test",
		"V=SPF1 ip4:0.0.0.0/0 ?all", "v=spf1 %", "v=spf1 a:%{", "v=spf1;-all", "v=spf1 =", "v=spf1 a://", "v=spf1 \xff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, record string) {
		spfRecords([]string{record})
		parseSPF(record)
		if len(record) > 4000 {
			return
		}
		z := newZone(t, "")
		z.fails["down.test"] = scanner.Failf(scanner.FailServer, "")
		l := &lab{zone: z}
		s := l.scan(New(), "example.test")
		w := spfWalk{scan: s}
		q := w.stranger(t.Context(), parseSPF(record), "example.test", []string{"example.test"}, true)
		if q != 0 && !strings.ContainsRune("+-~?", rune(q)) {
			t.Errorf("qualifier %q", q)
		}
		if w.out.Lookups > spfCounted || w.out.Voids > w.out.Lookups {
			t.Errorf("%+v", w.out)
		}
		storable(t, w.out.Error)
		storable(t, w.out.Includes...)
	})
}

func FuzzDMARC(f *testing.F) {
	for _, s := range []string{
		"v=DMARC1; p=none; sp=reject; np=none; pct=5; t=y; psd=n; rua=mailto:a@x.test!10m,https://x.test; ruf=mailto:b@x.test; fo=1:d; adkim=s; aspf=r",
		"v=DMARC1;;p", "v=DMARC1; rua=%", "v=DMARC1; rua=mailto:a@x.test!", "v=dmarc1", "=", "v=DMARC1; p=\x00",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, record string) {
		dmarcRecords([]string{record})
		for _, inherited := range []bool{false, true} {
			d := dmarcFacts("_dmarc.example.test", record, inherited)
			if !oneOf(d.Policy, "", "none", "quarantine", "reject") || d.Percent < 0 || d.Percent > 100 || len(d.RUA) > maxURIs {
				t.Errorf("%+v", d)
			}
			storable(t, append([]string{d.Error, d.Subdomain, d.NonExistent}, append(d.RUA, d.RUF...)...)...)
			storable(t, d.Records...)
		}
	})
}

func FuzzDKIM(f *testing.F) {
	for _, s := range []string{
		"v=DKIM1; k=rsa; h=sha256; t=y:s; s=email; n=x; p=" + "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAA==",
		"v=DKIM1; k=ed25519; p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "p=", "v=DKIM1", "k=\xff;p=#",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, record string) {
		isDKIM(record)
		k := parseDKIM(record)
		if k.Bits < 0 || (k.Revoked && k.Bits != 0) {
			t.Errorf("%+v", k)
		}
		storable(t, k.Error, k.Type)
	})
}

func FuzzMTASTS(f *testing.F) {
	f.Add("v=STSv1; id=1;", "version: STSv1\r\nmode: enforce\r\nmx: *.example.test\r\nmax_age: 604800\r\n")
	f.Add("v=STSv1", "mode: none\nmx\n:\n: :")
	f.Add("v=STSv1; id=\xff", strings.Repeat("mx: a.test\n", 200))
	f.Fuzz(func(t *testing.T, record, policy string) {
		storable(t, stsRecordFault(record))
		var got scanner.MTASTS
		parsePolicy(policy, &got)
		if !oneOf(got.Mode, "", "enforce", "testing", "none") || got.MaxAge < 0 || got.MaxAge > stsMaxAge || len(got.MX) > stsPatterns {
			t.Errorf("%+v", got)
		}
		storable(t, got.PolicyError)
		storable(t, got.MX...)
		unmatched(got, []scanner.MXHost{{Name: record}, {Name: "mx.example.test"}})
	})
}

func FuzzTLSRPT(f *testing.F) {
	for _, s := range []string{"v=TLSRPTv1; rua=mailto:a@x.test,https://x.test/a", "v=TLSRPTv1;rua=,", "v=TLSRPTv1;;=", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, record string) {
		versioned([]string{record}, "TLSRPTv1")
		got := tlsRPTFacts([]string{record})
		if len(got.RUA) > maxURIs {
			t.Errorf("%d addresses", len(got.RUA))
		}
		storable(t, append(got.RUA, got.Error)...)
	})
}

func FuzzUnescape(f *testing.F) {
	for _, s := range []string{`a\"b\\c\059\255\256\9`, `\`, `\0`, `\00`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := unescape(s); len(got) > len(s) {
			t.Errorf("%q became %q", s, got)
		}
		var b strings.Builder // what the DNS library writes comes back
		for _, c := range []byte(s) {
			if c == '"' || c == '\\' {
				b.WriteString(`\` + string(rune(c)))
			} else if c < ' ' || c > '~' {
				fmt.Fprintf(&b, `\%03d`, c)
			} else {
				b.WriteByte(c)
			}
		}
		if got := unescape(b.String()); got != s {
			t.Errorf("%q came back as %q", s, got)
		}
	})
}

// FuzzReply reads answers off bytes that a server may send.
func FuzzReply(f *testing.F) {
	for _, s := range []string{"220 mx\r\n", "220-a\r\n220 b\r\n", "250", "250-\n", strings.Repeat("220-x\r\n", 200), "\xff\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sent string) {
		conn, peer := net.Pipe()
		defer func() { _, _ = conn.Close(), peer.Close() }()
		limit := &io.LimitedReader{R: strings.NewReader(sent), N: smtpBytes}
		c := &session{conn: conn, in: bufio.NewReader(limit), limit: limit, lines: smtpLines}
		for range smtpLines + 1 {
			r, err := c.read(t.Context(), time.Minute)
			if err != nil {
				storable(t, scanner.FailureOf(err).Detail)
				return
			}
			if r.code < 200 || r.code > 599 || len(r.lines) == 0 || len(r.lines) > smtpLines {
				t.Fatalf("%+v", r)
			}
			storable(t, refusal(r).Detail)
		}
		t.Error("a session has no end")
	})
}
