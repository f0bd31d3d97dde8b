package webprobe

import (
	"context"
	"fmt"
	"net/url"
	"sync"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Probe collects scanner.WebFacts. It has no state and may be shared.
type Probe struct{}

// New returns the probe.
func New() *Probe { return &Probe{} }

// Name is "web".
func (*Probe) Name() string { return "web" }

// After is "dns": it begins where that found addresses.
func (*Probe) After() []string { return []string{"dns"} }

// Collect visits the target. It always returns a section; the error is that of
// a ctx that ended before the visit did.
func (*Probe) Collect(ctx context.Context, in scanner.Input) (scanner.Section, error) {
	var known []scanner.HostAddrs
	if in.Facts.DNS != nil {
		known = in.Facts.DNS.Hosts
	}
	v := &visit{client: newClient(in.Net, known, in.Facts.Started), now: in.Facts.Started, answers: map[string]*answer{}}
	defer v.client.close()

	facts := &scanner.WebFacts{Roots: v.roots(ctx, in.Facts.Target)}
	var others sync.WaitGroup
	var linked []scanner.LinkedHost
	main := facts.Main()
	if main != nil && main.Page != nil {
		others.Go(func() {
			linked = linkedHosts(ctx, in.Net.Resolver, in.Facts.Target, main.Page)
			// With a count of its own: some of the hosts may be at one address of a
			// large network, which may be the site's too.
			c := newClient(in.Net, known, in.Facts.Started)
			c.beside, c.most = v.client, maxShakenAt
			c.shakeHands(ctx, main.Page, linked)
		})
	}
	others.Go(func() { facts.IPv6 = v.overIPv6(ctx, in, facts.Roots) })
	facts.SecurityTxt = v.securityTxt(ctx, in.Facts.Target, facts)
	if main != nil {
		facts.Technologies = v.madeWith(main.Last().URL)
		facts.CORS = v.cors(ctx, main.Last().URL)
		facts.ErrorPage = v.errorPage(ctx, in.Facts.Target, main.Last().URL)
	}
	others.Wait()
	facts.LinkedHosts = linked
	if ctx.Err() != nil {
		return facts, context.Cause(ctx)
	}
	return facts, nil
}

// roots follows every start, all at once.
func (v *visit) roots(ctx context.Context, target scanner.Target) []scanner.WebRoot {
	starts := v.starts(ctx, target)
	roots := make([]scanner.WebRoot, len(starts))
	var wg sync.WaitGroup
	for i, u := range starts {
		wg.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					roots[i] = scanner.WebRoot{Start: u.String(), Failure: scanner.Failf(scanner.FailInternal, fmt.Sprint("panicked: ", p))}
				}
			}()
			roots[i], _ = v.follow(ctx, u)
		})
	}
	wg.Wait()
	return roots
}

// cors asks for the main page once more, as a script of a foreign site would.
func (v *visit) cors(ctx context.Context, page string) *scanner.CORSAnswer {
	c := &scanner.CORSAnswer{URL: page, Origin: ForeignOrigin}
	u, err := resolveURL(nil, page)
	if err != nil {
		c.Failure = scanner.Failf(scanner.FailInternal, err.Error())
		return c
	}
	res := v.client.get(ctx, request{url: u, origin: ForeignOrigin, limit: maxStray})
	if res.failure != nil {
		c.Failure = res.failure
		return c
	}
	if who := blockedBy(res.status, res.header, res.body); who != "" {
		c.Failure = scanner.Failf(scanner.FailBlocked, fmt.Sprintf("status %d from %s", res.status, who))
		return c
	}
	c.AllowOrigin = cut(res.header.Get("Access-Control-Allow-Origin"), 300)
	c.Credentials = res.header.Get("Access-Control-Allow-Credentials") == "true" // case-sensitive, says Fetch
	return c
}

// securityTxt reads the file of the name that stands for the site, which must
// be fetched over https (RFC 9116 section 3), and looks at the old place when
// it is not where it belongs. It is nil when the site has no https start.
func (v *visit) securityTxt(ctx context.Context, target scanner.Target, facts *scanner.WebFacts) *scanner.SecurityTxt {
	host, failure := securityHost(target, facts)
	if host == "" {
		return nil
	}
	at := func(path string) *url.URL { return &url.URL{Scheme: "https", Host: host, Path: path} }
	if failure != nil {
		return &scanner.SecurityTxt{URL: at("/.well-known/security.txt").String(), Failure: failure}
	}
	s := v.readSecurityTxt(ctx, at("/.well-known/security.txt"))
	if s.Found || s.Failure != nil {
		return s
	}
	if old := v.readSecurityTxt(ctx, at("/security.txt")); old.Found {
		return old
	}
	return s
}

// securityHost: the name where the main page ended, if that is one of the
// target's own, or where its chain began. A site whose https gives no answer
// has the failure of that.
func securityHost(target scanner.Target, facts *scanner.WebFacts) (string, *scanner.Failure) {
	root := facts.Main()
	if root == nil || !isHTTPS(root.Start) {
		root = nil
		for i := range facts.Roots {
			if isHTTPS(facts.Roots[i].Start) {
				root = &facts.Roots[i]
				break
			}
		}
	}
	if root == nil {
		return "", nil
	}
	start, err := url.Parse(root.Start)
	if err != nil {
		return "", nil
	}
	if root.Failure != nil {
		return start.Hostname(), root.Failure
	}
	if last := root.Last(); last != nil {
		if end, err := url.Parse(last.URL); err == nil && end.Port() == "" && isOwn(target, end.Hostname()) {
			return end.Hostname(), nil
		}
	}
	return start.Hostname(), nil
}

func (v *visit) readSecurityTxt(ctx context.Context, u *url.URL) *scanner.SecurityTxt {
	root, last := v.follow(ctx, u)
	s := &scanner.SecurityTxt{URL: u.String(), Failure: root.Failure}
	if root.Loop { // the file is not there, whatever the server meant
		s.Failure = nil
	}
	if hop := root.Last(); hop != nil {
		s.Status = hop.Status
	}
	if last == nil || s.Failure != nil {
		return s
	}
	s.Failure = last.hop.BodyFailure
	if s.Status != 200 || !isHTTPS(last.hop.URL) || last.text == "" {
		return s
	}
	text := parseSecurityText(last.text)
	s.Found = text.fields > 0
	s.Contact, s.Expires, s.Signed = text.contact, text.expires, text.signed
	s.Canonical, s.From, s.Signature = text.canonical, last.hop.URL, signatureOf(last.text)
	return s
}
