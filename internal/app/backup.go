package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// socketFile is where a hub that runs on a data directory answers.
const socketFile = "infohub.sock"

// Deadlines of a backup through a hub's socket.
const (
	socketDial  = 5 * time.Second
	socketQuiet = 2 * time.Minute // without a byte
)

// BackupTo writes a backup of a data directory to w: from the hub that runs
// there, or else from the store itself. What it writes has been checked as
// ReadBackup does, and is whole only if the error is nil.
func BackupTo(ctx context.Context, dir string, w io.Writer) (info BackupInfo, err error) {
	from, err := openBackup(ctx, dir)
	if err != nil {
		return BackupInfo{}, err
	}
	info, err = ReadBackup(ctx, io.TeeReader(from, w), io.Discard)
	return info, errors.Join(err, from.Close())
}

// openBackup returns the stream of a backup. It asks the hub's socket, and opens
// the store where nobody listens.
func openBackup(ctx context.Context, dir string) (io.ReadCloser, error) {
	from, err := askSocket(ctx, filepath.Join(dir, socketFile))
	switch {
	case err == nil:
		return from, nil
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("ask the hub that runs in %s: %w", dir, err)
	}
	s, err := OpenStore(dir, false)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := Backup(ctx, s, w)
		_ = w.CloseWithError(err) // it never fails
		done <- s.Close()
	}()
	return &ownBackup{r, cancel, done}, nil
}

// ownBackup reads what this process backs up.
type ownBackup struct {
	*io.PipeReader
	cancel context.CancelFunc
	done   chan error
}

// Close ends the backup and closes the store.
func (b *ownBackup) Close() error {
	b.cancel()
	return errors.Join(b.PipeReader.Close(), <-b.done)
}

// askSocket has the hub write a backup.
func askSocket(ctx context.Context, path string) (io.ReadCloser, error) {
	dialer := net.Dialer{Timeout: socketDial}
	transport := &http.Transport{
		DisableCompression: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, "unix", path)
			if err != nil {
				return nil, err
			}
			return quietConn{conn}, nil
		},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://socket/api/v1/backup", http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		transport.CloseIdleConnections()
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(resp.Body, 1000)) // its status says enough
		_ = resp.Body.Close()
		transport.CloseIdleConnections()
		return nil, fmt.Errorf("it answers %s: %s", resp.Status, strings.TrimSpace(string(said)))
	}
	return &socketBackup{resp.Body, transport}, nil
}

// socketBackup reads the answer of a hub.
type socketBackup struct {
	io.ReadCloser
	transport *http.Transport
}

func (b *socketBackup) Close() error {
	defer b.transport.CloseIdleConnections()
	return b.ReadCloser.Close()
}

// quietConn gives up when nothing comes for a while.
type quietConn struct{ net.Conn }

func (c quietConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(socketQuiet)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}
