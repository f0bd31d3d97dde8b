package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

type searchCommand struct {
	hubCommand
	now                                          func() time.Time
	text, marking, org, collection, since, until string
	types                                        []string
	limit                                        int
	all, counts                                  bool
}

func newSearch(g *global) *cobra.Command {
	o := &searchCommand{hubCommand: hubCommand{global: g}, now: time.Now}
	cmd := &cobra.Command{
		Use:   "search [VALUE]",
		Short: "Search a hub: who has seen this address, domain, file?",
		Long: `Search finds objects by a value: an address, a domain, a URL, a mail address, the
hash of a file, a CVE. An address finds its network, too, and a URL its domain;
forms such as 198.51.100[.]7 and hxxps:// are understood. Options narrow it; all of
them must hold. The newest come first, and only what you may read.

Exit codes: 0 something was found, 1 nothing was, 2 a wrong option, 3 the hub
cannot be reached.`,
		Example: `  infohub search 198.51.100.7 --data /var/lib/infohub
  infohub search --type indicator --since 7d --counts --hub https://hub.example.hk --key-file hub.key
  infohub search --text "quishing" --all --format json --data /var/lib/infohub`,
		Args: func(cmd *cobra.Command, args []string) error { return asUsage(cmd, cobra.MaximumNArgs(1)(cmd, args)) },
		RunE: func(cmd *cobra.Command, args []string) error { return o.search(cmd.Context(), args) },
	}
	f := cmd.Flags()
	f.StringVar(&o.text, "text", "", "`WORDS` in the object's text, in any case")
	f.StringSliceVar(&o.types, "type", nil, "only objects of this STIX `TYPE`, for example indicator (may be repeated)")
	f.StringVar(&o.marking, "marking", "", "only what has this TLP `LABEL`")
	f.StringVar(&o.org, "org", "", "only what `ORG` contributed")
	f.StringVar(&o.collection, "collection", "", "only in `COLLECTION`")
	f.StringVar(&o.since, "since", "", "added since: 7d, 2026-11-01 or a `TIME`")
	f.StringVar(&o.until, "until", "", "added before: 7d, 2026-11-01 or a `TIME`")
	f.IntVar(&o.limit, "limit", 50, "objects at most, up to 1000")
	f.BoolVar(&o.all, "all", false, fmt.Sprintf("all of them, up to %d", maxListed))
	f.BoolVar(&o.counts, "counts", false, "with sightings, opinions and notes")
	complete(cmd, "marking", []string{"CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"})
	addHubFlags(&o.hubCommand, true, cmd)
	return cmd
}

func (o *searchCommand) query(args []string) (url.Values, error) {
	q := url.Values{}
	if len(args) > 0 {
		if strings.TrimSpace(args[0]) == "" {
			return nil, usageError{fmt.Errorf("%q is no value to look for", args[0])}
		}
		q.Set("value", args[0])
	}
	for name, text := range map[string]string{"text": o.text, "marking": o.marking, "organisation": o.org, "collection": o.collection} {
		if text != "" {
			q.Set(name, text)
		}
	}
	for _, t := range o.types {
		q.Add("type", t)
	}
	for _, t := range []struct{ flag, text string }{{"since", o.since}, {"until", o.until}} {
		if t.text == "" {
			continue
		}
		at, err := moment(t.flag, t.text, o.now(), true)
		if err != nil {
			return nil, err
		}
		q.Set(t.flag, at.Format(time.RFC3339Nano))
	}
	if o.counts {
		q.Set("counts", "true")
	}
	if o.limit < 1 || o.limit > 1000 {
		return nil, usageError{fmt.Errorf("--limit %d: choose 1 to 1000, or --all", o.limit)}
	}
	return q, nil
}

func (o *searchCommand) search(ctx context.Context, args []string) error {
	q, err := o.query(args)
	if err != nil {
		return err
	}
	return o.with(ctx, func(c *apiclient.Client) error {
		found, err := o.pages(ctx, c, q)
		if err != nil {
			return err
		}
		if o.format == "json" {
			err = o.json(found)
		} else {
			err = o.print(found)
		}
		if err == nil && len(found.Items) == 0 {
			return outcome{exitFindings}
		}
		return err
	})
}

// pages asks for pages until there is what was asked for: a page may have few
// hits, or none, and yet lead on.
func (o *searchCommand) pages(ctx context.Context, c *apiclient.Client, q url.Values) (apiclient.List[apiclient.Found], error) {
	found, want := apiclient.List[apiclient.Found]{Items: []apiclient.Found{}}, o.limit
	if o.all {
		want = maxListed
	}
	for {
		q.Set("limit", strconv.Itoa(min(want-len(found.Items), 1000)))
		var page apiclient.List[apiclient.Found]
		if err := c.Do(ctx, http.MethodGet, "/search", q, nil, &page); err != nil {
			return found, err
		}
		found.Items = append(found.Items, page.Items...)
		found.Next = page.Next
		if page.Next == "" || len(found.Items) >= want {
			return found, nil
		}
		q.Set("cursor", page.Next)
	}
}

func (o *searchCommand) print(found apiclient.List[apiclient.Found]) error {
	head := []string{"ADDED", "TYPE", "TLP", "FROM", "ABOUT", "ID"}
	if o.counts {
		head = append(head, "SIGHTINGS", "OPINIONS", "NOTES")
	}
	var rows [][]string
	for _, f := range found.Items {
		about := summary(f.Object)
		if f.Matched != "" && !strings.Contains(about, f.Matched) {
			about = strings.TrimSpace(f.Matched + " " + about)
		}
		row := []string{when(f.DateAdded), f.Type, f.Marking, f.Organisation, about, f.ID}
		if o.counts {
			counts := apiclient.Counts{}
			if f.Counts != nil {
				counts = *f.Counts
			}
			row = append(row, strconv.Itoa(counts.Sightings), opinions(counts), strconv.Itoa(counts.Notes))
		}
		rows = append(rows, row)
	}
	if err := o.table(head, rows, "Nothing was found."); err != nil {
		return err
	}
	if found.Next != "" {
		o.say("there may be more: --all, or a higher --limit")
	}
	return nil
}

// opinions are how many there are of each kind.
func opinions(c apiclient.Counts) string {
	var out []string
	for _, kind := range slices.Sorted(maps.Keys(c.Opinions)) {
		out = append(out, fmt.Sprintf("%s: %d", kind, c.Opinions[kind]))
	}
	if len(out) == 0 {
		return "0"
	}
	return strings.Join(out, ", ")
}
