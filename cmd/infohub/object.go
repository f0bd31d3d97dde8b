package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/scanner"
)

type objectCommand struct {
	hubCommand
	collection, version string
	anonymous, all      bool
	orgs, people        []string
}

// maxObject bounds an object, in bytes: no hub takes a submission that is larger.
const maxObject = 100 << 20

func newObject(g *global) *cobra.Command {
	o := &objectCommand{hubCommand: hubCommand{global: g}}
	cmd := &cobra.Command{
		Use:   "object",
		Short: "Objects of a hub: submit, get, count, delete",
		Long: `Object works on single STIX 2.1 objects by their id. Many at once are better sent
and fetched by infohub taxii.`,
		Example: `  infohub object submit report.json --collection indicators --hub https://hub.example.hk --key-file hub.key
  infohub object get indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f --data /var/lib/infohub`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	get := &cobra.Command{
		Use: "get ID", Short: "Print an object as it was received",
		Long: `Get prints the latest version of an object that you may read, byte for byte; with
--all every version, the newest first, a line each. --format json also says where
it is, its marking, and who contributed it.`,
		Example: "  infohub object get indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f --data /var/lib/infohub",
		Args:    exactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.get(cmd.Context(), args[0]) },
	}
	get.Flags().BoolVar(&o.all, "all", false, "every version")
	history := &cobra.Command{
		Use: "history ID", Short: "List the versions of an object",
		Example: "  infohub object history indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f --data /var/lib/infohub",
		Args:    exactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.history(cmd.Context(), args[0]) },
	}
	counts := &cobra.Command{
		Use: "counts ID", Short: "Count what others said about an object: sightings, opinions, notes",
		Long:    "Counts counts what you may read.",
		Example: "  infohub object counts indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f --data /var/lib/infohub",
		Args:    exactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.counts(cmd.Context(), args[0]) },
	}
	remove := &cobra.Command{
		Use: "delete ID", Short: "Take an object out of a collection",
		Long: `Delete takes all versions of an object out of a collection, or one. Whoever
contributed it may, and administrators. Those who follow the changes are told.`,
		Example: "  infohub object delete indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f --collection indicators --data /var/lib/infohub",
		Args:    exactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.remove(cmd.Context(), args[0]) },
	}
	remove.Flags().StringVar(&o.collection, "collection", "", "the `COLLECTION` that it is in")
	remove.Flags().StringVar(&o.version, "version", "", "only the version of this `TIME`, as infohub object history has it")
	submit := newObjectSubmit(o)
	status := &cobra.Command{
		Use: "status ID", Short: "Show what became of a submission",
		Long: `Status shows what became of what you submitted, for two days: what was stored, what
waits for an analyst, and what was turned away, with the reason. ID is the status
that submit printed.

Exit codes: 0 nothing was turned away, 1 something was.`,
		Example: "  infohub object status 2d086da7-4bdc-4f91-900e-d77486753710 --hub https://hub.example.hk --key-file hub.key",
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.status(cmd.Context(), http.MethodGet, []string{"statuses", args[0]}, nil, nil)
		},
	}
	sealed := &cobra.Command{
		Use: "sealed ID", Short: "Show who is behind an anonymous object; that you looked is recorded",
		Long: `Sealed shows hub administrators who contributed an object that the hub published in
its own name, with the original. Each look is written into the audit log before
anything is shown.`,
		Example: "  infohub object sealed indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f --data /var/lib/infohub",
		Args:    exactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.sealed(cmd.Context(), args[0]) },
	}
	addHubFlags(&o.hubCommand, true, get, history, counts, submit, status, sealed)
	addHubFlags(&o.hubCommand, false, remove)
	cmd.AddCommand(submit, status, get, history, counts, remove, sealed)
	return cmd
}

