package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/scanner"
)

type taxiiPush struct {
	taxiiCommand
	batch  int
	cursor string
}

func newTAXIIPush(g *global) *cobra.Command {
	o := &taxiiPush{taxiiCommand: taxiiCommand{global: g}}
	cmd := &cobra.Command{
		Use:   "push COLLECTION [FILE...]",
		Short: "Add objects to a collection",
		Long: `Push adds STIX objects to a collection, byte for byte as they stand in the files
or, without any or with -, on standard input: bundles, envelopes, objects, or an
object a line. They are sent in envelopes of --batch objects that are no larger
than the server takes, and push waits until the server has decided on each.

Marking definitions in files go first, since servers may not take an object before
the marking that it has. Objects that the server refuses are listed on standard
output with its reason. Adding what is already there is no error. With --cursor
FILE a run that was cut, started again with the same input, sends nothing again
that the server had taken.

Exit codes: 0 all were taken, 1 some were refused, 2 a wrong option, address, key
or input, 3 the server cannot be reached or its certificate is not trusted, 4 not
complete, 130 interrupted.`,
		Example: `  infohub taxii push https://hub.example.hk/taxii2/community/collections/ID/ --key-file hub.key bundle.json
  infohub taxii push https://hub.example.hk/taxii2/community/collections/ID/ --cursor push.cursor large.jsonl
  infohub taxii get https://a.example/taxii2/community/collections/ID/ | infohub taxii push https://b.example/taxii2/community/collections/ID/ --key-file b.key`,
		Args: leastArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0], args[1:]) },
	}
	o.addFlags(cmd)
	o.addFormatFlag(cmd, "text", "jsonl")
	f := cmd.Flags()
	f.IntVar(&o.batch, "batch", app.TAXIIDefaultBatch, "objects an envelope")
	f.StringVar(&o.cursor, "cursor", "", "remember in `FILE` what the server has taken, and go on from there")
	return cmd
}

func (o *taxiiPush) run(ctx context.Context, address string, files []string) error {
	if err := o.checkFormat("text", "jsonl"); err != nil {
		return err
	}
	if o.batch <= 0 {
		return usageError{fmt.Errorf("--batch %d: give a number above 0", o.batch)}
	}
	collection, root, err := taxiiCollection(address)
	if err != nil {
		return err
	}
	for _, path := range files { // before anything is sent
		if path != "-" {
			if _, err := os.Stat(path); err != nil {
				return usageError{err}
			}
		}
	}
	c, err := o.connect(collection)
	if err != nil {
		return err
	}
	line := newCountLine(o.global)
	p := &app.TAXIIPush{
		Client: c, Collection: collection, Root: root, Batch: o.batch, CursorPath: o.cursor,
		Failed: func(f app.TAXIIStatusItem) {
			line.clear()
			o.printFailure(f)
		},
		Progress: func(s app.TAXIIPushSums) { line.show(fmt.Sprintf("%d objects sent, %d refused", s.Sent, s.Failed)) },
	}
	sums, err := p.Run(ctx, app.ReadSTIXFiles(files, o.in))
	line.clear()
	switch trouble := app.TroubleOfTAXII(err); {
	case err == nil:
	case trouble == app.TAXIIPending:
		o.say(fmt.Sprintf("%s; on %d of them the server has not decided yet", sumText(sums), sums.Pending))
		return outcome{exitIncomplete}
	default:
		text := "not complete: " + sumText(sums)
		if o.cursor != "" {
			text += "; the same command goes on from there"
		}
		if sums.Sent > 0 || ctx.Err() != nil {
			o.say(text)
		}
		return o.explain(ctx, err)
	}
	o.say(sumText(sums))
	if sums.Failed > 0 {
		return outcome{exitFindings}
	}
	return nil
}

// sumText says what became of the objects.
func sumText(s app.TAXIIPushSums) string {
	text := fmt.Sprintf("%d objects sent, %d refused", s.Sent, s.Failed)
	if s.Earlier > 0 {
		text += fmt.Sprintf(" (%d of them by earlier runs)", s.Earlier)
	}
	return text
}

func (o *taxiiPush) printFailure(f app.TAXIIStatusItem) {
	if o.format == "jsonl" {
		enc := json.NewEncoder(o.out)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(f) // the sums on standard error tell of it as well
		return
	}
	name := strings.TrimSpace(f.ID + " " + f.Version)
	if name == "" {
		name = "an object without id"
	}
	fmt.Fprintf(o.out, "%s: %s\n", scanner.Printable(name, 300), scanner.Printable(f.Message, 300))
}

func newTAXIIDelete(g *global) *cobra.Command {
	o := &taxiiCommand{global: g}
	versionOf := ""
	cmd := &cobra.Command{
		Use:   "delete COLLECTION ID...",
		Short: "Delete objects from a collection",
		Long: `Delete deletes objects by their ids, all versions of each unless --match-version
says which. The server lets only those who may read and write the collection.

Exit codes: 0 all were deleted, 2 a wrong option, address, key or id, 3 the server
cannot be reached or its certificate is not trusted, 4 not complete, 130
interrupted.`,
		Example: "  infohub taxii delete https://hub.example.hk/taxii2/community/collections/ID/ indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f --key-file hub.key",
		Args:    leastArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.delete(cmd.Context(), args[0], args[1:], versionOf)
		},
	}
	o.addFlags(cmd)
	cmd.Flags().StringVar(&versionOf, "match-version", "", "only this version: first, last, or a `TIME`")
	return cmd
}

func (o *taxiiCommand) delete(ctx context.Context, address string, ids []string, versionOf string) error {
	collection, _, err := taxiiCollection(address)
	if err != nil {
		return err
	}
	c, err := o.connect(collection)
	if err != nil {
		return err
	}
	for i, id := range ids {
		if err := c.Delete(ctx, collection, id, versionOf); err != nil {
			if i > 0 {
				o.say(fmt.Sprintf("%d of %d deleted", i, len(ids)))
			}
			return o.explain(ctx, fmt.Errorf("%s: %w", id, err))
		}
	}
	o.say(fmt.Sprintf("%d deleted", len(ids)))
	return nil
}
