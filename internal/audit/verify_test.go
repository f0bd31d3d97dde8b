package audit_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

func key(seq uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte("audit/entry/"), seq)
}

// reseal gives a line the hash of its new content, as a forger would.
func reseal(line []byte) []byte {
	body := regexp.MustCompile(`,"hash":"[^"]*"}$`).ReplaceAll(line, []byte("}"))
	sum := sha256.Sum256(body)
	return append(bytes.TrimSuffix(body, []byte("}")), fmt.Sprintf(`,"hash":"%s"}`, hex.EncodeToString(sum[:]))...)
}

// rechain writes a log anew from an entry on, head included, in perfect order.
func rechain(tx store.Tx, from, to uint64) error {
	prev, err := tx.Get(key(from - 1))
	if err != nil {
		return err
	}
	hash := hashOf(prev)
	for seq := from; seq <= to; seq++ {
		line, err := tx.Get(key(seq))
		if err != nil {
			return err
		}
		line = reseal(regexp.MustCompile(`"prev":"[^"]*"`).ReplaceAll(line, fmt.Appendf(nil, `"prev":"%s"`, hash)))
		hash = hashOf(line)
		if err := tx.Put(key(seq), line); err != nil {
			return err
		}
	}
	return tx.Put([]byte("audit/head"), fmt.Appendf(nil, `{"seq":%d,"hash":"%s"}`, to, hash))
}

func hashOf(line []byte) string {
	return string(regexp.MustCompile(`"hash":"([^"]*)"}$`).FindSubmatch(line)[1])
}

func change(t *testing.T, s store.Store, fn func(tx store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// TestFieldsAreChained: a change of any field of an entry is found, with its
// hash as it was and with a new one.
func TestFieldsAreChained(t *testing.T) {
	changes := map[string]string{
		`"seq":4`: `"seq":40`, `"time":"2026`: `"time":"2025`, `"id":"`: `"id":"X`, `"kind":"person"`: `"kind":"system"`,
		`"name":"Chan`: `"name":"Wong`, `"key":"k1"`: `"key":"k2"`, `"from":"192`: `"from":"193`, `"request":"r3"`: `"request":"r9"`,
		`"action":"object.submit"`: `"action":"object.revoke"`, `"object":"indicator--3"`: `"object":"indicator--4"`,
		`"stored":"3"`: `"stored":"0"`, `"prev":"`: `"prev":"0`, `"hash":"`: `"hash":"0`,
		`,"detail":{`: `,"Detail":{`, `"key":"k1",`: `"key":"k0","key":"k1",`, `{"seq"`: ` {"seq"`, `,"action"`: `,"extra":1,"action"`,
		`<Tai>`: `\u003cTai>`, `"id":"p0"`: `"id":"p1"`,
	}
	for from, to := range changes {
		for _, forged := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s %v", from, forged), func(t *testing.T) {
				s, _ := filled(t, 6)
				change(t, s, func(tx store.Tx) error {
					line, err := tx.Get(key(4))
					if err != nil {
						return err
					}
					if !bytes.Contains(line, []byte(from)) {
						t.Fatalf("%s has no %s", line, from)
					}
					line = bytes.Replace(line, []byte(from), []byte(to), 1)
					if forged {
						line = reseal(line)
					}
					return tx.Put(key(4), line)
				})
				_, err := audit.Verify(t.Context(), s, nil)
				var broken *audit.BrokenError
				if forged && from == `"hash":"` {
					if err != nil {
						t.Errorf("Verify of what is as it was: %v", err)
					}
					return
				}
				// With a new hash of its own, it is the next that does not follow.
				if !errors.As(err, &broken) || !errors.Is(err, audit.ErrBroken) || broken.Seq != 4 && !(forged && broken.Seq == 5) {
					t.Errorf("Verify: %v, want that entry 4 was changed", err)
				}
			})
		}
	}
}

