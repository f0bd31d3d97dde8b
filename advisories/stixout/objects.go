package stixout

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/stix"
)

// Identity is in whose name the objects are: the operator's identity object, which
// the hub has and Objects does not make.
type Identity struct {
	ID   string // identity--...
	Name string
	// Secret goes into every identifier, so that nobody can tell those of the next
	// advisory and take them first. It must stay the same; "" is none.
	Secret string
}

// Objects returns the objects of a publication that are new or have changed since
// the revisions before it, sorted by id: all of them where there is none, and where
// the audience is another. Objects
// that only earlier has are given once more, revoked. Those of a withdrawn
// advisory are all revoked.
//
// earlier are the revisions before it, the oldest first, without gaps; nil ones are
// left out. Given the last alone, an object that an earlier revision took back and
// this one has again gets the identifier of the one that is revoked, which the
// standard forbids (3.6): give all.
//
// Identifiers are the same in every revision. They follow from the publisher (as it
// was at first), the tracking id and what the object is, but have the form of random ones (UUID
// version 4), as the standard wants it (2.9). The error says what makes an object
// invalid.
func Objects(p advisories.Publication, identity Identity, earlier ...*advisories.Publication) ([]json.RawMessage, error) {
	now, last, err := history(&p, identity, earlier)
	if err != nil {
		return nil, err
	}
	for name, o := range last {
		before, still := now[name]
		switch {
		case !still && o["revoked"] != true:
			gone := maps.Clone(o)
			gone["revoked"] = true
			gone["modified"] = timestamp(p.Tracking.Current)
			gone["object_marking_refs"] = []string{p.Advisory.TLP.ID()}
			now[name] = gone
		case still && before.id() == o.id() && before["modified"] == o["modified"]:
			delete(now, name)
		}
	}
	return encode(&p, now)
}

// Current returns all objects of a publication as they are once Objects of it and
// of each of earlier, the revisions before it, was shared: with the same
// identifiers and versions. Those that only earlier has are not among them.
func Current(p advisories.Publication, identity Identity, earlier ...*advisories.Publication) ([]json.RawMessage, error) {
	now, _, err := history(&p, identity, earlier)
	if err != nil {
		return nil, err
	}
	return encode(&p, now)
}

// history makes the objects of the revisions one after the other, and returns
// those of p and of the one before it, by name.
func history(p *advisories.Publication, identity Identity, earlier []*advisories.Publication) (now, last map[string]object, err error) {
	if p.Advisory.TLP.ID() == "" {
		return nil, nil, fmt.Errorf("advisory %s as STIX: %q is no label of TLP", p.Tracking.ID, p.Advisory.TLP)
	}
	births := map[string]int{} // how often an object came, by name
	namespace := ""
	var before *advisories.Publication
	for _, revision := range append(slices.Clone(earlier), p) {
		if revision == nil {
			continue
		}
		// The publisher's may change; what is known keeps its name.
		namespace = cmp.Or(namespace, revision.Publisher.Namespace)
		last = now
		if now, err = render(revision, identity, namespace, births, last); err != nil {
			return nil, nil, fmt.Errorf("advisory %s as STIX: %w", p.Tracking.ID, err)
		}
		if before != nil && !sameReaders(before, revision) {
			// A hub keeps with each version who may read it, and shows nobody what
			// refers to what they may not.
			for _, o := range now {
				o["modified"] = timestamp(revision.Tracking.Current)
			}
		}
		before = revision
	}
	return now, last, nil
}

func sameReaders(a, b *advisories.Publication) bool {
	same := func(x, y []string) bool {
		return slices.Equal(slices.Sorted(slices.Values(x)), slices.Sorted(slices.Values(y)))
	}
	return same(a.Audience.Organisations, b.Audience.Organisations) && same(a.Audience.People, b.Audience.People)
}

