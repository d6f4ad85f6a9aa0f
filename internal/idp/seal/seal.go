// Package seal encrypts what lies in the database and must not be read from a copy of it: signing keys, client secrets. Without a
// master key values are stored as they are, and a Box without one opens no sealed value. It does not manage keys.
package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// mark begins a sealed value; what does not begin with it was stored in the clear.
var mark = []byte("sealed:1:")

// ErrKey means that a value was sealed with another master key, or changed.
var ErrKey = errors.New("seal: the master key does not open this value")

// Box seals and opens. The nil Box and that of an empty key store in the clear.
type Box struct{ aead cipher.AEAD }

// New returns a Box for the master key, which may be any text of enough entropy; "" for none.
func New(masterKey string) (*Box, error) {
	if masterKey == "" {
		return &Box{}, nil
	}
	return Derived([]byte(masterKey), "gibbon provider at rest")
}

// Derived returns a Box of a key derived from a secret for one purpose.
func Derived(secret []byte, purpose string) (*Box, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, purpose, 32)
	if err != nil {
		return nil, fmt.Errorf("seal: derive key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return &Box{aead}, nil
}

// Seal encrypts plain for the place it is stored at: it opens only with the same place.
func (b *Box) Seal(plain []byte, place string) []byte {
	if b == nil || b.aead == nil {
		return plain
	}
	nonce := make([]byte, b.aead.NonceSize())
	rand.Read(nonce)
	return b.aead.Seal(append(bytes.Clone(mark), nonce...), nonce, plain, []byte(place))
}

// Keeps says whether the Box encrypts.
func (b *Box) Keeps() bool { return b != nil && b.aead != nil }

// Sealed says whether a stored value is encrypted.
func Sealed(stored []byte) bool { return bytes.HasPrefix(stored, mark) }

// Open decrypts what Seal made, and returns values stored in the clear as they are.
func (b *Box) Open(stored []byte, place string) ([]byte, error) {
	sealed, ok := bytes.CutPrefix(stored, mark)
	if !ok {
		return stored, nil
	}
	if b == nil || b.aead == nil {
		return nil, ErrKey
	}
	n := b.aead.NonceSize()
	if len(sealed) < n {
		return nil, ErrKey
	}
	plain, err := b.aead.Open(nil, sealed[:n], sealed[n:], []byte(place))
	if err != nil {
		return nil, ErrKey
	}
	return plain, nil
}
