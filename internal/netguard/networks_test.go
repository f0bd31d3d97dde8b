package netguard_test

import (
	"net/netip"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/netguard"
)

// TestNetworks: what an operator names is allowed in every spelling, and no
// address beside it.
func TestNetworks(t *testing.T) {
	p := netguard.Policy{Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::1/128")}}
	for addr, want := range map[string]bool{
		"10.1.2.3:25": true, "[::ffff:10.1.2.3]:25": true, "[fd00::1]:443": true, "93.184.215.14:443": true,
		"10.2.0.1:25": false, "127.0.0.1:25": false, "[fd00::2]:443": false, "[64:ff9b::10.1.2.3]:25": false,
	} {
		if err := p.Check(netip.MustParseAddrPort(addr)); (err == nil) != want {
			t.Errorf("%s: %v; want allowed %v", addr, err, want)
		}
	}
}
