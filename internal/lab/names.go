//go:build unix

package lab

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
)

// Addresses of the lab. The two name servers that all sites share are in two
// networks.
const (
	RootAddr = "127.53.0.1"
	tldAddr  = "127.53.0.2"
	goodMX   = "127.25.1.1"
	// ResolverAddr is a recursive resolver that knows the lab's root.
	ResolverAddr = "127.53.9.1"
)

// sharedNS and sharedNS6 are the addresses of ns1 and ns2 of most sites.
func sharedNS() []string  { return []string{"127.53.1.1", "127.53.2.1"} }
func sharedNS6() []string { return []string{"fd00:53:1::1", "fd00:53:2::1"} }

// goodZone is the zone of a site without faults, but for its name servers.
const goodZone = `@ A {web}
@ AAAA {web6}
www A {web}
www AAAA {web6}
@ CAA 0 issue "ca.test"
@ MX 10 {mxname}.
@ TXT "v=spf1 mx -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@{domain}"
_mta-sts TXT "v=STSv1; id=20260101"
mta-sts A {web}
mta-sts AAAA {web6}
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@{domain}"
default._bimi TXT "v=BIMI1; l=https://good.test/logo.svg"
_443._tcp TLSA {tlsa}
`

// place gives the i-th site its addresses.
func place(s Site, i int) *Place {
	hi, lo := 1+i/200, 1+i%200
	p := &Place{
		Site: s, Web: fmt.Sprintf("127.80.%d.%d", hi, lo), Web6: fmt.Sprintf("fd00:80::%x:%x", hi, lo),
		MX: goodMX, MXName: "mail." + Good,
		NSAddrs: sharedNS(), NSAddrs6: sharedNS6(),
	}
	if s.Mail != nil || s.Domain == Good {
		p.MXName = "mail." + s.Domain
	}
	if s.Mail != nil {
		p.MX = fmt.Sprintf("127.25.%d.%d", 1+hi, lo)
	}
	if s.NS != nil {
		p.NSAddrs, p.NSAddrs6 = nil, nil
		for k, ns := range s.NS {
			a, a6 := ns.Addr, fmt.Sprintf("fd00:53:%x::%x:%x", 16+k, hi, lo)
			if a == "" {
				a = fmt.Sprintf("127.%d.%d.%d", 60+k, hi, lo)
			}
			if ns.NoIPv6 {
				a6 = ""
			}
			p.NSAddrs, p.NSAddrs6 = append(p.NSAddrs, a), append(p.NSAddrs6, a6)
		}
	}
	return p
}

// servers are the NS records of a site with the addresses of their names.
func (p *Place) servers() string {
	var b strings.Builder
	for k, a := range p.NSAddrs {
		fmt.Fprintf(&b, "@ NS ns%[1]d\nns%[1]d A %[2]s\n", k+1, a)
		if p.NSAddrs6[k] != "" {
			fmt.Fprintf(&b, "ns%d AAAA %s\n", k+1, p.NSAddrs6[k])
		}
	}
	return b.String()
}

// zone is the site's zone in file form; dkim is the value of its DKIM record.
func (p *Place) zone(dkim string) string {
	base := p.servers() + goodZone + "default._domainkey TXT " + dkim + "\n"
	if p.MXName == "mail."+p.Domain {
		base += "mail A {mx}\n_25._tcp.mail TLSA {mxtlsa}\n"
	}
	return p.Expand(amend(base, p.Zone, recordKey))
}

// delegation is what the zone "test" says of the site.
func (p *Place) delegation() string {
	var b strings.Builder
	for line := range strings.SplitSeq(p.Expand(amend(p.servers(), p.Parent, recordKey)), "\n") {
		f := strings.Fields(line)
		if len(f) < 3 {
			continue
		}
		for i, w := range f {
			name := i == 0 || i == 2 && (f[1] == "NS" || f[1] == "CNAME")
			switch {
			case !name || strings.HasSuffix(w, "."):
			case w == "@":
				f[i] = p.Domain + "."
			default:
				f[i] = w + "." + p.Domain + "."
			}
		}
		b.WriteString(strings.Join(f, " ") + "\n")
	}
	return b.String()
}

