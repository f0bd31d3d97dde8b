package mailprobe

import (
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
)

func TestReports(t *testing.T) {
	const dmarc = `_dmarc.example.test. TXT "v=DMARC1; p=reject; rua=`
	tests := []struct {
		about   string
		zone    string
		want    string // "tag domain outside agrees receives", a comma between two
		agrees  string // name that was asked
		fails   string // a name that gives no answer
		failure bool
	}{
		{about: "none", zone: `_dmarc.example.test. TXT "v=DMARC1; p=reject"`},
		{about: "own domain", zone: dmarc + "mailto:d@example.test\"\nexample.test. MX 10 mx.example.test.", want: "rua example.test in  yes"},
		{about: "a name below", zone: dmarc + "mailto:d@mail.example.test\"\nmail.example.test. A 192.0.2.1", want: "rua mail.example.test in  yes"},
		{about: "null MX", zone: dmarc + "mailto:d@example.test\"\nexample.test. MX 0 .\nexample.test. A 192.0.2.1", want: "rua example.test in  no"},
		{about: "nothing there", zone: dmarc + `mailto:d@example.test"`, want: "rua example.test in  no"},
		{
			about: "another organisation agrees", zone: dmarc + "mailto:d@reports.test!10m\"\nreports.test. MX 10 mx.reports.test.\nexample.test._report._dmarc.reports.test. TXT \"v=DMARC1\"",
			want: "rua reports.test out yes yes", agrees: "example.test._report._dmarc.reports.test",
		},
		{
			about: "to everybody", zone: dmarc + "mailto:d@reports.test\"\nreports.test. MX 10 mx.reports.test.\n*._report._dmarc.reports.test. TXT \"v=DMARC1; rua=mailto:x@reports.test\"",
			want: "rua reports.test out yes yes",
		},
		{about: "does not", zone: dmarc + "mailto:d@reports.test\"\nreports.test. A 192.0.2.1", want: "rua reports.test out no yes"},
		{
			about: "another record there", zone: dmarc + "mailto:d@reports.test\"\nreports.test. A 192.0.2.1\nexample.test._report._dmarc.reports.test. TXT \"yes\"",
			want: "rua reports.test out no yes",
		},
		{about: "no answer", zone: dmarc + `mailto:d@reports.test"`, fails: "example.test._report._dmarc.reports.test", want: "rua reports.test out  no", failure: true},
		{about: "both kinds; a web address is none", zone: dmarc + `mailto:d@example.test,https://example.test/r; ruf=mailto:f@reports.test"`, want: "rua example.test in  no, ruf reports.test out no no"},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			l := newLab(t, tt.zone)
			if tt.fails != "" {
				l.zone.fails[tt.fails] = scanner.Failf(scanner.FailTimeout, "")
			}
			d := l.scan(New(), "example.test").dmarc(t.Context())
			var got []string
			for _, r := range d.Reports {
				where := map[bool]string{true: "out", false: "in"}[r.Outside]
				got = append(got, strings.Join([]string{r.Tag, r.Domain, where, string(r.Agrees), string(r.Receives)}, " "))
				if tt.agrees != "" && r.AgreesAt != tt.agrees {
					t.Errorf("asked %s", r.AgreesAt)
				}
				if (r.AgreesFailure != nil) != tt.failure {
					t.Errorf("failure %v", r.AgreesFailure)
				}
			}
			if strings.Join(got, ", ") != tt.want {
				t.Errorf("got %q, want %q", strings.Join(got, ", "), tt.want)
			}
		})
	}
}

// A policy of the domain above is what the other side has to agree to.
func TestReportsOfTheDomainAbove(t *testing.T) {
	l := newLab(t, `_dmarc.example.test. TXT "v=DMARC1; p=reject; rua=mailto:d@reports.test"`)
	d := l.scan(New(), "shop.example.test").dmarc(t.Context())
	if len(d.Reports) != 1 || d.Reports[0].AgreesAt != "example.test._report._dmarc.reports.test" {
		t.Errorf("got %+v", d.Reports)
	}
}

