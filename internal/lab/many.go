//go:build unix

package lab

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// statusAddr is where nginx counts its connections, for benchmarks.
const statusAddr = "127.80.255.1:8080"

// Many starts a lab of n good sites, s1.test to sn.test: each with a signed
// zone on two name servers and a certificate and web address of its own. They
// share one nginx and one postfix. It returns the root's DS records and the
// domains.
func Many(ctx context.Context, dir string, n int) (l *Lab, anchors, domains []string, err error) {
	if l, err = New(dir); err != nil {
		return nil, nil, nil, err
	}
	for i := range n {
		domains = append(domains, fmt.Sprintf("s%d.test", i+1))
	}
	if anchors, err = l.manyNames(ctx, domains); err == nil {
		err = l.manyWebs(ctx, domains)
	}
	if err == nil {
		var chain, key string
		if chain, key, err = l.CA.Issue("mail.test"); err == nil {
			err = l.StartPostfix(ctx, goodMX, "mail.test", chain, key)
		}
	}
	if err != nil {
		l.Close()
		return nil, nil, nil, err
	}
	return l, anchors, domains, nil
}

// WebAddrOf is the web address of the i-th site: one each, as far as a
// thousand sites go.
func WebAddrOf(i int) string { return fmt.Sprintf("127.80.%d.%d", 10+i/250, 1+i%250) }

func (l *Lab) manyNames(ctx context.Context, domains []string) ([]string, error) {
	key, err := dkim(2048)
	if err != nil {
		return nil, err
	}
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		fail error
		one  = map[string]string{}
		tld  strings.Builder
		slot = make(chan struct{}, 4)
	)
	fmt.Fprintf(&tld, "@ NS ns\nns A %s\nns1 A %s\nns2 A %s\nmail A %s\n", tldAddr, goodNS1, goodNS2, goodMX)
	for i, domain := range domains {
		wg.Go(func() {
			slot <- struct{}{}
			defer func() { <-slot }()
			file, err := l.WriteZone(domain, "ns1.test.", fmt.Sprintf(`@ NS ns1.test.
@ NS ns2.test.
@ A %[1]s
www A %[1]s
mta-sts A %[1]s
@ CAA 0 issue "ca.test"
@ MX 10 mail.test.
@ TXT "v=spf1 mx -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@%[2]s"
_mta-sts TXT "v=STSv1; id=20260101"
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@%[2]s"
default._domainkey TXT %[3]s
`, WebAddrOf(i), domain, key))
			var signed string
			var ds []string
			if err == nil {
				signed, ds, err = l.Sign(ctx, domain, file)
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				fail = err
			}
			one[domain] = signed
			fmt.Fprintf(&tld, "%[1]s. NS ns1.test.\n%[1]s. NS ns2.test.\n%[2]s\n", domain, strings.Join(ds, "\n"))
		})
	}
	wg.Wait()
	if fail != nil {
		return nil, fail
	}
	root, rootDS, tldSigned, err := l.rootAndTLD(ctx, tld.String())
	if err != nil {
		return nil, err
	}
	return rootDS, l.StartBind(ctx, RootAddr, []View{
		{Addr: RootAddr, Zones: map[string]string{".": root}},
		{Addr: tldAddr, Zones: map[string]string{"test": tldSigned}},
		{Addr: goodNS1, Zones: one},
		{Addr: goodNS2, Zones: one},
	})
}

func (l *Lab) manyWebs(ctx context.Context, domains []string) error {
	for name, text := range map[string]string{
		"web/good/index.html": goodPage, "web/good/style.css": "body{}", "web/good/shop.js": "",
		"web/good/.well-known/security.txt": securityTxt(), "web/good/.well-known/mta-sts.txt": strings.ReplaceAll(stsPolicy, "mail.good.test", "mail.test"),
	} {
		if _, err := l.write(name, text); err != nil {
			return err
		}
	}
	servers := []string{"server { listen " + statusAddr + "; location / { stub_status; } }"}
	var ready []string
	for i, domain := range domains {
		chain, key, err := l.CA.Issue(domain, "www."+domain, "mta-sts."+domain)
		if err != nil {
			return err
		}
		if _, err := l.write("web/"+domain+".crt", chain); err != nil {
			return err
		}
		if _, err := l.write("web/"+domain+".key", key); err != nil {
			return err
		}
		addr := WebAddrOf(i)
		servers = append(servers, strings.NewReplacer(
			"server_tokens off;", "", "good.crt", domain+".crt", "good.key", domain+".key", "good.test", domain,
			"DIR", l.Dir+"/web", "GOOD", addr,
		).Replace(goodNginx))
		ready = append(ready, addr+":443")
	}
	return l.StartNginx(ctx, ready, append([]string{"server_tokens off;"}, servers...)...)
}

// Accepts is how many connections nginx has accepted since it started; 0 when
// it does not say.
func (l *Lab) Accepts() int {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+statusAddr+"/", nil)
	if err != nil {
		return 0
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	var active, accepts int
	// "Active connections: 1\nserver accepts handled requests\n 16 16 18\n..."
	if _, err := fmt.Fscanf(resp.Body, "Active connections: %d \nserver accepts handled requests\n %d", &active, &accepts); err != nil {
		return 0
	}
	return accepts
}
