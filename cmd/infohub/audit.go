package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/internal/audit"
)

type auditCommand struct {
	hubCommand
	now                                 func() time.Time
	since, until, actor, action, object string
	limit                               int
	all                                 bool
	noted                               string
}

func newAudit(g *global) *cobra.Command {
	o := &auditCommand{hubCommand: hubCommand{global: g}, now: time.Now}
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "A hub's audit log: read it, prove that nobody changed it, export it",
		Long: `Audit reads the record of who did what at a hub. Each entry holds the hash of the
one before it, so that a changed or missing entry is found. Whoever can write the
file could write a new record; that is found, too, if you keep the number and the
hash that verify prints somewhere else, and give it the next time.`,
		Example: `  infohub audit list --since 7d --data /var/lib/infohub
  infohub audit verify --data /var/lib/infohub`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	ls := &cobra.Command{
		Use: "list", Short: "List what was done, the latest first",
		Example: `  infohub audit list --since 7d --data /var/lib/infohub
  infohub audit list --action key. --all --format json --data /var/lib/infohub`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.list(cmd.Context()) },
	}
	f := ls.Flags()
	f.StringVar(&o.since, "since", "", "since: 7d, 2026-11-01 or a `TIME`")
	f.StringVar(&o.until, "until", "", "before: 7d, 2026-11-01 or a `TIME`")
	f.StringVar(&o.actor, "actor", "", "only by the person or organisation with this `ID`")
	f.StringVar(&o.action, "action", "", "only this `ACTION`, such as key.revoke; with a dot at its end all that begin so: key.")
	f.StringVar(&o.object, "object", "", "only what was done to the one with this `ID`")
	f.IntVar(&o.limit, "limit", 100, "entries at most, up to 1000")
	f.BoolVar(&o.all, "all", false, fmt.Sprintf("all of them, up to %d", maxListed))
	verify := &cobra.Command{
		Use: "verify [FILE]", Short: "Prove that the log is as it was written",
		Long: `Verify reads the whole log, and prints the number and the hash of its last entry:
keep them somewhere else. With --noted SEQ:HASH, from an earlier run, it also finds a
log that was cut off or written anew since.

With FILE it checks what audit export wrote, without a hub; - is standard input.

Exit codes: 0 it is as it was written, 1 it is not, 2 a wrong option or file.`,
		Example: `  infohub audit verify --data /var/lib/infohub
  infohub audit verify --noted 1234:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 --data /var/lib/infohub
  infohub audit verify audit.jsonl`,
		Args: func(cmd *cobra.Command, args []string) error { return asUsage(cmd, cobra.MaximumNArgs(1)(cmd, args)) },
		RunE: func(cmd *cobra.Command, args []string) error { return o.verify(cmd.Context(), args) },
	}
	verify.Flags().StringVar(&o.noted, "noted", "", "`SEQ:HASH` of an entry, as an earlier run printed it")
	export := &cobra.Command{
		Use: "export [FILE]", Short: "Write the whole log as lines of JSON",
		Long:    "Export writes the log to FILE, which its owner alone can read, or to standard\noutput. That it was exported is in the log from then on.",
		Example: "  infohub audit export audit.jsonl --data /var/lib/infohub\n  infohub audit verify audit.jsonl",
		Args:    func(cmd *cobra.Command, args []string) error { return asUsage(cmd, cobra.MaximumNArgs(1)(cmd, args)) },
		RunE:    func(cmd *cobra.Command, args []string) error { return o.export(cmd.Context(), args) },
	}
	addHubFlags(&o.hubCommand, true, ls, verify)
	addHubFlags(&o.hubCommand, false, export)
	cmd.AddCommand(ls, verify, export)
	return cmd
}

func (o *auditCommand) list(ctx context.Context) error {
	q := url.Values{}
	for name, text := range map[string]string{"actor": o.actor, "action": o.action, "object": o.object} {
		if text != "" {
			q.Set(name, text)
		}
	}
	for _, t := range []struct{ flag, text string }{{"since", o.since}, {"until", o.until}} {
		if t.text == "" {
			continue
		}
		at, err := moment(t.flag, t.text, o.now(), true)
		if err != nil {
			return err
		}
		q.Set(t.flag, at.Format(time.RFC3339Nano))
	}
	if o.limit < 1 || o.limit > audit.MaxListed {
		return usageError{fmt.Errorf("--limit %d: choose 1 to %d, or --all", o.limit, audit.MaxListed)}
	}
	return o.with(ctx, func(c *apiclient.Client) error {
		log, err := o.pages(ctx, c, q)
		if err != nil {
			return err
		}
		if o.format == "json" {
			return o.json(log)
		}
		var rows [][]string
		for _, e := range log.Items {
			rows = append(rows, []string{strconv.FormatUint(e.Seq, 10), when(e.Time), actor(e), e.From, e.Action, e.Object, detail(e.Detail)})
		}
		if err := o.table([]string{"SEQ", "TIME", "WHO", "FROM", "ACTION", "OBJECT", "DETAIL"}, rows, "No entries."); err != nil {
			return err
		}
		if log.Next != 0 {
			o.say("there may be more: --all, or a higher --limit")
		}
		return nil
	})
}

