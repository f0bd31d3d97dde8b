package pattern_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/hub/stix/pattern"
)

// specExamples are the patterns of STIX 2.1, section 9.8.
var specExamples = []string{
	`[file:hashes.'SHA-256' = 'aec070645fe53ee3b3763059376134f058cc337247c978add178b6ccdfb0019f']`,
	`[email-message:from_ref.value MATCHES '.+\\@example\\.com$' AND email-message:body_multipart[*].body_raw_ref.name MATCHES '^Final Report.+\\.exe$']`,
	`[file:hashes.'SHA-256' = 'aec070645fe53ee3b3763059376134f058cc337247c978add178b6ccdfb0019f' AND file:mime_type = 'application/x-pdf']`,
	`[file:hashes.'SHA-256' = 'bf07a7fbb825fc0aae7bf4a1177b2b31fcf8a3feeaf7092761e18c859ee52a9c' OR file:hashes.MD5 = 'cead3f77f6cda6ec00f57d76c9a6879f'] AND [file:hashes.'SHA-256' = 'aec070645fe53ee3b3763059376134f058cc337247c978add178b6ccdfb0019f']`,
	`([file:hashes.MD5 = '79054025255fb1a26e4bc422aef54eb4'] FOLLOWEDBY [windows-registry-key:key = 'HKEY_LOCAL_MACHINE\\foo\\bar']) WITHIN 300 SECONDS`,
	`[user-account:account_type = 'unix' AND user-account:user_id = '1007' AND user-account:account_login = 'Peter'] AND [user-account:account_type = 'unix' AND user-account:user_id = '1008' AND user-account:account_login = 'Paul'] AND [user-account:account_type = 'unix' AND user-account:user_id = '1009' AND user-account:account_login = 'Mary']`,
	`[artifact:mime_type = 'application/vnd.tcpdump.pcap' AND artifact:payload_bin MATCHES '\\xd4\\xc3\\xb2\\xa1\\x02\\x00\\x04\\x00']`,
	`[file:name = 'foo.dll' AND file:parent_directory_ref.path = 'C:\\Windows\\System32']`,
	`[file:extensions.'windows-pebinary-ext'.sections[*].entropy > 7.0]`,
	`[file:mime_type = 'image/bmp' AND file:magic_number_hex = h'ffd8']`,
	`[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '203.0.113.33/32']`,
	`[network-traffic:dst_ref.type = 'domain-name' AND network-traffic:dst_ref.value = 'example.com'] REPEATS 5 TIMES WITHIN 1800 SECONDS`,
	`[domain-name:value = 'www.5z8.info' AND domain-name:resolves_to_refs[*].value = '198.51.100.1/32']`,
	`[url:value = 'http://example.com/foo' OR url:value = 'http://example.com/bar']`,
	`[x509-certificate:issuer = 'CN=WEBMAIL' AND x509-certificate:serial_number = '4c:0b:1d:19:74:86:a7:66:b4:1a:bf:40:27:21:76:28']`,
	`[windows-registry-key:key = 'HKEY_CURRENT_USER\\Software\\CryptoLocker\\Files' OR windows-registry-key:key = 'HKEY_CURRENT_USER\\Software\\Microsoft\\CurrentVersion\\Run\\CryptoLocker_0388']`,
	`[(file:name = 'pdf.exe' OR file:size = 371712) AND file:created = t'2014-01-13T07:03:17Z']`,
	`[email-message:sender_ref.value = 'jdoe@example.com' AND email-message:subject = 'Conference Info']`,
	`[x-usb-device:usbdrive.serial_number = '575833314133343231313937']`,
	`[process:command_line MATCHES '^.+>-add GlobalSign.cer -c -s -r localMachine Root$'] FOLLOWEDBY [process:command_line MATCHES '^.+>-add GlobalSign.cer -c -s -r localMachineTrustedPublisher$'] WITHIN 300 SECONDS`,
	`[network-traffic:dst_ref.value ISSUBSET '2001:0db8:dead:beef:0000:0000:0000:0000/64']`,
	`([file:name = 'foo.dll'] AND [windows-registry-key:key = 'HKEY_LOCAL_MACHINE\\foo\\bar']) OR [process:name = 'fooproc' OR process:name = 'procfoo']`,
}

func TestSpecificationExamples(t *testing.T) {
	// Their only parentheses without effect are in the last: AND binds tightly.
	last := specExamples[len(specExamples)-1]
	for _, src := range specExamples {
		want := src
		if src == last {
			want = strings.NewReplacer("(", "", ")", "").Replace(src)
		}
		if got := canonical(t, src); got != want {
			t.Errorf("%s\nis printed as\n%s", src, got)
		}
	}
}

