package taxii

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub"
)

func TestToRefusal(t *testing.T) {
	tests := []struct {
		err    error
		status int
		retry  time.Duration
		told   bool // the words of the error
	}{
		{&hub.Error{Code: hub.Invalid, Message: "words"}, http.StatusBadRequest, 0, true},
		{&hub.Error{Code: hub.Unauthenticated, Message: "words"}, http.StatusUnauthorized, 0, true},
		{&hub.Error{Code: hub.Forbidden, Message: "words"}, http.StatusForbidden, 0, true},
		{&hub.Error{Code: hub.NotFound, Message: "words"}, http.StatusNotFound, 0, true},
		{&hub.Error{Code: hub.Conflict, Message: "words"}, http.StatusConflict, 0, true},
		{&hub.Error{Code: hub.TooLarge, Message: "words"}, http.StatusRequestEntityTooLarge, 0, true},
		{&hub.Error{Code: hub.Unavailable, Message: "words"}, http.StatusServiceUnavailable, busy, true},
		{&hub.Error{Code: hub.Limited, Message: "words", RetryAfter: time.Minute}, http.StatusTooManyRequests, time.Minute, true},
		{&hub.Error{Code: hub.Limited, Message: "words"}, http.StatusTooManyRequests, time.Second, true},
		{fmt.Errorf("with more: %w", &hub.Error{Code: hub.NotFound, Message: "words", Err: errors.New("secret")}), http.StatusNotFound, 0, true},
		{&hub.Error{Code: "another", Message: "words"}, http.StatusInternalServerError, 0, false},
		{errors.New("words and a secret"), http.StatusInternalServerError, 0, false},
		{refuse(http.StatusTeapot, "words"), http.StatusTeapot, 0, true},
	}
	for _, tt := range tests {
		r := toRefusal(tt.err)
		if r.status != tt.status || r.retry != tt.retry || (r.message == "words") != tt.told || strings.Contains(r.message, "secret") {
			t.Errorf("%v: %d, retry after %v: %s", tt.err, r.status, r.retry, r.message)
		}
	}
}
