package rules

import (
	"embed"
	"io/fs"
)

//go:embed nuclei/*.yaml
var templates embed.FS

// Templates returns the nuclei templates of the active rules. Each lies at the
// root under its rule's id, "exposure.git.config.yaml"; inside, where nuclei
// allows no dots, the id has hyphens.
func Templates() fs.FS {
	sub, err := fs.Sub(templates, "nuclei")
	if err != nil { // only for a name that is no path
		return templates
	}
	return sub
}
