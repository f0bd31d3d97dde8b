package resolve

import (
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// FuzzMessage puts arbitrary messages through everything that reads answers.
func FuzzMessage(f *testing.F) {
	seed := func(answer, authority, extra string) {
		m := new(dns.Msg)
		m.SetQuestion("www.example.hk.", dns.TypeA)
		m.Response, m.Authoritative = true, answer != ""
		for section, text := range map[*[]dns.RR]string{&m.Answer: answer, &m.Ns: authority, &m.Extra: extra} {
			if text == "" {
				continue
			}
			rr, err := dns.NewRR(text)
			if err != nil {
				f.Fatal(err)
			}
			*section = append(*section, rr)
		}
		wire, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wire)
	}
	seed("www.example.hk. 60 A 192.0.2.1", "", "")
	seed("www.example.hk. 60 CNAME www.example.hk.", "", "")
	seed("example.hk. 60 DNAME a.example.hk.", "", "")
	seed("", "shop.example.hk. 60 NS ns.shop.example.hk.", "ns.shop.example.hk. 60 A 192.0.2.1")
	seed("", "example.hk. 60 NSEC *.example.hk. A NS RRSIG", "")
	seed("", "2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.hk. 60 NSEC3 1 1 12 AABB 2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG", "")
	seed("example.hk. 60 DNSKEY 257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==", "", "")
	seed("example.hk. 60 RRSIG A 13 2 60 20260201000000 20260101000000 12345 example.hk. aGVsbG8=", "", "")
	now := time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)
	r := New(Config{Now: func() time.Time { return now }})
	f.Fuzz(func(t *testing.T, wire []byte) {
		m := new(dns.Msg)
		if m.Unpack(wire) != nil || len(m.Question) == 0 {
			return
		}
		name, err := canonical(m.Question[0].Name)
		if err != nil {
			return
		}
		q := question{name, m.Question[0].Qtype}
		mismatch(Question(name, q.qtype), m, len(wire))
		for _, zone := range []string{".", "hk.", "example.hk.", name} {
			rep := readReply(m.Copy(), zone, q, zone == ".")
			if (rep.kind == referral) != (rep.child != nil) {
				t.Error("a referral and its delegation belong together")
			}
			if rep.child != nil && (rep.child.name == zone || !dns.IsSubDomain(zone, rep.child.name) || !dns.IsSubDomain(rep.child.name, name)) {
				t.Errorf("asked about %s in %s, referred to %s", name, zone, rep.child.name)
			}
			if tr := rep.trace(name, q.qtype); len(tr.aliases) > maxChain+1 || len(tr.records) > maxRecords {
				t.Error("a trace without bound")
			}
			z := &trust{zone: zone, status: scanner.Secure, keys: zoneKeys(rep, name)}
			if f := r.holds(z, rep, q); f == nil {
				t.Errorf("accepted as secure: %v", m)
			}
			signerOf(rep, q)
			lifetime(rep.msg)
			if d := unproven(zone, m.Ns); len(d.nsec)+len(d.nsec3) > 0 {
				d.deniesDS(name)
				d.denies(name, q.qtype, true)
				d.denies(name, q.qtype, false)
				d.deniesCloser(name, min(1, dns.CountLabel(name)))
			}
		}
	})
}

// unproven reads denials without checking signatures.
func unproven(zone string, section []dns.RR) *denial {
	d := &denial{zone: zone}
	for _, rr := range section {
		switch n := rr.(type) {
		case *dns.NSEC:
			d.nsec = append(d.nsec, n)
		case *dns.NSEC3:
			if n.Iterations <= maxIterations && sameParameters(d.nsec3, n) && len(d.nsec3) < maxDenials {
				d.nsec3 = append(d.nsec3, n)
			}
		}
	}
	return d
}

// The order of RFC 4034 section 6.1, with its example.
func TestCompareNames(t *testing.T) {
	sorted := []string{
		"example.", "a.example.", "yljkjljk.a.example.", "Z.a.example.", "zABC.a.EXAMPLE.",
		"z.example.", "\\001.z.example.", "*.z.example.", "\\200.z.example.",
	}
	for i, a := range sorted {
		for j, b := range sorted {
			got, want := compareNames(a, b), i-j
			if (got < 0) != (want < 0) || (got > 0) != (want > 0) {
				t.Errorf("%s and %s: %d", a, b, got)
			}
		}
	}
}

func TestCacheIsBounded(t *testing.T) {
	c := newLayered[int](100, 100)
	c.of("hk.").put("hk.", 1, 1, time.Hour)
	for i := range 10000 {
		c.of("a.hk.").put(string(rune('a'+i%26))+time.Duration(i).String(), i, 5, time.Hour)
	}
	if _, ok := c.of("hk.").get("hk."); !ok {
		t.Error("what lies below pushed a top-level domain out")
	}
	if c.leaf.used > 100 || len(c.leaf.m) != c.leaf.order.Len() || c.leaf.order.Len() > 20 {
		t.Errorf("cost %d, %d entries", c.leaf.used, c.leaf.order.Len())
	}
	c.leaf.put("huge", 1, 50, time.Hour)
	if _, ok := c.leaf.get("huge"); ok {
		t.Error("one huge answer was kept")
	}
	c.leaf.put("old", 1, 1, time.Nanosecond)
	time.Sleep(time.Millisecond)
	if _, ok := c.leaf.get("old"); ok {
		t.Error("an answer outlived its time")
	}
}

func TestHealthPrefersWhatAnswered(t *testing.T) {
	h := newHealth()
	at := func(s string) endpoint { return endpoint{s, netip.MustParseAddrPort(s)} }
	quick, slow, fresh, six, dead := at("192.0.2.1:53"), at("192.0.2.2:53"), at("192.0.2.3:53"), at("[2001:db8::1]:53"), at("192.0.2.4:53")
	h.answered(slow, 90*time.Millisecond)
	h.answered(quick, time.Millisecond)
	for range deadAfter {
		h.silent(dead, time.Now())
		time.Sleep(time.Millisecond)
	}
	got := h.order([]endpoint{six, dead, fresh, slow, quick})
	want := []endpoint{quick, slow, fresh, six}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	for range v6Tries {
		h.silent(six, time.Now())
	}
	if suspect, gone := h.v6Suspect(); !suspect || gone {
		t.Error("IPv6 never answered")
	}
	h.answered(six, time.Millisecond)
	if suspect, gone := h.v6Suspect(); suspect || gone {
		t.Error("IPv6 answered")
	}
}
