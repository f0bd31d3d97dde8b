package notify_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/internal/notify"
)

const whsec = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// verify is a receiver's check, written from the specification: the id, the time
// within five minutes, and one signature of its secret among those listed.
func verify(secret string, h http.Header, body []byte, now time.Time) error {
	id, stamp := h.Get("webhook-id"), h.Get("webhook-timestamp")
	sec, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || id == "" || now.Sub(time.Unix(sec, 0)).Abs() > 5*time.Minute {
		return errors.New("no id, or an old or broken time: " + stamp)
	}
	key, err := base64.StdEncoding.DecodeString(secret[len("whsec_"):])
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, key)
	_, _ = io.WriteString(mac, strings.Join([]string{id, stamp, string(body)}, "."))
	want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, s := range strings.Split(h.Get("webhook-signature"), " ") {
		if v, sig, _ := strings.Cut(s, ","); v == "v1" && subtle.ConstantTimeCompare([]byte(sig), []byte(want)) == 1 {
			return nil
		}
	}
	return errors.New("no signature fits")
}

// TestVector is the specification's own example.
func TestVector(t *testing.T) {
	h := http.Header{}
	h.Set("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek")
	h.Set("webhook-timestamp", "1614265330")
	h.Set("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
	if err := verify(whsec, h, []byte(`{"test": 2432232314}`), time.Unix(1614265330, 0)); err != nil {
		t.Error(err)
	}
}

// receiver answers with each status in turn, the last one for ever, and keeps
// the requests that verify.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	statuses []int
	header   http.Header
	ids      []string
	bodies   []string
	bad      []error
}

func newReceiver(t *testing.T, header http.Header, statuses ...int) *receiver {
	t.Helper()
	r := &receiver{statuses: statuses, header: header}
	r.Server = httptest.NewTLSServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body, _ := io.ReadAll(req.Body)
	if err := verify(whsec, req.Header, body, time.Now()); err != nil || req.Method != http.MethodPost || req.Header.Get("Content-Type") != "application/json" {
		r.bad = append(r.bad, err)
	}
	r.ids, r.bodies = append(r.ids, req.Header.Get("webhook-id")), append(r.bodies, string(body))
	for k, v := range r.header {
		w.Header()[k] = v
	}
	w.WriteHeader(r.statuses[0])
	if len(r.statuses) > 1 {
		r.statuses = r.statuses[1:]
	}
}

func webhook(t *testing.T, r *receiver, policy netguard.Policy, secrets string) *notify.Webhook {
	t.Helper()
	parsed, err := notify.ParseSecrets(secrets)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(r.Certificate())
	return &notify.Webhook{Secrets: parsed, Roots: roots, UserAgent: "test", Now: time.Now, Network: notify.Network{Dialer: &netguard.Dialer{Policy: policy}}}
}

func loopbackOnly() netguard.Policy {
	return netguard.Policy{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}}
}

// TestWebhookFailsTwice: the receiver gets the same message, well signed, until
// it takes it.
func TestWebhookFailsTwice(t *testing.T) {
	r := newReceiver(t, nil, 503, 500, 204)
	o, _, c := outbox(t)
	other := "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("o", 32)))
	o.Senders[notify.ByWebhook] = webhook(t, r, loopbackOnly(), "\uFEFF"+other+"\r\n"+whsec+"\r\n")
	m := message(0, c)
	m.To, m.Payload = r.URL+"/hook?x=1", []byte(`{"type":"site.changed"}`)
	put(t, o.Store, m)
	for range 2 {
		d := deliver(t, o)
		if len(d.Failed) != 1 {
			t.Fatalf("delivery %+v", d)
		}
		c.now = d.Next
	}
	if d := deliver(t, o); len(d.Sent) != 1 {
		t.Fatalf("third delivery %+v", d)
	}
	for i, id := range r.ids {
		if id != m.ID || r.bodies[i] != string(m.Payload) {
			t.Errorf("attempt %d: id %s, body %s", i+1, id, r.bodies[i])
		}
	}
	if len(r.ids) != 3 || len(r.bad) > 0 {
		t.Errorf("%d requests, bad %v", len(r.ids), r.bad)
	}
}

