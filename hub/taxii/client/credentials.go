package client

import (
	"errors"
	"net/http"
	"strings"
)

// Credentials are an API key, or a user's name and password. The zero value is
// nobody.
type Credentials struct {
	key            string
	user, password string
	from           string
}

// maxKey bounds a key, in bytes.
const maxKey = 8 << 10

// ParseCredentials reads a key: an API key, or a user's name and password with a
// colon between them. from says where it was, for messages ("--key-file hub.key").
// Errors do not quote the text.
func ParseCredentials(text, from string) (Credentials, error) {
	text = strings.TrimSpace(strings.TrimPrefix(text, "\uFEFF"))
	switch {
	case text == "":
		return Credentials{}, errors.New("there is no key in it: write an API key, or NAME:PASSWORD")
	case len(text) > maxKey:
		return Credentials{}, errors.New("it is too long for a key")
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return Credentials{}, errors.New("it is no key: write one line, an API key or NAME:PASSWORD")
	}
	c := Credentials{from: from}
	user, password, basic := strings.Cut(text, ":")
	switch {
	case basic && user == "":
		return Credentials{}, errors.New("there is no name before the colon: write an API key, or NAME:PASSWORD")
	case basic:
		c.user, c.password = user, password
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return Credentials{}, errors.New("it is no key: an API key has no spaces and no letters beyond English ones")
	default:
		c.key = text
	}
	return c, nil
}

// Given tells whether there is a key at all.
func (c Credentials) Given() bool { return c.key != "" || c.user != "" }

// From says where the key was found, as ParseCredentials was told.
func (c Credentials) From() string { return c.from }

// String keeps a key out of logs.
func (c Credentials) String() string {
	switch {
	case c.user != "":
		return "name and password from " + c.from
	case c.key != "":
		return "key from " + c.from
	}
	return "no key"
}

// GoString keeps a key out of %#v.
func (c Credentials) GoString() string { return c.String() }

// set puts the key into a request: an API key as RFC 6750, 2.1 has it, a name and
// password as RFC 7617 does.
func (c Credentials) set(h http.Header) {
	switch {
	case c.user != "":
		r := http.Request{Header: h}
		r.SetBasicAuth(c.user, c.password)
	case c.key != "":
		h.Set("Authorization", "Bearer "+c.key)
	}
}
