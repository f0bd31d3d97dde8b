//go:build unix

// Package lab runs real servers on loopback for tests: BIND 9 with a root, a
// top-level domain and signed zones of its own, nginx, apache2 and postfix, all
// from Debian's packages, all in a temporary folder. No system service is
// touched. A Site is one domain of the lab: the good one, or one with a fault.
//
// The servers use their real ports (53, 25, 80, 443) on addresses of
// 127.0.0.0/8 and fd00::/8, so a lab runs as root in a network namespace of its
// own: scripts/netns.sh makes one. Only tests, benchmarks and lab/cmd import it.
package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Lab is a set of running servers.
type Lab struct {
	Dir   string
	CA    *Authority
	webs  map[string]string // by domain
	procs []*process
	addrs []string   // given to the loopback interface, taken away by Close
	ends  []func()   // what Close does before it stops the servers
	mu    sync.Mutex // of procs, addrs and ends
}

// Programs are the servers and tools that a lab needs, with the Debian package
// of each.
func Programs() map[string]string {
	return map[string]string{
		"named": "bind9", "dnssec-signzone": "bind9-utils", "dnssec-keygen": "bind9-utils",
		"nginx": "nginx", "apache2": "apache2", "postfix": "postfix", "ip": "iproute2",
	}
}

// Missing says why no lab can run here, or "" if one can.
func Missing() string {
	for prog, pkg := range Programs() {
		if _, err := lookPath(prog); err != nil {
			return "install " + pkg
		}
	}
	if os.Geteuid() != 0 {
		return "be root, for ports below 1024 (make proof uses a network namespace)"
	}
	l, err := net.Listen("tcp", "127.53.0.1:53")
	if err != nil {
		return "free port 53 on 127.53.0.1 (make proof uses a network namespace): " + err.Error()
	}
	_ = l.Close()
	return ""
}

// CannotRun says why a site cannot be had here, or "" if it can. Without root
// (in a user namespace of one user) there is neither apache2 nor postfix; a
// small server of our own takes the place of the mail server that sites share.
func CannotRun(s Site) string {
	for _, prog := range s.Needs {
		if _, err := lookPath(prog); err != nil {
			return "install " + prog
		}
	}
	if oneUser() && (s.Apache || s.Mail != nil && s.Mail.Serve == nil) {
		return "be root on the machine itself: apache2 and postfix need users of their own"
	}
	return ""
}

// oneUser tells whether this is a user namespace that knows one user only, as
// an ordinary user can make it: nothing can be given to another user there.
func oneUser() bool {
	data, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return false
	}
	fields := strings.Fields(string(data)) // inside, outside, how many
	return len(fields) == 3 && fields[2] == "1"
}

// lookPath also looks where Debian keeps servers, which a user's PATH lacks.
func lookPath(prog string) (string, error) {
	if p, err := exec.LookPath(prog); err == nil {
		return p, nil
	}
	for _, dir := range []string{"/usr/sbin", "/sbin", "/usr/local/sbin"} {
		p := filepath.Join(dir, prog)
		if info, err := os.Stat(p); err == nil && !info.IsDir() {
			return p, nil
		}
	}
	return "", fmt.Errorf("%s is not installed", prog)
}

// New makes an empty lab in dir, which must be readable by the users that the
// servers run as.
func New(dir string) (*Lab, error) {
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // G302: named and postfix drop root and must read it
		return nil, err
	}
	ca, err := NewAuthority()
	if err != nil {
		return nil, err
	}
	return &Lab{Dir: dir, CA: ca, webs: map[string]string{}}, nil
}

// WebAddr is the IPv4 address of a site's web server.
func (l *Lab) WebAddr(domain string) string { return l.webs[domain] }

// write puts a file into the lab's folder and returns its path.
func (l *Lab) write(name, text string) (string, error) {
	path := filepath.Join(l.Dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // G301: as New
		return "", err
	}
	return path, os.WriteFile(path, []byte(text), 0o644)
}

