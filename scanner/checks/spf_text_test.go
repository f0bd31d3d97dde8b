package checks

import "testing"

func TestOwnSenders(t *testing.T) {
	for _, tt := range []struct {
		record, want string
		everybody    bool
	}{
		{"v=spf1 mx +all", "v=spf1 mx", true},
		{"v=spf1 all", "v=spf1", true},
		{"v=spf1 include:_spf.example mx ?ALL", "v=spf1 include:_spf.example mx", false},
		{"v=spf1 ip4:0.0.0.0/0 a -all", "v=spf1 a", true},
		{"v=spf1 redirect=_spf.example", "v=spf1 include:_spf.example", false},
		{"v=spf1 exists:%{i}.x.example", "v=spf1 exists:%{i}.x.example", false},
		{"v=spf1 include:`id`.example a:\";.example mx", "v=spf1 mx", false},
	} {
		if got, everybody := ownSenders(tt.record); got != tt.want || everybody != tt.everybody {
			t.Errorf("%q: %q, %t; want %q, %t", tt.record, got, everybody, tt.want, tt.everybody)
		}
	}
}
