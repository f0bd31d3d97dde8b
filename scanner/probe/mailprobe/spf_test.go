package mailprobe

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
)

func TestSPFRecords(t *testing.T) {
	tests := []struct {
		text           string
		record, nearly bool
	}{
		{"v=spf1", true, false},
		{"v=spf1 -all", true, false},
		{"V=SpF1 -all", true, false},
		{"v=spf1  -all ", true, false},
		{"v=spf10 -all", false, true},
		{"v=spf1-all", false, true},
		{"v=spf1;include:x.example", false, true},
		{"v=spf1\t-all", false, true},
		{" v=spf1 -all", false, true},
		{`"v=spf1 -all"`, false, true},
		{"spf2.0/pra -all", false, false},
		{"v=spf", false, false},
		{"google-site-verification=v=spf1", false, false},
		{"", false, false},
	}
	for _, tt := range tests {
		records, nearly := spfRecords([]string{tt.text})
		if (len(records) == 1) != tt.record || (len(nearly) == 1) != tt.nearly {
			t.Errorf("%q: record %v, nearly %v; want %v, %v", tt.text, records, nearly, tt.record, tt.nearly)
		}
	}
}

// The cases follow RFC 7208's grammar and the subjects of openspf's suite.
func TestSPFGrammar(t *testing.T) {
	tests := []struct {
		terms string
		want  string // the terms as understood
		fault string // part of the fault
	}{
		{"", "", ""},
		{"-all", "-all", ""},
		{"?ALL", "?all", ""},
		{"~all  +all", "~all +all", ""},
		{"all.", "", "unknown mechanism"},
		{"all:x.example", "", "malformed"},
		{"all/8", "", "malformed"},
		{"-", "", "unknown mechanism"},
		{"--all", "", "unknown mechanism"},
		{"ip5:1.2.3.4", "", `unknown mechanism "ip5"`},
		{"-all ip5:1.2.3.4 a", "-all +a", `unknown mechanism "ip5"`},
		{"ipv4:1.2.3.4", "", "unknown mechanism"},
		{"a\tmx", "", "not allowed"},
		{"a\u00e9", "", "not allowed"},
		{"a:x.example\x00", "", "not allowed"},

		{"ip4:1.2.3.4", "+ip4", ""},
		{"ip4:1.2.3.4/32 -ip4:10.0.0.0/8", "+ip4 -ip4", ""},
		{"ip4:0.0.0.0/0", "+ip4*", ""},
		{"ip4", "", "malformed"},
		{"ip4:", "", "malformed"},
		{"ip4:1.2.3", "", "malformed"},
		{"ip4:1.2.3.256", "", "malformed"},
		{"ip4:01.2.3.4", "", "malformed"},
		{"ip4:1.2.3.4/33", "", "malformed"},
		{"ip4:1.2.3.4/08", "", "malformed"},
		{"ip4:1.2.3.4/", "", "malformed"},
		{"ip4:1.2.3.4//32", "", "malformed"},
		{"ip4:1.2.3.4:25", "", "malformed"},
		{"ip4:::1", "", "malformed"},
		{"ip4:mail.example", "", "malformed"},
		{"ip6:2001:db8::1", "+ip6", ""},
		{"ip6:::ffff:1.2.3.4/96 ip6:::/0", "+ip6 +ip6", ""},
		{"ip6:2001:db8::/129", "", "malformed"},
		{"ip6:1.2.3.4", "", "malformed"},
		{"ip6:fe80::1%eth0", "", "malformed"},
		{"ip6::CAFE::BABE", "", "malformed"},

		{"a mx ptr", "+a +mx +ptr", ""},
		{"a/24 a//64 mx/24//64", "+a +a +mx", ""},
		{"a/0 a//0 a//128", "+a +a +a", ""},
		{"a/33", "", "malformed"},
		{"a//129", "", "malformed"},
		{"a/024", "", "malformed"},
		{"a/24/", "", "malformed"},
		{"a/24/24", "", "malformed"},
		{"a/abc", "", "malformed"},
		{"a/", "", "malformed"},
		{"a:", "", "malformed"},
		{"a:/24", "", "malformed"},
		{"a:x.example/24//64 mx:x.example", "+a:x.example +mx:x.example", ""},
		{"a:x.example:8080", "", "malformed"},
		{"a:foo:bar/baz.example.com", "+a:foo:bar/baz.example.com", ""},
		{"a:museum", "", "malformed"},
		{"a:museum.", "", "malformed"},
		{"a:x.example.", "+a:x.example.", ""},
		{"a:111.222.33.44", "", "malformed"},
		{"a:x.example.1-1", "+a:x.example.1-1", ""},
		{"a:x.example.-com", "", "malformed"},
		{"a:x.example.com-", "", "malformed"},
		{"ptr:x.example", "+ptr:x.example", ""},
		{"ptr/24", "", "malformed"},
		{"exists:x.example", "+exists:x.example", ""},
		{"exists", "", "malformed"},
		{"exists:x.example/24", "", "malformed"},
		{"include:x.example", "+include:x.example", ""},
		{"?include:x.example", "?include:x.example", ""},
		{"include", "", "malformed"},
		{"include:", "", "malformed"},
		{"include:x.example/24", "", "malformed"},

		{"exists:%{i}.x.example", "+exists:%{i}.x.example*", ""},
		{"exists:x.%{d2r.-+,/_=}", "+exists:x.%{d2r.-+,/_=}*", ""},
		{"exists:%{L1r-}.x.example", "+exists:%{L1r-}.x.example*", ""},
		{"exists:%{d}/24", "", "malformed"},
		{"a:%{d}/24", "+a:%{d}*", ""},
		{"exists:%%x.example", "+exists:%x.example", ""},
		{"exists:x%_y.example", "+exists:x y.example", ""},
		{"exists:%{d0}.x.example", "", "malformed"},
		{"exists:%{d10}.x.example", "+exists:%{d10}.x.example*", ""},
		{"exists:%{x}.x.example", "", "malformed"},
		{"exists:%{c}.x.example", "", "malformed"},
		{"exists:%{}.x.example", "", "malformed"},
		{"exists:%{i.x.example", "", "malformed"},
		{"exists:%{ir}x.example", "+exists:%{ir}x.example*", ""},
		{"exists:%{rr}.x.example", "", "malformed"},
		{"exists:%{i}", "+exists:%{i}*", ""},
		{"exists:%(i).x.example", "", "malformed"},
		{"exists:x.example%", "", "malformed"},
		{"exists:%{1}.x.example", "", "malformed"},

		{"redirect=x.example", "redirect=x.example", ""},
		{"redirect=%{d}.x.example", "redirect=%{d}.x.example*", ""},
		{"redirect=x.example redirect=y.example", "redirect=x.example", "redirect appears twice"},
		{"redirect=", "", "malformed"},
		{"redirect:x.example", "", "unknown mechanism"},
		{"-redirect=x.example", "", "malformed"},
		{"exp=x.example", "", ""},
		{"exp=x.example EXP=y.example", "", "exp appears twice"},
		{"exp=", "", "malformed"},
		{"exp=%{c}.x.example", "", "malformed"},
		{"default=pass moo.cow-far_out=man:dog/cat moo=", "", ""},
		{"moo=%{a", "", "malformed"},
		{"moo=%{t}", "", ""},
		{"moo.cow/far_out=man", "", "unknown mechanism"},
		{"1up=foo", "", "malformed"},
		{"=foo", "", "malformed"},
		{"include=x.example", "", ""}, // an unknown modifier, and ignored
		{"ra=postmaster rp=100 rr=all", "", ""},
	}
	for _, tt := range tests {
		p := parseSPF("v=spf1 " + tt.terms)
		var got []string
		mark := func(m spfTerm) string {
			if m.macro || m.everyone {
				return m.String() + "*"
			}
			return m.String()
		}
		for _, m := range p.mechanisms {
			got = append(got, string(m.qualifier)+mark(m))
		}
		if p.redirect != nil {
			got = append(got, mark(*p.redirect))
		}
		if s := strings.Join(got, " "); s != tt.want || (tt.fault == "") != (p.fault == "") || !strings.Contains(p.fault, tt.fault) {
			t.Errorf("%q: %q, fault %q; want %q, %q", tt.terms, s, p.fault, tt.want, tt.fault)
		}
	}
}

