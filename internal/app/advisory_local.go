package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/csaf"
	"github.com/cybersec-infohub/infohub/advisories/match"
	"github.com/cybersec-infohub/infohub/advisories/provider"
	"github.com/cybersec-infohub/infohub/hub/api"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// LintAdvisory checks a file: an advisory as YAML, or a CSAF document.
func LintAdvisory(data []byte) ([]advisories.Problem, error) {
	if isCSAF(data) {
		_, problems, err := csaf.Check(data)
		if len(problems) > 0 {
			err = nil // they say it
		}
		return problems, err
	}
	a, problems := advisories.LintYAML(data)
	if hasFaults(problems) {
		return problems, nil
	}
	return append(problems, checkDocument(csaf.Exporter{}, trial(a))...), nil
}

func hasFaults(problems []advisories.Problem) bool {
	for _, p := range problems {
		if !p.Warning {
			return true
		}
	}
	return false
}

// trial is an advisory as if it were published now, by somebody.
func trial(a advisories.Advisory) advisories.Publication {
	now := time.Now().UTC().Truncate(time.Second)
	return advisories.Publication{
		Tracking: advisories.Tracking{ID: "DRAFT", Initial: now, Current: now, State: advisories.Published, Revisions: []advisories.Revision{
			{Number: 1, Date: now, Summary: advisories.Texts{"en": "First publication"}}}},
		Publisher: advisories.Publisher{Name: "Publisher", Namespace: "https://publisher.example", Category: "coordinator"},
		Advisory:  a,
	}
}

// maxLocalFile bounds a local advisory, in bytes.
const maxLocalFile = 15 << 20

// maxLeft is how many files are named that could not be read.
const maxLeft = 20

// LocalAdvisories are advisories of files, to look components up in.
type LocalAdvisories struct {
	index *match.Index
	byRef map[string]advisories.Publication
	// Left are the files that could not be read, with the reason: maxLeft, and then how
	// many more there are.
	Left []string
	left int
}

// OpenAdvisories reads files, and all files in folders: CSAF documents (.json) and
// advisories as YAML. The error is that of a path that is not there, or that there
// is no advisory in any.
func OpenAdvisories(paths []string) (*LocalAdvisories, error) {
	l := &LocalAdvisories{index: match.New(), byRef: map[string]advisories.Publication{}}
	files, err := advisoryFiles(paths, ".json", ".yaml", ".yml")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if err := l.add(f); err != nil {
			return nil, err
		}
	}
	if l.left > maxLeft {
		l.Left = append(l.Left, fmt.Sprintf("and %d more files that are no advisories", l.left-maxLeft))
	}
	if len(l.byRef) == 0 {
		text := strings.Join(paths, ", ") + ": no advisory is there: name CSAF documents (.json) or advisories as YAML, or a folder of them"
		if len(l.Left) > 0 {
			text += "; " + l.Left[0]
		}
		return nil, errors.New(text)
	}
	return l, nil
}

func (l *LocalAdvisories) add(in AdvisoryFile) error {
	file := in.Path
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxLocalFile+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if in.Found && !isCSAF(data) && !isOurs(data) {
		return nil // another file of a provider's folder
	}
	p, err := readLocal(data)
	if err != nil {
		if l.left++; l.left <= maxLeft {
			l.Left = append(l.Left, file+": "+err.Error())
		}
		return nil
	}
	if p.Tracking.ID == "DRAFT" {
		p.Tracking.ID = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	}
	l.byRef[file] = p
	l.index.Put(file, p)
	return nil
}

func readLocal(data []byte) (advisories.Publication, error) {
	if len(data) > maxLocalFile {
		return advisories.Publication{}, fmt.Errorf("it is over %d MiB", maxLocalFile>>20)
	}
	if isCSAF(data) {
		d, problems, err := csaf.Parse(data)
		if err != nil {
			return advisories.Publication{}, err
		}
		for _, p := range problems {
			if !p.Warning {
				return advisories.Publication{}, fmt.Errorf("%s: %s", p.Path, p.Message)
			}
		}
		return csaf.Import(d)
	}
	a, problems, err := advisories.ReadYAML(data)
	if err != nil && len(problems) == 0 {
		return advisories.Publication{}, err
	}
	if len(problems) > 0 {
		return advisories.Publication{}, fmt.Errorf("line %d: %s: %s", problems[0].Line, problems[0].Path, problems[0].Message)
	}
	return trial(a), nil
}

