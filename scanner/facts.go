package scanner

import "time"

// Facts is everything the probes saw, and nothing that anyone thinks of it.
// It can be stored as JSON and judged again by newer checks without touching
// the site. A nil section means that the probe delivered nothing: Probes says
// why.
type Facts struct {
	Target  Target       `json:"target"`
	Started time.Time    `json:"started"` // UTC; checks use it as their clock
	Probes  []ProbeRun   `json:"probes"`
	Options Options      `json:"options"`
	DNS     *DNSFacts    `json:"dns,omitempty"`
	Web     *WebFacts    `json:"web,omitempty"`
	TLS     *TLSFacts    `json:"tls,omitempty"`
	Mail    *MailFacts   `json:"mail,omitempty"`
	Active  *ActiveFacts `json:"active,omitempty"`
}

// Options are the choices of a scan that a judge has to know.
type Options struct {
	Active       bool `json:"active"`        // the owner agreed to active checks
	AllowPrivate bool `json:"allow_private"` // addresses of private networks are in scope
	// TLSFull asks web servers for every cipher suite: up to 150 connections to one address.
	TLSFull bool     `json:"tls_full,omitempty"`
	DKIM    []string `json:"dkim_selectors,omitempty"` // selectors the user named, before the usual ones
	// Authorisation is why Active was allowed; nil: nobody recorded it.
	Authorisation *Authorisation `json:"authorisation,omitempty"`
}

// ProbeRun says how one probe ended.
type ProbeRun struct {
	Name    string   `json:"name"`
	Millis  int64    `json:"millis"`
	Failure *Failure `json:"failure,omitempty"` // nil: it delivered all it set out to
	// Stopped: it was cut off, because the scan's time was over or somebody
	// stopped the scan. Failure says which.
	Stopped bool `json:"stopped,omitempty"`
}

// Section is one probe's part of Facts. The sections are the types DNSFacts,
// WebFacts, TLSFacts, MailFacts and ActiveFacts.
type Section interface{ attach(*Facts) }

func (s *DNSFacts) attach(f *Facts)    { f.DNS = s }
func (s *WebFacts) attach(f *Facts)    { f.Web = s }
func (s *TLSFacts) attach(f *Facts)    { f.TLS = s }
func (s *MailFacts) attach(f *Facts)   { f.Mail = s }
func (s *ActiveFacts) attach(f *Facts) { f.Active = s }

// RunOf returns how the named probe ended, or nil if it never ran.
func (f *Facts) RunOf(probe string) *ProbeRun {
	for i := range f.Probes {
		if f.Probes[i].Name == probe {
			return &f.Probes[i]
		}
	}
	return nil
}
