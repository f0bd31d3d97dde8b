package app_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// The policy, written once for all tests: who may reach which collection, and who
// may read what is in it. It is made from the words of the Traffic Light Protocol
// and of the hub's documentation, and shares no code with the hub.

// reaches says what somebody may do with a collection.
func (a *asker) reaches(s *shelf) (read, write bool) {
	if s.root != "community" && !(a.member() && slices.Contains(a.groups, s.root)) {
		return false, false
	}
	for _, g := range s.grants {
		mine := a.member() && (g.Subject == a.org || g.Subject == "group:community" || slices.Contains(a.groups, strings.TrimPrefix(g.Subject, "group:")))
		if !a.shut && (mine || g.Subject == "public") {
			read, write = read || g.Read, write || g.Write && mine
		}
	}
	read = read || a.member() && a.person != "" && slices.Contains(s.people, a.person)
	write = write && a.role != "reader"
	if len(a.scopes) > 0 {
		allowed := func(verb string) bool {
			return slices.ContainsFunc(a.scopes, func(sc apiclient.Scope) bool {
				return (sc.Collection == "*" || sc.Collection == s.id) && slices.Contains(sc.Verbs, verb)
			})
		}
		read, write = read && allowed("read"), write && allowed("write")
	}
	return read, write
}

// entry is one version of an object in a collection.
type entry struct {
	n        int
	id       string
	modified string
	shelf    *shelf
	by       string // handle of who contributed it
	labels   []string
	orgs     []string // whom AMBER and AMBER+STRICT name
	people   []string // whom RED, and what nobody knows, names
	refs     []string // ids
	kind     string   // STIX type
	added    time.Time
	gone     bool // deleted: it hides nothing any more
}

// Traces of an entry: a text, a value that it is found by, and its id.
func (e *entry) token() string { return fmt.Sprintf("qx%04dx", e.n) }
func (e *entry) ip() string    { return fmt.Sprintf("198.18.%d.%d", e.n/250, e.n%250+1) }

// inAudience: may somebody read an object of these labels, for itself?
func (a *asker) inAudience(e *entry) bool {
	if read, _ := a.reaches(e.shelf); !read {
		return false
	}
	for _, label := range e.labels {
		ok := false
		switch label {
		case "clear":
			ok = true
		case "green":
			ok = a.member()
		case "amber":
			ok = a.member() && (slices.Contains(e.orgs, a.org) || slices.ContainsFunc(a.clientOf, func(o string) bool { return slices.Contains(e.orgs, o) }))
		case "amber+strict":
			ok = a.member() && slices.Contains(e.orgs, a.org)
		default:
			ok = a.member() && a.person != "" && slices.Contains(e.people, a.person)
		}
		if !ok {
			return false
		}
	}
	return len(e.labels) > 0
}

// judge works out what everybody may read. An object that refers to one of which
// the hub has versions, and this reader may see none, is hidden too, and so on.
func (w *world) judge() {
	w.seen = map[string]map[*entry]bool{}
	held := map[string][]*entry{}
	for _, e := range w.entries {
		if !e.gone {
			held[e.id] = append(held[e.id], e)
		}
	}
	for _, a := range w.askers {
		seen := map[*entry]bool{}
		for _, e := range w.entries {
			seen[e] = a.inAudience(e)
		}
		for changed := true; changed; {
			changed = false
			for _, e := range w.entries {
				for _, id := range e.refs {
					some := slices.ContainsFunc(held[id], func(o *entry) bool { return seen[o] })
					if seen[e] && len(held[id]) > 0 && !some {
						seen[e], changed = false, true
					}
				}
			}
		}
		w.seen[a.name] = seen
	}
}

// visible are the entries that somebody may read, in one collection or (nil) in
// all, in the order in which they came.
func (w *world) visible(a *asker, s *shelf) (all []*entry) {
	for _, e := range w.entries {
		if w.seen[a.name][e] && (s == nil || e.shelf == s) {
			all = append(all, e)
		}
	}
	return all
}

