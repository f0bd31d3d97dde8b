//go:build linux

package hublab_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	bbolt "go.etcd.io/bbolt"
)

// What the hub's figures are held against: what it is built on, doing nothing
// but the least of it.

// ownTime is the processor time that this process has used.
func ownTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// rawPuts puts objects into a bbolt file, batch of them in each transaction, and
// returns the processor time that took.
func rawPuts(t testing.TB, objects [][]byte, batch int) time.Duration {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "raw.db"), 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType, InitialMmapSize: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	before := ownTime(t)
	for at := 0; at < len(objects); at += batch {
		err := db.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte("objects"))
			for i := at; err == nil && i < min(at+batch, len(objects)); i++ {
				err = b.Put(binary.BigEndian.AppendUint64(nil, uint64(i)), objects[i])
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	used := ownTime(t) - before
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return used
}

// fileToServe is set for the process that serves one file from memory, and
// nothing else.
const fileToServe = "INFOHUB_HUBLAB_SERVE"

// serveFromMemory is what net/http does with a page that is there already: a
// path is how many of the file's first bytes are asked for.
func serveFromMemory(file string) {
	content, err := os.ReadFile(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	fmt.Println(l.Addr())
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		if err != nil || n > len(content) {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(content[:n]) // nobody is left to tell
	})}
	fmt.Fprintln(os.Stderr, server.Serve(l))
}

// memoryServer starts a process that serves a page from memory.
func memoryServer(t testing.TB, page []byte) (url string, pid int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page")
	if err := os.WriteFile(file, page, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), fileToServe+"="+file)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = cmd.Wait() }) // it was killed
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + strings.TrimSpace(addr) + "/" + strconv.Itoa(len(page)), cmd.Process.Pid
}

// fromMemory asks the server times times, and returns its processor time.
func fromMemory(t testing.TB, c *http.Client, page []byte, times int) time.Duration {
	t.Helper()
	url, pid := memoryServer(t, page)
	before := processorTime(t, pid)
	for range times {
		if got := fetch(t, c, url); !bytes.Equal(got, page) {
			t.Fatalf("%d bytes of %d", len(got), len(page))
		}
	}
	return processorTime(t, pid) - before
}

// fetch asks for what needs no key.
func fetch(t testing.TB, c *http.Client, url string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return got
}