func TestSPFEvaluation(t *testing.T) {
	const others = `
pass.test.     TXT "v=spf1 +all"
fail.test.     TXT "v=spf1 ip4:192.0.2.1 -all"
soft.test.     TXT "v=spf1 ~all"
noall.test.    TXT "v=spf1 ip4:192.0.2.1"
plain.test.    TXT "hello"
double.test.   TXT "v=spf1 -all"
double.test.   TXT "v=spf1 ~all"
broken.test.   TXT "v=spf1 foo -all"
two.test.      TXT "v=spf1 a mx -all"
two.test.      A   192.0.2.2
two.test.      MX  10 mx.two.test.
three.test.    TXT "v=spf1 include:two.test -all"
loop1.test.    TXT "v=spf1 include:loop2.test -all"
loop2.test.    TXT "v=spf1 include:loop1.test -all"
reloop.test.   TXT "v=spf1 redirect=reloop.test"
ptr.test.      TXT "v=spf1 ptr -all"
six.test.      AAAA 2001:db8::1
ten.test.      MX 1 a.ten.test.
alias.test.    CNAME fail.test.
split.test.    TXT "v=spf1 inclu" "de:two.test -all"
macro.test.    TXT "v=spf1 exists:%{i}.x.test -all"
`
	many := ""
	for i := range 11 {
		many += fmt.Sprintf("eleven.test. MX %d m%d.eleven.test.\n", i, i)
	}
	for i := range 30 {
		many += fmt.Sprintf("deep%d.test. TXT \"v=spf1 include:deep%d.test -all\"\n", i, i+1)
		many += fmt.Sprintf("wide%d.test. TXT \"v=spf1 include:wide%d.test include:wide%d.test include:wide%d.test -all\"\n", i, i+1, i+2, i+3)
	}
	tests := []struct {
		about, record string
		want          scanner.SPF
		fault         string // part of Error
		unresolved    scanner.FailureKind
	}{
		{about: "no mail", record: "v=spf1 -all", want: scanner.SPF{All: "-"}},
		{about: "empty", record: "v=spf1"},
		{about: "no all", record: "v=spf1 ip4:192.0.2.1"},
		{about: "each term counts", record: "v=spf1 a:two.test mx:two.test ptr exists:two.test -all", want: scanner.SPF{All: "-", Lookups: 4, PTR: true}},
		{about: "addresses cost nothing", record: "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 exp=x.test -all", want: scanner.SPF{All: "-"}},
		{about: "a and mx of the domain itself", record: "v=spf1 a mx -all", want: scanner.SPF{All: "-", Lookups: 2, Voids: 2}},
		{about: "a with IPv6 only is not void", record: "v=spf1 a:six.test ~all", want: scanner.SPF{All: "~", Lookups: 1}},
		{about: "exists asks for IPv4 only", record: "v=spf1 exists:six.test ~all", want: scanner.SPF{All: "~", Lookups: 1, Voids: 1}},
		{about: "voids", record: "v=spf1 a:gone.test a:plain.test mx:gone.test exists:gone.test -all", want: scanner.SPF{All: "-", Lookups: 4, Voids: 4}},
		{about: "a macro is counted, not resolved", record: "v=spf1 exists:%{i}.gone.test include:%{d}.gone.test -all", want: scanner.SPF{All: "-", Lookups: 2}},
		{about: "after all", record: "v=spf1 -all include:gone.test a", want: scanner.SPF{All: "-"}},
		{about: "the first all counts", record: "v=spf1 ?all -all", want: scanner.SPF{All: "?"}},
		{about: "include is followed", record: "v=spf1 include:three.test -all", want: scanner.SPF{All: "-", Lookups: 4, Includes: []string{"three.test", "two.test"}}},
		{about: "twice costs twice", record: "v=spf1 include:two.test include:two.test -all", want: scanner.SPF{All: "-", Lookups: 6, Includes: []string{"two.test"}}},
		{about: "strings are joined", record: "v=spf1 include:split.test -all", want: scanner.SPF{All: "-", Lookups: 4, Includes: []string{"split.test", "two.test"}}},
		{about: "a CNAME is followed", record: "v=spf1 include:alias.test -all", want: scanner.SPF{All: "-", Lookups: 1, Includes: []string{"alias.test"}}},
		{about: "case and last dot", record: "v=spf1 INCLUDE:Fail.TEST. -ALL", want: scanner.SPF{All: "-", Lookups: 1, Includes: []string{"fail.test"}}},
		{about: "an included fail does not end it", record: "v=spf1 include:fail.test ~all", want: scanner.SPF{All: "~", Lookups: 1, Includes: []string{"fail.test"}}},
		{about: "an included all lets everybody in", record: "v=spf1 include:pass.test -all", want: scanner.SPF{All: "+", Lookups: 1, Includes: []string{"pass.test"}}},
		{about: "with the include's qualifier", record: "v=spf1 ~include:pass.test -all", want: scanner.SPF{All: "~", Lookups: 1, Includes: []string{"pass.test"}}},
		{about: "the whole Internet", record: "v=spf1 ip4:0.0.0.0/0 -all", want: scanner.SPF{All: "+"}},
		{about: "an include's ptr is not ours", record: "v=spf1 include:ptr.test -all", want: scanner.SPF{All: "-", Lookups: 2, Includes: []string{"ptr.test"}}},
		{about: "redirect", record: "v=spf1 redirect=soft.test", want: scanner.SPF{All: "~", Lookups: 1, Includes: []string{"soft.test"}}},
		{about: "redirect to ptr is ours", record: "v=spf1 redirect=ptr.test", want: scanner.SPF{All: "-", Lookups: 2, PTR: true, Includes: []string{"ptr.test"}}},
		{about: "redirect beside all is ignored", record: "v=spf1 redirect=gone.test ?all", want: scanner.SPF{All: "?"}},
		{about: "redirect without all", record: "v=spf1 redirect=noall.test", want: scanner.SPF{Lookups: 1, Includes: []string{"noall.test"}}},
		{about: "redirect before a term", record: "v=spf1 redirect=fail.test a:two.test", want: scanner.SPF{All: "-", Lookups: 2, Includes: []string{"fail.test"}}},
		{about: "redirect with a macro", record: "v=spf1 redirect=%{i}.test", want: scanner.SPF{Lookups: 1}, unresolved: scanner.FailUncertain},

		{about: "syntax", record: "v=spf1 foo a:two.test -all", want: scanner.SPF{All: "-", Lookups: 1}, fault: `unknown mechanism "foo"`},
		{about: "include of nothing", record: "v=spf1 include:gone.test -all", want: scanner.SPF{All: "-", Lookups: 1, Includes: []string{"gone.test"}}, fault: "include:gone.test has no SPF record"},
		{about: "include without a policy", record: "v=spf1 include:plain.test -all", want: scanner.SPF{All: "-", Lookups: 1, Includes: []string{"plain.test"}}, fault: "has no SPF record"},
		{about: "include of two", record: "v=spf1 include:double.test -all", want: scanner.SPF{All: "-", Lookups: 1, Includes: []string{"double.test"}}, fault: "has 2 SPF records"},
		{about: "include of a broken one", record: "v=spf1 include:broken.test ~all", want: scanner.SPF{All: "~", Lookups: 1, Includes: []string{"broken.test"}}, fault: `include:broken.test: unknown mechanism "foo"`},
		{about: "redirect to nothing", record: "v=spf1 redirect=gone.test", want: scanner.SPF{Lookups: 1, Includes: []string{"gone.test"}}, fault: "redirect=gone.test has no SPF record"},
		{about: "include of itself", record: "v=spf1 include:example.test -all", want: scanner.SPF{All: "-", Lookups: 1}, fault: "loop: example.test -> example.test"},
		{about: "loop", record: "v=spf1 include:loop1.test -all", want: scanner.SPF{All: "-", Lookups: 3, Includes: []string{"loop1.test", "loop2.test"}}, fault: "loop: example.test -> loop1.test -> loop2.test -> loop1.test"},
		{about: "loop by redirect", record: "v=spf1 redirect=reloop.test", want: scanner.SPF{Lookups: 2, Includes: []string{"reloop.test"}}, fault: "loop"},
		{about: "no name", record: "v=spf1 include:a..test -all", want: scanner.SPF{All: "-", Lookups: 1}, fault: "is not a domain name"},
		{about: "too many mail servers", record: "v=spf1 mx:eleven.test -all", want: scanner.SPF{All: "-", Lookups: 1}, fault: "more than 10 mail servers"},

		{about: "no answer to an include", record: "v=spf1 include:down.test a:two.test -all", want: scanner.SPF{All: "-", Lookups: 2, Includes: []string{"down.test"}}, unresolved: scanner.FailServer},
		{about: "no answer to an a", record: "v=spf1 a:down.test -all", want: scanner.SPF{All: "-", Lookups: 1}, unresolved: scanner.FailServer},
		{about: "no answer to a redirect", record: "v=spf1 redirect=down.test", want: scanner.SPF{Lookups: 1, Includes: []string{"down.test"}}, unresolved: scanner.FailServer},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			l := newLab(t, others+many+fmt.Sprintf("example.test. TXT %q", tt.record))
			l.zone.fails["down.test"] = scanner.Failf(scanner.FailServer, "SERVFAIL")
			got := l.scan(New(), "example.test").spf(t.Context())
			if !strings.Contains(got.Error, tt.fault) || (tt.fault == "") != (got.Error == "") {
				t.Errorf("error %q, want %q", got.Error, tt.fault)
			}
			if kind(got.Unresolved) != tt.unresolved {
				t.Errorf("unresolved %v, want %q", got.Unresolved, tt.unresolved)
			}
			if got.Failure != nil || !slices.Equal(got.Records, []string{tt.record}) || got.All != tt.want.All || got.PTR != tt.want.PTR ||
				got.Lookups != tt.want.Lookups || got.Voids != tt.want.Voids || !slices.Equal(got.Includes, tt.want.Includes) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}

	t.Run("the count is bounded", func(t *testing.T) {
		for _, record := range []string{"v=spf1 include:deep0.test -all", "v=spf1 include:wide0.test include:wide1.test -all"} {
			l := newLab(t, others+many+fmt.Sprintf("example.test. TXT %q", record))
			got := l.scan(New(), "example.test").spf(t.Context())
			asked := 0
			for _, n := range l.zone.asked {
				asked += n
			}
			if got.Lookups <= 10 || got.Lookups > 100 || asked > 100 {
				t.Errorf("%s: %d look-ups counted, %d made", record, got.Lookups, asked)
			}
		}
	})
}

