package sources

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/gocsaf/csaf/v3/csaf"
)

const (
	maxMetadata  = 2 << 20 // bytes
	maxProviders = 500     // of one aggregator
	maxMirrors   = 5       // of one provider that are tried
)

// Provider is one that publishes CSAF documents, as its metadata say (CSAF 7.1.7).
type Provider struct {
	URL       string // of the metadata as asked for
	Publisher string // its name
	Namespace string
	Role      string // csaf_publisher, csaf_provider, csaf_trusted_provider
	Keys      []PublicKey
	Feeds     []Feed   // ROLIE (7.1.15)
	Folders   []string // directories with changes.csv and index.txt (7.1.11 to 7.1.14), ending in "/"
}

// PublicKey is where a provider's OpenPGP key is (7.1.20).
type PublicKey struct {
	URL         string
	Fingerprint string // upper case hex
}

// Feed is a list of documents.
type Feed struct {
	URL   string
	Label string // UNLABELED, WHITE, GREEN, AMBER, RED
}

// Discovery is what was found at a domain or an address.
type Discovery struct {
	Providers []Provider
	Refused   []Refusal
	Warnings  []string
}

// Discover finds the provider of a domain in the order of CSAF 2.0, 7.3.1: the
// well-known address, the CSAF fields of security.txt, the host
// csaf.data.security.DOMAIN. An address is that of a provider-metadata.json, or of
// an aggregator.json, whose every provider is then asked: where it says itself
// that it is, else at its mirrors. Metadata that do not fit their schema are none.
// The header goes to the origin of where alone.
func (p *Puller) Discover(ctx context.Context, where string, header http.Header) (Discovery, error) {
	r := p.start(&Source{Kind: CSAF, URL: where, Header: header}, &State{})
	providers, err := r.discover(ctx, where)
	return Discovery{Providers: providers, Refused: r.out.Refused, Warnings: r.out.Warnings}, err
}

func (r *run) discover(ctx context.Context, where string) ([]Provider, error) {
	if domain(where) {
		p, err := r.ofDomain(ctx, strings.ToLower(where))
		return []Provider{p}, err
	}
	data, root, err := r.metadata(ctx, where)
	if err != nil {
		return nil, err
	}
	if object, _ := root.(map[string]any); object["aggregator_version"] != nil {
		return r.aggregator(ctx, where, data, root)
	}
	p, err := r.provider(where, data, root)
	return []Provider{p}, err
}

// ofDomain tries one place after the other.
func (r *run) ofDomain(ctx context.Context, name string) (Provider, error) {
	base := r.scheme() + "://" + name
	wellKnown := base + "/.well-known/csaf/provider-metadata.json"
	p, err := r.load(ctx, wellKnown)
	if err == nil || ctx.Err() != nil {
		return p, err
	}
	failed := []error{err}
	for _, address := range []string{base + "/.well-known/security.txt", base + "/security.txt"} { // RFC 9116, section 3
		data, err := r.read(ctx, address, "text/plain", maxSecurityTxt)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", address, err))
			continue
		}
		fields := metadataOf(data, r.p.Plain)
		if len(fields) == 0 {
			failed = append(failed, fmt.Errorf("%s names no CSAF metadata by https", address))
		}
		for _, field := range fields {
			if p, err = r.load(ctx, field); err == nil {
				return p, nil
			}
			failed = append(failed, err)
		}
		break // 3: the first that is there is the one
	}
	if p, err = r.load(ctx, r.scheme()+"://csaf.data.security."+name+"/"); err == nil {
		return p, nil
	}
	failed = append(failed, err)
	return Provider{}, fmt.Errorf("no CSAF provider was found at %s: %w", name, errors.Join(failed...))
}

// load reads the metadata of a provider.
func (r *run) load(ctx context.Context, address string) (Provider, error) {
	data, root, err := r.metadata(ctx, address)
	if err != nil {
		return Provider{}, err
	}
	return r.provider(address, data, root)
}

func (r *run) metadata(ctx context.Context, address string) ([]byte, any, error) {
	if !secure(address, r.p.Plain) {
		return nil, nil, fmt.Errorf("%w: CSAF metadata are read by https", errLink)
	}
	data, err := r.read(ctx, address, "application/json", maxMetadata)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", address, err)
	}
	root, err := tree(data)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", address, err)
	}
	return withoutMark(data), root, nil
}

