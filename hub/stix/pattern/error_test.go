package pattern_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/hub/stix/pattern"
)

func TestWrongPatterns(t *testing.T) {
	tests := []struct{ src, want string }{
		{"", `line 1, column 1: expected "[" or "(", found the end`},
		{"  ", `column 3: expected "[" or "(", found the end`},
		{"file:size = 1280", `column 1: expected "[" or "(", found "file"`},
		{"[]", `column 2: expected an object path such as ipv4-addr:value, EXISTS, NOT EXISTS or "(", found "]"`},
		{"[file:size = ]", `column 14: expected a value, found "]"`},
		{"[file:size]", `column 11: expected ".", "[", NOT, =, !=,`},
		{"[file:size NOT]", `column 15: expected =, !=,`},
		{"[file:size NOT NOT = 1]", `column 16: expected =,`},
		{"[file:hashes.MD5 = cead3f77]", `column 20: expected a value, found "cead3f77" (strings stand in single quotes)`},
		{"[file.size = 1280]", `column 6: expected ":", found "."`},
		{"[file:hashes.SHA-256 = 'x']", `column 14: expected a property name, found "SHA-256" (a name with a hyphen, or a reserved one, stands in single quotes)`},
		{"[file:IN = 'x']", `column 7: expected a property name`},
		{"[IN:x = 'x']", `column 2: expected an object path`},
		{"[file: = 'x']", `column 8: expected a property name, found "="`},
		{"[file:a. = 'x']", `column 10: expected a property name`},
		{"[file:a[ = 'x']", `column 10: expected an integer or "*", found "="`},
		{"[file:a[1 = 'x']", `column 11: expected "]", found "="`},
		{"[file:a[1.5] = 'x']", `column 9: expected an integer`},
		{"['file':a = 'x']", `column 2: expected an object path`},
		{`[file:name = "x"]`, `column 14: strings and names stand in single quotes, not in double quotes`},
		{"[file:name MATCHES /.*/]", `column 20: "/" does not belong here`},
		{"[file:name MATCHES 5]", `column 20: expected a string in single quotes, found "5"`},
		{"[file:name LIKE h'00']", `column 17: expected a string`},
		{"[a:b ISSUBSET ]", `column 15: expected a string`},
		{"[a:b > true]", `column 8: expected a value, found "true" (true and false have no order)`},
		{"[a:b = TRUE]", `column 8: expected a value, found "TRUE" (keywords are written in capitals, true and false in small letters)`},
		{"[a:b IN 1]", `column 9: expected "(", found "1"`},
		{"[a:b IN (1,)]", `column 12: expected a value, found ")"`},
		{"[a:b IN (1 2)]", `column 12: expected ")" or ",", found "2"`},
		{"[a:b IN (1", `column 11: expected ")" or ",", found the end`},
		{"[a:b =? 'x']", `column 7: "?" does not belong here`},
		{"[a:b = 1", `column 9: expected "]", AND or OR, found the end`},
		{"[(a:b = 1]", `column 10: expected ")", AND or OR, found "]"`},
		{"[a:b = 1 FOLLOWEDBY a:c = 1]", `column 10: expected "]", AND or OR, found "FOLLOWEDBY"`},
		{"[NOT a:b = 1]", `column 6: expected EXISTS, found "a" (in other tests NOT comes after the path)`},
		{"[EXISTS a]", `column 10: expected ":", found "]"`},
		{"[EXISTS 'a']", `column 9: expected an object type such as ipv4-addr`},
		{"([a:b = 1]", `column 11: expected ")", AND, OR, FOLLOWEDBY,`},
		{"[a:b = 1])", `column 10: expected AND, OR, FOLLOWEDBY, START, WITHIN, REPEATS or the end, found ")"`},
		{"[a:b = 1] [a:b = 2]", `column 11: expected AND,`},
		{"[a:b = 1] AND", `column 14: expected "[" or "(", found the end`},
		{"[a:b = 1] NOT [a:b = 2]", `column 11: expected AND,`},
		{"[a:b = 1] within 2 SECONDS", `column 11: expected AND, OR, FOLLOWEDBY, START, WITHIN, REPEATS or the end, found "within" (keywords are written in capitals`},
		{"[a:b = 1] WITHIN ]", `column 18: expected a number above 0, found "]"`},
		{"[a:b = 1] WITHIN 5 HOURS", `column 20: expected "SECONDS", found "HOURS"`},
		{"[a:b = 1] WITHIN -5 SECONDS", `column 18: expected a number above 0, found "-5"`},
		{"[a:b = 1] WITHIN 0.0 SECONDS", `column 18: expected a number above 0`},
		{"[a:b = 1] WITHIN '5' SECONDS", `column 18: expected a number above 0`},
		{"[a:b = 1] REPEATS 0 TIMES", `column 19: expected an integer above 0`},
		{"[a:b = 1] REPEATS 1.5 TIMES", `column 19: expected an integer above 0`},
		{"[a:b = 1] REPEATS 2", `column 20: expected "TIMES", found the end`},
		{"[a:b = 1] WITHIN 5 SECONDS WITHIN 6 SECONDS", `column 28: an observation expression has only one WITHIN`},
		{"[a:b = 1] START '2016-06-01T00:00:00Z' STOP '2017-06-01T00:00:00Z'", `column 17: expected a timestamp such as`},
		{"[a:b = 1] START t'2016-06-01T00:00:00Z'", `column 40: expected "STOP", found the end`},
		{"[a:b = t'2457-73-22T32:81:84.1Z']", `column 8: t'' takes a time of the form`},
		{"[a:b = t'2015-02-29T00:00:00Z']", `column 8: t'' takes a time`},
		{"[a:b = t'2015-02-20T00:00:00.Z']", `column 8: t'' takes a time`},
		{"[a:b = t'2015-02-20T00:00:00+01:00']", `column 8: t'' takes a time`},
		{"[a:b = t'2015-02-20t00:00:00Z']", `column 8: t'' takes a time`},
		{"[a:b = t'2015-02-20T00:00:00Z]", `column 8: the constant that begins here has no end (')`},
		{"[a:b = b'====']", `column 8: what stands between the quotes of b'' is not base64`},
		{"[a:b = b'YQ']", `column 8: what stands`},
		{"[a:b = b'YQ\n==']", `column 8: what stands`},
		{"[a:b = h'abc']", `column 8: h'' takes pairs of hexadecimal digits`},
		{"[a:b = h'xx']", `column 8: h'' takes pairs`},
		{"[a:b = 'x]", `column 8: the string that begins here has no end (')`},
		{`[a:b = '.+\@example']`, `column 11: a backslash in a string is written \\, and a quote \'`},
		{`[a:b = 'x\`, `column 10: a backslash in a string`},
		{"[a:b = 007]", `column 8: an integer has no zero before it`},
		{"[a:b = 9223372036854775808]", `column 8: the integer does not fit 64 bits`},
		{"[a:b = 1" + strings.Repeat("0", 400) + ".0]", `column 8: the number does not fit 64 bits`},
		{"[a:b = 1e5]", `column 9: expected "]", AND or OR, found "e5"`},
		{"[a:b = -]", `column 8: "-" does not belong here`},
		{"[a:b = 1 /* x", `column 10: the comment that begins here has no end (*/)`},
		{"[a:b = '香港' ?]", `line 1, column 13: "?"`},
		{"[a:b = 1]\nAND\n  x", `line 3, column 3: expected "["`},
		{"[a:b = 1]\x00", `column 10: "\x00" does not belong here`},
		{"[a:b = '\xff']", `the pattern is not valid UTF-8`},
		{"[a:b = 1] x" + strings.Repeat("y", 100), `found "x` + strings.Repeat("y", 39) + `..."`},
	}
	for _, tt := range tests {
		t.Run(tt.src, func(t *testing.T) {
			p, err := pattern.Parse(tt.src)
			if err == nil {
				t.Fatalf("accepted as %s", p)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestErrorHasAPlace(t *testing.T) {
	_, err := pattern.Parse("[a:b = '香']\n OR ]")
	var e *pattern.SyntaxError
	if !errors.As(err, &e) {
		t.Fatalf("%T", err)
	}
	if e.Offset != 18 || e.Line != 2 || e.Column != 5 || e.Found != `"]"` || len(e.Expected) != 2 {
		t.Errorf("%+v", *e)
	}
}
