//go:build unix

package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/internal/notify"
	"github.com/cybersec-infohub/infohub/scanner/history"
	"github.com/cybersec-infohub/infohub/scanner/practice"
)

// TestKilledWhileKeeping: a scan with --data is killed at any moment. The data
// stay sound, what was kept stays, and each piece of news that was kept waits to
// be told: exactly one about the first report, and one about the change.
func TestKilledWhileKeeping(t *testing.T) {
	site, err := practice.Start(t.Context(), practice.Options{Faults: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	dir := t.TempDir()
	config, err := site.WriteConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data := dir + "/data"
	run := func(after time.Duration) (ended bool) {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		defer cancel()
		cmd := exec.CommandContext(ctx, exe) // killed when ctx ends
		// Nobody listens on port 1: messages wait.
		cmd.Args = []string{"infohub", "scan", "--config", config, "--fail-on", "none", "--data", data, "--notify-webhook", "http://127.0.0.1:1/", site.Domain}
		cmd.Env = append(os.Environ(), "HOME="+dir, "LC_ALL=C", "INFOHUB_NOTIFY_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		_ = cmd.Run() // how it ends is looked at below
		if ctx.Err() == nil && cmd.ProcessState.ExitCode() != exitClean {
			t.Fatalf("exit code %d: %s", cmd.ProcessState.ExitCode(), stderr.String())
		}
		return ctx.Err() == nil
	}
	kept := 0
	look := func() (reports, messages int) {
		s, err := app.OpenStore(data, false)
		if err != nil {
			if strings.Contains(err.Error(), "no data") {
				return 0, 0
			}
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		h, err := history.Open(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		list, err := h.List(t.Context(), site.Domain, 1000)
		if err != nil {
			t.Fatal(err)
		}
		waiting, err := (&notify.Outbox{Store: s}).List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(list) < kept {
			t.Errorf("%d reports are kept; there were %d", len(list), kept)
		}
		kept = len(list)
		return len(list), len(waiting)
	}
	killed := 0
	for i := range 12 {
		if !run(time.Duration(60+i*30) * time.Millisecond) {
			killed++
		}
		if reports, messages := look(); messages != min(reports, 1) {
			t.Fatalf("%d reports without change, %d messages; want one about the first", reports, messages)
		}
	}
	t.Logf("%d of 12 runs were killed", killed)
	if err := site.SetFault("web.hsts.missing", true); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second) // reports have times in whole seconds
	if !run(time.Minute) {
		t.Fatal("the last scan did not end")
	}
	if reports, messages := look(); messages != min(reports, 2) {
		t.Errorf("%d reports, %d messages; want one about the first report and one about the change", reports, messages)
	}
	if err := app.CheckStore(t.Context(), data); err != nil {
		t.Error(err)
	}
}
