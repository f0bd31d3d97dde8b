package hub_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/stix"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/internal/store/storetest"
)

// Ids of test objects; the last digits tell them apart.
func testID(typ string, n int) string {
	return fmt.Sprintf("%s--11111111-1111-4111-8111-%012d", typ, n)
}

// stixText is an object, with more members, each as JSON, behind the usual ones.
// version is the millisecond of its modified; that of created is 0.
func stixText(typ string, n, version int, more ...string) string {
	o := fmt.Sprintf(`{"type":"%s","spec_version":"2.1","id":"%s","created":"2026-11-01T10:00:00.000Z","modified":"2026-11-01T10:00:00.%03dZ"`, typ, testID(typ, n), version)
	switch typ {
	case "indicator":
		o += fmt.Sprintf(`,"pattern":"[ipv4-addr:value = '198.51.100.%d']","pattern_type":"stix","valid_from":"2026-11-01T10:00:00Z"`, n%256)
	case "malware":
		o += `,"name":"Test","is_family":false`
	case "identity":
		o += `,"name":"Somebody","identity_class":"organization"`
	}
	return o + join(more) + "}"
}

func join(more []string) string {
	if len(more) == 0 {
		return ""
	}
	return "," + strings.Join(more, ",")
}

func marked(id string) string { return `"object_marking_refs":["` + id + `"]` }

func relationship(n int, from, to string) string {
	return stixText("relationship", n, 0, `"relationship_type":"indicates","source_ref":"`+from+`","target_ref":"`+to+`"`)
}

// observable is an SCO of a deterministic id, without a version.
func observable(more ...string) string {
	return `{"type":"domain-name","spec_version":"2.1","id":"domain-name--3c10e93f-798e-5a26-a0c1-08156efab7f5","value":"example.com"` + join(more) + "}"
}

const observableID = "domain-name--3c10e93f-798e-5a26-a0c1-08156efab7f5"

func envelope(objects ...string) []byte {
	return []byte(`{"objects":[` + strings.Join(objects, ",") + `]}`)
}

// root is the API root of a collection of the fixture.
func (f *fixture) root(col string) string {
	if col == "cases" {
		return "finance"
	}
	return hub.Community
}

func (f *fixture) trySubmit(t testing.TB, who, col string, objects ...string) (hub.Status, error) {
	t.Helper()
	return f.hub.Submit(t.Context(), f.as(t, who), hub.Submission{Root: f.root(col), Collection: col, Body: envelope(objects...)})
}

// submit fails unless all objects are taken.
func (f *fixture) submit(t testing.TB, who, col string, objects ...string) hub.Status {
	t.Helper()
	s, err := f.trySubmit(t, who, col, objects...)
	must(t, err)
	if len(s.Failures) > 0 {
		t.Fatalf("%s: %+v", who, s.Failures)
	}
	return s
}

// refuse fails unless the only object is refused, for a reason with these words.
func (f *fixture) refuse(t testing.TB, who, col, words, object string) {
	t.Helper()
	s, err := f.trySubmit(t, who, col, object)
	must(t, err)
	if len(s.Failures) != 1 || !strings.Contains(s.Failures[0].Message, words) {
		t.Fatalf("%s: %+v; want a failure with %q", who, s, words)
	}
}

// texts is what somebody gets of a collection, as it is sent.
func (f *fixture) texts(t testing.TB, who, col string, q hub.Query) []string {
	t.Helper()
	q.Root, q.Collection = f.root(col), col
	p, err := f.hub.Page(t.Context(), f.as(t, who), q)
	must(t, err)
	var b bytes.Buffer
	must(t, p.WriteObjects(t.Context(), &b))
	return split(t, b.String())
}

// split takes objects with commas between them apart.
func split(t testing.TB, list string) []string {
	t.Helper()
	var p stix.Parser
	v, err := p.Parse([]byte("[" + list + "]"))
	must(t, err)
	var texts []string
	for e := range v.Elements() {
		texts = append(texts, string(e.Raw()))
	}
	return texts
}

