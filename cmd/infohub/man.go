package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

type manOptions struct {
	dir      string
	markdown bool
}

func newMan(g *global) *cobra.Command {
	var o manOptions
	cmd := &cobra.Command{
		Use:     "man",
		Short:   "Write the manual pages",
		Long:    "Man writes a manual page for each command into a folder. Packages install them; on your own machine, man -l DIR/infohub-scan.1 shows one.",
		Example: "  infohub man --dir man1",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Root(), g) },
	}
	cmd.Flags().StringVar(&o.dir, "dir", ".", "`FOLDER` that the pages are written to; it is made if it is missing")
	cmd.Flags().BoolVar(&o.markdown, "markdown", false, "write Markdown instead")
	return cmd
}

func (o *manOptions) run(root *cobra.Command, g *global) error {
	if err := os.MkdirAll(o.dir, 0o755); err != nil { //nolint:gosec // G301: manual pages are for everybody
		return usageError{fmt.Errorf("--dir: %w", err)}
	}
	root.DisableAutoGenTag = true // the same input gives the same pages
	if lang := root.PersistentFlags().Lookup("lang"); lang != nil {
		lang.DefValue = "" // it is the locale of the machine that reads the page, not of this one
	}
	var err error
	if o.markdown {
		err = doc.GenMarkdownTree(root, o.dir)
	} else {
		err = doc.GenManTree(root, &doc.GenManHeader{Title: "INFOHUB", Section: "1", Source: "infohub " + version}, o.dir)
	}
	if err == nil {
		fmt.Fprintf(g.err, "infohub: the pages are in %s\n", o.dir)
	}
	return err
}
