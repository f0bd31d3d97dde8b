package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/taxii"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// ServeOptions are those of a server.
type ServeOptions struct {
	HubOptions
	Data string
	// Listen is an address and a port. Without TLS it must be on loopback.
	Listen string
	// Certificate and Key are PEM files. They are read again when they change.
	Certificate, Key string
	// Proxied takes the client's address from X-Forwarded-For, as a proxy on
	// this machine writes it.
	Proxied bool
	// Metrics is an address for Prometheus, on loopback; "" for none.
	Metrics string
	// Addresses and Keys bound requests by where they come from and by whose
	// key they have; the zero Rate does not.
	Addresses, Keys Rate
	// Connections is how many there may be at once; 0: 4096.
	Connections int
	// Listening is told the address once it is open.
	Listening func(addr net.Addr)
}

// Times of a server. A handler that streams extends its own deadline.
const (
	headerTime   = 10 * time.Second
	bodyTime     = 2 * time.Minute
	writeTime    = 5 * time.Minute
	idleTime     = 2 * time.Minute
	drainTime    = 30 * time.Second
	housekeeping = time.Minute
	maxHeaders   = 32 << 10 // bytes
	maxFailures  = 20       // wrong keys at once from one address; one more every five seconds
)

// Serve runs a hub until ctx ends, and then lets requests that have begun end.
func Serve(ctx context.Context, o ServeOptions) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	h, err := OpenHub(o.Data, true, o.HubOptions)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
		defer cancel()
		err = errors.Join(err, h.Close(ctx))
	}()
	s := &server{
		Hub: h, opts: o, log: h.opts.Log,
		limits: &limits{newLimiter(o.Addresses), newLimiter(o.Keys), newLimiter(Rate{0.2, maxFailures})},
	}
	s.metrics = newMetrics(h.Healthy, filepath.Join(o.Data, storeFile))
	return s.run(ctx)
}

// OptionError is an option that Serve cannot run with.
type OptionError struct{ Err error }

func (e *OptionError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *OptionError) Unwrap() error { return e.Err }

// ErrClear says that a hub would be reached without encryption from elsewhere.
var ErrClear = errors.New("without TLS a hub listens on loopback only: give --tls-cert and --tls-key, or listen on 127.0.0.1 behind a proxy that does TLS")

func (o *ServeOptions) check() error {
	if (o.Certificate == "") != (o.Key == "") {
		return &OptionError{errors.New("give the certificate and its key together: --tls-cert and --tls-key")}
	}
	for _, a := range []struct{ addr, flag string }{{o.Listen, "--listen"}, {o.Metrics, "--metrics-listen"}} {
		if a.addr == "" {
			continue
		}
		host, _, err := net.SplitHostPort(a.addr)
		if err != nil {
			return &OptionError{fmt.Errorf("%s %q: give an address and a port, such as 127.0.0.1:8080: %w", a.flag, a.addr, err)}
		}
		local := host == "localhost" || net.ParseIP(host).IsLoopback()
		switch {
		case local:
		case a.flag == "--metrics-listen":
			return &OptionError{fmt.Errorf("%s %q: the numbers are for programs on this machine: listen on 127.0.0.1", a.flag, a.addr)}
		case o.Certificate == "":
			return &OptionError{fmt.Errorf("%s %q: %w", a.flag, a.addr, ErrClear)}
		}
	}
	return nil
}

// server is a hub with its listeners.
type server struct {
	*Hub
	opts     ServeOptions
	log      *slog.Logger
	metrics  *metrics
	limits   *limits
	provider *published
	draining atomic.Bool
}

