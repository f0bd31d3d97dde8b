//go:build linux

package main

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/lab"
)

// output tells when the lab has said how to scan it.
type output struct {
	text strings.Builder
	up   context.CancelFunc
}

func (o *output) Write(p []byte) (int, error) {
	defer o.up()
	return o.text.Write(p)
}

// TestRun keeps a lab up until it has said how to scan it, and leaves nothing.
func TestRun(t *testing.T) {
	if os.Getenv("INFOHUB_PROOF") == "" {
		t.Skip("not run: real servers are started by make proof")
	}
	if why := lab.Missing(); why != "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("not run: " + why)
		}
		t.Skip("not run: " + why)
	}
	ctx, cancel := context.WithCancel(t.Context())
	out := &output{up: cancel}
	if err := run(ctx, out, []string{"no-hsts.test"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"no-hsts.test                 web.hsts.missing\n", "infohub scan --config ", " no-hsts.test\n", "Ctrl-C"} {
		if !strings.Contains(out.text.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.text.String())
		}
	}
	config := regexp.MustCompile(`--config (\S+)`).FindStringSubmatch(out.text.String())
	if _, err := os.Stat(config[1]); !os.IsNotExist(err) {
		t.Errorf("%s was left behind", config[1])
	}
}

func TestChoose(t *testing.T) {
	if _, _, err := choose([]string{"no-hsts.test", "nowhere.test"}); err == nil || !strings.Contains(err.Error(), `"nowhere.test"`) {
		t.Errorf("a site that is not there: %v", err)
	}
	sites, left, err := choose(nil)
	if err != nil || len(sites)+len(left) != len(lab.Faults())+2 { // the good one, the bad one
		t.Errorf("%d sites, %d left out, %v", len(sites), len(left), err)
	}
}
