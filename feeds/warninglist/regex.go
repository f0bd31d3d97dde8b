package warninglist

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"strings"
)

// MaxCost is what the regular expressions of a list, and of a Set, may cost in all,
// in about the instructions of their programs: every byte of a value may pass all
// of them. One expression may cost a twentieth.
const MaxCost = 50_000

// compile translates a regular expression as PHP's preg_match takes it. The reason
// is "" if Go can take it, too: RE2 has no assertions and no back references, and
// its time is linear in the value.
func compile(entry string) (e expression, reason string) {
	if len(entry) > MaxRegex {
		return e, "a regular expression that is too long"
	}
	text, err := translate(entry)
	if err != nil {
		return e, err.Error()
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return e, "not for this engine: " + err.Error()
	}
	if e.cost = cost(tree); e.cost > MaxCost/20 {
		return e, "a regular expression that costs too much"
	}
	if e.re, err = regexp.Compile(text); err != nil {
		return e, "not for this engine: " + err.Error()
	}
	return e, ""
}

// translate takes the delimiters off and writes the modifiers as Go does.
func translate(entry string) (string, error) {
	entry = strings.TrimLeft(entry, " \t\r\n\v\f")
	if entry == "" {
		return "", errors.New("empty")
	}
	end := entry[0]
	switch {
	case end >= '0' && end <= '9' || end >= 'a' && end <= 'z' || end >= 'A' && end <= 'Z' || end == '\\' || end >= 0x80 || end < ' ':
		return "", errors.New("a regular expression without delimiters")
	case end == '(':
		end = ')'
	case end == '[':
		end = ']'
	case end == '{':
		end = '}'
	case end == '<':
		end = '>'
	}
	at := strings.LastIndexByte(entry, end)
	if at <= 0 {
		return "", errors.New("a regular expression without its last delimiter")
	}
	text, flags, anchored := entry[1:at], "", false
	if text == "" {
		return "", errors.New("empty")
	}
	for _, modifier := range []byte(entry[at+1:]) {
		switch modifier {
		case 'i', 'm', 's', 'U':
			flags += string(modifier)
		case 'A':
			anchored = true
		case 'D', 'S', 'u', '\n', '\r', ' ': // nothing to do: keys have no line ends and are UTF-8
		default:
			return "", errors.New("a regular expression with a modifier that is not known here")
		}
	}
	if flags != "" {
		text = "(?" + flags + ")" + text
	}
	if anchored {
		text = `\A(?:` + text + ")"
	}
	return text, nil
}

// cost is about how many instructions an expression has once its repetitions are
// written out, so that none that is too large is ever compiled.
func cost(tree *syntax.Regexp) int {
	sum := 1 + len(tree.Rune)/8
	if tree.Op == syntax.OpLiteral {
		sum = 1 + len(tree.Rune)
	}
	for _, sub := range tree.Sub {
		sum += cost(sub)
	}
	if tree.Op == syntax.OpRepeat {
		sum *= max(tree.Min, tree.Max, 1)
	}
	return min(sum, MaxCost)
}
