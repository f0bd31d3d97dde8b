package store

import (
	"context"
	"fmt"
	"iter"
	"strings"
)

// A room's keys begin with its name and a slash. A name holds no slash, so no
// room's prefix begins another's; rooms within rooms are made by nesting.

// Sub is the part of a store that a room owns: its keys are seen without the
// prefix, and no other key can be reached. A name that is empty or holds a slash
// makes every operation fail with ErrKey. Closing a Sub closes nothing, since
// the store is not the room's.
func Sub(s Store, name string) Store { return &sub{s, name} }

// SubTx is a room's part of a transaction, so that one Update can span rooms.
func SubTx(tx Tx, name string) Tx { return &subTx{subReader{reader: tx, name: name}, tx} }

// SubReader is a room's part of a snapshot.
func SubReader(r Reader, name string) Reader { return &subReader{reader: r, name: name} }

type sub struct {
	store Store
	name  string
}

func (s *sub) View(ctx context.Context, fn func(Reader) error) error {
	return s.store.View(ctx, func(r Reader) error { return fn(SubReader(r, s.name)) })
}

func (s *sub) Update(ctx context.Context, fn func(Tx) error) error {
	return s.store.Update(ctx, func(tx Tx) error { return fn(SubTx(tx, s.name)) })
}

func (s *sub) Close() error { return nil }

type subReader struct {
	reader Reader
	name   string
	full   []byte // the last key with its prefix; nobody keeps a key, and a reader is for one goroutine
}

func checkName(name string) error {
	if name == "" || strings.Contains(name, "/") {
		return fmt.Errorf("%w: %q is no name of a room", ErrKey, name)
	}
	return nil
}

// key puts the prefix before a key. An empty key stays one, to be refused.
func (s *subReader) key(key []byte) ([]byte, error) {
	if err := checkName(s.name); err != nil {
		return nil, err
	}
	if err := CheckKey(key); err != nil {
		return nil, err
	}
	s.full = append(append(append(s.full[:0], s.name...), '/'), key...)
	return s.full, nil
}

func (s *subReader) Get(key []byte) ([]byte, error) {
	full, err := s.key(key)
	if err != nil {
		return nil, err
	}
	return s.reader.Get(full)
}

func (s *subReader) Scan(r Range) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := checkName(s.name); err != nil {
			yield(Entry{}, err)
			return
		}
		prefix := []byte(s.name + "/")
		full := Prefix(prefix)
		full.From = append(full.From, r.From...)
		if len(r.To) > 0 {
			full.To = append(prefix[:len(prefix):len(prefix)], r.To...)
		}
		full.Reverse = r.Reverse
		for e, err := range s.reader.Scan(full) {
			if err == nil {
				e.Key = e.Key[len(prefix):]
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

type subTx struct {
	subReader
	tx Tx
}

func (s *subTx) Put(key, value []byte) error {
	full, err := s.key(key)
	if err != nil {
		return err
	}
	return s.tx.Put(full, value)
}

func (s *subTx) Delete(key []byte) error {
	full, err := s.key(key)
	if err != nil {
		return err
	}
	return s.tx.Delete(full)
}
