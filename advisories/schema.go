package advisories

import (
	_ "embed"
	"slices"
)

// schemaFile is a copy of docs/schema/advisory-1.json; a test keeps it one.
//
//go:embed schema.json
var schemaFile []byte

// Schema is the JSON Schema (2020-12) of an advisory's file.
func Schema() []byte { return slices.Clone(schemaFile) }
