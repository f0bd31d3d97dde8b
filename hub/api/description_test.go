package api_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/api"
)

// TestDescriptionForGenerators: what makes a client from the description sends
// the key wherever one counts, knows each status, and meets no list that is null.
func TestDescriptionForGenerators(t *testing.T) {
	h := api.New(api.Config{Version: "1", Authenticate: func(*http.Request) (hub.Caller, error) { return hub.Caller{}, nil }})
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/openapi.json", nil))
	if bytes.Contains(rec.Body.Bytes(), []byte(`"array","null"`)) && strings.Count(rec.Body.String(), `"array","null"`) > 1 {
		t.Errorf("lists may be null %d times", strings.Count(rec.Body.String(), `"array","null"`)) // one is huma's, in its errors
	}
	var doc struct {
		Paths map[string]map[string]struct {
			Security  []map[string][]string
			Responses map[string]struct{ Content map[string]any }
		}
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &doc); err != nil || len(doc.Paths) < 20 {
		t.Fatal(err, len(doc.Paths))
	}
	for path, operations := range doc.Paths {
		for method, o := range operations {
			for _, scheme := range []string{"bearer", "basic"} {
				if !slices.ContainsFunc(o.Security, func(s map[string][]string) bool { _, ok := s[scheme]; return ok }) {
					t.Errorf("%s %s does not say that a %s key counts", method, path, scheme)
				}
			}
			want := []string{"401", "403", "404", "429", "500", "503"}
			switch method {
			case "post", "patch":
				want = append(want, "400", "409", "413", "415")
			case "delete":
				want = append(want, "409")
			}
			if strings.HasSuffix(path, "/changes") {
				want = append(want, "409") // a cursor that is too old
			}
			for _, status := range want {
				if len(o.Responses[status].Content) == 0 {
					t.Errorf("%s %s does not say what %s looks like", method, path, status)
				}
			}
			if ok, found := o.Responses["200"]; found && len(ok.Content) == 0 {
				t.Errorf("%s %s does not say what its answer is", method, path)
			}
		}
	}
}
