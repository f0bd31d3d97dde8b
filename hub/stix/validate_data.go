package stix

import (
	"math"
	"strconv"
	"strings"
)

// The checks of the common data types (STIX 2.1, 2).

// maxInteger is the largest integer of 2.10, and its negative the smallest.
const maxInteger = 1<<53 - 1

func isString(c *checker, v Value) {
	if v.Kind() != String {
		c.fail("2.15", "must be a string, and is %s", shown(v))
	}
}

func isBoolean(c *checker, v Value) {
	if v.Kind() != Boolean {
		c.fail("2.2", "must be true or false, and is %s", shown(v))
	}
}

// isInteger is the check of a whole number between two bounds, which are included.
func isInteger(least, most int64) check {
	return func(c *checker, v Value) {
		n, ok := integer(v)
		switch {
		case !ok:
			c.fail("2.10", "must be a whole number of at most 53 bits, and is %s", shown(v))
		case n < least || n > most:
			c.fail(c.clause, "must be a number from %d to %d, and is %s", least, most, shown(v))
		}
	}
}

// anyInteger and count are the ranges that most integers have.
func anyInteger() check { return isInteger(-maxInteger, maxInteger) }
func count() check      { return isInteger(0, maxInteger) }

// integer is a number's value, if it is whole. 8.0 and 1e3 are whole too.
func integer(v Value) (int64, bool) {
	if v.Kind() != Number {
		return 0, false
	}
	raw := string(v.Raw())
	n, err := strconv.ParseInt(raw, 10, 64)
	if err != nil {
		f, err := strconv.ParseFloat(raw, 64)
		if err != nil || f != math.Trunc(f) || math.Abs(f) > maxInteger {
			return 0, false
		}
		n = int64(f)
	}
	return n, n >= -maxInteger && n <= maxInteger
}

// isFloat is the check of a number between two bounds, which are included.
func isFloat(least, most float64) check {
	return func(c *checker, v Value) {
		if v.Kind() != Number {
			c.fail("2.6", "must be a number, and is %s", shown(v))
			return
		}
		f, err := strconv.ParseFloat(string(v.Raw()), 64)
		switch {
		case err != nil:
			c.fail("2.6", "must be a number of double precision, and is %s", shown(v))
		case f < least || f > most:
			c.fail(c.clause, "must be a number from %g to %g, and is %s", least, most, shown(v))
		}
	}
}

func anyFloat() check { return isFloat(-math.MaxFloat64, math.MaxFloat64) }

func isTimestamp(c *checker, v Value) {
	if _, err := ParseTimestamp(v.Text()); err != nil {
		c.fail("2.16", "must be a timestamp in UTC such as 2016-01-20T12:31:12.123Z, with at most nine digits behind the point, and is %s", shown(v))
	}
}

// isVersionTime is the check of created and modified, which have three digits of a
// second or more (3.2).
func isVersionTime(c *checker, v Value) {
	isTimestamp(c, v)
	text := v.Text()
	if _, err := ParseTimestamp(text); err != nil {
		return
	}
	if i := strings.IndexByte(text, '.'); i < 0 || len(text)-i-2 < 3 {
		c.fail("3.2", "must have milliseconds: three digits behind the seconds, such as 2016-01-20T12:31:12.000Z")
	}
}

// isHexadecimal is the check of hexadecimal text (2.8).
func isHexadecimal(c *checker, v Value) {
	text := v.Text()
	switch {
	case v.Kind() != String:
		c.fail("2.8", "must be a string of hexadecimal digits, and is %s", shown(v))
	case len(text)%2 != 0 || !only(text, func(b byte) bool { return b >= '0' && b <= '9' || b >= 'a' && b <= 'f' }):
		c.fail("2.8", "must be an even number of digits from 0 to 9 and a to f, and is %s", shown(v))
	}
}

