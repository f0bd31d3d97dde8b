package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

type changesCommand struct {
	hubCommand
	collection, cursor, subscription string
	fromNow, follow, ack, fromStart  bool
}

// Times of following: how long the hub waits for a change, and how long the
// command waits before it asks again for a subscription's.
const (
	followWait = 50 * time.Second
	followPoll = 5 * time.Second
)

// maxCursorFile bounds a file with a cursor in it, in bytes.
const maxCursorFile = 4096

func newChanges(g *global) *cobra.Command {
	o := &changesCommand{hubCommand: hubCommand{global: g}}
	cmd := &cobra.Command{
		Use:   "changes",
		Short: "Print what was added to a hub, deleted and expired",
		Long: `Changes prints what happened at a hub, a line of JSON each, in the order in which it
happened and as far as you may read it: all that the hub still knows, or with --new
what comes. With --follow it goes on until Ctrl-C.

With --cursor FILE it remembers how far it got, and goes on from there the next
time. With --subscription the hub remembers: with --ack it is told what has been
printed; without, the same comes again.`,
		Example: `  infohub changes --cursor changes.cursor --data /var/lib/infohub
  infohub changes --new --follow --collection indicators --hub https://hub.example.hk --key-file hub.key
  infohub changes subscribe siem --hub https://hub.example.hk --key-file hub.key
  infohub changes --subscription siem --ack --hub https://hub.example.hk --key-file hub.key`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.changes(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringVar(&o.collection, "collection", "", "only of `COLLECTION`")
	f.StringVar(&o.cursor, "cursor", "", "remember in `FILE` how far it got, and go on from there")
	f.BoolVar(&o.fromNow, "new", false, "begin with what comes, not with what there is")
	f.BoolVar(&o.follow, "follow", false, "go on until Ctrl-C")
	f.StringVar(&o.subscription, "subscription", "", "what is new in the subscription `NAME`")
	f.BoolVar(&o.ack, "ack", false, "tell the hub that what was printed has arrived")

	ls := &cobra.Command{
		Use: "subscriptions", Short: "List your subscriptions",
		Example: "  infohub changes subscriptions --data /var/lib/infohub",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return list(cmd.Context(), &o.hubCommand, "/subscriptions", nil, "No subscriptions.", []string{"NAME", "COLLECTION", "CREATED"},
				func(s apiclient.Subscription) []string { return []string{s.Name, s.Collection, when(s.Created)} })
		},
	}
	subscribe := &cobra.Command{
		Use: "subscribe NAME", Short: "Let the hub remember how far you have read",
		Long: `Subscribe makes a subscription, which belongs to you or, with an organisation's key,
to all keys of the organisation together.`,
		Example: "  infohub changes subscribe siem --collection indicators --hub https://hub.example.hk --key-file hub.key",
		Args:    exactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.subscribe(cmd.Context(), args[0]) },
	}
	subscribe.Flags().StringVar(&o.collection, "collection", "", "only of `COLLECTION`")
	subscribe.Flags().BoolVar(&o.fromStart, "from-start", false, "begin with what there is, not with what comes")
	unsubscribe := &cobra.Command{
		Use: "unsubscribe NAME", Short: "End a subscription",
		Example: "  infohub changes unsubscribe siem --data /var/lib/infohub",
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := at("subscriptions", args[0])
			if err != nil {
				return err
			}
			return o.done(cmd.Context(), http.MethodDelete, path, nil, nil, o.words().T("hub.deleted", "name", args[0]))
		},
	}
	addHubFlags(&o.hubCommand, true, ls, subscribe)
	addHubFlags(&o.hubCommand, false, cmd, unsubscribe)
	cmd.AddCommand(ls, subscribe, unsubscribe)
	return cmd
}

func (o *changesCommand) subscribe(ctx context.Context, name string) error {
	in := apiclient.NewSubscription{Name: name, From: "now"}
	if o.fromStart {
		in.From = "start"
	}
	return o.with(ctx, func(c *apiclient.Client) error {
		if o.collection != "" {
			path, err := at("collections", o.collection)
			if err != nil {
				return err
			}
			var col apiclient.Collection
			if err := c.Do(ctx, http.MethodGet, path, nil, nil, &col); err != nil {
				return err
			}
			in.Collection = col.ID
		}
		var made apiclient.Subscription
		if err := c.Do(ctx, http.MethodPost, "/subscriptions", nil, in, &made); err != nil {
			return err
		}
		if o.format == "json" {
			return o.json(made)
		}
		return o.fields("Name", made.Name, "Collection", made.Collection, "Created", when(made.Created))
	})
}

