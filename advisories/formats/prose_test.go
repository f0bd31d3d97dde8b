package formats

import (
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// drawn writes blocks down so that a table can hold them: paragraphs as they are,
// items behind "* ", links in brackets.
func drawn(blocks []block) string {
	var all []string
	draw := func(l line) string {
		var b strings.Builder
		for _, s := range l {
			if s.URL != "" {
				b.WriteString("[" + s.URL + "]")
			} else {
				b.WriteString(s.Text)
			}
		}
		return b.String()
	}
	for _, b := range blocks {
		if b.Para != nil {
			all = append(all, draw(b.Para))
		}
		for _, item := range b.List {
			all = append(all, "* "+draw(item))
		}
	}
	return strings.Join(all, "|")
}

func TestProse(t *testing.T) {
	for in, want := range map[string]string{
		"":                                 "",
		"one":                              "one",
		"one\ntwo":                         "one two",
		"one\n\n\n two ":                   "one|two",
		"第一行\n第二行":                         "第一行第二行",
		"第一行\nsecond":                      "第一行 second",
		"a:\n- b\n- c\nd":                  "a:|* b|* c|d",
		"- b\n  more\n- c":                 "* b more|* c",
		"- 第一\n  第二":                       "* 第一第二",
		"- b\n\n- c":                       "* b|* c",
		"-b\n-":                            "-b -",
		"see https://a.example/x.":         "see [https://a.example/x].",
		"(https://a.example/x)":            "([https://a.example/x])",
		"https://a.example/x_(y), z":       "[https://a.example/x_(y)], z",
		"見https://a.example/x。好":           "見[https://a.example/x]。好",
		"https://a.example/?a=b&c=d#e":     "[https://a.example/?a=b&c=d#e]",
		"https://a@b.example/ x":           "https://a@b.example/ x",
		"https:///x http://":               "https:///x http://",
		"javascript:alert(1) ftp://a.b":    "javascript:alert(1) ftp://a.b",
		"https://a.example https://b.test": "[https://a.example] [https://b.test]",
		"https://a.example/\"onclick=x":    "[https://a.example/]\"onclick=x",
		"https://a.example/<b>":            "[https://a.example/]<b>",
		"- https://a.example/":             "* [https://a.example/]",
	} {
		if got := drawn(prose(in)); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func FuzzProse(f *testing.F) {
	for _, s := range []string{"a\n\n- b\n  c\n- d\nhttps://a.example/x).", "- \n-  \n", "見https://例子.香港/。", "\x00\u202e\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text, _ := cleanText(s)
		bare := func(s string) string { return strings.Join(strings.Fields(strings.ReplaceAll(s, "-", "")), "") }
		var got strings.Builder
		for _, b := range prose(text) {
			if (b.Para == nil) == (b.List == nil) {
				t.Fatalf("%q: a block is %+v", s, b)
			}
			for _, l := range append([]line{b.Para}, b.List...) {
				got.WriteString(l.String())
				for _, x := range l {
					if x.URL != "" && webURL(x.URL) == "" {
						t.Errorf("%q: a link leads to %q", s, x.URL)
					}
				}
			}
		}
		// Nothing is lost and nothing is added but the marks of items.
		if bare(got.String()) != bare(text) {
			t.Errorf("%q became %q", text, got.String())
		}
	})
}

func TestVersions(t *testing.T) {
	tests := []struct{ in, en, hant, hans string }{
		{"", "no version is named", "沒有指明版本", "未指明版本"},
		{"*", "all versions", "所有版本", "全部版本"},
		{"vers:generic/*", "all versions", "所有版本", "全部版本"},
		{"6.4.2", "6.4.2", "6.4.2", "6.4.2"},
		{"vers:generic/>=1.18.0|<1.25.4", "from 1.18.0 up to but not including 1.25.4", "由 1.18.0 至 1.25.4 之前（不包括 1.25.4）", "从 1.18.0 到 1.25.4 之前（不含 1.25.4）"},
		{"vers:deb/>=1|<=2", "from 1 up to and including 2", "由 1 至 2（包括 2）", "从 1 到 2（含 2）"},
		{"vers:deb/>1|<2", "after 1 and before 2", "1 之後至 2 之前（不包括首尾兩個版本）", "1 之后到 2 之前（首尾两个版本均不含）"},
		{"vers:deb/>1|<=2", "after 1, up to and including 2", "1 之後至 2（不包括 1，包括 2）", "1 之后到 2（不含 1，含 2）"},
		{"vers:npm/<2", "before 2", "2 之前的版本（不包括 2）", "2 之前的版本（不含 2）"},
		{"vers:npm/<=2", "up to and including 2", "2 及之前的版本", "2 及以前的版本"},
		{"vers:npm/>=2", "from 2 on", "2 及之後的版本", "2 及以后的版本"},
		{"vers:npm/>2", "after 2", "2 之後的版本（不包括 2）", "2 之后的版本（不含 2）"},
		{"vers:npm/1.0|=2.0", "1.0, 2.0", "1.0，2.0", "1.0，2.0"},
		{"vers:npm/<1|>=2|<3|!=2.5|>=4", "before 1, from 2 up to but not including 3, except 2.5, from 4 on", "1 之前的版本（不包括 1），由 2 至 3 之前（不包括 3），2.5 除外，4 及之後的版本", "1 之前的版本（不含 1），从 2 到 3 之前（不含 3），2.5 不在此列，4 及以后的版本"},
		{"vers:npm/>=2|!=2.5|<3", "from 2 up to but not including 3, except 2.5", "由 2 至 3 之前（不包括 3），2.5 除外", "从 2 到 3 之前（不含 3），2.5 不在此列"},
		{"vers:deb/>=1%3A2.0|<1%3A2.1", "from 1:2.0 up to but not including 1:2.1", "由 1:2.0 至 1:2.1 之前（不包括 1:2.1）", "从 1:2.0 到 1:2.1 之前（不含 1:2.1）"},
		{"vers:npm/>=", "vers:npm/>=", "vers:npm/>=", "vers:npm/>="},
		{"vers:npm", "vers:npm", "vers:npm", "vers:npm"},
		{"vers:npm/*|<2", "vers:npm/*|<2", "vers:npm/*|<2", "vers:npm/*|<2"},
		{"vers:npm/%zz", "vers:npm/%zz", "vers:npm/%zz", "vers:npm/%zz"},
		{"vers:npm/1" + strings.Repeat("|1", maxConstraints), "vers:npm/1" + strings.Repeat("|1", maxConstraints), "", ""},
	}
	for _, tt := range tests {
		for lang, want := range map[i18n.Lang]string{i18n.English: tt.en, i18n.Traditional: tt.hant, i18n.Simplified: tt.hans} {
			if got := versions(tt.in, i18n.For(lang)); want != "" && got != want {
				t.Errorf("%s: %q is %q, want %q", lang, tt.in, got, want)
			}
		}
	}
}

func FuzzVersions(f *testing.F) {
	for _, s := range []string{"vers:generic/>=1.18.0|<1.25.4", "vers:npm/*", "vers:/|", "vers:a/!=1|>2|!=3|<4", "vers:a/%00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, lang := range i18n.Langs() {
			if got := versions(s, i18n.For(lang)); got == "" || got != clean(got) && len(got) < maxLine {
				t.Errorf("%q is %q", s, got)
			}
		}
	})
}

