//go:build unix

package lab

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ocsp"
)

// The authority's own web server, which says what it has revoked.
const (
	caAddr  = "127.80.0.9"
	crlURL  = "http://ca.test/lab.crl"
	ocspURL = "http://ca.test/ocsp"
)

// isRevoked tells whether the authority has taken a certificate back.
func (a *Authority) isRevoked(serial *big.Int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.ContainsFunc(a.revoked, func(r *big.Int) bool { return r.Cmp(serial) == 0 })
}

// OCSP is the authority's word on a certificate of its intermediate, in DER,
// valid for a week from an hour ago.
func (a *Authority) OCSP(serial *big.Int) ([]byte, error) {
	now := time.Now().Add(-time.Hour).Truncate(time.Minute)
	answer := ocsp.Response{Status: ocsp.Good, SerialNumber: serial, ThisUpdate: now, NextUpdate: now.AddDate(0, 0, 7)}
	if a.isRevoked(serial) {
		answer.Status, answer.RevokedAt = ocsp.Revoked, now
	}
	return ocsp.CreateResponse(a.Intermediate, a.Intermediate, answer, a.key)
}

// crl lists the revoked certificates, in DER.
func (a *Authority) crl() ([]byte, error) {
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().AddDate(0, 0, 7)}
	a.mu.Lock()
	for _, serial := range a.revoked {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: serial, RevocationTime: list.ThisUpdate})
	}
	a.mu.Unlock()
	return x509.CreateRevocationList(rand.Reader, list, a.Intermediate, a.key)
}

// startCA starts the authority's web server in this process.
func (l *Lab) startCA(ctx context.Context) error {
	mux := http.NewServeMux()
	send := func(w http.ResponseWriter, kind string, data []byte, err error) {
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(data) //nolint:gosec // G705: signed DER, and no page
	}
	mux.HandleFunc("GET /lab.crl", func(w http.ResponseWriter, _ *http.Request) {
		data, err := l.CA.crl()
		send(w, "application/pkix-crl", data, err)
	})
	mux.HandleFunc("/ocsp/", l.ocsp(send))
	mux.HandleFunc("/ocsp", l.ocsp(send))
	return l.serve(ctx, net.JoinHostPort(caAddr, "80"), mux)
}

// ocsp answers RFC 6960 appendix A: POST, or GET with the request in the path.
func (l *Lab) ocsp(send func(http.ResponseWriter, string, []byte, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		der, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
		if r.Method == http.MethodGet {
			var path string
			if path, err = url.PathUnescape(strings.TrimPrefix(r.URL.EscapedPath(), "/ocsp/")); err == nil {
				der, err = base64.StdEncoding.DecodeString(path)
			}
		}
		var ask *ocsp.Request
		if err == nil {
			ask, err = ocsp.ParseRequest(der)
		}
		if err != nil {
			send(w, "application/ocsp-response", ocsp.MalformedRequestErrorResponse, nil)
			return
		}
		data, err := l.CA.OCSP(ask.SerialNumber)
		send(w, "application/ocsp-response", data, err)
	}
}

// serve runs a web server of our own until the lab is closed.
func (l *Lab) serve(ctx context.Context, addr string, h http.Handler) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	l.onClose(func() { _ = s.Close() })
	go func() { _ = s.Serve(listener) }() // ends with Close
	return nil
}
