package dnsprobe

import (
	"context"
	"slices"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// usualNames are what firms call their other places. Those that are aliases are
// often led to a rented service, and forgotten.
func usualNames() []string {
	return []string{
		"api", "app", "assets", "beta", "blog", "cdn", "dev", "docs", "events", "ftp", "help",
		"m", "mail", "media", "portal", "shop", "staging", "static", "status", "support", "test",
	}
}

const namesAtOnce = 8

// otherNames looks up the usual names below domain, and away, a name that
// nobody made, which shows what a wildcard answers. What only the wildcard
// answers is left out of the names.
func (p *Probe) otherNames(ctx context.Context, domain, away string) (wildcard *scanner.HostAddrs, names []scanner.HostAddrs) {
	wild := p.host(ctx, away)
	wild.Name = "*." + domain
	if len(wild.Addrs)+len(wild.CNAMEs) == 0 {
		wild.Exists = false
	}
	labels := usualNames()
	found := make([]scanner.HostAddrs, len(labels))
	var (
		tasks group
		slots = make(chan struct{}, namesAtOnce)
	)
	for i, label := range labels {
		found[i].Name = label + "." + domain
		slots <- struct{}{}
		tasks.run(&found[i].Failure, func() {
			defer func() { <-slots }()
			found[i] = p.alias(ctx, found[i].Name)
		})
	}
	tasks.Wait()
	names = []scanner.HostAddrs{}
	for _, h := range found {
		if (h.Exists || h.Failure != nil) && !sameAs(wild, h) {
			names = append(names, h)
		}
	}
	return &wild, names
}

// alias looks up a name's aliases and IPv4 addresses: one question.
func (p *Probe) alias(ctx context.Context, name string) scanner.HostAddrs {
	h := scanner.HostAddrs{Name: name}
	a, err := p.resolver.Lookup(ctx, name, dns.TypeA)
	h.CNAMEs, h.Addrs, h.Failure = a.CNAMEs, addresses(a.Records), scanner.FailureOf(err)
	h.Exists = a.Exists || len(a.CNAMEs) > 0
	if err == nil && !a.Exists && len(a.CNAMEs) > 0 {
		h.Dangling = a.CNAMEs[len(a.CNAMEs)-1]
	}
	return h
}

// sameAs tells whether h is what the wildcard answers.
func sameAs(wild, h scanner.HostAddrs) bool {
	if !wild.Exists || !slices.Equal(wild.CNAMEs, h.CNAMEs) {
		return false
	}
	if len(h.CNAMEs) > 0 {
		return true
	}
	for _, a := range h.Addrs {
		if !slices.Contains(wild.Addrs, a) {
			return false
		}
	}
	return true
}
