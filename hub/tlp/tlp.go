// Package tlp says who may read what. It holds the hub's one policy: the Marking
// of an object, the Audience that follows from its markings, the Reader who asks,
// and May, which every read and every write asks. TAXII, the API, the portal,
// search, counts, exports and the change feed filter by it and by nothing else.
//
// The labels are those of the Traffic Light Protocol 2.0 of FIRST
// (https://www.first.org/tlp/), in its words and in what the hub makes of them:
//
//   - TLP:RED: "for the eyes and ears of individual recipients only, no further
//     disclosure". The named people read it, each as themselves: at their sign-in
//     or with their own key. A key of an organisation never does.
//   - TLP:AMBER: "limited disclosure, recipients can only spread this on a
//     need-to-know basis within their organization and its clients". The named
//     organisations and their clients read it.
//   - TLP:AMBER+STRICT "restricts sharing to the organization only". The named
//     organisations read it.
//   - TLP:GREEN: "limited disclosure, recipients can spread this within their
//     community". The members read it.
//   - TLP:CLEAR: "recipients can spread this to the world, there is no limit on
//     disclosure". Everybody reads it, without signing in too.
//
// TLP 1 named CLEAR "WHITE"; its four labels arrive still and mean the same.
//
// A right to administer, moderate or write is no right to read: Reader has no
// role. A write that names an object (a new version, a deletion, a relationship)
// asks May first, and answers as if the object were not there where it says no:
// else a conflict would tell of it. Records that only administrators open, such
// as that of an anonymous sender, are not objects and not subject to this policy.
//
// tlp is a leaf: any room may import it, and it imports none.
package tlp

import (
	"fmt"
	"slices"
	"strings"
)

// Marking is what one data marking says about readers: a TLP label, Statement or
// Unknown. Its text is what an audience is stored with, and for a label also the
// value of the property tlp_2_0. Any other text counts as Unknown.
type Marking string

// The markings. The five labels of TLP come first, from the widest on.
const (
	Clear       Marking = "clear"
	Green       Marking = "green"
	Amber       Marking = "amber"
	AmberStrict Marking = "amber+strict"
	Red         Marking = "red"

	// Unknown is a marking that the hub cannot read. It is as strict as Red, since
	// nothing stricter can be served at all.
	Unknown Marking = "unknown"

	// Statement is a statement marking, such as a copyright or terms of use (STIX
	// 2.1, 7.2.1.3). It tells readers what they may do and bars none of them; an
	// object that has no other marking counts as unmarked.
	Statement Marking = "statement"
)

// Extension is the id of the extension definition "TLP 2.0", by which STIX 2.1
// carries these labels (OASIS, cti-stix-common-objects; STIX 2.1, 7.3): the
// property tlp_2_0 of that extension of a marking definition holds the label.
const Extension = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"

// The marking definitions of TLP 2.0. No others may stand for its labels.
const (
	ClearID       = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"
	GreenID       = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"
	AmberID       = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"
	AmberStrictID = "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"
	RedID         = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"
)

// The marking definitions of TLP 1. STIX 2.1, 7.2.1.4, fixes their ids and
// forbids any other instance of them.
const (
	WhiteTLP1ID = "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9"
	GreenTLP1ID = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"
	AmberTLP1ID = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"
	RedTLP1ID   = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"
)

// Labels returns the five labels of TLP 2.0, from the widest to the strictest.
func Labels() []Marking {
	return []Marking{Clear, Green, Amber, AmberStrict, Red}
}

// ID returns the id of the TLP 2.0 marking definition of a label, to mark what
// the hub writes itself, and "" for what is no label.
func (m Marking) ID() string {
	switch m {
	case Clear:
		return ClearID
	case Green:
		return GreenID
	case Amber:
		return AmberID
	case AmberStrict:
		return AmberStrictID
	case Red:
		return RedID
	default:
		return ""
	}
}

// String returns a label as FIRST writes it, such as "TLP:AMBER+STRICT", and any
// other marking's text.
func (m Marking) String() string {
	if m.ID() == "" {
		return string(m)
	}
	return "TLP:" + strings.ToUpper(string(m))
}

// Parse reads a label as people write it: with or without "TLP:", in any case,
// "WHITE" for CLEAR. Spaces around it are allowed, within it they are not (FIRST,
// TLP 2.0, 1b). The error names the labels that there are.
func Parse(text string) (Marking, error) {
	name := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(text)), "tlp:")
	if name == "white" {
		return Clear, nil
	}
	if m := Marking(name); slices.Contains(Labels(), m) {
		return m, nil
	}
	return Unknown, fmt.Errorf("%.40q is no TLP label; the labels are %s, %s, %s, %s and %s", text, Clear, Green, Amber, AmberStrict, Red)
}
