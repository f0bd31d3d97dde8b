package mailprobe

import (
	"slices"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
)

func TestDMARCRecord(t *testing.T) {
	tests := []struct {
		record         string
		policy         string // of the domain itself
		inherited      string // of a name below it
		percent        int
		rua            string
		fault          string
		subdomain, ruf string
	}{
		{record: "v=DMARC1; p=reject", policy: "reject", inherited: "reject", percent: 100},
		{record: "v=DMARC1;p=quarantine;sp=none;", policy: "quarantine", inherited: "none", subdomain: "none", percent: 100},
		{record: "V = DMARC1 ; P = REJECT ; PCT = 20", policy: "reject", inherited: "reject", percent: 20},
		{record: "v=DMARC1; rua=mailto:a@x.test; p=none", policy: "none", inherited: "none", percent: 100, rua: "mailto:a@x.test"},
		{record: "v=DMARC1; p=none; rua=mailto:a@x.test!10m , mailto:b@y.test!5;ruf=mailto:c@x.test", policy: "none", inherited: "none", percent: 100, rua: "mailto:a@x.test mailto:b@y.test", ruf: "mailto:c@x.test"},
		{record: "v=DMARC1; p=reject; np=reject; psd=n; t=n; adkim=s; aspf=r; fo=1:d:s; ri=86400; rf=afrf; x-own=1", policy: "reject", inherited: "reject", percent: 100},
		{record: "v=DMARC1; p=reject; t=y", policy: "reject", inherited: "reject", percent: 0},
		{record: "v=DMARC1; p=reject; pct=0", policy: "reject", inherited: "reject", percent: 0},
		{record: "v=DMARC1; p=reject; rua=https://x.test/report", policy: "reject", inherited: "reject", percent: 100, rua: "https://x.test/report"},
		{record: "v=DMARC1; ; p=reject;;", policy: "reject", inherited: "reject", percent: 100},

		{record: "v=DMARC1", percent: 100, fault: "has no p"},
		{record: "v=DMARC1; sp=reject", percent: 100, subdomain: "reject", fault: "has no p"},
		{record: "v=DMARC1; rua=mailto:a@x.test", policy: "none", inherited: "none", percent: 100, rua: "mailto:a@x.test", fault: "has no p"},
		{record: "v=DMARC1; p=monitor", percent: 100, fault: `p="monitor" is not valid`},
		{record: "v=DMARC1; p=monitor; rua=mailto:a@x.test", policy: "none", inherited: "none", percent: 100, rua: "mailto:a@x.test", fault: `p="monitor"`},
		{record: "v=DMARC1; p=", percent: 100, fault: `p=""`},
		{record: "v=DMARC1; p=reject; sp=all; rua=mailto:a@x.test", policy: "none", inherited: "none", subdomain: "all", percent: 100, rua: "mailto:a@x.test", fault: `sp="all"`},
		{record: "v=DMARC1; p=reject; np=x", percent: 100, fault: `np="x"`},
		{record: "v=DMARC1; p=reject; pct=150", policy: "reject", inherited: "reject", percent: 100, fault: "pct"},
		{record: "v=DMARC1; p=reject; pct=-1", policy: "reject", inherited: "reject", percent: 100, fault: "pct"},
		{record: "v=DMARC1; p=reject; pct=+5", policy: "reject", inherited: "reject", percent: 100, fault: "pct"},
		{record: "v=DMARC1; p=reject; pct=half", policy: "reject", inherited: "reject", percent: 100, fault: "pct"},
		{record: "v=DMARC1; p=reject; adkim=strict", policy: "reject", inherited: "reject", percent: 100, fault: "adkim"},
		{record: "v=DMARC1; p=reject; psd=maybe", policy: "reject", inherited: "reject", percent: 100, fault: "psd"},
		{record: "v=DMARC1; p=reject; t=1", policy: "reject", inherited: "reject", percent: 100, fault: `t="1"`},
		{record: "v=DMARC1; p=reject; fo=x", policy: "reject", inherited: "reject", percent: 100, fault: "fo"},
		{record: "v=DMARC1; p=none; p=reject", policy: "none", inherited: "none", percent: 100, fault: "appears twice"},
		{record: "v=DMARC1; p=reject; hello", policy: "reject", inherited: "reject", percent: 100, fault: `"hello" has no "="`},
		{record: "v=DMARC1; p=reject; =x", policy: "reject", inherited: "reject", percent: 100, fault: "is no tag name"},
		{record: "v=DMARC1 p=reject", percent: 100, fault: "has no p"}, // not even a record to receivers
		{record: "v=DMARC1; p=reject; rua=a@x.test", policy: "reject", inherited: "reject", percent: 100, fault: "is no report address"},
		{record: "v=DMARC1; p=reject; rua=mailto:a", policy: "reject", inherited: "reject", percent: 100, fault: "is no report address"},
		{record: "v=DMARC1; p=reject; rua=mailto:@x.test", policy: "reject", inherited: "reject", percent: 100, fault: "is no report address"},
		{record: "v=DMARC1; p=reject; rua=mailto:a@x.test!huge", policy: "reject", inherited: "reject", percent: 100, fault: "is no report address"},
		{record: "v=DMARC1; p=reject; rua=mailto:a@x.test mailto:b@x.test", policy: "reject", inherited: "reject", percent: 100, fault: "is no report address"},
		{record: "v=DMARC1; p=reject; rua=", policy: "reject", inherited: "reject", percent: 100, fault: "rua"},
		{record: "v=DMARC1; p=reject; rua=b@x.test,mailto:a@x.test", policy: "reject", inherited: "reject", percent: 100, rua: "mailto:a@x.test", fault: "is no report address"},
	}
	for _, tt := range tests {
		for _, inherited := range []bool{false, true} {
			want := tt.policy
			if inherited {
				want = tt.inherited
			}
			got := dmarcFacts("_dmarc.example.test", tt.record, inherited)
			if got.Policy != want || got.Percent != tt.percent || strings.Join(got.RUA, " ") != tt.rua || strings.Join(got.RUF, " ") != tt.ruf || got.Subdomain != tt.subdomain {
				t.Errorf("%q, inherited %v: got %+v", tt.record, inherited, got)
			}
			if !strings.Contains(got.Error, tt.fault) || (tt.fault == "") != (got.Error == "") {
				t.Errorf("%q: error %q, want %q", tt.record, got.Error, tt.fault)
			}
		}
	}
}

