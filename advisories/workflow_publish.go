package advisories

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// Publish publishes what is approved: at once, where at is zero or past, or at a
// time to come, when Housekeep does it. Before the end of its embargo it is Invalid.
// The tracking id, the revision, its document, what Config.Publish writes, the
// entry of the audit log and the event are one commit.
func (s *Service) Publish(ctx context.Context, c *Caller, id string, version int, at time.Time) (Record, error) {
	return s.change(ctx, c, "advisory.publish", func(x *change) error {
		rec, err := x.openAt(id, version)
		if err != nil {
			return err
		}
		if rec.Work == nil || rec.Work.State != Approved {
			return fail(Conflict, "it is not approved: another analyst has to approve it first")
		}
		if !at.After(x.now) {
			return x.publish(rec)
		}
		if err := errors.Join(rec.publishable(), rec.embargoed(at)); err != nil {
			return err
		}
		rec.Work.PublishAt, rec.Work.ScheduledBy = at.UTC().Truncate(time.Microsecond), c.Entry.Actor
		rec.Work.Trouble = ""
		if err := x.save(rec); err != nil {
			return err
		}
		x.entry.Action = "advisory.schedule"
		x.note(rec, "at", rec.Work.PublishAt.Format(time.RFC3339))
		return nil
	})
}

// embargoed is the error for a publication before its embargo ends.
func (r *Record) embargoed(at time.Time) error {
	embargo := r.Work.Advisory.Embargo
	if r.Work.Action != ActionPublish || !embargo.After(at) {
		return nil
	}
	return faultAt("embargo.early", "embargo", "it is under embargo until %s", "schedule it for then", embargo.UTC().Format(time.RFC3339))
}

// Unschedule takes back the time of a publication; what is approved stays so.
func (s *Service) Unschedule(ctx context.Context, c *Caller, id string, version int) (Record, error) {
	return s.change(ctx, c, "advisory.unschedule", func(x *change) error {
		rec, err := x.openAt(id, version)
		if err != nil {
			return err
		}
		if rec.Work == nil || rec.Work.PublishAt.IsZero() {
			return fail(Conflict, "it is not scheduled")
		}
		rec.Work.unschedule()
		if err := x.save(rec); err != nil {
			return err
		}
		x.note(rec)
		return nil
	})
}

func (w *Work) unschedule() {
	w.PublishAt, w.ScheduledBy, w.Trouble = time.Time{}, audit.Actor{}, ""
}

// publish makes a revision of what is in the making.
func (x *change) publish(rec *Record) error {
	if err := errors.Join(rec.publishable(), rec.embargoed(x.now)); err != nil {
		return err
	}
	set, err := settings(x.tx)
	if err != nil {
		return err
	}
	if err := x.ready(rec); err != nil {
		return err
	}
	id := rec.ID
	if id == "" {
		if id, err = number(x.tx, &set, x.now, rec.Work.Advisory.TLP); err != nil {
			return err
		}
	}
	p, err := x.s.publication(x.whole, x.tx, rec, &set, id, x.now)
	if err != nil {
		return err
	}
	var old Advisory
	if rec.Published != nil {
		old = *rec.Published
	}
	work := *rec.Work
	x.entry.Action = "advisory." + string(work.Action)
	rec.Published, rec.Work = &work.Advisory, nil
	if err := x.commit(rec, p); err != nil {
		return err
	}
	x.log(rec, old, work.Advisory)
	d := x.entry.Detail
	d["state"], d["revision"], d["approver"] = string(rec.State), strconv.Itoa(rec.Tracking.Number()), work.Approver
	if !work.PublishAt.IsZero() {
		d["scheduled_by"] = cut(work.ScheduledBy.ID, 200)
	}
	if work.By != "" {
		d["by"] = work.By
	}
	return x.supersedeOthers(rec)
}

