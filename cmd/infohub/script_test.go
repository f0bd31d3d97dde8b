package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cybersec-infohub/infohub/scanner/practice"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"infohub": main})
}

// TestScripts runs the command as a user does, once per file. The scripts have
// the command "shop": it opens the practice site, with its configuration in
// config.yaml.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("LC_ALL", "C")
			env.Setenv("HOME", env.WorkDir)
			env.Values[siteKey{}] = new(*practice.Site)
			env.Values[hubKey{}] = map[string]*exec.Cmd{}
			env.Values[frontKey{}] = new(front)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"shop":    openShop,
			"front":   openFront,
			"lines":   writeLines,
			"exits":   exits,
			"fault":   switchFault,
			"prove":   prove,
			"hook":    openHook,
			"await":   await,
			"mailbox": openMailbox,
			"taxii":   openTAXII,
			"objects": objectsIn,
			"hub":     serveHub,
			"ask":     askHub,
			"keep":    keep,
		},
	})
}

// openShop: shop [FAULT...] opens the practice site until the script ends.
func openShop(ts *testscript.TestScript, _ bool, faults []string) {
	ctx, cancel := context.WithCancel(context.Background())
	site, err := practice.Start(ctx, practice.Options{Faults: append([]string{}, faults...)})
	ts.Check(err)
	*ts.Value(siteKey{}).(**practice.Site) = site
	ts.Defer(func() { cancel(); site.Close() })
	_, err = site.WriteConfig(ts.MkAbs("."))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("utf16.txt"), []byte("\xff\xfea\x00.\x00h\x00k\x00\n\x00"), 0o600))
	// A name server that never answers, for scans that must be stopped.
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = silent.Close() })
	ts.Setenv("SILENT", silent.LocalAddr().String())
}

// siteKey is the key of the script's practice site, a **practice.Site.
type siteKey struct{}

// switchFault: fault RULE on|off switches a fault of the open shop.
func switchFault(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: fault RULE on|off")
	}
	ts.Check((*ts.Value(siteKey{}).(**practice.Site)).SetFault(args[0], args[1] == "on"))
}

// prove: prove dns|file|nowhere FILE puts the proof of ownership that FILE (what
// infohub verify printed) asks for where it says.
func prove(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: prove dns|file|nowhere FILE")
	}
	text := regexp.MustCompile(`infohub-verification=[a-z0-9]+`).FindString(ts.ReadFile(args[1]))
	if text == "" {
		ts.Fatalf("%s asks for no proof", args[1])
	}
	where := map[string]string{args[0]: text}
	ts.Check((*ts.Value(siteKey{}).(**practice.Site)).SetProof(where["dns"], where["file"]))
}

// writeLines: lines FILE N writes N names that do not exist, three of the lines
// being no names at all.
func writeLines(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: lines FILE N")
	}
	var n int
	_, err := fmt.Sscan(args[1], &n)
	ts.Check(err)
	var b strings.Builder
	for i := range n {
		switch i + 1 {
		case 17:
			b.WriteString("192.0.2.1\n")
		case 4711:
			b.WriteString(strings.Repeat("x", 300) + "\n")
		case n - 1:
			b.WriteString("*.example.hk\n")
		default:
			fmt.Fprintf(&b, "n%d.example\n", i+1)
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o600))
}

// exits: exits CODE COMMAND... checks the exit code, which testscript's own
// exec does not tell.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("exit code %s; want %s", got, args[0])
	}
}
