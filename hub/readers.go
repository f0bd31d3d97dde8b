package hub

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// OrganisationReader is an organisation that nobody acts for, as the policy sees it
// now, within a reader of the whole store. ok is false for one that is gone or
// suspended.
func OrganisationReader(whole store.Reader, id string) (o Organisation, reader tlp.Reader, ok bool, err error) {
	c := Caller{Kind: CallerOrganisation}
	err = c.joins(store.SubReader(whole, Room), id)
	if errors.Is(err, store.ErrNotFound) {
		return o, reader, false, nil
	}
	return c.Organisation, c.Reader(), err == nil, err
}

// PersonReader is a person as the policy sees them now, likewise. ok is false also for
// one who is disabled.
func PersonReader(whole store.Reader, id string) (p Person, reader tlp.Reader, ok bool, err error) {
	c := Caller{}
	err = c.holds(store.SubReader(whole, Room), &Key{Person: id})
	if id == "" || errors.Is(err, store.ErrNotFound) {
		return p, reader, false, nil
	}
	return c.Person, c.Reader(), err == nil, err
}

// assetsAtOnce is how many assets EachAsset reads in one View.
const assetsAtOnce = 1000

// EachAsset yields the assets of all organisations, without their documents. It is
// for the hub itself: it asks for no caller.
func (s *Service) EachAsset(ctx context.Context, yield func(Asset) error) error {
	in := store.Prefix([]byte("asset/"))
	for {
		var some []Asset
		err := s.read(ctx, func(r store.Reader) error {
			some = nil
			for a, err := range recordsIn[Asset](r, in) {
				if err != nil {
					return err
				}
				if some = append(some, *a); len(some) == assetsAtOnce {
					return nil
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, a := range some {
			if err := yield(a); err != nil {
				return err
			}
		}
		if len(some) < assetsAtOnce {
			return nil
		}
		last := some[assetsAtOnce-1]
		in = in.After([]byte(assetKey(last.Organisation, last.ID)))
	}
}

// AssetDocument returns an inventory's document; see EachAsset. The error is
// NotFound.
func (s *Service) AssetDocument(ctx context.Context, organisation, id string) ([]byte, error) {
	var doc []byte
	err := s.read(ctx, func(r store.Reader) error {
		got, err := r.Get([]byte(documentKey(organisation, id)))
		doc = bytes.Clone(got)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		err = fail(NotFound, "no asset %q", cut(id, 100))
	}
	return doc, err
}

// Changed is when the asset's document came.
func (a *Asset) Changed() time.Time {
	if a.Replaced.IsZero() {
		return a.Created
	}
	return a.Replaced
}