func (s *server) run(ctx context.Context) error {
	var lc net.ListenConfig
	public, err := lc.Listen(ctx, "tcp", s.opts.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", s.opts.Listen, err)
	}
	limit := s.opts.Connections
	if limit == 0 {
		limit = 4096
	}
	addr := public.Addr()
	seats := newPlaces(newShares(public, limit), limit, busyAnswer, s.metrics.refused.WithLabelValues("connections").Inc)
	public = seats
	if s.opts.Certificate != "" {
		seats.refusal = "" // before TLS they would not understand it
		certificates, err := newCertificates(s.opts.Certificate, s.opts.Key, s.log)
		if err != nil {
			return errors.Join(err, public.Close())
		}
		public = tls.NewListener(public, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certificates.get, NextProtos: []string{"h2", "http/1.1"}})
	}
	socket, err := listenSocket(ctx, s.opts.Data)
	if err != nil {
		return errors.Join(err, public.Close())
	}
	servers := []*http.Server{s.http(s.public()), s.http(s.front(s.local("socket")))}
	servers[0].ConnState = seats.state
	listeners := []net.Listener{public, socket}
	if s.opts.Metrics != "" {
		l, err := lc.Listen(ctx, "tcp", s.opts.Metrics)
		if err != nil {
			return errors.Join(fmt.Errorf("listen on %s: %w", s.opts.Metrics, err), public.Close(), socket.Close())
		}
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", s.metrics.handler())
		servers, listeners = append(servers, s.http(mux)), append(listeners, l)
	}
	if set, err := s.Service.IsSetUp(ctx); err == nil && !set {
		s.log.Warn("nobody can use this hub yet: infohub setup makes its first administrator")
	}
	if s.opts.Listening != nil {
		s.opts.Listening(addr)
	}

	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var running sync.WaitGroup
	for i, srv := range servers {
		running.Go(func() {
			if err := srv.Serve(listeners[i]); !errors.Is(err, http.ErrServerClosed) {
				stop(fmt.Errorf("serve: %w", err))
			}
		})
	}
	running.Go(func() { s.housekeep(ctx) })
	running.Go(func() { s.feeds.follow(ctx) })
	kick := make(chan struct{}, 1)
	running.Go(func() {
		newWarner(s.Hub).follow(ctx, func() {
			select {
			case kick <- struct{}{}:
			default:
			}
		})
	})
	running.Go(func() { s.deliver(ctx, kick) })
	running.Go(func() { s.warm(ctx) })
	<-ctx.Done()
	s.draining.Store(true)
	s.Service.EndWaits()
	s.Advisories.EndWaits()
	s.log.Info("stopping: requests that have begun may end")
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	var failed []error
	for _, srv := range servers {
		if srv.Shutdown(drain) != nil { // somebody is still reading
			failed = append(failed, srv.Close())
		}
	}
	running.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		failed = append(failed, cause)
	}
	return errors.Join(failed...)
}

func (s *server) http(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTime, ReadTimeout: bodyTime, WriteTimeout: writeTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeaders,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // what strangers do to a TLS port is no news
	}
}

func (s *server) front(next http.Handler) http.Handler {
	return &front{next: next, log: s.log, metrics: s.metrics, limits: s.limits, proxied: s.opts.Proxied}
}

// public is everything that the network may reach.
func (s *server) public() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/v1/", s.API(s.authenticate))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "alive\n") })
	mux.HandleFunc("GET /readyz", s.ready)
	s.provider = &published{h: s.Hub, authenticate: s.authenticate}
	exchange := taxii.New(taxii.Config{Hub: s.Service, Authenticate: s.authenticate, MaxContentLength: s.Hub.opts.MaxContentLength, Turns: s.turns, Log: s.log})
	for _, at := range []string{"/.well-known/csaf/", "/.well-known/security.txt", "/security.txt", "/csaf", "/csaf/"} {
		mux.Handle(at, s.provider)
	}
	pages := &advisoryPages{h: s.Hub, forms: s.forms, authenticate: s.authenticate}
	mux.Handle("/advisories", pages) // without it the mux would redirect to what is not there
	mux.Handle("/advisories/", pages)
	for _, lang := range i18n.Langs() {
		mux.Handle("/"+string(lang)+"/advisories/", pages)
	}
	return s.front(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(strings.ToLower(r.Host), "csaf.data.security.") {
			s.provider.ServeHTTP(w, r)
			return
		}
		if strings.HasPrefix(r.URL.Path, strings.TrimSuffix(taxii.Prefix, "/")) {
			exchange.ServeHTTP(w, r) // the mux would answer some of its paths itself
			return
		}
		mux.ServeHTTP(w, r)
	}))
}

