package advisories_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/internal/notify"
)

func (w *watch) subscribe(t testing.TB, c *advisories.Caller, sub advisories.Subscription) advisories.Subscription {
	t.Helper()
	got, err := w.Subscribe(t.Context(), c, sub)
	must(t, err)
	return got
}

// TestTellOncePerRevision: each revision is told once, however often it is looked.
func TestTellOncePerRevision(t *testing.T) {
	w := openWatch(t, chaos(21))
	before := w.published(t, about("Old", "1", tlp.Clear))
	w.subscribe(t, of("mia-of-alpha"), advisories.Subscription{Lang: i18n.Traditional})
	w.round(t)
	same(t, "what was before", w.sent(t))
	rec := w.published(t, about("Server", "6.4.2", tlp.Clear))
	w.round(t)
	w.round(t)
	same(t, "published", w.sent(t), "mail mia-of-alpha@alpha.example: "+rec.ID+" published revision 1, 0 concerned, named []")
	w.open(t)
	w.round(t)
	same(t, "after a restart", w.sent(t))

	// Two revisions before it is looked: the last one is told.
	for range 2 {
		next := rec.Text()
		next.Impact = texts(fmt.Sprintf("Worse, in version %d.", rec.Version))
		var err error
		rec, err = w.Edit(t.Context(), analyst("ann"), rec.ID, rec.Version, next)
		must(t, err)
		rec = w.release(t, rec)
	}
	w.round(t)
	same(t, "revised", w.sent(t), "mail mia-of-alpha@alpha.example: "+rec.ID+" revised revision 3, 0 concerned, named []")
	rec, err := w.Withdraw(t.Context(), analyst("ann"), before.ID, before.Version, texts("Wrong."))
	must(t, err)
	w.release(t, rec)
	w.round(t)
	same(t, "withdrawn", w.sent(t), "mail mia-of-alpha@alpha.example: "+before.ID+" withdrawn revision 2, 0 concerned, named []")
}

// TestTellWhoMayRead is a matrix of labels and receivers, also after they lost their
// rights.
func TestTellWhoMayRead(t *testing.T) {
	w := openWatch(t, nil)
	people := []string{"mia-of-alpha", "tom-of-alpha", "mia-of-beta", "mia-of-client"}
	for _, p := range people {
		w.subscribe(t, of(p), advisories.Subscription{})
	}
	w.subscribe(t, of("boss-of-alpha"), advisories.Subscription{Channel: notify.ByWebhook, To: "https://hook.alpha.example/x"})
	w.subscribe(t, of("boss-of-beta"), advisories.Subscription{To: "soc@beta.example"})
	publish := func() map[string]string {
		return map[string]string{
			"clear": w.published(t, about("Server", "6.4.2", tlp.Clear)).ID, "green": w.published(t, about("Server", "6.4.3", tlp.Green)).ID,
			"amber":  w.published(t, about("Server", "6.4.4", tlp.Amber, "alpha")).ID,
			"strict": w.published(t, about("Server", "6.4.5", tlp.AmberStrict, "alpha")).ID,
			"red":    w.published(t, about("Server", "6.4.6", tlp.Red, "mia-of-alpha@x", "ben@gov.example")).ID,
		}
	}
	check := func(when string, want map[string]string) {
		t.Helper()
		ids := publish()
		w.round(t)
		got := w.sent(t)
		n := 0
		for to, labels := range want {
			for _, label := range strings.Fields(labels) {
				n++
				found := 0
				for _, m := range got {
					if strings.Contains(m, " "+to+":") && strings.Contains(m, ids[label]) {
						found++
					}
				}
				if found != 1 {
					t.Errorf("%s: %s is told %d times of %s", when, to, found, label)
				}
			}
		}
		for _, m := range got {
			if strings.Contains(m, "alpha]") {
				t.Errorf("%s: it says who else reads it: %s", when, m)
			}
		}
		if len(got) != n {
			t.Errorf("%s: %d messages, want %d: %q", when, len(got), n, got)
		}
	}
	all := map[string]string{
		"mia-of-alpha@alpha.example": "clear green amber strict red", "tom-of-alpha@alpha.example": "clear green amber strict",
		"mia-of-beta@beta.example": "clear green", "mia-of-client@client.example": "clear green amber",
		"https://hook.alpha.example/x": "clear green amber strict", "soc@beta.example": "clear green",
	}
	check("first", all)
	w.shut["tom-of-alpha"], w.shut["beta"] = true, true
	check("some are shut out", map[string]string{
		"mia-of-alpha@alpha.example": "clear green amber strict red", "mia-of-client@client.example": "clear green amber", "https://hook.alpha.example/x": "clear green amber strict",
	})
	w.shut = map[string]bool{}
	w.round(t)
	same(t, "what came while they were shut out", w.sent(t))
	check("back again", all)
}

