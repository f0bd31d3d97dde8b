package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

// Bounds of a list of targets.
const (
	maxLine    = 64 << 10 // bytes
	maxFile    = 64 << 20 // bytes
	maxTargets = 1_000_000
)

// targetList is what the arguments and files named.
type targetList struct {
	words   *i18n.Words
	lang    rules.Lang
	targets []scanner.Target
	// problems are lines that cannot be scanned, notices those that were read
	// as something else; both are for people, with the place they stand at.
	problems []string
	notices  []string
	seen     map[string]bool
}

// readTargets reads the arguments and then the files; "-" is standard input.
// A line that is wrong is a problem and loses no other line; an error is a
// file that cannot be read at all, or the end of ctx: a terminal or a pipe may
// never end.
func readTargets(ctx context.Context, g *global, args, files []string) (*targetList, error) {
	type result struct {
		list *targetList
		err  error
	}
	done := make(chan result, 1)
	go func() {
		list, err := readAll(g, args, files)
		done <- result{list, err}
	}()
	select {
	case r := <-done:
		return r.list, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func readAll(g *global, args, files []string) (*targetList, error) {
	list := &targetList{words: g.words(), lang: g.language(), seen: map[string]bool{}}
	for _, a := range args {
		list.add("", 0, a)
	}
	for _, name := range files {
		if err := list.readFile(g.in, name); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (l *targetList) readFile(in io.Reader, name string) error {
	label := name
	if name == "-" {
		label = "standard input"
	} else {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	before := len(l.targets) + len(l.problems)
	limited := &io.LimitedReader{R: in, N: maxFile}
	r := bufio.NewReaderSize(limited, maxLine)
	for n := 1; ; n++ {
		line, tooLong, err := readLine(r)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("%s: line %d: %w", label, n, err)
		}
		if n == 1 {
			line = strings.TrimPrefix(line, "\uFEFF") // Windows editors put it there
		}
		text, _, _ := strings.Cut(line, "#")
		switch text = strings.TrimSpace(text); {
		case strings.Contains(line, "\x00"):
			return fmt.Errorf("%s: line %d holds zero bytes: save the list as plain text in UTF-8", label, n)
		case tooLong:
			l.problems = append(l.problems, l.at(label, n, l.words.T("target.long", "input", scanner.Printable(text, 60))))
		case text != "":
			l.add(label, n, text)
		}
		if limited.N <= 0 {
			return fmt.Errorf("%s: more than %d MiB: split the file, or is it no list of names?", label, maxFile>>20)
		}
		if len(l.targets) > maxTargets {
			return fmt.Errorf("%s: more than %d targets: split the file", label, maxTargets)
		}
		if err != nil {
			break
		}
	}
	if len(l.targets)+len(l.problems) == before {
		return fmt.Errorf("%s holds no target: write one domain per line, for example example.hk", label)
	}
	return nil
}

// readLine returns the next line without its end. A line over the reader's
// buffer is read to its end and thrown away.
func readLine(r *bufio.Reader) (line string, tooLong bool, err error) {
	part, isPrefix, err := r.ReadLine()
	line = string(part)
	for isPrefix && err == nil {
		tooLong = true
		_, isPrefix, err = r.ReadLine()
	}
	return line, tooLong, err
}

// at puts the place before a message; arguments have none.
func (l *targetList) at(file string, line int, text string) string {
	if file == "" {
		return text
	}
	return l.words.T("notice.line", "file", file, "line", line, "problem", text)
}

func (l *targetList) add(file string, line int, text string) {
	t, err := scanner.ParseTarget(text)
	switch {
	case errors.Is(err, scanner.ErrPath):
		l.notices = append(l.notices, l.at(file, line, l.words.T("notice.path", "input", t.Input, "domain", t.Unicode)))
	case err != nil:
		l.problems = append(l.problems, l.at(file, line, report.TargetProblem(l.lang, err)))
		return
	}
	if !l.seen[t.Domain] {
		l.seen[t.Domain] = true
		l.targets = append(l.targets, t)
	}
}
