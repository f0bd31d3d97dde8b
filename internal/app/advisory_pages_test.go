package app

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/provider"
	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/audit"
)

// newDesk is a hub that publishes, in this process.
func newDesk(t *testing.T) *Hub {
	t.Helper()
	h, err := OpenHub(t.TempDir(), true, HubOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close(context.Background()) }) // the test is over
	_, err = h.Service.Setup(t.Context(), hub.SetupRequest{Title: "Test", Operator: hub.Organisation{Handle: "gov", Name: "Government CERT"}, Name: "Ada", Email: "ada@gov.example"})
	if err == nil {
		_, err = h.Advisories.SetSettings(t.Context(), &advisories.Caller{Admin: true, Entry: writer("ada").Entry}, advisories.Settings{
			Publisher: advisories.Publisher{Name: "Gov CERT", Namespace: "https://gov.example"}, CanonicalURL: "https://hub.example"})
	}
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func writer(id string) *advisories.Caller {
	return &advisories.Caller{Reader: tlp.Reader{Member: true, Organisation: "gov", Person: id}, Analyst: true, Person: id, Entry: audit.Entry{Actor: audit.Actor{Kind: audit.Person, ID: id}}}
}

// warning is an advisory of some products.
func warning(product string) advisories.Advisory {
	return advisories.Advisory{
		Class: advisories.Alert, Risk: advisories.RiskHigh, TLP: tlp.Clear, Title: advisories.Texts{"en": "A fault in " + product}, Description: advisories.Texts{"en": "It is bad."},
		Recommendation: advisories.Texts{"en": "Install 2."}, Products: []advisories.Product{{ID: "p", Vendor: "Example", Name: product, Versions: "1"}},
		Vulnerabilities: []advisories.Vulnerability{{CVE: "CVE-2026-12345", Title: advisories.Texts{"en": "A fault"}, About: advisories.Texts{"en": "It is bad."}}},
	}
}

// publishes takes a record of ann's to its publication.
func publishes(t *testing.T, h *Hub, rec advisories.Record, err error) advisories.Record {
	t.Helper()
	if err == nil {
		rec, err = h.Advisories.Submit(t.Context(), writer("ann"), rec.UUID, rec.Version, advisories.Submission{Summary: advisories.Texts{"en": "New."}})
	}
	if err == nil {
		rec, err = h.Advisories.Approve(t.Context(), writer("ben"), rec.UUID, rec.Version)
	}
	if err == nil {
		rec, err = h.Advisories.Publish(t.Context(), writer("ann"), rec.UUID, rec.Version, time.Time{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// TestAListThatLostSomethingIsNew: whoever asks by date alone is told of what was
// published within the same second, and of what left a list.
func TestAListThatLostSomethingIsNew(t *testing.T) {
	h := newDesk(t)
	pages := &advisoryPages{h: h, forms: h.forms, authenticate: func(*http.Request) (hub.Caller, error) { return hub.Caller{}, nil }}
	get := func(path, since string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		if since != "" {
			r.Header.Set("If-Modified-Since", since)
		}
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, r)
		return w
	}
	create := func(product string) advisories.Record {
		rec, err := h.Advisories.Create(t.Context(), writer("ann"), warning(product))
		return publishes(t, h, rec, err)
	}
	create("gate")
	rec := create("gate")
	lists := []string{"/en/advisories/feed.atom", "/en/advisories/feed.rss", "/en/advisories/feed.json", "/en/advisories/feed.atom?product=gate", "/advisories/catalogue.csv", "/advisories/catalogue.json"}
	seen := map[string]string{}
	for _, at := range lists {
		w := get(at, "")
		if seen[at] = w.Header().Get("Last-Modified"); w.Code != http.StatusOK || seen[at] == "" {
			t.Fatalf("%s: %d, Last-Modified %q", at, w.Code, seen[at])
		}
	}
	rec, err := h.Advisories.Edit(t.Context(), writer("ann"), rec.UUID, rec.Version, warning("door"))
	publishes(t, h, rec, err)
	create("gate")
	for _, at := range lists {
		if w := get(at, seen[at]); w.Code != http.StatusOK {
			t.Errorf("%s since %s: %d", at, seen[at], w.Code)
		}
	}
	// A page has a date of its own, by which it may be asked for.
	if w := get("/advisories/"+rec.ID, ""); get("/advisories/"+rec.ID, w.Header().Get("Last-Modified")).Code != http.StatusNotModified {
		t.Error("a page that is as it was is sent again")
	}
}

// TestWhatCannotBePublishedIsNotReviewed: a document that is too large to keep is a
// fault of the text, told before anybody reviews it.
func TestWhatCannotBePublishedIsNotReviewed(t *testing.T) {
	h := newDesk(t)
	a := warning("gate")
	a.Products, a.Vulnerabilities = nil, nil
	for i := range 500 {
		a.Products = append(a.Products, advisories.Product{ID: fmt.Sprint(strings.Repeat("p", 95), i), Vendor: "Example", Name: fmt.Sprint("gate", i), Versions: "1"})
	}
	for i := range 390 {
		a.Vulnerabilities = append(a.Vulnerabilities, advisories.Vulnerability{CVE: fmt.Sprint("CVE-2026-", 10000+i), Title: advisories.Texts{"en": "A fault"}, About: advisories.Texts{"en": "It is bad."}})
	}
	rec, err := h.Advisories.Create(t.Context(), writer("ann"), a)
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Advisories.Submit(t.Context(), writer("ann"), rec.UUID, rec.Version, advisories.Submission{})
	if advisories.CodeOf(err) != advisories.Invalid || !strings.Contains(err.Error(), "15 MiB") {
		t.Errorf("handed in: %v", err)
	}
}

// TestWhoeverHangsUpUndoesNothing: the first to ask waits until what is published is
// read; where they do not, the next finds it done.
func TestWhoeverHangsUpUndoesNothing(t *testing.T) {
	h := newDesk(t)
	rec, err := h.Advisories.Create(t.Context(), writer("ann"), warning("gate"))
	publishes(t, h, rec, err)
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	if index, err := h.forms.caughtUp(gone); err != nil || index == nil {
		t.Errorf("the index: %v", err)
	}
	p := &published{h: h}
	if serving, err := p.caughtUp(gone); err != nil || serving == nil {
		t.Errorf("the provider: %v", err)
	}
}

// TestContactsThatAreNoAddressesAreLeftOut: one of them is no reason to serve
// nothing.
func TestContactsThatAreNoAddressesAreLeftOut(t *testing.T) {
	set := advisories.Settings{CanonicalURL: "https://hub.example", Publisher: advisories.Publisher{Name: "CERT", Namespace: "https://cert.example", Category: "coordinator"}}
	for contact, want := range map[string]string{
		"Mail <cert@cert.example>, or see https://cert.example/contact.":                      "mailto:cert@cert.example https://cert.example/contact",
		"mailto:cert@cert.example +852 1234 5678":                                             "mailto:cert@cert.example",
		"https://%zz https:// https://[:: mailto: x:a@cert.example a@b@c http://cert.example": "",
	} {
		set.Publisher.Contact = contact
		c := providerConfig(set)
		if got := strings.Join(c.Contacts, " "); got != want {
			t.Errorf("%s: %q", contact, got)
		}
		if _, err := provider.New(c, nil); err != nil {
			t.Errorf("%s: %v", contact, err)
		}
	}
}
