package csaf

import (
	_ "embed"
	"strings"
	"sync"
)

// CWEVersion is that of the list of weaknesses which CWEName knows.
const CWEVersion = "4.17"

// cweList is a line for each weakness, deprecated ones too, with its number, a tab
// and its name, sorted by number.
//
// NOTICE. The names are those of the Common Weakness Enumeration (CWE), Copyright
// 2006-2025, The MITRE Corporation, used by its terms of use
// (https://cwe.mitre.org/about/termsofuse.html): CWE is free to use by any
// organisation or individual for any research, development and commercial purpose.
// CWE is a trademark of The MITRE Corporation.
//
//go:embed cwe.txt
var cweList string

// cweNames are the names by id, made once and only read.
var cweNames = sync.OnceValue(func() map[string]string {
	names := map[string]string{}
	for line := range strings.Lines(cweList) {
		number, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		names["CWE-"+number] = name
	}
	return names
})

// CWEName returns the name of a weakness ("CWE-79"), as CSAF wants it beside the
// id (3.2.3.3.2).
func CWEName(id string) (name string, ok bool) {
	name, ok = cweNames()[id]
	return name, ok
}
