package app_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// marks are the markings of an object, with what they mean.
type marks struct {
	name             string
	object, granular []string // ids
	labels           []string // what they say; "unmarked" is the collection's
}

const (
	statementID = "of the collection's statement marking"
	unknownID   = "marking-definition--00000000-1bad-4bad-8bad-00000000bbbb" // the hub never holds it
)

// allMarks are TLP 2.0 and TLP 1, on objects and on parts of them.
func allMarks() []marks {
	const (
		clear2, green2, amber2, strict2, red2 = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
			"marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"
		white1, green1, amber1, red1 = "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
			"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"
	)
	on := func(ids ...string) []string { return ids }
	return []marks{
		{"unmarked", nil, nil, on("unmarked")},
		{"CLEAR", on(clear2), nil, on("clear")},
		{"WHITE of TLP 1", on(white1), nil, on("clear")},
		{"GREEN", on(green2), nil, on("green")},
		{"GREEN of TLP 1", on(green1), nil, on("green")},
		{"AMBER", on(amber2), nil, on("amber")},
		{"AMBER of TLP 1", on(amber1), nil, on("amber")},
		{"AMBER+STRICT", on(strict2), nil, on("amber+strict")},
		{"RED", on(red2), nil, on("red")},
		{"RED of TLP 1", on(red1), nil, on("red")},
		{"unknown", on(unknownID), nil, on("unknown")},
		{"statement", on(statementID), nil, on("unmarked")},
		{"statement and GREEN", on(statementID, green2), nil, on("green")},
		{"GREEN, a part AMBER", on(green2), on(amber2), on("green", "amber")},
		{"unmarked, a part GREEN", nil, on(green1), on("unmarked", "green")},
		{"unmarked, a part AMBER+STRICT", nil, on(strict2), on("unmarked", "amber+strict")},
		{"CLEAR, a part RED", on(clear2), on(red2), on("clear", "red")},
		{"CLEAR, a part unknown", on(clear2), on(unknownID), on("clear", "unknown")},
		{"RED, a part CLEAR", on(red2), on(clear2), on("red")},
		{"AMBER and RED", on(amber2, red1), nil, on("amber", "red")},
		{"AMBER+STRICT and CLEAR", on(strict2, clear2), nil, on("amber+strict")},
	}
}

func marked(name string) marks {
	for _, m := range allMarks() {
		if m.name == name {
			return m
		}
	}
	panic("no marks " + name)
}

func newID(kind string, n int) string {
	return fmt.Sprintf("%s--%08x-4bad-4bad-8bad-%012x", kind, n, n)
}

// draft is an object to be shared, with the properties of its type.
type draft struct {
	entry
	m    marks
	more string // JSON members of its type
}

// text is the object as it is sent.
func (d *draft) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"type":%q, "id":%q,"spec_version":"2.1","created":"2026-01-01T00:00:00.000Z",%s`, d.kind, d.id, d.more)
	if d.kind != "marking-definition" {
		fmt.Fprintf(&b, `,"modified":%q`, d.modified)
	}
	if len(d.m.object) > 0 {
		fmt.Fprintf(&b, `,"object_marking_refs":["%s"]`, strings.Join(d.m.object, `","`))
	}
	if len(d.m.granular) > 0 {
		selector := d.more[1:][:strings.Index(d.more[1:], `"`)]
		fmt.Fprintf(&b, `,"granular_markings":[{"marking_ref":%q,"selectors":[%q]}]`, d.m.granular[0], selector)
	}
	return b.String() + "}"
}

// sighted makes an indicator.
func (w *world) sighted(s *shelf, m marks) *draft {
	w.n++
	n := w.n
	e := entry{n: n, kind: "indicator", id: newID("indicator", n), modified: "2026-01-01T00:00:00.000Z", shelf: s}
	d := &draft{entry: e, m: m}
	if i := slices.Index(m.object, statementID); i >= 0 {
		d.m.object = slices.Clone(m.object)
		d.m.object[i] = w.definition(s)
		d.refs = []string{d.m.object[i]}
	}
	d.more = indicating(&d.entry)
	w.entries = append(w.entries, &d.entry)
	return d
}

