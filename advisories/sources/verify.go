package sources

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/ProtonMail/gopenpgp/v3/crypto"

	"github.com/cybersec-infohub/infohub/internal/fetch"
)

const (
	maxKeys      = 10
	maxKey       = 1 << 20 // bytes
	maxSignature = 64 << 10
	maxChecksum  = 16 << 10
)

// The values of advisories.Source.Verified.
const (
	bySignature = "signature"
	byHash      = "hash"
	byNothing   = "none"
)

// keyring is the public keys of a provider, fetched once a run when first needed.
type keyring struct {
	once sync.Once
	ring *crypto.KeyRing
	err  error // why there is none
	// fault says that the keys are wrong rather than not to be had for the moment.
	fault bool
	one   sync.Mutex // a key remembers what it found out of itself
}

// load fetches the keys that the metadata name. A key that is not the one that its
// fingerprint says, or is named without, is not used.
func (k *keyring) load(ctx context.Context, r *run, p *Provider) {
	k.once.Do(func() {
		var failed []error
		temporary := false
		for _, key := range p.Keys {
			public, err := r.key(ctx, key)
			if err != nil {
				failed = append(failed, err)
				temporary = temporary || errors.Is(err, fetch.ErrTemporary) || ctx.Err() != nil
				r.warn("%s: key %s: %v", p.URL, key.URL, err)
				continue
			}
			if k.ring == nil {
				k.ring, err = crypto.NewKeyRing(public)
			} else {
				err = k.ring.AddKey(public)
			}
			if err != nil {
				failed = append(failed, err)
			}
		}
		if k.ring == nil {
			k.err, k.fault = fmt.Errorf("no key of the provider can be used: %w", errors.Join(failed...)), !temporary
		}
	})
}

func (r *run) key(ctx context.Context, k PublicKey) (*crypto.Key, error) {
	switch {
	case k.Fingerprint == "":
		return nil, errors.New("the metadata do not say its fingerprint")
	case !secure(k.URL, r.p.Plain):
		return nil, errLink
	}
	data, err := r.read(ctx, k.URL, "", maxKey)
	if err != nil {
		return nil, err
	}
	key, err := readKey(data)
	if err != nil {
		return nil, err
	}
	if !strings.EqualFold(key.GetFingerprint(), k.Fingerprint) {
		return nil, fmt.Errorf("its fingerprint is %s, and the metadata say %s", strings.ToUpper(key.GetFingerprint()), k.Fingerprint)
	}
	return key, nil
}

// readKey reads a public key, armored or not.
func readKey(data []byte) (*crypto.Key, error) {
	key, err := crypto.NewKeyFromReader(bytes.NewReader(data))
	if err != nil {
		return nil, errors.New("it is no OpenPGP key")
	}
	if key.IsPrivate() { // somebody published too much
		return key.ToPublic()
	}
	return key, nil
}

// signed verifies a detached signature and returns the fingerprint of the key that
// made it.
func (k *keyring) signed(data, signature []byte, now time.Time) (string, error) {
	k.one.Lock()
	defer k.one.Unlock()
	verifier, err := crypto.PGP().Verify().VerificationKeys(k.ring).VerifyTime(now.Unix()).New()
	if err != nil {
		return "", err
	}
	result, err := verifier.VerifyDetached(data, signature, crypto.Auto)
	if err != nil {
		return "", errors.New("it is no OpenPGP signature")
	}
	if err := result.SignatureError(); err != nil {
		return "", err
	}
	by := result.SignedByKey()
	if by == nil {
		return "", errors.New("no key of the provider made the signature")
	}
	return strings.ToUpper(by.GetFingerprint()), nil
}

// verify compares a document with its checksum and its signature. A Refusal is
// final, an error is one that may go away.
func (r *run) verify(ctx context.Context, p *provided, e *entry, data []byte) (verified, key string, refused *Refusal, err error) {
	refuse := func(code Code, format string, args ...any) (string, string, *Refusal, error) {
		f := r.refusal(e.url, e.id, code, fmt.Sprintf(format, args...))
		return "", "", &f, nil
	}
	verified = byNothing
	for _, sum := range []struct {
		address string
		of      func([]byte) string
	}{{e.sha512, sha512Hex}, {e.sha256, sha256Hex}} {
		file, err := r.beside(ctx, e, sum.address, maxChecksum)
		switch {
		case err != nil && (errors.Is(err, fetch.ErrTemporary) || ctx.Err() != nil):
			return "", "", nil, err
		case err != nil:
			return refuse(RefusedHash, "its checksum %s cannot be read: %v", sum.address, err)
		case file == nil:
			continue
		}
		want, _, _ := strings.Cut(strings.TrimSpace(string(file)), " ")
		if have := sum.of(data); subtle.ConstantTimeCompare([]byte(strings.ToLower(want)), []byte(have)) != 1 {
			return refuse(RefusedHash, "the document is not the one that %s is the checksum of", sum.address)
		}
		verified = byHash
		break
	}
	signature, err := r.beside(ctx, e, e.signature, maxSignature)
	switch {
	case err != nil && (errors.Is(err, fetch.ErrTemporary) || ctx.Err() != nil):
		return "", "", nil, err
	case err != nil:
		return refuse(RefusedSignature, "its signature %s cannot be read: %v", e.signature, err)
	case signature == nil && r.src.RequireSignature:
		return refuse(RefusedUnsigned, "there is no signature beside it")
	case signature == nil:
		return verified, "", nil, nil
	case len(p.Keys) == 0 && r.src.RequireSignature:
		return refuse(RefusedKey, "it is signed, and its provider names no key")
	case len(p.Keys) == 0:
		return verified, "", nil, nil
	}
	p.keys.load(ctx, r, &p.Provider)
	switch {
	case p.keys.ring == nil && !p.keys.fault:
		return "", "", nil, p.keys.err
	case p.keys.ring == nil:
		return refuse(RefusedKey, "%v", p.keys.err)
	}
	if key, err = p.keys.signed(data, signature, r.now); err != nil {
		return refuse(RefusedSignature, "%v", err)
	}
	return bySignature, key, nil, nil
}

// beside fetches a file that goes with a document; nil where there is none.
func (r *run) beside(ctx context.Context, e *entry, address string, most int64) ([]byte, error) {
	if address == "" {
		return nil, nil
	}
	data, err := r.read(ctx, address, "", most)
	if err != nil && e.guessed && absent(err) {
		return nil, nil
	}
	return data, err
}

func sha512Hex(data []byte) string {
	sum := sha512.Sum512(data)
	return hex.EncodeToString(sum[:])
}

func sha256Hex(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
