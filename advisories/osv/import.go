package osv

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// Bounds of a record that Import reads.
const (
	MaxSize     = 8 << 20 // bytes
	maxNames    = 1000    // ids, aliases
	maxAffected = 5000    // packages
	maxVersions = 20_000  // versions and ends of ranges, of all packages together
	perRange    = 400     // versions in one range of a Product
	maxCompared = 100_000 // looks for a listed version in a range
	maxMentions = 500_000 // of products by vulnerabilities
)

// Import reads a record of others. Its vulnerabilities are those of its CVEs, or
// the one that it names; its packages become products, one for each stretch of
// versions. Where a record does not tell versions by number, only by commit, it is
// not said that the package is affected. The record has no label: TLP is "", and
// the audience that of nobody. The error is Invalid or TooLarge, and its message
// may be shown.
func Import(data []byte) (advisories.Publication, error) {
	if len(data) > MaxSize {
		return advisories.Publication{}, fail(advisories.TooLarge, "an OSV record has more than %d bytes", MaxSize)
	}
	var r Record
	if err := json.Unmarshal(data, &r); err != nil {
		return advisories.Publication{}, fail(advisories.Invalid, "this is no OSV record: %v", err)
	}
	id := advisories.PlainLine(r.ID)
	if id == "" || r.Modified == "" {
		return advisories.Publication{}, fail(advisories.Invalid, "this is no OSV record: it has no id, or no modified")
	}
	if len(r.Aliases)+len(r.Upstream) > maxNames || len(r.Affected) > maxAffected {
		return advisories.Publication{}, fail(advisories.TooLarge, "%.100s has more than %d other names or %d packages", id, maxNames, maxAffected)
	}
	p := advisories.Publication{
		Tracking:  advisories.Tracking{ID: id, State: advisories.Published, Aliases: plainLines(r.Aliases)},
		Publisher: advisories.Publisher{Name: "OSV", Namespace: "https://osv.dev", Category: "other"},
	}
	if err := times(&p.Tracking, &r); err != nil {
		return advisories.Publication{}, fail(advisories.Invalid, "%.100s has a time that is none: %v", id, err)
	}
	a := &p.Advisory
	a.Class = advisories.Alert
	a.Title = english(advisories.PlainLine(r.Summary))
	if a.Title == nil {
		a.Title = english(id)
	}
	a.Description = english(strings.TrimSpace(advisories.PlainText(r.Details)))
	for _, ref := range r.References {
		if u := advisories.WebAddress(ref.URL); u != "" && !slices.ContainsFunc(a.References, func(x advisories.Reference) bool { return x.URL == u }) && len(a.References) < maxNames {
			a.References = append(a.References, advisories.Reference{URL: u})
		}
	}
	for _, c := range r.Credits[:min(len(r.Credits), maxNames)] {
		if name := advisories.PlainLine(c.Name); name != "" {
			a.Acknowledgements = append(a.Acknowledgements, advisories.Acknowledgement{Names: []string{name}})
		}
	}
	in := &importer{a: a, versions: maxVersions, compared: maxCompared}
	for i := range r.Affected {
		in.affected(&r.Affected[i])
	}
	if in.versions < 0 {
		return advisories.Publication{}, fail(advisories.TooLarge, "%.100s names more than %d versions", id, maxVersions)
	}
	if a.Vulnerabilities = in.vulnerabilities(&r, id); a.Vulnerabilities == nil {
		return advisories.Publication{}, fail(advisories.TooLarge, "%.100s says of too many vulnerabilities that they are in too many packages", id)
	}
	return p, nil
}

func fail(code advisories.Code, format string, args ...any) error {
	return &advisories.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func english(text string) advisories.Texts {
	if text == "" {
		return nil
	}
	return advisories.Texts{i18n.English: text}
}

func plainLines(texts []string) []string {
	var lines []string
	for _, text := range texts {
		if text = advisories.PlainLine(text); text != "" {
			lines = append(lines, text)
		}
	}
	return lines
}

// times sets when the record was published, changed and withdrawn. OSV does not
// number revisions: there is one, of the last change.
func times(t *advisories.Tracking, r *Record) error {
	read := func(text string, fallback time.Time) (time.Time, error) {
		if text == "" {
			return fallback, nil
		}
		when, err := time.Parse(time.RFC3339, text)
		return when.UTC(), err
	}
	var err error
	if t.Current, err = read(r.Modified, time.Time{}); err != nil {
		return err
	}
	if t.Initial, err = read(r.Published, t.Current); err != nil {
		return err
	}
	t.Revisions = []advisories.Revision{{Number: 1, Date: t.Current}}
	if r.Withdrawn != "" {
		t.State = advisories.Withdrawn
		_, err = read(r.Withdrawn, time.Time{})
	}
	return err
}

// scores are the vectors that can be read.
func scores(list []Severity, products []string) []advisories.Score {
	var all []advisories.Score
	for _, s := range list[:min(len(list), 10)] {
		if _, err := advisories.ParseScore(s.Score); err == nil {
			all = append(all, advisories.Score{Vector: s.Score, Products: products})
		}
	}
	return all
}

var (
	cveForm = regexp.MustCompile(`^CVE-[0-9]{4}-[0-9]{4,19}$`)
	cweForm = regexp.MustCompile(`^CWE-[1-9]\d{0,5}$`)
)

// vulnerabilities are one for each CVE of the record, else the one that it names;
// nil where that comes to too much.
func (in *importer) vulnerabilities(r *Record, id string) []advisories.Vulnerability {
	var cves, others []string
	for _, name := range slices.Concat([]string{id}, plainLines(r.Aliases), plainLines(r.Upstream)) {
		switch {
		case cveForm.MatchString(name) && !slices.Contains(cves, name):
			cves = append(cves, name)
		case !cveForm.MatchString(name) && !slices.Contains(others, name) && !slices.Contains(r.Upstream, name):
			others = append(others, name)
		}
	}
	v := advisories.Vulnerability{CVSS: append(scores(r.Severity, nil), in.scores...)}
	var database Database
	if err := json.Unmarshal(r.Database, &database); err == nil {
		for _, cwe := range database.CWE[:min(len(database.CWE), 100)] {
			if cweForm.MatchString(cwe) {
				v.CWE = append(v.CWE, cwe)
			}
		}
	}
	v.Products = in.statuses()
	if len(cves) < 2 { // else nothing says whose names these are
		for _, name := range others {
			system, _, _ := strings.Cut(name, "-")
			v.IDs = append(v.IDs, advisories.Ident{System: system, ID: name})
		}
	}
	if len(cves)*len(in.a.Products) > maxMentions {
		return nil
	}
	if len(cves) == 0 {
		return []advisories.Vulnerability{v}
	}
	var all []advisories.Vulnerability
	for _, name := range cves {
		v.CVE = name
		all = append(all, v)
	}
	return all
}

// statuses are none, which says that every product is affected, unless the record
// leaves the versions of some open.
func (in *importer) statuses() map[advisories.Status][]string {
	if len(in.unclear) == 0 {
		return nil
	}
	by := map[advisories.Status][]string{advisories.UnderInvestigation: in.unclear}
	open := map[string]bool{}
	for _, id := range in.unclear {
		open[id] = true
	}
	for i := range in.a.Products {
		if id := in.a.Products[i].ID; !open[id] {
			by[advisories.Affected] = append(by[advisories.Affected], id)
		}
	}
	return by
}