// provider reads metadata by their schema.
func (r *run) provider(address string, data []byte, root any) (Provider, error) {
	if err := valid(csaf.ValidateProviderMetadata, root); err != nil {
		return Provider{}, fmt.Errorf("%s: the metadata do not fit the schema of CSAF 2.0: %w", address, err)
	}
	m, err := csaf.LoadProviderMetadata(bytes.NewReader(data))
	if err != nil {
		return Provider{}, fmt.Errorf("%s: %w", address, err)
	}
	if canonical := string(*m.CanonicalURL); canonical != address {
		r.warn("%s says that it belongs at %s", address, canonical)
	}
	p := Provider{URL: address, Publisher: clip(*m.Publisher.Name, maxTitle), Namespace: clip(*m.Publisher.Namespace, maxTitle), Role: string(*m.Role)}
	for _, k := range m.PGPKeys[:min(len(m.PGPKeys), maxKeys)] {
		p.Keys = append(p.Keys, PublicKey{URL: *k.URL, Fingerprint: strings.ToUpper(string(k.Fingerprint))})
	}
	for _, d := range m.Distributions {
		if d.Rolie != nil {
			for _, f := range d.Rolie.Feeds {
				p.Feeds = append(p.Feeds, Feed{URL: string(*f.URL), Label: string(*f.TLPLabel)})
			}
		}
		if d.DirectoryURL != "" {
			p.Folders = append(p.Folders, strings.TrimSuffix(d.DirectoryURL, "/")+"/")
		}
	}
	if len(p.Feeds)+len(p.Folders) > maxLists {
		return Provider{}, fmt.Errorf("%s: the metadata name more than %d feeds and directories", address, maxLists)
	}
	if len(p.Feeds)+len(p.Folders) == 0 && p.Role != string(csaf.MetadataRolePublisher) {
		// 7.1.11 to 7.1.14: a directory needs no mention; it lies beside the metadata.
		if u, err := url.Parse(address); err == nil {
			p.Folders = []string{u.ResolveReference(&url.URL{Path: "./"}).String()}
		}
	}
	return p, nil
}

// aggregator loads the providers that an aggregator lists (7.1.21).
func (r *run) aggregator(ctx context.Context, address string, data []byte, root any) ([]Provider, error) {
	if err := valid(csaf.ValidateAggregator, root); err != nil {
		return nil, fmt.Errorf("%s: the list does not fit the schema of CSAF 2.0: %w", address, err)
	}
	a, err := aggregatorOf(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	var candidates [][]string
	for _, p := range a.CSAFProviders {
		candidates = append(candidates, append([]string{string(*p.Metadata.URL)}, addresses(p.Mirrors)...))
	}
	for _, p := range a.CSAFPublishers { // a publisher serves no documents itself (7.2.1)
		candidates = append(candidates, addresses(p.Mirrors))
	}
	if len(candidates) > maxProviders {
		r.warn("%s lists %d providers; the first %d are asked", address, len(candidates), maxProviders)
		candidates = candidates[:maxProviders]
	}
	found := make([]*Provider, len(candidates))
	failed := make([]error, len(candidates))
	limit := make(chan struct{}, workers)
	var wg sync.WaitGroup
	for i, list := range candidates {
		limit <- struct{}{}
		wg.Go(func() {
			defer func() { <-limit }()
			for _, address := range list[:min(len(list), 1+maxMirrors)] {
				p, err := r.load(ctx, address)
				if err == nil {
					found[i] = &p
					return
				}
				failed[i] = errors.Join(failed[i], err)
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var providers []Provider
	seen := map[string]bool{}
	for i, p := range found {
		switch {
		case p == nil:
			r.out.refuse(r.refusal(cmp.Or(append(candidates[i], "")...), "", RefusedFetch, fmt.Sprint(failed[i])))
		case !seen[p.URL]:
			seen[p.URL] = true
			providers = append(providers, *p)
		}
	}
	if len(providers) == 0 {
		return nil, fmt.Errorf("%s: none of the providers that it lists can be read", address)
	}
	return providers, nil
}