func (o *changesCommand) check() error {
	subscribed := o.subscription != ""
	switch {
	case subscribed && (o.cursor != "" || o.collection != "" || o.fromNow):
		return usageError{errors.New("--subscription has a collection and a place of its own: leave --collection, --cursor and --new out")}
	case o.ack && !subscribed:
		return usageError{errors.New("--ack is for a subscription: give --subscription NAME, too")}
	case o.follow && subscribed && !o.ack:
		return usageError{errors.New("--follow needs --ack with a subscription: without, the same would come again and again")}
	}
	return nil
}

func (o *changesCommand) changes(ctx context.Context) error {
	if err := o.check(); err != nil {
		return err
	}
	next, after := o.next, o.remember
	if o.subscription != "" {
		next, after = o.nextOf, o.acknowledge
	}
	cursor, err := o.begin()
	if err != nil {
		return err
	}
	err = o.with(ctx, func(c *apiclient.Client) error {
		for {
			page, err := next(ctx, c, cursor)
			if err != nil {
				return err
			}
			if err := o.print(page.Items); err != nil {
				return err
			}
			if len(page.Items) > 0 || page.Next != cursor {
				if err := after(ctx, c, page.Next); err != nil {
					return err
				}
			}
			cursor = page.Next
			if page.More && o.subscription != "" && !o.ack {
				o.say("there is more: it comes when --ack says that this has arrived")
				return nil
			}
			if !o.follow && !page.More {
				return nil
			}
		}
	})
	if o.follow && ctx.Err() != nil {
		return outcome{exitClean} // Ctrl-C is how it ends
	}
	return err
}

// begin is the cursor to begin with.
func (o *changesCommand) begin() (string, error) {
	first := ""
	if o.fromNow {
		first = "now"
	}
	if o.cursor == "" {
		return first, nil
	}
	f, err := os.Open(o.cursor)
	if errors.Is(err, fs.ErrNotExist) {
		return first, nil
	}
	if err != nil {
		return "", usageError{fmt.Errorf("--cursor: %w", err)}
	}
	data, err := io.ReadAll(io.LimitReader(f, maxCursorFile+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return "", usageError{fmt.Errorf("--cursor: %w", err)}
	}
	text := strings.TrimSpace(string(data))
	if text == "" || len(data) > maxCursorFile || strings.ContainsAny(text, " \n\t") {
		return "", usageError{fmt.Errorf("--cursor %s: it holds no cursor of this command", o.cursor)}
	}
	return text, nil
}

// next gets a page behind a cursor. Whoever follows waits for it.
func (o *changesCommand) next(ctx context.Context, c *apiclient.Client, cursor string) (apiclient.Changes, error) {
	q := url.Values{"limit": {"1000"}}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	if o.collection != "" {
		q.Set("collection", o.collection)
	}
	if o.follow {
		q.Set("wait", fmt.Sprint(int(followWait/time.Second)))
	}
	var page apiclient.Changes
	err := c.Do(ctx, http.MethodGet, "/changes", q, nil, &page)
	return page, err
}

// nextOf gets a page of the subscription.
func (o *changesCommand) nextOf(ctx context.Context, c *apiclient.Client, _ string) (apiclient.Changes, error) {
	path, err := at("subscriptions", o.subscription, "changes")
	if err != nil {
		return apiclient.Changes{}, err
	}
	for {
		var page apiclient.Changes
		err := c.Do(ctx, http.MethodGet, path, url.Values{"limit": {"1000"}}, nil, &page)
		if err != nil || !o.follow || len(page.Items) > 0 || page.More {
			return page, err
		}
		wait := time.NewTimer(followPoll)
		select {
		case <-ctx.Done():
			wait.Stop()
			return page, ctx.Err()
		case <-wait.C:
		}
	}
}

// print writes a line for each change.
func (o *changesCommand) print(items []apiclient.Change) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, item := range items {
		if err := enc.Encode(item); err != nil {
			return err
		}
	}
	return o.document(b.Bytes())
}

// remember keeps a cursor, once what lies before it has been printed.
func (o *changesCommand) remember(_ context.Context, _ *apiclient.Client, cursor string) error {
	if o.cursor == "" {
		return nil
	}
	return writeFile(o.cursor, func(w io.Writer) error {
		_, err := io.WriteString(w, cursor+"\n")
		return err
	})
}

func (o *changesCommand) acknowledge(ctx context.Context, c *apiclient.Client, cursor string) error {
	if !o.ack {
		return nil
	}
	path, err := at("subscriptions", o.subscription, "ack")
	if err != nil {
		return err
	}
	return c.Do(ctx, http.MethodPost, path, nil, map[string]string{"cursor": cursor}, nil)
}
