package advisories

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// supersedeOthers makes a revision of each advisory that a publication takes the
// place of: the two people who agreed on the one agreed on this, too. What is in the
// making of the other stays, and can only be discarded. The record that the change
// is about remains rec.
func (x *change) supersedeOthers(rec *Record) error {
	if rec.State != Published && rec.State != Revised {
		return nil
	}
	for _, name := range rec.Published.Supersedes {
		other, err := find(x.tx, name)
		if CodeOf(err) == NotFound {
			continue // checked when it was written
		}
		if err != nil {
			return err
		}
		if other.State != Published && other.State != Revised || other.UUID == rec.UUID {
			continue
		}
		last, err := getRecord[revision](x.tx, numberedKey(revisionKind, other.idOf(), other.Tracking.Number()))
		if err != nil {
			return err
		}
		p := last.Publication
		p.Tracking.State, p.Tracking.Interim = Superseded, false
		summary := words("advisory.history.superseded")
		if within(p.Audience, rec.Audience) {
			p.Tracking.SupersededBy = rec.ID
			summary = words("advisory.history.superseded-by", "id", rec.ID)
		}
		p.Tracking.step(x.now, summary)
		if err := x.commit(other, p); err != nil {
			return fmt.Errorf("%s, which it supersedes: %w", other.ID, err)
		}
		e := x.c.Entry
		e.Action, e.Object = "advisory.supersede", other.UUID
		e.Detail = map[string]string{
			"version": strconv.Itoa(other.Version), "id": other.ID, "by": rec.ID,
			"state": string(other.State), "revision": strconv.Itoa(p.Tracking.Number()),
		}
		if _, err := x.s.audit.Append(x.whole, x.s.audit.Stamp(e)); err != nil {
			return fmt.Errorf("audit: %w", err)
		}
	}
	x.record = rec
	return nil
}

// words are a text of the interface in every language.
func words(key string, args ...any) Texts {
	t := Texts{}
	for _, lang := range i18n.Langs() {
		t[lang] = i18n.For(lang).T(key, args...)
	}
	return t
}

// faults are the findings that are more than warnings.
func faults(found []Problem) []Problem {
	return slices.DeleteFunc(slices.Clone(found), func(p Problem) bool { return p.Warning })
}
