package hub

import (
	"context"
	"strconv"
	"strings"

	"github.com/cybersec-infohub/infohub/hub/stix"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// maxCounted is how many entries of those that refer to an object are counted.
const maxCounted = 100_000

// Counts returns what sightings, opinions and notes say of an object, as far as
// the caller may read them: each in its last version that they may read, and not
// when that is revoked. The error is NotFound where the caller may read no version
// of the object itself.
func (s *Service) Counts(ctx context.Context, c *Caller, id string) (Counts, error) {
	var n Counts
	err := s.read(ctx, func(r store.Reader) error {
		v := newView(r, c)
		if len(id) > maxDetail {
			return fail(NotFound, "no object %q", cut(id, maxDetail))
		}
		_, _, ok := v.latest(id)
		if v.err == nil && !ok {
			return fail(NotFound, "no object %q", id)
		}
		n = v.counts(id)
		return v.err
	})
	if err != nil {
		return Counts{}, err
	}
	return n, nil
}

// counts are those of an object that the caller may read.
func (v *view) counts(id string) Counts {
	n := Counts{Opinions: map[string]int{}}
	var p stix.Parser
	looked := 0
	for _, typ := range []string{"sighting", "opinion", "note"} {
		prefix := refersPrefix(id)
		before := ""
		for e, err := range v.r.Scan(store.Prefix(append(prefix, typ+"--"...))) {
			if err != nil {
				v.failed(err)
				return Counts{}
			}
			end := len(e.Key) - 1 - versionSize - spotSize
			if looked++; looked > maxCounted || end < len(prefix) {
				break
			}
			from := string(e.Key[len(prefix):end])
			if from == before {
				continue
			}
			before = from
			_, rec, ok := v.latest(from)
			if !ok || rec.flags&flagRevoked != 0 {
				continue
			}
			if object, err := p.Parse(rec.object); err == nil {
				n.add(typ, object, foldID(id))
			}
		}
	}
	if len(n.Opinions) == 0 {
		n.Opinions = nil
	}
	return n
}

// add counts what one object says of another.
func (n *Counts) add(typ string, object stix.Value, id string) {
	if typ == "sighting" {
		if foldID(object.Get("sighting_of_ref").Text()) != id {
			return // it only says where, or by what (STIX 2.1, 5.2)
		}
		count, err := strconv.Atoi(string(object.Get("count").Raw()))
		if err != nil || count < 0 || count > 999_999_999 {
			count = 1
		}
		n.Sightings += count
		return
	}
	for ref := range object.Get("object_refs").Elements() {
		if foldID(ref.Text()) != id {
			continue
		}
		if typ == "note" {
			n.Notes++
			return
		}
		switch opinion := object.Get("opinion").Text(); opinion { // STIX 2.1, 10.17
		case "strongly-disagree", "disagree", "neutral", "agree", "strongly-agree":
			n.Opinions[strings.Clone(opinion)]++
		}
		return
	}
}
