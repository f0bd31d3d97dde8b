package sources

import (
	"context"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/osv"
	"github.com/cybersec-infohub/infohub/internal/fetch"
)

// maxBatch is how many advisories are handed on together.
const maxBatch = 100

// osvFile is a file of OSV records that is worked off.
type osvFile struct {
	*run
	l     *Listing        // by hash: the records of the last run, and of this one
	now   map[string]bool // of this one
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
	o := &osvFile{run: r, l: l, now: map[string]bool{}}
	err = readRecords(result.Body.ReadSeeker, result.Body.Size(), func(f file) error { return o.record(ctx, f) })
	if flushed := o.flush(ctx); err == nil { // what was read before a fault is good
		err = flushed
	}
	if err != nil {
		return err
	}
	for known := range l.Documents {
		if !o.now[known] {
			delete(l.Documents, known)
		}
	}
	l.Fetch = result.State
	return nil
}

// record imports a record unless it is known.
func (o *osvFile) record(ctx context.Context, f file) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	id := key(string(f.raw))
	if f.err != nil {
		id = key(f.name)
	}
	if d, ok := o.l.Documents[id]; ok && d.Refused == nil {
		o.now[id] = true
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
		o.settled(id, &refused)
		return nil
	}
	if p.Advisory.TLP == "" {
		o.label(&p)
	}
	o.keys = append(o.keys, id)
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
	for i, id := range keys {
		o.settled(id, refused[i])
		if err := o.checkpoint(ctx); err != nil {
			return err
		}
	}
	return nil
}

// settled notes that a record was dealt with. Of a file that has more of them than
// there is room for, the rest is handed to the sink again when it changes.
func (o *osvFile) settled(id string, refused *Refusal) {
	if refused != nil {
		o.out.refuse(*refused)
	}
	if len(o.now) < maxListed/2 {
		o.now[id] = true
		o.keep(o.l, id, Document{Refused: refused})
	}
}
