package stix

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/TcM1911/stix2"
)

// Author writes the objects that a program makes itself. Identifiers are new and
// random unless Common has one.
type Author struct {
	CreatedBy string           // created_by_ref, an identity; "" where nobody is named
	Markings  []string         // object_marking_refs
	Now       func() time.Time // nil for time.Now
}

// Authored is what an Author writes: Identity, Indicator, Note, Opinion,
// Relationship or Sighting.
type Authored interface {
	// authored builds the object and sets what the library leaves out or cuts.
	authored(set properties, now time.Time) (stix2.STIXObject, error)
}

// Common are the common properties (STIX 2.1, 3.2) that an author chooses.
type Common struct {
	ID         string    // "" for a new object; of a new version that of the first
	Created    time.Time // zero for now; of a new version that of the first
	Revoked    bool
	Confidence *int // 0 to 100
	Labels     []string
	Lang       string // RFC 5646, such as "en"
	References []ExternalReference
}

// ExternalReference is a reference to what is not STIX (STIX 2.1, 2.5): a
// SourceName and at least one of the others.
type ExternalReference struct {
	SourceName  string `json:"source_name"`
	Description string `json:"description,omitempty"`
	URL         string `json:"url,omitempty"`
	ExternalID  string `json:"external_id,omitempty"`
}

// Identity is a person, an organisation or a group of them (STIX 2.1, 4.5).
type Identity struct {
	Common
	Name, Description, Contact string
	Class                      string // of identity-class-ov, such as "organization"
	Sectors                    []string
}

// Indicator is a pattern that tells of something (STIX 2.1, 4.7).
type Indicator struct {
	Common
	Name, Description     string
	Types                 []string // of indicator-type-ov, such as "malicious-activity"
	Pattern               string
	PatternType           string    // "" for "stix"
	ValidFrom, ValidUntil time.Time // zero for now, and for no end
}

// Note is a text about objects (STIX 2.1, 4.13).
type Note struct {
	Common
	Abstract, Content string
	Authors           []string
	Objects           []string // identifiers
}

// Opinion says how far its author agrees with objects (STIX 2.1, 4.15).
type Opinion struct {
	Common
	Opinion     string // of opinion-enum: "strongly-disagree" to "strongly-agree"
	Explanation string
	Authors     []string
	Objects     []string // identifiers
}

// Relationship links two objects (STIX 2.1, 5.1).
type Relationship struct {
	Common
	Type, Description string
	Source, Target    string // identifiers
	Start, Stop       time.Time
}

// Sighting says that something was seen (STIX 2.1, 5.2).
type Sighting struct {
	Common
	Of                  string // identifier of what was seen
	Description         string
	FirstSeen, LastSeen time.Time
	Count               *int     // 0 says that it was looked for and not seen
	Where               []string // identities and locations
	ObservedData        []string
	Summary             bool
}

// Write writes one object, created and modified at the time of Now, to the
// millisecond (STIX 2.1, 3.2); other times have microseconds. What Validate finds
// an error in is not written: the error names the property.
func (a Author) Write(o Authored) ([]byte, error) {
	if a.Now == nil {
		a.Now = time.Now
	}
	now := a.Now().Truncate(time.Millisecond)
	set := properties{"revoked": ""}
	set.time("created", now)
	set.time("modified", now)
	object, err := o.authored(set, now)
	if errors.Is(err, stix2.ErrPropertyMissing) { // its text is of another case
		return nil, fmt.Errorf("author a STIX object: %T: a required property is missing", o)
	}
	if err != nil {
		return nil, fmt.Errorf("author a STIX object: %w", err)
	}
	set.text("created_by_ref", a.CreatedBy)
	set.json("object_marking_refs", a.Markings, len(a.Markings))
	// The library refuses the markings of TLP 2.0, cuts microseconds and leaves
	// out numbers that are 0: what it does not write right is set in its text.
	data, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("author a STIX object: %w", err)
	}
	var p Parser
	v, err := p.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("author a STIX object: %w", err)
	}
	data = Edit(v, nil, set)
	if v, err = p.Parse(data); err != nil {
		return nil, fmt.Errorf("author a STIX object: %w", err)
	}
	if problems := Validate(v); HasErrors(problems) {
		return nil, fmt.Errorf("author a STIX object: %s", problems[0])
	}
	return data, nil
}

