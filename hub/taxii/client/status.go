package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Status is how far a server is with what was posted (TAXII 2.1, 4.3.1).
type Status struct {
	ID           string       `json:"id"`
	Status       string       `json:"status"` // "pending" or "complete"
	TotalCount   int64        `json:"total_count"`
	SuccessCount int64        `json:"success_count"`
	FailureCount int64        `json:"failure_count"`
	PendingCount int64        `json:"pending_count"`
	Failures     []StatusItem `json:"failures"`
}

// StatusItem is one object in a status (TAXII 2.1, 4.3.2).
type StatusItem struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	Message string `json:"message"`
}

// pending tells whether the server is still at it.
func (s *Status) pending() bool { return s.Status == "pending" && s.ID != "" }

// Status asks how far the server is (TAXII 2.1, 4.3).
func (c *Client) Status(ctx context.Context, root *url.URL, id string) (Status, error) {
	var s Status
	err := c.get(ctx, root.JoinPath("status", url.PathEscape(id), "/"), &s)
	return s, err
}

// Post adds an envelope's objects once and returns the server's status, which may
// be pending (TAXII 2.1, 5.5).
func (c *Client) Post(ctx context.Context, collection *url.URL, envelope []byte) (Status, error) {
	var s Status
	err := c.do(ctx, &request{
		method: http.MethodPost, url: collection.JoinPath("objects", "/"), body: envelope, limit: c.o.MaxBody,
		read: func(h http.Header, body io.Reader) error {
			s = Status{}
			if err := decodeInto(&s)(h, body); err != nil {
				return err
			}
			if s.Status != "pending" && s.Status != "complete" {
				return &ProtocolError{Reason: fmt.Sprintf("its status is %q", clip(s.Status))}
			}
			return nil
		},
	})
	return s, err
}

// settle waits until a status is complete, at most for a time.
func (c *Client) settle(ctx context.Context, root *url.URL, s Status, most time.Duration) (Status, error) {
	end := c.o.Now().Add(most)
	for pause := 250 * time.Millisecond; s.pending() && c.o.Now().Before(end); pause = min(2*pause, 30*time.Second) {
		if err := c.o.Wait(ctx, min(pause, max(end.Sub(c.o.Now()), time.Millisecond))); err != nil {
			return s, err
		}
		again, err := c.Status(ctx, root, s.ID)
		var se *StatusError
		if errors.As(err, &se) && se.Code == http.StatusNotFound {
			return s, nil // the server gives no account of it: it stays pending
		}
		if err != nil {
			return s, err
		}
		if again.ID == "" {
			again.ID = s.ID
		}
		s = again
	}
	return s, nil
}
