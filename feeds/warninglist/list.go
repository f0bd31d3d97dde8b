package warninglist

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/cybersec-infohub/infohub/hub/stix"
)

// Bounds of one list. Beyond MaxSize, MaxEntries, MaxText, MaxRegexes and MaxCost
// Parse refuses it; an entry beyond the others is left out and told of.
const (
	MaxSize      = 64 << 20 // bytes of a list.json
	MaxEntries   = 2_000_000
	MaxEntry     = stix.MaxKey // bytes of an entry, as no longer one can match
	MaxSubstring = 255         // bytes of an entry of a substring list
	MaxRegex     = 2048        // bytes of a regular expression with its delimiters
	MaxText      = 4096        // bytes of a name, a description or an attribute
	MaxRegexes   = 1000        // of a list, whether they can be used or not
	MaxProblems  = 100         // problems that are told one by one
)

// ErrTooLarge is returned, wrapped, for what goes beyond the bounds of a list or of
// a Set.
var ErrTooLarge = errors.New("too large")

// Type is how the entries of a list are compared.
type Type string

// The types of misp-warninglists.
const (
	String    Type = "string"    // the whole value
	Hostname  Type = "hostname"  // the host, or a name above it; dots around an entry mean nothing
	CIDR      Type = "cidr"      // an address, or a block with all that is inside
	Substring Type = "substring" // anywhere in the value
	Regex     Type = "regex"     // a regular expression of PCRE with delimiters
)

// Category is what being on a list says of a value.
type Category string

// The categories of MISP.
const (
	FalsePositive Category = "false_positive" // it is probably no indicator; where a list says nothing
	Known         Category = "known"          // it is an identifier that is known, be it good or bad
)

// List is one warninglist, as Parse read it.
type List struct {
	Name, Description string
	Version           int64
	Type              Type
	Category          Category
	// Attributes are MISP's types of attributes that the list is for; none for all.
	Attributes []string
	// Unmapped are those of Attributes that are none of our kinds of observables.
	Unmapped []string
	// Problems are the entries that were left out, at most MaxProblems of them; Left
	// is how many there were.
	Problems []Problem
	Left     int

	entries []string
	regexes []expression // of a Regex list, one for each entry
	kinds   kinds
}

// Problem is an entry that was left out.
type Problem struct {
	Entry  string // cut where it is long
	Reason string
}

type expression struct {
	re   *regexp.Regexp
	cost int
}

// Len is how many entries were taken.
func (l *List) Len() int { return len(l.entries) }

// Concerns reports whether the list is for observables of this kind.
func (l *List) Concerns(kind stix.ObservableKind) bool { return l.kinds&kindOf(kind) != 0 }

// Parse reads one list.json. Only what makes the list as a whole unusable is an
// error: no JSON, no name, no list, another type or category, ErrTooLarge. A single
// entry that cannot be used is left out and stands in Problems. As in MISP, a list
// without a type is one of strings, and "list" may be an object whose names are the
// entries, and its values comments.
func Parse(r io.Reader) (*List, error) {
	bounded := &io.LimitedReader{R: r, N: MaxSize + 1}
	p := parser{dec: json.NewDecoder(bufio.NewReader(bounded)), list: &List{Version: 1, Type: String, Category: FalsePositive}}
	err := p.object()
	if bounded.N <= 0 {
		err = fmt.Errorf("%w: more than %d bytes", ErrTooLarge, MaxSize)
	}
	if err == nil {
		err = p.take()
	}
	if err != nil {
		return nil, fmt.Errorf("warninglist: %w", err)
	}
	return p.list, nil
}

type parser struct {
	dec     *json.Decoder
	list    *List
	entries []string // as they are written
}

func (p *parser) object() error {
	if token, err := p.dec.Token(); err != nil {
		return err
	} else if token != json.Delim('{') {
		return errors.New("no JSON object")
	}
	seen := map[string]bool{}
	for p.dec.More() {
		name, err := p.name()
		if err != nil {
			return err
		}
		if len(seen) > 100 {
			return fmt.Errorf("%w: more than 100 members", ErrTooLarge)
		}
		if seen[name] {
			return fmt.Errorf("member %.50q twice", name)
		}
		seen[name] = true
		if err := p.member(name); err != nil {
			return fmt.Errorf("member %.50q: %w", name, err)
		}
	}
	if _, err := p.dec.Token(); err != nil {
		return err
	}
	if _, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more text behind the JSON object")
	}
	if p.list.Name == "" || !seen["list"] {
		return errors.New("a name or the list is missing")
	}
	return nil
}

func (p *parser) name() (string, error) {
	token, err := p.dec.Token()
	if err != nil {
		return "", err
	}
	name, ok := token.(string)
	if !ok {
		return "", errors.New("no name of a member")
	}
	return name, nil
}

