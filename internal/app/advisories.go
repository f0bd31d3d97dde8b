package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/csaf"
	"github.com/cybersec-infohub/infohub/advisories/provider"
	"github.com/cybersec-infohub/infohub/advisories/stixout"
	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// signingRoom holds the secrets that advisories are made with: the key that signs
// them, and what makes their STIX ids impossible to tell.
const signingRoom = "signing"

// openAdvisories makes the advisories of a hub: the workflow, with the forms that
// a publication is kept in, and its way into the hub, in one transaction.
func (h *Hub) openAdvisories(ctx context.Context) error {
	key, err := signingKey(ctx, h.store)
	if err != nil {
		return err
	}
	if h.stixSecret, err = secretOf(ctx, h.store, "stix", func() ([]byte, error) { return []byte(rand.Text()), nil }); err != nil {
		return err
	}
	h.key = key
	exporter := csaf.Exporter{Version: h.opts.Version, Canonical: canonicalURL}
	h.Advisories, err = advisories.New(advisories.Config{
		Store: h.store, Audit: h.audit, Now: time.Now, Log: h.opts.Log,
		Publish: h.publish, Published: h.Service.Contributed,
		Render:        func(p advisories.Publication) (advisories.File, error) { return render(key, exporter, p) },
		CheckDocument: func(p advisories.Publication) []advisories.Problem { return checkDocument(exporter, p) },
		Organisations: named(hub.OrganisationIDs), People: named(hub.PersonIDs),
		Operator: func(whole store.Reader) (string, error) {
			op, err := hub.Operator(whole)
			return op.ID, asAdvisories(err)
		},
	})
	return err
}

// publish puts a publication into the hub, with the transaction that publishes it.
// What everybody may read goes into the public collection.
func (h *Hub) publish(whole store.Tx, by audit.Entry, id string, p advisories.Publication, earlier []*advisories.Publication) error {
	op, err := hub.Operator(whole)
	if err != nil {
		return asAdvisories(err)
	}
	objects, err := stixout.Objects(p, h.identity(op), earlier...)
	if err != nil {
		return fmt.Errorf("advisory %s as STIX: %w", p.Tracking.ID, err)
	}
	if len(objects) == 0 {
		return nil // nothing changed of what the hub shares
	}
	body, err := json.Marshal(map[string]any{"objects": objects})
	if err != nil {
		return err
	}
	collection := hub.AdvisoriesCollection
	if p.Advisory.TLP == tlp.Clear {
		collection = hub.PublicCollection
	}
	return asAdvisories(h.Service.Contribute(whole, by, id, hub.Submission{
		Collection: collection, Body: body, Organisations: p.Audience.Organisations, People: p.Audience.People,
	}))
}

// identity is in whose name STIX objects are made.
func (h *Hub) identity(op hub.Organisation) stixout.Identity {
	return stixout.Identity{ID: op.ID, Name: op.Name, Secret: string(h.stixSecret)}
}

// canonicalURL is where the provider has a publication's document, "" where the hub
// has no address.
func canonicalURL(p advisories.Publication) string {
	base, ok := strings.CutSuffix(p.Tracking.URL, "/advisories/"+p.Tracking.ID)
	if !ok || !strings.HasPrefix(base, "https://") {
		return ""
	}
	return provider.DocumentURL(base, p.Advisory.TLP, p.Tracking.Initial, p.Tracking.ID)
}

// render makes the document that is kept with a publication, and signs it.
func render(key *provider.Key, exporter csaf.Exporter, p advisories.Publication) (advisories.File, error) {
	d, err := exporter.Export(p)
	if err != nil {
		return advisories.File{}, err
	}
	data, err := d.Encode()
	if err != nil {
		return advisories.File{}, err
	}
	at := p.Tracking.Current
	if now := time.Now(); at.After(now) { // of the second revision within a second: whoever verifies it now is not to find it made later
		at = now
	}
	signature, err := key.Sign(data, at)
	return advisories.File{Name: csaf.FileName(p.Tracking.ID), MediaType: "application/json", Bytes: data, Signature: string(signature)}, err
}

// checkDocument holds the form that is kept against CSAF's mandatory tests.
func checkDocument(exporter csaf.Exporter, p advisories.Publication) []advisories.Problem {
	d, err := exporter.Export(p)
	var data []byte
	if err == nil {
		data, err = d.Encode()
	}
	if err != nil {
		return []advisories.Problem{{Rule: "csaf.export", Message: err.Error(), Remedy: "mend what it names, so that the advisory can be published as CSAF"}}
	}
	if len(data) > maxDocument {
		return []advisories.Problem{{
			Rule: "csaf.size", Message: fmt.Sprintf("as CSAF it has %d MiB, and 15 MiB are allowed", len(data)>>20),
			Remedy: "name fewer products for each vulnerability, or make more than one advisory of it",
		}}
	}
	return csaf.Test(d)
}

// maxDocument is the largest document, in bytes (CSAF 2.0, C.1).
const maxDocument = 15 << 20

// named finds ids of the hub's for the advisories.
func named(find func(store.Reader, []string) ([]string, error)) func(store.Reader, []string) ([]string, error) {
	return func(whole store.Reader, names []string) ([]string, error) {
		ids, err := find(whole, names)
		return ids, asAdvisories(err)
	}
}

// asAdvisories passes on what the hub says to whoever asked the advisories.
func asAdvisories(err error) error {
	if e, ok := errors.AsType[*hub.Error](err); ok {
		return &advisories.Error{Code: advisories.Code(e.Code), Message: e.Message, Err: err}
	}
	return err
}

// signingKey is the OpenPGP key of a data directory, made the first time.
func signingKey(ctx context.Context, s store.Store) (*provider.Key, error) {
	armored, err := secretOf(ctx, s, "openpgp", func() ([]byte, error) {
		fresh, err := provider.NewKey("Infohub advisories", "", time.Now())
		if err != nil {
			return nil, err
		}
		return fresh.Private()
	})
	if err != nil {
		return nil, err
	}
	key, err := provider.ReadKey(armored)
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	return key, nil
}

// secretOf is a secret of a data directory, made the first time. It is kept in the
// store, whose file its owner alone may read, so that a backup has it.
func secretOf(ctx context.Context, s store.Store, name string, fresh func() ([]byte, error)) ([]byte, error) {
	var secret []byte
	get := func(r store.Reader) error {
		b, err := store.SubReader(r, signingRoom).Get([]byte(name))
		secret = bytes.Clone(b)
		return err
	}
	err := s.View(ctx, get)
	if errors.Is(err, store.ErrNotFound) {
		made, failed := fresh()
		if failed != nil {
			return nil, fmt.Errorf("secret %s: %w", name, failed)
		}
		err = s.Update(ctx, func(tx store.Tx) error {
			if err := get(tx); !errors.Is(err, store.ErrNotFound) {
				return err // somebody was faster
			}
			secret = made
			return store.SubTx(tx, signingRoom).Put([]byte(name), made)
		})
		if errors.Is(err, store.ErrUnknown) {
			err = s.View(ctx, get)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", name, err)
	}
	return secret, nil
}
