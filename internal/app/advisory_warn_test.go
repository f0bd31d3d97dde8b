package app_test

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/internal/notify"
)

// mailroom is a mail server and a receiver of webhooks on loopback.
type mailroom struct {
	smtp netip.AddrPort
	hook *httptest.Server

	mu    sync.Mutex
	mails []string // decoded
	calls []call
}

type call struct {
	header http.Header
	body   []byte
}

func openMailroom(t *testing.T) *mailroom {
	t.Helper()
	p := &mailroom{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	p.smtp = netip.MustParseAddrPort(l.Addr().String())
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { p.talk(c) })
		}
	})
	p.hook = httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		p.mu.Lock()
		defer p.mu.Unlock()
		p.calls = append(p.calls, call{r.Header.Clone(), body})
	}))
	t.Cleanup(p.hook.Close)
	return p
}

func (p *mailroom) talk(c net.Conn) {
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	in := bufio.NewReader(c)
	_, _ = fmt.Fprint(c, "220 mail.example\r\n")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " "); verb {
		case "DATA":
			_, _ = fmt.Fprint(c, "354 go on\r\n")
			var b strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				b.WriteString(line)
			}
			head, body, _ := strings.Cut(b.String(), "\r\n\r\n")
			text, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(body)))
			if strings.Contains(strings.ToLower(head), "base64") {
				text, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(body), ""))
			}
			if err != nil {
				text = []byte(body)
			}
			p.mu.Lock()
			p.mails = append(p.mails, head+"\n\n"+string(text))
			p.mu.Unlock()
		case "QUIT":
			_, _ = fmt.Fprint(c, "221 bye\r\n")
			return
		}
		_, _ = fmt.Fprint(c, "250 ok\r\n")
	}
}

