package advisories

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// Settings returns how the hub publishes. There is no secret in it.
func (s *Service) Settings(ctx context.Context) (Settings, error) {
	var set Settings
	err := s.read(ctx, func(_, r store.Reader) (err error) {
		set, err = settings(r)
		return err
	})
	return set, err
}

func settings(r store.Reader) (Settings, error) {
	set, err := getRecord[Settings](r, []byte(settingsKey))
	if errors.Is(err, store.ErrNotFound) {
		set, err = &Settings{}, nil
	}
	if err != nil {
		return Settings{}, err
	}
	set.PatternClear = cmp.Or(set.PatternClear, DefaultPatternClear)
	set.PatternOther = cmp.Or(set.PatternOther, DefaultPatternOther)
	set.Publisher.Category = cmp.Or(set.Publisher.Category, "coordinator")
	return *set, nil
}

// SetSettings changes how the hub publishes, from the next publication on: what is
// published stays as it is. Hub administrators may. Version is that of the settings
// that were read; another is Conflict.
func (s *Service) SetSettings(ctx context.Context, c *Caller, set Settings) (Settings, error) {
	if err := administrator(c); err != nil {
		return Settings{}, err
	}
	set.PatternClear = cmp.Or(set.PatternClear, DefaultPatternClear)
	set.PatternOther = cmp.Or(set.PatternOther, DefaultPatternOther)
	set.Publisher.Category = cmp.Or(set.Publisher.Category, "coordinator")
	set.CanonicalURL = strings.TrimRight(set.CanonicalURL, "/")
	set.Updated = s.time().Truncate(time.Second)
	if err := set.check(); err != nil {
		return Settings{}, err
	}
	_, err := s.change(ctx, c, "advisory.settings", func(x *change) error {
		old, err := settings(x.tx)
		if err != nil {
			return err
		}
		if old.Version != set.Version {
			return fail(Conflict, "the settings were changed since you read them: look at them again")
		}
		next := set
		next.Version++
		x.entry.Detail = map[string]string{"clear": next.PatternClear, "other": next.PatternOther, "publisher": cut(next.Publisher.Name, 200)}
		return putRecord(x.tx, []byte(settingsKey), next)
	})
	set.Version++
	return set, err
}

func administrator(c *Caller) error {
	switch {
	case c.Admin:
		return nil
	case !c.Member():
		return fail(Unauthenticated, "sign in, or send a key: hub administrators change the settings")
	}
	return fail(Forbidden, "hub administrators change the settings")
}

func (set *Settings) check() error {
	var found []Problem
	add := func(path, message, remedy string) {
		found = append(found, Problem{Rule: "settings." + path, Path: path, Message: message, Remedy: remedy})
	}
	if why := checkPattern(set.PatternClear, true); why != "" {
		add("pattern_clear", why, "write one such as "+DefaultPatternClear)
	}
	if why := checkPattern(set.PatternOther, false); why != "" {
		add("pattern_other", why, "write one such as "+DefaultPatternOther)
	}
	const most = 300
	p := &set.Publisher
	if p.Name == "" || len(p.Name) > most || PlainLine(p.Name) != p.Name {
		add("publisher.name", "who publishes has a name of up to 300 bytes, on one line", "write the name of your organisation")
	}
	if !isWebAddress(p.Namespace) {
		add("publisher.namespace", "it is no web address", "write one that is yours, such as https://cert.example")
	}
	categories := []string{"coordinator", "discoverer", "other", "translator", "user", "vendor"}
	if !slices.Contains(categories, p.Category) {
		add("publisher.category", "no such category", "write "+strings.Join(categories, ", ")+" (CSAF 3.2.1.8.1)")
	}
	for _, text := range []string{p.Contact, p.Authority} {
		if len(text) > 10*most || PlainText(text) != text {
			add("publisher.contact", "contact and authority have up to 3000 bytes each, without control characters", "write them as plain text")
			break
		}
	}
	if set.CanonicalURL != "" && !isHubAddress(set.CanonicalURL) {
		add("canonical_url", "it is not the address of a hub", "write https:// and its name, without a path: https://cert.example")
	}
	if len(found) == 0 {
		return nil
	}
	return &Error{Code: Invalid, Message: found[0].Path + ": " + found[0].Message, Problems: found}
}

func isWebAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && len(text) <= 2000 && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

// isHubAddress reports whether a text is an address at which a hub can be: what is
// published there as CSAF is so by https (CSAF 2.0, 7.1.3), but for tests on the
// machine itself.
func isHubAddress(text string) bool {
	u, err := url.Parse(text)
	if err != nil || !isWebAddress(text) || u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Hostname() == "localhost" || ip.IsLoopback()
}
