package hub

import (
	"context"
	"errors"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// Recipients finds the ids of people whom somebody names as readers of what is
// TLP:RED, by id or mail address. Whoever contributes has to know the address:
// members are shown no people of other organisations. The error is NotFound.
func (s *Service) Recipients(ctx context.Context, c *Caller, names []string) ([]string, error) {
	if !c.Member() {
		return nil, c.refuse()
	}
	var ids []string
	err := s.read(ctx, func(r store.Reader) error {
		ids = nil
		for _, name := range names {
			p, err := lookUp[Person](r, personKind, name)
			if errors.Is(err, store.ErrNotFound) || err == nil && p.Disabled {
				return fail(NotFound, "nobody here has the address %q: ask whom you mean with which one they were registered", cut(name, 100))
			}
			if err != nil {
				return err
			}
			ids = append(ids, p.ID)
		}
		return nil
	})
	return ids, err
}
