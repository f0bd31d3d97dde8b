package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

type assetCommand struct {
	hubCommand
	org, domain, file, mediaType string
}

// maxInventory bounds an inventory, in bytes; the hub takes no more.
const maxInventory = 4 << 20

func newAsset(g *global) *cobra.Command {
	o := &assetCommand{hubCommand: hubCommand{global: g}}
	cmd := &cobra.Command{
		Use:   "asset",
		Short: "What an organisation wants to be warned about: domains, lists of software",
		Long: `Asset keeps an organisation's domains and inventories at the hub. Only the
organisation's own people and the hub's administrators see them.

ASSET is an asset's name, domain or id; --org names another organisation than your
own.`,
		Example: `  infohub asset add --domain harbour.example --org harbour --data /var/lib/infohub
  infohub asset add servers --inventory sbom.cdx.json --org harbour --data /var/lib/infohub`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	ls := &cobra.Command{
		Use: "list", Short: "List an organisation's assets",
		Example: "  infohub asset list --org harbour --data /var/lib/infohub",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.list(cmd.Context()) },
	}
	add := &cobra.Command{
		Use: "add [NAME]", Short: "Add a domain or an inventory",
		Long: `Add adds a domain, or an inventory: a list of software as CycloneDX, SPDX, JSON or
CSV, up to 4 MiB. What kind a file is, its name says, or --media-type.`,
		Example: `  infohub asset add --domain harbour.example --org harbour --data /var/lib/infohub
  infohub asset add servers --inventory sbom.cdx.json --org harbour --data /var/lib/infohub`,
		Args: func(cmd *cobra.Command, args []string) error { return asUsage(cmd, cobra.MaximumNArgs(1)(cmd, args)) },
		RunE: func(cmd *cobra.Command, args []string) error { return o.add(cmd.Context(), args) },
	}
	add.Flags().StringVar(&o.domain, "domain", "", "a `DOMAIN` of the organisation")
	add.Flags().StringVar(&o.file, "inventory", "", "a `FILE` with a list of software")
	add.Flags().StringVar(&o.mediaType, "media-type", "", "what the file is, such as text/csv (default: by its name)")
	show := &cobra.Command{
		Use: "show ASSET", Short: "Show an asset, with the document of an inventory",
		Example: "  infohub asset show servers --org harbour --data /var/lib/infohub",
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := at("assets", args[0])
			if err != nil {
				return err
			}
			return answer(cmd.Context(), &o.hubCommand, http.MethodGet, path, o.query(), nil, o.show)
		},
	}
	remove := &cobra.Command{
		Use: "delete ASSET", Short: "Take an asset away",
		Example: "  infohub asset delete servers --org harbour --data /var/lib/infohub",
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := at("assets", args[0])
			if err != nil {
				return err
			}
			return o.done(cmd.Context(), http.MethodDelete, path, o.query(), nil, o.words().T("hub.deleted", "name", args[0]))
		},
	}
	for _, c := range []*cobra.Command{ls, add, show, remove} {
		c.Flags().StringVar(&o.org, "org", "", "`ORG` whose assets they are (default: your own)")
	}
	addHubFlags(&o.hubCommand, true, ls, add, show)
	addHubFlags(&o.hubCommand, false, remove)
	cmd.AddCommand(ls, add, show, remove)
	return cmd
}

func (o *assetCommand) query() url.Values {
	q := url.Values{}
	if o.org != "" {
		q.Set("organisation", o.org)
	}
	return q
}

func (o *assetCommand) list(ctx context.Context) error {
	return list(ctx, &o.hubCommand, "/assets", o.query(), "No assets.", []string{"NAME", "KIND", "WHAT", "ORGANISATION", "VERIFIED"},
		func(a apiclient.Asset) []string {
			return []string{a.Name, a.Kind, assetText(a), a.Organisation, verified(a)}
		})
}

// assetText says what an asset is: its domain, or the kind and size of its document.
func assetText(a apiclient.Asset) string {
	if a.Domain != "" {
		return a.Domain
	}
	return fmt.Sprintf("%s, %d bytes", a.MediaType, a.Size)
}

func verified(a apiclient.Asset) string {
	if a.Verified == nil {
		return ""
	}
	return when(*a.Verified)
}

func (o *assetCommand) add(ctx context.Context, args []string) error {
	if (o.domain == "") == (o.file == "") {
		return usageError{errors.New("what is it? Give --domain DOMAIN or --inventory FILE")}
	}
	in := apiclient.AssetEdit{}
	if o.org != "" {
		in.Organisation = &o.org
	}
	kind, name := "domain", o.domain
	if o.file != "" {
		kind, name = "inventory", filepath.Base(o.file)
		document, err := readInventory(o.file)
		if err != nil {
			return usageError{fmt.Errorf("--inventory: %w", err)}
		}
		if o.mediaType == "" {
			o.mediaType = mediaTypeOf(o.file)
		}
		in.Document, in.MediaType = &document, &o.mediaType
	} else {
		in.Domain = &o.domain
	}
	if len(args) > 0 {
		name = args[0]
	}
	in.Kind, in.Name = &kind, &name
	return answer(ctx, &o.hubCommand, http.MethodPost, "/assets", nil, in, o.show)
}

func readInventory(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxInventory+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	if len(data) > maxInventory {
		return "", fmt.Errorf("%s is over %d MiB", path, maxInventory>>20)
	}
	return string(data), nil
}

// mediaTypeOf goes by the names that the makers of such files use.
func mediaTypeOf(path string) string {
	name := strings.ToLower(filepath.Base(path))
	for _, t := range []struct{ end, media string }{
		{".cdx.json", "application/vnd.cyclonedx+json"}, {"bom.json", "application/vnd.cyclonedx+json"},
		{".cdx.xml", "application/vnd.cyclonedx+xml"}, {"bom.xml", "application/vnd.cyclonedx+xml"},
		{".spdx.json", "application/spdx+json"}, {".spdx", "text/spdx"}, {".csv", "text/csv"}, {".json", "application/json"},
	} {
		if strings.HasSuffix(name, t.end) {
			return t.media
		}
	}
	return ""
}

func (o *assetCommand) show(a apiclient.Asset) error {
	size := ""
	if a.Size > 0 {
		size = strconv.Itoa(a.Size) + " bytes"
	}
	if err := o.fields("Name", a.Name, "Kind", a.Kind, "Domain", a.Domain, "Media type", a.MediaType, "Size", size, "Organisation", a.Organisation,
		"Verified", verified(a), "Created", when(a.Created), "Id", a.ID); err != nil || a.Document == "" {
		return err
	}
	return o.document([]byte("\n" + strings.TrimSuffix(a.Document, "\n") + "\n"))
}
