package advisories

import "testing"

func TestPlainText(t *testing.T) {
	for text, want := range map[string]string{
		"a\r\nb\rc\u2028d\te":       "a\nb\nc\nd\te",
		"\x00\x1b[31mx\u0007\ufeff": "[31mx",
		"user\u202Egpj.exe\u2066":   "usergpj.exe",
		"<b>&amp;</b> \xff 公告":      "<b>&amp;</b> \uFFFD 公告",
		"  kept \n":                 "  kept \n",
	} {
		if got := PlainText(text); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
	if got := PlainLine(" a\n\tb\u0000 \n"); got != "a  b" {
		t.Errorf("on one line: %q", got)
	}
}

func TestWebAddress(t *testing.T) {
	for text, want := range map[string]string{
		"https://v.example/a?b=c#d": "https://v.example/a?b=c#d", " http://v.example\n": "http://v.example", "HTTPS://v.example/": "HTTPS://v.example/",
		"javascript:alert(1)": "", "java\nscript:alert(1)": "", "//v.example": "", "https:///path": "", "ftp://v.example/": "", "data:text/html,x": "", "": "",
	} {
		if got := WebAddress(text); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestURI(t *testing.T) {
	for text, want := range map[string]string{"https://v.example/%41?a=b#c": "https://v.example/%41?a=b#c", "https://例.example/é": "https://%E4%BE%8B.example/%C3%A9", "": ""} {
		if got := URI(text); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}
