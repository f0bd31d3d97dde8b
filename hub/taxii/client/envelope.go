package client

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Bounds of one page.
const (
	maxPageObjects = 1_000_000
	maxNext        = 16 << 10 // bytes of a server's mark of the next page
)

// envelope is a page as the server sent it (TAXII 2.1, 3.7). A STIX bundle in its
// place is read as well.
type envelope struct {
	more        bool
	next        string
	objects     []json.RawMessage // as received
	first, last string            // of date_added, as told in the headers; "" where absent or no time
}

// readEnvelope reads a page. Memory is that of its objects: nothing else is kept.
func readEnvelope(h http.Header, body io.Reader) (envelope, error) {
	e := envelope{first: dateAdded(h, "X-TAXII-Date-Added-First"), last: dateAdded(h, "X-TAXII-Date-Added-Last")}
	dec := json.NewDecoder(body)
	if err := expect(dec, '{', "it is no JSON object"); err != nil {
		return e, err
	}
	var more *bool
	listed := false
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return e, err
		}
		switch name {
		case "objects":
			if listed {
				return e, &ProtocolError{Reason: "it has `objects` twice"}
			}
			listed = true
			if e.objects, err = readObjects(dec); err != nil {
				return e, err
			}
		case "more":
			err = dec.Decode(&more)
		case "next":
			var next *string
			if err = dec.Decode(&next); err == nil && next != nil {
				e.next = *next
			}
		default:
			var skipped json.RawMessage
			err = dec.Decode(&skipped)
		}
		if err != nil {
			return e, fmt.Errorf("%v: %w", name, err)
		}
	}
	if _, err := dec.Token(); err != nil { // the }
		return e, err
	}
	if len(e.next) > maxNext {
		return e, &ProtocolError{Reason: fmt.Sprintf("`next` is over %d KiB", maxNext>>10)}
	}
	e.more = e.next != "" // some leave `more` out
	if more != nil {
		e.more = *more
	}
	return e, atEnd(dec)
}

func readObjects(dec *json.Decoder) ([]json.RawMessage, error) {
	opening, err := dec.Token()
	if err != nil {
		return nil, err
	}
	if opening == nil {
		return nil, nil // null stands for an empty list
	}
	if opening != json.Delim('[') {
		return nil, &ProtocolError{Reason: "`objects` is no list"}
	}
	var objects []json.RawMessage
	for dec.More() {
		if len(objects) >= maxPageObjects {
			return nil, fmt.Errorf("over %d objects: %w", maxPageObjects, ErrTooLarge)
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, err
		}
		if raw[0] != '{' {
			return nil, &ProtocolError{Reason: fmt.Sprintf("objects[%d] is no object", len(objects))}
		}
		objects = append(objects, raw)
	}
	_, err = dec.Token() // the ]
	return objects, err
}

// expect reads a delimiter.
func expect(dec *json.Decoder, d json.Delim, otherwise string) error {
	t, err := dec.Token()
	if err == nil && t != d {
		err = &ProtocolError{Reason: otherwise}
	}
	return err
}

// taxiiTime is the form of TAXII's timestamps (TAXII 2.1, 3.2).
const taxiiTime = "2006-01-02T15:04:05.000000Z"

// dateAdded reads a header with a time; "" where there is none.
func dateAdded(h http.Header, name string) string { return normal(h.Get(name)) }

// normal brings a time into TAXII's form: that of the standard stays as it is;
// others (+00:00, no sub-seconds, finer ones) are cut to microseconds, so that
// asking for what came after it leaves nothing out. "" where it is no time.
func normal(stamp string) string {
	t, err := time.Parse(time.RFC3339Nano, stamp)
	if t = t.UTC(); err != nil || t.Year() > 9999 || t.Year() < 1 {
		return ""
	}
	return t.Format(taxiiTime)
}

// justBefore is the timestamp a microsecond before one of dateAdded's.
func justBefore(stamp string) string {
	t, err := time.Parse(taxiiTime, stamp)
	if err != nil {
		return stamp
	}
	return t.Add(-time.Microsecond).UTC().Format(taxiiTime)
}
