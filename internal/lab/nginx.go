//go:build unix

package lab

import (
	"context"
	"path/filepath"
	"strings"
)

// weakOpenSSL lets servers load and offer what Debian's default policy
// forbids; each site's own protocols and ciphers then decide.
const weakOpenSSL = `openssl_conf = c
[c]
ssl_conf = s
[s]
system_default = d
[d]
MinProtocol = TLSv1
CipherString = ALL:@SECLEVEL=0
`

// goodHTTP and goodHTTPS are the directives of a site without faults.
const (
	goodHTTP = `listen {web}:80;
listen [{web6}]:80;
server_name _;
return 301 https://$host$request_uri;`

	goodHTTPS = `listen {web}:443 ssl http2;
listen [{web6}]:443 ssl http2;
server_name _;
root {dir};
ssl_certificate {crt};
ssl_certificate_key {key};
ssl_stapling on;
ssl_stapling_file {ocsp};
ssl_protocols TLSv1.2 TLSv1.3;
ssl_prefer_server_ciphers off;
ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305;
add_header Strict-Transport-Security "max-age=63072000; includeSubDomains" always;
add_header Content-Security-Policy "default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'" always;
add_header X-Content-Type-Options nosniff always;
add_header Referrer-Policy strict-origin-when-cross-origin always;
add_header Permissions-Policy "camera=(), microphone=(), geolocation=()" always;
add_header Cross-Origin-Resource-Policy same-origin always;
add_header Cross-Origin-Opener-Policy same-origin always;
add_header Set-Cookie "PHPSESSID=abc; Path=/; Secure; HttpOnly; SameSite=Lax";`
)

// nginxServers are the server blocks of a site.
func (p *Place) nginxServers() (blocks []string) {
	if p.HTTP != "-" && !p.Apache {
		blocks = append(blocks, "server {\n"+p.Expand(amend(goodHTTP, p.HTTP, directiveKey))+"}")
	}
	if p.Serve == nil && !p.Apache {
		blocks = append(blocks, "server {\n"+p.Expand(amend(goodHTTPS, p.Site.Web, directiveKey))+"}")
	}
	return blocks
}

// StartNginx runs one nginx with these server blocks; ready are the addresses
// they listen on.
func (l *Lab) StartNginx(ctx context.Context, ready []string, servers ...string) error {
	openssl, err := l.write("web/openssl.cnf", weakOpenSSL)
	if err != nil {
		return err
	}
	tmp := filepath.Join(l.Dir, "web")
	user := "worker_processes 1;"
	if oneUser() { // a worker could not become another
		user = "user root; master_process off;"
	}
	conf := `daemon off;
` + user + `
pid ` + tmp + `/nginx.pid;
error_log stderr warn;
worker_rlimit_nofile 16384;
events { worker_connections 8192; }
http {
 access_log ` + tmp + `/access.log;
 client_body_temp_path ` + tmp + `/body; proxy_temp_path ` + tmp + `/proxy; fastcgi_temp_path ` + tmp + `/fcgi; uwsgi_temp_path ` + tmp + `/uwsgi; scgi_temp_path ` + tmp + `/scgi;
 types { text/html html; text/plain txt; text/css css; application/javascript js; application/json json; image/svg+xml svg; }
 default_type text/html; server_tokens off;
 server_names_hash_bucket_size 128;
` + strings.Join(servers, "\n") + "\n}\n"
	path, err := l.write("web/nginx.conf", conf)
	if err != nil {
		return err
	}
	return l.start(ctx, ready, []string{"OPENSSL_CONF=" + openssl}, "nginx", "-c", path, "-p", tmp, "-e", "stderr")
}
