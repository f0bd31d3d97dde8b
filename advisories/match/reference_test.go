package match

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/knqyf263/go-cpe/common"
	"github.com/knqyf263/go-cpe/naming"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// world makes advisories and inventories out of few words, so that they meet.
type world struct{ *rand.Rand }

func (w world) pick(of ...string) string { return of[w.IntN(len(of))] }

func (w world) identity() (vendor, name, cpeName, purlName string) {
	vendor, name = w.pick("", "Acme", "Acme Inc.", "Globex", "Debian"), w.pick("Rocket", "Anvil 2", "Server", "rocket-core", "Acme Rocket")
	if w.IntN(2) == 0 {
		cpeName = "cpe:2.3:" + w.pick("a", "o") + ":" + w.pick("acme", "globex") + ":" + w.pick("rocket", "anvil_2") + ":*:*:*:*:*:" + w.pick("*", "wordpress") + ":*:*"
	}
	if w.IntN(2) == 0 {
		purlName = "pkg:" + w.pick("npm/rocket", "npm/anvil", "deb/debian/rocket", "deb/ubuntu/rocket", "generic/rocket")
		if strings.Contains(purlName, "/debian/") {
			purlName += w.pick("", "?distro=debian-12", "?distro=debian-11", "?upstream=anvil")
		}
	}
	return vendor, name, cpeName, purlName
}

func (w world) publication(n int) advisories.Publication {
	p := advisories.Publication{
		Tracking: advisories.Tracking{ID: fmt.Sprint("A", n), State: advisories.State(w.pick(string(advisories.Published), string(advisories.Revised), string(advisories.Withdrawn), string(advisories.Superseded)))},
		Audience: tlp.Audience{Markings: []tlp.Marking{tlp.Marking(w.pick(string(tlp.Clear), string(tlp.Green)))}},
	}
	var ids []string
	for i := range w.IntN(5) {
		id := strconv.Itoa(i)
		ids = append(ids, id)
		made := prod{ID: id, Versions: w.pick("", "1.5", "vers:generic/<2.0", "vers:generic/>=1.0|<1.4", "vers:nobody/<1", "vers:generic/>=2")}
		made.Vendor, made.Name, made.CPE, made.PURL = w.identity()
		p.Advisory.Products = append(p.Advisory.Products, made)
	}
	for i := range w.IntN(4) {
		v := advisories.Vulnerability{CVE: fmt.Sprintf("CVE-2026-%04d", i)}
		for range w.IntN(4) {
			if len(ids) == 0 {
				break
			}
			if v.Products == nil {
				v.Products = map[advisories.Status][]string{}
			}
			all := advisories.Statuses()
			s := all[w.IntN(len(all))]
			v.Products[s] = append(v.Products[s], w.pick(ids...))
		}
		p.Advisory.Vulnerabilities = append(p.Advisory.Vulnerabilities, v)
	}
	return p
}

func (w world) component() comp {
	c := comp{Version: w.pick("", "1.0", "1.2.3", "1.5", "1.9-3+deb12u1", "2.0", "3", "stable"), Distribution: w.pick("", "", "", "debian")}
	c.Vendor, c.Name, c.CPE, c.PURL = w.identity()
	return c
}

// slowly matches without an index: every product of every publication.
func slowly(all map[string]advisories.Publication, components []comp, may func(tlp.Audience) bool) []advisories.Match {
	var matches []advisories.Match
	for i, given := range components {
		if slices.Contains(components[:i], given) {
			continue
		}
		c := read(given)
		var mine []advisories.Match
		for ref, p := range all {
			if !may(p.Audience) || p.Tracking.State == advisories.Withdrawn || p.Tracking.State == advisories.Superseded {
				continue
			}
			e := newEntry(ref, &p)
			var found []candidate
			for place := range e.products {
				if kin := c.id.kin(e.products[place].identity); kin != strangers {
					found = append(found, candidate{entry: e, product: int32(place), kin: kin})
				}
			}
			if len(found) == 0 {
				continue
			}
			if m, ok := new(judge).entry(e, &c, found, true); ok {
				mine = append(mine, m)
			}
		}
		slices.SortFunc(mine, func(a, b advisories.Match) int {
			return cmp.Or(cmp.Compare(stateOrder(a.State), stateOrder(b.State)), cmp.Compare(a.TrackingID, b.TrackingID), cmp.Compare(a.Ref, b.Ref))
		})
		matches = append(matches, mine...)
	}
	return matches
}

