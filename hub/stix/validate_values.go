package stix

import (
	"net/netip"
	"net/url"
	"strings"
)

// The checks of values that other standards define. An object whose data are
// defanged (3.2) has them in another form, so their form is not asked for then.

// written is the string to look at; false where there is none or it is defanged.
func (c *checker) written(v Value) (string, bool) {
	isString(c, v)
	return v.Text(), v.Kind() == String && !c.root.Get("defanged").IsTrue()
}

// isAddress is the check of an address or a block of addresses in CIDR notation
// (6.8.1, 6.9.1).
func isAddress(family string, is func(netip.Addr) bool) check {
	return func(c *checker, v Value) {
		text, ok := c.written(v)
		if !ok {
			return
		}
		address, err := netip.ParseAddr(text)
		if strings.Contains(text, "/") {
			var block netip.Prefix
			block, err = netip.ParsePrefix(text)
			address = block.Addr()
		}
		if err != nil || !is(address) || address.Zone() != "" { // a zone is of one machine only
			c.fail(c.clause, "must be an %s address or a block of them in CIDR notation, and is %s", family, shown(v))
		}
	}
}

// isMAC is the check of a MAC address (6.10.1).
func isMAC(c *checker, v Value) {
	text, ok := c.written(v)
	if !ok {
		return
	}
	good := len(text) == 17
	for i := 0; good && i < len(text); i++ {
		b := text[i]
		if i%3 == 2 {
			good = b == ':'
		} else {
			good = isDigit(b) || b >= 'a' && b <= 'f'
		}
	}
	if !good {
		c.fail(c.clause, "must be a MAC address in lower case with colons, such as 00:00:ab:cd:ef:01, and is %s", shown(v))
	}
}

// isDomain is the check of a domain name (6.4.1). Underscores and wildcards are
// left alone: they are in the DNS, if not in the names of hosts.
func isDomain(c *checker, v Value) {
	text, ok := c.written(v)
	if !ok {
		return
	}
	name := strings.TrimSuffix(text, ".")
	good := name != "" && len(name) <= 253 && !strings.ContainsAny(name, " \t\r\n/\\:@?#,;\"<>[]()")
	for label := range strings.SplitSeq(name, ".") {
		good = good && label != "" && len(label) <= 63
	}
	if !good {
		c.fail(c.clause, "must be a domain name, and is %s", shown(v))
	}
}

// isURL is the check of a URL (6.15.1, 6.1.1). What RFC 3986 wants escaped is only
// warned of: URLs of attackers are what they are.
func isURL(c *checker, v Value) {
	text, ok := c.written(v)
	if !ok {
		return
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme == "" || strings.ContainsAny(text, " \t\r\n"):
		c.fail(c.clause, "must be a URL with its scheme, such as https://example.com/, and is %s", shown(v))
	case !only(text, isURLCharacter):
		c.warn(c.clause, "has characters that a URL has as %%XX only")
	}
}

// isLink is the check of an external reference's URL, which is for people.
func isLink(c *checker, v Value) {
	isString(c, v)
	if u, err := url.Parse(v.Text()); v.Kind() == String && (err != nil || u.Scheme == "") {
		c.warn(c.clause, "should be a URL with its scheme, such as https://example.com/, and is %s", shown(v))
	}
}

// isURLCharacter is for the characters of RFC 3986, 2.
func isURLCharacter(b byte) bool {
	return isAlphanumeric(b) || strings.IndexByte("-._~:/?#[]@!$&'()*+,;=%", b) >= 0
}

// isMailAddress is the check of an address without a display name (6.5.1).
func isMailAddress(c *checker, v Value) {
	text, ok := c.written(v)
	if !ok {
		return
	}
	at := strings.LastIndexByte(text, '@')
	switch {
	case strings.ContainsAny(text, "<>"):
		c.fail(c.clause, "must be an address without a display name, such as jane.smith@example.com, and is %s", shown(v))
	case at < 1 || at == len(text)-1:
		c.warn(c.clause, "should be a mail address such as jane.smith@example.com, and is %s", shown(v))
	}
}

// isCPE is the check of a name of the Common Platform Enumeration (6.14.1).
func isCPE(c *checker, v Value) {
	isString(c, v)
	if text := v.Text(); v.Kind() == String && (!strings.HasPrefix(text, "cpe:2.3:") || strings.Count(text, ":") < 12) {
		c.fail(c.clause, "must be a name of CPE 2.3 with all its parts, such as cpe:2.3:a:microsoft:word:2000:*:*:*:*:*:*:*, and is %s", shown(v))
	}
}

// isRegistryKey is the check of a key with its hive in full (6.17.1).
func isRegistryKey(c *checker, v Value) {
	isString(c, v)
	hive, _, _ := strings.Cut(v.Text(), `\`)
	switch strings.ToUpper(hive) {
	case "HKLM", "HKCU", "HKCR", "HKU", "HKCC", "HKPD":
		c.fail(c.clause, "must begin with the whole name of its hive, such as HKEY_LOCAL_MACHINE, and begins with %s", hive)
	}
}

// isHashes is the check of hashes (2.7).
func isHashes(c *checker, v Value) {
	switch {
	case v.Kind() != Object:
		c.fail("2.7", "must be an object with a hash for each algorithm's name, and is %s", shown(v))
		return
	case v.Len() == 0:
		c.fail("2.7", "must not be empty: leave the property out")
		return
	}
	for name, hash := range v.Members() {
		c.enter(name)
		c.hash(name, hash)
		c.leave()
	}
}

func (c *checker) hash(name string, v Value) {
	if len(name) < 3 || len(name) > 250 || !only(name, isKeyCharacter) {
		c.fail("2.7", "is no name of a hash: they have 3 to 250 letters of ASCII, digits, hyphens and underscores")
	}
	if v.Kind() != String {
		c.fail("2.7", "must be a string, and is %s", shown(v))
		return
	}
	text, digits := v.Text(), 0
	switch name {
	case "MD5":
		digits = 32
	case "SHA-1":
		digits = 40
	case "SHA-256", "SHA3-256":
		digits = 64
	case "SHA-512", "SHA3-512":
		digits = 128
	case "TLSH":
		// Since version 4.0 TLSH writes T1 before the digits.
		text, digits = strings.TrimPrefix(text, "T1"), 70
	case "SSDEEP":
		size, rest, _ := strings.Cut(text, ":")
		if size == "" || !only(size, isDigit) || strings.Count(rest, ":") != 1 {
			c.fail("10.7", "must be a hash of ssdeep, such as 96:s4Ud1Lj96tHHlZDrwciQmA+4uy1I0G4HYuL8N3TzS8QsO/wqWXLcMSx:sF1LjEtHHlZDrJzrhuyZvHYm8tKp/RWO, and is %s", shown(v))
		}
		return
	default:
		c.warn("10.7", "is not a term of hash-algorithm-ov (%s)", strings.ReplaceAll(hashAlgorithms, " ", ", "))
		return
	}
	if len(text) != digits || !only(text, isHexDigit) {
		c.fail("10.7", "must be a hash of %s, which has %d hexadecimal digits, and is %s", name, digits, shown(v))
	}
}
