package webprobe

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestTechnologies are those of the page that stands for the site, headers and
// cookies included; a page of an error has none.
func TestTechnologies(t *testing.T) {
	const body = `<html><head><meta name="generator" content="WordPress 6.4.2"><script src="/wp-includes/js/jquery/jquery.min.js?ver=3.7.1"></script></head></html>`
	made := func(status int) string {
		s := newSite(t, toHTTPS, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Server", "Apache/2.4.49 (Unix)")
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		})
		w, err := s.scan(time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, x := range w.Technologies {
			all = append(all, strings.TrimSpace(x.ID+" "+x.Version))
		}
		return strings.Join(all, ", ")
	}
	if got, want := made(200), "apache 2.4.49, jquery 3.7.1, php, wordpress 6.4.2"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := made(500); got != "" {
		t.Errorf("of an error: %q", got)
	}
}
