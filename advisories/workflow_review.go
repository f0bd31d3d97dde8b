package advisories

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

// maxReason is how long a reason may be, in bytes.
const maxReason = 4000

// Submit hands a draft in for review. It must be without faults: Invalid has the
// Problems of lint, of the names in it and of the mandatory tests on its document.
// Of a revision, a summary is needed, in English at least; one that was there stays
// where none is given.
func (s *Service) Submit(ctx context.Context, c *Caller, id string, version int, sub Submission) (Record, error) {
	return s.change(ctx, c, "advisory.submit", func(x *change) error {
		rec, err := x.openAt(id, version)
		if err != nil {
			return err
		}
		switch {
		case rec.Work == nil:
			return fail(Conflict, "nothing of it is in the making: edit it first")
		case rec.Work.State != Draft:
			return fail(Conflict, "it is %s already", rec.Work.State)
		}
		if !hasText(sub.Summary) {
			sub.Summary = rec.Work.Summary
		}
		if !maps.Equal(rec.Work.Summary, sub.Summary) || rec.Work.Interim != sub.Interim {
			rec.writtenBy(c.Person) // it is published, too
		}
		rec.Work.Summary, rec.Work.Interim = sub.Summary, sub.Interim
		if rec.State != "" && !hasText(rec.Work.Summary) {
			return faultAt("summary.missing", "summary", "readers of a revision are told what is new", "say in one sentence what changed")
		}
		if hasText(rec.Work.Summary) {
			if err := checkTexts("summary", rec.Work.Summary, x.now); err != nil {
				return err
			}
		}
		if err := rec.publishable(); err != nil {
			return err
		}
		if err := x.ready(rec); err != nil {
			return err
		}
		rec.Work.State, rec.Work.Submitter = InReview, c.Person
		if err := x.save(rec); err != nil {
			return err
		}
		x.note(rec, "summary", rec.Work.summary())
		return nil
	})
}

// hasText reports whether there is a text in some language.
func hasText(t Texts) bool {
	for _, text := range t {
		if strings.TrimSpace(text) != "" {
			return true
		}
	}
	return false
}

// checkTexts is the error for a text that is published beside an advisory: what
// lint says of it as if it were a description.
func checkTexts(path string, t Texts, now time.Time) error {
	var found []Problem
	for _, p := range faults(LintAt(Advisory{Description: t}, now)) {
		if rest, ok := strings.CutPrefix(p.Path, "description"); ok {
			p.Path = path + rest
			found = append(found, p)
		}
	}
	for lang, text := range t {
		if len(text) > maxReason {
			return faultAt(path+".long", path+"."+string(lang), "it has more than %d bytes", "make it shorter", maxReason)
		}
	}
	if len(found) == 0 {
		return nil
	}
	return &Error{Code: Invalid, Message: found[0].Path + ": " + found[0].Message, Problems: found}
}

// Approve says that what is in review may be published. It takes a person, signed
// in or with their own key, who is none of the authors of this working copy:
// Forbidden for others, the local administrator and keys of organisations too. Of
// what no person wrote, such as a source's draft, whoever handed it in counts as one.
func (s *Service) Approve(ctx context.Context, c *Caller, id string, version int) (Record, error) {
	return s.change(ctx, c, "advisory.approve", func(x *change) error {
		rec, err := x.openAt(id, version)
		if err != nil {
			return err
		}
		switch {
		case rec.Work == nil || rec.Work.State != InReview:
			return fail(Conflict, "it is not in review: submit it first")
		case c.Person == "":
			return fail(Forbidden, "a person approves: sign in, or use a key of your own; what belongs to no person approves nothing")
		case slices.Contains(rec.Work.Authors, c.Person):
			return fail(Forbidden, "you wrote some of it: another analyst has to approve it")
		case len(rec.Work.Authors) == 0 && rec.Work.Submitter == c.Person:
			return fail(Forbidden, "you handed it in, and no other person has seen it yet: another analyst has to approve it")
		}
		rec.Work.State, rec.Work.Approver, rec.Work.Rejected = Approved, c.Person, ""
		if err := x.save(rec); err != nil {
			return err
		}
		x.note(rec)
		return nil
	})
}

