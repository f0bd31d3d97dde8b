package client

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
)

// write writes one object.
func (d *Download) write(raw json.RawMessage) error {
	between := ",\n"
	switch {
	case d.Format == Lines:
		between = ""
		if slices.Contains(raw, '\n') || slices.Contains(raw, '\r') {
			raw = oneLine(raw)
		}
	case !d.head:
		between = `{"type":"bundle","id":"bundle--` + newUUID() + `","objects":[` + "\n"
	}
	d.head = true
	_, _ = d.out.WriteString(between) // the writer keeps its first error
	if d.Format == Lines {
		_, _ = d.out.Write(raw)
		return d.out.WriteByte('\n')
	}
	_, err := d.out.Write(raw)
	return err
}

// oneLine makes line ends between an object's parts spaces; inside strings JSON
// has none. Everything else stays.
func oneLine(raw []byte) []byte {
	out := slices.Clone(raw)
	for i, c := range out {
		if c == '\n' || c == '\r' {
			out[i] = ' '
		}
	}
	return out
}

// tail ends the output. A bundle without objects has none (STIX 2.1, 8.1: lists
// are not empty).
func (d *Download) tail() string {
	switch {
	case d.Format == Lines:
		return ""
	case !d.head:
		return `{"type":"bundle","id":"bundle--` + newUUID() + `"}` + "\n"
	}
	return "\n]}\n"
}

// newUUID is a random UUID (RFC 9562, version 4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
