package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/scanner"
)

// hubCommand is what the commands that speak to a hub have in common.
type hubCommand struct {
	*global
	data, hub, keyFile string
	format             string
}

// keyPrefix begins every key of a hub. One in the place of a file's name is not to
// be told again.
const (
	keyPrefix = "infohub_"
	keyItself = "--key-file takes the name of a file, and this looks like a key itself: put it into a file; 'infohub key revoke' ends it if others may have seen it"
)

// maxKeyFile bounds a file with a key in it, in bytes.
const maxKeyFile = 4096

// addHubFlags gives commands the options that say which hub is meant. They are
// settings: INFOHUB_HUB and so on.
func addHubFlags(o *hubCommand, list bool, cmds ...*cobra.Command) {
	for _, cmd := range cmds {
		if cmd.Annotations == nil {
			cmd.Annotations = map[string]string{}
		}
		cmd.Annotations[settableKey] = "data hub key-file"
		cmd.Flags().StringVar(&o.data, "data", "", "data `FOLDER` of a hub on this machine: the one that runs there, or its store")
		cmd.Flags().StringVar(&o.hub, "hub", "", "`URL` of a hub elsewhere, such as https://hub.example.hk")
		cmd.Flags().StringVar(&o.keyFile, "key-file", "", "`FILE` with your API key (or set INFOHUB_KEY to the key itself)")
		// They exist, so SetAnnotation does not fail.
		_ = cmd.Flags().SetAnnotation("data", insteadOfKey, []string{"hub"})
		_ = cmd.Flags().SetAnnotation("hub", insteadOfKey, []string{"data"})
		if list {
			cmd.Flags().StringVar(&o.format, "format", "text", "text or json")
			complete(cmd, "format", []string{"text", "json"})
		}
	}
}

// key is the API key of --key-file or INFOHUB_KEY, "" if there is none.
func (o *hubCommand) key() (string, error) {
	if o.keyFile == "" {
		return strings.TrimSpace(o.env("INFOHUB_KEY")), nil
	}
	f, err := os.Open(o.keyFile)
	if err != nil && strings.HasPrefix(o.keyFile, keyPrefix) {
		return "", usageError{errors.New(keyItself)}
	}
	if err != nil {
		return "", usageError{fmt.Errorf("--key-file: %w", err)}
	}
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	info, err2 := f.Stat()
	if err := errors.Join(err, err2, f.Close()); err != nil {
		return "", usageError{fmt.Errorf("--key-file: %w", err)}
	}
	key := strings.TrimSpace(string(data))
	if key == "" {
		return "", usageError{fmt.Errorf("--key-file %s: it is empty", o.keyFile)}
	}
	if len(data) > maxKeyFile || strings.ContainsAny(key, " \n\t") {
		return "", usageError{fmt.Errorf("--key-file %s: it must hold an API key and nothing else", o.keyFile)}
	}
	if info.Mode().Perm()&0o077 != 0 {
		o.say(fmt.Sprintf("%s can be read by others on this computer: chmod 600 %s", o.keyFile, o.keyFile))
	}
	return key, nil
}

// with calls do with a client of the hub that the options name.
func (o *hubCommand) with(ctx context.Context, do func(*apiclient.Client) error) (err error) {
	return o.withHub(ctx, false, do)
}

func (o *hubCommand) withHub(ctx context.Context, create bool, do func(*apiclient.Client) error) (err error) {
	if o.format != "" && o.format != "text" && o.format != "json" {
		return usageError{fmt.Errorf("--format %q: choose text or json", o.format)}
	}
	if (o.data == "") == (o.hub == "") {
		return usageError{errors.New("which hub? Give --data FOLDER for one on this machine, or --hub URL for one elsewhere")}
	}
	key, err := o.key()
	if err != nil {
		return err
	}
	c, done, err := app.HubClient(ctx, app.HubAddress{URL: o.hub, Data: o.data, Create: create, Key: key}, app.HubOptions{Version: version})
	if errors.Is(err, app.ErrHubAddress) {
		return usageError{fmt.Errorf("--%w", err)}
	}
	if err != nil {
		return dataProblem(err)
	}
	defer func() { err = errors.Join(err, done()) }()
	return o.explain(do(c), key)
}

// explain says what to do about an answer that is no.
func (o *hubCommand) explain(err error, key string) error {
	o.tellFaults(err)
	switch status := apiclient.StatusOf(err); {
	case err == nil:
		return nil
	case errors.Is(err, apiclient.ErrUnreachable) && !errors.Is(err, context.Canceled):
		o.say(message(err) + "\nIs a hub running there? 'infohub serve' runs one. Without one, --data FOLDER works on a folder of this machine.")
		return outcome{exitUnreachable}
	case status == http.StatusUnauthorized && key == "":
		return usageError{fmt.Errorf("%w (no key was given: --key-file FILE, or INFOHUB_KEY)", err)}
	case status == http.StatusUnauthorized:
		from := "INFOHUB_KEY"
		if o.keyFile != "" {
			from = o.keyFile
		}
		return usageError{fmt.Errorf("%w (the key came from %s)", err, from)}
	case status == http.StatusForbidden && key == "":
		return usageError{fmt.Errorf("%w (--key-file FILE, or INFOHUB_KEY)", err)}
	case status >= 400 && status < 500 && status != http.StatusTooManyRequests:
		return usageError{err}
	}
	return err
}

// json writes v as indented JSON.
func (o *hubCommand) json(v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	return o.document(b.Bytes())
}

// table writes rows below a head, or says that there are none.
func (o *hubCommand) table(head []string, rows [][]string, empty string) error {
	if len(rows) == 0 {
		_, err := fmt.Fprintln(o.global.err, empty)
		return err
	}
	all := [][]string{head}
	for _, row := range rows {
		for i, cell := range row {
			if row[i] = scanner.Printable(cell, 200); row[i] == "" {
				row[i] = "-"
			}
		}
		all = append(all, row)
	}
	return writeColumns(o.out, all)
}
