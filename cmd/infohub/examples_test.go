package main

import (
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// shellWords are the words of a shell line up to the first pipe or redirection.
func shellWords(line string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`"([^"]*)"|'([^']*)'|([|<>])|([^\s"'|<>]+)`).FindAllStringSubmatch(line, -1) {
		if m[3] != "" {
			break
		}
		out = append(out, m[1]+m[2]+m[4])
	}
	return out
}

// TestExamples: the command line takes every example in the help as it stands,
// and every command has one.
func TestExamples(t *testing.T) {
	g := func() *global {
		return &global{streams: streams{out: io.Discard, err: io.Discard, env: func(string) string { return "" }}}
	}
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		if c.Name() == "completion" || c.Name() == "help" {
			return // cobra's own
		}
		found := 0
		for line := range strings.Lines(c.Example) {
			words := shellWords(line)
			if len(words) == 0 || words[0] != "infohub" {
				continue
			}
			found++
			root := newRoot(g())
			cmd, args, err := root.Find(words[1:])
			if err == nil {
				err = cmd.ParseFlags(args)
			}
			if err == nil {
				err = cmd.ValidateArgs(cmd.Flags().Args())
			}
			if err != nil || cmd == root && len(words) > 1 {
				t.Errorf("%s: %s: %v", c.CommandPath(), strings.TrimSpace(line), err)
			}
		}
		if found == 0 {
			t.Errorf("%s has no example", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(newRoot(g()))
}
