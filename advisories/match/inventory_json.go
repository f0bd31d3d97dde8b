package match

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
)

// shape has the members by which the forms of JSON are told apart.
type shape struct {
	BOMFormat   string          `json:"bomFormat"`
	SPDXVersion string          `json:"spdxVersion"`
	Context     json.RawMessage `json:"@context"`
	Graph       json.RawMessage `json:"@graph"`
	Reports     json.RawMessage `json:"reports"`
	Target      json.RawMessage `json:"target"`
	Program     string          `json:"program"`
	Components  json.RawMessage `json:"components"`
}

func readJSON(data []byte) (Inventory, error) {
	if err := nested(data); err != nil {
		return Inventory{}, err
	}
	if bytes.TrimSpace(data)[0] == '[' {
		return readList(data)
	}
	var s shape
	// Several values, one a line, are the reports of many sites.
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&s); err != nil {
		return Inventory{}, jsonError("JSON", data, err)
	}
	switch {
	case strings.EqualFold(s.BOMFormat, "CycloneDX"):
		return readCycloneJSON(data)
	case s.SPDXVersion != "":
		return readSPDXJSON(data)
	case s.Graph != nil:
		return readSPDX3(data)
	case s.Reports != nil, s.Target != nil && s.Program != "":
		return readScan(data)
	case s.Components != nil:
		return readList(s.Components)
	}
	return Inventory{}, &ReadError{Format: "JSON", Reason: `it is no inventory that is known here: CycloneDX has "bomFormat", SPDX "spdxVersion", a scan report "reports", and a list of components is an array`}
}

// nested refuses what is too deep before anything is built of it.
func nested(data []byte) error {
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return &ReadError{Format: "JSON", Line: lineAt(data, int64(i)), Reason: fmt.Sprintf("it is nested deeper than %d levels", maxDepth)}
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

func decodeJSON(format string, data []byte, into any) error {
	if err := json.Unmarshal(data, into); err != nil {
		return jsonError(format, data, err)
	}
	return nil
}

func jsonError(format string, data []byte, err error) error {
	var (
		syntax *json.SyntaxError
		typ    *json.UnmarshalTypeError
	)
	switch {
	case errors.As(err, &syntax):
		return &ReadError{Format: format, Line: lineAt(data, syntax.Offset), Reason: "it is no good JSON: " + syntax.Error()}
	case errors.As(err, &typ):
		return &ReadError{Format: format, Line: lineAt(data, typ.Offset), Reason: fmt.Sprintf("%.60s has a value of the wrong kind (%s)", typ.Field, typ.Value)}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &ReadError{Format: format, Line: lineAt(data, int64(len(data))), Reason: "it ends too early"}
	}
	return &ReadError{Format: format, Reason: fmt.Sprintf("%.200s", err)}
}

// readList reads a list of components as package advisories writes them.
func readList(list []byte) (Inventory, error) {
	const format = "list of components"
	var raw []json.RawMessage
	if err := decodeJSON(format, list, &raw); err != nil {
		return Inventory{}, err
	}
	k := collect(format)
	for i, item := range raw {
		var c advisories.Component
		where := fmt.Sprintf("component %d", i+1)
		if err := json.Unmarshal(item, &c); err != nil {
			k.inv.Left++
			k.warn(where, "it is no component: left out")
			continue
		}
		if err := k.add(c, where); err != nil {
			return Inventory{}, err
		}
	}
	return k.done()
}

// scanned is what is read of a scan report: the technologies.
type scanned struct {
	Target struct {
		Domain string `json:"domain"`
	} `json:"target"`
	Technologies []struct {
		Name     string `json:"name"`
		Version  string `json:"version"`
		CPE      string `json:"cpe"`
		PURL     string `json:"purl"`
		Evidence []struct {
			Observed string `json:"observed"`
		} `json:"evidence"`
	} `json:"technologies"`
}

// readScan reads the technologies of a scan report: of a document, or of lines.
func readScan(data []byte) (Inventory, error) {
	const format = "scan report"
	k := collect(format)
	dec := json.NewDecoder(bytes.NewReader(data))
	for {
		var doc struct {
			Reports []scanned `json:"reports"`
			scanned
		}
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return k.done()
		}
		if err != nil {
			return Inventory{}, jsonError(format, data, err)
		}
		for _, r := range append(doc.Reports, doc.scanned) {
			for _, t := range r.Technologies {
				c := advisories.Component{Name: t.Name, Version: t.Version, CPE: t.CPE, PURL: t.PURL}
				for _, e := range t.Evidence { // a server says who packaged it beside its version
					if t.Version != "" && strings.Contains(e.Observed, t.Version) && c.Distribution == "" {
						c.Distribution = distributionIn(e.Observed)
					}
				}
				if err := k.add(c, r.Target.Domain); err != nil {
					return Inventory{}, err
				}
			}
		}
	}
}
