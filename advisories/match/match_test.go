package match

import (
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// published is an advisory about these products, each affected by CVE-2026-0001.
func published(products ...advisories.Product) advisories.Publication {
	for i := range products {
		if products[i].ID == "" {
			products[i].ID = string(rune('a' + i))
		}
	}
	return advisories.Publication{
		Tracking: advisories.Tracking{ID: "A26-11-01", State: advisories.Published},
		Audience: tlp.Audience{Markings: []tlp.Marking{tlp.Clear}},
		Advisory: advisories.Advisory{Products: products, Vulnerabilities: []advisories.Vulnerability{{CVE: "CVE-2026-0001"}}},
	}
}

// outcome is "state reason" of the only match of a component, "none" without one.
func outcome(t *testing.T, p advisories.Publication, c advisories.Component) string {
	t.Helper()
	x := New()
	x.Put("ref", p)
	switch got := x.Match([]advisories.Component{c}, nil); len(got) {
	case 0:
		return "none"
	case 1:
		args := make([]any, 0, 2*len(got[0].Params))
		for key, value := range got[0].Params {
			args = append(args, key, value)
		}
		if says := i18n.For(i18n.English).T("match.reason."+got[0].Reason, args...); strings.ContainsAny(says, "{}") {
			t.Errorf("%s says %q", got[0].Reason, says)
		}
		return string(got[0].State) + " " + got[0].Reason
	default:
		t.Errorf("%d matches", len(got))
		return ""
	}
}

const (
	nginxCPE  = "cpe:2.3:a:f5:nginx:*:*:*:*:*:*:*:*"
	apacheCPE = "cpe:2.3:a:apache:http_server:*:*:*:*:*:*:*:*"
)

type (
	prod = advisories.Product
	comp = advisories.Component
)

func TestOneProduct(t *testing.T) {
	nginx := prod{Vendor: "F5", Name: "nginx", CPE: nginxCPE, Versions: "vers:generic/>=1.18.0|<1.25.4"}
	with := func(p prod, versions string) prod { p.Versions = versions; return p }
	apache := prod{Vendor: "Apache Software Foundation", Name: "Apache HTTP Server", CPE: apacheCPE, Versions: "vers:generic/<2.4.62"}
	openssl := prod{Vendor: "OpenSSL", Name: "OpenSSL", CPE: "cpe:2.3:a:openssl:openssl:*:*:*:*:*:*:*:*", Versions: "vers:generic/<1.0.2k"}
	express := prod{Vendor: "OpenJS", Name: "express", PURL: "pkg:npm/express", Versions: "vers:npm/<4.19.2"}
	debian := prod{Vendor: "Debian", Name: "nginx", PURL: "pkg:deb/debian/nginx?distro=debian-12", Versions: "vers:deb/<1.22.1-9%2Bdeb12u1"}
	for name, c := range map[string]struct {
		p    prod
		c    comp
		want string
	}{
		// Versions.
		"in the range":                    {nginx, comp{Name: "nginx", CPE: nginxCPE, Version: "1.20.1"}, "affected version-in-range"},
		"at its beginning":                {nginx, comp{Name: "nginx", CPE: nginxCPE, Version: "1.18.0"}, "affected version-in-range"},
		"at its end":                      {nginx, comp{Name: "nginx", CPE: nginxCPE, Version: "1.25.4"}, "not-affected version-outside"},
		"1.9 is before 1.18":              {nginx, comp{Name: "nginx", CPE: nginxCPE, Version: "1.9.0"}, "not-affected version-outside"},
		"the version of the CPE":          {nginx, comp{Name: "nginx", CPE: "cpe:2.3:a:f5:nginx:1.20.0:*:*:*:*:*:*:*"}, "affected version-in-range"},
		"the version of a CPE 2.2":        {nginx, comp{Name: "nginx", CPE: "cpe:/a:f5:nginx:1.20.0"}, "affected version-in-range"},
		"the version of the package URL":  {express, comp{Name: "express", PURL: "pkg:npm/express@4.18.0"}, "affected version-in-range"},
		"no version":                      {nginx, comp{Name: "nginx", CPE: nginxCPE}, "possible version-unknown"},
		"the version *":                   {nginx, comp{Name: "nginx", CPE: nginxCPE, Version: "*"}, "possible version-unknown"},
		"the version -":                   {nginx, comp{Name: "nginx", CPE: "cpe:2.3:a:f5:nginx:-:*:*:*:*:*:*:*"}, "possible version-unknown"},
		"NOASSERTION":                     {nginx, comp{Name: "nginx", CPE: nginxCPE, Version: "NOASSERTION"}, "possible version-unknown"},
		"v in front":                      {nginx, comp{Name: "nginx", CPE: nginxCPE, Version: "v1.20.1"}, "affected version-in-range"},
		"V in the range":                  {with(nginx, "vers:generic/<V9.40"), comp{Name: "nginx", CPE: nginxCPE, Version: "9.30"}, "affected version-in-range"},
		"a branch in front":               {with(nginx, "15.2E 15.2(2)E6"), comp{Name: "nginx", CPE: nginxCPE, Version: "15.2(2)E6"}, "affected version-listed"},
		"all versions in words":           {with(nginx, "all versions"), comp{Name: "nginx", CPE: nginxCPE, Version: "9"}, "affected all-versions"},
		"words behind":                    {nginx, comp{Name: "nginx", CPE: nginxCPE, Version: "1.20.1 (64-bit)"}, "affected version-in-range"},
		"1.0 and 1.0.0":                   {with(nginx, "1.0.0"), comp{Name: "nginx", CPE: nginxCPE, Version: "1.0"}, "affected version-listed"},
		"another single version":          {with(nginx, "1.0.0"), comp{Name: "nginx", CPE: nginxCPE, Version: "1.0.1"}, "not-affected version-outside"},
		"~rc is before":                   {with(nginx, "vers:generic/<2.0"), comp{Name: "nginx", CPE: nginxCPE, Version: "2.0~rc1"}, "affected version-in-range"},
		"-rc is before":                   {with(nginx, "vers:generic/<2.0"), comp{Name: "nginx", CPE: nginxCPE, Version: "2.0-rc1"}, "affected version-in-range"},
		"a letter is behind":              {openssl, comp{Name: "OpenSSL", CPE: openssl.CPE, Version: "1.0.2"}, "affected version-in-range"},
		"a letter before":                 {openssl, comp{Name: "OpenSSL", CPE: openssl.CPE, Version: "1.0.2j"}, "affected version-in-range"},
		"the letter itself":               {openssl, comp{Name: "OpenSSL", CPE: openssl.CPE, Version: "1.0.2k"}, "not-affected version-outside"},
		"two letters":                     {openssl, comp{Name: "OpenSSL", CPE: openssl.CPE, Version: "1.0.2za"}, "not-affected version-outside"},
		"a patch is behind":               {with(nginx, "vers:generic/<=2.4.7"), comp{Name: "nginx", CPE: nginxCPE, Version: "2.4.7-p1"}, "not-affected version-outside"},
		"days":                            {with(nginx, "vers:generic/<2024-02-01"), comp{Name: "nginx", CPE: nginxCPE, Version: "2024-01-01"}, "affected version-in-range"},
		"a later day":                     {with(nginx, "vers:generic/<2024-02-01"), comp{Name: "nginx", CPE: nginxCPE, Version: "2024-03-01"}, "not-affected version-outside"},
		"no order":                        {nginx, comp{Name: "nginx", CPE: nginxCPE, Version: "R5 patch b"}, "possible version-not-comparable"},
		"1.x":                             {nginx, comp{Name: "nginx", CPE: nginxCPE, Version: "1.x"}, "possible version-not-comparable"},
		"an unknown scheme":               {with(nginx, "vers:cisco/<15.2"), comp{Name: "nginx", CPE: nginxCPE, Version: "15.1"}, "possible version-not-comparable"},
		"a broken range":                  {with(nginx, "vers:generic/<<"), comp{Name: "nginx", CPE: nginxCPE, Version: "1.0"}, "possible version-not-comparable"},
		"words as a range":                {with(nginx, "prior to 2.0"), comp{Name: "nginx", CPE: nginxCPE, Version: "1.0"}, "possible version-not-comparable"},
		"all versions":                    {with(nginx, ""), comp{Name: "nginx", CPE: nginxCPE, Version: "9"}, "affected all-versions"},
		"all versions, none known":        {with(nginx, "vers:generic/*"), comp{Name: "nginx", CPE: nginxCPE}, "affected all-versions"},
		"the advisory's CPE has one":      {prod{Name: "nginx", CPE: "cpe:2.3:a:f5:nginx:1.20.0:*:*:*:*:*:*:*"}, comp{Name: "nginx", CPE: nginxCPE, Version: "1.20.0"}, "affected version-listed"},
		"the advisory's CPE has a branch": {prod{Name: "nginx", CPE: `cpe:2.3:a:f5:nginx:1.20.*:*:*:*:*:*:*:*`}, comp{Name: "nginx", CPE: nginxCPE, Version: "1.20.7"}, "affected version-in-range"},
		"another branch":                  {prod{Name: "nginx", CPE: `cpe:2.3:a:f5:nginx:1.20.*:*:*:*:*:*:*:*`}, comp{Name: "nginx", CPE: nginxCPE, Version: "1.2"}, "not-affected version-outside"},
		"an update in the CPE":            {prod{Name: "PHP", CPE: `cpe:2.3:a:php:php:7.4.0:rc1:*:*:*:*:*:*`}, comp{Name: "PHP", CPE: "cpe:2.3:a:php:php:*:*:*:*:*:*:*:*", Version: "7.4.0-rc1"}, "affected version-listed"},
		"the advisory's package has one":  {prod{Name: "express", PURL: "pkg:npm/express@4.18.0"}, comp{Name: "express", PURL: "pkg:npm/express@4.18.0"}, "affected version-listed"},
		"a prerelease of npm":             {express, comp{Name: "express", PURL: "pkg:npm/express@4.19.2-beta.1"}, "affected version-in-range"},
		"Go with v and without":           {prod{Name: "net", PURL: "pkg:golang/golang.org/x/net", Versions: "vers:golang/<v0.23.0"}, comp{Name: "net", PURL: "pkg:golang/golang.org/x/net@v0.22.0"}, "affected version-in-range"},
		"Go's range without v":            {prod{Name: "net", PURL: "pkg:golang/golang.org/x/net", Versions: "vers:golang/<0.23.0"}, comp{Name: "net", PURL: "pkg:golang/golang.org/x/net@v0.23.0"}, "not-affected version-outside"},
		"Spring's RELEASE":                {prod{Name: "Spring", Vendor: "VMware", Versions: "vers:generic/<=5.3.17"}, comp{Name: "Spring", Vendor: "VMware, Inc.", Version: "5.3.17.RELEASE"}, "affected version-in-range"},

		// Which product it is.
		"another vendor":                      {nginx, comp{Name: "nginx", CPE: "cpe:2.3:a:example:nginx:*:*:*:*:*:*:*:*", Version: "1.20.1"}, "none"},
		"nginx by its old name":               {nginx, comp{Name: "nginx", CPE: "cpe:2.3:a:nginx:nginx:1.20.1:*:*:*:*:*:*:*"}, "affected version-in-range"},
		"vendor and name against a CPE":       {apache, comp{Name: "HTTP Server", Vendor: "Apache", Version: "2.4.49"}, "affected version-in-range"},
		"the foundation":                      {apache, comp{Name: "Apache HTTP Server", Vendor: "The Apache Software Foundation", Version: "2.4.49"}, "affected version-in-range"},
		"httpd":                               {apache, comp{Name: "httpd", Vendor: "Apache", Version: "2.4.49"}, "affected version-in-range"},
		"Apache alone":                        {apache, comp{Name: "Apache", Version: "2.4.49"}, "possible name-only"},
		"Apache Tomcat is another":            {apache, comp{Name: "Apache Tomcat", Version: "2.4.49"}, "none"},
		"a CPE with quoting":                  {prod{Vendor: "Joomla!", Name: "Joomla!", CPE: `cpe:2.3:a:joomla:joomla\!:*:*:*:*:*:*:*:*`, Versions: "vers:generic/<5.1"}, comp{Name: "Joomla", CPE: `cpe:2.3:a:joomla:joomla\!:4.2.7\+x:*:*:*:*:*:*:*`}, "affected version-in-range"},
		"a CPE 2.2 with quoting":              {prod{Vendor: "Joomla!", Name: "Joomla!", CPE: `cpe:2.3:a:joomla:joomla\!:*:*:*:*:*:*:*:*`, Versions: "vers:generic/<5.1"}, comp{Name: "Joomla", CPE: `cpe:/a:joomla:joomla%21:4.2.7`}, "affected version-in-range"},
		"an operating system, not a device":   {prod{Vendor: "Cisco", Name: "ASA", CPE: "cpe:2.3:o:cisco:asa:*:*:*:*:*:*:*:*"}, comp{Name: "ASA", CPE: "cpe:2.3:h:cisco:asa:-:*:*:*:*:*:*:*"}, "none"},
		"a plugin of another system":          {prod{Vendor: "x", Name: "Slider", CPE: "cpe:2.3:a:x:slider:*:*:*:*:*:wordpress:*:*"}, comp{Name: "Slider", CPE: "cpe:2.3:a:x:slider:1.0:*:*:*:*:joomla:*:*"}, "none"},
		"a package known as a product":        {prod{Vendor: "jQuery", Name: "jQuery", CPE: "cpe:2.3:a:jquery:jquery:*:*:*:*:*:*:*:*", Versions: "vers:generic/<3.5.0"}, comp{Name: "jquery", PURL: "pkg:npm/jquery@3.4.1"}, "affected version-in-range"},
		"log4j-core is Log4j":                 {prod{Vendor: "Apache", Name: "Log4j", CPE: "cpe:2.3:a:apache:log4j:*:*:*:*:*:*:*:*", Versions: "vers:generic/>=2.0|<2.15.0"}, comp{Name: "log4j-core", PURL: "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"}, "affected version-in-range"},
		"log4j-api is not log4j-core":         {prod{Name: "log4j-core", CPE: "cpe:2.3:a:apache:log4j:*:*:*:*:*:*:*:*", PURL: "pkg:maven/org.apache.logging.log4j/log4j-core", Versions: "vers:maven/<2.15.0"}, comp{Name: "log4j-api", CPE: "cpe:2.3:a:apache:log4j:2.14.1:*:*:*:*:*:*:*", PURL: "pkg:maven/org.apache.logging.log4j/log4j-api@2.14.1"}, "none"},
		"another ecosystem":                   {express, comp{Name: "express", PURL: "pkg:pypi/express@4.0.0"}, "none"},
		"a scope is another package":          {express, comp{Name: "express", PURL: "pkg:npm/%40example/express@4.0.0"}, "none"},
		"PyPI's spelling":                     {prod{Name: "Jinja2", PURL: "pkg:pypi/jinja2", Versions: "vers:pypi/<3.1.4"}, comp{Name: "Jinja2", PURL: "pkg:pypi/Jinja2@3.1.3"}, "affected version-in-range"},
		"a package is no product of its name": {prod{Vendor: "Cisco", Name: "Express", CPE: "cpe:2.3:a:cisco:express:*:*:*:*:*:*:*:*"}, comp{Name: "express", PURL: "pkg:npm/express@4.0.0"}, "none"},
		"a name alone":                        {prod{Name: "WordPress", Versions: "vers:generic/<6.5"}, comp{Name: "wordpress", Version: "6.4"}, "possible name-only"},
		"a name alone, and outside":           {prod{Name: "WordPress", Versions: "vers:generic/<6.5"}, comp{Name: "wordpress", Version: "6.5"}, "none"},
		"a name alone, and a CPE":             {nginx, comp{Name: "NGINX", Version: "1.20.0"}, "possible name-only"},
		"a common word":                       {prod{Name: "Server", Versions: "vers:generic/<6.5"}, comp{Name: "Server", Version: "6.4"}, "none"},
		"common words":                        {prod{Name: "Contact Form", Vendor: "x"}, comp{Name: "Contact Form", Version: "6.4"}, "none"},
		"common words of one vendor":          {prod{Name: "Contact Form", Vendor: "Example Ltd."}, comp{Name: "contact-form", Vendor: "Example Limited", Version: "6.4"}, "affected all-versions"},
		"two letters alone":                   {prod{Name: "R"}, comp{Name: "R", Version: "4.0"}, "none"},
		"a list of installed software":        {prod{Vendor: "Mozilla", Name: "Firefox", CPE: "cpe:2.3:a:mozilla:firefox:*:*:*:*:*:*:*:*", Versions: "vers:generic/<128.0"}, comp{Name: "Mozilla Firefox (x64 en-US)", Vendor: "Mozilla Corporation", Version: "127.0.2"}, "affected version-in-range"},
		"the version in the name":             {prod{Vendor: "7-Zip", Name: "7-Zip", Versions: "vers:generic/<24.07"}, comp{Name: "7-Zip 23.01 (x64 edition)", Vendor: "7-Zip", Version: "23.01"}, "affected version-in-range"},
		"a Chinese name":                      {prod{Vendor: "示例公司", Name: "檔案總管", Versions: "vers:generic/<2"}, comp{Name: "檔案總管", Vendor: "示例公司", Version: "1.0"}, "affected version-in-range"},
		"C is not C++":                        {prod{Vendor: "x", Name: "Lexer++"}, comp{Name: "Lexer", Vendor: "x"}, "none"},
		"full width":                          {prod{Vendor: "WordPress", Name: "WordPress", Versions: "vers:generic/<6.5"}, comp{Name: "ＷｏｒｄＰｒｅｓｓ", Vendor: "WordPress", Version: "6.4"}, "affected version-in-range"},

		// Distributions.
		"a banner of Ubuntu":               {nginx, comp{Name: "nginx/1.18.0 (Ubuntu)", CPE: nginxCPE}, "possible backport"},
		"a banner without distribution":    {nginx, comp{Name: "nginx/1.18.0", CPE: nginxCPE}, "affected version-in-range"},
		"Win64 is no distribution":         {apache, comp{Name: "Apache/2.4.41 (Win64)", CPE: apacheCPE}, "affected version-in-range"},
		"a banner with nothing else":       {apache, comp{Name: "Apache/2.4.41 (Debian)"}, "possible name-only"},
		"PHP of Ubuntu":                    {prod{Vendor: "PHP", Name: "PHP", CPE: "cpe:2.3:a:php:php:*:*:*:*:*:*:*:*", Versions: "vers:generic/<7.4.30"}, comp{Name: "PHP 7.4.3-4ubuntu2.19", Vendor: "PHP Group"}, "possible backport"},
		"PHP of Ubuntu, mended upstream":   {prod{Vendor: "PHP", Name: "PHP", CPE: "cpe:2.3:a:php:php:*:*:*:*:*:*:*:*", Versions: "vers:generic/<7.4.3"}, comp{Name: "PHP 7.4.3-4ubuntu2.19", Vendor: "PHP Group"}, "not-affected version-outside"},
		"+deb11u3":                         {nginx, comp{Name: "nginx", Vendor: "F5", Version: "1.18.0-6.1+deb11u3"}, "possible backport"},
		"el8":                              {apache, comp{Name: "httpd", Vendor: "Apache", Version: "2.4.37-65.module+el8.10.0"}, "possible backport"},
		"Distribution says it":             {nginx, comp{Name: "nginx", CPE: nginxCPE, Version: "1.20.1", Distribution: "rhel"}, "possible backport"},
		"Windows is none":                  {nginx, comp{Name: "nginx", CPE: nginxCPE, Version: "1.20.1", Distribution: "Windows"}, "affected version-in-range"},
		"Red Hat JBoss is a name":          {prod{Vendor: "Red Hat", Name: "JBoss", Versions: "vers:generic/<8"}, comp{Name: "Red Hat JBoss", Vendor: "Red Hat", Version: "7.4"}, "affected version-in-range"},
		"all versions of a distribution's": {with(nginx, ""), comp{Name: "nginx", CPE: nginxCPE, Version: "1.18.0", Distribution: "debian"}, "possible backport"},
		"a package of Debian":              {debian, comp{Name: "nginx", PURL: "pkg:deb/debian/nginx@1.22.1-9?distro=debian-12"}, "affected version-in-range"},
		"the package mended":               {debian, comp{Name: "nginx", PURL: "pkg:deb/debian/nginx@1.22.1-9%2Bdeb12u1?distro=bookworm"}, "not-affected version-outside"},
		"the package of another release":   {debian, comp{Name: "nginx", PURL: "pkg:deb/debian/nginx@1.18.0-6.1%2Bdeb11u3?distro=debian-11"}, "none"},
		"the package of no known release":  {debian, comp{Name: "nginx", PURL: "pkg:deb/debian/nginx@1.18.0-6.1%2Bdeb11u3"}, "possible distribution-release"},
		"the package of Ubuntu":            {debian, comp{Name: "nginx", PURL: "pkg:deb/ubuntu/nginx@1.18.0-0ubuntu1"}, "none"},
		"an epoch":                         {prod{Name: "bind9", PURL: "pkg:deb/debian/bind9", Versions: "vers:deb/<1:9.16.50-1"}, comp{Name: "bind9", PURL: "pkg:deb/debian/bind9@1%3A9.16.48-1"}, "affected version-in-range"},
		"no epoch is zero":                 {prod{Name: "bind9", PURL: "pkg:deb/debian/bind9", Versions: "vers:deb/<1:9.16.50-1"}, comp{Name: "bind9", PURL: "pkg:deb/debian/bind9@9.18.0-1"}, "affected version-in-range"},
		"the epoch of an rpm":              {prod{Name: "bind", PURL: "pkg:rpm/redhat/bind", Versions: "vers:rpm/<32:9.11.36-14.el8"}, comp{Name: "bind", PURL: "pkg:rpm/redhat/bind@9.11.36-16.el8?epoch=32"}, "not-affected version-outside"},
		"a part of a source package":       {prod{Name: "openssl", PURL: "pkg:deb/debian/openssl", Versions: "vers:deb/<3.0.11-1~deb12u2"}, comp{Name: "libssl3", PURL: "pkg:deb/debian/libssl3@3.0.11-1~deb12u1?upstream=openssl"}, "affected version-in-range"},
		"a package against a product":      {prod{Vendor: "F5", Name: "nginx", CPE: nginxCPE, Versions: "vers:generic/<1.25.4"}, comp{Name: "nginx", PURL: "pkg:deb/debian/nginx@1.22.1-9"}, "possible name-only"},
		"a package with its CPE":           {nginx, comp{Name: "nginx", CPE: nginxCPE, PURL: "pkg:apk/alpine/nginx@1.24.0-r6"}, "possible backport"},
		"a product against a package":      {prod{Vendor: "F5", Name: "nginx", CPE: nginxCPE, PURL: "pkg:deb/debian/nginx", Versions: "vers:deb/<1.22.1-9"}, comp{Name: "nginx", CPE: nginxCPE, Version: "1.20.0"}, "possible distribution-release"},
	} {
		t.Run(name, func(t *testing.T) {
			p := c.p
			p.ID = "p"
			if got := outcome(t, published(p), c.c); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestStatuses(t *testing.T) {
	products := []prod{
		{ID: "old", Vendor: "F5", Name: "nginx", CPE: nginxCPE, Versions: "vers:generic/<1.25.4"},
		{ID: "all", Vendor: "F5", Name: "nginx", CPE: nginxCPE},
		{ID: "1.20", Vendor: "F5", Name: "nginx", CPE: nginxCPE, Versions: "1.20.0"},
		{ID: "1.22", Vendor: "F5", Name: "nginx", CPE: nginxCPE, Versions: "1.22.0"},
		{ID: "1.24", Vendor: "F5", Name: "nginx", CPE: nginxCPE, Versions: "1.24.0"},
		{ID: "1.25.4", Vendor: "F5", Name: "nginx", CPE: nginxCPE, Versions: "1.25.4"},
		{ID: "new", Vendor: "F5", Name: "nginx", CPE: nginxCPE, Versions: "vers:generic/>=1.25.4"},
		{ID: "debian", Vendor: "Debian", Name: "Debian", CPE: "cpe:2.3:o:debian:debian_linux:12:*:*:*:*:*:*:*"},
		{ID: "on", Name: "nginx on Debian", On: &advisories.Relation{Kind: "installed_on", Product: "1.20", To: "debian"}},
	}
	type statuses = map[advisories.Status][]string
	for name, c := range map[string]struct {
		by      statuses
		version string
		want    string
	}{
		"nothing said is affected":                {nil, "1.20.0", "affected version-listed"},
		"affected":                                {statuses{advisories.Affected: {"old"}}, "1.20.0", "affected version-in-range"},
		"fixed in one version":                    {statuses{advisories.Affected: {"all"}, advisories.Fixed: {"1.25.4"}}, "1.25.4", "not-affected version-fixed"},
		"behind the fix":                          {statuses{advisories.Affected: {"all"}, advisories.Fixed: {"1.25.4"}}, "1.26.0", "not-affected version-fixed"},
		"before the fix":                          {statuses{advisories.Affected: {"all"}, advisories.Fixed: {"1.25.4"}}, "1.20.0", "affected all-versions"},
		"fixed, and no version known":             {statuses{advisories.Affected: {"all"}, advisories.Fixed: {"1.25.4"}}, "", "possible version-unknown"},
		"between the fixes of branches":           {statuses{advisories.Affected: {"all"}, advisories.Fixed: {"1.24", "1.25.4"}}, "1.25.0", "possible between-fixes"},
		"the fix of a branch":                     {statuses{advisories.Affected: {"all"}, advisories.Fixed: {"1.24", "1.25.4"}}, "1.24.0", "not-affected version-fixed"},
		"fixed in a range":                        {statuses{advisories.Affected: {"all"}, advisories.Fixed: {"new"}}, "1.26.0", "not-affected version-fixed"},
		"nothing but a fix, before":               {statuses{advisories.Fixed: {"1.25.4"}}, "1.20.0", "possible before-fix"},
		"nothing but a fix, behind":               {statuses{advisories.FirstFixed: {"1.25.4"}}, "1.26.0", "not-affected version-fixed"},
		"nothing but a fix, unknown":              {statuses{advisories.FirstFixed: {"1.25.4"}}, "", "possible version-unknown"},
		"recommended":                             {statuses{advisories.Affected: {"all"}, advisories.Recommended: {"1.25.4"}}, "1.25.4", "not-affected version-fixed"},
		"declared not affected":                   {statuses{advisories.NotAffected: {"all"}}, "1.20.0", "not-affected declared-not-affected"},
		"declared not affected, one of a range":   {statuses{advisories.Affected: {"old"}, advisories.NotAffected: {"1.20"}}, "1.20.0", "not-affected declared-not-affected"},
		"affected, one of all that are not":       {statuses{advisories.Affected: {"1.20"}, advisories.NotAffected: {"all"}}, "1.20.0", "affected version-listed"},
		"of two equal ones the graver":            {statuses{advisories.Affected: {"1.20"}, advisories.NotAffected: {"1.20"}}, "1.20.0", "affected version-listed"},
		"not one of those that are not affected":  {statuses{advisories.NotAffected: {"1.20"}}, "1.22.0", "none"},
		"under investigation":                     {statuses{advisories.UnderInvestigation: {"old"}}, "1.20.0", "possible under-investigation"},
		"under investigation, no version":         {statuses{advisories.UnderInvestigation: {"old"}}, "", "possible under-investigation"},
		"not under investigation":                 {statuses{advisories.UnderInvestigation: {"old"}}, "1.26.0", "none"},
		"between first and last":                  {statuses{advisories.FirstAffected: {"1.20"}, advisories.LastAffected: {"1.24"}}, "1.22.3", "affected version-in-range"},
		"the first":                               {statuses{advisories.FirstAffected: {"1.20"}, advisories.LastAffected: {"1.24"}}, "1.20.0", "affected version-in-range"},
		"the last":                                {statuses{advisories.FirstAffected: {"1.20"}, advisories.LastAffected: {"1.24"}}, "1.24.0", "affected version-in-range"},
		"before the first":                        {statuses{advisories.FirstAffected: {"1.20"}, advisories.LastAffected: {"1.24"}}, "1.19.9", "not-affected version-outside"},
		"behind the last":                         {statuses{advisories.FirstAffected: {"1.20"}, advisories.LastAffected: {"1.24"}}, "1.24.1", "not-affected version-outside"},
		"first and last, no version":              {statuses{advisories.FirstAffected: {"1.20"}, advisories.LastAffected: {"1.24"}}, "", "possible version-unknown"},
		"first and last, no order":                {statuses{advisories.FirstAffected: {"1.20"}, advisories.LastAffected: {"1.24"}}, "stable", "possible version-not-comparable"},
		"from the first on":                       {statuses{advisories.FirstAffected: {"1.20"}}, "1.26.0", "affected version-in-range"},
		"from the first to the fix":               {statuses{advisories.FirstAffected: {"1.20"}, advisories.FirstFixed: {"1.25.4"}}, "1.26.0", "not-affected version-fixed"},
		"from the first, before the fix":          {statuses{advisories.FirstAffected: {"1.20"}, advisories.FirstFixed: {"1.25.4"}}, "1.22.0", "affected version-in-range"},
		"up to the last":                          {statuses{advisories.LastAffected: {"1.24"}}, "1.2.0", "affected version-in-range"},
		"up to the last, behind":                  {statuses{advisories.LastAffected: {"1.24"}}, "1.25.0", "not-affected version-outside"},
		"between the last ones of branches":       {statuses{advisories.LastAffected: {"1.22", "1.24"}}, "1.23.0", "possible between-fixes"},
		"of no status":                            {statuses{advisories.Affected: {"debian"}}, "1.20.0", "none"},
		"on something that may be there":          {statuses{advisories.Affected: {"on"}}, "1.20.0", "possible on-other"},
		"on something, another version":           {statuses{advisories.Affected: {"on"}}, "1.22.0", "not-affected version-outside"},
		"a product that the advisory has not got": {statuses{advisories.Affected: {"nobody"}}, "1.22.0", "none"},
	} {
		t.Run(name, func(t *testing.T) {
			p := published(append([]prod{}, products...)...)
			p.Advisory.Vulnerabilities[0].Products = c.by
			if got := outcome(t, p, comp{Name: "nginx", CPE: nginxCPE, Version: c.version}); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestSeveralVulnerabilities(t *testing.T) {
	p := published(prod{ID: "old", Name: "nginx", CPE: nginxCPE, Versions: "vers:generic/<1.20"}, prod{ID: "older", Name: "nginx", CPE: nginxCPE, Versions: "vers:generic/<1.10"},
		prod{ID: "looked at", Name: "nginx", CPE: nginxCPE, Versions: "vers:generic/<1.19"})
	p.Advisory.Vulnerabilities = []advisories.Vulnerability{
		{CVE: "CVE-2026-0002", Products: map[advisories.Status][]string{advisories.Affected: {"older"}}},
		{CVE: "CVE-2026-0003", Products: map[advisories.Status][]string{advisories.UnderInvestigation: {"looked at"}}},
		{IDs: []advisories.Ident{{System: "maker", ID: "X-1"}}, Products: map[advisories.Status][]string{advisories.Affected: {"old"}}},
	}
	x := New()
	x.Put("ref", p)
	got := x.Match([]comp{{Name: "nginx", CPE: nginxCPE, Version: "1.18"}}, nil)
	if len(got) != 1 || got[0].State != advisories.MatchAffected || got[0].Product != "old" || strings.Join(got[0].Vulnerabilities, " ") != "CVE-2026-0003 X-1" {
		t.Fatalf("%+v", got)
	}
	if got[0].Params["range"] != "< 1.20" || got[0].Params["version"] != "1.18" || got[0].Params["product"] != "nginx" {
		t.Errorf("%v", got[0].Params)
	}
}

// An alert names products and no vulnerability.
func TestAlertWithoutVulnerability(t *testing.T) {
	p := published(prod{ID: "p", Name: "nginx", CPE: nginxCPE, Versions: "vers:generic/<1.20"})
	p.Advisory.Vulnerabilities = nil
	for version, want := range map[string]string{"1.18": "affected version-in-range", "1.20": "not-affected version-outside", "": "possible version-unknown"} {
		if got := outcome(t, p, comp{Name: "nginx", CPE: nginxCPE, Version: version}); got != want {
			t.Errorf("%q: %s, want %s", version, got, want)
		}
	}
}
