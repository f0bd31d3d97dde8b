package sources

import (
	"context"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/osv"
	"github.com/cybersec-infohub/infohub/internal/fetch"
)

const (
	// maxKnown is up to how many records of one file are known by their hash. Those
	// of a larger one are all handed to the sink again when it changes.
	maxKnown = 20_000
	maxBatch = 100 // advisories that are handed on together
)

// osvFile is a file of OSV records that is worked off.
type osvFile struct {
	*run
	known map[string]Document // by hash: those of the last run, and of this one
	now   map[string]Document // of this one alone
	batch []Item
	keys  []string // of batch
}

func (r *run) osv(ctx context.Context) error {
	result, l, err := r.single(ctx, "application/json, application/zip", maxOSV)
	if err != nil || result == nil {
		return err
	}
	defer func() { _ = result.Body.Close() }() // it is only read
	l.Fetch = fetch.State{}                    // until all is taken in
	o := &osvFile{run: r, known: l.Documents, now: map[string]Document{}}
	err = readRecords(result.Body.ReadSeeker, result.Body.Size(), func(f file) error { return o.record(ctx, f) })
	if flushed := o.flush(ctx); err == nil { // what was read before a fault is good
		err = flushed
	}
	if err != nil {
		return err
	}
	l.Documents, l.Fetch = o.now, result.State
	return nil
}

// record imports a record unless it is known.
func (o *osvFile) record(ctx context.Context, f file) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	key := digest(f.raw)
	if f.err != nil {
		key = f.name
	}
	if d, ok := o.known[key]; ok && d.Refused == nil {
		o.now[key] = d
		o.out.Unchanged++
		return nil
	}
	o.out.Fetched++
	var p advisories.Publication
	err := f.err
	if err == nil {
		p, err = osv.Import(f.raw)
	}
	if err != nil {
		refused := o.refusal(o.src.URL+"#"+f.name, p.Tracking.ID, RefusedFormat, err.Error())
		o.settled(key, &refused)
		return nil
	}
	if p.Advisory.TLP == "" {
		o.label(&p)
	}
	o.keys = append(o.keys, key)
	o.batch = append(o.batch, Item{Publication: p, Raw: f.raw, MediaType: "application/json", From: advisories.Source{URL: o.src.URL, Verified: byNothing}})
	if len(o.batch) < maxBatch {
		return nil
	}
	return o.flush(ctx)
}

// flush hands on what is waiting.
func (o *osvFile) flush(ctx context.Context) error {
	if len(o.batch) == 0 {
		return nil
	}
	batch, keys := o.batch, o.keys
	o.batch, o.keys = nil, nil
	refused, err := o.deliverAll(ctx, batch)
	if err != nil {
		return err
	}
	for i, key := range keys {
		o.settled(key, refused[i])
		if err := o.checkpoint(ctx); err != nil {
			return err
		}
	}
	return nil
}

// settled notes that a record was dealt with.
func (o *osvFile) settled(key string, refused *Refusal) {
	if refused != nil {
		o.out.refuse(*refused)
	}
	d := Document{Refused: refused}
	if len(o.now) < maxKnown {
		o.now[key] = d
	}
	if len(o.known) < maxKnown { // for a run that is cut off
		o.known[key] = d
	}
}