// process is one server that runs in the foreground.
type process struct {
	name string
	cmd  *exec.Cmd
	out  lockedBuffer
	done chan struct{}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.b.Len() > 1<<20 { // a server that logs without end
		return len(p), nil
	}
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start runs a server and waits until it accepts TCP on every address.
func (l *Lab) start(ctx context.Context, ready []string, env []string, name string, args ...string) error {
	path, err := lookPath(name)
	if err != nil {
		return err
	}
	p := &process{name: name, done: make(chan struct{})}
	p.cmd = exec.CommandContext(ctx, path, args...) //nolint:gosec // G204: the lab's own servers
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	// Its own group, so that a master's children end with it.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.Cancel = func() error { return syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }
	p.cmd.WaitDelay = time.Second // a child that keeps the output open is not waited for
	if err := p.cmd.Start(); err != nil {
		return err
	}
	l.mu.Lock()
	l.procs = append(l.procs, p)
	l.mu.Unlock()
	go func() {
		_ = p.cmd.Wait() // how it ended is read from its output
		close(p.done)
	}()
	for _, addr := range ready {
		if err := p.wait(ctx, addr); err != nil {
			return fmt.Errorf("%s does not listen on %s: %w\n%s", name, addr, err, p.out.String())
		}
	}
	return nil
}

func (p *process) wait(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		var d net.Dialer
		c, err := d.DialContext(ctx, "tcp", addr)
		if err == nil {
			return c.Close()
		}
		select {
		case <-p.done:
			return errors.New("it has ended")
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// onClose has f called by Close.
func (l *Lab) onClose(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ends = append(l.ends, f)
}

// Close stops every server and waits for it.
func (l *Lab) Close() {
	for _, f := range l.ends {
		f()
	}
	l.ends = nil
	for _, p := range l.procs {
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM) // it may have ended
		select {
		case <-p.done:
		case <-time.After(5 * time.Second):
			_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
			<-p.done
		}
	}
	l.procs = nil
	// In a namespace of its own, which is about to go, a failure is harmless.
	_ = l.addresses(context.Background(), "delete", l.addrs)
	l.addrs = nil
}

// Output is what the servers have printed, for a test that fails.
func (l *Lab) Output() string {
	var b strings.Builder
	for _, p := range l.procs {
		fmt.Fprintf(&b, "--- %s\n%s\n", p.name, p.out.String())
	}
	return b.String()
}

// own gives the loopback interface addresses: named and postfix listen only on
// addresses that an interface has, and an IPv6 address is nobody's until then.
func (l *Lab) own(ctx context.Context, addrs ...string) error {
	var mine []string
	for _, a := range addrs {
		bits := "/32"
		if strings.Contains(a, ":") {
			bits = "/128"
		}
		mine = append(mine, a+bits)
	}
	l.mu.Lock()
	defer l.mu.Unlock() // ip reads one file at a time
	l.addrs = append(l.addrs, mine...)
	return l.addresses(ctx, "replace", mine)
}

// addresses adds to the loopback interface, or takes from it, all at once.
func (l *Lab) addresses(ctx context.Context, verb string, addrs []string) error {
	var b strings.Builder
	for _, a := range addrs {
		fmt.Fprintf(&b, "address %s %s dev lo", verb, a)
		if verb != "delete" && strings.Contains(a, ":") {
			b.WriteString(" nodad") // nobody else has it, so it is ours at once
		}
		b.WriteByte('\n')
	}
	file, err := l.write(verb+".ip", b.String())
	if err != nil {
		return err
	}
	return l.run(ctx, "ip", "-force", "-batch", file)
}

// run runs a tool to its end in the lab's folder.
func (l *Lab) run(ctx context.Context, name string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	path, err := lookPath(name)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, path, args...) //nolint:gosec // G204: the lab's own tools
	cmd.Dir = l.Dir
	cmd.WaitDelay = time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}
