package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	mine := write("mine.yaml", `date: "2026-11-23"
technologies:
  - id: php
    source: https://www.php.net/eol.php
    cycles: [{cycle: "7.4", ends: "2022-11-28"}, {cycle: "8.3", ends: "2027-01-01"}]
    exploited:
      - {cve: CVE-2019-11043, source: "https://nvd.nist.gov/", affected: [{below: "7.1.33"}]}
      - {cve: CVE-2000-0001, source: "https://nvd.nist.gov/", affected: [{below: "4.0"}]}
`)
	kev := write("kev.json", `{"title": "CISA", "vulnerabilities": [
		{"cveID": "CVE-2019-11043", "vendorProject": "PHP", "product": "PHP", "vulnerabilityName": "one"},
		{"cveID": "CVE-2024-4577", "vendorProject": "PHP", "product": "PHP", "vulnerabilityName": "PHP-CGI OS Command Injection"},
		{"cveID": "CVE-2020-0001", "vendorProject": "Somebody", "product": "Something", "vulnerabilityName": "x"}]}`)
	write("php.json", `[{"cycle": "8.4", "eol": "2028-12-31"}, {"cycle": "8.3", "eol": "2027-12-31"}, {"cycle": "7.4", "eol": "2022-11-28"}, {"cycle": "5.6", "eol": "2018-12-31"}, {"cycle": "4", "eol": true}]`)

	for _, tt := range []struct{ file, kev, eol, want, err string }{
		{mine, kev, dir, "php: CVE-2000-0001 is not in CISA's catalogue\nphp: CVE-2024-4577 is missing: PHP-CGI OS Command Injection\n" +
			"php: cycle 5.6, which ended on 2018-12-31, is missing\nphp: cycle 8.3 ends on 2027-12-31, not on 2027-01-01\n", ""},
		{mine, "", t.TempDir(), "", ""},
		{mine, "", "", "", "give -kev, -eol or both"},
		{mine, write("empty.json", "{}"), "", "", "empty.json: it lists no vulnerabilities"},
		{mine, dir + "/gone.json", "", "", "gone.json"},
		{kev, kev, "", "", "technology catalogue: "},
	} {
		var out strings.Builder
		different, err := run(tt.file, tt.kev, tt.eol, &out)
		if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%+v: %v", tt, err)
		}
		if out.String() != tt.want || different != (tt.want != "") {
			t.Errorf("%+v: %v\n%s", tt, different, out.String())
		}
	}
}
