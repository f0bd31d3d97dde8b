package nucleiprobe

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// maxAddrs is how many addresses of one name are tried.
const maxAddrs = 3

// origins are the web roots to examine, sorted: every origin of the site's own
// names that answered, less plain http where it only leads to https.
func origins(f *scanner.Facts) []string {
	var out []string
	for i := range f.Web.Roots {
		hops := f.Web.Roots[i].Hops
		for j, hop := range hops {
			u, err := url.Parse(hop.URL)
			if err != nil || hop.Status == 0 || !slices.Contains(f.Target.Hosts(), u.Hostname()) {
				continue
			}
			toHTTPS := u.Scheme == "http" && j+1 < len(hops) && hop.Status >= 300 && hop.Status < 400
			if origin := u.Scheme + "://" + u.Host; !toHTTPS && !slices.Contains(out, origin) {
				out = append(out, origin)
			}
		}
	}
	slices.Sort(out)
	return out
}

// route is the host and port that the proxy is asked for to reach an origin.
func route(origin string) (host string, port uint16, name string) {
	u, err := url.Parse(origin)
	if err != nil {
		return "", 0, ""
	}
	port = 80
	if u.Scheme == "https" {
		port = 443
	}
	if n, err := strconv.ParseUint(u.Port(), 10, 16); err == nil {
		port = uint16(n)
	}
	return u.Hostname(), port, net.JoinHostPort(u.Hostname(), strconv.Itoa(int(port)))
}

// mapper is a dialer that leads some names to fixed addresses (--connect-to).
type mapper interface {
	Maps(host string, port uint16) (netip.Addr, bool)
}

// routes are the hosts and ports of targets and the addresses that the DNS
// probe found for them.
func routes(in scanner.Input, targets []string) map[string][]netip.Addr {
	known := map[string][]netip.Addr{}
	if in.Facts.DNS != nil {
		for _, h := range in.Facts.DNS.Hosts {
			known[h.Name] = h.Addrs[:min(len(h.Addrs), maxAddrs)]
		}
	}
	out := map[string][]netip.Addr{}
	for _, t := range targets {
		host, port, name := route(t)
		out[name] = known[host]
		if m, ok := in.Net.Dialer.(mapper); ok {
			if addr, ok := m.Maps(host, port); ok {
				out[name] = []netip.Addr{addr}
			}
		}
	}
	return out
}

// maxScripts is how many of the home pages' scripts are asked for their maps.
const maxScripts = 8

// withScripts adds the maps of the home pages' own scripts to the template
// that looks for such maps; every other text stays as it is.
func withScripts(name, text string, f *scanner.Facts) string {
	const before = "    stop-at-first-match: "
	if name != "exposure.source-map.file.yaml" || f == nil || f.Web == nil {
		return text
	}
	plain := regexp.MustCompile(`^/[A-Za-z0-9._/-]{1,200}\.js$`) // what a stranger wrote becomes part of a template
	var lines []string
	for i := range f.Web.Roots {
		if f.Web.Roots[i].Page == nil {
			continue
		}
		for _, script := range f.Web.Roots[i].Page.Scripts {
			u, err := url.Parse(script.URL)
			if err != nil || !slices.Contains(f.Target.Hosts(), u.Hostname()) || !plain.MatchString(u.EscapedPath()) {
				continue
			}
			line := "      - \"{{BaseURL}}" + u.EscapedPath() + ".map\"\n"
			if !strings.Contains(text, line) && !slices.Contains(lines, line) && len(lines) < maxScripts {
				lines = append(lines, line)
			}
		}
	}
	return strings.Replace(text, before, strings.Join(lines, "")+before, 1)
}
