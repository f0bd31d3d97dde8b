package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

type setupCommand struct {
	hubCommand
	request apiclient.SetupRequest
	link    bool
	url     string
}

func newSetup(g *global) *cobra.Command {
	o := &setupCommand{hubCommand: hubCommand{global: g}}
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "Make a hub's first administrator",
		Long: `Setup makes a new hub ready: who operates it, its first administrator with a key,
and two collections. "public" is read by everybody, and the operator writes to it;
"indicators" is for members.

The key is printed once and kept nowhere: put it into a file that only you can
read. With --link, setup prints a one-time link instead, for an administrator who
is elsewhere; it is good for a day.`,
		Example: `  infohub setup --data /var/lib/infohub --organisation "Example CERT" --name "Chan Tai Man" --email chan@cert.example > admin.key
  infohub setup --data /var/lib/infohub --link --url https://hub.example.hk`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.setup(cmd.Context()) },
	}
	addHubFlags(&o.hubCommand, false, cmd)
	f := cmd.Flags()
	f.StringVar(&o.request.Title, "title", "", "what the hub is called (default: the operator's name)")
	f.StringVar(&o.request.Organisation, "organisation", "", "`NAME` of the operator")
	f.StringVar(&o.request.Handle, "handle", "", "short name of the operator: a-z, 0-9 and - (default: made of the name)")
	f.StringVar(&o.request.Name, "name", "", "the administrator's `NAME`")
	f.StringVar(&o.request.Email, "email", "", "the administrator's mail `ADDRESS`")
	f.BoolVar(&o.link, "link", false, "print a one-time link instead")
	f.StringVar(&o.url, "url", "http://127.0.0.1:8080", "`URL` at which the administrator reaches the hub, for --link")
	return cmd
}

func (o *setupCommand) setup(ctx context.Context) error {
	if o.hub != "" {
		return usageError{fmt.Errorf("setup works on the hub's own machine: give --data, not --hub")}
	}
	if o.link {
		return o.withHub(ctx, true, func(c *apiclient.Client) error {
			var link apiclient.SetupLink
			if err := c.Do(ctx, http.MethodPost, "/setup/link", nil, nil, &link); err != nil {
				return err
			}
			_, err := fmt.Fprintf(o.out, "%s/setup#%s\n", strings.TrimSuffix(o.url, "/"), link.Token)
			o.say(o.words().T("setup.link", "time", clockTime(link.Expires)))
			return err
		})
	}
	for _, need := range []struct{ flag, value string }{{"organisation", o.request.Organisation}, {"name", o.request.Name}, {"email", o.request.Email}} {
		if need.value == "" {
			return usageError{fmt.Errorf("--%s is missing: see 'infohub setup --help', or use --link", need.flag)}
		}
	}
	if o.request.Title == "" {
		o.request.Title = o.request.Organisation
	}
	if o.request.Handle == "" {
		if o.request.Handle = handleOf(o.request.Organisation); o.request.Handle == "" {
			return usageError{fmt.Errorf("--handle is missing: a short name with letters of a-z for %q, for commands and addresses", o.request.Organisation)}
		}
	}
	return o.withHub(ctx, true, func(c *apiclient.Client) error {
		var made apiclient.SetupResult
		if err := c.Do(ctx, http.MethodPost, "/setup", nil, o.request, &made); err != nil {
			return err
		}
		o.say(o.words().T("setup.done", "organisation", made.Organisation.Name, "handle", made.Organisation.Handle, "person", made.Person.Name))
		_, err := fmt.Fprintln(o.out, made.Key.Secret)
		return err
	})
}

// handleOf makes a handle of a name, "" where it has too few letters for one.
func handleOf(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	handle := strings.Trim(b.String()[:min(b.Len(), 40)], "-")
	if len(handle) < 2 {
		return ""
	}
	return handle
}
