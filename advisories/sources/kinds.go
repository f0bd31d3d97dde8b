package sources

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/fetch"
)

// single fetches the one file of a source; nil where it did not change.
func (r *run) single(ctx context.Context, accept string, most int64) (*fetch.Result, *Listing, error) {
	if strings.HasPrefix(origin(r.src.URL), "http:") {
		r.warn("the address is http and not https: anybody on the way can change what comes")
	}
	l := r.state.listing(r.src.URL)
	known := l.Fetch
	if l.waits(r.now) {
		known = fetch.State{}
	}
	result, err := r.get(ctx, r.src.URL, accept, most, known)
	if err != nil {
		r.pause(err)
		return nil, nil, err
	}
	for address := range r.state.Listings { // of an address that it had before
		if address != r.src.URL {
			delete(r.state.Listings, address)
		}
	}
	if result.Status == fetch.Unchanged {
		r.out.Unchanged = max(1, len(l.Documents))
		return nil, nil, nil
	}
	return &result, l, nil
}

func (r *run) kev(ctx context.Context) error {
	result, l, err := r.single(ctx, "application/json", maxKEV)
	if err != nil || result == nil {
		return err
	}
	data, err := take(result.Body)
	if err != nil {
		return err
	}
	list, warnings, err := ParseKEV(data)
	r.out.Warnings = append(r.out.Warnings, warnings...)
	if err != nil {
		return err
	}
	if err := r.sink.KEV(ctx, list); err != nil {
		return fmt.Errorf("take in the catalogue: %w", err)
	}
	l.Fetch, r.out.Fetched = result.State, len(list.Entries)
	return nil
}

func (r *run) epss(ctx context.Context) error {
	result, l, err := r.single(ctx, "text/csv, application/gzip", maxEPSS)
	if err != nil || result == nil {
		return err
	}
	list, warnings, err := ParseEPSS(result.Body)
	_ = result.Body.Close() // it was only read
	r.out.Warnings = append(r.out.Warnings, warnings...)
	if err != nil {
		return err
	}
	if err := r.sink.EPSS(ctx, list); err != nil {
		return fmt.Errorf("take in the table: %w", err)
	}
	l.Fetch, r.out.Fetched = result.State, len(list.Rows)
	return nil
}

func (r *run) bulletins(ctx context.Context) error {
	result, l, err := r.single(ctx, "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, application/json;q=0.9, */*;q=0.5", maxFeed)
	if err != nil || result == nil {
		return err
	}
	data, err := take(result.Body)
	if err != nil {
		return err
	}
	all, warnings, err := ParseBulletins(data, result.ContentType, BulletinOptions{Language: r.src.Language, TLP: r.src.marking(), Now: r.now})
	r.out.Warnings = append(r.out.Warnings, warnings...)
	if err != nil {
		return err
	}
	now := map[string]bool{}
	l.Fetch = fetch.State{} // until all is taken in
	for _, p := range all {
		id := key(p.Tracking.ID)
		now[id] = true
		r.label(&p)
		hash, err := fingerprint(&p)
		if err != nil {
			return err
		}
		d, ok := l.Documents[id]
		if ok && d.Fetch.BodyHash == hash && d.Refused == nil {
			r.out.Unchanged++
			continue
		}
		if !ok || d.Fetch.BodyHash != hash {
			d.Version++
		}
		if d.Version > 1 && !p.Tracking.Current.After(d.Listed) {
			p.Tracking.Current = r.now // it changed, and its feed does not say when
		}
		d.Fetch.BodyHash, d.Listed = hash, p.Tracking.Current
		p.Tracking.Revisions[0].Number, p.Tracking.Revisions[0].Date = d.Version, p.Tracking.Current
		r.out.Fetched++
		if d.Refused, err = r.deliver(ctx, Item{Publication: p, From: advisories.Source{URL: r.src.URL, Verified: byNothing}}); err != nil {
			return err
		}
		if d.Refused != nil {
			r.out.refuse(*d.Refused)
		}
		r.keep(l, id, d)
		if err := r.checkpoint(ctx); err != nil {
			return err
		}
	}
	for known := range l.Documents {
		if !now[known] {
			delete(l.Documents, known)
		}
	}
	l.Fetch = result.State
	return nil
}

// label marks what says nothing itself. Who AMBER and RED are for is for the sink
// to say.
func (r *run) label(p *advisories.Publication) {
	p.Advisory.TLP = r.src.marking()
	p.Audience = tlp.Audience{}
	if p.Advisory.TLP == tlp.Clear || p.Advisory.TLP == tlp.Green {
		p.Audience = tlp.Audience{Markings: []tlp.Marking{p.Advisory.TLP}}
	}
}

// fingerprint tells a bulletin from its next version, whatever its dates say.
func fingerprint(p *advisories.Publication) (string, error) {
	data, err := json.Marshal(struct {
		Advisory advisories.Advisory
		URL      string
	}{p.Advisory, p.Tracking.URL})
	if err != nil {
		return "", fmt.Errorf("bulletin %s: %w", clip(p.Tracking.ID, maxID), err)
	}
	return digest(data), nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
