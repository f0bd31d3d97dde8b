package csaf

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// importer is one document on its way in.
type importer struct {
	d    *Document
	lang i18n.Lang
	// own says that this program wrote the document: the titles of its notes mean
	// what Export means by them.
	own    bool
	groups map[string][]string // product ids by group id
	said   translations        // of the document's notes
	// constraints is how many parts of version ranges are still put in order, ids
	// how many ids of products may still be written out that the document has once.
	constraints, ids int
}

// maxIDs bounds what a short document becomes: groups of products that are named
// many times, and vulnerabilities that do not say which of many products they are of.
const maxIDs = 1_000_000

// Import turns a document that Parse accepts into a publication. What the document
// says in a language that is not the product's stays under that language. Texts
// become plain; addresses that are not of the web are left out. TLP is "" where
// the document has none, and the audience that of nobody unless it is CLEAR or
// GREEN: whoever keeps the publication says who AMBER and RED are for.
//
// From a document of Export come all fields that docs/advisory-csaf.md lists. What
// is the default is left unsaid, such as the products of a score that is for all
// that are affected.
func Import(d *Document) (advisories.Publication, error) {
	if d == nil || d.Document.Tracking.ID == "" {
		return advisories.Publication{}, errors.New("import CSAF: no tracking id")
	}
	doc := &d.Document
	in := &importer{
		d: d, lang: langOf(doc.Lang), own: doc.Tracking.Generator.Engine.Name == engine,
		groups: map[string][]string{}, constraints: maxConstraints, ids: maxIDs,
	}
	for _, g := range d.ProductTree.ProductGroups {
		in.groups[g.GroupID] = plainIDs(g.ProductIDs)
	}
	in.said = in.words(doc.Notes)
	tracking, err := in.tracking()
	if err != nil {
		return advisories.Publication{}, fmt.Errorf("import CSAF document %s: %w", advisories.PlainLine(doc.Tracking.ID), err)
	}
	p := advisories.Publication{
		Tracking: tracking,
		Publisher: advisories.Publisher{
			Name: advisories.PlainLine(doc.Publisher.Name), Namespace: advisories.PlainLine(doc.Publisher.Namespace), Category: advisories.PlainLine(doc.Publisher.Category),
			Contact: advisories.PlainText(doc.Publisher.ContactDetails), Authority: advisories.PlainText(doc.Publisher.IssuingAuthority),
		},
		Advisory: advisories.Advisory{TLP: in.marking(), Class: advisories.Alert, Risk: in.risk(), Products: in.products()},
	}
	a := &p.Advisory
	if a.TLP == tlp.Clear || a.TLP == tlp.Green {
		if p.Audience, err = tlp.For([]tlp.Marking{a.TLP}, nil, tlp.Terms{}); err != nil {
			return advisories.Publication{}, fmt.Errorf("import CSAF document %s: %w", p.Tracking.ID, err)
		}
	}
	a.Acknowledgements = in.acknowledgements(doc.Acknowledgments, in.said)
	for i, r := range doc.References {
		switch {
		case in.own && r.Category == "self" && r.Summary == summaryCanonical:
		case in.own && r.Category == "self" && r.Summary == summaryPage:
			p.Tracking.URL = advisories.WebAddress(r.URL)
		default:
			a.References = in.reference(a.References, r, in.said[item("references", i, "summary")])
		}
	}
	if in.vulnerabilities(a); in.ids < 0 {
		return advisories.Publication{}, &advisories.Error{
			Code: advisories.TooLarge, Message: fmt.Sprintf("the product groups and vulnerabilities of %s come to more than %d mentions of products", p.Tracking.ID, maxIDs),
		}
	}
	if in.own {
		in.ownNotes(&p)
	} else {
		a.Title = in.texts(advisories.PlainLine(doc.Title))
		in.foreignNotes(a)
	}
	return p, nil
}

// langOf is the product's language for a tag (BCP 47), or the tag itself.
func langOf(tag string) i18n.Lang {
	parts := strings.Split(strings.ToLower(tag), "-")
	switch {
	case parts[0] == "" || parts[0] == "en":
		return i18n.English
	case parts[0] != "zh":
		return i18n.Lang(tag)
	case slices.ContainsFunc(parts, func(s string) bool { return s == "hant" || s == "tw" || s == "hk" || s == "mo" }) &&
		!slices.Contains(parts, "hans"):
		return i18n.Traditional
	}
	return i18n.Simplified
}

// texts are those of a text in the document's language.
func (in *importer) texts(text string) advisories.Texts {
	if text = strings.TrimSpace(advisories.PlainText(text)); text == "" {
		return nil
	}
	return advisories.Texts{in.lang: text}
}

// words are the translations among the notes of a document of our own.
func (in *importer) words(notes []Note) translations {
	if !in.own {
		return translations{}
	}
	return readTranslations(notes)
}

// textsOf are a field's texts.
func (in *importer) textsOf(words translations, name, text string) advisories.Texts {
	if in.own {
		return words.texts(name, text)
	}
	return in.texts(text)
}

