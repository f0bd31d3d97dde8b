package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// rolesAsked are those of the columns of routeRules, each with who has it.
func rolesAsked() []string {
	return []string{"stranger", "alpha-key", "alpha-reader", "alpha-member", "alpha-admin", "gov-analyst", "ada", "local", "alpha-reads-desk", "gov-admin-reads-desk"}
}

// routeRule says who may use an operation of the API. In may each column is the
// first digit of the status, or for a refusal: u 401, f 403, n 404, c 409.
type routeRule struct {
	method, path, body string // NEW stands for a name that is new each time
	may                string // in the order of rolesAsked
}

func routeRules() []routeRule {
	const (
		everybody = "2222222222"
		members   = "u222222222"
		people    = "uf222222f2" // an organisation's key is nobody
		hubAdmins = "ufffff22ff"
		onlyLocal = "uffffff2ff"
		analysts  = "uffff222ff"
		noDraft   = "uffffnnnff" // hidden and absent are one answer, to analysts alone
	)
	return []routeRule{
		{"GET", "/me", "", everybody},
		{"GET", "/settings", "", everybody},
		{"GET", "/collections", "", everybody},
		{"GET", "/collections/public", "", "22222222nn"},
		{"GET", "/changes", "", everybody},
		{"GET", "/search?text=x", "", everybody},
		{"GET", "/objects/indicator--00000000-0bad-4bad-abad-000000000000", "", "nnnnnnnnnn"},
		{"GET", "/objects/indicator--00000000-0bad-4bad-abad-000000000000/content", "", "nnnnnnnnnn"},
		{"GET", "/objects/indicator--00000000-0bad-4bad-abad-000000000000/counts", "", "nnnnnnnnnn"},
		{"GET", "/organisations", "", members},
		{"GET", "/organisations/alpha", "", members},
		{"POST", "/organisations", `{"handle":"NEW","name":"NEW"}`, hubAdmins},
		{"PATCH", "/organisations/alpha", `{"contact":"soc@alpha.example"}`, "ufff2f22ff"},
		{"PATCH", "/organisations/alpha", `{"sector":"technology"}`, hubAdmins},
		{"PATCH", "/organisations/alpha", `{"client_of":[]}`, hubAdmins},
		{"PATCH", "/organisations/alpha", `{"status":"active"}`, hubAdmins},
		{"PATCH", "/organisations/gamma", `{"contact":"soc@gamma.example"}`, hubAdmins},
		{"GET", "/people", "", people},
		{"GET", "/people?organisation=gamma", "", "ufffff22ff"},
		{"GET", "/people/alpha-member@alpha.example", "", "un222n22nn"},
		{"POST", "/people", `{"name":"N","email":"NEW@alpha.example","organisation":"alpha","role":"member"}`, "ufff2f22ff"},
		{"POST", "/people", `{"name":"N","email":"NEW@gamma.example","organisation":"gamma","role":"member"}`, hubAdmins},
		{"POST", "/people", `{"name":"N","email":"NEW@gov.example","organisation":"gov","role":"analyst"}`, hubAdmins},
		{"PATCH", "/people/alpha-reader@alpha.example", `{"role":"reader"}`, "unff2n22nn"},
		{"PATCH", "/people/alpha-member@alpha.example", `{"name":"Pat NEW"}`, "unf22n22nn"},
		{"PATCH", "/people/alpha-member@alpha.example", `{"role":"hub-admin"}`, "unff4n44nn"},
		{"PATCH", "/people/alpha-member@alpha.example", `{"role":"analyst"}`, "unff4n44nn"},
		{"GET", "/groups", "", members},
		{"GET", "/groups/" + trustGroup, "", "u2222n222n"},
		{"POST", "/groups", `{"handle":"NEW","title":"T"}`, hubAdmins},
		{"PATCH", "/groups/" + trustGroup, `{"description":"NEW"}`, hubAdmins},
		{"DELETE", "/groups/" + trustGroup, "", "ufffffccff"},
		{"POST", "/collections", `{"alias":"NEW","title":"T"}`, hubAdmins},
		{"PATCH", "/collections/indicators", `{"description":"NEW"}`, hubAdmins},
		{"DELETE", "/collections/indicators", "", "ufffffccff"},
		{"GET", "/keys", "", members},
		{"GET", "/keys?owner=gamma", "", members},
		{"POST", "/keys", `{"name":"NEW","organisation":"alpha"}`, "ufff2f22ff"},
		{"POST", "/keys", `{"name":"NEW","organisation":"gamma"}`, hubAdmins},
		{"POST", "/keys", `{"name":"NEW","person":"alpha-member@alpha.example"}`, "unf22n22ff"},
		{"POST", "/keys", `{"name":"NEW","person":"ada@gov.example"}`, "unnnnf22ff"},
		{"DELETE", "/keys/aaaaaaaaaaaa", "", "unnnnnnnnn"},
		{"GET", "/assets", "", "u2f22222ff"},
		{"GET", "/assets?organisation=gamma", "", "ufffff22ff"},
		{"GET", "/assets/server-alpha-7x9?organisation=alpha", "", "u2f22f22ff"},
		{"POST", "/assets", `{"organisation":"alpha","kind":"domain","name":"NEW","domain":"NEW.example"}`, "ufff2f22ff"},
		{"POST", "/assets", `{"organisation":"gamma","kind":"domain","name":"NEW","domain":"NEW.example"}`, hubAdmins},
		{"PATCH", "/assets/server-alpha-7x9?organisation=alpha", `{"name":"server-alpha-7x9"}`, "ufff2f22ff"},
		{"PATCH", "/assets/server-alpha-7x9?organisation=alpha", `{"verified":true}`, hubAdmins},
		{"DELETE", "/assets/nothing?organisation=gamma", "", "ufffffnnff"},
		{"GET", "/audit", "", hubAdmins},
		{"GET", "/audit/verify", "", hubAdmins},
		{"POST", "/audit/export", "", hubAdmins},
		{"POST", "/backup", "", onlyLocal},
		{"PATCH", "/settings", `{"description":"NEW"}`, hubAdmins},
		{"POST", "/setup", `{"title":"T","organisation":"O","handle":"oo","name":"N","email":"n@o.example"}`, "fffffffcff"},
		{"POST", "/setup/link", "", "uffffffcff"},
		{"GET", "/moderation", "", "uffff22fff"},
		{"POST", "/moderation/00000000000000000000000a/decision", `{"approve":true}`, "uffffnnfff"},
		{"GET", "/objects/indicator--00000000-0bad-4bad-abad-000000000000/sealed", "", "ufffffnnff"},
		{"POST", "/collections/indicators/objects", `{}`, "u2f2222fnn"},
		{"DELETE", "/collections/indicators/objects/indicator--00000000-0bad-4bad-abad-000000000000", "", "unfnnnnnnn"},
		{"GET", "/statuses/00000000-0bad-4bad-abad-000000000000", "", "unnnnnnnnn"},
		{"GET", "/subscriptions", "", "u222222222"},
		{"POST", "/subscriptions", `{"name":"NEW"}`, "u222222222"},
		{"GET", "/subscriptions/none/changes", "", "unnnnnnnnn"},
		{"POST", "/subscriptions/none/ack", `{"cursor":"x"}`, "unnnnnnnnn"},
		{"DELETE", "/subscriptions/none", "", "unnnnnnnnn"},
		{"GET", "/advisories", "", everybody},
		{"GET", "/advisories/nothing", "", "nnnnnnnnnn"},
		{"GET", "/advisories/nothing/content?format=html", "", "nnnnnnnnnn"},
		{"GET", "/advisories/nothing/diff", "", "nnnnnnnnnn"},
		{"GET", "/advisories/nothing/diff?to=0", "", "uffffnnnff"},
		{"GET", "/advisories/export", "", everybody},
		{"GET", "/advisories/settings", "", everybody},
		{"PATCH", "/advisories/settings", `{"publisher":"NEW","namespace":"https://cert.example","category":"coordinator"}`, hubAdmins},
		{"POST", "/advisories/match", `{"components":[{"name":"x","version":"1"}]}`, everybody},
		{"GET", "/drafts", "", analysts},
		{"POST", "/drafts", `{"yaml":"{class: alert, risk: low, tlp: green, title: {en: NEW}, description: {en: NEW}}"}`, analysts},
		{"POST", "/drafts", `{"yaml":"no: advisory"}`, "uffff444ff"}, // what is wrong with it is for those who may write
		{"POST", "/drafts/lint", `{"yaml":"tlp: green"}`, analysts},
		{"GET", "/drafts/nothing", "", noDraft},
		{"PATCH", "/drafts/nothing", `{"version":1,"yaml":"{class: alert, risk: low, tlp: green, title: {en: NEW}, description: {en: NEW}}"}`, noDraft},
		{"PATCH", "/drafts/nothing", `{"version":1,"yaml":"no: advisory"}`, "uffff444ff"},
		{"DELETE", "/drafts/nothing?version=1", "", noDraft},
		{"GET", "/drafts/nothing/preview", "", noDraft},
		{"POST", "/drafts/nothing/submit", `{"version":1}`, noDraft},
		{"POST", "/drafts/nothing/submit", `{"version":1,"summary":{"xx":"no language"}}`, "uffff444ff"},
		{"POST", "/drafts/nothing/approve", `{"version":1}`, noDraft},
		{"POST", "/drafts/nothing/reject", `{"version":1,"reason":"because"}`, noDraft},
		{"POST", "/drafts/nothing/publish", `{"version":1}`, noDraft},
		{"POST", "/drafts/nothing/unschedule", `{"version":1}`, noDraft},
		{"POST", "/drafts/nothing/withdraw", `{"version":1}`, noDraft},
		{"POST", "/drafts/nothing/supersede", `{"version":1,"by":"nothing"}`, noDraft},
		{"GET", "/library", "", everybody},
		{"POST", "/library", `{"document":"{}"}`, "uffff444ff"},
		{"POST", "/advisories/match", `{"components":[{"name":"x","version":"1"}],"asset":"server-alpha-7x9"}`, "u2f22nnnff"},
		{"GET", "/exposures", "", "u2f22222ff"},
		{"GET", "/advisories/nothing/exposures", "", "uffffnnnff"},
		{"POST", "/advisories/nothing/acknowledge", `{}`, "unfnnnnnff"},
		{"GET", "/advisory-subscriptions", "", "uf222222ff"},
		{"POST", "/advisory-subscriptions", `{"channel":"mail","product":"NEW"}`, "ufccccccff"}, // this hub sends no mail
		{"DELETE", "/advisory-subscriptions/nothing", "", "ufnnnnnnff"},
		{"GET", "/advisory-sources", "", analysts},
		{"POST", "/advisory-sources", `{"id":"NEW","kind":"kev","url":"https://kev.example/kev.json"}`, hubAdmins},
		{"POST", "/advisory-sources", `{"id":"NEW","kind":"kev","url":"no address"}`, "ufffff44ff"},
		{"PATCH", "/advisory-sources/nothing", `{"paused":true}`, "ufffffnnff"},
		{"DELETE", "/advisory-sources/nothing", "", "ufffffnnff"},
		{"POST", "/advisory-sources/nothing/run", "", noDraft},
	}
}

