package provider

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// Item is a published document without its bytes.
type Item struct {
	TrackingID string
	Revision   int // number of the published revision; Source.Document gives its bytes
	Title      string
	Summary    string // one paragraph, may be ""

	Marking  tlp.Marking // one of the five labels
	Audience tlp.Audience

	Initial time.Time // tracking.initial_release_date, which fixes the folder
	Current time.Time // tracking.current_release_date

	Tags []string // the terms of the category document

	SHA256, SHA512 string // of the document, hexadecimal, lower case
	Signature      []byte // armored and detached; nil: none, which no trusted provider may have (7.1.19)
}

// Source has what was published. internal/app makes it of the advisories.
type Source interface {
	// Items gives every published advisory once, in its last revision.
	Items(ctx context.Context) iter.Seq2[Item, error]
	// Document returns the bytes of an item in its revision.
	Document(ctx context.Context, it Item) ([]byte, error)
}

// Config says who provides, and where.
type Config struct {
	// BaseURL is "https://" with a host and perhaps a port. Plain http is for
	// loopback addresses, in tests (CSAF 2.0, 7.1.3).
	BaseURL   string
	Publisher advisories.Publisher
	// Keys are those that documents are signed with, the newest first. Without one
	// the role is csaf_provider, with one csaf_trusted_provider (7.2.2, 7.2.3).
	Keys []PublicKey
	// List and Mirror are what aggregators are asked for (list_on_CSAF_aggregators,
	// mirror_on_CSAF_aggregators).
	List, Mirror bool
	// Contacts are the Contact fields of security.txt, mailto: or https: addresses
	// in order of preference. Without one there is no security.txt: RFC 9116 asks
	// for it.
	Contacts []string
	Policy   string    // security.txt's Policy, an https: address or ""
	Updated  time.Time // when these settings last changed

	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Reader says who asks: the zero Reader for a request without credentials, an
	// advisories.Error with code Unauthenticated for one with wrong ones. nil:
	// everybody is a stranger.
	Reader func(*http.Request) (tlp.Reader, error)
	Log    *slog.Logger // nil: none
}

// Provider is a CSAF provider. Its methods may be called at the same time.
type Provider struct {
	c      Config
	base   string // without a slash at the end
	source Source

	writing sync.Mutex // one Write at a time

	mu      sync.Mutex // held by those who change what follows
	byID    map[string]*entry
	shelves map[string]*atomic.Pointer[shelf] // by folder; the map itself stays
}

