package taxii

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/hub"
)

// Bounds of a request.
const (
	maxValues = 256 // of one field of match
	maxValue  = 300 // bytes of one value: an identifier of STIX has 288 at most
)

// filter is what chooses the entries of a page (TAXII 2.1, 3.4). Lists are
// sorted and hold a value once.
type filter struct {
	after    time.Time // added_after; zero: none
	limit    int       // 0: none
	ids      []string
	types    []string
	specs    []string
	versions hub.VersionMatch
	given    map[string]bool // the parameters that were there
}

// fields says which fields of match an endpoint has. A client may send it the
// others too, to no effect.
type fields []string

func (f fields) has(name string) bool { return slices.Contains(f, name) }

// The fields of the endpoints (TAXII 2.1, 5.3 to 5.8).
func fieldsOfMany() fields     { return fields{"id", "type", "version", "spec_version"} }
func fieldsOfOne() fields      { return fields{"version", "spec_version"} }
func fieldsOfVersions() fields { return fields{"spec_version"} }

// parseFilter reads the query. next is "" where it has none. What it does not
// know is an error in match, since leaving it out would answer with more than
// was asked for; elsewhere it is passed over.
func parseFilter(rawQuery string, has fields) (f filter, next string, err error) {
	values, err := url.ParseQuery(rawQuery)
	if err != nil {
		return f, "", refuse(http.StatusBadRequest, "the query is no list of name=value, joined by &")
	}
	f.given = map[string]bool{}
	for name, given := range values {
		field, isMatch := strings.CutPrefix(name, "match")
		isMatch = isMatch && strings.HasPrefix(field, "[")
		if !isMatch && name != "limit" && name != "added_after" && name != "next" {
			continue
		}
		if len(given) != 1 {
			return f, "", refuse(http.StatusBadRequest, "%s is there twice: join values by commas", printable(name))
		}
		value := given[0]
		switch {
		case name == "next":
			if next = value; next == "" {
				return f, "", errNext
			}
		case name == "limit":
			f.limit, err = parseLimit(value)
		case name == "added_after":
			f.after, err = parseAfter(value)
		case !fieldsOfMany().has(strings.TrimSuffix(field[1:], "]")) || !strings.HasSuffix(field, "]"):
			return f, "", refuse(http.StatusBadRequest, "there is no %s: match has the fields id, type, version and spec_version", printable(name))
		case has.has(field[1 : len(field)-1]):
			err = f.match(field[1:len(field)-1], value)
		default:
			continue
		}
		if err != nil {
			return f, "", err
		}
		f.given[name] = true
	}
	return f, next, nil
}

// match reads the values of one field.
func (f *filter) match(field, value string) error {
	all := strings.Split(value, ",")
	if len(all) > maxValues {
		return refuse(http.StatusBadRequest, "match[%s] has more than %d values: ask for them in several requests", field, maxValues)
	}
	for _, v := range all {
		if v == "" || len(v) > maxValue {
			return refuse(http.StatusBadRequest, "match[%s] has a value that is empty or too long", field)
		}
	}
	if field == "version" {
		var err error
		f.versions, err = parseVersions(all)
		return err
	}
	slices.Sort(all)
	all = slices.Compact(all)
	switch field {
	case "id":
		f.ids = all
	case "type":
		f.types = all
	case "spec_version":
		f.specs = all
	}
	return nil
}

// parseVersions reads match[version] (TAXII 2.1, 3.4.1).
func parseVersions(all []string) (m hub.VersionMatch, err error) {
	for _, v := range all {
		switch v {
		case "first":
			m.First = true
		case "last":
			m.Last = true
		case "all":
			if m.All = true; len(all) > 1 {
				return m, refuse(http.StatusBadRequest, "match[version]=all stands alone")
			}
		default:
			at, ok := parseTimestamp(v)
			if !ok {
				return m, refuse(http.StatusBadRequest, "match[version] is first, last, all, or a timestamp such as 2026-01-31T12:00:00.123Z")
			}
			m.Exact = append(m.Exact, at)
		}
	}
	slices.SortFunc(m.Exact, time.Time.Compare)
	m.Exact = slices.Compact(m.Exact)
	return m, nil
}

// parseLimit reads a limit (TAXII 2.1, 3.4): an integer above 0, and no larger
// than a page of the hub.
func parseLimit(value string) (int, error) {
	n := 0
	for _, c := range []byte(value) {
		if c < '0' || c > '9' || len(value) > maxValue {
			return 0, errLimit
		}
		n = min(n*10+int(c-'0'), hub.PageSize)
	}
	if n == 0 {
		return 0, errLimit
	}
	return n, nil
}

var errLimit = refuse(http.StatusBadRequest, "limit is an integer above 0")

// parseAfter reads added_after. What lies before 1970 means all.
func parseAfter(value string) (time.Time, error) {
	at, ok := parseTimestamp(value)
	if !ok {
		return at, refuse(http.StatusBadRequest, "added_after is a timestamp in UTC such as 2026-01-31T12:00:00.123456Z")
	}
	if epoch := time.Unix(0, 0).UTC(); at.Before(epoch) {
		at = epoch
	}
	return at, nil
}

// parseTimestamp reads a timestamp of TAXII (2.1, 3.2, and RFC 3339) with up to
// nine digits of a second.
func parseTimestamp(value string) (time.Time, bool) {
	const seconds = "2006-01-02T15:04:05"
	if len(value) < len(seconds)+1 || len(value) > len(seconds)+11 || len(value) == len(seconds)+2 ||
		value[len(value)-1] != 'Z' || strings.Contains(value, ",") {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, value)
	return at, err == nil && at.Location() == time.UTC
}

// formatTime is a timestamp as TAXII's headers and resources have it (2.1, 3.2).
func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// printable is a client's own text as an error repeats it: short, and plain.
func printable(s string) string {
	if len(s) > 40 {
		s = s[:40] + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return '?'
		}
		return r
	}, s)
}
