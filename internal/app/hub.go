package app

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/provider"
	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/api"
	"github.com/cybersec-infohub/infohub/hub/taxii"
	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/netguard"
	"github.com/cybersec-infohub/infohub/internal/notify"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// HubOptions are what a hub is made of beyond its data.
type HubOptions struct {
	// MaxContentLength is how many bytes a submission may have; 0: 10 MiB.
	MaxContentLength int64
	Log              *slog.Logger
	// Fetch are private networks from which advisories may be fetched, Roots the
	// certificate authorities that are trusted for that; nil: the system's.
	Fetch []netip.Prefix
	Roots *x509.CertPool
	// Senders send what is told of advisories; a channel without one is not offered.
	Senders map[notify.Channel]notify.Sender
	// Version is the program's, for backups and the API's description.
	Version string
}

// Hub is the one hub of a data directory, in this process.
type Hub struct {
	Service    *hub.Service
	Advisories *advisories.Service
	Exposures  *advisories.Exposures
	key        *provider.Key // signs advisories
	stixSecret []byte        // goes into the ids of their STIX objects
	forms      *forms
	feeds      *feeds
	store      store.Store
	audit      *audit.Log
	turns      *hub.Turns // of all who submit, by whatever way
	opts       HubOptions
}

// OpenHub opens the hub of a data directory, which is made if create is set. The
// caller closes it.
func OpenHub(dir string, create bool, o HubOptions) (*Hub, error) {
	s, err := OpenStore(dir, create)
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxContentLength == 0 {
		o.MaxContentLength = 10 << 20
	}
	log := &audit.Log{Now: time.Now}
	service, err := hub.New(hub.Config{Store: s, Audit: log, Now: time.Now, Log: o.Log, MaxContentLength: o.MaxContentLength})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	h := &Hub{Service: service, store: s, audit: log, turns: hub.NewTurns(0), opts: o}
	h.forms, h.feeds = &forms{h: h}, newFeeds(h, netguard.Policy{Networks: o.Fetch})
	err = h.openAdvisories(context.Background())
	if err == nil {
		err = h.openExposures()
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return h, nil
}

// Close writes what is still to be written and closes the store.
func (h *Hub) Close(ctx context.Context) error {
	return errors.Join(h.Service.Close(ctx), h.store.Close())
}

// Healthy returns why the store takes no writes, or nil.
func (h *Hub) Healthy() error {
	if s, ok := h.store.(interface{ Healthy() error }); ok {
		return s.Healthy()
	}
	return nil
}

// Refused returns why the store refused what was written last, as a full disk
// does, or nil. The next write is tried all the same.
func (h *Hub) Refused() error {
	if s, ok := h.store.(interface{ Refused() error }); ok {
		return s.Refused()
	}
	return nil
}

// API is /api/v1 for callers that authenticate recognises.
func (h *Hub) API(authenticate func(*http.Request) (hub.Caller, error)) http.Handler {
	return api.New(api.Config{
		Hub: h.Service, Store: h.store, Audit: h.audit, Authenticate: authenticate, Log: h.opts.Log, Version: h.opts.Version,
		MaxContentLength: h.opts.MaxContentLength, Turns: h.turns, Advisories: h.Advisories, Forms: h.forms, Sources: h.feeds,
		Exposures: h.Exposures, WebhookSecret: h.webhookSecret,
		Backup: func(ctx context.Context, w io.Writer) error {
			_, err := Backup(ctx, h.store, w)
			return err
		},
	})
}

// local is the API for whoever may open the data directory: the administrator,
// or the person or organisation whose key the request has.
func (h *Hub) local(from string) http.Handler {
	return h.API(func(r *http.Request) (hub.Caller, error) {
		token, err := taxii.Token(r)
		if err != nil {
			return hub.Caller{}, err
		}
		if token != "" {
			return h.Service.Authenticate(r.Context(), token, from, requestID(r.Context()))
		}
		if strings.HasPrefix(r.URL.Path, setupPath) { // nobody is anybody yet
			return hub.Caller{Kind: hub.CallerLocal, From: from, Request: requestID(r.Context())}, nil
		}
		return h.Service.Local(r.Context(), from, requestID(r.Context()))
	})
}

// setupPath is the part of the API that makes a new hub.
const setupPath = "/api/v1/setup"

func socketPath(dir string) string { return filepath.Join(dir, socketFile) }
