package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/internal/notify"
)

// notifyOptions say who is told what changed, and how. Secrets come from files
// or the environment, never from the command line, which others can see.
type notifyOptions struct {
	webhooks []string
	mails    []string
	senderOptions
}

// senderOptions say how messages are sent.
type senderOptions struct {
	secretFile   string
	from         string
	smtp         string
	smtpUser     string
	passwordFile string
	plain        bool
	allow        []string
}

// maxReceivers bounds how many are told.
const maxReceivers = 20

func (o *notifyOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&o.webhooks, "notify-webhook", nil, "tell this `URL` what changed, signed by Standard Webhooks; https")
	f.StringArrayVar(&o.mails, "notify-mail", nil, "tell this mail `ADDRESS` what changed")
	o.addSenderFlags(cmd, "mail server for --notify-mail")
}

func (o *senderOptions) addSenderFlags(cmd *cobra.Command, server string) {
	f := cmd.Flags()
	f.StringVar(&o.secretFile, "notify-secret-file", "", "`FILE` with the webhooks' secret, whsec_...; or set INFOHUB_NOTIFY_SECRET")
	f.StringVar(&o.from, "notify-from", "", "sender's `ADDRESS` of mails")
	f.StringVar(&o.smtp, "smtp", "", server+", `HOST[:PORT]`: 587 with STARTTLS, 465 with TLS")
	f.StringVar(&o.smtpUser, "smtp-user", "", "`NAME` to log in with at the mail server")
	f.StringVar(&o.passwordFile, "smtp-password-file", "", "`FILE` with the password for it; or set INFOHUB_SMTP_PASSWORD")
	f.BoolVar(&o.plain, "smtp-plain", false, "send mail unencrypted where the mail server cannot do better")
	f.StringArrayVar(&o.allow, "notify-allow", nil, "private `NETWORK` or address where webhooks and mail servers may be, for example 192.168.1.0/24")
}

// wanted tells whether anybody is to be told.
func (o *notifyOptions) wanted() bool { return len(o.webhooks)+len(o.mails) > 0 }

// build checks the options and returns who is told and what sends.
func (o *notifyOptions) build(g *global) ([]app.Receiver, map[notify.Channel]notify.Sender, error) {
	if len(o.webhooks)+len(o.mails) > maxReceivers {
		return nil, nil, fmt.Errorf("--notify-webhook, --notify-mail: at most %d receivers", maxReceivers)
	}
	var receivers []app.Receiver
	var hosts []string
	senders := map[notify.Channel]notify.Sender{}
	for _, s := range o.webhooks {
		if err := notify.CheckWebhookURL(s); err != nil {
			return nil, nil, fmt.Errorf("--notify-webhook %q: %w", shortURL(s), err)
		}
		if u, err := url.Parse(s); err == nil {
			hosts = append(hosts, u.Hostname())
		}
		receivers = append(receivers, app.Receiver{Channel: notify.ByWebhook, To: s})
	}
	if len(o.webhooks) > 0 {
		w, err := o.webhook(g, hosts...)
		if err != nil {
			return nil, nil, err
		}
		if w == nil {
			return nil, nil, errors.New("--notify-webhook needs a secret: name a file with --notify-secret-file, or set INFOHUB_NOTIFY_SECRET")
		}
		senders[notify.ByWebhook] = w
	}
	for _, s := range o.mails {
		address, err := notify.ParseAddress(s)
		if err != nil {
			return nil, nil, fmt.Errorf("--notify-mail %q: %w", s, err)
		}
		receivers = append(receivers, app.Receiver{Channel: notify.ByMail, To: address})
	}
	if len(o.mails) > 0 {
		if o.smtp == "" {
			return nil, nil, errors.New("--notify-mail needs a mail server: name it with --smtp, for example --smtp mail.example.hk:587")
		}
		m, err := o.mailer(g, "--notify-mail")
		if err != nil {
			return nil, nil, err
		}
		senders[notify.ByMail] = m
	}
	return receivers, senders, nil
}

// senders are what a server sends with: mail where it is given a mail server, and
// webhooks where it is given a secret.
func (o *senderOptions) senders(g *global) (map[notify.Channel]notify.Sender, error) {
	all := map[notify.Channel]notify.Sender{}
	w, err := o.webhook(g)
	if err != nil {
		return nil, err
	}
	if w != nil {
		all[notify.ByWebhook] = w
	}
	if o.smtp == "" {
		return all, nil
	}
	m, err := o.mailer(g, "--smtp")
	if err != nil {
		return nil, err
	}
	all[notify.ByMail] = m
	return all, nil
}

