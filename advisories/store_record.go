package advisories

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// revision is a publication as it is kept. It is written once and never changed.
type revision struct {
	Publication Publication `json:"publication"`
	File        File        `json:"file,omitzero"`
}

// idOf is the UUID of a record in keys.
func (r *Record) idOf() uuid.UUID {
	id, _ := readName(recordName, r.UUID) // made by Create
	return id
}

// errNoAdvisory is the answer for what is not there and for what is hidden.
func errNoAdvisory(name string) error { return fail(NotFound, "no advisory %q", cut(name, 100)) }

// cut shortens a text to at most n bytes.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "")
}

// find reads a record by its UUID or tracking id. It looks at no rights. The error
// is NotFound.
func find(r store.Reader, name string) (*Record, error) {
	id, ok := readName(recordName, name)
	if !ok {
		if name == "" || len(name) > maxName {
			return nil, errNoAdvisory(name)
		}
		b, err := r.Get(namedKey(nameKind, name))
		if errors.Is(err, store.ErrNotFound) || err == nil && len(b) != len(id) {
			return nil, errNoAdvisory(name)
		}
		if err != nil {
			return nil, err
		}
		id = uuid.UUID(b)
	}
	rec, err := getRecord[Record](r, key(recordKind, id))
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoAdvisory(name)
	}
	return rec, err
}

// mayWork reports whether a caller may see and change what is in the making:
// analysts, and of what is TLP:RED those analysts whom it names or who wrote it.
func mayWork(c *Caller, rec *Record) bool {
	if !c.Analyst {
		return false
	}
	audience, marking := rec.Audience, tlp.Marking("")
	if rec.Published != nil {
		marking = rec.Published.TLP
	}
	if rec.Work != nil {
		audience, marking = rec.Work.Audience, rec.Work.Advisory.TLP
	}
	return !personal(marking) || isNamed(c.Person, rec.Writers) || isNamed(c.Person, audience.People)
}

// mayRead reports whether a caller may read what is published: the policy, and the
// operator's analysts, who are its source, as far as it is not for named people.
func mayRead(c *Caller, audience tlp.Audience, writers []string) bool {
	if tlp.May(c.Reader, audience) {
		return true
	}
	return c.Analyst && len(audience.Markings) > 0 &&
		(!slices.ContainsFunc(audience.Markings, personal) || isNamed(c.Person, writers))
}

// personal reports whether a marking goes by person. What is unknown does.
func personal(m tlp.Marking) bool {
	return m != tlp.Clear && m != tlp.Green && m != tlp.Amber && m != tlp.AmberStrict
}

func isNamed(id string, list []string) bool { return id != "" && slices.Contains(list, id) }

// within reports whether everybody who may read the one may read the other.
func within(one, other tlp.Audience) bool {
	if len(other.Markings) == 0 || len(one.Markings) == 0 {
		return false
	}
	for _, m := range other.Markings {
		ok := false
		for _, own := range one.Markings {
			switch m {
			case tlp.Clear:
				ok = true
			case tlp.Green:
				ok = ok || own != tlp.Clear
			case tlp.Amber:
				ok = ok || (own == tlp.Amber || own == tlp.AmberStrict) && subset(one.Organisations, other.Organisations)
			case tlp.AmberStrict:
				ok = ok || own == tlp.AmberStrict && subset(one.Organisations, other.Organisations)
			default:
				ok = ok || personal(own) && subset(one.People, other.People)
			}
		}
		if !ok {
			return false
		}
	}
	return true
}

func subset(a, b []string) bool {
	return !slices.ContainsFunc(a, func(id string) bool { return !slices.Contains(b, id) })
}

// audience finds whom a text names as readers. A draft may still name nobody: then
// the audience is that of nobody, and unnamed is true.
func (s *Service) audience(whole store.Reader, a *Advisory) (audience tlp.Audience, unnamed bool, err error) {
	if !slices.Contains(tlp.Labels(), a.TLP) {
		return tlp.Audience{}, false, faultAt("tlp.unknown", "tlp", "TLP says who may read it, and there is no label %q", "write clear, green, amber, amber+strict or red", cut(string(a.TLP), 40))
	}
	var terms tlp.Terms
	if a.TLP == tlp.Amber || a.TLP == tlp.AmberStrict {
		if terms.Organisations, err = resolve(whole, s.with.Organisations, a.Organisations); err != nil {
			return tlp.Audience{}, false, nameFault(err, "organisations")
		}
	}
	if a.TLP == tlp.Red {
		if terms.People, err = resolve(whole, s.with.People, a.People); err != nil {
			return tlp.Audience{}, false, nameFault(err, "people")
		}
	}
	audience, err = tlp.For([]tlp.Marking{a.TLP}, nil, terms)
	if errors.Is(err, tlp.ErrNoOrganisations) || errors.Is(err, tlp.ErrNoPeople) {
		return tlp.Audience{}, true, nil
	}
	return audience, false, err
}

