package hub

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// A token is "infohub_", the key's id, "_", and the secret: 256 bits in
// base64url. The prefix lets scanners for leaked secrets know it.
const (
	tokenPrefix  = "infohub_"
	keyIDSize    = 12
	secretSize   = 43
	tokenSize    = len(tokenPrefix) + keyIDSize + 1 + secretSize
	keyIDLetters = "abcdefghijklmnopqrstuvwxyz234567"
)

// newSecret returns 256 random bits as text, and their hash. Plain SHA-256 is
// enough: nobody guesses 256 bits.
func newSecret() (secret string, hash []byte) {
	var b [32]byte
	rand.Read(b[:]) // never fails
	secret = base64.RawURLEncoding.EncodeToString(b[:])
	return secret, hashSecret(secret)
}

func hashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

func newKeyID() string { return strings.ToLower(rand.Text()[:keyIDSize]) }

// splitToken takes a token apart by its positions: the secret may hold "_".
func splitToken(token string) (id, secret string, ok bool) {
	rest, ok := strings.CutPrefix(token, tokenPrefix)
	if !ok || len(token) != tokenSize || rest[keyIDSize] != '_' {
		return "", "", false
	}
	id, secret = rest[:keyIDSize], rest[keyIDSize+1:]
	return id, secret, strings.Trim(id, keyIDLetters) == ""
}

// errToken is one error for all reasons: whoever tries keys learns nothing.
func errToken() error {
	return fail(Unauthenticated, "the key is not valid: it is unknown, expired or revoked, or its owner is shut out; your organisation's administrator can make a new one")
}

// Authenticate finds who holds a token. Without one it is a stranger, and no
// error. from is the remote address and request the request's id, both for the
// audit log. The error is Unauthenticated, in the same words whatever is wrong
// with the token, its owner or their organisation.
func (s *Service) Authenticate(ctx context.Context, token, from, request string) (Caller, error) {
	stranger := Caller{From: cut(from, 256), Request: cut(request, 256)}
	if token == "" {
		return stranger, nil
	}
	id, secret, ok := splitToken(token)
	if !ok {
		return Caller{}, errToken()
	}
	now := s.time()
	c := stranger
	err := s.read(ctx, func(r store.Reader) error {
		c = stranger
		key, err := getRecord[Key](r, keyKind+"/"+id)
		if err != nil {
			return err
		}
		same := subtle.ConstantTimeCompare(key.Hash, hashSecret(secret)) == 1
		if !same || !key.lives(now) {
			return store.ErrNotFound
		}
		return c.holds(r, key)
	})
	if errors.Is(err, store.ErrNotFound) {
		return Caller{}, errToken()
	}
	if err != nil {
		return Caller{}, err
	}
	if c.Anonymous {
		now = now.Truncate(24 * time.Hour) // the minute would tell what it was used for
	}
	s.used.note(id, now)
	return c, nil
}

// holds makes the caller the owner of a key; store.ErrNotFound for one who is shut
// out.
func (c *Caller) holds(r store.Reader, key *Key) error {
	c.Key, c.Scopes, c.Anonymous = key.ID, key.Scopes, key.Anonymous
	if key.Person == "" {
		c.Kind = CallerOrganisation
		return c.joins(r, key.Organisation)
	}
	person, err := getRecord[Person](r, personKind+"/"+key.Person)
	if err != nil {
		return err
	}
	if person.Disabled {
		return store.ErrNotFound
	}
	c.Kind, c.Person = CallerPerson, *person
	return c.joins(r, person.Organisation)
}

// Renew is the holder of a key as they are now, for a request that took long: a key may be
// revoked or expired meanwhile, its owner shut out or given another role. The error
// is Unauthenticated, as Authenticate's.
func (s *Service) Renew(ctx context.Context, c *Caller) (Caller, error) {
	if c.Kind == CallerLocal {
		return s.Local(ctx, c.From, c.Request)
	}
	if c.Key == "" {
		return *c, nil
	}
	now := Caller{}
	err := s.read(ctx, func(r store.Reader) error {
		now = Caller{From: c.From, Request: c.Request}
		key, err := getRecord[Key](r, keyKind+"/"+c.Key)
		if err != nil {
			return err
		}
		if !key.lives(s.time()) {
			return store.ErrNotFound
		}
		return now.holds(r, key)
	})
	if errors.Is(err, store.ErrNotFound) {
		return Caller{}, errToken()
	}
	return now, err
}

// Local is the administrator "local": whoever may use the data directory or its
// socket. It reads as the operator does. The edge alone knows that somebody is
// one; from is "socket" or "process". The error is Conflict before the hub is set
// up.
func (s *Service) Local(ctx context.Context, from, request string) (Caller, error) {
	c := Caller{Kind: CallerLocal, From: cut(from, 256), Request: cut(request, 256)}
	err := s.read(ctx, func(r store.Reader) error {
		set, err := getRecord[settings](r, metaKey)
		if err != nil {
			return err
		}
		return c.joins(r, set.Operator)
	})
	if errors.Is(err, store.ErrNotFound) {
		return Caller{}, errNotSetUp()
	}
	if err != nil {
		return Caller{}, err
	}
	return c, nil
}

// joins makes the caller one of an organisation; store.ErrNotFound where that is
// suspended.
func (c *Caller) joins(r store.Reader, organisation string) error {
	org, err := getRecord[Organisation](r, orgKind+"/"+organisation)
	if err != nil {
		return err
	}
	if org.Status == StatusSuspended {
		return store.ErrNotFound
	}
	c.Organisation = *org
	if c.groups, err = groupsOf(r, org.ID); err != nil || len(c.Scopes) == 0 {
		return err
	}
	col, err := collection(r, Community, AdvisoriesCollection)
	if CodeOf(err) == NotFound {
		col, err = &Collection{}, nil // nothing was published that is not for everybody
	}
	c.advised = err == nil && c.scope(col.ID, VerbRead)
	return err
}

// lastUsed remembers when keys were used, so that a read writes nothing. Keys
// that do not exist never get in, which bounds it.
type lastUsed struct {
	mu sync.Mutex
	at map[string]time.Time
}

func (l *lastUsed) note(id string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at == nil {
		l.at = map[string]time.Time{}
	}
	if at.After(l.at[id]) {
		l.at[id] = at
	}
}

func (l *lastUsed) get(id string) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at[id]
}

// written forgets what is on disk now and was not used since.
func (l *lastUsed) written(at map[string]time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.at, func(id string, t time.Time) bool { return t.Equal(at[id]) })
}

// writeLastUsed puts into the store when keys were used. Housekeep and Close
// call it.
func (s *Service) writeLastUsed(ctx context.Context) error {
	s.used.mu.Lock()
	at := maps.Clone(s.used.at)
	s.used.mu.Unlock()
	if len(at) == 0 {
		return nil
	}
	err := s.update(ctx, func(whole store.Tx) error {
		tx := store.SubTx(whole, Room)
		for id, used := range at {
			key, err := getRecord[Key](tx, keyKind+"/"+id)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if !used.After(key.LastUsed) {
				continue
			}
			key.LastUsed = used
			if err := putRecord(tx, keyKind+"/"+id, key); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.used.written(at)
	}
	return err
}
