package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// TestAnswerToManyComponents: a stranger who asks for very many components that one
// advisory of many products concerns gets an answer that the hub can afford, which
// says that it is not all.
func TestAnswerToManyComponents(t *testing.T) {
	h := newDesk(t)
	a := warning("gate")
	a.Products = nil
	for i := range 1000 {
		a.Products = append(a.Products, advisories.Product{ID: fmt.Sprint("p", i), Vendor: "Example", Name: fmt.Sprint("gate", i), PURL: fmt.Sprint("pkg:generic/gate", i)})
	}
	rec, err := h.Advisories.Create(t.Context(), writer("ann"), a)
	rec = publishes(t, h, rec, err)
	ask := func(components int) (out apiclient.MatchResult, size int) {
		t.Helper()
		in := apiclient.MatchRequest{}
		for i := range components {
			in.Components = append(in.Components, apiclient.Component{Name: fmt.Sprint("gate", i%1000), Version: fmt.Sprint("1.", i), PURL: fmt.Sprint("pkg:generic/gate", i%1000)})
		}
		body, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/advisories/match", strings.NewReader(string(body)))
		r.Header.Set("Content-Type", "application/json")
		h.API(func(*http.Request) (hub.Caller, error) { return hub.Caller{}, nil }).ServeHTTP(w, r)
		if err := json.Unmarshal(w.Body.Bytes(), &out); w.Code != http.StatusOK || err != nil {
			t.Fatalf("%d: %v: %.300s", w.Code, err, w.Body)
		}
		return out, w.Body.Len()
	}
	few, _ := ask(10)
	if len(few.Matches) != 10 || len(few.Warnings) > 0 || few.Matches[0].ID != rec.ID || few.Matches[9].Component.Name != "gate9" || few.Matches[0].Remedies == nil {
		t.Errorf("%d matches, warnings %q", len(few.Matches), few.Warnings)
	}
	many, size := ask(20_000)
	if size > 40<<20 || many.Components != 20_000 || len(many.Matches) == 0 || len(many.Warnings) != 1 || many.Matches[len(many.Matches)-1].ID != rec.ID {
		t.Errorf("%d MiB with %d matches, warnings %q", size>>20, len(many.Matches), many.Warnings)
	}
}

// TestFormsOfWhatIsTooWide: a document of others may say as much as its size allows.
// What would be many times that is not made for whoever asks.
func TestFormsOfWhatIsTooWide(t *testing.T) {
	h := newDesk(t)
	wide := map[string]func(a *advisories.Advisory){
		"vulnerabilities": func(a *advisories.Advisory) {
			for i := range 6000 {
				a.Vulnerabilities = append(a.Vulnerabilities, advisories.Vulnerability{CVE: fmt.Sprint("CVE-2026-", 10000+i), Products: map[advisories.Status][]string{advisories.Affected: {"p"}}})
			}
		},
		"remedies": func(a *advisories.Advisory) {
			a.Remedies = slices.Repeat([]advisories.Remedy{{Kind: "mitigation", Details: advisories.Texts{"en": "Wait."}, Products: []string{"p"}}}, 6000)
		},
		"remedies of all": func(a *advisories.Advisory) {
			a.Vulnerabilities = slices.Repeat(a.Vulnerabilities, 300)
			a.Remedies = slices.Repeat([]advisories.Remedy{{Kind: "mitigation", Details: advisories.Texts{"en": "Wait."}, Products: []string{"p"}}}, 300)
		},
		"products of all": func(a *advisories.Advisory) {
			a.Products, a.Vulnerabilities = slices.Repeat(a.Products, 1000), slices.Repeat(a.Vulnerabilities, 400)
		},
	}
	for name, widen := range wide {
		a := warning("gate")
		widen(&a)
		p := advisories.Publication{Advisory: a, Tracking: advisories.Tracking{ID: "X-1", Initial: time.Now(), Current: time.Now()}}
		for _, format := range []string{"stix", "osv"} {
			if _, _, err := h.forms.Render(&p, format, "en"); advisories.CodeOf(err) != advisories.NotFound || !strings.Contains(err.Error(), "CSAF") {
				t.Errorf("%s as %s: %.100v", name, format, err)
			}
		}
	}
}
