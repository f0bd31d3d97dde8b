package hub

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// AssetKind is what an asset is.
type AssetKind string

// The kinds of assets.
const (
	AssetDomain    AssetKind = "domain"
	AssetInventory AssetKind = "inventory" // a list of software: JSON, CSV or an SBOM
)

// Limits of assets.
const (
	MaxInventory   = 4 << 20 // bytes of one document
	maxAssets      = 1000    // of one organisation
	maxInventories = 100     // of one organisation
)

// Asset is what an organisation wants to be warned about. Only its own members
// and the hub's administrators see it.
type Asset struct {
	ID           string     `json:"id"`           // UUIDv4
	Organisation string     `json:"organisation"` // id
	Kind         AssetKind  `json:"kind"`
	Name         string     `json:"name"`                 // 1 to 200 characters; unique in its organisation
	Value        string     `json:"value,omitempty"`      // the domain: lower case, punycode; unique in its organisation
	MediaType    string     `json:"media_type,omitempty"` // of the inventory's document
	Size         int        `json:"size,omitempty"`       // of the document, in bytes
	Created      time.Time  `json:"created"`
	Replaced     time.Time  `json:"replaced,omitzero"`  // when another document took the place of the first
	Verified     *time.Time `json:"verified,omitempty"` // when the organisation proved that the domain is its own
	Document     []byte     `json:"-"`                  // of an inventory, as received
}

// AssetPatch changes what is not nil. Another value or document is not verified.
type AssetPatch struct {
	Name, Value, MediaType *string
	Document               *[]byte
	Verified               *bool // hub administrators may set it: ownership was proved now, or is no more
}

func assetKey(organisation, id string) string { return "asset/" + organisation + "/" + id }

// documentKey is apart from the asset, so that a list reads no documents.
func documentKey(organisation, id string) string { return "document/" + organisation + "/" + id }

// readsAssets reports whether the caller may see an organisation's assets.
func (c *Caller) readsAssets(organisation string) bool {
	if c.administers() {
		return true
	}
	return c.Member() && c.Organisation.ID == organisation && c.Role() != RoleReader && len(c.Scopes) == 0
}

// assetOwner finds the organisation whose assets are meant; "" is the caller's.
func assetOwner(r store.Reader, c *Caller, organisation string) (*Organisation, error) {
	if organisation == "" {
		organisation = c.Organisation.ID
	}
	o, err := findOrganisation(r, c, organisation)
	if err != nil {
		return nil, err
	}
	if !c.readsAssets(o.ID) {
		return nil, c.refuse()
	}
	return o, nil
}

// Assets returns an organisation's assets (id or handle; "": the caller's own) by
// name, without their documents.
func (s *Service) Assets(ctx context.Context, c *Caller, organisation string) ([]Asset, error) {
	var all []Asset
	err := s.read(ctx, func(r store.Reader) error {
		o, err := assetOwner(r, c, organisation)
		if err != nil {
			return err
		}
		all, err = assetsOf(r, o.ID)
		return err
	})
	return all, err
}

