package api

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// AdvisoryPath names one advisory.
type AdvisoryPath struct {
	ID string `path:"id" maxLength:"200" doc:"Tracking id, such as A26-11-04, or the id of a record or of an entry of the library."`
}

// AdvisoryQuery chooses advisories. Conditions are joined by AND.
type AdvisoryQuery struct {
	Text    string    `query:"text" maxLength:"200" doc:"In title, texts, products and ids, in any language."`
	Tag     string    `query:"tag" maxLength:"60"`
	Sector  string    `query:"sector" maxLength:"60" doc:"Also what is for everybody."`
	Product string    `query:"product" maxLength:"200" doc:"In vendor and name."`
	CVE     string    `query:"cve" maxLength:"60"`
	Risk    string    `query:"risk" enum:"low,medium,high,extreme,"`
	Class   string    `query:"class" enum:"alert,high-threat,"`
	TLP     string    `query:"tlp" maxLength:"20" doc:"Label, such as GREEN."`
	State   string    `query:"state" enum:"draft,in-review,approved,published,revised,withdrawn,superseded,"`
	Since   time.Time `query:"since" doc:"Published or changed at or after."`
	Until   time.Time `query:"until" doc:"Published or changed before."`
	Cursor  string    `query:"cursor" maxLength:"2000" doc:"Of the page before, with the same conditions."`
	Limit   int       `query:"limit" minimum:"0" maximum:"500" doc:"At most so many; 0 or absent: 50."`
}

func (q *AdvisoryQuery) filter() (advisories.Filter, error) {
	f := advisories.Filter{
		Text: q.Text, Tag: q.Tag, Sector: q.Sector, Product: q.Product, CVE: q.CVE, Risk: advisories.Risk(q.Risk), Class: advisories.Class(q.Class),
		State: advisories.State(q.State), Since: q.Since, Until: q.Until, Cursor: q.Cursor, Limit: q.Limit,
	}
	if q.TLP != "" {
		m, err := tlp.Parse(q.TLP)
		if err != nil {
			return f, &hub.Error{Code: hub.Invalid, Message: "tlp: " + err.Error()}
		}
		f.TLP = m
	}
	return f, nil
}

// AdvisoryCaller is who asks, as the advisories know them.
func AdvisoryCaller(c *hub.Caller) *advisories.Caller {
	a := &advisories.Caller{Reader: c.AdvisoryReader(), Entry: c.AuditEntry()}
	if len(c.Scopes) > 0 { // bound to collections
		return a
	}
	a.Admin = c.Role() == hub.RoleHubAdmin
	a.Analyst = a.Admin || c.Role() == hub.RoleAnalyst
	a.Manages = a.Admin || c.Role() == hub.RoleOrganisationAdmin
	a.Assets = c.Member() && c.Role() != hub.RoleReader
	if c.Kind == hub.CallerPerson {
		a.Person = c.Person.ID
	}
	return a
}

func (s *server) advisories() {
	tags := []string{"Advisories"}
	op(s, huma.Operation{
		OperationID: "advisories", Method: http.MethodGet, Path: "/advisories", Tags: tags, Security: open(),
		Summary: "List advisories", Description: "Newest first, of what the caller may read. A page may be short and yet have a next one.",
	}, s.listAdvisories)
	op(s, huma.Operation{
		OperationID: "advisory", Method: http.MethodGet, Path: "/advisories/{id}", Tags: tags, Security: open(), Summary: "Get an advisory",
	}, func(ctx context.Context, in *struct {
		AdvisoryPath
		Revision int `query:"revision" minimum:"0" doc:"An earlier revision; 0 or absent: the last."`
	}) (*body[apiclient.Advisory], error) {
		p, from, err := s.publication(ctx, AdvisoryCaller(caller(ctx)), in.ID, in.Revision)
		if err != nil {
			return nil, err
		}
		out, err := toAdvisory(&p)
		out.Library = from
		return &body[apiclient.Advisory]{out}, err
	})
	op(s, huma.Operation{
		OperationID: "advisory-content", Method: http.MethodGet, Path: "/advisories/{id}/content", Tags: tags, Security: open(),
		Summary: "Get an advisory in a form", Description: "As CSAF 2.0 (the bytes that were published), its signature, STIX 2.1, OSV, HTML, plain text, Markdown, a mail's body or YAML.",
		Responses: streams("application/octet-stream"),
	}, s.advisoryContent)
	op(s, huma.Operation{
		OperationID: "advisory-diff", Method: http.MethodGet, Path: "/advisories/{id}/diff", Tags: tags, Security: open(),
		Summary: "What changed between two revisions", Description: "Analysts may also compare what is at work: to=0.",
	}, s.advisoryDiff)
	op(s, huma.Operation{
		OperationID: "advisory-export", Method: http.MethodGet, Path: "/advisories/export", Tags: tags, Security: open(),
		Summary: "Export every advisory's CSAF document", Description: "Lines of JSON, one for each advisory that the caller may read, with hashes and signature: what a CSAF provider is made of.",
		Responses: streams("application/x-ndjson"),
	}, s.stream("application/x-ndjson", func(ctx context.Context, c *hub.Caller, w io.Writer) error {
		return s.Forms.Export(ctx, AdvisoryCaller(c), w)
	}))
	op(s, huma.Operation{
		OperationID: "advisory-settings", Method: http.MethodGet, Path: "/advisories/settings", Tags: tags, Security: open(), Summary: "How advisories are published",
	}, func(ctx context.Context, _ *none) (*body[apiclient.AdvisorySettings], error) {
		got, err := s.Advisories.Settings(ctx)
		return &body[apiclient.AdvisorySettings]{s.toSettings(got)}, err
	})
	op(s, huma.Operation{
		OperationID: "change-advisory-settings", Method: http.MethodPatch, Path: "/advisories/settings", Tags: tags, Summary: "Change how advisories are published",
		Description: "For hub administrators. It holds for what is published from then on.",
	}, s.changeAdvisorySettings)
}

