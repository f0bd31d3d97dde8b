package dnsprobe_test

import (
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/internal/lab/dnslab"
	"github.com/cybersec-infohub/infohub/scanner"
)

// How one of two servers answers, and the facts about it.
func TestHowAServerAnswers(t *testing.T) {
	nobody := func(q dns.Question) bool { return strings.HasPrefix(q.Name, "nx-") }
	edit := func(f func(ask, m *dns.Msg)) func(*dnslab.Server) {
		return func(s *dnslab.Server) {
			s.Tweak = func(ask, m *dns.Msg, _ bool) *dns.Msg { f(ask, m); return m }
		}
	}
	tests := []struct {
		name  string
		fault func(*dnslab.Server)
		zone  string // beside the shop's
		hasty bool
		check func(s scanner.NameServer) bool
	}{
		{"sound", func(*dnslab.Server) {}, "", false, func(s scanner.NameServer) bool {
			return s.EDNS && s.EDNSFault == "" && s.CaseKept == scanner.Yes && s.VersionTold == scanner.No &&
				*s.NoName == scanner.Negative{Rcode: "NXDOMAIN", SOA: true} && *s.NoType == scanner.Negative{Rcode: "NOERROR", SOA: true} && s.SOA.Expire == 86400
		}},
		{"refuses EDNS", func(s *dnslab.Server) {
			s.Tweak = func(ask, m *dns.Msg, _ bool) *dns.Msg {
				if ask.IsEdns0() != nil {
					return new(dns.Msg).SetRcode(ask, dns.RcodeFormatError)
				}
				return m
			}
		}, "", false, func(s scanner.NameServer) bool {
			return !s.EDNS && s.EDNSFault == "FORMERR" && s.Authoritative && s.NoName.Rcode == "NXDOMAIN"
		}},
		{"drops EDNS", func(s *dnslab.Server) {
			s.Tweak = func(ask, m *dns.Msg, tcp bool) *dns.Msg {
				if ask.IsEdns0() != nil && !tcp {
					return nil
				}
				return m
			}
		}, "", true, func(s scanner.NameServer) bool { return !s.EDNS && s.EDNSFault == "silent" && s.UDP }},
		{"takes no notice of EDNS", edit(func(_, m *dns.Msg) { m.Extra = nil }), "", false, func(s scanner.NameServer) bool {
			return !s.EDNS && s.EDNSFault == "ignored" && s.Authoritative
		}},
		{"changes capitals", edit(func(_, m *dns.Msg) { m.Question[0].Name = strings.ToLower(m.Question[0].Name) }), "", false, func(s scanner.NameServer) bool {
			return s.CaseKept == scanner.No && s.Authoritative && len(s.NS) == 2
		}},
		{"tells its version", func(s *dnslab.Server) { s.Version = "9.18.1" }, "", false, func(s scanner.NameServer) bool {
			return s.VersionTold == scanner.Yes && s.Version == "9.18.1"
		}},
		{"tells it under another name, and the whole zone", func(s *dnslab.Server) {
			s.Version, s.OpenAll = "NSD 4.6.1", true
			s.Tweak = func(ask, m *dns.Msg, _ bool) *dns.Msg {
				if ask.Question[0].Name == "version.bind." {
					return new(dns.Msg).SetRcode(ask, dns.RcodeRefused)
				}
				return m
			}
		}, "", false, func(s scanner.NameServer) bool { return s.Version == "NSD 4.6.1" && s.Transfer == scanner.Yes }},
		{"does not know NXDOMAIN", edit(func(_, m *dns.Msg) {
			if m.Rcode == dns.RcodeNameError {
				m.Rcode = dns.RcodeSuccess
			}
		}), "", false, func(s scanner.NameServer) bool {
			return *s.NoName == scanner.Negative{Rcode: "NOERROR", SOA: true} && s.NoType.Rcode == "NOERROR"
		}},
		{"denies itself", edit(func(ask, m *dns.Msg) {
			if ask.Question[0].Qtype == dns.TypeX25 {
				m.Rcode = dns.RcodeNameError
			}
		}), "", false, func(s scanner.NameServer) bool { return s.NoType.Rcode == "NXDOMAIN" && s.NoName.Rcode == "NXDOMAIN" }},
		{"leaves out the SOA record", edit(func(ask, m *dns.Msg) {
			if nobody(ask.Question[0]) {
				m.Ns = nil
			}
		}), "", false, func(s scanner.NameServer) bool { return !s.NoName.SOA && s.NoType.SOA }},
		{"denies in the compact form", edit(func(ask, m *dns.Msg) {
			if nobody(ask.Question[0]) {
				m.Rcode = dns.RcodeSuccess
				m.Ns = append(m.Ns, &dns.NSEC{
					Hdr:        dns.RR_Header{Name: ask.Question[0].Name, Rrtype: dns.TypeNSEC, Class: dns.ClassINET},
					NextDomain: "\\000." + ask.Question[0].Name, TypeBitMap: []uint16{dns.TypeRRSIG, dns.TypeNSEC, 128},
				})
			}
		}), "", false, func(s scanner.NameServer) bool { return s.NoName.Denied && s.NoName.Rcode == "NOERROR" }},
		{"has a wildcard", func(*dnslab.Server) {}, "* A 192.0.2.7\n", false, func(s scanner.NameServer) bool {
			return s.NoName.Answers == 1 && s.NoName.Rcode == "NOERROR"
		}},
		{"has a wildcard for mail", func(*dnslab.Server) {}, "* MX 10 mail\n", false, func(s scanner.NameServer) bool {
			return s.NoName.Answers == 0 && s.NoName.Wild && s.NoName.Rcode == "NOERROR"
		}},
		{"fails for unknown names", edit(func(ask, m *dns.Msg) {
			if nobody(ask.Question[0]) {
				m.Rcode, m.Ns = dns.RcodeServerFailure, nil
			}
		}), "", false, func(s scanner.NameServer) bool { return s.NoName.Rcode == "SERVFAIL" && s.NoName.Failure == nil }},
		{"is silent about unknown names", func(s *dnslab.Server) {
			s.Tweak = func(ask, m *dns.Msg, _ bool) *dns.Msg {
				if nobody(ask.Question[0]) {
					return nil
				}
				return m
			}
		}, "", true, func(s scanner.NameServer) bool {
			return s.NoName.Failure != nil && s.NoName.Failure.Kind == scanner.FailTimeout && s.Failure == nil
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := dnslab.New(t)
			tt.fault(l.Server(one))
			l.Zone("example.hk.", shop+tt.zone, nil, l.Server(one), l.Server(two))
			l.Top(delegation, nil, nil)
			var changes []change
			if tt.hasty {
				changes = append(changes, hasty)
			}
			got, err := collect(t, l, l.Dialer(), changes...)
			if err != nil || len(got.Servers) != 2 {
				t.Fatal(got, err)
			}
			if !tt.check(got.Servers[0]) {
				t.Error(asJSON(t, got.Servers[0]))
			}
		})
	}
}
