package hub

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/cybersec-infohub/infohub/hub/stix"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// run is one submission's transaction. What the function of the Update sets, it
// sets anew each time that it runs.
type run struct {
	s        *Service
	c        *Caller
	sub      *Submission
	objects  []candidate
	id       string // of the status
	received time.Time
	open     audit.Entry // stamped: for what is published in the caller's name
	sealed   audit.Entry // stamped: for what is not

	tx         store.Tx // the hub's room
	col        *Collection
	own        *judgement // in the caller's eyes
	hub        *judgement // in the operator's: for what is published in the hub's name
	publisher  map[string]string
	behind     map[string]bool // ids of the envelope that the caller contributed anonymously before
	mixed      bool            // others of the envelope are under the caller's name
	anonymiser *anonymiser     // of the first anonymous object on
	index      indexing
	indexed    int // values and references of what was judged so far
	status     result
}

// judgement is what objects are judged with that somebody contributes.
type judgement struct {
	view        *view
	audiences   *audiences
	by          *Caller
	owner       string // id of the organisation that contributes them
	ownerNumber uint32 // interned
}

// result is a status while it is made.
type result struct {
	Status
	counts [outcomeHeld + 1]int
}

func (r *result) detail() map[string]string {
	d := map[string]string{}
	for name, o := range map[string]outcomeState{
		"added": outcomeAdded, "duplicate": outcomeDuplicate, "refused": outcomeRefused, "held": outcomeHeld,
	} {
		if n := r.counts[o]; n > 0 {
			d[name] = strconv.Itoa(n)
		}
	}
	return d
}

