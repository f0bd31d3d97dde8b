package hub

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/hub/stix"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// anonymiser rewrites what an organisation contributes anonymously, so that the hub
// publishes it as its own. It lives as long as one run of an Update.
type anonymiser struct {
	tx       store.Tx // the hub's room
	view     *view    // the contributor's
	member   *view    // of a member who is in no group and named nowhere
	caller   *Caller
	operator string
	now      time.Time
	names    *giveaways
	envelope map[string]stix.Value // what was sent together, by folded id
	busy     map[string]bool       // observables whose id is being found
	parser   stix.Parser
}

// newAnonymiser prepares for the objects of one submission.
func (s *Service) newAnonymiser(tx store.Tx, c *Caller, sent []stix.Value) (*anonymiser, error) {
	op, err := operator(tx)
	if err != nil {
		return nil, err
	}
	a := &anonymiser{
		tx: tx, view: newView(tx, c), member: newView(tx, &Caller{Kind: CallerOrganisation}), caller: c, operator: op.ID, now: s.time(),
		envelope: make(map[string]stix.Value, len(sent)), busy: map[string]bool{},
	}
	if a.names, err = newGiveaways(tx, &c.Organisation); err != nil {
		return nil, err
	}
	beside := map[uuid.UUID][]string{}
	for _, v := range sent {
		id := foldID(v.Get("id").Text())
		if _, u, err := stix.ParseID(id); err == nil {
			a.envelope[id] = v
			beside[u] = append(beside[u], id)
		}
	}
	// What comes later in the envelope has no alias yet.
	a.names.renamed = func(u uuid.UUID) (bool, error) {
		for _, id := range beside[u] {
			public, err := a.public(id)
			if errors.Is(err, errForFew) {
				return true, nil
			}
			if err != nil || public != id {
				return true, err
			}
		}
		return false, nil
	}
	return a, nil
}

// anonymise returns the object that the hub publishes in the place of one that was
// contributed anonymously:
//
//   - its id is a new one, the same for all its versions; that of an observable is
//     the deterministic one (STIX 2.1, 2.9)
//   - created_by_ref is the hub's operator, created and modified are when it came
//   - its text is written anew, since how one writes JSON tells one program, and so
//     one organisation, from another
//   - each identifier that it holds is the public one of the organisation's object;
//     one of an object that all members can read at the hub stays; any other
//     becomes a new one, the same each time
//
// The error is Invalid for an object that still names whoever sent it, refers to
// one that only some can read, the sender among them, is older than what was
// published of it, or is at the hub under a name already. seal writes
// who sent it; it is called once the object is stored or held, and is nil where
// there is nothing to seal.
func (a *anonymiser) anonymise(v stix.Value, h *stix.Header) (raw []byte, seal func(store.Tx) error, err error) {
	switch {
	case !stix.IsID(h.ID):
		return nil, nil, fail(Invalid, "id: a type, two hyphens and a UUID were expected (STIX 2.1, 2.9)")
	case isLabel(h.ID):
		return v.Raw(), nil, a.names.check(a.tx, v)
	}
	a.view.forget() // objects came in since
	a.member.forget()
	known, err := a.known(v, h)
	if err != nil {
		return nil, nil, err
	}
	if known == nil { // the hub has it from somebody else
		return v.Raw(), nil, a.names.check(a.tx, v)
	}
	next := *known
	next.Version, next.Sent = h.Version(), true
	if h.Created != "" {
		again, err := a.times(v, h, known, &next)
		if err != nil {
			return nil, nil, err
		}
		if again {
			raw, err = a.rewrite(v, h, &next)
			return raw, nil, err
		}
	}
	if raw, err = a.rewrite(v, h, &next); err != nil {
		return nil, nil, err
	}
	var p stix.Parser
	public, err := p.Parse(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("hub: an object made anonymous: %w", err)
	}
	if err := a.names.check(a.tx, public); err != nil {
		return nil, nil, err
	}
	published := stix.ReadHeader(public)
	record := Sealed{
		PublicID: next.Public, PublicVersion: published.Version(), OriginalID: h.ID, Version: h.Version(),
		Organisation: a.caller.Organisation.ID, Person: a.caller.Person.ID, Key: a.caller.Key, From: a.caller.From,
		Time: a.now, Original: bytes.Clone(v.Raw()),
	}
	return raw, func(tx store.Tx) error {
		return errors.Join(
			putAlias(tx, record.Organisation, record.OriginalID, &next),
			putRecord(tx, sealedKey(record.PublicID, record.Organisation, record.Version), record))
	}, nil
}

// known finds the alias of an object that is contributed, and makes one if need
// be; nil for an object that is to be published as it is, since the hub has it.
func (a *anonymiser) known(v stix.Value, h *stix.Header) (*alias, error) {
	org := a.caller.Organisation.ID
	known, err := getAlias(a.tx, org, h.ID)
	if err != nil || known != nil {
		return known, err
	}
	if foldID(h.ID) == org {
		return nil, fail(Invalid, "id: this is your organisation's identity, which cannot be sent anonymously")
	}
	if h.Created != "" {
		_, held, ok := a.view.latest(h.ID)
		if a.view.err != nil {
			return nil, a.view.err
		}
		if ok && sameContent(held.object, &incoming{raw: v.Raw(), value: v}) {
			if few, err := a.forFew(h.ID); err != nil {
				return nil, err
			} else if few {
				return nil, fail(Invalid, "id: the hub has this object for fewer readers than all members, and whoever passes it on is one of them: ask the organisation that contributed it to share it here")
			}
			return nil, nil //nolint:nilnil // documented
		}
		if ok {
			return nil, fail(Invalid, "id: the hub has an object of this id under somebody's name, and a version of it without one would give them away: send it as a new object with a new id")
		}
	}
	public, err := a.public(h.ID)
	if err != nil {
		return nil, err
	}
	if known, err = getAlias(a.tx, org, h.ID); err != nil || known != nil {
		return known, err
	}
	return &alias{Public: public}, nil
}

