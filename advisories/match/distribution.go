package match

import (
	"regexp"
	"strings"
	"sync"
)

// distribution is one of an operating system, and the marks that its packages have
// in their version, or a server beside its name.
type distribution struct {
	name string
	mark *regexp.Regexp
}

var distributions = sync.OnceValue(func() []distribution {
	return []distribution{
		{"Ubuntu", regexp.MustCompile(`(?i)\bubuntu\b|\dubuntu\d|[-+~]ubuntu`)},
		{"Debian", regexp.MustCompile(`(?i)\b(?:debian|raspbian)\b|[-+~.]deb\d|~bpo\d|\+dfsg`)},
		{"AlmaLinux", regexp.MustCompile(`(?i)\balmalinux\b`)},
		{"Rocky Linux", regexp.MustCompile(`(?i)\brocky\b`)},
		{"CentOS", regexp.MustCompile(`(?i)\bcentos\b`)},
		{"Oracle Linux", regexp.MustCompile(`(?i)\boracle linux\b`)},
		{"Red Hat Enterprise Linux", regexp.MustCompile(`(?i)\bred hat\b|\bredhat\b|\brhel\b|[-+.]el\d`)},
		{"Fedora", regexp.MustCompile(`(?i)\bfedora\b|[-.]fc\d`)},
		{"Amazon Linux", regexp.MustCompile(`(?i)\bamazon(?: linux)?\b|[-.]amzn`)},
		{"SUSE", regexp.MustCompile(`(?i)\b(?:open)?suse\b|\bsles?\b|[-.]lp\d{3}`)},
		{"Alpine", regexp.MustCompile(`(?i)\balpine\b|\d-r\d+$`)},
		{"openEuler", regexp.MustCompile(`(?i)\bopeneuler\b|[-.]oe\d`)},
		{"Anolis OS", regexp.MustCompile(`(?i)\banolis\b|\d\.an\d`)},
		{"Kylin", regexp.MustCompile(`(?i)\bkylin\b|\d\.ky\d`)},
		{"UnionTech OS", regexp.MustCompile(`(?i)\buos\b|\buniontech\b|[-.]uelc?\d`)},
		{"TencentOS", regexp.MustCompile(`(?i)\btencentos\b|\d\.tl\d`)},
		{"Azure Linux", regexp.MustCompile(`(?i)\bazure ?linux\b|\bcbl-mariner\b|\d\.(?:azl|cm)\d`)},
		{"Photon OS", regexp.MustCompile(`(?i)\bphoton os\b|\d\.ph\d`)},
		{"Gentoo", regexp.MustCompile(`(?i)\bgentoo\b`)},
	}
})

// distributionIn is the distribution that a text shows the marks of, or "".
func distributionIn(text string) string {
	if len(text) > maxName {
		return ""
	}
	for _, d := range distributions() {
		if d.mark.MatchString(text) {
			return d.name
		}
	}
	return ""
}

var codeNames = strings.NewReplacer(
	"buster", "debian-10", "bullseye", "debian-11", "bookworm", "debian-12", "trixie", "debian-13", "forky", "debian-14", "sid", "debian-unstable",
	"bionic", "ubuntu-18.04", "focal", "ubuntu-20.04", "jammy", "ubuntu-22.04", "noble", "ubuntu-24.04",
	"alpine-v", "alpine-", "redhat-", "rhel-",
)

var releaseForm = regexp.MustCompile(`^([a-z][a-z0-9_-]*?)-?(\d+)(?:\.(\d+))?`)

// distroName is a release of a distribution in one spelling: "debian-12" for
// "bookworm" and "debian-12.5", "rhel-8" for "redhat-8.6".
func distroName(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if rest, ok := strings.CutPrefix(s, "debian-"); ok && rest != "" && rest[0] > '9' {
		s = rest // debian-bookworm
	}
	if rest, ok := strings.CutPrefix(s, "ubuntu-"); ok && rest != "" && rest[0] > '9' {
		s = rest
	}
	s = codeNames.Replace(s)
	parts := releaseForm.FindStringSubmatch(s)
	if parts == nil {
		return s
	}
	if (parts[1] == "ubuntu" || parts[1] == "alpine" || parts[1] == "opensuse-leap") && parts[3] != "" {
		return parts[1] + "-" + parts[2] + "." + parts[3]
	}
	return parts[1] + "-" + parts[2]
}

// knownRelease reports whether distroName could read a release.
func knownRelease(s string) bool { return releaseForm.MatchString(s) }

var (
	epoch     = regexp.MustCompile(`^\d+:`)
	repacked  = regexp.MustCompile(`[-+~.](?:dfsg|ds|repack|deb|git|bpo)\b?.*$`)
	packaging = regexp.MustCompile(`-r?\d[^-]*$|-\d.*$`)
)

// upstream is the version of the makers in that of a distribution's package:
// "7.4.3" of "7.4.3-4ubuntu2.19", "1.1.1n" of "1:1.1.1n-0+deb11u3".
func upstream(version string) string {
	v := epoch.ReplaceAllString(version, "")
	if _, really, ok := strings.Cut(v, "+really"); ok {
		v = really
	}
	v = packaging.ReplaceAllString(v, "")
	if bare := repacked.ReplaceAllString(v, ""); bare != "" {
		v = bare
	}
	if v == "" {
		return version
	}
	return v
}
