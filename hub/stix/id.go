package stix

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
)

const maxType = 250 // characters of a type's name (STIX 2.1, 3.1 and 11.2)

// ParseID takes an identifier apart (STIX 2.1, 2.9): a type's name, "--" and a UUID
// with its hyphens. Which version of UUID it is is for Validate.
func ParseID(text string) (typ string, id uuid.UUID, err error) {
	typ, rest, found := strings.Cut(text, "--")
	if !found {
		return "", uuid.Nil, fmt.Errorf("identifier %.80q: a type, two hyphens and a UUID were expected", text)
	}
	if !isTypeName(typ) {
		return "", uuid.Nil, fmt.Errorf("identifier %.80q: a type has up to %d of a-z, 0-9 and hyphens", text, maxType)
	}
	if !isUUID(rest) {
		return "", uuid.Nil, fmt.Errorf("identifier %.80q: what follows the type is not a UUID", text)
	}
	if id, err = uuid.Parse(rest); err != nil {
		return "", uuid.Nil, fmt.Errorf("identifier %.80q: %w", text, err)
	}
	return typ, id, nil
}

// IsID reports whether ParseID would read the text.
func IsID(text string) bool {
	typ, rest, found := strings.Cut(text, "--")
	return found && isTypeName(typ) && isUUID(rest)
}

func isTypeName(s string) bool {
	if s == "" || len(s) > maxType {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// isUUID reports whether s is a UUID in its only form here: uuid.Parse knows more.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case !isHexDigit(c):
			return false
		}
	}
	return true
}

func isHexDigit(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// NewID is a new random identifier of this type (STIX 2.1, 2.9).
func NewID(typ string) string { return typ + "--" + uuid.NewString() }
