package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Secret is the key of a webhook's signature.
type Secret struct{ key []byte }

// String keeps a secret out of logs.
func (Secret) String() string { return "whsec_…" }

// Derive makes the secret of one of many receivers: who knows theirs can make
// neither this one nor another's.
func (s Secret) Derive(name string) Secret {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte("infohub webhook\n" + name))
	return Secret{mac.Sum(nil)}
}

// Text is the secret in the form that ParseSecrets reads, to be shown to its receiver.
func (s Secret) Text() string { return "whsec_" + base64.StdEncoding.EncodeToString(s.key) }

// secrets are those that a message is signed with.
func (h *Webhook) secrets(m *Message) []Secret {
	if m.Key == "" {
		return h.Secrets
	}
	all := make([]Secret, len(h.Secrets))
	for i, s := range h.Secrets {
		all[i] = s.Derive(m.Key)
	}
	return all
}

// maxSecrets bounds how many signatures a message has.
const maxSecrets = 5

// ParseSecrets reads secrets in the form of Standard Webhooks, "whsec_" and 24
// to 64 bytes in base64, one a line. Several let a receiver change to a new one:
// each message is signed with every one. Errors do not quote what is secret.
func ParseSecrets(text string) ([]Secret, error) {
	var all []Secret
	for i, line := range strings.Split(strings.TrimPrefix(text, "\uFEFF"), "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		encoded, ok := strings.CutPrefix(line, "whsec_")
		key, err := base64.StdEncoding.DecodeString(encoded)
		if !ok || err != nil || len(key) < 24 || len(key) > 64 {
			return nil, fmt.Errorf("line %d is no secret: write whsec_ and 24 to 64 random bytes in base64, for example from: echo whsec_$(openssl rand -base64 32)", i+1)
		}
		if all = append(all, Secret{key}); len(all) > maxSecrets {
			return nil, fmt.Errorf("there are more than %d secrets", maxSecrets)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("there is no secret in it: write whsec_ and 24 to 64 random bytes in base64, for example from: echo whsec_$(openssl rand -base64 32)")
	}
	return all, nil
}

// sign is the value of webhook-signature: for each secret "v1," and the
// HMAC-SHA256 of id, time and body.
func sign(secrets []Secret, id, timestamp string, body []byte) string {
	var all []string
	for _, s := range secrets {
		mac := hmac.New(sha256.New, s.key)
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(body)
		all = append(all, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(all, " ")
}

// Webhook sends messages as signed POST requests.
type Webhook struct {
	Secrets   []Secret
	Network   Network
	Roots     *x509.CertPool // nil: the system's
	UserAgent string
	Now       func() time.Time
}

// CheckWebhookURL says what is wrong with the address of a webhook. Plain http
// is for this machine alone: the body tells of faults of a site.
func CheckWebhookURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("give a web address, for example https://chat.example.hk/hooks/infohub")
	case u.User != nil:
		return errors.New("leave the user name and password out: the signature proves who sends")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return errors.New("use https: http is for this machine alone")
	}
	return nil
}

// Send implements Sender. Every answer but 2xx is a failure, 410 (Gone) a final
// one; redirects are not followed.
func (h *Webhook) Send(ctx context.Context, m Message) error {
	if err := CheckWebhookURL(m.To); err != nil {
		return &SendError{Err: err, Final: true}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.To, bytes.NewReader(m.Payload))
	if err != nil {
		return &SendError{Err: errors.New("the address cannot be asked"), Final: true} // it may hold a secret
	}
	timestamp := strconv.FormatInt(h.Now().Unix(), 10)
	for name, value := range map[string]string{
		"Content-Type": "application/json", "User-Agent": h.UserAgent,
		"Webhook-Id": m.ID, "Webhook-Timestamp": timestamp, "Webhook-Signature": sign(h.secrets(&m), m.ID, timestamp, m.Payload),
	} {
		req.Header.Set(name, value)
	}
	client := http.Client{
		Transport: &http.Transport{
			DialContext:            h.Network.dial,
			TLSClientConfig:        &tls.Config{RootCAs: h.Roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    10 * time.Second,
			DisableKeepAlives:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err // without the address, which may hold a secret
		}
		return err
	}
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // the status has said it all
	_ = resp.Body.Close()
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return nil
	}
	return &SendError{
		Err:   fmt.Errorf("the receiver answered %d %s", resp.StatusCode, http.StatusText(resp.StatusCode)),
		Final: resp.StatusCode == http.StatusGone,
		After: retryAfter(resp.Header.Get("Retry-After"), h.Now()),
	}
}

// retryAfter reads the header of RFC 9110 section 10.2.3: seconds or a date. 0:
// it says nothing of use.
func retryAfter(value string, now time.Time) time.Duration {
	n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 64)
	if err == nil || errors.Is(err, strconv.ErrRange) { // out of range n is the largest
		return time.Duration(min(n, uint64(maxAfter/time.Second))) * time.Second
	}
	if t, err := http.ParseTime(value); err == nil {
		return min(max(t.Sub(now), 0), maxAfter)
	}
	return 0
}