func TestDMARCRecords(t *testing.T) {
	tests := []struct {
		text           string
		record, nearly bool
	}{
		{"v=DMARC1; p=none", true, false},
		{"v=DMARC1", true, false},
		{"v = DMARC1 ;p=none", true, false},
		{"V=DMARC1;p=none", true, false},
		{"v=dmarc1; p=none", false, true},
		{"v=DMARC1p=none", false, true},
		{"v=DMARC1, p=none", false, true},
		{"v=DMARC2; p=none", false, true},
		{" v=DMARC1; p=none", false, true},
		{`"v=DMARC1; p=none"`, false, true},
		{"p=none; v=DMARC1", false, false},
		{"v=spf1 -all", false, false},
		{"", false, false},
	}
	for _, tt := range tests {
		records, nearly := dmarcRecords([]string{tt.text})
		if (len(records) == 1) != tt.record || (len(nearly) == 1) != tt.nearly {
			t.Errorf("%q: record %v, nearly %v", tt.text, records, nearly)
		}
	}
}

func TestDMARCTreeWalk(t *testing.T) {
	tests := []struct{ domain, want string }{
		{"test", "test"},
		{"example.test", "example.test test"},
		{"a.mail.example.test", "a.mail.example.test mail.example.test example.test test"},
		{"b.c.d.e.f.g.test", "b.c.d.e.f.g.test c.d.e.f.g.test d.e.f.g.test e.f.g.test f.g.test g.test test"},
		{"a.b.c.d.e.f.g.test", "a.b.c.d.e.f.g.test b.c.d.e.f.g.test c.d.e.f.g.test d.e.f.g.test e.f.g.test f.g.test g.test test"},
		// More labels than queries: RFC 9989 section 4.10 jumps to the last seven.
		{"a.b.c.d.e.f.g.h.i.j.mail.example.test", "a.b.c.d.e.f.g.h.i.j.mail.example.test g.h.i.j.mail.example.test h.i.j.mail.example.test i.j.mail.example.test j.mail.example.test mail.example.test example.test test"},
	}
	for _, tt := range tests {
		got := treeWalk(tt.domain)
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %s\nwant %s", tt.domain, strings.Join(got, " "), tt.want)
		}
	}
}

