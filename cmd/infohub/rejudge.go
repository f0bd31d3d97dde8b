package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/rules/technologies"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

type rejudgeOptions struct {
	*global
	out outputOptions
}

func newRejudge(g *global) *cobra.Command {
	o := &rejudgeOptions{global: g}
	cmd := &cobra.Command{
		Use:         "rejudge FILE...",
		Annotations: map[string]string{settableKey: "yes"},
		Short:       "Judge kept facts again, without touching the sites",
		Long: `Rejudge reads the facts that scan --keep-facts wrote and judges them by the
rules of this program, as if the sites had been scanned at that time. Nothing is
asked over a network. What older facts do not hold could not be tested.

The exit codes are those of scan.`,
		Example: `  infohub scan --keep-facts facts.jsonl example.hk
  infohub rejudge facts.jsonl
  infohub rejudge --format jsonl --baseline before.json facts.jsonl`,
		Args: func(cmd *cobra.Command, args []string) error {
			return asUsage(cmd, cobra.MinimumNArgs(1)(cmd, args))
		},
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args) },
	}
	o.out.addFlags(cmd)
	o.out.addJudgeFlags(cmd)
	return cmd
}

func (o *rejudgeOptions) run(ctx context.Context, files []string) error {
	if err := o.out.check(); err != nil {
		return usageError{err}
	}
	cfg := app.ScannerConfig{Version: version}
	var err error
	if cfg.Technologies, err = o.out.catalogue(); err != nil {
		return usageError{err}
	}
	engine, err := app.NewScanner(cfg)
	if err != nil {
		return err
	}
	// Read once to count, and to say what is wrong before anything is printed.
	n := 0
	if err := eachRecord(ctx, files, func(rec scanner.Record) error {
		n++
		return report.Check(rejudged(engine, rec))
	}); err != nil {
		return usageError{err}
	}
	w, err := o.out.writer(ctx, o.global, engine.Catalogue, n > 1)
	if err != nil {
		return err
	}
	err = eachRecord(ctx, files, func(rec scanner.Record) error {
		w.write(rejudged(engine, rec))
		return nil
	})
	if err := errors.Join(err, w.close()); err != nil {
		return err
	}
	return w.outcome(ctx, false)
}

func rejudged(e *scanner.Engine, rec scanner.Record) *scanner.Report {
	r := e.Judge(rec.Facts)
	r.Millis = rec.Millis
	return r
}

// eachRecord reads the facts of files, in their order. An error names the file
// and the line.
func eachRecord(ctx context.Context, files []string, each func(scanner.Record) error) error {
	for _, name := range files {
		f, err := openStored(name)
		if err != nil {
			return err
		}
		err = scanner.ReadRecords(readerUntil{ctx, f}, func(line int, rec scanner.Record) error {
			if err := each(rec); err != nil {
				return fmt.Errorf("line %d: %w", line, err)
			}
			return nil
		})
		_ = f.Close() // it was only read
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// keeper writes the facts of a scan to a file that is put in its place at the
// end.
type keeper struct {
	mu  sync.Mutex
	f   *pendingFile
	err error
}

// keepFacts begins the file; nil without a path.
func keepFacts(path string) (*keeper, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // not asked for is no error
	}
	f, err := createFile(path)
	if err != nil {
		return nil, fmt.Errorf("--keep-facts: %w", err)
	}
	return &keeper{f: f}, nil
}

func (k *keeper) add(rec scanner.Record) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err == nil {
		k.err = rec.Write(k.f)
	}
}

// end puts the file in its place and returns how the scan ended. Where there
// was no scan, because of a wrong option, the older file stays.
func (k *keeper) end(scan error) error {
	if k == nil {
		return scan
	}
	if errors.As(scan, &usageError{}) {
		_ = k.f.finish(scan) // the scan's error is the one to tell
		return scan
	}
	if err := k.f.finish(k.err); err != nil {
		return fmt.Errorf("--keep-facts: %w", err)
	}
	return scan
}

// openStored opens a file that is read more than once; a pipe is refused.
func openStored(name string) (*os.File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file: keep it in one", name)
	}
	return os.Open(name)
}

// catalogue is the catalogue of technologies that the user names; nil is the
// program's own.
func (o *outputOptions) catalogue() (*technologies.Catalogue, error) {
	if o.technologies == "" {
		return nil, nil //nolint:nilnil // not asked for is no error
	}
	c, err := app.ReadTechnologies(o.technologies)
	if err != nil {
		return nil, fmt.Errorf("--technology-catalogue: %w", err)
	}
	return c, nil
}

// addJudgeFlags adds the options of commands that judge.
func (o *outputOptions) addJudgeFlags(cmd *cobra.Command) {
	o.related.addFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.failOn, "fail-on", string(rules.High), "exit with 1 when a finding is this severe or worse: critical, high, medium, low or none")
	f.StringVar(&o.technologies, "technology-catalogue", "", "judge versions by this `FILE` instead of the catalogue that came with the program")
	f.StringVar(&o.baseline, "baseline", "", "exit with 1 for faults only that the reports in this `FILE` do not have (from --json or --format json)")
}
