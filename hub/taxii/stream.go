package taxii

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"
)

// pace is how many bytes a client sends or takes within Config.Stall at least.
const pace = 64 << 10

// errBegun is an error after the answer began: there is nothing more to say.
var errBegun = errors.New("taxii: the client is gone or too slow")

// stream is the body of an answer. Each part of it has a deadline of its own, so
// that a large page may take its time and a client that takes none of it may
// not.
type stream struct {
	*call
	control *http.ResponseController
	code    int
	begun   bool // the header is sent
	broken  bool
}

// stream is the body of an answer that begins with its first byte, so that an
// error before it can still be told. Of HEAD only the header is sent.
func (c *call) stream(code int) *stream {
	return &stream{call: c, control: http.NewResponseController(c.w), code: code}
}

func (s *stream) begin() {
	if !s.begun {
		s.begun = true
		s.extend()
		s.w.WriteHeader(s.code)
	}
}

// extend puts the deadline off. A writer that has none is a test's.
func (s *stream) extend() {
	_ = s.control.SetWriteDeadline(s.Now().Add(s.Stall))
}

func (s *stream) Write(p []byte) (n int, err error) {
	s.begin()
	if s.r.Method == http.MethodHead {
		return len(p), nil
	}
	for len(p) > 0 {
		part := p[:min(len(p), pace)]
		s.extend()
		written, err := s.w.Write(part)
		n += written
		if err != nil {
			s.broken = true
			return n, fmt.Errorf("%w: %w", errBegun, err)
		}
		p = p[len(part):]
	}
	return n, nil
}

// close sends what is buffered and leaves no deadline behind that would end the
// next request on the connection.
func (s *stream) close() error {
	s.begin()
	s.extend()
	if err := s.control.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("%w: %w", errBegun, err)
	}
	server, _ := s.r.Context().Value(http.ServerContextKey).(*http.Server)
	if server == nil || server.WriteTimeout == 0 {
		_ = s.control.SetWriteDeadline(time.Time{})
	}
	return nil
}

// cut ends the connection in the middle of an answer, so that the client does
// not take the half of it for the whole. An answer that has not begun is left to
// the error.
func (s *stream) cut(err error) error {
	if !s.begun {
		return err
	}
	if !s.broken && s.r.Context().Err() == nil {
		s.Log.ErrorContext(s.r.Context(), "taxii: an answer was cut", slog.String("request", s.id), slog.Any("error", err))
	}
	_ = s.control.SetWriteDeadline(time.Unix(1, 0))
	return fmt.Errorf("%w: %w", errBegun, err)
}

// body reads what was sent, up to the hub's limit exactly.
func (c *call) body() ([]byte, error) {
	limit := c.MaxContentLength
	tooLarge := refuse(http.StatusRequestEntityTooLarge, "an envelope has at most %d bytes here (max_content_length of the API root): send it in several", limit)
	if c.r.ContentLength > limit {
		return nil, tooLarge
	}
	control := http.NewResponseController(c.w)
	// Without this the connection would end while the hub is still storing.
	defer func() { _ = control.SetReadDeadline(time.Time{}) }()
	in := io.LimitReader(c.r.Body, limit+1)
	body := make([]byte, 0, max(4<<10, min(c.r.ContentLength+1, 1<<20)))
	next := 0 // how long body is when the deadline is put off again
	for {
		if len(body) >= next {
			_ = control.SetReadDeadline(c.Now().Add(c.Stall))
			next = len(body) + pace
		}
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
		n, err := in.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if int64(len(body)) > limit {
			return nil, tooLarge
		}
		switch {
		case errors.Is(err, io.EOF):
			return body, nil
		case err != nil:
			c.w.Header().Set("Connection", "close")
			return nil, refuse(http.StatusRequestTimeout, "the request ended early or came too slowly")
		}
	}
}