func (f *fixture) wantTexts(t testing.TB, who, col string, q hub.Query, want ...string) {
	t.Helper()
	if got := f.texts(t, who, col, q); !slices.Equal(got, want) {
		t.Errorf("%q gets of %q:\n%s\nwant:\n%s", who, col, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// all asks for every version.
var all = hub.Query{Versions: hub.VersionMatch{All: true}}

func TestObjectsComeOutAsTheyWentIn(t *testing.T) {
	f := newFixture(t, nil)
	odd := []string{
		`{ "id" : "` + testID("x-custom", 1) + `",` + "\n\t" + `"type":"x-custom","spec_version":"2.1","created":"2026-11-01T10:00:00.005Z","modified":"2026-11-01T10:00:00.005000Z","number":1.50e+3,"big":123456789012345678901234567890,"url":"\u00fc\/\u2028","extensions":{"extension-definition--11111111-1111-4111-8111-000000000001":{"extension_type":"new-sdo"}},"empty":{} }`,
		stixText("indicator", 2, 5, `"x_custom":false`, `"revoked":false`),
		observable(`"x_zero":0`),
	}
	got, err := f.hub.Submit(t.Context(), f.as(t, "alpha"), hub.Submission{Root: hub.Community, Collection: "drop",
		Body: []byte("\n{ \"more\":false, \"objects\" :\t[ " + strings.Join(odd, " , ") + " ] }")})
	must(t, err)
	if len(got.Failures) > 0 || len(got.Successes) != 3 || got.State != hub.StateComplete {
		t.Fatalf("%+v", got)
	}
	f.wantTexts(t, "gamma", "drop", hub.Query{}, odd...)
}

func TestSubmitIsRefusedWhole(t *testing.T) {
	f := newFixture(t, nil)
	good := string(envelope(stixText("indicator", 1, 0)))
	for _, tt := range []struct {
		name, who, col, body string
		code                 hub.Code
	}{
		{"a stranger", "", "public", good, hub.Unauthenticated},
		{"the local administrator stands for nobody", "local", "drop", good, hub.Forbidden},
		{"may read only", "gamma", "drop", good, hub.Forbidden},
		{"a reader's role", "alpha-reader", "drop", good, hub.Forbidden},
		{"neither", "delta", "drop", good, hub.NotFound},
		{"another root", "beta", "cases", good, hub.NotFound},
		{"no such collection", "alpha", "nothing", good, hub.NotFound},
		{"no JSON", "alpha", "drop", `{"objects":[`, hub.Invalid},
		{"no envelope", "alpha", "drop", `[]`, hub.Invalid},
		{"an object alone", "alpha", "drop", stixText("indicator", 1, 0), hub.Invalid},
		{"a name twice", "alpha", "drop", `{"objects":[],"objects":[]}`, hub.Invalid},
		{"too deep", "alpha", "drop", `{"objects":[` + strings.Repeat("[", 100_000) + `]}`, hub.Invalid},
		{"too large", "alpha", "drop", good + strings.Repeat(" ", 10<<20), hub.TooLarge},
		{"too many", "alpha", "drop", `{"objects":[` + strings.Repeat("0,", 50_000) + `0]}`, hub.TooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := f.hub.Submit(t.Context(), f.as(t, tt.who), hub.Submission{Root: f.root(tt.col), Collection: tt.col, Body: []byte(tt.body)})
			wantCode(t, err, tt.code)
			syntax, isSyntax := errors.AsType[*stix.SyntaxError](err)
			if strings.Contains(tt.name, "no JSON") != isSyntax && tt.name != "a name twice" && tt.name != "too deep" {
				t.Errorf("syntax error: %v", syntax)
			}
		})
	}
	f.wantTexts(t, "alpha", "drop", hub.Query{})
}

func TestOneBadObjectIsAFailure(t *testing.T) {
	f := newFixture(t, nil)
	good := stixText("indicator", 1, 0)
	s, err := f.trySubmit(t, "alpha", "drop",
		good, `17`, `{"type":"indicator"}`, stixText("indicator", 2, 0, `"lang":7`),
		strings.Replace(stixText("malware", 3, 0), "2.1", "2.0", 1), `{"type":"bundle","id":"bundle--11111111-1111-4111-8111-000000000001","objects":[]}`)
	must(t, err)
	if len(s.Successes) != 1 || len(s.Failures) != 5 || s.Successes[0] != (hub.StatusDetail{ID: testID("indicator", 1), Version: "2026-11-01T10:00:00.000Z"}) {
		t.Fatalf("%+v", s)
	}
	for _, failure := range s.Failures {
		if !strings.Contains(failure.Message, "STIX 2.1, ") {
			t.Errorf("%+v: no clause", failure)
		}
	}
	if f := s.Failures[2]; f.ID != testID("indicator", 2) || f.Version != "2026-11-01T10:00:00.000Z" || !strings.HasPrefix(f.Message, "lang: ") {
		t.Errorf("%+v", f)
	}
	f.wantTexts(t, "alpha", "drop", hub.Query{}, good)
	entries := f.audited(t, "object.submit")
	if last := entries[len(entries)-1]; last.Detail["added"] != "1" || last.Detail["refused"] != "5" || last.Object != f.col["drop"].ID || last.Actor.ID != f.org["alpha"].ID {
		t.Errorf("%+v", last)
	}
}

func TestVersionsOfAnObject(t *testing.T) {
	v1, v2, v3 := stixText("indicator", 1, 1), stixText("indicator", 1, 2), stixText("indicator", 1, 3)
	revoked := stixText("indicator", 1, 2, `"revoked":true`)
	reordered := `{"modified":"2026-11-01T10:00:00.001Z","type":"indicator","spec_version":"2.1","id":"` + testID("indicator", 1) + `","created":"2026-11-01T10:00:00.000Z","pattern":"[ipv4-addr:value = '198.51.100.1']","pattern_type":"stix","valid_from":"2026-11-01T10:00:00Z"}`
	t.Run("the last is served, all are kept", func(t *testing.T) {
		f := newFixture(t, nil)
		f.submit(t, "alpha", "drop", v1, v3, v2)
		f.wantTexts(t, "gamma", "drop", hub.Query{}, v3)
		f.wantTexts(t, "gamma", "drop", all, v1, v3, v2)
		f.wantTexts(t, "gamma", "drop", hub.Query{Versions: hub.VersionMatch{First: true}}, v1)
		f.wantTexts(t, "gamma", "drop", hub.Query{Versions: hub.VersionMatch{First: true, Last: true}}, v1, v3)
		f.wantTexts(t, "gamma", "drop", hub.Query{Versions: hub.VersionMatch{Exact: []time.Time{time.Date(2026, 11, 1, 10, 0, 0, 2e6, time.UTC)}}}, v2)
	})
	t.Run("the same again is no failure", func(t *testing.T) {
		f := newFixture(t, nil)
		f.submit(t, "alpha", "drop", v1)
		s := f.submit(t, "alpha", "drop", v1, reordered)
		if len(s.Successes) != 2 || s.Successes[1].Message == "" {
			t.Errorf("%+v", s)
		}
		f.wantTexts(t, "gamma", "drop", all, v1)
	})
	t.Run("other content", func(t *testing.T) {
		f := newFixture(t, nil)
		f.submit(t, "alpha", "drop", v1)
		f.refuse(t, "alpha", "drop", "other content", stixText("indicator", 1, 1, `"confidence":5`))
		f.refuse(t, "alpha", "indicators", "other content", stixText("indicator", 1, 1, `"confidence":5`))
		f.refuse(t, "alpha", "drop", "other content", strings.ReplaceAll(stixText("indicator", 171, 1), "000000000171", "000000000001"))
		f.wantTexts(t, "gamma", "drop", all, v1)
	})
	t.Run("capital digits make no other object", func(t *testing.T) {
		f := newFixture(t, nil)
		id := "indicator--aaaaaaaa-1111-4111-8111-00000000000a"
		small := strings.ReplaceAll(v1, testID("indicator", 1), id)
		f.submit(t, "alpha", "drop", small)
		f.refuse(t, "alpha", "drop", "", strings.ReplaceAll(small, "aaaaaaaa", "AAAAAAAA"))
	})
	t.Run("of another organisation", func(t *testing.T) {
		f := newFixture(t, nil)
		f.submit(t, "alpha", "indicators", v1)
		f.refuse(t, "gamma", "indicators", "another organisation", v2)
		f.submit(t, "gov-admin", "indicators", v2) // brings in what others publish
		f.submit(t, "alpha-member", "indicators", v3)
		f.wantTexts(t, "beta", "indicators", hub.Query{}, v3)
	})
	t.Run("none follows a revocation", func(t *testing.T) {
		f := newFixture(t, nil)
		f.submit(t, "alpha", "indicators", v1, revoked)
		f.refuse(t, "alpha", "indicators", "revoked", v3)
		f.refuse(t, "gov-admin", "indicators", "revoked", v3)
		f.wantTexts(t, "beta", "indicators", hub.Query{}, revoked)
	})
	t.Run("a revocation follows all", func(t *testing.T) {
		f := newFixture(t, nil)
		f.submit(t, "alpha", "indicators", v1, v3)
		f.refuse(t, "alpha", "indicators", "later version", revoked)
	})
	t.Run("a newer version elsewhere leaves the collection as it is", func(t *testing.T) {
		f := newFixture(t, nil)
		f.submit(t, "alpha", "drop", v1)
		f.submit(t, "alpha", "indicators", v2)
		f.wantTexts(t, "alpha", "drop", hub.Query{}, v1)
		f.wantTexts(t, "alpha", "indicators", hub.Query{}, v2)
	})
	t.Run("an observable is anybody's", func(t *testing.T) {
		f := newFixture(t, nil)
		f.submit(t, "alpha", "indicators", observable())
		f.submit(t, "gamma", "indicators", observable())
		f.submit(t, "gamma", "cases", observable())
		f.refuse(t, "gamma", "cases", "other content", observable(`"defanged":true`))
		f.wantTexts(t, "beta", "indicators", all, observable())
		f.wantTexts(t, "gamma", "cases", all, observable())
	})
}

func TestNobodySpeaksInAnothersName(t *testing.T) {
	f := newFixture(t, nil)
	by := func(org string) string { return `"created_by_ref":"` + f.org[org].ID + `"` }
	f.submit(t, "alpha", "indicators", stixText("indicator", 1, 0, by("alpha")))
	f.submit(t, "alpha", "indicators", stixText("indicator", 2, 0, `"created_by_ref":"`+testID("identity", 9)+`"`))
	f.refuse(t, "alpha", "indicators", "Gamma Insurance", stixText("indicator", 3, 0, by("gamma")))
	f.refuse(t, "alpha", "indicators", "Government CERT", stixText("indicator", 3, 0, by("gov")))
	capitals := "identity--" + strings.ToUpper(strings.TrimPrefix(f.org["gamma"].ID, "identity--"))
	f.refuse(t, "alpha", "indicators", "", stixText("indicator", 3, 0, `"created_by_ref":"`+capitals+`"`))
	f.refuse(t, "alpha", "indicators", "Gamma Insurance", strings.ReplaceAll(stixText("identity", 4, 0), testID("identity", 4), f.org["gamma"].ID))
	f.submit(t, "gov", "indicators", stixText("indicator", 5, 0, by("gamma")))
}

func TestAudienceOfWhatComesIn(t *testing.T) {
	statement := `{"type":"marking-definition","spec_version":"2.1","id":"` + testID("marking-definition", 1) + `","created":"2026-11-01T10:00:00.000Z","definition_type":"statement","definition":{"statement":"Copyright"}}`
	object := func(n int, marking string) string { return stixText("indicator", n, 0, marked(marking)) }
	for _, tt := range []struct {
		name, col string
		objects   []string
		readers   string // of the last object, of: "", alpha, alpha-member, beta, gamma, local
		failure   string // of the last object
	}{
		{"unmarked, by the collection", "drop", []string{stixText("indicator", 1, 0)}, "alpha alpha-member gamma", ""},
		{"clear", "indicators", []string{object(1, tlp.ClearID)}, "alpha alpha-member beta gamma local", ""},
		{"amber, the collection's readers and their clients", "drop", []string{object(1, tlp.AmberID)}, "alpha alpha-member gamma", ""},
		{"unmarked where that is amber", "cases", []string{stixText("indicator", 1, 0)}, "alpha alpha-member gamma", ""},
		{"strict", "cases", []string{object(1, tlp.AmberStrictID)}, "alpha alpha-member gamma", ""},
		{"red, the collection's people", "cases", []string{object(1, tlp.RedID)}, "alpha-member", ""},
		{"red without people", "drop", []string{object(1, tlp.RedID)}, "", "name them"},
		{"an unknown marking", "drop", []string{object(1, testID("marking-definition", 1))}, "", "name them"},
		{"a statement of the same envelope, behind it", "drop", []string{object(1, testID("marking-definition", 1)), statement, object(2, testID("marking-definition", 1))}, "alpha alpha-member gamma", ""},
		{"a statement that is refused", "drop", []string{strings.Replace(statement, "2026", "1", 1), object(2, testID("marking-definition", 1))}, "", "name them"},
		{"a part that is red", "cases", []string{stixText("indicator", 1, 0, `"labels":["a"]`, `"granular_markings":[{"marking_ref":"`+tlp.RedID+`","selectors":["labels"]}]`)}, "alpha-member", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t, nil)
			s, err := f.trySubmit(t, "alpha", tt.col, tt.objects...)
			must(t, err)
			last := tt.objects[len(tt.objects)-1]
			if tt.failure != "" {
				if n := len(s.Failures); n == 0 || !strings.Contains(s.Failures[n-1].Message, tt.failure) {
					t.Fatalf("%+v", s)
				}
				return
			}
			if len(s.Failures) > 0 {
				t.Fatalf("%+v", s)
			}
			var readers []string
			for _, who := range []string{"", "alpha", "alpha-member", "beta", "gamma", "local"} {
				p, err := f.hub.Page(t.Context(), f.as(t, who), hub.Query{Root: f.root(tt.col), Collection: tt.col})
				if code := hub.CodeOf(err); code == hub.NotFound || code == hub.Forbidden {
					continue
				}
				must(t, err)
				var b bytes.Buffer
				must(t, p.WriteObjects(t.Context(), &b))
				if strings.Contains(b.String(), last) {
					readers = append(readers, who)
				}
			}
			if got := strings.Join(readers, " "); got != tt.readers {
				t.Errorf("read by %q, want %q", got, tt.readers)
			}
		})
	}
}