// last leaves the last version of each object.
func last(all []*entry) (kept []*entry) {
	for _, e := range all {
		if !slices.ContainsFunc(all, func(o *entry) bool { return o.id == e.id && o.modified > e.modified }) {
			kept = append(kept, e)
		}
	}
	return kept
}

// tokens are the traces of entries, sorted.
func tokens(all []*entry) (list []string) {
	for _, e := range all {
		list = append(list, e.token())
	}
	slices.Sort(list)
	return list
}

var (
	traceText = regexp.MustCompile(`qx\d{4}x`)
	traceIP   = regexp.MustCompile(`198\.18\.\d+\.\d+`)
	traceID   = regexp.MustCompile(`[a-z0-9-]+--[0-9a-f]{8}-4bad-4bad-8bad-[0-9a-f]{12}`)
	traceTime = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z`)
)

// tokensIn are the tokens that a text holds, sorted, each once.
func tokensIn(text string) []string {
	list := traceText.FindAllString(text, -1)
	slices.Sort(list)
	return slices.Compact(list)
}

// inspect fails if an answer holds a trace of what its reader may not see, and did
// not name in the request.
func (w *world) inspect(a *asker, method, path, body string, got answer) {
	w.t.Helper()
	if w.seen == nil {
		return
	}
	asked, text := method+" "+path+"\n"+body, got.String()
	seen := w.seen[a.name]
	leaks := func(trace string, of func(*entry) bool) {
		if strings.Contains(asked, trace) {
			return
		}
		if !slices.ContainsFunc(w.entries, of) || slices.ContainsFunc(w.entries, func(e *entry) bool { return of(e) && seen[e] }) {
			return
		}
		w.errorf("LEAK to %s: %s %s tells %s: %.600s", a.name, method, path, trace, text)
	}
	each := func(re *regexp.Regexp, of func(trace string, e *entry) bool) {
		done := map[string]bool{}
		for _, trace := range re.FindAllString(text, -1) {
			if !done[trace] {
				done[trace] = true
				leaks(trace, func(e *entry) bool { return of(trace, e) })
			}
		}
	}
	each(traceText, func(trace string, e *entry) bool { return e.token() == trace })
	each(traceIP, func(trace string, e *entry) bool { return e.ip() == trace })
	each(traceID, func(trace string, e *entry) bool { return e.id == trace || slices.Contains(e.refs, trace) })
	each(traceTime, func(trace string, e *entry) bool {
		at, err := time.Parse(time.RFC3339Nano, trace)
		// A cursor of TAXII is a date that whoever has it can read, and comes back.
		return err == nil && w.added[at] == e && !strings.Contains(path, "next=")
	})
	for _, s := range w.secrets {
		if strings.Contains(text, s.text) && !strings.Contains(asked, s.text) && !s.may(a) {
			w.errorf("LEAK to %s: %s %s tells %s: %.600s", a.name, method, path, s.text, text)
		}
	}
}

// learn notes when each entry was added, from the manifests of those who may read
// it.
func (w *world) learn() {
	w.t.Helper()
	for _, a := range w.askers {
		for _, s := range w.shelves {
			if read, _ := a.reaches(s); !read || a.local || a.shut {
				continue
			}
			got := w.ask(a, http.MethodGet, s.path()+"manifest/?match[version]=all", "")
			var list struct {
				Objects []struct {
					ID, Version string
					DateAdded   time.Time `json:"date_added"`
				}
			}
			if err := json.Unmarshal([]byte(got.body), &list); err != nil || got.status != http.StatusOK {
				w.t.Fatalf("manifest: %v %s", err, got)
			}
			for _, o := range list.Objects {
				for _, e := range w.entries {
					if e.id == o.ID && e.modified == o.Version && e.shelf == s {
						e.added = o.DateAdded
						w.added[o.DateAdded] = e
					}
				}
			}
		}
	}
	slices.SortStableFunc(w.entries, func(a, b *entry) int { return cmp.Compare(a.added.UnixMicro(), b.added.UnixMicro()) })
}
