package checks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// valueKind is what may stand behind a directive's name.
type valueKind int

const (
	anyValue   valueKind = iota
	sources              // a source list
	ancestors            // a source list in which 'self' and 'none' are the only keywords
	noValue              // nothing
	needsValue           // at least one word
	oneWord              // exactly one word
	sandbox              // flags of HTML's sandbox
	script               // 'script'
)

// directives are those that browsers know or knew (CSP3 section 6, and the
// specifications that add to it).
func directives() map[string]valueKind {
	return map[string]valueKind{
		"child-src": sources, "connect-src": sources, "default-src": sources, "fenced-frame-src": sources, "font-src": sources,
		"frame-src": sources, "img-src": sources, "manifest-src": sources, "media-src": sources, "object-src": sources,
		"prefetch-src": sources, "script-src": sources, "script-src-elem": sources, "script-src-attr": sources,
		"style-src": sources, "style-src-elem": sources, "style-src-attr": sources, "worker-src": sources,
		"base-uri": sources, "form-action": sources, "navigate-to": sources, "frame-ancestors": ancestors,
		"sandbox": sandbox, "report-uri": needsValue, "report-to": oneWord,
		"upgrade-insecure-requests": noValue, "block-all-mixed-content": noValue,
		"require-trusted-types-for": script, "trusted-types": anyValue, "webrtc": oneWord,
		"plugin-types": needsValue, "referrer": anyValue, "reflected-xss": anyValue, "require-sri-for": needsValue,
	}
}

// policyText is what was wrong with the text of a policy.
type policyText struct {
	known  int      // directives that browsers know
	faults []string // at most maxFaults
}

const maxFaults = 20

func (t *policyText) fault(format string, args ...any) {
	if len(t.faults) < maxFaults {
		t.faults = append(t.faults, fmt.Sprintf(format, args...))
	}
}

// examine holds one serialized policy (CSP3 section 2.2.1) against the grammar.
// Browsers mend or pass over what is wrong, and nobody is told.
func (t *policyText) examine(text string) {
	known, seen := directives(), map[string]bool{}
	for token := range strings.SplitSeq(text, ";") {
		words := strings.FieldsFunc(token, isSpace)
		if len(words) == 0 {
			continue
		}
		name := strings.ToLower(words[0])
		kind, ok := known[name]
		switch {
		case !isASCII(token):
			t.fault("%s: characters beyond ASCII, so it is passed over", words[0])
		case !ok:
			t.fault("%s: no such directive", words[0])
		case seen[name]:
			t.fault("%s stands twice; only the first counts", name)
		default:
			t.known++
			t.value(name, kind, words[1:])
		}
		seen[name] = true
	}
}

func (t *policyText) value(name string, kind valueKind, words []string) {
	switch kind {
	case sources, ancestors:
		for _, w := range words {
			if what := sourceFault(w, kind); what != "" {
				t.fault("%s: %s", name, what)
			}
		}
		if len(words) > 1 && sourceList(words).has("'none'") {
			t.fault("%s: 'none' beside other sources is passed over", name)
		}
	case noValue:
		if len(words) > 0 {
			t.fault("%s takes no value", name)
		}
	case needsValue:
		if len(words) == 0 {
			t.fault("%s has no value", name)
		}
	case oneWord:
		if len(words) != 1 {
			t.fault("%s takes one word", name)
		}
	case sandbox:
		for _, w := range words {
			if !strings.HasPrefix(strings.ToLower(w), "allow-") {
				t.fault("%s: %s is no flag", name, w)
			}
		}
	case script:
		if !slices.Equal(words, []string{"'script'"}) {
			t.fault("%s takes 'script' and nothing else", name)
		}
	}
}

// keywords of source lists (CSP3 section 2.3.1), without their quotes.
func keywords() []string {
	return []string{"self", "none", "unsafe-inline", "unsafe-eval", "wasm-unsafe-eval", "strict-dynamic", "unsafe-hashes", "report-sample",
		"unsafe-allow-redirects", "trusted-types-eval", "report-sha256", "report-sha384", "report-sha512", "inline-speculation-rules"}
}

var (
	schemeSource = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:$`)
	hostSource   = regexp.MustCompile(`^(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:\*|(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?)(?::(?:[0-9]+|\*))?(?:/[^?#]*)?$`)
)

// sourceFault says what is wrong with one source expression, or "".
func sourceFault(s string, kind valueKind) string {
	lower := strings.ToLower(s)
	if bare := strings.Trim(lower, "'"); slices.Contains(keywords(), bare) {
		switch {
		case lower != "'"+bare+"'":
			return s + " needs single quotes around it"
		case kind == ancestors && bare != "self" && bare != "none":
			return s + " has no meaning here"
		}
		return ""
	}
	switch {
	case isNonceOrHash(s), schemeSource.MatchString(s):
		return ""
	case isNonceOrHash("'" + s + "'"):
		return s + " needs single quotes around it"
	case hostSource.MatchString(s):
		return ""
	}
	return s + " is no source"
}
