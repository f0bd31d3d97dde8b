package hub

import (
	"compress/flate"
	"io"
	"sync"

	"github.com/cybersec-infohub/infohub/hub/stix"
)

// spare is memory for the next submission or page.
type spare struct {
	parsers   sync.Pool // of *stix.Parser
	deflaters sync.Pool // of *flate.Writer
	chunks    sync.Pool // of *[]byte, chunkSize long
}

func (s *spare) parser() *stix.Parser {
	if p, ok := s.parsers.Get().(*stix.Parser); ok {
		return p
	}
	return new(stix.Parser)
}

func (s *spare) deflater(w io.Writer) *flate.Writer {
	if f, ok := s.deflaters.Get().(*flate.Writer); ok {
		f.Reset(w)
		return f
	}
	f, _ := flate.NewWriter(w, flate.BestSpeed) // an error is of a level that does not exist
	return f
}

func (s *spare) chunk() *[]byte {
	if b, ok := s.chunks.Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, 0, chunkSize)
	return &b
}

// keep takes a chunk back, unless a large object made it grow.
func (s *spare) keep(b *[]byte) {
	if cap(*b) <= 2*chunkSize {
		s.chunks.Put(b)
	}
}

// chunkSize is how many bytes of a page are copied out of the store at a time.
// Each of a thousand readers holds so many.
const chunkSize = 64 << 10
