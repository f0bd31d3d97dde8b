package advisories

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/hashicorp/go-version"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// Bounds of the library.
const (
	// MaxImports is how many publications are imported at once.
	MaxImports   = 1000
	maxRaw       = 15 << 20 // bytes of a document
	maxConflicts = 20       // that are remembered of one entry

	importsAtOnce = 50 // in one transaction
)

// PutLibrary takes publications of others into the library, as they are: analysts
// may, and whoever fetches for them. A publication is known by its publisher's
// namespace and its tracking id: a newer version takes the place of an older one
// and never the reverse. Of two that differ and claim the same version the first
// stays and the other is noted; likewise a newer version from another source that is
// verified less well. What this hub published itself is a duplicate. What became of each import is in the answer,
// in their order. They are written in several transactions: after an error the
// answer has what was done before it, and sent again it is a duplicate. What is new
// is in the audit log.
func (s *Service) PutLibrary(ctx context.Context, c *Caller, batch []Import) ([]Imported, error) {
	if err := analyst(c); err != nil {
		return nil, err
	}
	if len(batch) > MaxImports {
		return nil, fail(TooLarge, "at most %d publications at once", MaxImports)
	}
	done := make([]Imported, 0, len(batch))
	for len(batch) > 0 {
		n, size := 0, 0
		for n < len(batch) && n < importsAtOnce && (n == 0 || size+len(batch[n].Raw) <= maxRaw) {
			size += len(batch[n].Raw)
			n++
		}
		x, err := s.run(ctx, c, "advisory.import", func(x *change) error { return x.shelveAll(batch[:n]) })
		if err != nil {
			return done, err
		}
		done, batch = append(done, x.imported...), batch[n:]
	}
	return done, nil
}

// shelveAll takes imports into the library and says in the audit log what is new.
func (x *change) shelveAll(batch []Import) error {
	count := map[ImportOutcome]int{}
	var ids []string
	for i := range batch {
		in := &batch[i]
		out := Imported{ID: cut(in.Publication.Tracking.ID, maxName), Outcome: ImportRefused, Reason: in.check()}
		if out.Reason == "" {
			err := x.shelve(in, &out)
			if e, ok := errors.AsType[*Error](err); ok && e.Code == Invalid {
				out.Reason = e.Message
			} else if err != nil {
				return fmt.Errorf("import of %q: %w", out.ID, err)
			}
		}
		if out.news {
			count[out.Outcome]++
			ids = append(ids, out.ID)
		}
		x.imported = append(x.imported, out)
	}
	if len(ids) == 0 {
		return errUnchanged
	}
	x.entry.Object = cut(batch[0].Source.ID, 200)
	x.entry.Detail = map[string]string{"ids": quotable(strings.Join(ids, " "), 4000)}
	for outcome, n := range count {
		x.entry.Detail[string(outcome)] = strconv.Itoa(n)
	}
	return nil
}

// check returns why an import is refused before it is looked up, "" for nothing.
func (in *Import) check() string {
	t := &in.Publication.Tracking
	switch {
	case strings.TrimSpace(t.ID) == "" || len(t.ID) > maxName || strings.ContainsRune(t.ID, 0):
		return "its tracking id is missing, or too long"
	case len(in.Publication.Publisher.Namespace) > 2000:
		return "its publisher's namespace is too long"
	case len(in.Raw) > maxRaw:
		return fmt.Sprintf("it is larger than %d bytes", maxRaw)
	case !slices.Contains(tlp.Labels(), in.Publication.Advisory.TLP):
		return "it has no label of TLP: say which it has, as with import --tlp"
	}
	return ""
}

// shelve decides about one import. An Invalid error is of this one alone: nothing
// of it was written.
func (x *change) shelve(in *Import, out *Imported) error {
	p := in.Publication
	var err error
	if p.Audience, err = x.s.libraryAudience(x.whole, &p); err != nil {
		return err
	}
	sum := sha256.Sum256(in.Raw)
	fresh := Entry{Publication: p, Source: in.Source, Imported: x.now, MediaType: in.MediaType, SHA256: hex.EncodeToString(sum[:])}
	text, err := json.Marshal(fresh)
	if err != nil || len(text) > maxRaw {
		return fail(Invalid, "it cannot be kept, or is larger than %d bytes", maxRaw)
	}
	id, old, err := shelved(x.tx, &p)
	if err != nil {
		return err
	}
	outcome := ImportAdded
	if old == nil {
		ours, err := x.publishedHere(&p)
		if err != nil {
			return err
		}
		if ours {
			out.Outcome = ImportDuplicate
			return nil
		}
		id = uuid.NewSHA1(x.fresh, libSame(&p)) // the same in every run
		fresh.Ref = entryName + id.String()
	} else {
		out.Ref, fresh.Ref = old.Ref, old.Ref
		switch newer := compareVersions(&fresh, old); {
		case newer < 0:
			out.Outcome = ImportOlder
			return nil
		case newer == 0 && (fresh.SHA256 == old.SHA256 && len(in.Raw) > 0 || samePublication(&p, &old.Publication)):
			out.Outcome = ImportDuplicate
			return nil
		case newer == 0 || fresh.Source.ID != old.Source.ID && verified(&fresh) < verified(old):
			out.Outcome = ImportConflict
			return x.noteConflict(id, old, &fresh, out)
		}
		outcome = ImportUpdated
		if err := x.unshelve(id, old); err != nil {
			return err
		}
	}
	out.Outcome, out.Ref, out.news = outcome, fresh.Ref, true
	errs := []error{
		putRecord(x.tx, key(entryKind, id), fresh),
		x.tx.Put(key(rawKind, id), in.Raw),
		x.tx.Put(libSame(&p), id[:]),
		x.tx.Put(listedKey(libNameKind, p.Tracking.ID, id), nil),
		x.tx.Put(timedKey(libraryKind, p.Tracking.Current, id), cardOfPublication(&p, nil).encode()),
		x.tell(Event{Kind: EventLibrary, Ref: fresh.Ref, ID: p.Tracking.ID, Revision: p.Tracking.Number()}),
	}
	for _, name := range vulnerabilities(&p.Advisory) {
		errs = append(errs, x.tx.Put(listedKey(libAboutKind, name, id), nil))
	}
	return errors.Join(errs...)
}