func TestDMARCDiscovery(t *testing.T) {
	down := scanner.Failf(scanner.FailServer, "SERVFAIL")
	tests := []struct {
		about, domain string
		zone          string
		down          string
		at, policy    string
		records       int
		fault         string
		failure       scanner.FailureKind
	}{
		{about: "none", domain: "shop.example.test", zone: `example.test. TXT "v=DMARC1; p=reject"`},
		{about: "its own", domain: "example.test", zone: `_dmarc.example.test. TXT "v=DMARC1; p=reject; sp=none"`, at: "_dmarc.example.test", policy: "reject", records: 1},
		{about: "split and beside others", domain: "example.test", zone: "_dmarc.example.test. TXT \"v=DMARC1; p=re\" \"ject\"\n_dmarc.example.test. TXT \"hello\"", at: "_dmarc.example.test", policy: "reject", records: 1},
		{about: "behind a CNAME", domain: "example.test", zone: "_dmarc.example.test. CNAME d.other.test.\nd.other.test. TXT \"v=DMARC1; p=reject\"", at: "_dmarc.example.test", policy: "reject", records: 1},
		{about: "escaped semicolon", domain: "example.test", zone: `_dmarc.example.test. TXT "v=DMARC1\; p=reject\059 pct=50"`, at: "_dmarc.example.test", policy: "reject", records: 1},
		{about: "from above", domain: "shop.example.test", zone: `_dmarc.example.test. TXT "v=DMARC1; p=reject; sp=quarantine; np=none"`, at: "_dmarc.example.test", policy: "quarantine", records: 1},
		{about: "from above without sp", domain: "shop.example.test", zone: `_dmarc.example.test. TXT "v=DMARC1; p=reject"`, at: "_dmarc.example.test", policy: "reject", records: 1},
		{about: "the highest above", domain: "a.b.example.test", zone: "_dmarc.b.example.test. TXT \"v=DMARC1; p=none\"\n_dmarc.example.test. TXT \"v=DMARC1; p=reject\"", at: "_dmarc.example.test", policy: "reject", records: 1},
		{about: "psd=n stops", domain: "a.b.example.test", zone: "_dmarc.b.example.test. TXT \"v=DMARC1; p=none; psd=n\"\n_dmarc.example.test. TXT \"v=DMARC1; p=reject\"", at: "_dmarc.b.example.test", policy: "none", records: 1},
		{about: "psd=y: the label below is the organization", domain: "a.example.com.test", zone: "_dmarc.com.test. TXT \"v=DMARC1; p=none; psd=y\"\n_dmarc.example.com.test. TXT \"v=DMARC1; p=reject\"", at: "_dmarc.example.com.test", policy: "reject", records: 1},
		{about: "psd=y: its own policy is the last resort", domain: "a.example.com.test", zone: `_dmarc.com.test. TXT "v=DMARC1; p=reject; sp=quarantine; psd=y"`, at: "_dmarc.com.test", policy: "quarantine", records: 1},
		{about: "psd=y: what lies between does not count", domain: "a.b.example.com.test", zone: "_dmarc.com.test. TXT \"v=DMARC1; p=none; psd=y\"\n_dmarc.b.example.com.test. TXT \"v=DMARC1; p=reject\"", at: "_dmarc.com.test", policy: "none", records: 1},
		{about: "two of its own", domain: "example.test", zone: "_dmarc.example.test. TXT \"v=DMARC1; p=reject\"\n_dmarc.example.test. TXT \"v=DMARC1; p=none\"", at: "_dmarc.example.test", records: 2, fault: "2 records"},
		{about: "two of its own and one above", domain: "shop.example.test", zone: "_dmarc.shop.example.test. TXT \"v=DMARC1; p=reject\"\n_dmarc.shop.example.test. TXT \"v=DMARC1; p=none\"\n_dmarc.example.test. TXT \"v=DMARC1; p=reject\"", at: "_dmarc.shop.example.test", records: 2, fault: "2 records"},
		{about: "two above", domain: "shop.example.test", zone: "_dmarc.example.test. TXT \"v=DMARC1; p=reject\"\n_dmarc.example.test. TXT \"v=DMARC1; p=none\"", at: "_dmarc.example.test", records: 2, fault: "2 records"},
		{about: "meant as one", domain: "example.test", zone: `_dmarc.example.test. TXT "v=dmarc1; p=reject"`, at: "_dmarc.example.test", records: 1, fault: "does not begin"},
		{about: "no answer", domain: "example.test", down: "_dmarc.example.test", failure: scanner.FailServer},
		{about: "no answer above", domain: "shop.example.test", down: "_dmarc.example.test", failure: scanner.FailServer},
		{about: "no answer above does not matter beside its own", domain: "shop.example.test", zone: `_dmarc.shop.example.test. TXT "v=DMARC1; p=reject"`, down: "_dmarc.example.test", at: "_dmarc.shop.example.test", policy: "reject", records: 1},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			l := newLab(t, tt.zone)
			l.zone.fails[tt.down] = down
			got := l.scan(New(), tt.domain).dmarc(t.Context())
			if got.At != tt.at || got.Policy != tt.policy || len(got.Records) != tt.records || kind(got.Failure) != tt.failure ||
				!strings.Contains(got.Error, tt.fault) || (tt.fault == "") != (got.Error == "") {
				t.Errorf("got %+v", got)
			}
		})
	}
	t.Run("at most eight queries", func(t *testing.T) {
		l := newLab(t, "")
		l.scan(New(), "a.b.c.d.e.f.g.h.i.j.k.example.test").dmarc(t.Context())
		var asked []string
		for name := range l.zone.asked {
			if strings.HasPrefix(name, "_dmarc.") {
				asked = append(asked, name)
			}
		}
		if slices.Sort(asked); len(asked) != dmarcQueries {
			t.Errorf("asked %q", asked)
		}
	})
}