// authenticate finds out who asks, and bounds how often a key may ask and how
// often an address may come with a wrong one.
func (s *server) authenticate(r *http.Request) (hub.Caller, error) {
	token, err := taxii.Token(r)
	var c hub.Caller
	if err == nil {
		c, err = s.Service.Authenticate(r.Context(), token, r.RemoteAddr, requestID(r.Context()))
	}
	switch {
	case err != nil && hub.CodeOf(err) == hub.Unauthenticated:
		if wait, ok := s.limits.failed(r.RemoteAddr); !ok {
			s.metrics.refused.WithLabelValues("credentials").Inc()
			return c, &hub.Error{Code: hub.Limited, Message: "too many wrong keys from this address: wait, and look at the key", RetryAfter: wait}
		}
		return c, err
	case err != nil:
		return c, err
	}
	if c.Key == "" {
		return c, nil
	}
	if wait, ok := s.limits.keys.take(c.Key); !ok {
		s.metrics.refused.WithLabelValues("key").Inc()
		return c, &hub.Error{Code: hub.Limited, Message: "this key asks too often: wait, as Retry-After says", RetryAfter: wait}
	}
	return c, nil
}

// ready says whether a load balancer should send requests here.
func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	set, err := s.Service.IsSetUp(r.Context())
	switch {
	case s.draining.Load():
		say(w, http.StatusServiceUnavailable, "stopping\n")
	case s.Healthy() != nil:
		say(w, http.StatusServiceUnavailable, "the disk failed: the store is read-only until the hub is started again\n")
	case err != nil:
		say(w, http.StatusServiceUnavailable, "the store cannot be read\n")
	case !set:
		say(w, http.StatusServiceUnavailable, "not set up: infohub setup makes the first administrator\n")
	case s.Refused() != nil: // it may pass, and meanwhile the hub is read
		say(w, http.StatusOK, "ready, but the disk refused what was written last: it may be full\n")
	default:
		say(w, http.StatusOK, "ready\n")
	}
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // nobody is left to tell
}

// warm publishes what became due while no hub ran, and reads what was published, so
// that nobody waits for it who asks first.
func (s *server) warm(ctx context.Context) {
	err := s.Advisories.Housekeep(ctx)
	if err == nil {
		_, err = s.forms.caughtUp(ctx)
	}
	if err == nil {
		_, err = s.provider.caughtUp(ctx)
	}
	if err != nil && ctx.Err() == nil {
		s.log.Error("the advisories cannot be read", "error", err)
	}
}

// housekeep does once a minute what nobody asks for.
func (s *server) housekeep(ctx context.Context) {
	tick := time.NewTicker(housekeeping)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := errors.Join(s.Service.Housekeep(ctx), s.Advisories.Housekeep(ctx)); err != nil && ctx.Err() == nil {
				s.log.Error("housekeeping failed", "error", err)
			}
		}
	}
}

// certificates reads a certificate again when its file changed: whoever renews
// it need not restart the hub.
type certificates struct {
	cert, key string
	log       *slog.Logger
	mu        sync.Mutex
	looked    time.Time
	changed   time.Time
	now       *tls.Certificate
}

func newCertificates(cert, key string, log *slog.Logger) (*certificates, error) {
	c := &certificates{cert: cert, key: key, log: log}
	if err := c.read(); err != nil {
		return nil, &OptionError{fmt.Errorf("--tls-cert %s, --tls-key %s: %w", cert, key, err)}
	}
	return c, nil
}

func (c *certificates) read() error {
	info, err := os.Stat(c.cert)
	if err != nil {
		return err
	}
	if c.now != nil && info.ModTime().Equal(c.changed) {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return err
	}
	c.now, c.changed = &pair, info.ModTime()
	return nil
}

func (c *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) > time.Minute {
		c.looked = time.Now()
		if err := c.read(); err != nil { // half written perhaps
			c.log.Warn("the certificate's files cannot be read again: the one from before serves until they can", "error", err)
		}
	}
	return c.now, nil
}
