package i18n

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// same are the keys whose text may be the same in two languages: names of
// products, forms without a word in them, and words whose characters have one form.
var same = []string{
	"platform.nginx", "platform.apache", "platform.iis", "platform.cloudflare", "platform.bind", "platform.postfix",
	"report.head", "report.words.separator", "report.counts.separator", "letter.item",
	"advisory.state.withdrawn", "advisory.state.superseded", "advisory.supersedes", "advisory.history.superseded-by", "advisory.observable.domain-name", "advisory.mail.next", "exposure.mail.item",
}

func texts(t *testing.T, lang Lang) map[string]text {
	t.Helper()
	data, err := os.ReadFile(string(lang) + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	texts, err := parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(texts) < 100 {
		t.Fatalf("%s has only %d texts", lang, len(texts))
	}
	return texts
}

func TestEveryLanguageSaysTheSame(t *testing.T) {
	english := texts(t, English)
	for _, lang := range Langs()[1:] {
		other := texts(t, lang)
		for key, e := range english {
			o, ok := other[key]
			if !ok {
				t.Errorf("%s lacks %s", lang, key)
				continue
			}
			if want, got := placeholders(e.other), placeholders(o.other); !slices.Equal(want, got) {
				t.Errorf("%s %s has the placeholders %q, English has %q", lang, key, got, want)
			}
			if o.one != "" {
				t.Errorf("%s %s has a form for one: Chinese has none", lang, key)
			}
		}
		for key := range other {
			if _, ok := english[key]; !ok {
				t.Errorf("%s has %s, which English lacks", lang, key)
			}
		}
	}
	for key, e := range english {
		if e.one != "" && !slices.Equal(placeholders(e.one), placeholders(e.other)) {
			t.Errorf("%s: the forms of English have different placeholders", key)
		}
		if e.one != "" && !slices.Contains(placeholders(e.other), "{n}") {
			t.Errorf("%s has two forms and no {n} to choose between them", key)
		}
	}
}

func TestNoTextIsTheSameInTwoLanguages(t *testing.T) {
	seen := map[string]map[string]Lang{}
	for _, lang := range Langs() {
		for key, x := range texts(t, lang) {
			if slices.Contains(same, key) {
				continue
			}
			if seen[key] == nil {
				seen[key] = map[string]Lang{}
			}
			if other, twice := seen[key][x.other]; twice {
				t.Errorf("%s is %q in %s and %s", key, x.other, other, lang)
			}
			seen[key][x.other] = lang
		}
	}
	for _, key := range same {
		if !For(English).Has(key) {
			t.Errorf("the list of texts that may be the same names %s, which is no key", key)
		}
	}
}

// foreign are terms that belong to the other shore: the script is right, the
// reader's word is not.
var foreign = map[Lang][]string{
	Traditional: {"網路", "軟體", "伺服機", "使用者", "帳號", "電子郵件", "信箱", "網際", "資安"},
	Simplified:  {"网域", "伺服", "电邮", "资料", "程式", "软体", "帐户", "凭证", "档案", "设定", "预设"},
	English:     nil,
}

// TestEveryTextIsInItsScript uses that GB 2312 has no traditional forms and Big5
// no simplified ones.
func TestEveryTextIsInItsScript(t *testing.T) {
	charset := map[Lang]encoding.Encoding{
		Traditional: traditionalchinese.Big5, Simplified: simplifiedchinese.HZGB2312,
	}
	for _, lang := range Langs() {
		for key, x := range texts(t, lang) {
			for _, s := range []string{x.one, x.other} {
				for _, r := range s {
					if han := unicode.Is(unicode.Han, r); han && lang == English {
						t.Errorf("%s %s has %q", lang, key, r)
					} else if han {
						if _, err := charset[lang].NewEncoder().String(string(r)); err != nil {
							t.Errorf("%s %s has %q of the other script: %s", lang, key, r, s)
						}
					}
				}
				for _, term := range foreign[lang] {
					if strings.Contains(s, term) {
						t.Errorf("%s %s says %s: %s", lang, key, term, s)
					}
				}
				if lang != English && regexp.MustCompile(`\p{Han}[,;:?!(]|[,;:?!)]\p{Han}`).MatchString(s) {
					t.Errorf("%s %s has a half-width mark beside a character: %s", lang, key, s)
				}
				if s != strings.TrimSpace(s) && !strings.HasSuffix(key, ".separator") {
					t.Errorf("%s %s has space at an end: %q", lang, key, s)
				}
			}
			if lang != English && !slices.Contains(same, key) && !strings.ContainsFunc(x.other, isHan) {
				t.Errorf("%s %s is not Chinese: %s", lang, key, x.other)
			}
		}
	}
}

func isHan(r rune) bool { return unicode.Is(unicode.Han, r) }

func placeholders(s string) []string {
	found := regexp.MustCompile(`\{[^}]*\}`).FindAllString(s, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

func TestT(t *testing.T) {
	tests := []struct {
		lang Lang
		key  string
		args []any
		want string
	}{
		{English, "severity.high", nil, "High"},
		{English, "effort.minutes", []any{"n", 1}, "about 1 minute"},
		{English, "effort.minutes", []any{"n", 20}, "about 20 minutes"},
		{English, "effort.minutes", []any{"n", 0}, "about 0 minutes"},
		{Traditional, "effort.minutes", []any{"n", 1}, "約 1 分鐘"},
		{Simplified, "effort.hours", []any{"n", 2}, "约 2 个小时"},
		{"fr", "severity.high", nil, "High"},
		{English, "no.such.key", []any{"n", 1}, "no.such.key"},
		{English, "notice.path", []any{"input", "{domain}", "domain", "example.hk"}, "“{domain}”: the path is left out, and the whole site example.hk is scanned."},
		{English, "progress.site", nil, "Scanning {domain}"},
		{English, "progress.site", []any{"domain"}, "Scanning {domain}"},
	}
	for _, tt := range tests {
		if got := For(tt.lang).T(tt.key, tt.args...); got != tt.want {
			t.Errorf("%s %s %v: %q, want %q", tt.lang, tt.key, tt.args, got, tt.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, in := range []string{
		"a: x\na: y\n", "a: [x]\n", "a: {one: x}\n", "a: {one: x, other: y, few: z}\n", "- a\n", "a:\n  b:\n    c: d\n",
	} {
		if got, err := parse([]byte(in)); err == nil {
			t.Errorf("%q was read as %v", in, got)
		}
	}
}

func TestMatch(t *testing.T) {
	tests := []struct {
		wanted []string
		want   Lang
	}{
		{nil, English},
		{[]string{""}, English},
		{[]string{"en"}, English},
		{[]string{"en-GB"}, English},
		{[]string{"en_HK.UTF-8"}, English},
		{[]string{"C"}, English},
		{[]string{"C.UTF-8"}, English},
		{[]string{"POSIX"}, English},
		{[]string{"zh-Hant"}, Traditional},
		{[]string{"zh-Hans"}, Simplified},
		{[]string{"ZH-HANT-HK"}, Traditional},
		{[]string{"zh-HK"}, Traditional},
		{[]string{"zh-TW"}, Traditional},
		{[]string{"zh-MO"}, Traditional},
		{[]string{"zh_HK.UTF-8"}, Traditional},
		{[]string{"zh_TW.Big5"}, Traditional},
		{[]string{"zh_TW.UTF-8@stroke"}, Traditional},
		{[]string{"yue"}, Traditional},
		{[]string{"yue-Hant-HK"}, Traditional},
		{[]string{"zh"}, Simplified},
		{[]string{"zh-CN"}, Simplified},
		{[]string{"zh-SG"}, Simplified},
		{[]string{"zh_CN.GB18030"}, Simplified},
		{[]string{"zh-HK,zh;q=0.9,en;q=0.8"}, Traditional},
		{[]string{"en-US,en;q=0.9,zh-CN;q=0.8"}, English},
		{[]string{"fr, zh-TW;q=0.5"}, Traditional},
		{[]string{"en;q=0.2, zh-CN;q=0.9"}, Simplified},
		{[]string{"zh_HK:en"}, Traditional},
		{[]string{"fr_FR.UTF-8"}, English},
		{[]string{"", "zh_HK.UTF-8", "en"}, Traditional},
		{[]string{"fr", "zh_CN.UTF-8"}, Simplified},
		{[]string{"en", "zh_CN.UTF-8"}, English},
		{[]string{"*"}, English},
		{[]string{";;;,,,q=;"}, English},
		{[]string{strings.Repeat("zh-TW,", 100000)}, Traditional},
	}
	for _, tt := range tests {
		if got := Match(tt.wanted...); got != tt.want {
			t.Errorf("Match(%.60q) = %s, want %s", tt.wanted, got, tt.want)
		}
	}
}

func FuzzMatch(f *testing.F) {
	for _, s := range []string{"zh_HK.UTF-8", "zh-HK,zh;q=0.9,en;q=0.8", "C", "*;q=0", "a-b-c-d-e-f"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := Match(s); !slices.Contains(Langs(), got) {
			t.Errorf("Match(%q) = %q", s, got)
		}
	})
}

func TestKeysReadAsOneWordPath(t *testing.T) {
	for key := range texts(t, English) {
		if !regexp.MustCompile(`^[a-z]+(\.[A-Za-z0-9+-]+)*$`).MatchString(key) {
			t.Errorf("odd key %q", key)
		}
	}
}
