package sources

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
)

// KEVList is CISA's catalogue of known exploited vulnerabilities.
type KEVList struct {
	Version  string // "2026.11.20"
	Released time.Time
	Entries  []advisories.KEVEntry // sorted by CVE
}

const (
	maxKEV     = 16 << 20 // bytes; the catalogue of 2026 has 2 MB
	maxEntries = 50_000
	maxText    = 10_000 // bytes of one text of the catalogue
)

// ParseKEV reads the catalogue as CISA publishes it in JSON. An entry that is no
// good is left out, with a warning; a catalogue without any is an error, because
// it would take the place of a good one.
func ParseKEV(data []byte) (KEVList, []string, error) {
	if len(data) > maxKEV {
		return KEVList{}, nil, fmt.Errorf("the catalogue is larger than %d bytes", maxKEV)
	}
	if _, err := tree(data); err != nil {
		return KEVList{}, nil, fmt.Errorf("read the catalogue: %w", err)
	}
	var c struct {
		CatalogVersion  string            `json:"catalogVersion"`
		DateReleased    string            `json:"dateReleased"`
		Count           *int              `json:"count"`
		Vulnerabilities []json.RawMessage `json:"vulnerabilities"`
	}
	if err := json.Unmarshal(withoutMark(data), &c); err != nil {
		return KEVList{}, nil, fmt.Errorf("read the catalogue: %w", err)
	}
	if len(c.Vulnerabilities) > maxEntries {
		return KEVList{}, nil, fmt.Errorf("the catalogue has more than %d entries", maxEntries)
	}
	var warnings notes
	list := KEVList{Version: clip(c.CatalogVersion, 100)}
	var err error
	if list.Released, err = time.Parse(time.RFC3339, c.DateReleased); err != nil {
		warnings.add("the catalogue does not say when it was released")
	}
	list.Released = list.Released.UTC()
	seen := map[string]bool{}
	for i, raw := range c.Vulnerabilities {
		e, err := entryOf(raw)
		switch {
		case err != nil:
			warnings.add("vulnerabilities[%d]: %v", i, err)
		case seen[e.CVE]:
			warnings.add("vulnerabilities[%d]: %s stands there twice", i, e.CVE)
		default:
			seen[e.CVE] = true
			list.Entries = append(list.Entries, e)
		}
	}
	if len(list.Entries) == 0 {
		return KEVList{}, warnings, errors.New("there is not one good entry in the catalogue")
	}
	if c.Count != nil && *c.Count != len(c.Vulnerabilities) {
		warnings.add("the catalogue says that it has %d entries and has %d", *c.Count, len(c.Vulnerabilities))
	}
	slices.SortFunc(list.Entries, func(a, b advisories.KEVEntry) int { return strings.Compare(a.CVE, b.CVE) })
	return list, warnings, nil
}

func entryOf(raw []byte) (advisories.KEVEntry, error) {
	var v struct {
		CVE        string   `json:"cveID"`
		Vendor     string   `json:"vendorProject"`
		Product    string   `json:"product"`
		Name       string   `json:"vulnerabilityName"`
		Added      string   `json:"dateAdded"`
		About      string   `json:"shortDescription"`
		Action     string   `json:"requiredAction"`
		Due        string   `json:"dueDate"`
		Ransomware string   `json:"knownRansomwareCampaignUse"`
		Notes      string   `json:"notes"`
		CWE        []string `json:"cwes"`
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return advisories.KEVEntry{}, errors.New("it is not an entry of the catalogue")
	}
	if !isCVE(v.CVE) {
		return advisories.KEVEntry{}, fmt.Errorf("%.40q is not a CVE id", v.CVE)
	}
	e := advisories.KEVEntry{
		CVE: v.CVE, Vendor: clip(v.Vendor, maxText), Product: clip(v.Product, maxText), Name: clip(v.Name, maxText), About: clip(v.About, maxText),
		Action: clip(v.Action, maxText), Notes: clip(v.Notes, maxText), Ransomware: strings.EqualFold(v.Ransomware, "known"),
	}
	var err error
	if e.Added, err = time.Parse(time.DateOnly, v.Added); err != nil {
		return advisories.KEVEntry{}, fmt.Errorf("%s: dateAdded is no date", v.CVE)
	}
	if v.Due != "" {
		if e.Due, err = time.Parse(time.DateOnly, v.Due); err != nil {
			return advisories.KEVEntry{}, fmt.Errorf("%s: dueDate is no date", v.CVE)
		}
	}
	for _, w := range v.CWE[:min(len(v.CWE), 20)] {
		if number, ok := strings.CutPrefix(w, "CWE-"); ok && digits(number, 1, 6) {
			e.CWE = append(e.CWE, w)
		}
	}
	slices.Sort(e.CWE)
	e.CWE = slices.Compact(e.CWE)
	return e, nil
}

// isCVE reports whether s is a CVE id: CVE-2026-12345.
func isCVE(s string) bool {
	rest, ok := strings.CutPrefix(s, "CVE-")
	year, number, cut := strings.Cut(rest, "-")
	return ok && cut && digits(year, 4, 4) && digits(number, 4, 19)
}

func digits(s string, least, most int) bool {
	return len(s) >= least && len(s) <= most && strings.Trim(s, "0123456789") == ""
}

// notes are warnings of a parser, as many as are worth reading.
type notes []string

func (n *notes) add(format string, args ...any) {
	if len(*n) < maxNotes {
		*n = append(*n, clip(fmt.Sprintf(format, args...), maxDetail))
	}
}
