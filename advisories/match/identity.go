package match

import (
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"
	"golang.org/x/text/unicode/norm"
)

// identity is which product something is, whatever its version.
type identity struct {
	cpe  *cpe // nil: none
	purl *purl
	// makers are what vendor and name come to, "apache/httpserver", by the CPE, by
	// the words, and by what is known of the package; without duplicates.
	makers []string
	// vendor says that makers has some that a document named, so that products of
	// the same name are told apart.
	vendor bool
	// names are the name alone and with the vendor in front, without those that are
	// too common to find a product by.
	names []string
}

// purl is what a package URL says.
type purl struct {
	kind    string // the type
	path    string // type/namespace/name
	name    string
	version string
	distro  string // of a distribution's package: "debian-12", "" where it is not said
	// source is the path of the source package, of which this is a part, and
	// sourceVersion its version; "" where they are the same.
	source, sourceVersion string
}

func parsePURL(s string) (*purl, bool) {
	s = strings.TrimSpace(s)
	if len(s) > maxName || !strings.HasPrefix(strings.ToLower(s), "pkg:") {
		return nil, false
	}
	u, err := packageurl.FromString(s)
	if err != nil || u.Type == "" || u.Name == "" {
		return nil, false
	}
	path := func(name string) string {
		if u.Namespace == "" {
			return strings.ToLower(u.Type) + "/" + name
		}
		return strings.ToLower(u.Type) + "/" + u.Namespace + "/" + name
	}
	p := &purl{kind: strings.ToLower(u.Type), path: path(u.Name), name: u.Name, version: u.Version}
	for _, q := range u.Qualifiers {
		switch q.Key {
		case "distro":
			p.distro = distroName(q.Value)
		case "epoch":
			if p.kind == "rpm" && p.version != "" {
				p.version = q.Value + ":" + p.version
			}
		case "upstream": // as syft writes it
			if name, version := sourceOf(q.Value); name != "" && name != u.Name {
				p.source, p.sourceVersion = path(name), version
				if epoch, _, ok := strings.Cut(p.version, ":"); ok && p.kind == "rpm" && version != "" { // which its file's name leaves out
					p.sourceVersion = epoch + ":" + version
				}
			}
		}
	}
	return p, true
}

// sourceOf is a source package and its version, "" where they are the same: "openssl",
// "openssl@3.0.11-1" or "openssl-1.1.1k-12.el8.src.rpm".
func sourceOf(s string) (name, version string) {
	if file, ok := strings.CutSuffix(s, ".src.rpm"); ok {
		if release := strings.LastIndexByte(file, '-'); release > 0 {
			if at := strings.LastIndexByte(file[:release], '-'); at > 0 {
				return file[:at], file[at+1:]
			}
		}
		return "", ""
	}
	name, version, _ = strings.Cut(s, "@")
	return name, version
}

// packaged reports whether it is the package of a distribution of an operating
// system, which mends faults without changing the version that it shows.
func (p *purl) packaged() bool {
	return p != nil && (p.kind == "deb" || p.kind == "rpm" || p.kind == "apk" || p.kind == "alpm")
}

// distribution is who made the package, of a packaged one.
func (p *purl) distribution() string {
	parts := strings.Split(p.path, "/")
	if len(parts) > 2 {
		return parts[1]
	}
	return parts[0]
}

// target is what CPE names call the surroundings of a package (target_sw), "" for
// packages that are products of their own. Names of such packages are short
// common words, and no sign of a product elsewhere.
func (p *purl) target() string {
	switch p.kind {
	case "npm":
		return "node.js"
	case "pypi":
		return "python"
	case "gem":
		return "ruby"
	case "cargo":
		return "rust"
	case "golang":
		return "go"
	case "composer":
		return "php"
	case "maven":
		return "java"
	case "nuget":
		return ".net"
	case "hex", "pub", "cran", "hackage", "swift", "cocoapods", "cpan", "luarocks", "julia", "opam", "vscode-extension", "chrome-extension", "mlflow", "huggingface":
		return p.kind
	}
	return ""
}

