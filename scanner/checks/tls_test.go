package checks

import (
	"maps"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

// goodTLS is a host without a fault.
func goodTLS() scanner.TLSHost {
	return scanner.TLSHost{
		Name: "example.hk", Addr: netip.MustParseAddr("192.0.2.1"), Port: 443,
		Versions:   map[string]scanner.Tristate{"SSLv2": "no", "SSLv3": "no", "TLSv1.0": "no", "TLSv1.1": "no", "TLSv1.2": "yes", "TLSv1.3": "yes"},
		WeakTested: append(weakClasses(), noForwardSecrecy), ForwardSecrecy: scanner.Yes,
		Group: "x25519", GroupsTested: true, NameMatch: true, Order: scanner.No,
		Legacy: &scanner.TLSLegacy{
			Version: "TLSv1.2", Compression: scanner.No, SecureRenegotiation: scanner.Yes, MasterSecret: scanner.Yes, Signature: "ecdsa_sha256",
		},
		CBCTested: []string{"TLSv1.2", "TLSv1.0", "SSLv3"}, PostQuantum: scanner.Yes, Hybrid: "X25519MLKEM768", Renegotiation: scanner.No,
		Tickets:       []scanner.TLSTicket{{Version: "TLSv1.3", Lifetime: 7200}, {Version: "TLSv1.2", Lifetime: 300}},
		TicketsTested: []string{"TLSv1.3", "TLSv1.2"}, SCTs: new(2),
		DANE: &scanner.TLSDANE{At: "_443._tcp.example.hk"},
		Chain: []scanner.Cert{
			{
				Subject: "CN=example.hk", Issuer: "CN=R10", Names: []string{"example.hk", "www.example.hk"},
				NotBefore: started.AddDate(0, 0, -30), NotAfter: started.AddDate(0, 0, 60), KeyType: "ECDSA", KeyBits: 256, Signature: "SHA256-RSA",
			},
			{Subject: "CN=R10", Issuer: "CN=Root", KeyType: "RSA", KeyBits: 2048, Signature: "SHA256-RSA"},
		},
	}
}

// hosts are the facts of these TLS servers; each edit makes one from a good one.
func hosts(edits ...func(*scanner.TLSHost)) *scanner.Facts {
	f := secured()
	f.TLS = &scanner.TLSFacts{}
	for _, edit := range edits {
		h := goodTLS()
		h.Versions = maps.Clone(h.Versions)
		edit(&h)
		f.TLS.Hosts = append(f.TLS.Hosts, h)
	}
	return f
}

func good(*scanner.TLSHost) {}

// onWWW names the host www and makes the edit.
func onWWW(edit func(*scanner.TLSHost)) func(*scanner.TLSHost) {
	return func(h *scanner.TLSHost) {
		h.Name, h.Addr = "www.example.hk", netip.MustParseAddr("192.0.2.2")
		edit(h)
	}
}

func broken(kind scanner.FailureKind) func(*scanner.TLSHost) {
	return func(h *scanner.TLSHost) {
		*h = scanner.TLSHost{Name: h.Name, Addr: h.Addr, Port: 443, Failure: scanner.Failf(kind, "test")}
	}
}

func leaf(edit func(*scanner.Cert)) func(*scanner.TLSHost) {
	return func(h *scanner.TLSHost) { edit(&h.Chain[0]) }
}

// brief is a further address of which only the certificate was looked at.
func brief(h *scanner.TLSHost) {
	h.Addr = netip.MustParseAddr("192.0.2.9")
	h.Versions = map[string]scanner.Tristate{"TLSv1.3": "yes"}
	h.WeakTested, h.GroupsTested = nil, false
}

// TestTLSHosts: what every rule on hosts does with those that it cannot judge.
func TestTLSHosts(t *testing.T) {
	lost := hosts()
	lost.DNS = &scanner.DNSFacts{Hosts: []scanner.HostAddrs{{Name: "example.hk", Failure: scanner.Failf(scanner.FailTimeout, "")}}}
	stopped := hosts()
	stopped.Probes = []scanner.ProbeRun{{Name: "tls", Failure: scanner.Failf(scanner.FailCancelled, "")}}
	noIPv6 := func(h *scanner.TLSHost) { broken(scanner.FailUnreachable)(h) }
	for _, check := range tlsChecks() {
		if check.Rule == "tls.https.missing" {
			continue
		}
		t.Run(check.Rule, func(t *testing.T) {
			cases := []ruleCase{
				{"no address", hosts(), notFor(scanner.NANoWeb)},
				{"no name server answers", lost, isUnknown(scanner.FailTimeout)},
				{"stopped", stopped, isUnknown(scanner.FailCancelled)},
				{"closed", hosts(broken(scanner.FailRefused)), notFor(scanner.NANoHTTPS)},
				{"no handshake", hosts(broken(scanner.FailTLS)), notFor(scanner.NANoHTTPS)},
				{"timeout", hosts(broken(scanner.FailTimeout)), isUnknown(scanner.FailTimeout)},
				{"blocked", hosts(broken(scanner.FailBlocked)), isUnknown(scanner.FailBlocked)},
				{"www times out", hosts(good, onWWW(broken(scanner.FailTimeout))), isUnknown(scanner.FailTimeout)},
				{"no way there at all", hosts(noIPv6), isUnknown(scanner.FailUnreachable)},
			}
			// These have nothing to say of a site that does without.
			if !slices.Contains([]string{
				"tls.stapling.missing", "tls.certificate.revoked", "tls.dane.mismatch", "tls.fallback.no-scsv", "tls.cipher.beast",
				"tls.profile.intermediate", "tls.client.excluded",
			}, check.Rule) {
				cases = append(cases,
					ruleCase{"good", hosts(good, onWWW(good)), passes("www.example.hk (192.0.2.2)")},
					ruleCase{"www is closed", hosts(good, onWWW(broken(scanner.FailRefused))), passes("example.hk (192.0.2.1)")},
					ruleCase{"no way to one address", hosts(good, noIPv6), passes("example.hk (192.0.2.1)")},
					ruleCase{"one address looked at briefly", hosts(good, brief), passes("example.hk (192.0.2.1)")},
				)
			}
			judgeCases(t, check.Rule, cases)
		})
	}
}

func TestHTTPSMissing(t *testing.T) {
	handshake := plainOnly()
	handshake.Web.Roots[1].Failure = scanner.Failf(scanner.FailTimeout, "")
	handshake.TLS = &scanner.TLSFacts{Hosts: []scanner.TLSHost{goodTLS()}}
	cut := site(ended(apexHTTP, answer(apexHTTP, 200)))
	cut.Probes = []scanner.ProbeRun{{Name: "web", Failure: scanner.Failf(scanner.FailTimeout, "late")}}
	https := ended(apexHTTPS, answer(apexHTTPS, 200))
	judgeCases(t, "tls.https.missing", []ruleCase{
		{"good", secured(), passes(apexHTTPS)},
		{"closed", plainOnly(), fails("status 200; https://example.hk/: refused").on("example.hk")},
		{"no handshake", site(ended(apexHTTP, answer(apexHTTP, 200)), failed(apexHTTPS, scanner.FailTLS)), fails("tls: test").on("example.hk")},
		{"http leads to the closed door", site(failed(apexHTTP, scanner.FailRefused, answer(apexHTTP, 301)), failed(apexHTTPS, scanner.FailRefused)), fails("status 301")},
		{"asks for a password", site(ended(apexHTTP, answer(apexHTTP, 401)), failed(apexHTTPS, scanner.FailRefused)), fails("status 401")},
		{"www lacks it", site(https, ended(wwwHTTP, answer(wwwHTTP, 200)), failed(wwwHTTPS, scanner.FailRefused)), fails("www").on("www.example.hk")},
		{"www leads to the apex", site(https, ended(wwwHTTP, answer(wwwHTTP, 301), answer(apexHTTPS, 200)), failed(wwwHTTPS, scanner.FailRefused)), warns("leads to https://example.hk/").on("www.example.hk")},
		{"www has no web", site(https, failed(wwwHTTP, scanner.FailRefused), failed(wwwHTTPS, scanner.FailRefused)), passes(apexHTTPS)},
		{"timeout", site(ended(apexHTTP, answer(apexHTTP, 200)), failed(apexHTTPS, scanner.FailTimeout)), isUnknown(scanner.FailTimeout)},
		{"blocked", site(ended(apexHTTP, answer(apexHTTP, 200)), failed(apexHTTPS, scanner.FailBlocked)), isUnknown(scanner.FailBlocked)},
		{"timeout, but a handshake was made", handshake, passes(apexHTTPS)},
		{"https closed, http silent", site(failed(apexHTTP, scanner.FailTimeout), failed(apexHTTPS, scanner.FailRefused)), isUnknown(scanner.FailTimeout)},
		{"https for friends only", site(failed(apexHTTP, scanner.FailRefused), failed(apexHTTPS, scanner.FailTLS)), isUnknown(scanner.FailTLS)},
		{"http turns us away", site(ended(apexHTTP, answer(apexHTTP, 403)), failed(apexHTTPS, scanner.FailRefused)), isUnknown(scanner.FailBlocked)},
		{"http shows a firewall's page", site(scanner.WebRoot{Start: apexHTTP, Hops: []scanner.Hop{answer(apexHTTP, 200)}, Failure: scanner.Failf(scanner.FailBlocked, "")}, failed(apexHTTPS, scanner.FailRefused)), isUnknown(scanner.FailBlocked)},
		{"http has no page", site(ended(apexHTTP, answer(apexHTTP, 404)), failed(apexHTTPS, scanner.FailRefused)), isUnknown(scanner.FailServer)},
		{"no web", site(failed(apexHTTP, scanner.FailRefused), failed(apexHTTPS, scanner.FailRefused)), notFor(scanner.NANoWeb)},
		{"no address", site(), notFor(scanner.NANoWeb)},
		{"not tried in time", cut, isUnknown(scanner.FailTimeout)},
	})
}

func TestCertificate(t *testing.T) {
	day := 24 * time.Hour
	dates := func(from, to time.Duration) *scanner.Facts {
		return hosts(good, onWWW(leaf(func(c *scanner.Cert) { c.NotBefore, c.NotAfter = started.Add(from), started.Add(to) })))
	}
	judgeCases(t, "tls.certificate.expired", []ruleCase{
		{"past", dates(-90*day, -time.Second), fails("to 2026-11-23").on("www.example.hk")},
		{"this second", dates(-90*day, 0), fails("to 2026-11-23")},
		{"not yet", dates(day, 90*day), fails("from 2026-11-24")},
		{"no certificate seen", hosts(func(h *scanner.TLSHost) { h.Chain = nil }), isUnknown(scanner.FailUncertain)},
	})
	judgeCases(t, "tls.certificate.expiring", []ruleCase{
		{"13 days", dates(-77*day, 14*day-time.Second), fails("13 days left").on("www.example.hk")},
		{"14 days", dates(-76*day, 14*day), passes("14 days left")},
		{"six days, fresh", dates(-4*day, 2*day), passes("2 days left")},
		{"six days, not renewed", dates(-5*day, day), fails("1 days left")},
		{"thirty days", dates(-22*day, 8*day), passes("8 days left")},
		{"expired", hosts(leaf(func(c *scanner.Cert) { c.NotAfter = started })), notFor(scanner.NACovered)},
	})
	judgeCases(t, "tls.certificate.hostname", []ruleCase{
		{"another name", hosts(good, onWWW(func(h *scanner.TLSHost) { h.NameMatch = false })), fails("for example.hk, www.example.hk").on("www.example.hk")},
		{"no name", hosts(func(h *scanner.TLSHost) { h.NameMatch, h.Chain[0].Names = false, nil }), fails("subject CN=example.hk")},
	})
	verdicts := func(v scanner.ChainVerdict) *scanner.Facts {
		return hosts(func(h *scanner.TLSHost) { h.Verify, h.VerifyDetail = v, "detail" })
	}
	judgeCases(t, "tls.certificate.untrusted", []ruleCase{
		{"self-signed", verdicts(scanner.ChainSelfSigned), fails("detail (self-signed)").on("example.hk")},
		{"unknown", verdicts(scanner.ChainUnknownCA), fails("issued by CN=R10")},
		{"invalid", verdicts(scanner.ChainInvalid), fails("invalid")},
		{"incomplete", verdicts(scanner.ChainIncomplete), notFor(scanner.NACovered)},
		{"no trust store", verdicts(scanner.ChainUnverified), isUnknown(scanner.FailMissing)},
	})
	judgeCases(t, "tls.chain.incomplete", []ruleCase{
		{"incomplete", verdicts(scanner.ChainIncomplete), fails("CN=Root is missing").on("example.hk")},
		{"self-signed", verdicts(scanner.ChainSelfSigned), notFor(scanner.NACovered)},
		{"unknown", verdicts(scanner.ChainUnknownCA), notFor(scanner.NACovered)},
		{"no trust store", verdicts(scanner.ChainUnverified), isUnknown(scanner.FailMissing)},
	})
	key := func(kind string, bits int) *scanner.Facts {
		return hosts(leaf(func(c *scanner.Cert) { c.KeyType, c.KeyBits = kind, bits }))
	}
	root := func(edit func(*scanner.Cert)) *scanner.Facts {
		return hosts(func(h *scanner.TLSHost) {
			c := scanner.Cert{Subject: "CN=Root", SelfSigned: true, KeyType: "RSA", KeyBits: 2048}
			edit(&c)
			h.Chain = append(h.Chain, c)
		})
	}
	judgeCases(t, "tls.certificate.weak-key", []ruleCase{
		{"RSA 1024", key("RSA", 1024), fails("RSA 1024 bits").on("example.hk")},
		{"RSA 2048", key("RSA", 2048), passes("RSA 2048")},
		{"P-192", key("ECDSA", 192), fails("ECDSA 192")},
		{"P-224", key("ECDSA", 224), passes("ECDSA 224")},
		{"Ed25519", key("Ed25519", 256), passes("Ed25519")},
		{"intermediate", hosts(func(h *scanner.TLSHost) { h.Chain[1].KeyBits = 1024 }), fails("CN=R10")},
		{"root", root(func(c *scanner.Cert) { c.KeyBits = 1024 }), passes("ECDSA 256")},
		{"self-signed leaf", hosts(leaf(func(c *scanner.Cert) { c.SelfSigned, c.KeyType, c.KeyBits = true, "RSA", 1024 })), fails("RSA 1024")},
	})
	signature := func(name string) *scanner.Facts {
		return hosts(leaf(func(c *scanner.Cert) { c.Signature = name }))
	}
	judgeCases(t, "tls.certificate.weak-signature", []ruleCase{
		{"SHA-1", signature("SHA1-RSA"), fails("SHA1-RSA").on("example.hk")},
		{"SHA-1 with ECDSA", signature("ECDSA-SHA1"), fails("ECDSA-SHA1")},
		{"MD5", signature("MD5-RSA"), fails("MD5-RSA")},
		{"SHA-384", signature("ECDSA-SHA384"), passes("ECDSA-SHA384")},
		{"SHA-256 PSS", signature("SHA256-RSAPSS"), passes("SHA256-RSAPSS")},
		{"intermediate", hosts(func(h *scanner.TLSHost) { h.Chain[1].Signature = "SHA1-RSA" }), fails("CN=R10")},
		{"root", root(func(c *scanner.Cert) { c.Signature = "SHA1-RSA" }), passes("SHA256-RSA")},
	})
	staple := func(must bool, edit func(*scanner.TLSHost)) *scanner.Facts {
		return hosts(func(h *scanner.TLSHost) {
			h.Chain[0].OCSP, h.Chain[0].MustStaple = true, must
			edit(h)
		})
	}
	stale := func(h *scanner.TLSHost) { h.Stapled, h.StapleError = true, "expired" }
	judgeCases(t, "tls.stapling.missing", []ruleCase{
		{"no responder", hosts(good), notFor(scanner.NANotUsed)},
		{"stapled", staple(false, func(h *scanner.TLSHost) { h.Stapled = true }), passes("stapled")},
		{"not stapled", staple(false, good), warns("no OCSP response").on("example.hk")},
		{"of no use", staple(false, stale), warns("cannot be used: expired")},
		{"required", staple(true, good), fails("requires one").on("example.hk")},
		{"required, of no use", staple(true, stale), fails("expired; the certificate requires one")},
	})
}

func TestTLSProtocol(t *testing.T) {
	version := func(name string, answer scanner.Tristate) func(*scanner.TLSHost) {
		return func(h *scanner.TLSHost) { h.Versions[name] = answer }
	}
	judgeCases(t, "tls.version.old", []ruleCase{
		{"TLS 1.0 on www", hosts(good, onWWW(version("TLSv1.0", "yes"))), fails("accepts TLSv1.0").on("www.example.hk")},
		{"TLS 1.1, while another times out", hosts(broken(scanner.FailTimeout), onWWW(version("TLSv1.1", "yes"))), fails("TLSv1.1")},
		{"unclear", hosts(version("TLSv1.0", "")), isUnknown(scanner.FailUncertain)},
		{"turned away in the middle", hosts(func(h *scanner.TLSHost) {
			h.Versions["TLSv1.0"], h.Partial = "", scanner.Failf(scanner.FailBlocked, "")
		}), isUnknown(scanner.FailBlocked)},
		{"only a certificate was looked at", hosts(broken(scanner.FailRefused), brief), isUnknown(scanner.FailLimit)},
	})
	judgeCases(t, "tls.version.no-tls13", []ruleCase{
		{"no", hosts(version("TLSv1.3", "no")), fails("accepts TLSv1.2").on("example.hk")},
		{"unclear", hosts(version("TLSv1.3", "")), isUnknown(scanner.FailUncertain)},
	})
	weak := func(suites ...string) func(*scanner.TLSHost) {
		return func(h *scanner.TLSHost) { h.Weak = suites }
	}
	tested := func(classes ...string) func(*scanner.TLSHost) {
		return func(h *scanner.TLSHost) { h.WeakTested = classes }
	}
	judgeCases(t, "tls.cipher.weak", []ruleCase{
		{"unencrypted", hosts(weak("TLS_RSA_WITH_NULL_SHA")), fails("NULL").on("example.hk")},
		{"anonymous", hosts(weak("TLS_DH_anon_WITH_AES_128_CBC_SHA")), fails("anon")},
		{"3DES, of which another rule tells", hosts(weak("TLS_RSA_WITH_3DES_EDE_CBC_SHA")), passes("null, anon")},
		{"sound but for the keys", hosts(weak("TLS_RSA_WITH_AES_128_CBC_SHA")), passes("null, anon")},
		{"a class is unclear", hosts(tested("null", "anon", "export", "rc4", "3des")), isUnknown(scanner.FailUncertain)},
	})
	judgeCases(t, "tls.cipher.no-forward-secrecy", []ruleCase{
		{"none", hosts(func(h *scanner.TLSHost) { h.ForwardSecrecy = scanner.No }), fails("ephemeral").on("example.hk")},
		{"beside good ones", hosts(weak("TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_RC4_128_SHA")), warns("TLS_RSA_WITH_AES_128_CBC_SHA").on("example.hk")},
		{"unclear", hosts(tested("null")), isUnknown(scanner.FailUncertain)},
		{"unclear even so", hosts(func(h *scanner.TLSHost) { h.ForwardSecrecy = "" }), isUnknown(scanner.FailUncertain)},
	})
	judgeCases(t, "tls.group.weak", []ruleCase{
		{"DHE", hosts(func(h *scanner.TLSHost) { h.DHEBits = 1024 }), fails("DHE 1024 bits").on("example.hk")},
		{"DHE 2048", hosts(func(h *scanner.TLSHost) { h.DHEBits = 2048 }), passes("x25519")},
		{"curve", hosts(func(h *scanner.TLSHost) { h.WeakGroups = []string{"secp192r1"} }), fails("secp192r1")},
		{"unclear", hosts(func(h *scanner.TLSHost) { h.GroupsTested = false }), isUnknown(scanner.FailUncertain)},
	})
}

func TestSuiteClass(t *testing.T) {
	for suite, want := range map[string]string{
		"TLS_RSA_WITH_NULL_SHA":                    "null",
		"TLS_ECDH_anon_WITH_AES_128_CBC_SHA":       "anon",
		"TLS_ECDH_anon_WITH_NULL_SHA":              "null",
		"TLS_DH_anon_EXPORT_WITH_RC4_40_MD5":       "anon",
		"TLS_RSA_EXPORT_WITH_RC4_40_MD5":           "export",
		"TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA":    "export",
		"TLS_ECDHE_RSA_WITH_RC4_128_SHA":           "rc4",
		"TLS_DHE_RSA_WITH_DES_CBC_SHA":             "des",
		"TLS_RSA_WITH_3DES_EDE_CBC_SHA":            "3des",
		"TLS_RSA_WITH_AES_256_GCM_SHA384":          noForwardSecrecy,
		"TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA":      noForwardSecrecy,
		"TLS_DH_RSA_WITH_AES_128_CBC_SHA":          noForwardSecrecy,
		"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256":    "",
		"TLS_DHE_RSA_WITH_AES_128_CBC_SHA":         "",
		"TLS_AES_128_GCM_SHA256":                   "",
		"TLS_PSK_WITH_AES_128_CBC_SHA":             noForwardSecrecy,
		"TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256":    "",
		"TLS_RSA_WITH_CHACHA20_POLY1305_SHA256_X":  noForwardSecrecy,
		"TLS_RSA_WITH_CAMELLIA_128_CBC_SHA":        noForwardSecrecy,
		"TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA":    "3des",
		"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384":  "",
		"TLS_KRB5_EXPORT_WITH_DES_CBC_40_SHA":      "export",
		"TLS_RSA_EXPORT1024_WITH_DES_CBC_SHA":      "export",
		"TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5":       "export",
		"TLS_ECDHE_RSA_WITH_NULL_SHA":              "null",
		"TLS_SHA256_SHA256":                        "",
		"TLS_DHE_DSS_WITH_AES_256_CBC_SHA256":      "",
		"TLS_DHE_DSS_EXPORT1024_WITH_DES_CBC_SHA":  "export",
		"TLS_DHE_PSK_WITH_RC4_128_SHA":             "rc4",
		"TLS_RSA_PSK_WITH_AES_128_GCM_SHA256":      noForwardSecrecy,
		"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA": "",
	} {
		if got := suiteClass(suite); got != want {
			t.Errorf("%s: %q, want %q", suite, got, want)
		}
	}
}
