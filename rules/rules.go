// Package rules is what every rule says: one YAML file per family with id,
// severity, weight, references, remedies and the words of three languages side
// by side. The files are embedded and parsed on first use.
//
// A leaf: every room may import it; it imports no room.
package rules

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

//go:embed *.yaml
var files embed.FS

// Lang is a language of the product, as a BCP 47 tag.
type Lang string

// The three languages are equals; English comes first where an order is needed.
const (
	English     Lang = "en"
	Traditional Lang = "zh-Hant" // Hong Kong terms
	Simplified  Lang = "zh-Hans"
)

// Langs returns the languages in the order in which files list them.
func Langs() []Lang { return []Lang{English, Traditional, Simplified} }

// Text is the same text in each language.
type Text map[Lang]string

// Severity is how bad a fault is for the owner of the site.
type Severity string

// The severities, worst first.
const (
	Critical Severity = "critical" // others can act as you, or read everything, now
	High     Severity = "high"     // an attack that is common and easy
	Medium   Severity = "medium"   // helps an attacker who has another foothold
	Low      Severity = "low"      // hardening
	Info     Severity = "info"     // advice: weighs nothing, and is never more than a warning
)

// Severities returns the severities, worst first.
func Severities() []Severity { return []Severity{Critical, High, Medium, Low, Info} }

// AtLeast tells whether s is as bad as other, or worse.
func (s Severity) AtLeast(other Severity) bool {
	return slices.Index(Severities(), s) <= slices.Index(Severities(), other)
}

// Owner is who can make the change.
type Owner string

// The owners; interfaces have words for each.
const (
	OwnerDNS  Owner = "dns-provider" // where the domain is registered or its records are kept
	OwnerHost Owner = "web-host"     // the hosting company, or whoever runs the web server
	OwnerDev  Owner = "developer"    // whoever makes the pages
	OwnerMail Owner = "mail-provider"
)

// Owners returns all owners.
func Owners() []Owner { return []Owner{OwnerDNS, OwnerHost, OwnerDev, OwnerMail} }

// Platform is where a remedy's snippet is put.
type Platform string

// The platforms.
const (
	Nginx      Platform = "nginx"
	Apache     Platform = "apache"
	IIS        Platform = "iis"
	Cloudflare Platform = "cloudflare"
	Record     Platform = "dns" // a DNS record, in zone-file form
	Bind       Platform = "bind"
	Postfix    Platform = "postfix"
	File       Platform = "file" // a file on the web site
	HTML       Platform = "html" // the page itself
)

// Platforms returns all platforms, in the order in which reports show them.
func Platforms() []Platform {
	return []Platform{Record, Nginx, Apache, IIS, Cloudflare, Bind, Postfix, HTML, File}
}

// Rule is one fault that can be told apart, with its remedy.
type Rule struct {
	ID         string      `yaml:"id" json:"id"` // family.subject.fault
	Severity   Severity    `yaml:"severity" json:"severity"`
	Weight     int         `yaml:"weight" json:"weight"`           // points of 100 that it costs its family, 1 to 40; 0 for advice
	Effort     int         `yaml:"effort" json:"effort"`           // minutes for somebody who has done it before
	Owner      Owner       `yaml:"owner" json:"owner"`             // who does it
	Active     bool        `yaml:"active" json:"active,omitempty"` // needs --active
	References []Reference `yaml:"references" json:"references"`
	Title      Text        `yaml:"title" json:"title"` // the fault, in the words of a shop owner, no full stop
	Why        Text        `yaml:"why" json:"why"`     // what can happen, 1 to 3 sentences
	Fix        Text        `yaml:"fix" json:"fix"`     // what to do, 1 to 4 sentences, the next step first
	// Task is the change itself, said to whoever makes it: one or two sentences
	// for a professional, who gets them in a letter without the rest.
	Task     Text     `yaml:"task" json:"task"`
	Remedies []Remedy `yaml:"remedies" json:"remedies"`

	Family string `yaml:"-" json:"family"`
}

// Reference is a standard or guide.
type Reference struct {
	Title string `yaml:"title" json:"title"`
	URL   string `yaml:"url" json:"url"`
}

// Remedy is a snippet that is ready to paste, placeholders filled in.
type Remedy struct {
	For     Platform `yaml:"for" json:"for"`
	Snippet string   `yaml:"snippet" json:"snippet"`
}

// Catalogue is all rules, in the order of families and files.
type Catalogue struct {
	rules []Rule
	byID  map[string]int
}

// Families returns the families in the order of reports.
func Families() []string { return []string{"web", "tls", "mail", "dns", "exposure"} }

// Load parses the embedded files, once. An error is a broken build: tests
// find it.
var Load = sync.OnceValues(func() (*Catalogue, error) { return Parse(files) })

// Parse reads a catalogue from one YAML file per family at the root of fsys;
// all five must be there. Tests use it for catalogues of their own.
func Parse(fsys fs.FS) (*Catalogue, error) {
	c := &Catalogue{byID: map[string]int{}}
	for _, family := range Families() {
		data, err := fs.ReadFile(fsys, family+".yaml")
		if err != nil {
			return nil, fmt.Errorf("rules: %w", err)
		}
		var doc struct {
			Rules []Rule `yaml:"rules"`
		}
		dec := yaml.NewDecoder(bytes.NewReader(data))
		dec.KnownFields(true)
		if err := dec.Decode(&doc); err != nil {
			return nil, fmt.Errorf("rules: %s.yaml: %w", family, err)
		}
		for _, r := range doc.Rules {
			r.Family = family
			if _, dup := c.byID[r.ID]; dup {
				return nil, fmt.Errorf("rules: %s.yaml: %s stands twice", family, r.ID)
			}
			c.byID[r.ID] = len(c.rules)
			c.rules = append(c.rules, r)
		}
	}
	return c, nil
}

// All returns every rule; the caller must not change it.
func (c *Catalogue) All() []Rule { return c.rules }

// Rule returns the rule with this id.
func (c *Catalogue) Rule(id string) (Rule, bool) {
	i, ok := c.byID[id]
	if !ok {
		return Rule{}, false
	}
	return c.rules[i], true
}

// Placeholders returns the names that stand in braces in words and snippets of
// every rule and are always filled in: {domain} "example.hk", {www}
// "www.example.hk", {unicode} the domain in its own script. A check may add
// more with Finding.With; {host} is the web name at fault and is {domain}
// where the check names none.
func Placeholders() []string { return []string{"domain", "www", "unicode", "host"} }

// Fill puts the values into the placeholders of s. A brace that is no
// placeholder of values stays as it is (snippets have braces of their own).
func Fill(s string, values map[string]string) string {
	if !strings.Contains(s, "{") {
		return s
	}
	pairs := make([]string, 0, 2*len(values))
	for k, v := range values {
		pairs = append(pairs, "{"+k+"}", v)
	}
	return strings.NewReplacer(pairs...).Replace(s)
}
