package match

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf16"
)

func TestReadInventory(t *testing.T) {
	nginx := comp{Name: "nginx", Version: "1.20.1"}
	for name, c := range map[string]struct {
		doc    string
		format string
		want   []comp
		warn   string // of the only warning
	}{
		"CycloneDX JSON": {`{"bomFormat":"CycloneDX","specVersion":"1.5","metadata":{"component":{"type":"application","name":"shop","version":"3"}},"components":[
			{"type":"library","group":"@example","name":"cart","version":"1.0","purl":"pkg:npm/%40example/cart@1.0","components":[{"type":"library","name":"inner","version":"2","group":"org.example"}]},
			{"type":"file","name":"readme"},{"type":"operating-system","name":"debian","version":"12","supplier":{"name":"Debian"}},
			{"type":"library","name":"x","publisher":"Example Ltd","cpe":"cpe:2.3:a:x"}]}`,
			"CycloneDX 1.5 JSON", []comp{{Name: "shop", Version: "3"}, {Name: "cart", Version: "1.0", PURL: "pkg:npm/%40example/cart@1.0"}, {Name: "inner", Version: "2", Vendor: "org.example"},
				{Name: "debian", Version: "12", Vendor: "Debian"}, {Name: "x", Vendor: "Example Ltd"}}, "CPE"},
		"CycloneDX XML": {`<?xml version="1.0" encoding="UTF-8"?><bom xmlns="http://cyclonedx.org/schema/bom/1.4" version="1"><metadata><component type="application"><name>shop</name></component></metadata>
			<components><component type="library"><supplier><name>Example Ltd</name><contact><name>Nobody</name></contact></supplier><name>cart</name><version>1.0</version><purl>pkg:npm/cart@1.0</purl>
			<licenses><license><name>MIT</name></license></licenses>
			<components><component type="library"><name>inner</name><version>2</version></component></components></component><component type="file"><name>readme</name></component></components></bom>`,
			"CycloneDX 1.4 XML", []comp{{Name: "shop"}, {Name: "inner", Version: "2"}, {Name: "cart", Version: "1.0", Vendor: "Example Ltd", PURL: "pkg:npm/cart@1.0"}}, ""},
		"SPDX JSON": {`{"spdxVersion":"SPDX-2.3","packages":[{"name":"nginx","versionInfo":"1.20.1","supplier":"Organization: F5, Inc. (info@example.com)","externalRefs":[
			{"referenceCategory":"SECURITY","referenceType":"cpe22Type","referenceLocator":"cpe:/a:f5:nginx:1.20.1"},{"referenceCategory":"SECURITY","referenceType":"cpe23Type","referenceLocator":"` + nginxCPE + `"},
			{"referenceCategory":"PACKAGE_MANAGER","referenceType":"purl","referenceLocator":"pkg:generic/nginx@1.20.1"}]},
			{"name":"noassertion","versionInfo":"NOASSERTION","supplier":"NOASSERTION","originator":"Person: Nobody"},{"name":"src","primaryPackagePurpose":"SOURCE"}]}`,
			"SPDX 2.3 JSON", []comp{{Name: "nginx", Version: "1.20.1", Vendor: "F5, Inc.", CPE: nginxCPE, PURL: "pkg:generic/nginx@1.20.1"}, {Name: "noassertion"}}, ""},
		"SPDX tag-value": {"SPDXVersion: SPDX-2.2\nDocumentName: x\nCreatorComment: <text>several\nPackageName: no\n</text>\n\n# a comment\nPackageName: nginx\nPackageVersion: 1.20.1\nPackageSupplier: Organization: F5\nExternalRef: SECURITY cpe23Type " + nginxCPE + "\nPackageComment: <text>one</text>\nFileName: ./a\nPackageVersion: 9\nPackageName: b\nExternalRef: PACKAGE-MANAGER purl pkg:npm/b@1\nnonsense\n",
			"SPDX 2.2 tag-value", []comp{{Name: "nginx", Version: "1.20.1", Vendor: "F5", CPE: nginxCPE}, {Name: "b", PURL: "pkg:npm/b@1"}}, "line 17: it has no tag"},
		"SPDX 3": {`{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[{"type":"Organization","spdxId":"urn:f5","name":"F5"},{"type":"software_Package","name":"nginx","software_packageVersion":"1.20.1","suppliedBy":"urn:f5","software_packageUrl":"pkg:generic/nginx@1.20.1","externalIdentifier":[{"externalIdentifierType":"cpe23","identifier":"` + nginxCPE + `"}]},{"type":"software_File","name":"x"}]}`,
			"SPDX 3.0 JSON", []comp{{Name: "nginx", Version: "1.20.1", Vendor: "F5", CPE: nginxCPE, PURL: "pkg:generic/nginx@1.20.1"}}, ""},
		"CSV":                        {"name,version\nnginx,1.20.1\n", "CSV", []comp{nginx}, ""},
		"CSV of Excel":               {"\xef\xbb\xbfsep=;\r\nVersion;Product Name;Publisher\r\n1.20.1;\"nginx; the server\";F5\r\n", "CSV", []comp{{Name: "nginx; the server", Version: "1.20.1", Vendor: "F5"}}, ""},
		"CSV with tabs":              {"Package URL\tDistro\npkg:npm/cart@1.0\tdebian\n", "CSV", []comp{{Name: "cart", PURL: "pkg:npm/cart@1.0", Distribution: "debian"}}, ""},
		"CSV in Chinese":             {"名稱,版本,供應商\nWordPress,6.4,示例\n", "CSV", []comp{{Name: "WordPress", Version: "6.4", Vendor: "示例"}}, ""},
		"CSV in simplified Chinese":  {"软件名称;版本号\nWordPress;6.4\n", "CSV", []comp{{Name: "WordPress", Version: "6.4"}}, ""},
		"CSV with a CPE":             {"cpe\n" + nginxCPE + "\n", "CSV", []comp{{Name: "nginx", CPE: nginxCPE}}, ""},
		"CSV with a comma too many":  {"name,version\nExample, Inc.,1,2\nnginx,1.20.1\n", "CSV", []comp{nginx}, "line 2: it has 4 values"},
		"CSV with a row of nothing":  {"\n\nname,version\n\n,\n,1.0\nnginx,1.20.1\nnginx,1.20.1\n", "CSV", []comp{nginx}, "line 6: it has no name"},
		"CSV of a quoted line break": {"name,version\n\"a\nb\",1\n", "CSV", []comp{{Name: "a b", Version: "1"}}, ""},
		"UTF-16":                     {utf16LE("name\tversion\n檔案總管😀\t1.0\n"), "CSV", []comp{{Name: "檔案總管😀", Version: "1.0"}}, ""},
		"a scan report": {`{"version":1,"reports":[{"target":{"domain":"example.hk"},"technologies":[{"id":"nginx","name":"nginx","version":"1.18.0","cpe":"` + nginxCPE + `","evidence":[{"subject":"example.hk","observed":"Server: nginx/1.18.0 (Ubuntu)"}]},{"name":"jQuery","evidence":null}]}]}`,
			"scan report", []comp{{Name: "nginx", Version: "1.18.0", CPE: nginxCPE, Distribution: "Ubuntu"}, {Name: "jQuery"}}, ""},
		"scan reports, line by line": {"{\"program\":\"infohub 0.1\",\"target\":{\"domain\":\"a.hk\"},\"technologies\":[{\"name\":\"nginx\",\"version\":\"1.20.1\"}]}\n{\"program\":\"infohub 0.1\",\"target\":{\"domain\":\"b.hk\"},\"technologies\":[{\"name\":\"PHP\"}]}\n", "scan report", []comp{nginx, {Name: "PHP"}}, ""},
		"a list":                     {`[{"name":"nginx","version":"1.20.1"},7]`, "list of components", []comp{nginx}, "component 2"},
		"a list in an object":        {`{"components":[{"name":"nginx","version":"1.20.1"}]}`, "list of components", []comp{nginx}, ""},
		"nothing in it":              {`{"bomFormat":"CycloneDX","specVersion":"1.6"}`, "CycloneDX 1.6 JSON", []comp{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inv, err := ReadInventory([]byte(c.doc), "")
			if err != nil {
				t.Fatal(err)
			}
			if inv.Format != c.format || !reflect.DeepEqual(inv.Components, c.want) {
				t.Errorf("%s: %+v", inv.Format, inv.Components)
			}
			if c.warn == "" && len(inv.Warnings) > 0 || c.warn != "" && (len(inv.Warnings) != 1 || !strings.Contains(inv.Warnings[0], c.warn)) {
				t.Errorf("warnings %q, want %q", inv.Warnings, c.warn)
			}
		})
	}
}

