package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/internal/notify"
	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/scanner"
)

type notifyCommand struct {
	*global
	data   string
	format string
	all    bool
	to     notifyOptions
}

func newNotify(g *global) *cobra.Command {
	o := &notifyCommand{global: g}
	cmd := &cobra.Command{
		Use:   "notify",
		Short: "See to messages about what changed: those that wait, and those given up",
		Long: `Notify looks into the outbox of 'infohub scan --data DIR', where messages wait
until their receiver takes them. What fails is tried again for two days and a
half, later and later, and then given up and kept with the reason.`,
		Example: "  infohub notify list --data /var/lib/infohub\n  infohub notify retry --data /var/lib/infohub --all",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	list := &cobra.Command{
		Use: "list", Short: "List messages that wait and messages that were given up",
		Annotations: map[string]string{settableKey: "data"},
		Example:     "  infohub notify list --data /var/lib/infohub",
		Args:        noArgs,
		RunE:        func(cmd *cobra.Command, _ []string) error { return o.list(cmd.Context()) },
	}
	list.Flags().StringVar(&o.format, "format", "text", "text or json")
	complete(list, "format", []string{"text", "json"})
	retry := &cobra.Command{
		Use: "retry [ID...]", Short: "Have messages tried again, by the next scan",
		Long: `Retry puts messages that were given up, or wait for another attempt, at the
head of the outbox. They are sent by the next scan with --data and --notify-...
options, or at once by the scan that runs with --every.`,
		Annotations: map[string]string{settableKey: "data"},
		Example:     "  infohub notify retry --data /var/lib/infohub --all",
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.each(cmd.Context(), args, (*notify.Outbox).Retry)
		},
	}
	drop := &cobra.Command{
		Use: "drop [ID...]", Short: "Remove messages for good",
		Annotations: map[string]string{settableKey: "data"},
		Example:     "  infohub notify drop --data /var/lib/infohub --all",
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.each(cmd.Context(), args, (*notify.Outbox).Drop)
		},
	}
	for _, c := range []*cobra.Command{list, retry, drop} {
		addDataFlag(c, &o.data)
	}
	for _, c := range []*cobra.Command{retry, drop} {
		c.Flags().BoolVar(&o.all, "all", false, "all messages")
	}
	test := &cobra.Command{
		Use: "test", Short: "Send a test message to each receiver now",
		Long: `Test sends a test message to each receiver and says what became of it. Nothing
is kept.

Exit codes: 0 all took it, 2 a wrong option, 4 one did not.`,
		Annotations: map[string]string{settableKey: "yes"},
		Example: `  infohub notify test --notify-mail ann@example.hk --notify-from infohub@example.hk --smtp mail.example.hk
  infohub notify test --notify-webhook https://chat.example.hk/hooks/infohub --notify-secret-file webhook.secret`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.test(cmd.Context()) },
	}
	o.to.addFlags(test)
	cmd.AddCommand(list, retry, drop, test)
	return cmd
}

// addDataFlag is --data of the commands that look into a data folder.
func addDataFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "data", "", "data `FOLDER` of scan --data")
}

func needData(dir string) error {
	if dir == "" {
		return usageError{errors.New("--data is missing: name the folder that scan --data keeps its reports in")}
	}
	return nil
}

// openData opens the store in a data folder, which must be one.
func openData(dir string) (store.Store, error) {
	if err := needData(dir); err != nil {
		return nil, err
	}
	s, err := app.OpenStore(dir, false)
	return s, dataProblem(err)
}

// dataProblem makes a folder that is none of ours a wrong option.
func dataProblem(err error) error {
	if errors.Is(err, app.ErrNoData) {
		return usageError{fmt.Errorf("--data %w", err)}
	}
	return err
}

// outbox opens the outbox of the data folder; what it returns closes it.
func (o *notifyCommand) outbox() (*notify.Outbox, func() error, error) {
	s, err := openData(o.data)
	if err != nil {
		return nil, nil, err
	}
	return &notify.Outbox{Store: s, Now: time.Now}, s.Close, nil
}

