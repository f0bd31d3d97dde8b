package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/csaf"
	"github.com/cybersec-infohub/infohub/advisories/formats"
	"github.com/cybersec-infohub/infohub/advisories/match"
	"github.com/cybersec-infohub/infohub/advisories/osv"
	"github.com/cybersec-infohub/infohub/advisories/stixout"
	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// forms is what a hub's advisories are turned into and matched with
// (api.Forms).
type forms struct {
	h *Hub

	mu    sync.Mutex // of what follows
	index *match.Index
	seq   uint64 // of the last event that the index has
}

// Fingerprint is that of the key that signs.
func (f *forms) Fingerprint() string { return f.h.key.Public().Fingerprint }

// Render makes a form of a publication.
func (f *forms) Render(p *advisories.Publication, format string, lang i18n.Lang) ([]byte, string, error) {
	o := formats.Options{Lang: lang, Zone: time.UTC, Links: links(p, lang)}
	if (format == "stix" || format == "osv") && tooWide(&p.Advisory) {
		return nil, "", errTooWide()
	}
	switch format {
	case "csaf":
		d, err := csaf.Export(*p)
		if err != nil {
			return nil, "", err
		}
		data, err := d.Encode()
		return data, "application/json", err
	case "stix":
		return f.stix(p)
	case "osv":
		records, err := osv.Export(*p)
		if err == nil && len(records) == 0 {
			err = &advisories.Error{Code: advisories.NotFound, Message: "the advisory names no package of an ecosystem that OSV knows: give its products package URLs (purl)"}
		}
		if err != nil {
			return nil, "", err
		}
		var v any = records
		if len(records) == 1 {
			v = records[0]
		}
		data, err := json.MarshalIndent(v, "", "  ")
		return data, "application/json", err
	case "html":
		var b bytes.Buffer
		err := formats.HTML(&b, p, o)
		return b.Bytes(), "text/html; charset=utf-8", err
	case "text":
		return formats.Text(p, o), "text/plain; charset=utf-8", nil
	case "markdown":
		return formats.Markdown(p, o), "text/markdown; charset=utf-8", nil
	case "mail":
		subject, body := formats.Mail(p, o, p.Tracking.URL)
		return []byte("Subject: " + subject + "\n\n" + body), "text/plain; charset=utf-8", nil
	case "yaml":
		data, err := advisories.WriteYAML(p.Advisory)
		return data, "application/yaml", err
	}
	return nil, "", &advisories.Error{Code: advisories.Invalid, Message: fmt.Sprintf("there is no format %q", format)}
}

// stix is a bundle of what the hub has of a publication.
func (f *forms) stix(p *advisories.Publication) ([]byte, string, error) {
	ctx := context.Background()
	var op hub.Organisation
	err := f.h.store.View(ctx, func(r store.Reader) (err error) {
		op, err = hub.Operator(r)
		return err
	})
	if err != nil {
		return nil, "", asAdvisories(err)
	}
	kept, err := f.h.Advisories.Kept(ctx, p)
	if err != nil {
		return nil, "", err
	}
	if n := len(kept); n > 0 && kept[n-1].Tracking.Number() == p.Tracking.Number() {
		p, kept = kept[n-1], kept[:n-1]
	}
	objects, err := stixout.Current(*p, f.h.identity(op), kept...)
	if err != nil {
		return nil, "", err
	}
	bundle, err := stixout.Bundle(p.Tracking.ID, objects)
	return bundle, "application/stix+json;version=2.1", err
}

// Inventory reads a document.
func (f *forms) Inventory(document []byte, name string) (components []advisories.Component, left int, warnings []string, err error) {
	inv, err := match.ReadInventory(document, name)
	if err != nil {
		return nil, 0, nil, &advisories.Error{Code: advisories.Invalid, Message: err.Error()}
	}
	return inv.Components, inv.Left, inv.Warnings, nil
}

