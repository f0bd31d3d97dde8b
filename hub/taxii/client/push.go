package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// Defaults and bounds of Push.
const (
	DefaultBatch = 500 // objects an envelope
	maxBatch     = 100_000
	// DefaultPatience is how long the status of one envelope is waited for.
	DefaultPatience = 5 * time.Minute
	// lengthUnknown is the size of an envelope where the server does not tell its
	// max_content_length, lengthMost where it tells a large one; bytes.
	lengthUnknown = 1 << 20
	lengthMost    = 64 << 20
)

// Push adds objects to a collection in envelopes that the server takes, and keeps a
// cursor, so that a run that was cut, given the same input again, sends nothing
// again that the server had acknowledged.
type Push struct {
	Client           *Client
	Collection, Root *url.URL
	// Batch is how many objects an envelope has at most; 0 is DefaultBatch.
	Batch int
	// Patience bounds the waiting for the status of one envelope; 0 is
	// DefaultPatience.
	Patience time.Duration
	// CursorPath is the cursor's file; "" keeps none.
	CursorPath string

	// Failed is told of each object that the server refused, or that is larger than
	// what the server takes; Progress of the sums, after each envelope. Both may be
	// nil.
	Failed   func(StatusItem)
	Progress func(PushSums)

	sums  PushSums
	limit int64 // bytes of an envelope, as the server tells; 0 where it does not
	most  int64 // bytes of an envelope, as we make them
	state pushState
	chain []byte // the digest of the objects that were read
	batch []json.RawMessage
	size  int64
}

// PushSums count objects.
type PushSums struct {
	Sent   int64 `json:"sent"`   // what the server has answered for, what it refused included
	Failed int64 `json:"failed"` // what it refused
	// Pending is what the server had not decided on when patience ended, or gave no
	// account of.
	Pending int64 `json:"pending"`
	Earlier int64 `json:"-"` // what earlier runs had sent, and this one did not
}

// pushState is the file of a push's cursor.
type pushState struct {
	Version    int    `json:"version"` // 1
	Kind       string `json:"kind"`    // "push"
	Collection string `json:"collection"`
	// Objects of the input were acknowledged, in its order; Digest is made of each of
	// them, so that another input is told apart.
	Objects int64    `json:"objects"`
	Digest  string   `json:"digest"`
	Sums    PushSums `json:"sums"`
}

// ErrPending is a push that ended before the server had decided on all objects.
var ErrPending = errors.New("the server has not decided on all objects yet")

// Run sends all objects. It ends with the first error that is not about single
// objects; what was sent until then stays. ErrPending is told at the end.
func (p *Push) Run(ctx context.Context, objects iter.Seq2[json.RawMessage, error]) (PushSums, error) {
	if p.CursorPath != "" {
		unlock, err := lock(p.CursorPath)
		if err != nil {
			return p.sums, err
		}
		defer unlock()
	}
	if err := p.begin(ctx); err != nil {
		return p.sums, err
	}
	var read int64
	for raw, err := range objects {
		if err != nil {
			return p.sums, err
		}
		if read++; read <= p.state.Objects {
			p.link(raw)
			if read == p.state.Objects {
				if hex.EncodeToString(p.chain) != p.state.Digest {
					return p.sums, fmt.Errorf("%s: %w: to another input", p.CursorPath, ErrCursor)
				}
				p.sums.Earlier = read
			}
			continue
		}
		if err := p.add(ctx, raw); err != nil {
			return p.sums, err
		}
	}
	if read < p.state.Objects {
		return p.sums, fmt.Errorf("%s: %w: to another input", p.CursorPath, ErrCursor)
	}
	if err := p.flush(ctx); err != nil {
		return p.sums, err
	}
	if p.sums.Pending > 0 {
		return p.sums, ErrPending
	}
	return p.sums, nil
}

// begin reads the cursor and asks how large an envelope may be.
func (p *Push) begin(ctx context.Context) error {
	if p.Batch <= 0 {
		p.Batch = DefaultBatch
	}
	p.Batch = min(p.Batch, maxBatch)
	if p.Patience <= 0 {
		p.Patience = DefaultPatience
	}
	p.state = pushState{Version: stateVersion, Kind: "push", Collection: p.Collection.String()}
	if p.CursorPath != "" {
		var old pushState
		found, err := loadFile(p.CursorPath, &old)
		switch {
		case err != nil:
			return err
		case found && (old.Kind != "push" || old.Version != stateVersion):
			return fmt.Errorf("%s: %w: it is no cursor of a push", p.CursorPath, ErrCursor)
		case found && old.Collection != p.state.Collection:
			return fmt.Errorf("%s: %w: to the collection %s", p.CursorPath, ErrCursor, old.Collection)
		case found:
			p.state, p.sums = old, old.Sums
			p.sums.Pending = 0 // the server has had time since
		}
	}
	root, err := p.Client.APIRoot(ctx, p.Root)
	var se *StatusError
	if err != nil && !errors.As(err, &se) { // some do not show it to everybody who may post
		return err
	}
	p.limit = root.MaxContentLength
	if p.most = min(p.limit, lengthMost); p.most == 0 {
		p.most = lengthUnknown
	}
	return nil
}