func (p *parser) member(name string) error {
	switch name {
	case "list":
		return p.values()
	case "name":
		return p.text(&p.list.Name)
	case "description":
		return p.text(&p.list.Description)
	case "matching_attributes":
		return p.attributes()
	}
	var raw json.RawMessage
	if err := p.dec.Decode(&raw); err != nil {
		return err
	}
	switch name {
	case "version":
		version, err := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64)
		if err != nil {
			return fmt.Errorf("%.50q is no whole number", raw)
		}
		p.list.Version = version
	case "type":
		var types []Type // older lists have an array of one
		if json.Unmarshal(raw, &types) != nil || len(types) == 0 {
			types = []Type{""}
			if err := json.Unmarshal(raw, &types[0]); err != nil {
				return err
			}
		}
		p.list.Type = types[0]
		switch p.list.Type {
		case String, Hostname, CIDR, Substring, Regex:
		default:
			return fmt.Errorf("%.50q is none of string, hostname, cidr, substring, regex", p.list.Type)
		}
	case "category":
		if err := json.Unmarshal(raw, &p.list.Category); err != nil {
			return err
		}
		if p.list.Category != FalsePositive && p.list.Category != Known {
			return fmt.Errorf("%.50q is neither false_positive nor known", p.list.Category)
		}
	}
	return nil
}

func (p *parser) text(to *string) error {
	if err := p.dec.Decode(to); err != nil {
		return err
	}
	if len(*to) > MaxText {
		return fmt.Errorf("%w: more than %d bytes", ErrTooLarge, MaxText)
	}
	*to = strings.Map(func(r rune) rune { // it stands in one line of a report
		if r < ' ' || r == 0x7F {
			return ' '
		}
		return r
	}, *to)
	return nil
}

func (p *parser) attributes() error {
	if err := p.dec.Decode(&p.list.Attributes); err != nil {
		return err
	}
	if len(p.list.Attributes) > 1000 {
		return fmt.Errorf("%w: more than 1000", ErrTooLarge)
	}
	for _, attribute := range p.list.Attributes {
		if len(attribute) > MaxText {
			return fmt.Errorf("%w: more than %d bytes", ErrTooLarge, MaxText)
		}
	}
	return nil
}

// values reads the entries one by one, as decoding them at once would hold a large
// list twice.
func (p *parser) values() error {
	open, err := p.dec.Token()
	if err != nil {
		return err
	}
	commented := open == json.Delim('{')
	if !commented && open != json.Delim('[') {
		return errors.New("neither an array nor an object")
	}
	for p.dec.More() {
		if len(p.entries)+p.list.Left == MaxEntries {
			return fmt.Errorf("%w: more than %d entries", ErrTooLarge, MaxEntries)
		}
		token, err := p.dec.Token()
		if err != nil {
			return err
		}
		entry, ok := token.(string)
		if _, nested := token.(json.Delim); nested {
			return errors.New("an entry is an array or an object")
		}
		if !ok {
			p.leave(fmt.Sprint(token), "no string")
			continue
		}
		if commented {
			var comment json.RawMessage
			if err := p.dec.Decode(&comment); err != nil {
				return err
			}
		}
		if len(entry) > max(MaxEntry, MaxRegex) { // do not keep it until the type is known
			p.leave(entry, "too long")
			continue
		}
		p.entries = append(p.entries, entry)
	}
	_, err = p.dec.Token()
	return err
}

func (p *parser) leave(entry, reason string) {
	if p.list.Left++; len(p.list.Problems) < MaxProblems {
		if len(entry) > 100 {
			entry = strings.ToValidUTF8(entry[:100], "") + "..."
		}
		p.list.Problems = append(p.list.Problems, Problem{Entry: entry, Reason: reason})
	}
}

// take keeps the entries that can be used.
func (p *parser) take() error {
	l := p.list
	l.kinds, l.Unmapped = kindsOf(l.Attributes)
	l.entries = p.entries[:0]
	if l.Type == Regex && len(p.entries) > MaxRegexes {
		return fmt.Errorf("%w: more than %d regular expressions", ErrTooLarge, MaxRegexes)
	}
	cost := 0
	for _, entry := range p.entries {
		reason := ""
		if l.Type == Regex {
			var e expression
			if e, reason = compile(entry); reason == "" {
				if cost += e.cost; cost > MaxCost {
					return fmt.Errorf("%w: its regular expressions cost more than %d", ErrTooLarge, MaxCost)
				}
				l.regexes = append(l.regexes, e)
			}
		} else {
			reason = unusable(l.Type, entry)
		}
		if reason != "" {
			p.leave(entry, reason)
			continue
		}
		l.entries = append(l.entries, entry)
	}
	return nil
}

// unusable says why an entry cannot be used, or "".
func unusable(typ Type, entry string) string {
	limit := MaxEntry
	if typ == Substring {
		limit = MaxSubstring
	}
	if len(entry) > limit {
		return fmt.Sprintf("more than %d bytes", limit)
	}
	switch typ {
	case CIDR:
		switch block, ok := block(entry); {
		case !ok:
			return "no address and no block of addresses"
		case block.Bits() == 0:
			return "it would cover every address"
		}
	case Hostname:
		if strings.Trim(entry, ".") == "" {
			return "empty"
		}
	case String, Substring, Regex:
		if strings.TrimSpace(entry) == "" {
			return "empty"
		}
	}
	return ""
}
