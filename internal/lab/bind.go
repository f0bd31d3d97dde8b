//go:build unix

package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/miekg/dns"
)

// View is one name server: what named answers on one address.
type View struct {
	Addr      string
	Zones     map[string]string // zone -> file in the lab's folder
	Recursion bool
	Transfer  bool // zone transfer to everybody
}

// hintsFile is where the lab's root servers are named for named's own use.
const hintsFile = "dns/hints.zone"

// WriteZone writes a zone file and returns its path. Every zone gets the same
// SOA timers; text is the rest in zone-file form, names relative to zone.
func (l *Lab) WriteZone(zone, primary, text string) (string, error) {
	file := "dns/" + strings.Trim(zone, ".") + ".zone"
	if zone == "." {
		file = "dns/root.zone"
	}
	return l.write(file, fmt.Sprintf("$ORIGIN %s\n$TTL 3600\n@ SOA %s hostmaster.test. 2026010100 7200 3600 1209600 3600\n%s\n", dns.Fqdn(zone), primary, text))
}

// Sign signs a zone with ECDSA P-256 for 30 days. It returns the signed file
// and the zone's DS records for the parent.
func (l *Lab) Sign(ctx context.Context, zone, file string) (signed string, ds []string, err error) {
	keys := filepath.Join(l.Dir, "dns", "keys")
	if err := os.MkdirAll(keys, 0o755); err != nil { //nolint:gosec // G301: named must read it
		return "", nil, err
	}
	for _, kind := range [][]string{{"-f", "KSK"}, nil} {
		args := append([]string{"-q", "-K", keys, "-a", "ECDSAP256SHA256"}, kind...)
		if err := l.run(ctx, "dnssec-keygen", append(args, zone)...); err != nil {
			return "", nil, err
		}
	}
	signed = file + ".signed"
	if err := l.run(ctx, "dnssec-signzone", "-S", "-q", "-K", keys, "-d", l.Dir, "-o", zone, "-f", signed, file); err != nil {
		return "", nil, err
	}
	name := strings.TrimSuffix(dns.Fqdn(zone), ".") + "."
	data, err := os.ReadFile(filepath.Join(l.Dir, "dsset-"+name))
	if err != nil {
		return "", nil, err
	}
	p := dns.NewZoneParser(strings.NewReader(string(data)), ".", "")
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		ds = append(ds, rr.String())
	}
	return signed, ds, p.Err()
}

// StartBind runs one named that answers as a server of its own on the address
// of each view.
func (l *Lab) StartBind(ctx context.Context, rootAddr string, views []View) error {
	hints, err := l.write(hintsFile, fmt.Sprintf(". 3600 NS a.root.test.\na.root.test. 3600 A %s\n", rootAddr))
	if err != nil {
		return err
	}
	yes := map[bool]string{true: "yes", false: "no"}
	who := map[bool]string{true: "any", false: "none"}
	var listen, conf strings.Builder
	var ready []string
	for i, v := range views {
		fmt.Fprintf(&listen, "%s; ", v.Addr)
		ready = append(ready, v.Addr+":53")
		if err := l.own(ctx, v.Addr); err != nil {
			return err
		}
		fmt.Fprintf(&conf, "view v%d {\n match-destinations { %s; };\n recursion %s;\n allow-recursion { %s; };\n allow-transfer { %s; };\n",
			i, v.Addr, yes[v.Recursion], who[v.Recursion], who[v.Transfer])
		if _, isRoot := v.Zones["."]; !isRoot {
			fmt.Fprintf(&conf, " zone \".\" { type hint; file %q; };\n", hints)
		}
		for zone, file := range v.Zones {
			fmt.Fprintf(&conf, " zone %q { type primary; file %q; };\n", zone, file)
		}
		conf.WriteString("};\n")
	}
	dir := filepath.Join(l.Dir, "dns")
	options := fmt.Sprintf(`options {
 directory %q; pid-file none; session-keyfile none; listen-on { %s}; listen-on-v6 { none; };
 dnssec-validation no; empty-zones-enable no; version none; minimal-responses yes; querylog no; notify no;
 managed-keys-directory %q;
};
controls { };
`, dir, listen.String(), dir)
	path, err := l.write("dns/named.conf", options+conf.String())
	if err != nil {
		return err
	}
	return l.start(ctx, ready, nil, "named", "-g", "-n", "1", "-c", path)
}
