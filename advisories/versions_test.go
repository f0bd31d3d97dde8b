package advisories

import "testing"

func TestRangeContains(t *testing.T) {
	const unknown = "unknown"
	for _, c := range []struct{ text, version, want string }{
		{"vers:generic/*", "1", "in"},
		{"vers:generic/1.0", "1.0", "in"},
		{"vers:generic/1.0", "1.0.0", "in"}, // equal, written otherwise
		{"vers:generic/1.0|2.0", "1.5", "out"},
		{"vers:generic/>=1.18.0|<1.25.4", "1.18.0", "in"},
		{"vers:generic/>=1.18.0|<1.25.4", "1.9.0", "out"},
		{"vers:generic/>=1.18.0|<1.25.4", "1.25.4", "out"},
		{"vers:generic/>=1.18.0|!=1.20.0|<1.25.4", "1.20.0", "out"},
		{"vers:generic/>=1.18.0|!=1.20.0|<1.25.4", "1.20.1", "in"},
		{"vers:generic/<1.0|>=2.0|<3.0|>5", "0.1", "in"},
		{"vers:generic/<1.0|>=2.0|<3.0|>5", "1.5", "out"},
		{"vers:generic/<1.0|>=2.0|<3.0|>5", "2.5", "in"},
		{"vers:generic/<1.0|>=2.0|<3.0|>5", "4", "out"},
		{"vers:generic/<1.0|>=2.0|<3.0|>5", "6", "in"},
		{"vers:generic/!=2.0", "1.0", "in"},
		{"vers:generic/!=2.0", "2.0", "out"},
		{"vers:generic/<2.0|3.0", "3.0", "in"},
		{"vers:generic/<2.0|3.0", "3.1", "out"},
		{"vers:generic/<2.0", "R5 patch b", unknown},
		{"vers:openssl/<1.0.2k", "1.0.2j", unknown},
		{"vers:openssl/1.0.2k", "1.0.2k", "in"},
		{"vers:deb/<1:1.18.0-6%2Bdeb11u3", "1:1.18.0-6+deb11u2", "in"},
		{"vers:deb/<1.18.0-6~bpo1", "1.18.0-6", "out"},
		{"vers:npm/>=1.0.0|<2.0.0", "2.0.0-rc.1", "in"},
		{"vers:pypi/<2.0", "2.0rc1", "in"},
		{"vers:maven/<2.0", "2.0-SNAPSHOT", "in"},
	} {
		r, err := ParseRange(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		got := "out"
		if in, known := r.Contains(c.version); !known {
			got = unknown
		} else if in {
			got = "in"
		}
		if got != c.want {
			t.Errorf("%s is %s of %s, want %s", c.version, got, c.text, c.want)
		}
	}
}

func TestRangesThatAreRefused(t *testing.T) {
	for _, text := range []string{
		"", "1.0", "vers:", "vers:generic", "vers:generic/", "vers:Generic/1.0", "vers:/1.0", "vers:generic/>=", "vers:generic/1.0|",
		"vers:generic/1.0|*", "vers:generic/1.0|1.0", "vers:generic/>=2.0|<1.0", "vers:generic/>1.0|<1.0.0", "vers:generic/>=1|>=2", "vers:generic/<1|<=2",
		"vers:generic/>= 1.0", "vers:generic/1,0", "vers:generic/%zz", "vers:generic/<1.0,>2",
	} {
		if r, err := ParseRange(text); err == nil {
			t.Errorf("%q is read as %+v", text, r)
		}
	}
}

func FuzzParseRange(f *testing.F) {
	for _, s := range []string{"vers:generic/>=1.18.0|!=1.20.0|<1.25.4", "vers:deb/<1:1.18.0-6%2Bdeb11u3", "vers:pypi/<2.0rc1", "vers:maven/*", "vers:apk/<1.2_rc1-r2", "vers:gem/1.a", "vers:hackage/1.2", "vers:cran/1-2", "vers:nuget/1.0.0.1", "vers:composer/dev-x"} {
		f.Add(s, "1.20.0")
	}
	f.Fuzz(func(t *testing.T, text, version string) {
		r, err := ParseRange(text)
		if err != nil {
			return
		}
		r.Contains(version)
		for _, c := range r.Constraints {
			if in, known := r.Contains(c.Version); c.Op == "=" && known && !in {
				t.Errorf("%q does not contain its own %q", text, c.Version)
			}
		}
	})
}
