//go:build linux

// Command cmd keeps the lab up for a person: every site with its fault, on
// real servers, in a network namespace of its own, until Ctrl-C. It prints how
// to scan them. The machine is left as it was.
//
//	go run ./internal/lab/cmd [domain...]
//
// With domains, only those sites are started, besides the good one. Nothing
// imports it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/cybersec-infohub/infohub/internal/lab"
)

// inside tells the child that it is in the namespace.
const inside = "INFOHUB_LAB_INSIDE"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if os.Getenv(inside) == "" {
		err = enter(ctx)
	} else {
		err = run(ctx, os.Stdout, os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1) //nolint:gocritic // exitAfterDefer: the signals end with the process
	}
}

// enter runs this program again in a network namespace of its own; without
// root, in a user namespace as well, in which it is root.
func enter(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, os.Args[1:]...) //nolint:gosec // G204: this program; it ends by the signal below, after it has cleaned up
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), inside+"=1", "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("a network namespace could not be made (it takes root, or user namespaces): %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		return <-done
	}
}

// run starts the lab and waits until ctx ends.
func run(ctx context.Context, out io.Writer, domains []string) error {
	if text, err := exec.CommandContext(ctx, "ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		return fmt.Errorf("ip link set lo up: %w: %s", err, text)
	}
	if why := lab.Missing(); why != "" {
		return errors.New("not run: " + why)
	}
	sites, left, err := choose(domains)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "infohub-lab")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	l, anchors, err := lab.Start(ctx, dir, sites)
	if err != nil {
		return err
	}
	defer l.Close()
	var names []string
	for _, s := range sites {
		names = append(names, s.Domain)
	}
	config, err := l.WriteSettings(anchors, names)
	if err != nil {
		return err
	}
	say(out, sites, left, config)
	<-ctx.Done()
	return nil
}

// choose returns the sites to start, and those that cannot be, with why.
func choose(domains []string) (sites []lab.Site, left []string, err error) {
	all := append(lab.Faults(), lab.BadSite())
	for _, d := range domains {
		if !slices.ContainsFunc(all, func(s lab.Site) bool { return s.Domain == d }) {
			return nil, nil, fmt.Errorf("the lab has no site %q", d)
		}
	}
	sites = []lab.Site{{Domain: lab.Good}}
	for _, s := range all {
		switch why := lab.CannotRun(s); {
		case len(domains) > 0 && !slices.Contains(domains, s.Domain):
		case why != "":
			left = append(left, s.Domain+": "+why)
		default:
			sites = append(sites, s)
		}
	}
	return sites, left, nil
}

// say prints what there is and how to scan it.
func say(out io.Writer, sites []lab.Site, left []string, config string) {
	enter := fmt.Sprintf("nsenter --net --target %d --", os.Getpid())
	if os.Getenv("SUDO_UID") != "" {
		enter = "sudo " + enter
	}
	if users, err := os.ReadFile("/proc/self/uid_map"); err == nil && len(strings.Fields(string(users))) == 3 && strings.Fields(string(users))[2] == "1" {
		enter = fmt.Sprintf("nsenter --user --preserve-credentials --net --target %d --", os.Getpid())
	}
	var b strings.Builder
	for _, s := range sites {
		faults := strings.Join(slices.Concat(s.Fails, s.Warns, s.Unknown), ", ")
		if faults == "" {
			faults = map[string]string{lab.Good: "no fault"}[s.Domain]
		}
		if faults == "" {
			faults = "many faults"
		}
		fmt.Fprintf(&b, "%-28s %s\n", s.Domain, faults)
	}
	for _, l := range left {
		fmt.Fprintf(&b, "not run: %s\n", l)
	}
	fmt.Fprintf(&b, `
The lab is up until you press Ctrl-C. From another terminal, in this folder:

    make build
    %[1]s bin/infohub scan --config %[2]s %[3]s

The page itself, and the DNS:

    %[1]s curl --cacert %[4]s --resolve %[3]s:443:%[6]s https://%[3]s/
    %[1]s dig @%[5]s %[3]s

`, enter, config, sites[min(1, len(sites)-1)].Domain, strings.TrimSuffix(config, "config.yaml")+"ca.pem", lab.ResolverAddr, lab.WebAddrOf(0))
	_, _ = io.WriteString(out, b.String()) // a closed pipe ends us by itself
}