func TestSPFWithoutOneRecord(t *testing.T) {
	tests := []struct {
		about, zone string
		fail        error
		records     int
		fault       string
		failure     scanner.FailureKind
	}{
		{"none", `example.test. TXT "hello"`, nil, 0, "", ""},
		{"no such name", ``, nil, 0, "", ""},
		{"two", "example.test. TXT \"v=spf1 -all\"\nexample.test. TXT \"v=spf1 ~all\"", nil, 2, "", ""},
		{"meant as one", `example.test. TXT "v=spf1;-all"`, nil, 1, "does not begin", ""},
		{"one beside one meant", "example.test. TXT \"v=spf1 -all\"\nexample.test. TXT \"v=spf1-all\"", nil, 1, "", ""},
		{"a failing server is not \"none\"", ``, scanner.Failf(scanner.FailServer, "SERVFAIL"), 0, "", scanner.FailServer},
		{"nor is a silent one", ``, scanner.Failf(scanner.FailTimeout, ""), 0, "", scanner.FailTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			l := newLab(t, tt.zone)
			l.zone.fails["example.test"] = tt.fail
			got := l.scan(New(), "example.test").spf(t.Context())
			if len(got.Records) != tt.records || kind(got.Failure) != tt.failure ||
				!strings.Contains(got.Error, tt.fault) || (tt.fault == "") != (got.Error == "") {
				t.Errorf("got %+v", got)
			}
		})
	}
}
