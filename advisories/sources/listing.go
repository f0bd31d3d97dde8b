package sources

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/gocsaf/csaf/v3/csaf"
)

const (
	maxListing = 32 << 20 // bytes of a feed, of changes.csv or of index.txt
	maxLists   = 50       // of one provider
)

// entry is a document as a list names it.
type entry struct {
	url       string
	id        string    // tracking id; "": the list does not say
	updated   time.Time // zero: the list does not say
	label     string    // of the feed; "" for a directory
	sha512    string    // addresses; "": there is none
	sha256    string
	signature string
	// guessed says that the three are where they belong (CSAF 7.1.18, 7.1.19), and
	// perhaps not there.
	guessed bool
}

// parseROLIE reads a feed (7.1.15), oldest change first. Entries whose links may
// not be followed come back as refused.
func parseROLIE(data []byte, label string, plain bool) (all []entry, bad []Refusal, err error) {
	root, err := tree(data)
	if err != nil {
		return nil, nil, err
	}
	if err := valid(csaf.ValidateROLIE, root); err != nil {
		return nil, nil, fmt.Errorf("it does not fit the schema of a ROLIE feed: %w", err)
	}
	var feed struct {
		Feed struct {
			Entry []struct {
				ID      string    `json:"id"`
				Updated time.Time `json:"updated"`
				Content struct {
					Src string `json:"src"`
				} `json:"content"`
				Link []struct {
					Rel  string `json:"rel"`
					HRef string `json:"href"`
				} `json:"link"`
			} `json:"entry"`
		} `json:"feed"`
	}
	if err := json.Unmarshal(withoutMark(data), &feed); err != nil {
		return nil, nil, fmt.Errorf("it cannot be read: %w", err)
	}
	if len(feed.Feed.Entry) > maxListed {
		return nil, nil, fmt.Errorf("it has more than %d entries", maxListed)
	}
	seen := map[string]bool{}
	for _, e := range feed.Feed.Entry {
		d := entry{url: e.Content.Src, id: e.ID, updated: e.Updated.UTC(), label: label}
		links := []string{d.url}
		for _, l := range e.Link {
			switch {
			case l.Rel == "hash" && strings.HasSuffix(l.HRef, ".sha512"):
				d.sha512 = l.HRef
			case l.Rel == "hash" && strings.HasSuffix(l.HRef, ".sha256"):
				d.sha256 = l.HRef
			case l.Rel == "signature":
				d.signature = l.HRef
			default:
				continue
			}
			links = append(links, l.HRef)
		}
		if i := slices.IndexFunc(links, func(l string) bool { return !secure(l, plain) }); i >= 0 {
			bad = append(bad, Refusal{URL: clip(d.url, maxDetail), TrackingID: clip(d.id, maxID), Code: RefusedLink, Detail: "an address of the entry is not https: " + clip(links[i], 200)})
			continue
		}
		if !seen[d.url] {
			seen[d.url] = true
			all = append(all, d)
		}
	}
	oldestFirst(all)
	return all, bad, nil
}

// parseChanges reads changes.csv (7.1.13): a path and a date on each line, newest
// first. base is the address of its directory. Lines that are no good are refused
// alone.
func parseChanges(data []byte, base string) (all []entry, bad []Refusal, err error) {
	if !bytes.HasSuffix(data, []byte("\n")) && len(data) > 0 {
		data = append(slices.Clone(data), '\n')
	}
	r := csv.NewReader(bytes.NewReader(withoutMark(data)))
	r.FieldsPerRecord = -1
	r.LazyQuotes = true
	r.ReuseRecord = true
	seen := map[string]bool{}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, fmt.Errorf("it cannot be read: %w", err)
		}
		if len(all)+len(bad) == maxListed {
			return nil, nil, fmt.Errorf("it has more than %d lines", maxListed)
		}
		var when time.Time
		ok := len(row) == 2
		if ok {
			when, err = time.Parse(time.RFC3339, row[1])
			ok = err == nil
		}
		if !ok {
			bad = append(bad, Refusal{URL: base + "changes.csv", Code: RefusedFormat, Detail: clip(fmt.Sprintf("this is not a path and a date: %q", row), maxDetail)})
			continue
		}
		e, err := listed(base, row[0])
		if err != nil {
			bad = append(bad, Refusal{URL: base + "changes.csv", Code: RefusedLink, Detail: err.Error()})
			continue
		}
		if e.updated = when.UTC(); !seen[e.url] { // the first is the newest
			seen[e.url] = true
			all = append(all, e)
		}
	}
	oldestFirst(all)
	return all, bad, nil
}

// parseIndex reads index.txt (7.1.12): a path on each line.
func parseIndex(data []byte, base string) (all []entry, bad []Refusal, err error) {
	seen := map[string]bool{}
	for line := range strings.Lines(string(withoutMark(data))) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if len(all)+len(bad) == maxListed {
			return nil, nil, fmt.Errorf("it has more than %d lines", maxListed)
		}
		e, err := listed(base, line)
		if err != nil {
			bad = append(bad, Refusal{URL: base + "index.txt", Code: RefusedLink, Detail: err.Error()})
			continue
		}
		if !seen[e.url] {
			seen[e.url] = true
			all = append(all, e)
		}
	}
	oldestFirst(all)
	return all, bad, nil
}

// listed makes an entry of a path in a directory. It must stay below it.
func listed(base, name string) (entry, error) {
	name = strings.TrimPrefix(name, "./")
	clean := strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+~-") == "" &&
		path.Clean("/"+name) == "/"+name && path.Ext(name) == ".json" && len(name) <= 500
	if !clean {
		return entry{}, fmt.Errorf("this is not the path of a document in the directory: %s", clip(name, 200))
	}
	u, err := url.Parse(base)
	if err != nil {
		return entry{}, errors.New("the address of the directory cannot be read")
	}
	at := u.JoinPath(name).String()
	return entry{url: at, sha512: at + ".sha512", sha256: at + ".sha256", signature: at + ".asc", guessed: true}, nil
}

// oldestFirst sorts so that versions arrive in the order they were made.
func oldestFirst(all []entry) {
	slices.SortFunc(all, func(a, b entry) int {
		if d := a.updated.Compare(b.updated); d != 0 {
			return d
		}
		return strings.Compare(a.url, b.url)
	})
}

// valid turns what a schema's validator says into one error.
func valid(validate func(any) ([]string, error), root any) error {
	problems, err := validate(root)
	if err != nil {
		return err
	}
	if len(problems) == 0 {
		return nil
	}
	return errors.New(clip(strings.Join(problems[:min(len(problems), 3)], "; "), maxDetail))
}

// aggregatorOf reads a list of providers that fits its schema.
func aggregatorOf(data []byte) (*csaf.Aggregator, error) {
	a := &csaf.Aggregator{}
	if err := json.Unmarshal(data, a); err != nil {
		return nil, err
	}
	return a, a.Validate()
}

func addresses(urls []csaf.ProviderURL) []string {
	all := make([]string, len(urls))
	for i, u := range urls {
		all[i] = string(u)
	}
	return all
}