// webhook sends webhooks, to these hosts too where they are addresses; nil without a
// secret.
func (o *senderOptions) webhook(g *global, hosts ...string) (*notify.Webhook, error) {
	text, from, err := fileOr(o.secretFile, "--notify-secret-file", g.env, "INFOHUB_NOTIFY_SECRET")
	if err != nil || from == "" {
		return nil, err
	}
	secrets, err := notify.ParseSecrets(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	network, err := o.network(hosts...)
	if err != nil {
		return nil, err
	}
	return &notify.Webhook{Secrets: secrets, Network: network, UserAgent: "infohub/" + version, Now: time.Now}, nil
}

// mailer sends mail; needed is the option that needs it.
func (o *senderOptions) mailer(g *global, needed string) (*notify.Mail, error) {
	host, port, err := notify.ParseServer(o.smtp)
	if err != nil {
		return nil, fmt.Errorf("--smtp %q: %w", o.smtp, err)
	}
	if o.from == "" {
		return nil, errors.New(needed + " needs a sender: name it with --notify-from, for example --notify-from infohub@example.hk")
	}
	from, err := notify.ParseAddress(o.from)
	if err != nil {
		return nil, fmt.Errorf("--notify-from %q: %w", o.from, err)
	}
	network, err := o.network(host)
	if err != nil {
		return nil, err
	}
	m := &notify.Mail{Host: host, Port: port, From: from, User: o.smtpUser, Plain: o.plain, Network: network}
	if o.smtpUser == "" {
		return m, nil
	}
	text, source, err := fileOr(o.passwordFile, "--smtp-password-file", g.env, "INFOHUB_SMTP_PASSWORD")
	if err != nil {
		return nil, err
	}
	if source == "" {
		return nil, errors.New("--smtp-user needs a password: name a file with --smtp-password-file, or set INFOHUB_SMTP_PASSWORD")
	}
	m.Password = strings.TrimRight(text, "\r\n")
	return m, nil
}

// network is the way out for one purpose, through the address guard. Beyond
// public addresses it leads to what --notify-allow names, and to a host that is
// itself written as an address or as localhost: whoever writes that means it.
func (o *senderOptions) network(hosts ...string) (notify.Network, error) {
	var p netguard.Policy
	for _, s := range o.allow {
		network, err := netip.ParsePrefix(s)
		if a, aerr := netip.ParseAddr(s); aerr == nil {
			network, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			return notify.Network{}, fmt.Errorf("--notify-allow %q: give an address or a network, for example 192.168.1.25 or 192.168.1.0/24", s)
		}
		p.Networks = append(p.Networks, network.Masked())
	}
	for _, h := range hosts {
		if a, err := netip.ParseAddr(h); err == nil {
			p.Networks = append(p.Networks, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
		}
		if strings.EqualFold(h, "localhost") {
			p.Networks = append(p.Networks, netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"))
		}
	}
	return notify.Network{Dialer: &netguard.Dialer{Policy: p}}, nil
}

// maxSecretFile bounds a file with a secret, in bytes.
const maxSecretFile = 64 << 10

// fileOr reads a secret from the file that a flag names or else from the
// environment. from says where it was, "" if nowhere.
func fileOr(path, flag string, env func(string) string, variable string) (text, from string, err error) {
	if path == "" {
		if text = env(variable); text != "" {
			from = "environment variable " + variable
		}
		return text, from, nil
	}
	f, err := os.Open(path)
	if err != nil && strings.HasPrefix(path, keyPrefix) {
		return "", "", errors.New(keyItself)
	}
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", flag, err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSecretFile))
	if err := errors.Join(err, f.Close()); err != nil {
		return "", "", fmt.Errorf("%s: %w", flag, err)
	}
	return string(data), flag + " " + path, nil
}

// shortURL leaves out of a webhook's address what may be a secret: for some
// chats its path is one.
func shortURL(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return s
	}
	host, path, _ := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = "…" + host[i:]
	}
	if path != "" {
		path = "…"
	}
	return scheme + "://" + host + "/" + path
}