// TestTellFilters: product, sector and risk.
func TestTellFilters(t *testing.T) {
	w := openWatch(t, nil)
	for name, sub := range map[string]advisories.Subscription{
		"product": {Product: "example SERVER"}, "sector": {Sector: "healthcare"}, "risk": {Risk: advisories.RiskExtreme}, "other": {Product: "nothing"},
	} {
		w.subscribe(t, of(name+"-of-alpha"), sub)
	}
	w.published(t, about("Server", "6.4.2", tlp.Clear))
	health := about("Library", "6.4.2", tlp.Clear)
	health.Sectors, health.Risk = []string{"healthcare"}, advisories.RiskExtreme
	w.published(t, health)
	bank := about("Library", "6.4.2", tlp.Clear)
	bank.Sectors = []string{"financial-services"}
	w.published(t, bank)
	w.round(t)
	count := map[string]string{}
	for _, m := range w.sent(t) {
		to, text, _ := strings.Cut(m, ": ")
		count[strings.TrimPrefix(to, "mail ")] += strings.Fields(text)[0] + " "
	}
	want := map[string]string{"product-of-alpha@alpha.example": "A26-11-01 ", "sector-of-alpha@alpha.example": "A26-11-01 A26-11-02 ", "risk-of-alpha@alpha.example": "A26-11-02 "}
	if fmt.Sprint(count) != fmt.Sprint(want) {
		t.Errorf("told %v, want %v", count, want)
	}
}

// TestDigests come when they are due, once, and not without news.
func TestDigests(t *testing.T) {
	w := openWatch(t, chaos(22)) // it is Monday, 16:00 in Hong Kong
	w.subscribe(t, of("day-of-alpha"), advisories.Subscription{Every: advisories.Daily})
	w.subscribe(t, of("week-of-alpha"), advisories.Subscription{Every: advisories.Weekly})
	one := w.published(t, about("Server", "6.4.2", tlp.Clear)).ID
	two := w.published(t, about("Library", "6.4.2", tlp.Clear)).ID
	w.round(t)
	same(t, "the same day", w.sent(t))
	w.clock.pass(15*time.Hour + 59*time.Minute)
	w.round(t)
	same(t, "before eight", w.sent(t))
	w.clock.pass(time.Minute)
	w.round(t)
	w.round(t)
	same(t, "at eight", w.sent(t), "mail day-of-alpha@alpha.example: "+one+" "+two+", 0 concerned")
	w.clock.pass(24 * time.Hour)
	w.round(t)
	same(t, "without news", w.sent(t))
	w.clock.pass(5 * 24 * time.Hour)
	w.round(t)
	same(t, "on Monday", w.sent(t), "mail week-of-alpha@alpha.example: "+one+" "+two+", 0 concerned")
}

// TestTellOfOwnAssets: only what concerns them, when it is found, and marked as told.
func TestTellOfOwnAssets(t *testing.T) {
	w := openWatch(t, chaos(23))
	ctx := t.Context()
	mia := of("mia-of-alpha")
	w.subscribe(t, mia, advisories.Subscription{Own: true})
	rec := w.published(t, about("Server", "6.4.2", tlp.Clear))
	w.published(t, about("Unrelated", "6.4.2", tlp.Clear))
	w.round(t)
	same(t, "nothing of ours", w.sent(t))
	for range 2 {
		_, err := w.Record(ctx, mia, software("alpha", "www", "scan-1", "Server 6.4.1"))
		must(t, err)
		w.round(t)
	}
	first := "mail mia-of-alpha@alpha.example: " + rec.ID + " published revision 1, 1 concerned, named []"
	same(t, "found by a scan", w.sent(t), first)
	page, err := w.Exposures.Exposures(ctx, mia, advisories.ExposureFilter{})
	must(t, err)
	if told := page.Items[0].Told; len(told) != 1 || told[0].Channel != notify.ByMail || told[0].Revision != 1 {
		t.Errorf("told: %+v", told)
	}
	_, err = w.Record(ctx, mia, software("alpha", "mail", "scan-2", "Server 6.3"))
	must(t, err)
	w.round(t)
	same(t, "on another asset", w.sent(t), first)
	next := rec.Text()
	next.Impact = texts("Worse.")
	rec, err = w.Edit(ctx, analyst("ann"), rec.ID, rec.Version, next)
	must(t, err)
	rec = w.release(t, rec)
	w.round(t)
	w.round(t)
	same(t, "revised", w.sent(t), "mail mia-of-alpha@alpha.example: "+rec.ID+" revised revision 2, 2 concerned, named []")
	w.readers["mia-of-alpha"] = true
	_, err = w.Record(ctx, of("tom-of-alpha"), software("alpha", "db", "scan-3", "Server 6.3"))
	must(t, err)
	w.round(t)
	same(t, "to whom may not see assets any more", w.sent(t))
	w.readers["mia-of-alpha"] = false
	rec, err = w.Withdraw(ctx, analyst("ann"), rec.ID, rec.Version, texts("Wrong."))
	must(t, err)
	w.release(t, rec)
	w.round(t)
	w.round(t)
	same(t, "withdrawn", w.sent(t), "mail mia-of-alpha@alpha.example: "+rec.ID+" withdrawn revision 3, 2 concerned, named []")
}

