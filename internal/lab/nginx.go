//go:build unix

package lab

import (
	"context"
	"path/filepath"
	"strings"
)

// weakOpenSSL lets nginx load and offer what Debian's default policy forbids;
// each site's own ssl_protocols and ssl_ciphers then decide.
const weakOpenSSL = `openssl_conf = c
[c]
ssl_conf = s
[s]
system_default = d
[d]
MinProtocol = TLSv1
CipherString = ALL:@SECLEVEL=0
`

// StartNginx runs one nginx with these server blocks; ready are the addresses
// they listen on.
func (l *Lab) StartNginx(ctx context.Context, ready []string, servers ...string) error {
	openssl, err := l.write("web/openssl.cnf", weakOpenSSL)
	if err != nil {
		return err
	}
	tmp := filepath.Join(l.Dir, "web")
	conf := `daemon off;
worker_processes 1;
pid ` + tmp + `/nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
 access_log ` + tmp + `/access.log;
 client_body_temp_path ` + tmp + `/body; proxy_temp_path ` + tmp + `/proxy; fastcgi_temp_path ` + tmp + `/fcgi; uwsgi_temp_path ` + tmp + `/uwsgi; scgi_temp_path ` + tmp + `/scgi;
 types { text/html html; text/plain txt; text/css css; application/javascript js; }
 default_type text/html;
 server_names_hash_bucket_size 128;
` + strings.Join(servers, "\n") + "\n}\n"
	path, err := l.write("web/nginx.conf", conf)
	if err != nil {
		return err
	}
	return l.start(ctx, ready, []string{"OPENSSL_CONF=" + openssl}, "nginx", "-c", path, "-p", tmp, "-e", "stderr")
}
