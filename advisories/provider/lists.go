package provider

import (
	"bufio"
	"fmt"
	"html/template"
	"slices"
	"time"
)

// view is what one reader finds in a folder, or in all of them.
type view struct {
	folder  string   // "" for the root
	folders []string // of the root: those that the reader may open
	entries []*entry // newest first
}

// place is what the view's lists call an entry.
func (v view) place(e *entry) string {
	if v.folder == "" {
		return e.folder + "/" + e.path
	}
	return e.path
}

// lists are the names that a folder has, "" for the directory listing.
func listNames(folder string) []string {
	names := []string{"", indexName, changesName}
	if folder != "" {
		names = append(names, feedName(folder), categoryName(folder))
	}
	return names
}

// list returns what writes the list of that name.
func (p *Provider) list(v view, name string) (mediaType string, write func(*bufio.Writer) error) {
	switch {
	case name == "":
		return htmlType, func(w *bufio.Writer) error { return listing(w, rootPath+slashed(v.folder), p.names(v)) }
	case name == indexName:
		return textType, func(w *bufio.Writer) error { return index(w, v) }
	case name == changesName:
		return "text/csv; charset=utf-8", func(w *bufio.Writer) error { return changes(w, v) }
	case v.folder != "" && name == feedName(v.folder):
		return jsonType, func(w *bufio.Writer) error { return p.feed(w, v) }
	case v.folder != "" && name == categoryName(v.folder):
		return jsonType, func(w *bufio.Writer) error { return category(w, v) }
	}
	return "", nil
}

const (
	jsonType = "application/json"
	textType = "text/plain; charset=utf-8"
	htmlType = "text/html; charset=utf-8"
)

func slashed(folder string) string {
	if folder == "" {
		return ""
	}
	return folder + "/"
}

// index writes index.txt (CSAF 2.0, 7.1.12).
func index(w *bufio.Writer, v view) error {
	entries := slices.Clone(v.entries)
	slices.SortFunc(entries, byPath)
	for _, e := range entries {
		_, _ = w.WriteString(v.place(e)) // bufio keeps the first error for Flush, here and below
		_ = w.WriteByte('\n')
	}
	return nil
}

// changes writes changes.csv, newest first and quoted (CSAF 2.0, 7.1.13). No
// place has a quotation mark in it.
func changes(w *bufio.Writer, v view) error {
	for _, e := range v.entries {
		fmt.Fprintf(w, "\"%s\",\"%s\"\n", v.place(e), e.Current.Format(time.RFC3339Nano))
	}
	return nil
}

// listing writes a directory listing (CSAF 2.0, 7.1.14). It has no words, so it
// needs no language.
func listing(w *bufio.Writer, title string, names []string) error {
	title = template.HTMLEscapeString(title)
	fmt.Fprintf(w, "<!DOCTYPE html>\n<html lang=\"zxx\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>%s</title></head>\n<body>\n<h1>%s</h1>\n<ul>\n", title, title)
	for _, name := range names {
		name = template.HTMLEscapeString(name)
		fmt.Fprintf(w, "<li><a href=\"%s\">%s</a></li>\n", name, name)
	}
	_, _ = w.WriteString("</ul>\n</body>\n</html>\n")
	return nil
}

// names are those in the directory listing of a folder.
func (p *Provider) names(v view) []string {
	names := listNames(v.folder)[1:]
	for _, folder := range v.folders {
		names = append(names, folder+"/")
	}
	if v.folder == "" {
		for _, key := range p.c.Keys {
			names = append(names, keyPath(key))
		}
	} else {
		for _, e := range v.entries {
			names = append(names, e.year()+"/")
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// fileNames are those in the directory listing of a year's folder.
func fileNames(entries []*entry) []string {
	var names []string
	for _, e := range entries {
		for _, f := range e.files() {
			names = append(names, e.name()+f.suffix)
		}
	}
	slices.Sort(names)
	return names
}
