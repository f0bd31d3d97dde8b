package formats

import (
	"net/url"
	"strings"

	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// maxConstraints bounds the parts of one range.
const maxConstraints = 200

// constraint is one part of a version range by the VERS specification
// (https://github.com/package-url/vers-spec): a comparator and a version.
type constraint struct{ op, version string }

// versions says in words which versions a product is meant in: "from 1.18.0 up to
// but not including 1.25.4". A range that cannot be read is shown as it is
// written.
func versions(s string, w *i18n.Words) string {
	s = clean(s)
	switch s {
	case "": // all, or something that has no versions
		return w.T("advisory.versions.none")
	case "*":
		return w.T("advisory.versions.all")
	}
	if !strings.HasPrefix(s, "vers:") {
		return s
	}
	parts, ok := parseVers(s)
	if !ok {
		return s
	}
	if parts[0].op == "*" {
		return w.T("advisory.versions.all")
	}
	var said []string
	for i := 0; i < len(parts); i++ {
		c := parts[i]
		// A lower bound and the upper bound after it are one stretch. "!=" between
		// them is said afterwards.
		if strings.HasPrefix(c.op, ">") {
			next := i + 1
			for next < len(parts) && parts[next].op == "!=" {
				next++
			}
			if next < len(parts) && strings.HasPrefix(parts[next].op, "<") {
				said = append(said, w.T("advisory.versions."+bound(c.op)+"."+bound(parts[next].op), "from", c.version, "to", parts[next].version))
				for _, except := range parts[i+1 : next] {
					said = append(said, w.T("advisory.versions.except", "version", except.version))
				}
				i = next
				continue
			}
		}
		if c.op == "=" {
			said = append(said, c.version)
			continue
		}
		said = append(said, w.T("advisory.versions."+bound(c.op), "version", c.version))
	}
	return strings.Join(said, w.T("report.counts.separator"))
}

// bound is the word of a comparator in the keys of texts.
func bound(op string) string {
	switch op {
	case ">=":
		return "from"
	case ">":
		return "after"
	case "<=":
		return "to"
	case "<":
		return "before"
	}
	return "except"
}

// parseVers reads "vers:type/constraint|constraint".
func parseVers(s string) ([]constraint, bool) {
	_, list, ok := strings.Cut(strings.TrimPrefix(s, "vers:"), "/")
	if !ok || strings.Count(list, "|") >= maxConstraints {
		return nil, false
	}
	var parts []constraint
	for text := range strings.SplitSeq(strings.Trim(list, "|"), "|") {
		text = strings.TrimSpace(text)
		c := constraint{op: "="}
		for _, op := range []string{">=", "<=", "!=", ">", "<", "=", "*"} {
			if rest, found := strings.CutPrefix(text, op); found {
				c.op, text = op, rest
				break
			}
		}
		version, err := url.PathUnescape(strings.TrimSpace(text))
		c.version = clean(version)
		// "*" stands alone (VERS), every other comparator with a version.
		if err != nil || (c.op == "*") != (c.version == "") {
			return nil, false
		}
		parts = append(parts, c)
	}
	for _, c := range parts {
		if c.op == "*" && len(parts) > 1 {
			return nil, false
		}
	}
	return parts, len(parts) > 0
}
