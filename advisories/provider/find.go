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
	"net/http"
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
