package match

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/cybersec-infohub/infohub/advisories"
)

// Bounds of an inventory.
const (
	MaxInventory  = 4 << 20 // bytes
	MaxComponents = 50_000
	maxDepth      = 64 // of elements in each other
	maxWarnings   = 100
	maxField      = 1000 // bytes of one text
)

// Inventory is what a document says that somebody has.
type Inventory struct {
	Format     string                 // "CycloneDX 1.5 JSON", "SPDX 2.3 tag-value", "CSV", ...
	Components []advisories.Component // in the document's order, each once
	Left       int                    // components that are in it and could not be read
	Warnings   []string               // what could not be read, with its line or place; maxWarnings and a last one at most
}

// ReadError is an inventory that cannot be read.
type ReadError struct {
	Format string // "" where it is not known
	Line   int    // from 1; 0: no line in particular
	Reason string // for people, with what to do
}

func (e *ReadError) Error() string {
	s := "inventory"
	if e.Format != "" {
		s += " (" + e.Format + ")"
	}
	if e.Line > 0 {
		s += fmt.Sprintf(", line %d", e.Line)
	}
	return s + ": " + e.Reason
}

// ReadInventory reads a list of software: an SBOM as CycloneDX 1.2 to 1.6 (JSON,
// XML) or SPDX 2.2, 2.3 (JSON, tag-value) or 3.0 (JSON), a CSV table with a header,
// a scan report of this program (docs/schema/report-1.json) or a JSON list of
// components. The content tells which; name, a file name or a media type, "" where
// neither is known, does where the content does not. A row that cannot be read is
// a warning; anything else that is wrong is a *ReadError.
func ReadInventory(data []byte, name string) (Inventory, error) {
	if len(data) > MaxInventory {
		return Inventory{}, &ReadError{Reason: fmt.Sprintf("it is over %d MiB; split it", MaxInventory>>20)}
	}
	text, err := asUTF8(data)
	if err != nil {
		return Inventory{}, err
	}
	start := bytes.TrimSpace(text)
	if len(start) == 0 {
		return Inventory{}, &ReadError{Reason: "it is empty"}
	}
	switch {
	case start[0] == '{' || start[0] == '[':
		return readJSON(text)
	case start[0] == '<':
		return readCycloneXML(text)
	case bytes.HasPrefix(data, []byte("PK\x03\x04")), bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")):
		return Inventory{}, &ReadError{Reason: "it is a spreadsheet or an archive: save the sheet as CSV (UTF-8)"}
	case bytes.HasPrefix(data, []byte("%PDF")):
		return Inventory{}, &ReadError{Reason: "it is a PDF: a list of software is read as CycloneDX, SPDX or CSV"}
	case isTagValue(text), strings.HasSuffix(strings.ToLower(name), ".spdx"), strings.HasPrefix(strings.ToLower(name), "text/spdx"):
		return readTagValue(text)
	}
	return readCSV(text)
}

// asUTF8 takes the byte order mark off, and turns what Excel saves as "Unicode
// text" into UTF-8.
func asUTF8(data []byte) ([]byte, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		data = decodeUTF16(data)
	}
	if bytes.HasPrefix(data, []byte("PK\x03\x04")) || bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")) || bytes.HasPrefix(data, []byte("%PDF")) {
		return data, nil // named by the caller
	}
	for line, rest := 1, data; len(rest) > 0; line++ {
		part := rest
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			part, rest = rest[:i], rest[i+1:]
		} else {
			rest = nil
		}
		if !utf8.Valid(part) {
			return nil, &ReadError{Line: line, Reason: "it is not in UTF-8: save it as UTF-8 (in Excel, \"CSV UTF-8\")"}
		}
		if bytes.IndexByte(part, 0) >= 0 {
			return nil, &ReadError{Line: line, Reason: "it is no text"}
		}
	}
	return data, nil
}

func decodeUTF16(data []byte) []byte {
	var b bytes.Buffer
	little := data[0] == 0xff
	unit := func(i int) rune {
		if little {
			return rune(data[i]) | rune(data[i+1])<<8
		}
		return rune(data[i])<<8 | rune(data[i+1])
	}
	for i := 2; i+1 < len(data); i += 2 {
		r := unit(i)
		if r >= 0xd800 && r < 0xdc00 && i+3 < len(data) {
			if low := unit(i + 2); low >= 0xdc00 && low < 0xe000 {
				r = 0x10000 + (r-0xd800)<<10 + (low - 0xdc00)
				i += 2
			}
		}
		b.WriteRune(r)
	}
	return b.Bytes()
}

// collector gathers the components of a document.
type collector struct {
	inv  Inventory
	seen map[advisories.Component]bool
	left int // warnings that are not told
}

func collect(format string) *collector {
	return &collector{inv: Inventory{Format: format, Components: []advisories.Component{}}, seen: map[advisories.Component]bool{}}
}

func (k *collector) warn(where, format string, args ...any) {
	if len(k.inv.Warnings) >= maxWarnings {
		k.left++
		return
	}
	k.inv.Warnings = append(k.inv.Warnings, where+": "+fmt.Sprintf(format, args...))
}

// add takes a component in. where is its line or place. The error is that there
// are too many.
func (k *collector) add(c advisories.Component, where string) error {
	for _, text := range []*string{&c.Name, &c.Vendor, &c.Version, &c.CPE, &c.PURL, &c.Distribution} {
		*text = oneLine(*text)
		if len(*text) > maxField {
			k.inv.Left++
			k.warn(where, "a text has more than %d bytes: left out", maxField)
			return nil
		}
	}
	if strings.EqualFold(c.Vendor, "NOASSERTION") || strings.EqualFold(c.Vendor, "NONE") {
		c.Vendor = ""
	}
	if strings.EqualFold(c.Version, "NOASSERTION") || strings.EqualFold(c.Version, "NONE") {
		c.Version = ""
	}
	if c.CPE != "" {
		if p, ok := parseCPE(c.CPE); !ok {
			k.warn(where, "%.80q is no CPE name of a product: not used", c.CPE)
			c.CPE = ""
		} else if c.Name == "" {
			c.Name = strings.ReplaceAll(p.product, "_", " ")
		}
	}
	if c.PURL != "" {
		if p, ok := parsePURL(c.PURL); !ok {
			k.warn(where, "%.80q is no package URL: not used", c.PURL)
			c.PURL = ""
		} else if c.Name == "" {
			c.Name = p.name
		}
	}
	if c.Name == "" {
		k.inv.Left++
		k.warn(where, "it has no name, no CPE and no package URL: left out")
		return nil
	}
	if k.seen[c] {
		return nil
	}
	if len(k.inv.Components) >= MaxComponents {
		return &ReadError{Format: k.inv.Format, Reason: fmt.Sprintf("it has more than %d components: split it", MaxComponents)}
	}
	k.seen[c] = true
	k.inv.Components = append(k.inv.Components, c)
	return nil
}

func (k *collector) done() (Inventory, error) {
	if k.left > 0 {
		k.inv.Warnings = append(k.inv.Warnings, fmt.Sprintf("and %d more", k.left))
	}
	return k.inv, nil
}

// oneLine is a text without control characters and outer spaces.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s))
}

func lineAt(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:max(0, min(int(offset), len(data)))], []byte("\n"))
}
