package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/provider"
	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// published serves what a hub's settings say of where and in whose name its
// advisories are published: as a CSAF provider. It follows the settings.
type published struct {
	h            *Hub
	authenticate func(*http.Request) (hub.Caller, error)

	mu       sync.Mutex // of what follows
	provider *provider.Provider
	version  int    // of the settings that it was made of
	seq      uint64 // of the last event that it has
}

// caughtUp is the provider with all that is published by now; nil where the hub
// has no address yet. What is read is read for all who ask: it does not end with a
// request.
func (p *published) caughtUp(ctx context.Context) (*provider.Provider, error) {
	ctx = context.WithoutCancel(ctx)
	set, err := p.h.Advisories.Settings(ctx)
	if err != nil || set.CanonicalURL == "" {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.provider == nil || p.version != set.Version {
		fresh, err := provider.New(p.config(set), providerItems{p.h})
		if err != nil {
			return nil, err
		}
		seq, err := p.h.Advisories.Last(ctx) // before, so that nothing is skipped
		if err == nil {
			err = fresh.Load(ctx)
		}
		if err != nil {
			return nil, err
		}
		p.provider, p.version, p.seq = fresh, set.Version, seq
	}
	for {
		events, err := p.h.Advisories.Since(ctx, p.seq, 0)
		if err != nil || len(events) == 0 {
			return p.provider, err
		}
		for _, e := range events {
			if e.Kind != advisories.EventLibrary {
				it, err := p.h.Advisories.Item(ctx, e.Ref)
				if err != nil {
					return nil, err
				}
				if err := p.provider.Put(providerItem(&it)); err != nil { // the others are served all the same
					p.h.opts.Log.Error("an advisory cannot be provided as CSAF", "id", e.ID, "error", err)
				}
			}
			p.seq = e.Seq
		}
	}
}

func (p *published) config(set advisories.Settings) provider.Config {
	c := providerConfig(set)
	c.Keys, c.Log = []provider.PublicKey{p.h.key.Public()}, p.h.opts.Log
	c.Reader = func(r *http.Request) (tlp.Reader, error) {
		c, err := p.authenticate(r)
		return c.AdvisoryReader(), asAdvisories(err)
	}
	return c
}

// providerConfig is what the settings say of a provider. The contact of
// security.txt is each mail address and web page that the publisher's has.
func providerConfig(set advisories.Settings) provider.Config {
	c := provider.Config{BaseURL: set.CanonicalURL, Publisher: set.Publisher, List: true, Mirror: true, Updated: set.Updated, Now: time.Now}
	for _, word := range strings.Fields(set.Publisher.Contact) {
		word = strings.Trim(word, "<>(),;.")
		if strings.Count(word, "@") == 1 && !strings.Contains(word, ":") {
			word = "mailto:" + word
		}
		u, err := url.Parse(word)
		if err == nil && (u.Scheme == "https" && u.Host != "" || u.Scheme == "mailto" && u.Opaque != "") {
			c.Contacts = append(c.Contacts, word)
		}
	}
	return c
}

// ServeHTTP serves the provider's addresses.
func (p *published) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	serving, err := p.caughtUp(r.Context())
	switch {
	case err != nil:
		if r.Context().Err() == nil {
			p.h.opts.Log.Error("the CSAF provider cannot serve", "error", err)
		}
		http.Error(w, "the advisories cannot be read at the moment", http.StatusServiceUnavailable)
	case serving == nil:
		http.Error(w, "this hub publishes nothing as a CSAF provider yet: its administrator sets its address, with infohub advisory settings --url", http.StatusNotFound)
	default:
		serving.ServeHTTP(w, r)
	}
}

// providerItems are a hub's published advisories (provider.Source).
type providerItems struct{ h *Hub }

// errEnough ends a walk through all advisories.
var errEnough = errors.New("enough")

// Items gives every published advisory.
func (s providerItems) Items(ctx context.Context) iter.Seq2[provider.Item, error] {
	return func(yield func(provider.Item, error) bool) {
		err := s.h.Advisories.All(ctx, func(it advisories.Item) error {
			if !yield(providerItem(&it), nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(provider.Item{}, err)
		}
	}
}

// Document is the file of one.
func (s providerItems) Document(ctx context.Context, it provider.Item) ([]byte, error) {
	found, err := s.h.Advisories.Item(ctx, it.TrackingID)
	return found.File.Bytes, err
}

func providerItem(it *advisories.Item) provider.Item {
	p := &it.Publication
	return provider.Item{
		TrackingID: p.Tracking.ID, Revision: p.Tracking.Number(), Title: p.Advisory.Title["en"], Marking: p.Advisory.TLP, Audience: p.Audience,
		Initial: p.Tracking.Initial, Current: p.Tracking.Current, Tags: append(append([]string{}, p.Advisory.Tags...), p.Advisory.Sectors...),
		SHA256: it.File.SHA256, SHA512: it.File.SHA512, Signature: []byte(it.File.Signature),
	}
}

// Export writes a line of JSON for each advisory that a caller may read: the
// operator's analysts, who are the source, all but what is for named people
// (api.Forms).
func (f *forms) Export(ctx context.Context, c *advisories.Caller, w io.Writer) error {
	lines := json.NewEncoder(w)
	return f.h.Advisories.All(ctx, func(it advisories.Item) error {
		if !f.h.Advisories.May(c, &it.Publication) {
			return nil
		}
		x := providerItem(&it)
		return lines.Encode(apiclient.ProviderItem{
			ID: x.TrackingID, Revision: x.Revision, TLP: x.Marking.String(), Title: x.Title, Initial: x.Initial, Current: x.Current, Tags: x.Tags,
			Document: string(it.File.Bytes), SHA256: x.SHA256, SHA512: x.SHA512, Signature: string(x.Signature),
		})
	})
}

// PublicKey is the armored key that readers check signatures with (api.Forms).
func (f *forms) PublicKey() []byte { return bytes.Clone(f.h.key.Public().Armored) }
