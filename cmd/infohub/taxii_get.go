package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/app"
)

type taxiiGet struct {
	taxiiCommand
	filter app.TAXIIFilter
	out    string
	cursor string
}

func newTAXIIGet(g *global) *cobra.Command {
	o := &taxiiGet{taxiiCommand: taxiiCommand{global: g}}
	cmd := &cobra.Command{
		Use:   "get COLLECTION",
		Short: "Get the objects of a collection, as they are",
		Long: `Get writes the objects of a collection, each byte for byte as it was received, as
a STIX bundle or, with --format jsonl, one a line (line ends within an object
become spaces). COLLECTION is an address that 'infohub taxii collections' lists.

With --cursor FILE it remembers how far it got. The next run with the same file
gets what was added since; one that was cut goes on where it was, without a gap.
With --out as well nothing is there twice either: the file grows under its name
with .part behind it and is put in its place when it is whole. On standard output
the page at hand may come twice.

Exit codes: 0 done, 2 a wrong option, address or key, 3 the server cannot be
reached or its certificate is not trusted, 4 not complete, 130 interrupted.`,
		Example: `  infohub taxii get https://hub.example.hk/taxii2/community/collections/ID/ --key-file hub.key --out bundle.json
  infohub taxii get https://hub.example.hk/taxii2/community/collections/ID/ --type indicator --format jsonl
  infohub taxii get https://hub.example.hk/taxii2/community/collections/ID/ --cursor hub.cursor --out new.json`,
		Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	o.addFlags(cmd)
	o.addFormatFlag(cmd, string(app.TAXIIBundle), string(app.TAXIILines))
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "", "write to `FILE` instead of standard output")
	f.StringVar(&o.cursor, "cursor", "", "remember in `FILE` how far it got, and go on from there")
	f.StringVar(&o.filter.AddedAfter, "added-after", "", "only what was added after this `TIME`, for example 2026-11-01T00:00:00Z")
	f.StringSliceVar(&o.filter.Type, "type", nil, "only objects of this `TYPE`, for example indicator (may be repeated)")
	f.StringSliceVar(&o.filter.ID, "id", nil, "only the object with this `ID` (may be repeated)")
	f.StringSliceVar(&o.filter.Version, "match-version", nil, "versions of each object: last, first, all, or a `TIME` (default: last)")
	f.StringSliceVar(&o.filter.SpecVersion, "spec-version", nil, "only objects of this `VERSION` of STIX, for example 2.1")
	f.IntVar(&o.filter.Limit, "limit", app.TAXIIDefaultLimit, "objects a page")
	return cmd
}

func (o *taxiiGet) run(ctx context.Context, address string) error {
	if err := o.checkFormat(string(app.TAXIIBundle), string(app.TAXIILines)); err != nil {
		return err
	}
	if _, err := time.Parse(time.RFC3339, o.filter.AddedAfter); o.filter.AddedAfter != "" && err != nil {
		return usageError{fmt.Errorf("--added-after %q: write a time as 2026-11-01T00:00:00Z", o.filter.AddedAfter)}
	}
	if o.filter.Limit <= 0 {
		return usageError{fmt.Errorf("--limit %d: give a number above 0", o.filter.Limit)}
	}
	collection, _, err := taxiiCollection(address)
	if err != nil {
		return err
	}
	c, err := o.connect(collection)
	if err != nil {
		return err
	}
	line := newCountLine(o.global)
	d := &app.TAXIIDownload{
		Client: c, Collection: collection, Filter: o.filter, Format: app.TAXIIFormat(o.format), CursorPath: o.cursor,
		Progress: func(objects, pages int64) { line.show(fmt.Sprintf("%d objects, %d pages", objects, pages)) },
		Note:     o.say,
	}
	var n int64
	if o.out != "" && o.cursor != "" {
		d.Path = o.out
		n, err = d.Run(ctx)
	} else {
		err = o.toStream(func(w io.Writer) (err error) {
			d.Out = w
			n, err = d.Run(ctx)
			return err
		})
	}
	line.clear()
	if err != nil {
		if n > 0 || ctx.Err() != nil {
			o.say(o.left(n))
		}
		return o.explain(ctx, err)
	}
	o.say(fmt.Sprintf("%d objects", n))
	return nil
}

// toStream writes to standard output, or to a file that appears when it is whole.
func (o *taxiiGet) toStream(write func(io.Writer) error) error {
	if o.out == "" {
		return write(o.global.out)
	}
	f, err := createFile(o.out)
	if err != nil {
		return usageError{fmt.Errorf("--out: %w", err)}
	}
	return f.finish(write(f))
}

// left says what there is of a run that did not end.
func (o *taxiiGet) left(n int64) string {
	text := fmt.Sprintf("not complete: %d objects", n)
	switch {
	case o.cursor != "":
		return text + "; the same command goes on from there"
	case o.out != "":
		return text + "; nothing is written to " + o.out
	}
	return text
}

// countLine is a line on a terminal's standard error that says how far it is. Off
// a terminal it says nothing.
type countLine struct {
	g     *global
	on    bool
	width int
	last  time.Time
}

func newCountLine(g *global) *countLine {
	tty, width := g.terminal(g.err)
	return &countLine{g: g, on: tty, width: width}
}

func (l *countLine) show(text string) {
	if !l.on || time.Since(l.last) < 150*time.Millisecond {
		return
	}
	l.last = time.Now()
	fmt.Fprint(l.g.err, "\r\x1b[K"+cut(text, l.width-1))
}

func (l *countLine) clear() {
	if l.on {
		fmt.Fprint(l.g.err, "\r\x1b[K")
	}
}