// Import reads a document of others.
func (f *forms) Import(document []byte) (advisories.Publication, []advisories.Problem, error) {
	if looksLikeOSV(document) {
		p, err := osv.Import(document)
		return p, nil, invalid(err)
	}
	d, problems, err := csaf.Parse(document)
	if err != nil {
		return advisories.Publication{}, problems, invalid(err)
	}
	for _, x := range problems {
		if !x.Warning {
			return advisories.Publication{}, problems, nil
		}
	}
	problems = append(problems, csaf.Test(d)...)
	p, err := csaf.Import(d)
	return p, problems, invalid(err)
}

// looksLikeOSV tells by the members that an OSV record has and a CSAF document has
// not.
func looksLikeOSV(document []byte) bool {
	var o struct {
		Document json.RawMessage `json:"document"`
		ID       string          `json:"id"`
		Modified string          `json:"modified"`
	}
	return json.Unmarshal(document, &o) == nil && o.Document == nil && o.ID != "" && o.Modified != ""
}

func invalid(err error) error {
	if err == nil || advisories.CodeOf(err) != "" {
		return err
	}
	return &advisories.Error{Code: advisories.Invalid, Message: err.Error()}
}

// Match looks components up for a reader. Only what they may read is looked at.
// left is how many components were not looked up, since too much was found.
func (f *forms) Match(ctx context.Context, reader tlp.Reader, components []advisories.Component, everything bool) (matches []advisories.Match, left int, err error) {
	index, err := f.caughtUp(ctx)
	if err != nil {
		return nil, 0, err
	}
	matches, left = index.Search(components, func(a tlp.Audience) bool { return tlp.May(reader, a) }, everything)
	return matches, left, nil
}

// concerns is what concerns all of the components, or an error: of what was not
// looked up nobody is to think that it was mended.
func (f *forms) concerns(ctx context.Context, reader tlp.Reader, components []advisories.Component) ([]advisories.Match, error) {
	matches, left, err := f.Match(ctx, reader, components, false)
	if err == nil && left > 0 {
		err = &advisories.Error{Code: advisories.TooLarge, Message: "too much concerns this inventory to be kept for one asset: make several assets of it"}
	}
	return matches, err
}

// caughtUp is the index with all that is published by now. What is read is read for
// all who ask: it does not end with a request.
func (f *forms) caughtUp(ctx context.Context) (*match.Index, error) {
	ctx = context.WithoutCancel(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.index == nil {
		index := match.New()
		seq, err := f.h.Advisories.Last(ctx) // before, so that nothing is skipped
		if err != nil {
			return nil, err
		}
		err = f.h.Advisories.All(ctx, func(it advisories.Item) error {
			index.Put(it.Ref, it.Publication)
			return nil
		})
		if err == nil {
			err = f.h.Advisories.LibraryAll(ctx, func(e advisories.Entry) error {
				index.Put(e.Ref, e.Publication)
				return nil
			})
		}
		if err != nil {
			return nil, err
		}
		f.index, f.seq = index, seq
	}
	for {
		const many = 500
		events, err := f.h.Advisories.Since(ctx, f.seq, many)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			if err := f.follow(ctx, e); err != nil {
				return nil, err
			}
			f.seq = e.Seq
		}
		if len(events) < many {
			return f.index, nil
		}
	}
}

func (f *forms) follow(ctx context.Context, e advisories.Event) error {
	p, err := f.h.publication(ctx, e)
	switch {
	case advisories.CodeOf(err) == advisories.NotFound:
		f.index.Remove(e.Ref)
		return nil
	case err != nil:
		return err
	}
	f.index.Put(e.Ref, p)
	return nil
}

// publication is what an event is about, as it is now.
func (h *Hub) publication(ctx context.Context, e advisories.Event) (advisories.Publication, error) {
	if e.Kind == advisories.EventLibrary {
		entry, err := h.Advisories.LibraryItem(ctx, e.Ref)
		return entry.Publication, err
	}
	item, err := h.Advisories.Item(ctx, e.Ref)
	return item.Publication, err
}
