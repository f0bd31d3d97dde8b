package advisories

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// May reports whether a caller may read a publication: the one policy of every
// output that is made of All, Item or Since.
func (s *Service) May(c *Caller, p *Publication) bool { return mayRead(c, p.Audience, nil) }

// List returns a page of what is published and the caller may read, newest first.
// Every form of a list is made of this one. The error is Invalid for a filter that
// cannot be.
func (s *Service) List(ctx context.Context, c *Caller, f Filter) (Page, error) {
	l, err := s.newListing(c, publishedKind, f, func(c *Caller, f *facts) bool { return mayRead(c, f.Audience, f.Writers) })
	if err != nil {
		return Page{}, err
	}
	var page Page
	err = s.read(ctx, func(_, r store.Reader) error {
		page = Page{Items: []Publication{}}
		err := l.run(ctx, r, func(id uuid.UUID) error {
			rec, err := getRecord[recordHead](r, key(recordKind, id))
			if err != nil {
				return err
			}
			rev, err := getRecord[revision](r, numberedKey(revisionKind, id, rec.Tracking.Number()))
			if err != nil {
				return err
			}
			page.Items = append(page.Items, rev.Publication.shownTo(c))
			return nil
		})
		page.Next = l.next
		return err
	})
	if err != nil {
		return Page{}, err
	}
	return page, nil
}

// recordHead is the part of a record that readers need.
type recordHead struct {
	UUID     string       `json:"uuid"`
	Tracking Tracking     `json:"tracking"`
	Audience tlp.Audience `json:"audience"`
	Writers  []string     `json:"writers"`
}

// Records returns a page of the records that an analyst may work on, those last
// worked on first. The errors are those of Get, and Invalid.
func (s *Service) Records(ctx context.Context, c *Caller, f Filter) (RecordPage, error) {
	if err := analyst(c); err != nil {
		return RecordPage{}, err
	}
	l, err := s.newListing(c, workKind, f, func(c *Caller, f *facts) bool {
		return c.Analyst && (!personal(f.TLP) || isNamed(c.Person, f.Writers) || isNamed(c.Person, f.Audience.People))
	})
	if err != nil {
		return RecordPage{}, err
	}
	var page RecordPage
	err = s.read(ctx, func(_, r store.Reader) error {
		page = RecordPage{Items: []Record{}}
		err := l.run(ctx, r, func(id uuid.UUID) error {
			rec, err := getRecord[Record](r, key(recordKind, id))
			if err == nil && mayWork(c, rec) {
				page.Items = append(page.Items, *rec)
			}
			return err
		})
		page.Next = l.next
		return err
	})
	if err != nil {
		return RecordPage{}, err
	}
	return page, nil
}

// Get returns a record to an analyst. The errors are Unauthenticated and Forbidden
// for whoever is none, whatever there is, and NotFound.
func (s *Service) Get(ctx context.Context, c *Caller, id string) (Record, error) {
	if err := analyst(c); err != nil {
		return Record{}, err
	}
	var got Record
	err := s.read(ctx, func(_, r store.Reader) error {
		rec, err := find(r, id)
		if err != nil {
			return err
		}
		if !mayWork(c, rec) {
			return errNoAdvisory(id)
		}
		got = *rec
		return nil
	})
	return got, err
}

// Show returns a revision of what is published to a reader; 0 is the last one.
// Whoever may read the last one may read them all. The error is NotFound.
func (s *Service) Show(ctx context.Context, c *Caller, id string, number int) (Publication, error) {
	rev, _, err := s.revision(ctx, c, id, number, false)
	return rev.Publication.shownTo(c), err
}

// History returns the revisions that Show takes, oldest first.
func (s *Service) History(ctx context.Context, c *Caller, id string) ([]Revision, error) {
	p, err := s.Show(ctx, c, id, 0)
	return p.Tracking.Revisions, err
}

// Document returns the document that was kept with a revision, with its hashes.
// The error is NotFound, also where there is no Config.Render.
func (s *Service) Document(ctx context.Context, c *Caller, id string, number int) (File, error) {
	rev, file, err := s.revision(ctx, c, id, number, true)
	if err == nil && len(file) == 0 {
		return File{}, errNoAdvisory(id)
	}
	rev.File.Bytes = file
	return rev.File, err
}

// revision reads a revision for a reader, and the bytes of its document.
func (s *Service) revision(ctx context.Context, c *Caller, name string, number int, document bool) (rev revision, file []byte, err error) {
	err = s.read(ctx, func(_, r store.Reader) error {
		rec, err := find(r, name)
		if err != nil {
			return err
		}
		last := rec.Tracking.Number()
		if number == 0 {
			number = last
		}
		switch {
		case last == 0 && mayWork(c, rec):
			return fail(NotFound, "%s is not published yet: what there is of it is a draft", cut(name, 100))
		case last == 0 || !mayRead(c, rec.Audience, rec.Writers):
			return errNoAdvisory(name)
		case number < 1 || number > last:
			return fail(NotFound, "%s has no revision %d: the last is %d", rec.ID, number, last)
		}
		got, err := getRecord[revision](r, numberedKey(revisionKind, rec.idOf(), number))
		if err != nil {
			return err
		}
		rev = *got
		if document {
			b, err := r.Get(numberedKey(documentKind, rec.idOf(), number))
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			file = slices.Clone(b)
		}
		return nil
	})
	if err != nil {
		return revision{}, nil, err
	}
	return rev, file, nil
}

// shownTo is a publication as it is handed out. Whom a marking names beside
// themselves is for readers not to know: analysts alone see it.
func (p Publication) shownTo(c *Caller) Publication {
	if c.Analyst {
		return p
	}
	p.Advisory.Organisations, p.Advisory.People = nil, nil
	p.Audience.Organisations, p.Audience.People = nil, nil
	return p
}
