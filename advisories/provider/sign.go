package provider

import (
	"errors"
	"fmt"
	"time"

	"github.com/ProtonMail/gopenpgp/v3/crypto"
	"github.com/ProtonMail/gopenpgp/v3/profile"
)

// Key signs documents. It is an OpenPGP key of version 4 (Ed25519, RFC 4880 with
// the curves that every program of today reads), without a date of expiry.
type Key struct {
	key    *crypto.Key
	public PublicKey
}

// PublicKey is what signatures are verified with.
type PublicKey struct {
	Fingerprint string // 40 hexadecimal digits, lower case
	Armored     []byte
}

// profiled is the OpenPGP that the checkers of CSAF providers read: not the
// version 6 keys of RFC 9580.
func profiled() *crypto.PGPHandle { return crypto.PGPWithProfile(profile.Default()) }

// NewKey makes a key for the user id "name <mail>".
func NewKey(name, mail string, now time.Time) (*Key, error) {
	k, err := profiled().KeyGeneration().GenerationTime(now.Unix()).AddUserId(name, mail).New().GenerateKey()
	if err != nil {
		return nil, fmt.Errorf("provider: make a key: %w", err)
	}
	return newKey(k)
}

// ReadKey reads what Private gave, or another private key that has no passphrase.
func ReadKey(armored []byte) (*Key, error) {
	k, err := crypto.NewKeyFromArmored(string(armored))
	if err != nil {
		return nil, fmt.Errorf("provider: read a private key: %w", err)
	}
	if !k.IsPrivate() {
		return nil, errors.New("provider: that is a public key; a private one is needed to sign")
	}
	if open, err := k.IsUnlocked(); err != nil || !open {
		return nil, errors.New("provider: the private key has a passphrase; export it without one")
	}
	if k.GetVersion() != 4 {
		return nil, fmt.Errorf("provider: the key is of OpenPGP version %d; use one of version 4", k.GetVersion())
	}
	return newKey(k)
}

func newKey(k *crypto.Key) (*Key, error) {
	public, err := publicOf(k)
	if err != nil {
		return nil, err
	}
	return &Key{key: k, public: public}, nil
}

// Private returns the whole key, armored and without a passphrase.
func (k *Key) Private() ([]byte, error) {
	text, err := k.key.Armor()
	if err != nil {
		return nil, fmt.Errorf("provider: write a private key: %w", err)
	}
	return []byte(text), nil
}

// Public returns the public half.
func (k *Key) Public() PublicKey { return k.public }

// Sign returns the armored detached signature of a document, that of a .asc file
// (CSAF 2.0, 7.1.19).
func (k *Key) Sign(document []byte, at time.Time) ([]byte, error) {
	s, err := profiled().Sign().SigningKey(k.key).Detached().SignTime(at.Unix()).New()
	if err != nil {
		return nil, fmt.Errorf("provider: sign: %w", err)
	}
	signature, err := s.Sign(document, crypto.Armor)
	if err != nil {
		return nil, fmt.Errorf("provider: sign: %w", err)
	}
	return signature, nil
}

// ReadPublicKey reads an armored key. Of a private one it takes the public half.
func ReadPublicKey(armored []byte) (PublicKey, error) {
	k, err := crypto.NewKeyFromArmored(string(armored))
	if err != nil {
		return PublicKey{}, fmt.Errorf("provider: read a public key: %w", err)
	}
	return publicOf(k)
}

// Verify reports, by nil, that the armored signature is one of the document by
// one of the keys, valid at that time.
func Verify(document, signature []byte, at time.Time, keys ...PublicKey) error {
	ring, err := crypto.NewKeyRing(nil)
	if err != nil {
		return fmt.Errorf("provider: verify: %w", err)
	}
	for _, public := range keys {
		k, err := crypto.NewKeyFromArmored(string(public.Armored))
		if err != nil {
			return fmt.Errorf("provider: verify: read a public key: %w", err)
		}
		if err := ring.AddKey(k); err != nil {
			return fmt.Errorf("provider: verify: %w", err)
		}
	}
	v, err := profiled().Verify().VerificationKeys(ring).VerifyTime(at.Unix()).New()
	if err != nil {
		return fmt.Errorf("provider: verify: %w", err)
	}
	result, err := v.VerifyDetached(document, signature, crypto.Armor)
	if err != nil {
		return fmt.Errorf("provider: verify: %w", err)
	}
	if err := result.SignatureError(); err != nil {
		return fmt.Errorf("provider: verify: %w", err)
	}
	return nil
}

func publicOf(k *crypto.Key) (PublicKey, error) {
	text, err := k.GetArmoredPublicKey()
	if err != nil {
		return PublicKey{}, fmt.Errorf("provider: write a public key: %w", err)
	}
	return PublicKey{Fingerprint: k.GetFingerprint(), Armored: []byte(text)}, nil
}
