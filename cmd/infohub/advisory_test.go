package main

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/rogpeppe/go-internal/testscript"
)

// frontKey is the key of the web server that a script puts before the open shop, a
// *front.
type frontKey struct{}

type front struct {
	listening bool
	server    atomic.Value // string: what it says that it is
}

// openFront: front SERVER puts a web server before the open shop that says that it
// is SERVER, such as nginx/1.18.0, and front.yaml in the place of config.yaml; called
// again, it says something else.
func openFront(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: front SERVER")
	}
	f := ts.Value(frontKey{}).(*front)
	f.server.Store(strings.Join(args, " "))
	if f.listening {
		return
	}
	f.listening = true
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Server", f.server.Load().(string))
		_, _ = w.Write([]byte("<!doctype html><title>Tea</title>")) // the visitor may be gone
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // a scan tries what servers refuse
	s.StartTLS()
	ts.Defer(s.Close)
	config := regexp.MustCompile(`(harbour-tea\.example:443:)\S+`).ReplaceAllString(ts.ReadFile("config.yaml"), "${1}"+s.Listener.Addr().String())
	ts.Check(os.WriteFile(ts.MkAbs("front.yaml"), []byte(config), 0o600))
}
