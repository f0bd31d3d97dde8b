package taxii_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var stamp = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`)

// added is the first and the last date added, as the headers say.
func added(t *testing.T, a answer) (first, last string) {
	t.Helper()
	first, last = a.header.Get("X-TAXII-Date-Added-First"), a.header.Get("X-TAXII-Date-Added-Last")
	if !stamp.MatchString(first) || !stamp.MatchString(last) {
		t.Errorf("dates added %q and %q", first, last)
	}
	return first, last
}

func dateAddedHeaders(t *testing.T, w *world) {
	created := w.collections["closed"].Created.Format("2006-01-02T15:04:05.000000Z")
	first, last := added(t, w.get(w.alpha, in("closed", "objects/")))
	if first != created || last != created {
		t.Errorf("of an empty collection: %s and %s, want its creation %s", first, last, created)
	}
	w.stored(w.alpha, "closed", indicators(3)...)
	w.clock.advance(time.Minute)
	w.stored(w.alpha, "closed", indicator(1, "2026-02-01T00:00:00.000Z"))
	all := decode[manifest](t, w.get(w.alpha, in("closed", "manifest/?match[version]=all"))).Objects
	for _, path := range []string{"objects/", "manifest/"} {
		a := w.get(w.alpha, in("closed", path+"?match[version]=all"))
		if first, last := added(t, a); first != all[0].DateAdded || last != all[3].DateAdded {
			t.Errorf("%s: %s and %s, want those of %+v", path, first, last, all)
		}
		head := w.want(http.StatusOK, request{method: http.MethodHead, path: in("closed", path+"?match[version]=all"), key: w.alpha})
		if head.body != "" || head.header.Get("X-TAXII-Date-Added-Last") != all[3].DateAdded {
			t.Errorf("HEAD of %s: %v", path, head)
		}
		a = w.get(w.alpha, in("closed", path+"?match[version]=all&limit=2"))
		if first, last := added(t, a); first != all[0].DateAdded || last != all[1].DateAdded {
			t.Errorf("%s, the first two: %s and %s", path, first, last)
		}
		a = w.get(w.alpha, in("closed", path+"?added_after=2031-01-01T00:00:00.5Z"))
		if first, last := added(t, a); a.body != "{}" || first != "2031-01-01T00:00:00.500000Z" || last != first {
			t.Errorf("%s, an empty page after a time: %s and %s", path, first, last)
		}
		a = w.get(w.alpha, in("closed", path+"?match[type]=malware"))
		if first, last := added(t, a); a.body != "{}" || first != all[3].DateAdded || last != first {
			t.Errorf("%s, an empty page: %s and %s, want the newest of the collection %s", path, first, last, all[3].DateAdded)
		}
	}
	for _, path := range []string{"objects/" + id(1) + "/?match[version]=all", "objects/" + id(1) + "/versions/"} {
		if first, last := added(t, w.get(w.alpha, in("closed", path))); first != all[0].DateAdded || last != all[3].DateAdded {
			t.Errorf("%s: %s and %s", path, first, last)
		}
	}
	if a := w.get(w.alpha, in("closed", "")); a.header.Get("X-TAXII-Date-Added-First") != "" {
		t.Error("a collection has a date added")
	}
}

// ascending adds objects whose modified descends, all at the same moment.
func ascending(t *testing.T, w *world) {
	var want []string
	var sent []string
	for i := range 30 {
		sent = append(sent, indicator(i+1, fmt.Sprintf("2026-01-%02dT00:00:00.000Z", 30-i)))
		want = append(want, id(i+1))
	}
	w.stored(w.alpha, "closed", sent[:20]...)
	w.stored(w.alpha, "closed", sent[20:]...) // the clock has not moved
	same(t, "objects", ids(t, w.texts(w.alpha, in("closed", "objects/"))), want)
	dates := map[string]bool{}
	before := ""
	for _, o := range decode[manifest](t, w.get(w.alpha, in("closed", "manifest/"))).Objects {
		if o.DateAdded <= before || !stamp.MatchString(o.DateAdded) {
			t.Errorf("%s comes after %s", o.DateAdded, before)
		}
		before = o.DateAdded
		dates[o.DateAdded] = true
	}
	if len(dates) != 30 {
		t.Errorf("%d dates for 30 objects", len(dates))
	}
	// Paging by the header alone loses no tie.
	for _, limit := range []int{1, 7, 29} {
		var got []string
		after := "2020-01-01T00:00:00Z"
		for range 40 {
			a := w.get(w.alpha, in("closed", fmt.Sprintf("objects/?limit=%d&added_after=%s", limit, after)))
			for _, o := range decode[objects](t, a).Objects {
				got = append(got, ids(t, []string{string(o)})...)
			}
			if _, after = added(t, a); !decode[objects](t, a).More {
				break
			}
		}
		same(t, fmt.Sprintf("by %d", limit), got, want)
	}
}

func limits(t *testing.T, w *world) {
	w.stored(w.alpha, "closed", indicators(5)...)
	for _, limit := range []string{"0", "-1", "-9999999999999999999", "x", "1.0", "1e2", "", "%201", "0x10"} {
		for _, path := range []string{"objects/", "manifest/", "objects/" + id(1) + "/", "objects/" + id(1) + "/versions/"} {
			w.want(http.StatusBadRequest, request{path: in("closed", path+"?limit="+limit), key: w.alpha})
		}
	}
	for limit, want := range map[string]int{"1": 1, "4": 4, "5": 5, "6": 5, "1000": 5, "99999999999999999999999": 5} {
		e := decode[objects](t, w.get(w.alpha, in("closed", "objects/?limit="+limit)))
		if len(e.Objects) != want || e.More != (want < 5) || e.More != (e.Next != "") {
			t.Errorf("limit %s: %d objects, more %v, next %q", limit, len(e.Objects), e.More, e.Next)
		}
		m := decode[manifest](t, w.get(w.alpha, in("closed", "manifest/?limit="+limit)))
		if len(m.Objects) != want || m.More != (want < 5) || m.More != (m.Next != "") {
			t.Errorf("limit %s: a manifest of %d, more %v, next %q", limit, len(m.Objects), m.More, m.Next)
		}
	}
}

func nextPages(t *testing.T, w *world) {
	w.stored(w.alpha, "closed", indicators(5)...)
	w.stored(w.alpha, "closed", `{"type":"malware","spec_version":"2.1","id":"malware--00000001-0000-4000-8000-000000000000","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","is_family":false}`)
	for i := range 4 {
		w.stored(w.alpha, "closed", indicator(1, fmt.Sprintf("2026-03-%02dT00:00:00.000Z", i+1)))
	}
	const after = "2020-01-01T00:00:00.000Z"
	for _, tt := range []struct{ path, filters string }{
		{"objects/", "match[type]=indicator&match[version]=all&match[spec_version]=2.1&match[id]=" + strings.Join([]string{id(3), id(1), id(2), id(4)}, ",")},
		{"manifest/", "match[type]=indicator,x&match[version]=first,all"[:len("match[type]=indicator,x")]},
		{"objects/" + id(1) + "/", "match[version]=all"},
		{"objects/" + id(1) + "/versions/", ""},
	} {
		path := in("closed", tt.path)
		whole := elements(t, w.get(w.alpha, path+"?"+tt.filters+"&added_after="+after))
		if len(whole) < 5 {
			t.Fatalf("%s: only %q", tt.path, whole)
		}
		next := func(a answer) string {
			return decode[struct {
				More     bool
				Next     string
				Objects  []any
				Versions []any
			}](t, a).Next
		}
		begin := w.get(w.alpha, path+"?"+tt.filters+"&added_after="+after+"&limit=2")
		_, last := added(t, begin)
		for how, rest := range map[string]string{
			"the original filters":             tt.filters + "&limit=2&added_after=" + after,
			"alone":                            "",
			"a limit":                          "limit=2",
			"added_after":                      "added_after=" + after,
			"added_after in another form":      "added_after=" + strings.Replace(after, ".000Z", "Z", 1),
			"added_after where the page ended": "added_after=" + last,
			"filters in another order":         "limit=2&" + strings.Replace(tt.filters, id(3)+","+id(1), id(1)+","+id(3), 1),
		} {
			got := elements(t, begin)
			for page, n := begin, 0; next(page) != "" && n < 10; n++ {
				q := rest
				if how == "added_after where the page ended" {
					_, last := added(t, page)
					q = "added_after=" + last
				}
				page = w.get(w.alpha, path+"?"+q+"&next="+url.QueryEscape(next(page)))
				if es := elements(t, page); len(es) > 2 {
					t.Errorf("%s, next with %s: %d on a page of 2", tt.path, how, len(es))
				}
				got = append(got, elements(t, page)...)
			}
			same(t, tt.path+": next with "+how, got, whole)
		}
		cursor := next(begin)
		for about, q := range map[string]string{
			"no cursor":            "next=abc",
			"a cursor cut short":   "next=" + cursor[:len(cursor)-3],
			"a cursor with more":   "next=" + cursor + "AAAA",
			"empty":                "next=",
			"twice":                "next=" + cursor + "&next=" + cursor,
			"another added_after":  "next=" + cursor + "&added_after=2025-01-01T00:00:00Z",
			"another spec_version": "next=" + cursor + "&match[spec_version]=2.0",
			"a limit of none":      "next=" + cursor + "&limit=0",
			"very long":            "next=" + strings.Repeat("A", 20000),
		} {
			if a := w.send(request{path: path + "?" + q, key: w.alpha}); a.status != http.StatusBadRequest {
				t.Errorf("%s: %s: %d", tt.path, about, a.status)
			}
		}
		w.want(http.StatusBadRequest, request{path: in("inbox", "manifest/?next="+cursor), key: w.alpha})
		w.want(http.StatusBadRequest, request{path: "/taxii2/energy/collections/feed/objects/?next=" + cursor, key: w.alpha})
		if strings.HasPrefix(tt.path, "objects/i") {
			continue
		}
		w.want(http.StatusBadRequest, request{path: path + "?match[type]=malware&next=" + cursor, key: w.alpha})
		w.want(http.StatusBadRequest, request{path: path + "?match[version]=last&next=" + cursor, key: w.alpha})
	}
}

// elements are what a page lists, each as text.
func elements(t *testing.T, a answer) []string {
	t.Helper()
	e := decode[struct {
		More     bool
		Next     string
		Objects  []any
		Versions []any
	}](t, a)
	var all []string
	for _, v := range slices.Concat(e.Objects, e.Versions) {
		all = append(all, fmt.Sprint(v))
	}
	return all
}

func addedAfter(t *testing.T, w *world) {
	for i := range 3 {
		w.clock.advance(time.Second)
		w.stored(w.alpha, "closed", indicator(i+1, "2026-01-01T00:00:00.000Z"))
	}
	m := decode[manifest](t, w.get(w.alpha, in("closed", "manifest/"))).Objects
	second, err := time.Parse(time.RFC3339Nano, m[1].DateAdded)
	if err != nil {
		t.Fatal(err)
	}
	micro := "2006-01-02T15:04:05.000000Z"
	for value, want := range map[string][]string{
		m[1].DateAdded: {id(3)}, // exclusive
		second.Add(-time.Microsecond).Format(micro):                           {id(2), id(3)},
		second.Add(time.Microsecond).Format(micro):                            {id(3)},
		second.Truncate(time.Second).Format("2006-01-02T15:04:05Z"):           {id(3)}, // the clock is at whole seconds
		second.Add(-time.Second / 2).Format("2006-01-02T15:04:05.000Z"):       {id(2), id(3)},
		second.Add(-2 * time.Second).Format("2006-01-02T15:04:05.000000000Z"): {id(1), id(2), id(3)},
		"1969-12-31T23:59:59Z":                                                {id(1), id(2), id(3)},
		"0001-01-01T00:00:00Z":                                                {id(1), id(2), id(3)},
		"9999-12-31T23:59:59Z":                                                nil,
	} {
		same(t, value, ids(t, w.texts(w.alpha, in("closed", "objects/?added_after="+value))), want)
	}
	for _, bad := range []string{"2026-01-01T00:00:00%2B02:00", "2026-01-01T00:00:00%2B00:00", "2026-01-01T00:00:00", "2026-01-01", "yesterday", "", "1700000000", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00.Z", "2026-01-01%2000:00:00Z"} {
		for _, path := range []string{"objects/", "manifest/", "objects/" + id(1) + "/", "objects/" + id(1) + "/versions/"} {
			w.want(http.StatusBadRequest, request{path: in("closed", path+"?added_after="+bad), key: w.alpha})
		}
	}
	w.want(http.StatusBadRequest, request{path: in("closed", "objects/?added_after=2026-01-01T00:00:00Z&added_after=2026-01-01T00:00:00Z"), key: w.alpha})
	w.want(http.StatusBadRequest, request{path: in("closed", "manifest/?added_after=2026-01-01T00:00:00Z&added_after=2027-01-01T00:00:00Z"), key: w.alpha})
}

func matchVersion(t *testing.T, w *world) {
	times := []string{"2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z"}
	for i := range 3 {
		w.stored(w.alpha, "closed", indicator(1, times[i]))
	}
	w.stored(w.alpha, "closed", indicator(2, times[1]))
	for query, want := range map[string][]string{
		"":                           {id(1) + times[2], id(2) + times[1]},
		"match[version]=last":        {id(1) + times[2], id(2) + times[1]},
		"match[version]=first":       {id(1) + times[0], id(2) + times[1]},
		"match[version]=all":         {id(1) + times[0], id(1) + times[1], id(1) + times[2], id(2) + times[1]},
		"match[version]=first,last":  {id(1) + times[0], id(1) + times[2], id(2) + times[1]},
		"match[version]=" + times[1]: {id(1) + times[1], id(2) + times[1]},
		"match[version]=2026-01-01T00:00:00Z,last":    {id(1) + times[0], id(1) + times[2], id(2) + times[1]},
		"match[version]=" + times[0] + "," + times[1]: {id(1) + times[0], id(1) + times[1], id(2) + times[1]},
		"match[version]=2020-01-01T00:00:00Z":         nil,
		"match[version]=all&match[id]=" + id(2):       {id(2) + times[1]},
		"match[id]=" + id(2) + "," + id(1):            {id(1) + times[2], id(2) + times[1]},
		"match[id]=" + id(2) + "&match[type]=malware": nil,
		"match[id]=" + id(3):                          nil,
		// The last version is that of the object, not of the page.
		"match[version]=last&limit=1": {id(1) + times[2]},
	} {
		var got []string
		for _, o := range decode[manifest](t, w.get(w.alpha, in("closed", "manifest/?"+query))).Objects {
			got = append(got, o.ID+o.Version)
		}
		same(t, "manifest "+query, got, want)
		var wantIDs []string
		for _, v := range want {
			wantIDs = append(wantIDs, v[:len(id(1))])
		}
		same(t, "objects "+query, ids(t, w.texts(w.alpha, in("closed", "objects/?"+query))), wantIDs)
	}
	for _, bad := range []string{"match[version]=all,last", "match[version]=first,all", "match[version]=newest", "match[version]=", "match[version]=last&match[version]=first",
		"match[id]=a&match[id]=b", "match[type]=a&match[type]=a", "match[spec_version]=2.1&match[spec_version]=2.1", "match[version]=2026-01-01"} {
		w.want(http.StatusBadRequest, request{path: in("closed", "objects/?"+bad), key: w.alpha})
		w.want(http.StatusBadRequest, request{path: in("closed", "manifest/?"+bad), key: w.alpha})
	}
	one := in("closed", "objects/"+id(1)+"/")
	for query, n := range map[string]int{"": 1, "?match[version]=all": 3, "?match[version]=first": 1, "?match[version]=first,last": 2, "?match[version]=" + times[1]: 1} {
		if got := w.texts(w.alpha, one+query); len(got) != n {
			t.Errorf("one object%s: %d versions, want %d", query, len(got), n)
		}
	}
	same(t, "versions", decode[versions](t, w.get(w.alpha, one+"versions/")).Versions, times)
}

const (
	address    = `{"type":"ipv4-addr","spec_version":"2.1","id":"ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd","value":"198.51.100.3"}`
	definition = `{"type":"marking-definition","spec_version":"2.1","id":"marking-definition--00000001-0000-4000-8000-000000000000","created":"2026-01-05T00:00:00.500Z","definition_type":"statement","definition":{"statement":"Copyright 2026"}}`
)

func versionWithoutModified(t *testing.T, w *world) {
	w.stored(w.alpha, "closed", definition, address)
	read := func() []string {
		var got []string
		for _, o := range decode[manifest](t, w.get(w.alpha, in("closed", "manifest/"))).Objects {
			version := o.Version
			if version == o.DateAdded {
				version = "date added"
			}
			got = append(got, o.ID[:strings.Index(o.ID, "--")]+" "+version)
		}
		return got
	}
	want := []string{"marking-definition 2026-01-05T00:00:00.500Z", "ipv4-addr date added"}
	same(t, "versions", read(), want)
	first := w.get(w.alpha, in("closed", "manifest/"))
	w.clock.advance(time.Hour)
	w.stored(w.alpha, "closed", address, definition) // again
	if again := w.get(w.alpha, in("closed", "manifest/")); again.body != first.body {
		t.Errorf("the manifest was %s and is %s", first.body, again.body)
	}
	m := decode[manifest](t, first).Objects
	for _, o := range m {
		same(t, "versions of "+o.ID, decode[versions](t, w.get(w.alpha, in("closed", "objects/"+o.ID+"/versions/"))).Versions, []string{o.Version})
		if got := w.texts(w.alpha, in("closed", "objects/"+o.ID+"/?match[version]="+o.Version)); len(got) != 1 {
			t.Errorf("%s at its version %s: %q", o.ID, o.Version, got)
		}
	}
}

func versionText(t *testing.T, w *world) {
	texts := []string{"2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.005Z", "2026-01-01T00:00:00.0060Z", "2026-01-01T00:00:00.123456Z"}
	var sent []string
	for _, v := range texts {
		sent = append(sent, indicator(1, v))
	}
	w.stored(w.alpha, "closed", sent...)
	var got []string
	for _, o := range decode[manifest](t, w.get(w.alpha, in("closed", "manifest/?match[version]=all"))).Objects {
		got = append(got, o.Version)
	}
	same(t, "manifest", got, texts)
	same(t, "versions", decode[versions](t, w.get(w.alpha, in("closed", "objects/"+id(1)+"/versions/"))).Versions, texts)
	same(t, "objects", w.texts(w.alpha, in("closed", "objects/?match[version]=all")), sent)
	same(t, "one", w.texts(w.alpha, in("closed", "objects/?match[version]=2026-01-01T00:00:00.123456Z")), sent[3:4])
	same(t, "in another form", w.texts(w.alpha, in("closed", "objects/?match[version]=2026-01-01T00:00:00.005000Z")), sent[1:2])
}

func specVersion(t *testing.T, w *world) {
	w.stored(w.alpha, "closed", indicators(2)...)
	for query, n := range map[string]int{"": 2, "match[spec_version]=2.1": 2, "match[spec_version]=2.0,2.1": 2, "match[spec_version]=2.0": 0, "match[spec_version]=3.0,2.2": 0} {
		if got := decode[objects](t, w.get(w.alpha, in("closed", "objects/?"+query))).Objects; len(got) != n {
			t.Errorf("%s: %d objects, want %d", query, len(got), n)
		}
		if got := decode[manifest](t, w.get(w.alpha, in("closed", "manifest/?"+query))).Objects; len(got) != n {
			t.Errorf("%s: a manifest of %d, want %d", query, len(got), n)
		}
		if got := decode[objects](t, w.get(w.alpha, in("closed", "objects/"+id(1)+"/?"+query))).Objects; len(got) != min(n, 1) {
			t.Errorf("%s: %d of one object", query, len(got))
		}
		if got := decode[versions](t, w.get(w.alpha, in("closed", "objects/"+id(1)+"/versions/?"+query))).Versions; len(got) != min(n, 1) {
			t.Errorf("%s: %d versions", query, len(got))
		}
	}
}

func matchType(t *testing.T, w *world) {
	custom := `{"type":"x-acme-thing","spec_version":"2.1","id":"x-acme-thing--00000001-0000-4000-8000-000000000000","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","x_any":[1e2,{"a":"\u00e9"}]}`
	w.stored(w.alpha, "closed", append(indicators(1), custom, address)...)
	for types, want := range map[string][]string{
		"x-acme-thing":             {"x-acme-thing--00000001-0000-4000-8000-000000000000"},
		"indicator":                {id(1)},
		"x-acme-thing,indicator":   {id(1), "x-acme-thing--00000001-0000-4000-8000-000000000000"},
		"never-heard-of,indicator": {id(1)},
		"never-heard-of":           nil,
		"x":                        nil, // a beginning is no type
	} {
		same(t, types, ids(t, w.texts(w.alpha, in("closed", "objects/?match[type]="+types))), want)
	}
	// One object has the filters version and spec_version only.
	for _, query := range []string{"match[type]=malware", "match[id]=" + id(7)} {
		same(t, query, ids(t, w.texts(w.alpha, in("closed", "objects/"+id(1)+"/?"+query))), []string{id(1)})
		w.get(w.alpha, in("closed", "objects/"+id(1)+"/versions/?"+query+"&match[version]=first"))
	}
	w.want(http.StatusBadRequest, request{path: in("closed", "objects/?match[typ]=indicator"), key: w.alpha})
}
