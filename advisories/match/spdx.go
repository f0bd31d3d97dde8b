package match

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
)

// supplierOf is the name in "Organization: Example Ltd (info@example.com)" (SPDX
// 2.3, 7.5); people are no vendors.
func supplierOf(s string) string {
	name, ok := strings.CutPrefix(strings.TrimSpace(s), "Organization:")
	if !ok {
		return ""
	}
	if i := strings.LastIndex(name, "("); i > 0 && strings.Contains(name[i:], "@") {
		name = name[:i]
	}
	return strings.TrimSpace(name)
}

// refer takes an external reference in (SPDX 2.3, 7.21): the first of each kind.
func refer(c *advisories.Component, kind, locator string) {
	switch strings.ToLower(kind) {
	case "cpe23type", "cpe22type":
		if c.CPE == "" || strings.HasPrefix(c.CPE, "cpe:/") && strings.EqualFold(kind, "cpe23type") {
			c.CPE = locator
		}
	case "purl":
		if c.PURL == "" {
			c.PURL = locator
		}
	}
}

func readSPDXJSON(data []byte) (Inventory, error) {
	var doc struct {
		Version  string `json:"spdxVersion"`
		Packages []struct {
			Name       string `json:"name"`
			Version    string `json:"versionInfo"`
			Supplier   string `json:"supplier"`
			Originator string `json:"originator"`
			Purpose    string `json:"primaryPackagePurpose"`
			Refs       []struct {
				Type    string `json:"referenceType"`
				Locator string `json:"referenceLocator"`
			} `json:"externalRefs"`
		} `json:"packages"`
	}
	if err := decodeJSON("SPDX", data, &doc); err != nil {
		return Inventory{}, err
	}
	k := collect(fmt.Sprintf("SPDX %.10s JSON", strings.TrimPrefix(doc.Version, "SPDX-")))
	for i, p := range doc.Packages {
		if strings.EqualFold(p.Purpose, "FILE") || strings.EqualFold(p.Purpose, "SOURCE") {
			continue
		}
		c := advisories.Component{Name: p.Name, Version: p.Version, Vendor: supplierOf(p.Originator)}
		if s := supplierOf(p.Supplier); s != "" {
			c.Vendor = s
		}
		for _, r := range p.Refs {
			refer(&c, r.Type, r.Locator)
		}
		if err := k.add(c, fmt.Sprintf("package %d", i+1)); err != nil {
			return Inventory{}, err
		}
	}
	return k.done()
}

// readSPDX3 reads the packages of SPDX 3.0's JSON-LD, whose members have the
// names of its context.
func readSPDX3(data []byte) (Inventory, error) {
	type element struct {
		Type       string          `json:"type"`
		ID         string          `json:"spdxId"`
		Name       string          `json:"name"`
		Version    string          `json:"software_packageVersion"`
		PURL       string          `json:"software_packageUrl"`
		SuppliedBy json.RawMessage `json:"suppliedBy"`
		External   []struct {
			Type       string `json:"externalIdentifierType"`
			Identifier string `json:"identifier"`
		} `json:"externalIdentifier"`
	}
	var doc struct {
		Graph []element `json:"@graph"`
	}
	if err := decodeJSON("SPDX 3.0 JSON", data, &doc); err != nil {
		return Inventory{}, err
	}
	firms := map[string]string{}
	for _, e := range doc.Graph {
		if e.Type == "Organization" {
			firms[e.ID] = e.Name
		}
	}
	k := collect("SPDX 3.0 JSON")
	for i, e := range doc.Graph {
		if e.Type != "software_Package" {
			continue
		}
		var supplier string
		_ = json.Unmarshal(e.SuppliedBy, &supplier) // an object in its place names nobody here
		c := advisories.Component{Name: e.Name, Version: e.Version, PURL: e.PURL, Vendor: firms[supplier]}
		for _, x := range e.External {
			switch x.Type {
			case "cpe23", "cpe22":
				refer(&c, x.Type+"type", x.Identifier)
			case "packageUrl", "purl":
				refer(&c, "purl", x.Identifier)
			}
		}
		if err := k.add(c, fmt.Sprintf("element %d", i+1)); err != nil {
			return Inventory{}, err
		}
	}
	return k.done()
}

// isTagValue tells SPDX's tag-value form from a table by its first lines.
func isTagValue(data []byte) bool {
	for range 50 {
		line, rest, more := bytes.Cut(data, []byte("\n"))
		if bytes.HasPrefix(bytes.TrimSpace(line), []byte("SPDXVersion:")) {
			return true
		}
		if !more {
			return false
		}
		data = rest
	}
	return false
}

// readTagValue reads lines "Tag: value" (SPDX 2.3, 5); a value of several lines
// stands between <text> and </text>.
func readTagValue(data []byte) (Inventory, error) {
	k := collect("SPDX tag-value")
	var (
		c         *advisories.Component
		started   int  // the line on which the package begins
		inText    bool // of a value of several lines
		purpose   string
		described bool
	)
	flush := func() error {
		if c == nil || purpose == "FILE" || purpose == "SOURCE" {
			c = nil
			return nil
		}
		made := *c
		c = nil
		return k.add(made, fmt.Sprintf("line %d", started))
	}
	for n, line := range slices.Collect(strings.Lines(string(data))) {
		line = strings.TrimSpace(line)
		if inText {
			inText = !strings.Contains(line, "</text>")
			continue
		}
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		tag, value, ok := strings.Cut(line, ":")
		if !ok {
			k.warn(fmt.Sprintf("line %d", n+1), "it has no tag: left out")
			continue
		}
		value = strings.TrimSpace(value)
		if text, begins := strings.CutPrefix(value, "<text>"); begins {
			var closed bool
			value, _, closed = strings.Cut(text, "</text>")
			inText = !closed
		}
		switch tag {
		case "SPDXVersion":
			described = true
			k.inv.Format = fmt.Sprintf("SPDX %.10s tag-value", strings.TrimPrefix(value, "SPDX-"))
		case "PackageName":
			if err := flush(); err != nil {
				return Inventory{}, err
			}
			c, started, purpose = &advisories.Component{Name: value}, n+1, ""
		case "FileName", "SnippetSPDXID", "LicenseID":
			if err := flush(); err != nil {
				return Inventory{}, err
			}
		}
		if c != nil {
			packageTag(c, tag, value, &purpose)
		}
	}
	if err := flush(); err != nil {
		return Inventory{}, err
	}
	if !described {
		return Inventory{}, &ReadError{Format: "SPDX tag-value", Reason: "it has no line SPDXVersion"}
	}
	return k.done()
}

func packageTag(c *advisories.Component, tag, value string, purpose *string) {
	switch tag {
	case "PackageVersion":
		c.Version = value
	case "PackageSupplier":
		if s := supplierOf(value); s != "" {
			c.Vendor = s
		}
	case "PackageOriginator":
		if c.Vendor == "" {
			c.Vendor = supplierOf(value)
		}
	case "PrimaryPackagePurpose":
		*purpose = strings.ToUpper(value)
	case "ExternalRef":
		if parts := strings.Fields(value); len(parts) == 3 {
			refer(c, parts[1], parts[2])
		}
	}
}
