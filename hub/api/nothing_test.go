package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/api"
)

// TestNothing: an address without an operation is 404, and another method of one
// that has some is 405 with those that it takes.
func TestNothing(t *testing.T) {
	h := api.New(api.Config{Version: "1", Authenticate: func(*http.Request) (hub.Caller, error) { return hub.Caller{}, nil }})
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{http.MethodGet, "/api/v1/nowhere", http.StatusNotFound, ""},
		{http.MethodPut, "/api/v1/keys", http.StatusMethodNotAllowed, "GET, POST"},
		{http.MethodPost, "/api/v1/search", http.StatusMethodNotAllowed, "GET"},
	} {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), c.method, c.path, nil))
		if rec.Code != c.status || rec.Header().Get("Allow") != c.allow || !strings.HasPrefix(rec.Header().Get("Content-Type"), "application/problem+json") {
			t.Errorf("%s %s: %d, Allow %q, %s", c.method, c.path, rec.Code, rec.Header().Get("Allow"), rec.Body)
		}
	}
}
