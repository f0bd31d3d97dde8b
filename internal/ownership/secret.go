package ownership

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// secretSize is the length of a secret in bytes.
const secretSize = 32

// LoadSecret reads the secret in a file and makes one if there is no file. Only
// the file's owner can read it (mode 0600). A file that holds something else is
// an error and is left as it is: a new secret would make every token useless.
func LoadSecret(path string) ([]byte, error) {
	secret, err := readSecret(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("ownership secret: %w", err)
	}
	secret = make([]byte, secretSize)
	if _, err := rand.Read(secret); err != nil {
		return nil, fmt.Errorf("ownership secret: %w", err)
	}
	// The whole file appears at once, and one that another process has made
	// meanwhile is kept: Link never replaces.
	f, err := os.CreateTemp(filepath.Dir(path), ".ownership-*")
	if err != nil {
		return nil, fmt.Errorf("ownership secret: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = fmt.Fprintf(f, "%x\n", secret)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, fmt.Errorf("ownership secret: %w", err)
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		// A file system without hard links.
		if err := os.Rename(f.Name(), path); err != nil {
			return nil, fmt.Errorf("ownership secret: %w", err)
		}
	}
	return readSecret(path)
}

func readSecret(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("ownership secret: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, 1<<10))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("ownership secret: %w", err)
	}
	secret, err := hex.DecodeString(string(bytes.TrimSpace(data)))
	if err != nil || len(secret) != secretSize {
		return nil, fmt.Errorf("%s holds no secret of 64 hexadecimal digits: restore it, or remove it and put new tokens on your sites", path)
	}
	return secret, nil
}
