package hub

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// Audiences and ids of organisations stand in records as numbers: few of them
// differ. A number means the same text for ever, so nothing here is deleted.

func internedKey(n uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{prefixIntern, '#'}, n)
}

func internKey(text []byte) []byte {
	sum := sha256.Sum256(text)
	return append([]byte{prefixIntern, '@'}, sum[:]...)
}

// intern returns the number of a text, a new one if need be. tx is the hub's room.
func intern(tx store.Tx, text []byte) (uint32, error) {
	key := internKey(text)
	number, err := tx.Get(key)
	if err == nil && len(number) == 4 {
		return binary.BigEndian.Uint32(number), nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return 0, fmt.Errorf("intern: %w", errors.Join(err, errRecord))
	}
	last, err := tx.Get([]byte{prefixIntern})
	n := uint32(1)
	switch {
	case err == nil && len(last) == 4:
		n = binary.BigEndian.Uint32(last) + 1
	case !errors.Is(err, store.ErrNotFound):
		return 0, fmt.Errorf("intern: %w", errors.Join(err, errRecord))
	}
	number = binary.BigEndian.AppendUint32(nil, n)
	for _, put := range []struct{ key, value []byte }{{key, number}, {internedKey(n), text}, {[]byte{prefixIntern}, number}} {
		if err := tx.Put(put.key, put.value); err != nil {
			return 0, fmt.Errorf("intern: %w", err)
		}
	}
	return n, nil
}

// interned returns the text of a number, which belongs to the store.
func interned(r store.Reader, n uint32) ([]byte, error) {
	text, err := r.Get(internedKey(n))
	if err != nil {
		return nil, fmt.Errorf("interned text %d: %w", n, err)
	}
	return text, nil
}

// internAudience returns the number of an audience.
func internAudience(tx store.Tx, a tlp.Audience) (uint32, error) {
	text, err := json.Marshal(a)
	if err != nil {
		return 0, fmt.Errorf("audience: %w", err)
	}
	return intern(tx, text)
}

// readAudience returns the audience of a number: a damaged one is nobody's.
func readAudience(r store.Reader, n uint32) (tlp.Audience, error) {
	text, err := interned(r, n)
	if err != nil {
		return tlp.Audience{}, err
	}
	var a tlp.Audience
	if err := json.Unmarshal(text, &a); err != nil {
		return tlp.Audience{}, fmt.Errorf("audience %d: %w", n, errors.Join(errRecord, err))
	}
	return a, nil
}
