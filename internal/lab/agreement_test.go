//go:build unix

package lab_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cybersec-infohub/infohub/internal/lab"
	"github.com/cybersec-infohub/infohub/scanner"
)

// peer is another scanner, asked about the same sites.
type peer struct {
	name string
	// sites are those that it is asked about.
	sites func(lab.Site) bool
	// pairs say which of its tests judge what a rule of ours judges.
	pairs []pair
	// run asks it, and returns for each site the tests that found a fault
	// (true) or none (false); what it did not judge is left out.
	run func(t *testing.T, ctx context.Context, l *lab.Lab, domains []string) map[string]map[string]bool
	// score compares, after run, what we compute by its own rules; nil: nothing.
	score func(reports map[string]*scanner.Report) []compared
	// missing says why it cannot be asked here, "" if it can.
	missing func() string
}

// pair is a rule and the tests of a peer, any of which sees the same fault.
type pair struct {
	rule  string
	tests []string
}

// difference is one that is understood: peer, rule, site ("": any of them) and
// the clause that decides.
type difference struct{ peer, rule, site, why string }

// compared is one rule on one site, judged by both.
type compared struct {
	pair
	site         string
	ours, theirs string
}

// TestAgreement asks other scanners about the sites of the lab. Wherever both
// judge, they agree, or differences in this package says who is right and why.
// docs/agreement.md is written from it with -update.
func TestAgreement(t *testing.T) {
	needs(t)
	if why := lab.CannotRun(lab.BadSite()); why != "" {
		notRun(t, why)
	}
	peers := []peer{testssl(), observatory(), zonemaster()}
	sites := []lab.Site{{Domain: lab.Good}}
	for _, s := range append(lab.Faults(), lab.BadSite()) {
		if lab.CannotRun(s) == "" && slices.ContainsFunc(peers, func(p peer) bool { return p.sites(s) }) {
			sites = append(sites, s)
		}
	}
	l, e, _ := start(t, sites)
	domains := make([]string, len(sites))
	for i, s := range sites {
		domains[i] = s.Domain
	}
	if _, err := l.WriteSettings(nil, domains); err != nil {
		t.Fatal(err)
	}
	reports := map[string]*scanner.Report{}
	for _, s := range sites {
		reports[s.Domain] = scan(t, e, s.Domain, scanner.Options{})
	}
	var mu sync.Mutex
	all := map[string][]compared{}
	t.Run("peers", func(t *testing.T) {
		for _, p := range peers {
			t.Run(p.name, func(t *testing.T) {
				if why := p.missing(); why != "" {
					notRun(t, why)
				}
				t.Parallel()
				var asked []string
				for _, s := range sites {
					if s.Domain == lab.Good || p.sites(s) {
						asked = append(asked, s.Domain)
					}
				}
				got := compare(p, reports, p.run(t, t.Context(), l, asked))
				if p.score != nil {
					got = append(got, p.score(reports)...)
				}
				settle(t, p, got)
				mu.Lock()
				all[p.name] = got
				mu.Unlock()
			})
		}
	})
	if len(all) == len(peers) {
		checkDocument(t, peers, all)
	}
}

// compare pairs our findings with a peer's verdicts where both judged.
func compare(p peer, reports map[string]*scanner.Report, theirs map[string]map[string]bool) (out []compared) {
	for site, tests := range theirs {
		for _, pair := range p.pairs {
			i := slices.IndexFunc(reports[site].Findings, func(f scanner.Finding) bool { return f.Rule == pair.rule })
			if i < 0 {
				continue // a rule that is not there yet
			}
			outcome := reports[site].Findings[i].Outcome
			ours := outcome == scanner.Fail || outcome == scanner.Warn
			theirs, judged := false, false
			for _, test := range pair.tests {
				fault, ok := tests[test]
				judged = judged || ok
				theirs = theirs || fault
			}
			if judged && (ours || outcome == scanner.Pass) {
				out = append(out, compared{pair: pair, site: site, ours: verdict(ours), theirs: verdict(theirs)})
			}
		}
	}
	slices.SortFunc(out, func(a, b compared) int { return cmp.Or(cmp.Compare(a.rule, b.rule), cmp.Compare(a.site, b.site)) })
	return out
}