func TestVerifyFinds(t *testing.T) {
	const n = 9
	move := func(tx store.Tx, from, to uint64) error {
		line, err := tx.Get(key(from))
		if err != nil {
			return err
		}
		return tx.Put(key(to), line)
	}
	headAt := func(tx store.Tx, seq uint64) error {
		line, err := tx.Get(key(seq))
		if err != nil {
			return err
		}
		return tx.Put([]byte("audit/head"), fmt.Appendf(nil, `{"seq":%d,"hash":"%s"}`, seq, hashOf(line)))
	}
	tests := []struct {
		about    string
		change   func(tx store.Tx) error
		seq      uint64 // where it breaks; 0: it has no place
		anchored bool   // only an anchor shows it
	}{
		{"one removed", func(tx store.Tx) error { return tx.Delete(key(5)) }, 5, false},
		{"the first removed", func(tx store.Tx) error { return tx.Delete(key(1)) }, 1, false},
		{"the last removed", func(tx store.Tx) error { return tx.Delete(key(n)) }, n, false},
		{"the last three removed", func(tx store.Tx) error {
			return errors.Join(tx.Delete(key(n-2)), tx.Delete(key(n-1)), tx.Delete(key(n)))
		}, n - 2, false},
		{"all removed", func(tx store.Tx) error {
			var err error
			for seq := range uint64(n) {
				err = errors.Join(err, tx.Delete(key(seq+1)))
			}
			return err
		}, 1, false},
		{"two swapped", func(tx store.Tx) error {
			return errors.Join(move(tx, 3, 100), move(tx, 4, 3), move(tx, 100, 4), tx.Delete(key(100)))
		}, 3, false},
		{"one repeated at the end", func(tx store.Tx) error { return move(tx, n, n+1) }, n + 1, false},
		{"the head set back", func(tx store.Tx) error { return headAt(tx, n-2) }, n - 1, false},
		{"the head removed", func(tx store.Tx) error { return tx.Delete([]byte("audit/head")) }, 1, false},
		{"the head spoiled", func(tx store.Tx) error { return tx.Put([]byte("audit/head"), []byte("{}")) }, 0, false},
		{"the head's hash changed", func(tx store.Tx) error {
			return tx.Put([]byte("audit/head"), fmt.Appendf(nil, `{"seq":%d,"hash":"%064d"}`, n, 1))
		}, n, false},
		{"no entry but text", func(tx store.Tx) error { return tx.Put(key(2), []byte("text")) }, 2, false},
		{"the end cut off and the head set back", func(tx store.Tx) error { return errors.Join(tx.Delete(key(n)), headAt(tx, n-1)) }, n, true},
		{"all removed, and the head", func(tx store.Tx) error {
			err := tx.Delete([]byte("audit/head"))
			for seq := range uint64(n) {
				err = errors.Join(err, tx.Delete(key(seq+1)))
			}
			return err
		}, 1, true},
		{"written anew from the middle", func(tx store.Tx) error {
			line, err := tx.Get(key(5))
			if err != nil {
				return err
			}
			line = bytes.Replace(line, []byte(`"from":"192`), []byte(`"from":"193`), 1)
			return errors.Join(tx.Put(key(5), line), rechain(tx, 5, n))
		}, n, true},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			s, _ := filled(t, n)
			noted, err := audit.Verify(t.Context(), s, nil)
			if err != nil || noted.Count != n || noted.First != 1 || noted.Head.Seq != n {
				t.Fatalf("Verify: %+v, %v", noted, err)
			}
			change(t, s, tt.change)
			if _, err := audit.Verify(t.Context(), s, nil); (err == nil) != tt.anchored {
				t.Errorf("Verify without an anchor: %v", err)
			}
			anchor, err := audit.ParseAnchor(noted.Head.String())
			if err != nil {
				t.Fatal(err)
			}
			_, err = audit.Verify(t.Context(), s, &anchor)
			var broken *audit.BrokenError
			switch {
			case !errors.Is(err, audit.ErrBroken):
				t.Errorf("Verify: %v, want ErrBroken", err)
			case tt.seq > 0 && (!errors.As(err, &broken) || broken.Seq != tt.seq):
				t.Errorf("Verify: %v, want it at entry %d", err, tt.seq)
			}
		})
	}
}

