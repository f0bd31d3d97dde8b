package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// noHash is the hash before the first entry.
const noHash = "0000000000000000000000000000000000000000000000000000000000000000"

// maxLine bounds a line in bytes: Detail, and the other fields with every
// character escaped.
const maxLine = 32 << 10

// Anchor is an entry's number and hash. Noted outside the store, it shows later
// that the log up to there is still the same.
type Anchor struct {
	Seq  uint64 `json:"seq"`
	Hash string `json:"hash"`
}

// String writes an anchor as ParseAnchor reads it.
func (a Anchor) String() string { return strconv.FormatUint(a.Seq, 10) + ":" + a.Hash }

// ParseAnchor reads "SEQ:HASH", a number and 64 hexadecimal digits.
func ParseAnchor(s string) (Anchor, error) {
	number, hash, _ := strings.Cut(strings.TrimSpace(s), ":")
	seq, err := strconv.ParseUint(number, 10, 64)
	hash = strings.ToLower(hash)
	if err != nil || !isHash(hash) || seq == 0 && hash != noHash {
		return Anchor{}, fmt.Errorf("audit: %q is no anchor: it reads NUMBER:HASH, as verify prints it", abridge(s))
	}
	return Anchor{Seq: seq, Hash: hash}, nil
}

func abridge(s string) string {
	if len(s) > 100 {
		return s[:100] + "..."
	}
	return s
}

func isHash(s string) bool {
	if len(s) != 2*sha256.Size {
		return false
	}
	return strings.Trim(s, "0123456789abcdef") == ""
}

// clean mends what JSON would change, so that what is returned is what is kept.
func (e Entry) clean() Entry {
	for _, s := range []*string{&e.Actor.ID, &e.Actor.Name, &e.Key, &e.From, &e.Request, &e.Object} {
		*s = strings.ToValidUTF8(*s, "\uFFFD")
	}
	if len(e.Detail) == 0 {
		e.Detail = nil
		return e
	}
	detail := make(map[string]string, len(e.Detail))
	for k, v := range e.Detail {
		detail[strings.ToValidUTF8(k, "\uFFFD")] = strings.ToValidUTF8(v, "\uFFFD")
	}
	e.Detail = detail
	return e
}

// check returns ErrEntry for what must not be written.
func (e Entry) check() error {
	for _, field := range []struct {
		name  string
		value string
		max   int
	}{
		{"id", e.ID, 64}, {"actor's id", e.Actor.ID, 256}, {"actor's name", e.Actor.Name, 512}, {"key", e.Key, 256},
		{"from", e.From, 256}, {"request", e.Request, 256}, {"action", e.Action, 64}, {"object", e.Object, 512},
	} {
		if len(field.value) > field.max {
			return fmt.Errorf("%w: %s of %d bytes; %d are allowed", ErrEntry, field.name, len(field.value), field.max)
		}
	}
	switch e.Actor.Kind {
	case Local, Person, Organisation, Anonymous, System:
	default:
		return fmt.Errorf("%w: %q is no kind of actor", ErrEntry, abridge(string(e.Actor.Kind)))
	}
	if !isPlain(e.ID, "") || e.Time.IsZero() || !e.Time.Equal(e.Time.Truncate(time.Microsecond)) || e.Time.Location() != time.UTC {
		return fmt.Errorf("%w: it was not stamped", ErrEntry)
	}
	if !isPlain(e.Action, ".-") {
		return fmt.Errorf("%w: %q is no action", ErrEntry, e.Action)
	}
	detail, err := json.Marshal(e.Detail)
	if err != nil || len(detail) > MaxDetail {
		return fmt.Errorf("%w: detail of %d bytes; %d are allowed", ErrEntry, len(detail), MaxDetail)
	}
	return nil
}

// isPlain: ASCII letters and digits, and the others that are given.
func isPlain(s, others string) bool {
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(others, r)) {
			return false
		}
	}
	return s != ""
}

// seal sets an entry's hash and returns its line.
func (e *Entry) seal() ([]byte, error) {
	e.Hash = ""
	body, err := encode(*e)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	e.Hash = hex.EncodeToString(sum[:])
	return encode(*e)
}

// encode writes an entry in the only form that it has: one line of JSON, its
// members in the order of the struct, without those that are empty, the names in
// detail in order, nothing escaped for HTML.
func encode(e Entry) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// ParseLine reads an entry as it is kept and exported, and returns ErrBroken if
// it is not in the form in which it was written or its hash is not its own. The
// hash is the SHA-256 of the line without its last member,
//
//	,"hash":"..."
//
// so that another program can check it, too. What it cannot see is a line that
// is whole but not in its place: Verify does.
func ParseLine(line []byte) (Entry, error) {
	e, why := parse(line)
	if why != "" {
		return Entry{}, fmt.Errorf("%w: entry %d: %s", ErrBroken, e.Seq, why)
	}
	return e, nil
}

// parse says why a line is not one that was written, if it is not.
func parse(line []byte) (e Entry, why string) {
	if len(line) > maxLine {
		return Entry{}, fmt.Sprintf("a line of %d bytes", len(line))
	}
	if err := json.Unmarshal(line, &e); err != nil {
		return Entry{}, "a line that is no entry: " + err.Error()
	}
	claimed := e.Hash
	again, err := e.seal()
	switch {
	case err != nil:
		return e, err.Error()
	case e.Hash != claimed:
		return e, "its content does not fit its hash"
	case !bytes.Equal(again, line):
		return e, "it is not written as the log writes"
	}
	if err := e.check(); err != nil {
		return e, err.Error()
	}
	return e, ""
}
