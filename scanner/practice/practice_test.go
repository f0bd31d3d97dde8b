package practice_test

import (
	"context"
	"testing"

	"github.com/cybersec-infohub/infohub/scanner/practice"
)

func TestStartAndClose(t *testing.T) {
	s, err := practice.Start(context.Background(), practice.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(practice.Faults()) < 8 {
		t.Errorf("%d faults", len(practice.Faults()))
	}
	if err := s.SetFault("no.such.fault", true); err == nil {
		t.Error("an unknown fault can be switched")
	}
	s.Close()
	s.Close() // closing twice is harmless
}