// Reject sends what is in review or approved, scheduled too, back to its authors as
// a draft. The reason is for analysts.
func (s *Service) Reject(ctx context.Context, c *Caller, id string, version int, reason string) (Record, error) {
	reason = strings.TrimSpace(reason)
	return s.change(ctx, c, "advisory.reject", func(x *change) error {
		rec, err := x.openAt(id, version)
		if err != nil {
			return err
		}
		switch {
		case rec.Work == nil || rec.Work.State == Draft:
			return fail(Conflict, "it is neither in review nor approved")
		case reason == "" || len(reason) > maxReason:
			return faultAt("reason.missing", "reason", "the authors need a reason, of up to %d bytes", "say what is to be changed", maxReason)
		}
		rec.Work.back()
		rec.Work.Rejected = reason
		if err := x.save(rec); err != nil {
			return err
		}
		if isForAll(rec.Work.Advisory.TLP) {
			x.note(rec, "reason", reason)
		} else {
			x.note(rec)
		}
		return nil
	})
}

// Withdraw asks for a revision that says that the advisory no longer holds. Another
// person approves it, and Publish makes it so. The text stays readable.
func (s *Service) Withdraw(ctx context.Context, c *Caller, id string, version int, reason Texts) (Record, error) {
	return s.retire(ctx, c, id, version, "advisory.withdraw", Work{Action: ActionWithdraw, Summary: reason})
}

// Supersede asks for a revision that says that another advisory, published already,
// takes the place of this one; it goes on as with Withdraw. To do both at once,
// name this one in Advisory.Supersedes of the other before that is published.
func (s *Service) Supersede(ctx context.Context, c *Caller, id string, version int, by string, reason Texts) (Record, error) {
	return s.retire(ctx, c, id, version, "advisory.supersede", Work{Action: ActionSupersede, By: by, Summary: reason})
}

func (s *Service) retire(ctx context.Context, c *Caller, id string, version int, action string, w Work) (Record, error) {
	return s.change(ctx, c, action, func(x *change) error {
		rec, err := x.openAt(id, version)
		if err != nil {
			return err
		}
		work := w // the function may run again
		switch {
		case rec.Published == nil:
			return fail(Conflict, "it was never published: discard it")
		case rec.Work != nil:
			return fail(Conflict, "something of it is in the making: publish or discard that first")
		case !hasText(work.Summary):
			return faultAt("reason.missing", "reason", "readers are told why", "say it in one sentence, in English at least")
		}
		if err := checkTexts("reason", work.Summary, x.now); err != nil {
			return err
		}
		if work.By != "" {
			other, err := find(x.tx, work.By)
			if err != nil && CodeOf(err) != NotFound {
				return err
			}
			if err != nil || other.State == "" || !mayRead(c, other.Audience, other.Writers) || other.UUID == rec.UUID {
				return faultAt("by.unknown", "by", "there is no other published advisory %q", "write the tracking id of one that is published", cut(work.By, 100))
			}
			work.By = other.ID
		}
		work.State, work.Submitter = InReview, c.Person
		work.Advisory, work.Audience = *rec.Published, rec.Audience
		rec.Work = &work
		rec.writtenBy(c.Person)
		if err := rec.publishable(); err != nil {
			return err
		}
		if err := x.save(rec); err != nil {
			return err
		}
		x.note(rec, "state", string(InReview), "by", work.By, "summary", work.summary())
		return nil
	})
}

// publishable is the error for a working copy that the state of what is published
// no longer allows.
func (r *Record) publishable() error {
	switch {
	case r.State == Withdrawn, r.State == Superseded && r.Work.Action != ActionWithdraw:
		return fail(Conflict, "it was %s meanwhile: discard what is in the making", r.State)
	}
	return nil
}

// Discard drops what is in the making. Of what was never published nothing is left
// but the audit log's entries.
func (s *Service) Discard(ctx context.Context, c *Caller, id string, version int) error {
	_, err := s.change(ctx, c, "advisory.discard", func(x *change) error {
		rec, err := x.openAt(id, version)
		if err != nil {
			return err
		}
		if rec.Work == nil {
			return fail(Conflict, "nothing of it is in the making")
		}
		x.note(rec, "state", string(rec.Work.State), "action", string(rec.Work.Action))
		if rec.Published == nil {
			if err := x.unlist(rec); err != nil {
				return err
			}
			return x.tx.Delete(key(recordKind, rec.idOf()))
		}
		rec.Work = nil
		return x.save(rec)
	})
	return err
}
