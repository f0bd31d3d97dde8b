package hub

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/hub/stix"
	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// Bounds of one submission.
const (
	// maxObjects is how many objects an envelope may have: all of them are one
	// transaction, for which every other writer waits.
	maxObjects = 50_000
	// A body of more than largeBody bytes may take ten times its size while it is
	// taken apart, so that is done with few of them at once.
	largeBody   = 1 << 20
	largeAtOnce = 2
	// maxReferences is how many objects one object may refer to. MITRE's
	// collection of all of ATT&CK for Enterprise refers to 24,000.
	maxReferences = 100_000
	// maxRecord is how large the log's record of an object may be.
	maxRecord = store.MaxValueSize - 1024
)

// Submit puts the objects of an envelope (TAXII 2.1, 5.4) or a bundle (STIX 2.1,
// 8) into a collection: the good ones, each of the others with a reason in the
// status's failures. It returns when they are on disk. An object that is there
// already counts as a success, so that whoever is not sure sends all of it again.
//
// The errors: Invalid for what is no envelope (with a *stix.SyntaxError in the
// chain where it is no JSON), TooLarge, Forbidden without a right
// to write, NotFound where the collection is not to be known, Unavailable while
// the disk takes nothing.
func (s *Service) Submit(ctx context.Context, c *Caller, sub Submission) (Status, error) {
	switch {
	case c.Kind == Stranger:
		return Status{}, fail(Unauthenticated, "send a key: nobody contributes without one")
	case c.Kind == CallerLocal:
		return Status{}, fail(Forbidden, "contribute with a key of a person or an organisation: the local administrator stands for nobody")
	case int64(len(sub.Body)) > s.max:
		return Status{}, fail(TooLarge, "the body has %d bytes; this hub takes up to %d: send several envelopes", len(sub.Body), s.max)
	}
	now, err := s.Renew(ctx, c) // a body may have taken long
	if err != nil {
		return Status{}, err
	}
	c = &now
	err = s.read(ctx, func(r store.Reader) error {
		_, err := writable(r, c, sub.Root, sub.Collection)
		return err
	})
	if err != nil {
		return Status{}, err
	}
	if len(sub.Body) > largeBody {
		select {
		case s.large <- struct{}{}:
			defer func() { <-s.large }()
		case <-ctx.Done():
			return Status{}, ctx.Err()
		}
	}
	parser := s.spare.parser()
	defer s.spare.parsers.Put(parser)
	objects, err := readEnvelope(parser, sub.Body)
	if err != nil {
		return Status{}, err
	}
	run := s.newRun(c, &sub, objects)
	err = s.update(ctx, run.update)
	if err != nil {
		return Status{}, err
	}
	if run.status.counts[outcomeAdded] > 0 {
		s.changed.ring()
	}
	return run.status.Status, nil
}

// writable finds a collection that the caller may write to.
func writable(r store.Reader, c *Caller, root, idOrAlias string) (*Collection, error) {
	col, _, write, err := reach(r, c, root, idOrAlias)
	if err != nil {
		return nil, err
	}
	if !write {
		return nil, fail(Forbidden, "you may not write to this collection; its administrators give the right to, and your key has to be for it")
	}
	return col, nil
}

// candidate is an object of an envelope, read and checked as far as that needs no
// look at what the hub holds.
type candidate struct {
	incoming
	failure string // why it is not taken; "" where nothing speaks against it yet
	warning string
}

// readEnvelope takes an envelope apart and checks its objects. Those that define
// markings come first, since others are marked by them.
func readEnvelope(p *stix.Parser, body []byte) ([]candidate, error) {
	v, err := p.Parse(body)
	if err != nil {
		return nil, &Error{Code: Invalid, Message: "the body is no JSON that is taken here: " + err.Error(), Err: err} // a *stix.SyntaxError
	}
	if n := v.Get("objects").Len(); n > maxObjects {
		return nil, fail(TooLarge, "the envelope has %d objects; up to %d are taken at once: send several", n, maxObjects)
	}
	values, err := stix.Objects(v)
	if err != nil {
		return nil, &Error{Code: Invalid, Message: err.Error()}
	}
	if version := v.Get("spec_version"); version.Kind() != stix.Missing && version.Text() != "2.1" { // bundles of STIX 2.0 have one
		return nil, fail(Invalid, "the bundle is not of STIX 2.1, which alone is stored here: convert it, for example with OASIS's stix2-elevator")
	}
	candidates := make([]candidate, 0, len(values))
	for _, definitions := range []bool{true, false} {
		for _, value := range values {
			if (value.Get("type").Text() == "marking-definition") == definitions {
				candidates = append(candidates, check(value))
			}
		}
	}
	return candidates, nil
}

// check reads an object and holds it against STIX.
func check(v stix.Value) candidate {
	var c candidate
	problems := stix.Validate(v)
	c.warning = tell(problems, stix.SeverityWarning)
	if c.failure = tell(problems, stix.SeverityError); c.failure != "" {
		c.header.ID, c.header.Type = v.Get("id").Text(), v.Get("type").Text()
		c.header.Created, c.header.Modified = v.Get("created").Text(), v.Get("modified").Text()
		return c
	}
	var err error
	c.incoming, err = newIncoming(v)
	switch typ, _, idErr := stix.ParseID(c.header.ID); {
	case idErr != nil:
		c.failure = fmt.Sprintf("id: %v (STIX 2.1, 2.9)", idErr)
	case typ != c.header.Type:
		c.failure = "id has to begin with the object's type (STIX 2.1, 2.9)"
	case err != nil:
		c.failure = err.Error()
	case len(c.header.References) > maxReferences:
		c.failure = fmt.Sprintf("it refers to %d objects; up to %d are taken: make several of it", len(c.header.References), maxReferences)
	case c.recordSize() > maxRecord:
		c.failure = fmt.Sprintf("it is too large: with what it refers to %d bytes, of which up to %d are taken", c.recordSize(), maxRecord)
	}
	return c
}

const (
	maxTold    = 5    // problems of an object that its status tells of
	maxMessage = 1000 // bytes of a message
)

// tell joins problems of one severity to a message; "" where there are none.
func tell(problems []stix.Problem, severity stix.Severity) string {
	var texts []string
	more := 0
	for _, p := range problems {
		switch {
		case p.Severity != severity:
		case len(texts) == maxTold:
			more++
		default:
			texts = append(texts, tellOne(p))
		}
	}
	if len(texts) == 0 {
		return ""
	}
	text := cut(strings.Join(texts, "; "), maxMessage)
	if more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}

func tellOne(p stix.Problem) string {
	if p.Path == "" {
		return p.Message + " (" + p.Clause + ")"
	}
	return p.Path + ": " + p.Message + " (" + p.Clause + ")"
}

// detail is what a status says of the object. It keeps none of the body's memory.
func (c *candidate) detail(message string) StatusDetail {
	return StatusDetail{ID: cut(c.header.ID, maxDetail), Version: cut(c.header.Version(), maxDetail), Message: message}
}

// maxDetail bounds what a status repeats of a bad object, in bytes.
const maxDetail = 300

// newRun is what Submit does in its transaction.
func (s *Service) newRun(c *Caller, sub *Submission, objects []candidate) *run {
	return &run{
		s: s, c: c, sub: sub, objects: objects,
		id: uuid.NewString(), received: s.now().UTC().Truncate(time.Microsecond),
		open:   s.audit.Stamp(c.entry("object.submit")),
		sealed: s.audit.Stamp(audit.Entry{Action: "object.submit", Actor: audit.Actor{Kind: audit.Anonymous}}),
	}
}
