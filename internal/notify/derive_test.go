package notify_test

import (
	"testing"

	"github.com/cybersec-infohub/infohub/internal/notify"
)

// TestDerivedSecrets: each receiver has a secret of its own, which is a secret like
// any other.
func TestDerivedSecrets(t *testing.T) {
	all, err := notify.ParseSecrets("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
	if err != nil {
		t.Fatal(err)
	}
	one, other := all[0].Derive("one").Text(), all[0].Derive("other").Text()
	if one == other || one == all[0].Text() || one != all[0].Derive("one").Text() {
		t.Errorf("derived secrets %s, %s", one, other)
	}
	again, err := notify.ParseSecrets(one)
	if err != nil || again[0].Text() != one {
		t.Errorf("a derived secret is not read again: %v", err)
	}
}