// isBinary is the check of base64 text (2.1; RFC 4648, 4).
func isBinary(c *checker, v Value) {
	if v.Kind() != String {
		c.fail("2.1", "must be a string in base64, and is %s", shown(v))
		return
	}
	text := v.Text()
	body := strings.TrimSuffix(strings.TrimSuffix(text, "="), "=")
	if len(text)%4 != 0 || !only(body, func(b byte) bool { return isAlphanumeric(b) || b == '+' || b == '/' }) {
		c.fail("2.1", "must be base64 with its padding and without line breaks, and is %s", shown(v))
	}
}

// isLanguage is the check of a language code.
func isLanguage(c *checker, v Value) {
	switch {
	case v.Kind() != String:
		isString(c, v)
	case !language(v.Text()):
		c.fail(c.clause, "must be a language code of RFC 5646 such as en or zh-TW, and is %s", shown(v))
	}
}

// language reports whether a text has the form of a language code (RFC 5646,
// 2.1): subtags of at most eight letters and digits, the first of them letters.
func language(text string) bool {
	if len(text) > 100 {
		return false
	}
	for i, tag := range strings.Split(text, "-") {
		if tag == "" || len(tag) > 8 || !only(tag, isAlphanumeric) {
			return false
		}
		private := tag == "x" || tag == "X" || tag == "i" || tag == "I"
		if i == 0 && (!only(tag, isLetter) || len(tag) < 2 && (!private || len(text) < 3)) {
			return false
		}
	}
	return true
}

// listOf is the check of a list (2.12), each of whose elements is checked.
func listOf(element check) check {
	return func(c *checker, v Value) {
		switch {
		case v.Kind() != List:
			c.fail("2.12", "must be a list, and is %s", shown(v))
			return
		case v.Len() == 0:
			c.fail("2.12", "must not be an empty list: leave the property out")
			return
		}
		i := 0
		for e := range v.Elements() {
			c.enterIndex(i)
			element(c, e)
			c.leave()
			i++
		}
	}
}

// dictionaryOf is the check of a dictionary (2.3), each of whose values is checked.
func dictionaryOf(value check) check {
	return func(c *checker, v Value) {
		switch {
		case v.Kind() != Object:
			c.fail("2.3", "must be a dictionary, and is %s", shown(v))
			return
		case v.Len() == 0:
			c.fail("2.3", "must not be an empty dictionary: leave the property out")
			return
		}
		for key, e := range v.Members() {
			c.enter(key)
			if len(key) < 1 || len(key) > 250 || !only(key, isKeyCharacter) {
				c.fail("2.3", "is no key of a dictionary: they have 1 to 250 letters of ASCII, digits, hyphens and underscores")
			}
			value(c, e)
			c.leave()
		}
	}
}

// isAnything is the check of a dictionary's values where they may be of any type.
func isAnything(c *checker, v Value) {
	if v.Kind() == Null {
		c.fail("2.3", "must have a value, and is null")
	}
}

// isIntegerOrString is the check of values of EXIF tags and IPFIX elements.
func isIntegerOrString(c *checker, v Value) {
	if _, ok := integer(v); !ok && v.Kind() != String {
		c.fail(c.clause, "must be a whole number or a string, and is %s", shown(v))
	}
}

// isReserved is the check of a name that must not be used (3.8).
func isReserved(c *checker, _ Value) {
	c.fail("3.8", "is a name that the standard reserves: it must not be used")
}

func only(text string, is func(byte) bool) bool {
	for i := range len(text) {
		if !is(text[i]) {
			return false
		}
	}
	return true
}

func isLetter(b byte) bool       { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }
func isDigit(b byte) bool        { return b >= '0' && b <= '9' }
func isLower(b byte) bool        { return b >= 'a' && b <= 'z' }
func isAlphanumeric(b byte) bool { return isLetter(b) || isDigit(b) }
func isKeyCharacter(b byte) bool { return isAlphanumeric(b) || b == '-' || b == '_' }
