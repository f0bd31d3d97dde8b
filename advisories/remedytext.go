package advisories

import (
	"slices"

	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// RemedyText says what helps whoever has a product: its remedies that mend or
// lessen the fault, and where there are none the advisory's recommendation. Each
// language has what is written in it.
func (a *Advisory) RemedyText(product string) Texts {
	out := Texts{}
	for _, r := range a.Remedies {
		if r.Kind == "no_fix_planned" || r.Kind == "none_available" || len(r.Products) > 0 && !slices.Contains(r.Products, product) {
			continue
		}
		for _, lang := range i18n.Langs() {
			switch text := r.Details[lang]; {
			case text == "":
			case out[lang] == "":
				out[lang] = text
			default:
				out[lang] += "\n\n" + text
			}
		}
	}
	for lang, text := range a.Recommendation {
		if out[lang] == "" && text != "" {
			out[lang] = text
		}
	}
	return out
}