// TestRoles asks every operation of the API in every role.
func TestRoles(t *testing.T) {
	w := newWorld(t)
	w.share("alpha-key", nil, nil, w.sighted(w.shelves["indicators"], marked("GREEN"))) // so that it is not empty
	w.judge()
	marks := map[string]int{"u": 401, "f": 403, "n": 404, "c": 409}
	left := map[string]bool{}
	for _, op := range w.operations() {
		left[op] = true
	}
	n := 0
	for _, r := range routeRules() {
		for op := range left {
			if covers(op, r) {
				delete(left, op)
			}
		}
		for i, role := range rolesAsked() {
			n++
			a := w.asker(role)
			name := fmt.Sprintf("new-%d", n)
			got := w.ask(a, r.method, "/api/v1"+r.path, strings.ReplaceAll(r.body, "NEW", name))
			want := r.may[i : i+1]
			if status, exact := marks[want]; exact && got.status != status || !exact && fmt.Sprint(got.status)[:1] != want {
				t.Errorf("%s: %s %s %s: %d, want %s: %.300s", role, r.method, r.path, r.body, got.status, want, got.body)
			}
		}
	}
	for op := range left {
		t.Errorf("no rule says who may %s", op)
	}
	for _, a := range w.askers {
		if !a.shut {
			continue
		}
		for _, r := range routeRules() {
			if got := w.ask(a, r.method, "/api/v1"+r.path, strings.ReplaceAll(r.body, "NEW", "x")); got.status != http.StatusUnauthorized {
				t.Errorf("%s is shut out and gets %s %s: %s", a.name, r.method, r.path, got)
			}
		}
	}
}

