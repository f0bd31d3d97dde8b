package mailprobe

import (
	"net/netip"
	"strconv"
	"strings"
)

// spfPolicy is one SPF record, parsed by the grammar of RFC 7208 section 12.
type spfPolicy struct {
	mechanisms []spfTerm
	redirect   *spfTerm
	fault      string // the first fault of grammar; the other terms are there all the same
}

// spfTerm is a mechanism, or the redirect modifier.
type spfTerm struct {
	qualifier byte // '+', '-', '~' or '?'
	name      string
	domain    string // the domain-spec, "" if there is none
	macro     bool   // the domain depends on the message
	everyone  bool   // ip4 with a prefix of no bits
}

func (t spfTerm) String() string {
	if t.name == "redirect" {
		return "redirect=" + t.domain
	}
	if t.domain == "" {
		return t.name
	}
	return t.name + ":" + t.domain
}

// spfRecords picks the SPF records out of TXT records (RFC 7208 section 4.5):
// the version, in any case, and then a space or the end. Where there is none,
// nearly has those that somebody must have meant as one.
func spfRecords(texts []string) (records, nearly []string) {
	for _, t := range texts {
		version, _, _ := strings.Cut(t, " ")
		if strings.EqualFold(version, "v=spf1") {
			records = append(records, t)
		} else if strings.HasPrefix(strings.ToLower(strings.TrimLeft(t, " \t\r\n\"'")), "v=spf1") {
			nearly = append(nearly, t)
		}
	}
	return records, nearly
}

// parseSPF reads a record that spfRecords has picked. Any text gives a policy.
func parseSPF(record string) spfPolicy {
	var p spfPolicy
	_, terms, _ := strings.Cut(record, " ")
	explained := false
	for text := range strings.SplitSeq(terms, " ") {
		if text == "" {
			continue
		}
		term, fault := parseSPFTerm(text)
		switch {
		case fault != "":
			first(&p.fault, fault)
		case term.name == "redirect":
			if p.redirect != nil {
				first(&p.fault, "redirect appears twice")
			} else {
				p.redirect = &term
			}
		case term.name == "exp":
			if explained {
				first(&p.fault, "exp appears twice")
			}
			explained = true
		case term.name != "":
			p.mechanisms = append(p.mechanisms, term)
		}
	}
	return p
}

// parseSPFTerm reads one term; an unknown modifier gives a term without a name
// (RFC 7208 section 6: it is ignored).
func parseSPFTerm(text string) (spfTerm, string) {
	for _, c := range []byte(text) {
		if c < 0x21 || c > 0x7e {
			return spfTerm{}, faultf("%q has a character that is not allowed", text)
		}
	}
	end := strings.IndexAny(text, ":/=")
	if end < 0 {
		end = len(text)
	}
	if end < len(text) && text[end] == '=' {
		return parseSPFModifier(text, text[:end], text[end+1:])
	}
	t := spfTerm{qualifier: '+'}
	name, rest := text[:end], text[end:]
	if name != "" && strings.IndexByte("+-~?", name[0]) >= 0 {
		t.qualifier, name = name[0], name[1:]
	}
	t.name = strings.ToLower(name)
	ok := false
	switch t.name {
	case "all":
		ok = rest == ""
	case "include", "exists":
		ok = strings.HasPrefix(rest, ":") && t.setDomain(rest[1:])
	case "ptr":
		ok = rest == "" || (rest[0] == ':' && t.setDomain(rest[1:]))
	case "a", "mx":
		if rest, ok = cutDualPrefix(rest); ok && rest != "" {
			ok = rest[0] == ':' && t.setDomain(rest[1:])
		}
	case "ip4", "ip6":
		ok = strings.HasPrefix(rest, ":") && t.setNetwork(rest[1:])
	default:
		return spfTerm{}, faultf("unknown mechanism %q", name)
	}
	if !ok {
		return spfTerm{}, faultf("%q is malformed", text)
	}
	return t, ""
}

