//go:build unix

package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// masterCF is the part of Debian's master.cf that receiving mail needs.
const masterCF = `smtp      inet  n       -       n       -       -       smtpd
cleanup   unix  n       -       n       -       0       cleanup
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

// StartPostfix runs a postfix that receives mail for name on addr and throws
// it away. chain and key are PEM; without them it offers no STARTTLS.
func (l *Lab) StartPostfix(ctx context.Context, addr, name, chain, key string) error {
	dir := "mail-" + name
	queue := filepath.Join(l.Dir, dir, "queue")
	data := filepath.Join(l.Dir, dir, "data")
	if err := l.own(ctx, addr); err != nil {
		return err
	}
	tls := "smtpd_tls_security_level = none\n"
	if chain != "" {
		if _, err := l.write(dir+"/chain.pem", key+chain); err != nil {
			return err
		}
		tls = fmt.Sprintf("smtpd_tls_security_level = may\nsmtpd_tls_chain_files = %s\nsmtpd_tls_protocols = >=TLSv1.2\nsmtpd_tls_mandatory_protocols = >=TLSv1.2\n",
			filepath.Join(l.Dir, dir, "chain.pem"))
	}
	for _, d := range []string{queue, data} {
		if err := os.MkdirAll(d, 0o755); err != nil { //nolint:gosec // G301: postfix's own users must reach it
			return err
		}
	}
	if err := l.run(ctx, "chown", "postfix", data); err != nil {
		return err
	}
	if _, err := l.write(dir+"/master.cf", masterCF); err != nil {
		return err
	}
	if _, err := l.write(dir+"/main.cf", fmt.Sprintf(`compatibility_level = 3.6
queue_directory = %[1]s
data_directory = %[2]s
myhostname = %[3]s
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
default_process_limit = 50
%[5]s`, queue, data, name, addr, tls)); err != nil {
		return err
	}
	// check makes the queue's folders. master itself, not "postfix start", is
	// run: it stays in the lab's process group and ends with it.
	if err := l.run(ctx, "postfix", "-c", filepath.Join(l.Dir, dir), "check"); err != nil {
		return err
	}
	return l.start(ctx, []string{addr + ":25"}, nil, "/usr/lib/postfix/sbin/master", "-c", filepath.Join(l.Dir, dir), "-d")
}
