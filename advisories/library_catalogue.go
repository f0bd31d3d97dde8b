package advisories

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/internal/store"
)

// Bounds of the catalogues.
const (
	maxKEV  = 50_000
	maxEPSS = 2_000_000
)

// PutKEV replaces the catalogue of known exploited vulnerabilities. Analysts may,
// and whoever fetches for them. An empty one is Invalid: a fault of whoever sent it.
// What is published stays as it is until its next revision.
func (s *Service) PutKEV(ctx context.Context, c *Caller, entries []KEVEntry) error {
	if err := analyst(c); err != nil {
		return err
	}
	if len(entries) == 0 || len(entries) > maxKEV {
		return fail(Invalid, "a catalogue of 1 to %d vulnerabilities was expected", maxKEV)
	}
	wanted := map[string][]byte{}
	for i := range entries {
		name := strings.ToUpper(entries[i].CVE)
		if _, _, ok := readCVE(name); !ok {
			return fail(Invalid, "entry %d: %q is no CVE id", i, cut(name, 40))
		}
		b, err := json.Marshal(entries[i])
		if err != nil {
			return &Error{Code: Invalid, Message: name + " cannot be kept as it is", Err: err}
		}
		wanted[kevKind+name] = b
	}
	_, err := s.change(ctx, c, "advisory.kev", func(x *change) error {
		left := map[string]bool{}
		for name := range wanted {
			left[name] = true
		}
		added, changed, removed := 0, 0, 0
		for e, err := range x.tx.Scan(store.Prefix([]byte(kevKind))) {
			if err != nil {
				return err
			}
			name := string(e.Key)
			switch b, ok := wanted[name]; {
			case !ok:
				removed++
				err = x.tx.Delete([]byte(name))
			case !bytes.Equal(b, e.Value):
				changed++
				err = x.tx.Put([]byte(name), b)
			}
			if err != nil {
				return err
			}
			delete(left, name)
		}
		for name := range left {
			added++
			if err := x.tx.Put([]byte(name), wanted[name]); err != nil {
				return err
			}
		}
		if added+changed+removed == 0 {
			return errUnchanged
		}
		x.entry.Detail = map[string]string{"added": strconv.Itoa(added), "changed": strconv.Itoa(changed), "removed": strconv.Itoa(removed)}
		return nil
	})
	return err
}

// epssSize is a row in the store: the number of the CVE id, score and percentile in
// thousand millionths, 4 bytes each. A year's rows are one value, sorted.
const epssSize = 12

const epssUnit = 1e9

// PutEPSS replaces FIRST's estimates, likewise. The date of the catalogue is that of
// its first row.
func (s *Service) PutEPSS(ctx context.Context, c *Caller, rows []EPSSRow) error {
	if err := analyst(c); err != nil {
		return err
	}
	if len(rows) == 0 || len(rows) > maxEPSS {
		return fail(Invalid, "a catalogue of 1 to %d vulnerabilities was expected", maxEPSS)
	}
	years := map[string][][epssSize]byte{}
	for i := range rows {
		row := &rows[i]
		year, number, ok := readCVE(strings.ToUpper(row.CVE))
		if !ok || !(row.Score >= 0 && row.Score <= 1 && row.Percentile >= 0 && row.Percentile <= 1) {
			return fail(Invalid, "row %d: %q with two numbers from 0 to 1 was expected", i, cut(row.CVE, 40))
		}
		var b [epssSize]byte
		binary.BigEndian.PutUint32(b[:], number)
		binary.BigEndian.PutUint32(b[4:], uint32(math.Round(row.Score*epssUnit)))
		binary.BigEndian.PutUint32(b[8:], uint32(math.Round(row.Percentile*epssUnit)))
		years[epssKind+year] = append(years[epssKind+year], b)
	}
	packed := map[string][]byte{}
	for name, list := range years {
		slices.SortFunc(list, func(a, b [epssSize]byte) int { return bytes.Compare(a[:], b[:]) })
		for _, b := range list {
			packed[name] = append(packed[name], b[:]...)
		}
	}
	date := rows[0].Date
	_, err := s.change(ctx, c, "advisory.epss", func(x *change) error {
		var gone []string
		for e, err := range x.tx.Scan(store.Prefix([]byte(epssKind))) {
			if err != nil {
				return err
			}
			if _, ok := packed[string(e.Key)]; !ok {
				gone = append(gone, string(e.Key))
			}
		}
		old, err := epssDate(x.tx)
		if err != nil {
			return err
		}
		unchanged := len(gone) == 0 && old.Equal(date)
		for name, b := range packed {
			kept, err := x.tx.Get([]byte(name))
			if err == nil && bytes.Equal(kept, b) {
				continue
			}
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			unchanged = false
			if err := x.tx.Put([]byte(name), b); err != nil {
				return err
			}
		}
		if unchanged {
			return errUnchanged
		}
		for _, name := range gone {
			if err := x.tx.Delete([]byte(name)); err != nil {
				return err
			}
		}
		x.entry.Detail = map[string]string{"rows": strconv.Itoa(len(rows)), "date": date.Format(time.DateOnly)}
		return putRecord(x.tx, []byte(epssDateKey), date)
	})
	return err
}

