// Package i18n has the interface's own words (headings, buttons, reasons,
// messages) in the product's three languages, and tells which of them somebody
// reads. What a rule says is in package rules.
//
// There is one YAML file per language, flat keys to text, parsed on first use.
// nicksnyder/go-i18n was weighed: of its work we need only "one" and "other" in
// English (Chinese has one form) and filling in a name, which are fewer lines
// than its set-up, and it falls back to another language without a word. Here a
// missing key is shown as itself, and a test keeps the files equal.
//
// A leaf: every room may import it; it imports no room.
package i18n

import (
	"embed"
	"fmt"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

//go:embed en.yaml zh-Hant.yaml zh-Hans.yaml
var files embed.FS

// Lang is a language of the product, as a BCP 47 tag; its values are those of
// rules.Lang.
type Lang string

// The languages.
const (
	English     Lang = "en"
	Traditional Lang = "zh-Hant" // Hong Kong terms
	Simplified  Lang = "zh-Hans"
)

// Langs returns the languages; English comes first where an order is needed.
func Langs() []Lang { return []Lang{English, Traditional, Simplified} }

// Words are the texts of one language.
type Words struct {
	Lang  Lang
	texts map[string]text
}

// text is one text; one is its form for n = 1 where that differs.
type text struct{ one, other string }

var (
	english     = sync.OnceValue(func() *Words { return load(English) })
	traditional = sync.OnceValue(func() *Words { return load(Traditional) })
	simplified  = sync.OnceValue(func() *Words { return load(Simplified) })
)

// For returns the words of a language; of any but the three, English.
func For(lang Lang) *Words {
	switch lang {
	case Traditional:
		return traditional()
	case Simplified:
		return simplified()
	}
	return english()
}

// load cannot fail in a build that passed its tests; if it does, every key is
// shown as itself.
func load(lang Lang) *Words {
	w := &Words{Lang: lang, texts: map[string]text{}}
	if data, err := files.ReadFile(string(lang) + ".yaml"); err == nil {
		if texts, err := parse(data); err == nil {
			w.texts = texts
		}
	}
	return w
}

func parse(data []byte) (map[string]text, error) {
	var texts map[string]text
	if err := yaml.Unmarshal(data, &texts); err != nil {
		return nil, fmt.Errorf("i18n: %w", err)
	}
	return texts, nil
}

// UnmarshalYAML reads a text, or the forms "one" and "other".
func (t *text) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return n.Decode(&t.other)
	}
	var forms map[string]string
	if err := n.Decode(&forms); err != nil {
		return err
	}
	if len(forms) != 2 || forms["one"] == "" || forms["other"] == "" {
		return fmt.Errorf("line %d: a text has the forms one and other, or none", n.Line)
	}
	t.one, t.other = forms["one"], forms["other"]
	return nil
}

// T returns the text of key with its placeholders filled in. args are pairs of
// a placeholder's name and its value, printed with %v: T("effort.minutes", "n",
// 20). The value of "n" chooses between the forms of a number. A placeholder
// without a value stays, and an unknown key is returned as it is: both are seen
// by whoever looks, and neither hides the rest.
func (w *Words) T(key string, args ...any) string {
	t, ok := w.texts[key]
	if !ok {
		return key
	}
	s := t.other
	pairs := make([]string, 0, len(args))
	for i := 0; i+1 < len(args); i += 2 {
		name, value := fmt.Sprint(args[i]), fmt.Sprint(args[i+1])
		if name == "n" && value == "1" && t.one != "" {
			s = t.one
		}
		pairs = append(pairs, "{"+name+"}", value)
	}
	// One pass: what a value brings along is not filled in again.
	return strings.NewReplacer(pairs...).Replace(s)
}

// Has tells whether there is a text of this key.
func (w *Words) Has(key string) bool {
	_, ok := w.texts[key]
	return ok
}