// canonical parses and prints, and sees that doing it again changes nothing.
func canonical(t *testing.T, src string) string {
	t.Helper()
	p, err := pattern.Parse(src)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	text := p.String()
	again, err := pattern.Parse(text)
	if err != nil {
		t.Fatalf("%s\nis printed as\n%s\nwhich is refused: %v", src, text, err)
	}
	if !reflect.DeepEqual(p, again) {
		t.Fatalf("%s\nis printed as\n%s\nwhich means something else", src, text)
	}
	if twice := again.String(); twice != text {
		t.Fatalf("printed %s\nthen    %s", text, twice)
	}
	return text
}

func TestCanonicalForm(t *testing.T) {
	tests := []struct{ about, src, want string }{
		{"spaces", " [ a : b\t=\n1 ]\u00a0 ", "[a:b = 1]"},
		{"no spaces", "[a:b=1]AND[c:d IN(1,2)]", "[a:b = 1] AND [c:d IN (1, 2)]"},
		{"comments", "[a:b/* why */=1] // so\nOR [a:b = 2]//", "[a:b = 1] OR [a:b = 2]"},
		{"a comment in a string is none", "[a:b = '/* // ']", "[a:b = '/* // ']"},
		{"spellings of operators", "[a:b == 1 AND a:c <> 2]", "[a:b = 1 AND a:c != 2]"},
		{"all operators", "[a:a != 1 AND a:b < 2 AND a:c <= 2.5 AND a:d > 'x' AND a:e >= h'00' AND a:f IN () AND a:g LIKE '%' AND a:h MATCHES '.' AND a:i ISSUBSET '10.0.0.0/8' AND a:j ISSUPERSET '10.0.0.1/32' AND EXISTS a:k]", "[a:a != 1 AND a:b < 2 AND a:c <= 2.5 AND a:d > 'x' AND a:e >= h'00' AND a:f IN () AND a:g LIKE '%' AND a:h MATCHES '.' AND a:i ISSUBSET '10.0.0.0/8' AND a:j ISSUPERSET '10.0.0.1/32' AND EXISTS a:k]"},
		{"negated", "[a:a NOT = 1 AND a:b NOT < 2 AND a:f NOT IN (1) AND a:g NOT LIKE '%' AND NOT EXISTS a:k]", "[a:a NOT = 1 AND a:b NOT < 2 AND a:f NOT IN (1) AND a:g NOT LIKE '%' AND NOT EXISTS a:k]"},
		{"constants", "[a:b IN (+1, -0, -5, +.50, 2.0, -0.0, true, false, 'x', b'YQ==', h'FFc3', t'2016-12-31T23:59:60.120Z')]", "[a:b IN (1, 0, -5, 0.5, 2.0, 0.0, true, false, 'x', b'YQ==', h'ffc3', t'2016-12-31T23:59:60.120Z')]"},
		{"the largest integers", "[a:b IN (9223372036854775807, -9223372036854775808)]", "[a:b IN (9223372036854775807, -9223372036854775808)]"},
		{"a float is 64 bits", "[a:b = 0.1000000000000000055511151231257827]", "[a:b = 0.1]"},
		{"nothing between quotes", "[a:b IN ('', b'', h'')]", "[a:b IN ('', b'', h'')]"},
		{"escapes", `[a:b = 'it\'s \\ 香港' ]`, `[a:b = 'it\'s \\ 香港']`},
		{"a string of two lines", "[a:b = 'x\ny']", "[a:b = 'x\ny']"},
		{"paths", "[x-a-b:'c'.d[0][*].'e-f'.'IN'.''.'g\\'h'[-1] = 1]", "[x-a-b:c.d[0][*].'e-f'.'IN'.''.'g\\'h'[-1] = 1]"},
		{"needless parentheses", "(([((a:b = 1)) OR (a:c = 2 AND a:d = 3)]))", "[a:b = 1 OR a:c = 2 AND a:d = 3]"},
		{"needed parentheses", "[(a:b = 1 OR a:c = 2) AND a:d = 3]", "[(a:b = 1 OR a:c = 2) AND a:d = 3]"},
		{"one operator needs none", "[a:b = 1 AND (a:c = 2 AND a:d = 3)]", "[a:b = 1 AND a:c = 2 AND a:d = 3]"},
		{"precedence of observations", "[a:b=1] FOLLOWEDBY ([a:b=2] OR ([a:b=3] AND [a:b=4]))", "[a:b = 1] FOLLOWEDBY [a:b = 2] OR [a:b = 3] AND [a:b = 4]"},
		{"the other way round", "(([a:b=1] FOLLOWEDBY [a:b=2]) OR [a:b=3]) AND [a:b=4]", "(([a:b = 1] FOLLOWEDBY [a:b = 2]) OR [a:b = 3]) AND [a:b = 4]"},
		{"a qualifier holds for the last", "[a:b=1] AND [a:b=2] WITHIN +5 SECONDS", "[a:b = 1] AND [a:b = 2] WITHIN 5 SECONDS"},
		{"or for the whole", "([a:b=1] AND [a:b=2]) WITHIN .5 SECONDS REPEATS 2 TIMES", "([a:b = 1] AND [a:b = 2]) WITHIN 0.5 SECONDS REPEATS 2 TIMES"},
		{"qualifiers in parentheses", "(([a:b=1]) REPEATS 2 TIMES) REPEATS 3 TIMES", "([a:b = 1] REPEATS 2 TIMES) REPEATS 3 TIMES"},
		{"start and stop", "[a:b=1]START t'2016-06-01T01:30:00.123Z' STOP t'2016-06-01T02:20:00Z' OR [a:b=2]", "[a:b = 1] START t'2016-06-01T01:30:00.123Z' STOP t'2016-06-01T02:20:00Z' OR [a:b = 2]"},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			if got := canonical(t, tt.src); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestTree(t *testing.T) {
	p, err := pattern.Parse(`[a:b.'c-d'[*] NOT IN (1, 'x')] OR ([a:b = true] OR [e:f = 2.5] WITHIN 5 SECONDS)`)
	if err != nil {
		t.Fatal(err)
	}
	key := func(s string) pattern.Step { return pattern.Step{Kind: pattern.Key, Key: s} }
	lit := func(k pattern.LiteralKind, s string) pattern.Literal { return pattern.Literal{Kind: k, Text: s} }
	test := func(path pattern.Path, op pattern.Operator, v ...pattern.Literal) *pattern.Test {
		return &pattern.Test{Path: path, Op: op, Values: v}
	}
	in := test(pattern.Path{Type: "a", Steps: []pattern.Step{key("b"), key("c-d"), {Kind: pattern.AnyIndex}}}, pattern.In, lit(pattern.Integer, "1"), lit(pattern.String, "x"))
	in.Not = true
	want := &pattern.Pattern{Root: &pattern.Joined{By: pattern.Or, Terms: []pattern.Observation{
		&pattern.Bracket{Test: in},
		&pattern.Bracket{Test: test(pattern.Path{Type: "a", Steps: []pattern.Step{key("b")}}, pattern.Equal, lit(pattern.Boolean, "true"))},
		&pattern.Qualified{
			Of:         &pattern.Bracket{Test: test(pattern.Path{Type: "e", Steps: []pattern.Step{key("f")}}, pattern.Equal, lit(pattern.Float, "2.5"))},
			Qualifiers: []pattern.Qualifier{{Kind: pattern.Within, Amount: lit(pattern.Integer, "5")}},
		},
	}}}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got  %#v\nwant %#v", p, want)
	}
}

func TestBounds(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("(", n) + "[a:b = 1]" + strings.Repeat(")", n) }
	inside := func(n int) string { return "[" + strings.Repeat("(", n) + "a:b = 1" + strings.Repeat(")", n) + "]" }
	long := func(n int) string { return "[a:b = '" + strings.Repeat("x", n-len("[a:b = '']")) + "']" }
	// Spaces that printing adds would take this one over the bound.
	tight := "[a:b=1" + strings.Repeat("OR a:b=1", pattern.MaxLength/8-1) + "]"
	tests := []struct {
		about, src string
		ok         bool
	}{
		{"deep", deep(pattern.MaxDepth), true},
		{"too deep", deep(pattern.MaxDepth + 1), false},
		{"deep inside", inside(pattern.MaxDepth), true},
		{"too deep inside", inside(pattern.MaxDepth + 1), false},
		{"very deep", deep(pattern.MaxLength / 3), false},
		{"side by side is not deep", deep(1) + strings.Repeat(" OR "+deep(1), 200), true},
		{"long", long(pattern.MaxLength), true},
		{"too long", long(pattern.MaxLength + 1), false},
		{"too long when printed", tight, false},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			_, err := pattern.Parse(tt.src)
			if (err == nil) != tt.ok {
				t.Fatalf("%d bytes: %v", len(tt.src), err)
			}
			var syntax *pattern.SyntaxError
			if err != nil && !errors.As(err, &syntax) {
				t.Errorf("%T is no *SyntaxError", err)
			}
			if tt.ok {
				canonical(t, tt.src)
			}
		})
	}
}
