package taxii

import (
	"net/http"
	"strconv"
	"strings"
)

// The media types that are spoken and stored (TAXII 2.1, 1.6.8).
const (
	mediaType = "application/taxii+json;version=2.1"
	stixType  = "application/stix+json;version=2.1"
)

// mediaRange is an element of Accept, or a Content-Type.
type mediaRange struct {
	name     string   // in lower case, such as application/taxii+json
	versions []string // values of the parameter version
	q        float64
}

// speaks reports whether TAXII 2.1 is among what the range means.
func (m mediaRange) speaks() bool {
	if len(m.versions) == 0 {
		return true
	}
	for _, v := range m.versions {
		if v == "2.1" {
			return true
		}
	}
	return false
}

// cutOutside is strings.Cut at a separator that is not within quotes.
func cutOutside(s string, sep byte) (before, after string, found bool) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == sep && !quoted:
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// parseRange reads one media range (RFC 9110, 12.5.1). Types and names of
// parameters are in any case, values may be quoted. What it does not know it
// passes over: a client's Accept is read for what is in it.
func parseRange(s string) mediaRange {
	name, rest, more := cutOutside(s, ';')
	m := mediaRange{name: strings.ToLower(strings.TrimSpace(name)), q: 1}
	for more {
		var parameter string
		parameter, rest, more = cutOutside(rest, ';')
		key, value, _ := strings.Cut(parameter, "=")
		value = strings.TrimSpace(value)
		if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
			value = value[1 : len(value)-1]
		}
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "version":
			m.versions = append(m.versions, value)
		case "q":
			q, err := strconv.ParseFloat(value, 64)
			if err != nil || !(q >= 0 && q <= 1) {
				q = 0
			}
			m.q = q
		}
	}
	return m
}

// accepts returns a refusal if the answers of TAXII 2.1 are not among what the
// client accepts: of the ranges that mean them the most particular decides. No
// Accept, */* and application/json mean them too.
func accepts(header []string) error {
	list := strings.Join(header, ",")
	if strings.TrimSpace(list) == "" {
		return nil
	}
	best, q := 0, 0.0
	for more := true; more; {
		var element string
		element, list, more = cutOutside(list, ',')
		m := parseRange(element)
		particular := 0
		switch m.name {
		case "*/*":
			particular = 1
		case "application/*":
			particular = 2
		case "application/json":
			particular = 3
		case "application/taxii+json":
			if m.speaks() {
				particular = 4 + min(len(m.versions), 1)
			}
		}
		if particular > best {
			best, q = particular, m.q
		} else if particular == best && best > 0 {
			q = max(q, m.q)
		}
	}
	if q > 0 {
		return nil
	}
	return refuse(http.StatusNotAcceptable, "this server speaks TAXII 2.1 and holds STIX 2.1: send Accept: %s", mediaType)
}

// submits returns a refusal unless what was sent is of TAXII 2.1's type, or of
// STIX 2.1's: OpenCTI's connector posts bundles and says so.
func submits(header http.Header) error {
	if e := header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return refuse(http.StatusUnsupportedMediaType, "an envelope is sent as it is, without Content-Encoding")
	}
	if types := header.Values("Content-Type"); len(types) == 1 {
		if m := parseRange(types[0]); (m.name == "application/taxii+json" || m.name == "application/stix+json") && m.speaks() {
			return nil
		}
	}
	return refuse(http.StatusUnsupportedMediaType, "this server takes envelopes of TAXII 2.1 with objects of STIX 2.1: send Content-Type: %s", mediaType)
}