func (s *server) listAdvisories(ctx context.Context, in *AdvisoryQuery) (*body[apiclient.List[apiclient.AdvisorySummary]], error) {
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	page, err := s.Advisories.List(ctx, AdvisoryCaller(caller(ctx)), f)
	if err != nil {
		return nil, err
	}
	out := apiclient.List[apiclient.AdvisorySummary]{Items: []apiclient.AdvisorySummary{}, Next: page.Next}
	for i := range page.Items {
		out.Items = append(out.Items, toSummary(&page.Items[i]))
	}
	return &body[apiclient.List[apiclient.AdvisorySummary]]{out}, nil
}

type advisoryContentInput struct {
	AdvisoryPath
	Revision int    `query:"revision" minimum:"0" doc:"An earlier revision; 0 or absent: the last."`
	Format   string `query:"format" enum:"csaf,signature,stix,osv,html,text,markdown,mail,yaml" default:"csaf" doc:"Of an entry of the library csaf is the document as it was received."`
	Lang     string `query:"lang" enum:"en,zh-Hant,zh-Hans" default:"en"`
}

func (s *server) advisoryContent(ctx context.Context, in *advisoryContentInput) (*contentOutput, error) {
	c := AdvisoryCaller(caller(ctx))
	switch library := strings.HasPrefix(in.ID, libraryPrefix); {
	case library && in.Format == "csaf":
		file, err := s.Advisories.LibraryRaw(ctx, c, in.ID)
		return &contentOutput{file.MediaType, file.Bytes}, err
	case in.Format == "csaf":
		file, err := s.Advisories.Document(ctx, c, in.ID, in.Revision)
		return &contentOutput{file.MediaType, file.Bytes}, err
	case in.Format == "signature":
		file, err := s.Advisories.Document(ctx, c, in.ID, in.Revision)
		if err == nil && file.Signature == "" {
			err = &hub.Error{Code: hub.NotFound, Message: "this advisory is not signed"}
		}
		return &contentOutput{"application/pgp-signature", []byte(file.Signature)}, err
	}
	p, _, err := s.publication(ctx, c, in.ID, in.Revision)
	if err != nil {
		return nil, err
	}
	return s.form(&p, in.Format, in.Lang)
}

// publication finds what is published here or, by its name there, in the library.
func (s *server) publication(ctx context.Context, c *advisories.Caller, id string, revision int) (advisories.Publication, *apiclient.Provenance, error) {
	if !strings.HasPrefix(id, libraryPrefix) {
		p, err := s.Advisories.Show(ctx, c, id, revision)
		return p, nil, err
	}
	e, err := s.Advisories.LibraryShow(ctx, c, id)
	if err != nil {
		return e.Publication, nil, err
	}
	return e.Publication, toProvenance(&e), nil
}

// libraryPrefix begins the names of entries of the library.
const libraryPrefix = "library--"

func (s *server) form(p *advisories.Publication, format, lang string) (*contentOutput, error) {
	data, kind, err := s.Forms.Render(p, format, i18n.Lang(lang))
	if err != nil {
		return nil, err
	}
	return &contentOutput{kind, data}, nil
}

