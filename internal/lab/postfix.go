//go:build unix

package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// masterCF is the part of Debian's master.cf that receiving mail needs; the
// smtpd services come before it.
const masterCF = `cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
proxymap  unix  -       -       n       -       -       proxymap
anvil     unix  -       -       n       -       1       anvil
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
discard   unix  -       -       n       -       -       discard
error     unix  -       -       n       -       -       error
postlog   unix-dgram n  -       n       -       1       postlogd
`

// goodSMTPD are the options of a mail server without faults.
const goodSMTPD = `smtpd_tls_security_level = may
smtpd_tls_protocols = >=TLSv1.2
smtpd_tls_mandatory_protocols = >=TLSv1.2
smtpd_tls_exclude_ciphers = aNULL, kRSA, 3DES, RC4`

// StartPostfix runs one postfix that receives mail for these sites, each at
// its own address with its own certificate and options, and throws it away.
func (l *Lab) StartPostfix(ctx context.Context, places []*Place) error {
	queue := filepath.Join(l.Dir, "mail", "queue")
	data := filepath.Join(l.Dir, "mail", "data")
	for _, d := range []string{queue, data} {
		if err := os.MkdirAll(d, 0o755); err != nil { //nolint:gosec // G301: postfix's own users must reach it
			return err
		}
	}
	if err := l.run(ctx, "chown", "postfix", data); err != nil {
		return err
	}
	var services strings.Builder
	var addrs, ready []string
	for _, p := range places {
		changes := ""
		if p.Mail != nil {
			changes = p.Expand(strings.Join(p.Mail.Options, "\n"))
		}
		fmt.Fprintf(&services, "%s:25 inet n - n - - smtpd\n", p.MX)
		base := fmt.Sprintf("myhostname = %s\nsmtpd_tls_chain_files = %s,%s\n%s", p.MXName, p.MXKey, p.MXCrt, goodSMTPD)
		for line := range strings.SplitSeq(strings.TrimSpace(amend(base, changes, directiveKey)), "\n") {
			fmt.Fprintf(&services, "  -o { %s }\n", line)
		}
		addrs, ready = append(addrs, p.MX), append(ready, p.MX+":25")
	}
	if err := l.own(ctx, addrs...); err != nil {
		return err
	}
	if _, err := l.write("mail/master.cf", services.String()+masterCF); err != nil {
		return err
	}
	if _, err := l.write("mail/main.cf", fmt.Sprintf(`compatibility_level = 3.6
queue_directory = %[1]s
data_directory = %[2]s
myhostname = mail.%[3]s
mydestination = $myhostname
inet_interfaces = %[4]s
inet_protocols = ipv4
mynetworks = 127.255.255.255/32
local_recipient_maps =
default_transport = discard
local_transport = discard
alias_maps =
alias_database =
maillog_file = %[2]s.log
maillog_file_prefixes = %[2]s
smtpd_client_connection_count_limit = 0
smtpd_peername_lookup = no
default_process_limit = 100
`, queue, data, Good, strings.Join(addrs, ", "))); err != nil {
		return err
	}
	// check makes the queue's folders. master itself, not "postfix start", is
	// run: it stays in the lab's process group and ends with it.
	dir := filepath.Join(l.Dir, "mail")
	if err := l.run(ctx, "postfix", "-c", dir, "check"); err != nil {
		return err
	}
	return l.start(ctx, ready, nil, "/usr/lib/postfix/sbin/master", "-c", dir, "-d")
}
