package osv

import (
	"strings"

	"github.com/package-url/packageurl-go"
)

// ecosystem is one of OSV's, and what it is elsewhere.
type ecosystem struct {
	name      string // in OSV
	typ       string // of package URLs
	namespace string // of package URLs, where the ecosystem is a distribution
	scheme    string // of VERS
	join      string // between namespace and name of a package in OSV; "" where it has no namespace
	semver    bool   // versions are ordered by SemVer 2.0
}

// ecosystems are those that have package URLs. Of several with one type of them,
// the namespace tells.
func ecosystems() []ecosystem {
	return []ecosystem{
		{"npm", "npm", "", "npm", "/", true},
		{"PyPI", "pypi", "", "pypi", "", false},
		{"Go", "golang", "", "golang", "/", true},
		{"Maven", "maven", "", "maven", ":", false},
		{"RubyGems", "gem", "", "gem", "", false},
		{"crates.io", "cargo", "", "cargo", "", true},
		{"NuGet", "nuget", "", "nuget", "", false},
		{"Packagist", "composer", "", "composer", "/", false},
		{"Hex", "hex", "", "hex", "", true},
		{"Pub", "pub", "", "pub", "", true},
		{"Hackage", "hackage", "", "hackage", "", false},
		{"CRAN", "cran", "", "cran", "", false},
		{"ConanCenter", "conan", "", "conan", "", false},
		{"SwiftURL", "swift", "", "swift", "/", true},
		{"GitHub Actions", "githubactions", "", "generic", "/", true},
		{"Bitnami", "bitnami", "", "generic", "", true},
		{"Debian", "deb", "debian", "deb", "", false},
		{"Ubuntu", "deb", "ubuntu", "deb", "", false},
		{"Alpine", "apk", "alpine", "apk", "", false},
		{"Chainguard", "apk", "chainguard", "apk", "", false},
		{"Wolfi", "apk", "wolfi", "apk", "", false},
		{"Red Hat", "rpm", "redhat", "rpm", "", false},
		{"Rocky Linux", "rpm", "rocky-linux", "rpm", "", false},
		{"AlmaLinux", "rpm", "almalinux", "rpm", "", false},
		{"SUSE", "rpm", "suse", "rpm", "", false},
		{"openSUSE", "rpm", "opensuse", "rpm", "", false},
		{"Mageia", "rpm", "mageia", "rpm", "", false},
	}
}

// packageOf is the package that a package URL names, with its version; false for
// what is of no ecosystem that OSV knows.
func packageOf(purl string) (p Package, eco ecosystem, version string, ok bool) {
	u, err := packageurl.FromString(purl)
	if err != nil {
		return p, eco, "", false
	}
	for _, eco := range ecosystems() {
		if eco.typ != u.Type || eco.namespace != "" && eco.namespace != strings.ToLower(u.Namespace) {
			continue
		}
		p = Package{Ecosystem: eco.name, Name: u.Name}
		switch {
		case eco.namespace != "":
			p.Ecosystem += release(eco, u.Qualifiers.Map()["distro"])
		case u.Namespace != "" && eco.join == "":
			return Package{}, eco, "", false
		case u.Namespace != "":
			p.Name = u.Namespace + eco.join + u.Name
		}
		bare := *packageurl.NewPackageURL(u.Type, u.Namespace, u.Name, "", nil, "")
		p.PURL = bare.ToString()
		return p, eco, u.Version, true
	}
	return Package{}, eco, "", false
}

// release is what follows an ecosystem's name for a release of the distribution,
// by the qualifier distro of package URLs: "debian-12" is ":12", a code name "".
func release(eco ecosystem, distro string) string {
	number, ok := strings.CutPrefix(strings.ToLower(distro), eco.namespace+"-")
	if !ok || number == "" || strings.Trim(number, "0123456789.") != "" {
		return ""
	}
	if eco.name == "Alpine" {
		number = "v" + number
	}
	return ":" + number
}

// known finds an ecosystem by its name in OSV, which a release may follow.
func known(name string) (eco ecosystem, release string, ok bool) {
	name, release, _ = strings.Cut(name, ":")
	for _, eco := range ecosystems() {
		if eco.name == name {
			return eco, release, true
		}
	}
	return ecosystem{scheme: "generic"}, release, false
}

// purlOf is the package URL of a package, "" for an ecosystem that has none.
func purlOf(p Package) string {
	eco, release, ok := known(p.Ecosystem)
	if !ok || p.Name == "" {
		return ""
	}
	namespace, name := eco.namespace, p.Name
	if eco.join != "" {
		if i := strings.LastIndex(name, eco.join); i >= 0 {
			namespace, name = name[:i], name[i+len(eco.join):]
		}
	}
	var qualifiers packageurl.Qualifiers
	if eco.namespace != "" && release != "" {
		number, _, _ := strings.Cut(strings.TrimPrefix(release, "v"), ":")
		qualifiers = packageurl.QualifiersFromMap(map[string]string{"distro": eco.namespace + "-" + number})
	}
	text := packageurl.NewPackageURL(eco.typ, namespace, name, "", qualifiers, "").ToString()
	if _, err := packageurl.FromString(text); err != nil {
		return ""
	}
	return text
}
