//go:build unix

package nucleiprobe

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
)

// input is a site whose pages answered on https of both names.
func input(dialer scanner.Dialer) scanner.Input {
	addrs := []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	page := func(url string) scanner.WebRoot {
		return scanner.WebRoot{Start: url, Hops: []scanner.Hop{{URL: url, Status: 200}}}
	}
	return scanner.Input{
		Facts: &scanner.Facts{
			Target:  scanner.Target{Domain: "example.hk"},
			Options: scanner.Options{Active: true},
			DNS:     &scanner.DNSFacts{Exists: true, Hosts: []scanner.HostAddrs{{Name: "example.hk", Addrs: addrs}, {Name: "www.example.hk", Addrs: addrs}}},
			Web:     &scanner.WebFacts{Roots: []scanner.WebRoot{page("https://example.hk/"), page("https://www.example.hk/")}},
		},
		Net: &scanner.Network{Dialer: dialer, UserAgent: "infohub/test"},
	}
}

func collect(t *testing.T, ctx context.Context, path string) (*scanner.ActiveFacts, *scanner.Failure) {
	t.Helper()
	section, err := New(path).Collect(ctx, input(&netguard.Scope{Dialer: &netguard.Dialer{}}))
	facts, _ := section.(*scanner.ActiveFacts)
	return facts, scanner.FailureOf(err)
}

func count(f *scanner.ActiveFacts) map[scanner.ActiveStatus]int {
	n := map[scanner.ActiveStatus]int{}
	if f != nil {
		for _, r := range f.Templates {
			n[r.Status]++
		}
	}
	return n
}

func TestEveryJobEndsWhateverTheChildDoes(t *testing.T) {
	templates, _, err := new(Probe).templates(nil)
	if err != nil {
		t.Fatal(err)
	}
	all := 2 * len(templates) // at two targets
	for _, tc := range []struct {
		part                 string
		matched, clean, lost int
		why                  string // part of the probe's failure; "": none
		detail               string // part of the failure of the last result
		runs                 int    // jobs that the last child was given
	}{
		{"good", 2, all - 2, 0, "", "", all},
		{"loses three once", 2, all - 2, 0, "", "", 3},
		{"loses three", 2, all - 5, 3, "", "said nothing", 3},
		{"silent about three", 2, all - 5, 3, "", "0 of 1 requests", 3},
		{"panics once", 2, all - 2, 0, "", "", all - 1},
		{"panics", 0, 2, all - 2, "panic: the engine's own goroutine", "panic", all - 1},
		{"exits", 0, 0, all, "no room left", "no room left", all},
		{"garbage", 0, 0, all, "not JSON", "not JSON", all},
		{"long line", 0, 0, all, "too long", "too long", all},
		{"floods", 2, all - 2, 0, "", "", all},
		{"no hello", 0, 0, all, "did not greet", "did not greet", all},
		{"other version", 0, 0, all, "version 2, not 1", "version 2", all},
		{"not ordered", 0, 0, all, "not ordered", "not ordered", all},
		{"unknown status", 0, 0, all, "perhaps", "perhaps", all},
		{"lies about the place", all, 0, 0, "", "", all},
		{"lingers", 2, all - 2, 0, "", "", all},
	} {
		t.Run(tc.part, func(t *testing.T) {
			path, dir := fake(t, tc.part)
			facts, why := collect(t, t.Context(), path)
			n := count(facts)
			if n[scanner.ActiveMatched] != tc.matched || n[scanner.ActiveClean] != tc.clean || n[scanner.ActiveLost] != tc.lost || len(facts.Templates) != all {
				t.Errorf("ends %v of %d; want %d matched, %d clean, %d lost of %d", n, len(facts.Templates), tc.matched, tc.clean, tc.lost, all)
			}
			if (tc.why == "") != (why == nil) || (why != nil && !strings.Contains(why.Detail, tc.why)) {
				t.Errorf("failure %v; want %q", why, tc.why)
			}
			lost := slices.IndexFunc(facts.Templates, func(r scanner.ActiveResult) bool { return r.Status == scanner.ActiveLost })
			if tc.detail != "" && (lost < 0 || !strings.Contains(facts.Templates[lost].Failure.Detail, tc.detail)) {
				t.Errorf("results %+v; want the reason %q", facts.Templates, tc.detail)
			}
			for _, r := range facts.Templates {
				if r.Status == scanner.ActiveMatched && !strings.HasPrefix(r.MatchedAt, r.Target) {
					t.Errorf("matched at %q, which is not at %s", r.MatchedAt, r.Target)
				}
			}
			if ran, _ := os.ReadFile(filepath.Join(dir, "ran")); string(ran) != strconv.Itoa(tc.runs) {
				t.Errorf("the last child had %s jobs; want %d", ran, tc.runs)
			}
		})
	}
}