func utf16LE(s string) string {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return string(out)
}

func TestInventoriesThatAreRefused(t *testing.T) {
	var many strings.Builder
	many.WriteString("name\n")
	for i := range MaxComponents + 1 {
		fmt.Fprintf(&many, "p%d\n", i)
	}
	for name, c := range map[string]struct {
		doc  string
		line int
		want string
	}{
		"nothing":          {" \n", 0, "empty"},
		"too large":        {strings.Repeat("x", MaxInventory+1), 0, "over 4 MiB"},
		"too many":         {many.String(), 0, "more than 50000"},
		"broken JSON":      {"{\n\"bomFormat\": \"CycloneDX\",\n]}", 3, "no good JSON"},
		"JSON cut short":   {`{"bomFormat":"CycloneDX"`, 1, "too early"},
		"a wrong kind":     {"{\"bomFormat\":\"CycloneDX\",\n\"components\":[{\"name\":7}]}", 2, "name has a value of the wrong kind"},
		"deep JSON":        {strings.Repeat(`[`, 100) + strings.Repeat(`]`, 100), 1, "nested deeper"},
		"other JSON":       {`{"a":1}`, 0, "no inventory that is known"},
		"other XML":        {"<html>\n</html>", 1, "its root is"},
		"broken XML":       {"<bom xmlns=\"http://cyclonedx.org/schema/bom/1.5\">\n<components></bom>", 2, "no good XML"},
		"deep XML":         {`<bom xmlns="http://cyclonedx.org/schema/bom/1.5">` + strings.Repeat("<a>", 100), 1, "nested deeper"},
		"XML entities":     {"<!DOCTYPE a [<!ENTITY b \"c\">]>\n<bom xmlns=\"http://cyclonedx.org/schema/bom/1.5\"/>", 1, "declares entities"},
		"no header":        {"nginx,1.20.1\n", 1, "names the columns"},
		"a broken quote":   {"name,version\nnginx,1\n\"a\" b,1\n", 3, "quotes"},
		"Big5":             {"name\n\xc0\xc9\xae\xd7\n", 2, "UTF-8"},
		"a spreadsheet":    {"PK\x03\x04\x00\x00", 0, "CSV"},
		"an old one":       {"\xd0\xcf\x11\xe0\x00", 0, "CSV"},
		"a PDF":            {"%PDF-1.7\n", 0, "PDF"},
		"bytes":            {"name\x00\n", 1, "no text"},
		"half of UTF-16":   {"\xff\xfe", 0, "empty"},
		"an empty XML":     {"<!-- nothing -->", 1, "no element"},
		"a spreadsheet's?": {"a;b\n1;2\n", 1, "names the columns"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadInventory([]byte(c.doc), "")
			var bad *ReadError
			if !errors.As(err, &bad) || bad.Line != c.line || !strings.Contains(bad.Reason, c.want) {
				t.Errorf("%v, want line %d: %s", err, c.line, c.want)
			}
		})
	}
	if _, err := ReadInventory([]byte("PackageName: a\n"), "a.spdx"); err == nil || !strings.Contains(err.Error(), "SPDXVersion") {
		t.Errorf("tag-value without a version: %v", err)
	}
}

