package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/scanner"
)

func newTAXIIDiscover(g *global) *cobra.Command {
	o := &taxiiCommand{global: g}
	cmd := &cobra.Command{
		Use:   "discover SERVER",
		Short: "Ask a TAXII server what it is and which API roots it has",
		Long: `Discover asks a server for its discovery resource and for each of its API roots.
SERVER is a host or an address; without a path /taxii2/ is asked.

Exit codes: 0 done, 2 a wrong option, address or key, 3 the server cannot be
reached or its certificate is not trusted, 4 the answer is not TAXII 2.1 or not
complete, 130 interrupted.`,
		Example: "  infohub taxii discover hub.example.hk --key-file hub.key",
		Args:    exactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.discover(cmd.Context(), args[0]) },
	}
	o.addFlags(cmd)
	o.addFormatFlag(cmd, "text", "json")
	return cmd
}

func newTAXIICollections(g *global) *cobra.Command {
	o := &taxiiCommand{global: g}
	cmd := &cobra.Command{
		Use:   "collections SERVER",
		Short: "List the collections of a TAXII server or of one API root",
		Long: `Collections lists what the key may see, with the address that get, push and
delete take. SERVER is a host, the address of its discovery, or of an API root.

Exit codes: 0 done, 2 a wrong option, address or key, 3 the server cannot be
reached or its certificate is not trusted, 4 the answer is not TAXII 2.1, or an
API root could not be listed, 130 interrupted.`,
		Example: `  infohub taxii collections hub.example.hk --key-file hub.key
  infohub taxii collections https://hub.example.hk/taxii2/community/ --key-file hub.key --format json`,
		Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.collections(cmd.Context(), args[0]) },
	}
	o.addFlags(cmd)
	o.addFormatFlag(cmd, "text", "json")
	return cmd
}

func (o *taxiiCommand) discover(ctx context.Context, server string) error {
	if err := o.checkFormat("text", "json"); err != nil {
		return err
	}
	u, err := taxiiURL(server)
	if err != nil {
		return err
	}
	c, err := o.connect(u)
	if err != nil {
		return err
	}
	d, err := c.Discovery(ctx, u)
	if err != nil {
		return o.explain(ctx, err)
	}
	roots := []app.TAXIIRoot{}
	failed, err := o.eachRoot(ctx, d.APIRoots, func(root *url.URL) error {
		r, err := c.APIRoot(ctx, root)
		if err == nil {
			roots = append(roots, r)
		}
		return err
	})
	if err != nil {
		return err
	}
	if o.format == "json" {
		err = o.printJSON(map[string]any{"version": 1, "discovery": d, "api_roots": roots})
	} else {
		err = o.printDiscovery(d, roots)
	}
	if err == nil && failed {
		return outcome{exitIncomplete}
	}
	return err
}

func (o *taxiiCommand) printDiscovery(d app.TAXIIDiscovery, roots []app.TAXIIRoot) error {
	for _, line := range []struct{ name, value string }{{"Server", d.Title}, {"About", d.Description}, {"Contact", d.Contact}, {"Default", d.Default}} {
		if line.value != "" {
			fmt.Fprintf(o.out, "%-9s%s\n", line.name, scanner.Printable(line.value, 300))
		}
	}
	if len(roots) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nAPI ROOT\tTITLE\tTAKES AT MOST")
	for _, r := range roots {
		most := "not told"
		if r.MaxContentLength > 0 {
			most = fmt.Sprintf("%d bytes", r.MaxContentLength)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", scanner.Printable(r.URL, 300), scanner.Printable(r.Title, 60), most)
	}
	return w.Flush()
}

func (o *taxiiCommand) collections(ctx context.Context, server string) error {
	if err := o.checkFormat("text", "json"); err != nil {
		return err
	}
	u, err := taxiiURL(server)
	if err != nil {
		return err
	}
	c, err := o.connect(u)
	if err != nil {
		return err
	}
	roots, err := app.TAXIIRoots(ctx, c, u)
	if err != nil {
		return o.explain(ctx, err)
	}
	all := []app.TAXIICollection{}
	failed, err := o.eachRoot(ctx, roots, func(root *url.URL) error {
		list, err := c.Collections(ctx, root)
		all = append(all, list...)
		return err
	})
	if err != nil {
		return err
	}
	if o.format == "json" {
		err = o.printJSON(map[string]any{"version": 1, "collections": all})
	} else {
		err = o.printCollections(all)
	}
	if err == nil && failed {
		return outcome{exitIncomplete}
	}
	return err
}

// eachRoot asks every API root. What is wrong with one of several is said, and the
// others are asked all the same; of a single one it is the command's error.
func (o *taxiiCommand) eachRoot(ctx context.Context, roots []string, ask func(*url.URL) error) (failed bool, err error) {
	for _, text := range roots {
		root, err := url.Parse(text)
		if err == nil {
			err = ask(root)
		}
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return true, ctx.Err()
		case len(roots) == 1:
			return true, o.explain(ctx, err)
		default:
			o.say(message(err))
			failed = true
		}
	}
	return failed, nil
}

func (o *taxiiCommand) printCollections(all []app.TAXIICollection) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(o.out, "There are no collections that this key may see.")
		return err
	}
	w := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RIGHTS\tTITLE\tCOLLECTION")
	for _, c := range all {
		var rights []string
		if c.CanRead {
			rights = append(rights, "read")
		}
		if c.CanWrite {
			rights = append(rights, "write")
		}
		if len(rights) == 0 {
			rights = []string{"none"}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", strings.Join(rights, ", "), scanner.Printable(c.Title, 60), scanner.Printable(c.URL, 500))
	}
	return w.Flush()
}

func (o *taxiiCommand) printJSON(v any) error {
	enc := json.NewEncoder(o.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