// times chooses the public timestamps of a version, and whether it was published
// before.
func (a *anonymiser) times(v stix.Value, h *stix.Header, known, next *alias) (again bool, err error) {
	this, err := versionKey(h)
	if err != nil {
		return false, fail(Invalid, "modified: %s", err)
	}
	if !known.Sent {
		next.Created = stix.FormatTimestamp(a.now)
		next.Modified = next.Created
		return false, nil
	}
	kept, err := getRecord[Sealed](a.tx, sealedKey(known.Public, a.caller.Organisation.ID, h.Version()))
	switch {
	case err == nil && sameContent(kept.Original, &incoming{raw: v.Raw(), value: v}):
		next.Modified = kept.PublicVersion
		return true, nil
	case err == nil:
		return false, fail(Invalid, "modified: you sent this version already with other content: whoever changes an object gives it a later modified (STIX 2.1, 3.6)")
	case !errors.Is(err, store.ErrNotFound):
		return false, err
	}
	last, err := versionKey(&stix.Header{Modified: known.Version})
	if err != nil {
		return false, err
	}
	if bytes.Compare(this[:], last[:]) <= 0 {
		return false, fail(Invalid, "modified: you sent a later version of this object already, of %s (STIX 2.1, 3.6)", known.Version)
	}
	before, err := stix.ParseTimestamp(known.Modified)
	if err != nil {
		return false, err
	}
	at := a.now
	if after := time.Unix(before.Seconds, int64(before.Nanos)).Add(time.Microsecond); at.Before(after) {
		at = after
	}
	next.Modified = stix.FormatTimestamp(at)
	return false, nil
}

// rewrite writes an object as it is published.
func (a *anonymiser) rewrite(v stix.Value, h *stix.Header, as *alias) ([]byte, error) {
	set := map[string]string{"id": strconv.Quote(as.Public)}
	if h.Created != "" {
		set["created_by_ref"] = strconv.Quote(a.operator)
		set["created"] = strconv.Quote(as.Created)
	}
	if h.Modified != "" {
		set["modified"] = strconv.Quote(as.Modified)
	}
	if v.Get("object_modified").Kind() != stix.Missing {
		// Of a language-content (STIX 2.1, 7.1): it names a version that is
		// published under another time. Without it the last is meant.
		set["object_modified"] = ""
	}
	raw, err := a.edit(v, set)
	if err != nil {
		return nil, err
	}
	public, err := a.parser.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("hub: an object made anonymous: %w", err)
	}
	return stix.Plain(public), nil
}

// edit puts public identifiers in the place of all others.
func (a *anonymiser) edit(v stix.Value, set map[string]string) ([]byte, error) {
	var failed error
	raw := stix.Edit(v, func(path, text string) (string, bool) {
		if failed != nil || !stix.IsID(text) {
			return "", false
		}
		id, err := a.public(text)
		if err != nil {
			failed = err
		}
		if errors.Is(err, errForFew) {
			failed = fail(Invalid, "%s: not every member may read this object, so who refers to it is one of those who may: take it out, or send it under your name", path)
		}
		return id, err == nil
	}, set)
	return raw, failed
}

// forFew reports whether not all members may read an object.
func (a *anonymiser) forFew(id string) (bool, error) {
	_, _, open := a.member.latest(id)
	return !open, a.member.err
}

// errForFew says that an id is that of an object that not all members may read.
var errForFew = errors.New("hub: an object for few")

// public is the identifier that stands for one that the contributor uses.
func (a *anonymiser) public(id string) (string, error) {
	org := a.caller.Organisation.ID
	folded := foldID(id)
	if isLabel(folded) {
		return id, nil
	}
	if folded == org || folded == a.operator {
		return a.operator, nil
	}
	known, err := getAlias(a.tx, org, folded)
	if err != nil {
		return "", err
	}
	if known != nil {
		return known.Public, nil
	}
	made := ""
	if v, ok := a.envelope[folded]; ok && v.Get("created").Kind() == stix.Missing && !a.busy[folded] {
		if made, err = a.observable(folded, v); err != nil || made == folded {
			return made, err
		}
	}
	if made == "" {
		_, _, held := a.view.latest(folded)
		if a.view.err != nil {
			return "", a.view.err
		}
		if held {
			few, err := a.forFew(folded)
			if err == nil && few {
				err = errForFew
			}
			return id, err
		}
		typ, _, err := stix.ParseID(folded)
		if err != nil {
			return "", err
		}
		made = stix.NewID(typ)
	}
	return made, putAlias(a.tx, org, folded, &alias{Public: made})
}

// observable is the deterministic id of an observable with the public ids of what
// it refers to, "" where it has none.
func (a *anonymiser) observable(folded string, v stix.Value) (string, error) {
	a.busy[folded] = true
	defer delete(a.busy, folded)
	raw, err := a.edit(v, map[string]string{"id": strconv.Quote(folded)})
	if err != nil {
		return "", err
	}
	public, err := a.parser.Parse(raw)
	if err != nil {
		return "", fmt.Errorf("hub: an observable made anonymous: %w", err)
	}
	id, _ := stix.DeterministicID(public)
	return id, nil
}
