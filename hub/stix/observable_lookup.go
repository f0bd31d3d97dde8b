package stix

import (
	"net"
	"net/netip"
	"slices"
	"strings"
)

const (
	maxLookup = 8192 // bytes of what somebody types
	maxKeys   = 290  // the most that one text leads to
)

// Lookup turns what a person typed into what to ask for, the most exact first: an
// address, then the blocks that hold it; a block and the wider ones; a domain's
// name and those above it but the top-level one; a URL, then it without its query,
// then its host; a mail address, then its domain; a hash, a CVE, an AS number, a
// MAC address; else the text as a name of a file, a mutex, a registry key, a user
// agent or, written type:property=value, as any property. What was made harmless
// to click on (hxxp, [.], [at]) is read as what it was. There are fewer than 300,
// each once, none for a text of more than 8 KB; Negated and Alone are not set.
func Lookup(text string) []Observable {
	if len(text) > maxLookup {
		return nil
	}
	text = refang(printable(strings.ToValidUTF8(text, "")))
	if text == "" {
		return nil
	}
	var l lookup
	if !l.form(text) {
		l.words(text)
	}
	return l.keys
}

type lookup struct{ keys []Observable }

func (l *lookup) add(kind ObservableKind, key string) {
	key = clip(printable(key))
	if key == "" || len(l.keys) == maxKeys || slices.Contains(l.keys, Observable{Kind: kind, Key: key}) {
		return
	}
	l.keys = append(l.keys, Observable{Kind: kind, Key: key})
}

// form asks for what the text's form tells, and is false where it could be
// something else as well.
func (l *lookup) form(text string) bool {
	if l.addresses(text) {
		return true
	}
	if scheme, _, found := strings.Cut(text, "://"); found && isScheme(scheme) {
		return l.url(text)
	}
	text = strings.TrimPrefix(text, "mailto:")
	if key, domain, ok := emailKey(text); ok {
		l.add(Email, key)
		l.domains(domain)
		return true
	}
	if ids := cvesIn(text); len(ids) == 1 && len(ids[0]) == len(text) {
		l.add(CVE, ids[0])
		return true
	}
	if key, ok := macKey(text); ok {
		l.add(MAC, key)
		return true
	}
	if len(text) > 2 && strings.EqualFold(text[:2], "AS") {
		if key, ok := asnKey(text); ok {
			l.add(ASN, key)
			return true
		}
	}
	if isHex(text) && len(text) >= 32 || isTLSH(text) || isFuzzyHash(text) {
		l.add(Hash, hashKey(text))
		if isHex(text) && len(text) <= 40 {
			l.add(Certificate, serialKey(text))
		}
		return true
	}
	if host, port, err := net.SplitHostPort(text); err == nil && strings.Trim(port, "0123456789") == "" && host != "" {
		if l.addresses(host) {
			return true
		}
		if domain, ok := domainKey(host); ok && strings.Contains(domain, ".") {
			l.domains(domain)
		}
	}
	return false
}

// words asks for what has no form of its own.
func (l *lookup) words(text string) {
	if key, _, ok := urlKey(text); ok && strings.Contains(text, "/") {
		l.add(URL, key)
		if key, _, ok := urlKey("https://" + text); ok {
			l.add(URL, key)
		}
		l.url("http://" + text)
	}
	if domain, ok := domainKey(text); ok {
		l.domains(domain)
	}
	if key, ok := asnKey(text); ok {
		l.add(ASN, key)
	}
	if serial := serialKey(text); isHex(serial) && len(serial) >= 8 && len(serial) <= 40 {
		l.add(Certificate, serial)
	}
	l.add(FileName, text)
	if at := strings.LastIndexAny(text, `/\`); at >= 0 {
		l.add(FileName, text[at+1:])
	}
	l.add(Mutex, text)
	if strings.Contains(text, `\`) {
		l.add(RegistryKey, registryKey(text))
	}
	l.add(UserAgent, text)
	if typ, rest, ok := strings.Cut(text, ":"); ok && isTypeName(typ) && strings.Contains(rest, "=") {
		l.add(Other, text)
	}
}

// addresses asks for an address or a block, and every block around it.
func (l *lookup) addresses(text string) bool {
	text = strings.Trim(text, "[]")
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" {
			return false
		}
		a = a.Unmap()
		prefix = netip.PrefixFrom(a, a.BitLen())
	}
	if prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	for bits := prefix.Bits(); bits >= 0; bits-- {
		l.add(prefixKey(netip.PrefixFrom(prefix.Addr(), bits)))
	}
	return true
}

// domains asks for a name and those above it but the top-level one.
func (l *lookup) domains(name string) {
	l.add(Domain, name)
	for {
		_, above, ok := strings.Cut(name, ".")
		if !ok || !strings.Contains(above, ".") {
			return
		}
		l.add(Domain, above)
		name = above
	}
}

func (l *lookup) url(text string) bool {
	key, host, ok := urlKey(text)
	if !ok {
		return false
	}
	l.add(URL, key)
	if bare, _, found := strings.Cut(key, "?"); found {
		l.add(URL, bare)
	}
	if host != "" && !l.addresses(host) {
		l.domains(host)
	}
	return true
}

// isFuzzyHash reports whether a text is an ssdeep digest: a number and two texts of
// base64 with colons between them.
func isFuzzyHash(text string) bool {
	size, rest, ok := strings.Cut(text, ":")
	first, second, both := strings.Cut(rest, ":")
	const base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	return ok && both && size != "" && len(first) >= 3 && second != "" &&
		strings.Trim(size, "0123456789") == "" && strings.Trim(first, base64) == "" && strings.Trim(second, base64) == ""
}

// refang undoes what people do to a value lest it be clicked on.
func refang(text string) string {
	if len(text) >= 4 && strings.EqualFold(text[:4], "hxxp") {
		text = "http" + text[4:]
	} else if len(text) >= 4 && strings.EqualFold(text[:4], "fxp:") {
		text = "ftp:" + text[4:]
	}
	return strings.NewReplacer(
		"[.]", ".", "(.)", ".", "{.}", ".", "[dot]", ".", "(dot)", ".", "[DOT]", ".", "(DOT)", ".",
		"[@]", "@", "(@)", "@", "[at]", "@", "(at)", "@", "[AT]", "@", "(AT)", "@",
		"[:]", ":", "(:)", ":", "[://]", "://", "[/]", "/",
	).Replace(text)
}
