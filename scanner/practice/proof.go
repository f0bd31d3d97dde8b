package practice

import (
	"fmt"
	"net/http"

	"github.com/cybersec-infohub/infohub/internal/ownership"
)

// proof is what shows whose the shop is; "" is nothing.
type proof struct{ record, file string }

// SetProof puts the text that proves whose the shop is where scanners look for
// it: into the DNS, as a file on the site, or both. "" takes it away. The next
// visit sees it.
func (s *Site) SetProof(record, file string) error {
	s.mu.Lock()
	s.proof = proof{record, file}
	s.mu.Unlock()
	return s.rebuild()
}

func (s *Site) proofNow() proof {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.proof
}

func (s *Site) proofRecord() string {
	if p := s.proofNow(); p.record != "" {
		return fmt.Sprintf("%s. TXT %q", ownership.Record(Domain), p.record)
	}
	return ""
}

func (s *Site) serveProof(w http.ResponseWriter, r *http.Request) {
	p := s.proofNow()
	if p.file == "" {
		http.NotFound(w, r)
		return
	}
	s.text(func() string { return p.file + "\n" })(w, r)
}
