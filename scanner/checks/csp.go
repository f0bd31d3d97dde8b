package checks

import "strings"

// policy is one Content Security Policy (CSP3 section 2.2): directives by name,
// each with its sources as written.
type policy map[string][]string

// policies are all that are enforced on a page. Each must allow what the page
// wants to do, so together they are as strict as the strictest.
type policies []policy

// policiesOf gathers the policies of a page: every header line, and the meta
// elements. Report-only headers enforce nothing and are left out.
func policiesOf(p page) policies {
	var set policies
	for _, line := range p.hop.Get("Content-Security-Policy") {
		set = append(set, parsePolicies(line)...)
	}
	if p.body == nil {
		return set
	}
	for _, content := range p.body.MetaCSP {
		if one := parsePolicy(content); len(one) > 0 {
			// CSP3 section 3.3: a meta element cannot carry these.
			delete(one, "frame-ancestors")
			delete(one, "report-uri")
			delete(one, "sandbox")
			set = append(set, one)
		}
	}
	return set
}

// parsePolicies reads a header's value, which may be a list (CSP3 section
// 2.2.2). Policies without a directive are dropped.
func parsePolicies(value string) policies {
	var set policies
	for one := range strings.SplitSeq(value, ",") {
		if p := parsePolicy(one); len(p) > 0 {
			set = append(set, p)
		}
	}
	return set
}

// parsePolicy reads one serialized policy (CSP3 section 2.2.1): the first of
// two directives with the same name counts, and a directive with characters
// beyond ASCII is no directive.
func parsePolicy(s string) policy {
	p := policy{}
	for token := range strings.SplitSeq(s, ";") {
		words := strings.FieldsFunc(token, isSpace)
		if len(words) == 0 || !isASCII(token) {
			continue
		}
		name := strings.ToLower(words[0])
		if _, twice := p[name]; !twice {
			p[name] = words[1:]
		}
	}
	return p
}

// fallbacks is where a directive's sources come from, the most particular name
// first (CSP3 section 6.8.3).
func fallbacks(directive string) []string {
	switch directive {
	case "script-src-elem", "script-src-attr":
		return []string{directive, "script-src", "default-src"}
	case "style-src-elem", "style-src-attr":
		return []string{directive, "style-src", "default-src"}
	case "worker-src":
		return []string{directive, "child-src", "script-src", "default-src"}
	case "frame-src":
		return []string{directive, "child-src", "default-src"}
	case "script-src", "object-src", "style-src", "connect-src", "font-src", "img-src", "manifest-src", "media-src":
		return []string{directive, "default-src"}
	}
	return []string{directive}
}

// sources returns the list that governs a directive; false: nothing does, so
// everything is allowed.
func (p policy) sources(directive string) (sourceList, bool) {
	for _, name := range fallbacks(directive) {
		if list, ok := p[name]; ok {
			return list, true
		}
	}
	return nil, false
}

// governs tells whether any policy restricts the directive.
func (set policies) governs(directive string) bool {
	for _, p := range set {
		if _, ok := p.sources(directive); ok {
			return true
		}
	}
	return false
}

// has tells whether any policy holds the directive itself.
func (set policies) has(directive string) bool {
	for _, p := range set {
		if _, ok := p[directive]; ok {
			return true
		}
	}
	return false
}

// allow tells whether something that loose finds in a list gets through: every
// policy that governs the directive must let it, and at least one governs it.
func (set policies) allow(directive string, loose func(sourceList) bool) bool {
	for _, p := range set {
		if list, ok := p.sources(directive); ok && !loose(list) {
			return false
		}
	}
	return set.governs(directive)
}

// show gives the policies' directives of the given names, for evidence.
func (set policies) show(names ...string) string {
	var parts []string
	for _, p := range set {
		for _, name := range names {
			if list, ok := p[name]; ok {
				parts = append(parts, strings.TrimSpace(name+" "+strings.Join(list, " ")))
			}
		}
	}
	return strings.Join(parts, "; ")
}

// sourceList is what may be loaded.
type sourceList []string

func (l sourceList) has(keyword string) bool {
	for _, s := range l {
		if strings.EqualFold(s, keyword) {
			return true
		}
	}
	return false
}

// allowsInline: 'unsafe-inline' stands there and is not switched off by a
// nonce, a hash or 'strict-dynamic' (CSP3 section 6.7.3.2).
func (l sourceList) allowsInline() bool {
	for _, s := range l {
		if isNonceOrHash(s) || strings.EqualFold(s, "'strict-dynamic'") {
			return false
		}
	}
	return l.has("'unsafe-inline'")
}

// allowsAnyScript: scripts of nearly any origin may be loaded. With
// 'strict-dynamic' browsers pass over names and schemes (CSP3 section 8.2).
func (l sourceList) allowsAnyScript() bool {
	return !l.has("'strict-dynamic'") && l.allowsAnything()
}

// allowsAnything: a wildcard, or a scheme that anybody can use.
func (l sourceList) allowsAnything() bool {
	for _, s := range l {
		if isBroad(s) {
			return true
		}
	}
	return false
}

// allowsAnyHost is allowsAnything but for data:, which only matters where
// programs are loaded.
func (l sourceList) allowsAnyHost() bool {
	for _, s := range l {
		if isBroad(s) && !strings.EqualFold(s, "data:") {
			return true
		}
	}
	return false
}

// allowsHTTP: something may be loaded without encryption. With 'strict-dynamic'
// browsers pass over names and schemes.
func (l sourceList) allowsHTTP() bool {
	for _, s := range l {
		s = strings.ToLower(s)
		if (s == "http:" || strings.HasPrefix(s, "http://")) && !l.has("'strict-dynamic'") {
			return true
		}
	}
	return false
}

// allowsEval: text may be run as a program. 'wasm-unsafe-eval' lets compiled
// programs alone run, and is no fault.
func (l sourceList) allowsEval() bool { return l.has("'unsafe-eval'") }

func isBroad(source string) bool {
	s := strings.ToLower(source)
	switch s {
	case "http:", "https:", "data:":
		return true
	}
	s = strings.TrimPrefix(strings.TrimPrefix(s, "https://"), "http://")
	host, _, _ := strings.Cut(s, "/")
	host, _, _ = strings.Cut(host, ":")
	return host == "*"
}

// isNonceOrHash: 'nonce-...' or 'sha256-...' with something in base64
// (CSP3 section 2.3.1).
func isNonceOrHash(source string) bool {
	s, opened := strings.CutPrefix(source, "'")
	s, closed := strings.CutSuffix(s, "'")
	if !opened || !closed {
		return false
	}
	kind, value, ok := strings.Cut(s, "-")
	if !ok {
		return false
	}
	switch strings.ToLower(kind) {
	case "nonce", "sha256", "sha384", "sha512":
	default:
		return false
	}
	value = strings.TrimSuffix(strings.TrimSuffix(value, "="), "=")
	for _, c := range value {
		if !isAlnum(c) && !strings.ContainsRune("+/-_", c) {
			return false
		}
	}
	return value != ""
}

func isSpace(c rune) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r' }

func isAlnum(c rune) bool {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
