//go:build unix

package lab_test

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/internal/lab"
	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/internal/notify"
)

// TestMailToPostfix: a message reaches a real mail server by STARTTLS, under its
// id; what the server refuses for now is an error.
func TestMailToPostfix(t *testing.T) {
	l, e, _ := start(t, []lab.Site{{Domain: lab.Good}})
	name := "mail." + lab.Good
	m := &notify.Mail{
		Host: name, Port: 25, From: "infohub@" + lab.Good, Roots: l.CA.Pool(),
		Network: notify.Network{
			Dialer: &netguard.Dialer{Policy: netguard.Policy{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}},
			Lookup: app.NewOwnershipChecker(e).Resolver.Addrs, // the lab's DNS
		},
	}
	msg := notify.Message{
		ID: notify.NewID("lab", "postfix"), Created: time.Now(), Channel: notify.ByMail, To: "ann@" + name,
		Subject: "例子.香港：1 個新問題", Text: "你好\n.\nend\n",
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := m.Send(ctx, msg); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(l.Dir, "mail", "data.log")
	for _, want := range []string{"message-id=<" + msg.ID + "@" + lab.Good + ">", "to=<" + msg.To + ">", "status=sent"} {
		for { // postfix delivers in its own time
			data, err := os.ReadFile(log)
			if err == nil && strings.Contains(string(data), want) {
				break
			}
			if ctx.Err() != nil {
				t.Fatalf("postfix's log has no %q:\n%s", want, data)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	msg.To = "ann@elsewhere.example"
	var final *notify.SendError
	if err := m.Send(ctx, msg); err == nil || errors.As(err, &final) {
		t.Errorf("a receiver that postfix refuses for now (454): %v; want an error that is not final", err)
	}
}
