package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/internal/notify"
)

// pigeonholes keeps what is sent, in the place of mail servers and webhooks.
type pigeonholes struct {
	mu   sync.Mutex
	sent map[string][]notify.Message // by receiver
}

func (p *pigeonholes) Send(_ context.Context, m notify.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent[m.To] = append(p.sent[m.To], m)
	return nil
}

// to is all that a receiver was sent, as one text.
func (p *pigeonholes) to(receiver string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b strings.Builder
	for _, m := range p.sent[receiver] {
		b.WriteString(m.Subject + "\n" + m.Text + "\n" + string(m.Payload) + "\n")
	}
	return b.String()
}

// TestAdvisoryMessages: everybody subscribes to everything. Each receiver is told of
// all that its owner may read, and of nothing else; and what an inventory is exposed
// to is known to those who may read the advisory.
func TestAdvisoryMessages(t *testing.T) {
	box := &pigeonholes{sent: map[string][]notify.Message{}}
	w := newNoticesOf(t, newWorldWith(t, map[notify.Channel]notify.Sender{notify.ByMail: box, notify.ByWebhook: box}))
	receivers := map[string]*asker{}
	subscribe := func(a *asker, to string, in apiclient.NewAdvisorySubscription) {
		t.Helper()
		body, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		got := w.ask(a, http.MethodPost, "/api/v1/advisory-subscriptions", string(body))
		if got.status != http.StatusCreated {
			t.Fatalf("%s subscribes: %s", a.name, got)
		}
		receivers[to] = a
	}
	for i, a := range w.askers {
		if a.shut || a.person == "" || len(a.scopes) > 0 {
			continue
		}
		lang := []string{"en", "zh-Hant", "zh-Hans"}[i%3]
		subscribe(a, a.person, apiclient.NewAdvisorySubscription{Channel: "mail", Lang: lang})
		if a.role == "organisation-admin" {
			to := "https://hook." + a.org + ".example/"
			subscribe(a, to, apiclient.NewAdvisorySubscription{Channel: "webhook", To: to, Lang: lang})
			receivers[to] = w.asker(a.org + "-key") // it is the organisation's
			to = "soc@" + a.org + ".example"
			subscribe(a, to, apiclient.NewAdvisorySubscription{Channel: "mail", To: to, Lang: lang})
			receivers[to] = w.asker(a.org + "-key")
		}
	}
	if len(receivers) < 12 {
		t.Fatalf("%d receivers", len(receivers))
	}
	for _, who := range []string{"alpha-member", "gamma-admin"} {
		w.inventory(who)
	}
	w.publishAll()
	wrong := func() (list []string) {
		for to, a := range receivers {
			found := w.mentions(box.to(to))
			for _, n := range w.all {
				_, told := found[n]
				if may := n.mayRead(a) && !n.library; told != may && !(told && n.mayRead(a)) {
					list = append(list, fmt.Sprintf("%s of %s was told of %q, %s %s: %v", to, a.name, n.what, n.label, n.id, told))
				}
			}
		}
		return list
	}
	for end := time.Now().Add(time.Minute); len(wrong()) > 0 && time.Now().Before(end); {
		time.Sleep(100 * time.Millisecond)
	}
	time.Sleep(3 * time.Second) // for a round of what should not come
	for _, fault := range wrong() {
		w.errorf("%s", fault)
	}
	for to, a := range receivers {
		if text := box.to(to); !a.analyses() && (strings.Contains(strings.ReplaceAll(text, to, ""), recipient) || strings.Contains(text, w.rcpt.ID)) {
			w.errorf("%s is told who else may read it: %.600s", to, text)
		}
	}
	w.exposed()
}

// inventory brings the inventory of an organisation that everything concerns.
func (w *notices) inventory(who string) {
	w.t.Helper()
	a := w.asker(who)
	q := apiclient.MatchRequest{Asset: "server-" + a.org + "-7x9"}
	for n := range 40 {
		token := (&notice{n: n}).token()
		q.Components = append(q.Components, apiclient.Component{Vendor: token + " vendor", Name: token + " gate", Version: "1.5.0", PURL: "pkg:pypi/" + token + "-gate@1.5.0"})
	}
	body, err := json.Marshal(q)
	if err != nil {
		w.t.Fatal(err)
	}
	if got := w.ask(a, http.MethodPost, "/api/v1/advisories/match", string(body)); got.status != http.StatusOK || !strings.Contains(got.body, `"recorded":true`) {
		w.t.Fatalf("%s brings an inventory: %s", who, got)
	}
}

// exposed asks everybody for what is exposed.
func (w *notices) exposed() {
	w.t.Helper()
	for _, a := range w.askers {
		if a.shut {
			continue
		}
		got := w.get(a, "/api/v1/exposures?limit=500")
		if got.status != http.StatusOK {
			continue // TestRoles says for whom it is
		}
		list := decode[apiclient.List[apiclient.Exposure]](w.world, got)
		for _, e := range list.Items {
			if e.Organisation != a.org && !a.analyses() {
				w.errorf("%s sees that %s is exposed: %+v", a.name, e.Organisation, e)
			}
		}
		found := w.mentions(got.body)
		for _, n := range w.all {
			holds := !n.work && !strings.HasPrefix(n.what, "withdrawn") && !strings.HasPrefix(n.what, "superseded")
			if _, there := found[n]; (a.org == "alpha" || a.org == "gamma") && holds && n.label != "red" && !there && n.mayRead(a) {
				w.errorf("%s is not told that %q, %s, concerns their inventory", a.name, n.what, n.label)
			}
			if n.id == "" || n.library {
				continue
			}
			path := "/api/v1/advisories/" + n.id + "/exposures"
			who, never := w.get(a, path), w.get(a, "/api/v1/advisories/"+n.neverThere()+"/exposures")
			if (who.status == http.StatusOK) != (a.analyses() && n.mayShow(a)) {
				w.errorf("%s asks whom %q, %s, concerns: %s", a.name, n.what, n.label, who)
			}
			if who.status != http.StatusOK {
				w.alikeNamed(a, path, who, n.id, never, n.neverThere())
			}
		}
	}
}
