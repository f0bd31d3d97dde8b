package sources

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
)

const (
	maxFeed      = 16 << 20 // bytes of a bulletin feed, also once it is UTF-8
	maxElements  = 500_000
	maxAttribute = 64 << 10 // bytes
)

// wellMeant makes of an XML feed one that a parser may be given: UTF-8 without
// control characters. It refuses what good feeds do not have and bad ones try:
// entities of their own, deep nesting, elements without number. sanitised tells
// that bytes were replaced.
func wellMeant(data []byte, contentType string) (clean []byte, sanitised bool, err error) {
	clean, err = decoded(data, contentType)
	if err != nil {
		return nil, false, err
	}
	if sanitised = !utf8.Valid(clean); sanitised {
		clean = bytes.ToValidUTF8(clean, []byte("\uFFFD"))
	}
	clean = bytes.Map(func(r rune) rune {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			sanitised = true
			return -1
		}
		return r
	}, clean)
	if len(clean) > maxFeed {
		return nil, false, fmt.Errorf("the feed is larger than %d bytes", maxFeed)
	}
	return clean, sanitised, scan(clean)
}

// scan reads the XML once, as the parser will, and keeps nothing.
func scan(clean []byte) error {
	d := xml.NewDecoder(bytes.NewReader(clean))
	d.Strict = false
	depth, elements := 0, 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("it is not XML: %w", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			depth++
			elements++
			if depth > maxDepth {
				return fmt.Errorf("the XML is nested more than %d deep", maxDepth)
			}
			if elements > maxElements || len(t.Attr) > 100 {
				return errors.New("the XML has too many elements or attributes")
			}
			for _, a := range t.Attr {
				if len(a.Value) > maxAttribute || len(a.Name.Local) > 1000 {
					return fmt.Errorf("the XML has an attribute larger than %d bytes", maxAttribute)
				}
			}
		case xml.EndElement:
			depth--
		case xml.Directive:
			// RSS 0.91 names a DOCTYPE, which nobody fetches; a subset of its own is
			// how entities are declared.
			if bytes.ContainsAny(t, "[]") || bytes.Contains(bytes.ToUpper(t), []byte("ENTITY")) {
				return errors.New("the XML declares entities of its own, which no feed needs")
			}
		}
	}
}

// declaration is that of XML 1.0, 2.8, as far as its encoding goes.
const declaration = `^\s*<\?xml\s[^>]{0,200}?\?>`

// decoded returns a feed as UTF-8, without byte order mark and XML declaration.
// The encoding is that of the mark, of the Content-Type, or of the declaration, in
// this order (RFC 7303, section 3).
func decoded(data []byte, contentType string) ([]byte, error) {
	var e encoding.Encoding
	switch {
	case bytes.HasPrefix(data, []byte("\xEF\xBB\xBF")):
		data = data[3:]
	case bytes.HasPrefix(data, []byte("\xFE\xFF")), bytes.HasPrefix(data, []byte("\xFF\xFE")):
		e = unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM)
	default:
		label := ""
		if _, params, err := mime.ParseMediaType(contentType); err == nil {
			label = params["charset"]
		}
		if label == "" {
			head := regexp.MustCompile(declaration).Find(data[:min(len(data), 400)])
			if m := regexp.MustCompile(`encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']`).FindSubmatch(head); m != nil {
				label = string(m[1])
			}
		}
		if label != "" {
			var name string
			if e, name = charset.Lookup(label); e == nil {
				return nil, fmt.Errorf("the feed is in an encoding not known, %.40q", label)
			}
			if name == "utf-8" || strings.HasPrefix(name, "utf-16") { // without a mark it is no UTF-16, whatever it says
				e = nil
			}
		}
	}
	if e != nil {
		var err error
		if data, err = io.ReadAll(io.LimitReader(e.NewDecoder().Reader(bytes.NewReader(data)), maxFeed+1)); err != nil {
			return nil, fmt.Errorf("the feed is not in the encoding that it says: %w", err)
		}
	}
	return regexp.MustCompile(declaration).ReplaceAll(data, nil), nil
}
