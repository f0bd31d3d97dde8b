package checks

import (
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

// stored are facts from before these questions were asked.
func stored(h *scanner.TLSHost) {
	delete(h.Versions, "SSLv2")
	h.Legacy, h.CBC, h.CBCTested, h.PostQuantum, h.Renegotiation, h.Order = nil, nil, nil, "", "", ""
	h.Tickets, h.TicketsTested, h.SCTs, h.DANE = nil, nil, nil, nil
	h.Chain[0].OCSP = true
}

// TestStoredTLSFacts: of what nobody asked nothing is said.
func TestStoredTLSFacts(t *testing.T) {
	for _, rule := range []string{
		"tls.version.ssl2", "tls.cipher.cbc", "tls.cipher.order", "tls.group.no-post-quantum", "tls.certificate.revoked", "tls.certificate.no-sct",
		"tls.compression.enabled", "tls.renegotiation.insecure", "tls.renegotiation.client", "tls.extended-master-secret.missing",
		"tls.signature.sha1", "tls.early-data.accepted", "tls.ticket.long-lived", "tls.dane.mismatch",
	} {
		judgeCases(t, rule, []ruleCase{{rule, hosts(stored), isUnknown(scanner.FailUncertain)}})
	}
	for _, rule := range []string{"tls.profile.intermediate", "tls.client.excluded"} {
		judgeCases(t, rule, []ruleCase{{rule, hosts(stored), notFor(scanner.NANotFull)}})
	}
}

func onlyTLS13(h *scanner.TLSHost) {
	h.Versions["TLSv1.2"], h.Legacy, h.Renegotiation = scanner.No, nil, ""
	h.Tickets, h.TicketsTested = h.Tickets[:1], []string{"TLSv1.3"}
}

func talking(versions ...string) func(*scanner.TLSHost) {
	return func(h *scanner.TLSHost) {
		for _, v := range versions {
			h.Versions[v] = scanner.Yes
		}
	}
}

func with(edits ...func(*scanner.TLSHost)) func(*scanner.TLSHost) {
	return func(h *scanner.TLSHost) {
		for _, edit := range edits {
			edit(h)
		}
	}
}

func legacy(edit func(*scanner.TLSLegacy)) func(*scanner.TLSHost) {
	return func(h *scanner.TLSHost) { edit(h.Legacy) }
}

func TestTLSVersions(t *testing.T) {
	judgeCases(t, "tls.version.ssl2", []ruleCase{
		{"yes", hosts(good, onWWW(talking("SSLv2"))), fails("accepts SSLv2").on("www.example.hk")},
	})
	judgeCases(t, "tls.version.ssl3", []ruleCase{
		{"yes", hosts(talking("SSLv3")), fails("accepts SSLv3").on("example.hk")},
		{"TLS 1.0, of which another rule tells", hosts(talking("TLSv1.0")), passes("TLSv1.0")},
	})
	fallback := func(answer scanner.Tristate) func(*scanner.TLSHost) {
		return func(h *scanner.TLSHost) { h.Fallback = answer }
	}
	judgeCases(t, "tls.fallback.no-scsv", []ruleCase{
		{"heeded", hosts(with(talking("TLSv1.0"), fallback(scanner.Yes))), passes("heeds")},
		{"ignored", hosts(with(talking("TLSv1.0"), fallback(scanner.No))), fails("ignores").on("example.hk")},
		{"no answer", hosts(talking("TLSv1.0")), isUnknown(scanner.FailUncertain)},
		{"nothing to fall back to", hosts(good), notFor(scanner.NANotUsed)},
		{"an old version alone", hosts(with(talking("TLSv1.0"), func(h *scanner.TLSHost) { h.Versions["TLSv1.2"], h.Versions["TLSv1.3"] = "no", "no" })), notFor(scanner.NANotUsed)},
		{"unclear whether", hosts(func(h *scanner.TLSHost) { h.Versions["TLSv1.0"] = "" }), isUnknown(scanner.FailUncertain)},
	})
}

func TestTLSCiphers(t *testing.T) {
	weak := func(suites ...string) func(*scanner.TLSHost) { return func(h *scanner.TLSHost) { h.Weak = suites } }
	for rule, suite := range map[string]string{
		"tls.cipher.rc4": "TLS_RSA_WITH_RC4_128_SHA", "tls.cipher.3des": "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "tls.cipher.export": "TLS_RSA_EXPORT_WITH_RC4_40_MD5",
	} {
		judgeCases(t, rule, []ruleCase{
			{"accepted", hosts(good, onWWW(weak(suite))), fails(suite).on("www.example.hk")},
			{"another fault", hosts(weak("TLS_RSA_WITH_NULL_SHA")), passes("none of")},
			{"unclear", hosts(func(h *scanner.TLSHost) { h.WeakTested = []string{"null"} }), isUnknown(scanner.FailUncertain)},
		})
	}
	cbc := func(version, suite string) func(*scanner.TLSHost) {
		return func(h *scanner.TLSHost) { h.CBC = map[string]string{version: suite} }
	}
	const suite = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"
	judgeCases(t, "tls.cipher.cbc", []ruleCase{
		{"accepted", hosts(cbc("TLSv1.2", suite)), warns("without encrypt-then-MAC").on("example.hk")},
		{"MAC last", hosts(with(cbc("TLSv1.2", suite), func(h *scanner.TLSHost) { h.EncryptThenMAC = scanner.Yes })), warns("with encrypt-then-MAC")},
		{"in an old version alone", hosts(cbc("TLSv1.0", suite)), passes("no CBC in TLSv1.2")},
	})
	judgeCases(t, "tls.cipher.beast", []ruleCase{
		{"no old version", hosts(good), notFor(scanner.NANotUsed)},
		{"CBC in TLS 1.0", hosts(with(talking("TLSv1.0"), cbc("TLSv1.0", suite))), fails(suite + " in TLSv1.0").on("example.hk")},
		{"RC4 alone in SSL 3", hosts(talking("SSLv3")), passes("no CBC")},
		{"unclear", hosts(with(talking("TLSv1.0"), func(h *scanner.TLSHost) { h.CBCTested = []string{"TLSv1.2"} })), isUnknown(scanner.FailUncertain)},
	})
	ordered := func(answer scanner.Tristate) func(*scanner.TLSHost) {
		return func(h *scanner.TLSHost) { h.Order = answer }
	}
	judgeCases(t, "tls.cipher.order", []ruleCase{
		{"the client's, good ones only", hosts(good), passes("good suites only")},
		{"the client's, CBC too", hosts(cbc("TLSv1.2", suite)), fails(suite).on("example.hk")},
		{"the client's, weak ones too", hosts(weak("TLS_RSA_WITH_RC4_128_SHA")), fails("RC4")},
		{"the server's, weak ones too", hosts(with(weak("TLS_RSA_WITH_RC4_128_SHA"), ordered(scanner.Yes))), passes("own order")},
		{"unclear", hosts(ordered("")), isUnknown(scanner.FailUncertain)},
		{"unclear what else", hosts(func(h *scanner.TLSHost) { h.WeakTested = nil }), isUnknown(scanner.FailUncertain)},
	})
	judgeCases(t, "tls.group.no-post-quantum", []ruleCase{
		{"none", hosts(func(h *scanner.TLSHost) { h.PostQuantum = scanner.No }), warns("prefers x25519").on("example.hk")},
		{"without TLS 1.3", hosts(func(h *scanner.TLSHost) { h.Versions["TLSv1.3"], h.PostQuantum = "no", "" }), notFor(scanner.NACovered)},
	})
}

func TestTLSProtocolDetails(t *testing.T) {
	for rule, spoil := range map[string]func(*scanner.TLSLegacy){
		"tls.compression.enabled":            func(l *scanner.TLSLegacy) { l.Compression = scanner.Yes },
		"tls.renegotiation.insecure":         func(l *scanner.TLSLegacy) { l.SecureRenegotiation = scanner.No },
		"tls.extended-master-secret.missing": func(l *scanner.TLSLegacy) { l.MasterSecret = scanner.No },
		"tls.signature.sha1":                 func(l *scanner.TLSLegacy) { l.Signature = "rsa_pkcs1_sha1" },
	} {
		judgeCases(t, rule, []ruleCase{
			{"at fault", hosts(good, onWWW(legacy(spoil))), fails("").on("www.example.hk")},
			{"TLS 1.3 alone", hosts(onlyTLS13), notFor(scanner.NANotUsed)},
			{"no answer", hosts(func(h *scanner.TLSHost) { h.Legacy = nil }), isUnknown(scanner.FailUncertain)},
		})
	}
	judgeCases(t, "tls.extended-master-secret.missing", []ruleCase{
		{"SSL 3", hosts(legacy(func(l *scanner.TLSLegacy) { l.Version, l.MasterSecret = "SSLv3", "" })), notFor(scanner.NACovered)},
	})
	judgeCases(t, "tls.signature.sha1", []ruleCase{
		{"TLS 1.0", hosts(legacy(func(l *scanner.TLSLegacy) { l.Version, l.Signature = "TLSv1.0", "" })), notFor(scanner.NACovered)},
		{"RSA key transport", hosts(legacy(func(l *scanner.TLSLegacy) { l.Signature = "" })), notFor(scanner.NANotUsed)},
		{"MD5", hosts(legacy(func(l *scanner.TLSLegacy) { l.Signature = "rsa_pkcs1_md5" })), fails("md5")},
	})
	judgeCases(t, "tls.renegotiation.client", []ruleCase{
		{"accepted", hosts(func(h *scanner.TLSHost) { h.Renegotiation = scanner.Yes }), fails("new handshake").on("example.hk")},
		{"TLS 1.3 alone", hosts(onlyTLS13), notFor(scanner.NANotUsed)},
	})
	ticket := func(version string, life, early uint32) func(*scanner.TLSHost) {
		return func(h *scanner.TLSHost) {
			h.Tickets = append(h.Tickets, scanner.TLSTicket{Version: version, Lifetime: life, EarlyData: early})
		}
	}
	judgeCases(t, "tls.early-data.accepted", []ruleCase{
		{"accepted", hosts(ticket("TLSv1.3", 7200, 16384)), warns("16384 bytes").on("example.hk")},
		{"without TLS 1.3", hosts(func(h *scanner.TLSHost) { h.Versions["TLSv1.3"] = "no" }), notFor(scanner.NANotUsed)},
		{"unclear", hosts(func(h *scanner.TLSHost) { h.TicketsTested = []string{"TLSv1.2"} }), isUnknown(scanner.FailUncertain)},
	})
	judgeCases(t, "tls.ticket.long-lived", []ruleCase{
		{"a day in TLS 1.2", hosts(ticket("TLSv1.2", 86400, 0)), passes("no ticket")},
		{"more than a day in TLS 1.2", hosts(ticket("TLSv1.2", 86401, 0)), fails("86401").on("example.hk")},
		{"a week in TLS 1.3", hosts(ticket("TLSv1.3", 604800, 0)), passes("no ticket")},
		{"more than a week in TLS 1.3", hosts(ticket("TLSv1.3", 604801, 0)), fails("604801")},
		{"none", hosts(func(h *scanner.TLSHost) { h.Tickets = nil }), passes("no ticket")},
		{"unclear in TLS 1.2", hosts(func(h *scanner.TLSHost) { h.TicketsTested = []string{"TLSv1.3"} }), isUnknown(scanner.FailUncertain)},
	})
}

func TestIssuedCertificates(t *testing.T) {
	since := started.AddDate(0, 0, -3)
	revocation := func(r scanner.Revocation) func(*scanner.TLSHost) {
		return func(h *scanner.TLSHost) { h.Revocation = &r }
	}
	names := func(h *scanner.TLSHost) { h.Chain[0].CRL = true }
	untrusted := func(h *scanner.TLSHost) { h.Verify = scanner.ChainUnknownCA }
	judgeCases(t, "tls.certificate.revoked", []ruleCase{
		{"names nobody to ask", hosts(good), notFor(scanner.NANotUsed)},
		{"good", hosts(revocation(scanner.Revocation{Status: "good", By: "stapled"})), passes("by the stapled response")},
		{"revoked", hosts(revocation(scanner.Revocation{Status: "revoked", By: "crl", Source: "http://ca.example/1.crl", At: &since})), fails("by the revocation list at http://ca.example/1.crl").on("example.hk")},
		{"no answer", hosts(revocation(scanner.Revocation{By: "ocsp", Failure: scanner.Failf(scanner.FailTimeout, "")})), isUnknown(scanner.FailTimeout)},
		{"nobody asked", hosts(names), isUnknown(scanner.FailUncertain)},
		{"not trusted anyway", hosts(with(names, untrusted)), notFor(scanner.NACovered)},
	})
	extra := func(c scanner.Cert) func(*scanner.TLSHost) {
		return func(h *scanner.TLSHost) { h.Chain = append(h.Chain, c) }
	}
	judgeCases(t, "tls.chain.order", []ruleCase{
		{"swapped", hosts(func(h *scanner.TLSHost) {
			h.Chain = append(h.Chain, h.Chain[1])
			h.Chain[1] = scanner.Cert{Subject: "CN=Root", Issuer: "CN=Root", SelfSigned: true}
		}), fails("CN=Root, is not the issuer of number 1").on("example.hk")},
		{"twice", hosts(func(h *scanner.TLSHost) {
			h.Chain[1].SHA256 = "ab"
			h.Chain = append(h.Chain, h.Chain[1])
		}), fails("sent twice: CN=R10")},
		{"root", hosts(extra(scanner.Cert{Subject: "CN=Root", Issuer: "CN=Root", SelfSigned: true})), warns("a root is sent along").on("example.hk")},
		{"self-signed leaf alone", hosts(func(h *scanner.TLSHost) { h.Chain = h.Chain[:1]; h.Chain[0].SelfSigned = true }), passes("1 certificates")},
	})
	logs := func(n int) func(*scanner.TLSHost) { return func(h *scanner.TLSHost) { h.SCTs = &n } }
	judgeCases(t, "tls.certificate.no-sct", []ruleCase{
		{"none", hosts(logs(0)), fails("in 0 public logs").on("example.hk")},
		{"one", hosts(logs(1)), fails("in 1 public logs")},
		{"a private authority", hosts(with(logs(0), func(h *scanner.TLSHost) { h.PrivateRoots = true })), notFor(scanner.NANotUsed)},
		{"not trusted anyway", hosts(with(logs(0), untrusted)), notFor(scanner.NACovered)},
		{"no trust store", hosts(with(logs(0), func(h *scanner.TLSHost) { h.Verify = scanner.ChainUnverified })), isUnknown(scanner.FailMissing)},
	})
	life := func(from string, days int) *scanner.Facts {
		at, err := time.Parse(time.DateOnly, from)
		if err != nil {
			t.Fatal(err)
		}
		return hosts(leaf(func(c *scanner.Cert) { c.NotBefore, c.NotAfter = at, at.AddDate(0, 0, days) }))
	}
	judgeCases(t, "tls.certificate.lifetime", []ruleCase{
		{"398 days", life("2026-03-14", 398), passes("398 days, of 398 allowed")},
		{"399 days", life("2026-03-14", 399), fails("399 days").on("example.hk")},
		{"200 days", life("2026-03-15", 200), passes("of 200 allowed")},
		{"201 days", life("2026-03-15", 201), fails("201 days, of 200 allowed")},
		{"2027", life("2027-03-15", 101), fails("of 100 allowed")},
		{"2029", life("2029-03-15", 48), fails("of 47 allowed")},
		{"not trusted anyway", hosts(untrusted), notFor(scanner.NACovered)},
	})
	dane := func(status scanner.DNSSECStatus, fits scanner.Tristate) *scanner.Facts {
		return hosts(func(h *scanner.TLSHost) {
			h.DANE = &scanner.TLSDANE{At: "_443._tcp.example.hk", Records: []string{"3 1 1 ab"}, Security: status}
			h.TLSA, h.TLSABy = fits, "3 1 1 ab"
		})
	}
	other := dane(scanner.Secure, scanner.No)
	other.TLS.Hosts[0].Chain[0].KeySHA256 = "cd"
	if got := checkOf(t, "tls.dane.mismatch").Judge(other).Params["tlsa"]; got != "cd" {
		t.Errorf("the hash to publish is %q", got)
	}
	judgeCases(t, "tls.dane.mismatch", []ruleCase{
		{"none", hosts(good), notFor(scanner.NANotUsed)},
		{"fits", dane(scanner.Secure, scanner.Yes), passes("fits TLSA 3 1 1 ab")},
		{"does not", dane(scanner.Secure, scanner.No), fails("no certificate fits TLSA 3 1 1 ab").on("example.hk")},
		{"unsigned", dane(scanner.Insecure, scanner.Yes), warns("not protected by DNSSEC").on("example.hk")},
		{"bogus", dane(scanner.Bogus, scanner.No), notFor(scanner.NACovered)},
		{"cannot be told", dane(scanner.Indeterminate, scanner.No), isUnknown(scanner.FailUncertain)},
		{"no answer", hosts(func(h *scanner.TLSHost) { h.DANE.Failure = scanner.Failf(scanner.FailTimeout, "") }), isUnknown(scanner.FailTimeout)},
	})
}

func TestTLSFull(t *testing.T) {
	full := func(why *scanner.Failure, suites12 ...string) *scanner.Facts {
		f := hosts(func(h *scanner.TLSHost) {
			h.Every = &scanner.TLSEvery{Failure: why, Groups: []string{"x25519", "secp256r1"}, Groups13: []string{"x25519", "secp256r1"}, Suites: map[string][]string{
				"TLSv1.2": suites12, "TLSv1.3": {"TLS_AES_128_GCM_SHA256"},
			}}
		})
		f.Options.TLSFull = true
		return f
	}
	const gcm, cbc = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"
	lost := full(scanner.Failf(scanner.FailLimit, ""), gcm)
	none := hosts(good)
	none.Options.TLSFull = true
	judgeCases(t, "tls.profile.intermediate", []ruleCase{
		{"not asked for", hosts(good), notFor(scanner.NANotFull)},
		{"met", full(nil, gcm), passes("Mozilla intermediate: met")},
		{"the others beside it", full(nil, gcm), passes("Mozilla modern: against it TLSv1.2")},
		{"not met", full(nil, gcm, cbc), warns("Mozilla intermediate: against it " + cbc).on("example.hk")},
		{"good as far as it is known", lost, isUnknown(scanner.FailLimit)},
		{"not met as far as it is known", full(scanner.Failf(scanner.FailLimit, ""), cbc), warns("against it " + cbc)},
		{"nothing", none, isUnknown(scanner.FailUncertain)},
	})
	judgeCases(t, "tls.client.excluded", []ruleCase{
		{"not asked for", hosts(good), notFor(scanner.NANotFull)},
		{"nobody", full(nil, gcm, cbc), passes("all of 15")},
		{"as far as it is known", lost, isUnknown(scanner.FailLimit)},
		{"somebody", full(nil, gcm), warns("Internet Explorer 11 on Windows 7").on("example.hk")},
	})
}