// senders send to the mailroom.
func (p *mailroom) senders(t *testing.T) map[notify.Channel]notify.Sender {
	t.Helper()
	secrets, err := notify.ParseSecrets("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
	if err != nil {
		t.Fatal(err)
	}
	way := notify.Network{Dialer: &netguard.Dialer{Policy: netguard.Policy{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}}
	roots := x509.NewCertPool()
	roots.AddCert(p.hook.Certificate())
	return map[notify.Channel]notify.Sender{
		notify.ByMail:    &notify.Mail{Host: p.smtp.Addr().String(), Port: p.smtp.Port(), From: "hub@gov.example", Plain: true, Network: way},
		notify.ByWebhook: &notify.Webhook{Secrets: secrets, Network: way, Roots: roots, Now: time.Now},
	}
}

// wait returns once there are so many mails and calls.
func (p *mailroom) wait(t *testing.T, mails, calls int) (m []string, c []call) {
	t.Helper()
	for end := time.Now().Add(40 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		p.mu.Lock()
		m, c = append([]string(nil), p.mails...), append([]call(nil), p.calls...)
		p.mu.Unlock()
		if len(m) >= mails && len(c) >= calls || time.Now().After(end) {
			if len(m) != mails || len(c) != calls {
				t.Fatalf("%d mails and %d calls, want %d and %d: %q", len(m), len(c), mails, calls, m)
			}
			return m, c
		}
	}
}

const serverFault = `class: alert
risk: high
tlp: "clear"
title: {en: Fault in Example Server, zh-Hant: 伺服器漏洞, zh-Hans: 服务器漏洞}
description: {en: A fault., zh-Hant: 漏洞描述, zh-Hans: 漏洞说明}
affected: {en: Example Server before 6.4.2., zh-Hant: 舊版伺服器, zh-Hans: 旧版服务器}
impact: {en: Others run the server., zh-Hant: 他人操控伺服器, zh-Hans: 他人操控服务器}
recommendation: {en: Install 6.4.2., zh-Hant: 請安裝 6.4.2, zh-Hans: 请安装 6.4.2}
references: [{url: "https://vendor.example/1", summary: {en: The vendor, zh-Hant: 供應商, zh-Hans: 厂商}}]
products: [{id: old, vendor: Example, name: Server, versions: "vers:generic/<6.4.2"}]
vulnerabilities: [{cve: CVE-2026-99901, products: {known_affected: [old]}}]
`

// TestWarnings is the whole way: an inventory, an advisory, a mail and a webhook, an
// acknowledgement, and a scan that verifies that it is fixed.
func TestWarnings(t *testing.T) {
	box := openMailroom(t)
	senders := box.senders(t)
	s := startHub(t, func(o *app.ServeOptions) { o.Senders = senders })
	do := func(key, method, path string, in, out any) {
		t.Helper()
		if err := s.as(key).Do(t.Context(), method, path, nil, in, out); err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	do(s.admin, http.MethodPatch, "/advisories/settings", apiclient.AdvisorySettingsEdit{URL: ptr("https://hub.example"), Publisher: ptr("Gov CERT"), Namespace: ptr("https://gov.example"), Category: ptr("coordinator")}, nil)
	do(s.admin, http.MethodPost, "/organisations", apiclient.OrganisationEdit{Handle: ptr("alpha"), Name: ptr("Alpha"), Status: ptr("active")}, nil)

	key := func(name, org, role string) string {
		t.Helper()
		var made apiclient.MadeKey
		do(s.admin, http.MethodPost, "/people", apiclient.PersonEdit{Name: ptr(name), Email: ptr(name + "@" + org + ".example"), Organisation: ptr(org), Role: ptr(role)}, nil)
		do(s.admin, http.MethodPost, "/keys", apiclient.NewKey{Name: "k", Person: name + "@" + org + ".example"}, &made)
		return made.Secret
	}
	second, mia, boss := key("second", "gov", "analyst"), key("mia", "alpha", "member"), key("boss", "alpha", "organisation-admin")
	do(boss, http.MethodPost, "/assets", apiclient.AssetEdit{Kind: ptr("inventory"), Name: ptr("servers"), MediaType: ptr("text/csv"), Document: ptr("name,version,vendor\nServer,6.4.1,Example\n")}, nil)
	do(mia, http.MethodPost, "/advisory-subscriptions", apiclient.NewAdvisorySubscription{Channel: "mail", Own: true, Lang: "zh-Hant"}, nil)
	var sub apiclient.AdvisorySubscription
	do(boss, http.MethodPost, "/advisory-subscriptions", apiclient.NewAdvisorySubscription{Channel: "webhook", To: box.hook.URL + "/x"}, &sub)

	var d apiclient.Draft
	do(s.admin, http.MethodPost, "/drafts", apiclient.DraftEdit{YAML: serverFault}, &d)
	for _, step := range [][2]string{{s.admin, "submit"}, {second, "approve"}, {second, "publish"}} {
		do(step[0], http.MethodPost, "/drafts/"+d.Record+"/"+step[1], apiclient.Step{Version: d.Version}, &d)
	}
	mails, calls := box.wait(t, 1, 1)
	for _, want := range []string{"mia@alpha.example", "TLP:CLEAR", d.ID, "servers", "Server 6.4.1", "伺服器漏洞", "infohub advisory acknowledge " + d.ID} {
		if !strings.Contains(mails[0], want) {
			t.Errorf("the mail does not say %q:\n%s", want, mails[0])
		}
	}
	var told struct {
		Type      string `json:"type"`
		ID        string `json:"id"`
		Exposures []struct{ Asset, Component, Version, State string }
	}
	if err := json.Unmarshal(calls[0].body, &told); err != nil || told.Type != "advisory.published" || told.ID != d.ID || len(told.Exposures) != 1 || told.Exposures[0].Version != "6.4.1" {
		t.Errorf("the webhook was told %s: %v", calls[0].body, err)
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(sub.Secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(calls[0].header.Get("Webhook-Id") + "." + calls[0].header.Get("Webhook-Timestamp") + "." + string(calls[0].body)))
	if got, want := calls[0].header.Get("Webhook-Signature"), "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)); got != want {
		t.Errorf("the signature is %s, by the subscription's secret %s", got, want)
	}

	s.stop()
	s.serve(func(o *app.ServeOptions) { o.Senders = senders })
	var list apiclient.List[apiclient.Exposure]
	do(mia, http.MethodGet, "/exposures", nil, &list)
	if len(list.Items) != 1 || list.Items[0].Told.IsZero() || list.Items[0].State != "affected" || list.Items[0].Advisory != d.ID {
		t.Fatalf("exposures: %+v", list.Items)
	}
	do(mia, http.MethodPost, "/advisories/"+d.ID+"/acknowledge", apiclient.Acknowledgement{Note: "tonight"}, nil)
	var result apiclient.MatchResult
	do(mia, http.MethodPost, "/advisories/match", apiclient.MatchRequest{Components: []apiclient.Component{{Name: "Server", Vendor: "Example", Version: "6.4.2"}}, Asset: "servers", Scan: "scan 7"}, &result)
	if !result.Recorded || len(result.Matches) != 0 {
		t.Errorf("matched: %+v", result)
	}
	if err := s.as(mia).Do(t.Context(), http.MethodGet, "/exposures", map[string][]string{"all": {"true"}}, nil, &list); err != nil {
		t.Fatal(err)
	}
	if e := list.Items[0]; e.How != "scan" || e.Verified != "scan 7" || e.By != "mia@alpha.example" || e.Note != "tonight" {
		t.Errorf("after the scan: %+v", e)
	}
	var concerned apiclient.List[apiclient.ConcernedOrganisation]
	do(second, http.MethodGet, "/advisories/"+d.ID+"/exposures", nil, &concerned)
	if c := concerned.Items; len(c) != 1 || c[0].Organisation != "alpha" || c[0].Fixed != 1 || c[0].Told != 1 || c[0].Acknowledged != 1 || c[0].Affected != 0 {
		t.Errorf("analysts see %+v", c)
	}
	box.wait(t, 1, 1) // nothing is sent twice
}
