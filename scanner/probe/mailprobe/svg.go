package mailprobe

import (
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
)

// Bounds on a logo: the size that receivers take, in bytes, and the number of
// XML tokens that are read.
const (
	svgSize   = 32 << 10
	svgTokens = 20000
	svgDepth  = 100
)

// svgFault is the first thing that makes a picture no SVG Tiny PS
// (draft-svg-tiny-ps-abrotman), "" if nothing does: the profile in the root
// element, a title, and nothing that runs, moves or is fetched from elsewhere.
func svgFault(body []byte) string {
	if bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return "the compressed picture cannot be read"
		}
		if body, err = io.ReadAll(io.LimitReader(z, svgSize+1)); err != nil {
			return "the compressed picture cannot be read"
		}
	}
	if len(body) > svgSize {
		return faultf("the picture is larger than %d bytes", svgSize)
	}
	dec := xml.NewDecoder(bytes.NewReader(body))
	var (
		stack  []string
		root   bool
		titled bool
	)
	for range svgTokens {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			switch {
			case !root:
				return "the picture is no SVG"
			case !titled:
				return "the picture has no <title>"
			}
			return ""
		}
		if err != nil {
			return faultf("the picture is no XML: %v", err)
		}
		switch token := token.(type) {
		case xml.Directive:
			if bytes.Contains(bytes.ToUpper(token), []byte("ENTITY")) {
				return "the picture defines entities"
			}
		case xml.StartElement:
			if fault := elementFault(token, len(stack) == 0); fault != "" {
				return fault
			}
			if stack = append(stack, token.Name.Local); len(stack) > svgDepth {
				return "the picture's elements lie too deep in one another"
			}
			root = true
		case xml.EndElement:
			stack = stack[:max(len(stack)-1, 0)]
		case xml.CharData:
			titled = titled || slices.Equal(stack, []string{"svg", "title"}) && len(bytes.TrimSpace(token)) > 0
		}
	}
	return "the picture has too many elements"
}

func elementFault(e xml.StartElement, root bool) string {
	name := e.Name.Local
	if root {
		return rootFault(e)
	}
	switch strings.ToLower(name) {
	case "script", "image", "foreignobject", "animate", "animatemotion", "animatetransform", "animatecolor", "set",
		"audio", "video", "animation", "handler", "listener", "discard", "filter", "style":
		return faultf("the picture has an element <%s>", name)
	}
	for _, a := range e.Attr {
		switch {
		case strings.EqualFold(a.Name.Local, "href") && !strings.HasPrefix(a.Value, "#"):
			return faultf("the picture leads to %q", a.Value)
		case len(a.Name.Local) > 2 && strings.HasPrefix(strings.ToLower(a.Name.Local), "on"):
			return faultf("the picture has an attribute %s", a.Name.Local)
		}
	}
	return ""
}

func rootFault(e xml.StartElement) string {
	attr := map[string]string{}
	for _, a := range e.Attr {
		if a.Name.Space == "" {
			attr[a.Name.Local] = a.Value
		}
	}
	switch {
	case e.Name.Local != "svg" || e.Name.Space != "http://www.w3.org/2000/svg":
		return "the picture is no SVG"
	case attr["baseProfile"] != "tiny-ps":
		return faultf("baseProfile is %q, not \"tiny-ps\"", attr["baseProfile"])
	case attr["version"] != "1.2":
		return faultf("version is %q, not \"1.2\"", attr["version"])
	case attr["x"] != "" || attr["y"] != "":
		return "the root element has x or y"
	}
	return ""
}
