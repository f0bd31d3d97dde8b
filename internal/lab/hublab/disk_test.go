//go:build linux

package hublab_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// smallDisk is set for the process that has a small disk: where it is.
const smallDisk = "INFOHUB_HUBLAB_DISK"

// onSmallDisk runs this test again as another process, which has a disk of 48 MB
// to itself.
func onSmallDisk(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	mount := func(args ...string) *exec.Cmd {
		return exec.CommandContext(ctx, "unshare", append([]string{"--mount", "--map-root-user", "sh", "-c", `mount -t tmpfs -o size=48m none "$0" && exec "$@"`, dir}, args...)...)
	}
	if out, err := mount("true").CombinedOutput(); err != nil {
		notRun(t, fmt.Sprintf("no mount namespace is allowed here: %v, %s", err, out))
	}
	cmd := mount(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=110s", "-test.v")
	cmd.Env = append(os.Environ(), smallDisk+"="+dir, programPath+"="+program(t))
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Fatalf("on a small disk: %v\n%s", err, out)
	}
}

// writeUntilRefused lets writers post until each of them was refused, which must
// be as a client of TAXII, or of the API, is told to come again.
func (l *ledger) writeUntilRefused(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := client(4)
	defer c.CloseIdleConnections()
	var wg sync.WaitGroup
	l.writers(&wg, func(path string, from *source) {
		for {
			a := l.post(ctx, t, c, path, from)
			switch {
			case a.code == http.StatusAccepted:
				continue
			case a.code != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "":
				t.Errorf("%s: %d %v %.300s, want 503 and when to come again", path, a.code, a.header, a.body)
			case path == objectsPath:
				var m struct {
					Title      string `json:"title"`
					HTTPStatus string `json:"http_status"`
				}
				if err := json.Unmarshal(a.body, &m); err != nil || m.HTTPStatus != "503" || m.Title == "" || a.header.Get("Content-Type") != taxiiType {
					t.Errorf("%s: %.300s, want an error message of TAXII", path, a.body)
				}
			}
			return
		}
	})
	wg.Wait()
}

// TestFullDisk: the disk is full. Nothing is acknowledged that is not on it, who
// posts is told to come again, reading goes on, and /readyz says why. With room
// again all goes on without a restart, and after one everything that was
// acknowledged is there.
func TestFullDisk(t *testing.T) {
	dir := os.Getenv(smallDisk)
	if dir == "" {
		onSmallDisk(t)
		return
	}
	s := newSite(t, dir)
	l := newLedger(s, 1)
	s.serve(nil)
	ballast := filepath.Join(dir, "ballast")
	if err := fill(ballast, 2<<20); err != nil {
		t.Fatal(err)
	}
	l.writeUntilRefused(t)
	l.readsGoOn(t)
	if a := readyz(t, s); a.code != http.StatusOK || !strings.Contains(string(a.body), "disk") {
		t.Errorf("readyz: %d %s, want that it serves, and that the disk took no write", a.code, a.body)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	c := client(1)
	from := newSource(99, s.org)
	for range 20 {
		if a := l.post(t.Context(), t, c, objectsPath, from); a.code != http.StatusAccepted {
			t.Fatalf("with room again: %d %.300s", a.code, a.body)
		}
	}
	if a := readyz(t, s); string(a.body) != "ready\n" {
		t.Errorf("readyz with room again: %d %s", a.code, a.body)
	}
	l.readsGoOn(t)
	s.kill()
	s.isSound()
	s.serve(nil)
	l.readsGoOn(t)
	s.auditIsSound()
	s.stop()
}

// readsGoOn: everything that was acknowledged is there.
func (l *ledger) readsGoOn(t *testing.T) {
	t.Helper()
	if _, open := l.verify(t, true); open > 0 {
		t.Logf("%d objects are there though they were not acknowledged: the outcome of a commit that failed is not known", open)
	}
}

// fill makes a file so large that a number of bytes of the disk are left.
func fill(path string, left int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	block := make([]byte, 64<<10)
	for err == nil {
		_, err = f.Write(block)
	}
	end, err := f.Seek(0, 1)
	return errors.Join(err, f.Truncate(max(0, end-left)), f.Close())
}

func readyz(t *testing.T, s *site) answer {
	t.Helper()
	a, err := s.ask(t.Context(), client(1), http.MethodGet, "/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestDiskFails: the disk does not take what the kernel has taken (fdatasync says
// EIO). Nothing more is written until a restart; who posts is told so, reading
// goes on, /readyz says why, and everything that was acknowledged is there.
func TestDiskFails(t *testing.T) {
	// -D: the hub itself is what we start, and kill.
	tracer := []string{"strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=12+"}
	if _, err := exec.LookPath("strace"); err != nil {
		notRun(t, "install strace")
	}
	if out, err := exec.CommandContext(t.Context(), tracer[0], append(tracer[1:], "true")...).CombinedOutput(); err != nil {
		notRun(t, fmt.Sprintf("strace is not allowed here: %v, %s", err, out))
	}
	s := newSite(t, t.TempDir())
	l := newLedger(s, 1)
	s.serve(tracer)
	l.writeUntilRefused(t)
	l.writeUntilRefused(t) // at once, now that it knows
	l.readsGoOn(t)
	if a := readyz(t, s); a.code != http.StatusServiceUnavailable || !strings.Contains(string(a.body), "disk") {
		t.Errorf("readyz: %d %s, want 503 and why", a.code, a.body)
	}
	s.kill()
	s.isSound()
	s.serve(nil)
	l.readsGoOn(t)
	if a := l.post(t.Context(), t, client(1), objectsPath, newSource(99, s.org)); a.code != http.StatusAccepted {
		t.Errorf("after the restart: %d %.300s", a.code, a.body)
	}
	s.auditIsSound()
	s.stop()
}
