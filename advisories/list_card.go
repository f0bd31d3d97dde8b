package advisories

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// A card is what lists are made of: it stands in the order of the list and says of
// one advisory all that a filter asks. Its sieve tells most that do not fit from
// those that may without reading the rest.
//
//	1 byte   who may read it at most: see gate
//	2 bytes  length of the sieve, and the sieve
//	4 bytes  length of the facts, and the facts, JSON
//	         the text that is searched, folded
type card struct {
	facts facts
	text  string
}

// facts are what a filter asks but for text.
type facts struct {
	Risk     Risk         `json:"r,omitempty"`
	Class    Class        `json:"c,omitempty"`
	TLP      tlp.Marking  `json:"t,omitempty"`
	State    State        `json:"s,omitempty"`
	Work     State        `json:"w,omitempty"`
	Tags     []string     `json:"g,omitempty"`
	Sectors  []string     `json:"i,omitempty"`
	Langs    []i18n.Lang  `json:"l,omitempty"`
	Products []string     `json:"p,omitempty"` // "vendor name", folded
	About    []string     `json:"v,omitempty"` // names of vulnerabilities, in lower case
	Audience tlp.Audience `json:"a"`
	Writers  []string     `json:"o,omitempty"`
}

// A gate says which readers need not look at a card. It only ever opens too wide:
// what is behind it is asked of the policy.
const (
	gateOpen    = 'o' // everybody
	gateMembers = 'm' // members
	gateOrgs    = 'a' // those of an organisation in the sieve, and analysts
	gatePeople  = 'p' // a person in the sieve
)

var errCard = errors.New("advisories: a card is damaged")

// Bounds of a card: what is beyond them is not found.
const (
	maxCardText     = 256 << 10 // bytes
	maxCardProducts = 2000
)

func newCard(a *Advisory, state, work State, audience tlp.Audience, writers []string, ids ...string) *card {
	c := &card{facts: facts{
		Risk: a.Risk, Class: a.Class, TLP: a.TLP, State: state, Work: work, Tags: a.Tags, Sectors: a.Sectors,
		About: vulnerabilities(a), Audience: audience, Writers: writers,
	}}
	for _, lang := range i18n.Langs() {
		if a.Title[lang] != "" {
			c.facts.Langs = append(c.facts.Langs, lang)
		}
	}
	for i := range a.Products[:min(len(a.Products), maxCardProducts)] {
		c.facts.Products = append(c.facts.Products, fold(strings.TrimSpace(a.Products[i].Vendor+" "+a.Products[i].Name)))
	}
	slices.Sort(c.facts.Products)
	c.facts.Products = slices.Compact(c.facts.Products)
	c.text = searched(a, append(ids, c.facts.About...))
	return c
}

func cardOfRecord(rec *Record) *card {
	a := rec.Text()
	audience, work := rec.Audience, State("")
	if rec.Work != nil {
		audience, work = rec.Work.Audience, rec.Work.State
	}
	return newCard(&a, rec.State, work, audience, rec.Writers, rec.ID, rec.UUID)
}

func cardOfPublication(p *Publication, writers []string) *card {
	return newCard(&p.Advisory, p.Tracking.State, "", p.Audience, writers, append(slices.Clone(p.Tracking.Aliases), p.Tracking.ID, p.Publisher.Name)...)
}

func (c *card) gate() byte {
	gate := byte(gateOpen)
	for _, m := range c.facts.Audience.Markings {
		switch {
		case personal(m):
			return gatePeople
		case m == tlp.Amber || m == tlp.AmberStrict:
			gate = gateOrgs
		case m == tlp.Green && gate == gateOpen:
			gate = gateMembers
		}
	}
	return gate
}

// What stands in a sieve beside the parts of the text. No part of a text is so.
const (
	sieveOrg    = "\x00o"
	sievePerson = "\x00p"
	sieveTag    = "\x00g"
	sieveSector = "\x00i"
	sieveAbout  = "\x00v"
)

