package provider

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// stocked is a provider of n documents, unsigned, over five years and all labels,
// of which most are CLEAR.
func stocked(b *testing.B, n int) (*Provider, *shop) {
	b.Helper()
	s := &shop{items: map[string]Item{}, bytes: map[string][]byte{}}
	for i := range n {
		a := audience(tlp.Clear)
		switch i % 10 {
		case 7:
			a = audience(tlp.Green)
		case 8:
			a = audience(tlp.Amber, "bank")
		case 9:
			a = audience(tlp.AmberStrict, "port")
		}
		s.publish(b, fmt.Sprintf("A-%06d", i), a, today.Add(-time.Duration(i)*5*365*24*time.Hour/time.Duration(n)))
	}
	p, err := New(config(), s)
	if err != nil {
		b.Fatal(err)
	}
	if err := p.Load(b.Context()); err != nil {
		b.Fatal(err)
	}
	return p, s
}

// BenchmarkWrite10000 writes 10,000 unsigned documents, with all that belongs to
// them, into an empty folder.
func BenchmarkWrite10000(b *testing.B) {
	p, _ := stocked(b, 10_000)
	dir := b.TempDir()
	n := 0
	for b.Loop() {
		n++
		done, err := p.Write(b.Context(), filepath.Join(dir, fmt.Sprint(n)), everything())
		if err != nil || done.Written < 30_000 {
			b.Fatal(done.Written, err)
		}
	}
}

// BenchmarkWriteOneChange revises one of 10,000 and writes what depends on it.
func BenchmarkWriteOneChange(b *testing.B) {
	p, s := stocked(b, 10_000)
	dir := b.TempDir()
	if _, err := p.Write(b.Context(), dir, everything()); err != nil {
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		n++
		id := fmt.Sprintf("A-%06d", n%5)
		if err := p.Put(s.publish(b, id, s.items[id].Audience, today.Add(time.Duration(n)*time.Minute))); err != nil {
			b.Fatal(err)
		}
		done, err := p.Write(b.Context(), dir, everything())
		if err != nil || done.Written > 9 || done.Written < 6 || done.Removed != 0 {
			b.Fatal(done, err)
		}
	}
}

// BenchmarkPut takes one revision among 10,000 documents.
func BenchmarkPut(b *testing.B) {
	p, s := stocked(b, 10_000)
	it := s.items["A-005000"]
	for b.Loop() {
		it.Current = it.Current.Add(time.Minute)
		if err := p.Put(it); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMemberFeed makes the feed of a member who reads 1,000 of 10,000
// documents.
func BenchmarkMemberFeed(b *testing.B) {
	p, _ := stocked(b, 10_000)
	r, err := http.NewRequest(http.MethodGet, "https://hub.example/csaf/green/"+feedName("green"), nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer bank")
	b.ReportAllocs()
	for b.Loop() {
		pg, err := p.find(r)
		if err != nil {
			b.Fatal(err)
		}
		if err := pg.write(bufio.NewWriter(io.Discard)); err != nil {
			b.Fatal(err)
		}
	}
}
