//go:build linux

package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/internal/store/bolt"
)

// diskDir is set for the process that works on a failing disk: a directory.
const diskDir = "INFOHUB_STORE_DISK_DIR"

// missing skips; where everything must be proved, it fails.
func missing(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// onBadDisk runs this test again as another process, under a command that makes
// its disk fail.
func onBadDisk(t *testing.T, command ...string) {
	t.Helper()
	if _, err := exec.LookPath(command[0]); err != nil {
		missing(t, "not run: install "+command[0])
	}
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for i := range command {
		command[i] = strings.ReplaceAll(command[i], "DIR", dir)
	}
	probe := exec.CommandContext(ctx, command[0], append(command[1:], "true")...)
	if out, err := probe.CombinedOutput(); err != nil {
		missing(t, fmt.Sprintf("not run: %s is not allowed here: %v, %s", command[0], err, out))
	}
	cmd := exec.CommandContext(ctx, command[0], append(command[1:], os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=50s", "-test.v")...)
	cmd.Env = append(os.Environ(), diskDir+"="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Fatalf("on a bad disk: %v\n%s", err, out)
	}
}

// writeUntil puts keys of 4 KB until that fails, and returns how many it has
// acknowledged and the error.
func writeUntil(s store.Store, most int) (acked int, err error) {
	for acked < most {
		err = s.Update(context.Background(), func(tx store.Tx) error {
			return tx.Put(fmt.Appendf(nil, "%06d", acked), make([]byte, 4000))
		})
		if err != nil {
			return acked, err
		}
		acked++
	}
	return acked, nil
}

// allThere: what was acknowledged can be read.
func allThere(t *testing.T, s store.Store, acked int) {
	t.Helper()
	err := s.View(context.Background(), func(r store.Reader) error {
		for i := range acked {
			if _, err := r.Get(fmt.Appendf(nil, "%06d", i)); err != nil {
				return fmt.Errorf("%d: %w", i, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Errorf("View: %v", err)
	}
}

// TestFullDisk: the disk is full, says so, loses nothing, is read, and is written
// again when there is room.
func TestFullDisk(t *testing.T) {
	dir := os.Getenv(diskDir)
	if dir == "" {
		onBadDisk(t, "unshare", "--mount", "--map-root-user", "sh", "-c", `mount -t tmpfs -o size=8m none "DIR" && exec "$@"`, "sh")
		return
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 4<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "a.db")
	s, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	acked, err := writeUntil(s, 10_000)
	if !errors.Is(err, store.ErrUnknown) || !errors.Is(err, syscall.ENOSPC) || errors.Is(err, store.ErrReadOnly) {
		t.Fatalf("after %d writes: %v, want ErrUnknown because the disk is full", acked, err)
	}
	if err := s.Refused(); !errors.Is(err, syscall.ENOSPC) || s.Healthy() != nil {
		t.Errorf("Refused: %v, Healthy: %v, want that the disk is full, which may pass", err, s.Healthy())
	}
	allThere(t, s, acked)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := s.Update(context.Background(), func(tx store.Tx) error { return tx.Put([]byte("room"), make([]byte, 4000)) }); err != nil {
		t.Errorf("Update with room again: %v", err)
	}
	if err := errors.Join(s.Refused(), s.Healthy(), s.Check(context.Background()), s.Close()); err != nil {
		t.Error(err)
	}
	if s, err = bolt.Open(path, bolt.Options{}); err != nil {
		t.Fatal(err)
	}
	allThere(t, s, acked)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestSyncFails: the disk does not take what the kernel has taken. The store
// says so, writes nothing more, and is read; opened again, it has what it
// acknowledged.
func TestSyncFails(t *testing.T) {
	dir := os.Getenv(diskDir)
	if dir == "" {
		// Two calls for each commit: the 41st is the one after the data of the
		// 20th or 21st commit.
		onBadDisk(t, "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=41+")
		return
	}
	path := filepath.Join(dir, "a.db")
	s, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	acked, err := writeUntil(s, 1000)
	if acked == 0 || !errors.Is(err, store.ErrUnknown) || !errors.Is(err, syscall.EIO) {
		t.Fatalf("after %d writes: %v, want ErrUnknown because of EIO", acked, err)
	}
	if _, err := writeUntil(s, 1); !errors.Is(err, store.ErrReadOnly) || !strings.Contains(err.Error(), "input/output error") {
		t.Errorf("Update: %v, want ErrReadOnly with its cause", err)
	}
	if err := s.Healthy(); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("Healthy: %v, want ErrReadOnly", err)
	}
	allThere(t, s, acked)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if s, err = bolt.Open(path, bolt.Options{}); err != nil {
		t.Fatal(err)
	}
	allThere(t, s, acked)
	if err := errors.Join(s.Check(context.Background()), s.Close()); err != nil {
		t.Error(err)
	}
}