func epssDate(r store.Reader) (time.Time, error) {
	at, err := getRecord[time.Time](r, []byte(epssDateKey))
	if errors.Is(err, store.ErrNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	return *at, nil
}

// readCVE reads "CVE-2026-12345".
func readCVE(text string) (year string, number uint32, ok bool) {
	rest, ok := strings.CutPrefix(text, "CVE-")
	if !ok || len(rest) < 5+4 || rest[4] != '-' {
		return "", 0, false
	}
	if _, err := strconv.ParseUint(rest[:4], 10, 16); err != nil {
		return "", 0, false
	}
	n, err := strconv.ParseUint(rest[5:], 10, 32)
	return rest[:4], uint32(n), err == nil
}

// Known is what the catalogues say of a vulnerability.
type Known struct {
	KEV  *KEVEntry `json:"kev,omitempty"`
	EPSS *EPSS     `json:"epss,omitempty"`
}

// maxKnown is how many vulnerabilities are looked up at once.
const maxKnown = 10_000

// Exploited looks vulnerabilities up in the catalogues. The answer is by CVE id in
// capitals, without those that no catalogue has. More than 10,000 are TooLarge.
func (s *Service) Exploited(ctx context.Context, cves []string) (map[string]Known, error) {
	if len(cves) > maxKnown {
		return nil, fail(TooLarge, "at most %d vulnerabilities at once", maxKnown)
	}
	var found map[string]Known
	err := s.read(ctx, func(_, r store.Reader) error {
		found = map[string]Known{}
		date, err := epssDate(r)
		if err != nil {
			return err
		}
		for _, cve := range cves {
			cve = strings.ToUpper(cve)
			k, err := known(r, cve, date)
			if err != nil {
				return err
			}
			if k.KEV != nil || k.EPSS != nil {
				found[cve] = k
			}
		}
		return nil
	})
	return found, err
}

func known(r store.Reader, cve string, date time.Time) (k Known, err error) {
	year, number, ok := readCVE(cve)
	if !ok {
		return k, nil
	}
	if k.KEV, err = getRecord[KEVEntry](r, []byte(kevKind+cve)); err != nil && !errors.Is(err, store.ErrNotFound) {
		return k, err
	}
	rows, err := r.Get([]byte(epssKind + year))
	if errors.Is(err, store.ErrNotFound) {
		return k, nil
	}
	if err != nil {
		return k, fmt.Errorf("advisories: epss: %w", err)
	}
	low, high := 0, len(rows)/epssSize
	for low < high {
		mid := (low + high) / 2
		row := rows[mid*epssSize:]
		switch n := binary.BigEndian.Uint32(row); {
		case n < number:
			low = mid + 1
		case n > number:
			high = mid
		default:
			k.EPSS = &EPSS{
				Score: float64(binary.BigEndian.Uint32(row[4:])) / epssUnit, Percentile: float64(binary.BigEndian.Uint32(row[8:])) / epssUnit,
				Date: date,
			}
			return k, nil
		}
	}
	return k, nil
}

// Enrich fills in from the catalogues what an advisory leaves out: whether its
// vulnerabilities are exploited, and how likely that is. Publish does it by itself.
func (s *Service) Enrich(ctx context.Context, a *Advisory) error {
	return s.read(ctx, func(_, r store.Reader) error { return enrich(r, a) })
}

// enrich changes no memory but a's own: the list of vulnerabilities is copied first.
func enrich(r store.Reader, a *Advisory) error {
	date, err := epssDate(r)
	if err != nil {
		return err
	}
	a.Vulnerabilities = slices.Clone(a.Vulnerabilities)
	for i := range a.Vulnerabilities {
		v := &a.Vulnerabilities[i]
		if v.Exploited != nil && v.EPSS != nil {
			continue
		}
		k, err := known(r, strings.ToUpper(v.CVE), date)
		if err != nil {
			return err
		}
		if v.Exploited == nil && k.KEV != nil {
			v.Exploited = k.KEV.Exploitation()
		}
		if v.EPSS == nil {
			v.EPSS = k.EPSS
		}
	}
	return nil
}
