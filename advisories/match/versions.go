package match

import (
	"cmp"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
)

// versions are those that an advisory names a product in.
type versions struct {
	kind   versionsKind
	one    string            // of single and prefixed ones
	scheme string            // by which single ones are ordered
	span   *advisories.Range // of a range
	text   string            // for people: ">= 1.18.0, < 1.25.4"
}

type versionsKind uint8

const (
	allVersions versionsKind = iota
	unreadable               // nobody can tell which
	span
	prefixed // "2.4.*"
	single
)

// readVersions finds the versions of a product: by its Versions, else by its CPE
// name or its package URL.
func readVersions(p *advisories.Product, id *identity) versions {
	v := findVersions(p, id)
	v.text = v.say()
	return v
}

func findVersions(p *advisories.Product, id *identity) versions {
	scheme := "generic"
	if id.purl != nil {
		if _, ok := advisories.CompareVersions(id.purl.kind, "1.2.3", "1.2.4"); ok {
			scheme = id.purl.kind
		}
	}
	text := strings.TrimSpace(p.Versions)
	switch {
	case strings.HasPrefix(text, "vers:"):
		r, err := advisories.ParseRange(text)
		if err != nil {
			return versions{kind: unreadable, one: strings.Clone(text)}
		}
		if len(r.Constraints) == 1 && r.Constraints[0].Op == "*" {
			return versions{}
		}
		return versions{kind: span, span: &r}
	case text == "" && id.purl != nil && id.purl.version != "":
		text = id.purl.version
	case text == "" && id.cpe != nil && id.cpe.prefix:
		return versions{kind: prefixed, one: id.cpe.version}
	case text == "" && id.cpe != nil:
		text = id.cpe.fullVersion()
	}
	if strings.ContainsAny(text, "?*") && text != "*" {
		return versions{kind: unreadable, one: strings.Clone(text)}
	}
	if text = cleanVersion(text); text == "" {
		return versions{}
	}
	return versions{kind: single, one: strings.Clone(text), scheme: scheme}
}

// contain reports whether a version is one of these; it is not known where the
// two cannot be compared.
func (v *versions) contain(version string) (in, known bool) {
	switch v.kind {
	case allVersions:
		return true, true
	case span:
		return v.span.Contains(version)
	case prefixed:
		return strings.HasPrefix(strings.ToLower(version), v.one), true
	case single:
		// Some write the branch in front of its versions: "15.2E 15.2(2)E6".
		if at := strings.LastIndexByte(v.one, ' '); strings.EqualFold(version, v.one) || strings.EqualFold(version, v.one[at+1:]) {
			return true, true
		}
		order, ok := advisories.CompareVersions(v.scheme, version, v.one)
		return order == 0, ok
	}
	return false, false
}

// say is the versions for people of any language.
func (v *versions) say() string {
	switch v.kind {
	case allVersions:
		return "*"
	case prefixed:
		return v.one + "*"
	case span:
		parts := make([]string, 0, min(len(v.span.Constraints), maxSaid+1))
		for _, c := range v.span.Constraints {
			if len(parts) == maxSaid {
				parts = append(parts, "...")
				break
			}
			if c.Op == "=" {
				parts = append(parts, c.Version)
				continue
			}
			parts = append(parts, c.Op+" "+c.Version)
		}
		return strings.Join(parts, ", ")
	}
	return v.one
}

// maxSaid is how many parts of a range are told.
const maxSaid = 12

// order compares a version with a single one.
func (v *versions) order(version string) (order int, ok bool) {
	if strings.EqualFold(version, v.one) {
		return 0, true
	}
	return advisories.CompareVersions(cmp.Or(v.scheme, "generic"), version, v.one)
}
