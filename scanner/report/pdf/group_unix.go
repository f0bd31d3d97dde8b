//go:build unix

package pdf

import (
	"os/exec"
	"syscall"
)

// ownGroup lets stopping the browser stop its children too.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