// link adds an object to the digest of those before it.
func (p *Push) link(raw []byte) {
	one := sha256.Sum256(raw)
	sum := sha256.Sum256(append(p.chain, one[:]...))
	p.chain = sum[:]
}

const envelopeHead, envelopeTail = `{"objects":[`, `]}`

// add puts an object into the envelope, which is sent when it is full.
func (p *Push) add(ctx context.Context, raw json.RawMessage) error {
	n := int64(len(raw)) + 1
	if len(p.batch) >= p.Batch || len(p.batch) > 0 && p.size+n > p.most {
		if err := p.flush(ctx); err != nil {
			return err
		}
	}
	if len(p.batch) == 0 {
		p.size = int64(len(envelopeHead + envelopeTail))
	}
	p.batch = append(p.batch, raw)
	p.size += n
	return nil
}

// flush sends the envelope, waits for its status and keeps the cursor.
func (p *Push) flush(ctx context.Context) error {
	if len(p.batch) == 0 {
		return nil
	}
	if err := p.send(ctx, p.batch); err != nil {
		return err
	}
	for _, raw := range p.batch {
		p.link(raw)
	}
	p.state.Objects += int64(len(p.batch))
	p.state.Digest, p.state.Sums = hex.EncodeToString(p.chain), p.sums
	p.batch = p.batch[:0]
	if p.CursorPath != "" {
		if err := saveFile(p.CursorPath, &p.state); err != nil {
			return err
		}
	}
	if p.Progress != nil {
		p.Progress(p.sums)
	}
	return nil
}

// send posts objects. Where the server refuses an envelope whole, as too large or
// for one bad object among good ones, halves of it are sent, down to the one
// object that is refused.
func (p *Push) send(ctx context.Context, objects []json.RawMessage) error {
	body := append(make([]byte, 0, p.size), envelopeHead...)
	for i, raw := range objects {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, raw...)
	}
	body = append(body, envelopeTail...)
	if len(objects) == 1 && p.limit > 0 && int64(len(body)) > p.limit {
		p.fail(objects[0], fmt.Sprintf("it is larger than the server takes (%d bytes)", p.limit))
		return nil
	}
	status, err := p.Client.Post(ctx, p.Collection, body)
	var se *StatusError
	if errors.As(err, &se) && (se.Code == http.StatusRequestEntityTooLarge || se.Code == http.StatusUnprocessableEntity) {
		if len(objects) == 1 {
			p.fail(objects[0], se.answer())
			return nil
		}
		if se.Code == http.StatusRequestEntityTooLarge {
			p.most = min(p.most, int64(len(body))/2) // the next ones need not be refused
		}
		half := len(objects) / 2
		if err := p.send(ctx, objects[:half]); err != nil {
			return err
		}
		return p.send(ctx, objects[half:])
	}
	if err != nil {
		return err
	}
	if status, err = p.Client.settle(ctx, p.Root, status, p.Patience); err != nil {
		return err
	}
	p.account(status, int64(len(objects)))
	return nil
}

// account adds what a status says of n objects. Some leave counts out.
func (p *Push) account(s Status, n int64) {
	failed := min(max(s.FailureCount, int64(len(s.Failures)), 0), n)
	for _, f := range s.Failures[:min(int64(len(s.Failures)), n)] {
		p.tell(f)
	}
	for range failed - min(int64(len(s.Failures)), n) {
		p.tell(StatusItem{Message: "the server does not say which object, nor why"})
	}
	p.sums.Sent += n
	p.sums.Failed += failed
	if s.pending() {
		p.sums.Pending += n - min(failed+max(s.SuccessCount, 0), n)
	}
}

// fail counts one object as refused.
func (p *Push) fail(raw json.RawMessage, why string) {
	var o struct {
		ID       string `json:"id"`
		Modified string `json:"modified"`
		Created  string `json:"created"`
	}
	_ = json.Unmarshal(raw, &o) // what cannot be read stays empty
	if o.Modified == "" {
		o.Modified = o.Created
	}
	p.tell(StatusItem{ID: o.ID, Version: o.Modified, Message: why})
	p.sums.Sent++
	p.sums.Failed++
}

func (p *Push) tell(f StatusItem) {
	if p.Failed != nil {
		f.ID, f.Version, f.Message = clip(f.ID), clip(f.Version), clip(f.Message)
		p.Failed(f)
	}
}
