package mailprobe

import (
	"context"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"slices"
	"strings"
	"sync"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Bounds on the search for keys.
const (
	dkimOwn    = 20 // selectors that the user may name
	dkimAtOnce = 8  // look-ups
	dkimGiveUp = 4  // failed look-ups after which the rest is not asked
)

// wildcardSelector is a selector that nobody has: what answers to it answers to
// every name.
const wildcardSelector = "infohub-no-such-selector"

// usualSelectors are those that common mail programs and providers use. A
// provider that makes one up per customer (Amazon SES, HubSpot) is not among
// them.
func usualSelectors() []string {
	return []string{
		"default", "dkim", "mail", "email", "smtp", "mx", "s1", "s2", "key1", "selector", // programs and panels; SendGrid s1, s2
		"selector1", "selector2", // Microsoft 365
		"google",                     // Google Workspace
		"k1", "k2", "k3", "mandrill", // Mailchimp
		"mte1", "mte2", // Mailchimp Transactional
		"zoho", "zmail", // Zoho
		"fm1", "fm2", "fm3", // Fastmail
		"protonmail", "protonmail2", "protonmail3", // Proton
		"sig1",             // iCloud
		"pm",               // Postmark
		"krs",              // Mailgun
		"mailjet",          // Mailjet
		"brevo1", "brevo2", // Brevo
		"resend", // Resend
		"cm",     // Campaign Monitor
		"smtpapi", "mxvault", "everlytickey1", "zendesk1", "zendesk2",
		"qcloud",             // Tencent Cloud
		"aliyun-cn-hangzhou", // Alibaba Cloud
	}
}

// selectors returns the user's selectors and then the usual ones, each once.
// What is no selector is left out.
func (s *scan) selectors() []string {
	var all []string
	for _, name := range s.dkim[:min(len(s.dkim), dkimOwn)] {
		name = strings.ToLower(strings.Trim(name, ". \t"))
		if isSelector(name) && isHostName(name+"._domainkey."+s.domain) && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	for _, name := range usualSelectors() {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

func isSelector(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == ""
}

// dkimKeys looks for keys under the selectors. A record that a wildcard gives
// to every name is no key.
func (s *scan) dkimKeys(ctx context.Context) scanner.DKIM {
	wildcard, failure := s.txt(ctx, wildcardSelector+"._domainkey."+s.domain)
	if failure != nil {
		return scanner.DKIM{Failure: failure}
	}
	var (
		names = s.selectors()
		next  = make(chan int, len(names))
		mu    sync.Mutex
		keys  = make([]*scanner.DKIMKey, len(names))
		fault = make([]*scanner.Failure, len(names))
		out   scanner.DKIM
		fails int
	)
	for i := range names {
		next <- i
	}
	close(next)
	worker := func() {
		for i := range next {
			mu.Lock()
			stop := fails >= dkimGiveUp
			mu.Unlock()
			if stop || ctx.Err() != nil {
				return
			}
			texts, failure := s.txt(ctx, names[i]+"._domainkey."+s.domain)
			mu.Lock()
			if failure != nil {
				fails++
				fault[i] = failure
			} else {
				out.Tried++
				texts = slices.DeleteFunc(texts, func(t string) bool { return slices.Contains(wildcard, t) })
				keys[i] = dkimKey(names[i], texts)
			}
			mu.Unlock()
		}
	}
	if err := together(slices.Repeat([]func(){worker}, dkimAtOnce)...); err != nil {
		return scanner.DKIM{Failure: scanner.FailureOf(err)}
	}
	for i, k := range keys {
		if k != nil {
			out.Keys = append(out.Keys, *k)
		}
		if out.Failure == nil {
			out.Failure = fault[i]
		}
	}
	if out.Failure == nil && ctx.Err() != nil {
		out.Failure = scanner.FailureOf(context.Cause(ctx))
	}
	return out
}

// dkimKey reads the key record among the TXT records of a selector; nil where
// there is none.
func dkimKey(selector string, texts []string) *scanner.DKIMKey {
	var records []string
	for _, t := range texts {
		if isDKIM(t) {
			records = append(records, t)
		}
	}
	if len(records) == 0 {
		return nil
	}
	k := parseDKIM(records[0])
	k.Selector = selector
	if len(records) > 1 {
		k.Error = faultf("there are %d records", len(records)) // RFC 6376 section 3.6.2.2: undefined
	}
	return &k
}

// isDKIM tells a key record from other TXT records: its version says so or,
// where it has none, there is a p.
func isDKIM(record string) bool {
	tags, _ := parseTags(record)
	if v, ok := valueOf(tags, "v"); ok {
		return v == "DKIM1"
	}
	_, ok := valueOf(tags, "p")
	return ok
}

// parseDKIM reads a key record (RFC 6376 section 3.6.1, RFC 8463). Every text
// gives a key, perhaps one with an error.
func parseDKIM(record string) scanner.DKIMKey {
	k := scanner.DKIMKey{Type: "rsa"}
	tags, fault := parseTags(record)
	k.Error = fault
	if len(tags) > 0 && tags[0].name != "v" {
		if _, ok := valueOf(tags, "v"); ok {
			first(&k.Error, "v is not the first tag")
		}
	}
	for _, t := range tags {
		switch t.name {
		case "k":
			k.Type = scanner.Printable(strings.ToLower(t.value), 20)
		case "h":
			if !listHas(t.value, "sha256") {
				first(&k.Error, faultf("h=%q leaves out sha256", t.value))
			}
		case "s":
			if !listHas(t.value, "*") && !listHas(t.value, "email") {
				first(&k.Error, faultf("s=%q leaves out mail", t.value))
			}
		case "t":
			k.Testing = listHas(t.value, "y")
		}
	}
	p, ok := valueOf(tags, "p")
	if !ok {
		first(&k.Error, "the record has no p")
		return k
	}
	p = strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n", r) {
			return -1
		}
		return r
	}, p)
	if k.Revoked = p == ""; k.Revoked {
		return k
	}
	der, err := base64.StdEncoding.DecodeString(p)
	if err != nil {
		first(&k.Error, "p is not base64")
		return k
	}
	var keyFault string
	if k.Bits, keyFault = keyBits(k.Type, der); keyFault != "" {
		first(&k.Error, keyFault)
	}
	return k
}

// keyBits returns the size of a public key. RSA keys come as
// SubjectPublicKeyInfo and, from some signers, as a bare RSAPublicKey.
func keyBits(kind string, der []byte) (bits int, fault string) {
	switch kind {
	case "rsa":
		if key, err := x509.ParsePKIXPublicKey(der); err == nil {
			if key, ok := key.(*rsa.PublicKey); ok {
				return key.N.BitLen(), ""
			}
			return 0, "p holds a key of another type than k says"
		}
		if key, err := x509.ParsePKCS1PublicKey(der); err == nil {
			return key.N.BitLen(), ""
		}
		return 0, "p holds no RSA key"
	case "ed25519":
		if len(der) != ed25519.PublicKeySize {
			return 0, "p holds no Ed25519 key"
		}
		return 8 * ed25519.PublicKeySize, ""
	}
	return 0, faultf("unknown key type %q", kind)
}

// listHas tells whether a list with colons between its items has item.
func listHas(list, item string) bool {
	for x := range strings.SplitSeq(list, ":") {
		if strings.EqualFold(trimSpace(x), item) {
			return true
		}
	}
	return false
}
