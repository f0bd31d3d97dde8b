package i18n

import (
	"strings"

	"golang.org/x/text/language"
)

// maxWanted bounds what Match reads of one list, in bytes: an Accept-Language
// header is a stranger's.
const maxWanted = 500

// Match returns the language that a reader asks for. Each wanted is a list in
// any of the usual forms: a tag ("zh-TW"), an Accept-Language header
// ("zh-HK,zh;q=0.8,en;q=0.5"), or the value of LANGUAGE, LC_ALL or LANG
// ("zh_HK:en", "zh_HK.UTF-8", "C"). The first list that names one of our
// languages decides, and in it the tag that is wanted most; English is for
// everybody else.
//
// language.Matcher is not used: it prefers an exact "zh" to the "zh-HK" before
// it, and so gives a browser of Hong Kong the wrong script.
func Match(wanted ...string) Lang {
	for _, list := range wanted {
		if len(list) > maxWanted {
			list = list[:maxWanted]
		}
		tags, _, err := language.ParseAcceptLanguage(strings.Join(locales(list), ","))
		if err != nil {
			continue
		}
		for _, tag := range tags {
			if lang, ok := ours(tag); ok {
				return lang
			}
		}
	}
	return English
}

// ours tells which of the three languages a tag is. The script of a Chinese tag
// without one is that of its region: Hant in Hong Kong, Macau and Taiwan, Hans
// in the Mainland, in Singapore and where no region is named.
func ours(tag language.Tag) (Lang, bool) {
	base, _ := tag.Base()
	switch base.String() {
	case "en":
		return English, true
	case "zh", "yue", "cmn":
		if script, _ := tag.Script(); script.String() == "Hant" {
			return Traditional, true
		}
		return Simplified, true
	}
	return "", false
}

// locales makes tags of the locale names in list: without the encoding and the
// modifier ("zh_HK.UTF-8@stroke"), and "C" is English.
func locales(list string) []string {
	var tags []string
	for tag := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == ':' }) {
		tag, quality, weighted := strings.Cut(strings.TrimSpace(tag), ";")
		tag, _, _ = strings.Cut(tag, "@")
		tag, _, _ = strings.Cut(tag, ".")
		switch tag = strings.ReplaceAll(tag, "_", "-"); tag {
		case "":
			continue
		case "C", "POSIX":
			tag = "en"
		}
		if weighted {
			tag += ";" + quality
		}
		tags = append(tags, tag)
	}
	return tags
}