func newObjectSubmit(o *objectCommand) *cobra.Command {
	cmd := &cobra.Command{
		Use: "submit FILE", Short: "Put objects into a collection",
		Long: `Submit puts the objects of a STIX 2.1 bundle or a TAXII envelope, or one object, into
a collection; FILE is - for standard input. The good ones are stored, byte for byte and on disk
when the command ends; each of the others is listed with the reason. What is
there already is no error.

TLP:AMBER needs to know for which organisations, TLP:RED for which people: those of
--for and --person, or else the collection's. With --anonymous the hub publishes
the objects in its own name, under ids of its own.

Exit codes: 0 all were stored or wait for an analyst, 1 some were turned away, 2 a
wrong option or no right to write.`,
		Example: `  infohub object submit report.json --collection indicators --hub https://hub.example.hk --key-file hub.key
  infohub object submit - --collection indicators --for harbour,peak --data /var/lib/infohub < amber.json`,
		Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.submit(cmd.Context(), args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&o.collection, "collection", "", "the `COLLECTION`, by id or alias")
	f.BoolVar(&o.anonymous, "anonymous", false, "publish them in the hub's name")
	f.StringSliceVar(&o.orgs, "for", nil, "organisations (`ORG`, may be repeated) that TLP:AMBER names")
	f.StringSliceVar(&o.people, "person", nil, "mail `ADDRESS` of a person whom TLP:RED names (may be repeated)")
	return cmd
}

func (o *objectCommand) submit(ctx context.Context, file string) (err error) {
	if o.collection == "" {
		return usageError{fmt.Errorf("--collection is missing: 'infohub collection list' has them")}
	}
	var in io.Reader = o.in
	if file != stdinout {
		f, err := os.Open(file)
		if err != nil {
			return usageError{err}
		}
		defer func() { _ = f.Close() }() // it was only read
		if info, err := f.Stat(); err == nil && info.IsDir() {
			return usageError{fmt.Errorf("%s is a folder: name a file", file)}
		}
		in = f
	}
	in = enveloped(in)
	query := url.Values{"organisation": o.orgs, "person": o.people}
	if o.anonymous {
		query.Set("anonymous", "true")
	}
	return o.status(ctx, http.MethodPost, []string{"collections", o.collection, "objects"}, query, apiclient.Raw{Type: "application/json", Body: in})
}

// maxSingle bounds an object, in bytes, that may come without an envelope.
const maxSingle = 1 << 20

// enveloped puts a single object into an envelope. All else stays as it is.
func enveloped(in io.Reader) io.Reader {
	r := bufio.NewReaderSize(in, maxSingle)
	data, err := r.Peek(maxSingle)
	var o struct{ ID, Type string }
	if !errors.Is(err, io.EOF) || json.Unmarshal(data, &o) != nil || o.ID == "" || o.Type == "" || o.Type == "bundle" {
		return r
	}
	return io.MultiReader(strings.NewReader(`{"objects":[`), r, strings.NewReader("]}"))
}

// status prints what became of a submission. The exit code tells of failures.
func (o *objectCommand) status(ctx context.Context, method string, parts []string, query url.Values, in any) error {
	path, err := at(parts...)
	if err != nil {
		return err
	}
	return o.with(ctx, func(c *apiclient.Client) error {
		var s apiclient.Status
		err := c.Do(ctx, method, path, query, in, &s)
		if apiclient.StatusOf(err) == http.StatusRequestEntityTooLarge {
			return fmt.Errorf("%w: 'infohub taxii push' sends it in parts", err)
		}
		if err != nil {
			return err
		}
		show := o.showStatus
		if o.format == "json" {
			show = func(s apiclient.Status) error { return o.json(s) }
		}
		if err := show(s); err != nil {
			return err
		}
		if s.FailureCount > 0 {
			return outcome{exitFindings}
		}
		return nil
	})
}

func (o *objectCommand) showStatus(s apiclient.Status) error {
	line := func(d apiclient.StatusDetail, otherwise string) string {
		text := d.Message
		if text == "" {
			text = otherwise
		}
		return scanner.Printable(cmp.Or(d.ID, "an object without an id")+": "+text, 2000)
	}
	for _, d := range s.Failures {
		if _, err := fmt.Fprintln(o.out, line(d, "turned away")); err != nil {
			return err
		}
	}
	for _, d := range s.Pendings {
		if _, err := fmt.Fprintln(o.out, line(d, "waits for an analyst")); err != nil {
			return err
		}
	}
	for _, d := range s.Warnings {
		o.say(line(d, "stored, but not as STIX says"))
	}
	_, err := fmt.Fprintln(o.out, scanner.Printable(o.words().T("object.status", "stored", s.SuccessCount, "failed", s.FailureCount, "pending", s.PendingCount, "id", s.ID), 1000))
	return err
}

// versions gets the latest version of an object, or all.
func (o *objectCommand) versions(ctx context.Context, id string, all bool, show func(apiclient.List[apiclient.Found]) error) error {
	path, err := at("objects", id)
	if err != nil {
		return err
	}
	query := url.Values{}
	if all {
		query.Set("versions", "all")
	}
	return answer(ctx, &o.hubCommand, http.MethodGet, path, query, nil, show)
}

func (o *objectCommand) get(ctx context.Context, id string) error {
	if !o.all && o.format == "text" {
		path, err := at("objects", id, "content")
		if err != nil {
			return err
		}
		return o.with(ctx, func(c *apiclient.Client) error {
			body, err := c.Open(ctx, http.MethodGet, path, nil, nil)
			if err != nil {
				return err
			}
			data, err := io.ReadAll(io.LimitReader(body, maxObject+1))
			if err := errors.Join(err, body.Close()); err != nil {
				return err
			}
			if len(data) > maxObject {
				return fmt.Errorf("the object is over %d MiB", maxObject>>20)
			}
			return o.document(append(data, '\n'))
		})
	}
	return o.versions(ctx, id, o.all, func(l apiclient.List[apiclient.Found]) error {
		for _, f := range l.Items {
			if err := o.document(append(f.Object, '\n')); err != nil {
				return err
			}
		}
		return nil
	})
}

func (o *objectCommand) history(ctx context.Context, id string) error {
	return o.versions(ctx, id, true, func(l apiclient.List[apiclient.Found]) error {
		var rows [][]string
		for _, f := range l.Items {
			rows = append(rows, []string{f.Version, when(f.DateAdded), f.Marking, f.Organisation, f.Collection, summary(f.Object)})
		}
		return o.table([]string{"VERSION", "ADDED", "TLP", "FROM", "COLLECTION", "ABOUT"}, rows, "No versions.")
	})
}

func (o *objectCommand) counts(ctx context.Context, id string) error {
	path, err := at("objects", id, "counts")
	if err != nil {
		return err
	}
	return answer(ctx, &o.hubCommand, http.MethodGet, path, nil, nil, func(c apiclient.Counts) error {
		return o.fields("Sightings", strconv.Itoa(c.Sightings), "Opinions", opinions(c), "Notes", strconv.Itoa(c.Notes))
	})
}

func (o *objectCommand) remove(ctx context.Context, id string) error {
	if o.collection == "" {
		return usageError{fmt.Errorf("--collection is missing: 'infohub object history %s' shows where it is", id)}
	}
	path, err := at("collections", o.collection, "objects", id)
	if err != nil {
		return err
	}
	query := url.Values{}
	if o.version != "" {
		if _, err := time.Parse(time.RFC3339Nano, o.version); err != nil {
			return usageError{fmt.Errorf("--version %q: write the time as 'infohub object history' has it", o.version)}
		}
		query.Set("version", o.version)
	}
	return o.done(ctx, http.MethodDelete, path, query, nil, o.words().T("hub.deleted", "name", id))
}

func (o *objectCommand) sealed(ctx context.Context, id string) error {
	path, err := at("objects", id, "sealed")
	if err != nil {
		return err
	}
	return answer(ctx, &o.hubCommand, http.MethodGet, path, nil, nil, func(l apiclient.List[apiclient.SealedRecord]) error {
		for _, r := range l.Items {
			if err := o.fields("Published as", r.PublicID, "Version", r.PublicVersion, "Organisation", r.Organisation, "Person", r.Person, "Key", r.Key,
				"From", r.From, "Received", when(r.Time), "Original", r.OriginalID, "Its version", r.Version); err != nil {
				return err
			}
			if err := o.document(append(r.Original, '\n')); err != nil {
				return err
			}
		}
		o.say(o.words().T("sealed.logged"))
		return nil
	})
}
