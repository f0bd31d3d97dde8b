package match

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
)

// cycloneComponent is a component of CycloneDX 1.2 to 1.6, whose JSON and XML have
// the same members.
type cycloneComponent struct {
	Type         string             `json:"type"`
	Group        string             `json:"group"`
	Name         string             `json:"name"`
	Version      string             `json:"version"`
	CPE          string             `json:"cpe"`
	PURL         string             `json:"purl"`
	Publisher    string             `json:"publisher"`
	Supplier     cycloneFirm        `json:"supplier"`
	Manufacturer cycloneFirm        `json:"manufacturer"` // since 1.6
	Components   []cycloneComponent `json:"components"`
}

type cycloneFirm struct {
	Name string `json:"name"`
}

func (c *cycloneComponent) component() advisories.Component {
	vendor := cmp.Or(c.Supplier.Name, c.Manufacturer.Name, c.Publisher)
	if vendor == "" && c.PURL == "" {
		vendor = c.Group
	}
	return advisories.Component{Name: c.Name, Vendor: vendor, Version: c.Version, CPE: c.CPE, PURL: c.PURL}
}

// isSoftware tells programs from the other things that a bill of materials lists.
func (c *cycloneComponent) isSoftware() bool {
	return !slices.Contains([]string{"file", "data", "cryptographic-asset", "machine-learning-model"}, c.Type)
}

func readCycloneJSON(data []byte) (Inventory, error) {
	var doc struct {
		SpecVersion string `json:"specVersion"`
		Metadata    struct {
			Component *cycloneComponent `json:"component"`
		} `json:"metadata"`
		Components []cycloneComponent `json:"components"`
	}
	if err := decodeJSON("CycloneDX", data, &doc); err != nil {
		return Inventory{}, err
	}
	k := collect(strings.TrimSpace(fmt.Sprintf("CycloneDX %.10s JSON", doc.SpecVersion)))
	n := 0
	var walk func([]cycloneComponent) error // as deep as nested allows
	walk = func(all []cycloneComponent) error {
		for i := range all {
			n++
			if all[i].isSoftware() {
				if err := k.add(all[i].component(), fmt.Sprintf("component %d", n)); err != nil {
					return err
				}
			}
			if err := walk(all[i].Components); err != nil {
				return err
			}
		}
		return nil
	}
	if doc.Metadata.Component != nil {
		if err := walk([]cycloneComponent{*doc.Metadata.Component}); err != nil {
			return Inventory{}, err
		}
	}
	n = 0
	if err := walk(doc.Components); err != nil {
		return Inventory{}, err
	}
	return k.done()
}

// xmlReader walks through an XML document; it keeps the way from the root.
type xmlReader struct {
	*collector
	way   []string
	open  []*cycloneComponent // the components that are not closed yet
	at    []int               // the depth of each
	lines []int               // and its line
	text  strings.Builder
}

// readCycloneXML reads the XML form. Only elements of CycloneDX's namespace count.
func readCycloneXML(data []byte) (Inventory, error) {
	const namespace = "http://cyclonedx.org/schema/bom/"
	x := xmlReader{collector: collect("CycloneDX XML")}
	dec := xml.NewDecoder(bytes.NewReader(data))
	bad := func(reason string) error {
		line, _ := dec.InputPos()
		return &ReadError{Format: "XML", Line: line, Reason: reason}
	}
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			if len(x.way) == 0 && x.inv.Format == "CycloneDX XML" {
				return Inventory{}, bad("it has no element")
			}
			return x.done()
		}
		if err != nil {
			return Inventory{}, bad(fmt.Sprintf("it is no good XML: %.200s", err))
		}
		switch t := token.(type) {
		case xml.Directive:
			if bytes.Contains(t, []byte("ENTITY")) {
				return Inventory{}, bad("it declares entities, which are not read")
			}
		case xml.StartElement:
			if len(x.way) == 0 {
				version, ok := strings.CutPrefix(t.Name.Space, namespace)
				if !ok || t.Name.Local != "bom" {
					return Inventory{}, bad(fmt.Sprintf("its root is %.60q, and that of CycloneDX is \"bom\" in the namespace %s1.5: of XML, only CycloneDX is read", t.Name.Local, namespace))
				}
				x.inv.Format = fmt.Sprintf("CycloneDX %.10s XML", version)
			}
			if len(x.way) >= maxDepth {
				return Inventory{}, bad(fmt.Sprintf("it is nested deeper than %d levels", maxDepth))
			}
			line, _ := dec.InputPos()
			x.start(t, line, strings.HasPrefix(t.Name.Space, namespace))
		case xml.EndElement:
			if err := x.end(); err != nil {
				return Inventory{}, err
			}
		case xml.CharData:
			x.text.Write(t)
		}
	}
}

func (x *xmlReader) start(t xml.StartElement, line int, ours bool) {
	x.text.Reset()
	name := t.Name.Local
	if !ours {
		name = "" // of another vocabulary
	}
	x.way = append(x.way, name)
	if name != "component" || len(x.way) < 2 || x.way[len(x.way)-2] != "components" && x.way[len(x.way)-2] != "metadata" {
		return
	}
	c := &cycloneComponent{}
	for _, a := range t.Attr {
		if a.Name.Local == "type" {
			c.Type = a.Value
		}
	}
	x.open, x.at = append(x.open, c), append(x.at, len(x.way))
	x.lines = append(x.lines, line)
}

func (x *xmlReader) end() error {
	text := strings.TrimSpace(x.text.String())
	x.text.Reset()
	depth := len(x.way)
	name := x.way[depth-1]
	x.way = x.way[:depth-1]
	last := len(x.open) - 1
	if last < 0 {
		return nil
	}
	c := x.open[last]
	switch {
	case depth == x.at[last]:
		line := x.lines[last]
		x.open, x.at, x.lines = x.open[:last], x.at[:last], x.lines[:last]
		if c.isSoftware() {
			return x.add(c.component(), fmt.Sprintf("line %d", line))
		}
	case depth == x.at[last]+1:
		for tag, into := range map[string]*string{"group": &c.Group, "name": &c.Name, "version": &c.Version, "cpe": &c.CPE, "purl": &c.PURL, "publisher": &c.Publisher} {
			if tag == name {
				*into = text
			}
		}
	case depth == x.at[last]+2 && name == "name" && x.way[depth-2] == "supplier":
		c.Supplier.Name = text
	case depth == x.at[last]+2 && name == "name" && x.way[depth-2] == "manufacturer":
		c.Manufacturer.Name = text
	}
	return nil
}
