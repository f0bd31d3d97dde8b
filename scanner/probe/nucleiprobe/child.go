package nucleiprobe

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/cybersec-infohub/infohub/internal/nucleiwire"
	"github.com/cybersec-infohub/infohub/scanner"
)

const (
	// patience is what the child has to end by itself when it is told to; the
	// engine of scans leaves 400 ms in all.
	patience = 200 * time.Millisecond
	// farewell is how long it may take to clean up after its last line.
	farewell = time.Second
	// maxStderr is how much of the end of the child's log is kept, in bytes.
	maxStderr = 4 << 10
)

// run starts a child, hands it the request and enters its results into l. The
// error is a *scanner.Failure, or the cause of ctx.
func run(ctx context.Context, path string, req *nucleiwire.Request, l *ledger) error {
	home, err := os.MkdirTemp("", "infohub-nuclei-")
	if err != nil {
		return fmt.Errorf("home of the engine: %w", err)
	}
	defer func() { _ = os.RemoveAll(home) }()

	childCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	order, err := json.Marshal(req)
	if err != nil {
		return fmt.Errorf("request to the engine: %w", err)
	}
	cmd := exec.CommandContext(childCtx, path)
	cmd.Dir = home
	cmd.Env = environment(home)
	log := &tail{}
	cmd.Stderr = log
	cmd.WaitDelay = patience
	ownGroup(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("pipe to the engine: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("pipe from the engine: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return scanner.Failf(scanner.FailInternal, "the engine did not start: "+err.Error())
	}
	defer killGroup(cmd)
	done := make(chan struct{})
	defer close(done)
	go func() { // a child that does not stop when told to, or whose own children hold its output
		select {
		case <-childCtx.Done():
		case <-done:
			return
		}
		select {
		case <-time.After(patience):
			killGroup(cmd)
			_ = stdout.Close()
		case <-done:
		}
	}()

	var wg sync.WaitGroup
	wg.Go(func() { _, _ = stdin.Write(append(order, '\n')) }) // a child that does not read shows in what it says
	asked := map[nucleiwire.Job]bool{}
	for _, job := range req.Jobs {
		asked[job] = true
	}
	bad := l.listen(stdout, asked)
	_ = stdin.Close()
	if bad == nil {
		time.AfterFunc(farewell, cancel) // all is said: how it ends is no matter
	} else if !errors.Is(bad, errEarly) {
		cancel()
	}
	ended := cmd.Wait()
	wg.Wait()
	switch {
	case bad == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(bad, errEarly):
		return scanner.Failf(scanner.FailInternal, fmt.Sprintf("the engine broke off (%v): %s", ended, log.lastWords()))
	}
	return scanner.Failf(scanner.FailInternal, "the engine's output: "+bad.Error())
}

// errEarly is an output that ended before the last line.
var errEarly = errors.New("it ended early")

// listen reads the child's lines until the last.
func (l *ledger) listen(stdout io.Reader, asked map[nucleiwire.Job]bool) error {
	// One line for each job, and the first and the last.
	limit := int64(len(asked)+2) * nucleiwire.MaxLine
	lines := bufio.NewScanner(io.LimitReader(stdout, limit))
	lines.Buffer(make([]byte, 0, 4096), nucleiwire.MaxLine)
	greeted := false
	for lines.Scan() {
		var line nucleiwire.Line
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return fmt.Errorf("a line is not JSON: %w", err)
		}
		switch {
		case line.Hello != nil:
			if line.Hello.Version != nucleiwire.Version {
				return fmt.Errorf("it speaks version %d, not %d: use the infohub-nuclei of this release", line.Hello.Version, nucleiwire.Version)
			}
			greeted = true
			l.engine = scanner.Printable(line.Hello.Engine, 60)
		case !greeted:
			return errors.New("it did not greet")
		case line.Result != nil:
			if err := l.enter(asked, *line.Result); err != nil {
				return err
			}
		case line.Done != nil:
			return nil
		default:
			return errors.New("a line says nothing")
		}
	}
	if err := lines.Err(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return errEarly
}

// environment leads whatever the engine writes into home, and gives it nothing
// of ours: no proxies, no keys.
func environment(home string) []string {
	at := func(name, dir string) string { return name + "=" + filepath.Join(home, dir) }
	return []string{
		"HOME=" + home, "USERPROFILE=" + home, "TMPDIR=" + home, "LANG=C.UTF-8",
		at("XDG_CONFIG_HOME", "config"), at("XDG_CACHE_HOME", "cache"), at("XDG_DATA_HOME", "data"), at("XDG_STATE_HOME", "state"),
		at("NUCLEI_CONFIG_DIR", "nuclei"), at("NUCLEI_TEMPLATES_DIR", "templates"),
	}
}

// tail keeps the end of what is written to it, and the line that begins a
// crash: the stacks behind it are long.
type tail struct {
	mu    sync.Mutex
	buf   []byte
	crash string
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if whole := strings.LastIndexByte(string(t.buf), '\n'); t.crash == "" && whole > 0 {
		for line := range strings.SplitSeq(string(t.buf[:whole]), "\n") {
			if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
				t.crash = line
				break
			}
		}
	}
	t.buf = append(t.buf[:0], t.buf[max(0, len(t.buf)-maxStderr):]...)
	return len(b), nil
}

// lastWords is the line that says most about an early end.
func (t *tail) lastWords() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.crash != "" {
		return t.crash
	}
	text := strings.TrimSpace(string(t.buf))
	return text[strings.LastIndexByte(text, '\n')+1:]
}
