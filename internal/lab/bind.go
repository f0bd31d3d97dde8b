//go:build unix

package lab

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/miekg/dns"
)

// View is one name server: what named answers on some addresses.
type View struct {
	Addrs     []string
	Zones     map[string]string // zone -> file in the lab's folder
	Recursion bool
	Transfer  bool // zone transfer to everybody
	NoTCP     bool // TCP connections are refused
}

// hintsFile is where the lab's root servers are named for named's own use.
const hintsFile = "dns/hints.zone"

// WriteZone writes a zone file and returns its path. Every zone gets the same
// SOA timers unless text has an SOA of its own; text is the rest in zone-file
// form, names relative to zone.
func (l *Lab) WriteZone(zone, primary, text string) (string, error) {
	name := strings.Trim(zone, ".")
	if zone == "." {
		name = "root"
	}
	return l.writeZone(name, zone, primary, text)
}

func (l *Lab) writeZone(name, zone, primary, text string) (string, error) {
	soa := fmt.Sprintf("@ SOA %s hostmaster.%s. 2026010100 14400 3600 1209600 3600\n", primary, Good)
	if strings.Contains(text, "@ SOA ") {
		soa = ""
	}
	return l.write("dns/"+name+".zone", fmt.Sprintf("$ORIGIN %s\n$TTL 3600\n%s%s\n", dns.Fqdn(zone), soa, text))
}

// sign signs a zone for 30 days, unless how says otherwise, with the keys in
// dir, which are made if there are none. It returns the signed file and the
// zone's DS records for the parent.
func (l *Lab) sign(ctx context.Context, zone, file, dir string, how Signing) (signed string, ds []string, err error) {
	if _, err := os.Stat(dir); err != nil {
		if err := l.makeKeys(ctx, zone, dir, how); err != nil {
			return "", nil, err
		}
	}
	signed = file + ".signed"
	args := append([]string{"-S", "-q", "-K", dir, "-d", dir}, how.Args...)
	if err := l.run(ctx, "dnssec-signzone", append(args, "-o", zone, "-f", signed, file)...); err != nil {
		return "", nil, err
	}
	if how.Edit != nil {
		if err := edit(signed, how.Edit); err != nil {
			return "", nil, err
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "dsset-"+dns.Fqdn(zone)))
	if err != nil {
		return "", nil, err
	}
	p := dns.NewZoneParser(strings.NewReader(string(data)), ".", "")
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		ds = append(ds, rr.String())
	}
	if how.DS != nil {
		ds = how.DS(ds)
	}
	return signed, ds, p.Err()
}

// makeKeys makes a zone's key signing and zone signing key.
func (l *Lab) makeKeys(ctx context.Context, zone, dir string, how Signing) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // G301: as New
		return err
	}
	if how.Algorithm == "" {
		how.Algorithm = "ECDSAP256SHA256"
	}
	for _, kind := range [][]string{{"-f", "KSK"}, nil} {
		args := append([]string{"-q", "-K", dir, "-a", how.Algorithm}, kind...)
		if how.Bits != 0 {
			args = append(args, "-b", strconv.Itoa(how.Bits))
		}
		if err := l.run(ctx, "dnssec-keygen", append(args, zone)...); err != nil {
			return err
		}
	}
	return nil
}

// StartBind runs one named that answers as a server of its own on the
// addresses of each view.
func (l *Lab) StartBind(ctx context.Context, rootAddr string, views []View) error {
	hints, err := l.write(hintsFile, fmt.Sprintf(". 3600 NS a.root.test.\na.root.test. 3600 A %s\n", rootAddr))
	if err != nil {
		return err
	}
	yes := map[bool]string{true: "yes", false: "no"}
	who := map[bool]string{true: "any", false: "none"}
	var listen, listen6, conf strings.Builder
	var ready, all []string
	for i, v := range views {
		for _, a := range v.Addrs {
			if strings.Contains(a, ":") {
				listen6.WriteString(a + "; ")
			} else {
				listen.WriteString(a + "; ")
			}
			if !v.NoTCP {
				ready = append(ready, net.JoinHostPort(a, "53"))
			}
		}
		all = append(all, v.Addrs...)
		fmt.Fprintf(&conf, "view v%d {\n match-destinations { %s; };\n recursion %s;\n allow-recursion { %s; };\n allow-transfer { %s; };\n",
			i, strings.Join(v.Addrs, "; "), yes[v.Recursion], who[v.Recursion], who[v.Transfer])
		if _, isRoot := v.Zones["."]; !isRoot {
			fmt.Fprintf(&conf, " zone \".\" { type hint; file %q; };\n", hints)
		}
		for zone, file := range v.Zones {
			fmt.Fprintf(&conf, " zone %q { type primary; file %q; };\n", zone, file)
		}
		conf.WriteString("};\n")
	}
	if err := l.own(ctx, all...); err != nil {
		return err
	}
	if listen6.Len() == 0 {
		listen6.WriteString("none; ")
	}
	for _, v := range views {
		for _, a := range v.Addrs {
			if v.NoTCP {
				if err := l.occupy(a); err != nil {
					return err
				}
			}
		}
	}
	dir := filepath.Join(l.Dir, "dns")
	options := fmt.Sprintf(`options {
 directory %q; pid-file none; session-keyfile none; listen-on { %s}; listen-on-v6 { %s};
 dnssec-validation no; empty-zones-enable no; version none; minimal-responses yes; querylog no; notify no;
 check-names primary ignore; managed-keys-directory %q;
};
controls { };
`, dir, listen.String(), listen6.String(), dir)
	path, err := l.write("dns/named.conf", options+conf.String())
	if err != nil {
		return err
	}
	return l.start(ctx, ready, nil, "named", "-g", "-n", "1", "-c", path)
}

// occupy takes TCP port 53 of an address without listening there: named then
// serves UDP alone, and connections are refused.
func (l *Lab) occupy(addr string) error {
	a := netip.MustParseAddr(addr)
	var where syscall.Sockaddr = &syscall.SockaddrInet6{Port: 53, Addr: a.As16()}
	family := syscall.AF_INET6
	if a.Is4() {
		where, family = &syscall.SockaddrInet4{Port: 53, Addr: a.As4()}, syscall.AF_INET
	}
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	syscall.CloseOnExec(fd)
	l.onClose(func() { _ = syscall.Close(fd) })
	return syscall.Bind(fd, where)
}
