//go:build unix

package notify_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/internal/notify"
	"github.com/cybersec-infohub/infohub/internal/store/bolt"
)

// TestMain: with INFOHUB_TEST_DELIVER set the program is one that delivers the
// outbox in that file, so that it can be killed.
func TestMain(m *testing.M) {
	path := os.Getenv("INFOHUB_TEST_DELIVER")
	if path == "" {
		os.Exit(m.Run())
	}
	s, err := bolt.Open(path, bolt.Options{})
	if err == nil {
		var secrets []notify.Secret
		secrets, err = notify.ParseSecrets(whsec)
		o := &notify.Outbox{Store: s, Now: time.Now, Senders: map[notify.Channel]notify.Sender{notify.ByWebhook: &notify.Webhook{
			Secrets: secrets, Now: time.Now,
			Network: notify.Network{Dialer: &netguard.Dialer{Policy: netguard.Policy{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}},
		}}}
		if err == nil {
			_, err = o.Deliver(context.Background())
		}
	}
	fmt.Println("delivered", err)
	os.Exit(0)
}

// TestKilledBetweenSendAndMark: the receiver has the message, the sender dies
// before it knows. After a restart the receiver gets it again, with the same id,
// and none is lost.
func TestKilledBetweenSendAndMark(t *testing.T) {
	const rounds, messages = 8, 3
	var (
		mu   sync.Mutex
		seen = map[string]int{}
		bad  []error
		kill = make(chan *exec.Cmd, 1)
	)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if err := verify(whsec, r.Header, body, time.Now()); err != nil {
			bad = append(bad, err)
		}
		seen[r.Header.Get("webhook-id")]++
		select {
		case cmd := <-kill: // before the answer leaves
			_ = cmd.Process.Kill()
		default:
		}
	}))
	defer server.Close()
	path := filepath.Join(t.TempDir(), "a.db")
	s, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := newClock()
	for n := range messages {
		m := message(n, c)
		m.To = server.URL
		put(t, s, m)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	run := func(killed bool) string {
		cmd := exec.CommandContext(t.Context(), exe)
		cmd.Env = append(os.Environ(), "INFOHUB_TEST_DELIVER="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if killed {
			kill <- cmd
		}
		line, _ := bufio.NewReader(out).ReadString('\n')
		_ = cmd.Wait() // killed is how it ends
		return line
	}
	for range rounds {
		if line := run(true); line != "" {
			t.Fatalf("a killed sender said %q", line)
		}
	}
	if line := run(false); line != "delivered <nil>\n" {
		t.Fatalf("the last sender said %q", line)
	}
	mu.Lock()
	defer mu.Unlock()
	total := 0
	for n := range messages {
		id := message(n, c).ID
		if seen[id] == 0 {
			t.Errorf("message %d was lost", n)
		}
		total += seen[id]
	}
	if len(seen) != messages || total != rounds+messages || len(bad) > 0 {
		t.Errorf("receiver has %v, bad %v; want %d copies of %d ids", seen, bad, rounds+messages, messages)
	}
	s, err = bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	o := &notify.Outbox{Store: s, Now: time.Now}
	if list, err := o.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("left in the outbox: %+v, %v", list, err)
	}
}
