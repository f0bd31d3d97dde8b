//go:build unix

package lab

import (
	"strings"
	"testing"
)

func TestAmend(t *testing.T) {
	const zone = "@ A 127.0.0.1\n@ TXT \"v=spf1 mx -all\"\nwww A 127.0.0.1"
	const server = "server_name _;\nadd_header X-A \"1\" always;\nadd_header X-B \"2\";"
	for _, c := range []struct {
		name, base, changes string
		key                 func(string) string
		want                string
	}{
		{"nothing", zone, "", recordKey, zone},
		{"another", zone, "@ TXT \"x\"", recordKey, "@ A 127.0.0.1\nwww A 127.0.0.1\n@ TXT \"x\""},
		{"two for one", zone, "@ A 127.0.0.2\n@ A 127.0.0.3", recordKey, "@ TXT \"v=spf1 mx -all\"\nwww A 127.0.0.1\n@ A 127.0.0.2\n@ A 127.0.0.3"},
		{"beside", zone, "+@ TXT \"x\"", recordKey, zone + "\n@ TXT \"x\""},
		{"away", zone, "-www A", recordKey, "@ A 127.0.0.1\n@ TXT \"v=spf1 mx -all\""},
		{"one header of two", server, "-add_header X-A", directiveKey, "server_name _;\nadd_header X-B \"2\";"},
		{"a header's value", server, "add_header X-B \"3\";", directiveKey, "server_name _;\nadd_header X-A \"1\" always;\nadd_header X-B \"3\";"},
	} {
		if got := strings.TrimSuffix(amend(c.base, c.changes, c.key), "\n"); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}