// definition is the id of a collection's statement marking.
func (w *world) definition(s *shelf) string {
	for _, e := range w.entries {
		if e.shelf == s && e.kind == "marking-definition" {
			return e.id
		}
	}
	d := w.sighted(s, marked("unmarked"))
	d.kind, d.id = "marking-definition", newID("marking-definition", d.n)
	d.more = fmt.Sprintf(`"definition_type":"statement","definition":{"statement":"as %s says"}`, d.token())
	by := "alpha-key"
	if s.alias == "public" {
		by = "gov-key"
	}
	w.share(by, nil, nil, d)
	// A definition counts for who sent it, too.
	if a := w.asker("gamma-key"); by != "gov-key" {
		if _, write := a.reaches(s); write {
			w.taxiiPost(a, s, d.text())
		}
	}
	return d.id
}

func indicating(e *entry) string {
	return fmt.Sprintf(`"name":"seen %s","pattern":"[ipv4-addr:value = '%s']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z"`, e.token(), e.ip())
}

// again makes a later version of an object.
func (w *world) again(of *draft, m marks) *draft {
	d := w.sighted(of.shelf, m)
	d.id, d.modified = of.id, fmt.Sprintf("2026-02-%02dT00:00:00.000Z", 1+strings.Count(of.modified, "02-"))
	d.more = indicating(&d.entry)
	return d
}

// about makes an object that refers to others.
func (w *world) about(kind string, s *shelf, m marks, refs ...string) *draft {
	d := w.sighted(s, m)
	d.kind, d.id, d.refs = kind, newID(kind, d.n), refs
	list := `["` + strings.Join(refs, `","`) + `"]`
	switch kind {
	case "relationship":
		d.more = fmt.Sprintf(`"description":"link %s","relationship_type":"related-to","source_ref":%q,"target_ref":%q`, d.token(), refs[0], refs[1])
	case "sighting":
		d.more = fmt.Sprintf(`"description":"sighting %s","sighting_of_ref":%q,"count":3`, d.token(), refs[0])
	case "note":
		d.more = fmt.Sprintf(`"content":"note %s","object_refs":%s`, d.token(), list)
	case "opinion":
		d.more = fmt.Sprintf(`"explanation":"opinion %s","opinion":"agree","object_refs":%s`, d.token(), list)
	case "report":
		d.more = fmt.Sprintf(`"name":"report %s","published":"2026-01-01T00:00:00Z","object_refs":%s`, d.token(), list)
	case "identity":
		d.more = fmt.Sprintf(`"name":"somebody %s"`, d.token())
	}
	return d
}

// share sends drafts by somebody and settles who their readers are: the
// collection's by TAXII, or those whom the API names.
func (w *world) share(by string, orgs, people []string, drafts ...*draft) {
	w.t.Helper()
	a := w.asker(by)
	s := drafts[0].shelf
	var texts []string
	for _, d := range drafts {
		d.by, d.orgs, d.people = a.org, orgs, people
		if orgs == nil && people == nil {
			d.orgs, d.people = s.readers, s.people
		}
		for _, label := range d.m.labels {
			if label == "unmarked" {
				label = s.unmarked
			}
			d.labels = append(d.labels, label)
		}
		texts = append(texts, d.text())
	}
	var st apiclient.Status
	if orgs == nil && people == nil {
		st = w.taxiiPost(a, s, texts...)
	} else {
		st = w.apiPost(a, s, url.Values{"organisation": orgs, "person": people}, texts...)
	}
	// What would have no readers is refused, and nothing else is.
	for _, d := range drafts {
		person := slices.ContainsFunc(d.labels, func(l string) bool { return l == "red" || l == "unknown" })
		org := slices.ContainsFunc(d.labels, func(l string) bool { return strings.HasPrefix(l, "amber") })
		refused := person && len(d.people) == 0 || org && len(d.orgs) == 0
		failed := slices.ContainsFunc(st.Failures, func(f apiclient.StatusDetail) bool { return f.ID == d.id && f.Version == d.modified })
		if refused != failed {
			w.t.Errorf("%s shares %s (%s) in %s: refused %v, want %v: %+v", by, d.id, d.m.name, s.alias, failed, refused, st.Failures)
		}
		if refused {
			w.entries = slices.DeleteFunc(w.entries, func(e *entry) bool { return e == &d.entry })
		}
	}
}