func TestResultsAreSorted(t *testing.T) {
	path, _ := fake(t, "good")
	facts, _ := collect(t, t.Context(), path)
	order := func(a, b scanner.ActiveResult) int {
		return strings.Compare(a.Template+" "+a.Target, b.Template+" "+b.Target)
	}
	if !slices.IsSortedFunc(facts.Templates, order) {
		t.Errorf("not sorted: %+v", facts.Templates)
	}
	if facts.Engine != "fake 1" {
		t.Errorf("engine %q", facts.Engine)
	}
}

func TestStuckChildIsKilled(t *testing.T) {
	for _, tc := range []struct {
		name string
		end  func(context.Context) (context.Context, context.CancelFunc)
		want scanner.FailureKind
	}{
		{"deadline", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, margin+2*time.Second)
		}, scanner.FailTimeout},
		{"cancelled", func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(2*time.Second, cancel)
			return ctx, cancel
		}, scanner.FailCancelled},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path, dir := fake(t, "stuck")
			ctx, cancel := tc.end(t.Context())
			defer cancel()
			facts, why := collect(t, ctx, path)
			if why == nil || why.Kind != tc.want {
				t.Errorf("failure %v; want %s", why, tc.want)
			}
			if n := count(facts); n[scanner.ActiveLost] == 0 || n[scanner.ActiveLost] != len(facts.Templates)-1 {
				t.Errorf("ends %v; want one result and the others lost", n)
			}
			for _, r := range facts.Templates {
				if r.Failure != nil && r.Failure.Kind != tc.want {
					t.Errorf("%+v: %v; want %s", r, r.Failure, tc.want)
				}
			}
			text, err := os.ReadFile(filepath.Join(dir, "pid"))
			pid, _ := strconv.Atoi(string(text))
			if err != nil || pid == 0 || !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
				t.Errorf("the child %q is still there", text)
			}
		})
	}
}

func TestChildHasAHomeOfItsOwnAndNothingOfOurs(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://proxy.example:3128")
	t.Setenv("PDCP_API_KEY", "a secret")
	path, dir := fake(t, "good")
	if _, why := collect(t, t.Context(), path); why != nil {
		t.Fatal(why)
	}
	env, _ := os.ReadFile(filepath.Join(dir, "env"))
	for _, ours := range []string{"PDCP", "PROXY", "GOPATH", "USER="} {
		if strings.Contains(string(env), ours) {
			t.Errorf("the child was given %s:\n%s", ours, env)
		}
	}
	home, _ := os.ReadFile(filepath.Join(dir, "home"))
	if len(home) == 0 || string(home) == os.Getenv("HOME") {
		t.Errorf("home %q is not private", home)
	}
	if _, err := os.Stat(string(home)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("home %s is left behind: %v", home, err)
	}
}

func TestNoChildIsNeededOrThereIsNone(t *testing.T) {
	for _, tc := range []struct {
		name, path string
		change     func(*scanner.Input)
		want       scanner.FailureKind // "": none, and an empty section
	}{
		{"not installed", filepath.Join(t.TempDir(), "none"), func(*scanner.Input) {}, scanner.FailMissing},
		{"no web facts", os.Args[0], func(in *scanner.Input) { in.Facts.Web = nil }, scanner.FailUnresolved},
		{"no web server", os.Args[0], func(in *scanner.Input) { in.Facts.Web.Roots = nil }, ""},
	} {
		in := input(&netguard.Scope{Dialer: &netguard.Dialer{}})
		tc.change(&in)
		section, err := New(tc.path).Collect(t.Context(), in)
		why := scanner.FailureOf(err)
		if tc.want == "" {
			if facts, ok := section.(*scanner.ActiveFacts); err != nil || !ok || len(facts.Templates) != 0 {
				t.Errorf("%s: %+v, %v; want an empty section", tc.name, section, err)
			}
			continue
		}
		if section != nil || why == nil || why.Kind != tc.want {
			t.Errorf("%s: %+v, %v; want %s", tc.name, section, err, tc.want)
		}
	}
}

