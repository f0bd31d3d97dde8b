package advisories

import (
	"fmt"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// Patterns of tracking ids, unless Settings say otherwise.
const (
	DefaultPatternClear = "A{yy}-{mm}-{seq}"
	DefaultPatternOther = "A{yy}-{mm}-{tlp}{seq}"
)

const seqField = "{seq}"

// maxID is the longest tracking id of ours, in bytes.
const maxID = 60

// numbered bounds how many numbers are passed over that others have taken.
const numbered = 10_000

// labelLetter is how a tracking id names a label.
func labelLetter(m tlp.Marking) string {
	switch m {
	case tlp.Clear:
		return "C"
	case tlp.Green:
		return "G"
	case tlp.Amber:
		return "A"
	case tlp.AmberStrict:
		return "S"
	}
	return "R"
}

// dated fills in all of a pattern but its number.
func dated(pattern string, at time.Time, m tlp.Marking) string {
	at = at.UTC()
	return strings.NewReplacer("{yyyy}", at.Format("2006"), "{yy}", at.Format("06"), "{mm}", at.Format("01"),
		"{dd}", at.Format("02"), "{tlp}", labelLetter(m)).Replace(pattern)
}

// checkPattern returns what is wrong with a pattern, "" for nothing.
func checkPattern(pattern string, clear bool) string {
	rest := pattern
	for _, field := range []string{"{yyyy}", "{yy}", "{mm}", "{dd}", "{tlp}", seqField} {
		rest = strings.ReplaceAll(rest, field, "")
	}
	for _, r := range rest {
		// No more than file names can have (CSAF 5.1): what two ids differ by, their
		// files do, too.
		if !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", r) {
			return fmt.Sprintf("%q is neither a letter, a digit, \"-\" or \"_\" nor a part of {yyyy}, {yy}, {mm}, {dd}, {tlp} or {seq}", r)
		}
	}
	switch {
	case len(pattern) > maxID-20:
		return fmt.Sprintf("longer than %d characters", maxID-20)
	case strings.Count(pattern, seqField) != 1:
		return "{seq} is to be in it once"
	case clear && strings.Contains(pattern, "{tlp}"):
		return "ids of what is TLP:CLEAR have no {tlp}"
	case !clear && !strings.Contains(pattern, "{tlp}"):
		return "{tlp} is to be in it, so that each label has a sequence of its own"
	}
	return ""
}

// number takes the next tracking id for a publication. It is counted in the
// transaction that publishes, so that no number is lost and none given twice; one
// that is taken already, by an import or under another pattern, is passed over.
func number(tx store.Tx, set *Settings, at time.Time, m tlp.Marking) (string, error) {
	id, counter, n, err := nextNumber(tx, set, at, m)
	if err != nil {
		return "", err
	}
	return id, putNumber(tx, []byte(counter), n)
}

// nextNumber is what number takes.
func nextNumber(r store.Reader, set *Settings, at time.Time, m tlp.Marking) (id, counter string, n uint64, err error) {
	pattern := set.PatternOther
	if m == tlp.Clear {
		pattern = set.PatternClear
	}
	pattern = dated(pattern, at, m)
	counter = numberKind + string(m) + "/" + pattern
	if n, err = getNumber(r, []byte(counter)); err != nil {
		return "", "", 0, err
	}
	for range numbered {
		n++
		id = strings.Replace(pattern, seqField, fmt.Sprintf("%02d", n), 1)
		taken, err := isTaken(r, id)
		if err != nil || !taken {
			return id, counter, n, err
		}
	}
	return "", "", 0, fail(Conflict, "the next %d tracking ids after %s are taken: change the pattern in the settings", numbered, id)
}

// isTaken reports whether a tracking id is in use, in any case: by us, or by what
// was imported.
func isTaken(r store.Reader, id string) (bool, error) {
	if taken, err := exists(r, namedKey(nameKind, id)); err != nil || taken {
		return taken, err
	}
	for _, err := range r.Scan(store.Prefix(listedPrefix(libNameKind, id))) {
		return err == nil, err
	}
	return false, nil
}
