// Package ownership proves that somebody controls a domain: a DNS record or a
// file on the site holds a token that is theirs alone. The command line asks for
// it before active checks; the portal will, too.
//
// A token is derived (HMAC-SHA256) from a secret, a person and the domain. So
// whoever copies another's token from the public DNS proves nothing: their own
// token is another one. It needs no storage and does not expire: each check
// looks at the live site, and taking the record away ends the permission.
//
// A leaf: every room may import it; it imports no room.
package ownership

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"time"
)

// Where a proof is looked for.
const (
	label     = "_infohub-challenge"
	prefix    = "infohub-verification="
	maxBody   = 4 << 10 // bytes of the file
	maxTXT    = 50      // records
	redirects = 5
	maxAddrs  = 4 // of one host
)

// FilePath is where the file with the proof is on a site.
const FilePath = "/.well-known/infohub-challenge.txt"

// Resolver finds what a name holds. A name without records is an empty answer,
// not an error.
type Resolver interface {
	TXT(ctx context.Context, name string) ([]string, error)
	Addrs(ctx context.Context, host string) ([]netip.Addr, error)
}

// Dialer connects to one address of a host; netguard's and scanner's do.
type Dialer interface {
	Dial(ctx context.Context, network, host string, addr netip.AddrPort) (net.Conn, error)
}

// Method is a way to prove control of a domain.
type Method string

// The ways.
const (
	DNS  Method = "dns-txt" // a TXT record at Record(domain)
	File Method = "file"    // a file at FileURL(domain)
)

// Problem says why a way proves nothing.
type Problem string

// The problems; who shows them has words for each.
const (
	Missing  Problem = "missing"  // no such record or file
	Other    Problem = "other"    // there is one, with another's token
	Redirect Problem = "redirect" // the file's address leads to another site
	Status   Problem = "status"   // the server answered with an error; Detail has it
	NoAnswer Problem = "network"  // Err says why there was no answer
)

// Try is one place that was looked at without success.
type Try struct {
	How     Method
	Where   string // the record's name or the file's address
	Problem Problem
	Detail  string // technical, in English
	Err     error  // of NoAnswer
}

// Result is what became of a check.
type Result struct {
	Domain string
	How    Method // "" if nothing proves it
	Where  string // the record's name or the file's address
	At     time.Time
	Tries  []Try // what was looked at before, or in vain
}

// Proved tells whether control is proved.
func (r Result) Proved() bool { return r.How != "" }

// Token is what a person puts on a domain (in lower case, A-labels, without a
// trailing dot) to prove control of it: 32 letters and digits, 160 bits. person
// tells the people of one secret apart, such as a portal's accounts; on a
// machine of one's own it is "". The secret has at least 32 random bytes.
func Token(secret []byte, person, domain string) string {
	mac := hmac.New(sha256.New, secret)
	for _, part := range []string{"infohub ownership 1", person, domain} {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(part))) // so that no two lists of parts look the same
		mac.Write(size[:])
		mac.Write([]byte(part))
	}
	return strings.ToLower(base32.StdEncoding.EncodeToString(mac.Sum(nil)[:20]))
}

// Record is the name of the TXT record for a domain.
func Record(domain string) string { return label + "." + domain }

// Text is what the record and the file hold.
func Text(token string) string { return prefix + token }

// FileURL is where the file belongs. http does as well, and "www." where the
// domain leads there or has no address of its own.
func FileURL(domain string) string { return "https://" + domain + FilePath }

// Checker looks for proofs.
type Checker struct {
	Resolver  Resolver
	Dialer    Dialer
	UserAgent string
	Now       func() time.Time
	// Timeout bounds the check of one domain; 0 is 20 s.
	Timeout time.Duration
}

// Check looks whether the token is on the domain now: in the DNS, then as a
// file. What answered nothing is in Tries, never an error. That certificates
// are not verified weakens nothing, since http alone would do (as in RFC 8555
// section 8.3): it is what the name's server hands out that proves.
func (c *Checker) Check(ctx context.Context, domain, token string) Result {
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = 20 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	res := Result{Domain: domain, At: c.Now().UTC().Truncate(time.Second)}
	try := c.record(ctx, domain, token)
	if try.Problem == "" {
		res.How, res.Where = DNS, try.Where
		return res
	}
	res.Tries = append(res.Tries, try)
	host := domain
	if addrs, err := c.Resolver.Addrs(ctx, domain); err == nil && len(addrs) == 0 {
		host = "www." + domain // some sites have no other name
	}
	for _, scheme := range []string{"https://", "http://"} {
		try := c.file(ctx, domain, scheme+host+FilePath, token)
		if try.Problem == "" {
			res.How, res.Where = File, try.Where
			return res
		}
		res.Tries = append(res.Tries, try)
	}
	return res
}

// record looks at the DNS. A CNAME is followed: whoever controls the domain put
// it there.
func (c *Checker) record(ctx context.Context, domain, token string) Try {
	try := Try{How: DNS, Where: Record(domain)}
	texts, err := c.Resolver.TXT(ctx, try.Where)
	if err != nil {
		try.Problem, try.Err, try.Detail = NoAnswer, err, err.Error()
		return try
	}
	return try.judge(texts, token)
}

// judge looks for the token among lines. Both are public, so that the time that
// the comparison takes tells nothing.
func (t Try) judge(lines []string, token string) Try {
	t.Problem = Missing
	for i, line := range lines {
		if i == maxTXT {
			break
		}
		line = strings.TrimSpace(strings.TrimPrefix(line, "\uFEFF"))
		found, ours := strings.CutPrefix(line, prefix)
		switch {
		case strings.EqualFold(found, token):
			t.Problem, t.Detail = "", ""
			return t
		case ours:
			t.Problem, t.Detail = Other, "the token there belongs to somebody else, or to another computer"
		}
	}
	return t
}
