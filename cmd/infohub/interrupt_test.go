//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/scanner"
)

// TestInterrupt: Ctrl-C ends a scan that would take ten minutes, with what is
// there, marked incomplete. (The half minute is the test's patience: the
// program's own is below a second, which the log tells.)
func TestInterrupt(t *testing.T) {
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, exe)
	cmd.Args = []string{"infohub", "scan", "--resolver", silent.LocalAddr().String(), "--allow-private", "--timeout", "10m", "--format", "jsonl", "a.example", "b.example"}
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "LC_ALL=C")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	asked := map[byte]bool{} // both scans have begun when both names were asked for
	for buf := make([]byte, 512); !asked['a'] || !asked['b']; {
		n, _, err := silent.ReadFrom(buf)
		if err != nil {
			t.Fatal(err)
		}
		if i := bytes.Index(bytes.ToLower(buf[:n]), []byte("\x07example")); i > 0 {
			asked[bytes.ToLower(buf[:n])[i-1]] = true
		}
	}
	began := time.Now()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the exit code says how
	t.Logf("ended %v after the signal", time.Since(began))
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d; want %d\n%s", code, exitInterrupted, stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d reports; want both that were begun:\n%s", len(lines), stdout.String())
	}
	for _, line := range lines {
		var r scanner.Report
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if r.Status != scanner.Incomplete || r.Reason == nil || r.Reason.Kind != scanner.FailCancelled {
			t.Errorf("%s: status %s, reason %v; want incomplete, cancelled", r.Target.Domain, r.Status, r.Reason)
		}
	}
	if !strings.Contains(stderr.String(), "Stopped") {
		t.Errorf("standard error: %s", stderr.String())
	}
}
