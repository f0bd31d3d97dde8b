package hub

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/hub/stix"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// Bounds of the queue.
const (
	// MaxQueue is how many contributions Queue returns at most.
	MaxQueue      = 1000
	defaultQueue  = 100
	queueLooked   = 10_000
	queueBytes    = 16 << 20 // of objects on one page, unless the first is larger
	maxReason     = 1000     // characters
	reasonMissing = "say why: whoever contributed it reads that in the status"
)

// QueueItem is a contribution that waits for an analyst.
type QueueItem struct {
	ID           string          `json:"id"`
	Collection   string          `json:"collection"` // id
	Object       json.RawMessage `json:"object"`     // as it will be published
	ObjectID     string          `json:"object_id"`
	Version      string          `json:"version"`
	Marking      tlp.Marking     `json:"marking"`                // the strictest label of its audience
	Organisation string          `json:"organisation,omitempty"` // id of the one that contributed it; "" where that was anonymous
	Anonymous    bool            `json:"anonymous,omitempty"`
	Received     time.Time       `json:"received"`
}

// decides returns an error for whoever may not moderate: an analyst or a hub
// administrator does, as a person, since the decision is somebody's.
func (c *Caller) decides() error {
	switch {
	case c.Kind == CallerPerson && len(c.Scopes) == 0 && (c.Role() == RoleAnalyst || c.Role() == RoleHubAdmin):
		return nil
	case c.Kind == CallerLocal:
		return fail(Forbidden, "a contribution is decided on by somebody: sign in as a person, or use a person's key")
	}
	return c.refuse()
}

// mayDecide reports whether the caller may see what waits: has a right to read
// where it would go, and belongs to those whom it would reach.
func (v *view) mayDecide(at spot, q *queued) bool {
	_, read := v.collection(at.col)
	return read && tlp.May(v.reader, q.Audience) && v.mayReadReferences(q.References) && v.err == nil
}

// own reports whether the caller, or the caller's organisation, contributed it.
func (q *queued) own(c *Caller) bool {
	return q.Organisation == c.Organisation.ID || q.Person != "" && q.Person == c.Person.ID
}

// Queue returns what waits for a decision, the oldest first, as far as the caller
// may read it. Analysts and hub administrators may ask. A right to moderate is no
// right to read: what waits for named organisations or people is decided on by one
// of them.
//
// inCollection is an id, or an alias in the group "community", or "" for all; limit
// is at most MaxQueue, and 0 is 100.
func (s *Service) Queue(ctx context.Context, c *Caller, inCollection string, limit int) ([]QueueItem, error) {
	if err := c.decides(); err != nil {
		return nil, err
	}
	switch {
	case limit < 0 || limit > MaxQueue:
		return nil, fail(Invalid, "limit %d: 1 to %d are allowed", limit, MaxQueue)
	case limit == 0:
		limit = defaultQueue
	}
	var items []QueueItem
	err := s.read(ctx, func(r store.Reader) error {
		items = nil
		prefix := []byte("queue/")
		if inCollection != "" {
			col, _, _, err := reach(r, c, "", inCollection)
			if err != nil {
				return err
			}
			prefix = queuePrefix(col.Number)
		}
		v := newView(r, c)
		looked, size := 0, 0
		for e, err := range r.Scan(store.Prefix(prefix)) {
			if err != nil {
				return err
			}
			if looked++; len(items) == limit || looked > queueLooked {
				break
			}
			at, ok := readSpot(e.Key[len("queue/"):])
			q := new(queued)
			if err := json.Unmarshal(e.Value, q); !ok || err != nil {
				return errors.Join(errRecord, err)
			}
			if !v.mayDecide(at, q) {
				continue
			}
			if size += len(q.Raw); size > queueBytes && len(items) > 0 {
				break
			}
			col, _ := v.collection(at.col)
			items = append(items, q.item(at, col))
		}
		return v.err
	})
	slices.SortStableFunc(items, func(a, b QueueItem) int { return a.Received.Compare(b.Received) })
	return items, err
}

func (q *queued) item(at spot, col *Collection) QueueItem {
	item := QueueItem{
		ID: queueID(at), Collection: col.ID, Object: q.Raw, ObjectID: q.ID, Version: q.Version,
		Marking: strictest(q.Audience), Organisation: q.Organisation, Anonymous: q.Anonymous, Received: q.Received,
	}
	if q.Anonymous {
		item.Organisation = ""
	}
	return item
}

// strictest is the last of an audience's markings, which stand in this order.
func strictest(a tlp.Audience) tlp.Marking {
	if len(a.Markings) == 0 {
		return tlp.Unknown
	}
	return a.Markings[len(a.Markings)-1]
}

