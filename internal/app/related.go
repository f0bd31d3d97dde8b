package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/match"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/report"
)

// RelatedConfig says where the advisories are looked up that concern what a site is
// made with: in files, or at a hub.
type RelatedConfig struct {
	Paths []string   // as OpenAdvisories takes them
	Hub   HubAddress // where there are no paths
	// Record lets the hub keep the answer, for a site that is an asset of the key's
	// owner.
	Record bool
	Now    func() time.Time
	// Trouble is told what keeps the look-up from an answer.
	Trouble func(error)
}

// Related looks advisories up for whoever reads a report: with a key the hub answers
// with what its owner may read, without with TLP:CLEAR alone. What it finds is shown
// and never stored. With the key of an organisation that has the site among its
// assets, the hub keeps who is concerned.
type Related struct {
	config RelatedConfig
	local  *LocalAdvisories
	client *apiclient.Client
	end    func() error

	mu    sync.Mutex
	of    *scanner.Report // the last, and what was found for it
	found *report.Related
	quiet time.Time // until then the hub is not asked again
}

// lookupTime bounds one look-up; a hub that does not answer is left alone for
// quietTime.
const (
	lookupTime = 20 * time.Second
	quietTime  = time.Minute
)

// NewRelated opens where it looks. The error is that of a path, or of an address that
// is none (ErrHubAddress); a hub that does not answer is told of later, in reports.
func NewRelated(ctx context.Context, c RelatedConfig) (*Related, error) {
	r := &Related{config: c, end: func() error { return nil }}
	var err error
	if len(c.Paths) == 0 {
		r.client, r.end, err = HubClient(ctx, c.Hub, HubOptions{})
		return r, err
	}
	if r.local, err = OpenAdvisories(c.Paths); err != nil {
		return nil, err
	}
	for _, left := range r.local.Left {
		c.Trouble(errors.New(left))
	}
	return r, nil
}

// Close ends the connections.
func (r *Related) Close() error { return r.end() }

// Of returns what report.Options.Related asks for. A report that is rendered in
// several forms, one after the other, is looked up once.
func (r *Related) Of(ctx context.Context) func(*scanner.Report) *report.Related {
	return func(rep *scanner.Report) *report.Related {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.of != rep {
			r.of, r.found = rep, r.lookUp(ctx, rep)
		}
		return r.found
	}
}

func (r *Related) lookUp(ctx context.Context, rep *scanner.Report) *report.Related {
	out := &report.Related{Source: r.config.Hub.URL}
	if r.local != nil {
		out.Source = strings.Join(r.config.Paths, ", ")
	}
	matches, err := r.matches(ctx, rep)
	if err != nil {
		out.Trouble = err.Error()
		r.config.Trouble(fmt.Errorf("%s: the advisories could not be looked up: %w", rep.Target.Domain, err))
		return out
	}
	for i := range matches {
		out.Advisories = append(out.Advisories, toRelated(&matches[i]))
	}
	return out
}

// errQuiet says that a hub is not asked, because it has just not answered.
var errQuiet = errors.New("the hub did not answer a moment ago, so it was not asked again")

func (r *Related) matches(ctx context.Context, rep *scanner.Report) ([]apiclient.Match, error) {
	components, err := componentsOf(rep)
	if err != nil || len(components) == 0 { // nothing was seen: neither concerned nor mended
		return nil, err
	}
	if r.local != nil {
		found, _ := r.local.Match(components, false) // a site has few components
		return found, nil
	}
	if r.config.Now().Before(r.quiet) {
		return nil, errQuiet
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	var in apiclient.MatchRequest
	for _, c := range components {
		in.Components = append(in.Components, apiclient.Component(c))
	}
	if r.config.Record && r.config.Hub.Key != "" && rep.Status == scanner.Complete { // what was not seen is not mended
		in.Asset, in.Scan = rep.Target.Domain, rep.Target.Domain+" "+rep.Started.UTC().Format(time.RFC3339)
	}
	var got apiclient.MatchResult
	err = r.client.Do(ctx, http.MethodPost, "/advisories/match", nil, in, &got)
	if in.Asset != "" && (apiclient.StatusOf(err) == http.StatusNotFound || apiclient.StatusOf(err) == http.StatusForbidden) { // it is no asset of theirs
		in.Asset, in.Scan = "", ""
		err = r.client.Do(ctx, http.MethodPost, "/advisories/match", nil, in, &got)
	}
	if errors.Is(err, apiclient.ErrUnreachable) {
		r.quiet = r.config.Now().Add(quietTime)
	}
	return got.Matches, err
}

// componentsOf are a report's technologies as components. They take the way of a
// stored report, so that both say the same of who packaged them.
func componentsOf(rep *scanner.Report) ([]advisories.Component, error) {
	if len(rep.Technologies) == 0 {
		return nil, nil
	}
	type site struct {
		Technologies []scanner.Technology `json:"technologies"`
	}
	data, err := json.Marshal(map[string][]site{"reports": {{rep.Technologies}}})
	if err != nil {
		return nil, err
	}
	inv, err := match.ReadInventory(data, "")
	return inv.Components, err
}

func toRelated(m *apiclient.Match) report.RelatedAdvisory {
	out := report.RelatedAdvisory{
		ID: m.ID, Title: m.Title, Risk: m.Risk, TLP: strings.ToLower(strings.TrimPrefix(m.TLP, "TLP:")), URL: m.URL, Date: m.Current,
		Component: m.Component.Name, Version: m.Component.Version, State: m.State, Reason: m.Reason, Params: m.Params,
		CVEs: m.Vulnerabilities, Exploited: m.Exploited, Remedies: m.Remedies,
	}
	if out.URL == "" && m.Library != nil {
		out.URL = m.Library.URL
	}
	return out
}
