package hub

import (
	"context"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// ReadingOrganisations is readingOrganisations of a collection, for tests.
func (s *Service) ReadingOrganisations(ctx context.Context, root, idOrAlias string) (ids []string, err error) {
	err = s.read(ctx, func(r store.Reader) error {
		col, err := collection(r, root, idOrAlias)
		if err != nil {
			return err
		}
		ids, err = readingOrganisations(r, col)
		return err
	})
	return ids, err
}
