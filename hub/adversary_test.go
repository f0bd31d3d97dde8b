package hub_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// A definition that somebody else sends makes no marking say less.
func TestMarkingsAreNotDefinedByOthers(t *testing.T) {
	marking := testID("marking-definition", 1)
	statement := `{"type":"marking-definition","spec_version":"2.1","id":"` + marking + `","created":"2026-11-01T10:00:00.000Z","definition_type":"statement","definition":{"statement":"All may read it"}}`
	object := stixText("indicator", 1, 0, marked(marking))
	f := newFixture(t, nil)
	f.submit(t, "gamma", "indicators", statement)
	f.refuse(t, "alpha", "drop", "name them", object)
	f.submit(t, "alpha", "indicators", statement) // as the same of their own
	f.submit(t, "alpha", "drop", object)
	f.refuse(t, "beta", "drop", "name them", stixText("indicator", 2, 0, marked(marking)))
	f = newFixture(t, nil)
	f.submit(t, "gov", "indicators", statement)
	f.submit(t, "alpha", "drop", object)
	f.wantTexts(t, "gamma", "drop", hub.Query{}, object)
}

// An id that the sender uses in the same envelope stays inside, wherever it stands.
func TestAnonymousTextsTellNoIds(t *testing.T) {
	f := newFixture(t, nil)
	later := testID("malware", 2)
	_, bare, _ := strings.Cut(later, "--")
	for _, text := range []string{"see " + later, "see https://tip.example/" + bare, "see " + strings.ReplaceAll(bare, "-", "")} {
		s := f.anonymous(t, "alpha-member", stixText("indicator", 1, 0, `"description":"`+text+`"`), stixText("malware", 2, 0))
		if len(s.Failures) != 1 || !strings.Contains(s.Failures[0].Message, "identifier") {
			t.Errorf("%q: %+v", text, s)
		}
	}
	s := f.anonymous(t, "alpha-member", stixText("indicator", 3, 0, `"description":"this is `+testID("indicator", 3)+`"`))
	if len(s.Failures) != 1 {
		t.Errorf("its own id: %+v", s)
	}
}

// A marking binds wherever it stands: parts that are objects have markings of
// their own.
func TestMarkingsOfWhatIsInside(t *testing.T) {
	inside := func(n int, members string) string {
		return stixText("observed-data", n, 0, `"first_observed":"2026-11-01T10:00:00Z","last_observed":"2026-11-01T10:00:00Z","number_observed":1`,
			`"objects":{"0":{"type":"ipv4-addr","value":"198.51.100.7",`+members+`}}`)
	}
	for name, members := range map[string]string{
		"an object": marked(tlp.RedID),
		"a part":    `"granular_markings":[{"marking_ref":"` + tlp.RedID + `","selectors":["value"]}]`,
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil)
			object := inside(1, members)
			f.submit(t, "alpha", "cases", object)
			f.wantTexts(t, "gamma", "cases", hub.Query{})
			f.wantTexts(t, "alpha-member", "cases", hub.Query{}, object)
		})
	}
}

