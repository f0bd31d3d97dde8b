package provider

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// manifest is what Write left in a folder: by path, what the file was made of.
// It is kept there, beside the folders that are published, one line per file:
// "<key> <size> <path>". A key of "-" says that the file is being changed or
// taken away; a Write that was cut short is mended by the next one so.
type manifest map[string]record

type record struct {
	key  string // hash of the content
	size int64  // in bytes
}

const (
	manifestName  = "manifest.txt"
	manifestTitle = "infohub csaf provider 1"
	temporary     = ".infohub-tmp" // for files that are not finished; on the same file system
	unsettled     = "-"
)

// The two kinds of folder: what anybody may publish, and what needs a guard.
const (
	publicFolder     = "public"
	restrictedFolder = "restricted"
)

// readManifest returns nil, and no error, for a folder that has none and nothing
// that one would tell of.
func readManifest(root *os.Root) (manifest, error) {
	data, err := root.ReadFile(manifestName)
	if errors.Is(err, fs.ErrNotExist) {
		for _, name := range []string{publicFolder, restrictedFolder} {
			if _, err := root.Lstat(name); err == nil {
				return nil, fmt.Errorf("provider: the folder has %q and no %s: it was not written by infohub, or is damaged; choose an empty one", name, manifestName)
			}
		}
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("provider: %w", err)
	}
	m, err := parseManifest(data)
	if err != nil {
		return nil, fmt.Errorf("provider: %s is damaged (%w); write into an empty folder", manifestName, err)
	}
	return m, nil
}

func parseManifest(data []byte) (manifest, error) {
	title, rest, _ := bytes.Cut(data, []byte("\n"))
	if string(title) != manifestTitle {
		return nil, errors.New("it begins otherwise")
	}
	m := manifest{}
	for line := range strings.Lines(string(rest)) {
		key, line, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		size, at, _ := strings.Cut(line, " ")
		n, err := strconv.ParseInt(size, 10, 64)
		if err != nil || key == "" || !ours(at) {
			return nil, fmt.Errorf("the line of %q", at)
		}
		m[at] = record{key, n}
	}
	return m, nil
}

// ours reports whether Write could have made a file of that path.
func ours(at string) bool {
	top, _, _ := strings.Cut(at, "/")
	return fs.ValidPath(at) && top != at && (top == publicFolder || top == restrictedFolder)
}

func (m manifest) encode() []byte {
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	fmt.Fprintln(w, manifestTitle)
	for _, at := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintln(w, m[at].key, m[at].size, at)
	}
	_ = w.Flush() // a buffer takes everything
	return b.Bytes()
}

// tree writes files so that each is there whole or not at all.
type tree struct {
	root    *os.Root
	count   int             // of temporary names
	folders map[string]bool // that are there
	// step, if it is set, is called before every change; its error ends the work.
	step func() error
}

// put is a file to be written.
type put struct {
	path string
	key  string
	data []byte
}

// write puts files in their places, one right after the other once all are
// ready: a document and what belongs to it.
func (t *tree) write(files []put) error {
	ready := make([]string, len(files))
	for i, f := range files {
		if err := t.folder(path.Dir(f.path), f.path); err != nil {
			return err
		}
		t.count++
		ready[i] = temporary + "/" + strconv.Itoa(t.count)
		mode := fs.FileMode(0o600)
		switch top, _, _ := strings.Cut(f.path, "/"); top {
		case publicFolder:
			mode = 0o644
		case restrictedFolder:
			mode = 0o640
		}
		if err := t.root.WriteFile(ready[i], f.data, mode); err != nil {
			return fmt.Errorf("provider: %w", err)
		}
	}
	if t.step != nil {
		if err := t.step(); err != nil {
			return err
		}
	}
	for i, f := range files {
		if err := t.root.Rename(ready[i], f.path); err != nil {
			return fmt.Errorf("provider: %w", err)
		}
	}
	return nil
}

// folder makes the folders above a file. Others than the owner's group do not
// look into the restricted ones.
func (t *tree) folder(folder, at string) error {
	if t.folders[folder] {
		return nil
	}
	mode := fs.FileMode(0o755)
	if strings.HasPrefix(at, restrictedFolder+"/") {
		mode = 0o750
	}
	if err := t.root.MkdirAll(folder, mode); err != nil {
		return fmt.Errorf("provider: %w", err)
	}
	t.folders[folder] = true
	return nil
}

// remove takes a file away, and the folders that are empty without it.
func (t *tree) remove(at string) error {
	if t.step != nil {
		if err := t.step(); err != nil {
			return err
		}
	}
	if err := t.root.Remove(at); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("provider: %w", err)
	}
	for dir := path.Dir(at); dir != "."; dir = path.Dir(dir) {
		if t.root.Remove(dir) != nil {
			break // it is not empty
		}
	}
	return nil
}