// The index gives what looking at everything gives, while publications come, change
// and go.
func TestIndexAgainstLookingAtEverything(t *testing.T) {
	states := map[advisories.MatchState]int{}
	for seed := range uint64(40) {
		w := world{rand.New(rand.NewPCG(seed, 1))}
		x := New()
		all := map[string]advisories.Publication{}
		for step := range 150 {
			ref := fmt.Sprint("ref", w.IntN(60))
			if w.IntN(5) == 0 {
				delete(all, ref)
				x.Remove(ref)
			} else {
				all[ref] = w.publication(step)
				x.Put(ref, all[ref])
			}
		}
		var inventory []comp
		for range 20 {
			inventory = append(inventory, w.component())
		}
		may := func(a tlp.Audience) bool { return seed%2 == 0 || a.Markings[0] == tlp.Clear }
		got, want := x.Match(inventory, may), slowly(all, inventory, may)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: %d matches, want %d", seed, len(got), len(want))
		}
		concerns := slices.DeleteFunc(slices.Clone(want), func(m advisories.Match) bool { return m.State == advisories.MatchNotAffected })
		if got := x.Concerns(inventory, may); len(got) != len(concerns) || len(got) > 0 && !reflect.DeepEqual(got, concerns) {
			t.Fatalf("seed %d: %d concern it, want %d", seed, len(got), len(concerns))
		}
		for _, m := range got {
			states[m.State]++
		}
		for ref := range all {
			x.Remove(ref)
		}
		if x.Len() != 0 || len(x.places) != 0 || len(x.subjects) != 0 {
			t.Fatalf("seed %d: %d entries and %d places stay", seed, x.Len(), len(x.places))
		}
	}
	for _, s := range []advisories.MatchState{advisories.MatchAffected, advisories.MatchPossible, advisories.MatchNotAffected} {
		if states[s] < 50 {
			t.Errorf("only %d of %s: the test sees too little", states[s], s)
		}
	}
}

// stretchOf is a range of whole numbers, from and up to (not with) its ends; the
// narrower it is by kind, the more it says.
type stretchOf struct{ from, to, rank int }

// The states of random advisories over whole numbers are what counting says.
func TestStatesAgainstCounting(t *testing.T) {
	const top = 12
	for seed := range uint64(3000) {
		w := world{rand.New(rand.NewPCG(seed, 2))}
		var products []prod
		stretches := map[string]stretchOf{}
		by := map[advisories.Status][]string{}
		for i := range 1 + w.IntN(4) {
			id := strconv.Itoa(i)
			s := stretchOf{0, top, 1}
			text := ""
			switch w.IntN(3) {
			case 0:
				s.from = w.IntN(top)
				s.to, s.rank = s.from+1, 3
				text = strconv.Itoa(s.from)
			case 1:
				s.from = w.IntN(top - 1)
				s.to, s.rank = s.from+1+w.IntN(top-s.from-1), 2
				text = fmt.Sprintf("vers:generic/>=%d|<%d", s.from, s.to)
			}
			stretches[id] = s
			products = append(products, prod{ID: id, Vendor: "Acme", Name: "Rocket", Versions: text})
			status := advisories.Status(w.pick(string(advisories.Affected), string(advisories.Affected), string(advisories.NotAffected), string(advisories.UnderInvestigation)))
			by[status] = append(by[status], id)
		}
		p := published(products...)
		p.Advisory.Vulnerabilities[0].Products = by
		for version := range top {
			best := func(status advisories.Status) int {
				rank := 0
				for _, id := range by[status] {
					if s := stretches[id]; version >= s.from && version < s.to {
						rank = max(rank, s.rank)
					}
				}
				return rank
			}
			affected, cleared, looked := best(advisories.Affected), best(advisories.NotAffected), best(advisories.UnderInvestigation)
			want := "none"
			switch {
			case cleared > affected:
				want = "not-affected"
			case affected > 0:
				want = "affected"
			case looked > 0:
				want = "possible"
			case len(by[advisories.Affected]) > 0:
				want = "not-affected"
			}
			got, _, _ := strings.Cut(outcome(t, p, comp{Name: "Rocket", Vendor: "Acme", Version: strconv.Itoa(version)}), " ")
			if got != want {
				t.Fatalf("seed %d: version %d is %s, want %s, by %v of %+v", seed, version, got, want, by, stretches)
			}
		}
	}
}

