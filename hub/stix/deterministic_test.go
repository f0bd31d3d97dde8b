package stix_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/hub/stix"
)

func TestDeterministicID(t *testing.T) {
	// What the canonical JSON has to be is written out where no published
	// identifier is known.
	of := func(typ, canonical string) string {
		return typ + "--" + uuid.NewSHA1(uuid.MustParse("00abedb4-aa42-466c-9c01-fed23315a9b7"), []byte(canonical)).String()
	}
	tests := []struct {
		name, object, want string
	}{
		// The identifiers of the tests of OASIS's own library.
		{"address", `{"type":"ipv4-addr","value":"198.51.100.3"}`, "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4"},
		{"domain", `{"type":"domain-name","id":"x","value":"example.com","resolves_to_refs":[]}`, "domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7"},
		{"registry", `{"type":"windows-registry-key","values":[{"name":"Foo","data":"qwerty"},{"name":"Bar","data":"42"}]}`, "windows-registry-key--36594eba-bcc7-5014-9835-0e154264e588"},
		{"file with extension", `{"type":"file","name":"example.exe","size":68000,"magic_number_hex":"50000000",
			"hashes":{"SHA-256":"841a8921140aba50671ebb0770fecc4ee308c4952cfeff8de154ab14eeef4649"},
			"extensions":{"windows-pebinary-ext":{"pe_type":"exe","machine_hex":"014c","sections":[{"name":".data","size":4096,"entropy":7.980693,
			"hashes":{"SHA-256":"6e3b6f3978e5cd96ba7abee35c24e867b7e64072e2ecb22d0ee7a6e6af6894d0"}}]}}}`, "file--ced31cd4-bdcb-537d-aefa-92d291bfc11d"},

		{"MD5 first", `{"type":"file","hashes":{"SSDEEP":"s","SHA-512":"5","SHA-256":"2","SHA-1":"1","MD5":"m"}}`, of("file", `{"hashes":{"MD5":"m"}}`)},
		{"SHA-1 next", `{"type":"file","hashes":{"SHA-512":"5","SHA-256":"2","SHA-1":"1"}}`, of("file", `{"hashes":{"SHA-1":"1"}}`)},
		{"SHA-256 next", `{"type":"artifact","hashes":{"SHA-512":"5","SHA-256":"2"},"url":"u"}`, of("artifact", `{"hashes":{"SHA-256":"2"}}`)},
		{"the only hash", `{"type":"x509-certificate","hashes":{"SSDEEP":"s"}}`, of("x509-certificate", `{"hashes":{"SSDEEP":"s"}}`)},
		{"no hash to choose", `{"type":"file","hashes":{"SSDEEP":"s","TLSH":"t"},"name":"n"}`, ""},
		{"no hashes", `{"type":"file","hashes":{},"name":"n"}`, ""},
		{"order and escapes", `{"type":"email-message","subject":"</é\u2028\"\\\/\u000f\n\t\u007f","from_ref":"f","body":"","to_refs":[]}`,
			of("email-message", "{\"body\":\"\",\"from_ref\":\"f\",\"subject\":\"</é\u2028\\\"\\\\/\\u000f\\n\\t\u007f\"}")},
		{"numbers", `{"type":"network-traffic","src_port":1.0,"dst_port":10e1,"protocols":["tcp"],"extensions":{"x":[1e30,1E-7,-0,0.5,333333333.33333329,4.50,2e-3,1e21,123456789012345680000]}}`,
			of("network-traffic", `{"dst_port":100,"extensions":{"x":[1e+30,1e-7,0,0.5,333333333.3333333,4.5,0.002,1e+21,123456789012345680000]},"protocols":["tcp"],"src_port":1}`)},
		{"names in UTF-16 order", "{\"type\":\"file\",\"extensions\":{\"\U0001F600\":1,\"\uFB33\":2,\"\u20ac\":{},\"b\":true,\"a\":null,\"ab\":[]}}",
			of("file", "{\"extensions\":{\"a\":null,\"ab\":[],\"b\":true,\"\u20ac\":{},\"\U0001F600\":1,\"\uFB33\":2}}")},
		{"a number beyond a double", `{"type":"file","extensions":{"x":1e999}}`, ""},
		{"process", `{"type":"process","pid":1}`, ""},
		{"nothing contributes", `{"type":"email-message","is_multipart":false}`, ""},
		{"no SCO", `{"type":"indicator","name":"n","value":"v"}`, ""},
		{"no object", `["ipv4-addr"]`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := stix.DeterministicID(parse(t, tt.object)); got != tt.want || ok != (tt.want != "") {
				t.Errorf("got %s, %v, want %s", got, ok, tt.want)
			}
		})
	}
}
