package hub

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/google/uuid"
	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"github.com/cybersec-infohub/infohub/hub/stix"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// giveaways finds in a text what tells of an organisation: its name, handle, contact
// and domains, its people's names and addresses, and identifiers that it uses.
// Case, accents' encoding and what stands between words do not matter.
type giveaways struct {
	organisation string
	byWord       map[string][]phrase // by the first word
	long         []phrase            // also found inside a word: stadtwerkeulm.example
	ids          map[uuid.UUID]string
	renamed      func(uuid.UUID) (bool, error) // an id of the envelope that another stands for; may be nil
}

// phrase is a name as the words that it has.
type phrase struct {
	words []string
	whole string // the words without anything between them
	what  string // for a message: "names your organisation"
}

// minLong is how many characters a name has at least that is found within words,
// where a short one would be found by chance.
const minLong = 8

// newGiveaways collects the names of an organisation. What the operator contributes is
// published under its own name anyway.
func newGiveaways(r store.Reader, org *Organisation) (*giveaways, error) {
	n := &giveaways{organisation: org.ID, byWord: map[string][]phrase{}, ids: map[uuid.UUID]string{}}
	if org.Operator {
		return n, nil
	}
	n.addID(org.ID, "holds your organisation's identifier")
	n.add(org.Name, "names your organisation")
	n.add(withoutLegalForm(org.Name), "names your organisation")
	n.add(org.Handle, "names your organisation")
	n.add(org.Contact, "holds your organisation's address")
	if _, domain, ok := strings.Cut(org.Contact, "@"); ok {
		n.addDomain(domain)
	}
	for p, err := range records[Person](r, personKind+"/") {
		if err != nil {
			return nil, err
		}
		if p.Organisation == org.ID {
			n.addID(p.ID, "holds the identifier of one of your people")
			n.add(p.Name, "names one of your people")
			n.add(p.Email, "holds the address of one of your people")
		}
	}
	for asset, err := range records[Asset](r, assetKey(org.ID, "")) {
		if err != nil {
			return nil, err
		}
		if asset.Kind == AssetDomain {
			n.addDomain(asset.Value)
		}
	}
	return n, nil
}

func (n *giveaways) add(text, what string) {
	words := wordsOf(text)
	if len(words) == 0 {
		return
	}
	p := phrase{words, strings.Join(words, ""), what}
	n.byWord[words[0]] = append(n.byWord[words[0]], p)
	if len([]rune(p.whole)) >= minLong && !strings.ContainsAny(text, ".@") { // notalpha.example is another's domain
		n.long = append(n.long, p)
	}
}

// addDomain adds a domain as people read it and as the DNS does.
func (n *giveaways) addDomain(domain string) {
	const what = "holds a domain of your organisation"
	n.add(domain, what)
	for _, other := range []func(string) (string, error){idna.ToASCII, idna.ToUnicode} {
		if d, err := other(domain); err == nil && d != domain {
			n.add(d, what)
		}
	}
}

func (n *giveaways) addID(id, what string) {
	if _, u, ok := strings.Cut(id, "--"); ok {
		if parsed, err := uuid.Parse(u); err == nil {
			n.ids[parsed] = what
		}
	}
}

// withoutLegalForm takes the legal form off a company's name, since nobody writes
// it in a description; "" where too little is left.
func withoutLegalForm(name string) string {
	forms := []string{"ag", "bv", "co", "corp", "ev", "gmbh", "inc", "kg", "llc", "ltd", "mbh", "nv", "ou", "oy", "plc", "sa", "sarl", "sas", "se", "spa", "srl"}
	words := wordsOf(name)
	rest := words
	for len(rest) > 1 && slices.Contains(forms, rest[len(rest)-1]) {
		rest = rest[:len(rest)-1]
	}
	if len(rest) == len(words) || len(rest) == 1 && len([]rune(rest[0])) < 5 {
		return ""
	}
	return strings.Join(rest, " ")
}

// wordsOf are the runs of letters and digits of a text, in small letters.
func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(norm.NFKC.String(text)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
}

// check looks for the names in all that an object says. The error is Invalid and
// names the place.
func (n *giveaways) check(r store.Reader, v stix.Value) error {
	if len(n.ids) == 0 {
		return nil
	}
	for path, text := range stix.Strings(v) {
		what, err := n.find(r, text)
		if inside := encoded(path, text); err == nil && what == "" && inside != "" {
			what, err = n.find(r, inside)
		}
		if err != nil {
			return err
		}
		if what != "" {
			return fail(Invalid, "%s %s: take it out, or send the object under your name", path, what)
		}
	}
	return nil
}

// encoded is the text within a property of the types binary and hex, whose names
// tell of them (STIX 2.1, 2.1 and 2.8): the mail that somebody got names them. ""
// where there is none. Of UTF-16 it is what ASCII has, too.
func encoded(path, text string) string {
	name, _, _ := strings.Cut(path[strings.LastIndexByte(path, '.')+1:], "[")
	var b []byte
	var err error
	switch {
	case strings.HasSuffix(name, "_bin"):
		b, err = base64.StdEncoding.DecodeString(text)
	case strings.HasSuffix(name, "_hex"):
		b, err = hex.DecodeString(text)
	}
	if err != nil {
		return ""
	}
	return strings.ReplaceAll(strings.ToValidUTF8(string(b), " "), "\x00", "")
}

// find returns what a text tells, "" where it tells nothing.
func (n *giveaways) find(r store.Reader, text string) (what string, err error) {
	texts := []string{text}
	if strings.Contains(text, "%") {
		if plain, err := url.PathUnescape(text); err == nil && plain != text {
			texts = append(texts, plain)
		}
	}
	for _, text := range texts {
		if what = n.findName(text); what != "" {
			return what, nil
		}
	}
	return n.findID(r, text)
}

func (n *giveaways) findName(text string) string {
	words := wordsOf(text)
	for i, w := range words {
		for _, p := range n.byWord[w] {
			if len(words)-i >= len(p.words) && slices.Equal(words[i:i+len(p.words)], p.words) {
				return p.what
			}
		}
	}
	if len(n.long) == 0 {
		return ""
	}
	whole := strings.Join(words, "")
	for _, p := range n.long {
		if strings.Contains(whole, p.whole) {
			return p.what
		}
	}
	return ""
}

const usesID = "holds an identifier that your organisation uses"

// findID looks for UUIDs, with and without hyphens, of identifiers that another
// stands for in public.
func (n *giveaways) findID(r store.Reader, text string) (what string, err error) {
	for run := range strings.FieldsFuncSeq(text, func(c rune) bool {
		return c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F')
	}) {
		digits := strings.ReplaceAll(run, "-", "")
		for i := 0; i+32 <= len(digits); i++ {
			if i > 0 && len(digits) > 64 {
				break // a hash of many digits and not an identifier in a text
			}
			id, err := uuid.Parse(digits[i : i+32])
			if err != nil {
				continue
			}
			if what, ok := n.ids[id]; ok {
				return what, nil
			}
			for _, err := range r.Scan(store.Prefix([]byte(aliasPrefix(n.organisation, id)))) {
				return usesID, err
			}
			if n.renamed != nil {
				if other, err := n.renamed(id); err != nil || other {
					return usesID, err
				}
			}
		}
	}
	return "", nil
}
