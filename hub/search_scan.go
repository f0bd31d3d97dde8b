package hub

import (
	"context"
	"time"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// clockSlack is how far the order of commit may be from the order of dates, when
// the clock was set back: so much further a scan goes.
const clockSlack = 24 * time.Hour

// scan goes through all entries, newest first: those of one collection by its log,
// those of all by the change feed, which has them in the order of commit.
func (f *finder) scan(r store.Reader) error {
	in := store.Prefix([]byte{prefixFeed, '#'})
	if f.only != 0 {
		in = store.Prefix(logPrefix(f.only))
		if !f.q.Until.IsZero() {
			in.To = (spot{f.only, max(f.q.Until.UnixMicro(), 0)}).logKey()
		}
	}
	in.Reverse = true
	if f.begun {
		in = in.After(append(in.From[:len(in.From):len(in.From)], f.at[:8]...))
	}
	before := f.at
	for e, err := range r.Scan(in) {
		if err != nil {
			return err
		}
		at, skip, err := f.entryAt(e)
		if err != nil {
			return err
		}
		if !f.q.Since.IsZero() && at.time().Before(f.q.Since.Add(-clockSlack)) {
			return nil
		}
		if f.looked++; f.looked%1024 == 0 && f.ctx.Err() != nil {
			return f.ctx.Err()
		}
		if f.looked > maxLooked || f.read > maxRead {
			f.goOn(before)
			return nil
		}
		if !skip && f.inTime(at) && !f.take(at, "") {
			f.goOn(before)
			return nil
		}
		before = [spotSize]byte{}
		copy(before[:], e.Key[len(e.Key)-8:])
	}
	return nil
}

// entryAt is the place of an entry of the log or the feed; skip is set for what
// tells of a removal.
func (f *finder) entryAt(e store.Entry) (at spot, skip bool, err error) {
	if f.only != 0 {
		at, err = spotOfLog(e.Key)
		return at, false, err
	}
	c, err := readChange(e.Value)
	if err != nil || len(e.Key) < 8 {
		return at, false, err
	}
	return c.at, c.kind != feedAdded, nil
}

// FetchObject returns the last version of an object that the caller may read, in
// any collection, or all of those, newest first. The error is NotFound.
func (s *Service) FetchObject(ctx context.Context, c *Caller, id string, all bool) ([]Found, error) {
	missing := fail(NotFound, "no object %q", cut(id, maxDetail))
	if len(id) > maxDetail {
		return nil, missing
	}
	var found []Found
	err := s.read(ctx, func(r store.Reader) error {
		found = nil
		v := newView(r, c)
		newest, size := map[[versionSize]byte]stored{}, 0
		var order [][versionSize]byte
		for e, err := range versionsOf(r, id) {
			if err != nil {
				return err
			}
			old, known := newest[e.ver]
			if known && old.at.added > e.at.added {
				continue
			}
			if _, may := v.visible(e.at); !may {
				continue
			}
			newest[e.ver] = e
			if !known {
				order = append(order, e.ver)
			}
		}
		for i := len(order) - 1; i >= 0; i-- {
			at := newest[order[i]].at
			rec, ok := v.visible(at)
			if size += len(rec.object); !ok || size > foundBytes && len(found) > 0 {
				break
			}
			audience, err := readAudience(r, rec.audience)
			if err != nil {
				return err
			}
			if found = append(found, v.found(at, &rec, audience, "")); !all || len(found) == MaxFound {
				break
			}
		}
		return v.err
	})
	if err == nil && len(found) == 0 {
		err = missing
	}
	return found, err
}