// properties are members to set, as JSON texts; "" removes.
type properties map[string]string

func (set properties) text(name, text string) {
	set[name] = ""
	if text != "" {
		set[name] = string(appendString(nil, text))
	}
}

func (set properties) time(name string, t time.Time) {
	set[name] = ""
	if !t.IsZero() {
		set.text(name, FormatTimestamp(t))
	}
}

// json sets a list that has some elements.
func (set properties) json(name string, list any, length int) {
	set[name] = ""
	if data, err := json.Marshal(list); err == nil && length > 0 {
		set[name] = string(data)
	}
}

func (c Common) set(set properties) {
	if c.ID != "" {
		set.text("id", c.ID)
	}
	if !c.Created.IsZero() {
		set.time("created", c.Created.Truncate(time.Millisecond))
	}
	if c.Revoked {
		set["revoked"] = "true"
	}
	if c.Confidence != nil {
		set["confidence"] = strconv.Itoa(*c.Confidence)
	}
	set.text("lang", c.Lang)
	set.json("labels", c.Labels, len(c.Labels))
	set.json("external_references", c.References, len(c.References))
}

func (o Identity) authored(set properties, _ time.Time) (stix2.STIXObject, error) {
	o.set(set)
	return stix2.NewIdentity(o.Name, stix2.OptionClass(o.Class), stix2.OptionDescription(o.Description),
		stix2.OptionSectors(o.Sectors), stix2.OptionContactInformation(o.Contact))
}

func (o Indicator) authored(set properties, now time.Time) (stix2.STIXObject, error) {
	o.set(set)
	if o.ValidFrom.IsZero() {
		o.ValidFrom = now
	}
	set.time("valid_from", o.ValidFrom)
	set.time("valid_until", o.ValidUntil)
	if o.PatternType == "" {
		o.PatternType = "stix"
	}
	return stix2.NewIndicator(o.Pattern, o.PatternType, &stix2.Timestamp{Time: o.ValidFrom}, stix2.OptionName(o.Name),
		stix2.OptionDescription(o.Description), stix2.OptionTypes(o.Types))
}

func (o Note) authored(set properties, _ time.Time) (stix2.STIXObject, error) {
	o.set(set)
	return stix2.NewNote(o.Content, refersTo(o.Objects), stix2.OptionAbstract(o.Abstract), stix2.OptionAuthors(o.Authors))
}

func (o Opinion) authored(set properties, _ time.Time) (stix2.STIXObject, error) {
	o.set(set)
	set.text("opinion", o.Opinion)
	return stix2.NewOpinion(stix2.OpinionNeutral, refersTo(o.Objects), stix2.OptionExplanation(o.Explanation), stix2.OptionAuthors(o.Authors))
}

func (o Relationship) authored(set properties, _ time.Time) (stix2.STIXObject, error) {
	o.set(set)
	set.time("start_time", o.Start)
	set.time("stop_time", o.Stop)
	return stix2.NewRelationship(stix2.RelationshipType(o.Type), stix2.Identifier(o.Source), stix2.Identifier(o.Target), stix2.OptionDescription(o.Description))
}

func (o Sighting) authored(set properties, _ time.Time) (stix2.STIXObject, error) {
	o.set(set)
	set.time("first_seen", o.FirstSeen)
	set.time("last_seen", o.LastSeen)
	set["summary"] = ""
	if o.Summary {
		set["summary"] = "true"
	}
	if o.Count != nil {
		set["count"] = strconv.Itoa(*o.Count)
	}
	set.json("where_sighted_refs", o.Where, len(o.Where))
	set.json("observed_data_refs", o.ObservedData, len(o.ObservedData))
	return stix2.NewSighting(stix2.Identifier(o.Of), stix2.OptionDescription(o.Description))
}

func refersTo(texts []string) []stix2.Identifier {
	ids := make([]stix2.Identifier, len(texts))
	for i, text := range texts {
		ids[i] = stix2.Identifier(text)
	}
	return ids
}
