package practice

import (
	"crypto/tls"
	_ "embed"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/internal/ownership"
)

//go:embed page.html
var page string

// logo is what mail programs may show beside the shop's mail.
const logo = `<svg xmlns="http://www.w3.org/2000/svg" version="1.2" baseProfile="tiny-ps" viewBox="0 0 64 64"><title>Harbour Tea</title>` +
	`<rect width="64" height="64" fill="#fff"/><circle cx="32" cy="32" r="24" fill="#0b6e4f"/></svg>`

// serveWeb runs the http and https servers.
func (s *Site) serveWeb(plain, secure net.Listener) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /.well-known/security.txt", s.text(func() string {
		return "Contact: mailto:security@" + Domain + "\nExpires: " + time.Now().AddDate(0, 6, 0).UTC().Format(time.RFC3339) + "\n"
	}))
	mux.HandleFunc("GET "+ownership.FilePath, s.serveProof)
	mux.HandleFunc("GET mta-sts."+Domain+"/.well-known/mta-sts.txt", s.text(func() string {
		return "version: STSv1\r\nmode: enforce\r\nmx: mail." + Domain + "\r\nmax_age: 604800\r\n"
	}))
	mux.HandleFunc("GET mta-sts."+Domain+"/logo.svg", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/svg+xml")
		_, _ = w.Write([]byte(logo)) // the visitor may be gone
	})
	redirect := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.has("web.https.no-redirect") {
			mux.ServeHTTP(w, r)
			return
		}
		host := strings.ToLower(r.Host)
		if host != Domain && host != "www."+Domain {
			host = Domain // never lead a visitor to a place that a request named
		}
		http.Redirect(w, r, "https://"+host+r.URL.RequestURI(), http.StatusMovedPermanently)
	})
	s.serveHTTP(plain, s.headers(redirect))
	s.serveHTTP(tls.NewListener(secure, &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, GetConfigForClient: s.webTLS,
	}), s.headers(mux))
}

func (s *Site) serveHTTP(l net.Listener, h http.Handler) {
	srv := &http.Server{
		Handler: h, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	s.serve(func() { _ = srv.Serve(l) }, func() { _ = srv.Close() })
}

// webTLS is the TLS configuration as the faults have it.
func (s *Site) webTLS(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	c := &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, Certificates: []tls.Certificate{s.pki.web},
		SessionTicketsDisabled: true,
		CipherSuites:           []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384},
	}
	// TLS 1.1 alone is the fault: TLS 1.0 has another besides (BEAST). It needs
	// suites of its own, which newer versions are to do without.
	newer := func(v uint16) bool { return v > tls.VersionTLS11 }
	if s.has("tls.version.old") && !slices.ContainsFunc(hello.SupportedVersions, newer) {
		c.MinVersion, c.CipherSuites = tls.VersionTLS11, nil
	}
	switch {
	case hello.ServerName == "mta-sts."+Domain:
		c.Certificates = []tls.Certificate{s.pki.sts}
	case s.has("tls.certificate.expired"):
		c.Certificates = []tls.Certificate{s.pki.expired}
	}
	return c, nil
}

func (s *Site) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Server", "harbour")
		if s.has("web.server.version-disclosed") {
			h.Set("Server", "harbour/1.4.2")
		}
		if r.TLS != nil && !s.has("web.hsts.missing") {
			h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
		}
		if !s.has("web.frame-options.missing") {
			h.Set("X-Frame-Options", "DENY")
		}
		if !s.has("web.csp.missing") {
			h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self' "+Domain+"; style-src 'self'; form-action 'self'; base-uri 'none'")
		}
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		next.ServeHTTP(w, r)
	})
}

func (s *Site) home(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{
		Name: "sessionid", Value: "practice", Path: "/", Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode,
		HttpOnly: !s.has("web.cookie.httponly"),
	})
	script := "/tea.js"
	if s.has("web.mixed-content.active") {
		script = "http://" + Domain + "/tea.js"
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(strings.ReplaceAll(page, "{script}", script))) // the visitor may be gone
}

func (s *Site) text(body func() string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(body()))
	}
}
