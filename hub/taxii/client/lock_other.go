//go:build !(linux || darwin || freebsd || netbsd || openbsd)

package client

// lock does nothing where the system has no flock: there, whoever starts two runs
// with one cursor at a time may get objects twice.
func lock(string) (unlock func(), err error) { return func() {}, nil }
