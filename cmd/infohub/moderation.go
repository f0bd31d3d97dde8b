package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

type moderationCommand struct {
	hubCommand
	collection, reason string
	limit              int
}

func newModeration(g *global) *cobra.Command {
	o := &moderationCommand{hubCommand: hubCommand{global: g}}
	cmd := &cobra.Command{
		Use:   "moderation",
		Short: "Contributions that wait for an analyst: list, approve, reject",
		Long: `Moderation decides on contributions to collections that are moderated. It takes the
key of a person who is an analyst or a hub administrator, and nobody decides on
what their own organisation contributed. Only what that person may read is listed.`,
		Example: `  infohub moderation list --hub https://hub.example.hk --key-file kit.key
  infohub moderation approve ID --hub https://hub.example.hk --key-file kit.key`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	ls := &cobra.Command{
		Use: "list", Short: "List what waits, the oldest first",
		Long:    "List shows what waits; --format json has the objects as they will be published.",
		Example: "  infohub moderation list --data /var/lib/infohub --key-file kit.key",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.list(cmd.Context()) },
	}
	ls.Flags().StringVar(&o.collection, "collection", "", "only for `COLLECTION`")
	ls.Flags().IntVar(&o.limit, "limit", 100, "contributions at most, up to 1000")
	approve := &cobra.Command{
		Use: "approve ID", Short: "Publish a contribution",
		Example: "  infohub moderation approve ID --data /var/lib/infohub --key-file kit.key",
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.decide(cmd.Context(), args[0], true, "moderation.approved")
		},
	}
	reject := &cobra.Command{
		Use: "reject ID", Short: "Turn a contribution away, with a reason",
		Example: `  infohub moderation reject ID --reason "This is our own mail server." --data /var/lib/infohub --key-file kit.key`,
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.reason == "" {
				return usageError{errors.New("--reason is missing: whoever contributed it reads it in the status")}
			}
			return o.decide(cmd.Context(), args[0], false, "moderation.rejected")
		},
	}
	approve.Flags().StringVar(&o.reason, "reason", "", "a `TEXT` for the audit log")
	reject.Flags().StringVar(&o.reason, "reason", "", "a `TEXT` that whoever contributed it reads")
	addHubFlags(&o.hubCommand, true, ls)
	addHubFlags(&o.hubCommand, false, approve, reject)
	cmd.AddCommand(ls, approve, reject)
	return cmd
}

func (o *moderationCommand) list(ctx context.Context) error {
	query := url.Values{"limit": {strconv.Itoa(o.limit)}}
	if o.collection != "" {
		query.Set("collection", o.collection)
	}
	return list(ctx, &o.hubCommand, "/moderation", query, "Nothing waits.", []string{"ID", "RECEIVED", "FROM", "TLP", "ABOUT", "OBJECT"},
		func(p apiclient.Pending) []string {
			from := p.Organisation
			if p.Anonymous {
				from = "anonymous"
			}
			return []string{p.ID, when(p.Received), from, p.Marking, summary(p.Object), p.ObjectID}
		})
}

func (o *moderationCommand) decide(ctx context.Context, id string, approve bool, said string) error {
	path, err := at("moderation", id, "decision")
	if err != nil {
		return err
	}
	return o.done(ctx, http.MethodPost, path, nil, apiclient.Decision{Approve: approve, Reason: o.reason}, o.words().T(said, "id", id))
}
