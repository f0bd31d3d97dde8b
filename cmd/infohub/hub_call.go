package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/text/width"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/scanner"
)

// answer sends a request to the hub that the options name, and prints what it
// answers: as JSON, or in the words of show.
func answer[T any](ctx context.Context, o *hubCommand, method, path string, query url.Values, in any, show func(T) error) error {
	return o.with(ctx, func(c *apiclient.Client) error {
		var out T
		if err := c.Do(ctx, method, path, query, in, &out); err != nil {
			return err
		}
		if o.format == "json" {
			return o.json(out)
		}
		return show(out)
	})
}

// list is answer for a list that is printed as a table.
func list[T any](ctx context.Context, o *hubCommand, path string, query url.Values, empty string, head []string, row func(T) []string) error {
	return answer(ctx, o, http.MethodGet, path, query, nil, func(l apiclient.List[T]) error {
		rows := make([][]string, 0, len(l.Items))
		for _, item := range l.Items {
			rows = append(rows, row(item))
		}
		return o.table(head, rows, empty)
	})
}

// done sends a request whose answer holds nothing to print, and then says so.
func (o *hubCommand) done(ctx context.Context, method, path string, query url.Values, in any, said string) error {
	return o.with(ctx, func(c *apiclient.Client) error {
		if err := c.Do(ctx, method, path, query, in, nil); err != nil {
			return err
		}
		o.say(said)
		return nil
	})
}

// at is a path of the API, of which parts are what a user wrote.
func at(parts ...string) (string, error) {
	var path strings.Builder
	for _, p := range parts {
		if strings.Trim(strings.TrimSpace(p), ".") == "" { // it would name another path
			return "", usageError{fmt.Errorf("%q names nothing", p)}
		}
		path.WriteString("/" + url.PathEscape(p))
	}
	return path.String(), nil
}

// document writes what others wrote, as it is; to a terminal without what would
// steer it.
func (o *hubCommand) document(data []byte) error {
	if tty, _ := o.terminal(o.out); !tty {
		_, err := o.out.Write(data)
		return err
	}
	for line := range strings.Lines(string(data)) {
		if _, err := fmt.Fprintln(o.out, scanner.Printable(strings.TrimSuffix(line, "\n"), len(line)+1)); err != nil {
			return err
		}
	}
	return nil
}

// fields prints one record, a line for each field that has a value.
func (o *hubCommand) fields(pairs ...string) error {
	var rows [][]string
	for pair := range slices.Chunk(pairs, 2) {
		if pair[1] != "" {
			rows = append(rows, []string{pair[0], scanner.Printable(pair[1], 2000)})
		}
	}
	return writeColumns(o.out, rows)
}

// writeColumns writes rows with their cells below each other, as a terminal
// shows them: characters of East Asia are two columns wide.
func writeColumns(w io.Writer, rows [][]string) error {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], columns(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-columns(cell)+2))
			}
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// columns is how wide a terminal shows a text.
func columns(s string) int {
	n := 0
	for _, r := range s {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

// given is the value of an option, nil where the command line does not have it.
func given[T any](cmd *cobra.Command, flag string, value T) *T {
	if !cmd.Flags().Changed(flag) {
		return nil
	}
	return &value
}

// named is given for a list: an empty name leaves it empty.
func named(cmd *cobra.Command, flag string, list []string) *[]string {
	if !cmd.Flags().Changed(flag) {
		return nil
	}
	out := slices.DeleteFunc(append([]string{}, list...), func(s string) bool { return strings.TrimSpace(s) == "" })
	return &out
}

// needOne is the error of a command that changes nothing.
func needOne(cmd *cobra.Command, flags ...string) error {
	if slices.ContainsFunc(flags, cmd.Flags().Changed) {
		return nil
	}
	return usageError{fmt.Errorf("nothing to change: give --%s", strings.Join(flags, ", --"))}
}

// when is a time in a table, "" where there is none.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// moment reads a time: 2026-11-23T08:00:00Z, a day (its beginning in UTC), or
// days and hours such as 90d and 12h from now, into the past where back is set.
func moment(flag, text string, now time.Time, back bool) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	span := time.Duration(0)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n < 100*366 {
			span = time.Duration(n) * 24 * time.Hour
		}
	} else if d, err := time.ParseDuration(text); err == nil {
		span = d
	}
	if span <= 0 {
		return time.Time{}, usageError{fmt.Errorf("--%s %q: write days such as 90d, a day as 2026-11-23, or a time as 2026-11-23T08:00:00Z", flag, text)}
	}
	if back {
		span = -span
	}
	return now.Add(span).UTC().Truncate(time.Second), nil
}

// rights reads NAME:read,write.
func rights(flag, text string) (name string, verbs []string, err error) {
	i := strings.LastIndexByte(text, ':')
	if i <= 0 {
		return "", nil, usageError{fmt.Errorf("--%s %q: write NAME:read, NAME:write or NAME:read,write", flag, text)}
	}
	verbs = strings.Split(text[i+1:], ",")
	for _, v := range verbs {
		if v != "read" && v != "write" {
			return "", nil, usageError{fmt.Errorf("--%s %q: there is no right %q; there are: read, write", flag, text, v)}
		}
	}
	return text[:i], verbs, nil
}

// summary says in few words what a STIX object is about.
func summary(object json.RawMessage) string {
	var o struct {
		Name, Pattern, Value, Path, Abstract, Content, Explanation, Opinion, Subject string

		RelationshipType string `json:"relationship_type"`
		Sighting         string `json:"sighting_of_ref"`
		Source           string `json:"source_ref"`
		Target           string `json:"target_ref"`
		Revoked          bool
	}
	_ = json.Unmarshal(object, &o) // what does not read has no words
	revoked := ""
	if o.Revoked {
		revoked = "(revoked) "
	}
	if o.RelationshipType != "" {
		return revoked + o.Source + " " + o.RelationshipType + " " + o.Target
	}
	for _, s := range []string{o.Name, o.Pattern, o.Value, o.Path, o.Abstract, o.Content, o.Explanation, o.Opinion, o.Subject, o.Sighting} {
		if s != "" {
			return revoked + cut(strings.Join(strings.Fields(s), " "), 80)
		}
	}
	return strings.TrimSpace(revoked)
}
