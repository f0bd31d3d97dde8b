package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub/taxii/client"
)

// taker takes what is posted, up to a size, and answers as it is told.
type taker struct {
	*server
	limit   int64
	told    string // max_content_length as it is told; "" is limit
	taken   []string
	hidden  bool // the API root
	sizes   []int
	polls   int
	refuse  func(object string) string // why one is refused; "" is taken
	whole   bool                       // an envelope with a bad object is refused whole
	slow    int                        // statuses are pending so often
	forgets bool                       // what the status was
	die     func(n int) bool           // the n-th envelope is taken, and the answer lost
	left    []client.StatusItem
}

func newTaker(t *testing.T) *taker {
	k := &taker{server: newServer(t, 0, 1), limit: 1 << 20}
	k.before = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.URL.Path == "/root/" && k.hidden:
			w.WriteHeader(http.StatusForbidden)
		case r.URL.Path == "/root/":
			told := k.told
			if told == "" {
				told = fmt.Sprint(k.limit)
			}
			_, _ = fmt.Fprintf(w, `{"title":"t","max_content_length":%s}`, told)
		case r.URL.Path == "/root/status/42/" && k.forgets:
			w.WriteHeader(http.StatusNotFound)
		case r.URL.Path == "/root/status/42/":
			k.polls++
			k.status(w, 0)
		case r.Method == http.MethodPost:
			k.post(w, r)
		default:
			return false
		}
		return true
	}
	return k
}

func (k *taker) post(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	k.sizes = append(k.sizes, len(body))
	if int64(len(body)) > k.limit {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	var e struct{ Objects []json.RawMessage }
	if err := json.Unmarshal(body, &e); err != nil || len(e.Objects) == 0 || r.Header.Get("Content-Type") != client.MediaType {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	var good []string
	var bad []client.StatusItem
	for _, o := range e.Objects {
		why := ""
		if k.refuse != nil {
			why = k.refuse(string(o))
		}
		if why == "" {
			good = append(good, string(o))
			continue
		}
		var id struct{ ID string }
		_ = json.Unmarshal(o, &id)
		bad = append(bad, client.StatusItem{ID: id.ID, Version: "2026-01-01T00:00:00Z", Message: why})
	}
	if k.whole && len(bad) > 0 {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = io.WriteString(w, `{"title":"one of them is bad"}`)
		return
	}
	k.taken, k.left = append(k.taken, good...), bad
	if k.die != nil && k.die(len(k.sizes)) {
		panic(http.ErrAbortHandler)
	}
	k.polls = 0
	k.status(w, http.StatusAccepted)
}

func (k *taker) status(w http.ResponseWriter, code int) {
	state := "complete"
	if k.polls < k.slow {
		state = "pending"
	}
	if code != 0 {
		w.WriteHeader(code)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"id": "42", "status": state, "failure_count": len(k.left), "failures": k.left})
}

func texts(n int) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		for i := range n {
			if !yield(json.RawMessage(fmt.Sprintf(`{"id":"indicator--%d", "n": %d.0}`, i, i)), nil) {
				return
			}
		}
	}
}

// push sends n objects and returns what was refused.
func (k *taker) push(t *testing.T, p client.Push, n int) (client.PushSums, []string, error) {
	t.Helper()
	var failed []string
	p.Client, p.Collection, p.Root = newClient(t, k.server, client.Options{}), k.collection(), k.root()
	p.Failed = func(f client.StatusItem) { failed = append(failed, f.ID+" "+f.Message) }
	sums, err := p.Run(t.Context(), texts(n))
	return sums, failed, err
}

func TestPush(t *testing.T) {
	odd := func(o string) string {
		if strings.Contains(o, "7.0") {
			return "a seven"
		}
		return ""
	}
	tests := []struct {
		name   string
		push   client.Push
		change func(*taker)
		taken  int
		failed int
		most   int // requests that post
	}{
		{"in batches", client.Push{Batch: 30}, nil, 100, 0, 4},
		{"by size", client.Push{}, func(k *taker) { k.limit = 500 }, 100, 0, 10},
		{"by a size that is told too large", client.Push{}, func(k *taker) { k.limit, k.told = 500, "100000" }, 100, 0, 40},
		{"an API root that is hidden", client.Push{}, func(k *taker) { k.hidden = true }, 100, 0, 1},
		{"no size told", client.Push{}, func(k *taker) { k.told = "null" }, 100, 0, 1},
		{"some refused", client.Push{Batch: 30}, func(k *taker) { k.refuse = odd }, 90, 10, 4},
		{"an envelope refused whole", client.Push{Batch: 30}, func(k *taker) { k.refuse, k.whole = odd, true }, 90, 10, 140},
		{"all too large", client.Push{}, func(k *taker) { k.limit = 20 }, 0, 100, 0},
		{"pending for a while", client.Push{Batch: 30}, func(k *taker) { k.slow = 4; k.refuse = odd }, 90, 10, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := newTaker(t)
			if tt.change != nil {
				tt.change(k)
			}
			sums, failed, err := k.push(t, tt.push, 100)
			if err != nil {
				t.Fatal(err)
			}
			if len(k.taken) != tt.taken || len(failed) != tt.failed || sums != (client.PushSums{Sent: 100, Failed: int64(tt.failed)}) {
				t.Errorf("%d taken, %d failed, sums %+v", len(k.taken), len(failed), sums)
			}
			if len(k.sizes) > tt.most {
				t.Errorf("%d requests; want at most %d", len(k.sizes), tt.most)
			}
			if tt.taken == 100 {
				i := 0
				for raw, err := range texts(100) {
					if err != nil {
						t.Fatal(err)
					}
					if k.taken[i] != string(raw) {
						t.Fatalf("object %d: %s", i, k.taken[i])
					}
					i++
				}
			}
		})
	}
}