func (c *card) encode() []byte {
	words := map[uint64]bool{}
	add := func(kind string, values ...string) {
		for _, v := range values {
			words[hashed(kind+v)] = true
		}
	}
	add(sieveOrg, c.facts.Audience.Organisations...)
	add(sievePerson, c.facts.Audience.People...)
	add(sievePerson, c.facts.Writers...)
	add(sieveTag, c.facts.Tags...)
	add(sieveSector, c.facts.Sectors...)
	if len(c.facts.Sectors) == 0 {
		add(sieveSector, "")
	}
	add(sieveAbout, c.facts.About...)
	for part := range parts(c.text) {
		words[part] = true
	}
	facts, err := json.Marshal(c.facts)
	if err != nil {
		facts = nil // strings and their lists: it cannot fail; what decodes to nothing is nobody's
	}
	s := newSieve(len(words))
	for w := range words {
		s.put(w)
	}
	b := make([]byte, 0, 1+2+len(s)+4+len(facts)+len(c.text))
	b = append(b, c.gate())
	b = binary.BigEndian.AppendUint16(b, uint16(len(s)))
	b = append(b, s...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(facts)))
	return append(append(b, facts...), c.text...)
}

// cardView is a card as it is read: parts of the store's memory.
type cardView struct {
	gate        byte
	sieve       sieve
	facts, text []byte
}

func readCard(b []byte) (v cardView, err error) {
	if len(b) < 3 {
		return v, errCard
	}
	v.gate = b[0]
	n := int(binary.BigEndian.Uint16(b[1:]))
	if b = b[3:]; len(b) < n+4 || n == 0 {
		return v, errCard
	}
	v.sieve, b = b[:n], b[n:]
	n = int(binary.BigEndian.Uint32(b))
	if b = b[4:]; len(b) < n {
		return v, errCard
	}
	v.facts, v.text = b[:n], b[n:]
	return v, nil
}

func (v *cardView) decode() (f facts, err error) {
	if err = json.Unmarshal(v.facts, &f); err != nil {
		return f, fmt.Errorf("%w: %w", errCard, err)
	}
	return f, nil
}

// opens reports whether a card may be one that the caller may read.
func (v *cardView) opens(c *Caller) bool {
	switch v.gate {
	case gateOpen:
		return true
	case gateMembers:
		return c.Analyst || c.Reader.Member
	case gateOrgs:
		if c.Analyst || v.sieve.has(sieveOrg+c.Reader.Organisation) {
			return true
		}
		return slices.ContainsFunc(c.Reader.ClientOf, func(id string) bool { return v.sieve.has(sieveOrg + id) })
	}
	return v.sieve.has(sievePerson+c.Reader.Person) || v.sieve.has(sievePerson+c.Person)
}

// searched is the text of an advisory that is searched, folded.
func searched(a *Advisory, ids []string) string {
	var b strings.Builder
	add := func(texts ...string) {
		for _, text := range texts {
			if text != "" && b.Len() < maxCardText {
				b.WriteString(text)
				b.WriteByte('\n')
			}
		}
	}
	all := func(t Texts) {
		for _, lang := range i18n.Langs() {
			add(t[lang])
		}
	}
	add(ids...)
	for _, t := range []Texts{a.Title, a.Description, a.Affected, a.Impact, a.Recommendation} {
		all(t)
	}
	add(a.Tags...)
	for i := range a.Products {
		add(a.Products[i].Vendor + " " + a.Products[i].Name)
	}
	for i := range a.Vulnerabilities {
		v := &a.Vulnerabilities[i]
		all(v.Title)
		all(v.About)
		for _, t := range v.Threats {
			all(t.Details)
		}
	}
	for _, r := range a.Remedies {
		all(r.Details)
	}
	for _, r := range a.References {
		all(r.Summary)
		add(r.URL)
	}
	return cut(fold(b.String()), maxCardText)
}
