package provider

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// Export says what Write writes.
type Export struct {
	// Labels are those whose documents are written; none: TLP:CLEAR alone.
	// AMBER and AMBER+STRICT are one folder, and either stands for both.
	Labels []tlp.Marking
	// Drop takes away the documents of a label that was written before and is not
	// among Labels. Without it, Write then writes nothing: the error is a
	// *LabelsError.
	Drop bool
	// May says whose copy the restricted folders are; nil: all that there is.
	May func(tlp.Audience) bool
}

// LabelsError is a Write that would take away the documents of labels which it
// was not told of.
type LabelsError struct{ Folders []string } // "white", "green", "amber", "red"

func (e *LabelsError) Error() string {
	return "the folder also has what is " + strings.Join(e.Folders, ", ") + ", which would be taken away"
}

// Written is what Write did. All counts are of files.
type Written struct {
	Written, Removed, Kept int
	Files                  []string // those written and removed, sorted
}

// Write writes the provider as files for a web server: dir/public is the root of
// the host, and dir/restricted/<label> what that server gives under
// /csaf/<label>/ to those whom it may. Nothing but TLP:CLEAR is ever below
// dir/public. Only what changed since the last Write is written; what is gone is
// removed. The folder is Write's own: one program at a time writes there.
//
// Each file is replaced whole, and in this order: documents with their hashes
// and signatures, lists, feeds, metadata; then what is gone is removed. Whoever
// reads meanwhile, or after a Write that was killed, finds no list that names
// what is not there, and at most one document whose new hashes are not in place
// yet; the next Write mends that. Nothing is forced to the disk: after a loss of
// power, files of a wrong size are written again.
func (p *Provider) Write(ctx context.Context, dir string, e Export) (Written, error) {
	p.writing.Lock()
	defer p.writing.Unlock()
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // what is in it has its own modes
		return Written{}, fmt.Errorf("provider: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Written{}, fmt.Errorf("provider: %w", err)
	}
	defer root.Close()
	return p.write(ctx, &tree{root: root, folders: map[string]bool{}}, e)
}

func (p *Provider) write(ctx context.Context, t *tree, e Export) (Written, error) {
	old, err := readManifest(t.root)
	if err != nil {
		return Written{}, err
	}
	docs, lists, err := p.plan(e)
	if err != nil {
		return Written{}, err
	}

	// What has to be done, against what is there.
	next, changed := manifest{}, manifest{}
	var done Written
	keep := func(at, key string, size int64) bool {
		next[at] = record{key, size}
		was, ok := old[at]
		if ok && was.key == key && (size < 0 || was.size == size) {
			if info, err := t.root.Lstat(at); err == nil && info.Mode().IsRegular() && info.Size() == was.size {
				next[at] = was
				done.Kept++
				return true
			}
		}
		changed[at] = record{unsettled, 0}
		done.Files = append(done.Files, at)
		done.Written++
		return false
	}
	docs = slices.DeleteFunc(docs, func(d planned) bool {
		kept := keep(d.path, d.entry.SHA256, -1)
		for _, f := range d.entry.files()[1:] {
			data := d.entry.beside(f.suffix)
			kept = keep(d.path+f.suffix, hashOf(data), int64(len(data))) && kept
		}
		return kept
	})
	lists = slices.DeleteFunc(lists, func(f put) bool { return keep(f.path, f.key, int64(len(f.data))) })
	var gone []string
	for at := range old {
		if _, ok := next[at]; !ok {
			gone = append(gone, at)
			changed[at] = record{unsettled, 0}
		}
	}
	slices.Sort(gone)
	if left := unnamed(gone, e); len(left) > 0 && !e.Drop {
		return Written{}, &LabelsError{left}
	}
	if len(changed) == 0 {
		return done, nil
	}

	// Say what is about to change, change it, and say what is.
	if err := t.root.RemoveAll(temporary); err != nil {
		return Written{}, fmt.Errorf("provider: %w", err)
	}
	if err := t.root.Mkdir(temporary, 0o700); err != nil {
		return Written{}, fmt.Errorf("provider: %w", err)
	}
	intent := maps.Clone(old)
	if intent == nil {
		intent = manifest{}
	}
	maps.Copy(intent, changed)
	if err := t.write([]put{{path: manifestName, data: intent.encode()}}); err != nil {
		return Written{}, err
	}
	for _, d := range docs {
		files, err := p.filesOf(ctx, d)
		if err != nil {
			return Written{}, err
		}
		next[d.path] = record{d.entry.SHA256, int64(len(files[0].data))}
		if err := t.write(files); err != nil {
			return Written{}, err
		}
	}
	for _, f := range lists {
		if err := errors.Join(ctx.Err(), t.write([]put{f})); err != nil {
			return Written{}, err
		}
	}
	for _, at := range gone {
		if err := t.remove(at); err != nil {
			return Written{}, err
		}
	}
	done.Removed, done.Files = len(gone), append(done.Files, gone...)
	slices.Sort(done.Files)
	if err := t.write([]put{{path: manifestName, data: next.encode()}}); err != nil {
		return Written{}, err
	}
	if err := t.root.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Written{}, fmt.Errorf("provider: %w", err)
	}
	return done, nil
}

