package formats

import (
	"slices"
	"strings"
	"testing"
	"unicode"
)

func TestColumns(t *testing.T) {
	for s, want := range map[string]int{
		"": 0, "abc": 3, "é": 1, "e\u0301": 1, "網站": 4, "网站a": 5, "，": 2, "（": 2, "…": 1, "“": 1, "日本": 4, "한글": 4, "🔒": 2, "a\u200db": 2, "ｈ": 2, "ﾊ": 1,
	} {
		if got := columns(s); got != want {
			t.Errorf("%q takes %d columns, want %d", s, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	tests := []struct {
		about, in string
		limit     int
		want      []string
	}{
		{"nothing", "", 10, []string{""}},
		{"spaces only", "  \n ", 10, []string{""}},
		{"fits", "one two", 10, []string{"one two"}},
		{"at a space", "one two three", 8, []string{"one two", "three"}},
		{"spaces fold", "one \n  two", 10, []string{"one two"}},
		{"exact", "one two", 7, []string{"one two"}},
		{"a long word is cut", "abcdefghij", 4, []string{"abcd", "efgh", "ij"}},
		{"a long word begins a line", "x abcdefgh", 4, []string{"x", "abcd", "efgh"}},
		{"between characters", "網站檢查", 4, []string{"網站", "檢查"}},
		{"an odd column stays empty", "網站檢查", 5, []string{"網站", "檢查"}},
		{"no mark begins a line", "網站，檢查。", 4, []string{"網", "站，", "檢", "查。"}},
		{"no opening mark ends a line", "網站「檢查」", 6, []string{"網站", "「檢", "查」"}},
		{"Latin in Chinese stays whole", "請加 cookie 檢查", 10, []string{"請加", "cookie 檢", "查"}},
		{"Latin without spaces", "網站example檢查", 9, []string{"網站", "example檢", "查"}},
		{"a full stop after Latin", "加上 DNS。好", 9, []string{"加上", "DNS。好"}},
		{"marks without end are cut", "字" + strings.Repeat("。", 6), 6, []string{"字。。", "。。。", "。"}},
	}
	for _, tt := range tests {
		if got := wrap(tt.in, tt.limit); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.about, got, tt.want)
		}
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("one two three", 8)
	f.Add("請網域供應商加上下面的記錄，並向電郵供應商確認。", 12)
	f.Add("「「「「「((((，，，，", 2)
	f.Add("e\u0301\u0301 \u200d🔒", 3)
	f.Add("00\x81\x80\x8d\u0301 \u200d", 3) // a last line without a column
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = 2 + max(limit, -limit)%200
		lines := wrap(s, max(limit, 2))
		for _, line := range lines {
			if columns(line) > limit {
				t.Errorf("%q takes %d of %d columns", line, columns(line), limit)
			}
		}
		bare := func(s string) string {
			return strings.Map(func(r rune) rune {
				if unicode.IsSpace(r) {
					return -1
				}
				return r
			}, strings.ToValidUTF8(s, "\ufffd"))
		}
		// Broken bytes come one by one from a range over the string.
		if got, want := strings.ReplaceAll(bare(strings.Join(lines, "")), "\ufffd", ""), strings.ReplaceAll(bare(s), "\ufffd", ""); got != want {
			t.Errorf("%q became %q", want, got)
		}
	})
}
