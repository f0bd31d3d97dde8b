// Package pdf prints an HTML report as PDF with a Chromium that is on the
// machine: Go's own PDF writers lose Chinese characters.
//
// Commands and the portal may import it; it imports no room.
package pdf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// ErrNoBrowser means that no Chromium was found.
var ErrNoBrowser = errors.New("printing a PDF needs Chromium or Chrome, and none is on this machine: install it (Debian: apt install chromium), or print the HTML report from any browser")

// timeout is how long one document may take.
const timeout = 60 * time.Second

// maxOutput bounds what is kept of what the browser says, in bytes.
const maxOutput = 64 << 10

// Browser is a Chromium that prints.
type Browser struct{ Path string }

// Find returns the Chromium at path, or, where path is "", the first of the
// usual names on the PATH. The error is ErrNoBrowser, or names path.
func Find(path string) (*Browser, error) {
	if path != "" {
		found, err := exec.LookPath(path)
		if err != nil {
			return nil, fmt.Errorf("%s is no program: give the path of Chromium or Chrome", path)
		}
		return &Browser{found}, nil
	}
	names := []string{
		"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge",
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium",
		`C:\Program Files\Google\Chrome\Application\chrome.exe`, `C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe`,
	}
	for _, name := range names {
		if found, err := exec.LookPath(name); err == nil {
			return &Browser{found}, nil
		}
	}
	return nil, ErrNoBrowser
}

// Print writes the HTML as PDF to w. The browser runs with an empty profile of
// its own and with every host name led nowhere, so that nothing in the document
// is fetched; it is stopped when ctx ends or after a minute.
func (b *Browser) Print(ctx context.Context, w io.Writer, html []byte) error {
	dir, err := os.MkdirTemp("", "infohub-pdf-")
	if err != nil {
		return fmt.Errorf("pdf: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // the browser may hold a lock for a moment
	in, out := filepath.Join(dir, "report.html"), filepath.Join(dir, "report.pdf")
	if err := os.WriteFile(in, html, 0o600); err != nil {
		return fmt.Errorf("pdf: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.Path, arguments(dir, in, out)...) //nolint:gosec // G204: the browser that the user has
	// What the browser keeps elsewhere than in its profile goes there too.
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_CACHE_HOME="+dir)
	cmd.WaitDelay = 2 * time.Second
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &limited{&said, maxOutput}, &limited{&said, maxOutput}
	ownGroup(cmd)
	runErr := cmd.Run()
	pdf, err := os.ReadFile(out)
	if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		if ctx.Err() != nil {
			return fmt.Errorf("pdf: %s did not end in time: %w", filepath.Base(b.Path), ctx.Err())
		}
		return fmt.Errorf("pdf: %s printed nothing (%w): %s", filepath.Base(b.Path), errors.Join(runErr, err), lastLine(said.String()))
	}
	if _, err := w.Write(pdf); err != nil {
		return fmt.Errorf("pdf: %w", err)
	}
	return nil
}

func arguments(dir, in, out string) []string {
	args := []string{
		"--headless", "--disable-gpu", "--no-first-run", "--disable-extensions", "--disable-sync", "--disable-quic",
		"--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-dev-shm-usage",
		"--host-resolver-rules=MAP * ~NOTFOUND", "--user-data-dir=" + filepath.Join(dir, "profile"),
		"--no-pdf-header-footer", "--print-to-pdf=" + out,
	}
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox") // Chromium's sandbox refuses root
	}
	return append(args, (&url.URL{Scheme: "file", Path: filepath.ToSlash(in)}).String())
}

// limited keeps the first bytes and drops the rest.
type limited struct {
	b    *bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.b.Write(p[:n])
	l.left -= n
	return len(p), nil
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}
