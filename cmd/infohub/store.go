package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/internal/store"
)

type storeCommand struct {
	*global
	data   string
	format string
}

func newStore(g *global) *cobra.Command {
	o := &storeCommand{global: g}
	cmd := &cobra.Command{
		Use:     "store",
		Short:   "Look after a data folder: check it, count what it holds, compact it",
		Long:    `Store looks after the file in which scan --data keeps everything.`,
		Example: "  infohub store check --data /var/lib/infohub",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	check := &cobra.Command{
		Use: "check", Short: "Read the whole file and say whether it is sound",
		Long: `Check reads the whole file. It changes nothing.

Exit codes: 0 sound, 1 damaged, 2 a wrong option or no data, 4 it cannot be read.`,
		Annotations: map[string]string{settableKey: "data"},
		Example:     "  infohub store check --data /var/lib/infohub",
		Args:        noArgs,
		RunE:        func(cmd *cobra.Command, _ []string) error { return o.check(cmd.Context()) },
	}
	stats := &cobra.Command{
		Use: "stats", Short: "Count what the file holds",
		Annotations: map[string]string{settableKey: "data"},
		Example:     "  infohub store stats --data /var/lib/infohub",
		Args:        noArgs,
		RunE:        func(cmd *cobra.Command, _ []string) error { return o.stats(cmd.Context()) },
	}
	stats.Flags().StringVar(&o.format, "format", "text", "text or json")
	complete(stats, "format", []string{"text", "json"})
	compact := &cobra.Command{
		Use: "compact", Short: "Give the space of what was removed back to the disk",
		Long: `Compact writes the file anew, without what was removed, checks the copy and puts
it in the place of the old file. Until then the disk holds both.`,
		Annotations: map[string]string{settableKey: "data"},
		Example:     "  infohub store compact --data /var/lib/infohub",
		Args:        noArgs,
		RunE:        func(cmd *cobra.Command, _ []string) error { return o.compact(cmd.Context()) },
	}
	for _, c := range []*cobra.Command{check, stats, compact} {
		addDataFlag(c, &o.data)
	}
	cmd.AddCommand(check, stats, compact)
	return cmd
}

func (o *storeCommand) check(ctx context.Context) error {
	if err := needData(o.data); err != nil {
		return err
	}
	err := app.CheckStore(ctx, o.data)
	switch {
	case errors.Is(err, store.ErrCorrupt):
		o.say(err.Error())
		return outcome{exitFindings}
	case err != nil:
		return dataProblem(err)
	}
	_, err = fmt.Fprintln(o.out, o.words().T("store.sound", "dir", o.data))
	return err
}

func (o *storeCommand) stats(ctx context.Context) error {
	if err := needData(o.data); err != nil {
		return err
	}
	if o.format != "text" && o.format != "json" {
		return usageError{fmt.Errorf("--format %q: choose text or json", o.format)}
	}
	rooms, err := app.StoreStats(ctx, o.data)
	if err != nil {
		return dataProblem(err)
	}
	if o.format == "json" {
		enc := json.NewEncoder(o.out)
		enc.SetIndent("", "  ")
		return enc.Encode(map[string]any{"version": 1, "rooms": append([]app.RoomStats{}, rooms...)})
	}
	for _, r := range rooms {
		if _, err := fmt.Fprintf(o.out, "%-20s %10d  %10d B\n", r.Room, r.Entries, r.Bytes); err != nil {
			return err
		}
	}
	return nil
}

func (o *storeCommand) compact(ctx context.Context) error {
	if err := needData(o.data); err != nil {
		return err
	}
	before, after, err := app.CompactStore(ctx, o.data)
	if err != nil {
		return dataProblem(err)
	}
	_, err = fmt.Fprintln(o.out, o.words().T("store.compacted", "before", before, "after", after))
	return err
}
