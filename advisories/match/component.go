package match

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
)

// component is a Component with what follows from it.
type component struct {
	given   advisories.Component
	id      identity
	version string // "" is not known
	// distribution is who packaged it, "" for its makers or nobody known; upstream
	// is then the makers' version.
	distribution string
	upstream     string
}

// banner is how servers and lists write a product with its version in one:
// "nginx/1.18.0 (Ubuntu)", "PHP 7.4.3-4ubuntu2.19".
var banner = regexp.MustCompile(`^([^/]*[^/\s\d][^/]*?)(?:/v?|\s+v?)(\d+(?:\.\d+)+[^\s()]*)(?:\s*\([^()]*\))?$`)

// readBanner parts a name and the version that stands behind it.
func readBanner(name string) (bare, version string) {
	if len(name) > maxName || !strings.ContainsAny(name, "0123456789") {
		return name, ""
	}
	parts := banner.FindStringSubmatch(strings.TrimSpace(name))
	if parts == nil {
		return name, ""
	}
	return parts[1], parts[2]
}

func read(given advisories.Component) component {
	c := component{given: given}
	name := given.Name
	version := cleanVersion(given.Version)
	// Names such as Red Hat JBoss are no mark of a distribution: what stands in
	// brackets is.
	marks := strings.Join(inBrackets.FindAllString(name, maxBrackets), " ") + " " + given.Version
	if bare, v := readBanner(name); v != "" && (version == "" || version == v) {
		name, version = bare, v
	}
	c.id = identify(given.Vendor, name, version, given.CPE, given.PURL)
	c.version = version
	if p := c.id.purl; p != nil && (c.version == "" || p.kind == "rpm" && strings.HasSuffix(p.version, ":"+c.version)) { // which has the epoch too
		c.version = cleanVersion(p.version)
	}
	if c.id.cpe != nil && c.version == "" {
		c.version = cleanVersion(c.id.cpe.fullVersion())
	}
	switch {
	case c.id.purl.packaged():
		c.distribution = cmp.Or(distributionIn(c.id.purl.distribution()), c.id.purl.distribution())
	case given.Distribution != "":
		if !mendsVisibly.MatchString(given.Distribution) {
			c.distribution = cmp.Or(distributionIn(given.Distribution), given.Distribution)
		}
	default:
		if text := marks + " " + c.version; strings.Trim(text, "0123456789. ") != "" {
			c.distribution = distributionIn(text)
		}
	}
	if c.distribution != "" {
		c.upstream = upstream(c.version)
	}
	return c
}

// mendsVisibly are operating systems, "Microsoft Windows Server 2019", whose software is
// its makers' own.
var mendsVisibly = regexp.MustCompile(`(?i)^(?:none|unix|win32|win64|(?:microsoft )?windows\b.*|(?:apple )?(?:mac ?os|os x|darwin)\b.*)$`)

// isPlain reports whether a version is nothing but digits and dots.
func isPlain(version string) bool { return version != "" && strings.Trim(version, "0123456789.") == "" }

var (
	unknownVersions = []string{"*", "-", "?", "unknown", "n/a", "na", "none", "noassertion", "latest", "null", "nil", "all", "all versions", "any", "undefined", "不明", "未知", "不詳", "不详"}
	aVersion        = regexp.MustCompile(`(?i)^(?:v|version |ver\.? ?)(\d)`)
	behind          = regexp.MustCompile(`(?i)\s*\([^()]*\)$|\.(?:release|final|ga)$`)
)

// cleanVersion is a version without what people put around it: "1.2.3" of "v1.2.3
// (64-bit)". It is "" where none is given.
func cleanVersion(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > maxVersion || slices.Contains(unknownVersions, strings.ToLower(s)) {
		return ""
	}
	if isPlain(s) {
		return s
	}
	if bare := behind.ReplaceAllString(s, ""); bare != "" {
		s = bare
	}
	return aVersion.ReplaceAllString(s, "$1")
}

// maxVersion bounds a version, in bytes: longer ones count as not known.
const maxVersion = 200

// maxBrackets is how many of a name's brackets are looked at.
const maxBrackets = 4