// publication is what the working copy of a record becomes.
func (s *Service) publication(whole, r store.Reader, rec *Record, set *Settings, id string, now time.Time) (Publication, error) {
	work := rec.Work
	p := Publication{Publisher: set.Publisher, Advisory: work.Advisory, Audience: rec.Audience, Tracking: rec.Tracking}
	if work.Action == ActionPublish {
		audience, unnamed, err := s.audience(whole, &work.Advisory)
		if err != nil {
			return p, err
		}
		path := "organisations"
		if work.Advisory.TLP == tlp.Red {
			path = "people"
		}
		if !unnamed && !audience.Equal(work.Audience) {
			return p, faultAt("tlp.changed", path, "a name here is somebody else's by now than when it was written",
				"look at whom it names, and save it again: then it is for those, and is reviewed anew")
		}
		if unnamed {
			return p, faultAt("tlp.nobody", path, "%s is for those who are named, and nobody is", "name who may read it", work.Advisory.TLP)
		}
		p.Audience = audience
	}
	if err := enrich(r, &p.Advisory); err != nil {
		return p, err
	}
	var err error
	if p.Advisory.Supersedes, err = shownSupersedes(r, &p); err != nil {
		return p, err
	}
	t := &p.Tracking
	t.ID, t.Interim = id, work.Interim
	if set.CanonicalURL != "" {
		t.URL = set.CanonicalURL + "/advisories/" + id
	}
	summary := work.Summary
	switch {
	case work.Action == ActionWithdraw:
		t.State = Withdrawn
	case work.Action == ActionSupersede:
		t.State = Superseded
		by, err := find(r, work.By)
		if err != nil {
			return p, err
		}
		if by.State == Withdrawn || by.State == Superseded {
			return p, fail(Conflict, "%s was %s meanwhile: it takes the place of nothing", by.ID, by.State)
		}
		if within(p.Audience, by.Audience) {
			t.SupersededBy = by.ID
		}
	case rec.State == "":
		t.State = Published
		if !hasText(summary) {
			summary = words("advisory.history.first")
		}
	default:
		t.State = Revised
	}
	t.step(now, summary)
	return p, nil
}

// step adds a revision: at least a second after the one before, since whoever
// compares dates is to see that it is newer.
func (t *Tracking) step(now time.Time, summary Texts) {
	at := now.UTC().Truncate(time.Second)
	if t.Initial.IsZero() {
		t.Initial = at
	} else if !at.After(t.Current) {
		at = t.Current.Add(time.Second)
	}
	t.Current = at
	t.Revisions = append(slices.Clone(t.Revisions), Revision{Number: t.Number() + 1, Date: at, Summary: summary})
}

// shownSupersedes are those that everybody may know of who may read the publication.
func shownSupersedes(r store.Reader, p *Publication) ([]string, error) {
	var shown []string
	for _, name := range p.Advisory.Supersedes {
		other, err := find(r, name)
		switch {
		case CodeOf(err) == NotFound:
		case err != nil:
			return nil, err
		case other.ID != "" && within(p.Audience, other.Audience):
			shown = append(shown, other.ID)
		}
	}
	return shown, nil
}

// commit writes a publication, the next revision of its record, with all that is
// made of it.
func (x *change) commit(rec *Record, p Publication) error {
	id, n := rec.idOf(), p.Tracking.Number()
	var earlier []*Publication
	for i := 1; i < n; i++ {
		rev, err := getRecord[revision](x.tx, numberedKey(revisionKind, id, i))
		if err != nil {
			return err
		}
		earlier = append(earlier, &rev.Publication)
	}
	if n > 1 {
		if err := x.tx.Delete(timedKey(publishedKind, earlier[n-2].Tracking.Current, id)); err != nil {
			return err
		}
	}
	if there, err := exists(x.tx, numberedKey(revisionKind, id, n)); err != nil || there {
		return errors.Join(err, fmt.Errorf("advisories: revision %d of %s is there already", n, p.Tracking.ID))
	}
	rev := revision{Publication: p}
	if x.s.with.Render != nil {
		file, err := x.s.with.Render(p)
		if err != nil {
			return fmt.Errorf("the document of %s: %w", p.Tracking.ID, err)
		}
		rev.File = file.sealed(p.Tracking.Current)
		if err := x.tx.Put(numberedKey(documentKind, id, n), file.Bytes); err != nil {
			return err
		}
	}
	if x.s.with.Publish != nil {
		err := x.s.with.Publish(x.whole, x.entry, uuid.NewSHA1(id, []byte("revision "+strconv.Itoa(n))).String(), p, earlier)
		if err != nil {
			return err
		}
	}
	rec.ID, rec.State, rec.Tracking, rec.Audience = p.Tracking.ID, p.Tracking.State, p.Tracking, p.Audience
	err := errors.Join(
		putRecord(x.tx, numberedKey(revisionKind, id, n), rev),
		x.tx.Put(timedKey(publishedKind, p.Tracking.Current, id), cardOfPublication(&p, rec.Writers).encode()),
		x.tx.Put(namedKey(nameKind, rec.ID), id[:]),
		x.save(rec),
	)
	if err != nil {
		return err
	}
	kinds := map[State]EventKind{Published: EventPublished, Revised: EventRevised, Withdrawn: EventWithdrawn, Superseded: EventSuperseded}
	return x.tell(Event{Kind: kinds[rec.State], Ref: rec.UUID, ID: rec.ID, Revision: n})
}

// sealed is a file with its hashes.
func (f File) sealed(modified time.Time) File {
	one, other := sha256.Sum256(f.Bytes), sha512.Sum512(f.Bytes)
	f.SHA256, f.SHA512, f.Modified = hex.EncodeToString(one[:]), hex.EncodeToString(other[:]), modified
	return f
}
