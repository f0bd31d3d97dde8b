package app_test

import (
	"context"
	"crypto/x509"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/practice"
	"github.com/cybersec-infohub/infohub/scanner/probe/resolve"
)

// shop starts the practice site and a scanner that may reach it and nothing
// else on this machine.
func shop(t *testing.T, faults []string) (*practice.Site, *scanner.Engine) {
	t.Helper()
	site, err := practice.Start(t.Context(), practice.Options{Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	anchors, err := resolve.ParseAnchors(strings.NewReader(site.Anchor))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(site.CA)
	e, err := app.NewScanner(app.ScannerConfig{
		Version: "test", Hints: []resolve.Hint{{Name: site.RootName, Addr: site.Root}}, Anchors: anchors, Roots: roots,
		ConnectTo: site.ConnectTo, Policy: netguard.Policy{Listeners: site.Listeners},
	})
	if err != nil {
		t.Fatal(err)
	}
	return site, e
}

// found returns the rules that failed or warned, sorted.
func found(t *testing.T, e *scanner.Engine, domain string) []string {
	t.Helper()
	target, err := scanner.ParseTarget(domain)
	if err != nil {
		t.Fatal(err)
	}
	r := e.Scan(context.Background(), target, scanner.Options{AllowPrivate: true})
	if r.Status != scanner.Complete {
		t.Fatalf("status %s: %v", r.Status, r.Reason)
	}
	ids := []string{}
	for _, f := range r.Findings {
		switch f.Outcome {
		case scanner.Fail, scanner.Warn:
			ids = append(ids, f.Rule)
		case scanner.UnknownResult:
			t.Errorf("%s is unknown: %v", f.Rule, f.Failure)
		}
	}
	slices.Sort(ids)
	return ids
}

// TestPracticeSite: scanning the shop finds exactly the faults that are on.
func TestPracticeSite(t *testing.T) {
	site, e := shop(t, []string{})
	if got := found(t, e, site.Domain); len(got) > 0 {
		t.Errorf("without faults: %v", got)
	}
	for _, id := range practice.Faults() {
		site, e := shop(t, []string{id})
		if got := found(t, e, site.Domain); !slices.Equal(got, []string{id}) {
			t.Errorf("with %s: %v", id, got)
		}
	}
	site, e = shop(t, nil)
	if got := found(t, e, site.Domain); !slices.Equal(got, practice.Faults()) {
		t.Errorf("with all faults: %v\nwant %v", got, practice.Faults())
	}
}

// TestFaultSwitchedOff: a fault that is mended is gone in the next scan of a
// new scanner.
func TestFaultSwitchedOff(t *testing.T) {
	site, e := shop(t, nil)
	before := found(t, e, site.Domain)
	if err := site.SetFault("web.hsts.missing", false); err != nil {
		t.Fatal(err)
	}
	after := found(t, e, site.Domain)
	want := slices.DeleteFunc(before, func(id string) bool { return id == "web.hsts.missing" })
	if !slices.Equal(after, want) {
		t.Errorf("after the fix: %v\nwant %v", after, want)
	}
}

// TestMendingNeverLowersTheGrade: whichever fault of the shop is mended, in
// whatever order, the score does not fall, and in the end it is the best.
func TestMendingNeverLowersTheGrade(t *testing.T) {
	score := func(faults []string) int {
		site, e := shop(t, append([]string{}, faults...))
		defer site.Close()
		target, err := scanner.ParseTarget(site.Domain)
		if err != nil {
			t.Fatal(err)
		}
		r := e.Scan(context.Background(), target, scanner.Options{AllowPrivate: true})
		if r.Grade.Letter == "" {
			t.Fatalf("no grade with %v: %s %v", faults, r.Status, r.Reason)
		}
		return r.Grade.Score
	}
	all := score(practice.Faults())
	for i, id := range practice.Faults() {
		if got := score(slices.Delete(practice.Faults(), i, i+1)); got < all {
			t.Errorf("mending %s alone took the score from %d to %d", id, all, got)
		}
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 3 {
		left, before := practice.Faults(), all
		rnd.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
		for len(left) > 0 {
			id := left[0]
			left = left[1:]
			now := score(left)
			if now < before {
				t.Errorf("mending %s with %v left took the score from %d to %d", id, left, before, now)
			}
			before = now
		}
		if before != 100 {
			t.Errorf("without faults: %d", before)
		}
	}
}

// TestOnlyTheShopIsAllowed: the scanner that may reach the shop's listeners
// reaches no other loopback address.
func TestOnlyTheShopIsAllowed(t *testing.T) {
	site, e := shop(t, nil)
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	d := e.Network(scanner.Options{}).Dialer
	if c, err := d.Dial(t.Context(), "tcp", site.Domain, other.Addr().(*net.TCPAddr).AddrPort()); err == nil {
		_ = c.Close()
		t.Error("another listener of this machine was reached")
	}
	for _, l := range site.Listeners {
		c, err := d.Dial(t.Context(), "tcp", "", l)
		if err != nil {
			t.Errorf("the shop's own %s: %v", l, err)
			continue
		}
		_ = c.Close()
	}
}