func parseSPFModifier(text, name, value string) (spfTerm, string) {
	for i, c := range []byte(name) {
		if !isAlpha(c) && (i == 0 || (!isDigit(c) && strings.IndexByte("-_.", c) < 0)) {
			return spfTerm{}, faultf("%q is malformed", text)
		}
	}
	if name == "" {
		return spfTerm{}, faultf("%q is malformed", text)
	}
	t := spfTerm{name: strings.ToLower(name)}
	if t.name == "redirect" || t.name == "exp" {
		if !t.setDomain(value) {
			return spfTerm{}, faultf("%q is malformed", text)
		}
		return t, ""
	}
	if _, _, _, ok := expandSPF(value, true); !ok {
		return spfTerm{}, faultf("%q is malformed", text)
	}
	return spfTerm{}, ""
}

// setDomain takes a domain-spec (RFC 7208 section 7.1): a macro-string that
// ends in a macro or in a dot and a label that is no number.
func (t *spfTerm) setDomain(spec string) bool {
	domain, macro, endsInMacro, ok := expandSPF(spec, false)
	if !ok || domain == "" {
		return false
	}
	if !endsInMacro {
		s := strings.TrimSuffix(spec, ".")
		dot := strings.LastIndexByte(s, '.')
		if dot < 0 || !isTopLabel(s[dot+1:]) {
			return false
		}
	}
	t.domain, t.macro = domain, macro
	return true
}

// isTopLabel is the "toplabel" of RFC 7208 section 7.1.
func isTopLabel(s string) bool {
	if s == "" || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for _, c := range []byte(s) {
		if !isAlpha(c) && !isDigit(c) && c != '-' {
			return false
		}
	}
	return !isDigits(s)
}

// expandSPF checks a macro-string and expands what stands for itself (%%, %_
// and %-). macro tells that it also holds one whose value depends on the
// message; those are left as written. explanation allows the letters that only
// the text of an explanation may have (c, r and t).
func expandSPF(s string, explanation bool) (out string, macro, endsInMacro, ok bool) {
	letters := "slodiphv"
	if explanation {
		letters += "crt"
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		endsInMacro = s[i] == '%'
		if !endsInMacro {
			b.WriteByte(s[i])
			continue
		}
		if i++; i == len(s) {
			return "", false, false, false
		}
		switch s[i] {
		case '%':
			b.WriteByte('%')
		case '_':
			b.WriteByte(' ')
		case '-':
			b.WriteString("%20")
		case '{':
			n := strings.IndexByte(s[i:], '}')
			if n < 0 || !isMacroBody(s[i+1:i+n], letters) {
				return "", false, false, false
			}
			b.WriteString(s[i-1 : i+n+1])
			i += n
			macro = true
		default:
			return "", false, false, false
		}
	}
	return b.String(), macro, endsInMacro, true
}

// isMacroBody checks what stands between the braces of a macro: a letter, how
// many labels (not 0), "r", delimiters.
func isMacroBody(s, letters string) bool {
	if s == "" || strings.IndexByte(letters, s[0]|0x20) < 0 || !isAlpha(s[0]) {
		return false
	}
	s = s[1:]
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	if digits > 0 && strings.Trim(s[:digits], "0") == "" {
		return false
	}
	s = s[digits:]
	if s != "" && s[0]|0x20 == 'r' {
		s = s[1:]
	}
	return strings.Trim(s, ".-+,/_=") == ""
}

// cutDualPrefix takes "/24", "//64" or "/24//64" off the end.
func cutDualPrefix(s string) (string, bool) {
	if i := strings.LastIndex(s, "//"); i >= 0 && isDigits(s[i+2:]) {
		if _, ok := prefixBits(s[i+2:], 128); !ok {
			return s, false
		}
		s = s[:i]
	}
	if i := strings.LastIndexByte(s, '/'); i >= 0 && isDigits(s[i+1:]) {
		if _, ok := prefixBits(s[i+1:], 32); !ok {
			return s, false
		}
		s = s[:i]
	}
	return s, true
}

func prefixBits(s string, most int) (int, bool) {
	if !isDigits(s) || (len(s) > 1 && s[0] == '0') {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n <= most
}

// setNetwork takes the argument of ip4 or ip6.
func (t *spfTerm) setNetwork(s string) bool {
	text, bits, hasBits := strings.Cut(s, "/")
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" || addr.Is4() != (t.name == "ip4") {
		return false
	}
	if !hasBits {
		return true
	}
	n, ok := prefixBits(bits, addr.BitLen())
	t.everyone = ok && n == 0 && addr.Is4()
	return ok
}