// pages asks for pages until there is what was asked for: a page may have few
// entries, or none, and yet lead on.
func (o *auditCommand) pages(ctx context.Context, c *apiclient.Client, q url.Values) (apiclient.AuditPage, error) {
	log, want := apiclient.AuditPage{Items: []apiclient.AuditEntry{}}, o.limit
	if o.all {
		want = maxListed
	}
	for {
		q.Set("limit", strconv.Itoa(min(want-len(log.Items), audit.MaxListed)))
		var page apiclient.AuditPage
		if err := c.Do(ctx, http.MethodGet, "/audit", q, nil, &page); err != nil {
			return log, err
		}
		log.Items, log.Next = append(log.Items, page.Items...), page.Next
		if page.Next == 0 || len(log.Items) >= want {
			return log, nil
		}
		q.Set("before", strconv.FormatUint(page.Next, 10))
	}
}

// actor is who did it, with the key that they came with.
func actor(e apiclient.AuditEntry) string {
	name := e.ActorName
	if name == "" {
		name = e.ActorKind
	}
	if e.Key != "" {
		name += " (key " + e.Key + ")"
	}
	return name
}

func detail(d map[string]string) string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(d)) {
		out = append(out, key+"="+d[key])
	}
	return strings.Join(out, " ")
}

func (o *auditCommand) verify(ctx context.Context, args []string) error {
	var noted *audit.Anchor
	query := url.Values{}
	if o.noted != "" {
		a, err := audit.ParseAnchor(o.noted)
		if err != nil {
			return usageError{fmt.Errorf("--noted: %w", err)}
		}
		noted = &a
		query.Set("noted", o.noted)
	}
	if len(args) == 0 {
		return o.with(ctx, func(c *apiclient.Client) error {
			var state apiclient.AuditState
			if err := c.Do(ctx, http.MethodGet, "/audit/verify", query, nil, &state); err != nil {
				return err
			}
			return o.verdict(state)
		})
	}
	if o.format != "text" && o.format != "json" {
		return usageError{fmt.Errorf("--format %q: choose text or json", o.format)}
	}
	state, err := o.verifyFile(args[0], noted)
	if err != nil {
		return err
	}
	return o.verdict(state)
}

func (o *auditCommand) verifyFile(path string, noted *audit.Anchor) (apiclient.AuditState, error) {
	file := &backupCommand{global: o.global}
	f, err := file.openFile(path)
	if err != nil {
		return apiclient.AuditState{}, err
	}
	got, err := audit.VerifyExport(f, noted)
	err = errors.Join(err, f.Close())
	if broken, ok := errors.AsType[*audit.BrokenError](err); ok {
		return apiclient.AuditState{Broken: broken.Seq, Why: broken.Why}, nil
	}
	if err != nil {
		return apiclient.AuditState{}, fmt.Errorf("%s: %w", path, err)
	}
	return apiclient.AuditState{Sound: true, Entries: got.Count, Head: got.Head.String()}, nil
}

// verdict prints what a verification found. The exit code says it, too.
func (o *auditCommand) verdict(s apiclient.AuditState) error {
	say := func(text string) error { return o.document([]byte(text + "\n")) }
	var err error
	switch {
	case o.format == "json":
		err = o.json(s)
	case s.Sound:
		err = say(o.words().T("restore.audit", "n", int(s.Entries), "anchor", s.Head)) // #nosec G115 -- a count of entries
	default:
		err = say(o.words().T("audit.broken", "seq", s.Broken, "why", s.Why))
	}
	if err == nil && !s.Sound {
		return outcome{exitFindings}
	}
	return err
}

func (o *auditCommand) export(ctx context.Context, args []string) error {
	return o.with(ctx, func(c *apiclient.Client) error {
		body, err := c.Open(ctx, http.MethodPost, "/audit/export", nil, nil)
		if err != nil {
			return err
		}
		defer func() { _ = body.Close() }() // it was read
		if len(args) == 0 || args[0] == stdinout {
			_, err := io.Copy(o.out, body)
			return err
		}
		f, err := createPrivate(args[0])
		if err != nil {
			return usageError{err}
		}
		_, err = io.Copy(f, body)
		return f.finish(err)
	})
}
