//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestKilledWhileGetting: infohub taxii get with a cursor is killed at any moment,
// again and again, until the file is in its place: it has each object once.
func TestKilledWhileGetting(t *testing.T) {
	s := &taxiiServer{key: "k", n: 1000}
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(4 * time.Millisecond) // so that a run takes long enough to be killed in
		s.ServeHTTP(w, r)
	}))
	defer slow.Close()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	out := filepath.Join(dir, "out.json")
	killed := 0
	for life := 40 * time.Millisecond; ; life += life / 5 { // however slow the machine is, a run ends
		if life > 2*time.Minute {
			t.Fatal("no run ends")
		}
		ctx, cancel := context.WithTimeout(t.Context(), life)
		cmd := exec.CommandContext(ctx, exe) // killed when ctx ends
		cmd.Args = []string{"infohub", "taxii", "get", slow.URL + "/root/collections/" + taxiiID + "/", "--limit", "10", "--cursor", filepath.Join(dir, "cursor"), "--out", out}
		cmd.Env = append(os.Environ(), "HOME="+dir, "LC_ALL=C", taxiiKey+"=k")
		var stderr strings.Builder
		cmd.Stderr = &stderr
		_ = cmd.Run() // how it ends is looked at below
		ended := ctx.Err() == nil
		cancel()
		if ended && cmd.ProcessState.ExitCode() != exitClean {
			t.Fatalf("exit code %d: %s", cmd.ProcessState.ExitCode(), stderr.String())
		}
		// A run may be killed after its file was put in place and before it ends. The
		// next one would begin a file of what is new.
		if _, err := os.Stat(out); ended || err == nil {
			break
		}
		killed++
	}
	t.Logf("%d runs were killed", killed)
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var b struct{ Objects []struct{ ID string } }
	if err := json.Unmarshal(data, &b); err != nil {
		t.Fatal(err)
	}
	n := map[string]int{}
	for _, o := range b.Objects {
		n[o.ID]++
	}
	for i := range s.n {
		if id := fmt.Sprintf("indicator--%d", i); n[id] != 1 {
			t.Errorf("%s is there %d times", id, n[id])
		}
	}
}
