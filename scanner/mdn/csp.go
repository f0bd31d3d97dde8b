package mdn

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// cspVerdict is what the content policy test says, and what the framing test
// needs of it.
type cspVerdict struct {
	result         string
	frameAncestors bool
}

const cspInvalid = "csp-header-invalid"

// csp judges the policies of the header and of <meta> together, as one.
func (s *session) csp() cspVerdict {
	var header, meta []string
	if value, there := s.header("Content-Security-Policy"); there {
		header = []string{value}
	}
	if s.isHTML() {
		meta = slices.Clone(s.page.MetaCSP)
	}
	all, ok := parsePolicies(append(slices.Clone(header), meta...))
	if !ok {
		return cspVerdict{result: cspInvalid}
	}
	fromHeader, _ := parsePolicies(header)
	fromMeta, _ := parsePolicies(meta)
	for _, name := range []string{"frame-ancestors", "report-uri", "sandbox"} { // a <meta> cannot carry these
		fromMeta.drop(name)
	}
	if len(fromHeader)+len(fromMeta) == 0 {
		if value, _ := s.header("Content-Security-Policy-Report-Only"); value != "" {
			return cspVerdict{result: "csp-not-implemented-but-reporting-enabled"}
		}
		return cspVerdict{result: "csp-not-implemented"}
	}
	return cspVerdict{result: all.judge(s.auto == s.https), frameAncestors: all.get("frame-ancestors") != nil}
}

// directives are what all policies together allow, in the order in which they
// were written.
type directives []*directive

type directive struct {
	name    string
	sources []string // each once
}

func (d directives) get(names ...string) *directive {
	for _, name := range names {
		for _, x := range d {
			if x.name == name {
				return x
			}
		}
	}
	return nil
}

func (d *directives) drop(name string) {
	*d = slices.DeleteFunc(*d, func(x *directive) bool { return x.name == name })
}

func (x *directive) has(sources ...string) bool {
	return slices.ContainsFunc(x.sources, func(s string) bool { return slices.Contains(sources, s) })
}

func (x *directive) remove(unwanted func(string) bool) {
	x.sources = slices.DeleteFunc(x.sources, unwanted)
}

// broad are sources that allow nearly any host.
func broad() []string {
	return []string{"ftp:", "http:", "https:", "*", "http://*", "http://*.*", "https://*", "https://*.*"}
}

// judge gives the worst that the policies allow. A directive that falls back to
// default-src is default-src: what a nonce takes out of one, it takes out of
// both, as in the Observatory.
func (d directives) judge(secure bool) string {
	governing := func(names ...string) *directive {
		if x := d.get(names...); x != nil {
			return x
		}
		return &directive{sources: []string{"*"}}
	}
	object := governing("object-src", "default-src")
	script := governing("script-src", "default-src")
	style := governing("style-src", "default-src")
	for _, x := range []*directive{script, style} {
		if x.pinned() {
			x.remove(func(s string) bool { return s == "'unsafe-inline'" })
		}
	}
	if script.has("'strict-dynamic'") {
		if !script.pinned() {
			return cspInvalid
		}
		script.remove(func(s string) bool {
			return s == "'self'" || s == "'unsafe-inline'" || slices.ContainsFunc(broad(), func(b string) bool { return strings.HasPrefix(s, b) })
		})
	}
	active := slices.Clone(script.sources)
	for _, x := range d {
		switch x.name {
		case "img-src", "media-src", "script-src":
		default:
			active = append(active, x.sources...)
		}
	}
	var passive []string
	for _, name := range []string{"img-src", "media-src"} {
		if x := d.get(name, "default-src"); x != nil {
			passive = append(passive, x.sources...)
		}
	}
	loose := append(broad(), "'unsafe-inline'", "data:")
	result := "csp-implemented-with-no-unsafe"
	switch main := d.get("default-src"); {
	case script.has(loose...), object.has(broad()...):
		return "csp-implemented-with-unsafe-inline"
	case secure && slices.ContainsFunc(active, isPlain):
		return "csp-implemented-with-insecure-scheme"
	case script.has("'unsafe-eval'"), style.has("'unsafe-eval'"):
		return "csp-implemented-with-unsafe-eval"
	case secure && slices.ContainsFunc(passive, isPlain):
		result = "csp-implemented-with-insecure-scheme-in-passive-content-only"
	case style.has(loose...):
		result = "csp-implemented-with-unsafe-inline-in-style-src-only"
	case main != nil && slices.Equal(main.sources, []string{"'none'"}):
		result = "csp-implemented-with-no-unsafe-default-src-none"
	}
	if d.get(duplicates) != nil {
		result = "csp-implemented-but-duplicate-directives"
	}
	return result
}

// pinned: a nonce or a hash stands in the list.
func (x *directive) pinned() bool {
	return slices.ContainsFunc(x.sources, func(s string) bool {
		return slices.ContainsFunc([]string{"'sha256-", "'sha384-", "'sha512-", "'nonce-"}, func(p string) bool { return strings.HasPrefix(s, p) })
	})
}

