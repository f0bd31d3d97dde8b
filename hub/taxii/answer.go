package taxii

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/cybersec-infohub/infohub/hub"
)

// refusal is a request that ends here, without the hub's being asked.
type refusal struct {
	status  int
	message string
	retry   time.Duration // of the header Retry-After; 0: none
}

func (r *refusal) Error() string { return r.message }

func refuse(status int, format string, args ...any) error {
	return &refusal{status: status, message: fmt.Sprintf(format, args...)}
}

// errorMessage is TAXII 2.1, 3.6.1.
type errorMessage struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	ErrorID     string `json:"error_id"`
	ErrorCode   string `json:"error_code,omitempty"`
	HTTPStatus  string `json:"http_status"`
}

// busy is when a client may try again what the store or the memory had no room
// for.
const busy = 5 * time.Second

// toRefusal is what the caller is told of an error. Only an Error of the hub and
// a refusal have words for them.
func toRefusal(err error) *refusal {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	e, ok := errors.AsType[*hub.Error](err)
	if !ok {
		return &refusal{status: http.StatusInternalServerError, message: "the hub failed; its operator finds the reason by error_id"}
	}
	r := &refusal{message: e.Message, retry: e.RetryAfter}
	switch e.Code {
	case hub.Invalid:
		r.status = http.StatusBadRequest
	case hub.Unauthenticated:
		r.status = http.StatusUnauthorized
	case hub.Forbidden:
		r.status = http.StatusForbidden
	case hub.NotFound:
		r.status = http.StatusNotFound
	case hub.Conflict:
		r.status = http.StatusConflict
	case hub.TooLarge:
		r.status = http.StatusRequestEntityTooLarge
	case hub.Unavailable:
		r.status, r.retry = http.StatusServiceUnavailable, max(r.retry, busy)
	case hub.Limited:
		r.status, r.retry = http.StatusTooManyRequests, max(r.retry, time.Second)
	default:
		r.status, r.message = http.StatusInternalServerError, "the hub failed; its operator finds the reason by error_id"
	}
	return r
}

// fail answers with an error message.
func (c *call) fail(err error) {
	if errors.Is(err, errBegun) {
		return
	}
	r := toRefusal(err)
	if r.status == http.StatusInternalServerError {
		if c.r.Context().Err() != nil && errors.Is(err, context.Canceled) {
			return // nobody is there to read it
		}
		c.Log.ErrorContext(c.r.Context(), "taxii: request failed", slog.String("request", c.id), slog.Any("error", err))
	}
	h := c.w.Header()
	if r.status == http.StatusUnauthorized {
		h.Add("WWW-Authenticate", `Bearer realm="infohub"`)
		h.Add("WWW-Authenticate", `Basic realm="infohub", charset="UTF-8"`)
	}
	if r.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(min(r.retry, time.Hour).Seconds()))))
	}
	m := errorMessage{Title: http.StatusText(r.status), Description: r.message, ErrorID: c.id, HTTPStatus: strconv.Itoa(r.status)}
	if e, ok := errors.AsType[*hub.Error](err); ok {
		m.ErrorCode = string(e.Code)
	}
	if err := c.answer(r.status, m); err != nil && !errors.Is(err, errBegun) {
		c.Log.ErrorContext(c.r.Context(), "taxii: an error message", slog.String("request", c.id), slog.Any("error", err))
	}
}

// answer sends a resource that is small enough to be made in memory.
func (c *call) answer(status int, resource any) error {
	body, err := json.Marshal(resource)
	if err != nil {
		return fmt.Errorf("taxii: answer: %w", err)
	}
	c.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	out := c.stream(status)
	if _, err := out.Write(body); err != nil {
		return err
	}
	return out.close()
}