func (s *server) advisoryDiff(ctx context.Context, in *struct {
	AdvisoryPath
	From int `query:"from" minimum:"0" doc:"Revision; 0 or absent: the one before."`
	To   int `query:"to" minimum:"-1" default:"-1" doc:"Revision; absent: the last; 0: what is at work, for analysts."`
}) (*body[apiclient.AdvisoryDiff], error) {
	c := AdvisoryCaller(caller(ctx))
	out := apiclient.AdvisoryDiff{From: in.From, To: in.To, Changes: []apiclient.FieldChange{}}
	var before, after advisories.Advisory
	if in.To == 0 {
		record, err := s.Advisories.Get(ctx, c, in.ID)
		if err != nil {
			return nil, err
		}
		after = record.Text()
		if record.Published != nil {
			before, out.From = *record.Published, record.Tracking.Number()
		}
	} else {
		p, err := s.Advisories.Show(ctx, c, in.ID, max(in.To, 0))
		if err != nil {
			return nil, err
		}
		after, out.To = p.Advisory, p.Tracking.Number()
		if in.From == 0 {
			out.From = out.To - 1
		}
	}
	if out.From > 0 && (in.To != 0 || in.From > 0) {
		p, err := s.Advisories.Show(ctx, c, in.ID, cmp.Or(in.From, out.From))
		if err != nil {
			return nil, err
		}
		before, out.From = p.Advisory, p.Tracking.Number()
	}
	changes := advisories.Diff(before, after)
	for _, d := range changes {
		out.Changes = append(out.Changes, apiclient.FieldChange{Path: d.Path, Old: d.Old, New: d.New})
	}
	out.Text = advisories.DiffText(changes)
	return &body[apiclient.AdvisoryDiff]{out}, nil
}

func (s *server) toSettings(a advisories.Settings) apiclient.AdvisorySettings {
	return apiclient.AdvisorySettings{
		PatternClear: a.PatternClear, PatternOther: a.PatternOther, URL: a.CanonicalURL, Publisher: a.Publisher.Name, Namespace: a.Publisher.Namespace,
		Category: a.Publisher.Category, Contact: a.Publisher.Contact, Authority: a.Publisher.Authority, Fingerprint: s.Forms.Fingerprint(), PublicKey: string(s.Forms.PublicKey()), Updated: a.Updated,
	}
}

func (s *server) changeAdvisorySettings(ctx context.Context, in *body[apiclient.AdvisorySettingsEdit]) (*body[apiclient.AdvisorySettings], error) {
	set, err := s.Advisories.Settings(ctx)
	if err != nil {
		return nil, err
	}
	b := in.Body
	for _, f := range []struct{ old, edit *string }{
		{&set.PatternClear, b.PatternClear}, {&set.PatternOther, b.PatternOther}, {&set.CanonicalURL, b.URL}, {&set.Publisher.Name, b.Publisher},
		{&set.Publisher.Namespace, b.Namespace}, {&set.Publisher.Category, b.Category}, {&set.Publisher.Contact, b.Contact}, {&set.Publisher.Authority, b.Authority},
	} {
		if f.edit != nil {
			*f.old = *f.edit
		}
	}
	set, err = s.Advisories.SetSettings(ctx, AdvisoryCaller(caller(ctx)), set)
	return &body[apiclient.AdvisorySettings]{s.toSettings(set)}, err
}

func toSummary(p *advisories.Publication) apiclient.AdvisorySummary {
	a, t := &p.Advisory, &p.Tracking
	out := apiclient.AdvisorySummary{
		ID: t.ID, Title: toTexts(a.Title), Class: string(a.Class), Risk: string(a.Risk), TLP: a.TLP.String(), State: string(t.State), Revision: t.Number(),
		Initial: t.Initial, Current: t.Current, Tags: a.Tags, Sectors: a.Sectors, URL: t.URL, Publisher: p.Publisher.Name,
	}
	for i := range a.Vulnerabilities {
		v := &a.Vulnerabilities[i]
		if v.CVE != "" {
			out.CVEs = append(out.CVEs, v.CVE)
		}
		out.Exploited = out.Exploited || v.Exploited != nil && v.Exploited.Known
	}
	for _, x := range a.Products {
		if name := strings.TrimSpace(x.Vendor + " " + x.Name); !slices.Contains(out.Products, name) {
			out.Products = append(out.Products, name)
		}
	}
	if worst := a.Severity(); worst.Version != "" {
		out.Severity, out.Score = strings.ToLower(worst.Severity), worst.Score
	}
	return out
}

func toTexts(t advisories.Texts) map[string]string {
	out := make(map[string]string, len(t))
	for lang, text := range t {
		out[string(lang)] = text
	}
	return out
}

// fromTexts takes over the texts of the languages that there are.
func fromTexts(t map[string]string) (advisories.Texts, error) {
	var out advisories.Texts
	for lang, text := range t {
		if !slices.Contains(i18n.Langs(), i18n.Lang(lang)) {
			return nil, &hub.Error{Code: hub.Invalid, Message: "there is no language " + lang + ": there are en, zh-Hant and zh-Hans"}
		}
		if out == nil {
			out = advisories.Texts{}
		}
		out[i18n.Lang(lang)] = text
	}
	return out, nil
}

func toAdvisory(p *advisories.Publication) (apiclient.Advisory, error) {
	raw, err := json.Marshal(p.Advisory)
	out := apiclient.Advisory{AdvisorySummary: toSummary(p), SupersededBy: p.Tracking.SupersededBy, Advisory: raw, Revisions: []apiclient.Revision{}}
	for _, r := range p.Tracking.Revisions {
		out.Revisions = append(out.Revisions, apiclient.Revision{Number: r.Number, Date: r.Date, Summary: toTexts(r.Summary)})
	}
	return out, err
}