func TestWarningsAreBounded(t *testing.T) {
	inv, err := ReadInventory([]byte("name,version\n"+strings.Repeat(",1\n", 500)), "x.csv")
	if err != nil || len(inv.Warnings) != maxWarnings+1 || inv.Warnings[maxWarnings] != "and 400 more" {
		t.Errorf("%d warnings, the last %q, %v", len(inv.Warnings), inv.Warnings[len(inv.Warnings)-1], err)
	}
}

func FuzzReadInventory(f *testing.F) {
	for _, s := range []string{
		`{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{"name":"a","components":[{"name":"b"}]}]}`,
		`<bom xmlns="http://cyclonedx.org/schema/bom/1.4"><components><component type="library"><name>a</name></component></components></bom>`,
		`{"spdxVersion":"SPDX-2.3","packages":[{"name":"a"}]}`, "SPDXVersion: SPDX-2.3\nPackageName: a\n", "name;version\na;1\n",
		`{"reports":[{"technologies":[{"name":"a"}]}]}`, `[{"name":"a","cpe":"` + nginxCPE + `"}]`, `{"@graph":[{"type":"software_Package","name":"a"}]}`,
		"\xff\xfen\x00a\x00m\x00e\x00\n\x00a\x00",
	} {
		f.Add([]byte(s), "")
	}
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		inv, err := ReadInventory(data, name)
		if err != nil {
			var bad *ReadError
			if !errors.As(err, &bad) || bad.Line < 0 {
				t.Fatalf("%v", err)
			}
			return
		}
		for _, c := range inv.Components {
			if c.Name == "" || len(c.Name) > maxField || strings.ContainsAny(c.Name, "\n\x00") {
				t.Errorf("%q", c.Name)
			}
		}
	})
}