// notifyEntry is a message in a list: its text and the address's secret parts
// are left out.
type notifyEntry struct {
	ID       string         `json:"id"`
	Type     string         `json:"type"`
	Created  time.Time      `json:"created"`
	Channel  notify.Channel `json:"channel"`
	To       string         `json:"to"`
	Subject  string         `json:"subject"`
	Attempts int            `json:"attempts"`
	Next     time.Time      `json:"next,omitzero"`
	Error    string         `json:"error,omitempty"`
	Dead     bool           `json:"dead"`
	Died     time.Time      `json:"died,omitzero"`
}

func (o *notifyCommand) list(ctx context.Context) (err error) {
	if o.format != "text" && o.format != "json" {
		return usageError{fmt.Errorf("--format %q: choose text or json", o.format)}
	}
	outbox, done, err := o.outbox()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	all, err := outbox.List(ctx)
	if err != nil {
		return err
	}
	entries := []notifyEntry{}
	for _, e := range all {
		entries = append(entries, notifyEntry{e.ID, e.Type, e.Created, e.Channel, receiverName(e.Channel, e.To), e.Subject, e.Attempts, e.Next, e.Error, e.Dead, e.Died})
	}
	if o.format == "json" {
		enc := json.NewEncoder(o.out)
		enc.SetIndent("", "  ")
		return enc.Encode(map[string]any{"version": 1, "messages": entries})
	}
	w := o.words()
	if len(entries) == 0 {
		_, err = fmt.Fprintln(o.out, w.T("notify.list.none"))
		return err
	}
	for _, e := range entries {
		state := w.T("notify.list.waits")
		if e.Dead {
			state = w.T("notify.list.dead", "n", e.Attempts, "date", clockTime(e.Died))
		} else if e.Attempts > 0 {
			state = w.T("notify.list.again", "n", e.Attempts, "date", clockTime(e.Next))
		}
		if e.Error != "" {
			state += ": " + e.Error
		}
		if _, err := fmt.Fprintf(o.out, "%s  %s  %s\n  %s\n  %s\n", e.ID, clockTime(e.Created), e.To, e.Subject, scanner.Printable(state, 500)); err != nil {
			return err
		}
	}
	return nil
}

// receiverName is a receiver as it may be shown.
func receiverName(c notify.Channel, to string) string {
	if c == notify.ByWebhook {
		to = shortURL(to)
	}
	return scanner.Printable(to, 200)
}

// each does something to the named messages, or to all.
func (o *notifyCommand) each(ctx context.Context, ids []string, do func(*notify.Outbox, context.Context, string) error) (err error) {
	if o.all == (len(ids) > 0) {
		return usageError{errors.New("name messages by their ids ('infohub notify list' has them), or give --all")}
	}
	outbox, done, err := o.outbox()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	if o.all {
		entries, err := outbox.List(ctx)
		if err != nil {
			return err
		}
		for _, e := range entries {
			ids = append(ids, e.ID)
		}
	}
	for _, id := range ids {
		if err := do(outbox, ctx, id); errors.Is(err, notify.ErrNotFound) {
			return usageError{fmt.Errorf("there is no message %q: 'infohub notify list' has the ids", id)}
		} else if err != nil {
			return err
		}
	}
	return nil
}

func (o *notifyCommand) test(ctx context.Context) error {
	receivers, senders, err := o.to.build(o.global)
	if err != nil {
		return usageError{err}
	}
	if len(receivers) == 0 {
		return usageError{errors.New("name a receiver with --notify-webhook or --notify-mail")}
	}
	failed := false
	for _, r := range receivers {
		m, err := app.TestMessage(r, i18n.Match(o.lang), time.Now())
		if err != nil {
			return err
		}
		attempt, cancel := context.WithTimeout(ctx, 30*time.Second)
		err = senders[r.Channel].Send(attempt, m)
		cancel()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		name := receiverName(r.Channel, r.To)
		if err != nil {
			failed = true
			fmt.Fprintf(o.out, "%s: %s\n", name, scanner.Printable(err.Error(), 500))
			continue
		}
		if _, err := fmt.Fprintln(o.out, o.words().T("notify.sent", "to", name, "subject", m.Subject)); err != nil {
			return err
		}
	}
	if failed {
		return outcome{exitIncomplete}
	}
	return nil
}
