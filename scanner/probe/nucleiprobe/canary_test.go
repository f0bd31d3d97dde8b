//go:build unix

package nucleiprobe

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cybersec-infohub/infohub/scanner"
)

// TestFirewallIsNoCleanSite: where everything is turned away, a template that
// did not match says nothing; where one matched, it has seen the site.
func TestFirewallIsNoCleanSite(t *testing.T) {
	always := func(status int, body string) func(int64) (int, string) {
		return func(int64) (int, string) { return status, body }
	}
	for _, tc := range []struct {
		name   string
		answer func(n int64) (int, string) // to the nth request, from 1
		change func(*scanner.Input)
		want   scanner.FailureKind // of what did not match; "": it is clean
	}{
		{"not found", always(404, "no"), nil, ""},
		{"a page for everything", always(200, "<html>Shop</html>"), nil, ""},
		{"a login before everything", always(401, ""), nil, ""},
		{"forbidden", always(403, "<h1>403 Forbidden</h1>"), nil, scanner.FailBlocked},
		{"not acceptable", always(406, ""), nil, scanner.FailBlocked},
		{"too many requests", always(429, ""), nil, scanner.FailBlocked},
		{"unavailable", always(503, ""), nil, scanner.FailBlocked},
		{"forbidden from the second request on", func(n int64) (int, string) {
			if n == 1 {
				return 404, ""
			}
			return 403, ""
		}, nil, scanner.FailBlocked},
		{"forbidden at first", func(n int64) (int, string) {
			if n == 1 {
				return 403, ""
			}
			return 404, ""
		}, nil, scanner.FailBlocked},
		{"cloud storage without a list", always(403, "<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"), nil, ""},
		{"a firewall before the home page", always(404, "no"), func(in *scanner.Input) {
			in.Facts.Web.Roots[0].Failure = scanner.Failf(scanner.FailBlocked, "status 403 from Cloudflare")
		}, scanner.FailBlocked},
		{"a home page that broke off", always(404, "no"), func(in *scanner.Input) {
			in.Facts.Web.Roots[0].Failure = scanner.Failf(scanner.FailReset, "")
		}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var n atomic.Int64
			in := siteOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet || !strings.HasPrefix(r.URL.Path, "/infohub-") || r.Header.Get("User-Agent") != "infohub/test" {
					t.Errorf("%s %s of %s", r.Method, r.URL, r.Header.Get("User-Agent"))
				}
				status, body := tc.answer(n.Add(1))
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body)
			}))
			if tc.change != nil {
				tc.change(&in)
			}
			path, _ := fake(t, "good")
			section, err := New(path).Collect(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range section.(*scanner.ActiveFacts).Templates {
				switch {
				case r.Template == "exposure.git.config":
					if r.Status != scanner.ActiveMatched {
						t.Errorf("%+v; want it matched", r)
					}
				case tc.want == "" && r.Status != scanner.ActiveClean, tc.want != "" && (r.Status != scanner.ActiveFailed || r.Failure.Kind != tc.want):
					t.Errorf("%+v (%v); want %q", r, r.Failure, tc.want)
				}
			}
		})
	}
}

// TestOneTargetBlocksAnotherDoesNot: each target speaks for itself.
func TestOneTargetBlocksAnotherDoesNot(t *testing.T) {
	in := siteOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "www.example.hk" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		http.NotFound(w, r)
	}), "https://example.hk", "https://www.example.hk")
	path, _ := fake(t, "good")
	for _, r := range scan(t, path, in).Templates {
		want := scanner.ActiveClean
		if r.Target == "https://www.example.hk" {
			want = scanner.ActiveFailed
		}
		if r.Template != "exposure.git.config" && r.Status != want {
			t.Errorf("%+v; want %s", r, want)
		}
	}
}
