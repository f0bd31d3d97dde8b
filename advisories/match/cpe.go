package match

import (
	"net/url"
	"strings"
)

// cpe is what a CPE name says (NISTIR 7695), as far as matching needs it. Values
// are in lower case without quoting; "" is ANY, and "-" is NA.
type cpe struct {
	part, vendor, product, version, update, target string
	// prefix says that version is the beginning of a version ("2.4.*").
	prefix bool
}

// maxName bounds a CPE name or a package URL, in bytes.
const maxName = 2000

// parseCPE reads a CPE 2.3 formatted string (section 6.2) or a CPE 2.2 URI (section
// 6.1). It is no CPE where vendor or product are wildcards: such a name says
// nothing of which product it is.
func parseCPE(s string) (cpe, bool) {
	s = strings.TrimSpace(s)
	if len(s) > maxName {
		return cpe{}, false
	}
	var fields []string
	unquote := unquoteFS
	if len(s) > 8 && strings.EqualFold(s[:8], "cpe:2.3:") {
		fields = splitFS(s[8:])
		if len(fields) != 11 {
			return cpe{}, false
		}
	} else if len(s) > 5 && strings.EqualFold(s[:5], "cpe:/") {
		fields = strings.Split(s[5:], ":")
		unquote = unquoteURI
		if len(fields) > 7 {
			return cpe{}, false
		}
	} else {
		return cpe{}, false
	}
	at := func(i int) string {
		if i < len(fields) {
			return strings.ToLower(fields[i])
		}
		return ""
	}
	c := cpe{part: unquote(at(0)), vendor: unquote(at(1)), product: unquote(at(2)), update: unquote(at(4))}
	version := at(3)
	if v, ok := strings.CutSuffix(version, "*"); ok && v != "" && !strings.HasSuffix(v, `\`) {
		version, c.prefix = v, true
	}
	c.version = unquote(version)
	if len(fields) == 11 {
		c.target = unquote(at(8))
	} else if packed := strings.Split(at(5), "~"); len(packed) == 6 { // ~edition~sw_edition~target_sw~target_hw~other
		c.target = unquote(packed[3])
	}
	if len(c.part) > 1 || strings.Trim(c.part, "aho") != "" || c.vendor == "" || c.product == "" || c.product == "-" {
		return cpe{}, false
	}
	return c, true
}

// splitFS splits a formatted string at the colons that are not quoted.
func splitFS(s string) []string {
	var fields []string
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case ':':
			fields = append(fields, s[start:i])
			start = i + 1
		}
	}
	return append(fields, s[start:])
}

func unquoteFS(s string) string {
	if s == "*" {
		return ""
	}
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func unquoteURI(s string) string {
	if s == "*" { // not of the standard, and often seen
		return ""
	}
	if v, err := url.PathUnescape(s); err == nil {
		return v
	}
	return s
}

// fullVersion is the version with its update: "7.4.0-rc1". It is "" where either
// the name is one of all versions or has none.
func (c *cpe) fullVersion() string {
	switch {
	case c.version == "" || c.version == "-" || c.prefix:
		return ""
	case c.update == "" || c.update == "-" || strings.ContainsAny(c.update, "*?"):
		return c.version
	}
	return c.version + "-" + c.update
}
