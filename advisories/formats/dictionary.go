package formats

import (
	"cmp"
	"io"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// Column is one column of the catalogue, explained.
type Column struct {
	Name    string           `json:"name"`
	Type    string           `json:"type"` // text, integer, number, boolean, time (RFC 3339, UTC) or list
	Meaning advisories.Texts `json:"meaning"`
	Example string           `json:"example"`
}

// Dictionary says what each column of the catalogue means, in their order.
func Dictionary() []Column {
	var all []Column
	for _, c := range catalogueColumns() {
		col := Column{Name: c.name, Type: c.kind, Meaning: advisories.Texts{}, Example: c.example}
		for _, lang := range i18n.Langs() {
			col.Meaning[lang] = i18n.For(lang).T("advisory.column."+keyed(cmp.Or(c.meaning, c.name)), "lang", endonym(c.lang))
		}
		all = append(all, col)
	}
	return all
}

// DictionaryJSON is the dictionary for programs: {"columns": [...]}, with the
// meaning in three languages.
func DictionaryJSON() ([]byte, error) {
	return encodeJSON(struct {
		Columns []Column `json:"columns"`
	}{Dictionary()})
}

// DictionaryMarkdown is the dictionary in one language.
func DictionaryMarkdown(lang i18n.Lang) []byte {
	w := i18n.For(lang)
	var b strings.Builder
	b.WriteString("# " + mdText(w.T("advisory.dictionary")) + "\n\n" + mdText(w.T("advisory.dictionary.about")) + "\n\n")
	b.WriteString("| " + strings.Join(dictionaryHead(w), " | ") + " |\n|---|---|---|---|\n")
	for _, c := range Dictionary() {
		row := []string{mdCode(c.Name), mdText(w.T("advisory.type." + c.Type)), mdText(c.Meaning[w.Lang]), mdCode(c.Example)}
		for i := range row {
			row[i] = strings.ReplaceAll(strings.ReplaceAll(row[i], `\|`, "|"), "|", `\|`)
		}
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
	}
	return []byte(b.String())
}

func dictionaryHead(w *i18n.Words) []string {
	return []string{w.T("advisory.column"), w.T("advisory.type"), w.T("advisory.meaning"), w.T("advisory.example")}
}

// DictionaryHTML is the dictionary as a page in one language.
func DictionaryHTML(w io.Writer, o Options) error {
	words := o.words()
	t := &table{Head: dictionaryHead(words)}
	for _, c := range Dictionary() {
		t.Rows = append(t.Rows, []cell{
			{{{Text: c.Name, Code: true}}}, {plain(words.T("advisory.type." + c.Type))}, {plain(c.Meaning[words.Lang])}, {{{Text: c.Example, Code: true}}},
		})
	}
	return render(w, "dictionary", struct {
		*i18n.Words
		sheet
		Options Options
		Table   []block
	}{words, newSheet(o), o, []block{{Table: t}}})
}