// What somebody hides does not reach to what others say: an object that refers to
// it by chance stays where it is, and so tells nobody that something is hidden.
func TestNobodyHidesWhatOthersSay(t *testing.T) {
	vendor := testID("identity", 9)
	t.Run("by an object under an id that others refer to", func(t *testing.T) {
		f := newFixture(t, nil)
		report := stixText("malware", 1, 0, `"created_by_ref":"`+vendor+`"`, marked(tlp.ClearID))
		f.submit(t, "gov", "public", report)
		f.submit(t, "gamma", "indicators", stixText("identity", 9, 0)) // TLP:GREEN there
		f.wantTexts(t, "", "public", hub.Query{}, report)
		_, err := f.hub.Submit(t.Context(), f.as(t, "gamma"), hub.Submission{Root: hub.Community, Collection: "indicators",
			Body: envelope(stixText("identity", 9, 5, marked(tlp.AmberStrictID))), Organisations: []string{f.org["gamma"].ID, f.org["gov"].ID}})
		must(t, err)
		f.wantTexts(t, "", "public", hub.Query{}, report)
	})
	t.Run("what is said of a hidden object by who does not know of it", func(t *testing.T) {
		f := newFixture(t, nil)
		f.submit(t, "alpha", "cases", observable(marked(tlp.RedID)))
		note := stixText("note", 4, 0, `"content":"is it here?"`, `"object_refs":["`+observableID+`"]`)
		f.submit(t, "beta", "indicators", note)
		f.wantTexts(t, "beta", "indicators", hub.Query{}, note)
		f.wantTexts(t, "gamma", "indicators", hub.Query{}, note)
	})
	t.Run("but who knows of it does", func(t *testing.T) {
		f := newFixture(t, nil)
		f.submit(t, "alpha", "cases", stixText("malware", 1, 0))
		note := stixText("note", 4, 0, `"content":"seen"`, `"object_refs":["`+testID("malware", 1)+`"]`)
		f.submit(t, "gamma", "indicators", note)
		f.wantTexts(t, "gamma", "indicators", hub.Query{}, note)
		f.wantTexts(t, "gov", "indicators", hub.Query{})
	})
}

// An object belongs to whoever began it, and not to who still has a copy.
func TestACopyIsNotTheObject(t *testing.T) {
	f := newFixture(t, nil)
	first := stixText("indicator", 1, 1, marked(tlp.ClearID))
	f.submit(t, "alpha", "drop", first)
	f.submit(t, "gamma", "indicators", first)
	must(t, f.hub.Delete(t.Context(), f.as(t, "alpha"), hub.Community, "drop", testID("indicator", 1), hub.VersionMatch{All: true}))
	f.refuse(t, "gamma", "indicators", "another organisation", stixText("indicator", 1, 2, marked(tlp.ClearID), `"revoked":true`))
	f.refuse(t, "beta", "indicators", "another organisation", stixText("indicator", 1, 2, marked(tlp.ClearID)))
	next := stixText("indicator", 1, 3, marked(tlp.ClearID))
	f.submit(t, "alpha", "indicators", next)
	f.wantTexts(t, "beta", "indicators", hub.Query{}, next)
	// Who has the copy may take it out, and who began it may, too.
	must(t, f.hub.Delete(t.Context(), f.as(t, "gamma"), hub.Community, "indicators", testID("indicator", 1), hub.VersionMatch{Exact: []time.Time{time.Date(2026, 11, 1, 10, 0, 0, 1e6, time.UTC)}}))
	must(t, f.hub.Delete(t.Context(), f.as(t, "alpha"), hub.Community, "indicators", testID("indicator", 1), hub.VersionMatch{All: true}))
	f.wantTexts(t, "beta", "indicators", all)
}

// Nobody gives a label of TLP another meaning for those who get it from the hub.
func TestLabelsAreWhatTheyAre(t *testing.T) {
	f := newFixture(t, nil)
	definition := func(id, more string) string {
		return `{"type":"marking-definition","spec_version":"2.1","id":"` + id + `","created":"2022-10-01T00:00:00.000Z",` + more + `}`
	}
	says := func(label string) string {
		return `"name":"TLP:` + strings.ToUpper(label) + `","extensions":{"` + tlp.Extension + `":{"extension_type":"property-extension","tlp_2_0":"` + label + `"}}`
	}
	_, id, _ := strings.Cut(tlp.RedID, "--")
	f.refuse(t, "alpha", "indicators", "7.2.1.4", definition(tlp.RedID, says("clear")))
	f.refuse(t, "alpha", "indicators", "7.2.1.4", definition(tlp.RedID, `"definition_type":"statement","definition":{"statement":"for all"}`))
	f.refuse(t, "alpha", "indicators", "7.2.1.4", definition("marking-definition--"+strings.ToUpper(id), says("red")))
	f.submit(t, "alpha", "indicators", definition(tlp.RedID, says("red")))
	f.wantTexts(t, "beta", "indicators", hub.Query{}, definition(tlp.RedID, says("red")))
}

