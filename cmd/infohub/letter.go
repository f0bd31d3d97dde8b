package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

type letterOptions struct {
	*global
	to        []string
	platforms []string
	related   relatedOptions
}

func newLetter(g *global) *cobra.Command {
	o := &letterOptions{global: g}
	cmd := &cobra.Command{
		Use:   "letter FILE",
		Short: "Write the message that asks your web host or IT company for the changes",
		Long: `Letter writes a message to the people who look after a site, with exactly what
to change: for each fault the change, what was seen, and the text to use. It is
plain text with the subject on its first line; paste it into a mail.

Without --to it has every fault, for a firm that looks after all of it. With
--to it has those that this one can mend: dns-provider, web-host, developer,
mail-provider; the option may be given several times. The texts to use are for
the servers that the scan saw; --for chooses others. With --hub or --advisories it
also asks for the updates that advisories for everybody (TLP:CLEAR) name.

Exit codes: 0, also where there is nothing to ask for, 2 a wrong option or a file
that cannot be read, 4 the output could not be written.`,
		Example: `  infohub scan --json monday.json example.hk
  infohub report letter monday.json
  infohub report letter --to web-host --for nginx --lang zh-Hant monday.json`,
		Args: func(cmd *cobra.Command, args []string) error { return asUsage(cmd, cobra.ExactArgs(1)(cmd, args)) },
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	cmd.Flags().StringArrayVar(&o.to, "to", nil, "only what this `OWNER` can change: "+strings.Join(names(rules.Owners()), ", "))
	cmd.Flags().StringArrayVar(&o.platforms, "for", nil, "texts for this `PLATFORM` alone: "+strings.Join(names(serverPlatforms()), ", "))
	o.related.addFlags(cmd)
	complete(cmd, "to", names(rules.Owners()))
	complete(cmd, "for", names(serverPlatforms()))
	return cmd
}

// serverPlatforms are the platforms of which a site has one rather than another.
func serverPlatforms() []rules.Platform {
	return []rules.Platform{rules.Nginx, rules.Apache, rules.IIS, rules.Cloudflare}
}

func names[S ~string](list []S) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}

func (o *letterOptions) run(ctx context.Context, file string) error {
	var options report.LetterOptions
	for _, s := range o.to {
		if !slices.Contains(rules.Owners(), rules.Owner(s)) {
			return usageError{fmt.Errorf("--to %q: choose %s", s, strings.Join(names(rules.Owners()), ", "))}
		}
		options.To = append(options.To, rules.Owner(s))
	}
	for _, s := range o.platforms {
		if !slices.Contains(serverPlatforms(), rules.Platform(s)) {
			return usageError{fmt.Errorf("--for %q: choose %s", s, strings.Join(names(serverPlatforms()), ", "))}
		}
		options.For = append(options.For, rules.Platform(s))
	}
	c, err := rules.Load()
	if err != nil {
		return err
	}
	var of []*scanner.Report
	if err := eachReport(ctx, []string{file}, func(r *scanner.Report) error {
		if of = append(of, r); len(of) > 1 {
			return fmt.Errorf("%s: a letter is about one site, and there are several reports", file)
		}
		return nil
	}); err != nil {
		return usageError{err}
	}
	if len(of) == 0 {
		return usageError{fmt.Errorf("%s: there is no report in it", file)}
	}
	opts := o.reportOptions(c)
	related, end, err := o.related.open(ctx, o.global)
	if err != nil {
		return err
	}
	defer end()
	opts.Related = related
	err = report.Letter(o.out, of[0], opts, options)
	if errors.Is(err, report.ErrNothingToAsk) {
		o.say(o.words().T("letter.nothing", "domain", of[0].Target.Unicode))
		return nil
	}
	return err
}
