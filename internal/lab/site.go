//go:build unix

package lab

import (
	"context"
	"fmt"
	"strings"
)

// Site is one site of the lab: the good site, but for what its fields say. The
// zero value with a Domain is a site without faults.
//
// Zone, Parent, Web and HTTP amend the good site's lines, one line each:
//
//	_dmarc TXT "v=DMARC1; p=none"   takes the place of all lines with this key
//	+@ TXT "v=spf1 -all"            comes beside them
//	-_mta-sts TXT                   takes them away
//
// A line's key is owner and type in a zone and the first word of a directive
// ("add_header" and its like: two words). In all of them, in Files and in the
// options of Mail, {domain}, {web}, {web6}, {mx}, {mxname}, {ns1} to {ns4} and
// {ns1v6}... stand for the site's own names and addresses, {dir} for the folder
// of its files, {crt}, {key} and {ocsp} for its certificate chain, key and stapled answer, {tlsa} and
// {mxtlsa} for "3 1 1" and the hash of the key of its web and mail server.
type Site struct {
	Domain string // under the top-level domain "test"

	// What a scan must find beyond what it finds on the good site, and nothing
	// else: the fault, and the consequences that cannot be told apart from it.
	Fails, Warns, Unknown []string
	// Only is the family that the row is about, where another server than nginx
	// or apache2 serves pages of its own; "": all.
	Only    string
	TLSFull bool // scan with every cipher suite

	Zone   string       // of the domain
	Parent string       // the delegation: owners relative to the domain
	NS     []NameServer // nil: the two name servers that all sites share
	Sign   Signing

	Web   string            // the https server of nginx (or apache2)
	HTTP  string            // the server of port 80
	Files map[string]string // by path below the document root; "-" takes one away
	// Cert makes the web server's chain and key, nil: as Authority.Issue, with
	// an OCSP responder. A certificate without one has no use for "-ssl_stapling".
	Cert CertFunc
	// Serve starts another web server in place of nginx, or none; port 80 is
	// nginx's all the same unless HTTP is "-".
	Serve func(ctx context.Context, l *Lab, p *Place) error
	// Beside starts a further server, after the web servers.
	Beside func(ctx context.Context, l *Lab, p *Place) error
	Apache bool // apache2 serves it: Web and HTTP are in its language
	// Needs are programs beyond Programs that this site cannot do without.
	Needs []string

	Mail *Mail // nil: the mail server that all sites share
}

// CertFunc makes a certificate chain and its key, in PEM, for these names.
type CertFunc func(a *Authority, names ...string) (chain, key string, err error)

// Signing is how a zone is signed; the zero value: well, with ECDSA P-256.
type Signing struct {
	Off       bool     // the zone is not signed
	Algorithm string   // as dnssec-keygen knows it
	Bits      int      // of an RSA key
	Args      []string // more arguments of dnssec-signzone
	// Edit may spoil the signed zone file, DS the records for the parent.
	Edit func(signed string) string
	DS   func(ds []string) []string
}

// NameServer is a name server of a site's own: a view of named, nsK.<domain>.
type NameServer struct {
	Addr                string // "": one in a network of its own
	NoIPv6              bool
	Lame                bool // it knows nothing of the zone
	NoTCP               bool
	Recursion, Transfer bool
	Zone                string // amends this server's copy of the zone, which is signed by the same keys
	// Serve starts another server in place of named. Its zone file is signed
	// unless Sign.Off.
	Serve func(ctx context.Context, l *Lab, p *Place, addr, zoneFile string) error
}

// Mail is a mail server of a site's own: a service of the one postfix, at
// mail.<domain>.
type Mail struct {
	Options []string // "smtpd_tls_security_level = none", over those of the good one
	Cert    CertFunc
	// Serve starts another server at p.MX, port 25, in place of postfix.
	Serve func(ctx context.Context, l *Lab, p *Place) error
}

// Place is a site with the names and addresses that it got.
type Place struct {
	Site
	Web, Web6, MX, MXName string
	NSAddrs               []string // IPv4, in the order of ns1, ns2, ...
	NSAddrs6              []string // "" where it has none
	Dir                   string   // of its files
	Crt, Key              string   // files of its web certificate
	MXCrt, MXKey          string   // of its mail certificate, when it has Mail
	tlsa, mxtlsa          string
}

// Expand puts the site's own names and addresses for their placeholders.
func (p *Place) Expand(text string) string {
	pairs := []string{
		"{domain}", p.Domain, "{web}", p.Web, "{web6}", p.Web6, "{mx}", p.MX, "{mxname}", p.MXName,
		"{dir}", p.Dir, "{crt}", p.Crt, "{key}", p.Key, "{ocsp}", strings.TrimSuffix(p.Crt, "crt") + "ocsp", "{tlsa}", p.tlsa, "{mxtlsa}", p.mxtlsa,
	}
	for i, a := range p.NSAddrs {
		pairs = append(pairs, fmt.Sprintf("{ns%d}", i+1), a, fmt.Sprintf("{ns%dv6}", i+1), p.NSAddrs6[i])
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// amend changes base by the lines of changes, as Site says.
func amend(base, changes string, key func(line string) string) string {
	gone := map[string]bool{}
	var more []string
	for line := range strings.SplitSeq(changes, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case strings.HasPrefix(line, "+"):
			more = append(more, line[1:])
		case strings.HasPrefix(line, "-"):
			gone[key(line[1:])] = true
		default:
			gone[key(line)] = true
			more = append(more, line)
		}
	}
	var out []string
	for line := range strings.SplitSeq(base, "\n") {
		if strings.TrimSpace(line) != "" && !gone[key(line)] {
			out = append(out, line)
		}
	}
	return strings.Join(append(out, more...), "\n") + "\n"
}

// recordKey is owner and type of a zone's line.
func recordKey(line string) string { return words(line, 2) }

// directiveKey is the name of a directive, with its subject where a server may
// have one directive of that name for each.
func directiveKey(line string) string {
	switch name := words(line, 1); name {
	case "add_header", "location", "ssl_conf_command", "error_page":
		return words(line, 2)
	case "Header": // apache2: Header always set Name
		return words(line, 4)
	default:
		return name
	}
}

func words(line string, n int) string {
	f := strings.Fields(strings.TrimSuffix(strings.TrimSpace(line), ";"))
	return strings.Join(f[:min(n, len(f))], " ")
}
