//go:build unix

package lab

import (
	"context"
	"net"
	"time"

	"github.com/miekg/dns"
)

// Tampered is a name server of our own in place of named, for what no server of
// Debian's does: it hands each question to the site's first name server and
// gives back what change makes of the answer; nil is silence. It has no IPv6.
func Tampered(change func(ask, answer *dns.Msg) *dns.Msg) NameServer {
	return NameServer{NoIPv6: true, Serve: func(ctx context.Context, l *Lab, p *Place, addr, _ string) error {
		handler := dns.HandlerFunc(func(w dns.ResponseWriter, ask *dns.Msg) {
			network := w.RemoteAddr().Network()
			client := dns.Client{Net: network, Timeout: 5 * time.Second, UDPSize: dns.DefaultMsgSize}
			answer, _, err := client.ExchangeContext(ctx, ask.Copy(), net.JoinHostPort(p.NSAddrs[0], "53"))
			if err != nil {
				return
			}
			if answer = change(ask, answer); answer != nil {
				_ = w.WriteMsg(answer)
			}
		})
		at := net.JoinHostPort(addr, "53")
		var lc net.ListenConfig
		tcp, err := lc.Listen(ctx, "tcp", at)
		if err != nil {
			return err
		}
		udp, err := lc.ListenPacket(ctx, "udp", at)
		if err != nil {
			_ = tcp.Close()
			return err
		}
		for _, server := range []*dns.Server{{Listener: tcp, Handler: handler}, {PacketConn: udp, Handler: handler}} {
			ready := make(chan struct{})
			server.NotifyStartedFunc = func() { close(ready) }
			go func() { _ = server.ActivateAndServe() }() // its end is Shutdown
			<-ready
			l.onClose(func() { _ = server.Shutdown() })
		}
		return nil
	}}
}
