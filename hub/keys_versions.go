package hub

import (
	"iter"
	"time"

	"github.com/cybersec-infohub/infohub/hub/stix"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// stored is one version of an object in one collection, as the index of versions
// knows it.
type stored struct {
	ver [versionSize]byte
	at  spot
	summary
}

// version is what is asked for to get this entry: its own version or, of an object
// without one, the date added.
func (e *stored) version() [versionSize]byte {
	if e.ver != [versionSize]byte{} {
		return e.ver
	}
	return versionAt(e.at.time())
}

func versionAt(t time.Time) [versionSize]byte {
	return stix.Instant{Seconds: t.Unix(), Nanos: int32(t.Nanosecond())}.Key() // #nosec G115 -- below 1e9
}

func exactVersions(times []time.Time) (versions [][versionSize]byte) {
	for _, t := range times {
		versions = append(versions, versionAt(t))
	}
	return versions
}

// versionsOf are all versions of an object that the hub holds, in all collections
// and for all readers, from the oldest on. r is the hub's room.
func versionsOf(r store.Reader, id string) iter.Seq2[stored, error] {
	return storedIn(r, id, store.Prefix(objectPrefix(id)))
}

func storedIn(r store.Reader, id string, in store.Range) iter.Seq2[stored, error] {
	return func(yield func(stored, error) bool) {
		prefix := len(objectPrefix(id))
		for e, err := range r.Scan(in) {
			var s stored
			if err == nil {
				s, err = readStored(e, prefix)
			}
			if !yield(s, err) || err != nil {
				return
			}
		}
	}
}

func readStored(e store.Entry, prefix int) (s stored, err error) {
	if len(e.Key) != prefix+versionSize+spotSize {
		return s, errRecord
	}
	s.ver = [versionSize]byte(e.Key[prefix:])
	s.at, _ = readSpot(e.Key[prefix+versionSize:])
	s.summary, err = readSummary(e.Value)
	return s, err
}
