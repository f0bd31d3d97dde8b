package webprobe

import (
	"context"
	"net/url"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// noSuchPath is what no site has: it stands under /.well-known/, which RFC 8615
// keeps for registered names, and so is neither a page nor caught by a site's
// own addresses. It never changes, so that whoever sees it in a log can look
// it up.
const noSuchPath = "/.well-known/infohub-no-such-page"

// errorPage asks the host of the main page for an address that does not exist:
// that is where servers and programs tell more than they should. It is nil
// where the main page is somebody else's.
func (v *visit) errorPage(ctx context.Context, target scanner.Target, main string) *scanner.ErrorPage {
	base, err := url.Parse(main)
	if err != nil {
		return nil
	}
	if host := base.Hostname(); host != target.Domain && !strings.HasSuffix(host, "."+target.Domain) {
		return nil
	}
	u := &url.URL{Scheme: base.Scheme, Host: base.Host, Path: noSuchPath}
	a := &answer{done: make(chan struct{})}
	v.ask(ctx, a, u, "", maxErrorPage)
	e := &scanner.ErrorPage{URL: u.String(), Status: a.hop.Status, Headers: a.hop.Headers, Failure: a.failure}
	if a.page != nil {
		e.Page = &scanner.Page{Generator: a.page.Generator, Listing: a.page.Listing, Default: a.page.Default, Trace: a.page.Trace}
	}
	if e.Failure == nil {
		e.Failure = a.hop.BodyFailure
	}
	return e
}