// New returns a provider of nothing; Load fills it.
func New(c Config, s Source) (*Provider, error) {
	u, err := url.Parse(c.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("provider: base URL: %w", err)
	}
	if u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || (u.Path != "" && u.Path != "/") {
		return nil, fmt.Errorf("provider: base URL %q: give https:// and a host, and no path", c.BaseURL)
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return nil, fmt.Errorf("provider: base URL %q: CSAF documents are provided over https only", c.BaseURL)
	}
	if c.Publisher.Name == "" || c.Publisher.Namespace == "" || c.Publisher.Category == "" {
		return nil, errors.New("provider: the publisher needs a name, a namespace and a category")
	}
	addresses := slices.Clone(c.Contacts)
	if c.Policy != "" {
		addresses = append(addresses, c.Policy)
	}
	for _, address := range addresses {
		u, err := url.Parse(address) // refuses line breaks, too
		if err != nil || !slices.Contains([]string{"https", "mailto", "tel"}, u.Scheme) {
			return nil, fmt.Errorf("provider: %q of security.txt: give an https:, mailto: or tel: address", address)
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Reader == nil {
		c.Reader = func(*http.Request) (tlp.Reader, error) { return tlp.Reader{}, nil }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	p := &Provider{c: c, base: u.Scheme + "://" + u.Host, source: s, byID: map[string]*entry{}, shelves: map[string]*atomic.Pointer[shelf]{}}
	for _, folder := range folders() {
		p.shelves[folder] = &atomic.Pointer[shelf]{}
		p.shelves[folder].Store(newShelf(nil))
	}
	return p, nil
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// Load takes all items of the source, in the place of what it had. An item that
// cannot be provided is logged and left out.
func (p *Provider) Load(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	byID := map[string]*entry{}
	taken := map[string]string{}
	lists := map[string][]*entry{}
	for it, err := range p.source.Items(ctx) {
		if err != nil {
			return fmt.Errorf("provider: load: %w", err)
		}
		e, err := p.newEntry(it)
		if err == nil && cmp.Or(taken[e.folder+"/"+e.path], it.TrackingID) != it.TrackingID {
			err = fmt.Errorf("provider: %s would have the file of %s", it.TrackingID, taken[e.folder+"/"+e.path])
		}
		if err == nil && byID[it.TrackingID] != nil {
			err = fmt.Errorf("provider: %s is there twice", it.TrackingID)
		}
		if err != nil {
			p.c.Log.ErrorContext(ctx, "provider: an advisory is left out", slog.Any("error", err))
			continue
		}
		byID[it.TrackingID] = e
		taken[e.folder+"/"+e.path] = it.TrackingID
		lists[e.folder] = append(lists[e.folder], e)
	}
	p.byID = byID
	for folder, s := range p.shelves {
		s.Store(newShelf(lists[folder]))
	}
	return nil
}

// Put takes an item that was published or revised; a revision before the one that
// it has changes nothing. The error says why it cannot be provided; what was
// provided of this tracking id before stays then.
func (p *Provider) Put(it Item) error {
	e, err := p.newEntry(it)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.byID[it.TrackingID]
	if old != nil && it.Revision < old.Revision {
		return nil
	}
	if there := p.shelf(e.folder).find(e.path); there != nil && there.TrackingID != it.TrackingID {
		return fmt.Errorf("provider: %s would have the file of %s", it.TrackingID, there.TrackingID)
	}
	p.byID[it.TrackingID] = e
	if old != nil && old.folder != e.folder {
		p.change(old.folder, old, nil)
		old = nil
	}
	p.change(e.folder, old, e)
	return nil
}

// Remove takes an item away. A withdrawn or superseded advisory stays: CSAF
// documents are revised, and only a mistake is removed.
func (p *Provider) Remove(trackingID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if old := p.byID[trackingID]; old != nil {
		delete(p.byID, trackingID)
		p.change(old.folder, old, nil)
	}
}

func (p *Provider) change(folder string, old, e *entry) {
	s := p.shelves[folder]
	s.Store(s.Load().with(old, e))
}

func (p *Provider) shelf(folder string) *shelf { return p.shelves[folder].Load() }

// newEntry checks an item. What everybody gets must be for everybody by both its
// label and its audience.
func (p *Provider) newEntry(it Item) (*entry, error) {
	folder := folderOf(it.Marking)
	switch {
	case it.TrackingID == "" || len(it.TrackingID) > 200:
		return nil, fmt.Errorf("provider: %.20q is no tracking id of 1 to 200 bytes", it.TrackingID)
	case folder == "":
		return nil, fmt.Errorf("provider: %s is marked %q, which is no label of TLP", it.TrackingID, it.Marking)
	case folder == white && !tlp.May(tlp.Reader{}, it.Audience):
		return nil, fmt.Errorf("provider: %s is TLP:CLEAR, and its audience is not everybody", it.TrackingID)
	case !dated(it.Initial) || !dated(it.Current):
		return nil, fmt.Errorf("provider: %s has no date that can be written", it.TrackingID)
	case !isHash(it.SHA256, 32) || !isHash(it.SHA512, 64):
		return nil, fmt.Errorf("provider: %s has no hashes in lower-case hexadecimal", it.TrackingID)
	}
	if len(it.Signature) == 0 && len(p.c.Keys) > 0 {
		p.c.Log.Warn("provider: an advisory is not signed", slog.String("id", it.TrackingID))
	}
	return newEntry(p.base, folder, it)
}

// dated reports whether RFC 3339 can write the year in four digits.
func dated(t time.Time) bool {
	year := t.UTC().Year()
	return !t.IsZero() && 1000 <= year && year <= 9999
}

func isHash(text string, size int) bool {
	b, err := hex.DecodeString(text)
	return err == nil && len(b) == size && hex.EncodeToString(b) == text
}
