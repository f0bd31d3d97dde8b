package dnsprobe

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
)

// Bounds of the pages that are fetched from hosted services.
const (
	maxFetches    = 20 // of one scan
	fetchesAtOnce = 4
	maxPage       = 64 << 10        // bytes read of one
	maxInterim    = 5               // answers before the answer (1xx)
	fetchTimeout  = 8 * time.Second // for all of them: the other probes wait
)

// services looks at the names that lead to a service on which anybody may take
// a name, whether somebody has: by the alias's target, or by the page that the
// service shows for the name. away stands for the wildcard's names.
func services(ctx context.Context, net *scanner.Network, facts *scanner.DNSFacts, away string) {
	table, err := rules.LoadTakeovers()
	if err != nil {
		return // a broken build, which its own test finds
	}
	ctx, cancel := context.WithTimeoutCause(ctx, fetchTimeout, scanner.Failf(scanner.FailTimeout, fmt.Sprintf("the hosted services did not answer within %s", fetchTimeout)))
	defer cancel()
	var (
		tasks   group
		slots   = make(chan struct{}, fetchesAtOnce)
		fetches atomic.Int32
	)
	look := func(h *scanner.HostAddrs, ask string) {
		service, target := serviceOf(table, h.CNAMEs)
		if target == "" {
			return
		}
		h.Service = &scanner.HostedName{Service: service.Service, Target: target, Sure: service.Sure()}
		if service.NXDOMAIN {
			h.Service.Unclaimed = yesNo(h.Dangling != "" && service.Leads(h.Dangling))
			if h.Service.Unclaimed == scanner.Yes {
				h.Service.Seen = "NXDOMAIN"
			}
			return
		}
		if len(h.Addrs) == 0 {
			h.Service.Failure = scanner.Failf(scanner.FailUnresolved, ask+" has no address to ask at")
			return
		}
		slots <- struct{}{}
		tasks.run(&h.Service.Failure, func() {
			defer func() { <-slots }()
			f := fetcher{net: net, left: &fetches}
			code, body, err := f.page(ctx, ask, h.Addrs[0])
			if code != 0 {
				h.Service.Seen = service.Unclaimed(code, body)
			}
			if h.Service.Seen == "" && err != nil { // of half a page, the rest may say so
				h.Service.Failure = scanner.FailureOf(err)
				return
			}
			h.Service.Unclaimed = yesNo(h.Service.Seen != "")
		})
	}
	for i := range facts.Hosts {
		look(&facts.Hosts[i], facts.Hosts[i].Name)
	}
	for i := range facts.Names {
		look(&facts.Names[i], facts.Names[i].Name)
	}
	if facts.Wildcard != nil {
		look(facts.Wildcard, away)
	}
	tasks.Wait()
}

// serviceOf is the service that one of the aliases leads to; "" if none does.
func serviceOf(table []rules.Takeover, aliases []string) (service rules.Takeover, target string) {
	for _, alias := range aliases {
		for _, s := range table {
			if s.Leads(alias) {
				return s, alias
			}
		}
	}
	return rules.Takeover{}, ""
}

// fetcher gets pages over the scan's network.
type fetcher struct {
	net  *scanner.Network
	left *atomic.Int32 // counts the fetches made
}

// page gets the root page of host at addr over http, or over https where the
// server leads there, and returns the code and the beginning of the body; with
// an error, what came of it until then, with the code 0 if there was none. The
// certificate does not matter: it is the service's, not yet the name's.
func (f fetcher) page(ctx context.Context, host string, addr netip.Addr) (code int, body string, err error) {
	code, body, location, err := f.get(ctx, "http", host, netip.AddrPortFrom(addr, 80))
	if err != nil {
		return code, body, err
	}
	to, bad := url.Parse(location)
	if code >= 300 && code < 400 && bad == nil && to.Scheme == "https" && strings.EqualFold(to.Hostname(), host) && to.Port() == "" {
		next, text, _, err := f.get(ctx, "https", host, netip.AddrPortFrom(addr, 443))
		if next != 0 {
			return next, text, err
		}
		return code, body, err
	}
	return code, body, nil
}

// get asks once, on a connection of its own and in this goroutine.
func (f fetcher) get(ctx context.Context, scheme, host string, ap netip.AddrPort) (code int, body, location string, err error) {
	if f.left.Add(1) > maxFetches {
		return 0, "", "", scanner.Failf(scanner.FailLimit, fmt.Sprintf("more than %d pages of hosted services to look at", maxFetches))
	}
	address := scheme + "://" + host + "/"
	fail := func(err error) (int, string, string, error) {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return 0, "", "", fmt.Errorf("%s: %w", address, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fail(err)
	}
	req.Header.Set("User-Agent", f.net.UserAgent)
	req.Header.Set("Accept", "text/html,*/*;q=0.8")
	req.Close = true
	conn, err := f.net.Dialer.Dial(ctx, "tcp", host, ap)
	if err != nil {
		return fail(err)
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if scheme == "https" {
		tc := tls.Client(conn, &tls.Config{ServerName: host, InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}) //nolint:gosec // G402: see page; nothing secret is sent
		if err := tc.HandshakeContext(ctx); err != nil {
			return fail(err)
		}
		conn = tc
	}
	if err := req.Write(conn); err != nil {
		return fail(err)
	}
	in := bufio.NewReader(io.LimitReader(conn, 2*maxPage)) // head and body
	var resp *http.Response
	for range maxInterim {
		if resp, err = http.ReadResponse(in, req); err != nil {
			return fail(err)
		}
		if resp.StatusCode >= 200 {
			break
		}
	}
	if resp.StatusCode < 200 {
		return fail(scanner.Failf(scanner.FailProtocol, "nothing but interim answers"))
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxPage))
	_ = resp.Body.Close()
	if err != nil {
		_, _, _, err = fail(err)
		return resp.StatusCode, string(data), "", err
	}
	return resp.StatusCode, string(data), resp.Header.Get("Location"), nil
}
