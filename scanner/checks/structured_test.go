package checks

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// write is the value in the form of RFC 9651 section 4.1.
func (v fieldValue) write() string {
	var s string
	switch v.kind {
	case fieldString:
		s = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v.text) + `"`
	case fieldBytes:
		s = ":" + base64.StdEncoding.EncodeToString([]byte(v.text)) + ":"
	case fieldBoolean:
		s = "?" + v.text
	case fieldDate:
		s = "@" + v.text
	case fieldDisplay:
		s = `%"`
		for i := range len(v.text) {
			if c := v.text[i]; c < 0x20 || c > 0x7e || c == '"' || c == '%' {
				s += fmt.Sprintf("%%%02x", c)
			} else {
				s += string(c)
			}
		}
		s += `"`
	case fieldList:
		var items []string
		for _, i := range v.items {
			items = append(items, i.write())
		}
		s = "(" + strings.Join(items, " ") + ")"
	default:
		s = v.text
	}
	for _, p := range v.params {
		s += ";" + p.key + "=" + p.value.write()
	}
	return s
}

func writeDictionary(members []fieldMember) string {
	var parts []string
	for _, m := range members {
		parts = append(parts, m.key+"="+m.value.write())
	}
	return strings.Join(parts, ", ")
}

// TestParseDictionary: the examples of RFC 9651 and what stands around them.
func TestParseDictionary(t *testing.T) {
	const broken = "broken"
	tests := []struct{ value, want string }{
		{"", ""},
		{`en="Applepie", da=:w4ZibGV0w6ZydGU=:`, `en="Applepie", da=:w4ZibGV0w6ZydGU=:`},
		{"a=?0, b, c; foo=bar", "a=?0, b=?1, c=?1;foo=bar"},
		{"rating=1.5, feelings=(joy sadness)", "rating=1.5, feelings=(joy sadness)"},
		{"a=(1 2), b=3, c=4;aa=bb, d=(5 6);valid", "a=(1 2), b=3, c=4;aa=bb, d=(5 6);valid=?1"},
		{"a=1, b=2, a=3", "a=3, b=2"},
		{" a=1\t,\t b=2 ", "a=1, b=2"},
		{"a=@1659578233, b=@-1", "a=@1659578233, b=@-1"},
		{`a=%"This is intended for display to %c3%bcsers."`, `a=%"This is intended for display to %c3%bcsers."`},
		{"a=:aGVsbG8:", "a=:aGVsbG8=:"},
		{"*a-_.*9=*x:/", "*a-_.*9=*x:/"},
		{"a=()", "a=()"},
		{"a=(  b  )", "a=(b)"},
		{`a="\\\""`, `a="\\\""`},
		{"a=999999999999999", "a=999999999999999"},
		{"a=-123456789012.123", "a=-123456789012.123"},
		{"camera=(), geolocation=(self \"https://maps.example\")", "camera=(), geolocation=(self \"https://maps.example\")"},

		{"a=1,", broken}, {"a=1,,b", broken}, {",a", broken}, {"a=", broken}, {"A=1", broken}, {"a=1 b=2", broken},
		{"camera 'none'; microphone 'none'", broken}, {"a=(", broken}, {"a=(b", broken}, {"a=(b\"c\")", broken}, {"a=((b))", broken},
		{`a="x`, broken}, {`a="\x"`, broken}, {"a=\"\x7f\"", broken}, {"a=:!:", broken}, {"a=:aa", broken}, {"a=?2", broken}, {"a=?", broken},
		{"a=1000000000000000", broken}, {"a=1.", broken}, {"a=1.1234", broken}, {"a=1234567890123.1", broken}, {"a=-", broken}, {"a=@1.5", broken},
		{`a=%"%C3%BC"`, broken}, {`a=%"%c3"`, broken}, {`a=%"%c`, broken}, {`a=%x`, broken}, {"a;=1", broken}, {"a;b=", broken}, {"a=ü", broken},
	}
	for _, tt := range tests {
		got, err := parseDictionary([]string{tt.value})
		text := writeDictionary(got)
		if err != nil {
			text = broken
		}
		if text != tt.want {
			t.Errorf("%q: %q, want %q", tt.value, text, tt.want)
		}
	}
	if got, err := parseDictionary([]string{"a=1", "b=2"}); err != nil || writeDictionary(got) != "a=1, b=2" {
		t.Errorf("two lines: %v %v", got, err)
	}
}

func TestParseItem(t *testing.T) {
	for value, want := range map[string]string{
		"same-origin": "same-origin", " same-origin ; report-to=\"x\"": "", "same-origin; report-to=\"x\"": `same-origin;report-to="x"`,
		"": "", "a b": "", "a, b": "", "(a)": "", "5": "5",
	} {
		got, err := parseItem([]string{value})
		if text := got.write(); text != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q %v, want %q", value, text, err, want)
		}
	}
}

// FuzzStructuredField: what is understood can be written down plainly and read
// again.
func FuzzStructuredField(f *testing.F) {
	for _, seed := range []string{`a=(1 "x";p=?0 :aGk=:);q, b=@5, c=%"%c3%bc"`, "camera=(), x=*", "a=-1.5;b;c", `a="\\"`, "a=1,", "((((", `%"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		members, err := parseDictionary([]string{value})
		if err != nil {
			if members != nil {
				t.Errorf("%q: %v, and yet %v", value, err, members)
			}
			return
		}
		plain := writeDictionary(members)
		again, err := parseDictionary([]string{plain})
		if err != nil || writeDictionary(again) != plain {
			t.Errorf("%q means %q; that means %q, %v", value, plain, writeDictionary(again), err)
		}
		if item, err := parseItem([]string{value}); err == nil {
			if again, err := parseItem([]string{item.write()}); err != nil || again.write() != item.write() {
				t.Errorf("%q is the item %q, %v", value, item.write(), err)
			}
		}
	})
}