// update is the function of the Update. The status tells whether it ran before:
// then all of it is on disk, and its result is what was written then.
func (u *run) update(whole store.Tx) error {
	u.tx = store.SubTx(whole, Room)
	u.own, u.hub, u.publisher, u.anonymiser = nil, nil, map[string]string{}, nil
	u.index, u.indexed = indexing{}, 0
	u.status = result{Status: Status{ID: u.id, State: StateComplete, RequestTimestamp: u.received}}
	if kept, err := readStatus(u.tx, u.id); err == nil {
		u.status.Status = kept.Status
		u.status.counts[outcomeAdded] = len(kept.Successes)
		return nil
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	var err error
	if u.col, err = writable(u.tx, u.c, u.sub.Root, u.sub.Collection); err != nil {
		return err
	}
	if u.anonymous() && !u.col.Anonymous {
		return fail(Forbidden, "this collection takes no anonymous contributions: send it under your name, or to a collection that does")
	}
	if u.own, err = u.judgement(u.c); err != nil {
		return err
	}
	if err := u.lookBehind(); err != nil {
		return err
	}
	for i := range u.objects {
		if err := u.take(&u.objects[i]); err != nil {
			return err
		}
	}
	if err := u.index.put(u.tx); err != nil {
		return err
	}
	if len(u.status.Pendings) > 0 {
		u.status.State = StatePending
	}
	if err := u.s.putStatus(u.tx, u.c, &u.status.Status); err != nil {
		return err
	}
	return u.tell(whole)
}

// tell writes to the audit log what was sent; of what is anonymous that it was:
// who sent it is known to the sealed records alone.
func (u *run) tell(whole store.Tx) error {
	e := u.open
	if u.anonymous() || len(u.behind) > 0 && !u.mixed {
		e = u.sealed
	}
	e.Object, e.Detail = u.col.ID, u.status.detail()
	if _, err := u.s.audit.Append(whole, e); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// lookBehind finds the new versions of what the caller contributed anonymously.
// They are published so, too, but not beside objects under the caller's name: both
// would be there from the same moment on.
func (u *run) lookBehind() error {
	u.behind, u.mixed = map[string]bool{}, false
	if u.anonymous() {
		return nil
	}
	open := false
	for i := range u.objects {
		c := &u.objects[i]
		if c.failure != "" {
			continue
		}
		sealed, err := u.s.isSealed(u.tx, u.c.Organisation.ID, c.header.ID)
		if err != nil {
			return err
		}
		if sealed {
			u.behind[c.header.ID] = true
		} else {
			open = true
		}
	}
	u.mixed = open && len(u.behind) > 0
	return nil
}

func (u *run) anonymous() bool { return u.sub.Anonymous || u.c.Anonymous }

func (u *run) judgement(by *Caller) (*judgement, error) {
	owner, err := intern(u.tx, []byte(by.Organisation.ID))
	if err != nil {
		return nil, err
	}
	v := newView(u.tx, by)
	a, err := newAudiences(u.tx, v, u.col, u.sub)
	return &judgement{view: v, audiences: &a, by: by, owner: by.Organisation.ID, ownerNumber: owner}, err
}

// take decides about one object and notes what became of it.
func (u *run) take(c *candidate) error {
	o, err := u.decide(c)
	if err != nil {
		return err
	}
	u.status.counts[o.state]++
	detail := c.detail(o.reason)
	switch o.state {
	case outcomeAdded, outcomeDuplicate:
		if detail.Version == "" {
			detail.Version = o.at.text()
		}
		u.status.Successes = append(u.status.Successes, detail)
		if o.state == outcomeDuplicate {
			if err := u.own.audiences.noteAgain(&c.header); err != nil {
				return err
			}
		}
	case outcomeHeld:
		u.own.audiences.noteSent(&c.header, c.raw)
		u.status.Pendings = append(u.status.Pendings, detail)
	default:
		u.own.audiences.noteSent(&c.header, nil)
		u.status.Failures = append(u.status.Failures, detail)
		return nil
	}
	if c.warning != "" {
		detail.Message = c.warning
		u.status.Warnings = append(u.status.Warnings, detail)
	}
	return nil
}

func (u *run) decide(c *candidate) (outcome, error) {
	if c.failure != "" {
		return refused("%s", c.failure), nil
	}
	switch reason, err := u.mayPublish(&c.header); {
	case err != nil:
		return outcome{}, err
	case reason != "":
		if o, err := u.sentAgain(c); err != nil || o.state == outcomeDuplicate {
			return o, err
		}
		return refused("%s", reason), nil
	}
	if c.header.Type == "marking-definition" && !tlp.Fits(foldID(c.header.ID), c.raw) {
		return refused("id: it is that of a label of TLP, and what you send under it says something else: send OASIS's definition, or none, since everybody knows it (STIX 2.1, 7.2.1.4)"), nil
	}
	switch behind := u.behind[c.header.ID]; {
	case behind && u.mixed:
		return refused("you contributed this object anonymously, and what comes in one envelope with objects under your name would tell that it is yours: send it apart from them"), nil
	case behind || u.anonymous():
		return u.decideAnonymous(c)
	}
	in := c.incoming
	return u.admit(u.own, &in, nil)
}

// sentAgain judges what the sender may not publish: a copy of what they may read
// here is no new object, as when a program sends back what it got.
func (u *run) sentAgain(c *candidate) (outcome, error) {
	in := c.incoming
	in.by = u.own.by
	o, _, err := judge(u.own.view, u.col, &in)
	if o.state == outcomeDuplicate {
		o.reason = "it was here already"
	}
	return o, err
}

// decideAnonymous publishes an object in the hub's name. What it says of the
// object in the status is for the sender alone.
func (u *run) decideAnonymous(c *candidate) (outcome, error) {
	if !u.col.Anonymous {
		return refused("you contributed this object anonymously, and this collection takes nothing anonymous: send the new version to where the first one is"), nil
	}
	if u.hub == nil {
		op, err := operator(u.tx)
		if err != nil {
			return outcome{}, err
		}
		by := &Caller{Kind: CallerOrganisation}
		if err := by.joins(u.tx, op.ID); err != nil {
			return outcome{}, err
		}
		if u.hub, err = u.judgement(by); err != nil {
			return outcome{}, err
		}
	}
	if u.anonymiser == nil {
		sent := make([]stix.Value, len(u.objects))
		for i := range u.objects {
			sent[i] = u.objects[i].value
		}
		var err error
		if u.anonymiser, err = u.s.newAnonymiser(u.tx, u.c, sent); err != nil {
			return outcome{}, err
		}
	}
	raw, seal, err := u.anonymiser.anonymise(c.value, &c.header)
	if err != nil {
		return refusal(err)
	}
	var p stix.Parser
	v, err := p.Parse(raw)
	if err != nil {
		return outcome{}, fmt.Errorf("hub: an object made anonymous: %w", err)
	}
	public := check(v)
	if public.failure != "" {
		return refused("made anonymous: %s", public.failure), nil
	}
	in := public.incoming
	j := *u.hub
	if in.isObservable() || foldID(in.header.ID) == foldID(c.header.ID) {
		// Its id is no new one: what the operator knows of it is not the sender's
		// to find out, and what came to the sender goes as far as under their name.
		j.view, j.by = u.own.view, u.c
	}
	o, err := u.admit(&j, &in, c)
	if err != nil || o.state != outcomeAdded && o.state != outcomeHeld {
		return o, err
	}
	if seal != nil {
		if err := seal(u.tx); err != nil {
			return outcome{}, err
		}
	}
	if o.state == outcomeAdded {
		o.reason = "published as " + in.header.ID
	}
	return o, nil
}

// refusal is the failure of an object whose error may be shown.
func refusal(err error) (outcome, error) {
	if e, ok := errors.AsType[*Error](err); ok {
		return refused("%s", e.Message), nil
	}
	return outcome{}, err
}

// admit finds who may read an object, and adds it or hands it to the moderation.
// sent is the object as it was sent, if it is published in the hub's name.
func (u *run) admit(j *judgement, in *incoming, sent *candidate) (outcome, error) {
	if u.indexed += in.indexed(); u.indexed > maxIndexed {
		return refused("this and the objects sent with it name more than %d values and objects: send fewer at once", maxIndexed), nil
	}
	in.by, in.owner, in.ownerNumber = j.by, j.owner, j.ownerNumber
	in.references = packReferences(&in.header, u.own.view.isChance, j.ownerNumber)
	reason, err := j.audiences.set(in)
	if err != nil || reason != "" {
		return refused("%s", reason), err
	}
	var o outcome
	if u.moderated() {
		if o, _, err = judge(j.view, u.col, in); err == nil && o.state == outcomeNew {
			if err := u.s.hold(u.tx, u.c, u.col, pending{in: in, sent: sent, status: u.id}); err != nil {
				return refusal(err)
			}
			o = outcome{state: outcomeHeld, reason: "it waits for an analyst of the hub"}
		}
	} else {
		o, err = u.s.addSeen(u.tx, j.view, u.col, in, &u.index)
	}
	if o.state == outcomeDuplicate {
		o.reason = "it was here already"
	}
	return o, err
}
