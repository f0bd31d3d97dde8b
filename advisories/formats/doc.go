// Package formats renders a publication for people and for the programs that
// they read with: as a web page in the Hong Kong form, plain text, Markdown, a
// mail, a digest of several, the payload of a webhook, Atom, RSS and JSON Feed,
// and the catalogue for open data with its dictionary.
//
// All but feeds and catalogue are made of one document (document.go), so that no
// form leaves out what another says. A text that is missing in a language is said
// to be missing, with the languages that it can be had in. Whatever a publication
// holds is untrusted, since it may have been imported: it passes clean before it
// is shown. Functions are pure: no clock, no network, the same bytes for the same
// publication.
//
// Whom a publication is addressed to (Organisations, People) and its Embargo are
// never shown: they concern those who publish it.
//
// internal/app, hub/api and hub/portal's wiring import it; it imports advisories
// and leaves.
package formats

import (
	"time"

	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// Format is a form in which an advisory can be had.
type Format string

// The formats that a page links to.
const (
	FormatHTML     Format = "html"
	FormatText     Format = "text"
	FormatMarkdown Format = "markdown"
	FormatCSAF     Format = "csaf"
	FormatSTIX     Format = "stix"
	FormatOSV      Format = "osv"
)

// Link is where the same advisory is in another format or language.
type Link struct {
	Lang   i18n.Lang // "" for a form that has no language, such as CSAF
	Format Format
	URL    string // http, https, or a path of the same host
}

// Options are how a publication is to look.
type Options struct {
	Lang  i18n.Lang      // "" and what has no words is English
	Zone  *time.Location // in which times are given; nil is UTC
	Links []Link         // the same advisory elsewhere, in the order to show

	// The rest is for pages.
	Stylesheet string // URL of what Style returns; "": it stands in the page
	Home       string // URL of the list of advisories; "": none
	// Successor is the URL of the page of what this one is superseded by; "": none.
	Successor string
}

func (o Options) words() *i18n.Words { return i18n.For(o.Lang) }

// endonym is a language's name in itself: who looks for it knows it so.
func endonym(lang i18n.Lang) string {
	switch lang {
	case i18n.Traditional:
		return "繁體中文"
	case i18n.Simplified:
		return "简体中文"
	}
	return "English"
}

// tagOf is a BCP 47 tag with the region, which chooses the fonts.
func tagOf(lang i18n.Lang) string {
	switch lang {
	case i18n.Traditional:
		return "zh-Hant-HK"
	case i18n.Simplified:
		return "zh-Hans-CN"
	}
	return "en"
}
