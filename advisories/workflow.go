package advisories

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// The workflow. Each method is one transaction with its entry in the audit log.
// Version is that of the record that the caller has seen: another is Conflict.
// All are for analysts; the errors for others are Unauthenticated and Forbidden,
// whatever there is, and for an analyst who may not see it NotFound.

// Bounds of an advisory.
const (
	maxAdvisory   = 1 << 20 // bytes of JSON
	maxSupersedes = 100
	maxNamed      = 1000 // organisations or people
)

// Create begins an advisory as a draft. What it lacks may come later, but for its
// TLP, which says who may see the draft. The errors are Invalid and TooLarge.
func (s *Service) Create(ctx context.Context, c *Caller, a Advisory) (Record, error) {
	return s.create(ctx, c, "advisory.create", func(*change) (Advisory, error) { return a, nil })
}

func (s *Service) create(ctx context.Context, c *Caller, action string, text func(*change) (Advisory, error)) (Record, error) {
	if err := analyst(c); err != nil {
		return Record{}, err
	}
	return s.change(ctx, c, action, func(x *change) error {
		a, err := text(x)
		if err != nil {
			return err
		}
		rec := &Record{UUID: recordName + x.fresh.String(), Created: x.now}
		if err := x.write(rec, a); err != nil {
			return err
		}
		x.log(rec, Advisory{}, a)
		return nil
	})
}

// Edit changes the text: of a draft, or of what is published as its next revision.
// What was in review or approved is a draft again. Text and version of somebody
// else in between are a Conflict that has both texts, unless they are the same. The
// TLP of what is published stays: to change it, publish another advisory that
// supersedes this one.
func (s *Service) Edit(ctx context.Context, c *Caller, id string, version int, a Advisory) (Record, error) {
	return s.change(ctx, c, "advisory.edit", func(x *change) error {
		rec, err := x.open(id)
		if err != nil {
			return err
		}
		old := rec.Text()
		if same(old, a) && x.sameReaders(rec, &a) {
			x.record = rec
			return errUnchanged
		}
		if rec.Version != version {
			return conflict(rec, version, a)
		}
		if err := rec.editable(); err != nil {
			return err
		}
		if rec.Published != nil && a.TLP != rec.Published.TLP {
			return faultAt("tlp.fixed", "tlp", "it was published as %s, and stays so", "write a new advisory with the other label that supersedes "+rec.ID, rec.Published.TLP)
		}
		if err := x.write(rec, a); err != nil {
			return err
		}
		x.log(rec, old, a)
		return nil
	})
}

// editable is the error for what is not to be edited.
func (r *Record) editable() error {
	switch {
	case r.Work != nil && r.Work.Action != ActionPublish:
		return fail(Conflict, "it is about to be %s: discard that first", r.Work.Action.done())
	case r.State == Withdrawn || r.State == Superseded:
		return fail(Conflict, "it was %s: write a new advisory", r.State)
	}
	return nil
}

// done is an action's past participle.
func (a Action) done() string {
	switch a {
	case ActionWithdraw:
		return "withdrawn"
	case ActionSupersede:
		return "superseded"
	}
	return "published"
}

// conflict is the error for an editor who began with an older version.
func conflict(rec *Record, version int, a Advisory) error {
	e := &Error{Code: Conflict, Message: "somebody changed the advisory since you read it: you have version " + strconv.Itoa(version) +
		", and now it is " + strconv.Itoa(rec.Version) + "; put both texts together and save again"}
	yours, err := WriteYAML(a)
	if err != nil {
		return unwritable(err)
	}
	theirs, err := WriteYAML(rec.Text())
	if err != nil {
		return err
	}
	e.Yours, e.Theirs = string(yours), string(theirs)
	return e
}

func unwritable(err error) error {
	return &Error{Code: Invalid, Message: "the advisory cannot be kept as it is: a date or a number in it cannot be written", Err: err}
}

func same(a, b Advisory) bool {
	one, err1 := json.Marshal(a)
	other, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(one, other)
}

// sameReaders reports whether a text that is as it was names those whom it named when
// it was written: a name can be somebody else's by now.
func (x *change) sameReaders(rec *Record, a *Advisory) bool {
	if rec.Work == nil || rec.Work.Action != ActionPublish {
		return true
	}
	audience, _, err := x.s.audience(x.whole, a)
	return err != nil || audience.Equal(rec.Work.Audience)
}

