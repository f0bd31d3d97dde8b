package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
)

// streams is what a command reads from and writes to; tests give their own.
type streams struct {
	in  io.Reader
	out io.Writer // data
	err io.Writer // for people
	env func(string) string
}

// terminal tells whether w is a terminal that can be drawn on, and how wide it
// is (80 where that is not known).
func (s streams) terminal(w any) (bool, int) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || s.env("TERM") == "dumb" {
		return false, 80
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width < 20 {
		width = 80
	}
	return true, width
}

// colour follows NO_COLOR (no-color.org): set and not empty means none.
func (s streams) colour(w any) bool {
	tty, _ := s.terminal(w)
	return tty && s.env("NO_COLOR") == ""
}

// global are the options of every command.
type global struct {
	streams
	lang   string
	config string
}

// words are the interface's words in that language.
func (g *global) words() *i18n.Words { return i18n.For(i18n.Match(g.lang)) }

// say tells a person something that is no part of the report.
func (g *global) say(text string) { fmt.Fprintln(g.err, "infohub: "+text) }

// language is --lang, INFOHUB_LANG or the locale of the machine.
func (g *global) language() rules.Lang { return rules.Lang(i18n.Match(g.lang)) }

// locale is the default of --lang: POSIX's order of variables.
func locale(env func(string) string) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := env(name); v != "" {
			return string(i18n.Match(v))
		}
	}
	return string(i18n.English)
}

// run executes the command line and returns the exit code.
func run(ctx context.Context, args []string, s streams) int {
	root := newRoot(&global{streams: s})
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	err := root.ExecuteContext(ctx)
	if text := message(err); text != "" {
		fmt.Fprintln(s.err, "infohub: "+text)
	}
	return exitCode(ctx, err)
}

func newRoot(g *global) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "infohub",
		Short: "Check websites, DNS, mail and TLS, and share what threatens them",
		Long: `infohub checks a firm's website, DNS, mail and TLS the way an outsider sees
them, grades what it finds, and says in English, Traditional Chinese or
Simplified Chinese what to mend, who does it and how long it takes.

It is also a hub, by which organisations share indicators over STIX 2.1 and
TAXII 2.1 (infohub serve), and a CERT's desk for advisories (infohub advisory).

Options can also be set by the environment (INFOHUB_LANG for --lang, and so
on) or in a configuration file; an option on the command line comes first,
then the environment, then the file.`,
		Example: `  infohub scan example.hk
  infohub scan --lang zh-Hant --html report.html example.hk
  infohub demo --scan`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		Version:       version,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := applySettings(cmd, g); err != nil {
				return usageError{err}
			}
			if !knownLang(g.lang) {
				return usageError{fmt.Errorf("--lang %q: choose %s", g.lang, langList())}
			}
			return nil
		},
	}
	flags := cmd.PersistentFlags()
	flags.StringVar(&g.lang, "lang", locale(g.env), "language of reports: en, zh-Hant or zh-Hans")
	flags.StringVar(&g.config, "config", "", "configuration file (default: infohub/config.yaml in your configuration folder)")
	complete(cmd, "lang", []string{"en", "zh-Hant", "zh-Hans"})
	cmd.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w%s\nSee '%s --help'", err, allowed(err), c.CommandPath())}
	})
	cmd.AddCommand(newScan(g), newRejudge(g), newDemo(g), newVerify(g), newHistory(g), newNotify(g), newServe(g), newSetup(g),
		newHub(g), newOrg(g), newPerson(g), newKey(g), newGroup(g), newCollection(g), newObject(g), newSearch(g), newChanges(g), newModeration(g), newAdvisory(g), newAsset(g), newAudit(g),
		newTAXII(g), newStore(g), newBackup(g), newRestore(g), newReport(g), newRules(g), newVersion(g), newMan(g))
	cmd.InitDefaultCompletionCmd()
	return cmd
}

// allowed says what a value may be, where the flag's type alone decides that.
func allowed(err error) string {
	var bad *pflag.InvalidValueError
	if !errors.As(err, &bad) {
		return ""
	}
	return allowedFor(bad.GetFlag())
}

func allowedFor(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "duration":
		return "; write a number with its unit, for example 90s, 2m or 24h"
	case "int":
		return "; write a whole number"
	case "bool":
		return "; write true or false"
	}
	return ""
}

// knownLang: one of ours, or a tag or locale that leads to one ("zh-HK").
func knownLang(s string) bool {
	if i18n.Match(s) != i18n.English {
		return true
	}
	base, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(s), "_", "-"), "-")
	return base == "en"
}

// complete offers values for an option to the shell.
func complete(cmd *cobra.Command, flag string, values []string) {
	// It fails only for an option that does not exist, which the tests would see.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

func langList() string {
	var names []string
	for _, l := range rules.Langs() {
		names = append(names, string(l))
	}
	return strings.Join(names, ", ")
}

func newVersion(g *global) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  infohub version",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(g.out, versionLine())
			return err
		},
	}
}

// versionLine: "infohub 0.1.0 (abc1234, 2026-11-23, go1.26.8)".
func versionLine() string {
	var parts []string
	for _, p := range []string{commit, date, goVersion()} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return fmt.Sprintf("infohub %s (%s)", version, strings.Join(parts, ", "))
}

func goVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.GoVersion
	}
	return ""
}

// noArgs and the like turn cobra's complaints into usage errors.
func noArgs(cmd *cobra.Command, args []string) error { return asUsage(cmd, cobra.NoArgs(cmd, args)) }

func asUsage(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	return usageError{fmt.Errorf("%w\nSee '%s --help'", err, cmd.CommandPath())}
}

// usageError is a command line that cannot be carried out as it is written.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// outcome is a scan that ran and whose exit code says how it went; what is to
// be said has been said.
type outcome struct{ code int }

func (o outcome) Error() string { return fmt.Sprintf("exit code %d", o.code) }

// The exit codes, documented in docs/cli.md.
const (
	exitClean       = 0
	exitFindings    = 1
	exitUsage       = 2
	exitUnreachable = 3
	exitIncomplete  = 4
	exitInterrupted = 130
)

// exitCode is the one place that maps errors to exit codes.
func exitCode(ctx context.Context, err error) int {
	var o outcome
	switch {
	case errors.As(err, &o):
		return o.code
	case ctx.Err() != nil:
		return exitInterrupted
	case err == nil:
		return exitClean
	case errors.As(err, &usageError{}), strings.HasPrefix(err.Error(), "unknown command"): // cobra has no type for it
		return exitUsage
	}
	return exitIncomplete
}

// message is what a user is told of err.
func message(err error) string {
	var o outcome
	if err == nil || errors.As(err, &o) || errors.Is(err, context.Canceled) {
		return ""
	}
	text := err.Error()
	if strings.HasPrefix(text, "unknown command") {
		text += "\nSee 'infohub --help'"
	}
	lines := strings.SplitN(text, "\n", 8)
	for i, line := range lines {
		lines[i] = scanner.Printable(line, 1000) // a file that is no text may be quoted in it
	}
	return strings.Join(lines, "\n")
}