func TestOrigins(t *testing.T) {
	hop := func(url string, status int) scanner.Hop { return scanner.Hop{URL: url, Status: status} }
	for _, tc := range []struct {
		name string
		hops [][]scanner.Hop
		want []string
	}{
		{"http leads to https", [][]scanner.Hop{{hop("http://example.hk/", 301), hop("https://example.hk/", 200)}}, []string{"https://example.hk"}},
		{"https leads to www", [][]scanner.Hop{{hop("https://example.hk/", 301), hop("https://www.example.hk/", 200)}}, []string{"https://example.hk", "https://www.example.hk"}},
		{"http has a page", [][]scanner.Hop{{hop("http://example.hk/", 200)}, {hop("https://example.hk/", 403)}}, []string{"http://example.hk", "https://example.hk"}},
		{"another site", [][]scanner.Hop{{hop("https://example.hk/", 302), hop("https://shop.example/", 200)}}, []string{"https://example.hk"}},
		{"no answer", [][]scanner.Hop{{hop("https://example.hk/", 0)}}, nil},
		{"a port", [][]scanner.Hop{{hop("http://example.hk/", 302), hop("http://example.hk:8080/", 200)}}, []string{"http://example.hk:8080"}},
		{"no URL", [][]scanner.Hop{{hop("http://[", 200)}}, nil},
	} {
		f := &scanner.Facts{Target: scanner.Target{Domain: "example.hk"}, Web: &scanner.WebFacts{}}
		for _, hops := range tc.hops {
			f.Web.Roots = append(f.Web.Roots, scanner.WebRoot{Hops: hops})
		}
		if got := origins(f); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q; want %q", tc.name, got, tc.want)
		}
	}
}

// TestTemplatesAreThoseOfTheActiveRules: each active rule has its template, but
// for the one that stands for the user's.
func TestTemplatesAreThoseOfTheActiveRules(t *testing.T) {
	templates, _, err := new(Probe).templates(nil)
	if err != nil {
		t.Fatal(err)
	}
	var have, want []string
	for _, tpl := range templates {
		have = append(have, tpl.ID)
	}
	c, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range c.All() {
		if r.Active && r.ID != "exposure.template.matched" {
			want = append(want, r.ID)
		}
	}
	if slices.Sort(want); !slices.Equal(have, want) {
		t.Errorf("templates %q; active rules %q", have, want)
	}
}

// TestScriptsOfThePageAreAskedForTheirMaps, and nothing that a page could
// smuggle into a template is.
func TestScriptsOfThePageAreAskedForTheirMaps(t *testing.T) {
	script := func(url string) scanner.Resource { return scanner.Resource{URL: url, Tag: "script"} }
	page := &scanner.Page{Scripts: []scanner.Resource{
		script("https://www.example.hk/assets/index-4f2a.js?v=3"), script("https://example.hk/assets/index-4f2a.js"), script("https://cdn.example/lib.js"),
		script("https://example.hk/app.js"), script("https://example.hk/page.php"), script("https://example.hk/a\"\n    method: POST\n#.js"),
		script("https://example.hk/{{interactsh-url}}.js"), script("https://example.hk/%22.js"), script("https://example.hk/" + strings.Repeat("a", 300) + ".js"), script("https://["),
	}}
	f := &scanner.Facts{Target: scanner.Target{Domain: "example.hk"}, Web: &scanner.WebFacts{Roots: []scanner.WebRoot{{}, {Page: page}, {Page: page}}}}
	_, plain, err := new(Probe).templates(nil)
	if err != nil {
		t.Fatal(err)
	}
	templates, requests, err := new(Probe).templates(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, tpl := range templates {
		if tpl.ID == "exposure.source-map.file" {
			if requests != plain+1 || strings.Count(tpl.Text, "/assets/index-4f2a.js.map\"") != 1 {
				t.Errorf("%d requests, %d more; want one more:\n%s", requests, requests-plain, tpl.Text)
			}
		}
	}
	for i := range 100 {
		page.Scripts = append(page.Scripts, script("https://example.hk/"+strconv.Itoa(i)+".js"))
	}
	if _, many, err := new(Probe).templates(f); err != nil || many != plain+maxScripts {
		t.Errorf("%d requests more, %v; want %d", many-plain, err, maxScripts)
	}
}
