package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestGeneratedPages: the pages in docs are those of the program.
func TestGeneratedPages(t *testing.T) {
	t.Run("commands", func(t *testing.T) { samePages(t, "../../docs/commands", "man", "--markdown") })
	t.Run("rules", func(t *testing.T) { samePages(t, "../../docs/rules", "rules", "pages") })
}

func samePages(t *testing.T, docs string, args ...string) {
	t.Helper()
	dir := t.TempDir()
	if code := run(context.Background(), append(args, "--dir", dir), streams{out: io.Discard, err: io.Discard, env: func(string) string { return "" }}); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	made, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadDir(docs)
	if err != nil {
		t.Fatal(err)
	}
	if len(made) == 0 || len(made) != len(kept) {
		t.Errorf("%d pages are made, %d are in %s: run make generate", len(made), len(kept), docs)
	}
	for _, e := range made {
		want, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(docs, e.Name()))
		if err != nil || string(got) != string(want) {
			t.Errorf("%s/%s is not what the program says (%v): run make generate", docs, e.Name(), err)
		}
	}
}
