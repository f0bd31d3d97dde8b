package hub

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// Limits of keys.
const (
	maxKeys   = 100 // of one owner that are neither expired nor revoked
	maxScopes = 100
)

// ownsKey reports whether a key is the caller's own: that person's, or the one in
// use, which is all that a key bound to collections knows of.
func (c *Caller) ownsKey(k *Key) bool {
	return c.Kind == CallerPerson && k.Person == c.Person.ID && len(c.Scopes) == 0 || c.Key != "" && c.Key == k.ID
}

// knowsKey reports whether the caller may see that a key exists.
func (c *Caller) knowsKey(k *Key) bool { return c.ownsKey(k) || c.manages(k.Organisation) }

// shownKey is a key without its hash, and with the last use that is not written
// yet.
func (s *Service) shownKey(k *Key) Key {
	shown := *k
	shown.Hash = nil
	if at := s.used.get(k.ID); at.After(shown.LastUsed) {
		shown.LastUsed = at
	}
	return shown
}

// Keys returns the keys that the caller may see: people their own,
// administrators those of their organisation and its people. owner chooses those
// of one person or organisation, by id, mail address or handle; an organisation's
// are then only its own, not its people's. They come in the order in which they
// were made.
func (s *Service) Keys(ctx context.Context, c *Caller, owner string) ([]Key, error) {
	if !c.Member() {
		return nil, c.refuse()
	}
	var all []Key
	err := s.read(ctx, func(r store.Reader) error {
		all = nil
		organisation, person, err := keyOwner(r, c, owner)
		if err != nil {
			return err
		}
		for k, err := range records[Key](r, keyKind+"/") {
			if err != nil {
				return err
			}
			if c.knowsKey(k) && (owner == "" || k.Organisation == organisation && k.Person == person) {
				all = append(all, s.shownKey(k))
			}
		}
		return nil
	})
	slices.SortFunc(all, func(a, b Key) int { return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID)) })
	return all, err
}

// keyOwner finds whom a name means: a person by what holds "@" or is a person's
// id, else an organisation.
func keyOwner(r store.Reader, c *Caller, owner string) (organisation, person string, err error) {
	switch {
	case owner == "":
		return "", "", nil
	case strings.Contains(owner, "@") || strings.HasPrefix(owner, personKind+"--"):
		p, err := findPerson(r, c, owner)
		if err != nil {
			return "", "", err
		}
		return p.Organisation, p.ID, nil
	}
	o, err := findOrganisation(r, c, owner)
	if err != nil {
		return "", "", err
	}
	return o.ID, "", nil
}

// CreateKey makes a key and returns it with its token, which nobody can see
// again. Name, Person (id or mail address) or else Organisation (id or handle),
// Scopes, Anonymous and Expires count; without either the key is the caller's
// own. A scope names a collection by id, by ROOT/ALIAS, or by an alias of the
// community's. People make keys of their own, administrators those of their
// organisation and its people. A key that is bound to collections makes none.
func (s *Service) CreateKey(ctx context.Context, c *Caller, k Key) (Key, string, error) {
	if !c.Member() || len(c.Scopes) > 0 {
		return Key{}, "", c.refuse()
	}
	now := s.time()
	secret, hash := newSecret()
	k = Key{
		ID: newKeyID(), Name: k.Name, Organisation: k.Organisation, Person: k.Person, Scopes: k.Scopes,
		Anonymous: k.Anonymous, Created: now, Expires: k.Expires.UTC(), Hash: hash,
	}
	if err := k.clean(now); err != nil {
		return Key{}, "", err
	}
	owner := cmp.Or(k.Person, k.Organisation)
	if owner == "" && c.Kind == CallerPerson {
		owner = c.Person.ID
	}
	if owner == "" {
		return Key{}, "", fail(Invalid, "say whose key it is to be: a person's or an organisation's")
	}
	scopes := k.Scopes
	err := s.change(ctx, c, "key.create", func(tx store.Tx, e *audit.Entry) error {
		var err error
		if k.Organisation, k.Person, err = keyOwner(tx, c, owner); err != nil {
			return err
		}
		if err := c.mayMakeKey(tx, &k); err != nil {
			return err
		}
		if k.Scopes, err = scopeIDs(tx, c, scopes); err != nil {
			return err
		}
		if err := fewKeys(tx, &k, now); err != nil {
			return err
		}
		d := differences{}
		d.put("name", k.Name)
		d.put("organisation", k.Organisation)
		d.note("person", "", k.Person)
		d.put("anonymous", k.Anonymous)
		if !k.Expires.IsZero() {
			d.put("expires", k.Expires.Format(time.RFC3339))
		}
		for _, scope := range k.Scopes {
			d["scopes"] = cut(d["scopes"]+" "+scope.Collection+":"+joinAny(scope.Verbs), 2000)
		}
		e.Object, e.Detail = k.ID, d
		return putRecord(tx, keyKind+"/"+k.ID, k)
	})
	if err != nil {
		return Key{}, "", err
	}
	return s.shownKey(&k), tokenPrefix + k.ID + "_" + secret, nil
}