func TestDMARCAtApex(t *testing.T) {
	tests := []struct {
		about, zone string
		fails       string
		want        scanner.Tristate
		records     int
	}{
		{"none", `_dmarc.example.test. TXT "v=DMARC1; p=reject"`, "", scanner.No, 0},
		{"at the domain", `example.test. TXT "v=DMARC1; p=reject"`, "", scanner.Yes, 1},
		{"nearly", `example.test. TXT "v=dmarc1; p=reject"`, "", scanner.Yes, 1},
		{"no answer", "", "example.test", scanner.Unknown, 0},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			l := newLab(t, tt.zone)
			l.zone.fails[tt.fails] = scanner.Failf(scanner.FailTimeout, "")
			d := l.scan(New(), "example.test").dmarc(t.Context())
			if d.AtApex != tt.want || len(d.ApexRecords) != tt.records {
				t.Errorf("got %q %q", d.AtApex, d.ApexRecords)
			}
		})
	}
}

func TestSenderNames(t *testing.T) {
	const zone = `
example.test.      MX   10 mail.example.test.
example.test.      MX   20 mx.other.test.
mail.example.test. A    192.0.2.1
mail.example.test. TXT  "v=spf1 a -all"
`
	tests := []struct {
		about, zone string
		fails       string
		want        string // "name address spf"
	}{
		{"www is not there", zone, "", "mail.example.test yes yes, www.example.test no "},
		{"www has none", zone + "www.example.test. AAAA 2001:db8::1", "", "mail.example.test yes yes, www.example.test yes no"},
		{"www leads to a name that has one", zone + "www.example.test. CNAME mail.example.test.", "", "mail.example.test yes yes, www.example.test yes yes"},
		{"another record", zone + "www.example.test. A 192.0.2.2\nwww.example.test. TXT \"v=spf10\"", "", "mail.example.test yes yes, www.example.test yes no"},
		{"no answer", zone + "www.example.test. A 192.0.2.2", "www.example.test", "mail.example.test yes yes, www.example.test  !"},
		{"no answer about its record", zone + "www.example.test. A 192.0.2.2", "www.example.test TXT", "mail.example.test yes yes, www.example.test yes !"},
		{"MX not known", zone, "example.test", "www.example.test no "},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			l := newLab(t, tt.zone)
			l.zone.fails[tt.fails] = scanner.Failf(scanner.FailTimeout, "")
			var got []string
			for _, n := range l.scan(New(), "example.test").senderNames(t.Context()) {
				spf := string(n.SPF)
				if n.Failure != nil {
					spf += "!"
				}
				got = append(got, n.Name+" "+string(n.Address)+" "+spf)
			}
			if strings.Join(got, ", ") != tt.want {
				t.Errorf("got %q, want %q", strings.Join(got, ", "), tt.want)
			}
		})
	}
	t.Run("many", func(t *testing.T) {
		var many strings.Builder
		for i := range 50 {
			many.WriteString("example.test. MX 10 mx" + string(rune('a'+i%26)) + strings.Repeat("x", i/26) + ".example.test.\n")
		}
		if got := newLab(t, many.String()).scan(New(), "example.test").senderNames(t.Context()); len(got) != maxSenderNames {
			t.Errorf("%d names", len(got))
		}
	})
}

func FuzzReportDomain(f *testing.F) {
	for _, s := range []string{"mailto:a@b.test", "mailto:a@b.test?subject=x", "mailto:@", "MAILTO:a@B.TEST.", "https://x.test", "mailto:a@%41.test", "mailto:a@b..test", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		domain := reportDomain(uri)
		if domain != "" && (!isHostName(domain) || domain != strings.ToLower(domain)) {
			t.Errorf("%q gives %q", uri, domain)
		}
		sameOrganisation(domain, "example.test")
	})
}
