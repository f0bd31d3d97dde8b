package technologies

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"
)

//go:embed catalogue/catalogue.yaml
var shipped []byte

// Catalogue says until when versions of technologies get security fixes, and
// which of them have holes that are known to be exploited.
type Catalogue struct {
	// Date is when it was written. What ended later is not in it.
	Date  time.Time
	lives map[string]life
}

// life is the part of one technology.
type life struct {
	cycles    []Cycle
	exploited []Exploit
}

// Cycle is one line of releases.
type Cycle struct {
	Cycle string // "7.4": 7.4.0 to 7.4.33
	// Ends is the last day on which its makers mended it; zero: they do, and
	// have not said until when.
	Ends time.Time
	// Elsewhere is the last day on which somebody who ships it, as a Linux
	// distribution does, mends it without changing the version that it shows;
	// zero: nobody does.
	Elsewhere time.Time
	Source    string // URL of who says so
}

// Exploit is a hole that attackers are known to use.
type Exploit struct {
	CVE      string
	Affected []Range
	// Depends: it takes a set-up that cannot be seen from outside.
	Depends bool
	// With: it takes one of these technologies beside it (ids); empty: none.
	With   []string
	Source string
}

// Range is versions from From, included, to Below, excluded; "" is no bound.
type Range struct {
	From  string `yaml:"from"`
	Below string `yaml:"below"`
}

// Shipped is the catalogue that came with the program, parsed once. An error
// is a broken build: tests find it.
var Shipped = sync.OnceValues(func() (*Catalogue, error) { return ReadCatalogue(bytes.NewReader(shipped)) })

// maxCatalogue bounds a file, in bytes; ours has some 20 KiB.
const maxCatalogue = 8 << 20

// catalogueFile is the YAML form, which docs/technology-catalogue.md describes.
type catalogueFile struct {
	Date         string     `yaml:"date"`
	Technologies []lifeFile `yaml:"technologies"`
}

type lifeFile struct {
	ID        string        `yaml:"id"`
	Source    string        `yaml:"source"`
	Cycles    []cycleFile   `yaml:"cycles"`
	Exploited []exploitFile `yaml:"exploited"`
}

type cycleFile struct {
	Cycle     string `yaml:"cycle"`
	Ends      string `yaml:"ends"`
	Elsewhere string `yaml:"elsewhere"`
}

type exploitFile struct {
	CVE      string   `yaml:"cve"`
	Source   string   `yaml:"source"`
	Affected []Range  `yaml:"affected"`
	Depends  bool     `yaml:"depends"`
	With     []string `yaml:"with"`
}

// ReadCatalogue reads a catalogue, of 8 MiB at most. An error names the line
// and what is wrong there; then there is no catalogue. Technologies that the
// table does not have are allowed: a newer file may know more.
func ReadCatalogue(r io.Reader) (*Catalogue, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxCatalogue+1))
	if err != nil {
		return nil, fmt.Errorf("technology catalogue: %w", err)
	}
	if len(data) > maxCatalogue {
		return nil, fmt.Errorf("technology catalogue: it is over %d MiB", maxCatalogue>>20)
	}
	var doc catalogueFile
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("technology catalogue: it is empty")
		}
		return nil, fmt.Errorf("technology catalogue: %w", err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, fmt.Errorf("technology catalogue: %w", err)
	}
	c := &Catalogue{lives: map[string]life{}}
	if c.Date, err = readDate(doc.Date); err != nil || doc.Date == "" {
		return nil, fmt.Errorf("technology catalogue: line %d: date: %q is no day, write it as 2026-01-31", lineOf(&root, "date"), doc.Date)
	}
	if len(doc.Technologies) == 0 {
		return nil, fmt.Errorf("technology catalogue: it has no technologies")
	}
	for i, t := range doc.Technologies {
		if reason, path := c.add(t); reason != "" {
			return nil, fmt.Errorf("technology catalogue: line %d: %s: %s", lineOf(&root, append([]any{"technologies", i}, path...)...), t.ID, reason)
		}
	}
	return c, nil
}