func (k *Key) clean(now time.Time) error {
	if err := cleanName("the key's name", &k.Name); err != nil {
		return err
	}
	if !k.Expires.IsZero() && !k.Expires.After(now) {
		return fail(Invalid, "the key would have expired at %s already", k.Expires.Format(time.RFC3339))
	}
	if len(k.Scopes) > maxScopes {
		return fail(Invalid, "%d scopes; at most %d are allowed", len(k.Scopes), maxScopes)
	}
	for _, s := range k.Scopes {
		if len(s.Verbs) == 0 {
			return fail(Invalid, "the scope of %q has no verb: %s, %s or both", cut(s.Collection, 100), VerbRead, VerbWrite)
		}
		for _, v := range s.Verbs {
			if v != VerbRead && v != VerbWrite {
				return fail(Invalid, "no verb %q; there are: %s, %s", cut(string(v), 100), VerbRead, VerbWrite)
			}
		}
	}
	return nil
}

func (c *Caller) mayMakeKey(r store.Reader, k *Key) error {
	if k.Person == "" {
		if c.manages(k.Organisation) {
			return nil
		}
		return c.refuse()
	}
	p, err := getRecord[Person](r, personKind+"/"+k.Person)
	if err != nil {
		return err
	}
	if p.Disabled {
		return fail(Conflict, "%s is disabled", p.Email)
	}
	if c.Kind == CallerPerson && c.Person.ID == p.ID || c.managesPerson(p) {
		return nil
	}
	return c.refuse()
}

// scopeIDs names collections by id, each once. Only what the caller reaches is
// found.
func scopeIDs(r store.Reader, c *Caller, scopes []Scope) ([]Scope, error) {
	var all []Scope
	for _, s := range scopes {
		id := s.Collection
		if id != "*" {
			col, _, _, err := reach(r, c, "", s.Collection)
			if err != nil {
				return nil, err
			}
			id = col.ID
		}
		verbs := slices.Clone(s.Verbs)
		if i := slices.IndexFunc(all, func(x Scope) bool { return x.Collection == id }); i >= 0 {
			verbs = append(verbs, all[i].Verbs...)
			all = slices.Delete(all, i, i+1)
		}
		slices.Sort(verbs)
		all = append(all, Scope{Collection: id, Verbs: slices.Compact(verbs)})
	}
	return all, nil
}

// fewKeys bounds the living keys of one owner.
func fewKeys(r store.Reader, k *Key, now time.Time) error {
	living := 0
	for x, err := range records[Key](r, keyKind+"/") {
		if err != nil {
			return err
		}
		if x.Organisation == k.Organisation && x.Person == k.Person && x.ID != k.ID && x.lives(now) {
			living++
		}
	}
	if living >= maxKeys {
		return fail(Conflict, "there are %d keys of this owner; revoke one first", living)
	}
	return nil
}

// lives reports whether a key opens anything at a time.
func (k *Key) lives(now time.Time) bool {
	return k.Revoked.IsZero() && (k.Expires.IsZero() || now.Before(k.Expires))
}

// RevokeKey shuts a key at once, for good. Whoever holds a key may revoke it; the
// rest is as for making one. Revoking again does nothing. The error is NotFound,
// also for a key that the caller may not see.
func (s *Service) RevokeKey(ctx context.Context, c *Caller, id string) (Key, error) {
	if !c.Member() {
		return Key{}, c.refuse()
	}
	now := s.time()
	var revoked Key
	err := s.change(ctx, c, "key.revoke", func(tx store.Tx, e *audit.Entry) error {
		k, err := findKey(tx, c, id)
		if err != nil {
			return err
		}
		if err := c.mayRevoke(tx, k); err != nil {
			return err
		}
		if !k.Revoked.IsZero() {
			revoked = s.shownKey(k)
			return errUnchanged
		}
		k.Revoked = now
		revoked = s.shownKey(k)
		d := differences{}
		d.put("name", k.Name)
		d.put("organisation", k.Organisation)
		d.note("person", "", k.Person)
		e.Object, e.Detail = k.ID, d
		return putRecord(tx, keyKind+"/"+k.ID, k)
	})
	if err != nil {
		return Key{}, err
	}
	return revoked, nil
}

func findKey(r store.Reader, c *Caller, id string) (*Key, error) {
	if len(id) == keyIDSize {
		k, err := getRecord[Key](r, keyKind+"/"+id)
		if err == nil && c.knowsKey(k) {
			return k, nil
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
	}
	var known []string
	for k, err := range records[Key](r, keyKind+"/") {
		if err != nil {
			return nil, err
		}
		if c.knowsKey(k) && k.Revoked.IsZero() {
			known = append(known, k.ID+" ("+k.Name+")")
		}
	}
	return nil, unknown("key", id, known)
}

func (c *Caller) mayRevoke(r store.Reader, k *Key) error {
	if c.ownsKey(k) || c.administers() {
		return nil
	}
	p := &Person{Organisation: k.Organisation, Role: RoleMember} // an organisation's key can no more than that
	if k.Person != "" {
		var err error
		if p, err = getRecord[Person](r, personKind+"/"+k.Person); err != nil {
			return err
		}
	}
	if c.managesPerson(p) {
		return nil
	}
	return c.refuse()
}