func TestReadersThatASubmissionNames(t *testing.T) {
	f := newFixture(t, nil)
	amber, red := stixText("indicator", 1, 0, marked(tlp.AmberID)), stixText("indicator", 2, 0, marked(tlp.RedID))
	send := func(sub hub.Submission, object string) (hub.Status, error) {
		sub.Root, sub.Collection, sub.Body = hub.Community, "indicators", envelope(object)
		return f.hub.Submit(t.Context(), f.as(t, "gamma-member"), sub)
	}
	s, err := send(hub.Submission{Organisations: []string{f.org["alpha"].ID}}, amber)
	must(t, err)
	if len(s.Successes) != 1 {
		t.Fatalf("%+v", s)
	}
	s, err = send(hub.Submission{People: []string{f.person["beta-member"].ID}}, red)
	must(t, err)
	if len(s.Successes) != 1 {
		t.Fatalf("%+v", s)
	}
	for who, want := range map[string][]string{"alpha": {amber}, "beta": {amber}, "beta-member": {amber, red}, "gamma": nil, "gamma-member": nil, "local": nil, "gov-admin": nil} {
		f.wantTexts(t, who, "indicators", hub.Query{}, want...)
	}
	// What names somebody names everybody.
	s, err = send(hub.Submission{People: []string{f.person["beta-member"].ID}}, stixText("indicator", 3, 0, marked(tlp.AmberID)))
	must(t, err)
	if len(s.Failures) != 1 {
		t.Errorf("%+v", s)
	}
	_, err = send(hub.Submission{Organisations: []string{testID("identity", 1)}}, amber)
	wantCode(t, err, hub.Invalid)
}

