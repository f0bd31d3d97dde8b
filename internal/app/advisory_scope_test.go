package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// TestAdvisoryScopes: a key that is bound to collections reads advisories as its owner
// does if that of the advisories is among them, and else what everybody may; and it
// never works on any.
func TestAdvisoryScopes(t *testing.T) {
	w := newNotices(t)
	stock := []*notice{
		w.publish(&notice{what: "published", label: "clear"}), w.publish(&notice{what: "published", label: "green"}),
		w.publish(&notice{what: "published", label: "amber", orgs: []string{"gamma", recipient}}), w.publish(&notice{what: "for another", label: "amber", orgs: []string{"alpha"}}),
	}
	for _, c := range []struct {
		scopes []apiclient.Scope
		reads  bool
	}{
		{nil, true},
		{[]apiclient.Scope{{Collection: "advisories", Verbs: []string{"read"}}}, true},
		{[]apiclient.Scope{{Collection: "*", Verbs: []string{"read"}}}, true},
		{[]apiclient.Scope{{Collection: "indicators", Verbs: []string{"read", "write"}}}, false},
		{[]apiclient.Scope{{Collection: "*", Verbs: []string{"write"}}}, false},
	} {
		var made apiclient.MadeKey
		w.must(http.MethodPost, "/keys", apiclient.NewKey{Name: "bound", Organisation: "gamma", Scopes: c.scopes}, &made)
		a := &asker{name: "gamma, bound", key: made.Secret, org: "gamma", role: "member", scopes: c.scopes}
		for _, n := range stock {
			may := n.label == "clear" || c.reads && (n.label == "green" || n.orgs[0] == "gamma")
			for _, route := range []string{"/api/v1/advisories/NAME", "/en/advisories/NAME", "/advisories/NAME.json", "/csaf/" + n.folder() + "/" + n.year + "/FILE.json"} {
				path := strings.NewReplacer("NAME", n.id, "FILE", n.fileName).Replace(route)
				if got := w.ask(a, http.MethodGet, path, ""); (got.status == http.StatusOK) != may {
					t.Errorf("scopes %v: %s, %s: %d", c.scopes, path, n.label, got.status)
				}
			}
		}
		if got := w.ask(a, http.MethodGet, "/api/v1/drafts", ""); got.status != http.StatusForbidden {
			t.Errorf("scopes %v: drafts: %d", c.scopes, got.status)
		}
	}
}
