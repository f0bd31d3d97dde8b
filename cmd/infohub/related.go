package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

// relatedOptions say where the advisories are looked up that concern a site.
type relatedOptions struct {
	hub, keyFile string
	paths        []string
	// record lets the hub keep the answer for an asset of the key's owner: what was
	// scanned now says what is mended, a stored report does not.
	record bool
}

func (o *relatedOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&o.paths, "advisories", nil, "show which advisories in this `PATH` (CSAF or YAML, a file or a folder) concern what the site is made with (may be repeated)")
	f.StringVar(&o.hub, "hub", "", "show which advisories of the hub at this `URL` concern what the site is made with; the hub is sent the names and versions that were seen")
	f.StringVar(&o.keyFile, "key-file", "", "`FILE` with your API key for --hub (or set INFOHUB_KEY to the key itself); without one the hub answers with what is public")
	// They exist, so SetAnnotation does not fail. What --hub sends, somebody else learns,
	// so it is asked for each time.
	_ = f.SetAnnotation("hub", onLineKey, nil)
	_ = f.SetAnnotation("advisories", insteadOfKey, []string{"hub"})
	if cmd.Annotations[settableKey] == "" {
		cmd.Annotations = map[string]string{settableKey: "advisories key-file"}
	}
}

// open returns what report.Options.Related takes, nil where nothing was asked for,
// and what closes it.
func (o *relatedOptions) open(ctx context.Context, g *global) (func(*scanner.Report) *report.Related, func(), error) {
	if o.hub == "" && len(o.paths) == 0 {
		return nil, func() {}, nil
	}
	if o.hub != "" && len(o.paths) > 0 {
		return nil, nil, usageError{errors.New("--hub and --advisories exclude each other: give one of them")}
	}
	c := app.RelatedConfig{Paths: o.paths, Record: o.record, Now: time.Now, Trouble: func(err error) {
		if text := message(err); text != "" { // nothing, of a scan that was stopped
			g.say(text)
		}
	}}
	if o.hub != "" {
		key, err := (&hubCommand{global: g, keyFile: o.keyFile}).key()
		if err != nil {
			return nil, nil, err
		}
		c.Hub = app.HubAddress{URL: o.hub, Key: key}
	}
	r, err := app.NewRelated(ctx, c)
	if errors.Is(err, app.ErrHubAddress) {
		err = fmt.Errorf("--%w", err)
	} else if err != nil {
		err = fmt.Errorf("--advisories: %w", err)
	}
	if err != nil {
		return nil, nil, usageError{err}
	}
	return r.Of(ctx), func() { _ = r.Close() }, nil // idle connections
}

// tellRelated says in a line what concerns a site.
func (g *global) tellRelated(domain string, found *report.Related) {
	if found == nil || len(found.Advisories) == 0 {
		return
	}
	var ids []string
	for _, a := range found.Advisories {
		if !slices.Contains(ids, a.ID) {
			ids = append(ids, a.ID)
		}
	}
	g.say(g.words().T("related.ids", "domain", domain, "n", len(ids), "ids", printable(strings.Join(ids, ", "))))
}
