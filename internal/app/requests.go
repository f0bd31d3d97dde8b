package app

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// requestKey is the context key of a request's id.
type requestKey struct{}

// requestID is the id of the request that a context belongs to, "" outside one.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string) // "" where there is none
	return id
}

// front stands before every handler: it gives a request an id, finds out where
// it comes from, counts and logs it, and survives a handler that panics.
type front struct {
	next    http.Handler
	log     *slog.Logger
	metrics *metrics
	limits  *limits
	proxied bool // take the address from X-Forwarded-For where the peer is on loopback
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	id := rand.Text()[:16]
	r = r.WithContext(context.WithValue(r.Context(), requestKey{}, id))
	r.RemoteAddr = f.from(r)
	w.Header().Set("X-Request-Id", id)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	rec := &recorded{ResponseWriter: w}
	defer func() {
		if p := recover(); p != nil {
			f.log.Error("a handler failed", "request", id, "panic", p, "stack", string(debug.Stack()))
			if rec.status == 0 {
				problem(rec, r, http.StatusInternalServerError, "the hub failed; its operator finds out more by the request id "+id)
			} else {
				// The half of an answer must not look like the whole: nothing more is
				// sent, and whoever reads sees a connection that broke off.
				_ = http.NewResponseController(w).SetWriteDeadline(time.Unix(1, 0)) // the reader is gone where it fails
			}
		}
		took := time.Since(start)
		route := routeOf(r.URL.Path)
		f.metrics.request(route, methodOf(r), rec.status, took)
		from := r.RemoteAddr
		if r.Method == http.MethodPost && strings.HasSuffix(route, "/objects") {
			from = "" // it may be anonymous; who sent the others is in the audit log
		}
		f.log.Info("request", "request", id, "from", from, "method", methodOf(r), "route", route, "status", rec.status, "bytes", rec.bytes, "ms", took.Milliseconds())
	}()
	if wait, ok := f.limits.address(r.RemoteAddr); !ok {
		f.metrics.refused.WithLabelValues("address").Inc()
		tooMany(rec, r, wait)
		return
	}
	f.next.ServeHTTP(rec, r)
}

// from is the address that a request comes from, without the port.
func (f *front) from(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "socket" // which has no address
	}
	peer, err := netip.ParseAddr(host)
	if err != nil || !f.proxied || !peer.IsLoopback() {
		return host
	}
	// The last one is what our own proxy saw; those before it anybody may write.
	list := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	last := strings.TrimSpace(list[len(list)-1])
	if addr, err := netip.ParseAddr(strings.Trim(last, "[]")); err == nil {
		return addr.Unmap().WithZone("").String()
	}
	if at, err := netip.ParseAddrPort(last); err == nil { // some proxies write the port, too
		return at.Addr().Unmap().WithZone("").String()
	}
	return host
}

// routeWords are the words of paths that name nothing; all else is shown as *.
var routeWords = strings.Fields("taxii2 collections objects manifest status versions api v1 me setup settings organisations people keys groups " +
	"statuses counts content sealed search changes subscriptions ack moderation decision assets audit verify export backup openapi.json healthz readyz")

// routeOf is a path without what names anything: logs and metrics hold no ids.
func routeOf(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if !slices.Contains(routeWords, parts[0]) || len(parts) > 8 {
		return "other"
	}
	for i, p := range parts {
		if !slices.Contains(routeWords, p) {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, "/")
}

// methodOf is a request's method as logs and metrics have it: whoever asks may write
// anything there.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}

// recorded notes what a handler answered.
type recorded struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (r *recorded) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorded) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (r *recorded) Unwrap() http.ResponseWriter { return r.ResponseWriter }
