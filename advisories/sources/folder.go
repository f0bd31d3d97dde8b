package sources

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/internal/fetch"
)

const maxLevels = 8 // of folders

// folder brings in a CSAF document, or those of a folder and of the folders in it,
// whatever their names. Checksums beside them are compared; signatures are not: a
// folder does not say whose key they are by.
func (r *run) folder(ctx context.Context) error {
	if r.src.RequireSignature {
		return errors.New("signatures are not checked in a folder, because it does not say whose key is right: leave require_signature out")
	}
	where := strings.TrimPrefix(r.src.URL, "file://")
	info, err := os.Stat(where)
	if err != nil {
		return fmt.Errorf("read the folder: %w", err)
	}
	names := []string{where}
	if info.IsDir() {
		if names, err = r.documents(ctx, where); err != nil {
			return err
		}
	}
	l := r.state.listing(where)
	named := map[string]bool{}
	for _, name := range names {
		named[key(name)] = true
		f := r.local(ctx, name, l)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if f.err != nil {
			return f.err // our own disk
		}
		if _, err := r.settle(ctx, l, f); err != nil {
			return err
		}
	}
	for known := range l.Documents {
		if !named[known] {
			delete(l.Documents, known)
		}
	}
	return nil
}

// documents are the .json files of a folder, sorted. Links are not followed, and
// the lists of a provider are no documents.
func (r *run) documents(ctx context.Context, where string) ([]string, error) {
	var names []string
	err := fs.WalkDir(os.DirFS(where), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case d.IsDir() && strings.Count(name, "/") >= maxLevels:
			r.warn("%s: what is below %d folders is left out", name, maxLevels)
			return fs.SkipDir
		case !d.Type().IsRegular() || path.Ext(name) != ".json":
			return nil
		}
		switch base := path.Base(name); {
		case base == "provider-metadata.json", base == "aggregator.json", strings.HasPrefix(base, "csaf-feed-"), base == "service.json", strings.HasPrefix(base, "category-"):
			return nil
		case len(names) == maxListed:
			return fmt.Errorf("there are more than %d documents", maxListed)
		}
		names = append(names, filepath.Join(where, filepath.FromSlash(name)))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the folder: %w", err)
	}
	slices.Sort(names)
	return names, nil
}

func (r *run) local(ctx context.Context, name string, l *Listing) fetched {
	f := fetched{entry: entry{url: name}}
	known := l.Documents[key(name)]
	result, err := r.get(ctx, name, "", maxCSAF, known.Fetch)
	refuse := func(code Code, err error) fetched {
		refused := r.refusal(name, "", code, err.Error())
		f.refused = &refused
		return f
	}
	switch {
	case errors.Is(err, fetch.ErrTooLarge):
		return refuse(RefusedSize, err)
	case errors.Is(err, fetch.ErrFile):
		return refuse(RefusedFetch, err)
	case err != nil:
		f.err = err
		return f
	}
	f.state, f.same = result.State, result.Status == fetch.Unchanged
	if f.same {
		return f
	}
	data, err := take(result.Body)
	if err != nil {
		f.err = err
		return f
	}
	// Its keys are nobody's, so a signature is not looked for.
	e := entry{url: name, sha512: name + ".sha512", sha256: name + ".sha256", guessed: true}
	verified, _, refused, err := r.verify(ctx, &provided{}, &e, data)
	if err != nil || refused != nil {
		f.err, f.refused = err, refused
		return f
	}
	var p advisories.Publication
	p, f.refused = r.document(data, &e)
	if p.Advisory.TLP == "" {
		r.label(&p)
	}
	f.item = Item{Publication: p, Raw: data, MediaType: "application/json", From: advisories.Source{URL: name, Verified: verified}}
	return f
}
