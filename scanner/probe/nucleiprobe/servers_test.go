//go:build unix

package nucleiprobe

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// serve runs a real web server until the test ends, with what conf makes of
// the address that it is to listen on.
func serve(t *testing.T, program, debian string, conf func(dir, at string) (config string, args []string)) netip.AddrPort {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		if path, err = exec.LookPath("/usr/sbin/" + program); err != nil {
			missing(t, "not run: install "+debian)
		}
	}
	dir, at := t.TempDir(), closed(t)
	config, args := conf(dir, at.String())
	file := filepath.Join(dir, "server.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	log := &tail{}
	cmd := exec.CommandContext(t.Context(), path, append(args, file)...)
	cmd.Stdout, cmd.Stderr = log, log
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		killGroup(cmd)
		_ = cmd.Wait()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", at.String())
		if err == nil {
			_ = c.Close()
			return at
		}
		if ctx.Err() != nil {
			t.Fatalf("%s does not listen: %s", program, log.lastWords())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// user is a directive that lets the workers read a temporary folder.
func user(directive string) string {
	if os.Geteuid() != 0 {
		return ""
	}
	return directive
}

// nginx serves these hosts, each with the lines of its server block.
func nginx(t *testing.T, hosts map[string]string) netip.AddrPort {
	return serve(t, "nginx", "nginx", func(dir, at string) (string, []string) {
		var b strings.Builder
		fmt.Fprintf(&b, "daemon off;\nworker_processes 1;\npid %[1]s/pid;\nerror_log stderr crit;\n%[2]s\nevents { worker_connections 1024; }\nhttp {\n"+
			"access_log off;\nserver_names_hash_bucket_size 128;\nserver_names_hash_max_size 4096;\nkeepalive_timeout 0;\n"+
			"client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;\n"+
			"types { text/html html; application/json json; text/plain txt; }\n", dir, user("user root;"))
		for host, lines := range hosts {
			fmt.Fprintf(&b, "server {\nlisten %s;\nserver_name %s;\n%s\n}\n", at, host, lines)
		}
		b.WriteString("}\n")
		return b.String(), []string{"-p", dir, "-e", "stderr", "-c"}
	})
}

// apache serves these hosts, each with the lines of its virtual host.
func apache(t *testing.T, hosts map[string]string) netip.AddrPort {
	return serve(t, "apache2", "apache2", func(dir, at string) (string, []string) {
		var b strings.Builder
		fmt.Fprintf(&b, "ServerRoot %[1]s\nPidFile %[1]s/pid\nDefaultRuntimeDir %[1]s\nMutex file:%[1]s\nErrorLog /dev/stderr\nLogLevel crit\nServerName example.hk\n"+
			"StartServers 1\nKeepAlive Off\n%[2]s", dir, user("User www-data\nGroup www-data\n"))
		for _, m := range strings.Fields("mpm_event authz_core authz_host mime dir alias autoindex status info") {
			fmt.Fprintf(&b, "LoadModule %[1]s_module /usr/lib/apache2/modules/mod_%[1]s.so\n", m)
		}
		fmt.Fprintf(&b, "TypesConfig /etc/mime.types\nDirectoryIndex index.html\nListen %s\n<Directory />\nRequire all granted\n</Directory>\n", at)
		for host, lines := range hosts {
			fmt.Fprintf(&b, "<VirtualHost %s>\nServerName %s\n%s\n</VirtualHost>\n", at, host, lines)
		}
		return b.String(), []string{"-D", "FOREGROUND", "-f"}
	})
}
