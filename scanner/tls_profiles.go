package scanner

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Names of the profiles that TLSHost.Profiles knows.
const (
	ProfileModern       = "Mozilla modern"
	ProfileIntermediate = "Mozilla intermediate"
	ProfileOld          = "Mozilla old"
	ProfileNCSC         = "NCSC-NL sufficient"
)

// TLSProfile is a published set of settings held against a server.
type TLSProfile struct {
	Name string `json:"name"`
	// Against are the versions, suites, groups and keys that the server accepts
	// or has and that the profile does not, sorted within each kind.
	Against []string `json:"against,omitempty"`
}

// Met tells whether nothing stands against it.
func (p TLSProfile) Met() bool { return len(p.Against) == 0 }

// TLSServer is what a scan that asked for every suite says of one server beyond
// its findings.
type TLSServer struct {
	Name     string       `json:"name"`
	Addr     string       `json:"addr"` // with the port
	Profiles []TLSProfile `json:"profiles"`
	Clients  []TLSClient  `json:"clients"`
	// Failure is why the suites may not be all; nil: they are.
	Failure *Failure `json:"failure,omitempty"`
}

// servers are those of which every suite was asked for.
func (f *TLSFacts) servers() []TLSServer {
	if f == nil {
		return nil
	}
	var out []TLSServer
	for i := range f.Hosts {
		if h := &f.Hosts[i]; h.Every != nil {
			addr := netip.AddrPortFrom(h.Addr, h.Port).String()
			out = append(out, TLSServer{h.Name, addr, h.Profiles(), h.Clients(), h.Every.Failure})
		}
	}
	return out
}

// Profiles holds what the server accepts against Mozilla's Server Side TLS 5.7
// (with the hybrid groups of 5.8) and the guidelines of the Dutch NCSC, version
// 2.1, of which all that is "good" or "sufficient" is allowed. It is nil unless
// every suite was asked for (Options.TLSFull).
func (h *TLSHost) Profiles() []TLSProfile {
	if h.Every == nil {
		return nil
	}
	var out []TLSProfile
	for _, p := range profiles() {
		out = append(out, TLSProfile{p.name, p.against(h)})
	}
	return out
}

type profile struct {
	name     string
	versions []string
	suites   func(name string) bool
	groups   []string
	rsaBits  int
}