// Many read while one writes; nobody sees half an advisory.
func TestConcurrentUse(t *testing.T) {
	x := New()
	two := published(prod{ID: "a", Name: "nginx", CPE: nginxCPE}, prod{ID: "b", Name: "cart", PURL: "pkg:npm/cart"})
	x.Put("always", two)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		for i := range 2000 {
			x.Put("sometimes", two)
			if i%3 == 0 {
				x.Remove("sometimes")
			}
		}
		close(stop)
	})
	for range 3 {
		wg.Go(func() {
			for {
				got := x.Match([]comp{{Name: "nginx", CPE: nginxCPE}, {Name: "cart", PURL: "pkg:npm/cart"}}, nil)
				if len(got) < 2 || len(got) > 4 || got[0].Ref != "always" {
					t.Errorf("%+v", got)
					return
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	wg.Wait()
}

func TestWhatIsGoneDoesNotMatch(t *testing.T) {
	p := published(prod{ID: "a", Name: "nginx", CPE: nginxCPE})
	c := []comp{{Name: "nginx", CPE: nginxCPE, Version: "1"}}
	for _, state := range []advisories.State{advisories.Withdrawn, advisories.Superseded} {
		x := New()
		x.Put("ref", p)
		gone := p
		gone.Tracking.State = state
		x.Put("ref", gone)
		if got := x.Match(c, nil); len(got) != 0 || x.Len() != 0 {
			t.Errorf("%s: %+v", state, got)
		}
	}
	x := New()
	x.Put("ref", p)
	if got := x.Match(c, func(tlp.Audience) bool { return false }); len(got) != 0 {
		t.Errorf("matched what may not be read: %+v", got)
	}
}

// A long list of one popular product ends somewhere, and what is affected stays.
func TestMatchesAreBounded(t *testing.T) {
	x := New()
	for i := range 3 {
		p := published(prod{ID: "a", Name: "nginx", CPE: nginxCPE, Versions: fmt.Sprintf("vers:generic/>=%d", i*20_000)})
		p.Tracking.ID = fmt.Sprint("A", i)
		x.Put(p.Tracking.ID, p)
	}
	var inventory []comp
	for i := range MaxComponents {
		inventory = append(inventory, comp{Name: "nginx", CPE: nginxCPE, Version: strconv.Itoa(i)})
	}
	got, left := x.Search(append(inventory, comp{Name: "nginx"}), nil, true)
	if len(got) != MaxMatches || got[len(got)-1].State != advisories.MatchAffected || left == 0 {
		t.Errorf("%d matches, the last %+v; %d components left", len(got), got[len(got)-1], left)
	}
}

func TestUpstream(t *testing.T) {
	for version, want := range map[string]string{
		"7.4.3-4ubuntu2.19": "7.4.3", "1.1.1n-0+deb11u3": "1.1.1n", "1:9.18.0-2": "9.18.0", "2.4.37-65.module+el8.10.0": "2.4.37", "3.0.7-r0": "3.0.7",
		"1.18.0+dfsg-1": "1.18.0", "2.0~rc1-1": "2.0~rc1", "1.2+really1.1-3": "1.1", "1.20.1": "1.20.1", "5.10.0-8-amd64": "5.10.0", "1.22.1-9~bpo11+1": "1.22.1", "2.0-rc1": "2.0-rc1", "": "",
	} {
		if got := upstream(version); got != want {
			t.Errorf("%s comes of %s, want %s", version, got, want)
		}
	}
}

func TestDistroName(t *testing.T) {
	for name, want := range map[string]string{
		"debian-12": "debian-12", "debian-12.5": "debian-12", "bookworm": "debian-12", "debian-bookworm": "debian-12", "ubuntu-22.04": "ubuntu-22.04", "jammy": "ubuntu-22.04",
		"rhel-8.6": "rhel-8", "redhat-8.6": "rhel-8", "alpine-3.19.1": "alpine-3.19", "alpine-v3.19": "alpine-3.19", "fedora-40": "fedora-40", "rolling": "rolling",
	} {
		if got := distroName(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// Our reading of CPE names is that of another program.
func TestCPEAgainstAnother(t *testing.T) {
	for _, s := range []string{
		nginxCPE, `cpe:2.3:a:joomla:joomla\!:4.2.7\+x:rc1:*:*:*:wordpress:*:*`, `cpe:2.3:o:linux:linux_kernel:5.10:-:*:*:*:*:x64:*`, `cpe:2.3:a:a\:b:c\\d:1\.0:*:*:*:*:*:*:*`,
	} {
		ours, ok := parseCPE(s)
		theirs, err := naming.UnbindFS(s)
		if err != nil || !ok {
			t.Errorf("%s: %v, %v", s, ok, err)
			continue
		}
		for attribute, value := range map[string]string{common.AttributeVendor: ours.vendor, common.AttributeProduct: ours.product, common.AttributeVersion: ours.version, common.AttributeUpdate: ours.update, common.AttributeTargetSw: ours.target} {
			want := strings.ReplaceAll(theirs.GetString(attribute), `\`, "")
			if want == "ANY" {
				want = ""
			} else if want == "NA" {
				want = "-"
			}
			if strings.ReplaceAll(value, `\`, "") != want {
				t.Errorf("%s: %s is %q, want %q", s, attribute, value, want)
			}
		}
	}
}

// Every reason has words in each language, which tell what the match knows.
func TestReasonsHaveWords(t *testing.T) {
	for _, lang := range i18n.Langs() {
		w := i18n.For(lang)
		for _, reason := range Reasons() {
			if !w.Has("match.reason." + reason) {
				t.Errorf("%s: no words for %s", lang, reason)
			}
		}
	}
}

// What a hull leaves out, the range leaves out, whatever the scheme.
func TestHullExcludesNothingOfTheRange(t *testing.T) {
	w := world{rand.New(rand.NewPCG(3, 3))}
	number := func() string {
		parts := make([]string, 1+w.IntN(5))
		for i := range parts {
			parts[i] = strconv.Itoa(w.IntN(4) * (1 + w.IntN(2)*400_000))
		}
		return strings.Join(parts, ".") + w.pick("", "", "", "", "-rc1", "k")
	}
	left, said := 0, 0
	for range 60_000 {
		p := prod{Versions: number()}
		if a, b := number(), number(); w.IntN(4) > 0 {
			p.Versions = "vers:" + w.pick("generic", "deb", "rpm", "npm", "pypi", "maven", "gem", "golang", "composer", "nuget", "apk", "cisco") + "/" +
				w.pick(">="+a, "<"+b, ">="+a+"|<"+b, ">"+a+"|<="+b, a+"|"+b, "<"+a+"|>"+b, "!="+a, ">="+a+"|!="+b)
		}
		v := readVersions(&p, &identity{})
		h, version := v.hull(), number()
		packed, ok := pack(version)
		if !ok || !h.excludes(packed) {
			continue
		}
		left++
		in, known := v.contain(version)
		if in || !known {
			t.Fatalf("%s is left out of %s, and is %v, %v", version, p.Versions, in, known)
		}
		said++
	}
	if left < 2000 {
		t.Errorf("only %d are left out: the test sees too little", left)
	}
}
