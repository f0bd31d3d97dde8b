// Command infohub checks web sites, DNS, mail and TLS and says in three
// languages what to mend.
package main

//go:generate go run . man --markdown --dir ../../docs/commands
//go:generate go run . rules pages --dir ../../docs/rules

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// Set by the build: -X main.version=...
var (
	version = "dev"
	commit  = ""
	date    = ""
)

func main() {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // net/http writes there what servers do wrong; a report has its own words for it
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	code := run(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Getenv})
	stop()
	os.Exit(code)
}