func TestSubmitSurvivesTheStoresWorstDays(t *testing.T) {
	var chaos *storetest.Chaos
	f := newFixture(t, func(s store.Store) store.Store {
		chaos = storetest.NewChaos(s, 7)
		return chaos
	})
	var want []string
	for n := range 40 {
		object := stixText("indicator", n, 0)
		want = append(want, object)
		s := f.submit(t, "alpha", "drop", object, observable())
		got, err := f.hub.Status(t.Context(), f.as(t, "alpha"), s.ID)
		must(t, err)
		if len(got.Successes) != 2 || got.ID != s.ID {
			t.Fatalf("%+v", got)
		}
	}
	got := f.texts(t, "gamma", "drop", hub.Query{Types: []string{"indicator"}})
	if !slices.Equal(got, want) {
		t.Errorf("%d objects, want %d", len(got), len(want))
	}
	if got := len(f.audited(t, "object.submit")); got != 40 {
		t.Errorf("%d audit entries of 40 submissions", got)
	}
	if c := chaos.Counts(); c.Lost == 0 || c.Kept == 0 || c.Reruns == 0 {
		t.Errorf("the store had an easy day: %+v", c)
	}
	for n := range 10 {
		must(t, f.hub.Delete(t.Context(), f.as(t, "alpha"), hub.Community, "drop", testID("indicator", n), hub.VersionMatch{All: true}))
	}
	if got := f.texts(t, "gamma", "drop", hub.Query{Types: []string{"indicator"}}); !slices.Equal(got, want[10:]) {
		t.Errorf("%d objects after deletion, want %d", len(got), len(want)-10)
	}
}