// What somebody sends anonymously goes no further than under their name, and does
// not tell that they are among few.
func TestAnonymousGoesNoFurther(t *testing.T) {
	t.Run("what is for fewer", func(t *testing.T) {
		for name, object := range map[string]string{
			"by its marking": stixText("malware", 1, 0, marked(tlp.AmberID)), "by its collection": stixText("malware", 1, 0),
			"by the collection alone": stixText("malware", 1, 0, marked(tlp.GreenID)),
		} {
			f := newFixture(t, nil)
			f.submit(t, "gamma", "cases", object)
			s := f.anonymous(t, "alpha-member", object)
			if len(s.Failures) != 1 || !strings.Contains(s.Failures[0].Message, "fewer readers") {
				t.Errorf("%s: %+v", name, s)
			}
			f.wantTexts(t, "beta", "indicators", hub.Query{})
		}
		f := newFixture(t, nil)
		f.submit(t, "gamma", "indicators", stixText("malware", 1, 0))
		if s := f.anonymous(t, "alpha-member", stixText("malware", 1, 0)); len(s.Successes) != 1 {
			t.Errorf("%+v", s)
		}
	})
	t.Run("a reference to what few may read", func(t *testing.T) {
		f := newFixture(t, nil)
		f.submit(t, "gamma", "cases", stixText("malware", 1, 0))
		note := stixText("note", 4, 0, `"content":"seen","object_refs":["`+testID("malware", 1)+`"]`)
		s := f.anonymous(t, "alpha-member", note)
		if len(s.Failures) != 1 || !strings.Contains(s.Failures[0].Message, "object_refs[0]") {
			t.Errorf("%+v", s)
		}
		f.submit(t, "gamma", "indicators", stixText("malware", 1, 0))
		if s = f.anonymous(t, "alpha-member", note); len(s.Successes) != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// Two organisations whose programs write JSON each in its own way are not told
// apart by it.
func TestAnonymousHandIsNotKnown(t *testing.T) {
	f := newFixture(t, nil)
	f.anonymous(t, "alpha-member", stixText("indicator", 1, 0, `"name":"a/ü"`))
	mine := strings.NewReplacer(`,"`, " ,\n  \"", `":`, `" : `, "/", `\/`, "ü", `\u00FC`).Replace(stixText("indicator", 2, 0, `"name":"a/ü"`))
	mine = strings.Replace(mine, `"pattern_type" : "stix"`, `"x_test":1 , "pattern_type" : "stix"`, 1)
	if s := f.anonymous(t, "gamma-member", mine); len(s.Successes) != 1 {
		t.Fatalf("%+v", s)
	}
	texts := f.texts(t, "beta", "indicators", hub.Query{})
	if len(texts) != 2 {
		t.Fatalf("%q", texts)
	}
	for _, text := range texts {
		if !strings.HasPrefix(text, `{"created":"`) || !strings.Contains(text, `"name":"a/ü"`) || strings.Contains(text, `" `) {
			t.Errorf("%q", text)
		}
	}
}

// Nobody makes the id of an address stand for another one.
func TestAnAddressIsWhatItsIdSays(t *testing.T) {
	right := strings.ReplaceAll(observable(), observableID, "domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7")
	wrong := strings.ReplaceAll(right, "example.com", "bank.example")
	for _, name := range []string{"the wrong one first", "the right one first"} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil)
			if strings.HasPrefix(name, "the wrong") {
				f.submit(t, "gamma", "indicators", wrong)
				f.wantTexts(t, "beta", "indicators", hub.Query{}, wrong)
			}
			f.submit(t, "alpha", "indicators", right)
			f.wantTexts(t, "beta", "indicators", hub.Query{}, right)
			f.refuse(t, "gamma", "indicators", "other content", wrong)
			f.submit(t, "beta", "indicators", right)
			f.wantTexts(t, "beta", "indicators", all, right)
			must(t, f.hub.Delete(t.Context(), f.as(t, "alpha"), hub.Community, "indicators", "domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7", hub.VersionMatch{All: true}))
		})
	}
}
