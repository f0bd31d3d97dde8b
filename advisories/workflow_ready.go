package advisories

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// ready is the error of a working copy that cannot be published as it is. A
// withdrawal is not kept back by a text that was fine once.
func (x *change) ready(rec *Record) error {
	if rec.Work.Action != ActionPublish {
		return nil
	}
	found, err := x.s.problems(x.whole, x.tx, rec, x.now)
	if err != nil {
		return err
	}
	bad := faults(found)
	if len(bad) == 0 {
		return nil
	}
	message := "one fault keeps it from being published: "
	if len(bad) > 1 {
		message = "faults keep it from being published, first of all this: "
	}
	if bad[0].Path != "" {
		message += bad[0].Path + ": "
	}
	return &Error{Code: Invalid, Message: message + bad[0].Message, Problems: found}
}

// Check returns what would keep a text from being published, and warnings: by lint,
// by the names in it and by the mandatory tests on its document. It writes nothing.
// The errors are Unauthenticated and Forbidden.
func (s *Service) Check(ctx context.Context, c *Caller, a Advisory) ([]Problem, error) {
	if err := analyst(c); err != nil {
		return nil, err
	}
	var found []Problem
	err := s.read(ctx, func(whole, r store.Reader) (err error) {
		rec := &Record{Work: &Work{Action: ActionPublish, Advisory: a}}
		rec.Work.Audience, _, _ = s.audience(whole, &a) // what is wrong with it is among the problems
		found, err = s.problems(whole, r, rec, s.time())
		return err
	})
	return found, err
}

// problems are those of a trial publication.
func (s *Service) problems(whole, r store.Reader, rec *Record, now time.Time) ([]Problem, error) {
	enriched := rec.Work.Advisory
	if err := enrich(r, &enriched); err != nil {
		return nil, err
	}
	found := LintAt(enriched, now)
	set, err := settings(r)
	if err != nil {
		return nil, err
	}
	if set.Publisher.Name == "" || set.Publisher.Namespace == "" {
		found = append(found, Problem{
			Rule: "settings.publisher", Message: "the hub does not know yet who publishes",
			Remedy: "a hub administrator sets name and namespace of the publisher in the settings of advisories",
		})
		return found, nil
	}
	id := rec.ID
	if id == "" {
		if id, _, _, err = nextNumber(r, &set, now, rec.Work.Advisory.TLP); err != nil {
			return nil, err
		}
	}
	p, err := s.publication(whole, r, rec, &set, id, now)
	if err != nil {
		e, ok := errors.AsType[*Error](err)
		if !ok || len(e.Problems) == 0 {
			return nil, err
		}
		for _, add := range e.Problems {
			if !saysOf(found, add) {
				found = append(found, add)
			}
		}
		return found, nil
	}
	for i, name := range rec.Work.Advisory.Supersedes {
		other, err := find(r, name)
		if CodeOf(err) == NotFound {
			continue // checked when it was written
		}
		if err != nil {
			return nil, err
		}
		if !within(other.Audience, p.Audience) {
			found = append(found, Problem{
				Rule: "supersedes.readers", Path: "supersedes[" + strconv.Itoa(i) + "]", Warning: true,
				Message: other.ID + " has readers who may not read this one: they are told that another takes its place, and not which",
				Remedy:  "withdraw it instead, or supersede it by one that all of them may read",
			})
		}
	}
	if s.with.CheckDocument != nil && len(faults(found)) == 0 {
		found = append(found, s.with.CheckDocument(p)...)
	}
	return found, nil
}

// saysOf reports whether lint said it of this place already.
func saysOf(found []Problem, p Problem) bool {
	for _, f := range found {
		if f.Path == p.Path && !f.Warning {
			return true
		}
	}
	return false
}
