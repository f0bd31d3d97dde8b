// Package technologies is the table of products that small firms' sites are
// made with and of how each shows itself, and the catalogue of their lifetimes
// and of the holes in them that are known to be exploited. Both are data, in
// YAML; docs/technology-catalogue.md describes the catalogue, which may be
// replaced by a newer file.
//
// A leaf: every room may import it; it imports no room.
package technologies

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

//go:embed servers.yaml cms.yaml shops.yaml frameworks.yaml services.yaml
var files embed.FS

// Technology is one product.
type Technology struct {
	ID       string `yaml:"id"`       // "wordpress": letters, digits and hyphens
	Name     string `yaml:"name"`     // as its makers write it; not translated
	Category string `yaml:"category"` // see Categories
	// CPEName is vendor and product of CPE 2.3, "f5:nginx"; "" where the
	// dictionary has none.
	CPEName string `yaml:"cpe"`
	// PURLName is type, namespace and name of a package URL, "npm/jquery"; ""
	// where it is no package.
	PURLName string `yaml:"purl"`
	// Version is set where the product is one version: "1" of Magento 1.
	Version string    `yaml:"version"`
	Implies []string  `yaml:"implies"` // ids of what it cannot be without
	Seen    []Pattern `yaml:"seen"`    // any one shows it; empty: it is only implied
}

// Place is where a pattern looks.
type Place string

// The places.
const (
	InHeader    Place = "header"    // the values of one header
	InCookie    Place = "cookie"    // the names of cookies
	InGenerator Place = "generator" // <meta name="generator">, every one
	InURL       Place = "url"       // absolute addresses of scripts, styles and media
	InTag       Place = "tag"       // one tag of the page, as written
	InComment   Place = "comment"   // one comment of the page, as written
	InInline    Place = "inline"    // scripts that stand in the page
)

// Pattern is one thing that shows a technology. Text of the page that a visitor
// reads is no place: an article about WordPress is not made with it.
type Pattern struct {
	In Place `yaml:"in"`
	// Name is the header, in canonical form, or the cookie; a cookie's may have
	// a * at its beginning or its end.
	Name string `yaml:"name"`
	// Has is what an address, tag, comment or script must contain, in lower
	// case. These four need it: all are found in one pass.
	Has string `yaml:"has"`
	// Match is a regular expression (RE2, upper and lower case alike); its first
	// group is the version. It sees the header's value, the generator, the
	// address, the tag or the comment as a whole, and of a script what stands
	// around Has.
	Match string `yaml:"match"`
	// Own: the address must be of the site itself.
	Own bool `yaml:"own"`

	Regexp *regexp.Regexp `yaml:"-"` // of Match; nil without one
}

// Categories returns the kinds of technology, in the order of inventories.
func Categories() []string {
	return []string{
		"os", "server", "cdn", "hosting", "language", "framework", "cms", "builder", "wiki", "forum", "mail", "generator", "shop", "payment",
		"plugin", "theme", "library", "font", "analytics", "tags", "advertising", "marketing", "chat", "social", "security", "consent", "map", "video",
	}
}

// Load parses the embedded table, once. An error is a broken build: tests find
// it.
var Load = sync.OnceValues(func() ([]Technology, error) { return Parse(files) })

// Parse reads every .yaml file at the root of fsys. Technologies are sorted by
// id.
func Parse(fsys fs.FS) ([]Technology, error) {
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("technologies: %w", err)
	}
	var all []Technology
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("technologies: %w", err)
		}
		var doc struct {
			Technologies []Technology `yaml:"technologies"`
		}
		dec := yaml.NewDecoder(bytes.NewReader(data))
		dec.KnownFields(true)
		if err := dec.Decode(&doc); err != nil {
			return nil, fmt.Errorf("technologies: %s: %w", name, err)
		}
		for i := range doc.Technologies {
			if err := doc.Technologies[i].prepare(); err != nil {
				return nil, fmt.Errorf("technologies: %s: %s: %w", name, doc.Technologies[i].ID, err)
			}
		}
		all = append(all, doc.Technologies...)
	}
	slices.SortFunc(all, func(a, b Technology) int { return strings.Compare(a.ID, b.ID) })
	return all, checkIDs(all)
}

func checkIDs(all []Technology) error {
	known := map[string]bool{}
	for _, t := range all {
		if known[t.ID] {
			return fmt.Errorf("technologies: %s stands twice", t.ID)
		}
		known[t.ID] = true
	}
	for _, t := range all {
		for _, id := range t.Implies {
			if !known[id] {
				return fmt.Errorf("technologies: %s implies %s, which is not in the table", t.ID, id)
			}
		}
	}
	return nil
}

func (t *Technology) prepare() error {
	if t.ID == "" || strings.Trim(t.ID, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || t.Name == "" {
		return fmt.Errorf("it needs a name, and an id of letters, digits and hyphens")
	}
	if !slices.Contains(Categories(), t.Category) {
		return fmt.Errorf("%q is no category", t.Category)
	}
	for i := range t.Seen {
		if err := t.Seen[i].prepare(); err != nil {
			return fmt.Errorf("pattern %d: %w", i+1, err)
		}
	}
	return nil
}

func (p *Pattern) prepare() error {
	switch p.In {
	case InHeader, InCookie:
		if p.Name == "" || p.Has != "" {
			return fmt.Errorf("in: %s takes a name, and no has", p.In)
		}
	case InGenerator:
		if p.Match == "" || p.Has != "" {
			return fmt.Errorf("in: generator takes a match, and no has")
		}
	case InURL, InTag, InComment, InInline:
		if len(p.Has) < 3 || p.Has != strings.ToLower(p.Has) || p.Name != "" {
			return fmt.Errorf("in: %s takes has, three characters or more in lower case, and no name", p.In)
		}
	default:
		return fmt.Errorf("%q is no place", p.In)
	}
	if p.Match == "" {
		return nil
	}
	re, err := regexp.Compile("(?i)" + p.Match)
	if err != nil {
		return err
	}
	if re.NumSubexp() > 1 {
		return fmt.Errorf("match has %d groups: one at most, the version", re.NumSubexp())
	}
	p.Regexp = re
	return nil
}

// CPE returns the CPE 2.3 formatted string (NISTIR 7695 section 6.2) for a
// version, "" for any; "" if the technology has none.
func (t *Technology) CPE(version string) string {
	if t.CPEName == "" {
		return ""
	}
	v := "*"
	if version != "" {
		var b strings.Builder
		for _, c := range strings.ToLower(version) {
			if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789._-", c) {
				b.WriteByte('\\')
			}
			b.WriteRune(c)
		}
		v = b.String()
	}
	return "cpe:2.3:a:" + t.CPEName + ":" + v + ":*:*:*:*:*:*:*"
}

// PURL returns the package URL for a version, "" for none; "" if the technology
// is no package.
func (t *Technology) PURL(version string) string {
	switch {
	case t.PURLName == "":
		return ""
	case version == "":
		return "pkg:" + t.PURLName
	}
	return "pkg:" + t.PURLName + "@" + url.QueryEscape(version)
}
