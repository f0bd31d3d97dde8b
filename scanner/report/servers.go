package report

import (
	"fmt"
	"strings"

	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/scanner"
)

// server is a web server of which every cipher suite was asked for.
type server struct {
	Title    string
	Partial  string // why the suites may not be all, or ""
	Profiles []said
	Clients  []said
}

// said is what is to be told of a profile or a program.
type said struct{ Name, Says string }

func serversOf(r *scanner.Report, w *i18n.Words) []server {
	var all []server
	for _, s := range r.TLSServers {
		x := server{Title: w.T("servers.title", "name", clean(s.Name), "addr", clean(s.Addr))}
		if s.Failure != nil {
			x.Partial = w.T("servers.partial", "reason", w.T("failure."+string(s.Failure.Kind)))
		}
		for _, p := range s.Profiles {
			says := w.T("servers.met")
			if !p.Met() {
				says = w.T("servers.not-met", "against", clean(list(w, p.Against...)))
			}
			x.Profiles = append(x.Profiles, said{clean(p.Name), says})
		}
		for _, c := range s.Clients {
			says := w.T("servers.cannot")
			if c.Connects() {
				says = clean(list(w, c.Version, c.Suite, c.Group))
			}
			x.Clients = append(x.Clients, said{clean(c.Name), says})
		}
		all = append(all, x)
	}
	return all
}

func (p *printer) servers(v *view) {
	for _, s := range v.Servers {
		p.blank()
		p.line(0, s.Title, strong)
		if s.Partial != "" {
			p.line(2, s.Partial, yellow)
		}
		for _, part := range []struct {
			key  string
			rows []said
		}{{"servers.profiles", s.Profiles}, {"servers.clients", s.Clients}} {
			p.line(2, v.T(part.key), plain)
			at := 0
			for _, row := range part.rows {
				at = max(at, min(columns(row.Name)+6, p.width/2))
			}
			for _, row := range part.rows {
				p.para(4, row.Name, plain, at, row.Says, faint)
			}
		}
	}
}

func (m *markdown) servers() {
	for _, s := range m.Servers {
		m.para("## " + mdText(s.Title))
		if s.Partial != "" {
			m.para(mdText(s.Partial))
		}
		for _, rows := range [][]said{s.Profiles, s.Clients} {
			m.out.WriteByte('\n')
			for _, row := range rows {
				fmt.Fprintf(&m.out, "- %s: %s\n", mdText(row.Name), strings.TrimSpace(mdText(row.Says)))
			}
		}
	}
}
