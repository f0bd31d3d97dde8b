package provider

import (
	"bufio"
	"bytes"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
)

// Patterns are what to mount it at, for an http.ServeMux. The last is the name
// csaf.data.security (CSAF 2.0, 7.1.10), for whoever has it in their DNS.
func (p *Provider) Patterns() []string {
	list := []string{metadataPath, servicePath, securityPath, legacyPath, strings.TrimSuffix(rootPath, "/"), rootPath}
	if u, err := url.Parse(p.base); err == nil && net.ParseIP(u.Hostname()) == nil {
		list = append(list, dataHost+u.Hostname()+"/{$}")
	}
	return list
}

const dataHost = "csaf.data.security."

// ServeHTTP answers GET and HEAD, without ever redirecting (CSAF 2.0, 7.1.6).
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	pg, err := p.find(r)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", pg.mediaType)
	h.Set("ETag", pg.etag)
	if pg.mediaType == htmlType {
		h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	}
	if pg.open {
		h.Set("Cache-Control", "public, max-age=60")
		h.Set("Access-Control-Allow-Origin", "*")
	} else {
		h.Set("Cache-Control", "private, no-store")
	}
	if pg.varies {
		h.Set("Vary", "Authorization, Cookie")
	}
	if pg.write == nil {
		http.ServeContent(w, r, "", pg.modified, bytes.NewReader(pg.data))
		return
	}
	if err := pg.stream(w, r); err != nil && r.Context().Err() == nil {
		p.c.Log.ErrorContext(r.Context(), "provider: a list is cut short", slog.String("path", r.URL.Path), slog.Any("error", err))
	}
}

// stream sends a list that was made for this reader. It asks for no date: a
// document that this reader may read since a moment ago can be an old one.
func (pg page) stream(w http.ResponseWriter, r *http.Request) error {
	if !pg.modified.IsZero() {
		w.Header().Set("Last-Modified", pg.modified.UTC().Format(http.TimeFormat))
	}
	for _, tag := range strings.Split(strings.Join(r.Header.Values("If-None-Match"), ","), ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || strings.TrimPrefix(tag, "W/") == pg.etag {
			w.Header().Del("Content-Type")
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	if r.Method == http.MethodHead {
		return nil
	}
	out := bufio.NewWriterSize(w, 32<<10)
	if err := pg.write(out); err != nil {
		return err
	}
	return out.Flush()
}

// refuse answers with an error. What is hidden and what is absent are the same.
func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusInternalServerError
	h := w.Header()
	switch {
	case errors.Is(err, errAbsent):
		status = http.StatusNotFound
	case errors.Is(err, errStranger):
		status = http.StatusUnauthorized
		h.Add("WWW-Authenticate", `Bearer realm="infohub"`)
		h.Add("WWW-Authenticate", `Basic realm="infohub", charset="UTF-8"`)
	case advisories.CodeOf(err) == advisories.Forbidden:
		status = http.StatusForbidden
	case errors.Is(err, errBehind), advisories.CodeOf(err) == advisories.Unavailable:
		status = http.StatusServiceUnavailable
		h.Set("Retry-After", "1")
	}
	if status >= http.StatusInternalServerError && r.Context().Err() == nil {
		p.c.Log.ErrorContext(r.Context(), "provider: request failed", slog.String("path", r.URL.Path), slog.Any("error", err))
	}
	h.Set("Cache-Control", "no-store")
	http.Error(w, http.StatusText(status), status)
}
