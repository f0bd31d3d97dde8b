package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/scanner"
)

// taxiiCommand is what the commands that speak to a TAXII server have in common.
// Their options are no settings, and their key is not INFOHUB_KEY: what opens one's
// own hub is not to be sent to another server by mistake.
type taxiiCommand struct {
	*global
	keyFile  string
	ca       string
	insecure bool
	timeout  time.Duration
	format   string
}

// taxiiKey is the environment's key for a TAXII server.
const taxiiKey = "INFOHUB_TAXII_KEY"

func newTAXII(g *global) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "taxii",
		Short: "Get threat intelligence from a TAXII 2.1 server, or add to it",
		Long: `TAXII speaks to TAXII 2.1 servers, this program's own (infohub serve) and others'.

A key comes from a file (--key-file) or from INFOHUB_TAXII_KEY: an API key, or
NAME:PASSWORD. It is sent to the server of the address alone, over https (over
plain http only to this machine). What fails for a moment is tried again, up to
five times.`,
		Example: `  infohub taxii collections hub.example.hk --key-file hub.key
  infohub taxii get https://hub.example.hk/taxii2/community/collections/ID/ --key-file hub.key --out bundle.json
  infohub taxii push https://hub.example.hk/taxii2/community/collections/ID/ --key-file hub.key bundle.json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTAXIIDiscover(g), newTAXIICollections(g), newTAXIIGet(g), newTAXIIPush(g), newTAXIIDelete(g))
	return cmd
}

// addFlags gives a command the options that say how the server is reached.
func (o *taxiiCommand) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.keyFile, "key-file", "", "`FILE` with the key for the server, an API key or NAME:PASSWORD; or set "+taxiiKey)
	f.StringVar(&o.ca, "ca", "", "trust the certificate authorities in this PEM `FILE` instead of the system's")
	f.BoolVar(&o.insecure, "insecure-http", false, "allow plain http beyond this machine: others can read the key and the objects")
	f.DurationVar(&o.timeout, "timeout", app.TAXIIDefaultTimeout, "time for one answer, for example 90s or 5m")
}

func (o *taxiiCommand) addFormatFlag(cmd *cobra.Command, formats ...string) {
	cmd.Flags().StringVar(&o.format, "format", formats[0], formats[0]+" or "+formats[1])
	complete(cmd, "format", formats)
}

// checkFormat is nil where --format is one of two.
func (o *taxiiCommand) checkFormat(formats ...string) error {
	if o.format != formats[0] && o.format != formats[1] {
		return usageError{fmt.Errorf("--format %q: choose %s or %s", o.format, formats[0], formats[1])}
	}
	return nil
}

// connect makes a client of the server that an address belongs to.
func (o *taxiiCommand) connect(server *url.URL) (*app.TAXIIClient, error) {
	if o.timeout <= 0 {
		return nil, usageError{fmt.Errorf("--timeout %s: give a time above 0", o.timeout)}
	}
	options := app.TAXIIOptions{
		Insecure: o.insecure, Timeout: o.timeout, UserAgent: "infohub/" + version,
		Retrying: func(err error, after time.Duration) {
			o.say(fmt.Sprintf("%s; trying again in %s", scanner.Printable(err.Error(), 500), after.Round(time.Second)))
		},
	}
	var err error
	if options.Key, options.KeyFrom, err = fileOr(o.keyFile, "--key-file", o.env, taxiiKey); err != nil {
		return nil, usageError{err}
	}
	if o.keyFile != "" {
		o.warnOfReaders(o.keyFile)
	}
	if o.ca != "" {
		if options.Roots, err = app.ReadRoots(o.ca); err != nil {
			return nil, usageError{fmt.Errorf("--ca: %w", err)}
		}
	}
	c, err := app.NewTAXIIClient(server, options)
	switch {
	case err != nil && app.TroubleOfTAXII(err) == app.TAXIIPlainHTTP:
		return nil, usageError{fmt.Errorf("%w; --insecure-http allows it all the same", err)}
	case err != nil && options.KeyFrom != "" && app.TroubleOfTAXII(err) == app.TAXIIOther:
		return nil, usageError{fmt.Errorf("%s: %w", options.KeyFrom, err)}
	case err != nil:
		return nil, usageError{err}
	}
	return c, nil
}

// warnOfReaders tells of a key that others on this computer can read.
func (g *global) warnOfReaders(path string) {
	info, err := os.Stat(path)
	if err == nil && runtime.GOOS != "windows" && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		g.say(fmt.Sprintf("%s can be read by others on this computer: chmod 600 %s", path, path))
	}
}

// explain says what to do about an error, and which exit code it has.
func (o *taxiiCommand) explain(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	var usage usageError
	var done outcome
	if errors.As(err, &usage) || errors.As(err, &done) {
		return err
	}
	tell := func(code int, advice string) error {
		o.say(message(fmt.Errorf("%w%s", err, advice)))
		return outcome{code}
	}
	from := "the key from the environment variable " + taxiiKey
	if o.keyFile != "" {
		from = "the key from --key-file " + o.keyFile
	}
	switch app.TroubleOfTAXII(err) {
	case app.TAXIINoKey:
		return tell(exitUsage, "\nThe server wants a key: name a file that holds it with --key-file, or set "+taxiiKey+".")
	case app.TAXIIBadKey:
		return tell(exitUsage, "\nThe server does not accept "+from+".")
	case app.TAXIIForbidden:
		return tell(exitUsage, "\nThe key has no right to this: 'infohub taxii collections' shows what it may read and write.")
	case app.TAXIINotFound:
		return tell(exitUsage, "\nNothing is there, or nothing that this key may see: 'infohub taxii collections' lists the addresses of collections.")
	case app.TAXIIMisused:
		return tell(exitUsage, "")
	case app.TAXIIUnreachable:
		return tell(exitUnreachable, "")
	case app.TAXIIUntrusted:
		return tell(exitUnreachable, "\nIf the server has an authority of its own, name that authority's certificate with --ca.")
	case app.TAXIINoServer:
		return tell(exitIncomplete, "\nA TAXII server's discovery is usually at https://HOST/taxii2/.")
	}
	return err
}

// taxiiURL reads the address of a server.
func taxiiURL(arg string) (*url.URL, error) {
	u, err := app.ParseTAXIIURL(arg)
	if err != nil {
		return nil, usageError{fmt.Errorf("the address: %w", err)}
	}
	return u, nil
}

// taxiiCollection reads the address of a collection.
func taxiiCollection(arg string) (collection, root *url.URL, err error) {
	if collection, root, err = app.ParseTAXIICollection(arg); err != nil {
		return nil, nil, usageError{fmt.Errorf("the collection: %w; 'infohub taxii collections' lists them", err)}
	}
	return collection, root, nil
}

// exactArgs is for commands that take so many addresses and names.
func exactArgs(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error { return asUsage(cmd, cobra.ExactArgs(n)(cmd, args)) }
}

func leastArgs(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error { return asUsage(cmd, cobra.MinimumNArgs(n)(cmd, args)) }
}
