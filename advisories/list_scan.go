package advisories

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// Bounds of a page.
const (
	defaultListed = 50
	maxText       = 200     // characters of what is searched for
	maxLooked     = 20_000  // cards that are looked at for one page
	maxSearched   = 8 << 20 // bytes of text that are compared for one page
)

// listing makes one page of a list.
type listing struct {
	s    *Service
	c    *Caller
	kind string // of the cards
	f    Filter
	may  func(c *Caller, f *facts) bool // whether the caller may read it: the last word

	// What the filter says, as cards have it.
	text, product, about string
	sieved               []uint64 // all of which are in the sieve of what fits
	looked, compared     int
	next                 string
}

// newListing checks a filter.
func (s *Service) newListing(c *Caller, kind string, f Filter, may func(*Caller, *facts) bool) (*listing, error) {
	l := &listing{s: s, c: c, kind: kind, f: f, may: may, text: fold(f.Text), product: fold(f.Product), about: strings.ToLower(strings.TrimSpace(f.CVE))}
	switch {
	case f.Limit < 0 || f.Limit > MaxListed:
		return nil, fail(Invalid, "limit %d: 1 to %d are allowed", f.Limit, MaxListed)
	case len([]rune(f.Text)) > maxText || len([]rune(f.Product)) > maxText || len(f.CVE) > maxName:
		return nil, fail(Invalid, "text, product and cve: at most %d characters are searched for", maxText)
	case f.Lang != "" && !slices.Contains(i18n.Langs(), f.Lang):
		return nil, fail(Invalid, "lang %q: en, zh-Hant or zh-Hans was expected", cut(string(f.Lang), 40))
	case f.TLP != "" && !slices.Contains(tlp.Labels(), f.TLP):
		return nil, fail(Invalid, "tlp %q: clear, green, amber, amber+strict or red was expected", cut(string(f.TLP), 40))
	case f.State != "" && !slices.Contains(states(), f.State):
		return nil, fail(Invalid, "state %q: there is no such state", cut(string(f.State), 40))
	}
	if l.f.Limit == 0 {
		l.f.Limit = defaultListed
	}
	l.sieved = slices.Concat(slices.Collect(parts(l.text)), slices.Collect(parts(l.product)))
	if f.Tag != "" {
		l.sieved = append(l.sieved, hashed(sieveTag+f.Tag))
	}
	if l.about != "" {
		l.sieved = append(l.sieved, hashed(sieveAbout+l.about))
	}
	return l, nil
}

func states() []State {
	return []State{Draft, InReview, Approved, Published, Revised, Withdrawn, Superseded}
}

// run yields the ids of what fits, newest first, and sets next.
func (l *listing) run(ctx context.Context, r store.Reader, yield func(id uuid.UUID) error) error {
	in := store.Prefix([]byte(l.kind))
	if !l.f.Since.IsZero() {
		in.From = timeKey(l.kind, l.f.Since)
	}
	if !l.f.Until.IsZero() {
		in.To = timeKey(l.kind, l.f.Until)
	}
	if bytes.Compare(in.From, in.To) >= 0 {
		return nil
	}
	in.Reverse = true
	if l.f.Cursor != "" {
		at, ok := l.s.openCursor(l.purpose(), l.f.Cursor)
		if !ok {
			return fail(Invalid, "this cursor is none of this list: send next of the page before with the same filter")
		}
		in = in.After(at)
	}
	var last []byte
	found := 0
	for e, err := range r.Scan(in) {
		if err != nil {
			return err
		}
		if l.looked == maxLooked || l.compared > maxSearched {
			l.next = l.s.sealCursor(l.purpose(), last)
			return nil
		}
		if l.looked++; l.looked%1000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		fits, err := l.fits(e.Value)
		if err != nil {
			return err
		}
		if fits {
			if found == l.f.Limit {
				l.next = l.s.sealCursor(l.purpose(), last)
				return nil
			}
			id, err := idOfKey(e.Key)
			if err != nil {
				return err
			}
			if err := yield(id); err != nil {
				return err
			}
			found++
		}
		last = append(last[:0], e.Key...)
	}
	return nil
}

