package stix_test

import (
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/hub/stix"
)

// TestStrict: what another program may choke on is told; microseconds, which many
// send, are none of it.
func TestStrict(t *testing.T) {
	const campaign = `{"type":"campaign","spec_version":"2.1","id":"campaign--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","name":"x","created":"2020-01-01T00:00:00.000Z","modified":"2020-01-01T00:00:00.000Z"}`
	for _, tt := range []struct {
		name, object, path string
		severity           stix.Severity // "": nothing is wrong at the path
	}{
		{"milliseconds", campaign, "modified", ""},
		{"microseconds", strings.Replace(campaign, `00.000Z"}`, `00.000123Z"}`, 1), "modified", ""},
		{"seconds", strings.Replace(campaign, `00.000Z"}`, `00Z"}`, 1), "modified", stix.SeverityError},
		{"tenths", strings.Replace(campaign, `00.000Z"}`, `00.1Z"}`, 1), "modified", stix.SeverityError},
		{"address of one machine", `{"type":"ipv6-addr","id":"ipv6-addr--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","value":"fe80::1%eth0"}`, "value", stix.SeverityError},
		{"address", `{"type":"ipv6-addr","id":"ipv6-addr--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","value":"fe80::1"}`, "value", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var p stix.Parser
			v, err := p.Parse([]byte(tt.object))
			if err != nil {
				t.Fatal(err)
			}
			var got stix.Severity
			for _, problem := range stix.Validate(v) {
				if problem.Path == tt.path {
					got = problem.Severity
				}
			}
			if got != tt.severity {
				t.Errorf("%q, want %q", got, tt.severity)
			}
		})
	}
}