func FuzzParseCPE(f *testing.F) {
	for _, s := range []string{nginxCPE, `cpe:2.3:a:joomla:joomla\!:4.2.7\+x:rc1:*:*:*:wordpress:*:*`, "cpe:/a:f5:nginx:1.20.0", "cpe:/a:a:b:1:~~~wordpress~~", `cpe:2.3:a:f5:nginx:1.2*:*:*:*:*:*:*:*`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if c, ok := parseCPE(s); ok && (c.vendor == "" || c.product == "" || len(c.part) > 1) {
			t.Errorf("%q is read as %+v", s, c)
		}
	})
}

func FuzzParsePURL(f *testing.F) {
	for _, s := range []string{"pkg:deb/debian/libssl3@3.0.11-1~deb12u1?upstream=openssl%403.0&distro=debian-12", "pkg:npm/%40example/cart@1.0", "pkg:rpm/redhat/bind@9?epoch=32"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if p, ok := parsePURL(s); ok && (p.kind == "" || p.name == "" || !strings.HasPrefix(p.path, p.kind+"/")) {
			t.Errorf("%q is read as %+v", s, p)
		}
	})
}

// A component of any text is looked up without harm.
func FuzzMatch(f *testing.F) {
	x := New()
	x.Put("ref", published(prod{ID: "p", Vendor: "F5", Name: "nginx", CPE: nginxCPE, Versions: "vers:generic/<1.20"}, prod{ID: "q", Name: "cart", PURL: "pkg:npm/cart", Versions: "vers:npm/<2"}))
	f.Add("nginx/1.18.0 (Ubuntu)", "F5", "1.18.0-6+deb11u3", nginxCPE, "pkg:npm/cart@1")
	f.Fuzz(func(t *testing.T, name, vendor, version, cpeName, purlName string) {
		for _, m := range x.Match([]comp{{Name: name, Vendor: vendor, Version: version, CPE: cpeName, PURL: purlName}}, nil) {
			if m.State == "" || m.Reason == "" || m.Product == "" {
				t.Errorf("%+v", m)
			}
		}
	})
}