func resolve(whole store.Reader, by func(store.Reader, []string) ([]string, error), names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	if len(names) > maxNamed {
		return nil, fail(Invalid, "at most %d can be named", maxNamed)
	}
	if by == nil {
		return nil, fail(Invalid, "this hub knows nobody who could be named")
	}
	return by(whole, names)
}

// nameFault makes the answer to a name that is not known a fault of the text.
func nameFault(err error, path string) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Code == Unavailable {
		return err
	}
	return &Error{Code: Invalid, Message: path + ": " + e.Message, Err: e.Err, Problems: []Problem{{
		Rule: path + ".unknown", Path: path, Message: e.Message, Remedy: "correct the name, or leave it out",
	}}}
}

// faultAt is an Invalid error with one problem.
func faultAt(rule, path, message, remedy string, args ...any) error {
	message = fmt.Sprintf(message, args...)
	return &Error{Code: Invalid, Message: path + ": " + message, Problems: []Problem{{Rule: rule, Path: path, Message: message, Remedy: remedy}}}
}

// open finds a record that the caller may work on. The errors are Unauthenticated
// and Forbidden for whoever is no analyst, whatever there is, and NotFound.
func (x *change) open(name string) (*Record, error) {
	if err := analyst(x.c); err != nil {
		return nil, err
	}
	rec, err := find(x.tx, name)
	if err != nil {
		return nil, err
	}
	if !mayWork(x.c, rec) {
		return nil, errNoAdvisory(name)
	}
	return rec, nil
}

// openAt is open for a change of the version that the caller has seen.
func (x *change) openAt(name string, version int) (*Record, error) {
	rec, err := x.open(name)
	if err == nil && rec.Version != version {
		return nil, fail(Conflict, "the advisory was changed since you read it: you have version %d, and now it is %d; look at it again", version, rec.Version)
	}
	return rec, err
}

// analyst is the error for whoever may not work on advisories.
func analyst(c *Caller) error {
	switch {
	case c.Analyst:
		return nil
	case !c.Member():
		return fail(Unauthenticated, "sign in, or send a key: advisories are written by the hub's analysts")
	}
	return fail(Forbidden, "advisories are written by the hub's analysts, with a key that is for all of the hub")
}

// save writes a record and what finds it. It counts the version up.
func (x *change) save(rec *Record) error {
	id := rec.idOf()
	old, err := getRecord[Record](x.tx, key(recordKind, id))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if old != nil {
		if err := x.unlist(old); err != nil {
			return err
		}
	}
	rec.Version++
	rec.Updated = x.now
	x.record = rec
	if err := putRecord(x.tx, key(recordKind, id), rec); err != nil {
		return err
	}
	for _, name := range rec.about() {
		if err := x.tx.Put(listedKey(aboutKind, name, id), nil); err != nil {
			return err
		}
	}
	if rec.Work != nil && !rec.Work.PublishAt.IsZero() {
		if err := x.tx.Put(timedKey(dueKind, rec.Work.PublishAt, id), nil); err != nil {
			return err
		}
	}
	return x.tx.Put(timedKey(workKind, rec.Updated, id), cardOfRecord(rec).encode())
}

// unlist removes what finds a record as it is kept.
func (x *change) unlist(old *Record) error {
	id := old.idOf()
	var errs []error
	for _, name := range old.about() {
		errs = append(errs, x.tx.Delete(listedKey(aboutKind, name, id)))
	}
	if old.Work != nil && !old.Work.PublishAt.IsZero() {
		errs = append(errs, x.tx.Delete(timedKey(dueKind, old.Work.PublishAt, id)))
	}
	return errors.Join(append(errs, x.tx.Delete(timedKey(workKind, old.Updated, id)))...)
}

// about are the vulnerabilities that a record names, published or in the making,
// and what it was made of.
func (r *Record) about() []string {
	var names []string
	if r.Published != nil {
		names = vulnerabilities(r.Published)
	}
	if r.Work != nil {
		names = append(names, vulnerabilities(&r.Work.Advisory)...)
	}
	if r.Origin != nil {
		names = append(names, r.Origin.name())
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// vulnerabilities are the names of an advisory's vulnerabilities, in lower case, of
// the first few thousand: no more are found by name.
func vulnerabilities(a *Advisory) []string {
	const most = 5000
	var names []string
	for i := range a.Vulnerabilities[:min(len(a.Vulnerabilities), most)] {
		v := &a.Vulnerabilities[i]
		if v.CVE != "" {
			names = append(names, strings.ToLower(v.CVE))
		}
		for _, id := range v.IDs[:min(len(v.IDs), 10)] {
			if id.ID != "" {
				names = append(names, strings.ToLower(id.ID))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