// Match looks components up, in all of them: whoever has the files has read them.
// left is how many, the last ones, were not looked up, since too much was found.
func (l *LocalAdvisories) Match(components []advisories.Component, all bool) (out []apiclient.Match, left int) {
	matches, left := l.index.Search(components, nil, all)
	out = []apiclient.Match{}
	for _, m := range matches {
		p := l.byRef[m.Ref]
		out = append(out, api.ToMatch(&m, &p))
	}
	return out, left
}

// MatchLocal is the answer that a hub gives to a MatchRequest, from files.
func MatchLocal(paths []string, in apiclient.MatchRequest) (apiclient.MatchResult, error) {
	out := apiclient.MatchResult{}
	l, err := OpenAdvisories(paths)
	if err != nil {
		return out, err
	}
	inv, err := match.ReadInventory([]byte(in.Document), in.Name)
	if err != nil {
		return out, err
	}
	out.Components, out.Warnings = len(inv.Components), append(l.Left, inv.Warnings...)
	var left int
	if out.Matches, left = l.Match(inv.Components, in.All); left > 0 {
		out.Components -= left
		out.Warnings = append(out.Warnings, fmt.Sprintf("the last %d components were not looked up, since so much was found: look the inventory up in parts", left))
	}
	return out, nil
}

// ExportProvider writes a CSAF provider's files to a folder, from the lines of an
// export (apiclient.ProviderItem). labels are TLP labels; drop takes away what
// the folder has of others.
func ExportProvider(ctx context.Context, dir string, set apiclient.AdvisorySettings, labels []string, drop bool, lines *json.Decoder) (provider.Written, error) {
	if set.URL == "" || set.Publisher == "" || set.Namespace == "" {
		return provider.Written{}, errors.New("the hub does not say yet who publishes, and where: infohub advisory settings --url ... --publisher ... --namespace ... does")
	}
	var only []tlp.Marking
	for _, text := range labels {
		m, err := tlp.Parse(text)
		if err != nil {
			return provider.Written{}, fmt.Errorf("--tlp: %w", err)
		}
		only = append(only, m)
	}
	items := exported{documents: map[string]apiclient.ProviderItem{}}
	for {
		var it apiclient.ProviderItem
		err := lines.Decode(&it)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return provider.Written{}, fmt.Errorf("the hub's answer broke off: %w", err)
		}
		items.documents[it.ID] = it
	}
	settings := advisories.Settings{CanonicalURL: set.URL, Updated: set.Updated, Publisher: advisories.Publisher{
		Name: set.Publisher, Namespace: set.Namespace, Category: set.Category, Contact: set.Contact, Authority: set.Authority}}
	config := providerConfig(settings)
	key, err := provider.ReadPublicKey([]byte(set.PublicKey))
	if err != nil {
		return provider.Written{}, fmt.Errorf("the hub's public key: %w", err)
	}
	config.Keys = []provider.PublicKey{key}
	p, err := provider.New(config, items)
	if err == nil {
		err = p.Load(ctx)
	}
	if err != nil {
		return provider.Written{}, err
	}
	done, err := p.Write(ctx, dir, provider.Export{Labels: only, Drop: drop})
	if e, ok := errors.AsType[*provider.LabelsError](err); ok {
		return done, fmt.Errorf("%w: %w", ErrLabels, e)
	}
	return done, err
}

// ErrLabels is an export that would take away what it was not told of.
var ErrLabels = errors.New("not every label is named")

// exported are the items of an export (provider.Source).
type exported struct {
	documents map[string]apiclient.ProviderItem
}

// Items gives every item.
func (e exported) Items(context.Context) iter.Seq2[provider.Item, error] {
	return func(yield func(provider.Item, error) bool) {
		for _, x := range e.documents {
			m, err := tlp.Parse(x.TLP)
			it := provider.Item{
				TrackingID: x.ID, Revision: x.Revision, Title: x.Title, Marking: m, Audience: tlp.Audience{Markings: []tlp.Marking{m}}, Initial: x.Initial, Current: x.Current, Tags: x.Tags,
				SHA256: x.SHA256, SHA512: x.SHA512, Signature: []byte(x.Signature),
			}
			if !yield(it, err) || err != nil {
				return
			}
		}
	}
}

// Document returns an item's bytes.
func (e exported) Document(_ context.Context, it provider.Item) ([]byte, error) {
	return []byte(e.documents[it.TrackingID].Document), nil
}
