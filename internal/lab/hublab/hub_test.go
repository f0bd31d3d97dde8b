//go:build linux

package hublab_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/internal/app"
)

// built is where the program is, which is built once for all tests.
var built = sync.OnceValues(func() (path string, err error) {
	dir, err := os.MkdirTemp("", "hublab")
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "infohub")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", path, "../../../cmd/infohub").CombinedOutput(); err != nil {
		return path, fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

// programPath names a program that was built already: for the process that a
// test starts of itself.
const programPath = "INFOHUB_HUBLAB_PROGRAM"

func TestMain(m *testing.M) {
	if file := os.Getenv(fileToServe); file != "" {
		serveFromMemory(file)
		return
	}
	code := m.Run()
	if os.Getenv(programPath) == "" && wasBuilt {
		if path, _ := built(); path != "" {
			_ = os.RemoveAll(filepath.Dir(path))
		}
	}
	os.Exit(code)
}

// wasBuilt says that there is something to remove.
var wasBuilt bool

func program(t testing.TB) string {
	t.Helper()
	if path := os.Getenv(programPath); path != "" {
		return path
	}
	wasBuilt = true
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// command is the program with arguments, and no settings but those.
func command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), program(t), args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME=/nonexistent")
	return cmd
}

// run runs the program to its end and returns what it printed. It must end with
// exit code 0.
func run(t testing.TB, args ...string) string {
	t.Helper()
	cmd := command(t, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("infohub %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String()
}

// site is a hub's data directory with an administrator and members, and the
// process that serves it, if one runs.
type site struct {
	t     testing.TB
	data  string
	admin string // key of the hub administrator
	org   string // id of the member
	key   string // of the member
	other string // key of another member

	url string
	cmd *exec.Cmd
	log *os.File // what the process says on stderr
	out *bufio.Reader
}

// newSite sets a hub up in a directory, with members that share in the collection
// "indicators".
func newSite(t testing.TB, dir string) *site {
	t.Helper()
	s := &site{t: t, data: filepath.Join(dir, "data")}
	s.admin = strings.TrimSpace(run(t, "setup", "--data", s.data, "--organisation", "Gov CERT", "--handle", "gov", "--name", "Ada Admin", "--email", "ada@gov.example"))
	s.local(func(c *apiclient.Client) error {
		s.org, s.key = admit(t, c, "Harbour Bank", "harbour")
		_, s.other = admit(t, c, "Peak Tram", "peak")
		return nil
	})
	t.Cleanup(s.kill)
	return s
}

// admit makes an organisation and a key of it.
func admit(t testing.TB, c *apiclient.Client, name, handle string) (id, key string) {
	t.Helper()
	status := "active"
	var org apiclient.Organisation
	var made apiclient.MadeKey
	err := errors.Join(
		c.Do(t.Context(), http.MethodPost, "/organisations", nil, apiclient.OrganisationEdit{Name: &name, Handle: &handle, Status: &status}, &org),
		c.Do(t.Context(), http.MethodPost, "/keys", nil, apiclient.NewKey{Name: "SIEM", Organisation: handle}, &made))
	if err != nil {
		t.Fatal(err)
	}
	return org.ID, made.Secret
}

// local calls do as the administrator of the data directory: over the socket if
// a hub runs there.
func (s *site) local(do func(*apiclient.Client) error) {
	s.t.Helper()
	c, done, err := app.HubClient(s.t.Context(), app.HubAddress{Data: s.data}, app.HubOptions{Version: "test"})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := errors.Join(do(c), done()); err != nil {
		s.t.Fatal(err)
	}
}

// serve starts the hub. before is a command that starts it in turn and becomes
// it, such as strace -D.
func (s *site) serve(before []string, args ...string) {
	s.t.Helper()
	s.cmd = command(s.t, append([]string{"serve", "--data", s.data, "--listen", "127.0.0.1:0", "--rate-address", "0", "--rate-key", "0"}, args...)...)
	if len(before) > 0 {
		path, err := exec.LookPath(before[0])
		if err != nil {
			notRun(s.t, "install "+before[0])
		}
		s.cmd.Path, s.cmd.Args = path, append(append([]string{}, before...), append([]string{program(s.t)}, s.cmd.Args[1:]...)...)
	}
	var err error
	if s.log, err = os.CreateTemp("", "hublab-log"); err != nil {
		s.t.Fatal(err)
	}
	_ = os.Remove(s.log.Name()) // what is open stays
	s.cmd.Stderr = s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.out = bufio.NewReader(out)
	line, err := s.out.ReadString('\n')
	at := strings.Index(line, "http")
	if err != nil || at < 0 {
		_ = s.cmd.Wait() // it said why
		s.t.Fatalf("the hub did not start: %q %v\n%s", line, err, s.said())
	}
	s.url = strings.Fields(line[at:])[0]
}

// said is the end of what the process said.
func (s *site) said() string {
	const most = 4000
	info, err := s.log.Stat()
	if err != nil {
		return err.Error()
	}
	b, err := io.ReadAll(io.NewSectionReader(s.log, max(0, info.Size()-most), most))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// kill ends the process as a loss of it would (SIGKILL).
func (s *site) kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // it may have ended
	_ = s.cmd.Wait()         // it was killed
	s.cmd = nil
	_ = s.log.Close()
}

// stop asks the process to end, as systemd does, and waits until it has.
func (s *site) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		s.t.Errorf("the hub ended with %v\n%s", err, s.said())
	}
	s.cmd = nil
	_ = s.log.Close()
}