// unnamed are the folders of labels, from the widest on, that files which are gone
// were in and that are not to be written.
func unnamed(gone []string, e Export) []string {
	chosen, err := foldersOf(e.Labels)
	if err != nil {
		return nil // plan has said so
	}
	return slices.DeleteFunc(folders(), func(folder string) bool {
		at := restrictedFolder + "/" + folder + "/"
		if folder == white {
			at = publicFolder + rootPath + folder + "/"
		}
		return slices.Contains(chosen, folder) || !slices.ContainsFunc(gone, func(file string) bool { return strings.HasPrefix(file, at) })
	})
}

// planned is an entry and the path of its document.
type planned struct {
	entry *entry
	path  string
}

// plan returns the documents and the other files, in the order of writing.
func (p *Provider) plan(e Export) ([]planned, []put, error) {
	chosen, err := foldersOf(e.Labels)
	if err != nil {
		return nil, nil, err
	}
	var docs []planned
	var files, feeds []put
	add := func(list *[]put, at string, write func(*bufio.Writer) error) error {
		var b bytes.Buffer
		w := bufio.NewWriter(&b)
		if err := write(w); err != nil {
			return err
		}
		_ = w.Flush() // a buffer takes everything
		*list = append(*list, put{at, hashOf(b.Bytes()), b.Bytes()})
		return nil
	}
	addLists := func(v view, at string) error {
		for _, name := range listNames(v.folder) {
			_, write := p.list(v, name)
			list := &files
			if v.folder != "" && name == feedName(v.folder) {
				list = &feeds
			}
			if name == "" {
				name = "index.html"
			}
			if err := add(list, path.Join(at, name), write); err != nil {
				return err
			}
		}
		return nil
	}

	const open = publicFolder + rootPath
	for _, folder := range chosen {
		at := open + folder
		v := view{folder: folder, entries: p.shelf(folder).newest}
		if folder != white {
			at = restrictedFolder + "/" + folder
			if e.May != nil {
				v.entries = slices.DeleteFunc(slices.Clone(v.entries), func(one *entry) bool { return !e.May(one.Audience) })
			}
		}
		years := map[string][]*entry{}
		for _, one := range v.entries {
			docs = append(docs, planned{one, at + "/" + one.path})
			years[one.year()] = append(years[one.year()], one)
		}
		for _, year := range slices.Sorted(maps.Keys(years)) {
			err := add(&files, at+"/"+year+"/index.html", func(w *bufio.Writer) error {
				return listing(w, rootPath+folder+"/"+year+"/", fileNames(years[year]))
			})
			if err != nil {
				return nil, nil, err
			}
		}
		if err := addLists(v, at); err != nil {
			return nil, nil, err
		}
	}
	shown := view{folders: []string{}}
	if slices.Contains(chosen, white) {
		shown = view{folders: []string{white}, entries: p.shelf(white).newest}
	}
	if err := addLists(shown, open); err != nil {
		return nil, nil, err
	}
	for _, k := range p.c.Keys {
		files = append(files, put{open + keyPath(k), hashOf(k.Armored), k.Armored})
	}
	files = append(files, feeds...)
	err = errors.Join(
		add(&files, publicFolder+servicePath, func(w *bufio.Writer) error { return p.service(w, chosen) }),
		add(&files, publicFolder+metadataPath, func(w *bufio.Writer) error { return p.metadata(w, chosen) }),
	)
	if len(p.c.Contacts) > 0 {
		err = errors.Join(err, add(&files, publicFolder+securityPath, p.security), add(&files, publicFolder+legacyPath, p.security))
	}
	return docs, files, err
}

// foldersOf returns the folders of labels, from the widest on.
func foldersOf(labels []tlp.Marking) ([]string, error) {
	if len(labels) == 0 {
		return []string{white}, nil
	}
	var chosen []string
	for _, m := range labels {
		if folderOf(m) == "" {
			return nil, fmt.Errorf("provider: %q is no label of TLP", m)
		}
		chosen = append(chosen, folderOf(m))
	}
	return slices.DeleteFunc(folders(), func(f string) bool { return !slices.Contains(chosen, f) }), nil
}

// filesOf returns a document and what belongs to it. Its bytes must be those
// that its hashes are of.
func (p *Provider) filesOf(ctx context.Context, d planned) ([]put, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	data, err := p.document(ctx, d.entry)
	if err != nil {
		return nil, err
	}
	if sum := sha512.Sum512(data); hex.EncodeToString(sum[:]) != d.entry.SHA512 {
		return nil, fmt.Errorf("provider: %s: %w", d.entry.TrackingID, errBehind)
	}
	files := []put{{path: d.path, data: data}}
	for _, f := range d.entry.files()[1:] {
		files = append(files, put{path: d.path + f.suffix, data: d.entry.beside(f.suffix)})
	}
	return files, nil
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