// add checks one technology and takes it in; path leads to what is wrong.
func (c *Catalogue) add(t lifeFile) (reason string, path []any) {
	if t.ID == "" {
		return "id is missing", nil
	}
	if _, twice := c.lives[t.ID]; twice {
		return "it stands twice", nil
	}
	var l life
	for i, x := range t.Cycles {
		at := []any{"cycles", i}
		ends, err := readDate(x.Ends)
		elsewhere, err2 := readDate(x.Elsewhere)
		switch {
		case !isVersion(x.Cycle):
			return fmt.Sprintf("cycle: %q is no version", x.Cycle), at
		case err != nil || x.Ends == "" && x.Elsewhere != "":
			return fmt.Sprintf("ends: %q is no day, write it as 2026-01-31", x.Ends), at
		case err2 != nil:
			return fmt.Sprintf("elsewhere: %q is no day, write it as 2026-01-31", x.Elsewhere), at
		case x.Elsewhere != "" && elsewhere.Before(ends):
			return "elsewhere is before ends", at
		case !isWebAddress(t.Source):
			return "source must be an http or https address that says when its cycles end", nil
		}
		l.cycles = append(l.cycles, Cycle{Cycle: x.Cycle, Ends: ends, Elsewhere: elsewhere, Source: t.Source})
	}
	for i, x := range t.Exploited {
		at := []any{"exploited", i}
		if !cveID.MatchString(x.CVE) {
			return fmt.Sprintf("cve: %q is not like CVE-2024-12345", x.CVE), at
		}
		if !isWebAddress(x.Source) {
			return x.CVE + ": source must be an http or https address", at
		}
		if len(x.Affected) == 0 {
			return x.CVE + ": affected is missing: give ranges of versions, from and below", at
		}
		for _, r := range x.Affected {
			if !isVersion(r.Below) || (r.From != "" && !isVersion(r.From)) || (r.From != "" && Compare(r.From, r.Below) >= 0) {
				return fmt.Sprintf("%s: from %q below %q is no range of versions", x.CVE, r.From, r.Below), at
			}
		}
		l.exploited = append(l.exploited, Exploit{CVE: x.CVE, Affected: x.Affected, Depends: x.Depends, With: x.With, Source: x.Source})
	}
	c.lives[t.ID] = l
	return "", nil
}

var (
	cveID       = regexp.MustCompile(`^CVE-[0-9]{4}-[0-9]{4,7}$`)
	versionForm = regexp.MustCompile(`^[0-9][0-9A-Za-z.+_-]{0,39}$`)
)

func isVersion(s string) bool { return versionForm.MatchString(s) }

func isWebAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// readDate reads a day; "" is the zero time.
func readDate(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.DateOnly, s)
}

// lineOf is where the node at the end of a path of keys and indices stands, or
// the last that is there on the way to it.
func lineOf(n *yaml.Node, path ...any) int {
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	for _, step := range path {
		next := (*yaml.Node)(nil)
		switch step := step.(type) {
		case int:
			if n.Kind == yaml.SequenceNode && step < len(n.Content) {
				next = n.Content[step]
			}
		case string:
			for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
				if n.Content[i].Value == step {
					next = n.Content[i+1]
				}
			}
		}
		if next == nil {
			break
		}
		n = next
	}
	return max(n.Line, 1)
}

// Lifetime returns the cycle of a version, false where the catalogue has none
// or it has no end yet. Of a version that is too short to tell cycles apart ("7"
// of 7.0 to 7.4) it is the one that ends last.
func (c *Catalogue) Lifetime(id, version string) (Cycle, bool) {
	var best Cycle
	for _, x := range c.lives[id].cycles {
		if Within(version, x.Cycle) && len(x.Cycle) > len(best.Cycle) {
			best = x
		}
	}
	if best.Cycle == "" {
		for _, x := range c.lives[id].cycles {
			switch {
			case !Within(x.Cycle, version):
			case x.Ends.IsZero():
				return Cycle{}, false
			case x.Ends.After(best.Ends):
				best = x
			}
		}
	}
	if best.Ends.IsZero() {
		return Cycle{}, false
	}
	return best, true
}

// Exploited returns the holes that a version has, sorted by CVE. A version that
// is too short to tell ("2.4" of 2.4.49) has none.
func (c *Catalogue) Exploited(id, version string) []Exploit {
	var found []Exploit
	for _, x := range c.lives[id].exploited {
		if slices.ContainsFunc(x.Affected, func(r Range) bool { return r.has(version) }) {
			found = append(found, x)
		}
	}
	slices.SortFunc(found, func(a, b Exploit) int { return strings.Compare(a.CVE, b.CVE) })
	return found
}

// Of returns all that the catalogue has of a technology.
func (c *Catalogue) Of(id string) ([]Cycle, []Exploit) {
	l := c.lives[id]
	return slices.Clone(l.cycles), slices.Clone(l.exploited)
}

// Knows tells whether the catalogue could say anything about a technology.
func (c *Catalogue) Knows(id string) bool {
	_, ok := c.lives[id]
	return ok
}

func (r Range) has(version string) bool {
	if Within(r.Below, version) || (r.From != "" && version != r.From && Within(r.From, version)) {
		return false // too short to tell
	}
	return Compare(version, r.Below) < 0 && (r.From == "" || Compare(version, r.From) >= 0)
}

// FixedIn returns the first version without the hole for those like version,
// "" if version does not have it.
func (x Exploit) FixedIn(version string) string {
	for _, r := range x.Affected {
		if r.has(version) {
			return r.Below
		}
	}
	return ""
}