const (
	taxiiType   = "application/taxii+json;version=2.1"
	objectsPath = "/taxii2/community/collections/indicators/objects/"

	apiObjectsPath = "/api/v1/collections/indicators/objects"
)

// answer is what came back.
type answer struct {
	code   int
	header http.Header
	body   []byte
}

// ask sends a request as the member, and returns an error only if there was no
// whole answer.
func (s *site) ask(ctx context.Context, c *http.Client, method, path string, body io.Reader) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, body)
	if err != nil {
		return answer{}, err
	}
	if s.key != "" {
		req.Header.Set("Authorization", "Bearer "+s.key)
	}
	if strings.HasPrefix(path, "/taxii2") {
		req.Header.Set("Accept", taxiiType)
	}
	if body != nil {
		req.Header.Set("Content-Type", taxiiType)
		if !strings.HasPrefix(path, "/taxii2") {
			req.Header.Set("Content-Type", "application/json")
		}
	}
	res, err := c.Do(req)
	if err != nil {
		return answer{}, err
	}
	b, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, b}, errors.Join(err, res.Body.Close())
}

// get must be answered with 200.
func (s *site) get(c *http.Client, path string) answer {
	s.t.Helper()
	a, err := s.ask(s.t.Context(), c, http.MethodGet, path, nil)
	if err != nil || a.code != http.StatusOK {
		s.t.Fatalf("GET %s: %d %v %.500s", path, a.code, err, a.body)
	}
	return a
}

// client has so many connections.
func client(connections int) *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, MaxIdleConns: connections}, Timeout: 5 * time.Minute}
}

// auditIsSound reads the whole audit log of the hub that runs.
func (s *site) auditIsSound() {
	s.t.Helper()
	s.local(func(c *apiclient.Client) error {
		var state apiclient.AuditState
		err := c.Do(s.t.Context(), http.MethodGet, "/audit/verify", nil, nil, &state)
		if err == nil && !state.Sound {
			err = fmt.Errorf("the audit log is not sound: %s at %d", state.Why, state.Broken)
		}
		return err
	})
}

// isSound reads the whole file of the hub, which must not run.
func (s *site) isSound() {
	s.t.Helper()
	if err := app.CheckStore(s.t.Context(), s.data); err != nil {
		s.t.Fatal(err)
	}
}

// entry is a line of a manifest (TAXII 2.1, 5.3.2).
type entry struct {
	ID        string `json:"id"`
	DateAdded string `json:"date_added"`
	Version   string `json:"version"`
}

// manifest calls each with every entry of the collection behind a date ("": all)
// and returns the last date added. It ends early with an error where an answer
// does not come.
func (s *site) manifest(ctx context.Context, c *http.Client, after string, each func(entry)) (string, error) {
	for more := true; more; {
		path := "/taxii2/community/collections/indicators/manifest/?limit=1000"
		if after != "" {
			path += "&added_after=" + after
		}
		a, err := s.ask(ctx, c, http.MethodGet, path, nil)
		if err != nil {
			return after, err
		}
		var page struct {
			More    bool    `json:"more"`
			Objects []entry `json:"objects"`
		}
		if err := json.Unmarshal(a.body, &page); err != nil || a.code != http.StatusOK {
			return after, fmt.Errorf("manifest: %d %w %.300s", a.code, err, a.body)
		}
		for _, e := range page.Objects {
			each(e)
			after = e.DateAdded
		}
		more = page.More
	}
	return after, nil
}

// notRun leaves a test out, or fails it where nothing may be left out.
func notRun(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("not run: %s", why)
	}
	t.Skipf("not run: %s", why)
}

// proving says that the long runs are wanted.
func proving() bool { return os.Getenv("INFOHUB_PROOF") == "1" }
