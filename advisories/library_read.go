package advisories

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// Bounds of what is looked up for one entry.
const (
	maxAboutNames = 100
	maxAboutEach  = 100
)

// Library returns a page of what was imported and the caller may read, newest
// first. The error is Invalid for a filter that cannot be.
func (s *Service) Library(ctx context.Context, c *Caller, f Filter) (EntryPage, error) {
	l, err := s.newListing(c, libraryKind, f, func(c *Caller, f *facts) bool { return mayRead(c, f.Audience, nil) })
	if err != nil {
		return EntryPage{}, err
	}
	var page EntryPage
	err = s.read(ctx, func(_, r store.Reader) error {
		page = EntryPage{Items: []Entry{}}
		err := l.run(ctx, r, func(id uuid.UUID) error {
			e, err := getRecord[Entry](r, key(entryKind, id))
			if err != nil {
				return err
			}
			page.Items = append(page.Items, e.shownTo(c))
			return nil
		})
		page.Next = l.next
		return err
	})
	if err != nil {
		return EntryPage{}, err
	}
	return page, nil
}

func (e Entry) shownTo(c *Caller) Entry {
	e.Publication = e.Publication.shownTo(c)
	return e
}

// LibraryShow returns an import by its Ref, or by its tracking id where only one
// that the caller may read has it: else Conflict, with their Refs. The other error
// is NotFound.
func (s *Service) LibraryShow(ctx context.Context, c *Caller, ref string) (Entry, error) {
	var got Entry
	err := s.read(ctx, func(_, r store.Reader) error {
		e, err := findEntry(r, c, ref)
		if err != nil {
			return err
		}
		got = e.shownTo(c)
		got.Ours, err = ours(r, c, &e.Publication.Advisory)
		return err
	})
	return got, err
}

// LibraryRaw returns the bytes of an import as they were received; see LibraryShow.
func (s *Service) LibraryRaw(ctx context.Context, c *Caller, ref string) (File, error) {
	var f File
	err := s.read(ctx, func(_, r store.Reader) error {
		e, err := findEntry(r, c, ref)
		if err != nil {
			return err
		}
		id, _ := readName(entryName, e.Ref)
		raw, err := r.Get(key(rawKind, id))
		if errors.Is(err, store.ErrNotFound) || err == nil && len(raw) == 0 {
			return errNoEntry(ref)
		}
		f = File{Name: e.Ref, MediaType: e.MediaType, Bytes: slices.Clone(raw)}.sealed(e.Imported)
		return err
	})
	return f, err
}

func errNoEntry(ref string) error { return fail(NotFound, "no %q in the library", cut(ref, 100)) }

// findEntry finds an import that the caller may read.
func findEntry(r store.Reader, c *Caller, ref string) (*Entry, error) {
	var found []*Entry
	look := func(id uuid.UUID) error {
		e, err := getRecord[Entry](r, key(entryKind, id))
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err == nil && mayRead(c, e.Publication.Audience, nil) {
			found = append(found, e)
		}
		return err
	}
	id, ok := readName(entryName, ref)
	switch {
	case ok:
		if err := look(id); err != nil {
			return nil, err
		}
	case len(ref) <= maxName:
		n := 0
		for e, err := range r.Scan(store.Prefix(listedPrefix(libNameKind, ref))) {
			if err != nil {
				return nil, err
			}
			if n++; n > maxAboutEach {
				break
			}
			id, err := idOfKey(e.Key)
			if err == nil {
				err = look(id)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	switch len(found) {
	case 0:
		return nil, errNoEntry(ref)
	case 1:
		return found[0], nil
	}
	refs := ""
	for _, e := range found[:min(len(found), 10)] {
		refs += " " + e.Ref
	}
	return nil, fail(Conflict, "several publishers have a %q; say which one:%s", cut(ref, 100), refs)
}

// ours are the tracking ids of our own publications about the same vulnerabilities,
// as far as the caller may read them; sorted.
func ours(r store.Reader, c *Caller, a *Advisory) ([]string, error) {
	var ids []string
	err := aboutSame(r, vulnerabilities(a), func(rec *Record, name string) bool {
		if rec.Published != nil && mayRead(c, rec.Audience, rec.Writers) && slices.Contains(vulnerabilities(rec.Published), name) {
			ids = append(ids, rec.ID)
		}
		return true
	})
	slices.Sort(ids)
	return slices.Compact(ids), err
}

// aboutSame yields the records that name one of the vulnerabilities, published or in
// the making, until yield returns false. Each record is read once.
func aboutSame(r store.Reader, names []string, yield func(rec *Record, name string) bool) error {
	read := map[uuid.UUID]*Record{}
	for _, name := range names[:min(len(names), maxAboutNames)] {
		n := 0
		for e, err := range r.Scan(store.Prefix(listedPrefix(aboutKind, name))) {
			if err != nil {
				return err
			}
			if n++; n > maxAboutEach {
				break
			}
			id, err := idOfKey(e.Key)
			if err != nil {
				return err
			}
			if read[id] == nil {
				if read[id], err = getRecord[Record](r, key(recordKind, id)); err != nil {
					return fmt.Errorf("advisories: about %q: %w", name, err)
				}
			}
			if !yield(read[id], name) {
				return nil
			}
		}
	}
	return nil
}

// LibraryItem returns an import by its Ref. It asks for no caller: what is made of
// it asks May. The error is NotFound.
func (s *Service) LibraryItem(ctx context.Context, ref string) (Entry, error) {
	var got Entry
	err := s.read(ctx, func(_, r store.Reader) error {
		id, ok := readName(entryName, ref)
		if !ok {
			return errNoEntry(ref)
		}
		e, err := getRecord[Entry](r, key(entryKind, id))
		if errors.Is(err, store.ErrNotFound) {
			return errNoEntry(ref)
		}
		if err == nil {
			got = *e
		}
		return err
	})
	return got, err
}

// LibraryAll yields every import; see All.
func (s *Service) LibraryAll(ctx context.Context, yield func(Entry) error) error {
	in := store.Prefix([]byte(entryKind))
	for {
		var entries []Entry
		err := s.read(ctx, func(_, r store.Reader) error {
			entries = nil
			for e, err := range r.Scan(in) {
				if err != nil {
					return err
				}
				if len(entries) == atOnce {
					return nil
				}
				id, err := idOfKey(e.Key)
				if err != nil {
					return err
				}
				entry, err := getRecord[Entry](r, key(entryKind, id))
				if err != nil {
					return err
				}
				entries = append(entries, *entry)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := yield(e); err != nil {
				return err
			}
		}
		if len(entries) < atOnce {
			return nil
		}
		id, _ := readName(entryName, entries[atOnce-1].Ref)
		in = in.After(key(entryKind, id))
	}
}