func isPlain(source string) bool {
	return strings.HasPrefix(source, "http:") || strings.HasPrefix(source, "ftp:")
}

// duplicates is the name under which the directives are kept that may stand
// twice, and do.
const duplicates = "_duplicates"

// source is one source on its way through parsePolicies.
type source struct {
	text   string
	policy int
	keep   bool
}

// parsePolicies joins policies as the Observatory does: with several, a source
// counts where a later policy has one like it. It is false where a policy is
// too short to be one, or names a directive twice.
func parsePolicies(policies []string) (directives, bool) {
	var (
		names []string
		lists = map[string][]source{}
		twice []string
	)
	for i, policy := range policies {
		policies[i] = trim(strings.NewReplacer("\r", "", "\n", "").Replace(policy))
		if len(policies[i]) < len("img-src")-1 {
			return nil, false
		}
	}
	for i, policy := range policies {
		seen := map[string]bool{}
		for entry := range strings.SplitSeq(policy, ";") {
			words := strings.FieldsFunc(entry, func(r rune) bool { return trim(string(r)) == "" })
			if len(words) == 0 {
				continue
			}
			name := strings.ToLower(words[0])
			if seen[name] {
				if name != "report-uri" && name != "report-to" {
					return nil, false
				}
				twice = append(twice, name)
			}
			seen[name] = true
			if _, known := lists[name]; !known {
				names = append(names, name)
			}
			list, ok := join(lists[name], words, i)
			if !ok {
				return nil, false
			}
			if i == 0 && len(policies) > 1 {
				for j := range list {
					list[j].keep = false
				}
			}
			lists[name] = list
		}
	}
	var out directives
	for _, name := range names {
		x := &directive{name: name}
		for _, s := range lists[name] {
			if !slices.Contains(x.sources, s.text) {
				x.sources = append(x.sources, s.text)
			}
		}
		if len(x.sources) == 0 {
			x.sources = []string{"'none'"}
		}
		out = append(out, x)
	}
	if len(twice) > 0 {
		out = append(out, &directive{name: duplicates, sources: twice})
	}
	return out, true
}

// join adds the sources of one directive of policy i to those of the policies
// before it, and drops what is not to be kept. It is false where a path cannot
// be decoded.
func join(before []source, words []string, i int) ([]source, bool) {
	list := []source{}
	if i > 0 {
		list = slices.Clone(before)
	}
	for _, w := range words[1:] {
		list = append(list, source{strings.ToLower(w), i, i == 0})
	}
	if len(words) == 1 && strings.HasSuffix(strings.ToLower(words[0]), "-src") {
		list = append(list, source{"'none'", i, i == 0})
	}
	slices.SortStableFunc(list, func(a, b source) int { return collate(a.text, b.text) })
	for j := 1; j < len(list); j++ {
		s, prev := &list[j], list[j-1]
		if s.policy == prev.policy && strings.HasPrefix(s.text, prev.text) {
			s.keep = false
		}
		if s.policy != prev.policy {
			match, ok := pathsMatch(prev.text, s.text)
			if !ok {
				return nil, false
			}
			s.keep = s.keep || match
		}
	}
	return slices.DeleteFunc(list, func(s source) bool { return !s.keep }), true
}

// pathsMatch compares two sources as paths; ok is false where one cannot be
// decoded.
func pathsMatch(a, b string) (match, ok bool) {
	if a == "" || (a == "/" && b == "") {
		return true, true
	}
	exact := !strings.HasSuffix(a, "/")
	pa, pb := strings.Split(a, "/"), strings.Split(b, "/")
	if len(pa) > len(pb) || (exact && len(pa) != len(pb)) {
		return false, true
	}
	if !exact {
		pa = pa[:len(pa)-1]
	}
	for i := range pa {
		x, ok1 := decode(pa[i])
		y, ok2 := decode(pb[i])
		if !ok1 || !ok2 {
			return false, false
		}
		if x != y {
			return false, true
		}
	}
	return true, true
}

// decode takes percent signs away; what is then no UTF-8 cannot be decoded.
func decode(s string) (string, bool) {
	if !strings.Contains(s, "%") {
		return s, true
	}
	var out []byte
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			out = append(out, s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", false
		}
		hi, lo := strings.IndexByte("0123456789abcdef", s[i+1]), strings.IndexByte("0123456789abcdef", s[i+2])
		if hi < 0 || lo < 0 {
			return "", false
		}
		out = append(out, byte(hi<<4|lo))
		i += 2
	}
	return string(out), utf8.Valid(out)
}

// collation is the order of ASCII characters in English dictionaries (CLDR's
// root), by which the Observatory sorts sources before it compares neighbours.
const collation = "_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789abcdefghijklmnopqrstuvwxyz"

func collate(a, b string) int {
	for i := range min(len(a), len(b)) {
		if c := cmp.Compare(strings.IndexByte(collation, a[i]), strings.IndexByte(collation, b[i])); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}
