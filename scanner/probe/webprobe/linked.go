package webprobe

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// linkedHosts looks up the other hosts that page loads from: those of scripts
// first, then styles and media, maxLinked at most; sorted by name.
func linkedHosts(ctx context.Context, r scanner.Resolver, target scanner.Target, page *scanner.Page) []scanner.LinkedHost {
	var hosts []scanner.LinkedHost
	index := map[string]int{}
	collect := func(kind string, resources []scanner.Resource) {
		for _, res := range resources {
			u, err := url.Parse(res.URL)
			if err != nil || isAddress(u.Hostname()) || isOwn(target, u.Hostname()) || !strings.Contains(u.Hostname(), ".") {
				continue
			}
			i, ok := index[u.Hostname()]
			if !ok {
				if len(hosts) == maxLinked {
					continue
				}
				i = len(hosts)
				index[u.Hostname()] = i
				hosts = append(hosts, scanner.LinkedHost{Name: u.Hostname()})
			}
			if !slices.Contains(hosts[i].Kinds, kind) {
				hosts[i].Kinds = append(hosts[i].Kinds, kind)
			}
		}
	}
	collect("script", page.Scripts)
	collect("style", page.Styles)
	collect("media", page.Media)

	var wg sync.WaitGroup
	turns := make(chan struct{}, linkedAtOnce)
	for i := range hosts {
		wg.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			lookUp(ctx, r, &hosts[i])
		})
	}
	wg.Wait()
	for i := range hosts {
		slices.Sort(hosts[i].Kinds)
	}
	slices.SortFunc(hosts, func(a, b scanner.LinkedHost) int { return cmp.Compare(a.Name, b.Name) })
	return hosts
}

// lookUp says whether the name exists. NXDOMAIN holds for all types (RFC 8020),
// so the second family is asked only when the first gave no answer.
func lookUp(ctx context.Context, r scanner.Resolver, h *scanner.LinkedHost) {
	defer func() {
		if p := recover(); p != nil {
			h.Exists, h.Failure = true, scanner.Failf(scanner.FailInternal, fmt.Sprint("panicked: ", p))
		}
	}()
	h.Exists = true // until it is denied
	for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA} {
		answer, err := r.Lookup(ctx, h.Name, qtype)
		if err == nil {
			h.Exists, h.Failure = answer.Exists, nil
			return
		}
		h.Failure = scanner.FailureOf(err)
	}
}

func isOwn(target scanner.Target, host string) bool {
	return slices.Contains(target.Hosts(), host)
}

func isHTTPS(u string) bool { return strings.HasPrefix(u, "https://") }
