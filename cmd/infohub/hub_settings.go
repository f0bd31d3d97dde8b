package main

import (
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

type hubSettings struct {
	hubCommand
	title, description string
}

func newHub(g *global) *cobra.Command {
	o := &hubSettings{hubCommand: hubCommand{global: g}}
	cmd := &cobra.Command{
		Use:   "hub",
		Short: "A hub itself: what it says of itself, and how it knows you",
		Long: `Hub shows and changes what a hub says of itself, and shows how it knows you.
infohub serve runs a hub, infohub setup makes its first administrator.`,
		Example: "  infohub hub settings --title \"Example CERT's hub\" --data /var/lib/infohub\n  infohub hub whoami --hub https://hub.example.hk --key-file hub.key",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	settings := &cobra.Command{
		Use: "settings", Short: "Show the hub's title and description, or change them",
		Long:    "Settings shows what everybody may read of the hub (TAXII's discovery has it, too). An\noption changes it; hub administrators may.",
		Example: "  infohub hub settings --data /var/lib/infohub\n  infohub hub settings --title \"Example CERT's hub\" --data /var/lib/infohub",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			method, in := http.MethodGet, any(nil)
			e := apiclient.SettingsEdit{Title: given(cmd, "title", o.title), Description: given(cmd, "description", o.description)}
			if e != (apiclient.SettingsEdit{}) {
				method, in = http.MethodPatch, e
			}
			return answer(cmd.Context(), &o.hubCommand, method, "/settings", nil, in, func(s apiclient.Settings) error {
				return o.fields("Title", s.Title, "Description", s.Description)
			})
		},
	}
	settings.Flags().StringVar(&o.title, "title", "", "what the hub is called")
	settings.Flags().StringVar(&o.description, "description", "", "what it is for")
	whoami := &cobra.Command{
		Use: "whoami", Short: "Show how the hub knows you: with which key, whose, and in which groups",
		Example: "  infohub hub whoami --hub https://hub.example.hk --key-file hub.key",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return answer(cmd.Context(), &o.hubCommand, http.MethodGet, "/me", nil, nil, func(c apiclient.Caller) error {
				return o.fields("You are", c.Kind, "Organisation", c.Organisation, "Person", c.Person, "Role", c.Role, "Key", c.Key, "Groups", strings.Join(c.Groups, ", "))
			})
		},
	}
	addHubFlags(&o.hubCommand, true, settings, whoami)
	cmd.AddCommand(settings, whoami)
	return cmd
}
