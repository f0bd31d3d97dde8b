package template

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// MaxTemplates and MaxRequests bound what one scan runs beside infohub's own.
	MaxTemplates = 500
	MaxRequests  = 1000
	maxText      = 2 << 20 // of all together, in bytes
	// maxFiles bounds how many files of the folders are opened.
	maxFiles = 20000
)

// Load reads the templates that a user points at: files, and folders with all
// below them that ends in .yaml or .yml. They come sorted by their ids.
//
// A file that is named itself must be in order: err says what is wrong with all
// of those, with line and reason. In a folder, which may be a copy of the
// community's, what is not run is in refused (each an error of Check), and the
// others are returned. err also says that a path is not there, that a folder
// holds nothing to run, that an id stands twice, and that there are too many.
// Where err is set, nothing is to be run.
func Load(paths []string) (found []Template, refused []error, err error) {
	var wrong []error
	opened := 0
	seen := map[string]string{} // file by id
	for _, path := range paths {
		files, folder, err := list(path)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		if opened += len(files); opened > maxFiles {
			return nil, nil, fmt.Errorf("%s: over %d files; name a smaller folder", path, maxFiles)
		}
		good := 0
		for _, file := range files {
			tpl, err := read(file)
			if first, twice := seen[tpl.ID]; err == nil && twice {
				err = &Problem{File: file, Reason: fmt.Sprintf("its id %s is also that of %s", tpl.ID, first)}
			}
			switch {
			case err == nil:
				good++
				seen[tpl.ID] = file
				found = append(found, tpl)
			case folder:
				refused = append(refused, err)
			default:
				wrong = append(wrong, err)
			}
		}
		if folder && good == 0 {
			wrong = append(wrong, fmt.Errorf("%s: none of its %d templates is run", path, len(files)))
		}
	}
	requests, text := 0, 0
	for _, tpl := range found {
		requests += tpl.Requests
		text += len(tpl.Text)
	}
	if len(found) > MaxTemplates || requests > MaxRequests || text > maxText {
		wrong = append(wrong, fmt.Errorf("%d templates with %d requests and %d bytes; one scan runs up to %d with %d requests and %d bytes: name a smaller folder",
			len(found), requests, text, MaxTemplates, MaxRequests, maxText))
	}
	if len(wrong) > 0 {
		return nil, refused, errors.Join(wrong...)
	}
	slices.SortFunc(found, func(a, b Template) int { return strings.Compare(a.ID, b.ID) })
	return found, refused, nil
}

// list are the files that a path stands for, in order. Links in a folder are
// not followed.
func list(path string) (files []string, folder bool, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, false, err
	}
	switch {
	case info.Mode().IsRegular():
		return []string{path}, false, nil
	case !info.IsDir(): // to open a pipe that nobody writes to takes for ever
		return nil, false, fmt.Errorf("%s is neither a file nor a folder", path)
	}
	err = filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && file != path && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		if ext := strings.ToLower(filepath.Ext(file)); d.Type().IsRegular() && (ext == ".yaml" || ext == ".yml") && !strings.HasPrefix(d.Name(), ".") {
			files = append(files, file)
		}
		if len(files) > maxFiles {
			return fmt.Errorf("%s: over %d files; name a smaller folder", path, maxFiles)
		}
		return nil
	})
	return files, true, err
}

func read(file string) (tpl Template, err error) {
	f, err := os.Open(file)
	if err != nil {
		return Template{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return Template{}, fmt.Errorf("%s: %w", file, err)
	}
	return Check(file, data)
}