func profiles() []profile {
	modern := []string{"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
	kinds := []string{"AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256"}
	var intermediate, old, ncsc []string
	intermediate = append(intermediate, modern...)
	for _, kx := range []string{"ECDHE_ECDSA", "ECDHE_RSA", "DHE_RSA"} {
		for _, kind := range kinds {
			intermediate = append(intermediate, "TLS_"+kx+"_WITH_"+kind)
		}
	}
	old = append(old, intermediate...)
	ncsc = append(ncsc, intermediate...)
	for _, kx := range []string{"ECDHE_ECDSA", "ECDHE_RSA"} {
		for _, kind := range []string{"AES_128_CBC_SHA256", "AES_256_CBC_SHA384", "AES_128_CBC_SHA", "AES_256_CBC_SHA"} {
			old = append(old, "TLS_"+kx+"_WITH_"+kind)
			ncsc = append(ncsc, "TLS_"+kx+"_WITH_"+kind)
		}
	}
	for _, kind := range []string{"AES_128_CBC_SHA256", "AES_256_CBC_SHA256"} {
		old = append(old, "TLS_DHE_RSA_WITH_"+kind)
	}
	for _, kind := range []string{"AES_128_CBC_SHA256", "AES_256_CBC_SHA256", "AES_128_CBC_SHA", "AES_256_CBC_SHA"} {
		ncsc = append(ncsc, "TLS_DHE_RSA_WITH_"+kind)
		old = append(old, "TLS_RSA_WITH_"+kind)
	}
	old = append(old, "TLS_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_256_GCM_SHA384", "TLS_RSA_WITH_3DES_EDE_CBC_SHA")
	hybrid := []string{"X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024"}
	mozilla := append([]string{"x25519", "secp256r1", "secp384r1"}, hybrid...)
	dutch := append([]string{"x448", "ffdhe2048", "ffdhe3072", "ffdhe4096"}, mozilla...)
	in := func(list []string) func(string) bool {
		return func(name string) bool { return slices.Contains(list, name) }
	}
	return []profile{
		{ProfileModern, []string{"TLSv1.3"}, in(modern), mozilla, 2048},
		{ProfileIntermediate, []string{"TLSv1.2", "TLSv1.3"}, in(intermediate), mozilla, 2048},
		{ProfileOld, []string{"TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"}, in(old), mozilla, 2048},
		{ProfileNCSC, []string{"TLSv1.2", "TLSv1.3"}, in(ncsc), dutch, 2048},
	}
}

func (p profile) against(h *TLSHost) []string {
	var versions, suites, groups, keys []string
	for version, names := range h.Every.Suites {
		if len(names) > 0 && !slices.Contains(p.versions, version) {
			versions = append(versions, version)
		}
		for _, name := range names {
			if !p.suites(name) {
				suites = append(suites, name)
			}
		}
	}
	if h.Versions["SSLv2"] == Yes {
		versions = append(versions, "SSLv2")
	}
	for _, name := range slices.Concat(h.Every.Groups, h.Every.Groups13) {
		if !slices.Contains(p.groups, name) {
			groups = append(groups, name)
		}
	}
	if h.DHEBits > 0 && h.DHEBits < 2048 {
		groups = append(groups, fmt.Sprintf("DHE %d bits", h.DHEBits))
	}
	if len(h.Chain) > 0 && h.Chain[0].KeyType == "RSA" && h.Chain[0].KeyBits < p.rsaBits {
		keys = append(keys, fmt.Sprintf("RSA %d bits", h.Chain[0].KeyBits))
	}
	var out []string
	for _, list := range [][]string{versions, suites, groups, keys} {
		slices.Sort(list)
		out = append(out, slices.Compact(list)...)
	}
	return out
}

// TLSClient is a common program and how it would connect.
type TLSClient struct {
	Name string `json:"name"` // "Android 7"
	// Version, Suite and Group are what would be agreed on; all are empty where
	// it cannot connect. Group is empty without elliptic curves.
	Version string `json:"version,omitempty"`
	Suite   string `json:"suite,omitempty"`
	Group   string `json:"group,omitempty"`
}

// Connects tells whether the client and the server have enough in common.
func (c TLSClient) Connects() bool { return c.Version != "" }

// Clients says how common clients would fare, from what the server accepts and
// what they offer by default: versions, suites and groups alone. Whether they
// know the certificate's issuer is another matter. It is nil unless every suite
// was asked for (Options.TLSFull).
func (h *TLSHost) Clients() []TLSClient {
	if h.Every == nil {
		return nil
	}
	var out []TLSClient
	for _, c := range clients() {
		out = append(out, c.connect(h.Every))
	}
	return out
}

// connect: the server takes the highest version that both have (RFC 5246
// appendix E.1), and then there is no way back. Of the suites it takes the first
// of its own order.
func (c client) connect(e *TLSEvery) TLSClient {
	out := TLSClient{Name: c.name}
	for _, version := range []string{"TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1.0", "SSLv3"} {
		if len(e.Suites[version]) == 0 || !slices.Contains(c.versions, version) {
			continue
		}
		groups := e.Groups
		if version == "TLSv1.3" {
			groups = e.Groups13
		}
		i := slices.IndexFunc(groups, func(g string) bool { return slices.Contains(c.groups, g) })
		for _, name := range e.Suites[version] {
			curves := version == "TLSv1.3" || strings.HasPrefix(name, "TLS_ECDHE_")
			if !slices.Contains(c.suites, name) || curves && i < 0 {
				continue
			}
			out.Version, out.Suite = version, name
			if curves {
				out.Group = groups[i]
			}
			return out
		}
		return out
	}
	return out
}
