package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// HubAddress says which hub a command means, and as whom it comes.
type HubAddress struct {
	// URL of a hub, such as https://hub.example.hk; "" for the one of Data.
	URL string
	// Data is a data directory: the hub that runs on it, or else its store,
	// opened in this process.
	Data string
	// Create makes the data directory where there is none.
	Create bool
	// Key is an API key. Without one the caller of a data directory is its
	// administrator, and of a URL a stranger.
	Key string
}

// HubClient returns a client of a hub, and what closes it.
func HubClient(ctx context.Context, a HubAddress, o HubOptions) (*apiclient.Client, func() error, error) {
	if a.URL != "" {
		if err := checkHubURL(a.URL, a.Key); err != nil {
			return nil, nil, err
		}
		t := &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 15 * time.Second}).DialContext, ForceAttemptHTTP2: true,
			TLSHandshakeTimeout: 15 * time.Second, ResponseHeaderTimeout: 2 * time.Minute, IdleConnTimeout: time.Minute,
		}
		c := &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		return &apiclient.Client{HTTP: c, Base: a.URL, Key: a.Key}, func() error { c.CloseIdleConnections(); return nil }, nil
	}
	if c := socketClient(ctx, a.Data); c != nil {
		return &apiclient.Client{HTTP: c, Base: "http://socket", Key: a.Key}, func() error { c.CloseIdleConnections(); return nil }, nil
	}
	h, err := OpenHub(a.Data, a.Create, o)
	if err != nil {
		return nil, nil, err
	}
	c := &http.Client{Transport: inProcess{h.local("process")}}
	return &apiclient.Client{HTTP: c, Base: "http://process", Key: a.Key}, func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		return h.Close(ctx)
	}, nil
}

// ErrHubAddress says that a hub's address is not one that may be used.
var ErrHubAddress = errors.New("hub")

// checkHubURL refuses an address at which a key could be read on the way.
func checkHubURL(text, key string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return fmt.Errorf("%w %q: give its address, such as https://hub.example.hk", ErrHubAddress, text)
	}
	if u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%w %q: give its address alone, such as https://hub.example.hk, without a path, a user or a password", ErrHubAddress, u.Scheme+"://"+u.Host)
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme == "http" && key != "" && u.Hostname() != "localhost" && !ip.IsLoopback() {
		return fmt.Errorf("%w %q: the key would be sent in the clear: use https", ErrHubAddress, text)
	}
	return nil
}

// socketClient is a client of the hub that runs on a data directory, nil if
// there is none.
func socketClient(ctx context.Context, dir string) *http.Client {
	path := socketPath(dir)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		d := net.Dialer{Timeout: 5 * time.Second}
		return d.DialContext(ctx, "unix", path)
	}
	conn, err := dial(ctx, "", "")
	if err != nil {
		return nil // none, or one that was left by a hub that was killed
	}
	_ = conn.Close() // it was only to see whether somebody listens
	return &http.Client{Transport: &http.Transport{DialContext: dial, ResponseHeaderTimeout: 2 * time.Minute}}
}

// listenSocket makes the socket of a data directory, for its owner alone. The
// store is open, so what is there was left by a hub that was killed.
func listenSocket(ctx context.Context, dir string) (net.Listener, error) {
	path := socketPath(dir)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("socket: %w", err)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "unix", path)
	if errors.Is(err, syscall.EINVAL) {
		return nil, fmt.Errorf("socket %s: the path is too long for a socket, choose a shorter data folder: %w", path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("socket: %w", err), l.Close())
	}
	return l, nil
}

// inProcess sends requests to a handler in this process. Bodies are streams,
// as they are over a network.
type inProcess struct{ handler http.Handler }

func (t inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	r, w := io.Pipe()
	p := &piped{header: http.Header{}, body: w, begun: make(chan int, 1)}
	in := req.Clone(req.Context())
	in.RequestURI = in.URL.RequestURI()
	in.RemoteAddr = "process"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	go func() {
		defer func() {
			if req.Body != nil {
				_ = req.Body.Close() // as a RoundTripper must
			}
		}()
		var failed error
		func() {
			defer func() {
				if p := recover(); p != nil {
					failed = fmt.Errorf("the hub failed: %v", p)
				}
			}()
			t.handler.ServeHTTP(p, in)
		}()
		p.WriteHeader(http.StatusOK) // where the handler wrote nothing
		_ = w.CloseWithError(failed)
	}()
	select {
	case status := <-p.begun:
		return &http.Response{
			Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: p.sent, Body: r, ContentLength: -1, Request: req,
		}, nil
	case <-req.Context().Done():
		_ = r.CloseWithError(req.Context().Err())
		return nil, req.Context().Err()
	}
}

// piped is a ResponseWriter into a pipe.
type piped struct {
	header http.Header
	sent   http.Header
	body   *io.PipeWriter
	once   sync.Once
	begun  chan int
}

func (p *piped) Header() http.Header { return p.header }

func (p *piped) WriteHeader(status int) {
	p.once.Do(func() {
		p.sent = p.header.Clone()
		p.begun <- status
	})
}

// SetWriteDeadline and SetReadDeadline are for http.ResponseController. A pipe
// waits for its reader, who is in this process, without a limit; a deadline that
// has passed breaks the answer off.
func (p *piped) SetWriteDeadline(at time.Time) error {
	if !at.IsZero() && time.Until(at) < 0 {
		return p.body.CloseWithError(io.ErrUnexpectedEOF)
	}
	return nil
}

// SetReadDeadline does nothing: what is read is in this process.
func (p *piped) SetReadDeadline(time.Time) error { return nil }

func (p *piped) Write(b []byte) (int, error) {
	p.WriteHeader(http.StatusOK)
	return p.body.Write(b)
}
