package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// applySettings fills every flag that the command line did not set: first from
// the environment (INFOHUB_ALLOW_PRIVATE for --allow-private), then from the
// configuration file. The file is YAML, its keys the long names of flags; a
// list sets a flag several times. A key that no command has is an error, so
// that a typing mistake is not silently without effect. Commands without settableKey
// take only the options that every command has: a format that is set for scans
// means nothing to them.
func applySettings(cmd *cobra.Command, g *global) error {
	set := func(f *pflag.Flag, values []string, from string) error {
		for _, v := range values {
			if err := cmd.Flags().Set(f.Name, v); err != nil {
				return fmt.Errorf("%s: %q is not a good value for --%s: %w%s", from, v, f.Name, err, allowedFor(f))
			}
		}
		return nil
	}
	onLine := map[string]bool{"help": true, "version": true} // these are no settings
	var problem error
	cmd.Flags().Visit(func(f *pflag.Flag) {
		onLine[f.Name] = true
		if f.Value.Type() == "string" && f.Value.String() == "" && f.DefValue == "" && problem == nil {
			problem = fmt.Errorf("--%s \"\": it is empty: give a value, or leave the option out", f.Name)
		}
	})
	if problem != nil {
		return problem
	}
	settable := func(f *pflag.Flag) bool {
		for _, other := range f.Annotations[insteadOfKey] {
			if onLine[other] {
				return false
			}
		}
		if _, ok := f.Annotations[onLineKey]; ok {
			return false
		}
		return !onLine[f.Name] && (isSetting(cmd, f.Name) || cmd.Root().PersistentFlags().Lookup(f.Name) != nil)
	}

	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		name := envName(f.Name)
		if v := g.env(name); v != "" && settable(f) && problem == nil {
			problem = set(f, values(f, v), "environment variable "+name)
			onLine[f.Name] = true
		}
	})
	if problem != nil {
		return problem
	}
	settings, path, err := readSettings(g)
	if err != nil {
		return err
	}
	known := flagNames(cmd.Root())
	for _, key := range slices.Sorted(maps.Keys(settings)) { // of several mistakes, always the same is named
		if !known[key] {
			return fmt.Errorf("%s: there is no option %q", path, key)
		}
		f := cmd.Flags().Lookup(key)
		if f == nil || !settable(f) || key == "config" {
			continue
		}
		list, err := scalars(settings[key])
		if err == nil && len(list) > 1 && !repeats(f) {
			err = errors.New("give one value, not a list")
		}
		if err != nil {
			return fmt.Errorf("%s: %s: %w", path, key, err)
		}
		if err := set(f, list, path); err != nil {
			return err
		}
	}
	return nil
}

// values splits an environment variable for a flag that may be repeated.
func values(f *pflag.Flag, v string) []string {
	if repeats(f) {
		return strings.Fields(v)
	}
	return []string{v}
}

func repeats(f *pflag.Flag) bool { return strings.HasSuffix(f.Value.Type(), "Array") }

// settableKey marks the commands whose own options are settings: "yes" for all of
// them, or the names of those that are.
const settableKey = "settings"

func isSetting(cmd *cobra.Command, flag string) bool {
	own := cmd.Annotations[settableKey]
	return own == "yes" || slices.Contains(strings.Fields(own), flag)
}

// insteadOfKey marks an option with those that it stands for: a setting of it does
// not count where one of them was given more directly.
const insteadOfKey = "instead-of"

// onLineKey marks an option that counts on the command line alone, though an option
// of that name is a setting elsewhere.
const onLineKey = "on-line"

func envName(flag string) string {
	return "INFOHUB_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// maxSettings bounds the configuration file, in bytes.
const maxSettings = 256 << 10

// readSettings reads the file that --config names, which must exist, or the
// one in the user's configuration folder, which need not.
func readSettings(g *global) (map[string]yaml.Node, string, error) {
	path, must := g.config, true
	if path == "" {
		dir := configDir(g.env)
		if dir == "" {
			return nil, "", nil
		}
		path, must = filepath.Join(dir, "infohub", "config.yaml"), false
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) && !must {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("configuration: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSettings+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, "", fmt.Errorf("configuration: %w", err)
	}
	if len(data) > maxSettings {
		return nil, "", fmt.Errorf("configuration: %s is over %d KiB", path, maxSettings>>10)
	}
	settings := map[string]yaml.Node{}
	if err := yaml.Unmarshal(data, &settings); err != nil {
		return nil, "", fmt.Errorf("%s: %w; write one line per option, for example 'lang: zh-Hant'", path, err)
	}
	return settings, path, nil
}

// configDir is the user's configuration folder, "" where there is none.
func configDir(env func(string) string) string {
	if dir := env("XDG_CONFIG_HOME"); dir != "" {
		return dir
	}
	if home := env("HOME"); home != "" {
		return filepath.Join(home, ".config")
	}
	return env("AppData")
}

func scalars(n yaml.Node) ([]string, error) {
	switch n.Kind {
	case yaml.ScalarNode:
		return []string{n.Value}, nil
	case yaml.SequenceNode:
		var out []string
		for _, item := range n.Content {
			if item.Kind != yaml.ScalarNode {
				return nil, errors.New("a list may hold plain values only")
			}
			out = append(out, item.Value)
		}
		return out, nil
	}
	return nil, errors.New("give a value or a list of values")
}

func flagNames(root *cobra.Command) map[string]bool {
	names := map[string]bool{}
	add := func(f *pflag.Flag) { names[f.Name] = true }
	root.PersistentFlags().VisitAll(add)
	for _, c := range root.Commands() {
		if c.Annotations[settableKey] != "" {
			c.Flags().VisitAll(add)
		}
	}
	return names
}