// write makes a text the working copy of a record: a draft, and the caller one of
// its authors.
func (x *change) write(rec *Record, a Advisory) error {
	text, err := json.Marshal(a)
	if err == nil && len(text) > maxAdvisory {
		return fail(TooLarge, "an advisory has at most %d bytes", maxAdvisory)
	}
	if _, yamlErr := WriteYAML(a); err != nil || yamlErr != nil {
		return unwritable(errors.Join(err, yamlErr)) // a conflict could not show it
	}
	audience, _, err := x.s.audience(x.whole, &a)
	if err != nil {
		return err
	}
	if a.TLP == tlp.Red && x.c.Person == "" {
		return fail(Forbidden, "what is TLP:RED is for named people, and so is writing it: sign in, or use a key of your own")
	}
	if err := x.checkSupersedes(rec, &a); err != nil {
		return err
	}
	if rec.Work == nil {
		rec.Work = &Work{Action: ActionPublish}
	}
	rec.Work.Advisory, rec.Work.Audience = a, audience
	rec.Work.back()
	rec.writtenBy(x.c.Person)
	return x.save(rec)
}

// back makes it a draft again. What a reviewer said stays until it is approved.
func (w *Work) back() {
	w.State, w.Approver, w.Submitter = Draft, "", ""
	w.unschedule()
}

// writtenBy notes an author of the working copy.
func (r *Record) writtenBy(person string) {
	add := func(list []string) []string {
		if person == "" || slices.Contains(list, person) {
			return list
		}
		list = append(slices.Clone(list), person)
		slices.Sort(list)
		return list
	}
	r.Work.Authors, r.Writers = add(r.Work.Authors), add(r.Writers)
}

// checkSupersedes looks at what a text newly says that it takes the place of: what
// the caller may not read is not there.
func (x *change) checkSupersedes(rec *Record, a *Advisory) error {
	if len(a.Supersedes) > maxSupersedes {
		return faultAt("list.length", "supersedes", "one advisory takes the place of %d at most", "name fewer", maxSupersedes)
	}
	old := rec.Text()
	for i, name := range a.Supersedes {
		if slices.Contains(old.Supersedes, name) {
			continue
		}
		other, err := find(x.tx, name)
		if err != nil && CodeOf(err) != NotFound {
			return err
		}
		path := "supersedes[" + strconv.Itoa(i) + "]"
		if err != nil || other.State == "" || !mayRead(x.c, other.Audience, other.Writers) || other.UUID == rec.UUID {
			return faultAt("supersedes.unknown", path, "there is no other published advisory %q", "write the tracking id of one that is published, or leave it out", cut(name, 100))
		}
	}
	return nil
}

// log says in the audit log what of the text was changed. The words themselves are
// there only of what the community may read.
func (x *change) log(rec *Record, old, a Advisory) {
	x.entry.Object = rec.UUID
	d := map[string]string{"version": strconv.Itoa(rec.Version)}
	if rec.ID != "" {
		d["id"] = rec.ID
	}
	if changes := Diff(old, a); len(changes) > 0 {
		tells := (old.TLP == "" || isForAll(old.TLP)) && isForAll(a.TLP)
		var paths []string
		for _, ch := range changes {
			path := ch.Path
			if !tells {
				path, _, _ = strings.Cut(path, "[") // in brackets is what it is called: a CVE, an address
			}
			if !slices.Contains(paths, path) && len(paths) < 100 {
				paths = append(paths, path)
			}
		}
		d["paths"] = quotable(strings.Join(paths, " "), 2000)
		if tells {
			d["diff"] = quotable(DiffText(changes), 4000)
		}
	}
	x.entry.Detail = d
}

// isForAll reports whether the community may read what is marked so.
func isForAll(m tlp.Marking) bool { return m == tlp.Clear || m == tlp.Green }

// summary is what is said beside a working copy, for the audit log: "" of what is not
// for the community.
func (w *Work) summary() string {
	var lines []string
	for _, lang := range i18n.Langs() {
		if text := w.Summary[lang]; text != "" && isForAll(w.Advisory.TLP) {
			lines = append(lines, text)
		}
	}
	return strings.Join(lines, "\n")
}

// quotable cuts a text so that it has at most so many bytes as JSON.
func quotable(text string, most int) string {
	text = cut(text, most)
	for {
		quoted, err := json.Marshal(text)
		if err != nil || len(quoted) <= most {
			return text
		}
		text = cut(text, len(text)*3/4)
	}
}

// note says in the audit log what was done with a record.
func (x *change) note(rec *Record, more ...string) {
	x.entry.Object = rec.UUID
	x.entry.Detail = map[string]string{"version": strconv.Itoa(rec.Version)}
	if rec.ID != "" {
		x.entry.Detail["id"] = rec.ID
	}
	for i := 0; i+1 < len(more); i += 2 {
		if more[i+1] != "" {
			x.entry.Detail[more[i]] = quotable(more[i+1], 1000)
		}
	}
}
