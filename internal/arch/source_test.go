package arch

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"
)

// module is the path that go.mod gives.
const module = "github.com/cybersec-infohub/infohub"

// file is one Go file of the module, for whatever system or tag it is built.
// Reading the source finds more than `go list` does, which sees one build.
type file struct {
	name   string // slash-separated, from the module's root
	pkg    string // its directory: the package's path within the module
	test   bool
	lines  int
	syntax *ast.File
}

// imports lists what the file imports; a package of this module by its path
// within the module, "." being the root.
func (f file) imports() []string {
	var paths []string
	for _, spec := range f.syntax.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // the parser has refused it already
		}
		if inside, ok := strings.CutPrefix(p, module+"/"); ok {
			p = inside
		} else if p == module {
			p = "."
		}
		paths = append(paths, p)
	}
	return paths
}

// generated reports whether a program wrote the file.
func (f file) generated() bool { return ast.IsGenerated(f.syntax) }

// readSource parses every Go file of the module that fsys holds, in the order
// of their names. Modules within it, testdata, and directories that the go
// command skips are left out.
func readSource(fsys fs.FS) ([]file, error) {
	var files []file
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			// Another process may remove a temporary file while we walk.
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		}
		if d.IsDir() {
			return skipDir(fsys, name)
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
		if err != nil {
			return err
		}
		files = append(files, file{
			name:   name,
			pkg:    path.Dir(name),
			test:   strings.HasSuffix(name, "_test.go"),
			lines:  strings.Count(string(text), "\n"),
			syntax: syntax,
		})
		return nil
	})
	return files, err
}

func skipDir(fsys fs.FS, name string) error {
	if name == "." {
		return nil
	}
	base := path.Base(name)
	if base == "testdata" || base == "vendor" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return fs.SkipDir
	}
	if name == "bin" || name == "dist" {
		return fs.SkipDir
	}
	if _, err := fs.Stat(fsys, path.Join(name, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

// thisModule reads the module that this test belongs to.
func thisModule(t *testing.T) []file {
	t.Helper()
	files, err := readSource(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("the module's source was not found")
	}
	return files
}
