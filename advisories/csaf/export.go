package csaf

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// Exporter turns publications into documents. The zero Exporter is ready.
type Exporter struct {
	// Version is that of this program (document.tracking.generator.engine.version).
	Version string
	// Canonical is the URL of the document itself: https, and its last part is the
	// file's name (3.1.10.1, 5.1). Nil, or "", where there is none.
	Canonical func(p advisories.Publication) string
}

// Export is that of the zero Exporter.
func Export(p advisories.Publication) (*Document, error) { return Exporter{}.Export(p) }

// Export returns the CSAF 2.0 document of a publication, in English, with other
// languages in notes. Whom AMBER and RED name is not in it. Of what lint finds no
// fault with, the document passes the schema and the mandatory tests.
func (e Exporter) Export(p advisories.Publication) (*Document, error) {
	distribution, err := distributionOf(p.Advisory.TLP)
	if err != nil {
		return nil, fmt.Errorf("export %s as CSAF: %w", p.Tracking.ID, err)
	}
	if len(p.Tracking.Revisions) == 0 {
		return nil, fmt.Errorf("export %s as CSAF: it has no revision", p.Tracking.ID)
	}
	a := &p.Advisory
	refs := e.references(&p)
	d := &Document{
		Document: Properties{
			Acknowledgments: acknowledgments(a.Acknowledgements),
			Category:        category(a),
			CSAFVersion:     "2.0",
			Distribution:    distribution,
			Lang:            "en",
			Notes:           documentNotes(&p, len(refs)-len(a.References)),
			Publisher: Publisher{
				Category: p.Publisher.Category, ContactDetails: p.Publisher.Contact, IssuingAuthority: p.Publisher.Authority,
				Name: p.Publisher.Name, Namespace: advisories.URI(p.Publisher.Namespace),
			},
			References: refs,
			Title:      inEnglish(a.Title),
			Tracking:   e.tracking(&p.Tracking),
		},
		ProductTree: productTree(a.Products),
	}
	if a.Risk != "" {
		d.Document.AggregateSeverity.Text = string(a.Risk)
		if word, ok := risks()[a.Risk]; ok {
			d.Document.AggregateSeverity.Text = word
		}
	}
	if p.Tracking.State == advisories.Withdrawn {
		d.Document.Title = withdrawnPrefix + d.Document.Title
	}
	for i := range a.Vulnerabilities {
		d.Vulnerabilities = append(d.Vulnerabilities, vulnerability(a, &a.Vulnerabilities[i]))
	}
	return d, nil
}

// Encode writes the document as it is published: indented by two spaces, a line
// feed at the end, and the same bytes each time.
func (d *Document) Encode() ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(d); err != nil {
		return nil, fmt.Errorf("encode CSAF document %s: %w", d.Document.Tracking.ID, err)
	}
	return buf.Bytes(), nil
}

// category is the profile whose demands the record meets (4): a security advisory
// needs vulnerabilities and products (4.4), the others a reference (4.2, 4.3).
func category(a *advisories.Advisory) string {
	external := slices.ContainsFunc(a.References, func(r advisories.Reference) bool { return !r.Self })
	switch {
	case len(a.Vulnerabilities) > 0 && len(a.Products) > 0:
		return "csaf_security_advisory"
	case len(a.Vulnerabilities) > 0 || !external:
		return "csaf_base"
	case len(a.Indicators) > 0 || len(a.Techniques) > 0:
		return "csaf_security_incident_response"
	}
	return "csaf_informational_advisory"
}

// distributionOf is the label in the words of TLP 1, which CSAF 2.0 has
// (3.2.1.5.2).
func distributionOf(marking tlp.Marking) (Distribution, error) {
	labels := map[tlp.Marking]string{tlp.Clear: "WHITE", tlp.Green: "GREEN", tlp.Amber: "AMBER", tlp.AmberStrict: "AMBER", tlp.Red: "RED"}
	label, ok := labels[marking]
	if !ok {
		return Distribution{}, fmt.Errorf("%q is no label of TLP", marking)
	}
	d := Distribution{TLP: TLP{Label: label, URL: "https://www.first.org/tlp/"}}
	if marking == tlp.AmberStrict {
		d.Text = strictText
	}
	return d, nil
}

func (e Exporter) tracking(t *advisories.Tracking) Tracking {
	tracking := Tracking{
		Aliases:            unique(t.Aliases),
		CurrentReleaseDate: WriteDate(t.Current),
		Generator:          Generator{Engine: Engine{Name: engine, Version: e.Version}},
		ID:                 t.ID,
		InitialReleaseDate: WriteDate(t.Initial),
		Status:             "final",
		Version:            strconv.Itoa(t.Number()),
	}
	if t.Interim {
		tracking.Status = "interim"
	}
	for _, r := range t.Revisions {
		tracking.RevisionHistory = append(tracking.RevisionHistory, Revision{
			Date: WriteDate(r.Date), LegacyVersion: r.Legacy, Number: strconv.Itoa(r.Number), Summary: inEnglish(r.Summary),
		})
	}
	return tracking
}

// references begin with the document itself.
func (e Exporter) references(p *advisories.Publication) []Reference {
	var list []Reference
	if e.Canonical != nil {
		if url := e.Canonical(*p); url != "" {
			list = append(list, Reference{Category: "self", Summary: summaryCanonical, URL: advisories.URI(url)})
		}
	}
	if p.Tracking.URL != "" {
		list = append(list, Reference{Category: "self", Summary: summaryPage, URL: advisories.URI(p.Tracking.URL)})
	}
	return append(list, references(p.Advisory.References)...)
}

func references(refs []advisories.Reference) []Reference {
	var list []Reference
	for _, r := range refs {
		ref := Reference{Category: "external", Summary: r.Summary[i18n.English], URL: advisories.URI(r.URL)}
		if r.Self {
			ref.Category = "self"
		}
		if ref.Summary == "" {
			ref.Summary = ref.URL
		}
		list = append(list, ref)
	}
	return list
}

func acknowledgments(acks []advisories.Acknowledgement) []Acknowledgment {
	var list []Acknowledgment
	for _, a := range acks {
		ack := Acknowledgment{Names: a.Names, Organization: a.Organisation, Summary: a.Summary[i18n.English]}
		for _, u := range a.URLs {
			ack.URLs = append(ack.URLs, advisories.URI(u))
		}
		if len(ack.Names)+len(ack.URLs) == 0 && ack.Organization == "" {
			ack.Summary = inEnglish(a.Summary) // an empty one is not allowed (3.1.1)
		}
		list = append(list, ack)
	}
	return list
}