// TestManyOwnAtOnceAreOneMail: a first inventory does not fill a mailbox.
func TestManyOwnAtOnceAreOneMail(t *testing.T) {
	w := openWatch(t, nil)
	w.subscribe(t, of("mia-of-alpha"), advisories.Subscription{Own: true})
	w.subscribe(t, of("boss-of-alpha"), advisories.Subscription{Own: true, Channel: notify.ByWebhook, To: "https://hook.alpha.example/x"})
	for i := range 30 {
		w.published(t, about("Server", fmt.Sprintf("6.4.%d", i+2), tlp.Clear))
	}
	_, err := w.Record(t.Context(), of("mia-of-alpha"), software("alpha", "www", "scan-1", "Server 6.4.1"))
	must(t, err)
	w.round(t)
	hooks, mails := 0, 0
	for _, m := range w.sent(t) {
		if strings.HasPrefix(m, "webhook") {
			hooks++
		} else {
			mails++
		}
	}
	if hooks != 30 || mails != 1 {
		t.Errorf("%d calls of the webhook and %d mails, want 30 and 1", hooks, mails)
	}
}

// TestTellManyEvents: more than fit in one transaction.
func TestTellManyEvents(t *testing.T) {
	w := openWatch(t, nil)
	for i := range 30 {
		w.subscribe(t, of(fmt.Sprintf("p%02d-of-alpha", i)), advisories.Subscription{})
	}
	for range 25 {
		w.published(t, about("Server", "6.4.2", tlp.Clear))
	}
	w.round(t)
	if n := len(w.sent(t)); n != 30*25 {
		t.Errorf("%d messages, want %d", n, 30*25)
	}
}

// collector takes messages.
type collector struct{ got []string }

func (c *collector) Send(_ context.Context, m notify.Message) error {
	c.got = append(c.got, m.To)
	return nil
}

// TestNothingIsSentToWhoMayNoLonger: what waits in the outbox is not sent to who was
// shut out, left, or may not read it any more.
func TestNothingIsSentToWhoMayNoLonger(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *watch, sub advisories.Subscription)
		want   int
	}{
		"nothing changed": {func(*watch, advisories.Subscription) {}, 2},
		"shut out":        {func(w *watch, _ advisories.Subscription) { w.shut["mia-of-client"] = true }, 0},
		"organisation is": {func(w *watch, _ advisories.Subscription) { w.shut["client"] = true }, 0},
		"unsubscribed": {func(w *watch, sub advisories.Subscription) {
			must(t, w.Unsubscribe(t.Context(), of("mia-of-client"), sub.ID))
		}, 0},
		"no longer a client": {func(w *watch, _ advisories.Subscription) { w.parted = true }, 1},
	} {
		w := openWatch(t, nil)
		sub := w.subscribe(t, of("mia-of-client"), advisories.Subscription{})
		w.published(t, about("Server", "6.4.2", tlp.Clear))
		w.published(t, about("Server", "6.4.2", tlp.Amber, "alpha"))
		w.round(t)
		c.change(w, sub)
		to := &collector{}
		_, err := (&notify.Outbox{Store: w.store, Senders: map[notify.Channel]notify.Sender{notify.ByMail: to}, Now: w.clock.Now, May: w.MaySend}).Deliver(t.Context())
		must(t, err)
		if len(to.got) != c.want || len(w.messages(t)) != 0 {
			t.Errorf("%s: %d sent, want %d; left %q", name, len(to.got), c.want, w.messages(t))
		}
	}
}

// TestOneThatTakesNothingKeepsNobodyWaiting: an organisation whose receivers are down
// does not fill the outbox.
func TestOneThatTakesNothingKeepsNobodyWaiting(t *testing.T) {
	w := openWatch(t, nil)
	for i := range 60 {
		w.subscribe(t, of(fmt.Sprintf("p%02d-of-alpha", i)), advisories.Subscription{})
	}
	w.subscribe(t, of("mia-of-beta"), advisories.Subscription{})
	const published = 45
	for range published {
		w.published(t, about("Server", "6.4.2", tlp.Clear))
	}
	count := func() (alpha, beta int) {
		for _, m := range w.messages(t) {
			if strings.Contains(m, "alpha.example") {
				alpha++
			} else {
				beta++
			}
		}
		return alpha, beta
	}
	w.round(t)
	w.round(t)
	alpha, beta := count()
	if alpha < 1000 || alpha > 2500 || beta != published {
		t.Errorf("%d of alpha's messages wait, and %d of beta's", alpha, beta)
	}
	for range 5 {
		w.sent(t)
		w.round(t)
		more, _ := count()
		alpha += more
	}
	if alpha != 60*published {
		t.Errorf("alpha gets %d messages in the end, want %d", alpha, 60*published)
	}
}
