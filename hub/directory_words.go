package hub

import (
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Limits of the directory's texts. Names are counted in characters, the others
// in bytes.
const (
	maxName        = 200
	maxDescription = 4000
	maxEmail       = 254
	maxHandle      = 40
)

// organisationType is the STIX type of an organisation's id.
const organisationType = "identity"

func newID(kind string) string { return kind + "--" + uuid.NewString() }

// cleanName checks a text of one line and takes the spaces around it away.
// Characters that no one sees are refused: with them one name passes for another.
func cleanName(what string, text *string) error {
	*text = strings.TrimSpace(*text)
	switch n := utf8.RuneCountInString(*text); {
	case n == 0:
		return fail(Invalid, "%s is missing", what)
	case n > maxName:
		return fail(Invalid, "%s has %d characters; at most %d are allowed", what, n, maxName)
	}
	return cleanText(what, *text, "")
}

func cleanDescription(text *string) error {
	*text = strings.TrimSpace(*text)
	if len(*text) > maxDescription {
		return fail(Invalid, "the description has %d bytes; at most %d are allowed", len(*text), maxDescription)
	}
	return cleanText("the description", *text, "\n\t")
}

func cleanText(what, text, allowed string) error {
	if !utf8.ValidString(text) {
		return fail(Invalid, "%s is not UTF-8", what)
	}
	for _, r := range text {
		if (unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u200b' || r == '\ufeff') && !strings.ContainsRune(allowed, r) {
			return fail(Invalid, "%s holds U+%04X, which cannot be seen", what, r)
		}
	}
	return nil
}

// cleanHandle lets no handle pass for an id.
func cleanHandle(what string, text *string) error {
	h := strings.ToLower(strings.TrimSpace(*text))
	*text = h
	ok := len(h) >= 2 && len(h) <= maxHandle && h[0] != '-' && h[len(h)-1] != '-' &&
		strings.Trim(h, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
	if !ok {
		return fail(Invalid, "%s %q: 2 to %d characters of a-z, 0-9 and \"-\", the last not at either end", what, cut(h, 100), maxHandle)
	}
	if h == Public || uuid.Validate(h) == nil {
		return fail(Invalid, "%s %q means something else here; choose another", what, h)
	}
	return nil
}

// cleanEmail returns an address in the form in which addresses are compared.
func cleanEmail(what string, text *string) error {
	e := strings.ToLower(strings.TrimSpace(*text))
	*text = e
	a, err := mail.ParseAddress(e)
	if err != nil || a.Address != e || len(e) > maxEmail {
		return fail(Invalid, "%s %q is no mail address such as name@example.org", what, cut(e, 100))
	}
	return cleanText(what, e, "")
}

func (s *settings) clean() error {
	if err := cleanName("the hub's title", &s.Title); err != nil {
		return err
	}
	return cleanDescription(&s.Description)
}

func (o *Organisation) clean() error {
	if err := cleanHandle("the organisation's handle", &o.Handle); err != nil {
		return err
	}
	if err := cleanName("the organisation's name", &o.Name); err != nil {
		return err
	}
	if o.Sector != "" {
		if err := cleanName("the sector", &o.Sector); err != nil {
			return err
		}
	}
	if o.Contact != "" {
		if err := cleanEmail("the contact", &o.Contact); err != nil {
			return err
		}
	}
	switch o.Status {
	case StatusNew, StatusActive, StatusSuspended:
		return nil
	}
	return fail(Invalid, "no status %q; there are: %s, %s, %s", cut(string(o.Status), 100), StatusActive, StatusNew, StatusSuspended)
}

func (p *Person) clean() error {
	if err := cleanName("the person's name", &p.Name); err != nil {
		return err
	}
	if err := cleanEmail("the person's email", &p.Email); err != nil {
		return err
	}
	if !slices.Contains(Roles(), p.Role) {
		return fail(Invalid, "no role %q; there are: %s", cut(string(p.Role), 100), joinAny(Roles()))
	}
	return nil
}

func joinAny[T ~string](all []T) string {
	texts := make([]string, len(all))
	for i, v := range all {
		texts[i] = string(v)
	}
	return strings.Join(texts, ", ")
}

// differences are what a change changes, for the audit log: name and new value.
type differences map[string]string

// set takes a new value over, if there is one and it is another.
func (d differences) set(name string, old, new *string) {
	if new == nil {
		return
	}
	to := strings.TrimSpace(*new)
	d.note(name, *old, to)
	*old = to
}

// note notes a value that is another than it was.
func (d differences) note(name, old, new string) {
	if old != new {
		d[name] = cut(new, 300)
	}
}

// put notes a new value that is no text.
func (d differences) put(name string, value any) { d[name] = cut(fmt.Sprint(value), 1000) }

// refuse is the answer to a caller who may not do what they asked for, where
// they may know that it can be done.
func (c *Caller) refuse() error {
	switch {
	case !c.Member():
		return fail(Unauthenticated, "sign in, or send a key")
	case len(c.Scopes) > 0:
		return fail(Forbidden, "this key is bound to collections and does nothing else")
	}
	return fail(Forbidden, "your role does not allow that; your organisation's administrator or the hub's can do it")
}
