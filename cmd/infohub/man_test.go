package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestCommandPages: the pages in docs/commands are those of the program.
func TestCommandPages(t *testing.T) {
	dir := t.TempDir()
	if code := run(context.Background(), []string{"man", "--markdown", "--dir", dir}, streams{out: io.Discard, err: io.Discard, env: func(string) string { return "" }}); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	made, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadDir("../../docs/commands")
	if err != nil {
		t.Fatal(err)
	}
	if len(made) == 0 || len(made) != len(kept) {
		t.Errorf("%d pages are made, %d are in docs/commands: run make generate", len(made), len(kept))
	}
	for _, e := range made {
		want, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join("../../docs/commands", e.Name()))
		if err != nil || string(got) != string(want) {
			t.Errorf("docs/commands/%s is not what the program says (%v): run make generate", e.Name(), err)
		}
	}
}
