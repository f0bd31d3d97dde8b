package advisories

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"
)

// cpeForm is the pattern of CSAF 2.0's schema (3.1.3.3.1), which takes CPE 2.3 and
// 2.2 names.
var cpeForm = regexp.MustCompile(`^(cpe:2\.3:[aho*-](:(((\?*|\*?)([a-zA-Z0-9\-._]|(\\[\\*?!"#$%&'()+,/:;<=>@\[\]^` + "`" + `{|}~]))+(\?*|\*?))|[*-])){5}(:(([a-zA-Z]{2,3}(-([a-zA-Z]{2}|[0-9]{3}))?)|[*-]))(:(((\?*|\*?)([a-zA-Z0-9\-._]|(\\[\\*?!"#$%&'()+,/:;<=>@\[\]^` + "`" + `{|}~]))+(\?*|\*?))|[*-])){4})$|^([c][pP][eE]:/[AHOaho]?(:[A-Za-z0-9._\-~%]*){0,6})$`)

// rangeWords are what a single version does not say (CSAF 6.1.31).
var rangeWords = regexp.MustCompile(`(?i)[<>|*]|=\s*\d|(^|\s)(after|all|before|earlier|later|prior|versions|through|until|up to|and|to)(\s|$)|\s-\s|以前|以下|之前|以上|及更`)

func (l *linter) productList() {
	seen := map[string]int{}
	for i := range l.a.Products {
		p := &l.a.Products[i]
		path := fmt.Sprintf("products[%d]", i)
		switch first, twice := seen[p.ID]; {
		case p.ID == "":
		case twice:
			l.problem("product.duplicate", path+".id", fmt.Sprintf("products[%d] has the id %q as well.", first, p.ID), "Give every product an id of its own.")
		case len(p.ID) > 100 || strings.ContainsAny(p.ID, " \t\n"):
			l.problem("product.id", path+".id", fmt.Sprintf("%.40q is no good id.", p.ID), "Take 1 to 100 characters without spaces, such as nginx-old.")
		}
		if _, twice := seen[p.ID]; !twice {
			seen[p.ID] = i
		}
		if p.Vendor == "" && p.On == nil {
			l.problem("product.vendor", path+".vendor", fmt.Sprintf("Product %q has no vendor.", p.ID), "Name who makes it: products of one name are told apart by it.")
		}
		if p.CPE == "" && p.PURL == "" && p.On == nil {
			l.problem("product.identifier", path, fmt.Sprintf("Product %q has neither a CPE nor a package URL.", p.ID), "Add one: programs find the product in an inventory by it, and by its name only with luck.")
		}
		l.productVersions(p, path)
		l.identifiers(p, path)
	}
	l.unused()
}

func (l *linter) productVersions(p *Product, path string) {
	path = join(path, "versions")
	if !strings.HasPrefix(p.Versions, "vers:") {
		if found := rangeWords.FindString(p.Versions); found != "" {
			l.problem("versions.words", path, fmt.Sprintf("%.60q is more than one version.", p.Versions), "Write a range as VERS does, such as vers:generic/>=1.18.0|<1.25.4, and several single versions as vers:generic/1.0|1.2.")
		}
		return
	}
	r, err := ParseRange(p.Versions)
	if err != nil {
		l.problem("versions.range", path, fmt.Sprintf("The range cannot be used: %s.", strings.TrimPrefix(err.Error(), "version range: ")), "Write vers:scheme/ and the bounds in the order of versions with | between them, such as vers:generic/>=1.18.0|<1.25.4.")
		return
	}
	if u, err := packageurl.FromString(p.PURL); err == nil && r.Scheme != u.Type && ecosystemOf(r.Scheme) != "" && ecosystemOf(u.Type) != "" && ecosystemOf(r.Scheme) != ecosystemOf(u.Type) {
		l.problem("versions.scheme", path, fmt.Sprintf("The versions are ordered as those of %s, and the package URL is of the type %s.", r.Scheme, u.Type), fmt.Sprintf("Begin with vers:%s/.", u.Type))
	}
}

