package taxii

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/hub"
)

// objects answers GET of .../objects/ and of .../objects/{id}/ with an envelope
// (TAXII 2.1, 5.4 and 5.6).
func (c *call) objects() error {
	has := fieldsOfMany()
	if c.object != "" {
		has = fieldsOfOne()
	}
	page, next, err := c.page(objectsEndpoint, has)
	if err != nil {
		return err
	}
	out := c.stream(http.StatusOK)
	list := &list{out: out, head: listHead("objects", page.More, next), empty: emptyList(page.More, next)}
	if c.r.Method != http.MethodHead {
		if err := page.WriteObjects(c.r.Context(), list); err != nil {
			return out.cut(err)
		}
	}
	return list.close()
}

// manifestRecord is TAXII 2.1, 5.3.2.
type manifestRecord struct {
	ID        string `json:"id"`
	DateAdded string `json:"date_added"`
	Version   string `json:"version"`
	MediaType string `json:"media_type"`
}

// manifest answers .../manifest/ (TAXII 2.1, 5.3).
func (c *call) manifest() error {
	page, next, err := c.page(manifestEndpoint, fieldsOfMany())
	if err != nil {
		return err
	}
	return c.entries("objects", page, next, func(e *hub.Entry) any {
		return manifestRecord{ID: e.ID, DateAdded: formatTime(e.DateAdded), Version: e.Version, MediaType: stixType}
	})
}

// versions answers .../objects/{id}/versions/ (TAXII 2.1, 5.8).
func (c *call) versions() error {
	page, next, err := c.page(versionsEndpoint, fieldsOfVersions())
	if err != nil {
		return err
	}
	return c.entries("versions", page, next, func(e *hub.Entry) any { return e.Version })
}

// entries answers with what render makes of each entry.
func (c *call) entries(name string, page *hub.Page, next string, render func(*hub.Entry) any) error {
	var b []byte
	for i := range page.Entries {
		if i > 0 {
			b = append(b, ',')
		}
		one, err := json.Marshal(render(&page.Entries[i]))
		if err != nil {
			return fmt.Errorf("taxii: entry: %w", err)
		}
		b = append(b, one...)
	}
	out := c.stream(http.StatusOK)
	list := &list{out: out, head: listHead(name, page.More, next), empty: emptyList(page.More, next)}
	if _, err := list.Write(b); err != nil {
		return out.cut(err)
	}
	return list.close()
}

// page asks the hub for the page that the query means, and sets the headers that
// say where it begins and ends (TAXII 2.1, 3.3). next is "" on the last page.
func (c *call) page(at endpoint, has fields) (page *hub.Page, next string, err error) {
	a, err := c.access()
	if err != nil {
		return nil, "", err
	}
	collection, err := uuid.Parse(a.ID)
	if err != nil {
		return nil, "", fmt.Errorf("taxii: collection %s: %w", a.ID, err)
	}
	f, text, err := parseFilter(c.r.URL.RawQuery, has)
	if err != nil {
		return nil, "", err
	}
	if c.object != "" {
		f.ids = []string{c.object}
		f.versions.All = f.versions.All || at == versionsEndpoint
	}
	began := f
	from := f.after
	if text != "" {
		before, err := decodeCursor(text)
		if err != nil || before.endpoint != at || before.collection != collection {
			return nil, "", errNext
		}
		if c.object != "" {
			f.given["match[id]"] = true // the path says it
		}
		if began, err = before.resume(f); err != nil {
			return nil, "", err
		}
		from = before.last
	}
	done, err := c.finding.Take(c.r.Context(), &c.caller, c.Stall)
	if err != nil {
		return nil, "", err
	}
	defer done()
	page, err = c.Hub.Page(c.r.Context(), &c.caller, hub.Query{Root: c.root, Collection: a.ID, AddedAfter: from,
		IDs: began.ids, Types: began.types, Versions: began.versions, AllSpecs: began.specs, Limit: began.limit,
		One: c.object != "", Manifest: at != objectsEndpoint})
	if err != nil {
		return nil, "", err
	}
	h := c.w.Header()
	h["X-TAXII-Date-Added-First"] = []string{formatTime(page.First)}
	h["X-TAXII-Date-Added-Last"] = []string{formatTime(page.Last)}
	if page.More {
		next = (&cursor{endpoint: at, collection: collection, last: page.Last, filter: began}).encode()
	}
	return page, next, nil
}

// list writes a resource with one list in it, whose elements come as text. A
// list without elements is left out (TAXII 2.1, 3.7).
type list struct {
	out         *stream
	head, empty string
	begun       bool
}

func listHead(name string, more bool, next string) string {
	if more {
		return fmt.Sprintf(`{"more":true,"next":"%s","%s":[`, next, name)
	}
	return fmt.Sprintf(`{"more":false,"%s":[`, name)
}

func emptyList(more bool, next string) string {
	if more {
		return fmt.Sprintf(`{"more":true,"next":"%s"}`, next)
	}
	return "{}"
}

func (l *list) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if !l.begun {
		l.begun = true
		if _, err := l.out.Write([]byte(l.head)); err != nil {
			return 0, err
		}
	}
	return l.out.Write(p)
}

func (l *list) close() error {
	tail := "]}"
	if !l.begun {
		tail = l.empty
	}
	if _, err := l.out.Write([]byte(tail)); err != nil {
		return l.out.cut(err)
	}
	return l.out.close()
}
