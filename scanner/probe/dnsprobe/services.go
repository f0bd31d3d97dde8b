package dnsprobe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
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
	maxPage       = 64 << 10 // bytes read of one
	fetchTimeout  = 8 * time.Second
)

// services looks at the names that lead to a service on which anybody may take
// a name, whether somebody has: by the alias's target, or by the page that the
// service shows for the name. away stands for the wildcard's names.
func (p *Probe) services(ctx context.Context, net *scanner.Network, facts *scanner.DNSFacts, away string) {
	table, err := rules.LoadTakeovers()
	if err != nil {
		return // a broken build, which its own test finds
	}
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
			if err != nil {
				h.Service.Failure = scanner.FailureOf(err)
				return
			}
			h.Service.Seen = service.Unclaimed(code, body)
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
// server leads there, and returns the code and the beginning of the body. The
// certificate does not matter: it is the service's, not yet the name's.
func (f fetcher) page(ctx context.Context, host string, addr netip.Addr) (code int, body string, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	client := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, to string) (net.Conn, error) {
				port := uint16(80)
				if strings.HasSuffix(to, ":443") {
					port = 443
				}
				return f.net.Dialer.Dial(ctx, "tcp", host, netip.AddrPortFrom(addr, port))
			},
			DisableKeepAlives: true, MaxResponseHeaderBytes: maxPage, ForceAttemptHTTP2: false,
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}, //nolint:gosec // G402: see above; nothing secret is sent
		},
	}
	code, body, location, err := f.get(ctx, client, "http://"+host+"/")
	if err != nil {
		return 0, "", err
	}
	to, bad := url.Parse(location)
	if code >= 300 && code < 400 && bad == nil && to.Scheme == "https" && strings.EqualFold(to.Hostname(), host) && to.Port() == "" {
		if next, text, _, err := f.get(ctx, client, "https://"+host+"/"); err == nil {
			return next, text, nil
		}
	}
	return code, body, nil
}

func (f fetcher) get(ctx context.Context, client *http.Client, address string) (code int, body, location string, err error) {
	if f.left.Add(1) > maxFetches {
		return 0, "", "", scanner.Failf(scanner.FailLimit, fmt.Sprintf("more than %d pages of hosted services to look at", maxFetches))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, "", "", fmt.Errorf("request: %w", err)
	}
	req.Header.Set("User-Agent", f.net.UserAgent)
	req.Header.Set("Accept", "text/html,*/*;q=0.8")
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", "", fmt.Errorf("%s: %w", address, err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxPage))
	if err != nil && (len(data) == 0 || errors.Is(err, context.Canceled)) {
		return 0, "", "", fmt.Errorf("%s: %w", address, err)
	}
	return resp.StatusCode, string(data), resp.Header.Get("Location"), nil
}
