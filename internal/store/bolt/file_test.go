package bolt

import (
	"os"
	"testing"
)

// FuzzHead: whatever a file begins with, its length is judged without harm.
func FuzzHead(f *testing.F) {
	db, err := openDB(f.TempDir()+"/a.db", nil)
	if err != nil {
		f.Fatal(err)
	}
	path := db.Path()
	if err := db.Close(); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	if got := wantedSize(whole); got <= 0 || got > int64(len(whole)) {
		f.Fatalf("a new file of %d bytes should have %d", len(whole), got)
	}
	f.Add(whole)
	f.Add(whole[:100])
	f.Add(append(make([]byte, os.Getpagesize()), whole[os.Getpagesize():]...))
	f.Fuzz(func(t *testing.T, head []byte) {
		if len(head) > headSize {
			head = head[:headSize]
		}
		if got := wantedSize(head); got < 0 {
			t.Errorf("a length of %d", got)
		}
	})
}