// startNames writes and signs every zone and starts the name servers. It
// returns the DS records of the root.
func (l *Lab) startNames(ctx context.Context, places []*Place, more extra) ([]string, error) {
	key, err := dkim(2048)
	if err != nil {
		return nil, err
	}
	var (
		mu     sync.Mutex
		tld    = fmt.Sprintf("@ NS ns\nns A %s\nca A %s\n%s", tldAddr, caAddr, more.records)
		shared = View{Addrs: append(sharedNS(), sharedNS6()...), Zones: map[string]string{}}
		views  []View
	)
	err = each(places, func(p *Place) error {
		file, err := l.WriteZone(p.Domain, "ns1", p.zone(key))
		if err != nil {
			return err
		}
		var ds []string
		if !p.Sign.Off {
			if file, ds, err = l.sign(ctx, p.Domain, file, file+".keys", p.Sign); err != nil {
				return err
			}
		}
		own, err := l.ownServers(ctx, p, file, key)
		mu.Lock()
		defer mu.Unlock()
		tld += p.delegation() + strings.Join(ds, "\n") + "\n"
		views = append(views, own...)
		if p.NS == nil {
			shared.Zones[p.Domain] = file
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	asked := map[string]string{}
	for _, bulk := range []struct{ from, to map[string]string }{{more.shared, shared.Zones}, {more.asked, asked}} {
		if err := l.bulkZones(bulk.from, bulk.to); err != nil {
			return nil, err
		}
	}
	tldSigned, ds, err := l.zoneFile(ctx, "test", "ns", tld)
	if err != nil {
		return nil, err
	}
	root, anchors, err := l.zoneFile(ctx, ".", "a.root.test.", fmt.Sprintf("@ NS a.root.test.\na.root.test. A %s\ntest. NS ns.test.\nns.test. A %s\n%s",
		RootAddr, tldAddr, strings.Join(ds, "\n")))
	if err != nil {
		return nil, err
	}
	return anchors, l.StartBind(ctx, RootAddr, append(views, shared,
		View{Addrs: []string{RootAddr}, Zones: map[string]string{".": root}},
		View{Addrs: []string{tldAddr}, Zones: map[string]string{"test": tldSigned}},
		View{Addrs: []string{ResolverAddr}, Recursion: true, Zones: asked},
	))
}

// bulkZones writes one file for all zones of the same text.
func (l *Lab) bulkZones(texts, files map[string]string) error {
	written := map[string]string{}
	for zone, text := range texts {
		if written[text] == "" {
			file, err := l.write(fmt.Sprintf("dns/bulk%d.zone", len(files)), "$TTL 3600\n"+text)
			if err != nil {
				return err
			}
			written[text] = file
		}
		files[zone] = written[text]
	}
	return nil
}

// ownServers are the views of a site's own name servers.
func (l *Lab) ownServers(ctx context.Context, p *Place, file, dkim string) ([]View, error) {
	var views []View
	for k, ns := range p.NS {
		v := View{Addrs: []string{p.NSAddrs[k]}, NoTCP: ns.NoTCP, Recursion: ns.Recursion, Transfer: ns.Transfer}
		if a := p.NSAddrs6[k]; a != "" {
			v.Addrs = append(v.Addrs, a)
		}
		own := file
		if ns.Zone != "" {
			base := amend(p.zone(dkim), p.Expand(ns.Zone), recordKey)
			var err error
			if own, err = l.writeZone(fmt.Sprintf("%s.ns%d", p.Domain, k+1), p.Domain, "ns1", base); err != nil {
				return nil, err
			}
			if !p.Sign.Off {
				if own, _, err = l.sign(ctx, p.Domain, own, strings.TrimSuffix(file, ".signed")+".keys", p.Sign); err != nil {
					return nil, err
				}
			}
		}
		if ns.Serve != nil {
			for _, a := range v.Addrs {
				if err := l.own(ctx, a); err != nil {
					return nil, err
				}
			}
			if err := ns.Serve(ctx, l, p, p.NSAddrs[k], own); err != nil {
				return nil, err
			}
			continue
		}
		if !ns.Lame {
			v.Zones = map[string]string{p.Domain: own}
		}
		views = append(views, v)
	}
	return views, nil
}

// zoneFile writes a zone and signs it well.
func (l *Lab) zoneFile(ctx context.Context, zone, primary, text string) (file string, ds []string, err error) {
	if file, err = l.WriteZone(zone, primary, text); err != nil {
		return "", nil, err
	}
	return l.sign(ctx, zone, file, file+".keys", Signing{})
}

// each runs f for every place, a few at a time, and returns the first error.
func each(places []*Place, f func(*Place) error) error {
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		fail error
		slot = make(chan struct{}, 4)
	)
	for _, p := range places {
		wg.Go(func() {
			slot <- struct{}{}
			defer func() { <-slot }()
			if err := f(p); err != nil {
				mu.Lock()
				defer mu.Unlock()
				if fail == nil {
					fail = fmt.Errorf("%s: %w", p.Domain, err)
				}
			}
		})
	}
	wg.Wait()
	return fail
}

// edit rewrites a file of the lab.
func edit(file string, change func(string) string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(change(string(data))), 0o644)
}
