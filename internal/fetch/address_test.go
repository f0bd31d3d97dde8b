package fetch

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	tests := []struct{ in, want string }{ // want "" is refused
		{"https://Example.ORG/Feed?key=1#part", "https://example.org/Feed?key=1"},
		{"HTTP://example.org:8080", "http://example.org:8080"},
		{"https://例え.jp/", "https://xn--r8jz45g.jp/"},
		{"https://[2001:DB8::1]:443/", "https://[2001:db8::1]:443/"},
		{"https://[fe80::1%25eth0]/", ""},
		{"/var/feeds/list.csv", "file:///var/feeds/list.csv"},
		{"file:///var/a%20b", "file:///var/a%20b"},
		{"file://elsewhere/share", ""},
		{"file:list.csv", ""},
		{"file:///a?b", ""},
		{"file:///a%00b", ""},
		{"", ""},
		{"https://", ""},
		{"https:///path", ""},
		{"https:example.org", ""},
		{"https://user@example.org/", ""},
		{"https://example.org:0/", ""},
		{"https://example.org:99999/", ""},
		{"https://example.org:/", ""},
		{"https://exa mple.org/", ""},
		{" https://example.org/", ""},
		{"https://example.org/\r\nX: y", ""},
		{"https://./", ""},
		{"ftp://example.org/", ""},
		{"data:text/plain,x", ""},
		{"https://example.org/" + strings.Repeat("x", maxURL), ""},
	}
	for _, tt := range tests {
		u, err := parse(tt.in)
		switch {
		case tt.want == "" && !errors.Is(err, ErrRequest):
			t.Errorf("%q: %v, %v", tt.in, u, err)
		case tt.want != "" && (err != nil || u.String() != tt.want):
			t.Errorf("%q: %v, %v, want %s", tt.in, u, err, tt.want)
		}
	}
	if CheckURL("/etc/passwd", false) == nil || CheckURL("/etc/passwd", true) != nil || CheckURL("https://example.org/", false) != nil {
		t.Error("files are for those who may")
	}
}

// FuzzRedirect: an address that is taken stays as it is when read again, and no
// redirect leads out of the web or down to http.
func FuzzRedirect(f *testing.F) {
	for _, s := range [][2]string{
		{"https://example.org/a?b", "/c"}, {"http://EXAMPLE.org", "https://other.example/"}, {"https://a.example/", "//b.example:80/x"},
		{"https://[::1]/", "http://[::1]/"}, {"/etc/passwd", "x"}, {"file:///a", "file:///b"}, {"https://a/", "\\\\b\\c"},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, address, location string) {
		u, err := parse(address)
		if err != nil {
			if !errors.Is(err, ErrRequest) {
				t.Errorf("%v", err)
			}
			return
		}
		if u.Scheme == "file" {
			return
		}
		again, err := parse(u.String())
		if len(u.String()) <= maxURL && (err != nil || again.String() != u.String() || origin(again) != origin(u)) {
			t.Errorf("%s reads as %v, %v", u, again, err)
		}
		to, err := redirect(u, location)
		if err != nil {
			if !errors.Is(err, ErrRedirect) {
				t.Errorf("%v", err)
			}
			return
		}
		if to.Scheme != "https" && (to.Scheme != "http" || u.Scheme != "http") || to.User != nil || to.Hostname() == "" || to.Fragment != "" {
			t.Errorf("from %s to %s", u, to)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "-1": 0, "1.5": 0, "soon": 0, "1e3": 0, " 5 ": 5 * time.Second, "120": 2 * time.Minute,
		"86401": 24 * time.Hour, "99999999999999999999999": 24 * time.Hour,
		"Mon, 23 Nov 2026 12:00:30 GMT": 30 * time.Second, "Monday, 23-Nov-26 12:00:30 GMT": 30 * time.Second,
		"Mon Nov 23 12:00:30 2026": 30 * time.Second, "Sun, 22 Nov 2026 12:00:00 GMT": 0, "Tue, 23 Nov 9999 12:00:00 GMT": 24 * time.Hour,
	} {
		if got := RetryAfter(value, now); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"120", "Mon, 23 Nov 2026 12:00:30 GMT", "18446744073709551616", "-5", ""} {
		f.Add(s, int64(1795435200))
	}
	f.Fuzz(func(t *testing.T, value string, now int64) {
		if d := RetryAfter(value, time.Unix(now, 0)); d < 0 || d > maxAfter {
			t.Errorf("%q: %s", value, d)
		}
	})
}

// FuzzDecode: whatever comes, no more than the limit is handed out.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("plain"), false, true)
	f.Add([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x01\x00\x00\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00"), true, true)
	f.Fuzz(func(t *testing.T, raw []byte, encoded, unpack bool) {
		const limit = 1000
		r, err := decode(bytes.NewReader(raw), encoded, unpack, limit)
		if err != nil {
			return
		}
		b, hash, err := (&Fetcher{Memory: 1 << 20}).keep(r, limit)
		if err != nil {
			return
		}
		got, err := io.ReadAll(b)
		if err != nil || int64(len(got)) != b.Size() || len(got) > limit || !strings.HasPrefix(hash, "sha256:") {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	})
}
