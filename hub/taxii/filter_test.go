package taxii

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/hub"
)

func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestParseFilter(t *testing.T) {
	many := strings.Repeat("a,", maxValues-1) + "a"
	tests := []struct {
		query string
		want  filter // but for given
		fails string // a part of the message
	}{
		{"", filter{}, ""},
		{"limit=10", filter{limit: 10}, ""},
		{"limit=007", filter{limit: 7}, ""},
		{"limit=1001", filter{limit: hub.PageSize}, ""},
		{"limit=99999999999999999999999999", filter{limit: hub.PageSize}, ""},
		{"limit=0", filter{}, "limit is"},
		{"limit=-1", filter{}, "limit is"},
		{"limit=%2B1", filter{}, "limit is"},
		{"limit=1.5", filter{}, "limit is"},
		{"limit=ten", filter{}, "limit is"},
		{"limit=", filter{}, "limit is"},
		{"limit=1&limit=1", filter{}, "twice"},

		{"added_after=2026-01-31T12:00:00Z", filter{after: at(t, "2026-01-31T12:00:00Z")}, ""},
		{"added_after=2026-01-31T12:00:00.123Z", filter{after: at(t, "2026-01-31T12:00:00.123Z")}, ""},
		{"added_after=2026-01-31T12:00:00.123456Z", filter{after: at(t, "2026-01-31T12:00:00.123456Z")}, ""},
		{"added_after=2026-01-31T12:00:00.123456789Z", filter{after: at(t, "2026-01-31T12:00:00.123456789Z")}, ""},
		{"added_after=0001-01-01T00:00:00Z", filter{after: at(t, "1970-01-01T00:00:00Z")}, ""},
		{"added_after=9999-12-31T23:59:59Z", filter{after: at(t, "9999-12-31T23:59:59Z")}, ""},
		{"added_after=2026-01-31T12:00:00%2B01:00", filter{}, "added_after is"},
		{"added_after=2026-01-31T12:00:00%2B00:00", filter{}, "added_after is"},
		{"added_after=2026-01-31T12:00:00", filter{}, "added_after is"},
		{"added_after=2026-01-31T12:00:00.Z", filter{}, "added_after is"},
		{"added_after=2026-01-31T12:00:00,5Z", filter{}, "added_after is"},
		{"added_after=2026-01-31t12:00:00z", filter{}, "added_after is"},
		{"added_after=2026-02-30T12:00:00Z", filter{}, "added_after is"},
		{"added_after=2026-01-31", filter{}, "added_after is"},
		{"added_after=1769860800", filter{}, "added_after is"},
		{"added_after=", filter{}, "added_after is"},
		{"added_after=2026-01-31T12:00:00Z&added_after=2026-01-31T12:00:00Z", filter{}, "twice"},

		{"match[id]=b,a,b", filter{ids: []string{"a", "b"}}, ""},
		{"match%5Bid%5D=a", filter{ids: []string{"a"}}, ""},
		{"match[type]=x-never-heard-of", filter{types: []string{"x-never-heard-of"}}, ""},
		{"match[spec_version]=2.0,2.1", filter{specs: []string{"2.0", "2.1"}}, ""},
		{"match[version]=first,last", filter{versions: hub.VersionMatch{First: true, Last: true}}, ""},
		{"match[version]=all", filter{versions: hub.VersionMatch{All: true}}, ""},
		{"match[version]=2026-01-31T12:00:00.5Z,last,2026-01-31T12:00:00.500Z", filter{versions: hub.VersionMatch{Last: true, Exact: []time.Time{at(t, "2026-01-31T12:00:00.5Z")}}}, ""},
		{"match[version]=all,last", filter{}, "stands alone"},
		{"match[version]=latest", filter{}, "match[version] is"},
		{"match[version]=2026-01-31", filter{}, "match[version] is"},
		{"match[type]=a&match[type]=b", filter{}, "twice"},
		{"match[type]=a,,b", filter{}, "empty"},
		{"match[type]=", filter{}, "empty"},
		{"match[type]=" + many, filter{types: []string{"a"}}, ""},
		{"match[type]=" + many + ",a", filter{}, "more than"},
		{"match[type]=" + strings.Repeat("a", maxValue+1), filter{}, "too long"},
		{"match[name]=a", filter{}, "there is no match[name]"},
		{"match[]=a", filter{}, "there is no"},
		{"match[", filter{}, "there is no"},
		{"match[id=a", filter{}, "there is no"},
		{"match[%0A]=a", filter{}, "match[?]"},

		{"_=1&match=2", filter{}, ""},
		{"next=", filter{}, "next is"},
		{"a=%zz", filter{}, "the query"},
		{"a=1;b=2", filter{}, "the query"},
	}
	for _, tt := range tests {
		t.Run(tt.query[:min(len(tt.query), 60)], func(t *testing.T) {
			got, _, err := parseFilter(tt.query, fieldsOfMany())
			if tt.fails != "" {
				if err == nil || toRefusal(err).status != http.StatusBadRequest || !strings.Contains(err.Error(), tt.fails) {
					t.Fatalf("error %v, want one of %q", err, tt.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got.given = nil
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestParseDeletion(t *testing.T) {
	tests := []struct {
		query string
		all   bool
		fails bool
	}{
		{"", true, false},
		{"_=1", true, false},
		{"match[version]=last", false, false},
		{"match[version]=all", true, false},
		{"match[spec_version]=2.1", true, false},
		{"match[type]=indicator", false, true},
		{"match[versions]=last", false, true},
		{"match(version)=last", false, true},
		{"added_after=2026-01-31T12:00:00Z", false, true},
		{"limit=1", false, true},
	}
	for _, tt := range tests {
		f, err := parseDeletion(tt.query)
		if (err != nil) != tt.fails || err == nil && f.versions.All != tt.all {
			t.Errorf("%s: all versions: %v, error %v", tt.query, f.versions.All, err)
		}
	}
}

func someCursor(t *testing.T) *cursor {
	return &cursor{endpoint: objectsEndpoint, collection: uuid.MustParse("f5f1c7ec-1f0e-4f4e-9f0e-2d2c0a5c5b5a"), last: at(t, "2026-11-23T12:00:00.000001Z"), filter: filter{
		after: at(t, "2026-01-01T00:00:00Z"), limit: 10, ids: []string{"indicator--1"}, types: []string{"a", "indicator"}, specs: []string{"2.1"},
		versions: hub.VersionMatch{First: true, Exact: []time.Time{at(t, "0001-01-01T00:00:00Z"), at(t, "2026-01-31T12:00:00.000000001Z")}}}}
}

func TestCursor(t *testing.T) {
	want := someCursor(t)
	text := want.encode()
	got, err := decodeCursor(text)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %+v, %v\nwant %+v", got, err, want)
	}
	if u := url.QueryEscape(text); u != text {
		t.Errorf("the cursor has to be escaped: %s", u)
	}
	raw, _ := base64.RawURLEncoding.DecodeString(text)
	for i := range raw {
		if _, err := decodeCursor(base64.RawURLEncoding.EncodeToString(raw[:i])); err == nil {
			t.Errorf("%d of its bytes are a cursor", i)
		}
	}
	for _, bad := range []string{"x", text + "AA", text + "=", strings.Repeat("A", maxCursor+1), base64.RawURLEncoding.EncodeToString(append([]byte{9}, raw[1:]...))} {
		if _, err := decodeCursor(bad); toRefusal(err).status != http.StatusBadRequest {
			t.Errorf("%.20s: %v", bad, err)
		}
	}
}

func TestResume(t *testing.T) {
	same := url.Values{"added_after": {"2026-01-01T00:00:00.000Z"}, "limit": {"10"}, "match[id]": {"indicator--1"}, "match[type]": {"indicator,a"},
		"match[spec_version]": {"2.1"}, "match[version]": {"2026-01-31T12:00:00.000000001Z,first,0001-01-01T00:00:00Z"}}
	tests := []struct {
		about, name, value string
		fails              bool
	}{
		{"the same", "", "", false},
		{"another limit", "limit", "5", false},
		{"where the last page ended", "added_after", "2026-11-23T12:00:00.000001Z", false},
		{"another time", "added_after", "2026-11-23T12:00:00.000002Z", true},
		{"another id", "match[id]", "indicator--2", true},
		{"fewer types", "match[type]", "a", true},
		{"other versions", "match[version]", "last", true},
		{"another spec_version", "match[spec_version]", "2.0", true},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			q := url.Values{}
			for name, value := range same {
				q[name] = slices.Clone(value)
			}
			if tt.name != "" {
				q.Set(tt.name, tt.value)
			}
			f, _, err := parseFilter(q.Encode(), fieldsOfMany())
			if err != nil {
				t.Fatal(err)
			}
			got, err := someCursor(t).resume(f)
			if (err != nil) != tt.fails {
				t.Fatalf("error %v", err)
			}
			if err != nil {
				return
			}
			want := someCursor(t).filter
			want.limit = f.limit
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func FuzzFilter(f *testing.F) {
	for _, seed := range []string{"", "limit=10&added_after=2026-01-31T12:00:00.5Z&next=AA", "match[id]=a,b&match[type]=c&match[version]=all&match[spec_version]=2.1", "match[version]=first,2026-01-31T12:00:00Z", "match[x", "%zz"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		got, _, err := parseFilter(query, fieldsOfMany())
		if err != nil {
			if r := toRefusal(err); r.status != http.StatusBadRequest || len(r.message) > 300 {
				t.Errorf("%d %s", r.status, r.message)
			}
			return
		}
		// Whatever was read survives its cursor, and contradicts itself nowhere.
		c := &cursor{endpoint: objectsEndpoint, last: time.Unix(1, 0).UTC(), filter: got}
		again, err := decodeCursor(c.encode())
		if err != nil {
			t.Fatalf("%+v: %v", got, err)
		}
		if _, err := again.resume(got); err != nil {
			t.Errorf("%+v: %v", got, err)
		}
	})
}

func FuzzAddedAfter(f *testing.F) {
	for _, seed := range []string{"2026-01-31T12:00:00Z", "2026-01-31T12:00:00.123456Z", "2026-01-31T12:00:00,1Z", "0000-01-01T00:00:00Z", "2026-01-31T24:00:00Z", "2016-12-31T23:59:60Z"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		got, err := parseAfter(value)
		if err != nil {
			return
		}
		if got.IsZero() || got.Before(time.Unix(0, 0)) || got.Year() > 9999 {
			t.Errorf("%q is %v", value, got)
		}
		if again, err := parseAfter(formatTime(got)); err != nil || !again.Equal(got.Truncate(time.Microsecond)) {
			t.Errorf("%q is %v, and then %v, %v", value, got, again, err)
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add((&cursor{endpoint: manifestEndpoint, last: time.Unix(1, 5000), filter: filter{ids: []string{"a"}, versions: hub.VersionMatch{All: true}}}).encode())
	f.Add("AW8")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := decodeCursor(text)
		if err != nil {
			return
		}
		if again := c.encode(); again != text {
			t.Errorf("%q is %q again", text, again)
		}
		if len(c.ids)+len(c.types)+len(c.specs)+len(c.versions.Exact) > 4*maxValues || c.limit > hub.PageSize {
			t.Errorf("too much: %+v", c)
		}
	})
}