// TestPushPending: patience has an end, and what is not decided is told.
func TestPushPending(t *testing.T) {
	k := newTaker(t)
	k.slow = 1 << 30
	sums, _, err := k.push(t, client.Push{Batch: 10, Patience: time.Minute}, 25)
	if !errors.Is(err, client.ErrPending) || sums.Pending != 25 || sums.Sent != 25 {
		t.Errorf("%+v, %v", sums, err)
	}
	if len(k.requests) > 60 {
		t.Errorf("%d requests", len(k.requests))
	}
	k = newTaker(t)
	k.slow, k.forgets = 1<<30, true
	if sums, _, err := k.push(t, client.Push{Batch: 10}, 25); !errors.Is(err, client.ErrPending) || sums.Pending != 25 {
		t.Errorf("a server that forgets: %+v, %v", sums, err)
	}
}

// TestPushResume: a push that dies anywhere goes on with what was not acknowledged;
// beyond the envelope at hand nothing is sent twice.
func TestPushResume(t *testing.T) {
	for dead := 1; dead <= 10; dead++ {
		k := newTaker(t)
		cursor := filepath.Join(t.TempDir(), "cursor.json")
		k.refuse = func(o string) string {
			if strings.Contains(o, "5.0") {
				return "a five"
			}
			return ""
		}
		ctx, cancel := context.WithCancel(t.Context())
		k.die = func(n int) bool {
			if n == dead {
				cancel()
			}
			return n == dead
		}
		p := client.Push{Client: newClient(t, k.server, client.Options{}), Collection: k.collection(), Root: k.root(), Batch: 10, CursorPath: cursor}
		if _, err := p.Run(ctx, texts(95)); err == nil {
			t.Fatal("it did not die")
		}
		sums, failed, err := k.push(t, client.Push{Batch: 10, CursorPath: cursor}, 95)
		if err != nil {
			t.Fatal(err)
		}
		if want := (client.PushSums{Sent: 95, Failed: 9, Earlier: int64(10 * (dead - 1))}); sums != want {
			t.Errorf("sums %+v; want %+v", sums, want)
		}
		if len(failed) > 10 {
			t.Errorf("failed %v", failed)
		}
		slices.Sort(k.taken)
		if n := len(slices.Compact(slices.Clone(k.taken))); n != 86 || len(k.taken) > 86+10 {
			t.Errorf("died at %d: %d different objects taken, %d in all", dead, n, len(k.taken))
		}
		before := len(k.sizes)
		if _, _, err := k.push(t, client.Push{CursorPath: cursor}, 95); err != nil || len(k.sizes) != before {
			t.Errorf("everything was sent: %v, %d requests more", err, len(k.sizes)-before)
		}
		if _, _, err := k.push(t, client.Push{CursorPath: cursor}, 90); !errors.Is(err, client.ErrCursor) {
			t.Errorf("a shorter input: %v", err)
		}
	}
}

func TestPushOtherInput(t *testing.T) {
	k := newTaker(t)
	cursor := filepath.Join(t.TempDir(), "cursor.json")
	if _, _, err := k.push(t, client.Push{CursorPath: cursor}, 10); err != nil {
		t.Fatal(err)
	}
	p := client.Push{Client: newClient(t, k.server, client.Options{}), Collection: k.collection(), Root: k.root(), CursorPath: cursor}
	_, err := p.Run(t.Context(), func(yield func(json.RawMessage, error) bool) {
		for range 20 {
			if !yield(json.RawMessage(`{}`), nil) {
				return
			}
		}
	})
	if !errors.Is(err, client.ErrCursor) || len(k.sizes) != 1 {
		t.Errorf("error %v, %d envelopes", err, len(k.sizes))
	}
}

// TestPushRefused: what is wrong with the request as a whole ends it.
func TestPushRefused(t *testing.T) {
	k := newTaker(t)
	inner := k.before
	k.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		return inner(n, w, r)
	}
	if _, _, err := k.push(t, client.Push{}, 10); !isStatus(err, 403) {
		t.Errorf("error %v", err)
	}
}