// TestAnchorOfLongAgo: a log that has grown since is the same up to there.
func TestAnchorOfLongAgo(t *testing.T) {
	s, l := filled(t, 3)
	noted, err := audit.Verify(t.Context(), s, &audit.Anchor{Hash: strings.Repeat("0", 64)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := write(t.Context(), s, l, entry(3)); err != nil {
		t.Fatal(err)
	}
	if v, err := audit.Verify(t.Context(), s, &noted.Head); err != nil || v.Count != 4 {
		t.Errorf("Verify: %+v, %v", v, err)
	}
	for _, text := range []string{"", "3", "3:abc", "x:" + noted.Head.Hash, "0:" + noted.Head.Hash, "-1:" + noted.Head.Hash} {
		if a, err := audit.ParseAnchor(text); err == nil {
			t.Errorf("ParseAnchor(%q) = %v", text, a)
		}
	}
}

// TestVerifyLong: more than one chunk.
func TestVerifyLong(t *testing.T) {
	const n = 12_345
	s, l := open(t), ticking()
	for done := 0; done < n; {
		count := min(2000, n-done)
		change(t, s, func(tx store.Tx) error {
			for i := range count {
				if _, err := l.Append(tx, l.Stamp(entry(done+i))); err != nil {
					return err
				}
			}
			return nil
		})
		done += count
	}
	var out bytes.Buffer
	head, err := audit.Export(t.Context(), s, 0, &out)
	if err != nil {
		t.Fatal(err)
	}
	v, err := audit.Verify(t.Context(), s, nil)
	if err != nil || v.Count != n || v.Head != head {
		t.Errorf("Verify: %+v, %v; exported up to %v", v, err, head)
	}
	if again, err := audit.VerifyExport(&out, &head); err != nil || again != v {
		t.Errorf("VerifyExport: %+v, %v, want %+v", again, err, v)
	}
	change(t, s, func(tx store.Tx) error { return tx.Delete(key(10_001)) })
	var broken *audit.BrokenError
	if _, err := audit.Verify(t.Context(), s, nil); !errors.As(err, &broken) || broken.Seq != 10_001 {
		t.Errorf("Verify: %v, want entry 10001 missing", err)
	}
}

func TestExport(t *testing.T) {
	s, _ := filled(t, 8)
	var all, part bytes.Buffer
	head, err := audit.Export(t.Context(), s, 0, &all)
	if err != nil || head.Seq != 8 {
		t.Fatalf("Export: %v, %v", head, err)
	}
	if _, err := audit.Export(t.Context(), s, 5, &part); err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(all.Bytes(), []byte("\n"))
	fifth, err := audit.ParseLine(bytes.TrimSpace(lines[4]))
	if err != nil {
		t.Fatal(err)
	}
	before := audit.Anchor{Seq: 5, Hash: fifth.Hash}
	if v, err := audit.VerifyExport(bytes.NewReader(part.Bytes()), &before); err != nil || v.Count != 3 || v.First != 6 || v.Head != head {
		t.Errorf("VerifyExport of a part: %+v, %v", v, err)
	}
	// Other programs can read it, and check it without our code.
	for _, line := range bytes.Split(bytes.TrimSpace(all.Bytes()), []byte("\n")) {
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil || !bytes.Equal(reseal(line), line) {
			t.Errorf("%s: %v, or its hash is not of the line without it", line, err)
		}
	}
	wrong := audit.Anchor{Seq: 4, Hash: fifth.Hash}
	join := func(ls ...[]byte) []byte { return bytes.Join(ls, nil) }
	tests := []struct {
		about  string
		file   []byte
		expect *audit.Anchor
		want   string // part of the error; empty for none
	}{
		{"whole", all.Bytes(), &head, ""},
		{"empty", nil, nil, ""},
		{"empty, but entries were noted", nil, &head, "cut off"},
		{"the last line cut off", join(lines[:7]...), &head, "at entry 8: it is missing"},
		{"cut within a line", all.Bytes()[:all.Len()-10], nil, "at entry 8: its line has no end"},
		{"a line missing", join(lines[0], lines[2]), nil, "at entry 2: it is missing"},
		{"a line twice", join(lines[0], lines[0]), nil, "at entry 2: entry 1 is in its place"},
		{"a line changed", bytes.Replace(all.Bytes(), []byte(`"stored":"4"`), []byte(`"stored":"5"`), 1), nil, "at entry 5: its content does not fit"},
		{"a part, the entry before it noted otherwise", join(lines[4:]...), &wrong, "at entry 4: its hash is not the one"},
		{"a part without what was noted", join(lines[6:]...), &before, "before the first one here"},
		{"a long line", append(bytes.Repeat([]byte("x"), 1<<20), '\n'), nil, "longer than any entry"},
		{"no log", []byte("hello\n"), nil, "no entry"},
		{"an empty line", join(lines[0], []byte("\n"), lines[1]), nil, "at entry 2"},
	}
	for _, tt := range tests {
		_, err := audit.VerifyExport(bytes.NewReader(tt.file), tt.expect)
		if tt.want == "" && err != nil || tt.want != "" && (!errors.Is(err, audit.ErrBroken) || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.about, err, tt.want)
		}
	}
}

// FuzzVerifyExport: no file does harm, and what is found in order is, to the
// byte, what the log writes.
func FuzzVerifyExport(f *testing.F) {
	s, _ := filled(f, 2)
	var all bytes.Buffer
	if _, err := audit.Export(f.Context(), s, 0, &all); err != nil {
		f.Fatal(err)
	}
	f.Add(all.Bytes())
	f.Add([]byte("{}\n"))
	f.Add(bytes.Replace(all.Bytes(), []byte(`"seq":1`), []byte(`"seq":18446744073709551615`), 1))
	f.Fuzz(func(t *testing.T, file []byte) {
		v, err := audit.VerifyExport(bytes.NewReader(file), nil)
		if err != nil {
			if !errors.Is(err, audit.ErrBroken) {
				t.Errorf("VerifyExport: %v", err)
			}
			return
		}
		if n := bytes.Count(file, []byte("\n")); uint64(n) != v.Count {
			t.Errorf("%d lines, %d entries", n, v.Count)
		}
		for _, line := range bytes.Split(bytes.TrimSuffix(file, []byte("\n")), []byte("\n")) {
			if len(file) > 0 && !bytes.Equal(reseal(line), line) {
				t.Errorf("%q is in order", line)
			}
		}
	})
}
