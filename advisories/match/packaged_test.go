package match

import "testing"

// TestWhoPackagedIt: a distribution mends without another number, an operating system
// whose software is its makers' own does not; and the epoch of a package is part of
// its version wherever it is written.
func TestWhoPackagedIt(t *testing.T) {
	nginx := prod{Vendor: "F5", Name: "nginx", CPE: nginxCPE, Versions: "vers:generic/>=1.18.0|<1.25.4"}
	rpm := prod{Vendor: "Red Hat", Name: "nginx", PURL: "pkg:rpm/redhat/nginx", Versions: "vers:rpm/<1:1.20.1-14"}
	openssl := prod{Vendor: "Red Hat", Name: "openssl", PURL: "pkg:rpm/redhat/openssl", Versions: "vers:rpm/<1:1.1.1k-14.el8"}
	of := func(version, distribution string) comp {
		return comp{Name: "nginx", Vendor: "F5", Version: version, Distribution: distribution}
	}
	for name, c := range map[string]struct {
		p    prod
		c    comp
		want string
	}{
		"Windows Server":    {nginx, of("1.20.1", "Windows Server 2019"), "affected version-in-range"},
		"Microsoft Windows": {nginx, of("1.20.1", "Microsoft Windows 11 Pro"), "affected version-in-range"},
		"macOS":             {nginx, of("1.20.1", "macOS 14.2"), "affected version-in-range"},
		"Linux":             {nginx, of("1.20.1", "Linux"), "possible backport"},
		"openEuler":         {nginx, of("1.20.1-10.oe2203sp1", ""), "possible backport"},
		"Anolis":            {nginx, of("1.20.1-10.an8", ""), "possible backport"},
		"Kylin":             {nginx, of("1.20.1-10.ky10", ""), "possible backport"},
		"UOS":               {nginx, of("1.20.1-10.uelc20", ""), "possible backport"},
		"TencentOS":         {nginx, of("1.20.1-10.tl3", ""), "possible backport"},
		"Azure Linux":       {nginx, of("1.20.1-10.azl3", ""), "possible backport"},
		"Photon":            {nginx, of("1.20.1-10.ph5", ""), "possible backport"},
		"epoch beside the version, mended": {
			rpm, comp{Name: "nginx", Version: "1.20.1-14", PURL: "pkg:rpm/redhat/nginx@1.20.1-14?epoch=1"}, "not-affected version-outside",
		},
		"epoch beside the version, not mended": {
			rpm, comp{Name: "nginx", Version: "1.20.1-13", PURL: "pkg:rpm/redhat/nginx@1.20.1-13?epoch=1"}, "affected version-in-range",
		},
		"part of a source package": {
			openssl, comp{Name: "openssl-libs", PURL: "pkg:rpm/redhat/openssl-libs@1.1.1k-12.el8?arch=x86_64&epoch=1&upstream=openssl-1.1.1k-12.el8.src.rpm"}, "affected version-in-range",
		},
		"part of a source package, mended": {
			openssl, comp{Name: "openssl-libs", PURL: "pkg:rpm/redhat/openssl-libs@1.1.1k-14.el8?arch=x86_64&epoch=1&upstream=openssl-1.1.1k-14.el8.src.rpm"}, "not-affected version-outside",
		},
		"its own source package": {
			rpm, comp{Name: "nginx", PURL: "pkg:rpm/redhat/nginx@1.20.1-13?epoch=1&upstream=nginx-1.20.1-13.src.rpm"}, "affected version-in-range",
		},
	} {
		if got := outcome(t, published(c.p), c.c); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
