//go:build nuclei

// Command infohub-nuclei holds the nuclei engine, so that infohub does not have
// to. Infohub starts it for a scan with active checks and talks to it in the
// lines of internal/nucleiwire; see docs/adr/0002-nuclei-is-a-child-process.md.
//
// It expects a private HOME: packages of the engine write below it before main
// runs. It connects to nothing but the proxy that the request names.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/projectdiscovery/nuclei/v3/pkg/catalog/config"

	"github.com/cybersec-infohub/infohub/internal/nucleiwire"
)

// Set by the build: -X main.version=...
var version = "dev"

// engine names the engine and its version.
const engine = "nuclei " + config.Version

// grace is how long the engine may take to stop. Longer, and the process ends
// all the same: the one that started it may be gone.
const grace = 2 * time.Second

func main() {
	if len(os.Args) > 1 {
		usage(os.Args[1:])
	}
	// Results have standard output for themselves; what the engine prints goes
	// where logs go.
	out := os.Stdout
	os.Stdout = os.Stderr
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	context.AfterFunc(ctx, func() { time.AfterFunc(grace, func() { os.Exit(3) }) })

	in := bufio.NewReader(os.Stdin)
	req, err := read(in)
	if err == nil {
		go func() { // the parent closes our input to stop us, and so does its death
			_, _ = io.Copy(io.Discard, in)
			cancel()
		}()
		err = run(ctx, req, &writer{out: json.NewEncoder(out)})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "infohub-nuclei:", err)
		os.Exit(1)
	}
}

func usage(args []string) {
	if args[0] == "--version" {
		fmt.Println("infohub-nuclei", version, "with", engine)
		os.Exit(0)
	}
	fmt.Fprintln(os.Stderr, "infohub-nuclei is started by infohub scan --active; it has no options but --version")
	os.Exit(2)
}

func read(in io.Reader) (*nucleiwire.Request, error) {
	var req nucleiwire.Request
	if err := json.NewDecoder(io.LimitReader(in, nucleiwire.MaxRequest)).Decode(&req); err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	switch {
	case req.Version != nucleiwire.Version:
		return nil, fmt.Errorf("request: version %d; this is a program of version %d: use the infohub that it came with", req.Version, nucleiwire.Version)
	case req.Concurrency < 1, req.PerSecond < 1, req.Timeout < 1, req.Proxy == "":
		return nil, errors.New("request: concurrency, per_second, timeout and proxy must be given")
	}
	return &req, nil
}
