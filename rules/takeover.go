package rules

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"path"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// Takeover is a hosted service on which anybody may take a name that nobody has
// claimed, and how it says that a name is one of these.
type Takeover struct {
	Service  string   `yaml:"service"`
	Status   string   `yaml:"status"` // "vulnerable", or "edge": it depends
	CNAME    []string `yaml:"cname"`
	NS       []string `yaml:"ns"`
	NXDOMAIN bool     `yaml:"nxdomain"`
	Page     []string `yaml:"page"`
	HTTP     int      `yaml:"http"`
}

// LoadTakeovers parses the embedded takeover.yaml, once.
var LoadTakeovers = sync.OnceValues(func() ([]Takeover, error) {
	data, err := files.ReadFile("takeover.yaml")
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	return ParseTakeovers(data)
})

// ParseTakeovers reads the form of takeover.yaml. An error names the service
// and what is wrong with it.
func ParseTakeovers(data []byte) ([]Takeover, error) {
	var doc struct {
		Services []Takeover `yaml:"services"`
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&doc); err != nil {
		return nil, fmt.Errorf("rules: takeover.yaml: %w", err)
	}
	seen := map[string]bool{}
	for _, t := range doc.Services {
		if err := t.check(); err != nil {
			return nil, fmt.Errorf("rules: takeover.yaml: %q: %w", t.Service, err)
		}
		if seen[t.Service] {
			return nil, fmt.Errorf("rules: takeover.yaml: %q stands twice", t.Service)
		}
		seen[t.Service] = true
	}
	return doc.Services, nil
}

func (t Takeover) check() error {
	switch {
	case t.Service == "":
		return errors.New("a service has no name")
	case t.Status != "vulnerable" && t.Status != "edge":
		return fmt.Errorf("status %q is neither vulnerable nor edge", t.Status)
	case len(t.CNAME)+len(t.NS) == 0:
		return errors.New("neither cname nor ns says what leads there")
	case len(t.CNAME) > 0 && !t.NXDOMAIN && len(t.Page) == 0 && t.HTTP == 0:
		return errors.New("nothing says how an unclaimed name is told: nxdomain, page or http")
	case t.NXDOMAIN && (len(t.Page) > 0 || t.HTTP != 0):
		return errors.New("a name that does not exist has no page")
	}
	for _, p := range append(t.CNAME, t.NS...) {
		if _, err := path.Match(p, ""); err != nil || strings.Count(p, ".") < 1 || p != strings.ToLower(p) {
			return fmt.Errorf("%q is no domain name in lower case", p)
		}
	}
	for _, p := range t.Page {
		if len(strings.Trim(p, " *")) < 8 {
			return fmt.Errorf("page %q is too short to prove anything", p)
		}
	}
	return nil
}

// Sure tells whether an unclaimed name is certain to be one that a stranger can
// take: the service is known to hand it out, and says in words that it is free.
func (t Takeover) Sure() bool {
	return t.Status == "vulnerable" && (t.NXDOMAIN || len(t.Page) > 0 || len(t.NS) > 0)
}

// Leads tells whether target, an alias's, lies at the service.
func (t Takeover) Leads(target string) bool { return endsIn(target, t.CNAME) }

// Serves tells whether server is one of the service's name servers.
func (t Takeover) Serves(server string) bool { return endsIn(server, t.NS) }

func endsIn(name string, patterns []string) bool {
	labels := strings.Split(strings.ToLower(strings.TrimSuffix(name, ".")), ".")
	for _, p := range patterns {
		want := strings.Split(p, ".")
		if len(want) > len(labels) {
			continue
		}
		fits := true
		for i, l := range labels[len(labels)-len(want):] {
			ok, err := path.Match(want[i], l)
			fits = fits && ok && err == nil
		}
		if fits {
			return true
		}
	}
	return false
}

// Unclaimed reads the service's answer to a request for the name. said is what
// gave it away, "" if nothing did.
func (t Takeover) Unclaimed(code int, body string) (said string) {
	if t.HTTP != 0 && t.HTTP != code {
		return ""
	}
	if len(t.Page) == 0 {
		if t.HTTP == 0 {
			return ""
		}
		return fmt.Sprintf("HTTP %d", code)
	}
	text := smooth(html.UnescapeString(body))
	for _, p := range t.Page {
		if containsInOrder(text, strings.Split(smooth(p), "*")) {
			return p
		}
	}
	return ""
}

// maxGap is how many bytes a * of a page's words may stand for.
const maxGap = 120

// containsInOrder looks for parts one after the other, near each other.
func containsInOrder(text string, parts []string) bool {
	for at := strings.Index(text, parts[0]); at >= 0; {
		rest, ok := text[at+len(parts[0]):], true
		for _, p := range parts[1:] {
			i := strings.Index(rest[:min(len(rest), maxGap+len(p))], p)
			if ok = i >= 0; !ok {
				break
			}
			rest = rest[i+len(p):]
		}
		if ok {
			return true
		}
		next := strings.Index(text[at+1:], parts[0])
		if next < 0 {
			return false
		}
		at += 1 + next
	}
	return false
}

// smooth makes texts comparable: case, apostrophes, white space.
func smooth(s string) string {
	s = strings.NewReplacer("’", "'", "‘", "'", "\u00a0", " ").Replace(strings.ToLower(s))
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == '\r' }), " ")
}
