package csaf

import (
	"fmt"
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"
	"golang.org/x/text/language"
)

// unknownCWE is 6.1.11: the weakness exists and has this name.
func unknownCWE(r *run) {
	for i := range r.Vulnerabilities {
		cwe := &r.Vulnerabilities[i].CWE
		if cwe.ID == "" {
			continue
		}
		name, ok := CWEName(cwe.ID)
		switch {
		case !ok:
			r.fail(vulnerabilityPath(i, "cwe.id"), "use a weakness of MITRE's list; views and categories are none", "CWE "+CWEVersion+" has no weakness %s", quote(cwe.ID))
		case name != cwe.Name:
			r.fail(vulnerabilityPath(i, "cwe.name"), "use the name "+quote(name), "%s has another name than %s in CWE "+CWEVersion, cwe.ID, quote(cwe.Name))
		}
	}
}

// unknownLanguage is 6.1.12: the language tag is valid and its parts exist.
func unknownLanguage(r *run) {
	for _, l := range []struct{ path, tag string }{
		{"document.lang", r.Document.Document.Lang}, {"document.source_lang", r.Document.Document.SourceLang},
	} {
		if l.tag == "" {
			continue
		}
		if !knownLanguage(l.tag) {
			r.fail(l.path, "use a tag of BCP 47, such as en, zh-Hant or zh-Hans", "%s is not the tag of a language", quote(l.tag))
		}
	}
}

// knownLanguage reports whether a tag is one of BCP 47 and its parts are
// registered. The parser takes some more, of other systems: "de_DE", "deu", "en-UK".
func knownLanguage(tag string) bool {
	if len(tag) > 200 {
		return false // no parts that exist are as long, and the parser is slow with many
	}
	parsed, err := language.Raw.Parse(tag)
	if err != nil || strings.Contains(tag, "_") {
		return false
	}
	parts := strings.Split(strings.ToLower(tag), "-")
	_, _, region := parsed.Raw()
	legacy, err := language.Legacy.Parse(tag)
	base, _, _ := legacy.Raw()
	// A language of two letters has no name of three, and none has more.
	if err != nil || len(parts[0]) == 3 && len(base.String()) == 2 || len(parts[0]) > 3 {
		return false
	}
	extensions := map[string]bool{}
	for i, part := range parts[1:] {
		digits := strings.Trim(part, "0123456789") == ""
		switch {
		case part == "x":
			return true // the rest is private
		case len(part) == 1:
			if extensions[part] {
				return false
			}
			extensions[part] = true
		case len(extensions) > 0 || parts[0] == "i":
		case i == 0 && len(part) == 3 && !digits:
			// An extended language, which goes with the languages that have them.
			if !slices.Contains([]string{"ar", "kok", "lv", "ms", "sgn", "sw", "uz", "zh", "art", "no"}, parts[0]) {
				return false
			}
		case len(part) == 2, len(part) == 3 && digits:
			if part == "uk" || !strings.EqualFold(region.String(), part) {
				return false
			}
		}
	}
	return true
}

// invalidPURL is 6.1.13.
func invalidPURL(r *run) {
	for _, p := range r.allProducts() {
		if purl := p.product.Helper.PURL; purl != "" {
			if _, err := packageurl.FromString(purl); err != nil {
				r.fail(p.path+".product_identification_helper.purl", "write it as pkg:type/namespace/name@version", "%s is not a package URL: %s", quote(purl), shorten(err.Error()))
			}
		}
	}
}

// multipleHash is 6.1.25: of a file there is one hash by each algorithm.
func multipleHash(r *run) {
	for _, p := range r.allProducts() {
		for i, file := range p.product.Helper.Hashes {
			first := map[string]int{}
			for j, hash := range file.FileHashes {
				if before, ok := first[hash.Algorithm]; ok {
					r.fail(fmt.Sprintf("%s.product_identification_helper.hashes[%d].file_hashes[%d].algorithm", p.path, i, j),
						"keep one; another file is another item of hashes", "the algorithm %s is already that of file_hashes[%d]", quote(hash.Algorithm), before)
				} else if hash.Algorithm != "" {
					first[hash.Algorithm] = j
				}
			}
		}
	}
}

// rangeInVersion is 6.1.31: a branch that is a version is one, and not many. As
// the standard's own documents have it, "after-eight" is a name, and "after 8" a
// range: words count between spaces.
func rangeInVersion(r *run) {
	words := []string{"after", "all", "before", "earlier", "later", "prior", "versions"}
	eachBranch(r.ProductTree.Branches, "product_tree.branches", func(path string, b *Branch) {
		if b.Category != "product_version" {
			return
		}
		name := strings.ToLower(b.Name)
		if strings.ContainsAny(name, "<>") || slices.ContainsFunc(strings.Fields(name), func(w string) bool { return slices.Contains(words, w) }) {
			r.fail(path+".name", "use the category product_version_range, with a range such as vers:generic/<4.2", "the version %s is a range", quote(b.Name))
		}
	})
}
