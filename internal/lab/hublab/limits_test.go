//go:build linux

package hublab_test

const fileToServe = "INFOHUB_HUBLAB_SERVE"
func serveFromMemory(string) {}
