package sources_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/sources"
)

func records(ids ...string) []string {
	var all []string
	for _, id := range ids {
		all = append(all, fmt.Sprintf(`{"id":%q,"summary":"A flaw in a library","modified":"2026-11-20T10:00:00Z","affected":[{"package":{"ecosystem":"PyPI","name":"shop"},"versions":["1.0"]}]}`, id))
	}
	return all
}

func zipped(t *testing.T, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i, f := range files {
		w, err := z.Create(fmt.Sprintf("r%d.json", i))
		if err == nil {
			_, err = w.Write([]byte(f))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestOSV: records in every wrapping; one that is bad stops no other, one that did
// not change is not handed on again.
func TestOSV(t *testing.T) {
	both := records("OSV-2026-1", "OSV-2026-2")
	bomb := `{"id":"OSV-2026-3","summary":"` + strings.Repeat(" ", 8<<20) + `"}`
	tests := []struct {
		about, data string
		records     int
		refused     int
		fails       bool
	}{
		{"one", both[0], 1, 0, false},
		{"a list", "\uFEFF [" + strings.Join(both, ",\n") + "]\n", 2, 0, false},
		{"lines", strings.Join(both, "\n") + "\n", 2, 0, false},
		{"a zip file", zipped(t, both...), 2, 0, false},
		{"one is none", zipped(t, both[0], `{"summary":"no id"}`, both[1]), 2, 1, false},
		{"one unpacks to too much", zipped(t, both[0], bomb, both[1]), 2, 1, false},
		{"a line that is too long", both[0] + "\n" + bomb + "\n" + both[1], 2, 1, false},
		{"a list cut off", "[" + both[0] + ",", 1, 0, true},
		{"a list without end", "[" + both[0], 1, 0, true},
		{"a zip file cut off", zipped(t, both...)[:200], 0, 0, true},
		{"nothing", " \n", 0, 0, true},
		{"a page", "<html>", 0, 0, true},
	}
	for _, tt := range tests {
		s := newSite(t, "data.example")
		s.put("data.example/osv", tt.data)
		src := sources.Source{ID: "osv", Kind: sources.OSV, URL: "https://data.example/osv"}
		sink := &kept{}
		out, state, err := s.puller().Run(t.Context(), src, sources.State{}, sink)
		if len(sink.items) != tt.records || len(out.Refused) != tt.refused || (err != nil) != tt.fails {
			t.Errorf("%s: %+v, %v", tt.about, out, err)
			continue
		}
		for id, item := range sink.items {
			if item.Publication.Advisory.TLP != "clear" || item.MediaType != "application/json" || !bytes.Contains(item.Raw, []byte(id)) {
				t.Errorf("%s: %+v", tt.about, item)
			}
		}
		if tt.fails {
			continue
		}
		s.put("data.example/osv", strings.Join(append(records("OSV-2026-9"), both...), "\n"))
		if out, _ := run(t, s.puller(), src, stored(t, state), sink); out.New != 3-tt.records || out.Unchanged != tt.records {
			t.Errorf("%s, the next: %+v", tt.about, out)
		}
	}
}

// together is a sink that takes many at once, and refuses one of them.
type together struct {
	kept
	sizes []int
	fail  int // the call that fails, from 1
}

func (b *together) Publications(ctx context.Context, items []sources.Item) ([]sources.Taken, error) {
	b.sizes = append(b.sizes, len(items))
	if len(b.sizes) == b.fail {
		return nil, io.ErrShortWrite
	}
	var all []sources.Taken
	for _, i := range items {
		result, err := b.Publication(ctx, i)
		if i.Publication.Tracking.ID == "OSV-2026-7" {
			err = refusedBy(advisories.Invalid)
		}
		all = append(all, sources.Taken{Result: result, Err: err})
	}
	return all, nil
}

// TestTogether: many records go to a sink that can take them in few calls, and a
// call that fails loses none.
func TestTogether(t *testing.T) {
	s := newSite(t, "data.example")
	var ids []string
	for i := range 250 {
		ids = append(ids, fmt.Sprintf("OSV-2026-%d", i))
	}
	s.put("data.example/osv", zipped(t, records(ids...)...))
	src := sources.Source{ID: "osv", Kind: sources.OSV, URL: "https://data.example/osv"}
	sink := &together{fail: 2}
	_, state, err := s.puller().Run(t.Context(), src, sources.State{}, sink)
	if !errors.Is(err, io.ErrShortWrite) || len(sink.items) != 100 {
		t.Fatalf("%v, %v", sink.sizes, err)
	}
	sink.fail = 0
	out, _ := run(t, s.puller(), src, stored(t, state), sink)
	if len(sink.items) != 250 || out.New != 149 || out.Unchanged != 100 || len(out.Refused) != 1 || !slices.Equal(sink.sizes, []int{100, 100, 100, 50}) {
		t.Errorf("%v, %d new, %d unchanged, %+v", sink.sizes, out.New, out.Unchanged, out.Refused)
	}
}
