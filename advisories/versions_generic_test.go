package advisories

import "testing"

func TestCompareGeneric(t *testing.T) {
	for _, c := range []struct{ a, want, b string }{
		{"1.0", "=", "1.0.0"}, {"v1.2.3", "=", "1.2.3"}, {"1.2.3", "<", "1.2.3.1"}, {"1.2.3.4-rc1", "<", "1.2.3.5"}, {"1.2.0.0", "=", "1.2"}, {"9.30", "<", "V9.40"}, {"V9.40", "=", "v9.40"}, {"V2.0.1", ">", "V2"}, {"1.9", "<", "1.10"}, {"1.18.0", "<", "1.25.4"},
		{"2.0-rc1", "<", "2.0"}, {"2.0~rc1", "<", "2.0"}, {"2.0rc2", "<", "2.0rc10"}, {"2.0-beta", "<", "2.0-rc1"}, {"2.0-SNAPSHOT", "<", "2.0-alpha.1"},
		{"1.0b2", "<", "1.0"}, {"5.3.9-final", "=", "5.3.9"},
		{"1.0.2", "<", "1.0.2k"}, {"1.0.2k", "<", "1.0.2za"}, {"1.0.2j", "<", "1.0.2k"}, {"1.0.2k", "<", "1.0.3"},
		{"7.6p1", ">", "7.6"}, {"2.4.7-p1", "<", "2.4.7-p10"}, {"8u292", "<", "8u301"}, {"2.4.7-beta1", "<", "2.4.7-p1"},
		{"2024-01-01", "<", "2024-02-01"}, {"2024-01-01", "?", "2024"}, {"2024-01-01", "=", "2024-01-01"},
		{"1.18.0-6", "?", "1.18.0"}, {"1.18.0-6", "<", "1.18.0-10"}, {"1.18.0-6", "<", "1.18.1"}, {"1.2-p1", "?", "1.2-sp1"}, {"1.2-p1", "?", "1.2a"},
		{"1.2+build.7", "=", "1.2"}, {"1.2-enterprise", "?", "1.2"}, {"V2R3", "?", "V2R4"}, {"1.2.x", "?", "1.2.3"},
		{"01.2", "<", "1.10"}, {"10", ">", "9"}, {"1.2", "?", "1.2-x64"},
	} {
		order, ok := CompareVersions("generic", c.a, c.b)
		back, backOK := CompareVersions("generic", c.b, c.a)
		got := map[int]string{-1: "<", 0: "=", 1: ">"}[order]
		if !ok {
			got = "?"
		}
		if got != c.want || ok != backOK || ok && back != -order {
			t.Errorf("%s %s %s, want %s; the other way round %d, %v", c.a, got, c.b, c.want, back, backOK)
		}
	}
}

// What plainOrder decides is what the schemes say.
func TestPlainOrderAgrees(t *testing.T) {
	versions := []string{"1.2", "1.2.3", "1.10", "1.10.0", "2.0.0", "10.0.1", "0.9", "0.10.4", "3", "1.18.0", "1.25.4"}
	for _, scheme := range []string{"deb", "rpm", "apk", "npm", "pypi", "maven", "gem", "nuget", "composer", "cargo", "golang", "hex", "pub", "cran", "conan", "swift", "hackage"} {
		for _, a := range versions {
			for _, b := range versions {
				order, ok := plainOrder(a, b)
				if !ok {
					continue
				}
				if want, known := compareIn(ecosystemOf(scheme), a, b); known && want != order {
					t.Errorf("%s: %s and %s are %d, and plainly %d", scheme, a, b, want, order)
				}
			}
		}
	}
}
