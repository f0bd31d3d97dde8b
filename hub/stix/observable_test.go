package stix_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/cybersec-infohub/infohub/hub/stix"
)

// observed are an object's observables as texts.
func observed(t testing.TB, object string) []string {
	t.Helper()
	v := parse(t, object)
	var texts []string
	for _, o := range stix.Observables(v, stix.ReadHeader(v)) {
		text := string(o.Kind) + " " + o.Key
		if o.Negated {
			text += " negated"
		}
		if o.Alone {
			text += " alone"
		}
		texts = append(texts, text)
	}
	return texts
}

func quote(s string) string {
	data, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func TestObservablesOfPatterns(t *testing.T) {
	tests := []struct {
		pattern string
		want    []string
	}{
		{`[ipv4-addr:value = '198.51.100.1']`, []string{"ipv4 198.51.100.1 alone"}},
		{`[ipv4-addr:value = '198.51.100.1/32' OR ipv4-addr:value = '198.51.100.77/24']`, []string{"cidr4 198.51.100.0/24 alone", "ipv4 198.51.100.1 alone"}},
		{`[ipv4-addr:value ISSUBSET '198.51.100.0/24']`, []string{"cidr4 198.51.100.0/24 alone"}},
		{`[ipv4-addr:value ISSUPERSET '198.51.100.0/24']`, []string{"cidr4 198.51.100.0/24"}},
		{`[ipv6-addr:value IN ('2001:DB8:0::1', '2001:db8::/32', '::ffff:198.51.100.1', '::ffff:198.51.100.0/120')]`,
			[]string{"cidr4 198.51.100.0/24 alone", "cidr6 2001:db8::/32 alone", "ipv4 198.51.100.1 alone", "ipv6 2001:db8::1 alone"}},
		{`[ipv4-addr:value = '198.51.100.256']`, []string{"other ipv4-addr:value=198.51.100.256 alone"}},
		{`[ipv4-addr:value != '198.51.100.1']`, []string{"ipv4 198.51.100.1 negated"}},
		{`[ipv4-addr:value = '198.51.100.1'] OR [ipv4-addr:value != '198.51.100.1/32']`, []string{"ipv4 198.51.100.1 alone", "ipv4 198.51.100.1 negated"}},
		{`[ipv4-addr:value = '198.51.100.1' AND url:value = 'x'] OR [ipv4-addr:value = '198.51.100.1/32']`, []string{"ipv4 198.51.100.1 alone", "other url:value=x"}},
		{`[domain-name:value = 'WWW.Example.COM.']`, []string{"domain www.example.com alone"}},
		{`[domain-name:value = 'bücher.example' OR domain-name:value = 'xn--bcher-kva.example']`, []string{"domain xn--bcher-kva.example alone"}},
		{`[domain-name:value = '_dmarc.example.com']`, []string{"domain _dmarc.example.com alone"}},
		{`[domain-name:value = '*.example.com']`, []string{"other domain-name:value=*.example.com alone"}},
		{`[domain-name:value = '198.51.100.1']`, []string{"ipv4 198.51.100.1 alone"}},
		{`[url:value = 'HTTP://User@WWW.Example.com:80/A/b?Q=1#frag']`, []string{"url http://User@www.example.com/A/b?Q=1 alone"}},
		{`[url:value = 'https://bücher.example:8443?q']`, []string{"url https://xn--bcher-kva.example:8443/?q alone"}},
		{`[url:value = 'http://[2001:DB8::1]:443/']`, []string{"url http://[2001:db8::1]:443/ alone"}},
		{`[url:value = 'example.com/path']`, []string{"url http://example.com/path alone"}},
		{`[url:value = 'mailto:a@example.com']`, []string{"other url:value=mailto:a@example.com alone"}},
		{`[email-addr:value = 'John.Doe@Example.COM']`, []string{"email john.doe@example.com alone"}},
		{`[email-message:from_ref.value = 'a@example.com' AND email-message:subject = 'Hi  you']`, []string{"email a@example.com", "other email-message:subject=Hi  you"}},
		{`[file:hashes.'SHA-256' = 'ABCDEF0123' OR file:hashes.MD5 = 'cd' OR file:extensions.'windows-pebinary-ext'.sections[*].hashes.SSDEEP = '3:aBc:dEf']`,
			[]string{"hash 3:aBc:dEf alone", "hash abcdef0123 alone", "hash cd alone"}},
		{`[file:name = 'Evil.EXE']`, []string{"file Evil.EXE alone"}},
		{`[process:image_ref.name = 'evil.exe']`, []string{"file evil.exe alone"}},
		{`[file:extensions.'archive-ext'.contains_refs[0].name = 'a.dll']`, []string{"file a.dll alone"}},
		{`[file:size = 25536]`, []string{"other file:size=25536 alone"}},
		{`[network-traffic:dst_ref.value = '198.51.100.1' OR network-traffic:dst_ref.value = 'a.example.com' OR network-traffic:src_ref.value = 'AA-BB-CC-DD-EE-FF' OR network-traffic:dst_ref.value = 'x y']`,
			[]string{"domain a.example.com alone", "ipv4 198.51.100.1 alone", "mac aa:bb:cc:dd:ee:ff alone", "other network-traffic:dst_ref.value=x y alone"}},
		{`[domain-name:resolves_to_refs[*].value = '2001:db8::1']`, []string{"ipv6 2001:db8::1 alone"}},
		{`[ipv4-addr:belongs_to_refs[*].number = 64496 OR autonomous-system:number = 64497]`, []string{"asn 64496 alone", "asn 64497 alone"}},
		{`[mac-addr:value = 'D2:FB:49:24:37:18']`, []string{"mac d2:fb:49:24:37:18 alone"}},
		{`[mutex:name = '__CLEANSWEEP__']`, []string{"mutex __CLEANSWEEP__ alone"}},
		{`[windows-registry-key:key = 'HKLM\\System\\Foo' OR windows-registry-key:values[*].name = 'Run']`,
			[]string{"other windows-registry-key:values[*].name=Run alone", `registry-key hkey_local_machine\system\foo alone`}},
		{`[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'Mozilla/5.0']`, []string{"user-agent Mozilla/5.0 alone"}},
		{`[x509-certificate:serial_number = '36:F7:D4' OR x509-certificate:hashes.'SHA-1' = 'AB']`, []string{"certificate 36f7d4 alone", "hash ab alone"}},
		{`[vulnerability:name = 'cve-2021-44228']`, []string{"cve CVE-2021-44228 alone"}},
		{`[x-custom:value = 'a' OR x-custom:deep.name = 'b']`, []string{"other x-custom:deep.name=b alone", "other x-custom:value=a alone"}},
		{"[x-custom:'a\nb' = 'c']", []string{"other x-custom:'a b'=c alone"}},
		{`[mutex:name = '  ']`, nil},
		{`not a pattern`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.pattern, func(t *testing.T) {
			object := `{"type":"indicator","pattern_type":"stix","pattern":` + quote(tt.pattern) + `}`
			if got := observed(t, object); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
	if got := observed(t, `{"type":"indicator","pattern_type":"snort","pattern":"[ipv4-addr:value = '198.51.100.1']"}`); got != nil {
		t.Errorf("of another language: %q", got)
	}
}

func TestObservablesOfObjects(t *testing.T) {
	tests := []struct {
		object string
		want   []string
	}{
		{`{"type":"ipv4-addr","value":"198.51.100.1"}`, []string{"ipv4 198.51.100.1"}},
		{`{"type":"ipv6-addr","value":"2001:DB8::/48"}`, []string{"cidr6 2001:db8::/48"}},
		{`{"type":"autonomous-system","number":15139,"name":"Slime"}`, []string{"asn 15139"}},
		{`{"type":"artifact","url":"HTTPS://a.example/X","hashes":{"MD5":"AB"}}`, []string{"hash ab", "url https://a.example/X"}},
		{`{"type":"directory","path":"C:\\Windows"}`, []string{`other directory:path=C:\Windows`}},
		{`{"type":"file","name":"a.exe","size":3,"hashes":{"MD5":"AB","SHA-256":"cd","TLSH":7}}`, []string{"file a.exe", "hash ab", "hash cd"}},
		{`{"type":"mutex","name":"M"}`, []string{"mutex M"}},
		{`{"type":"process","command_line":"a\n b","pid":1}`, []string{"other process:command_line=a  b"}},
		{`{"type":"software","name":"Word"}`, []string{"other software:name=Word"}},
		{`{"type":"user-account","user_id":"1001","account_login":"jdoe"}`, []string{"other user-account:account_login=jdoe", "other user-account:user_id=1001"}},
		{`{"type":"windows-registry-key","key":"HKEY_LOCAL_MACHINE\\System"}`, []string{`registry-key hkey_local_machine\system`}},
		{`{"type":"x509-certificate","serial_number":"02:08:87:83:f2:13:58:1f","hashes":{"SHA-1":"0A"}}`, []string{"certificate 02088783f213581f", "hash 0a"}},
		{`{"type":"network-traffic","extensions":{"http-request-ext":{"request_header":{"User-agent":"curl/8","Host":"x"}}}}`, []string{"user-agent curl/8"}},
		{`{"type":"vulnerability","name":"Log4Shell (cve-2021-44228, CVE-2021-45046)","external_references":[{"source_name":"CVE","external_id":"CVE-2021-44228"},{"source_name":"x","external_id":"CVE-1999-0001"}]}`,
			[]string{"cve CVE-2021-44228", "cve CVE-2021-45046"}},
		{`{"type":"malware","name":"CVE-2021-44228","external_references":[{"source_name":"cve","external_id":"CVE-2020-0001"},{"source_name":"cve","external_id":"CVE-20201-0001"},7]}`, []string{"cve CVE-2020-0001"}},
		{`{"type":"ipv4-addr","value":["198.51.100.1"]}`, nil},
		{`{"type":"ipv4-addr","value":""}`, nil},
		{`{"type":"observed-data","objects":{"0":{"type":"ipv4-addr","value":"198.51.100.1"}}}`, nil},
		{`{"type":"identity","name":"x"}`, nil},
		{`[]`, nil},
	}
	for _, tt := range tests {
		if got := observed(t, tt.object); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s\ngot  %q\nwant %q", tt.object, got, tt.want)
		}
	}
}

func TestObservablesAreBounded(t *testing.T) {
	var hashes strings.Builder
	for i := range stix.MaxObservables + 10 {
		fmt.Fprintf(&hashes, `"H%d":"%08x",`, i, i)
	}
	if got := observed(t, `{"type":"file","hashes":{`+hashes.String()+`"x":"ff"}}`); len(got) != stix.MaxObservables || got[1] != "hash 00000001" {
		t.Errorf("%d observables", len(got))
	}
	long := strings.Repeat("é", 1000)
	a, b := observed(t, `{"type":"mutex","name":"`+long+`a"}`)[0], observed(t, `{"type":"mutex","name":"`+long+`b"}`)[0]
	if a == b || len(a) > stix.MaxKey+len("mutex ") || !utf8.ValidString(a) {
		t.Errorf("keys of long names are %q and %q", a, b)
	}
}

func TestLookup(t *testing.T) {
	tests := []struct {
		text  string
		first []string // what is asked for first
		count int      // of all
	}{
		{"198.51.100.77", []string{"ipv4 198.51.100.77", "cidr4 198.51.100.76/31", "cidr4 198.51.100.76/30"}, 33},
		{"198.51[.]100.77", []string{"ipv4 198.51.100.77"}, 33},
		{" ::ffff:198.51.100.77\n", []string{"ipv4 198.51.100.77"}, 33},
		{"198.51.100.77:8080", []string{"ipv4 198.51.100.77"}, 33},
		{"198.51.100.77/24", []string{"cidr4 198.51.100.0/24", "cidr4 198.51.100.0/23"}, 25},
		{"198.51.100.77/32", []string{"ipv4 198.51.100.77"}, 33},
		{"0.0.0.0/0", []string{"cidr4 0.0.0.0/0"}, 1},
		{"2001:DB8::1", []string{"ipv6 2001:db8::1", "cidr6 2001:db8::/127"}, 129},
		{"[2001:db8::1]:443", []string{"ipv6 2001:db8::1"}, 129},
		{"2001:db8::/32", []string{"cidr6 2001:db8::/32"}, 33},
		{"a.B.example[dot]com.", []string{"domain a.b.example.com", "domain b.example.com", "domain example.com", "file a.B.example.com."}, 6},
		{"bücher.example", []string{"domain xn--bcher-kva.example"}, 4},
		{"example.com:8443", []string{"domain example.com"}, 4},
		{"hxxps[://]WWW[.]example.com:443/a?b=c#d", []string{"url https://www.example.com/a?b=c", "url https://www.example.com/a", "domain www.example.com", "domain example.com"}, 4},
		{"HXXP[:]//198.51.100.77", []string{"url http://198.51.100.77/", "ipv4 198.51.100.77", "cidr4 198.51.100.76/31"}, 34},
		{"http://[2001:db8::1]/?q", []string{"url http://[2001:db8::1]/?q", "url http://[2001:db8::1]/", "ipv6 2001:db8::1"}, 131},
		{"example.com/a?b", []string{"url http://example.com/a?b", "url https://example.com/a?b", "url http://example.com/a", "domain example.com", "file example.com/a?b", "file a?b"}, 8},
		{"mailto:John[at]mail.Example.com", []string{"email john@mail.example.com", "domain mail.example.com", "domain example.com"}, 3},
		{"D41D8CD98F00B204E9800998ECF8427E", []string{"hash d41d8cd98f00b204e9800998ecf8427e", "certificate d41d8cd98f00b204e9800998ecf8427e"}, 2},
		{"E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", []string{"hash e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}, 1},
		{"3:aBc:dEf", []string{"hash 3:aBc:dEf"}, 1},
		{"T1" + strings.Repeat("AB", 35), []string{"hash t1" + strings.Repeat("ab", 35)}, 1},
		{"cve-2021-44228", []string{"cve CVE-2021-44228"}, 1},
		{"AS64496", []string{"asn 64496"}, 1},
		{"64496", []string{"asn 64496", "file 64496"}, 4},
		{"AA-BB-CC-DD-EE-FF", []string{"mac aa:bb:cc:dd:ee:ff"}, 1},
		{"36:f7:d4:32:f4:ab:70:ea:d3", []string{"certificate 36f7d432f4ab70ead3"}, 4},
		{"evil.exe", []string{"domain evil.exe", "file evil.exe", "mutex evil.exe", "user-agent evil.exe"}, 4},
		{`C:\Temp\Evil.exe`, []string{`file C:\Temp\Evil.exe`, "file Evil.exe", `mutex C:\Temp\Evil.exe`, `registry-key c:\temp\evil.exe`}, 5},
		{`HKLM\Software\Run`, []string{`file HKLM\Software\Run`, "file Run", `mutex HKLM\Software\Run`, `registry-key hkey_local_machine\software\run`}, 5},
		{"email-message:subject=Hi you", []string{"file email-message:subject=Hi you", "mutex email-message:subject=Hi you", "user-agent email-message:subject=Hi you", "other email-message:subject=Hi you"}, 4},
		{"", nil, 0},
		{" \n\x00", nil, 0},
		{strings.Repeat("a", 8193), nil, 0},
	}
	for _, tt := range tests {
		var got []string
		for _, o := range stix.Lookup(tt.text) {
			got = append(got, string(o.Kind)+" "+o.Key)
		}
		if len(got) != tt.count || len(got) < len(tt.first) || !reflect.DeepEqual(append([]string{}, got[:len(tt.first)]...), append([]string{}, tt.first...)) {
			t.Errorf("%.80q: %d keys, %q\nwant %d, %q", tt.text, len(got), got[:min(len(got), 12)], tt.count, tt.first)
		}
	}
}

// What a feed says is found by what a person types, however either writes it.
func TestWhatIsStoredIsFound(t *testing.T) {
	tests := []struct{ pattern, typed string }{
		{`[ipv4-addr:value ISSUBSET '198.51.0.0/16']`, "198.51.100.1"},
		{`[ipv6-addr:value = '2001:db8::/32']`, "http://[2001:0db8::5]:8080/x"},
		{`[domain-name:value = 'Example.com']`, "hxxp://www.example[.]com/x"},
		{`[domain-name:value = 'example.com']`, "mail@sub.example.com"},
		{`[url:value = 'http://EXAMPLE.com']`, "http://example.com:80/#x"},
		{`[url:value = 'https://example.com/a']`, "example.com/a"},
		{`[url:value = 'https://example.com/a']`, "https://example.com/a?utm=1"},
		{`[email-addr:value = 'A@Example.com']`, "a@example.COM"},
		{`[file:hashes.MD5 = 'D41D8CD98F00B204E9800998ECF8427E']`, "d41d8cd98f00b204e9800998ecf8427e"},
		{`[x509-certificate:serial_number = '36:f7:d4:32:f4']`, "36F7D432F4"},
		{`[file:name = 'evil.exe']`, `C:\Users\x\evil.exe`},
		{`[windows-registry-key:key = 'HKEY_CURRENT_USER\\Software\\Evil']`, `hkcu\software\evil`},
		{`[mutex:name = ' a  b ']`, "a  b"},
		{`[mutex:name = '` + strings.Repeat("x", 3000) + `']`, strings.Repeat("x", 3000)},
		{`[x-thing:colour = 'blue']`, "x-thing:colour=blue"},
		{`[autonomous-system:number = 64496]`, "as64496"},
	}
	for _, tt := range tests {
		v := parse(t, `{"type":"indicator","pattern_type":"stix","pattern":`+quote(tt.pattern)+`}`)
		stored := stix.Observables(v, stix.ReadHeader(v))
		found := false
		for _, asked := range stix.Lookup(tt.typed) {
			found = found || len(stored) == 1 && asked.Kind == stored[0].Kind && asked.Key == stored[0].Key
		}
		if !found {
			t.Errorf("%.80s is stored as %.200v, not found by %.80s", tt.pattern, stored, tt.typed)
		}
	}
}

func TestPublishedIndicatorsHaveObservables(t *testing.T) {
	for name, data := range realBundles(t) {
		root := parse(t, string(data))
		objects := []stix.Value{root}
		if root.Get("type").Text() == "bundle" {
			var err error
			if objects, err = stix.Objects(root); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		for _, v := range objects {
			h := stix.ReadHeader(v)
			found := stix.Observables(v, h)
			if h.Type == "indicator" && len(found) == 0 {
				t.Errorf("%s: %s is found by nothing: %s", name, h.ID, h.Pattern)
			}
			checkKeys(t, found)
		}
	}
}

func checkKeys(t *testing.T, observables []stix.Observable) {
	t.Helper()
	for _, o := range observables {
		if o.Key == "" || len(o.Key) > stix.MaxKey || !utf8.ValidString(o.Key) || strings.ContainsAny(o.Key, "\x00\n\x1f\x7f") {
			t.Errorf("%s key %q", o.Kind, o.Key)
		}
	}
}

func FuzzObservables(f *testing.F) {
	f.Add([]byte(indicator))
	f.Add([]byte(`{"type":"indicator","pattern_type":"stix","pattern":"[url:value = 'http://[::1%25x]:a/'] AND [domain-name:value IN ('\u00df.\u3002', '0x')]"}`))
	f.Add([]byte(`{"type":"url","value":"://@:/?#"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := new(stix.Parser).Parse(data)
		if err != nil {
			return
		}
		found := stix.Observables(v, stix.ReadHeader(v))
		checkKeys(t, found)
		for i := 1; i < len(found); i++ {
			o, last := found[i], found[i-1]
			if last.Kind > o.Kind || last.Kind == o.Kind && last.Key > o.Key || last == o {
				t.Errorf("%+v is before %+v", last, o)
			}
		}
	})
}

func FuzzLookup(f *testing.F) {
	for _, s := range []string{"198.51.100.77", "hxxp://a[.]example.com:80/x?y#z", "a@b.example", "2001:db8::/32", "::ffff:1.2.3.4/100", "[::1]:80", "1:aaa:b", `HKLM\x`, "xn--a.example", "é.example/ß", "CVE-2021-12345"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		keys := stix.Lookup(text)
		if len(keys) >= 300 {
			t.Errorf("%d keys", len(keys))
		}
		checkKeys(t, keys)
		seen := map[stix.Observable]bool{}
		for _, o := range keys {
			if seen[o] || o.Negated || o.Alone {
				t.Errorf("%+v", o)
			}
			seen[o] = true
		}
		// What is found as an address, a name or a URL is found by its key again.
		if len(keys) == 0 {
			return
		}
		switch o := keys[0]; o.Kind {
		case stix.IPv4, stix.IPv6, stix.CIDR4, stix.CIDR6, stix.Domain, stix.URL, stix.Email, stix.MAC, stix.CVE, stix.Hash:
			if again := stix.Lookup(o.Key); len(o.Key) < stix.MaxKey-70 && (len(again) == 0 || again[0] != o) {
				t.Errorf("%q leads to %+v, and that to %+v", text, o, again)
			}
		}
	})
}

func BenchmarkObservables(b *testing.B) {
	v := parse(b, indicator)
	h := stix.ReadHeader(v)
	b.ReportAllocs()
	for b.Loop() {
		if len(stix.Observables(v, h)) != 1 {
			b.Fatal("not one observable")
		}
	}
}