func assetsOf(r store.Reader, organisation string) ([]Asset, error) {
	var all []Asset
	for a, err := range records[Asset](r, assetKey(organisation, "")) {
		if err != nil {
			return nil, err
		}
		all = append(all, *a)
	}
	slices.SortFunc(all, func(a, b Asset) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// Asset finds one of an organisation by id, name or domain, with its document.
// The error is NotFound.
func (s *Service) Asset(ctx context.Context, c *Caller, organisation, name string) (Asset, error) {
	var found Asset
	err := s.read(ctx, func(r store.Reader) error {
		a, err := findAsset(r, c, organisation, name)
		if err != nil {
			return err
		}
		found = *a
		if a.Kind != AssetInventory {
			return nil
		}
		doc, err := r.Get([]byte(documentKey(a.Organisation, a.ID)))
		found.Document = bytes.Clone(doc)
		return err
	})
	if err != nil {
		return Asset{}, err
	}
	return found, nil
}

func findAsset(r store.Reader, c *Caller, organisation, name string) (*Asset, error) {
	o, err := assetOwner(r, c, organisation)
	if err != nil {
		return nil, err
	}
	all, err := assetsOf(r, o.ID)
	if err != nil {
		return nil, err
	}
	known := make([]string, len(all))
	for i := range all {
		if a := &all[i]; name != "" && (a.ID == name || a.Name == name || a.Value == name) {
			return a, nil
		}
		known[i] = all[i].Name
	}
	return nil, unknown("asset", name, known)
}

// CreateAsset adds an asset to an organisation (id or handle; "": the caller's
// own): Kind, Name ("": the domain), Value or MediaType and Document count. The
// organisation's administrators may. The errors are Invalid, TooLarge, and
// Conflict for a name or a domain that it has.
func (s *Service) CreateAsset(ctx context.Context, c *Caller, a Asset) (Asset, error) {
	organisation := a.Organisation
	a.ID, a.Created, a.Verified = uuid.NewString(), s.time(), nil
	if err := a.clean(); err != nil {
		return Asset{}, err
	}
	err := s.change(ctx, c, "asset.create", func(tx store.Tx, e *audit.Entry) error {
		o, err := assetOwner(tx, c, organisation)
		if err != nil {
			return err
		}
		if !c.manages(o.ID) {
			return c.refuse()
		}
		a.Organisation = o.ID
		e.Object, e.Detail = a.ID, map[string]string{"organisation": o.ID, "kind": string(a.Kind), "name": cut(a.Name, 300)}
		return putAsset(tx, &a)
	})
	if err != nil {
		return Asset{}, err
	}
	return a, nil
}

// putAsset writes an asset, and its document where it has one at hand.
func putAsset(tx store.Tx, a *Asset) error {
	all, err := assetsOf(tx, a.Organisation)
	if err != nil {
		return err
	}
	others, inventories := 0, 0
	for _, x := range all {
		switch {
		case x.ID == a.ID:
			continue
		case x.Name == a.Name:
			return fail(Conflict, "there is an asset %q already", a.Name)
		case a.Value != "" && x.Value == a.Value:
			return fail(Conflict, "the asset %q is that domain already", x.Name)
		case x.Kind == AssetInventory:
			inventories++
		}
		others++
	}
	if others >= maxAssets || a.Kind == AssetInventory && inventories >= maxInventories {
		return fail(Conflict, "an organisation has at most %d assets, %d of them inventories; delete one first", maxAssets, maxInventories)
	}
	if a.Document != nil {
		if err := tx.Put([]byte(documentKey(a.Organisation, a.ID)), a.Document); err != nil {
			return err
		}
	}
	return putRecord(tx, assetKey(a.Organisation, a.ID), a)
}

// UpdateAsset changes an asset and returns it as it is then, without its
// document. The organisation's administrators may.
func (s *Service) UpdateAsset(ctx context.Context, c *Caller, organisation, name string, p AssetPatch) (Asset, error) {
	now := s.time()
	var changed Asset
	err := s.change(ctx, c, "asset.update", func(tx store.Tx, e *audit.Entry) error {
		// A run before, of which the outcome was unknown, may have changed the name.
		a, err := findAsset(tx, c, organisation, cmp.Or(changed.ID, name))
		if err != nil {
			return err
		}
		if !c.manages(a.Organisation) {
			return c.refuse()
		}
		d, err := p.apply(tx, c, a, now)
		if err != nil {
			return err
		}
		if p.Document == nil {
			a.Document = nil // it stays as it is
		}
		e.Object, e.Detail = a.ID, d
		err = putAsset(tx, a)
		changed = *a
		changed.Document = nil
		return err
	})
	if err != nil {
		return Asset{}, err
	}
	return changed, nil
}

func (p *AssetPatch) apply(r store.Reader, c *Caller, a *Asset, now time.Time) (differences, error) {
	if p.Verified != nil && !c.administers() {
		return nil, fail(Forbidden, "ownership is proved with a record in DNS or a file on the site, not by saying so")
	}
	d := differences{}
	before := *a
	take(&a.Name, p.Name)
	take(&a.Value, p.Value)
	take(&a.MediaType, p.MediaType)
	if a.Kind == AssetInventory {
		if p.Document != nil {
			a.Document = *p.Document
			d.put("document", len(a.Document))
		} else {
			doc, err := r.Get([]byte(documentKey(a.Organisation, a.ID)))
			if err != nil {
				return nil, err
			}
			a.Document = doc
		}
	}
	if err := a.clean(); err != nil {
		return nil, err
	}
	d.note("name", before.Name, a.Name)
	d.note("value", before.Value, a.Value)
	d.note("media_type", before.MediaType, a.MediaType)
	if p.Document != nil {
		a.Replaced = now
	}
	if a.Value != before.Value || p.Document != nil {
		a.Verified = nil
	}
	if p.Verified != nil {
		a.Verified = nil
		if *p.Verified {
			a.Verified = &now
		}
		d.put("verified", *p.Verified)
	}
	return d, nil
}

// DeleteAsset takes an asset away. The organisation's administrators may.
func (s *Service) DeleteAsset(ctx context.Context, c *Caller, organisation, name string) error {
	seen := false // by a run before, of which the outcome was unknown
	return s.change(ctx, c, "asset.delete", func(tx store.Tx, e *audit.Entry) error {
		a, err := findAsset(tx, c, organisation, name)
		if seen && CodeOf(err) == NotFound {
			return errUnchanged
		}
		if err != nil {
			return err
		}
		if !c.manages(a.Organisation) {
			return c.refuse()
		}
		seen = true
		e.Object, e.Detail = a.ID, map[string]string{"organisation": a.Organisation, "name": cut(a.Name, 300)}
		return errors.Join(tx.Delete([]byte(documentKey(a.Organisation, a.ID))), tx.Delete([]byte(assetKey(a.Organisation, a.ID))))
	})
}