func (l *linter) identifiers(p *Product, path string) {
	if p.CPE != "" && (!cpeForm.MatchString(p.CPE) || len(p.CPE) < 5) {
		l.problem("cpe.syntax", join(path, "cpe"), fmt.Sprintf("%.80q is no CPE name.", p.CPE), `Write all eleven parts, such as cpe:2.3:a:vendor:product:1.0:*:*:*:*:*:*:*, with \ before marks such as + or !.`)
	}
	if p.PURL == "" {
		return
	}
	u, err := packageurl.FromString(p.PURL)
	switch {
	case err != nil || !strings.HasPrefix(p.PURL, "pkg:"):
		reason := "it does not begin with pkg:"
		if err != nil {
			reason = err.Error()
		}
		l.problem("purl.syntax", join(path, "purl"), fmt.Sprintf("%.80q is no package URL: %s.", p.PURL, reason), "Write pkg:type/namespace/name, such as pkg:npm/%40example/cart or pkg:deb/debian/nginx?distro=debian-12.")
	case u.Version != "" && p.Versions != "":
		l.problem("purl.version", join(path, "purl"), fmt.Sprintf("The package URL has the version %.40q, and versions says %.40q.", u.Version, p.Versions), "Take the version out of the package URL: versions counts.")
	}
}

// unused warns of products that nothing is said of: of those that a list of
// statuses left out, since without such lists all count as affected.
func (l *linter) unused() {
	used := map[string]bool{}
	note := func(ids []string) {
		for _, id := range ids {
			used[id] = true
		}
	}
	for i := range l.a.Vulnerabilities {
		for _, ids := range l.a.StatusesOf(&l.a.Vulnerabilities[i]) {
			note(ids)
		}
	}
	for i := range l.a.Remedies {
		note(l.a.Remedies[i].Products)
	}
	for i := range l.a.Products {
		if on := l.a.Products[i].On; on != nil {
			note([]string{on.Product, on.To})
		}
	}
	for i := range l.a.Products {
		if id := l.a.Products[i].ID; id != "" && !used[id] && len(l.a.Vulnerabilities) > 0 {
			l.problem("product.unused", fmt.Sprintf("products[%d]", i), fmt.Sprintf("No vulnerability says how product %q stands.", id), "Name it in the products of a vulnerability, or take it out.")
		}
	}
}

// defined tells of ids that no product has (CSAF 6.1.1).
func (l *linter) defined(ids []string, path string) {
	for i, id := range ids {
		l.definedOne(id, fmt.Sprintf("%s[%d]", path, i))
	}
	l.repeated(ids, path)
}

func (l *linter) definedOne(id, path string) {
	if _, ok := l.products[id]; ok || id == "" || l.full() {
		return
	}
	ids := make([]string, 0, len(l.products))
	for known := range l.products {
		ids = append(ids, known)
	}
	remedy := "Add it to products, or correct the id."
	if near := nearest(id, ids); near != "" {
		remedy = fmt.Sprintf("Did you mean %q?", near)
	}
	l.problem("product.undefined", path, fmt.Sprintf("There is no product %.60q.", id), remedy)
}

// relations follows each product on another down to what has none (CSAF 6.1.3).
func (l *linter) relations() {
	for i := range l.a.Products {
		p := &l.a.Products[i]
		if p.On == nil {
			continue
		}
		path := fmt.Sprintf("products[%d].on", i)
		l.definedOne(p.On.Product, path+".product")
		l.definedOne(p.On.To, path+".to")
		if p.CPE != "" || p.PURL != "" || p.Versions != "" {
			l.problem("relation.extra", path, fmt.Sprintf("Product %q is one on another, and has versions, a CPE or a package URL too.", p.ID), "Give them to the two products that it is made of.")
		}
		if l.loops(p.ID) {
			l.problem("relation.loop", path, fmt.Sprintf("Product %q is made of itself.", p.ID), "Let product and to name products that are not made of it.")
		}
	}
}

// loops reports whether what a product is made of leads back to it.
func (l *linter) loops(id string) bool {
	seen := map[string]bool{}
	next := []string{id}
	for len(next) > 0 {
		p := l.products[next[0]]
		next = next[1:]
		if p == nil || p.On == nil {
			continue
		}
		for _, part := range []string{p.On.Product, p.On.To} {
			if part == id {
				return true
			}
			if !seen[part] {
				seen[part] = true
				next = append(next, part)
			}
		}
	}
	return false
}

// names are the ids of vulnerabilities, CVE and others.
func (l *linter) names() []string {
	var names []string
	for i := range l.a.Vulnerabilities {
		v := &l.a.Vulnerabilities[i]
		if v.CVE != "" {
			names = append(names, v.CVE)
		}
		for _, ident := range v.IDs {
			names = append(names, ident.ID)
		}
	}
	slices.Sort(names)
	return names
}
