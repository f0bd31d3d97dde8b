package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/api"
)

var update = flag.Bool("update", false, "write docs/openapi.json")

// TestOpenAPI: the description in docs is that of the code.
func TestOpenAPI(t *testing.T) {
	const file = "../../docs/openapi.json"
	h := api.New(api.Config{Version: "1", Authenticate: func(*http.Request) (hub.Caller, error) { return hub.Caller{}, nil }})
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/openapi.json", nil))
	var got bytes.Buffer
	if err := json.Indent(&got, rec.Body.Bytes(), "", "  "); err != nil || rec.Code != http.StatusOK {
		t.Fatalf("%d: %v", rec.Code, err)
	}
	got.WriteByte('\n')
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(want, got.Bytes()) {
		t.Errorf("docs/openapi.json is not what the code says (%v): go test ./hub/api -update", err)
	}
}
