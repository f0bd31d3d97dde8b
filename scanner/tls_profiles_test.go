package scanner_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
)

func every(versions map[string]string, groups, groups13 string) *scanner.TLSHost {
	h := &scanner.TLSHost{Every: &scanner.TLSEvery{Suites: map[string][]string{}, Groups: strings.Fields(groups), Groups13: strings.Fields(groups13)}}
	for version, suites := range versions {
		h.Every.Suites[version] = strings.Fields(suites)
	}
	return h
}

const (
	all13 = "TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256 TLS_AES_128_GCM_SHA256"
	gcm12 = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
)

func TestProfiles(t *testing.T) {
	const usual = "x25519 secp256r1"
	short := every(map[string]string{"TLSv1.3": all13}, "", usual)
	short.Chain = []scanner.Cert{{KeyType: "RSA", KeyBits: 1024}}
	short.DHEBits, short.Versions = 1024, map[string]scanner.Tristate{"SSLv2": scanner.Yes}
	tests := []struct {
		name string
		host *scanner.TLSHost
		want map[string]string // against, by profile
	}{
		{"TLS 1.3 alone", every(map[string]string{"TLSv1.3": all13}, "", "X25519MLKEM768 "+usual), map[string]string{}},
		{"intermediate", every(map[string]string{"TLSv1.3": all13, "TLSv1.2": gcm12}, usual, usual), map[string]string{
			scanner.ProfileModern: "TLSv1.2 " + gcm12,
		}},
		{"CBC beside it", every(map[string]string{"TLSv1.2": gcm12 + " TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"}, usual, ""), map[string]string{
			scanner.ProfileModern:       "TLSv1.2 TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA " + gcm12,
			scanner.ProfileIntermediate: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
		}},
		{"old", every(map[string]string{"TLSv1.0": "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "SSLv3": ""}, "secp521r1", ""), map[string]string{
			scanner.ProfileModern:       "TLSv1.0 TLS_RSA_WITH_3DES_EDE_CBC_SHA secp521r1",
			scanner.ProfileIntermediate: "TLSv1.0 TLS_RSA_WITH_3DES_EDE_CBC_SHA secp521r1",
			scanner.ProfileOld:          "secp521r1",
			scanner.ProfileNCSC:         "TLSv1.0 TLS_RSA_WITH_3DES_EDE_CBC_SHA secp521r1",
		}},
		{"what is no suite", short, map[string]string{
			scanner.ProfileModern: "SSLv2 DHE 1024 bits RSA 1024 bits", scanner.ProfileIntermediate: "SSLv2 DHE 1024 bits RSA 1024 bits",
			scanner.ProfileOld: "SSLv2 DHE 1024 bits RSA 1024 bits", scanner.ProfileNCSC: "SSLv2 DHE 1024 bits RSA 1024 bits",
		}},
	}
	for _, tt := range tests {
		for _, p := range tt.host.Profiles() {
			if got := strings.Join(p.Against, " "); got != tt.want[p.Name] || p.Met() != (got == "") {
				t.Errorf("%s, %s: against it %q, want %q", tt.name, p.Name, got, tt.want[p.Name])
			}
		}
		if len(tt.host.Profiles()) != 4 {
			t.Errorf("%s: %d profiles", tt.name, len(tt.host.Profiles()))
		}
	}
	if (&scanner.TLSHost{}).Profiles() != nil || (&scanner.TLSHost{}).Clients() != nil {
		t.Error("something is said of a server that was not asked")
	}
}

func TestClients(t *testing.T) {
	old := []string{"Android 7", "Internet Explorer 11 on Windows 7", "Internet Explorer 11 on Windows 10", "Java 8", "OpenSSL 1.0.2"}
	const usual = "x25519 secp256r1 secp384r1"
	tests := []struct {
		name string
		host *scanner.TLSHost
		out  []string // who cannot connect
	}{
		{"everything", every(map[string]string{"TLSv1.3": all13, "TLSv1.2": gcm12 + " TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"}, usual, usual), nil},
		{"no CBC", every(map[string]string{"TLSv1.3": all13, "TLSv1.2": gcm12}, usual, usual), []string{"Internet Explorer 11 on Windows 7"}},
		{"TLS 1.3 alone", every(map[string]string{"TLSv1.3": all13}, "", usual), old},
		{"x25519 alone", every(map[string]string{"TLSv1.3": all13, "TLSv1.2": gcm12}, "x25519", "x25519"), []string{
			"Internet Explorer 11 on Windows 7", "Java 8", "Java 11", "OpenSSL 1.0.2",
		}},
		{"TLS 1.0 alone", every(map[string]string{"TLSv1.0": "TLS_RSA_WITH_AES_128_CBC_SHA"}, "", ""), []string{"Chrome", "Firefox", "OpenSSL 3"}},
		{"ChaCha20 alone in TLS 1.3, and then no way back", every(map[string]string{"TLSv1.3": "TLS_CHACHA20_POLY1305_SHA256", "TLSv1.2": gcm12}, usual, usual), []string{
			"Internet Explorer 11 on Windows 7", "Java 11",
		}},
	}
	for _, tt := range tests {
		var out []string
		for _, c := range tt.host.Clients() {
			if !c.Connects() {
				out = append(out, c.Name)
			}
		}
		if !slices.Equal(out, tt.out) {
			t.Errorf("%s: %q cannot connect, want %q", tt.name, out, tt.out)
		}
	}
	for _, c := range tests[0].host.Clients() {
		if c.Name == "Java 8" && c != (scanner.TLSClient{Name: "Java 8", Version: "TLSv1.2", Suite: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", Group: "secp256r1"}) {
			t.Errorf("%+v", c)
		}
	}
}
