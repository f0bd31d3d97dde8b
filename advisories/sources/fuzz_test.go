package sources

import (
	"bytes"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func FuzzParseKEV(f *testing.F) {
	f.Add([]byte(`{"catalogVersion":"1","dateReleased":"2026-11-20T15:00:12Z","count":1,"vulnerabilities":[{"cveID":"CVE-2026-10001","dateAdded":"2026-11-19","cwes":["CWE-1"]}]}`))
	f.Add([]byte(`{"vulnerabilities":[{}]}`))
	f.Add([]byte("\uFEFF[[]]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, _, err := ParseKEV(data)
		if (err == nil) != (len(list.Entries) > 0) {
			t.Fatalf("%d entries, %v", len(list.Entries), err)
		}
		for i, e := range list.Entries {
			if !isCVE(e.CVE) || e.Added.IsZero() || i > 0 && list.Entries[i-1].CVE >= e.CVE || !utf8.ValidString(e.Name+e.Notes) {
				t.Errorf("%+v", e)
			}
		}
	})
}

func FuzzParseEPSS(f *testing.F) {
	f.Add([]byte("#model_version:v2025.03.14,score_date:2026-11-22T12:55:00Z\ncve,epss,percentile\nCVE-2026-10001,0.00043,0.0987\n"))
	f.Add([]byte("#score_date:2026-11-22\r\ncve,epss,percentile\r\nCVE-2026-10001,1e-5,0x1p-2\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, _, err := ParseEPSS(bytes.NewReader(data))
		if (err == nil) != (len(list.Rows) > 0) {
			t.Fatalf("%d rows, %v", len(list.Rows), err)
		}
		for i, r := range list.Rows {
			if !isCVE(r.CVE) || !(r.Score >= 0 && r.Score <= 1 && r.Percentile >= 0 && r.Percentile <= 1) || r.Date.IsZero() || i > 0 && list.Rows[i-1].CVE >= r.CVE {
				t.Errorf("%+v", r)
			}
		}
	})
}

// FuzzSecurityTxt: an address that comes out may be asked.
func FuzzSecurityTxt(f *testing.F) {
	f.Add([]byte("Contact: mailto:a@b.example\r\nCSAF: https://cert.example/provider-metadata.json\r\n- csaf : http://x/\n"))
	f.Add([]byte("CSAF: https://a b/\nCSAF:https://u@x/\nCSAF: //x/\nCSAF: https://[::1]/"))
	f.Fuzz(func(t *testing.T, data []byte) {
		all := metadataOf(data, false)
		if len(all) > maxFields {
			t.Errorf("%d", len(all))
		}
		for _, a := range all {
			if u, err := url.Parse(a); err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || strings.ContainsAny(a, " \r\n\t") {
				t.Errorf("%q", a)
			}
		}
	})
}

// FuzzListing: whatever stands in changes.csv and index.txt, no address leads out
// of the directory.
func FuzzListing(f *testing.F) {
	f.Add([]byte("\"2026/a.json\",\"2026-11-20T10:00:00Z\"\n2026/b.json,2026-11-19T10:00:00Z\n"))
	f.Add([]byte("2026/a.json\n../b.json\n//evil.example/c.json\n./d.json\n%2e%2e/e.json\nhttps://x/f.json\n"))
	f.Add([]byte("\"a\nb\",\"x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		const base = "https://cert.example/csaf/white/"
		for about, parse := range map[string]func([]byte, string) ([]entry, []Refusal, error){"changes": parseChanges, "index": parseIndex} {
			all, _, err := parse(data, base)
			if err != nil && len(all) > 0 {
				t.Errorf("%s: %v and %d", about, err, len(all))
			}
			seen := map[string]bool{}
			for i, e := range all {
				u, err := url.Parse(e.url)
				if err != nil || !strings.HasPrefix(e.url, base) || u.JoinPath().String() != e.url || !strings.HasSuffix(u.Path, ".json") || u.RawQuery != "" || seen[e.url] || i > 0 && e.updated.Before(all[i-1].updated) {
					t.Errorf("%s: %+v", about, e)
				}
				seen[e.url] = true
			}
		}
	})
}

func FuzzParseROLIE(f *testing.F) {
	f.Add([]byte(`{"feed":{"id":"f","title":"t","link":[{"rel":"self","href":"https://a.example/f.json"}],"category":[{"scheme":"urn:ietf:params:rolie:category:information-type","term":"csaf"}],
		"updated":"2026-11-20T10:00:00Z","entry":[{"id":"A","title":"t","published":"2026-11-20T10:00:00Z","updated":"2026-11-20T10:00:00Z","link":[{"rel":"self","href":"https://a.example/a.json"},
		{"rel":"hash","href":"https://a.example/a.json.sha256"},{"rel":"signature","href":"http://a.example/a.json.asc"}],"content":{"type":"application/json","src":"https://a.example/a.json"},
		"format":{"schema":"https://docs.oasis-open.org/csaf/csaf/v2.0/csaf_json_schema.json","version":"2.0"}}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, _, err := parseROLIE(data, "WHITE", false)
		if err != nil && len(all) > 0 {
			t.Errorf("%v and %d", err, len(all))
		}
		for _, e := range all {
			for _, a := range []string{e.url, e.sha256, e.sha512, e.signature} {
				if a != "" && !secure(a, false) {
					t.Errorf("%+v", e)
				}
			}
		}
	})
}

// FuzzParseBulletins: what comes out is plain text of bounded size, and whole.
func FuzzParseBulletins(f *testing.F) {
	f.Add([]byte(`<rss version="2.0"><channel><title>a</title><item><title>b</title><description>&lt;p&gt;CVE-2026-10001&lt;script&gt;</description></item></channel></rss>`), "text/xml")
	f.Add([]byte(`<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>b</title><id>1</id><updated>2026-11-20T10:00:00Z</updated></entry></feed>`), "")
	f.Add([]byte(`{"version":"https://jsonfeed.org/version/1.1","items":[{"id":1,"title":"x"},null]}`), "application/feed+json")
	f.Add([]byte("\xfe\xff\x00<\x00r"), "text/xml; charset=utf-16")
	f.Add([]byte(`<!DOCTYPE x [<!ENTITY a "b">]><rss><channel><item><title>&a;</title></item></channel></rss>`), "")
	f.Fuzz(func(t *testing.T, data []byte, contentType string) {
		all, _, err := ParseBulletins(data, contentType, BulletinOptions{Now: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)})
		if err != nil && (len(all) > 0 || len(err.Error()) > 600) {
			t.Errorf("%d, %v", len(all), err)
		}
		for _, p := range all {
			if p.Tracking.ID == "" || len(p.Tracking.ID) > maxID || p.Tracking.Initial.IsZero() || p.Tracking.Current.Before(p.Tracking.Initial) || len(p.Advisory.Title) != 1 || len(p.Advisory.Description) != 1 {
				t.Errorf("%+v", p)
			}
			for _, title := range p.Advisory.Title {
				plainly(t, title)
				if title == "" || utf8.RuneCountInString(title) > maxTitle || strings.Contains(title, "\n") {
					t.Errorf("title %q", title)
				}
			}
			for _, text := range p.Advisory.Description {
				plainly(t, text)
			}
			plainly(t, p.Tracking.ID+p.Publisher.Name+p.Publisher.Namespace+p.Tracking.URL)
			if p.Tracking.URL != "" && !strings.HasPrefix(p.Tracking.URL, "http") {
				t.Errorf("link %q", p.Tracking.URL)
			}
		}
	})
}

// FuzzPlainText: text without control characters, and no tag that was one.
func FuzzPlainText(f *testing.F) {
	for _, s := range []string{"<p>a</p><script>b</script>", `<a href="https://x/">y</a>`, "<svg><script>", "<pre>\n\n a", "&lt;b&gt;", "<a<b<script>x", "<!--><script>-->", "<li><li><br>", "a\u202eb\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		text := PlainText(source)
		plainly(t, text)
		if len(text) > maxPlain+2100 || strings.TrimSpace(text) != text && strings.TrimFunc(text, unicode.IsSpace) != text || strings.Contains(text, "\n\n\n") {
			t.Errorf("%q", text)
		}
		if !strings.Contains(source, "&") && strings.Contains(text, "<script>") && !strings.Contains(strings.ToLower(source), "<plaintext") && !strings.Contains(strings.ToLower(source), "<xmp") && !strings.Contains(strings.ToLower(source), "alt") {
			t.Errorf("%q from %q", text, source)
		}
	})
}

func plainly(t *testing.T, s string) {
	t.Helper()
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Cc, r) && r != '\n' || bidi(r) }) {
		t.Errorf("not plain: %q", s)
	}
}

// FuzzReadRecords: what comes out is bounded, and a zip file lies in vain.
func FuzzReadRecords(f *testing.F) {
	f.Add([]byte(`[{"id":"a"},{"id":"b"}]`))
	f.Add([]byte("{\"id\":\"a\"}\n{\"id\":\"b\"}\n"))
	f.Add([]byte("PK\x05\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		n := 0
		_ = readRecords(bytes.NewReader(data), int64(len(data)), func(r file) error {
			if n++; len(r.raw) > maxRecord || r.name == "" {
				t.Errorf("%q: %d bytes", r.name, len(r.raw))
			}
			return nil
		})
		if n > len(data) {
			t.Errorf("%d records of %d bytes", n, len(data))
		}
	})
}
