//go:build linux

package hublab_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"github.com/google/uuid"
)

// indicatorSize is how many bytes an indicator has.
const indicatorSize = 630

// source makes indicators: an address, a domain, a URL and a hash in turn, each
// with its own.
type source struct {
	random  *rand.Rand
	creator string
	made    int
}

func newSource(seed uint64, creator string) *source {
	return &source{random: rand.New(rand.NewPCG(seed, 2)), creator: creator}
}

// indicator is one object of the hub, and the value by which it is found.
type indicator struct {
	id, value string
	raw       []byte
}

func (s *source) next() indicator {
	var u uuid.UUID
	for k := range u {
		u[k] = byte(s.random.Uint32())
	}
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	host := fmt.Sprintf("%s.example", fmt.Sprintf("%x", u[:5]))
	i := indicator{id: "indicator--" + u.String()}
	var pattern string
	switch s.made % 4 {
	case 0:
		i.value = fmt.Sprintf("%d.%d.%d.%d", 1+s.random.IntN(9), s.random.IntN(256), s.random.IntN(256), s.random.IntN(256))
		pattern = "[ipv4-addr:value = '" + i.value + "']"
	case 1:
		i.value = host
		pattern = "[domain-name:value = '" + host + "']"
	case 2:
		i.value = "https://" + host + "/login/" + fmt.Sprint(s.random.IntN(1000))
		pattern = "[url:value = '" + i.value + "']"
	default:
		i.value = fmt.Sprintf("%x", sha256.Sum256(u[:]))
		pattern = "[file:hashes.'SHA-256' = '" + i.value + "']"
	}
	ms := s.made % 1000
	s.made++
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"type":"indicator","spec_version":"2.1","id":"%s","created_by_ref":"%s","created":"2026-11-01T10:00:00.%03dZ","modified":"2026-11-01T10:00:00.%03dZ",`+
		`"name":"Seen in an attack","indicator_types":["malicious-activity"],"pattern":"%s","pattern_type":"stix","pattern_version":"2.1","valid_from":"2026-11-01T10:00:00Z",`+
		`"labels":["c2"],"confidence":80,"object_marking_refs":["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],"description":"`, i.id, s.creator, ms, ms, pattern)
	for b.Len() < indicatorSize-2 {
		b.WriteByte("etaoin shrdlu"[s.random.IntN(13)])
	}
	b.WriteString(`"}`)
	i.raw = b.Bytes()
	return i
}

// envelope puts so many new indicators into an envelope.
func (s *source) envelope(n int) (body []byte, inside []indicator) {
	b := []byte(`{"objects":[`)
	for k := range n {
		if k > 0 {
			b = append(b, ',')
		}
		i := s.next()
		inside = append(inside, i)
		b = append(b, i.raw...)
	}
	return append(b, `]}`...), inside
}

// status is what TAXII and the API say of a submission.
type status struct {
	ID           string `json:"id"`
	Status       string `json:"status"`
	SuccessCount int    `json:"success_count"`
	Failures     []struct {
		ID      string `json:"id"`
		Message string `json:"message"`
	} `json:"failures"`
}

func readStatus(b []byte) (s status, err error) {
	err = json.Unmarshal(b, &s)
	return s, err
}

// objectsIn takes an envelope apart.
func objectsIn(b []byte) (objects []json.RawMessage, more bool, err error) {
	var e struct {
		More    bool              `json:"more"`
		Objects []json.RawMessage `json:"objects"`
	}
	err = json.Unmarshal(b, &e)
	return e.Objects, e.More, err
}
