package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// taxiiID is the collection of the script's TAXII server.
const taxiiID = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"

// openTAXII: taxii KEY N starts a TAXII server on loopback that wants the key. Its
// collection has N objects. Its address is in TAXII, the collection's in
// COLLECTION. The file "taxii.cut" makes it break off the answer to every second
// page; what is posted and deleted is appended to "taxii.log".
func openTAXII(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: taxii KEY N")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	s := &taxiiServer{key: args[0], n: n, log: ts.MkAbs("taxii.log"), cut: ts.MkAbs("taxii.cut")}
	server := httptest.NewServer(s)
	ts.Defer(server.Close)
	ts.Setenv("TAXII", server.URL)
	ts.Setenv("COLLECTION", server.URL+"/root/collections/"+taxiiID+"/")
	secure := httptest.NewTLSServer(s)
	ts.Defer(secure.Close)
	ts.Setenv("TAXIIS", secure.URL)
}

type taxiiServer struct {
	key      string
	n        int
	log, cut string
	mu       sync.Mutex
	pages    int
}

func (s *taxiiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/taxii+json;version=2.1")
	const collection = "/root/collections/" + taxiiID + "/"
	refuse := func(code int, title string) {
		w.WriteHeader(code)
		_, _ = fmt.Fprintf(w, `{"title":%q,"http_status":"%d"}`, title, code)
	}
	if r.Header.Get("Authorization") != "Bearer "+s.key {
		refuse(http.StatusUnauthorized, "Who are you?")
		return
	}
	switch path := r.URL.Path; {
	case path == "/page/":
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html>")
	case path == "/taxii2/":
		_, _ = io.WriteString(w, `{"title":"A hub \u001b[31m","contact":"ann@example.hk","default":"/root/","api_roots":["/root/"]}`)
	case path == "/root/":
		_, _ = io.WriteString(w, `{"title":"Members","versions":["application/taxii+json;version=2.1"],"max_content_length":1000000}`)
	case path == "/root/collections/":
		_, _ = fmt.Fprintf(w, `{"collections":[{"id":%q,"title":"Indicators","can_read":true,"can_write":true,"media_types":[]}]}`, taxiiID)
	case path == collection+"objects/" && r.Method == http.MethodPost:
		s.post(w, r)
	case path == collection+"objects/":
		s.page(w, r)
	case strings.HasPrefix(path, collection+"objects/indicator--") && r.Method == http.MethodDelete:
		s.note("deleted " + r.URL.RequestURI())
	default:
		refuse(http.StatusNotFound, "Nothing is here.")
	}
}

func (s *taxiiServer) note(line string) {
	f, err := os.OpenFile(s.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, _ = fmt.Fprintln(f, line)
		_ = f.Close()
	}
}

// page leads on by time: object i was added i microseconds after midnight.
func (s *taxiiServer) page(w http.ResponseWriter, r *http.Request) {
	first := 0
	if after := r.URL.Query().Get("added_after"); after != "" {
		_, _ = fmt.Sscanf(after, "2026-01-01T00:00:00.%06dZ", &first)
		first++
	}
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	end := min(first+limit, s.n)
	var list []string
	for i := first; i < end; i++ {
		list = append(list, fmt.Sprintf(`{ "type":"indicator", "id":"indicator--%d" }`, i))
	}
	body := fmt.Sprintf(`{"more":%t,"objects":[%s]}`, end < s.n, strings.Join(list, ","))
	if len(list) > 0 {
		w.Header().Set("X-TAXII-Date-Added-Last", fmt.Sprintf("2026-01-01T00:00:00.%06dZ", end-1))
	}
	if _, err := os.Stat(s.cut); err == nil {
		if s.pages++; s.pages%2 == 0 {
			w.Header().Set("Content-Length", "100000")
			_, _ = io.WriteString(w, body[:len(body)/2])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
	}
	_, _ = io.WriteString(w, body)
}

// post refuses what has a property "bad".
func (s *taxiiServer) post(w http.ResponseWriter, r *http.Request) {
	var e struct{ Objects []json.RawMessage }
	body, _ := io.ReadAll(r.Body)
	if json.Unmarshal(body, &e) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	failures := []map[string]string{}
	for _, o := range e.Objects {
		var head map[string]any
		_ = json.Unmarshal(o, &head)
		if _, bad := head["bad"]; bad {
			failures = append(failures, map[string]string{"id": fmt.Sprint(head["id"]), "version": "", "message": "name is missing (STIX 2.1, 4.7)"})
		}
		s.note("posted " + string(o))
	}
	w.WriteHeader(http.StatusAccepted)
	_ = json.NewEncoder(w).Encode(map[string]any{"id": "1", "status": "complete", "failures": failures})
}

// objectsIn: objects FILE N checks that a bundle or a file of lines has N different
// objects, each once.
func objectsIn(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: objects FILE N")
	}
	text := strings.TrimSpace(ts.ReadFile(args[0]))
	var b struct {
		Type    string
		Objects []json.RawMessage
	}
	var list []string
	if err := json.Unmarshal([]byte(text), &b); err == nil && b.Type == "bundle" {
		for _, o := range b.Objects {
			list = append(list, string(o))
		}
	} else if text != "" {
		list = strings.Split(text, "\n")
	}
	slices.Sort(list)
	if got := fmt.Sprint(len(list)); got != args[1] || len(slices.Compact(list)) != len(list) {
		ts.Fatalf("%s objects, some of them perhaps twice; want %s", got, args[1])
	}
}
