package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// stepCommands are those that move an advisory on.
func (o *advisoryCommand) stepCommands() []*cobra.Command {
	submit := o.step("submit ID", "Submit a draft for review", `Submit has what is at work reviewed. A summary says what is new in it; of a
first publication it may be left out. What lint calls an error keeps it back.`,
		`  infohub advisory submit A26-11-04 --summary "Fixed versions added" --data /var/lib/infohub --key-file kit.key`, "submit", nil)
	o.addSummaries(submit, "what is new in the revision")
	submit.Flags().BoolVar(&o.interim, "interim", false, "it is expected to change soon")
	approve := o.step("approve ID", "Approve what somebody else has written", `Approve takes the key of a person, an analyst or a hub administrator, who has not
worked on the text: nobody approves their own.`, "  infohub advisory approve A26-11-04 --data /var/lib/infohub --key-file mei.key", "approve", nil)
	reject := o.step("reject ID", "Send a text back to its authors", "Reject sends what is in review, or approved, back to its authors, with a reason.",
		`  infohub advisory reject A26-11-04 --reason "The fixed version of 6.3 is missing." --data /var/lib/infohub --key-file mei.key`, "reject", func() error {
			if o.reason == "" {
				return errors.New("--reason is missing: its authors read it")
			}
			return nil
		})
	reject.Flags().StringVar(&o.reason, "reason", "", "a `TEXT` that the authors read")
	publish := o.step("publish ID", "Publish what is approved, now or at a time", `Publish publishes what is approved: its number is given, every form is made, it goes
into the hub's collections and to whoever subscribed. With --at it is done then, by
the hub; an embargo is kept.`, `  infohub advisory publish advisory--3c8ea9a4-6c0e-4e4b-9d27-1a8ad0e1b5c1 --data /var/lib/infohub --key-file mei.key
  infohub advisory publish A26-11-04 --at 2026-11-24T08:00:00Z --data /var/lib/infohub --key-file mei.key`, "publish", nil)
	publish.Flags().StringVar(&o.at, "at", "", "publish then, such as 2h or 2026-11-24T08:00:00Z (`TIME`)")
	unschedule := o.step("unschedule ID", "Take a planned publication back", "Unschedule takes a planned publication back; the text stays approved.",
		"  infohub advisory unschedule A26-11-04 --data /var/lib/infohub --key-file mei.key", "unschedule", nil)
	withdraw := o.step("withdraw ID", "Say that an advisory no longer holds", `Withdraw asks for an advisory to be withdrawn. A second person approves that, and
then it is published: readers see that it is withdrawn, and why.`,
		`  infohub advisory withdraw A26-11-04 --summary "The report was wrong: the product is not affected." --data /var/lib/infohub --key-file kit.key`, "withdraw", o.needSummary)
	o.addSummaries(withdraw, "why it is withdrawn")
	supersede := o.step("supersede ID", "Say that another advisory takes its place", "Supersede names the successor. A second person approves that, and then it is published.",
		`  infohub advisory supersede A26-11-04 --by A26-11-09 --summary "A26-11-09 covers all versions." --data /var/lib/infohub --key-file kit.key`, "supersede", func() error {
			if o.by == "" {
				return errors.New("--by is missing: name the advisory that takes its place")
			}
			return o.needSummary()
		})
	supersede.Flags().StringVar(&o.by, "by", "", "tracking `ID` of the successor")
	o.addSummaries(supersede, "why")
	discard := &cobra.Command{
		Use: "discard ID", Short: "Throw away what is at work", Long: "Discard throws away what is at work. What is published stays.",
		Example: "  infohub advisory discard A26-11-04 --data /var/lib/infohub --key-file kit.key", Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.discard(cmd.Context(), args[0]) },
	}
	o.addVersion(discard)
	addHubFlags(&o.hubCommand, false, discard)
	return []*cobra.Command{submit, approve, reject, publish, unschedule, withdraw, supersede, discard}
}

func (o *advisoryCommand) needSummary() error {
	if len(o.summary()) == 0 {
		return errors.New("--summary is missing: readers are told why")
	}
	return nil
}

func (o *advisoryCommand) addVersion(cmd *cobra.Command) {
	cmd.Flags().IntVar(&o.version, "version", 0, "the version that you have seen; it is refused if there is a newer one (default: the one that is there)")
}

func (o *advisoryCommand) step(use, short, long, example, verb string, check func() error) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long, Example: example, Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if check != nil {
				if err := check(); err != nil {
					return usageError{err}
				}
			}
			return o.move(cmd.Context(), args[0], verb)
		},
	}
	o.addVersion(cmd)
	addHubFlags(&o.hubCommand, true, cmd)
	return cmd
}

func (o *advisoryCommand) move(ctx context.Context, id, verb string) error {
	path, err := at("drafts", id, verb)
	if err != nil {
		return err
	}
	in := apiclient.Step{Reason: o.reason, Summary: o.summary(), By: o.by, Interim: o.interim}
	if o.at != "" {
		now := time.Now()
		if in.At, err = moment("at", o.at, now, false); err != nil {
			return err
		}
		if in.At.Before(now) { // nobody means to publish at once by a slip of the year
			return usageError{fmt.Errorf("--at %s is in the past: leave it out to publish now", o.at)}
		}
	}
	return o.with(ctx, func(c *apiclient.Client) error {
		if in.Version, err = o.current(ctx, c, id); err != nil {
			return err
		}
		var d apiclient.Draft
		if err := c.Do(ctx, http.MethodPost, path, nil, in, &d); err != nil {
			return err
		}
		if o.format == "json" {
			return o.json(d)
		}
		return o.showDraft(d)
	})
}

func (o *advisoryCommand) discard(ctx context.Context, id string) error {
	path, err := at("drafts", id)
	if err != nil {
		return err
	}
	return o.with(ctx, func(c *apiclient.Client) error {
		version, err := o.current(ctx, c, id)
		if err != nil {
			return err
		}
		if err := c.Do(ctx, http.MethodDelete, path, url.Values{"version": {strconv.Itoa(version)}}, nil, nil); err != nil {
			return err
		}
		o.say(o.words().T("advisory.discarded", "id", id))
		return nil
	})
}
