package advisories

import (
	_ "embed"
	"strings"
	"time"
)

//go:embed template.yaml
var templateFile string

// Template is a file to begin an advisory with: what is always needed, with TODO
// for what is to be written, and the rest as comments with an example each. It can
// be read, and Lint finds each TODO that is left. Its dates are of now, UTC.
func Template(now time.Time) []byte {
	now = now.UTC()
	return []byte(strings.NewReplacer("{day}", now.Format(time.DateOnly), "{year}", now.Format("2006")).Replace(templateFile))
}
