//go:build !unix

package nucleiprobe

import "os/exec"

// ownGroup: infohub-nuclei is released for Linux; elsewhere the child is ended
// alone.
func ownGroup(*exec.Cmd) {}

func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
