package app

import (
	"net/url"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/formats"
	"github.com/cybersec-infohub/infohub/advisories/osv"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// links are where a publication is in other languages, and in other forms for
// readers of this one; none where the hub has no address.
func links(p *advisories.Publication, reading i18n.Lang) []formats.Link {
	base, ok := strings.CutSuffix(p.Tracking.URL, "/advisories/"+p.Tracking.ID)
	if !ok || base == "" {
		return nil
	}
	var out []formats.Link
	for _, lang := range i18n.Langs() {
		page := base + "/" + string(lang) + "/advisories/" + url.PathEscape(p.Tracking.ID)
		out = append(out, formats.Link{Lang: lang, Format: formats.FormatHTML, URL: page})
		if lang == reading {
			out = append(out, formats.Link{Lang: lang, Format: formats.FormatText, URL: page + ".txt"}, formats.Link{Lang: lang, Format: formats.FormatMarkdown, URL: page + ".md"})
		}
	}
	one := base + "/advisories/" + url.PathEscape(p.Tracking.ID)
	out = append(out, formats.Link{Format: formats.FormatCSAF, URL: one + ".json"}, formats.Link{Format: formats.FormatSTIX, URL: one + ".stix.json"})
	if records, err := osv.Export(*p); err == nil && len(records) > 0 {
		out = append(out, formats.Link{Format: formats.FormatOSV, URL: one + ".osv.json"})
	}
	return out
}

func feedQuery(sector, product string) string {
	q := url.Values{}
	if sector != "" {
		q.Set("sector", sector)
	}
	if product != "" {
		q.Set("product", product)
	}
	return q.Encode()
}