func TestStatusIsForWhoSubmitted(t *testing.T) {
	f := newFixture(t, nil)
	ofOrganisation, ofPerson := f.submit(t, "alpha", "drop", stixText("indicator", 1, 0)), f.submit(t, "alpha-member", "drop", stixText("indicator", 2, 0))
	for _, tt := range []struct {
		who, id string
		code    hub.Code
	}{
		{"alpha", ofOrganisation.ID, ""}, {"alpha-member", ofPerson.ID, ""},
		{"alpha", ofPerson.ID, hub.NotFound}, {"alpha-member", ofOrganisation.ID, hub.NotFound}, {"alpha-admin", ofPerson.ID, hub.NotFound},
		{"gamma", ofOrganisation.ID, hub.NotFound}, {"", ofOrganisation.ID, hub.NotFound}, {"gov-admin", ofPerson.ID, hub.NotFound}, {"local", ofPerson.ID, hub.NotFound},
		{"alpha", strings.ToUpper(ofOrganisation.ID) + "x", hub.NotFound}, {"alpha", "", hub.NotFound},
	} {
		_, err := f.hub.Status(t.Context(), f.as(t, tt.who), tt.id)
		wantCode(t, err, tt.code)
	}
	f.clock.pass(47 * time.Hour)
	_, err := f.hub.Status(t.Context(), f.as(t, "alpha"), ofOrganisation.ID)
	wantCode(t, err, "")
	f.clock.pass(2 * time.Hour)
	_, err = f.hub.Status(t.Context(), f.as(t, "alpha"), ofOrganisation.ID)
	wantCode(t, err, hub.NotFound)
}

