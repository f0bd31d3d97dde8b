package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/internal/ownership"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

// networkFlags are the options of scan that say how the network is reached;
// verify has them, too.
func networkFlags() []string {
	return []string{"resolver", "root-hints", "trust-anchor", "connect-to", "ca", "allow-private", "contact"}
}

func newVerify(g *global) *cobra.Command {
	o := &scanOptions{global: g}
	cmd := &cobra.Command{
		Use:         "verify DOMAIN...",
		Annotations: map[string]string{settableKey: "yes"},
		Short:       "Prove that a site is yours, for active checks",
		Long: `Verify looks whether a site holds your proof: a DNS record or a small file. If
it does not, it prints what to put where. With a proof in place, scan --active
needs no other permission.

The proof is made of the name and of a secret that this computer keeps in
infohub/ownership.key in your configuration folder. Copy that file to have the
same proofs on another computer; keep it from others.

Exit codes: 0 every site is proved to be yours, 1 one is not, 2 a wrong option or
name, 130 interrupted.`,
		Example: `  infohub verify example.hk
  infohub verify --lang zh-Hant example.hk`,
		Args: func(cmd *cobra.Command, args []string) error {
			return asUsage(cmd, cobra.MinimumNArgs(1)(cmd, args))
		},
		RunE: func(cmd *cobra.Command, args []string) error { return o.verify(cmd.Context(), args) },
	}
	flags := scanCommand(o).Flags()
	for _, name := range networkFlags() {
		cmd.Flags().AddFlag(flags.Lookup(name))
	}
	return cmd
}

func (o *scanOptions) verify(ctx context.Context, args []string) error {
	engine, err := o.engine()
	if err != nil {
		return usageError{err}
	}
	list, err := readTargets(ctx, o.global, args, nil)
	if err != nil {
		return usageError{err}
	}
	for _, p := range list.problems {
		o.say(p)
	}
	if len(list.problems) > 0 {
		return outcome{exitUsage}
	}
	secret, err := o.secret()
	if err != nil {
		return usageError{err}
	}
	w := o.words()
	checker := app.NewOwnershipChecker(engine)
	missing := false
	for i, t := range list.targets {
		if i > 0 {
			fmt.Fprintln(o.global.out)
		}
		token := ownership.Token(secret, "", t.Domain)
		res := checker.Check(ctx, t.Domain, token)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if res.Proved() {
			_, err = fmt.Fprintln(o.global.out, w.T("verify.proved."+string(res.How), "domain", t.Unicode, "where", scanner.Printable(res.Where, 300), "date", clockTime(res.At)))
		} else {
			missing = true
			_, err = fmt.Fprintf(o.global.out, "%s\n\n%s\n%s\n", w.T("verify.not", "domain", t.Unicode), o.tries(res),
				w.T("verify.how", "domain", t.Unicode, "record", ownership.Record(t.Domain), "text", ownership.Text(token), "url", ownership.FileURL(t.Domain)))
		}
		if err != nil {
			return err
		}
	}
	if missing {
		return outcome{exitFindings}
	}
	return nil
}

// tries are the places that were looked at, each with what is wrong there.
func (o *scanOptions) tries(res ownership.Result) string {
	w := o.words()
	var b strings.Builder
	for _, try := range res.Tries {
		problem := w.T("failure." + string(scanner.FailProtocol))
		switch key := "verify." + string(try.Problem); {
		case try.Problem == ownership.Missing:
			problem = w.T(key + "." + string(try.How))
		case try.Problem != ownership.NoAnswer:
			problem = w.T(key, "detail", scanner.Printable(try.Detail, 100))
		default:
			if f := scanner.FailureOf(try.Err); f != nil {
				problem = w.T("failure." + string(f.Kind))
			}
		}
		fmt.Fprintf(&b, "  %s\n    %s\n", scanner.Printable(try.Where, 300), problem)
	}
	return b.String()
}

// secret is the key of this person's proofs.
func (g *global) secret() ([]byte, error) {
	dir := configDir(g.env)
	if dir == "" {
		return nil, errors.New("there is no folder for your secret: set HOME or XDG_CONFIG_HOME")
	}
	return ownership.LoadSecret(filepath.Join(dir, "infohub", "ownership.key"))
}

// authorise makes the engine record on what ground each target's active checks
// are run. Without a ground for every target it is an error, and nothing is
// scanned.
func (o *scanOptions) authorise(ctx context.Context, engine *scanner.Engine, targets []scanner.Target) error {
	without, err := o.grounds(ctx, engine, targets)
	if err != nil || len(without) == 0 {
		return err
	}
	const shown = 10
	var domains []string
	for _, r := range without {
		domains = append(domains, r.Domain)
	}
	first := domains[0]
	if len(domains) > shown {
		domains = append(domains[:shown], fmt.Sprintf("… (%d)", len(without)))
	}
	w := o.words()
	return usageError{errors.New(w.T("verify.needed", "domains", strings.Join(domains, w.T("report.words.separator")), "first", first))}
}

// grounds looks for the grounds of active checks and returns the targets that
// have none.
func (o *scanOptions) grounds(ctx context.Context, engine *scanner.Engine, targets []scanner.Target) ([]ownership.Result, error) {
	if !o.active {
		return nil, nil
	}
	if o.stated {
		at := time.Now().UTC().Truncate(time.Second)
		engine.Authorised = func(scanner.Target) *scanner.Authorisation {
			return &scanner.Authorisation{How: scanner.ByStatement, At: at}
		}
		return nil, nil
	}
	secret, err := o.secret()
	if err != nil {
		return nil, usageError{err}
	}
	found, without := app.Authorise(ctx, engine, targets, secret, o.concurrency)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	engine.Authorised = func(t scanner.Target) *scanner.Authorisation { return found[t.Domain] }
	return without, nil
}

// clockTime writes a time for people, in the machine's zone.
func clockTime(t time.Time) string { return t.Local().Format("2006-01-02 15:04 MST") }

// parseDomain reads the one domain that an argument names.
func (g *global) parseDomain(arg string) (scanner.Target, error) {
	t, err := scanner.ParseTarget(arg)
	if err != nil && !errors.Is(err, scanner.ErrPath) {
		return t, usageError{errors.New(report.TargetProblem(g.language(), err))}
	}
	return t, nil
}