// settle fails for a difference without an explanation, and for an explanation
// without a difference.
func settle(t *testing.T, p peer, got []compared) {
	used := map[int]bool{}
	for _, c := range got {
		if c.ours == c.theirs {
			continue
		}
		i := explains(p.name, c)
		if i < 0 {
			t.Errorf("%s on %s: we say %s, %s (%s) says %s", c.rule, c.site, c.ours, p.name, strings.Join(c.tests, ", "), c.theirs)
		}
		used[i] = true
	}
	for i, d := range differences() {
		if d.peer == p.name && !used[i] {
			t.Errorf("there is no difference any more: %s, %s, %s", d.peer, d.rule, d.site)
		}
	}
	t.Logf("%s: %d verdicts compared", p.name, len(got))
}

func explains(peer string, c compared) int {
	return slices.IndexFunc(differences(), func(d difference) bool {
		return d.peer == peer && d.rule == c.rule && (d.site == "" || d.site == c.site)
	})
}

func verdict(fault bool) string { return map[bool]string{true: "fault", false: "no fault"}[fault] }

// checkDocument compares docs/agreement.md with what was found, or writes it.
func checkDocument(t *testing.T, peers []peer, all map[string][]compared) {
	var b strings.Builder
	b.WriteString(documentHead)
	for _, p := range peers {
		fmt.Fprintf(&b, "\n## %s\n\n| Rule | Its test | Judged by both | Agreed | Differ |\n|---|---|--:|--:|--:|\n", p.name)
		total := [2]int{}
		pairs := slices.Clone(p.pairs)
		for _, c := range all[p.name] { // the score's
			if !slices.ContainsFunc(pairs, func(q pair) bool { return q.rule == c.rule }) {
				pairs = append(pairs, c.pair)
			}
		}
		for _, pair := range pairs {
			n := [2]int{}
			for _, c := range all[p.name] {
				if c.rule == pair.rule {
					n[0]++
					if c.ours != c.theirs {
						n[1]++
					}
				}
			}
			if n[0] == 0 {
				continue
			}
			total[0], total[1] = total[0]+n[0], total[1]+n[1]
			fmt.Fprintf(&b, "| %s | %s | %d | %d | %d |\n", pair.rule, strings.Join(pair.tests, ", "), n[0], n[0]-n[1], n[1])
		}
		fmt.Fprintf(&b, "| **all** | | %d | %d | %d |\n", total[0], total[0]-total[1], total[1])
		for i, d := range differences() {
			if d.peer != p.name {
				continue
			}
			var where []string
			for _, c := range all[p.name] {
				if c.ours != c.theirs && explains(p.name, c) == i {
					where = append(where, fmt.Sprintf("%s (we: %s; it: %s)", c.site, c.ours, c.theirs))
				}
			}
			fmt.Fprintf(&b, "\n**%s** on %s. %s\n", d.rule, strings.Join(where, ", "), d.why)
		}
	}
	file := filepath.Join("..", "..", "docs", "agreement.md")
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// How many sites there are changes with every new one, and decides nothing.
	numbers := regexp.MustCompile(`[0-9]+`)
	have, err := os.ReadFile(file)
	if err != nil || numbers.ReplaceAllString(string(have), "n") != numbers.ReplaceAllString(b.String(), "n") {
		t.Errorf("%s is not what was found (%v): run with -update, and read what changed", file, err)
	}
}

const documentHead = `# Agreement with other scanners

The same sites of the lab (` + "`internal/lab`" + `: real servers, each with one fault) are
judged by infohub and by three scanners of one field each. The tables count the
verdicts that both gave: a rule of ours, the tests of theirs that see the same
fault, and on how many sites both said fault or both said none. Below each table
every difference is explained, with the clause that decides.

` + "`make proof`" + ` makes the comparison; it fails on a difference that is not
explained here. This page is written by:

    INFOHUB_PROOF=1 go test -exec $PWD/scripts/netns.sh ./internal/lab -run TestAgreement -update
`
