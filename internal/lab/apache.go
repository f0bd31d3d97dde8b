//go:build unix

package lab

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

// apacheHead is what every site of apache2 shares, with Debian's modules.
const apacheHead = `ServerRoot DIR
PidFile DIR/apache.pid
DefaultRuntimeDir DIR
Mutex file:DIR
ErrorLog /dev/stderr
LogLevel warn
ServerName lab.test
User www-data
Group www-data
StartServers 1
LoadModule mpm_event_module MOD/mod_mpm_event.so
LoadModule authz_core_module MOD/mod_authz_core.so
LoadModule mime_module MOD/mod_mime.so
LoadModule dir_module MOD/mod_dir.so
LoadModule alias_module MOD/mod_alias.so
LoadModule autoindex_module MOD/mod_autoindex.so
LoadModule headers_module MOD/mod_headers.so
LoadModule rewrite_module MOD/mod_rewrite.so
LoadModule status_module MOD/mod_status.so
LoadModule info_module MOD/mod_info.so
LoadModule http2_module MOD/mod_http2.so
LoadModule socache_shmcb_module MOD/mod_socache_shmcb.so
LoadModule ssl_module MOD/mod_ssl.so
TypesConfig /etc/mime.types
SSLSessionCache shmcb:DIR/ssl(512000)
SSLStaplingCache shmcb:DIR/ocsp(128000)
SSLRandomSeed startup builtin
TraceEnable off
ServerTokens Prod
ServerSignature Off
DirectoryIndex index.html
<Directory />
 Require all granted
 AllowOverride None
</Directory>
`

// apacheHTTP and apacheHTTPS are the good site's directives for apache2.
const (
	apacheHTTP = `ServerName {domain}
ServerAlias www.{domain} mta-sts.{domain}
RewriteEngine on
RewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]`

	apacheHTTPS = `ServerName {domain}
ServerAlias www.{domain} mta-sts.{domain}
DocumentRoot {dir}
Protocols h2 http/1.1
SSLEngine on
SSLCertificateFile {crt}
SSLCertificateKeyFile {key}
SSLProtocol -all +TLSv1.2 +TLSv1.3
SSLCipherSuite ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305
SSLSessionTickets off
SSLUseStapling on
SSLStaplingForceURL http://` + caAddr + `/ocsp
Header always set Strict-Transport-Security "max-age=63072000; includeSubDomains"
Header always set Content-Security-Policy "default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
Header always set X-Content-Type-Options nosniff
Header always set Referrer-Policy strict-origin-when-cross-origin
Header always set Permissions-Policy "camera=(), microphone=(), geolocation=()"
Header always set Cross-Origin-Resource-Policy same-origin
Header always set Cross-Origin-Opener-Policy same-origin`
)

// StartApache runs one apache2 for these sites, on their web addresses.
func (l *Lab) StartApache(ctx context.Context, places []*Place) error {
	dir, err := l.write("apache/apache.conf", "")
	if err != nil {
		return err
	}
	openssl, err := l.write("apache/openssl.cnf", weakOpenSSL)
	if err != nil {
		return err
	}
	dir = filepath.Dir(dir)
	var b strings.Builder
	var ready []string
	b.WriteString(strings.NewReplacer("DIR", dir, "MOD", "/usr/lib/apache2/modules").Replace(apacheHead))
	for _, p := range places {
		for _, v := range []struct{ port, base, changes string }{{"80", apacheHTTP, p.HTTP}, {"443", apacheHTTPS, p.Site.Web}} {
			fmt.Fprintf(&b, "Listen %[1]s:%[3]s http\nListen [%[2]s]:%[3]s http\n<VirtualHost %[1]s:%[3]s [%[2]s]:%[3]s>\n%[4]s</VirtualHost>\n",
				p.Web, p.Web6, v.port, p.Expand(amend(v.base, v.changes, directiveKey)))
		}
		ready = append(ready, p.Web+":443")
	}
	if _, err := l.write("apache/apache.conf", b.String()); err != nil {
		return err
	}
	return l.start(ctx, ready, []string{"OPENSSL_CONF=" + openssl}, "apache2", "-f", dir+"/apache.conf", "-D", "FOREGROUND")
}