// An object with thousands of versions costs the hub time, but a bounded one.
func TestManyVersionsOfOneObject(t *testing.T) {
	f := newFixture(t, nil)
	var versions []string
	for n := range 3000 {
		versions = append(versions, strings.Replace(stixText("indicator", 1, 0), `10:00:00.000Z","pattern"`, fmt.Sprintf(`11:%02d:%02d.%03dZ","pattern"`, n/600, n/10%60, n%10), 1))
	}
	s, err := f.trySubmit(t, "alpha", "drop", versions...)
	must(t, err)
	taken := len(s.Successes)
	if taken < 1000 || taken == 3000 || !strings.Contains(s.Failures[0].Message, "fewer at once") {
		t.Fatalf("%d taken; %+v", taken, s.Failures[0])
	}
	f.submit(t, "alpha", "drop", versions[taken:taken+100]...)
	f.wantTexts(t, "gamma", "drop", hub.Query{}, versions[taken+99])
	f.wantTexts(t, "gamma", "drop", hub.Query{Versions: hub.VersionMatch{First: true}}, versions[0])
	must(t, f.hub.Delete(t.Context(), f.as(t, "alpha"), hub.Community, "drop", testID("indicator", 1), hub.VersionMatch{Exact: []time.Time{}}))
	f.wantTexts(t, "gamma", "drop", hub.Query{}, versions[taken+98])
	must(t, f.hub.Delete(t.Context(), f.as(t, "alpha"), hub.Community, "drop", testID("indicator", 1), hub.VersionMatch{All: true}))
	f.wantTexts(t, "gamma", "drop", all)
}
