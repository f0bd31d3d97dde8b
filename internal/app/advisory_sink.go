package app

import (
	"bytes"
	"context"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/sources"
	"github.com/cybersec-infohub/infohub/internal/audit"
)

// sink takes in what a source brings, as the hub itself (sources.Batch).
type sink struct {
	h      *Hub
	source string
}

func (k *sink) caller() *advisories.Caller {
	return &advisories.Caller{Analyst: true, Entry: audit.Entry{Actor: audit.Actor{Kind: audit.System, ID: "source/" + k.source}}}
}

// Publication takes one advisory into the library, or makes a draft of it.
func (k *sink) Publication(ctx context.Context, item sources.Item) (sources.Result, error) {
	taken, err := k.Publications(ctx, []sources.Item{item})
	if err != nil {
		return 0, err
	}
	return taken[0].Result, taken[0].Err
}

// Publications takes several.
func (k *sink) Publications(ctx context.Context, items []sources.Item) ([]sources.Taken, error) {
	taken := make([]sources.Taken, len(items))
	var batch []advisories.Import
	var places []int // of the batch's in items
	for i, item := range items {
		if item.Mode == sources.ModeDraft {
			var err error
			if taken[i], err = k.draft(ctx, item); err != nil {
				return nil, err
			}
			continue
		}
		places = append(places, i)
		batch = append(batch, advisories.Import{Publication: item.Publication, Source: item.From, MediaType: item.MediaType, Raw: bytes.Clone(item.Raw)})
	}
	if len(batch) == 0 {
		return taken, nil
	}
	done, err := k.h.Advisories.PutLibrary(ctx, k.caller(), batch)
	if err != nil {
		return nil, err
	}
	for i, x := range done {
		taken[places[i]] = became(x)
	}
	return taken, nil
}

// draft makes a draft of what there is none of yet.
func (k *sink) draft(ctx context.Context, item sources.Item) (sources.Taken, error) {
	_, err := k.h.Advisories.ImportDraft(ctx, k.caller(), item.Publication, item.From)
	switch code := advisories.CodeOf(err); {
	case err == nil:
		return sources.Taken{Result: sources.Added}, nil
	case code == advisories.Conflict: // there is one already
		return sources.Taken{Result: sources.Same}, nil
	case code == "", code == advisories.Unavailable:
		return sources.Taken{}, err
	}
	return sources.Taken{Err: err}, nil
}

func became(x advisories.Imported) sources.Taken {
	switch x.Outcome {
	case advisories.ImportAdded:
		return sources.Taken{Result: sources.Added}
	case advisories.ImportUpdated:
		return sources.Taken{Result: sources.Replaced}
	case advisories.ImportConflict, advisories.ImportRefused:
		return sources.Taken{Err: &advisories.Error{Code: advisories.Conflict, Message: x.Reason}}
	}
	return sources.Taken{Result: sources.Same}
}

// KEV replaces CISA's catalogue.
func (k *sink) KEV(ctx context.Context, list sources.KEVList) error {
	return k.h.Advisories.PutKEV(ctx, k.caller(), list.Entries)
}

// EPSS replaces FIRST's table.
func (k *sink) EPSS(ctx context.Context, list sources.EPSSList) error {
	return k.h.Advisories.PutEPSS(ctx, k.caller(), list.Rows)
}

var _ sources.Batch = (*sink)(nil)
