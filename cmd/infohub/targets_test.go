package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

// endless is a list without end: one line, or empty lines.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestEndlessList(t *testing.T) {
	for _, c := range []byte{'x', '\n'} {
		g := &global{streams: streams{in: endless(c), out: io.Discard, err: io.Discard}, lang: "en"}
		_, err := readTargets(context.Background(), g, nil, []string{"-"})
		if err == nil || !strings.Contains(err.Error(), "more than 64 MiB") {
			t.Errorf("a list of %q without end: %v", c, err)
		}
	}
}

// A terminal or a pipe that says nothing does not hold a stopped scan up.
func TestStoppedWhileReading(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	in, hold := io.Pipe()
	defer func() { _ = hold.Close() }()
	stop()
	g := &global{streams: streams{in: in, out: io.Discard, err: io.Discard}, lang: "en"}
	if _, err := readTargets(ctx, g, nil, []string{"-"}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