// identify finds out which product names mean. version is cut off the name.
func identify(vendor, name, version, cpeName, purlName string) identity {
	var id identity
	if c, ok := parseCPE(cpeName); ok {
		id.cpe = &c
		id.add(c.vendor, strings.ReplaceAll(c.product, "_", " "))
		id.vendor = true
	}
	if p, ok := parsePURL(purlName); ok {
		id.purl = p
		if maker := packages()[p.path]; maker != "" && !slices.Contains(id.makers, maker) {
			id.makers = append(id.makers, maker)
		}
	}
	name = cleanName(name, version)
	// The supplier of a distribution's package is the distribution.
	if vendor != "" && name != "" && !id.purl.packaged() {
		id.add(vendor, name)
		id.vendor = true
	}
	if name == "" && id.cpe != nil {
		name = strings.ReplaceAll(id.cpe.product, "_", " ")
	}
	if name == "" && id.purl != nil {
		name = id.purl.name
	}
	if words := wordsOf(name); distinctive(words) {
		id.names = append(id.names, nameOf(strings.Join(words, "")))
	}
	if !id.vendor {
		return id
	}
	for _, maker := range id.makers { // "HTTP Server" of Apache
		vendor, name, _ := strings.Cut(maker, "/")
		if both := nameOf(vendor + name); vendor != name && !slices.Contains(id.names, both) {
			id.names = append(id.names, both)
		}
	}
	return id
}

func (id *identity) add(vendor, name string) {
	if maker := makerOf(vendor, name); maker != "" && !slices.Contains(id.makers, maker) {
		id.makers = append(id.makers, maker)
	}
}

// kinship is how sure it is that two names mean one product.
type kinship int

const (
	strangers kinship = iota
	namesakes         // the same name, and nothing to tell them apart by
	same
)

// kin compares which product two names mean. Where both have an identifier of one
// kind, it decides: what contradicts it does not count.
func (id *identity) kin(other *identity) kinship {
	if id.purl != nil && other.purl != nil {
		switch a, b := id.purl, other.purl; {
		case a.path == b.path, a.source != "" && a.source == b.path, b.source != "" && b.source == a.path:
			return same
		case a.kind == b.kind, a.target() != "" && b.target() != "":
			return strangers
		}
	}
	if id.cpe != nil && other.cpe != nil && !id.cpe.agrees(other.cpe) {
		return strangers
	}
	for _, maker := range id.makers {
		if slices.Contains(other.makers, maker) {
			return same
		}
	}
	if id.vendor && other.vendor || !id.canShareName(other) || !other.canShareName(id) {
		return strangers
	}
	for _, name := range id.names {
		if slices.Contains(other.names, name) {
			return namesakes
		}
	}
	return strangers
}

// agrees reports whether two CPE names may be of one product: part and target
// software are the same where both say them.
func (c *cpe) agrees(d *cpe) bool {
	fits := func(a, b string) bool { return a == "" || b == "" || a == "-" || b == "-" || a == b }
	return fits(c.part, d.part) && fits(c.target, d.target)
}

// canShareName reports whether the name of id, if it is that of a package of a
// programming language, says something about other.
func (id *identity) canShareName(other *identity) bool {
	if id.purl == nil || id.purl.target() == "" {
		return true
	}
	return other.cpe != nil && other.cpe.target == id.purl.target()
}

// wordsOf are the words of a name in lower case: letters, digits and "+" and "#",
// which tell C++ and C# from C.
func wordsOf(s string) []string {
	if len(s) > maxName {
		return nil
	}
	return strings.FieldsFunc(strings.ToLower(norm.NFKC.String(s)), func(r rune) bool {
		return r != '+' && r != '#' && !isWord(r)
	})
}