// encode writes objects, sorted by id.
func encode(p *advisories.Publication, objects map[string]object) ([]json.RawMessage, error) {
	var list []json.RawMessage
	var parser stix.Parser
	for _, o := range slices.SortedFunc(maps.Values(objects), func(a, b object) int { return cmp.Compare(a.id(), b.id()) }) {
		data, err := json.Marshal(o)
		if err != nil {
			return nil, fmt.Errorf("advisory %s as STIX: %w", p.Tracking.ID, err)
		}
		v, err := parser.Parse(data)
		if err != nil {
			return nil, fmt.Errorf("advisory %s as STIX: %w", p.Tracking.ID, err)
		}
		if problems := stix.Validate(v); stix.HasErrors(problems) {
			return nil, fmt.Errorf("advisory %s as STIX: %s: %s", p.Tracking.ID, o["type"], problems[0])
		}
		list = append(list, data)
	}
	return list, nil
}

// Bundle is a bundle (STIX 2.1, 8) of the objects, the same each time. name is that
// of what they are about.
func Bundle(name string, objects []json.RawMessage) ([]byte, error) {
	h := sha256.New()
	h.Write([]byte(name))
	for _, o := range objects {
		h.Write(o)
	}
	id := uuid.NewHash(sha256.New(), uuid.NameSpaceURL, h.Sum(nil), 4)
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(struct {
		Type    string            `json:"type"`
		ID      string            `json:"id"`
		Objects []json.RawMessage `json:"objects,omitempty"`
	}{"bundle", "bundle--" + id.String(), objects})
	if err != nil {
		return nil, fmt.Errorf("bundle of %s: %w", name, err)
	}
	return buf.Bytes(), nil
}

// object is a STIX object on its way: JSON values by property.
type object map[string]any

func (o object) id() string {
	id, _ := o["id"].(string)
	return id
}

// equal reports whether two versions say the same.
func equal(a, b object) (bool, error) {
	a, b = maps.Clone(a), maps.Clone(b)
	delete(a, "modified")
	delete(b, "modified")
	x, err := json.Marshal(a)
	if err != nil {
		return false, err
	}
	y, err := json.Marshal(b)
	return bytes.Equal(x, y), err
}

// timestamp is a time as created and modified have it, to the millisecond (3.2).
func timestamp(t time.Time) string { return stix.FormatTimestamp(t.UTC().Truncate(time.Millisecond)) }

// maker makes the objects of one publication.
type maker struct {
	p         *advisories.Publication
	identity  Identity
	namespace string // of the publisher, when it was first published
	births    map[string]int
	last      map[string]object
	objects   map[string]object // by name: what it is, the same in all revisions
}

// render are all objects of a publication, by name. births counts on how often
// each came; last are the objects of the revision before. What says the same as
// there is of the same version.
func render(p *advisories.Publication, identity Identity, namespace string, births map[string]int, last map[string]object) (map[string]object, error) {
	m := &maker{p: p, identity: identity, namespace: namespace, births: births, last: last, objects: map[string]object{}}
	m.everything()
	for name, o := range m.objects {
		before, was := last[name]
		if !was {
			births[name]++
			continue
		}
		same, err := equal(before, o)
		if err != nil {
			return nil, err
		}
		if same {
			o["modified"] = before["modified"]
		}
	}
	return m.objects, nil
}

// add files an object under its name and returns its id, "" where the name is
// taken.
func (m *maker) add(typ, name string, o object) string {
	name = typ + " " + name
	if _, taken := m.objects[name]; taken {
		return ""
	}
	o["type"] = typ
	o["spec_version"] = "2.1"
	o["id"] = m.idOf(typ, name)
	o["created_by_ref"] = m.identity.ID
	o["created"] = timestamp(m.p.Tracking.Initial)
	o["modified"] = timestamp(m.p.Tracking.Current)
	o["object_marking_refs"] = []string{m.p.Advisory.TLP.ID()}
	if m.p.Tracking.State == advisories.Withdrawn {
		o["revoked"] = true
	}
	m.objects[name] = o
	return o.id()
}

// idOf is the identifier of an object with that name.
func (m *maker) idOf(typ, name string) string {
	birth := m.births[name]
	if _, was := m.last[name]; !was {
		birth++
	}
	parts := []string{m.identity.Secret, m.identity.ID, m.namespace, m.p.Tracking.ID, name}
	if birth > 1 {
		parts = append(parts, fmt.Sprint(birth))
	}
	id := uuid.NewHash(sha256.New(), uuid.NameSpaceURL, []byte(strings.Join(parts, "\x00")), 4)
	return typ + "--" + id.String()
}
