package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
)

// product is one technology of the inventory.
type product struct {
	Name     string // with the version, where it is known
	Category string
	Seen     string // what shows it
}

func inventory(r *scanner.Report, w *i18n.Words) []product {
	var all []product
	for _, t := range r.Technologies {
		p := product{Name: strings.TrimSpace(clean(t.Name) + " " + clean(t.Version)), Category: clean(t.Category)}
		if key := "technology." + t.Category; w.Has(key) {
			p.Category = w.T(key)
		}
		var seen []string
		for _, e := range t.Evidence {
			seen = append(seen, clean(e.Subject)+": "+clean(e.Observed))
		}
		p.Seen = joined(w, seen...)
		all = append(all, p)
	}
	return all
}

// mdnOf says what MDN's HTTP Observatory would, "" if it would say nothing.
func mdnOf(r *scanner.Report, w *i18n.Words) string {
	switch m := r.MDN; {
	case m == nil:
		return ""
	case m.Failure != nil:
		return w.T("mdn.unknown", "reason", w.T("failure."+string(m.Failure.Kind)))
	default:
		return w.T("mdn.score", "host", clean(m.Host), "grade", m.Grade, "score", m.Score)
	}
}

// inventory writes what the site is made with, one product a line.
func (p *printer) inventory(v *view) {
	if len(v.Inventory) == 0 {
		return
	}
	p.blank()
	p.line(0, v.T("technology.title"), strong)
	at := 4
	for _, x := range v.Inventory {
		at = max(at, min(columns(x.Name)+4, p.width/2))
	}
	for _, x := range v.Inventory {
		p.para(2, x.Name, plain, at, x.Category, faint)
		if p.verbose {
			p.line(at, x.Seen, faint)
		}
	}
}

// inventory is a list, since nothing of the site's stands in a table.
func (m *markdown) inventory() {
	if len(m.Inventory) == 0 {
		return
	}
	m.para("## " + mdText(m.T("technology.title")))
	m.out.WriteByte('\n')
	for _, x := range m.Inventory {
		fmt.Fprintf(&m.out, "- %s %s\n", mdCode(x.Name), mdText(x.Category))
	}
}

// platformsSeen are the web servers of the inventory whose configuration the
// remedies know; nil if it has none.
func platformsSeen(r *scanner.Report) []rules.Platform {
	of := map[string]rules.Platform{
		"nginx": rules.Nginx, "openresty": rules.Nginx, "tengine": rules.Nginx, "apache": rules.Apache, "litespeed": rules.Apache,
		"iis": rules.IIS, "cloudflare": rules.Cloudflare,
	}
	var seen []rules.Platform
	for _, t := range r.Technologies {
		if p, ok := of[t.ID]; ok && !slices.Contains(seen, p) {
			seen = append(seen, p)
		}
	}
	return seen
}