// fits reports whether a card is of what the caller may read and looks for.
func (l *listing) fits(value []byte) (bool, error) {
	v, err := readCard(value)
	if err != nil || !v.opens(l.c) {
		return false, err
	}
	for _, h := range l.sieved {
		if !v.sieve.hasHash(h) {
			return false, nil
		}
	}
	if l.f.Sector != "" && !v.sieve.has(sieveSector+l.f.Sector) && !v.sieve.has(sieveSector) {
		return false, nil
	}
	f, err := v.decode()
	if err != nil || !l.may(l.c, &f) {
		return false, err
	}
	is := func(wanted, has string) bool { return wanted == "" || wanted == has }
	switch {
	case !is(string(l.f.Risk), string(f.Risk)) || !is(string(l.f.Class), string(f.Class)) || !is(string(l.f.TLP), string(f.TLP)):
		return false, nil
	case l.f.State != "" && f.State != l.f.State && f.Work != l.f.State:
		return false, nil
	case l.f.Tag != "" && !slices.Contains(f.Tags, l.f.Tag):
		return false, nil
	case l.f.Sector != "" && len(f.Sectors) > 0 && !slices.Contains(f.Sectors, l.f.Sector):
		return false, nil
	case l.f.Lang != "" && !slices.Contains(f.Langs, l.f.Lang):
		return false, nil
	case l.about != "" && !slices.Contains(f.About, l.about):
		return false, nil
	case l.product != "" && !slices.ContainsFunc(f.Products, func(p string) bool { return strings.Contains(p, l.product) }):
		return false, nil
	}
	if l.text != "" {
		l.compared += len(v.text)
		return bytes.Contains(v.text, []byte(l.text)), nil
	}
	return true, nil
}

// purpose binds a cursor to what it was made for: the same list and filter. It may
// be sealed, since it can point to what its holder may not know of.
func (l *listing) purpose() string {
	same := l.f
	same.Cursor, same.Limit = "", 0
	text, err := json.Marshal(same)
	if err != nil {
		return l.kind // no such time: the cursor is of no other filter that fails
	}
	sum := sha256.Sum256(text)
	return l.kind + string(sum[:])
}

func (s *Service) sealCursor(purpose string, plain []byte) string {
	nonce := make([]byte, s.cursor.NonceSize(), s.cursor.NonceSize()+len(plain)+s.cursor.Overhead())
	rand.Read(nonce) // never fails
	return base64.RawURLEncoding.EncodeToString(s.cursor.Seal(nonce, nonce, plain, []byte(purpose)))
}

// openCursor returns false for what sealCursor did not make for this purpose.
func (s *Service) openCursor(purpose, cursor string) ([]byte, bool) {
	const most = 300
	if len(cursor) > most {
		return nil, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	n := s.cursor.NonceSize()
	if err != nil || len(b) < n {
		return nil, false
	}
	plain, err := s.cursor.Open(nil, b[:n], b[n:], []byte(purpose))
	return plain, err == nil && len(plain) > 0
}

// openCursors makes the cipher of cursors, whose secret is kept in the store so
// that a cursor outlives the process.
func (s *Service) openCursors(ctx context.Context) (cipher.AEAD, error) {
	var secret []byte
	get := func(r store.Reader) error {
		b, err := r.Get([]byte(cursorKey))
		secret = slices.Clone(b)
		return err
	}
	err := s.read(ctx, func(_, r store.Reader) error { return get(r) })
	if errors.Is(err, store.ErrNotFound) {
		fresh := make([]byte, 32)
		rand.Read(fresh) // never fails
		err = s.update(ctx, func(whole store.Tx) error {
			tx := store.SubTx(whole, Room)
			if err := get(tx); !errors.Is(err, store.ErrNotFound) {
				return err // somebody was faster
			}
			secret = fresh
			return tx.Put([]byte(cursorKey), fresh)
		})
	}
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
