package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

var backupTime = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func restoreOptions() RestoreOptions {
	return RestoreOptions{Now: func() time.Time { return backupTime }}
}

// dataWith makes a data directory with some keys and an audit log.
func dataWith(t testing.TB, keys ...string) string {
	t.Helper()
	dir := t.TempDir()
	s, err := OpenStore(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	log := &audit.Log{Now: func() time.Time { return backupTime }}
	for _, key := range keys {
		entry := log.Stamp(audit.Entry{Actor: audit.Actor{Kind: audit.Local}, Action: "object.submit", Object: key})
		err := s.Update(t.Context(), func(tx store.Tx) error {
			_, err := log.Append(tx, entry)
			return errors.Join(err, tx.Put([]byte("hub/l"+key), bytes.Repeat([]byte(key), 500)))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// contentOf is every key and value of a data directory.
func contentOf(t testing.TB, dir string) map[string]string {
	t.Helper()
	s, err := OpenStore(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	content, err := contentIn(s)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func contentIn(s store.Store) (map[string]string, error) {
	content := map[string]string{}
	err := s.View(context.Background(), func(r store.Reader) error {
		for e, err := range r.Scan(store.Range{}) {
			if err != nil {
				return err
			}
			content[string(e.Key)] = string(e.Value)
		}
		return nil
	})
	return content, err
}

func sameContent(t testing.TB, about string, got, want map[string]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d keys, want %d", about, len(got), len(want))
	}
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s: %q has another value, or none", about, k)
			return
		}
	}
}

func filesIn(t testing.TB, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func backedUp(t testing.TB, dir string) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := BackupTo(t.Context(), dir, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestBackupAndRestore(t *testing.T) {
	from := dataWith(t, "a", "b", "c")
	want := contentOf(t, from)
	file := backedUp(t, from)
	info, err := ReadBackup(t.Context(), bytes.NewReader(file), io.Discard)
	if err != nil || info.Bytes < 1000 || info.Format != 1 || info.SHA256 != fmt.Sprintf("%x", sha256.Sum256(file)) || !strings.HasPrefix(info.Program, "infohub") || info.Time.IsZero() {
		t.Errorf("ReadBackup: %+v, %v", info, err)
	}
	to := filepath.Join(t.TempDir(), "new", "data")
	done, err := Restore(t.Context(), bytes.NewReader(file), to, restoreOptions())
	if err != nil {
		t.Fatal(err)
	}
	if done.BackupInfo != info || done.Audit.Count != 3 || done.Aside != "" {
		t.Errorf("Restore: %+v", done)
	}
	sameContent(t, "restored", contentOf(t, to), want)
	if got := filesIn(t, to); !slices.Equal(got, []string{"infohub.db"}) {
		t.Errorf("files %q", got)
	}
	file2, err := os.Stat(filepath.Join(to, "infohub.db"))
	if err != nil || file2.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", file2.Mode(), err)
	}
	// What is restored can be backed up.
	if _, err := Restore(t.Context(), bytes.NewReader(backedUp(t, to)), filepath.Join(t.TempDir(), "again"), restoreOptions()); err != nil {
		t.Error(err)
	}
}

func TestRestoreKeepsWhatWasThere(t *testing.T) {
	file := backedUp(t, dataWith(t, "a", "b"))
	for _, about := range []string{"sound", "no store"} {
		to := dataWith(t, "old")
		path := filepath.Join(to, storeFile)
		if about != "sound" {
			if err := os.WriteFile(path, []byte("This is a letter."), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		o := restoreOptions()
		if _, err := Restore(t.Context(), bytes.NewReader(file), to, o); !errors.Is(err, ErrHasData) || !strings.Contains(err.Error(), to) {
			t.Errorf("%s: Restore: %v, want ErrHasData with the folder", about, err)
		}
		o.Force = true
		done, err := Restore(t.Context(), bytes.NewReader(file), to, o)
		if err != nil || done.Aside != path+".before-restore-20261123T080000Z" {
			t.Fatalf("%s: Restore: %+v, %v", about, done, err)
		}
		if kept, err := os.ReadFile(done.Aside); err != nil || !bytes.Equal(kept, before) {
			t.Errorf("%s: the old data are not as they were: %v", about, err)
		}
		if c := contentOf(t, to); len(c["hub/la"]) != 500 || c["hub/lold"] != "" {
			t.Errorf("%s: the new data are not there", about)
		}
		if _, err := Restore(t.Context(), bytes.NewReader(file), to, o); err == nil {
			t.Errorf("%s: a second restore took the place of what the first kept", about)
		}
	}
}

func TestRestoreWhileInUse(t *testing.T) {
	file := backedUp(t, dataWith(t, "a"))
	to := dataWith(t, "old")
	s, err := OpenStore(to, false)
	if err != nil {
		t.Fatal(err)
	}
	o := restoreOptions()
	o.Force = true
	if _, err := Restore(t.Context(), bytes.NewReader(file), to, o); !errors.Is(err, store.ErrLocked) {
		t.Errorf("Restore: %v, want ErrLocked", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if c := contentOf(t, to); len(c["hub/lold"]) == 0 {
		t.Error("the data were replaced")
	}
}

// TestBadBackups: what is not whole is refused with the reason, and nothing is
// changed, with or without data in the folder.
func TestBadBackups(t *testing.T) {
	whole := backedUp(t, dataWith(t, "a", "b"))
	flipped := func(at int) []byte {
		b := bytes.Clone(whole)
		b[at] ^= 0x10
		return b
	}
	var broken bytes.Buffer
	{
		dir := dataWith(t, "a", "b", "c")
		s, err := OpenStore(dir, false)
		if err != nil {
			t.Fatal(err)
		}
		err = s.Update(t.Context(), func(tx store.Tx) error { return tx.Delete([]byte("audit/entry/\x00\x00\x00\x00\x00\x00\x00\x02")) })
		if err == nil {
			_, err = Backup(t.Context(), s, &broken)
		}
		if err := errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
	}
	var nothing bytes.Buffer
	if _, err := backup(t.Context(), noStore{}, BackupHeader{Time: backupTime}, &nothing); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		about string
		file  []byte
		is    error
		want  string
	}{
		{"empty", nil, ErrBackup, "its end is missing"},
		{"another file", bytes.Repeat([]byte("This is a letter. "), 1000), ErrBackup, "does not begin as one"},
		{"a store and no backup", mustRead(t, filepath.Join(dataWith(t, "a"), storeFile)), ErrBackup, "does not begin as one"},
		{"its magic changed", flipped(3), ErrBackup, "does not begin as one"},
		{"its line end changed", bytes.Replace(whole, []byte("\r\n"), []byte("\n"), 1), ErrBackup, "does not begin as one"},
		{"only its magic", whole[:16], ErrBackup, "its end is missing"},
		{"cut in the header", whole[:30], ErrBackup, "its end is missing"},
		{"cut in the middle", whole[:len(whole)/2], ErrBackup, "its end is missing"},
		{"cut before the trailer", whole[:len(whole)-44], ErrBackup, "its end is missing"},
		{"the last byte missing", whole[:len(whole)-1], ErrBackup, "its end is missing"},
		{"a byte too many", append(bytes.Clone(whole), 0), ErrBackup, "something follows"},
		{"twice", append(bytes.Clone(whole), whole...), ErrBackup, "something follows"},
		{"a bit of the header's length", flipped(17), ErrBackup, "a length of"},
		{"a bit of the header", flipped(20), ErrBackup, ""},
		{"another format", bytes.Replace(whole, []byte(`"format":1`), []byte(`"format":2`), 1), ErrBackup, "format 2"},
		{"a bit in the middle", flipped(len(whole) / 2), ErrBackup, "does not fit its hash"},
		{"a bit of the length", flipped(len(whole) - 33), ErrBackup, "does not fit its hash"},
		{"a bit of the hash", flipped(len(whole) - 1), ErrBackup, "does not fit its hash"},
		{"whole, of something else", nothing.Bytes(), store.ErrCorrupt, "the data in the backup"},
		{"whole, of a changed audit log", broken.Bytes(), audit.ErrBroken, "at entry 2"},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			old := dataWith(t, "old")
			before := mustRead(t, filepath.Join(old, storeFile))
			for dir, o := range map[string]RestoreOptions{t.TempDir(): restoreOptions(), old: {Force: true, Now: restoreOptions().Now}} {
				names := filesIn(t, dir)
				_, err := Restore(t.Context(), bytes.NewReader(tt.file), dir, o)
				if !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("Restore: %v, want %v: %s", err, tt.is, tt.want)
				}
				if got := filesIn(t, dir); !slices.Equal(got, names) {
					t.Errorf("files %q, before %q", got, names)
				}
			}
			if !bytes.Equal(mustRead(t, filepath.Join(old, storeFile)), before) {
				t.Error("the old data were changed")
			}
		})
	}
	o := restoreOptions()
	o.AnyAudit = true
	if done, err := Restore(t.Context(), bytes.NewReader(broken.Bytes()), t.TempDir(), o); err != nil || done.Audit.Count != 0 {
		t.Errorf("Restore of any audit log: %+v, %v", done, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	if _, err := Restore(ctx, bytes.NewReader(whole), dir, restoreOptions()); !errors.Is(err, context.Canceled) || len(filesIn(t, dir)) > 0 {
		t.Errorf("Restore, cancelled: %v, files %q", err, filesIn(t, dir))
	}
}

// noStore backs up what is no store.
type noStore struct{ store.Store }

func (noStore) Backup(_ context.Context, w io.Writer) error {
	_, err := w.Write(bytes.Repeat([]byte("This is a letter. "), 100_000)) // more than a frame
	return err
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestBackupUnderLoad: while many write, a backup holds every write that was
// acknowledged before it began, no half of any, and nothing out of order.
func TestBackupUnderLoad(t *testing.T) {
	dir := t.TempDir()
	s, err := OpenStore(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	log := &audit.Log{Now: time.Now}
	const writers = 8
	var acked [writers]atomic.Int64
	var stop atomic.Bool
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := int64(1); !stop.Load(); i++ {
				entry := log.Stamp(audit.Entry{Actor: audit.Actor{Kind: audit.System}, Action: "object.submit", Object: fmt.Sprint(w, "-", i)})
				err := s.Update(context.Background(), func(tx store.Tx) error {
					value := bytes.Repeat(fmt.Appendf(nil, "%d.%d ", w, i), 100)
					_, err := log.Append(tx, entry)
					return errors.Join(err, tx.Put(fmt.Appendf(nil, "hub/l%d/%09d", w, i), value), tx.Put(fmt.Appendf(nil, "hub/o%d/%09d", w, i), value[:20]))
				})
				if err != nil {
					t.Error(err)
					return
				}
				acked[w].Store(i)
			}
		})
	}
	defer func() { stop.Store(true); wg.Wait() }()
	for round := range 4 {
		for acked[round].Load() < int64(20*(round+1)) {
			time.Sleep(time.Millisecond)
		}
		var before [writers]int64
		for w := range writers {
			before[w] = acked[w].Load()
		}
		var file bytes.Buffer
		if _, err := Backup(t.Context(), s, &file); err != nil {
			t.Fatal(err)
		}
		to := t.TempDir()
		done, err := Restore(t.Context(), &file, to, restoreOptions())
		if err != nil {
			t.Fatal(err)
		}
		content := contentOf(t, to)
		total := 0
		for w := range writers {
			n := int64(0)
			for ; content[fmt.Sprintf("hub/l%d/%09d", w, n+1)] != ""; n++ {
				value := strings.Repeat(fmt.Sprintf("%d.%d ", w, n+1), 100)
				if content[fmt.Sprintf("hub/l%d/%09d", w, n+1)] != value || content[fmt.Sprintf("hub/o%d/%09d", w, n+1)] != value[:20] {
					t.Fatalf("round %d: write %d of %d is torn", round, n+1, w)
				}
			}
			if n < before[w] {
				t.Errorf("round %d: writer %d has %d writes; %d were acknowledged before", round, w, n, before[w])
			}
			total += int(n)
		}
		// For each write two keys, and an entry and an id of the audit log.
		if done.Audit.Count != uint64(total) || len(content) != 4*total+1 {
			t.Errorf("round %d: %d writes, %d audit entries, %d keys", round, total, done.Audit.Count, len(content))
		}
	}
}

// TestBackupOfARunningHub: the stream comes from the socket, and is checked.
func TestBackupOfARunningHub(t *testing.T) {
	dir := dataWith(t, "a", "b")
	s, err := OpenStore(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	want, err := contentIn(s)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "infohub.sock")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", path)
	if err != nil {
		t.Skipf("not run: no sockets here: %v", err)
	}
	var cut atomic.Int64 // the answer ends after so many bytes; 0: it does not
	hub := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodPost || r.URL.Path != "/api/v1/backup":
			http.NotFound(w, r)
		case cut.Load() < 0:
			http.Error(w, "only the administrator may", http.StatusForbidden)
		case cut.Load() > 0:
			var b bytes.Buffer
			_, _ = Backup(r.Context(), s, &b)
			_, _ = w.Write(b.Bytes()[:cut.Load()])
		default:
			_, _ = Backup(r.Context(), s, w)
		}
	})}
	go func() { _ = hub.Serve(l) }()
	var file bytes.Buffer
	if _, err := BackupTo(t.Context(), dir, &file); err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	if _, err := Restore(t.Context(), &file, to, restoreOptions()); err != nil {
		t.Fatal(err)
	}
	sameContent(t, "from the socket", contentOf(t, to), want)
	cut.Store(5000)
	if _, err := BackupTo(t.Context(), dir, io.Discard); !errors.Is(err, ErrBackup) {
		t.Errorf("a stream that ends early: %v, want ErrBackup", err)
	}
	cut.Store(-1)
	if _, err := BackupTo(t.Context(), dir, io.Discard); err == nil || !strings.Contains(err.Error(), "403") || !strings.Contains(err.Error(), "only the administrator") {
		t.Errorf("a hub that refuses: %v", err)
	}
	if err := errors.Join(hub.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	// A hub that was killed leaves its socket behind.
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	if err := stale.Close(); err != nil {
		t.Fatal(err)
	}
	file.Reset()
	if _, err := BackupTo(t.Context(), dir, &file); err != nil {
		t.Errorf("with a socket that nobody listens on: %v", err)
	}
	if _, err := BackupTo(t.Context(), t.TempDir(), io.Discard); !errors.Is(err, ErrNoData) {
		t.Errorf("of no data: %v, want ErrNoData", err)
	}
	// Who reads no further leaves the store free.
	from, err := openBackup(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(from, make([]byte, 10)); err != nil {
		t.Error(err)
	}
	_ = from.Close() // it was cut short
	sameContent(t, "afterwards", contentOf(t, dir), want)
}

// FuzzReadBackup: no stream does harm, and only whole ones are taken.
func FuzzReadBackup(f *testing.F) {
	var small bytes.Buffer
	if _, err := backup(f.Context(), noStore{}, BackupHeader{Time: backupTime}, &small); err != nil {
		f.Fatal(err)
	}
	f.Add(small.Bytes()[:200])
	f.Add([]byte(backupMagic + "\x00\x00\x00\x02{}\x00\x00\x00\x00"))
	f.Add([]byte(backupMagic + "\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, file []byte) {
		var body bytes.Buffer
		info, err := ReadBackup(t.Context(), bytes.NewReader(file), &body)
		if err == nil && int64(body.Len()) != info.Bytes || err != nil && !errors.Is(err, ErrBackup) {
			t.Errorf("ReadBackup: %+v, %v, %d bytes", info, err, body.Len())
		}
	})
}
