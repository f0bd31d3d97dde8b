package app_test

import (
	"fmt"
	"strings"
)

// stock shares objects of every marking in every collection, by TAXII and with
// readers named by the API, and objects that refer to others.
func (w *world) stock() {
	w.t.Helper()
	shelves := w.shelves
	for by, alias := range map[string]string{"alpha-key": "desk7x9", "alpha-admin": "open7x9", "gamma-key": "indicators", "gov-key": "public", "gamma-member": "cases7x9"} {
		for _, m := range allMarks() {
			w.share(by, nil, nil, w.sighted(shelves[alias], m))
		}
	}
	// Whom a form or an API call names.
	for _, m := range allMarks() {
		w.share("alpha-key", []string{"alpha"}, []string{"gamma-member@gamma.example"}, w.sighted(shelves["open7x9"], m))
		w.share("alpha-member", []string{"beta"}, []string{"beta-member@beta.example", "gov-analyst@gov.example"}, w.sighted(shelves["indicators"], m))
		w.share("gamma-member", []string{"gamma"}, []string{"alpha-reader@alpha.example", "ada@gov.example"}, w.sighted(shelves["indicators"], m))
	}
	// Versions for different readers.
	open := shelves["open7x9"]
	var versioned []*draft
	for _, names := range [][]string{{"CLEAR", "AMBER", "RED"}, {"RED", "AMBER", "GREEN"}, {"GREEN", "AMBER+STRICT", "CLEAR"}, {"CLEAR", "GREEN"}} {
		d := w.sighted(open, marked(names[0]))
		w.share("alpha-key", []string{"alpha"}, []string{"beta-member@beta.example"}, d)
		for _, name := range names[1:] {
			d = w.again(d, marked(name))
			w.share("alpha-key", []string{"alpha"}, []string{"beta-member@beta.example"}, d)
		}
		versioned = append(versioned, d)
	}
	w.refer(versioned)
}

// refer shares objects in the open collection whose ends some may not see.
func (w *world) refer(versioned []*draft) {
	w.t.Helper()
	open := w.shelves["open7x9"]
	clear := marked("CLEAR")
	share := func(d ...*draft) {
		w.share("alpha-key", []string{"alpha"}, []string{"alpha-member@alpha.example"}, d...)
	}
	ends := map[string]string{"nobody": newID("malware", 0xffff)} // which the hub does not hold
	for _, name := range []string{"CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED", "CLEAR, a part RED"} {
		d := w.sighted(open, marked(name))
		share(d)
		ends[name] = d.id
	}
	ends["versions"], ends["late"] = versioned[0].id, versioned[1].id
	desk := w.sighted(w.shelves["desk7x9"], clear)
	w.share("alpha-key", nil, nil, desk)
	ends["elsewhere"] = desk.id
	for _, end := range ends {
		share(w.about("sighting", open, clear, end))
		share(w.about("note", open, marked("GREEN"), end))
		share(w.about("opinion", open, clear, end))
		share(w.about("report", open, clear, ends["CLEAR"], end))
		share(w.about("relationship", open, clear, ends["CLEAR"], end))
		share(w.about("relationship", open, clear, end, ends["GREEN"]))
		link := w.about("relationship", open, clear, ends["CLEAR"], end)
		share(link, w.about("note", open, clear, link.id)) // a note on a link
	}
	// One that the hub gets to know of later, and two that refer to each other.
	late := newID("malware", 0xfffe)
	share(w.about("note", open, clear, late))
	early := w.sighted(open, marked("AMBER+STRICT"))
	early.kind, early.id, early.more = "malware", late, fmt.Sprintf(`"name":"mal %s","is_family":false`, early.token())
	share(early)
	for _, end := range []string{"CLEAR", "GREEN", "RED"} {
		a, b := w.about("note", open, clear, ends[end]), w.about("note", open, clear, ends[end])
		a.refs, b.refs = append(a.refs, b.id), append(b.refs, a.id)
		a.more = fmt.Sprintf(`"content":"one %s","object_refs":["%s"]`, a.token(), strings.Join(a.refs, `","`))
		b.more = fmt.Sprintf(`"content":"two %s","object_refs":["%s"]`, b.token(), strings.Join(b.refs, `","`))
		share(a, b)
	}
	// The author of an object is a reference, too.
	author := w.about("identity", open, marked("GREEN"))
	share(author)
	work := w.sighted(open, clear)
	work.refs = []string{author.id}
	work.more += fmt.Sprintf(`,"created_by_ref":%q`, author.id)
	share(work)
}
