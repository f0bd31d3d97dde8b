package provider

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// page is what is at an address for one reader.
type page struct {
	mediaType string
	etag      string // quoted
	modified  time.Time
	open      bool // everybody may read it
	varies    bool // by who asks
	data      []byte
	write     func(*bufio.Writer) error // where it is not nil, in the place of data
}

var (
	errAbsent   = errors.New("nothing is there")
	errStranger = errors.New("a key is needed")
	errBehind   = errors.New("the document is not the one that is listed")
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

// find returns what is at the request's address for who asks.
func (p *Provider) find(r *http.Request) (page, error) {
	at := r.URL.Path
	if at == "/" && strings.HasPrefix(strings.ToLower(r.Host), dataHost) {
		at = metadataPath
	}
	switch at {
	case metadataPath:
		return p.common(jsonType, func(w *bufio.Writer) error { return p.metadata(w, folders()) })
	case servicePath:
		return p.common(jsonType, func(w *bufio.Writer) error { return p.service(w, folders()) })
	case securityPath, legacyPath:
		if len(p.c.Contacts) == 0 {
			return page{}, errAbsent
		}
		return p.common(textType, p.security)
	}
	rest, ok := strings.CutPrefix(at, rootPath)
	if !ok {
		return page{}, errAbsent
	}
	if rest == "" || rest == indexName || rest == changesName {
		return p.root(r, rest)
	}
	for _, key := range p.c.Keys {
		if rest == keyPath(key) {
			pg := whole("application/pgp-keys", key.Armored)
			pg.modified = p.c.Updated
			return pg, nil
		}
	}
	folder, rest, ok := strings.Cut(rest, "/")
	if _, known := p.shelves[folder]; !ok || !known {
		return page{}, errAbsent
	}
	reader := tlp.Reader{}
	if folder != white {
		var err error
		if reader, err = p.member(r); err != nil {
			return page{}, err
		}
	}
	return p.below(r.Context(), folder, rest, reader)
}

// reader returns who asks.
func (p *Provider) reader(r *http.Request) (tlp.Reader, error) {
	reader, err := p.c.Reader(r)
	if advisories.CodeOf(err) == advisories.Unauthenticated {
		return tlp.Reader{}, errStranger
	}
	return reader, err
}

// member returns who asks, where strangers have no business.
func (p *Provider) member(r *http.Request) (tlp.Reader, error) {
	reader, err := p.reader(r)
	if err == nil && !reader.Member {
		err = errStranger
	}
	return reader, err
}

// whole is a page that everybody may read, told by its hash.
func whole(mediaType string, data []byte) page {
	sum := sha256.Sum256(data)
	return page{mediaType: mediaType, etag: quoted(sum[:]), open: true, data: data}
}

func quoted(sum []byte) string { return `"` + hex.EncodeToString(sum) + `"` }

// written is whole, of what write writes.
func written(mediaType string, write func(*bufio.Writer) error) (page, error) {
	var b bytes.Buffer
	out := bufio.NewWriter(&b)
	if err := write(out); err != nil {
		return page{}, err
	}
	_ = out.Flush() // a buffer takes everything
	return whole(mediaType, b.Bytes()), nil
}

// common is a small document that is the same for everybody.
func (p *Provider) common(mediaType string, write func(*bufio.Writer) error) (page, error) {
	pg, err := written(mediaType, write)
	if mediaType == jsonType {
		pg.modified = laterOf(p.shelf(white).modified, p.c.Updated)
	}
	return pg, err
}

// root is a list of all that the reader may read.
func (p *Provider) root(r *http.Request, name string) (page, error) {
	reader, err := p.reader(r)
	if err != nil {
		return page{}, err
	}
	v := view{folders: openTo(reader)}
	if !reader.Member {
		shelf := p.shelf(white)
		v.entries = shelf.newest
		pg, err := p.once(shelf, v, name)
		pg.varies = true
		return pg, err
	}
	for _, folder := range v.folders {
		v.entries = append(v.entries, readable(p.shelf(folder).newest, reader)...)
	}
	sortNewest(v.entries)
	mediaType, write := p.list(v, name)
	return p.made(v, name, mediaType, write), nil
}

// below is what is in the folder of a label for a reader who may open it.
func (p *Provider) below(ctx context.Context, folder, rest string, reader tlp.Reader) (page, error) {
	shelf := p.shelf(folder)
	v := view{folder: folder}
	for _, name := range listNames(folder) {
		if rest != name {
			continue
		}
		if folder == white {
			v.entries = shelf.newest
			return p.once(shelf, v, name)
		}
		v.entries = readable(shelf.newest, reader)
		mediaType, write := p.list(v, name)
		return p.made(v, name, mediaType, write), nil
	}
	year, name, ok := strings.Cut(rest, "/")
	if !ok {
		return page{}, errAbsent
	}
	if name == "" {
		return p.year(shelf, v, year, reader)
	}
	suffix := path.Ext(name)
	if suffix == ".json" {
		suffix = ""
	}
	e := shelf.find(strings.TrimSuffix(rest, suffix))
	if e == nil || !tlp.May(reader, e.Audience) {
		return page{}, errAbsent
	}
	pg := page{mediaType: textType, modified: e.Current, open: folder == white, varies: folder != white}
	switch suffix {
	case "":
		pg.mediaType, pg.etag = jsonType, `"`+e.SHA256+`"`
		var err error
		pg.data, err = p.document(ctx, e)
		return pg, err
	case ".asc":
		pg.mediaType = "application/pgp-signature"
	}
	if pg.data = e.beside(suffix); pg.data == nil {
		return page{}, errAbsent
	}
	pg.etag = whole("", pg.data).etag
	return pg, nil
}

// year is the directory listing of a year's folder. A year in which there is
// nothing for the reader is not there.
func (p *Provider) year(s *shelf, v view, year string, reader tlp.Reader) (page, error) {
	v.entries = readable(s.inYear(year), reader)
	if len(v.entries) == 0 {
		return page{}, errAbsent
	}
	sortNewest(v.entries)
	write := func(w *bufio.Writer) error {
		return listing(w, rootPath+v.folder+"/"+year+"/", fileNames(v.entries))
	}
	if v.folder != white {
		return p.made(v, year+"/", htmlType, write), nil
	}
	pg, err := written(htmlType, write)
	pg.modified = laterOf(s.modified, p.c.Updated)
	return pg, err
}

// document returns the bytes of an entry, which must be those that it names.
func (p *Provider) document(ctx context.Context, e *entry) ([]byte, error) {
	data, err := p.source.Document(ctx, e.Item)
	if err != nil {
		return nil, fmt.Errorf("provider: %s: %w", e.TrackingID, err)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != e.SHA256 {
		return nil, fmt.Errorf("provider: %s: %w", e.TrackingID, errBehind)
	}
	return data, nil
}

// once returns a list that everybody may read, made once for each state of the
// folder.
func (p *Provider) once(s *shelf, v view, name string) (page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := v.folder + "/" + name
	if pg, ok := s.lists[key]; ok {
		return pg, nil
	}
	pg, err := written(p.list(v, name))
	if err != nil {
		return page{}, err
	}
	pg.modified = laterOf(s.modified, p.c.Updated)
	s.lists[key] = pg
	return pg, nil
}

// made returns a list for one reader. It is written while it is sent: it can be
// long, and as many readers ask as there are.
func (p *Provider) made(v view, name, mediaType string, write func(*bufio.Writer) error) page {
	sum := sha256.New()
	_, _ = io.WriteString(sum, v.folder+"/"+name+"\n") // a hash takes everything
	for _, e := range v.entries {
		sum.Write(e.digest[:])
	}
	return page{mediaType: mediaType, etag: quoted(sum.Sum(nil)), modified: p.updated(v.entries), varies: true, write: write}
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