// operations are those of the API's description, as METHOD /path.
func (w *world) operations() (all []string) {
	w.t.Helper()
	d := decode[struct{ Paths map[string]map[string]any }](w, w.ask(w.asker("stranger"), http.MethodGet, "/api/v1/openapi.json", ""))
	for path, methods := range d.Paths {
		for method := range methods {
			all = append(all, strings.ToUpper(method)+" "+strings.TrimPrefix(path, "/api/v1"))
		}
	}
	if len(all) < 40 {
		w.t.Fatalf("%d operations", len(all))
	}
	return all
}

func covers(op string, r routeRule) bool {
	method, path, _ := strings.Cut(op, " ")
	u, err := url.Parse(r.path)
	if err != nil || method != r.method {
		return false
	}
	a, b := strings.Split(path, "/"), strings.Split(u.Path, "/")
	for i := range a {
		if len(a) != len(b) || a[i] != b[i] && !strings.HasPrefix(a[i], "{") {
			return false
		}
	}
	return true
}

// TestShutOut: suspending an organisation, disabling a person, and revoking a key
// shut it at once, in both protocols, and letting it in again opens it.
func TestShutOut(t *testing.T) {
	w := newWorld(t)
	status := func(a *asker) [2]int {
		return [2]int{w.ask(a, http.MethodGet, "/api/v1/me", "").status, w.ask(a, http.MethodGet, "/taxii2/community/collections/", "").status}
	}
	open, shut := [2]int{200, 200}, [2]int{401, 401}
	check := func(when string, want [2]int, names ...string) {
		t.Helper()
		for _, name := range names {
			if got := status(w.asker(name)); got != want {
				t.Errorf("%s: %s gets %v, want %v", when, name, got, want)
			}
		}
	}
	all := []string{"gamma-key", "gamma-member", "gamma-admin"}
	check("before", open, all...)
	w.must(http.MethodPatch, "/organisations/gamma", apiclient.OrganisationEdit{Status: ptr("suspended")}, nil)
	check("suspended", shut, all...)
	check("others", open, "alpha-key", "ada")
	w.must(http.MethodPatch, "/organisations/gamma", apiclient.OrganisationEdit{Status: ptr("active")}, nil)
	check("again", open, all...)
	w.must(http.MethodPatch, "/people/gamma-member@gamma.example", apiclient.PersonEdit{Disabled: ptr(true)}, nil)
	check("disabled", shut, "gamma-member")
	check("the others", open, "gamma-key", "gamma-admin")
	w.must(http.MethodPatch, "/people/gamma-member@gamma.example", apiclient.PersonEdit{Disabled: ptr(false)}, nil)
	check("enabled", open, "gamma-member")
	w.must(http.MethodDelete, "/keys/"+w.asker("gamma-key").keyID, nil, nil)
	check("revoked", shut, "gamma-key")
	check("the people", open, "gamma-admin", "gamma-member")

	// A person's key has the rights that the person has now.
	edit := `{"contact":"new@gamma.example"}`
	a := w.asker("gamma-admin")
	if got := w.ask(a, http.MethodPatch, "/api/v1/organisations/gamma", edit); got.status != http.StatusOK {
		t.Errorf("an organisation's administrator: %s", got)
	}
	w.must(http.MethodPatch, "/people/gamma-admin@gamma.example", apiclient.PersonEdit{Role: ptr("reader")}, nil)
	if got := w.ask(a, http.MethodPatch, "/api/v1/organisations/gamma", edit); got.status != http.StatusForbidden {
		t.Errorf("who is one no more: %s", got)
	}
	// A key of an organisation that expires does so at its time.
	soon := time.Now().Add(700 * time.Millisecond)
	var made apiclient.MadeKey
	w.must(http.MethodPost, "/keys", apiclient.NewKey{Name: "short", Organisation: "alpha", Expires: soon}, &made)
	short := &asker{name: "short", key: made.Secret, org: "alpha"}
	first := status(short)
	for deadline := soon.Add(20 * time.Second); status(short) != shut && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
	}
	if last := status(short); last != shut {
		t.Errorf("an expired key gets %v, at first %v", last, first)
	}
}