// Decide publishes what waits, or turns it away with a reason that its contributor
// reads in the status. Who may is said at Queue; nobody decides on what their own
// organisation contributed. An approved object is added at that moment. Where it
// may not be any more, since another version came first, it is turned away with
// that reason, and the error is Conflict. The other errors are Invalid without a
// reason to turn it away, Forbidden, and NotFound for what does not wait any more
// or is not to be known.
func (s *Service) Decide(ctx context.Context, c *Caller, id string, approve bool, reason string) error {
	if err := c.decides(); err != nil {
		return err
	}
	switch {
	case !approve && reason == "":
		return fail(Invalid, reasonMissing)
	case len([]rune(reason)) > maxReason:
		return fail(Invalid, "the reason has more than %d characters", maxReason)
	}
	if err := cleanText("the reason", reason, "\n\t"); err != nil {
		return err
	}
	missing := fail(NotFound, "nothing waits under %q", cut(id, 100))
	at, ok := parseQueueID(id)
	if !ok {
		return s.nothingWaits(ctx, c, missing)
	}
	d := decision{s: s, caller: c, at: at, approve: approve, reason: reason, missing: missing}
	action := "queue.reject"
	if approve {
		action = "queue.approve"
	}
	if err := s.change(ctx, c, action, d.update); err != nil {
		if CodeOf(err) == NotFound {
			err = s.nothingWaits(ctx, c, err)
		}
		return err
	}
	s.changed.ring()
	if d.refused != "" {
		return fail(Conflict, "it cannot be published any more and was turned away: %s", d.refused)
	}
	return nil
}

// nothingWaits adds what does wait, as far as the caller may know of it, to the
// error that something does not.
func (s *Service) nothingWaits(ctx context.Context, c *Caller, missing error) error {
	const most = 20
	items, err := s.Queue(ctx, c, "", most)
	if err != nil || len(items) == 0 {
		return missing
	}
	var ids []string
	for _, item := range items {
		ids = append(ids, item.ID+" ("+item.ObjectID+")")
	}
	return fail(NotFound, "%s; there are: %s", missing, strings.Join(ids, ", "))
}

// decision is the transaction of Decide.
type decision struct {
	s       *Service
	caller  *Caller
	at      spot
	approve bool
	reason  string
	missing error

	published string // id
	decided   bool   // by a run before, of which the outcome was unknown
	refused   string // why what was approved is not published
}

func (d *decision) update(tx store.Tx, e *audit.Entry) error {
	q, err := getRecord[queued](tx, string(queueKey(d.at)))
	if errors.Is(err, store.ErrNotFound) {
		if d.decided {
			return errUnchanged
		}
		return d.missing
	}
	if err != nil {
		return err
	}
	v := newView(tx, d.caller)
	if !v.mayDecide(d.at, q) {
		return errors.Join(v.err, d.missing)
	}
	if q.own(d.caller) {
		return fail(Forbidden, "your organisation contributed this: somebody else decides on it")
	}
	col, _ := v.collection(d.at.col)
	d.refused, d.published = "", q.ID
	if d.approve {
		if err := d.publish(tx, col, q); err != nil {
			return err
		}
	}
	for _, w := range q.Waiting {
		if err := d.s.changeStatus(tx, w.Status, func(status *Status) { d.settle(status, w) }); err != nil {
			return err
		}
	}
	d.decided = true
	e.Object = q.ID
	e.Detail = map[string]string{"collection": col.ID, "version": q.Version}
	if d.reason != "" {
		e.Detail["reason"] = cut(d.reason, 1000)
	}
	if d.refused != "" {
		e.Detail["refused"] = cut(d.refused, 1000)
	}
	return errors.Join(tx.Delete(queueKey(d.at)), tx.Delete(q.againKey(col.Number)))
}

// publish adds what was approved, as if it had just come in.
func (d *decision) publish(tx store.Tx, col *Collection, q *queued) error {
	contributor, err := q.contributor(tx)
	if errors.Is(err, store.ErrNotFound) {
		d.refused = "whoever contributed it is no member of the hub any more"
		return nil
	}
	if err != nil {
		return err
	}
	var p stix.Parser
	v, err := p.Parse(q.Raw)
	if err != nil {
		return err
	}
	in, err := newIncoming(v)
	if err != nil {
		return err
	}
	in.audience, in.owner, in.by = q.Audience, contributor.Organisation.ID, contributor
	in.references = q.References
	o, err := d.s.add(tx, col, &in)
	if o.state == outcomeRefused {
		d.refused = o.reason
	}
	return err
}

// contributor is the caller in whose eyes it was judged when it came in: the
// operator for what is anonymous. The error is store.ErrNotFound for who is no
// member any more.
func (q *queued) contributor(r store.Reader) (*Caller, error) {
	if q.Anonymous {
		op, err := operator(r)
		if err != nil {
			return nil, err
		}
		return &Caller{Kind: CallerOrganisation, Organisation: *op}, nil
	}
	c := &Caller{Kind: CallerOrganisation}
	if q.Person != "" {
		person, err := getRecord[Person](r, personKind+"/"+q.Person)
		if err != nil {
			return nil, err
		}
		c.Kind, c.Person = CallerPerson, *person
	}
	return c, c.joins(r, q.Organisation)
}

// settle moves an object in its status from what waits to what became of it.
func (d *decision) settle(status *Status, w waiting) {
	i := slices.IndexFunc(status.Pendings, func(p StatusDetail) bool { return p.ID == w.ID && p.Version == w.Version })
	if i < 0 {
		return
	}
	detail := status.Pendings[i]
	status.Pendings = slices.Delete(status.Pendings, i, i+1)
	switch {
	case d.approve && d.refused == "":
		if detail.Message = ""; d.published != w.ID {
			detail.Message = "published as " + d.published
		}
		status.Successes = append(status.Successes, detail)
	case d.approve:
		detail.Message = d.refused
		status.Failures = append(status.Failures, detail)
	default:
		detail.Message = "an analyst of the hub turned it away: " + d.reason
		status.Failures = append(status.Failures, detail)
	}
	if len(status.Pendings) == 0 {
		status.State = StateComplete
	}
}
