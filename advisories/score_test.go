package advisories

import "testing"

func TestParseScore(t *testing.T) {
	for _, c := range []struct {
		vector string
		want   Rating
	}{
		{"AV:N/AC:L/Au:N/C:P/I:P/A:P", Rating{"2.0", 7.5, "HIGH"}},
		{"AV:N/AC:M/Au:N/C:N/I:P/A:N", Rating{"2.0", 4.3, "MEDIUM"}},
		{"AV:L/AC:H/Au:M/C:N/I:N/A:P/E:U/RL:OF/RC:C", Rating{"2.0", 0.8, "LOW"}},
		{"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Rating{"3.0", 9.8, "CRITICAL"}},
		{"CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", Rating{"3.1", 6.1, "MEDIUM"}},
		{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U", Rating{"3.1", 9.8, "CRITICAL"}}, // the base score
		{"CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:N", Rating{"3.1", 0, "NONE"}},
		{"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", Rating{"4.0", 9.3, "CRITICAL"}},
		{"CVSS:4.0/AV:L/AC:L/AT:N/PR:L/UI:N/VC:N/VI:N/VA:L/SC:N/SI:N/SA:N", Rating{"4.0", 4.8, "MEDIUM"}},
	} {
		if got, err := ParseScore(c.vector); err != nil || got != c.want {
			t.Errorf("%s is %+v, %v; want %+v", c.vector, got, err, c.want)
		}
	}
	for _, vector := range []string{
		"", "9.8", "CVSS:3.1", "CVSS:3.1/", "CVSS:4.0/", "CVSS:5.0/AV:N", "(AV:N/AC:L/Au:N/C:P/I:P/A:P)", "AV:N/AC:L",
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H", "CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		"CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N",
	} {
		if got, err := ParseScore(vector); err == nil {
			t.Errorf("%q is read as %+v", vector, got)
		}
	}
}

func TestSeverityIsTheWorst(t *testing.T) {
	a := Advisory{Vulnerabilities: []Vulnerability{
		{CVSS: []Score{{Vector: "AV:N/AC:L/Au:N/C:C/I:C/A:C"}}}, // 10.0, and HIGH all the same
		{CVSS: []Score{
			{Vector: "nonsense"},
			{Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},
			{Vector: "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"},
		}},
	}}
	if got, want := a.Severity(), (Rating{"3.1", 9.8, "CRITICAL"}); got != want {
		t.Errorf("severity is %+v, want %+v", got, want)
	}
	if got := (&Advisory{}).Severity(); got != (Rating{}) {
		t.Errorf("without vectors the severity is %+v", got)
	}
}

func FuzzParseScore(f *testing.F) {
	for _, s := range []string{"AV:N/AC:L/Au:N/C:P/I:P/A:P", "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:3.1/AV:N", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:A/AU:Y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, vector string) {
		if r, err := ParseScore(vector); err == nil && (r.Score < 0 || r.Score > 10 || r.Severity == "") {
			t.Errorf("%q is %+v", vector, r)
		}
	})
}
