package main

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// openHook: hook FILE SECRET [STATUS...] starts a receiver of webhooks, whose
// address is in HOOK. It answers with each status in turn, and then with 204. A
// message whose signature is right by SECRET is appended to FILE as a line: its
// id, whether it was taken, and its body.
func openHook(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: hook FILE SECRET [STATUS...]")
	}
	file, statuses := ts.MkAbs(args[0]), args[2:]
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(strings.TrimSpace(ts.ReadFile(args[1])), "whsec_"))
	ts.Check(err)
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		id := r.Header.Get("Webhook-Id")
		mac := hmac.New(sha256.New, key)
		_, _ = fmt.Fprintf(mac, "%s.%s.%s", id, r.Header.Get("Webhook-Timestamp"), body)
		status := http.StatusNoContent
		if len(statuses) > 0 {
			status, _ = strconv.Atoi(statuses[0])
			statuses = statuses[1:]
		}
		if r.Header.Get("Webhook-Signature") != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
			status = http.StatusUnauthorized
		}
		f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			_, _ = fmt.Fprintf(f, "%s %d %s\n", id, status, body)
			_ = f.Close()
		}
		w.WriteHeader(status)
	}))
	ts.Defer(server.Close)
	ts.Setenv("HOOK", server.URL)
}

// openMailbox: mailbox FILE starts a mail server on loopback, whose address is
// in SMTP; what it is sent is appended to FILE.
func openMailbox(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: mailbox FILE")
	}
	file := ts.MkAbs(args[0])
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	ts.Setenv("SMTP", l.Addr().String())
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			takeMail(c, file)
		}
	}()
}

func takeMail(c net.Conn, file string) {
	defer func() { _ = c.Close() }()
	_, _ = fmt.Fprint(c, "220 mail.example ESMTP\r\n")
	in := bufio.NewScanner(c)
	data := false
	for in.Scan() {
		line := in.Text()
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		reply := "250 ok"
		switch {
		case data && line == ".":
			data = false
		case data, verb == "RCPT":
			f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
			if err == nil {
				_, _ = fmt.Fprintln(f, line)
				_ = f.Close()
			}
			if data {
				continue
			}
		case verb == "DATA":
			data, reply = true, "354 go on"
		case verb == "QUIT":
			reply = "221 bye"
		}
		_, _ = fmt.Fprint(c, reply+"\r\n")
	}
}

// await: await FILE waits until the file exists.
func await(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: await FILE")
	}
	for range 400 {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("%s did not come within 20 seconds", args[0])
}