// publishedHere reports whether a publication is one of this hub's own, as others
// mirror it.
func (x *change) publishedHere(p *Publication) (bool, error) {
	rec, err := find(x.tx, p.Tracking.ID)
	if CodeOf(err) == NotFound || err == nil && rec.ID == "" {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	rev, err := getRecord[revision](x.tx, numberedKey(revisionKind, rec.idOf(), rec.Tracking.Number()))
	return err == nil && bytes.Equal(libSame(p), libSame(&rev.Publication)), err
}

// unshelve removes what finds an entry.
func (x *change) unshelve(id uuid.UUID, old *Entry) error {
	errs := []error{
		x.tx.Delete(timedKey(libraryKind, old.Publication.Tracking.Current, id)),
		x.tx.Delete(listedKey(libNameKind, old.Publication.Tracking.ID, id)),
	}
	for _, name := range vulnerabilities(&old.Publication.Advisory) {
		errs = append(errs, x.tx.Delete(listedKey(libAboutKind, name, id)))
	}
	return errors.Join(errs...)
}

// noteConflict keeps that a document of the same version says something else.
func (x *change) noteConflict(id uuid.UUID, old, fresh *Entry, out *Imported) error {
	if slices.ContainsFunc(old.Conflicts, func(k LibraryConflict) bool { return k.SHA256 == fresh.SHA256 }) || len(old.Conflicts) >= maxConflicts {
		return nil
	}
	old.Conflicts = append(old.Conflicts, LibraryConflict{Time: x.now, Source: fresh.Source, SHA256: fresh.SHA256})
	out.news = true
	return putRecord(x.tx, key(entryKind, id), old)
}

// libraryAudience is who may read an import. TLP:AMBER names the operator, which it
// was sent to; TLP:RED is for people, and nobody knows whom.
func (s *Service) libraryAudience(whole store.Reader, p *Publication) (tlp.Audience, error) {
	var terms tlp.Terms
	if m := p.Advisory.TLP; m == tlp.Amber || m == tlp.AmberStrict {
		if s.with.Operator != nil {
			op, err := s.with.Operator(whole)
			if err != nil {
				return tlp.Audience{}, err
			}
			terms.Organisations = []string{op}
		}
	}
	if p.Advisory.TLP == tlp.Red {
		var err error
		if terms.People, err = resolve(whole, s.with.People, p.Advisory.People); err != nil {
			return tlp.Audience{}, nameFault(err, "people")
		}
	}
	audience, err := tlp.For([]tlp.Marking{p.Advisory.TLP}, nil, terms)
	if errors.Is(err, tlp.ErrNoPeople) || errors.Is(err, tlp.ErrNoOrganisations) {
		return tlp.Audience{}, fail(Invalid, "it is %s, and nobody here is named as its reader", p.Advisory.TLP)
	}
	return audience, err
}

// libSame is the key by which a publication is known again.
func libSame(p *Publication) []byte {
	sum := sha256.Sum256([]byte(strings.TrimRight(strings.ToLower(p.Publisher.Namespace), "/") + "\x00" + strings.ToLower(p.Tracking.ID)))
	return append([]byte(libSameKind), sum[:]...)
}

// shelved finds the entry of the same publication; nil where there is none.
func shelved(r store.Reader, p *Publication) (uuid.UUID, *Entry, error) {
	b, err := r.Get(libSame(p))
	if errors.Is(err, store.ErrNotFound) {
		return uuid.UUID{}, nil, nil
	}
	if err != nil {
		return uuid.UUID{}, nil, err
	}
	id, err := uuid.FromBytes(b)
	if err != nil {
		return id, nil, fmt.Errorf("advisories: library: %w", err)
	}
	e, err := getRecord[Entry](r, key(entryKind, id))
	return id, e, err
}

// versionOf is the version of an import in its publisher's words.
func versionOf(t *Tracking) string {
	if n := len(t.Revisions); n > 0 && t.Revisions[n-1].Legacy != "" {
		return t.Revisions[n-1].Legacy
	}
	return strconv.Itoa(t.Number())
}

// compareVersions orders two versions of one publication: those of CSAF by their
// numbers, which are integers or semantic versions (CSAF 3.1.11), all others, whose
// formats have none, by their dates.
func compareVersions(a, b *Entry) int {
	one, other := versionOf(&a.Publication.Tracking), versionOf(&b.Publication.Tracking)
	if a.Source.Kind == "csaf" && b.Source.Kind == "csaf" {
		if one == other {
			return 0
		}
		v, err1 := version.NewVersion(cut(one, 100))
		w, err2 := version.NewVersion(cut(other, 100))
		if err1 == nil && err2 == nil {
			return v.Compare(w)
		}
	}
	return a.Publication.Tracking.Current.Compare(b.Publication.Tracking.Current)
}

// verified orders sources by what is known of the document: what one has signed is
// not replaced by what another only says.
func verified(e *Entry) int {
	return slices.Index([]string{"none", "hash", "signature"}, e.Source.Verified)
}

// samePublication reports whether two publications say the same.
func samePublication(a, b *Publication) bool {
	one, err1 := json.Marshal(a)
	other, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && string(one) == string(other)
}
