package advisories

import (
	"cmp"
	"context"
	"slices"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// Preview is what is at work of a record as it would be published now, by its
// next number. Analysts may see it, and of what is TLP:RED those who may work on
// it. The errors are those of Get; Invalid where it cannot be published as it is;
// and NotFound where nothing is at work.
func (s *Service) Preview(ctx context.Context, c *Caller, id string) (Publication, error) {
	rec, err := s.Get(ctx, c, id)
	if err != nil {
		return Publication{}, err
	}
	if rec.Work == nil {
		return Publication{}, fail(NotFound, "nothing is at work of %s: show it as it is published", cmp.Or(rec.ID, rec.UUID))
	}
	found := faults(LintAt(rec.Work.Advisory, s.time()))
	if i := slices.IndexFunc(found, func(p Problem) bool { return p.Rule == "list.length" }); i >= 0 { // forms of it would be without bounds
		return Publication{}, &Error{Code: Invalid, Message: found[i].Path + ": " + found[i].Message, Problems: found}
	}
	var p Publication
	err = s.read(ctx, func(whole, r store.Reader) error {
		set, err := settings(r)
		if err != nil {
			return err
		}
		number := rec.ID
		if number == "" {
			if number, _, _, err = nextNumber(r, &set, s.time(), rec.Work.Advisory.TLP); err != nil {
				return err
			}
		}
		p, err = s.publication(whole, r, &rec, &set, number, s.time())
		return err
	})
	return p, err
}

// Last is the number of the last event, 0 before the first.
func (s *Service) Last(ctx context.Context) (uint64, error) {
	var last uint64
	err := s.read(ctx, func(_, r store.Reader) (err error) {
		last, err = getNumber(r, []byte(eventLastKey))
		return err
	})
	return last, err
}
