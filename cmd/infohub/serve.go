package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/app"
)

type serveCommand struct {
	*global
	app.ServeOptions
	sending            senderOptions
	perAddress, perKey float64
	maxContent         int64
	debug              bool
}

func newServe(g *global) *cobra.Command {
	o := &serveCommand{global: g}
	cmd := &cobra.Command{
		Use:         "serve",
		Annotations: map[string]string{settableKey: "yes"},
		Short:       "Run a sharing hub: TAXII 2.1 and the API",
		Long: `Serve runs a whole hub in one process, on one file in a data folder: TAXII 2.1 at
/taxii2/, the API at /api/v1/, /healthz and /readyz. It needs nothing else.

It listens on this machine only, unless it is given a certificate. Behind a proxy
that does TLS, leave it on 127.0.0.1 and say --behind-proxy. A certificate is read
again when its file changes.

The log goes to stderr, a line of JSON for each request. Ctrl-C or SIGTERM stops
it after the requests that have begun.

Who subscribed to advisories is told by mail where --smtp and --notify-from are
given, and by webhooks where a secret is: each subscription's own is made of it.

A new folder has nobody in it: infohub setup makes the first administrator.

Exit codes: 0 it was asked to stop, 2 a wrong option, also a certificate that does
not go with its key, 4 it failed in another way, as where the port is in use.`,
		Example: `  infohub serve --data /var/lib/infohub
  infohub serve --data /var/lib/infohub --listen 0.0.0.0:443 --tls-cert hub.pem --tls-key hub.key`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.serve(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringVar(&o.Data, "data", "", "data `FOLDER`, made where there is none")
	f.StringVar(&o.Listen, "listen", "127.0.0.1:8080", "`ADDRESS` and port to listen on")
	f.StringVar(&o.Certificate, "tls-cert", "", "`FILE` with the certificate and those that lead to its root, PEM")
	f.StringVar(&o.Key, "tls-key", "", "`FILE` with the certificate's key, PEM")
	f.BoolVar(&o.Proxied, "behind-proxy", false, "take clients' addresses from the X-Forwarded-For of a proxy on this machine")
	f.StringVar(&o.Metrics, "metrics-listen", "", "`ADDRESS` and port for Prometheus, on this machine")
	f.Float64Var(&o.perAddress, "rate-address", 100, "requests a second that one address may send in the long run; 0: any number")
	f.Float64Var(&o.perKey, "rate-key", 50, "requests a second that one key may send in the long run; 0: any number")
	f.IntVar(&o.Connections, "max-connections", 4096, "connections at once")
	f.Int64Var(&o.maxContent, "max-content-length", 10<<20, "bytes of one submission")
	o.sending.addSenderFlags(cmd, "mail server for those who subscribed to advisories")
	f.BoolVar(&o.debug, "debug", false, "log more")
	return cmd
}

// memoryGoal is the memory, in bytes, that a hub tries not to pass. A hub of a
// million objects uses a tenth of it.
const memoryGoal = 512 << 20

func (o *serveCommand) serve(ctx context.Context) error {
	if o.Data == "" {
		return usageError{fmt.Errorf("--data is missing: name the folder that the hub keeps everything in")}
	}
	const most = 100 << 20 // a submission is held in memory
	if o.maxContent < 1<<10 || o.maxContent > most {
		return usageError{fmt.Errorf("--max-content-length %d: choose 1024 to %d", o.maxContent, most)}
	}
	level := slog.LevelInfo
	if o.debug {
		level = slog.LevelDebug
	}
	// A hub has little in memory, and looks through it less often. Large bodies
	// at once leave garbage behind, which from the goal on is collected sooner. It is
	// no hard limit.
	if o.env("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if o.env("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryGoal)
	}
	senders, err := o.sending.senders(o.global)
	if err != nil {
		return usageError{err}
	}
	o.HubOptions = app.HubOptions{Version: version, MaxContentLength: o.maxContent, Senders: senders, Log: slog.New(slog.NewJSONHandler(o.global.err, &slog.HandlerOptions{Level: level}))}
	o.Addresses = app.Rate{PerSecond: o.perAddress, Burst: int(4*o.perAddress) + 1}
	o.Keys = app.Rate{PerSecond: o.perKey, Burst: int(4*o.perKey) + 1}
	o.Listening = func(addr net.Addr) {
		scheme := "http"
		if o.Certificate != "" {
			scheme = "https"
		}
		url := scheme + "://" + addr.String()
		fmt.Fprintln(o.out, o.words().T("serve.listening", "url", url))
		// systemd (sd_notify(3)) is told by a datagram.
		if err := notifySystemd(o.env("NOTIFY_SOCKET")); err != nil {
			o.say(err.Error())
		}
	}
	err = app.Serve(ctx, o.ServeOptions)
	if err == nil && ctx.Err() != nil {
		return outcome{exitClean} // it was asked to stop, and did
	}
	if _, ok := errors.AsType[*app.OptionError](err); ok {
		return usageError{err}
	}
	return dataProblem(err)
}

// notifySystemd says that the service is up, where systemd wants to know.
func notifySystemd(socket string) error {
	if socket == "" {
		return nil
	}
	if strings.HasPrefix(socket, "@") {
		socket = "\x00" + socket[1:]
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("systemd was not told: %w", err)
	}
	_, err = c.Write([]byte("READY=1\nMAINPID=" + fmt.Sprint(os.Getpid())))
	if err == nil {
		err = c.Close()
	}
	if err != nil {
		return fmt.Errorf("systemd was not told: %w", err)
	}
	return nil
}