func TestCleanIsDone(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", "網站": "網站", "a\tb": "a b", "\x1b[31m": "?[31m", "a\u202eb": "a?b", "a\u200eb": "a?b", "a\u2028b": "a b", "\xff": "?", "\ufeffx": "x",
		"مثال": "مثال", "a\u200bb": "ab", "a\r\n\r\nb": "a b", "\ufffe": "?", "x\u0085y": "x y", "\u00adx": "x",
	} {
		if got := clean(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	if got := clean(strings.Repeat("字", 5000)); len(got) > maxLine+len("…") || !strings.HasSuffix(got, "字…") {
		t.Errorf("%d bytes are left", len(got))
	}
	if got, cut := cleanText(strings.Repeat("字", maxText)); !cut || len(got) > maxText || strings.ContainsRune(got, '?') {
		t.Errorf("%d bytes are left, cut: %v", len(got), cut)
	}
}

func TestDefang(t *testing.T) {
	for in, want := range map[string]string{
		"evil.example": "evil[.]example", "http://evil.example/a.sh": "hxxp[://]evil[.]example/a[.]sh", "HTTPS://E.example": "hxxpS[://]E[.]example",
		"192.0.2.7": "192[.]0[.]2[.]7", "2001:db8::1": "2001[:]db8[:][:]1", "a@evil.example": "a[@]evil[.]example", "ftp://x.y": "ftp[://]x[.]y",
	} {
		if got := defang(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}