// marking is the label, in the words of TLP 2.0.
func (in *importer) marking() tlp.Marking {
	d := in.d.Document.Distribution
	text := strings.ToUpper(d.Text)
	if d.TLP.Label == "AMBER" && strings.Contains(text, "AMBER+STRICT") {
		return tlp.AmberStrict
	}
	if m, err := tlp.Parse(d.TLP.Label); err == nil {
		return m
	}
	// Without a label, what the text names holds: the strictest, if it names several.
	for _, m := range slices.Backward(tlp.Labels()) {
		if strings.Contains(text, m.String()) {
			return m
		}
	}
	if strings.Contains(text, "TLP:WHITE") {
		return tlp.Clear
	}
	return ""
}

// risk is the level that the publisher's word comes nearest to, "" for none.
func (in *importer) risk() advisories.Risk {
	switch strings.ToLower(strings.TrimSpace(in.d.Document.AggregateSeverity.Text)) {
	case "low":
		return advisories.RiskLow
	case "medium", "moderate":
		return advisories.RiskMedium
	case "high", "important":
		return advisories.RiskHigh
	case "extreme", "critical":
		return advisories.RiskExtreme
	}
	return ""
}

func (in *importer) tracking() (advisories.Tracking, error) {
	from := &in.d.Document.Tracking
	t := advisories.Tracking{ID: advisories.PlainLine(from.ID), State: advisories.Published, Interim: from.Status != "final"}
	for _, alias := range from.Aliases {
		t.Aliases = append(t.Aliases, advisories.PlainLine(alias))
	}
	var err error
	if t.Initial, err = date(from.InitialReleaseDate); err == nil {
		t.Current, err = date(from.CurrentReleaseDate)
	}
	if err != nil {
		return t, err
	}
	for i, r := range from.RevisionHistory {
		when, err := date(r.Date)
		if err != nil {
			return t, err
		}
		t.Revisions = append(t.Revisions, advisories.Revision{
			Date: when, Legacy: advisories.PlainLine(r.LegacyVersion),
			Summary: in.textsOf(in.said, item("revision_history", i, "summary"), r.Summary),
		})
		last := &t.Revisions[len(t.Revisions)-1]
		if last.Number, err = strconv.Atoi(r.Number); err != nil { // semantic versioning (3.1.11.2)
			last.Number = 0
			last.Legacy = advisories.PlainLine(r.Number)
		}
	}
	if slices.ContainsFunc(t.Revisions, func(r advisories.Revision) bool { return r.Number == 0 }) {
		slices.SortStableFunc(t.Revisions, func(a, b advisories.Revision) int { return a.Date.Compare(b.Date) })
		for i := range t.Revisions {
			t.Revisions[i].Number = i + 1
		}
	}
	slices.SortStableFunc(t.Revisions, func(a, b advisories.Revision) int { return cmp.Compare(a.Number, b.Number) })
	switch strings.ToLower(in.d.Document.Category) {
	case "csaf_withdrawn": // of CSAF 2.1, and a name of one's own in 2.0
		t.State = advisories.Withdrawn
	case "csaf_superseded":
		t.State = advisories.Superseded
	default:
		if len(t.Revisions) > 1 {
			t.State = advisories.Revised
		}
	}
	return t, nil
}

// date reads a date of the document; "" is the zero time.
func date(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := ReadDate(text)
	if err != nil {
		return time.Time{}, fmt.Errorf("date: %w", err)
	}
	return t.UTC(), nil
}

// when is a date that may be missing.
func when(text string) time.Time {
	t, err := date(text)
	if err != nil {
		return time.Time{}
	}
	return t
}

// reference adds one to the list, unless it leads elsewhere than to the web.
func (in *importer) reference(list []advisories.Reference, r Reference, more advisories.Texts) []advisories.Reference {
	ref := advisories.Reference{URL: advisories.WebAddress(r.URL), Self: r.Category == "self", Summary: more}
	if ref.URL == "" {
		return list
	}
	if r.Summary != r.URL {
		if ref.Summary == nil {
			ref.Summary = in.texts(r.Summary)
		} else {
			ref.Summary[i18n.English] = advisories.PlainText(r.Summary)
		}
	}
	return append(list, ref)
}

func (in *importer) acknowledgements(list []Acknowledgment, words translations) []advisories.Acknowledgement {
	var acks []advisories.Acknowledgement
	for i, from := range list {
		ack := advisories.Acknowledgement{
			Organisation: advisories.PlainLine(from.Organization), Summary: in.textsOf(words, item("acknowledgments", i, "summary"), from.Summary),
		}
		for _, name := range from.Names {
			ack.Names = append(ack.Names, advisories.PlainLine(name))
		}
		for _, u := range from.URLs {
			if u = advisories.WebAddress(u); u != "" {
				ack.URLs = append(ack.URLs, u)
			}
		}
		acks = append(acks, ack)
	}
	return acks
}