func TestWebhookAnswers(t *testing.T) {
	tests := []struct {
		name   string
		status int
		header http.Header
		final  bool
		after  time.Duration // at least, and less than a minute more
	}{
		{"gone", 410, nil, true, 0},
		{"not found, perhaps during a change", 404, nil, false, 0},
		{"busy", 429, http.Header{"Retry-After": {"120"}}, false, 2 * time.Minute},
		{"busy until a date", 503, http.Header{"Retry-After": {time.Now().Add(2 * time.Hour).UTC().Format(http.TimeFormat)}}, false, 119 * time.Minute},
		{"busy for ever", 503, http.Header{"Retry-After": {"4294967295"}}, false, 24 * time.Hour},
		{"busy for longer", 503, http.Header{"Retry-After": {"99999999999999999999"}}, false, 24 * time.Hour},
		{"nonsense", 503, http.Header{"Retry-After": {"-1"}}, false, 0},
		{"a redirect", 302, http.Header{"Location": {"/elsewhere"}}, false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newReceiver(t, tt.header, tt.status, 200)
			err := webhook(t, r, loopbackOnly(), whsec).Send(t.Context(), notify.Message{ID: "msg_1", To: r.URL})
			var se *notify.SendError
			if !errors.As(err, &se) || se.Final != tt.final || se.After < tt.after || se.After > tt.after+time.Minute {
				t.Errorf("error %+v", se)
			}
			if len(r.ids) != 1 {
				t.Errorf("%d requests; want 1", len(r.ids))
			}
		})
	}
}

// TestWebhookGuard: without an operator's word no message goes into the own
// network, and the reason does not tell the address's path.
func TestWebhookGuard(t *testing.T) {
	r := newReceiver(t, nil, 200)
	h := webhook(t, r, netguard.Policy{}, whsec)
	err := h.Send(t.Context(), notify.Message{ID: "msg_1", To: r.URL + "/secret-path"})
	var se *notify.SendError
	if !errors.As(err, &se) || !se.Final || strings.Contains(err.Error(), "secret-path") || !strings.Contains(err.Error(), "--notify-allow") {
		t.Errorf("error %v", err)
	}
	// A name that leads there is no way around.
	h.Network.Lookup = func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("::ffff:127.0.0.1"), netip.MustParseAddr("127.0.0.1")}, nil
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(r.URL, "https://"), ":")
	if err := h.Send(t.Context(), notify.Message{ID: "msg_1", To: "https://hooks.example:" + port + "/"}); !errors.As(err, &se) || !se.Final {
		t.Errorf("by name: %v", err)
	}
	if len(r.ids) > 0 {
		t.Error("the receiver was reached")
	}
	// Certificates are verified.
	h = webhook(t, r, loopbackOnly(), whsec)
	h.Roots = x509.NewCertPool()
	if err := h.Send(t.Context(), notify.Message{ID: "msg_1", To: r.URL}); err == nil {
		t.Error("a certificate of nobody was trusted")
	}
}

func TestCheckWebhookURL(t *testing.T) {
	for s, ok := range map[string]bool{
		"https://hooks.example/a?b=c": true, "http://127.0.0.1:8080/": true, "http://localhost/x": true, "http://[::1]:1/": true,
		"http://hooks.example/": false, "http://127.0.0.1.example/": false, "ftp://a.example/": false, "hooks.example": false, "": false, "https://": false,
		"https://ann:secret@hooks.example/": false, "https://:443/": false, "https://a b/": false,
	} {
		if err := notify.CheckWebhookURL(s); (err == nil) != ok {
			t.Errorf("%q: %v; want good %v", s, err, ok)
		}
	}
}

func TestParseSecrets(t *testing.T) {
	short := "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 23))
	long := "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 65))
	for s, n := range map[string]int{
		whsec: 1, "\n" + whsec + "\n\n" + whsec + "\n": 2,
		"": 0, "  \n": 0, "s3cr3t-value": 0, "whsec_": 0, short: 0, long: 0, "whsec_%%%": 0, strings.Repeat(whsec+"\n", 6): 0,
	} {
		got, err := notify.ParseSecrets(s)
		if len(got) != n || (err == nil) != (n > 0) {
			t.Errorf("%q: %d secrets, %v; want %d", s, len(got), err, n)
		}
		if err != nil && s != "" && strings.TrimSpace(s) != "" && strings.Contains(err.Error(), strings.TrimSpace(s)) && s != "whsec_" {
			t.Errorf("the error quotes the secret: %v", err)
		}
	}
}

func FuzzParseSecrets(f *testing.F) {
	f.Add(whsec)
	f.Add("whsec_\x00\n\uFEFF")
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := notify.ParseSecrets(s); (err == nil) != (len(got) > 0) || len(got) > 5 {
			t.Errorf("%d secrets, %v", len(got), err)
		}
	})
}
